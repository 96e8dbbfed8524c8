//! `/workspaceLocations`: the older form of locations, which some scopes still go with.

use http::Method;
use serde::{Deserialize, Serialize};

use super::frame::{body, crud, query, resource};
use super::locations::Floor;
use crate::client::List;
use crate::error::Result;
use crate::id::{FloorId, LocationId, OrgId};

resource! {
    /// Locations in their older form, with coordinates. New programs take
    /// [`locations`](crate::Client::locations).
    WorkspaceLocations, workspace_locations
}

/// A location in its older form.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct WorkspaceLocation {
    /// The id.
    pub id: LocationId,
    /// The id of the same location in `/locations`.
    pub location_id: Option<LocationId>,
    /// What it is called.
    #[serde(default)]
    pub display_name: String,
    /// The whole address.
    pub address: Option<String>,
    /// `NO`
    pub country_code: Option<String>,
    /// The city.
    pub city_name: Option<String>,
    /// Degrees to the north.
    pub latitude: Option<f64>,
    /// Degrees to the east.
    pub longitude: Option<f64>,
    /// Notes.
    pub notes: Option<String>,
}

body! {
    /// What a request says about a location in its older form.
    WorkspaceLocationBody {
        /// What it is called; needed.
        display_name: String,
        /// The whole address; needed.
        address: String,
        /// `NO`; needed.
        country_code: String,
        /// The city.
        city_name: String,
        /// Degrees to the north; needed.
        latitude: f64,
        /// Degrees to the east; needed.
        longitude: f64,
        /// Notes.
        notes: String,
    }
}

query! {
    /// Locations that match.
    WorkspaceLocationQuery -> WorkspaceLocation {
        /// With this name.
        display_name(&str) => "displayName",
        /// With this address.
        address(&str) => "address",
        /// In this country: `NO`.
        country(&str) => "countryCode",
        /// In this city.
        city(&str) => "cityName",
        /// Of another organization that the caller manages.
        organization(&OrgId) => "orgId",
    }
}

crud!(
    WorkspaceLocations at ["workspaceLocations"], LocationId, get WorkspaceLocation,
    create WorkspaceLocationBody => WorkspaceLocation, update WorkspaceLocationBody => WorkspaceLocation,
    delete delete
);

impl WorkspaceLocations {
    /// The locations of the organization.
    pub fn list(&self) -> WorkspaceLocationQuery {
        WorkspaceLocationQuery(self.0.list(&["workspaceLocations"], "items"))
    }

    /// The floors of a location.
    pub fn floors(&self, location: &LocationId) -> WorkspaceFloors {
        WorkspaceFloors(self.clone(), location.clone())
    }
}

/// The floors of a location.
#[derive(Clone, Debug)]
pub struct WorkspaceFloors(WorkspaceLocations, LocationId);

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FloorBody<'a> {
    floor_number: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    display_name: Option<&'a str>,
}

impl WorkspaceFloors {
    fn path<'a>(&'a self, floor: &'a [&'a str]) -> Vec<&'a str> {
        [&["workspaceLocations", self.1.as_str(), "floors"], floor].concat()
    }

    /// All of them.
    pub fn list(&self) -> List<Floor> {
        self.0.0.list(&self.path(&[]), "items")
    }

    /// Reads one.
    ///
    /// # Errors
    /// Any; see [`Error`](crate::Error).
    pub async fn get(&self, floor: &FloorId) -> Result<Floor> {
        self.0
            .0
            .at(Method::GET, &self.path(&[floor.as_str()]))
            .read()
            .await
    }

    /// Makes one.
    ///
    /// # Errors
    /// Any; see [`Error`](crate::Error).
    pub async fn create(&self, floor_number: f64, display_name: Option<&str>) -> Result<Floor> {
        let body = FloorBody {
            floor_number,
            display_name,
        };
        self.0
            .0
            .at(Method::POST, &self.path(&[]))
            .json(&body)
            .read()
            .await
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
        let body = FloorBody {
            floor_number,
            display_name,
        };
        let call = self.0.0.at(Method::PUT, &self.path(&[floor.as_str()]));
        call.json(&body).read().await
    }

    /// Deletes one.
    ///
    /// # Errors
    /// Any; see [`Error`](crate::Error).
    pub async fn delete(&self, floor: &FloorId) -> Result<()> {
        self.0
            .0
            .at(Method::DELETE, &self.path(&[floor.as_str()]))
            .done()
            .await
    }
}
