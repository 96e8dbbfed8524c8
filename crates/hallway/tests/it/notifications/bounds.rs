//! Queues are bounded, and what is dropped is counted and told.

use serde_json::{Value, json};

use super::{PEOPLE, by_queue, values};
use crate::support::{Office, eventually};

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
    let integration = crate::support::Integration::activate(
        &office.admin,
        &crate::support::integration::manifest(&[], &["BootEvent"]),
    )
    .await;
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
