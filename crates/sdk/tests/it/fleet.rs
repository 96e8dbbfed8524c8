//! Devices that come and go, and what they tell, at hand.

use std::time::Duration;

use hallway_sdk::integration::Sighting;
use hallway_sdk::mirror::{Mirror, Mirrored};
use hallway_sdk::{Handlers, Timestamp};
use serde_json::{Value, json};

use crate::integration::{APP, Office, now, org};
use crate::play::{Reply, ok, refused};

fn listed(devices: &[(&str, &str, &str)]) -> Reply {
    let items = devices.iter().map(|(id, name, connection)| {
        json!({
            "id": id, "displayName": name, "workspaceId": "room", "capabilities": ["xapi"],
            "connectionStatus": connection, "lastSeen": Timestamp(now() * 1000),
        })
    });
    ok(json!({ "items": items.collect::<Vec<Value>>() }))
}

#[tokio::test]
async fn devices_come_change_and_go() {
    let office = Office::new().await;
    let lists = [
        listed(&[("a", "A", "connected"), ("b", "B", "disconnected")]),
        refused(404, "not now"),
        listed(&[("a", "A", "connected"), ("b", "B", "connected_with_issues")]),
        listed(&[("a", "Renamed", "connected"), ("b", "B", "connected")]),
        listed(&[("a", "Renamed", "connected")]),
    ];
    office.service.plays("GET", "/v1/devices", lists);
    let integration = office.connect().await;
    let mut fleet = integration.fleet(Duration::from_millis(1));
    let mut told = Vec::new();
    for _ in 0..6 {
        let sighting = tokio::time::timeout(Duration::from_secs(20), fleet.next())
            .await
            .unwrap();
        told.push(match sighting {
            Sighting::Came(device) => format!("came {}", device.display_name),
            Sighting::Changed(device) => format!("changed {}", device.display_name),
            Sighting::Went(device) => format!("went {}", device.display_name),
            other => panic!("{other:?}"),
        });
        if told.len() == 5 {
            // What could not be dealt with is told of again.
            fleet.forget(&"a".into());
        }
    }
    // Of what changes in one look, the order is that of the list.
    assert_eq!(
        told,
        [
            "came A",
            "came B",
            "changed Renamed",
            "changed B",
            "went B",
            "came Renamed"
        ]
    );
    assert_eq!(fleet.connected().count(), 1);
}

fn told(at: Timestamp, updated: Value, removed: Value) -> Value {
    json!({
        "type": "status", "appId": APP, "orgId": org(), "deviceId": "a", "workspaceId": "room",
        "timestamp": at, "isFullSync": false, "changes": { "updated": updated, "removed": removed },
    })
}

#[tokio::test]
async fn a_mirror_knows_the_newest() {
    let office = Office::new().await;
    office.service.plays(
        "GET",
        "/v1/devices",
        [listed(&[("a", "A", "connected"), ("b", "B", "offline_expired")])],
    );
    let reading = ok(json!({ "deviceId": "a", "result": { "Audio": { "Volume": 50 } } }));
    office.service.plays("GET", "/v1/xapi/status", [reading]);
    let integration = office.connect().await;
    let mirror = Mirror::new(&integration, ["Audio.Volume", "Standby.State"]);
    assert_eq!(mirror.not_granted(), ["Standby.State"]);
    mirror.refresh().await.unwrap();
    let device = |id: &str| -> Mirrored {
        let devices = mirror.devices();
        devices
            .into_iter()
            .find(|it| it.device.id.as_str() == id)
            .unwrap()
    };
    assert_eq!(device("a").get::<i64>("audio.volume"), Some(50));
    assert_eq!(
        office.service.seen("/v1/xapi/status").len(),
        1,
        "only what is connected is asked"
    );
    assert!(
        office.service.seen("/v1/xapi/status")[0]
            .path
            .ends_with("name=Audio.Volume")
    );

    // What waited in the queue since before the reading is not news; what came after it is; what is gone is gone.
    let (before, after) = (Timestamp((now() - 3600) * 1000), Timestamp((now() + 1) * 1000));
    let batches = [
        vec![told(before, json!({ "Audio.Volume": 10 }), json!([]))],
        vec![told(after, json!({ "Audio.Volume": 60 }), json!([]))],
        vec![],
    ];
    office.service.plays(
        "GET",
        "/app/queue",
        batches.map(|messages| ok(json!({ "messages": messages }))),
    );
    let mut news = mirror.watch();
    let handlers = mirror.handled_by(Handlers::new());
    let running = tokio::spawn(handlers.run(integration.poll().unwrap()));
    let mut seen = Vec::new();
    while device("a").get::<i64>("Audio.Volume") != Some(60) {
        seen.extend(device("a").get::<i64>("Audio.Volume"));
        tokio::time::timeout(Duration::from_secs(20), news.changed())
            .await
            .unwrap()
            .unwrap();
    }
    assert!(!seen.contains(&10), "{seen:?}");
    assert!(device("a").is_fresh(Timestamp((now() - 60) * 1000)));
    assert!(!device("b").is_fresh(Timestamp(0)));
    running.abort();
}
