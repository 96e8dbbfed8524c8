//! The test kit, tested: an office opens fast, time passes when it should, things go wrong when they should, and
//! what is restarted goes on.

use std::sync::Arc;
use std::time::{Duration, Instant};

use hallway_sdk::tokens::MemoryStore;
use hallway_sdk::{Error, Handlers, Value};
use hallway_testing::{Fault, Office, ProductModel, within};
use serde_json::json;
use tokio::sync::mpsc;

const MANIFEST: &str = r#"{
    "id": "8b8f6a3e-52a4-4a0e-9a67-3f4ab2a8f1d1",
    "manifestVersion": 1,
    "displayName": "Test",
    "vendor": "Tests",
    "email": "tests@example.com",
    "description": "Tests the test kit.",
    "availability": "org_private",
    "apiAccess": [
        { "scope": "spark-admin:devices_read", "access": "required", "role": "id_readonly_admin" },
        { "scope": "spark:xapi_statuses", "access": "required" },
        { "scope": "spark:xapi_commands", "access": "optional" }
    ],
    "xapiAccess": {
        "status": [{ "path": "RoomAnalytics.PeopleCount.Current", "access": "required" }],
        "commands": [{ "path": "UserInterface.Message.Alert.Display", "access": "optional" }],
        "events": []
    },
    "provisioning": { "type": "manual" }
}"#;

/// The first one pays for what a process makes once; the second one shows what a test pays.
#[tokio::test]
async fn an_office_opens_in_milliseconds() {
    Office::start().await.close().await;
    let begun = Instant::now();
    let office = Office::start().await;
    let took = begun.elapsed();
    office.close().await;
    assert!(took < Duration::from_secs(1), "it took {took:?}");
}

#[tokio::test]
async fn rooms_are_as_they_were_ordered() {
    let office = Office::start().await;
    let plan = Office::plan_room("Auditorium")
        .with(ProductModel::RoomKitEq)
        .for_people(40)
        .navigator()
        .tag("big");
    let room = office.make(plan).await;
    let workspace = office
        .admin()
        .workspaces()
        .get(&room.workspace_id())
        .await
        .unwrap();
    assert_eq!(
        (workspace.display_name.as_str(), workspace.capacity),
        ("Auditorium", Some(40))
    );
    let device = office.admin().devices().get(&room.device().id()).await.unwrap();
    assert_eq!(device.tags, ["big"]);
    assert_eq!(office.room("Auditorium").await.device().id(), room.device().id());
    room.device().set("RoomAnalytics.PeopleCount.Current", 31).await;
    room.device().has("RoomAnalytics.PeopleCount.Current", 31).await;
    office.close().await;
}

#[tokio::test]
async fn time_passes_for_platform_devices_and_integrations() {
    let office = Office::start().await;
    let room = office.room("Board Room").await;
    let integration = office
        .install(MANIFEST)
        .await
        .builder()
        .long_polling()
        .connect()
        .await
        .unwrap();
    let before = integration.clock().now();
    room.device()
        .run(
            "UserInterface.Message.Alert.Display",
            json!({ "Text": "Hi", "Duration": 60 }),
        )
        .await;
    let mut cleared = room.device().simulated().run_log();
    let hour = tokio::spawn({
        let clock = Arc::clone(integration.clock());
        async move { clock.sleep(Duration::from_secs(3600)).await }
    });
    office.clock().sleepers(1).await;
    office.clock().advance(Duration::from_secs(3600)).await;
    within("the hour that passed", hour).await.unwrap();
    assert_eq!(integration.clock().now().millis() - before.millis(), 3_600_000);
    assert_eq!(cleared.all().len(), 1);
    assert!(
        cleared
            .find(|all| all.front().map(|ran| ran.number))
            .await
            .is_some()
    );
    // The administrator and the integration are still known, and so is the time at the platform.
    let entries: serde_json::Value = office
        .admin()
        .request(http::Method::GET, format!("{}/hallway/v1/audit", office.url()))
        .read()
        .await
        .unwrap();
    assert!(!entries["items"].as_array().unwrap().is_empty());
    office.close().await;
}

#[tokio::test]
async fn what_was_denied_is_not_granted() {
    let office = Office::start().await;
    let room = office.room("Board Room").await;
    let denied = office.install_without(MANIFEST, &["spark:xapi_commands"]).await;
    let integration = denied.builder().long_polling().connect().await.unwrap();
    assert!(
        !integration
            .grants()
            .may_command("UserInterface.Message.Alert.Display")
    );
    let refused = integration
        .device(room.device().id())
        .alert("Hi")
        .show()
        .await
        .unwrap_err();
    assert!(matches!(refused, Error::Permission { .. }), "{refused:?}");
    assert!(room.device().commands().is_empty());
    office.close().await;
}

#[tokio::test]
async fn faults_strike_whom_they_should_and_are_counted() {
    let office = Office::start().await;
    office.room("Board Room").await;
    let storm = office
        .fault(Fault::status(503).on("GET /v1/devices").times(2))
        .await;
    for _ in 0..2 {
        office.admin().devices().list().all().await.unwrap_err();
    }
    assert_eq!(office.admin().devices().list().all().await.unwrap().len(), 1);
    assert_eq!(storm.hits().await, 2);
    office.close().await;
}

/// A platform that comes back finds its devices and integrations, and what was not fetched yet.
#[tokio::test]
async fn a_restart_keeps_everything_that_was_acknowledged() {
    let mut office = Office::builder().durable().start().await;
    let room = office.room("Board Room").await;
    let installed = office.install(MANIFEST).await;
    let store = Arc::new(MemoryStore::default());
    let integration = installed
        .builder()
        .store(store)
        .long_polling()
        .connect()
        .await
        .unwrap();
    room.device().set("RoomAnalytics.PeopleCount.Current", 1).await;
    office.restart().await;
    room.device().set("RoomAnalytics.PeopleCount.Current", 2).await;
    let (sender, mut counts) = mpsc::unbounded_channel();
    let handlers = Handlers::new().on_status(
        "RoomAnalytics.PeopleCount.Current",
        move |Value(count): Value<i64>| {
            sender.send(count).unwrap();
            async {}
        },
    );
    let running = tokio::spawn(handlers.run(integration.poll().unwrap()));
    let mut heard = Vec::new();
    while heard.last() != Some(&2) {
        heard.push(within("a count", counts.recv()).await.unwrap());
    }
    assert!(heard.contains(&1), "{heard:?}");
    installed.heard_everything().await;
    running.abort();
    office.close().await;
}
