//! Restarts of either side.

use std::sync::Arc;

use hallway_sdk::tokens::FileStore;
use hallway_testing::{Office, within};

use crate::MANIFEST;
use crate::ledger::{Ledger, devices, press};

/// The platform goes and comes back while an integration listens and buttons are pressed.
#[tokio::test]
async fn a_platform_that_restarts_loses_nothing() {
    let mut office = Office::builder().durable().start().await;
    let devices = devices(&office, 3).await;
    let installed = office.install(MANIFEST).await;
    let integration = installed.builder().long_polling().connect().await.unwrap();
    let ledger = Ledger::default();
    let inbox = integration.poll().unwrap();
    let mut trouble = inbox.trouble();
    let running = tokio::spawn(ledger.handlers().run(inbox));
    press(&devices, 0..10).await;
    office.shut().await;
    within("the poll that fails", trouble.wait_for(Option::is_some))
        .await
        .unwrap();
    office.reopen().await;
    press(&devices, 10..20).await;
    ledger.complete(&devices, 20).await;
    assert!(trouble.borrow().is_none(), "the trouble is over");
    running.abort();
    office.close().await;
}

/// Both sides restart, and the integration needs no new activation.
#[tokio::test]
async fn an_integration_that_restarts_needs_no_new_activation() {
    let mut office = Office::builder().durable().start().await;
    let devices = devices(&office, 2).await;
    let installed = office.install(MANIFEST).await;
    let folder = tempfile::tempdir().unwrap();
    let store = || Arc::new(FileStore::new(folder.path()));
    drop(
        installed
            .builder()
            .store(store())
            .long_polling()
            .connect()
            .await
            .unwrap(),
    );
    press(&devices, 0..5).await;
    office.restart().await;
    // No activation code this time: the store knows everything.
    let integration = installed
        .builder()
        .activation_code(None)
        .store(store())
        .long_polling()
        .connect()
        .await
        .unwrap();
    let ledger = Ledger::default();
    let running = tokio::spawn(ledger.handlers().run(integration.poll().unwrap()));
    press(&devices, 5..10).await;
    ledger.complete(&devices, 10).await;
    running.abort();
    office.close().await;
}
