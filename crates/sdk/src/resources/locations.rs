//! `/locations` and their floors.

use http::Method;
use serde::{Deserialize, Serialize};

use super::frame::{body, crud, query, resource};
use crate::client::List;
use crate::error::Result;
use crate::id::{FloorId, LocationId, OrgId};

resource! {
    /// Locations: buildings, sites.
    Locations, locations
}

/// A location.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Location {
    /// The id.
    pub id: LocationId,
    /// What it is called.
    pub name: String,
    /// The organization.
    pub org_id: Option<OrgId>,
    /// Where it is.
    #[serde(default)]
    pub address: Address,
    /// `Europe/Oslo`
    pub time_zone: Option<String>,
    /// `en_US`
    pub preferred_language: Option<String>,
    /// Degrees, as text.
    pub latitude: Option<String>,
    /// Degrees, as text.
    pub longitude: Option<String>,
    /// Notes.
    pub notes: Option<String>,
}

/// A postal address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Address {
    /// The first line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address1: Option<String>,
    /// The second line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address2: Option<String>,
    /// The city.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub city: Option<String>,
    /// The state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// The postal code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<String>,
    /// Two letters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
}

body! {
    /// What a request says about a location. A new one needs all but the last three.
    LocationBody {
        /// What it is called.
        name: String,
        /// `Europe/Oslo`
        time_zone: String,
        /// `en_US`
        preferred_language: String,
        /// `en_us`
        announcement_language: String,
        /// Where it is.
        address: Address,
        /// Degrees.
        latitude: String,
        /// Degrees.
        longitude: String,
        /// Notes.
        notes: String,
    }
}

query! {
    /// Locations that match.
    LocationQuery -> Location {
        /// Whose name contains this.
        name(&str) => "name",
        /// With this id.
        id(&LocationId) => "id",
        /// Of another organization that the caller manages.
        organization(&OrgId) => "orgId",
    }
}

crud!(Locations at ["locations"], LocationId, get Location, delete delete);

#[derive(Deserialize)]
struct Made {
    id: LocationId,
}

impl Locations {
    /// The locations of the organization.
    pub fn list(&self) -> LocationQuery {
        LocationQuery(self.0.list(&["locations"], "items"))
    }

    /// Makes one.
    ///
    /// # Errors
    /// Any; see [`Error`](crate::Error).
    pub async fn create(&self, body: &LocationBody) -> Result<LocationId> {
        let call = self.0.at(Method::POST, &["locations"]);
        Ok(call.json(body).read::<Made>().await?.id)
    }

    /// Changes what the body names.
    ///
    /// # Errors
    /// Any; see [`Error`](crate::Error).
    pub async fn update(&self, id: &LocationId, body: &LocationBody) -> Result<()> {
        self.0
            .at(Method::PUT, &["locations", id.as_str()])
            .json(body)
            .done()
            .await
    }

    /// The floors of a location.
    pub fn floors(&self, location: &LocationId) -> Floors {
        Floors(self.clone(), location.clone())
    }
}

/// The floors of a location.
#[derive(Clone, Debug)]
pub struct Floors(Locations, LocationId);

/// A floor.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Floor {
    /// The id.
    pub id: FloorId,
    /// Where.
    pub location_id: LocationId,
    /// Its number; half floors exist.
    pub floor_number: f64,
    /// What it is called.
    pub display_name: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FloorBody<'a> {
    floor_number: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    display_name: Option<&'a str>,
}

impl Floors {
    /// All of them.
    pub fn list(&self) -> List<Floor> {
        let Self(Locations(client), location) = self;
        client.list(&["locations", location.as_str(), "floors"], "items")
    }

    /// Makes one.
    ///
    /// # Errors
    /// Any; see [`Error`](crate::Error).
    pub async fn create(&self, floor_number: f64, display_name: Option<&str>) -> Result<Floor> {
        let Self(Locations(client), location) = self;
        let call = client.at(Method::POST, &["locations", location.as_str(), "floors"]);
        let body = FloorBody {
            floor_number,
            display_name,
        };
        call.json(&body).read().await
    }

    /// Reads one.
    ///
    /// # Errors
    /// Any; see [`Error`](crate::Error).
    pub async fn get(&self, floor: &FloorId) -> Result<Floor> {
        let Self(Locations(client), location) = self;
        let segments = ["locations", location.as_str(), "floors", floor.as_str()];
        client.at(Method::GET, &segments).read().await
    }

    /// Changes one.
    ///
    /// # Errors
    /// Any; see [`Error`](crate::Error).
    pub async fn update(
        &self,
        floor: &FloorId,
        floor_number: f64,
        display_name: Option<&str>,
    ) -> Result<Floor> {
        let Self(Locations(client), location) = self;
        let segments = ["locations", location.as_str(), "floors", floor.as_str()];
        let body = FloorBody {
            floor_number,
            display_name,
        };
        client.at(Method::PUT, &segments).json(&body).read().await
    }

    /// Deletes one.
    ///
    /// # Errors
    /// Any; see [`Error`](crate::Error).
    pub async fn delete(&self, floor: &FloorId) -> Result<()> {
        let Self(Locations(client), location) = self;
        let segments = ["locations", location.as_str(), "floors", floor.as_str()];
        client.at(Method::DELETE, &segments).done().await
    }
}
