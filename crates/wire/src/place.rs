//! Locations, floors and workspaces as the REST API shows and takes them (`/locations`,
//! `/workspaceLocations`, `/workspaces`).
//!
//! What a request may leave out is an `Option`; null and absence mean the same, except where a member says
//! otherwise.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::device::Device;
use crate::id::{FloorId, LocationId, OrgId, WorkspaceId};
use crate::time::Timestamp;

/// A location in `/locations`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Location {
    pub id: LocationId,
    pub name: String,
    pub org_id: OrgId,
    pub address: Address,
    pub time_zone: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preferred_language: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub announcement_language: Option<String>,
    /// Degrees, as text in this resource.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latitude: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub longitude: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
}

/// A postal address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "LocationAddress")]
pub struct Address {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address1: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address2: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub city: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<String>,
    /// Two letters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
}

/// Degrees in a request: a number or a text that holds one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Degrees {
    Number(f64),
    Text(String),
}

impl Degrees {
    /// The text, as it is kept.
    pub fn text(&self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text.trim().to_owned(),
        }
    }
}

/// Body of `POST /locations`, where the first five members are demanded, and of `PUT /locations/{id}`, where
/// what is absent stays as it is.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LocationRequest {
    #[serde(default)]
    pub name: Option<String>,
    #[serde(default)]
    pub time_zone: Option<String>,
    #[serde(default)]
    pub preferred_language: Option<String>,
    #[serde(default)]
    pub announcement_language: Option<String>,
    #[serde(default)]
    pub address: Option<Address>,
    #[serde(default)]
    pub latitude: Option<Degrees>,
    #[serde(default)]
    pub longitude: Option<Degrees>,
    #[serde(default)]
    pub notes: Option<String>,
}

/// Answer of `POST /locations`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CreatedLocation {
    pub id: LocationId,
}

/// A location in the deprecated `/workspaceLocations`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WorkspaceLocation {
    /// Wraps organization and location.
    pub id: String,
    /// The id of the same location in `/locations`.
    pub location_id: LocationId,
    pub display_name: String,
    /// One line.
    pub address: String,
    pub country_code: String,
    pub city_name: String,
    /// Degrees, as numbers in this resource. The contract demands them: where none are known it is 0.
    pub latitude: f64,
    pub longitude: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
}

/// Body of `POST /workspaceLocations` and `PUT /workspaceLocations/{id}`; both take the whole location.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WorkspaceLocationRequest {
    #[serde(default)]
    pub display_name: Option<String>,
    #[serde(default)]
    pub address: Option<String>,
    #[serde(default)]
    pub country_code: Option<String>,
    #[serde(default)]
    pub city_name: Option<String>,
    #[serde(default)]
    pub latitude: Option<Degrees>,
    #[serde(default)]
    pub longitude: Option<Degrees>,
    #[serde(default)]
    pub notes: Option<String>,
}

/// A floor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Floor {
    pub id: FloorId,
    /// In the form of the resource that it was asked of.
    pub location_id: String,
    #[serde(serialize_with = "whole")]
    pub floor_number: f64,
    pub display_name: String,
}

/// Body that makes or replaces a floor.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FloorRequest {
    #[serde(default)]
    pub floor_number: Option<f64>,
    #[serde(default)]
    pub display_name: Option<String>,
}

/// Writes a whole number without a fraction: some clients read it into an integer.
fn whole<S: Serializer>(number: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if number.fract() == 0.0 && number.abs() < EXACT {
        #[expect(clippy::cast_possible_truncation, reason = "it is whole and exact in an i64")]
        serializer.serialize_i64(*number as i64)
    } else {
        serializer.serialize_f64(*number)
    }
}

/// A workspace.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Workspace {
    pub id: WorkspaceId,
    pub org_id: OrgId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location_id: Option<LocationId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace_location_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub floor_id: Option<FloorId>,
    pub display_name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity: Option<u32>,
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sip_address: Option<String>,
    pub created: Timestamp,
    pub calling: Value,
    pub calendar: Value,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
    pub hotdesking_status: String,
    pub supported_devices: String,
    pub device_hosted_meetings: Value,
    pub device_platform: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub indoor_navigation: Option<Value>,
    pub health: Health,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub devices: Option<Vec<Device>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capabilities: Option<Capabilities>,
    pub planned_maintenance: Value,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom_attributes: Option<Map<String, Value>>,
}

/// How well a workspace is: as its worst issue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Health {
    /// `error`, `warning`, `info` or `ok`
    pub level: String,
    pub issues: Vec<Issue>,
}

/// Something that is wrong in a workspace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Issue {
    pub id: String,
    pub created_at: Timestamp,
    pub title: String,
    pub description: String,
    pub recommended_action: String,
    /// `error`, `warning` or `info`
    pub level: String,
}

