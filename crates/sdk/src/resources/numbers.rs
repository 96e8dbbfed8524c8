//! The shapes of numbers, and of those who have them (people-calling 5).

use serde::{Deserialize, Serialize};

use super::frame::query;
use crate::id::{LocationId, OrgId};
use crate::words::words;

words! {
    /// Whether calls reach a number.
    pub enum NumberState {
        /// They do.
        Active = "ACTIVE",
        /// They do not.
        Inactive = "INACTIVE",
    }
}

/// A number, or an extension without one.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PhoneNumber {
    /// `+14085550100`; none: only an extension.
    pub phone_number: Option<String>,
    /// Without the location's routing prefix.
    pub extension: Option<String>,
    /// Routing prefix and extension.
    pub esn: Option<String>,
    /// Whether calls reach it.
    pub state: Option<NumberState>,
    /// `PRIMARY`, `ALTERNATE`, `FAX`, `DNIS`.
    pub phone_number_type: Option<String>,
    /// Whether it is the main number of its location.
    #[serde(default)]
    pub main_number: bool,
    /// Whether calling it is free.
    #[serde(default)]
    pub toll_free_number: bool,
    /// Where it belongs.
    pub location: Option<NumberLocation>,
    /// Whose it is; none: it is free.
    pub owner: Option<NumberOwner>,
}

/// Where a number belongs.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct NumberLocation {
    /// Which location.
    pub id: LocationId,
    /// What it is called.
    pub name: Option<String>,
}

/// Whose a number is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NumberOwner {
    /// The id of a person, a workspace or something else.
    pub id: Option<String>,
    /// `PEOPLE`, `PLACE`, `HUNT_GROUP` and others.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// The first name.
    pub first_name: Option<String>,
    /// The last name.
    pub last_name: Option<String>,
}

query! {
    /// Numbers that match.
    NumberQuery -> PhoneNumber {
        /// Of this location.
        location(&LocationId) => "locationId",
        /// This number.
        number(&str) => "phoneNumber",
        /// This extension.
        extension(&str) => "extension",
        /// Free ones, or those that are not.
        available(bool) => "available",
        /// Of this owner.
        owner(&str) => "ownerId",
        /// Of owners whose name contains this.
        owner_name(&str) => "ownerName",
        /// In this state.
        state(NumberState) => "state",
        /// Of another organization that the caller manages.
        organization(&OrgId) => "orgId",
    }
}

/// A location with Webex Calling.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CallingLocation {
    /// The id.
    pub id: LocationId,
    /// What it is called.
    pub name: String,
    /// What is dialled before the extension from elsewhere.
    pub routing_prefix: Option<String>,
    /// Its caller id: `{"name", "phoneNumber"}`.
    #[serde(default)]
    pub calling_line_id: serde_json::Value,
}

query! {
    /// Locations with Webex Calling that match.
    CallingLocationQuery -> CallingLocation {
        /// Whose name contains this.
        name(&str) => "name",
    }
}

/// Numbers that a location gets.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AddNumbers {
    phone_numbers: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<NumberState>,
    #[serde(skip_serializing_if = "Option::is_none")]
    number_type: Option<&'static str>,
}

impl AddNumbers {
    /// These numbers, in the form `+14085550100`.
    pub fn new<N: Into<String>>(numbers: impl IntoIterator<Item = N>) -> Self {
        Self {
            phone_numbers: numbers.into_iter().map(Into::into).collect(),
            state: None,
            number_type: None,
        }
    }

    /// Whether calls reach them at once.
    #[must_use]
    pub fn state(mut self, state: NumberState) -> Self {
        self.state = Some(state);
        self
    }

    /// They are toll free.
    #[must_use]
    pub fn toll_free(mut self) -> Self {
        self.number_type = Some("TOLLFREE");
        self
    }
}

/// The numbers of a person.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PersonNumbers {
    /// Whether each rings in its own way.
    pub distinctive_ring_enabled: bool,
    /// The primary one first.
    pub phone_numbers: Vec<PersonNumber>,
}

/// A number of a person.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct PersonNumber {
    /// Whether it is the primary line.
    pub primary: bool,
    /// `+14085550100`
    pub direct_number: Option<String>,
    /// Without the location's routing prefix.
    pub extension: Option<String>,
    /// Routing prefix and extension.
    pub esn: Option<String>,
    /// How it rings; alternates only.
    pub ring_pattern: Option<String>,
}

/// An alternate number that a person gets or loses.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NumberChange {
    primary: bool,
    action: &'static str,
    direct_number: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    extension: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ring_pattern: Option<String>,
}

impl NumberChange {
    /// The person gets it.
    pub fn add(number: impl Into<String>) -> Self {
        Self {
            primary: false,
            action: "ADD",
            direct_number: number.into(),
            extension: None,
            ring_pattern: None,
        }
    }

    /// The person loses it.
    pub fn remove(number: impl Into<String>) -> Self {
        Self {
            action: "DELETE",
            ..Self::add(number)
        }
    }

    /// With this extension.
    #[must_use]
    pub fn extension(mut self, extension: impl Into<String>) -> Self {
        self.extension = Some(extension.into());
        self
    }

    /// Ringing so: `NORMAL`, `LONG_LONG`, `SHORT_SHORT_LONG`, `SHORT_LONG_SHORT`.
    #[must_use]
    pub fn ring_pattern(mut self, pattern: impl Into<String>) -> Self {
        self.ring_pattern = Some(pattern.into());
        self
    }
}

/// What the service thinks of numbers.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Validation {
    /// `OK`: all are good. `ERRORS`: not all.
    pub status: String,
    /// Each of them.
    #[serde(default, alias = "phoneNumbers")]
    pub numbers: Vec<ValidatedNumber>,
}

/// What the service thinks of a number.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ValidatedNumber {
    /// Which.
    pub number: String,
    /// `Available`, `Duplicate`, `Duplicate In List`, `Invalid`, `Unavailable`.
    pub state: String,
    /// Why.
    #[serde(default)]
    pub detail: Vec<String>,
}
