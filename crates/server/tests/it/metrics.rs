//! What devices sense, as figures.

use std::sync::Arc;

use hallway_platform::place::Seed;
use hallway_wire::id::WorkspaceId;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::calls::report;
use crate::rig::{DeadLink, Rig};

#[tokio::test]
async fn from_reports_to_figures() {
    let rig = Rig::start().await;
    let room = rig
        .ask("POST /workspaces", json!({ "displayName": "Room" }))
        .await
        .expect(201);
    let id = room["id"].as_str().unwrap().to_owned();
    let workspace: WorkspaceId = id.parse().unwrap();
    let device = crate::workspaces::board(&rig, workspace);
    let device_id = device.id;
    let seed = Seed {
        devices: vec![device],
        ..Seed::default()
    };
    rig.platform.seed(seed).await.unwrap();
    let link = Arc::new(DeadLink(CancellationToken::new()));
    let attachment = rig.platform.attach(device_id, link).await.unwrap();
    let changes = [
        ("RoomAnalytics.PeopleCount.Current", json!(4)),
        ("RoomAnalytics.PeopleCount.Current", json!(2)),
        ("RoomAnalytics.PeopleCount.Current", json!(0)),
        ("RoomAnalytics.AmbientTemperature", json!("20.5")),
        ("RoomAnalytics.Sound.Level.A", json!(40)),
        ("Audio.Volume", json!(30)),
    ];
    rig.platform
        .report(&attachment.device, &report(&changes))
        .await
        .unwrap();

    let ask = async |query: &str| {
        rig.get(&format!("/workspaceMetrics?workspaceId={id}&{query}"))
            .await
    };
    let people = ask("metricName=peopleCount&to=2026-03-04T06:00:00Z")
        .await
        .expect(200);
    assert_eq!(people["aggregation"], "hourly");
    assert!(people.get("unit").is_none());
    assert_eq!(
        people["items"],
        json!([{ "start": "2026-03-04T05:00:00.000Z", "end": "2026-03-04T06:00:00.000Z", "mean": 3.0, "max": 4.0, "min": 2.0 }])
    );
    let warm = ask("metricName=temperature&unit=fahrenheit&aggregation=daily&to=2026-03-05T00:00:00Z")
        .await
        .expect(200);
    assert_eq!(
        (&warm["unit"], &warm["items"][0]["mean"]),
        (&json!("fahrenheit"), &json!(68.9))
    );
    assert_eq!(warm["items"][0]["start"], "2026-03-04T00:00:00.000Z");
    let single = ask("metricName=soundLevel&aggregation=none&to=2026-03-04T06:00:00Z&sortBy=oldestFirst")
        .await
        .expect(200);
    let sample = json!({ "deviceId": device_id, "timestamp": "2026-03-04T05:06:07.089Z", "value": 40.0 });
    assert_eq!(single["items"], json!([sample]));
    let before = ask("metricName=peopleCount&from=2026-03-04T00:00:00Z&to=2026-03-04T05:06:00Z")
        .await
        .expect(200);
    assert_eq!(before["items"], json!([]), "only what lies in the span");

    let used = rig
        .get(&format!(
            "/workspaceDurationMetrics?workspaceId={id}&from=2026-03-04T04:00:00Z&to=2026-03-04T06:00:00Z"
        ))
        .await
        .expect(200);
    assert_eq!(
        (&used["unit"], &used["measurement"]),
        (&json!("minutes"), &json!("timeUsed"))
    );
    assert_eq!(used["items"].as_array().unwrap().len(), 2);

    for bad in [
        "metricName=mood",
        "metricName=humidity&unit=celsius",
        "metricName=temperature&unit=kelvin",
        "metricName=humidity&aggregation=weekly",
        "metricName=humidity&from=2026-03-01T00:00:00Z&to=2026-03-04T00:00:00Z",
        "metricName=humidity&aggregation=daily&from=2026-01-01T00:00:00Z&to=2026-03-04T00:00:00Z",
        "metricName=humidity&from=2026-03-04T00:00:00Z&to=2026-03-03T00:00:00Z",
        "metricName=humidity&from=x",
        "aggregation=none",
    ] {
        ask(bad).await.expect(400);
    }
    rig.get("/workspaceMetrics?metricName=humidity").await.expect(400);
    rig.get(&format!(
        "/workspaceDurationMetrics?workspaceId={id}&aggregation=none"
    ))
    .await
    .expect(400);
    let path = format!("GET /workspaceMetrics?workspaceId={id}&metricName=humidity");
    rig.ask_as(Some(&rig.stranger().await), &path, Value::Null)
        .await
        .expect(404);
    let user = rig.token(&[], &["spark-admin:workspace_metrics_read"]).await;
    rig.ask_as(Some(&user), &path, Value::Null).await.expect(403);
}
