//! Digital signage: a web page in the place of the picture that a device shows while it is half awake.
//!
//! It needs the web engine, its own switch and an address (features 4). In standby the display is dark, as the
//! schema says: `Standby.Delay` decides for how long the page is seen. Nothing is fetched; "loads" counts how
//! often a real device would have asked for the page.

use std::time::Duration;

use super::{is_web_address, webview};
use crate::agenda::Task;
use crate::state::State;

/// Its place among the web views; the others are in `webview` and `web_app`.
const VIEW: &str = "UserInterface.WebView[4]";
/// The number of its diagnostics message.
const MESSAGE: &str = "Diagnostics.Message[40]";

/// What a device remembers of the page that it shows.
#[derive(Debug, Default)]
pub(crate) struct Signage {
    /// How often the page was loaded since it came on the screen.
    pub(crate) loads: u64,
    /// How often somebody touched the page.
    pub(crate) touches: u64,
}

/// Whether both switches are on.
pub(crate) fn is_on(state: &State) -> bool {
    is(state, "WebEngine.Mode", "On") && is(state, "Standby.Signage.Mode", "On")
}

/// Whether people may use the page; schemas of some products know no such setting.
pub(crate) fn is_interactive(state: &State) -> bool {
    is(state, "Standby.Signage.InteractionMode", "Interactive")
}

/// Whether the page may be heard.
pub(crate) fn is_heard(state: &State) -> bool {
    is(state, "Standby.Signage.Audio", "On")
}

fn is(state: &State, path: &str, value: &str) -> bool {
    state.configuration(path).is_some_and(|set| set == value)
}

/// The page for a device that is half awake; without one it keeps its usual picture.
pub(crate) fn address(state: &State) -> Option<String> {
    if !is_on(state) {
        return None;
    }
    Some(configured_address(state)).filter(|url| is_web_address(url))
}

fn configured_address(state: &State) -> String {
    state.configuration_text("Standby.Signage.Url")
}

/// What is on the screen now.
pub(crate) fn shown(state: &State) -> Option<&str> {
    Some(state.text(&format!("{VIEW}.URL"))).filter(|url| !url.is_empty())
}

/// Brings the screen and the statuses in line with the settings and with how awake the device is.
pub(crate) fn follow(state: &mut State) {
    let engine = is(state, "WebEngine.Mode", "On");
    let on = is_on(state);
    let word = |on: bool| if on { "On" } else { "Off" };
    state.set("WebEngine.Features.WebEngine", word(engine));
    state.set("WebEngine.Features.Signage", word(on));
    let unusable = on && {
        let url = configured_address(state);
        !url.is_empty() && !is_web_address(&url)
    };
    state.diagnose(
        MESSAGE,
        unusable
            .then_some("The digital signage page could not be loaded: its URL is not an address of the web."),
    );
    let halfwake = state.text("Standby.State") == "Halfwake";
    let wanted = address(state).filter(|_| halfwake && !state.calls.any());
    match wanted {
        Some(url) if shown(state) != Some(&url) => show(state, &url),
        None if shown(state).is_some() => hide(state),
        _ => {}
    }
}

fn show(state: &mut State, url: &str) {
    // There is one screen: a page that somebody opened by a command makes room.
    webview::close(state, "OSD");
    state.set(&format!("{VIEW}.Status"), "Visible");
    state.set(&format!("{VIEW}.Type"), "Signage");
    state.set(&format!("{VIEW}.URL"), url);
    state.signage = Signage { loads: 1, touches: 0 };
    plan_refresh(state);
}

fn hide(state: &mut State) {
    state.remove(VIEW);
    state.agenda.cancel(Task::Signage);
}

/// Plans the next load from now on, as the interval says.
pub(crate) fn plan_refresh(state: &mut State) {
    let minutes = state
        .configuration("Standby.Signage.RefreshInterval")
        .and_then(|minutes| minutes.as_u64())
        .filter(|minutes| *minutes > 0 && shown(state).is_some());
    match minutes {
        Some(minutes) => state.plan(Task::Signage, Duration::from_secs(minutes * 60)),
        None => state.agenda.cancel(Task::Signage),
    }
}

/// Loads the page again.
pub(crate) fn reload(state: &mut State) {
    if shown(state).is_some() {
        state.signage.loads += 1;
        plan_refresh(state);
    }
}

/// Somebody touches the screen. Whether that was meant for the page: then the device stays as it is.
pub(crate) fn takes_touch(state: &mut State) -> bool {
    let taken = shown(state).is_some() && is_interactive(state);
    if taken {
        state.signage.touches += 1;
    }
    taken
}
