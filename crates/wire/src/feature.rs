//! What integrations provide for devices: digital signage and persistent web apps (features 3, 5 and 6).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::{AppId, DeviceId, LocationId, WorkspaceId};
use crate::time::Timestamp;

/// Where Control Hub's page hands over to a page of the vendor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CrossLaunchTarget {
    /// What is asked for the page to open.
    pub url: String,
}

/// The cross launches that an integration offers for a feature; empty: none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CrossLaunch {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manage_content: Option<CrossLaunchTarget>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assign_content: Option<CrossLaunchTarget>,
}

/// What devices show when nobody uses them (features 3.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DigitalSignageConfiguration {
    /// The page; may contain replacement values like `$(deviceName)`.
    pub signage_url: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cross_launch: Option<CrossLaunch>,
}

/// What Room Navigators show (features 3.2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PersistentWebAppConfiguration {
    /// The page; may contain replacement values like `$(peripheralSerial)`. A request may call it `signageUrl`.
    pub pwa_url: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cross_launch: Option<CrossLaunch>,
    /// Hosts whose pages may use the xAPI of the device directly; without it the host of `pwaUrl`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direct_xapi_access_allow_list_override: Option<String>,
}

/// What an administrator wants to do at the vendor's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CrossLaunchTask {
    AssignContent,
    ManageContent,
}

impl CrossLaunchTask {
    /// The word that the protocol has for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AssignContent => "assign_content",
            Self::ManageContent => "manage_content",
        }
    }
}

/// A device of a cross launch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CrossLaunchDevice {
    pub device_id: DeviceId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
}

/// A cross launch as the administrator asks for it (features 6.3).
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "CrossLaunchRequest")]
pub struct LaunchRequest {
    pub task: CrossLaunchTask,
    /// None for the management of content.
    #[serde(default)]
    pub devices: Vec<CrossLaunchDevice>,
}

/// The same as it is sent to the integration (features 6.1).
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ServerToServerCrossLaunch {
    pub task: CrossLaunchTask,
    /// Its claims are those of the action `crossLaunch`.
    pub jwt: String,
    pub devices: Vec<CrossLaunchDevice>,
}

/// The page to open in a new tab.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "CrossLaunchResponse")]
pub struct Launched {
    pub redirect_url: String,
}

/// An integration that can be chosen as the service of a feature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FeatureProvider {
    pub app_id: AppId,
    pub display_name: String,
    pub vendor: String,
    /// Whether its content can be managed or assigned on a page of its own.
    pub manage_content: bool,
    pub assign_content: bool,
}

/// A feature of an integration, seen by the administrator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FeatureView {
    pub app_id: AppId,
    pub display_name: String,
    /// `digital_signage` or `persistent_web_app`
    pub feature: String,
    /// Whether devices can be assigned to it.
    pub offered: bool,
    /// What to do until it is offered; a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_step: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digital_signage_configuration: Option<DigitalSignageConfiguration>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub persistent_web_app_configuration: Option<PersistentWebAppConfiguration>,
    /// Whether the web app may use the xAPI of its device.
    pub direct_xapi_access: bool,
    /// How many devices are assigned to it.
    pub assigned_devices: u64,
}

/// Where an assignment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum AssignmentState {
    /// The device has not taken it yet: it is on its way, or the device is away.
    Pending,
    /// The device has it.
    Active,
    /// It cannot be shown; `problem` says why.
    Failed,
}

/// A device that shows what an integration provides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FeatureAssignment {
    pub device_id: DeviceId,
    pub display_name: String,
    pub state: AssignmentState,
    /// What the device shows, with everything replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The page of each Room Navigator that is paired with the device.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub navigators: Vec<NavigatorPage>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    pub assigned: Timestamp,
}

/// A Room Navigator and its page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NavigatorPage {
    pub name: String,
    pub serial: String,
    pub url: String,
}

/// Which devices; exactly one member.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "DeviceSelection")]
pub struct Selection {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub devices: Option<Vec<DeviceId>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace_id: Option<WorkspaceId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location_id: Option<LocationId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// Every device of the organization; false is as good as absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub all: Option<bool>,
}

/// A device that was assigned, or taken away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChosenDevice {
    pub device_id: DeviceId,
    pub display_name: String,
    /// The integration that the device had before, if it was another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<AppId>,
}

/// A device that was selected and passed over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SkippedDevice {
    pub device_id: DeviceId,
    pub display_name: String,
    /// A sentence.
    pub reason: String,
}

/// Answer to an assignment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Assigned {
    pub assigned: Vec<ChosenDevice>,
    pub skipped: Vec<SkippedDevice>,
}

/// Answer to an unassignment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Unassigned {
    pub unassigned: Vec<ChosenDevice>,
    pub skipped: Vec<SkippedDevice>,
}
