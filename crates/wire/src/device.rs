//! Devices as the REST API shows and takes them (`/devices`).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::id::{DeviceId, LocationId, OrgId, PersonId, WorkspaceId};
use crate::time::Timestamp;

/// A device. The lists are always there: applications read them without looking.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Device {
    pub id: DeviceId,
    /// The same id under a newer name.
    pub webex_device_id: DeviceId,
    pub display_name: String,
    /// Deprecated name of `workspace_id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place_id: Option<WorkspaceId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace_id: Option<WorkspaceId>,
    /// Set: the device is in personal mode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person_id: Option<PersonId>,
    pub org_id: OrgId,
    /// `xapi`
    pub capabilities: Vec<String>,
    /// `xapi:readonly` or `xapi:all`
    pub permissions: Vec<String>,
    /// `connected`, `disconnected`, `unknown` and their kind
    pub connection_status: String,
    /// Display name of the product.
    pub product: String,
    /// `roomdesk`, `phone`, `accessory`, `webexgo` or `unknown`
    #[serde(rename = "type")]
    pub kind: String,
    pub tags: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active_interface: Option<String>,
    /// `11:22:33:44:AA:FF`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mac: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub primary_sip_url: Option<String>,
    pub sip_urls: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub software: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upgrade_channel: Option<String>,
    pub created: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location_id: Option<LocationId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace_location_id: Option<String>,
    pub error_codes: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_seen: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_seen: Option<Timestamp>,
    /// `CISCO`, `CUSTOMER` or `PARTNER`
    pub managed_by: String,
    /// `cisco` or `microsoftTeamsRoom`
    pub device_platform: String,
    /// Left out while none is planned: the published Python SDK cannot read it there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub planned_maintenance: Option<Value>,
}

/// Body of `POST /devices`: a phone, registered by its address.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreateDevice {
    #[serde(default)]
    pub mac: Option<String>,
    #[serde(default)]
    pub model: Option<String>,
    #[serde(default)]
    pub workspace_id: Option<WorkspaceId>,
    #[serde(default)]
    pub person_id: Option<PersonId>,
}

/// Body of `POST /devices/activationCode`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ActivationCodeRequest {
    #[serde(default)]
    pub workspace_id: Option<WorkspaceId>,
    #[serde(default)]
    pub person_id: Option<PersonId>,
    #[serde(default)]
    pub model: Option<String>,
}

/// Answer of `POST /devices/activationCode`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ActivationCode {
    /// 16 digits.
    pub code: String,
    pub expiry_time: Timestamp,
}

/// One operation of `PATCH /devices/{id}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TagOperation {
    /// `add`, `replace` or `remove`
    pub op: String,
    /// `tags`
    pub path: String,
    /// A list of texts, for `add` and `replace`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
}
