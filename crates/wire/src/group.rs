//! Groups as the REST API shows them (`/groups`).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::{OrgId, PersonId};
use crate::time::Timestamp;

/// A group of people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Group {
    pub id: String,
    pub display_name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    pub org_id: OrgId,
    pub created: Timestamp,
    pub last_modified: Timestamp,
    pub member_size: u64,
    /// Only where they are asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub members: Option<Vec<Member>>,
}

/// A member of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Member {
    pub id: PersonId,
    /// `user`
    #[serde(rename = "type")]
    pub kind: String,
    pub display_name: String,
}

/// A page of groups.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Groups {
    pub total_results: u64,
    /// Counted from 1.
    pub start_index: u64,
    pub items_per_page: u64,
    pub groups: Vec<Group>,
}

/// A page of the members of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Members {
    #[serde(flatten)]
    pub group: Group,
    pub start_index: u64,
    pub items_per_page: u64,
}

/// Body of `POST /groups` and `PATCH /groups/{id}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct GroupRequest {
    pub display_name: Option<String>,
    pub org_id: Option<OrgId>,
    pub description: Option<String>,
    pub members: Option<Vec<MemberChange>>,
}

/// One person to add or remove.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
pub struct MemberChange {
    pub id: PersonId,
    /// `add` (as if nothing is said) or `delete`
    #[serde(default)]
    pub operation: Option<String>,
}
