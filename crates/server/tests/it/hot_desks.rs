//! Hot desks, and personal mode.

use std::sync::Arc;

use hallway_platform::place::Seed;
use hallway_wire::id::{DeviceId, PersonId, WorkspaceId};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::meetings::control;
use crate::rig::{DeadLink, Rig};

async fn desk(rig: &Rig) -> String {
    let body = json!({ "displayName": "Desk", "type": "desk", "hotdeskingStatus": "on" });
    let made = rig.ask("POST /workspaces", body).await.expect(201);
    made["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn booked_listed_ended() {
    let rig = Rig::start().await;
    let desk = desk(&rig).await;
    let me = rig.get("/people/me").await.expect(200);
    let book = control("POST", "/hotdesk/sessions");
    let body = json!({ "workspaceId": desk, "email": me["emails"][0], "minutes": 60 });
    let made = rig.ask(&book, body.clone()).await.expect(201);
    assert_eq!(made["personId"], me["id"]);
    assert_eq!(
        (&made["bookingStartTime"], &made["bookingEndTime"]),
        (
            &json!("2026-03-04T05:06:07.089Z"),
            &json!("2026-03-04T06:06:07.089Z")
        )
    );
    rig.ask(&book, body).await.expect(409);
    let count = async |filter: &str| {
        rig.get(&format!("/hotdesk/sessions?{filter}"))
            .await
            .items()
            .len()
    };
    let person = me["id"].as_str().unwrap();
    assert_eq!(count("").await, 1);
    assert_eq!(count(&format!("workspaceId={desk}&personId={person}")).await, 1);
    assert_eq!(
        count(&format!("workspaceId={desk}&personId={}", PersonId::random())).await,
        0
    );
    assert_eq!(count(&format!("personId={person}")).await, 1);
    assert_eq!(count(&format!("workspaceId={}", WorkspaceId::random())).await, 0);
    let delete = format!("DELETE /hotdesk/sessions/{}", made["sessionId"].as_str().unwrap());
    rig.ask_as(Some(&rig.stranger().await), &delete, Value::Null)
        .await
        .expect(404);
    rig.ask(&delete, Value::Null).await.expect(204);
    rig.ask(&delete, Value::Null).await.expect(404);
    assert_eq!(count("").await, 0);
    rig.ask("DELETE /hotdesk/sessions/x", Value::Null)
        .await
        .expect(400);

    let room = rig
        .ask("POST /workspaces", json!({ "displayName": "Room" }))
        .await
        .expect(201);
    for (body, status) in [
        (json!({ "workspaceId": room["id"], "personId": person }), 409),
        (
            json!({ "workspaceId": WorkspaceId::random(), "personId": person }),
            404,
        ),
        (
            json!({ "workspaceId": desk, "personId": PersonId::random() }),
            404,
        ),
        (json!({ "workspaceId": desk }), 400),
        (json!({ "personId": person }), 400),
        (
            json!({ "workspaceId": desk, "personId": person, "minutes": 0 }),
            400,
        ),
    ] {
        rig.ask(&book, body).await.expect(status);
    }
}

async fn outcome(rig: &Rig, workspace: &str) -> Value {
    let path = format!("/workspaces/{workspace}/personalizationTask");
    loop {
        let answer = rig.get(&path).await;
        if answer.status != 202 {
            return answer.expect(200);
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_room_device_becomes_personal() {
    let rig = Rig::start().await;
    let room = rig
        .ask("POST /workspaces", json!({ "displayName": "Room" }))
        .await
        .expect(201);
    let id = room["id"].as_str().unwrap().to_owned();
    let workspace: WorkspaceId = id.parse().unwrap();
    let me = rig.get("/people/me").await.expect(200);
    let personalize = format!("POST /workspaces/{id}/personalize");
    let task = format!("/workspaces/{id}/personalizationTask");
    rig.get(&task).await.expect(404);
    rig.ask(&personalize, json!({})).await.expect(400);
    let to_me = json!({ "email": me["emails"][0] });
    let failed = async |body: &Value, why: &str| {
        rig.ask(&personalize, body.clone()).await.expect(202);
        assert_eq!(
            outcome(&rig, &id).await,
            json!({ "success": false, "errorDescription": why })
        );
    };
    failed(&to_me, "The workspace has no device").await;
    let device = crate::workspaces::board(&rig, workspace);
    let device_id: DeviceId = device.id;
    let seed = Seed {
        devices: vec![device],
        ..Seed::default()
    };
    rig.platform.seed(seed).await.unwrap();
    failed(&to_me, "Device is offline").await;
    let link = Arc::new(DeadLink(CancellationToken::new()));
    let attachment = rig.platform.attach(device_id, link).await.unwrap();
    failed(&json!({ "email": "nobody@example.com" }), "User not found").await;
    rig.ask(&personalize, to_me).await.expect(202);
    assert_eq!(outcome(&rig, &id).await, json!({ "success": true }));
    let device = rig.get(&format!("/devices/{device_id}")).await.expect(200);
    assert_eq!(device["personId"], me["id"]);
    assert!(device.get("workspaceId").is_none(), "{device}");
    // What the device sends follows a moment later.
    while !attachment.device.place.load().personal {
        tokio::task::yield_now().await;
    }

    rig.ask_as(
        Some(&rig.stranger().await),
        &personalize,
        json!({ "email": "a@b.c" }),
    )
    .await
    .expect(404);
    let poor = rig
        .token(
            &[hallway_platform::org::Role::FullAdmin],
            &["spark-admin:devices_write"],
        )
        .await;
    rig.ask_as(Some(&poor), &personalize, json!({ "email": "a@b.c" }))
        .await
        .expect(403);
}
