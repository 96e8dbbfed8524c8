//! From what happens on a device to what an integration hears.

mod bounds;
mod matching;
mod order;
mod polling;
mod webhooks;

use serde_json::Value;

use crate::support::integration::manifest;
use crate::support::{Integration, Office};

/// An active integration with a queue, which has heard its first full syncs.
async fn by_queue(office: &Office, statuses: &[&str], events: &[&str]) -> Integration {
    let integration = Integration::activate(&office.admin, &manifest(statuses, events)).await;
    integration.listen_by_queue().await;
    if !statuses.is_empty() {
        integration.hear_full_syncs(office.hearing_devices()).await;
    }
    integration
}

/// The values of one key of one device in status messages, in the order in which they were heard.
fn values<'a>(heard: &'a [Value], device: &str, key: &str) -> Vec<&'a Value> {
    let of = heard.iter().filter(|message| message["deviceId"] == device);
    of.filter_map(|message| message["changes"]["updated"].get(key))
        .collect()
}

const PEOPLE: &str = "RoomAnalytics.PeopleCount.Current";

fn texts(list: &Value) -> Vec<&str> {
    list.as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect()
}
