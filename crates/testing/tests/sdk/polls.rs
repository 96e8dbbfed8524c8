//! Notifications by long polling.

use std::sync::Arc;
use std::time::Duration;

use hallway_sdk::notify::{Persistence, PollOptions};
use hallway_testing::{Fault, Office};

use crate::MANIFEST;
use crate::ledger::{Ledger, devices, press};

const EACH: u64 = 40;

fn options() -> PollOptions {
    PollOptions {
        persistence: Persistence {
            attempts: 5,
            first: Duration::from_millis(2),
            most: Duration::from_millis(10),
        },
        ..PollOptions::default()
    }
}

/// What goes wrong while forty buttons are pressed in each of three rooms.
async fn survives(faults: impl FnOnce(&hallway_testing::Installed) -> Vec<Fault>, ledger: Ledger) {
    let office = Office::start().await;
    let devices = devices(&office, 3).await;
    let installed = office.install(MANIFEST).await;
    let integration = installed.builder().long_polling().connect().await.unwrap();
    let mut ordered = Vec::new();
    for fault in faults(&installed) {
        ordered.push(office.fault(fault).await);
    }
    let inbox = integration.poll_with(options()).unwrap();
    let running = tokio::spawn(ledger.handlers().run(inbox));
    press(&devices, 0..EACH).await;
    ledger.complete(&devices, EACH).await;
    for fault in &ordered {
        assert!(fault.hits().await > 0, "a fault that never struck proves nothing");
    }
    installed.heard_everything().await;
    running.abort();
    office.close().await;
}

#[tokio::test]
async fn connections_that_break_in_the_poll_lose_nothing() {
    survives(|to| vec![Fault::close().to(to).times(3)], Ledger::default()).await;
}

#[tokio::test]
async fn a_storm_of_429_and_503_loses_nothing() {
    let faults = |to: &_| {
        vec![
            Fault::status(429).retry_after(1).to(to).times(2),
            Fault::status(503).to(to).times(2),
        ]
    };
    survives(faults, Ledger::default()).await;
}

#[tokio::test]
async fn a_token_that_expires_in_the_stream_is_renewed_once_and_nothing_is_lost() {
    survives(
        |by| vec![Fault::expired_token().by(by).times(2)],
        Ledger::default(),
    )
    .await;
}

#[tokio::test]
async fn what_comes_twice_is_handled_once() {
    survives(
        |to| vec![Fault::duplicate().to(to).share(0.5, 7)],
        Ledger::default(),
    )
    .await;
}

#[tokio::test]
async fn handlers_that_fail_are_called_again_before_what_follows() {
    survives(
        |to| vec![Fault::duplicate().to(to).share(0.3, 3)],
        Ledger::stumbling(7),
    )
    .await;
}

/// Everything at once.
#[tokio::test]
async fn all_of_it_together_loses_nothing_and_repeats_nothing() {
    let faults = |it: &_| {
        vec![
            Fault::close().to(it).share(0.3, 11).times(4),
            Fault::status(502).to(it).share(0.3, 5).times(3),
            Fault::expired_token().by(it).share(0.2, 2).times(3),
            Fault::duplicate().to(it).share(0.4, 13),
        ]
    };
    let office = Office::start().await;
    let devices = devices(&office, 4).await;
    let installed = office.install(MANIFEST).await;
    let integration = installed.builder().long_polling().connect().await.unwrap();
    for fault in faults(&installed) {
        office.fault(fault).await;
    }
    let ledger = Ledger::stumbling(9);
    let running = tokio::spawn(ledger.handlers().run(integration.poll_with(options()).unwrap()));
    press(&devices, 0..EACH).await;
    ledger.complete(&devices, EACH).await;
    installed.heard_everything().await;
    running.abort();
    office.close().await;
}

/// The service sends a batch again until it was acknowledged; a memory that outlives the process knows what of it was
/// handled before.
#[tokio::test]
async fn an_integration_that_dies_in_a_batch_goes_on_where_it_was() {
    let office = Office::start().await;
    let devices = devices(&office, 2).await;
    let installed = office.install(MANIFEST).await;
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(hallway_sdk::tokens::FileStore::new(folder.path()));
    let ledger = Ledger::default();
    // From the first connection on there is a queue.
    let builder = installed
        .builder()
        .store(Arc::<hallway_sdk::tokens::FileStore>::clone(&store));
    drop(builder.long_polling().connect().await.unwrap());
    press(&devices, 0..10).await;
    let mut pressed = 10;
    for life in 0..4 {
        let connecting = installed
            .builder()
            .store(Arc::<hallway_sdk::tokens::FileStore>::clone(&store))
            .long_polling();
        let integration = connecting.connect().await.unwrap();
        let memory = hallway_sdk::notify::RecentFile::open(folder.path().join("handled"), 1000).unwrap();
        let inbox = integration.poll_with(PollOptions {
            memory: Arc::new(memory),
            // One after the other, so that it dies in the middle of the batch.
            lanes: 1,
            ..options()
        });
        let running = tokio::spawn(ledger.handlers().at_once(1).run(inbox.unwrap()));
        ledger.at_least(life * 5 + 5).await;
        running.abort();
        assert!(running.await.unwrap_err().is_cancelled());
        press(&devices, pressed..pressed + 5).await;
        pressed += 5;
    }
    let integration = installed
        .builder()
        .store(store)
        .long_polling()
        .connect()
        .await
        .unwrap();
    let memory = hallway_sdk::notify::RecentFile::open(folder.path().join("handled"), 1000).unwrap();
    let inbox = integration.poll_with(PollOptions {
        memory: Arc::new(memory),
        ..options()
    });
    let running = tokio::spawn(ledger.handlers().run(inbox.unwrap()));
    ledger.complete(&devices, pressed).await;
    running.abort();
    office.close().await;
}
