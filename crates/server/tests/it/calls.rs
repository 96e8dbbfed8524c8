//! Calls: made by the management API, and by devices.

use std::sync::Arc;

use hallway_platform::Config;
use hallway_platform::org::Role;
use hallway_platform::place::Seed;
use hallway_wire::id::{PersonId, WorkspaceId};
use hallway_xapi::{Change, Report};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::meetings::control;
use crate::receiver::Receiver;
use crate::rig::{DeadLink, Rig};

pub(crate) fn report(changes: &[(&str, Value)]) -> Vec<Report> {
    let changes = changes.iter().map(|(key, value)| {
        let key = key.parse().unwrap();
        if value.is_null() {
            Change::StatusRemoved(key)
        } else {
            Change::Status(key, value.clone())
        }
    });
    vec![Report {
        at_ms: None,
        changes: changes.collect(),
    }]
}

async fn calls(rig: &Rig) -> Vec<Value> {
    rig.ask(&control("GET", "/calls"), Value::Null).await.items()
}

#[tokio::test]
async fn from_ringing_to_the_end() {
    let rig = Rig::start().await;
    let ann = PersonId::random();
    rig.token_of(ann, &[], &[]).await;
    let ann_email = format!("p{}@example.com", ann.uuid().simple());
    let new = json!({ "from": ann_email, "to": "+1 555 0100", "toName": "Shop" });
    let made = rig.ask(&control("POST", "/calls"), new).await.expect(201);
    assert_eq!(made["state"], "alerting");
    assert_eq!(made["legs"][0]["personId"], json!(ann));
    assert_eq!(
        (&made["legs"][1]["name"], &made["legs"][1]["state"]),
        (&json!("Shop"), &json!("alerting"))
    );
    let id = made["id"].as_str().unwrap().to_owned();
    let act = |action: &str| control("POST", &format!("/calls/{id}/{action}"));
    rig.ask(&act("hold"), Value::Null).await.expect(409);
    rig.ask(&act("dance"), Value::Null).await.expect(404);
    rig.ask(&act("answer"), json!({ "by": "originator" }))
        .await
        .expect(400);
    let answered = rig.ask(&act("answer"), Value::Null).await.expect(200);
    assert_eq!(
        (&answered["state"], &answered["legs"][0]["state"]),
        (&json!("connected"), &json!("connected"))
    );
    rig.ask(&act("answer"), Value::Null).await.expect(409);
    let held = rig
        .ask(&act("hold"), json!({ "by": "terminator" }))
        .await
        .expect(200);
    assert_eq!(
        (&held["legs"][0]["state"], &held["legs"][1]["state"]),
        (&json!("remoteHeld"), &json!("held"))
    );
    rig.ask(&act("resume"), json!({ "by": "originator" }))
        .await
        .expect(409);
    rig.ask(&act("resume"), json!({ "by": "terminator" }))
        .await
        .expect(200);
    // A leg names the call, too.
    let leg = made["legs"][1]["callId"].as_str().unwrap();
    let seen = rig
        .ask(&control("GET", &format!("/calls/{leg}")), Value::Null)
        .await
        .expect(200);
    assert_eq!(seen["id"], id.as_str());
    assert_eq!(calls(&rig).await.len(), 1);
    let over = rig.ask(&act("disconnect"), Value::Null).await.expect(200);
    assert_eq!(over["state"], "disconnected");
    rig.ask(&act("disconnect"), Value::Null).await.expect(404);
    assert!(calls(&rig).await.is_empty());
}

#[tokio::test]
async fn refusals() {
    let rig = Rig::start().await;
    let make = control("POST", "/calls");
    for bad in [
        json!({}),
        json!({ "from": "", "to": "x" }),
        json!({ "from": "+1", "to": "+2" }),
        json!({ "from": "x".repeat(300), "to": "+2" }),
    ] {
        rig.ask(&make, bad).await.expect(400);
    }
    let me = rig.get("/people/me").await.expect(200);
    let new = json!({ "from": me["id"], "to": me["emails"][0] });
    rig.ask(&make, new).await.expect(400);
    let user = rig.token(&[], &["spark:calls_read"]).await;
    rig.ask_as(Some(&user), &make, json!({ "from": "a", "to": "b" }))
        .await
        .expect(403);
    rig.ask(&control("GET", "/calls/x"), Value::Null)
        .await
        .expect(400);
    let reader = rig.token(&[Role::ReadOnlyAdmin], &[]).await;
    assert!(
        rig.ask_as(Some(&reader), &control("GET", "/calls"), Value::Null)
            .await
            .items()
            .is_empty()
    );
}

