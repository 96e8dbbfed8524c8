//! Numbers, and the locations that they belong to (people-calling 4 and 5).

use http::Method;
use serde::{Deserialize, Serialize};

use super::frame::resource;
use super::numbers::{
    AddNumbers, CallingLocation, CallingLocationQuery, NumberChange, NumberQuery, PersonNumbers,
    ValidatedNumber, Validation,
};
use crate::error::Result;
use crate::id::{LocationId, PersonId};

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
