//! Panels in the demo office, with a simulated building and with one behind a broker.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod broker;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use broker::Broker;
use hallway_sdk::client::RetryPolicy;
use hallway_sdk::notify::PollOptions;
use hallway_sdk::tokens::FileStore;
use hallway_testing::{Fault, Installed, Office, TestDevice, eventually};
use room_controls::{Building, Order, PANEL, PANEL_ID, Settings, mqtt, run, simulate};
use serde_json::{Value, json};
use tokio::task::JoinSet;

const MANIFEST: &str = include_str!("../../manifest.json");
const EVERY: Duration = Duration::from_secs(60);
const SAVE: &str = "UserInterface.Extensions.Panel.Save";

/// The integration and a building, running.
struct Running {
    building: Arc<Building>,
    tasks: JoinSet<()>,
}

impl Running {
    async fn start(installed: &Installed, state: &Path, broker: Option<&Broker>) -> Self {
        let store = Arc::new(FileStore::new(state));
        let builder = installed.builder().store(store).retry(RetryPolicy::never()).long_polling();
        let integration = builder.connect().await.unwrap();
        let _ = tracing_subscriber::fmt().with_test_writer().try_init();
        let (building, orders) = Building::new();
        let (working, clock, folder) =
            (Arc::clone(&building), Arc::clone(integration.clock()), state.to_owned());
        let mut tasks = JoinSet::new();
        if let Some(broker) = broker {
            let (host, port) = (broker.address.ip().to_string(), broker.address.port());
            let broker = room_controls::Broker { host, port, login: None, prefix: "building".to_owned() };
            tasks.spawn(async move { mqtt(&working, orders, broker).await });
        } else {
            tasks.spawn(async move { simulate(&working, orders, &folder, &*clock).await.unwrap() });
        }
        let settings =
            Settings { tag: Some("wi-demo".to_owned()), every: EVERY, poll: PollOptions::default() };
        let running = run(integration, Arc::clone(&building), settings);
        tasks.spawn(async move { running.await.unwrap() });
        Self { building, tasks }
    }

    /// A switch on the wall.
    fn switch(&self, name: &str, percent: u8) {
        assert!(self.building.ask(Order::Set(name.to_owned(), percent)));
    }

    async fn stop(mut self) {
        self.tasks.shutdown().await;
    }
}

/// Waits until a widget shows something.
async fn shows(device: &TestDevice, widget: &str, value: &str) {
    let id = format!("room-controls-{widget}");
    let what = format!("{widget} = {value:?} on {}", device.name());
    eventually(&what, async || {
        let all = device.status("UserInterface.Extensions.Widget").await;
        let all = all.as_array().cloned().unwrap_or_default();
        all.iter().any(|it| it["WidgetId"] == id && it["Value"] == value).then_some(())
    })
    .await;
}

async fn touch(device: &TestDevice, widget: &str, gesture: &str, value: impl Into<Value>) {
    let told =
        json!({ "WidgetId": format!("room-controls-{widget}"), "Type": gesture, "Value": value.into() });
    device.emit("UserInterface.Extensions.Widget.Action", told).await;
}

#[tokio::test]
async fn lights_and_shades_of_the_simulated_building() {
    let office = Office::demo().await;
    let state = tempfile::tempdir().unwrap();
    let installed = office.install(MANIFEST).await;
    let running = Running::start(&installed, state.path(), None).await;
    let kittiwake = office.room("Kittiwake").await;
    let device = kittiwake.device();
    shows(device, "lights", "off").await;
    shows(device, "message", "Shades 0 % closed.").await;

    touch(device, "lights", "changed", "on").await;
    shows(device, "lights", "on").await;
    touch(device, "level", "released", 128).await;
    shows(device, "level", "127").await;
    // Down to nothing is off.
    touch(device, "level", "released", "0").await;
    shows(device, "lights", "off").await;

    // Shades take their time, and the panel follows them.
    touch(device, "shades", "pressed", "half").await;
    for step in 1..=10 {
        // The look at the fleet, the shades, and for three seconds the check whether the building did as it was asked.
        office.clock().sleepers(if step <= 3 { 3 } else { 2 }).await;
        office.clock().advance(Duration::from_secs(1)).await;
        shows(device, "message", &format!("Shades {} % closed.", step * 5)).await;
    }
    shows(device, "shades", "half").await;

    // A switch on the wall.
    running.switch("kittiwake/lights", 100);
    shows(device, "lights", "on").await;

    // A room of its own is not touched by what happens in another one; a device without the tag has no panel.
    let skerry = office.room("Skerry").await;
    shows(skerry.device(), "lights", "off").await;
    let gannet = office.room("Gannet").await;
    assert!(gannet.device().commands().iter().all(|ran| ran.command != SAVE));

    // After a restart everything is as it was; a touch that waited for too long is not carried out.
    running.stop().await;
    touch(device, "lights", "changed", "off").await;
    office.clock().advance(Duration::from_secs(120)).await;
    let running = Running::start(&installed, state.path(), None).await;
    device.ran_times(SAVE, 2).await;
    installed.heard_everything().await;
    shows(device, "lights", "on").await;
    shows(device, "shades", "half").await;
    running.stop().await;
    office.close().await;
}

