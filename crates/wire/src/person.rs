//! People and roles as the REST API shows them (`/people`, `/roles`).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::{OrgId, PersonId, RoleId};
use crate::time::Timestamp;

/// A person or a machine account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Person {
    pub id: PersonId,
    pub emails: Vec<String>,
    #[serde(default)]
    pub phone_numbers: Vec<PhoneNumber>,
    pub display_name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nick_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    pub org_id: OrgId,
    /// Only administrators and the person itself see it, and what follows up to `sip_addresses`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roles: Option<Vec<RoleId>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licenses: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub department: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invite_pending: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login_enabled: Option<bool>,
    #[serde(default)]
    pub sip_addresses: Vec<PhoneNumber>,
    pub created: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<Timestamp>,
    /// Presence. Nothing here observes it: `unknown`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// `person` or `bot`
    #[serde(rename = "type")]
    pub kind: String,
}

/// A phone number or a SIP address of a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PhoneNumber {
    #[serde(rename = "type")]
    pub kind: String,
    pub value: String,
    #[serde(default)]
    pub primary: bool,
}

/// Answer of `GET /people`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct People {
    pub items: Vec<Person>,
    /// Ids that were asked for and name nobody here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_found_ids: Vec<String>,
}

/// A role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Role {
    pub id: RoleId,
    pub name: String,
}