/// Whether some device of a workspace can measure something, and whether it does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Capability {
    pub supported: bool,
    pub configured: bool,
}

/// What the devices of a workspace measure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Capabilities {
    pub occupancy_detection: Capability,
    pub presence_detection: Capability,
    pub ambient_noise: Capability,
    pub sound_level: Capability,
    pub temperature: Capability,
    pub air_quality: Capability,
    pub relative_humidity: Capability,
}

/// Answer of `GET /workspaces/{id}/capabilities`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WorkspaceCapabilities {
    pub capabilities: Capabilities,
}

/// Body of `POST /workspaces` and `PUT /workspaces/{id}`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WorkspaceRequest {
    #[serde(default)]
    pub display_name: Option<String>,
    #[serde(default)]
    pub org_id: Option<OrgId>,
    #[serde(default)]
    pub location_id: Option<LocationId>,
    #[serde(default)]
    pub workspace_location_id: Option<LocationId>,
    #[serde(default)]
    pub floor_id: Option<FloorId>,
    /// A number, because some clients write 5.0; only whole ones are taken.
    #[serde(default)]
    pub capacity: Option<f64>,
    #[serde(default, rename = "type")]
    pub kind: Option<String>,
    #[serde(default)]
    pub sip_address: Option<String>,
    #[serde(default)]
    pub calling: Option<CallingRequest>,
    #[serde(default)]
    pub calendar: Option<CalendarRequest>,
    #[serde(default)]
    pub notes: Option<String>,
    #[serde(default)]
    pub hotdesking_status: Option<String>,
    #[serde(default)]
    pub device_hosted_meetings: Option<DeviceHostedMeetings>,
    #[serde(default)]
    pub supported_devices: Option<String>,
    /// Null removes it; absence leaves it as it is.
    #[serde(default, deserialize_with = "present")]
    pub indoor_navigation: Option<Option<IndoorNavigation>>,
    /// Null removes them; absence leaves them as they are.
    #[serde(default, deserialize_with = "present")]
    pub custom_attributes: Option<Option<Map<String, Value>>>,
}

/// Tells a member that is null from one that is absent.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// `calling` of a request.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CallingRequest {
    #[serde(default, rename = "type")]
    pub kind: Option<String>,
    #[serde(default)]
    pub webex_calling: Option<WebexCallingRequest>,
}

/// `calling.webexCalling` of a request.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WebexCallingRequest {
    #[serde(default)]
    pub phone_number: Option<String>,
    #[serde(default)]
    pub extension: Option<String>,
    #[serde(default)]
    pub location_id: Option<LocationId>,
    #[serde(default)]
    pub licenses: Option<Vec<String>>,
}

/// `calendar` of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CalendarRequest {
    #[serde(default, rename = "type")]
    pub kind: Option<String>,
    #[serde(default)]
    pub email_address: Option<String>,
}

/// `deviceHostedMeetings`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeviceHostedMeetings {
    #[serde(default)]
    pub enabled: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site_url: Option<String>,
}

/// `indoorNavigation`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IndoorNavigation {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_and_absent_differ_where_they_must() {
        let read = |text| serde_json::from_str::<WorkspaceRequest>(text).unwrap();
        assert_eq!(read("{}").indoor_navigation, None);
        assert_eq!(read(r#"{"indoorNavigation":null}"#).indoor_navigation, Some(None));
        assert_eq!(
            read(r#"{"indoorNavigation":{}}"#).indoor_navigation,
            Some(Some(IndoorNavigation::default()))
        );
        let nulls = read(r#"{"displayName":null,"capacity":null,"locationId":null,"calling":null}"#);
        assert!(nulls.display_name.is_none() && nulls.capacity.is_none() && nulls.calling.is_none());
    }

    #[test]
    fn floors_are_integers_where_they_can_be() {
        let floor = |floor_number| Floor {
            id: FloorId::from_uuid(uuid::Uuid::nil()),
            location_id: String::new(),
            floor_number,
            display_name: String::new(),
        };
        assert_eq!(
            serde_json::to_value(floor(-1.0)).unwrap()["floorNumber"].to_string(),
            "-1"
        );
        assert_eq!(
            serde_json::to_value(floor(1.5)).unwrap()["floorNumber"].to_string(),
            "1.5"
        );
    }

    #[test]
    fn degrees_in_both_forms() {
        let read = |text| serde_json::from_str::<Degrees>(text).unwrap().text();
        assert_eq!(read("12.935784"), "12.935784");
        assert_eq!(read("\" 12.9 \""), "12.9");
        assert_eq!(read("-77"), "-77");
    }
}
