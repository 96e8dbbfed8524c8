//! Notifications that are posted.

use axum::Router;
use hallway_sdk::notify::ReceiverOptions;
use hallway_testing::{Fault, Office};

use crate::MANIFEST;
use crate::ledger::{Ledger, devices, press};

const EACH: u64 = 30;

async fn survives(faults: impl FnOnce(&hallway_testing::Installed) -> Vec<Fault>, ledger: Ledger) {
    let office = Office::start().await;
    let devices = devices(&office, 3).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/notifications", listener.local_addr().unwrap());
    let installed = office.install(MANIFEST).await;
    let integration = installed.builder().webhook(&url).connect().await.unwrap();
    let (receiver, inbox) = integration.receiver(ReceiverOptions::default()).unwrap();
    let router = Router::new().route_service("/notifications", receiver.service());
    let serving = tokio::spawn(async move { axum::serve(listener, router).await });
    let mut ordered = Vec::new();
    for fault in faults(&installed) {
        ordered.push(office.fault(fault).await);
    }
    // Failed deliveries are tried again by the clock of the platform.
    let _flowing = office.clock().flow();
    let running = tokio::spawn(ledger.handlers().run(inbox));
    press(&devices, 0..EACH).await;
    ledger.complete(&devices, EACH).await;
    for fault in &ordered {
        assert!(fault.hits().await > 0, "a fault that never struck proves nothing");
    }
    installed.heard_everything().await;
    running.abort();
    serving.abort();
    office.close().await;
}

#[tokio::test]
async fn what_is_posted_is_handled() {
    survives(|_| Vec::new(), Ledger::default()).await;
}

#[tokio::test]
async fn what_is_posted_twice_is_handled_once() {
    survives(
        |to| vec![Fault::duplicate().to(to).share(0.5, 7)],
        Ledger::default(),
    )
    .await;
}

#[tokio::test]
async fn what_could_not_be_delivered_comes_again_in_order() {
    let faults = |to: &_| {
        vec![
            Fault::close().to(to).share(0.2, 3).times(5),
            Fault::status(500).to(to).share(0.2, 9).times(5),
        ]
    };
    survives(faults, Ledger::default()).await;
}

#[tokio::test]
async fn handlers_that_fail_are_called_again() {
    survives(
        |to| vec![Fault::duplicate().to(to).share(0.3, 5)],
        Ledger::stumbling(6),
    )
    .await;
}
