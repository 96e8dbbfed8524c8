//! Devices: what is known of them, who is linked, and what they report.

use hallway_wire::Timestamp;
use hallway_wire::id::{DeviceId, OrgId, PersonId, WorkspaceId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

mod configurations;
mod control;
pub mod linked;
pub(crate) mod registry;
mod service;
mod tags;

pub use configurations::Operation;
pub use linked::{Attachment, LinkedDevice, Links, Place};
pub use registry::DeviceQuery;
pub(crate) use registry::maintenance_mode;

/// A device, as the store keeps it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Device {
    pub id: DeviceId,
    pub org: OrgId,
    /// Counts changes: two writers at once are noticed.
    #[serde(default)]
    pub revision: u64,
    pub display_name: String,
    /// Exactly one of `workspace` and `person` is set.
    #[serde(default)]
    pub workspace: Option<WorkspaceId>,
    /// Set: the device is in personal mode.
    #[serde(default)]
    pub person: Option<PersonId>,
    /// Display name of the product, like `Cisco Board Pro 55`.
    pub product: String,
    /// RoomOS code name of the product, for the catalogue.
    #[serde(default)]
    pub product_code: Option<String>,
    /// `roomdesk`, `phone`, `accessory`, `webexgo` or `unknown`
    pub kind: String,
    /// Whether it answers the xAPI.
    pub xapi: bool,
    #[serde(default)]
    pub tags: Vec<String>,
    #[serde(default)]
    pub ip: Option<String>,
    #[serde(default)]
    pub mac: Option<String>,
    #[serde(default)]
    pub serial: Option<String>,
    #[serde(default)]
    pub software: Option<String>,
    #[serde(default)]
    pub upgrade_channel: Option<String>,
    #[serde(default)]
    pub primary_sip_url: Option<String>,
    #[serde(default)]
    pub sip_urls: Vec<String>,
    #[serde(default)]
    pub error_codes: Vec<String>,
    /// Status of a device that has no link of its own (an accessory); others are as their link is.
    #[serde(default)]
    pub connection_status: Option<String>,
    /// `CISCO`, `CUSTOMER` or `PARTNER`
    pub managed_by: String,
    /// `cisco` or `microsoftTeamsRoom`
    pub device_platform: String,
    #[serde(default)]
    pub planned_maintenance: Option<Value>,
    /// Hash of the token with which it dials in; `None` for one that lives in this process.
    #[serde(default)]
    pub link_token: Option<[u8; 32]>,
    pub created: Timestamp,
    #[serde(default)]
    pub first_seen: Option<Timestamp>,
    #[serde(default)]
    pub last_seen: Option<Timestamp>,
}

/// A code with which a device joins a workspace or a person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeviceCode {
    /// SHA-256 of the 16 digits.
    pub hash: [u8; 32],
    pub org: OrgId,
    #[serde(default)]
    pub workspace: Option<WorkspaceId>,
    #[serde(default)]
    pub person: Option<PersonId>,
    #[serde(default)]
    pub model: Option<String>,
    pub expires: Timestamp,
}

/// A configuration that was set, in the cloud or on the device.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Configured {
    pub device: DeviceId,
    /// Canonical spelling.
    pub key: String,
    pub value: Value,
}