#[tokio::test]
async fn a_device_that_comes_back_is_put_right() {
    let office = Office::demo().await;
    let state = tempfile::tempdir().unwrap();
    let installed = office.install(MANIFEST).await;
    let running = Running::start(&installed, state.path(), None).await;
    let room = office.room("Kittiwake").await;
    let device = room.device();
    shows(device, "message", "Shades 0 % closed.").await;
    let away = office.fault(Fault::offline().at(device)).await;
    running.switch("kittiwake/lights", 100);
    away.struck(1).await;
    away.lift().await;
    eventually("the panel is put there again", async || {
        office.clock().advance(EVERY).await;
        (device.commands().iter().filter(|ran| ran.command == SAVE).count() == 2).then_some(())
    })
    .await;
    shows(device, "lights", "on").await;
    // Somebody takes the panel away: opening another page shows that, and it is put back after the next look.
    device.run("UserInterface.Extensions.Panel.Remove", json!({ "PanelId": PANEL_ID })).await;
    eventually("the panel is put back", async || {
        office.clock().advance(EVERY).await;
        (device.commands().iter().filter(|ran| ran.command == SAVE).count() == 3).then_some(())
    })
    .await;
    shows(device, "lights", "on").await;
    running.stop().await;
    office.close().await;
}

#[tokio::test]
async fn a_building_behind_a_broker() {
    let office = Office::demo().await;
    let state = tempfile::tempdir().unwrap();
    let installed = office.install(MANIFEST).await;
    let mut broker = Broker::start().await;
    for (thing, value) in [("lights", "OFF"), ("level", "40"), ("shades", "100")] {
        broker.report(&format!("building/board-room/{thing}"), value);
    }
    let running = Running::start(&installed, state.path(), Some(&broker)).await;
    let room = office.room("Board Room").await;
    let device = room.device();
    broker.heard("building/room-controls/status", "online").await;
    shows(device, "level", "102").await;
    shows(device, "shades", "closed").await;
    let kittiwake = office.room("Kittiwake").await;
    shows(kittiwake.device(), "message", "The building does not know this room.").await;

    // The touch is an order; the panel shows it when the building has done it.
    touch(device, "lights", "changed", "on").await;
    broker.heard("building/board-room/lights/set", "ON").await;
    broker.report("building/board-room/lights", "ON");
    shows(device, "lights", "on").await;
    // An order that the building does not follow is taken back on the panel after a while.
    device
        .run(
            "UserInterface.Extensions.Widget.SetValue",
            json!({ "WidgetId": "room-controls-level", "Value": "255" }),
        )
        .await;
    touch(device, "level", "released", "255").await;
    broker.heard("building/board-room/level/set", "100").await;
    eventually("the level as it was", async || {
        office.clock().advance(Duration::from_secs(1)).await;
        let all = device.status("UserInterface.Extensions.Widget").await;
        let all = all.as_array().cloned().unwrap_or_default();
        all.iter().any(|it| it["WidgetId"] == "room-controls-level" && it["Value"] == "102").then_some(())
    })
    .await;
    // A switch on the wall, and a gateway that goes and comes.
    broker.report("building/board-room/lights", "OFF");
    shows(device, "lights", "off").await;
    broker.report("building/status", "offline");
    let gone = "The building does not answer. Nothing can be changed now.";
    shows(device, "message", gone).await;
    broker.report("building/status", "online");
    shows(device, "message", "Shades 100 % closed.").await;

    // The broker is away: a touch is taken back on the panel, and not carried out later.
    broker.close().await;
    shows(device, "message", gone).await;
    device
        .run(
            "UserInterface.Extensions.Widget.SetValue",
            json!({ "WidgetId": "room-controls-lights", "Value": "on" }),
        )
        .await;
    touch(device, "lights", "changed", "on").await;
    shows(device, "lights", "off").await;
    let before = broker.log().len();
    broker.report("building/board-room/shades", "50");
    broker.open().await;
    shows(device, "shades", "half").await;
    let orders: Vec<_> =
        broker.log().split_off(before).into_iter().filter(|(topic, _)| topic.ends_with("/set")).collect();
    assert_eq!(orders, []);
    running.stop().await;
    office.close().await;
}

#[tokio::test]
async fn without_the_permission_for_panels_one_is_put_there_by_hand() {
    let office = Office::demo().await;
    let state = tempfile::tempdir().unwrap();
    let installed = office.install_without(MANIFEST, &[SAVE]).await;
    let room = office.room("Kittiwake").await;
    let device = room.device();
    device.run(SAVE, json!({ "PanelId": PANEL_ID, "body": PANEL })).await;
    let running = Running::start(&installed, state.path(), None).await;
    shows(device, "lights", "off").await;
    touch(device, "lights", "changed", "on").await;
    shows(device, "lights", "on").await;
    assert_eq!(device.commands().iter().filter(|ran| ran.command == SAVE).count(), 1);
    running.stop().await;
    office.close().await;
}
