//! Delivery by long polling.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::{PEOPLE, by_queue, values};
use crate::support::{Integration, Office, within};

#[tokio::test]
async fn a_poll_is_held_and_answered_at_once() {
    let office = Office::with(|config| config.platform.poll_hold = Duration::from_secs(2)).await;
    let integration = by_queue(&office, &[PEOPLE], &[]).await;
    let started = tokio::time::Instant::now();
    assert_eq!(integration.poll().await, Vec::<Value>::new());
    assert!(
        started.elapsed() >= Duration::from_secs(2),
        "answered empty too early"
    );
    // A poll that is held is answered when something comes, long before its time is up.
    let polling = tokio::spawn({
        let integration = integration.clone();
        async move { integration.hear("the change", |heard| !heard.is_empty()).await }
    });
    office.set("Board Room", PEOPLE, 3).await;
    let heard = within("the held poll", polling).await.unwrap();
    assert_eq!(values(&heard, &office.device("Board Room"), PEOPLE), [3]);
    // What waits is answered at once.
    office.set("Board Room", PEOPLE, 4).await;
    let started = tokio::time::Instant::now();
    let heard = integration.poll().await;
    assert!(started.elapsed() < Duration::from_secs(1));
    assert_eq!(values(&heard, &office.device("Board Room"), PEOPLE), [4]);
    office.close().await;
}

#[tokio::test]
async fn the_newest_poller_wins() {
    let hold = Duration::from_secs(2);
    let office = Office::with(|config| config.platform.poll_hold = hold).await;
    let integration = by_queue(&office, &[PEOPLE], &[]).await;
    let started = tokio::time::Instant::now();
    let polls = (0..8).map(|_| {
        let integration = integration.clone();
        tokio::spawn(async move { (integration.poll().await, started.elapsed()) })
    });
    let polls: Vec<_> = polls.collect();
    office.set("Board Room", PEOPLE, 3).await;
    let answers = within("all polls end", futures_util::future::try_join_all(polls))
        .await
        .unwrap();
    let (told, others): (Vec<_>, Vec<_>) = answers.into_iter().partition(|(heard, _)| !heard.is_empty());
    // Only one of them is told, and the others are held to their end: they would chase each other otherwise.
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(values(&told[0].0, &office.device("Board Room"), PEOPLE), [3]);
    assert!(others.iter().all(|(_, time)| *time >= hold), "{others:?}");
    office.close().await;
}

/// Begins a poll and hangs up.
async fn hang_up(integration: &Integration) {
    let address = integration.client.base.trim_start_matches("http://");
    let path = integration.poll_url().replace(&integration.client.base, "");
    let mut socket = TcpStream::connect(address).await.unwrap();
    let token = integration.token();
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n");
    socket.write_all(request.as_bytes()).await.unwrap();
}

#[tokio::test]
async fn what_was_not_taken_comes_again() {
    let office = Office::start().await;
    let integration = by_queue(&office, &[PEOPLE], &[]).await;
    let device = office.device("Board Room");
    let mut count = 0;
    let mut heard = Vec::new();
    for round in 0..30 {
        for _ in 0..3 {
            count += 1;
            office.set("Board Room", PEOPLE, count).await;
        }
        // Whoever asks and goes away takes nothing along.
        for _ in 0..round % 3 {
            hang_up(&integration).await;
        }
        let last = |heard: &[Value]| values(heard, &device, PEOPLE).last() == Some(&&json!(count));
        heard.extend(integration.hear("all of it", last).await);
    }
    let mut seen: Vec<i64> = values(&heard, &device, PEOPLE)
        .iter()
        .map(|v| v.as_i64().unwrap())
        .collect();
    seen.dedup();
    assert_eq!(seen, (1..=count).collect::<Vec<i64>>());
    office.close().await;
}

#[tokio::test]
async fn a_held_poll_that_breaks_loses_nothing() {
    let office = Office::with(|config| config.platform.poll_hold = Duration::from_secs(20)).await;
    let integration = by_queue(&office, &[PEOPLE], &[]).await;
    let device = office.device("Board Room");
    let mut heard = Vec::new();
    for count in 1..=40 {
        // A poll is held, its client goes away, and something happens: in whatever order the server sees it.
        hang_up(&integration).await;
        office.set("Board Room", PEOPLE, count).await;
        let last = |heard: &[Value]| values(heard, &device, PEOPLE).contains(&&json!(count));
        heard.extend(integration.hear("what happened", last).await);
    }
    let mut seen: Vec<i64> = values(&heard, &device, PEOPLE)
        .iter()
        .map(|v| v.as_i64().unwrap())
        .collect();
    seen.dedup();
    assert_eq!(seen, (1..=40).collect::<Vec<i64>>());
    office.close().await;
}

