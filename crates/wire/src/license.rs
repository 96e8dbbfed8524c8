//! Licenses as the REST API shows them (`/licenses`).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::{LicenseId, OrgId, PersonId};

/// A license of an organization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct License {
    pub id: String,
    pub name: String,
    pub total_units: u64,
    pub consumed_units: u64,
    pub consumed_by_users: u64,
    pub consumed_by_workspaces: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subscription_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site_url: Option<String>,
    /// `Control Hub managed site`, where there is a site.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site_type: Option<String>,
    /// Who holds it, where `includeAssignedTo=user` asks for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub users: Option<Vec<Holder>>,
}

/// Somebody who holds a license.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Holder {
    pub id: PersonId,
    /// `INTERNAL`: of this organization.
    #[serde(rename = "type")]
    pub kind: String,
    pub display_name: String,
    pub email: String,
}

/// Body of `PATCH /licenses/users`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Assignment {
    pub email: Option<String>,
    pub person_id: Option<PersonId>,
    pub org_id: Option<OrgId>,
    pub licenses: Option<Vec<LicenseChange>>,
    pub site_urls: Option<Vec<SiteChange>>,
}

/// One license to add or remove.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
pub struct LicenseChange {
    pub id: LicenseId,
    /// `add` (as if nothing is said) or `remove`
    #[serde(default)]
    pub operation: Option<String>,
    #[serde(default)]
    pub properties: Option<LicenseProperties>,
}

/// The line of a user of Webex Calling.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct LicenseProperties {
    pub location_id: Option<String>,
    pub phone_number: Option<String>,
    pub extension: Option<String>,
}

/// One meeting site to add or remove.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SiteChange {
    pub site_url: String,
    /// `attendee`, in any case.
    #[serde(default)]
    pub account_type: Option<String>,
    /// `add` (as if nothing is said) or `remove`
    #[serde(default)]
    pub operation: Option<String>,
}

/// Answer of `PATCH /licenses/users`: what the person has now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Assigned {
    pub org_id: OrgId,
    pub person_id: PersonId,
    pub email: String,
    pub licenses: Vec<String>,
    pub site_urls: Vec<Site>,
    #[serde(default)]
    pub pending_licenses: Vec<String>,
    #[serde(default)]
    pub pending_site_urls: Vec<Site>,
}

/// A meeting site that a person has an account of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Site {
    pub site_url: String,
    /// `attendee` or `host`
    pub account_type: String,
}

/// Body of `PATCH /hallway/v1/licenses/{id}`: what was bought.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LicenseUnits {
    pub total_units: u64,
}
