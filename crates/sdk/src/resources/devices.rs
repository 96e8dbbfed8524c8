//! `/devices` (xapi 10).

use hallway_wire::Timestamp;
use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::frame::{crud, query, resource};
use crate::error::Result;
use crate::id::{DeviceId, LocationId, OrgId, PersonId, WorkspaceId};
use crate::words::words;

resource! {
    /// Devices. What they can do is behind [`Client::device`](crate::Client::device).
    Devices, devices
}

words! {
    /// Whether a device can be reached.
    pub enum ConnectionStatus {
        /// It can.
        Connected = "connected",
        /// It can, and has something to complain about.
        ConnectedWithIssues = "connected_with_issues",
        /// It cannot.
        Disconnected = "disconnected",
        /// It has been away for long.
        OfflineExpired = "offline_expired",
        /// It sleeps so deeply that it cannot.
        OfflineDeepSleep = "offline_deep_sleep",
        /// It is being set up.
        Activating = "activating",
        /// Nobody knows.
        Unknown = "unknown",
    }
}

/// A device, as the service lists it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct DeviceInfo {
    /// The id; a factory reset changes it.
    pub id: DeviceId,
    /// What it is called.
    #[serde(default)]
    pub display_name: String,
    /// Where it is.
    pub workspace_id: Option<WorkspaceId>,
    /// Whose it is, in personal mode.
    pub person_id: Option<PersonId>,
    /// The organization.
    pub org_id: Option<OrgId>,
    /// `xapi`
    #[serde(default)]
    pub capabilities: Vec<String>,
    /// `xapi:readonly`, `xapi:all`
    #[serde(default)]
    pub permissions: Vec<String>,
    /// Whether it can be reached.
    pub connection_status: Option<ConnectionStatus>,
    /// `Cisco Board Pro 55`
    pub product: Option<String>,
    /// `roomdesk`, `phone`, `accessory`, `webexgo` or `unknown`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Tags.
    #[serde(default)]
    pub tags: Vec<String>,
    /// The address in its network.
    pub ip: Option<String>,
    /// `11:22:33:44:AA:FF`
    pub mac: Option<String>,
    /// Its main SIP address.
    pub primary_sip_url: Option<String>,
    /// The serial number.
    pub serial: Option<String>,
    /// The version of its software.
    pub software: Option<String>,
    /// When it was set up.
    pub created: Option<Timestamp>,
    /// Where its workspace is.
    pub location_id: Option<LocationId>,
    /// What it complains about.
    #[serde(default)]
    pub error_codes: Vec<String>,
    /// When it was last there.
    pub last_seen: Option<Timestamp>,
}

impl DeviceInfo {
    /// Whether it can be reached.
    pub fn is_connected(&self) -> bool {
        matches!(
            self.connection_status,
            Some(ConnectionStatus::Connected | ConnectionStatus::ConnectedWithIssues)
        )
    }

    /// Whether it has an xAPI.
    pub fn has_xapi(&self) -> bool {
        self.capabilities.iter().any(|capability| capability == "xapi")
    }
}

/// A code that a device is set up with.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ActivationCode {
    /// Sixteen digits.
    pub code: String,
    /// Until when it is good.
    pub expiry_time: Timestamp,
}

query! {
    /// Devices that match all that is said.
    DeviceQuery -> DeviceInfo {
        /// With this name.
        display_name(&str) => "displayName",
        /// Of this workspace.
        workspace(&WorkspaceId) => "workspaceId",
        /// Of this person.
        person(&PersonId) => "personId",
        /// Of this location.
        location(&LocationId) => "locationId",
        /// With this tag; said again, with both.
        tag(&str) => "tag",
        /// Of this product.
        product(&str) => "product",
        /// `roomdesk`, `phone`, `accessory`
        kind(&str) => "type",
        /// With this serial number.
        serial(&str) => "serial",
        /// In this state.
        connection_status(ConnectionStatus) => "connectionStatus",
        /// Of another organization that the caller manages.
        organization(&OrgId) => "orgId",
    }
}

impl DeviceQuery {
    /// That can be reached.
    pub fn connected(self) -> Self {
        self.connection_status(ConnectionStatus::Connected)
    }

    /// That have an xAPI.
    pub fn with_xapi(self) -> Self {
        self.filter("capability", "xapi")
    }
}

crud!(Devices at ["devices"], DeviceId, get DeviceInfo, delete delete);

impl Devices {
    /// The devices of the organization.
    pub fn list(&self) -> DeviceQuery {
        DeviceQuery(self.0.list(&["devices"], "items"))
    }

    /// Adds tags.
    ///
    /// # Errors
    /// Any; see [`Error`](crate::Error).
    pub async fn add_tags(&self, id: &DeviceId, tags: &[&str]) -> Result<DeviceInfo> {
        self.patch(id, json!({ "op": "add", "path": "tags", "value": tags }))
            .await
    }

    /// Puts tags in the place of all that are there.
    ///
    /// # Errors
    /// Any; see [`Error`](crate::Error).
    pub async fn set_tags(&self, id: &DeviceId, tags: &[&str]) -> Result<DeviceInfo> {
        self.patch(id, json!({ "op": "replace", "path": "tags", "value": tags }))
            .await
    }

    /// Removes all tags.
    ///
    /// # Errors
    /// Any; see [`Error`](crate::Error).
    pub async fn remove_tags(&self, id: &DeviceId) -> Result<DeviceInfo> {
        self.patch(id, json!({ "op": "remove", "path": "tags" })).await
    }

    async fn patch(&self, id: &DeviceId, operation: Value) -> Result<DeviceInfo> {
        let call = self
            .0
            .at(Method::PATCH, &["devices", id.as_str()])
            .idempotent(true);
        call.json_as("application/json-patch+json", &[operation])
            .read()
            .await
    }

    /// A code to set a device up with, for a workspace.
    ///
    /// # Errors
    /// Any; see [`Error`](crate::Error).
    pub async fn activation_code(&self, workspace: &WorkspaceId) -> Result<ActivationCode> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Body<'a> {
            workspace_id: &'a WorkspaceId,
        }
        let call = self.0.at(Method::POST, &["devices", "activationCode"]);
        call.json(&Body {
            workspace_id: workspace,
        })
        .read()
        .await
    }
}