#[tokio::test]
async fn what_a_process_took_along_when_it_ended_comes_again() {
    let office = Office::start().await;
    let integration = by_queue(&office, &[PEOPLE], &[]).await;
    office.set("Board Room", PEOPLE, 3).await;
    let took = integration.hear("the change", |heard| !heard.is_empty()).await;
    // It ends before it has handled that. The next one begins as the first did.
    integration.listen_by_queue().await;
    assert_eq!(integration.poll().await, took);
    // And its next poll acknowledges.
    office.set("Board Room", PEOPLE, 4).await;
    let heard = integration.poll().await;
    assert_eq!(values(&heard, &office.device("Board Room"), PEOPLE), [4]);
    office.close().await;
}

#[tokio::test]
async fn batches_have_an_end() {
    let office = Office::start().await;
    let integration = by_queue(&office, &[PEOPLE], &["BootEvent"]).await;
    let devices = ["Board Room", "Cove Board", "Skerry Bar"];
    for count in 1..=50 {
        for device in devices {
            office.set(device, PEOPLE, count).await;
        }
    }
    let renew = format!("/hallway/v1/integrations/{}/renewToken", integration.app);
    for _ in 0..3 {
        office.admin.post(&renew, json!({})).await.expect(204);
    }
    office.set("Board Room", PEOPLE, 51).await;
    let mut sizes = Vec::new();
    let mut heard = Vec::new();
    let last = json!(51);
    while values(&heard, &office.device("Board Room"), PEOPLE).last() != Some(&&last) {
        let batch = integration.poll().await;
        let actions = batch.iter().filter(|message| message["type"] == "action").count();
        assert!(
            batch.len() <= 100 && actions <= 1,
            "{} messages, {actions} actions",
            batch.len()
        );
        if actions == 1 {
            // Java looks at the last message only.
            assert_eq!(batch.last().unwrap()["type"], "action");
        }
        sizes.push(batch.len());
        heard.extend(batch);
    }
    assert_eq!(sizes[0], 100);
    assert_eq!(heard.len(), 3 * 50 + 3 + 1);
    for device in devices {
        let seen: Vec<i64> = values(&heard, &office.device(device), PEOPLE)
            .iter()
            .map(|value| value.as_i64().unwrap())
            .collect();
        assert!(seen.is_sorted() && seen.len() >= 50, "{device}: {seen:?}");
    }
    let actions = heard.iter().filter(|message| message["type"] == "action").count();
    assert_eq!(actions, 3);
    office.close().await;
}

#[tokio::test]
async fn a_queue_that_is_taken_away_ends_its_poll() {
    let office = Office::with(|config| config.platform.poll_hold = Duration::from_secs(20)).await;
    let integration = by_queue(&office, &[PEOPLE], &[]).await;
    let polling = tokio::spawn({
        let integration = integration.clone();
        async move { integration.client.get(&integration.poll_url()).await }
    });
    office.admin.get("/healthz").await.expect(200);
    integration
        .patch(json!({ "queue": { "state": "remove" } }))
        .await
        .expect(200);
    // Long before its time is up, if it was held already.
    let started = tokio::time::Instant::now();
    within("the held poll ends", polling)
        .await
        .unwrap()
        .expect_error(404);
    assert!(started.elapsed() < Duration::from_secs(10));
    integration
        .client
        .get(&integration.poll_url())
        .await
        .expect_error(404);
    office.close().await;
}

/// Several processes poll the same queue, against all advice: what one takes another may get again, but
/// nothing is lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pollers_that_overtake_each_other_lose_nothing() {
    const LAST: i64 = 150;
    let office = Office::with(|config| config.platform.poll_hold = Duration::from_millis(150)).await;
    let integration = by_queue(&office, &[PEOPLE], &[]).await;
    let device = office.device("Board Room");
    let (seen, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let mut pollers = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let (integration, seen, device) = (integration.clone(), seen.clone(), device.clone());
        pollers.spawn(async move {
            loop {
                let messages = integration.poll().await;
                for value in values(&messages, &device, PEOPLE) {
                    seen.send(value.as_i64().unwrap()).ok();
                }
            }
        });
    }
    for count in 1..=LAST {
        office.set("Board Room", PEOPLE, count).await;
    }
    let mut missing: std::collections::BTreeSet<i64> = (1..=LAST).collect();
    while !missing.is_empty() {
        let what = format!("one of {} that were not heard", missing.len());
        missing.remove(&within(&what, heard.recv()).await.unwrap());
    }
    pollers.shutdown().await;
    office.close().await;
}
