//! The xAPI, the notices of it, and what an integration is, against a whole Hallway.

use std::sync::Arc;

use hallway_sdk::notify::{At, FullSync};
use hallway_sdk::tokens::FileStore;
use hallway_sdk::{Handlers, Integration, Value};
use hallway_testing::{Office, within};
use serde_json::json;
use tokio::sync::mpsc;

use crate::MANIFEST;

const ALL: &str = r#"{
    "id": "1d2b7c33-41c8-4d38-8f2a-6a0b1f7cbb10",
    "manifestVersion": 1,
    "displayName": "Everything",
    "vendor": "Tests",
    "email": "tests@example.com",
    "description": "Uses what there is.",
    "availability": "org_private",
    "apiAccess": [
        { "scope": "spark-admin:devices_read", "access": "required", "role": "id_readonly_admin" },
        { "scope": "spark-admin:devices_write", "access": "required", "role": "id_device_admin" },
        { "scope": "spark:xapi_statuses", "access": "required" },
        { "scope": "spark:xapi_commands", "access": "required" }
    ],
    "xapiAccess": {
        "status": [{ "path": "*", "access": "required" }],
        "commands": [{ "path": "*", "access": "required" }],
        "events": [{ "path": "*", "access": "required" }]
    },
    "provisioning": { "type": "manual" }
}"#;

async fn connected(office: &Office, manifest: &str) -> Integration {
    office
        .install(manifest)
        .await
        .builder()
        .long_polling()
        .connect()
        .await
        .unwrap()
}

#[tokio::test]
async fn common_commands_have_methods() {
    let office = Office::start().await;
    let room = office.make(Office::plan_room("Board Room").navigator()).await;
    let integration = connected(&office, ALL).await;
    let device = integration.device(room.device().id());
    device
        .rating("How was it?")
        .feedback_id("call-7")
        .duration(20)
        .show()
        .await
        .unwrap();
    device
        .prompt("Are you here?")
        .options(["Yes", "No"])
        .feedback_id("check-in")
        .show()
        .await
        .unwrap();
    device
        .text_input("What is broken?")
        .feedback_id("report")
        .show()
        .await
        .unwrap();
    let panel = r#"<Extensions><Panel><Order>1</Order><Type>Statusbar</Type><Name>Lights</Name>
        <ActivityType>Custom</ActivityType><Page><Name>Lights</Name><Row><Name>Light</Name>
        <Widget><WidgetId>dimmer</WidgetId><Type>Slider</Type><Options>size=4</Options></Widget></Row></Page>
        </Panel></Extensions>"#;
    device.save_panel("lights", panel).await.unwrap();
    device.set_widget("dimmer", 128).await.unwrap();
    device
        .show_page("https://example.com/menu", Some("Menu"))
        .await
        .unwrap();
    device.set_volume(40).await.unwrap();
    device.mute_microphones(true).await.unwrap();
    room.device().has("Audio.Volume", 40).await;
    room.device().has("Audio.Microphones.Mute", "On").await;
    let call = device.dial("someone@example.com").await.unwrap();
    assert!(
        call.result
            .as_ref()
            .is_some_and(|result| result.get("CallId").is_some()),
        "{call:?}"
    );
    device.hang_up(None).await.unwrap();
    let ran: Vec<String> = room
        .device()
        .commands()
        .into_iter()
        .map(|ran| ran.command)
        .collect();
    for command in [
        "UserInterface.Message.Rating.Display",
        "UserInterface.Message.Prompt.Display",
        "UserInterface.Message.TextInput.Display",
        "UserInterface.Extensions.Panel.Save",
        "UserInterface.Extensions.Widget.SetValue",
        "UserInterface.WebView.Display",
        "Dial",
        "Call.Disconnect",
    ] {
        assert!(ran.iter().any(|it| it == command), "{command} is not in {ran:?}");
    }
    let saved = room.device().ran("UserInterface.Extensions.Panel.Save").await;
    assert_eq!(saved.body, Some(json!(panel)), "the text of several lines");
    office.close().await;
}

