//! `/licenses` (people-calling 3).

use http::Method;
use serde::{Deserialize, Serialize};

use super::frame::resource;
use crate::client::List;
use crate::error::Result;
use crate::id::{LicenseId, LocationId, PersonId};

resource! {
    /// Licenses, and who has them.
    Licenses, licenses
}

/// A license of the organization.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct License {
    /// The id.
    pub id: LicenseId,
    /// What it is for, by its name: `Webex Calling - Professional`.
    pub name: String,
    /// How many were bought.
    #[serde(default)]
    pub total_units: i64,
    /// How many are in use.
    #[serde(default)]
    pub consumed_units: i64,
    /// Which subscription it belongs to.
    pub subscription_id: Option<String>,
    /// The meeting site it is for.
    pub site_url: Option<String>,
}

impl License {
    /// How many are free.
    pub fn free(&self) -> i64 {
        (self.total_units - self.consumed_units).max(0)
    }

    /// Whether it lets a person call.
    pub fn is_calling(&self) -> bool {
        self.name.contains("Webex Calling") && !self.name.contains("Workspaces")
    }
}

/// Somebody who has a license.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Holder {
    /// Who.
    pub id: PersonId,
    /// `INTERNAL` or `EXTERNAL`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// What the person is called.
    pub display_name: Option<String>,
    /// The address.
    pub email: Option<String>,
}

/// The line that comes with a license for calling.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    /// Needed where no number is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location_id: Option<LocationId>,
    /// A free number of the location.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone_number: Option<String>,
    /// A free extension of the location.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extension: Option<String>,
}

/// A license that a person gets or loses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LicenseChange {
    id: LicenseId,
    operation: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    properties: Option<Line>,
}

impl LicenseChange {
    /// The person gets it.
    pub fn add(id: impl Into<LicenseId>) -> Self {
        Self {
            id: id.into(),
            operation: "add",
            properties: None,
        }
    }

    /// The person gets it, with this line.
    pub fn calling(id: impl Into<LicenseId>, line: Line) -> Self {
        Self {
            properties: Some(line),
            ..Self::add(id)
        }
    }

    /// The person loses it.
    pub fn remove(id: impl Into<LicenseId>) -> Self {
        Self {
            operation: "remove",
            ..Self::add(id)
        }
    }
}

/// What a person has after a change.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Assigned {
    /// Who.
    pub person_id: PersonId,
    /// The address.
    pub email: Option<String>,
    /// Licenses that the person has.
    #[serde(default)]
    pub licenses: Vec<String>,
    /// Licenses that the person will have.
    #[serde(default)]
    pub pending_licenses: Vec<String>,
    /// Whether all of it was done (200) or only some (206).
    #[serde(skip)]
    pub complete: bool,
}

impl Licenses {
    /// The licenses of the organization.
    pub fn list(&self) -> List<License> {
        self.0.list(&["licenses"], "items")
    }

    /// Reads one.
    ///
    /// # Errors
    /// Any; see [`Error`](crate::Error).
    pub async fn get(&self, id: &LicenseId) -> Result<License> {
        self.0.at(Method::GET, &["licenses", id.as_str()]).read().await
    }

    /// Who has it.
    pub fn holders(&self, id: &LicenseId) -> List<Holder> {
        let list = self.0.list(&["licenses", id.as_str()], "users");
        list.filter("includeAssignedTo", "user")
    }

    /// Gives licenses to a person and takes others. What one with a number could not get is in the answer only by
    /// being absent: look at [`complete`](Assigned::complete).
    ///
    /// # Errors
    /// Any; see [`Error`](crate::Error).
    pub async fn change(&self, person: &PersonId, changes: &[LicenseChange]) -> Result<Assigned> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Body<'a> {
            person_id: &'a PersonId,
            licenses: &'a [LicenseChange],
        }
        let body = Body {
            person_id: person,
            licenses: changes,
        };
        let call = self.0.at(Method::PATCH, &["licenses", "users"]);
        let answer = call.idempotent(true).json(&body).send().await?;
        let mut assigned: Assigned = answer.json()?;
        assigned.complete = answer.status != http::StatusCode::PARTIAL_CONTENT;
        Ok(assigned)
    }
}
