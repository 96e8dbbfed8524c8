//! What stands on the screens of a simulated device, as the management API tells it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::secret::Secret;
use crate::time::Timestamp;

/// What a device shows, and what its Room Navigators show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeviceScreen {
    pub state: ScreenState,
    /// What is on the main screen now.
    pub showing: Showing,
    /// What the device shows while it is idle (half awake), whether it is now or not.
    pub idle: Showing,
    /// The Room Navigators that are connected.
    pub navigators: Vec<NavigatorScreen>,
}

/// How awake a device is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ScreenState {
    Awake,
    /// Idle for a short while: a picture, or digital signage.
    Halfwake,
    /// The display is dark.
    Standby,
}

/// What is on a screen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Showing {
    pub kind: ScreenKind,
    /// The page, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Of digital signage: whether people may use the page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interactive: Option<bool>,
    /// Of digital signage: whether the page may be heard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audio: Option<bool>,
    /// Of digital signage that is shown: how often the page was loaded since it came on the screen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loads: Option<u64>,
    /// Of digital signage that is shown: how often somebody touched the page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub touches: Option<u64>,
}

impl Showing {
    /// Something without a page.
    pub fn new(kind: ScreenKind) -> Self {
        Self {
            kind,
            url: None,
            interactive: None,
            audio: None,
            loads: None,
            touches: None,
        }
    }
}

/// Kinds of what is on a screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ScreenKind {
    Home,
    Call,
    /// A page that a command opened.
    WebView,
    WebApp,
    Signage,
    /// The picture of a device that is half awake.
    Halfwake,
    /// The display is dark.
    Nothing,
}

/// A Room Navigator and its web app.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NavigatorScreen {
    pub serial: String,
    pub name: String,
    /// The web app that it shows; absent: the device's own user interface.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Whether the web app may reach the device's xAPI.
    pub xapi_allowed: bool,
    /// Why it shows no web app, or why that may not reach the xAPI.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// What a Navigator's web engine would put into its page: the way to the device's xAPI.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WebAppSession {
    /// The WebSocket of the device.
    pub url: String,
    /// The user for clients that know only `/ws`; others may send any.
    pub username: String,
    /// The key. Shown once, and good for opening connections until it expires.
    pub password: Secret,
    pub expires: Timestamp,
    pub serial: String,
    /// The page that the key belongs to; it ends when the Navigator shows another one.
    pub web_app_url: String,
}
