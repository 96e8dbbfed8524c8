//! Webex Calling: locations, numbers, lines (people-calling 4 and 5).

use hallway_platform::calling::CallingSeed;
use hallway_wire::calling::PstnConnectionType;
use hallway_wire::id::LocationId;
use serde_json::{Value, json};

use crate::locations::denver;
use crate::rig::Rig;

mod lines;
mod numbers;
mod race;
mod sites;

/// A location with Webex Calling, a non-integrated connection, prefix 8, and numbers from +14085550100 on, of
/// which the first is the main number.
async fn site(rig: &Rig, name: &str, first: u32, count: u32) -> LocationId {
    let mut place = denver();
    place["name"] = json!(name);
    let made = rig.ask("POST /locations", place).await.expect(201);
    let location: LocationId = made["id"].as_str().unwrap().parse().unwrap();
    let seed = CallingSeed {
        location,
        routing_prefix: Some(format!("8{}", first / 100)),
        pstn: PstnConnectionType::NonIntegratedCcp,
        numbers: (first..first + count).map(number).collect(),
    };
    rig.platform.seed_calling(rig.org, &[seed]).await.unwrap();
    location
}

/// A number of the North American plan that nobody has.
fn number(last: u32) -> String {
    format!("+1408555{last:04}")
}

/// Everything in the organization's list, by a query.
async fn listed(rig: &Rig, query: &str) -> Vec<Value> {
    let answer = rig.get(&format!("/telephony/config/numbers?{query}")).await;
    answer.expect(200)["phoneNumbers"].as_array().unwrap().clone()
}

fn numbers_of(items: &[Value]) -> Vec<&str> {
    items
        .iter()
        .map(|item| item["phoneNumber"].as_str().unwrap_or("-"))
        .collect()
}

/// The numbers of the errors of a refusal.
fn codes(body: &Value) -> Vec<i64> {
    let errors = body["errors"].as_array().unwrap();
    errors
        .iter()
        .filter_map(|error| error["errorCode"].as_i64())
        .collect()
}