#[tokio::test]
async fn a_device_that_dials_makes_a_call() {
    let rig = Rig::start().await;
    let room = rig
        .ask("POST /workspaces", json!({ "displayName": "Room" }))
        .await
        .expect(201);
    let workspace: WorkspaceId = room["id"].as_str().unwrap().parse().unwrap();
    let device = crate::workspaces::board(&rig, workspace);
    let id = device.id;
    let seed = Seed {
        devices: vec![device],
        ..Seed::default()
    };
    rig.platform.seed(seed).await.unwrap();
    let link = Arc::new(DeadLink(CancellationToken::new()));
    let attachment = rig.platform.attach(id, link).await.unwrap();
    let me = rig.get("/people/me").await.expect(200);
    let email = me["emails"][0].as_str().unwrap();
    let tell = async |changes: &[(&str, Value)]| {
        rig.platform
            .report(&attachment.device, &report(changes))
            .await
            .unwrap();
    };
    tell(&[("Audio.Volume", json!(3))]).await;
    assert!(calls(&rig).await.is_empty());
    tell(&[
        ("Call[1].RemoteNumber", json!(email)),
        ("Call[1].Direction", json!("Outgoing")),
        ("Call[1].Status", json!("Dialling")),
    ])
    .await;
    let made = calls(&rig).await;
    assert_eq!((made.len(), &made[0]["state"]), (1, &json!("alerting")));
    assert_eq!(made[0]["legs"][0]["workspaceId"], room["id"]);
    assert_eq!(made[0]["legs"][1]["personId"], me["id"]);
    tell(&[("Call[1].Status", json!("Connected"))]).await;
    assert_eq!(calls(&rig).await[0]["state"], "connected");
    tell(&[("Call[1].Status", json!("OnHold"))]).await;
    assert_eq!(calls(&rig).await[0]["legs"][0]["state"], "held");
    tell(&[("Call[1].Status", json!("Connected"))]).await;
    assert_eq!(calls(&rig).await[0]["legs"][1]["state"], "connected");
    tell(&[("Call[1]", Value::Null)]).await;
    assert!(calls(&rig).await.is_empty());
    // Calls end with the link.
    tell(&[
        ("Call[2].RemoteNumber", json!("+15550100")),
        ("Call[2].Status", json!("Ringing")),
    ])
    .await;
    assert_eq!(calls(&rig).await.len(), 1);
    rig.platform.detach(&attachment).await.unwrap();
    assert!(calls(&rig).await.is_empty());
}

#[tokio::test]
async fn webhooks_hear_each_step() {
    let rig = Rig::that_calls(Config::default()).await;
    let mut receiver = Receiver::start().await;
    let ann = PersonId::random();
    let token = rig.token_of(ann, &[], &["spark:calls_read"]).await;
    let hook =
        json!({ "name": "Mine", "targetUrl": receiver.url, "resource": "telephony_calls", "event": "all" });
    rig.ask_as(Some(&token), "POST /webhooks", hook).await.expect(200);
    let new = json!({ "from": "+1 555 0100", "fromName": "Shop", "to": ann });
    let made = rig.ask(&control("POST", "/calls"), new).await.expect(201);
    let id = made["id"].as_str().unwrap();
    for action in ["answer", "disconnect"] {
        let path = control("POST", &format!("/calls/{id}/{action}"));
        rig.ask(&path, Value::Null).await.expect(200);
    }
    let mut heard = Vec::new();
    for _ in 0..3 {
        let sent = receiver.next().await.json();
        assert_eq!(
            (&sent["resource"], &sent["actorId"]),
            (&json!("telephony_calls"), &json!(ann))
        );
        let data = &sent["data"];
        for member in [
            "eventTimestamp",
            "callId",
            "callSessionId",
            "personality",
            "state",
            "created",
        ] {
            assert!(data[member].is_string(), "{member}: {data}");
        }
        assert_eq!(data["remoteParty"]["name"], "Shop");
        assert_eq!(data["remoteParty"]["callType"], "external");
        heard.push((sent["event"].clone(), data["eventType"].clone()));
    }
    let expected = [
        ("created", "received"),
        ("updated", "answered"),
        ("deleted", "disconnected"),
    ];
    assert_eq!(heard, expected.map(|(event, kind)| (json!(event), json!(kind))));
    rig.close().await;
}