#[tokio::test]
async fn configurations_and_the_schema() {
    let office = Office::start().await;
    let room = office.room("Board Room").await;
    let integration = connected(&office, ALL).await;
    let device = integration.device(room.device().id());
    device
        .configure()
        .set("Audio.DefaultVolume", 70)
        .apply()
        .await
        .unwrap();
    assert_eq!(
        device.configuration::<u8>("Audio.DefaultVolume").await.unwrap(),
        70
    );
    device
        .configure()
        .reset("Audio.DefaultVolume")
        .apply()
        .await
        .unwrap();
    assert_ne!(
        device.configuration::<u8>("Audio.DefaultVolume").await.unwrap(),
        70
    );
    let schema = integration
        .client()
        .schema([room.device().id()])
        .commands("Dial")
        .read()
        .await
        .unwrap();
    assert_eq!(schema.len(), 1);
    office.close().await;
}

/// The first thing that an integration hears of a device is everything; later only what changed.
#[tokio::test]
async fn a_full_sync_is_told_from_a_change() {
    let office = Office::start().await;
    let room = office.room("Board Room").await;
    room.device().set("RoomAnalytics.PeopleCount.Current", 2).await;
    let integration = connected(&office, MANIFEST).await;
    let (sender, mut heard) = mpsc::unbounded_channel();
    let counted = move |Value(count): Value<i64>, FullSync(full): FullSync, At(at): At| {
        sender.send((count, full, at)).unwrap();
        async {}
    };
    let handlers = Handlers::new().on_status("RoomAnalytics.PeopleCount.Current", counted);
    let running = tokio::spawn(handlers.run(integration.poll().unwrap()));
    let (count, full, first) = within("the full sync", heard.recv()).await.unwrap();
    assert_eq!((count, full), (2, true));
    room.device().set("RoomAnalytics.PeopleCount.Current", 3).await;
    let (count, full, second) = within("the change", heard.recv()).await.unwrap();
    assert_eq!((count, full), (3, false));
    assert!(second.millis() > first.millis());
    running.abort();
    office.close().await;
}

/// One device whose handler waits does not hold up another.
#[tokio::test]
async fn devices_do_not_wait_for_each_other() {
    let office = Office::start().await;
    let (slow, quick) = (office.room("Slow").await, office.room("Quick").await);
    let integration = connected(&office, MANIFEST).await;
    let (sender, mut heard) = mpsc::unbounded_channel();
    let gate = Arc::new(tokio::sync::Semaphore::new(0));
    let opened = Arc::clone(&gate);
    let slow_id = slow.device().id();
    let clicked = move |device: hallway_sdk::Device| {
        let (sender, gate, waits) = (sender.clone(), Arc::clone(&gate), *device.id() == slow_id);
        async move {
            if waits {
                let _open = gate.acquire().await;
            }
            sender.send(waits).unwrap();
        }
    };
    let handlers = Handlers::new().on_event("UserInterface.Extensions.Panel.Clicked", clicked);
    let panel = json!({ "PanelId": "x" });
    slow.device()
        .emit("UserInterface.Extensions.Panel.Clicked", panel.clone())
        .await;
    quick
        .device()
        .emit("UserInterface.Extensions.Panel.Clicked", panel)
        .await;
    let running = tokio::spawn(handlers.run(integration.poll().unwrap()));
    assert!(!within("the quick one", heard.recv()).await.unwrap());
    opened.add_permits(1);
    assert!(within("the slow one", heard.recv()).await.unwrap());
    running.abort();
    office.close().await;
}

#[tokio::test]
async fn an_integration_reads_its_manifest_and_leaves() {
    let office = Office::start().await;
    let installed = office.install(MANIFEST).await;
    let folder = tempfile::tempdir().unwrap();
    let store = || Arc::new(FileStore::new(folder.path()));
    let integration = installed
        .builder()
        .store(store())
        .long_polling()
        .connect()
        .await
        .unwrap();
    let manifest = integration.manifest().await.unwrap();
    assert_eq!(manifest["displayName"], "Ledger");
    integration.deactivate().await.unwrap();
    assert!(integration.ended());
    let again = installed
        .builder()
        .activation_code(None)
        .store(store())
        .connect()
        .await;
    assert!(again.is_err(), "nothing is kept of an activation that is over");
    office.close().await;
}
