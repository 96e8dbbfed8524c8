//! Numbers, and the locations that they belong to (people-calling 4 and 5).

use http::Method;
use serde::{Deserialize, Serialize};

use super::frame::{query, resource};
use crate::error::Result;
use crate::id::{LocationId, OrgId, PersonId};
use crate::words::words;

resource! {
    /// Webex Calling: numbers of locations and of people.
    ///
    /// ```no_run
    /// # async fn example(client: hallway_sdk::Client) -> hallway_sdk::Result<()> {
    /// use hallway_sdk::LocationId;
    ///
    /// let oslo = LocationId::from("Y2lz…");
    /// let free = client.calling().numbers().location(&oslo).available(true).all().await?;
    /// println!("{} numbers are free", free.len());
    /// # Ok(())
    /// # }
    /// ```
    Calling, calling
}

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

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NumberList<'a> {
    phone_numbers: &'a [&'a str],
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<&'static str>,
}

impl Calling {
    /// The numbers of the organization.
    pub fn numbers(&self) -> NumberQuery {
        NumberQuery(self.0.list(&["telephony", "config", "numbers"], "phoneNumbers"))
    }

    /// The locations with Webex Calling.
    pub fn locations(&self) -> CallingLocationQuery {
        CallingLocationQuery(self.0.list(&["telephony", "config", "locations"], "locations"))
    }

    /// Reads a location with Webex Calling.
    ///
    /// # Errors
    /// [`Error::NotFound`](crate::Error::NotFound): there is none, or it cannot call. Others; see
    /// [`Error`](crate::Error).
    pub async fn location(&self, id: &LocationId) -> Result<CallingLocation> {
        self.0
            .at(Method::GET, &["telephony", "config", "locations", id.as_str()])
            .read()
            .await
    }

    /// Adds numbers to a location.
    ///
    /// # Errors
    /// [`Error::Conflict`](crate::Error::Conflict): one is in use. [`Error::BadRequest`](crate::Error::BadRequest):
    /// one is no number, or the location's carrier manages its numbers itself. Others; see [`Error`](crate::Error).
    pub async fn add_numbers(&self, location: &LocationId, numbers: &AddNumbers) -> Result<()> {
        self.at_numbers(Method::POST, location).json(numbers).done().await
    }

    /// Lets calls reach numbers, or not.
    ///
    /// # Errors
    /// Any; see [`Error`](crate::Error).
    pub async fn activate_numbers(
        &self,
        location: &LocationId,
        numbers: &[&str],
        active: bool,
    ) -> Result<()> {
        let body = NumberList {
            phone_numbers: numbers,
            action: Some(if active { "ACTIVATE" } else { "DEACTIVATE" }),
        };
        self.at_numbers(Method::PUT, location).json(&body).done().await
    }

    /// Removes free numbers from a location; five at a time, as many requests as it takes.
    ///
    /// # Errors
    /// Any; see [`Error`](crate::Error). Those before are removed.
    pub async fn remove_numbers(&self, location: &LocationId, numbers: &[&str]) -> Result<()> {
        for phone_numbers in numbers.chunks(5) {
            let body = NumberList {
                phone_numbers,
                action: None,
            };
            self.at_numbers(Method::DELETE, location)
                .json(&body)
                .done()
                .await?;
        }
        Ok(())
    }

    fn at_numbers(&self, method: Method, location: &LocationId) -> crate::client::Call {
        self.0.at(
            method,
            &["telephony", "config", "locations", location.as_str(), "numbers"],
        )
    }

    /// Asks whether numbers could be added.
    ///
    /// # Errors
    /// Any; see [`Error`](crate::Error).
    pub async fn validate_numbers(&self, numbers: &[&str]) -> Result<Validation> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Found {
            status: String,
            #[serde(default)]
            numbers: Vec<ValidatedNumber>,
        }
        let body = NumberList {
            phone_numbers: numbers,
            action: None,
        };
        let segments = ["telephony", "config", "actions", "validateNumbers", "invoke"];
        let call = self.0.at(Method::POST, &segments).idempotent(true);
        let found: Found = call.json(&body).read().await?;
        Ok(Validation {
            status: found.status,
            numbers: found.numbers,
        })
    }

    /// The numbers of a person.
    ///
    /// # Errors
    /// Any; see [`Error`](crate::Error).
    pub async fn numbers_of(&self, person: &PersonId) -> Result<PersonNumbers> {
        let call = self
            .0
            .at(Method::GET, &["people", person.as_str(), "features", "numbers"]);
        call.query("preferE164Format", true).read().await
    }

    /// Gives alternate numbers to a person and takes others. The primary one is changed with the person.
    ///
    /// # Errors
    /// Any; see [`Error`](crate::Error).
    pub async fn change_numbers_of(&self, person: &PersonId, changes: &[NumberChange]) -> Result<()> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Body<'a> {
            phone_numbers: &'a [NumberChange],
        }
        let call = self.0.at(
            Method::PUT,
            &["telephony", "config", "people", person.as_str(), "numbers"],
        );
        // Adding twice is refused the second time, so an answer that got lost is not asked for again.
        let body = Body {
            phone_numbers: changes,
        };
        call.idempotent(false).json(&body).done().await
    }
}
