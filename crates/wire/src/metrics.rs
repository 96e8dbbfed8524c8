//! Figures of workspaces, hot desks and personalization (xapi 12).

use serde::{Deserialize, Serialize};

use crate::id::{DeviceId, PersonId, WorkspaceId};
use crate::time::Timestamp;

/// What is measured.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "camelCase")]
pub enum MetricName {
    SoundLevel,
    AmbientNoise,
    Temperature,
    Humidity,
    Tvoc,
    PeopleCount,
}

impl MetricName {
    /// All of them, as they are spelled on the wire.
    pub const WORDS: [(&'static str, Self); 6] = [
        ("soundLevel", Self::SoundLevel),
        ("ambientNoise", Self::AmbientNoise),
        ("temperature", Self::Temperature),
        ("humidity", Self::Humidity),
        ("tvoc", Self::Tvoc),
        ("peopleCount", Self::PeopleCount),
    ];
}

/// Answer of `GET /workspaceMetrics`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WorkspaceMetrics {
    pub workspace_id: WorkspaceId,
    pub metric_name: MetricName,
    /// `none`, `hourly` or `daily`
    pub aggregation: String,
    pub from: Timestamp,
    pub to: Timestamp,
    /// Of the temperature: `celsius` or `fahrenheit`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// `newestFirst` or `oldestFirst`
    pub sort_by: String,
    pub items: Vec<Metric>,
}

/// A single value, or several put together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(untagged, rename_all_fields = "camelCase")]
pub enum Metric {
    Single {
        device_id: DeviceId,
        timestamp: Timestamp,
        value: f64,
    },
    Aggregated {
        start: Timestamp,
        end: Timestamp,
        mean: f64,
        max: f64,
        min: f64,
    },
}

/// Answer of `GET /workspaceDurationMetrics`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WorkspaceDurationMetrics {
    pub workspace_id: WorkspaceId,
    /// `hourly` or `daily`
    pub aggregation: String,
    /// `timeUsed` or `timeBooked`
    pub measurement: String,
    pub from: Timestamp,
    pub to: Timestamp,
    /// `minutes`
    pub unit: String,
    pub items: Vec<Duration>,
}

/// How long in one hour or day.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Duration {
    pub start: Timestamp,
    pub end: Timestamp,
    /// Whole minutes.
    pub duration: i64,
}

/// Somebody has a hot desk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HotDeskSession {
    pub session_id: String,
    pub workspace_id: WorkspaceId,
    pub person_id: PersonId,
    pub booking_start_time: Timestamp,
    pub booking_end_time: Timestamp,
}

/// Body of booking a hot desk, by the management API.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BookHotDesk {
    #[serde(default)]
    pub workspace_id: Option<WorkspaceId>,
    /// The person, by id or by address.
    #[serde(default)]
    pub person_id: Option<PersonId>,
    #[serde(default)]
    pub email: Option<String>,
    /// How long; 8 hours, where nothing is said.
    #[serde(default)]
    pub minutes: Option<u32>,
}

/// Body of personalizing a workspace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Personalize {
    #[serde(default)]
    pub email: Option<String>,
}

/// How a personalization went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PersonalizationTask {
    pub success: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_description: Option<String>,
}
