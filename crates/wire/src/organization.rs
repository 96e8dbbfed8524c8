//! Organizations as the REST API shows them (`/organizations`).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::OrgId;
use crate::time::Timestamp;

/// An organization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Organization {
    pub id: OrgId,
    pub display_name: String,
    pub created: Timestamp,
    /// The calling platform's addresses, where `callingData` asks for them.
    #[serde(default, flatten, skip_serializing_if = "Option::is_none")]
    pub calling: Option<CallingAddresses>,
}

/// Addresses of the calling platform.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CallingAddresses {
    pub xsi_actions_endpoint: String,
    pub xsi_events_endpoint: String,
    pub xsi_events_channel_endpoint: String,
    pub xsi_domain: String,
}
