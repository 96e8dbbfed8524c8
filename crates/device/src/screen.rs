//! What stands on the screens of a device, for those who cannot walk into the room.

use hallway_wire::screen::{DeviceScreen, ScreenKind, ScreenState, Showing};

use crate::behaviour::{signage, web_app};
use crate::state::State;

/// The web view of the main screen; the second one is on the touch panel.
const MAIN_VIEW: &str = "UserInterface.WebView[1]";

/// Everything that is on a device's screens.
pub(crate) fn of(state: &State) -> DeviceScreen {
    let awake = match state.text("Standby.State") {
        "Standby" | "EnteringStandby" => ScreenState::Standby,
        "Halfwake" => ScreenState::Halfwake,
        _ => ScreenState::Awake,
    };
    DeviceScreen {
        state: awake,
        showing: showing(state, awake),
        idle: idle(state),
        navigators: web_app::screens(state),
    }
}

/// What it shows while it is half awake, which is what people mean by idle.
fn idle(state: &State) -> Showing {
    signage::address(state).map_or_else(|| Showing::new(ScreenKind::Halfwake), |url| page(state, url))
}

fn page(state: &State, url: String) -> Showing {
    Showing {
        url: Some(url),
        interactive: Some(signage::is_interactive(state)),
        audio: Some(signage::is_heard(state)),
        ..Showing::new(ScreenKind::Signage)
    }
}

fn showing(state: &State, awake: ScreenState) -> Showing {
    if awake == ScreenState::Standby {
        return Showing::new(ScreenKind::Nothing);
    }
    if let Some(url) = signage::shown(state) {
        let url = url.to_owned();
        return Showing {
            loads: Some(state.signage.loads),
            touches: Some(state.signage.touches),
            ..page(state, url)
        };
    }
    if state.text(&format!("{MAIN_VIEW}.Status")) == "Visible" {
        let kind = match state.text(&format!("{MAIN_VIEW}.Type")) {
            "WebApp" => ScreenKind::WebApp,
            _ => ScreenKind::WebView,
        };
        return Showing {
            url: Some(state.text(&format!("{MAIN_VIEW}.URL")).to_owned()),
            ..Showing::new(kind)
        };
    }
    Showing::new(match awake {
        _ if state.calls.any() => ScreenKind::Call,
        ScreenState::Halfwake => ScreenKind::Halfwake,
        ScreenState::Awake | ScreenState::Standby => ScreenKind::Home,
    })
}
