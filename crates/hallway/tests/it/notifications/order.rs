//! Order: per device, whatever else happens.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::{PEOPLE, values};
use crate::support::device::register;
use crate::support::integration::manifest;
use crate::support::{Integration, Mood, Office, Receiver, within};

/// Changes come while full syncs run: an old value never follows a newer one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn full_syncs_among_changes() {
    let office = Office::start().await;
    let integration = Integration::activate(&office.admin, &manifest(&[PEOPLE, "Standby.State"], &[])).await;
    integration.listen_by_queue().await;
    let devices = ["Board Room", "Skerry Bar", "Cove Board", "Kittiwake Bar"];
    const LAST: i64 = 150;
    let hearing = tokio::spawn({
        let (integration, ids) = (integration.clone(), devices.map(|name| office.device(name)));
        async move {
            let done = |heard: &[Value]| {
                ids.iter()
                    .all(|id| values(heard, id, PEOPLE).last() == Some(&&json!(LAST)))
            };
            integration.hear("the last values", done).await
        }
    });
    let changing = futures_util::future::join_all(devices.map(|name| {
        let office = &office;
        async move {
            for count in 1..=LAST {
                office.set(name, PEOPLE, count).await;
            }
        }
    }));
    // Every change of an actions URL is followed by full syncs of everything.
    let syncing = async {
        for turn in 0..40 {
            let url = format!("http://127.0.0.1:9/{turn}");
            integration.patch(json!({ "actionsUrl": url })).await.expect(200);
        }
    };
    tokio::join!(changing, syncing);
    let heard = within("everything is heard", hearing).await.unwrap();
    let mut syncs_within = 0;
    for name in devices {
        let id = office.device(name);
        let seen = values(&heard, &id, PEOPLE);
        let seen: Vec<i64> = seen.iter().map(|value| value.as_i64().unwrap()).collect();
        assert!(
            seen.is_sorted(),
            "{name}: an old value follows a newer one: {seen:?}"
        );
        syncs_within += heard
            .iter()
            .filter(|m| m["isFullSync"] == true && m["deviceId"] == id.as_str())
            .filter(|m| (1..LAST).contains(&m["changes"]["updated"][PEOPLE].as_i64().unwrap_or(0)))
            .count();
        let target = format!("/v1/xapi/status?deviceId={id}&name={PEOPLE}");
        let now = integration.client.get(&target).await.expect(200);
        assert_eq!(now["result"]["RoomAnalytics"]["PeopleCount"]["Current"], LAST);
    }
    assert!(syncs_within > 0, "no full sync came among the changes");
    office.close().await;
}

/// Many devices at once, and a receiver that takes its time and fails now and then.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_devices_and_a_slow_receiver() {
    const DEVICES: usize = 64;
    const EACH: i64 = 12;
    let office = Office::start().await;
    let mut receiver = Receiver::start().await;
    let integration = Integration::activate(&office.admin, &manifest(&[PEOPLE], &[])).await;
    integration
        .listen_by_webhook(&receiver.url, "a secret of twenty characters")
        .await;
    receiver.answer_with(Mood::Slow(Duration::from_millis(5)));
    let workspace = office.workspace("Board Room");
    let mut links = BTreeMap::new();
    for number in 0..DEVICES {
        let registered = register(&office.admin, &workspace, number).await;
        links.insert(registered.id.clone(), registered.dial().await.unwrap());
    }
    for count in 1..=EACH {
        let reports: Vec<_> = links.values().map(|link| link.people(count)).collect();
        if count == EACH / 2 {
            receiver.answer_with(Mood::Status(500));
        }
        within(
            "all reports are acknowledged",
            futures_util::future::try_join_all(reports),
        )
        .await
        .unwrap();
        if count == EACH / 2 {
            receiver.answer_with(Mood::Slow(Duration::from_millis(3)));
        }
    }
    let mut seen: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    let mut open = DEVICES;
    while open > 0 {
        let message = receiver.next_taken().await.json();
        let device = message["deviceId"].as_str().unwrap();
        if message["isFullSync"] == true || !links.contains_key(device) {
            continue;
        }
        let count = message["changes"]["updated"][PEOPLE].as_i64().unwrap();
        let of = seen.entry(device.to_owned()).or_default();
        of.push(count);
        open -= usize::from(count == EACH);
    }
    for (device, counts) in seen {
        assert_eq!(counts, (1..=EACH).collect::<Vec<i64>>(), "{device}");
    }
    drop(links);
    office.close().await;
}

/// Statuses and events of one device come in the order in which they happened, whichever way they come.
#[tokio::test]
async fn statuses_and_events_together() {
    const CLICKED: &str = "UserInterface.Extensions.Panel.Clicked";
    let office = Office::start().await;
    let mut receiver = Receiver::start().await;
    let asked = || manifest(&[PEOPLE], &["UserInterface.Extensions.*"]);
    let polled = Integration::activate(&office.admin, &asked()).await;
    polled.listen_by_queue().await;
    polled.hear_full_syncs(office.hearing_devices()).await;
    let hooked = Integration::activate(&office.admin, &asked()).await;
    hooked
        .listen_by_webhook(&receiver.url, "a secret of twenty characters")
        .await;
    for _ in 0..office.hearing_devices() {
        receiver.next_taken().await;
    }
    for count in 1..=30 {
        office.set("Board Room", PEOPLE, count).await;
        let panel = json!({ "PanelId": count.to_string() });
        office.emit("Board Room", CLICKED, panel).await;
    }
    let told = |message: &Value| match message["type"].as_str() {
        Some("status") => format!("people {}", message["changes"]["updated"][PEOPLE]),
        _ => format!(
            "panel {}",
            message["events"][0]["value"]["PanelId"].as_str().unwrap()
        ),
    };
    let expected: Vec<String> = (1..=30)
        .flat_map(|count| [format!("people {count}"), format!("panel {count}")])
        .collect();
    let heard = polled.hear("everything", |heard| heard.len() >= 60).await;
    assert_eq!(heard.iter().map(told).collect::<Vec<_>>(), expected);
    let mut received = Vec::new();
    while received.len() < 60 {
        received.push(told(&receiver.next_taken().await.json()));
    }
    assert_eq!(received, expected);
    office.close().await;
}
