//! Touch panels, sensors and control systems that are connected to a device.

use std::time::Duration;

use hallway_xapi::rpc::RpcError;
use serde_json::{Map, Value, json};

use super::{Args, Outcome, done, failed, web_app, with};
use crate::agenda::Task;
use crate::state::{State, key};

/// Peripherals that one device takes.
const MOST: usize = 64;
/// Numbers of peripherals that connect start above this.
const FIRST: u32 = 1001;

pub(crate) fn run(state: &mut State, command: &str, args: &Args) -> Option<Outcome> {
    let outcome = perform(state, command, args);
    // Who is there and in which mode decides who shows the web app.
    web_app::follow(state);
    outcome
}

fn perform(state: &mut State, command: &str, args: &Args) -> Option<Outcome> {
    Some(match command {
        "Peripherals.Connect" => connect(state, args),
        "Peripherals.HeartBeat" => find(state, args.text("ID")).and_then(|index| {
            state.set(
                &format!("Peripherals.ConnectedDevice[{index}].Status"),
                "Connected",
            );
            watch(state, index, args.number("Timeout"));
            done()
        }),
        "Peripherals.Purge" => find(state, args.text("ID")).and_then(|index| {
            remove(state, index);
            done()
        }),
        "Peripherals.List" => list(state, args),
        "Peripherals.TouchPanel.Configure" => configure_panel(state, args),
        _ => return None,
    })
}

fn connect(state: &mut State, args: &Args) -> Outcome {
    let there = state.indexes("Peripherals.ConnectedDevice");
    let index = match find(state, args.text("ID")) {
        Ok(index) => index,
        Err(_) if there.len() >= MOST => return Err(failed("the device has as many peripherals as it can")),
        Err(_) => (FIRST..).find(|n| !there.contains(n)).unwrap_or(FIRST),
    };
    let node = format!("Peripherals.ConnectedDevice[{index}]");
    for name in [
        "HardwareInfo",
        "ID",
        "Name",
        "NetworkAddress",
        "SerialNumber",
        "SoftwareInfo",
        "Type",
    ] {
        if let Some(value) = args.given(name) {
            state.set(&format!("{node}.{name}"), value);
        }
    }
    state.set(&format!("{node}.Status"), "Connected");
    watch(state, index, None);
    done()
}

/// A peripheral that is not heard of for some seconds counts as lost.
fn watch(state: &mut State, index: u32, seconds: Option<i64>) {
    let seconds = seconds
        .and_then(|seconds| u64::try_from(seconds).ok())
        .unwrap_or(60);
    state.plan(Task::Peripheral(index), Duration::from_secs(seconds));
}

pub(crate) fn time_is_up(state: &mut State, index: u32) {
    let node = format!("Peripherals.ConnectedDevice[{index}]");
    if state.get(&format!("{node}.ID")).is_some() {
        state.set(&format!("{node}.Status"), "LostConnection");
        web_app::follow(state);
    }
}

/// Puts a touch panel into a mode, and says where it hangs.
fn configure_panel(state: &mut State, args: &Args) -> Outcome {
    let index = find(state, args.text("ID"))?;
    let node = format!("Peripherals.ConnectedDevice[{index}]");
    if !is_panel(state.text(&format!("{node}.Type"))) {
        return Err(failed("the peripheral with this ID is no touch panel"));
    }
    if let Some(location) = args.given("Location") {
        state.set(&format!("{node}.Location"), location);
    }
    if let Some(mode) = args.given("Mode") {
        state.set(&format!("{node}.Type"), panel_type(mode));
        state.web_apps.modes.insert(index, mode.to_owned());
    }
    done()
}

/// The type under which a panel in a mode is listed.
fn panel_type(mode: &str) -> &str {
    if mode == "Controller" { "TouchPanel" } else { mode }
}

/// Whether peripherals of this type are touch panels, in whatever mode.
pub(crate) fn is_panel(kind: &str) -> bool {
    matches!(kind, "TouchPanel" | "RoomScheduler" | "PersistentWebApp")
}

fn remove(state: &mut State, index: u32) {
    let node = format!("Peripherals.ConnectedDevice[{index}]");
    let text = |leaf: &str| state.text(&format!("{node}.{leaf}")).to_owned();
    let event = json!({ "ID": text("ID"), "SerialNumber": text("SerialNumber"), "Type": text("Type") });
    state.agenda.cancel(Task::Peripheral(index));
    state.web_apps.modes.remove(&index);
    state.remove(&node);
    state.emit("Peripherals.PeripheralRemoved", event);
}

fn find(state: &State, id: &str) -> Result<u32, RpcError> {
    let there = state.indexes("Peripherals.ConnectedDevice");
    let found = there
        .into_iter()
        .find(|n| state.text(&format!("Peripherals.ConnectedDevice[{n}].ID")) == id);
    found.ok_or_else(|| failed("there is no peripheral with this ID"))
}

fn list(state: &State, args: &Args) -> Outcome {
    let mut devices = Vec::new();
    for index in state.indexes("Peripherals.ConnectedDevice") {
        let node = key(&format!("Peripherals.ConnectedDevice[{index}]"));
        let mut item = Map::from_iter([("id".to_owned(), json!(index))]);
        for (leaf, value) in state.below(&node) {
            if let [_, _, last] = leaf.segments() {
                item.insert(last.name.to_string(), value.clone());
            }
        }
        let kind = args.text("Type");
        let fits_type = kind.is_empty() || kind == "All" || item.get("Type") == Some(&Value::from(kind));
        let connected = item.get("Status") == Some(&Value::from("Connected"));
        if fits_type
            && args
                .given("Connected")
                .is_none_or(|_| args.is_true("Connected") == connected)
        {
            devices.push(Value::Object(item));
        }
    }
    with(json!({ "Device": devices }))
}

/// An address on the network of the office, which follows from the panel's own.
fn address_of(mac: &str) -> String {
    let bytes = mac
        .split(':')
        .map(|byte| u8::from_str_radix(byte, 16).unwrap_or(1));
    let last: Vec<String> = bytes.rev().take(3).map(|byte| byte.to_string()).collect();
    format!("10.{}", last.join("."))
}

/// The touch panels that the device was made with.
pub(crate) fn fill_in(state: &mut State) {
    for panel in state.spec.panels.clone() {
        let node = format!("Peripherals.ConnectedDevice[{}]", panel.index);
        let address = address_of(&panel.mac);
        let mode = state.web_apps.modes.get(&panel.index).cloned();
        let kind = panel_type(mode.as_deref().unwrap_or("Controller")).to_owned();
        for (leaf, value) in [
            ("HardwareInfo", "Cisco Room Navigator"),
            ("ID", panel.mac.as_str()),
            ("Location", "InsideRoom"),
            ("Name", panel.name.as_str()),
            ("NetworkAddress", address.as_str()),
            ("SerialNumber", panel.serial.as_str()),
            ("Status", "Connected"),
            ("Type", kind.as_str()),
            ("UpgradeStatus", "None"),
        ] {
            state.set(&format!("{node}.{leaf}"), value);
        }
    }
}
