//! The audit trail as `/v1/adminAudit` and `/v1/admin/securityAudit` show it.

use serde::{Deserialize, Serialize};

use crate::id::{OrgId, PersonId};
use crate::time::Timestamp;

/// One entry of the administrative trail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AdminEvent {
    pub id: String,
    pub created: Timestamp,
    pub actor_org_id: OrgId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor_id: Option<PersonId>,
    pub data: AdminEventData,
}

/// What is said about an entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AdminEventData {
    pub actor_org_name: String,
    pub actor_name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor_email: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor_user_agent: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor_ip: Option<String>,
    /// `User`, `Full_Admin` or `id_full_admin`
    pub admin_roles: Vec<String>,
    pub event_category: String,
    pub event_description: String,
    pub action_text: String,
    pub tracking_id: String,
    pub target_type: String,
    pub target_name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_id: Option<String>,
    pub target_org_id: OrgId,
    pub target_org_name: String,
}

/// One entry about signing in and tokens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecurityEvent {
    pub id: String,
    pub created: Timestamp,
    pub actor_org_id: OrgId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor_id: Option<PersonId>,
    pub data: SecurityEventData,
}

/// What is said about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecurityEventData {
    pub actor_org_name: String,
    pub actor_name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor_email: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor_user_agent: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor_ip: Option<String>,
    pub event_category: String,
    pub event_description: String,
    pub action_text: String,
    pub tracking_id: String,
}

/// The categories that a filter can name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EventCategories {
    pub event_categories: Vec<String>,
}
