//! Public integrations in Hallway's management API: what a vendor submits, what an operator decides, what every
//! organization finds in the catalog, and what the vendor learns of its installations.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::control::{IntegrationState, RequestedPermission};
use crate::id::{AppId, OrgId};
use crate::integration::OperationalState;
use crate::time::Timestamp;

/// Where the publication of an integration stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum PublicationState {
    /// Not submitted.
    Draft,
    /// Waits for an operator. What was published before goes on.
    Submitted,
    /// Every organization can activate it.
    Published,
    /// An operator refused the version that was submitted last. What was published before goes on.
    Rejected,
    /// The vendor took it back: installations go on, nobody activates it any more.
    Withdrawn,
}

impl PublicationState {
    /// As people read it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Submitted => "submitted",
            Self::Published => "published",
            Self::Rejected => "rejected",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// The publication of one of the organization's integrations, as its vendor sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Publication {
    pub app_id: AppId,
    pub display_name: String,
    pub state: PublicationState,
    /// The newest version that was uploaded.
    pub manifest_version: u64,
    /// The version that waits for an operator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub submitted_version: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub submitted_at: Option<Timestamp>,
    /// The version that every organization can activate, or could until it was withdrawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published_version: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawn_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejected_version: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejected_at: Option<Timestamp>,
    /// Why an operator refused it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Sentences about what an operator may take offence at.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// A publication as an operator sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Submission {
    pub app_id: AppId,
    pub display_name: String,
    /// What the manifest says.
    pub vendor: String,
    pub email: String,
    pub description: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description_url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub toc_url: Option<String>,
    /// The organization that uploaded it.
    pub vendor_org_id: OrgId,
    pub vendor_org_name: String,
    /// The version that waits.
    pub version: u64,
    pub submitted_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published_version: Option<u64>,
    pub features: Vec<String>,
    pub requested: Vec<RequestedPermission>,
    /// What it asks for beyond the published version, in sentences.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub growth: Vec<String>,
    /// Where activation codes are posted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provisioning_url: Option<String>,
    /// The manifest as it was submitted.
    pub manifest: String,
}

/// Body of an approval.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Approval {
    /// The version that was looked at: where another one waits meanwhile, nothing is approved.
    #[serde(default)]
    pub version: Option<u64>,
}

/// Body of a refusal.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Rejection {
    /// What the vendor is told.
    pub reason: String,
    /// The version that was looked at: where another one waits meanwhile, nothing is refused.
    #[serde(default)]
    pub version: Option<u64>,
}

/// A public integration, as every administrator sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CatalogEntry {
    pub app_id: AppId,
    pub display_name: String,
    pub vendor: String,
    pub description: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description_url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub toc_url: Option<String>,
    pub version: u64,
    pub published_at: Timestamp,
    pub features: Vec<String>,
    pub requested: Vec<RequestedPermission>,
    /// Whether the organization has activated it.
    pub activated: bool,
}

/// A customer of a public integration: all that the vendor learns of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Installation {
    pub org_id: OrgId,
    pub org_name: String,
    pub state: IntegrationState,
    /// The version in force.
    pub version: u64,
    pub operational_state: OperationalState,
    /// Whether its last health check went well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub healthy: Option<bool>,
    pub activated_at: Timestamp,
}

/// How the activation code gets to the provisioning URL of the manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum PushState {
    /// It was not taken yet: Hallway goes on trying while the code is valid.
    Pending,
    /// It was taken, or the integration used the code otherwise.
    Pushed,
    /// It was not taken while the code was valid.
    Failed,
}

/// How it went so far.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Pushed {
    pub state: PushState,
    /// Where the code is posted.
    pub url: String,
    pub attempts: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_attempt: Option<Timestamp>,
    /// What the vendor's service answered last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_status: Option<u16>,
    /// Why the last attempt did not go well, or what was ignored in its answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    /// The vendor's page where the administrator goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redirect_url: Option<String>,
}
