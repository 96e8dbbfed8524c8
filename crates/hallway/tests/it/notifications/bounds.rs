//! Queues are bounded, and what is dropped is counted and told.

use serde_json::{Value, json};

use super::{PEOPLE, by_queue, values};
use crate::support::integration::manifest;
use crate::support::{Integration, Mood, Office, Receiver, eventually};

#[tokio::test]
async fn what_is_too_much_is_dropped_counted_and_repaired() {
    let office = Office::with(|config| config.queue.max_len = 40).await;
    let integration = by_queue(&office, &[PEOPLE], &[]).await;
    // Nothing waits and nothing was dropped so far.
    integration.poll().await;
    let dropped = async || {
        office.summary(&integration.app).await["delivery"]["dropped"]
            .as_u64()
            .unwrap()
    };
    let before = dropped().await;
    for count in 1..=120 {
        office.set("Board Room", PEOPLE, count).await;
    }
    let delivery = office.summary(&integration.app).await["delivery"].clone();
    assert!(delivery["waiting"].as_u64().unwrap() <= 40, "{delivery}");
    assert!(dropped().await >= before + 80, "{delivery}");
    // The gap is noticed, and a full sync repairs what can be repaired.
    let device = office.device("Board Room");
    let repaired = |heard: &[Value]| {
        heard.iter().any(|message| {
            message["isFullSync"] == true
                && message["deviceId"] == device.as_str()
                && message["changes"]["updated"][PEOPLE] == 120
        })
    };
    let heard = integration.hear("the full sync", repaired).await;
    let seen: Vec<i64> = values(&heard, &device, PEOPLE)
        .iter()
        .map(|v| v.as_i64().unwrap())
        .collect();
    assert!(
        seen.is_sorted(),
        "the oldest are dropped, the order stays: {seen:?}"
    );
    assert!(
        office
            .admin
            .get("/metrics")
            .await
            .text()
            .contains("hallway_notifications_waiting")
    );
    office.close().await;
}

#[tokio::test]
async fn what_is_too_old_is_dropped_and_counted() {
    let office = Office::with(|config| config.queue.max_age_ms = 200).await;
    let integration = Integration::activate(&office.admin, &manifest(&[], &["BootEvent"])).await;
    integration.listen_by_queue().await;
    office
        .emit("Board Room", "BootEvent", json!({ "Action": "Restart" }))
        .await;
    let dropped = async || {
        let delivery = office.summary(&integration.app).await["delivery"].clone();
        (delivery["dropped"] == 1 && delivery["waiting"] == 0).then_some(())
    };
    eventually("the event grows too old", dropped).await;
    assert_eq!(integration.poll().await, Vec::<Value>::new());
    office.close().await;
}

#[tokio::test]
async fn a_webhook_that_was_away_too_long_hears_the_newest() {
    let office = Office::with(|config| config.queue.max_len = 40).await;
    let mut receiver = Receiver::start().await;
    let integration = Integration::activate(&office.admin, &manifest(&[PEOPLE], &[])).await;
    integration
        .listen_by_webhook(&receiver.url, "a secret of twenty characters")
        .await;
    for _ in 0..office.hearing_devices() {
        receiver.next_taken().await;
    }
    receiver.answer_with(Mood::Status(500));
    for count in 1..=120 {
        office.set("Board Room", PEOPLE, count).await;
    }
    let delivery = office.summary(&integration.app).await["delivery"].clone();
    assert!(delivery["dropped"].as_u64().unwrap() >= 70, "{delivery}");
    assert!(delivery["waiting"].as_u64().unwrap() <= 40, "{delivery}");
    receiver.answer_with(Mood::Status(204));
    let device = office.device("Board Room");
    let mut seen: Vec<i64> = Vec::new();
    let repaired = |hook: &crate::support::receiver::Hook| {
        let message = hook.json();
        if message["deviceId"] == device.as_str() {
            seen.extend(message["changes"]["updated"][PEOPLE].as_i64());
        }
        message["isFullSync"] == true && message["changes"]["updated"][PEOPLE] == 120
    };
    receiver.find("the full sync", repaired).await;
    assert!(seen.is_sorted(), "{seen:?}");
    office.close().await;
}
