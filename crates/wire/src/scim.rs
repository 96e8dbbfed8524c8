//! SCIM 2.0 users and groups, for the published contract (`/identity/scim/{orgId}/v2`).
//!
//! The platform works on the JSON itself, because a client may send any attribute and gets it back.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The schema of a user's core attributes.
pub const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
/// The schema of a user's place in an enterprise.
pub const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
/// The schema of what is particular to Webex.
pub const WEBEX_USER: &str = "urn:scim:schemas:extension:cisco:webexidentity:2.0:User";
/// The schema of a group.
pub const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
/// The schema of what is particular to groups of Webex.
pub const WEBEX_GROUP: &str = "urn:scim:schemas:extension:cisco:webexidentity:2.0:Group";
/// The schema of a list.
pub const LIST: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
/// The schema of a bulk answer.
pub const BULK: &str = "urn:ietf:params:scim:api:messages:2.0:BulkResponse";

/// When and where a resource is.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Meta {
    pub resource_type: String,
    #[serde(rename = "organizationID")]
    pub organization_id: String,
    pub created: String,
    pub last_modified: String,
    pub version: String,
    pub location: String,
}

/// A user.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct User {
    pub schemas: Vec<String>,
    /// A bare UUID.
    pub id: String,
    /// The e-mail address.
    pub user_name: String,
    #[serde(default)]
    pub active: Option<bool>,
    /// `user`, `room`, `external_calling` or `calling_service`
    pub user_type: String,
    #[serde(default)]
    pub display_name: Option<String>,
    pub meta: Meta,
    /// Every other attribute of the schemas, as it was sent.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

/// Body that makes or replaces a user.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserRequest {
    pub schemas: Vec<String>,
    /// The e-mail address.
    pub user_name: String,
    pub user_type: String,
    #[serde(default)]
    pub display_name: Option<String>,
    #[serde(default)]
    pub active: Option<bool>,
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

/// A group.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Group {
    pub schemas: Vec<String>,
    /// A bare UUID.
    pub id: String,
    pub display_name: String,
    pub meta: Meta,
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

/// Body that makes or replaces a group.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GroupRequest {
    pub schemas: Vec<String>,
    pub display_name: String,
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

/// A list of users or groups.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct List {
    pub schemas: Vec<String>,
    pub total_results: u64,
    pub items_per_page: usize,
    /// Counted from 1.
    pub start_index: usize,
    #[serde(rename = "Resources")]
    pub resources: Vec<Value>,
}

/// The members of a group.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Members {
    pub schemas: Vec<String>,
    pub id: String,
    pub display_name: String,
    pub total_results: u64,
    pub items_per_page: usize,
    pub start_index: usize,
    pub members: Vec<Value>,
}

/// Body of PATCH.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct PatchRequest {
    #[serde(default)]
    pub schemas: Vec<String>,
    #[serde(rename = "Operations", alias = "operations")]
    pub operations: Vec<PatchOperation>,
}

/// One step of a PATCH.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct PatchOperation {
    /// `add`, `replace` or `remove`, in any case
    pub op: String,
    /// Where: `displayName`, `name.givenName`, `emails[type eq "work"].value`; all of the resource if missing.
    #[serde(default)]
    pub path: Option<String>,
    #[serde(default)]
    pub value: Option<Value>,
}

/// Body of a bulk request.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BulkRequest {
    #[serde(default)]
    pub schemas: Vec<String>,
    /// After how many errors nothing more is tried; 0: never.
    #[serde(default)]
    pub fail_on_errors: u32,
    #[serde(alias = "Operations")]
    pub operations: Vec<BulkOperation>,
}

/// One request of many.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BulkOperation {
    /// `POST`, `PATCH` or `DELETE`
    pub method: String,
    /// `/Users` or `/Users/{id}`
    pub path: String,
    #[serde(default)]
    pub data: Option<Value>,
    #[serde(default)]
    pub bulk_id: Option<String>,
}

/// What came of one request of many.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BulkOutcome {
    pub method: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bulk_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Digits, as text.
    pub status: String,
    /// What was wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response: Option<Value>,
}

/// Answer of a bulk request.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct BulkResponse {
    pub schemas: Vec<String>,
    #[serde(rename = "Operations")]
    pub operations: Vec<BulkOutcome>,
}
