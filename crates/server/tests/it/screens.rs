//! `/hallway/v1/devices/{id}/screen` and the sessions of web apps: who may ask, and devices that have no answer.

use std::sync::Arc;

use async_trait::async_trait;
use hallway_platform::org::Role;
use hallway_wire::id::DeviceId;
use hallway_xapi::rpc::code;
use hallway_xapi::{Link, RpcError};
use serde_json::{Value, json};

use crate::rig::Rig;
use crate::workspaces::Office;

/// A device that says what a test wants, hook by hook.
struct Scripted(fn(&str) -> Result<Value, RpcError>);

#[async_trait]
impl Link for Scripted {
    async fn call(&self, method: &str, _: Value) -> Result<Value, RpcError> {
        (self.0)(method)
    }

    fn close(&self, _: &str) {}
}

fn simulated(method: &str) -> Result<Value, RpcError> {
    match method {
        "xSimulator/Screen" => Ok(json!({
            "state": "awake",
            "showing": { "kind": "home" },
            "idle": { "kind": "halfwake" },
            "navigators": [
                { "serial": "F1", "name": "Door", "url": "https://a.example/", "xapiAllowed": true },
                { "serial": "F 2", "name": "Table", "xapiAllowed": false, "problem": "No web app is set." },
            ],
        })),
        "xSimulator/WebAppKey" => Ok(json!({
            "status": "OK", "Key": "hwk1", "ExpiresMs": 1_772_600_767_089_i64, "WebAppUrl": "https://a.example/", "LocalUrl": null,
        })),
        _ => Err(RpcError::not_found("there is no such method")),
    }
}

async fn linked(rig: &Rig, answers: fn(&str) -> Result<Value, RpcError>) -> String {
    let office = Office::build(rig).await;
    let device = office.id("d");
    let id: DeviceId = device.parse().unwrap();
    rig.platform
        .attach(id, Arc::new(Scripted(answers)))
        .await
        .unwrap();
    device
}

#[tokio::test]
async fn administrators_look_and_device_administrators_get_keys() {
    let rig = Rig::start().await;
    let device = linked(&rig, simulated).await;
    let screen = format!("GET /hallway/v1/devices/{device}/screen");
    let session = format!("POST /hallway/v1/devices/{device}/navigators/F1/webApp/session");
    let seen = rig.ask(&screen, Value::Null).await.expect(200);
    assert_eq!(
        (&seen["state"], &seen["showing"]["kind"]),
        (&json!("awake"), &json!("home"))
    );
    let given = rig.ask(&session, Value::Null).await.expect(200);
    let uuid = device.parse::<DeviceId>().unwrap().uuid();
    assert_eq!(given["url"], format!("wss://hallway.example/devices/{uuid}/ws"));
    assert_eq!(
        (&given["password"], &given["username"]),
        (&json!("hwk1"), &json!(uuid.to_string()))
    );
    let other =
        |serial: &str| format!("POST /hallway/v1/devices/{device}/navigators/{serial}/webApp/session");
    rig.ask(&other("F%202"), Value::Null).await.expect(409);
    rig.ask(&other("F3"), Value::Null).await.expect(404);

    for (roles, may_look, may_use) in [
        (&[Role::DeviceAdmin][..], 200, 200),
        (&[Role::ReadOnlyAdmin][..], 200, 403),
        (&[Role::UserAdmin][..], 403, 403),
        (&[][..], 403, 403),
    ] {
        let token = rig.token(roles, &["spark:all"]).await;
        assert_eq!(
            rig.ask_as(Some(&token), &screen, Value::Null)
                .await
                .status
                .as_u16(),
            may_look,
            "{roles:?}"
        );
        assert_eq!(
            rig.ask_as(Some(&token), &session, Value::Null)
                .await
                .status
                .as_u16(),
            may_use,
            "{roles:?}"
        );
    }
    let stranger = rig.stranger().await;
    rig.ask_as(Some(&stranger), &screen, Value::Null)
        .await
        .expect(404);
    rig.ask_as(Some(&stranger), &session, Value::Null)
        .await
        .expect(404);
}

#[tokio::test]
async fn devices_without_an_answer() {
    for (answers, status) in [
        // A real device, in the words of several.
        (
            (|_| Err(RpcError::not_found("there is no such method"))) as fn(&str) -> Result<Value, RpcError>,
            409,
        ),
        (|method| Err(RpcError::new(code::NOT_FOUND, method)), 409),
        (|_| Ok(json!({ "state": "dancing" })), 409),
        (|_| Ok(Value::Null), 409),
        (
            |_| Err(RpcError::new(code::NOT_READY, "the device is restarting")),
            504,
        ),
    ] {
        let rig = Rig::start().await;
        let device = linked(&rig, answers).await;
        for route in [
            format!("GET /hallway/v1/devices/{device}/screen"),
            format!("POST /hallway/v1/devices/{device}/navigators/F1/webApp/session"),
        ] {
            rig.ask(&route, Value::Null).await.expect(status);
        }
    }
    let rig = Rig::start().await;
    let office = Office::build(&rig).await;
    let route = format!("GET /hallway/v1/devices/{}/screen", office.id("d"));
    rig.ask(&route, Value::Null).await.expect(504);
    rig.ask("GET /hallway/v1/devices/nonsense/screen", Value::Null)
        .await
        .expect(400);
}
