//! What a device does when it is told something, or by itself: one module for each part of it.
//!
//! A command that the catalogue has and no module here knows is refused: the simulator does not claim to have
//! done what it did not do. [`QUIET`] lists the few whose effect nobody could see anyway.

pub(crate) mod audio;
pub(crate) mod bookings;
pub(crate) mod boot;
pub(crate) mod calls;
pub(crate) mod cameras;
pub(crate) mod extensions;
pub(crate) mod extensions_xml;
pub(crate) mod history;
pub(crate) mod macros;
pub(crate) mod messages;
pub(crate) mod peripherals;
pub(crate) mod presentation;
pub(crate) mod rooms;
pub(crate) mod signage;
pub(crate) mod standby;
pub(crate) mod video;
pub(crate) mod web_app;
pub(crate) mod webview;

use hallway_xapi::key::Key;
use hallway_xapi::rpc::{RpcError, code};
use http::Uri;
use serde_json::{Map, Value};

use crate::agenda::Task;
use crate::state::State;

/// What a command brings back, beside `"status": "OK"`.
pub(crate) type Outcome = Result<Map<String, Value>, RpcError>;

/// The checked arguments of a command, defaults filled in, and its body.
#[derive(Debug, Default)]
pub(crate) struct Args {
    pub(crate) values: Map<String, Value>,
    pub(crate) body: Option<Value>,
}

impl Args {
    /// A text argument; empty where it was not given.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.values.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// A text argument that was given and is not empty.
    pub(crate) fn given(&self, name: &str) -> Option<&str> {
        Some(self.text(name)).filter(|text| !text.is_empty())
    }

    pub(crate) fn number(&self, name: &str) -> Option<i64> {
        self.values.get(name).and_then(Value::as_i64)
    }

    pub(crate) fn is_true(&self, name: &str) -> bool {
        self.text(name).eq_ignore_ascii_case("True")
    }

    /// The body as text.
    pub(crate) fn body_text(&self) -> &str {
        self.body.as_ref().and_then(Value::as_str).unwrap_or_default()
    }
}

/// Commands whose effect is a sound, a light or a movement that no status shows.
const QUIET: &[&str] = &[
    "Audio.Sound.Play",
    "Audio.Sound.Stop",
    "Audio.SoundsAndAlerts.Ringtone.Play",
    "Audio.SoundsAndAlerts.Ringtone.Stop",
    "Audio.VuMeter.Start",
    "Audio.VuMeter.Stop",
    "Audio.VuMeter.StopAll",
    "Camera.Ramp",
    "Camera.TriggerAutofocus",
    "Video.Graphics.Clear",
    "Video.Graphics.Text.Display",
    "Video.Matrix.Reset",
];

/// Runs a command, whose arguments were checked. `command` is its canonical key.
pub(crate) fn run(state: &mut State, command: &str, args: &Args) -> Outcome {
    if QUIET.contains(&command) {
        return done();
    }
    let family = command.split('.').next().unwrap_or_default();
    let outcome = match family {
        "Audio" => audio::run(state, command, args),
        "Bookings" => bookings::run(state, command, args),
        "Call" | "Dial" | "Webex" | "WebRTC" => calls::run(state, command, args),
        "CallHistory" => history::run(state, command, args),
        "Camera" | "Cameras" | "RoomPreset" => cameras::run(state, command, args),
        "Macros" => macros::run(state, command, args),
        "Peripherals" => peripherals::run(state, command, args),
        "Presentation" => presentation::run(state, command, args),
        "Standby" => standby::run(state, command, args),
        "SystemUnit" | "Time" => boot::run(state, command, args),
        "Conference" | "Video" | "Message" | "Proximity" => video::run(state, command, args),
        "UserInterface" if command.starts_with("UserInterface.Message.") => {
            messages::run(state, command, args)
        }
        "UserInterface" if command.starts_with("UserInterface.Extensions.") => {
            extensions::run(state, command, args)
        }
        "UserInterface" | "WebEngine" => webview::run(state, command, args),
        _ => None,
    };
    outcome.unwrap_or_else(|| Err(failed("not supported by the simulator")))
}

/// Does what was planned.
pub(crate) fn run_task(state: &mut State, task: Task) {
    match task {
        Task::PowerDown => boot::power_down(state),
        Task::PowerUp => boot::power_up(state),
        Task::Call(id) => calls::go_on(state, id),
        Task::ClearMessage(kind) => messages::time_is_up(state, kind),
        Task::Bookings => bookings::follow_clock(state),
        Task::Halfwake => standby::fall_half_asleep(state),
        Task::Standby => standby::fall_asleep(state),
        Task::Signage => signage::reload(state),
        Task::DoNotDisturb => video::end_do_not_disturb(state),
        Task::Peripheral(index) => peripherals::time_is_up(state, index),
    }
}

/// Does what follows from a configuration.
pub(crate) fn configured(state: &mut State, key: &Key) {
    let path = key.to_string();
    match path.split('.').next().unwrap_or_default() {
        "Standby" if path == "Standby.Signage.RefreshInterval" => signage::plan_refresh(state),
        "Standby" if path.starts_with("Standby.Signage.") => signage::follow(state),
        "Standby" => standby::plan(state),
        "WebEngine" => {
            signage::follow(state);
            web_app::follow(state);
        }
        "NetworkServices" | "Security" | "UserInterface" => web_app::follow(state),
        _ => {}
    }
}

/// Does what follows from a status that a test hook set or removed.
pub(crate) fn observed(state: &mut State, key: &Key) {
    match key.segments() {
        [first, ..] if first.name == "Standby" => signage::follow(state),
        // Not what a peripheral senses, which changes all the time.
        [first, ..] if first.name == "Peripherals" && key.segments().len() <= 3 => web_app::follow(state),
        _ => {}
    }
}

/// Whether a text can be the address of a page.
pub(crate) fn is_web_address(url: &str) -> bool {
    url.parse::<Uri>().is_ok_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some_and(|host| !host.is_empty())
    })
}

/// A command that brings nothing back.
#[expect(clippy::unnecessary_wraps, reason = "it stands where outcomes stand")]
pub(crate) fn done() -> Outcome {
    Ok(Map::new())
}

/// A command that brings something back.
pub(crate) fn with(result: Value) -> Outcome {
    match result {
        Value::Object(result) => Ok(result),
        _ => done(),
    }
}

/// The command itself failed.
pub(crate) fn failed(text: impl Into<String>) -> RpcError {
    RpcError::new(code::COMMAND, text)
}

/// A moment as devices write it: UTC, whole seconds.
pub(crate) fn time_text(at_ms: i64) -> String {
    let whole = at_ms - at_ms.rem_euclid(1000);
    hallway_wire::Timestamp(whole).to_string().replace(".000Z", "Z")
}
