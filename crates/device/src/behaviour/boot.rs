//! Starting, restarting, shutting down.

use std::time::Duration;

use hallway_xapi::rpc::RpcError;
use serde_json::json;

use super::{
    Args, Outcome, audio, bookings, cameras, done, extensions, failed, peripherals, rooms, signage, standby,
    time_text, web_app, with,
};
use crate::agenda::Task;
use crate::state::{Power, State};

pub(crate) fn run(state: &mut State, command: &str, args: &Args) -> Option<Outcome> {
    Some(match command {
        "SystemUnit.Boot" => {
            let to = if args.text("Action") == "Shutdown" {
                Power::Off
            } else {
                Power::Booting
            };
            order(state, to).and_then(|()| done())
        }
        "SystemUnit.Notifications.RemoveAll" => {
            state.remove("SystemUnit.Notifications");
            done()
        }
        "SystemUnit.FirstTimeWizard.Stop" => done(),
        "Time.DateTime.Get" => date_and_time(state.now_ms),
        "SystemUnit.DeveloperPreview.Activate" => {
            state.set("SystemUnit.DeveloperPreview.Mode", "On");
            done()
        }
        "SystemUnit.DeveloperPreview.Deactivate" => {
            state.set("SystemUnit.DeveloperPreview.Mode", "Off");
            done()
        }
        _ => return None,
    })
}

/// The clock, in parts.
fn date_and_time(now_ms: i64) -> Outcome {
    let text = time_text(now_ms);
    let mut parts = text
        .split(|c: char| !c.is_ascii_digit())
        .filter_map(|part| part.parse::<i64>().ok());
    let mut next = || parts.next().unwrap_or_default();
    let (year, month, day) = (next(), next(), next());
    with(
        json!({ "Year": year, "Month": month, "Day": day, "Hour": next(), "Minute": next(), "Second": next() }),
    )
}

/// Tells that the device goes down, which it does as soon as this was told.
pub(crate) fn order(state: &mut State, to: Power) -> Result<(), RpcError> {
    if state.power != Power::On {
        return Err(failed("the device is going down already"));
    }
    let action = if to == Power::Off { "Shutdown" } else { "Restart" };
    state.emit("BootEvent", json!({ "Action": action }));
    state.going_to = to;
    state.plan(Task::PowerDown, Duration::ZERO);
    Ok(())
}

pub(crate) fn power_down(state: &mut State) {
    if state.power != Power::On {
        return;
    }
    state.power = state.going_to;
    state.agenda.clear();
    if state.power == Power::Booting {
        let boot = state.pace.boot;
        state.plan(Task::PowerUp, boot);
    }
}

pub(crate) fn power_up(state: &mut State) {
    state.power = Power::On;
    state.restart();
}

/// Sets what a device shows right after it started.
pub(crate) fn fill_in(state: &mut State) {
    let spec = state.spec.clone();
    let (_, calls) = spec.product.limits();
    let volume = audio::default_volume(state);
    let version = spec.software.trim_start_matches("RoomOS ");
    for (path, value) in [
        ("Audio.Volume", json!(volume)),
        ("Audio.VolumeInternal", json!(volume)),
        ("Audio.VolumeMute", json!("Off")),
        ("Audio.Microphones.Mute", json!("Off")),
        ("Audio.Microphones.MusicMode", json!("Off")),
        ("Audio.Microphones.NoiseRemoval", json!("Off")),
        ("Audio.SelectedDevice", json!("Internal")),
        ("Capabilities.Conference.MaxActiveCalls", json!(calls)),
        ("Capabilities.Conference.MaxCalls", json!(calls)),
        ("Capabilities.Conference.MaxVideoCalls", json!(calls)),
        ("Conference.DoNotDisturb", json!("Inactive")),
        ("Conference.Presentation.Mode", json!("Off")),
        ("Conference.SpeakerLock.Mode", json!("Auto")),
        ("Conference.SelectedCallProtocol", json!("Spark")),
        ("MicrosoftTeams.Calling.InCall", json!("False")),
        ("MicrosoftTeams.Pairing.Active", json!("False")),
        ("MicrosoftTeams.User.SignedIn", json!("False")),
        ("Network[1].ActiveInterface", json!("LAN")),
        ("Network[1].Ethernet.MacAddress", json!(spec.mac)),
        ("Network[1].Ethernet.Speed", json!("1000full")),
        ("Network[1].IPv4.Address", json!(spec.ip)),
        ("Network[1].IPv4.SubnetMask", json!("255.255.255.0")),
        ("Provisioning.Status", json!("Provisioned")),
        ("Proximity.Services.Availability", json!("Available")),
        ("Standby.Level", json!("None")),
        ("Standby.State", json!("Off")),
        ("SystemUnit.BroadcastName", json!(spec.name)),
        ("SystemUnit.DeveloperPreview.Mode", json!("Off")),
        ("SystemUnit.Hardware.HasWifi", json!("True")),
        ("SystemUnit.Hardware.Module.SerialNumber", json!(spec.serial)),
        (
            "SystemUnit.Hardware.Monitoring.Temperature.Status",
            json!("Normal"),
        ),
        ("SystemUnit.ProductId", json!(spec.product.display_name())),
        (
            "SystemUnit.ProductPlatform",
            json!(spec.product.display_name().trim_start_matches("Cisco ")),
        ),
        ("SystemUnit.ProductType", json!("Cisco Codec")),
        ("SystemUnit.Software.DisplayName", json!(spec.software)),
        ("SystemUnit.Software.Name", json!("s53200")),
        ("SystemUnit.Software.Version", json!(format!("ce{version}"))),
        ("SystemUnit.State.CameraLid", json!("Open")),
        ("SystemUnit.State.NumberOfActiveCalls", json!(0)),
        ("SystemUnit.State.NumberOfInProgressCalls", json!(0)),
        ("SystemUnit.State.NumberOfSuspendedCalls", json!(0)),
        ("SystemUnit.State.System", json!("Initialized")),
        ("UserInterface.ContactInfo.Name", json!(spec.name)),
        (
            "UserInterface.ContactInfo.ContactMethod[1].Number",
            json!(spec.sip_uri),
        ),
        ("UserInterface.LedControl.Color", json!("Off")),
        ("Video.Input.MainVideoMute", json!("Off")),
        ("Video.Input.MainVideoSource", json!("1")),
        ("Video.Selfview.FullscreenMode", json!("Off")),
        ("Video.Selfview.Mode", json!("Off")),
        (
            "Webex.DevicePersonalization.Hotdesking.SessionStatus",
            json!("Available"),
        ),
        ("Webex.Meetings.JoinProtocol", json!("Webex")),
        ("Webex.Status", json!("Registered")),
    ] {
        state.set(path, value);
    }
    peripherals::fill_in(state);
    rooms::fill_in(state);
    cameras::fill_in(state);
    extensions::fill_in(state);
    bookings::fill_in(state);
    standby::plan(state);
    signage::follow(state);
    web_app::follow(state);
    state.refresh();
}
