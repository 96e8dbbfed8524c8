//! `/v1/webhooks`, the deliveries, and the log of events.

use std::time::Duration;

use hallway_platform::Config;
use hallway_platform::org::Role;
use hallway_platform::webhook::Happening;
use hallway_wire::id::{OrgId, PersonId, RoomId};
use hallway_wire::webhook::{Event, Resource};
use serde_json::{Value, json};

use crate::receiver::Receiver;
use crate::rig::{NOW, Rig};

mod delivery;
mod events;
mod listening;
mod subscriptions;

const MESSAGES: &str = "spark:messages_read";

/// Settings with short pauses.
fn quick() -> Config {
    Config {
        webhook_timeout: Duration::from_millis(300),
        webhook_retry_first: Duration::from_millis(20),
        poll_hold: Duration::from_millis(1500),
        ..Config::default()
    }
}

/// A person with a token for these scopes.
async fn somebody(rig: &Rig, scopes: &[&str]) -> (PersonId, String) {
    let id = PersonId::random();
    (id, rig.token_of(id, &[], scopes).await)
}

fn messages(receiver: &Receiver) -> Value {
    json!({ "name": "Mine", "targetUrl": receiver.url, "resource": "messages", "event": "created" })
}

async fn made(rig: &Rig, token: &str, body: Value) -> Value {
    rig.ask_as(Some(token), "POST /webhooks", body).await.expect(200)
}

fn id_of(webhook: &Value) -> &str {
    webhook["id"].as_str().unwrap()
}

/// A message that these people can see.
fn message(org: OrgId, number: u64, audience: &[PersonId]) -> Happening {
    Happening {
        org,
        resource: Resource::Messages,
        event: Event::Created,
        actor: audience.first().copied(),
        at: NOW,
        data: json!({ "id": format!("m{number}"), "roomType": "group", "number": number }),
        full: Some(json!({ "id": format!("m{number}"), "text": "hello" })),
        audience: audience.to_vec(),
    }
}

async fn tell(rig: &Rig, happening: Happening) {
    rig.platform.announce(vec![happening]).await.unwrap();
}

fn number(hook: &crate::receiver::Hook) -> u64 {
    hook.json()["data"]["number"].as_u64().unwrap()
}

/// Looks again and again until it holds.
async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let looking = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), looking)
        .await
        .expect(what);
}

fn officer() -> Vec<Role> {
    vec![Role::ComplianceOfficer]
}

fn some_room() -> RoomId {
    RoomId::random()
}
