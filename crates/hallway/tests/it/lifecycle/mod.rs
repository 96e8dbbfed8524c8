//! The life of an integration, step by step, over HTTP.

mod activation;
mod ending;
mod listeners;
mod tokens;
mod updates;

use serde_json::Value;

use crate::support::{Integration, Office, integration};

/// The claims of the next action in the queue.
async fn next_action(integration: &Integration) -> Value {
    let is_action = |message: &Value| message["type"] == "action";
    let heard = integration
        .hear("an action", |heard| heard.iter().any(is_action))
        .await;
    let action = heard.iter().find(|message| is_action(message)).unwrap();
    integration::verified(&integration.client, action["jwt"].as_str().unwrap()).await
}

/// What the audit trail says, oldest first.
async fn audit(office: &Office) -> Vec<Value> {
    let answer = office.admin.get("/hallway/v1/audit?max=1000").await.expect(200);
    let mut events = answer["items"].as_array().unwrap().clone();
    events.reverse();
    events
}

fn words(list: &Value) -> Vec<&str> {
    list.as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect()
}
