//! Locations, floors and workspaces.

use hallway_wire::Timestamp;
use hallway_wire::id::{FloorId, LocationId, OrgId, WorkspaceId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

mod floors;
mod locations;
pub mod permit;
pub(crate) mod rules;
mod seed;
mod wellness;
pub(crate) mod workspace_rules;
mod workspaces;

pub use locations::{LocationQuery, Part, Surface, WorkspaceLocationQuery};
pub use seed::Seed;
pub use workspaces::{Include, WorkspaceQuery};

/// A building or a floor, as the administrator likes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Location {
    pub id: LocationId,
    pub org: OrgId,
    pub name: String,
    pub address: Address,
    pub time_zone: String,
    #[serde(default)]
    pub preferred_language: Option<String>,
    #[serde(default)]
    pub announcement_language: Option<String>,
    /// Degrees, as text: `GET /locations` shows text.
    #[serde(default)]
    pub latitude: Option<String>,
    #[serde(default)]
    pub longitude: Option<String>,
    #[serde(default)]
    pub notes: Option<String>,
    pub created: Timestamp,
}

/// A postal address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    pub address1: String,
    #[serde(default)]
    pub address2: Option<String>,
    pub city: String,
    #[serde(default)]
    pub state: Option<String>,
    pub postal_code: String,
    /// Two letters.
    pub country: String,
}

/// A floor of a location.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Floor {
    pub id: FloorId,
    pub org: OrgId,
    pub location: LocationId,
    pub floor_number: f64,
    #[serde(default)]
    pub display_name: Option<String>,
}

/// A room, a desk, a reception.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Workspace {
    pub id: WorkspaceId,
    pub org: OrgId,
    pub display_name: String,
    #[serde(default)]
    pub location: Option<LocationId>,
    #[serde(default)]
    pub floor: Option<FloorId>,
    #[serde(default)]
    pub capacity: Option<u32>,
    /// `notSet`, `focus`, `huddle`, `meetingRoom`, `open`, `desk` or `other`; `None` is not set.
    #[serde(default)]
    pub kind: Option<String>,
    #[serde(default)]
    pub sip_address: Option<String>,
    /// Shape of the contract's `calling`; always has a `type`.
    pub calling: Value,
    /// Shape of the contract's `calendar`; always has a `type`.
    pub calendar: Value,
    #[serde(default)]
    pub notes: Option<String>,
    /// `on` or `off`
    pub hotdesking_status: String,
    /// `collaborationDevices` or `phones`
    pub supported_devices: String,
    #[serde(default)]
    pub device_hosted_meetings: Option<Value>,
    /// `cisco` or `microsoftTeamsRoom`
    #[serde(default)]
    pub device_platform: Option<String>,
    #[serde(default)]
    pub indoor_navigation: Option<Value>,
    #[serde(default)]
    pub planned_maintenance: Option<Value>,
    #[serde(default)]
    pub custom_attributes: Option<Map<String, Value>>,
    pub created: Timestamp,
}
