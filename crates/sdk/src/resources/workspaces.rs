//! `/workspaces` and their figures (xapi 11 and 12).

use hallway_wire::Timestamp;
use http::Method;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

use super::frame::{body, crud, query, resource};
use crate::error::Result;
use crate::id::{DeviceId, FloorId, LocationId, OrgId, WorkspaceId};
use crate::words::words;

resource! {
    /// Workspaces: rooms, desks, wherever devices are.
    Workspaces, workspaces
}

resource! {
    /// Figures of workspaces: how many people, how warm, how long in use.
    Metrics, metrics
}

/// A workspace.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Workspace {
    /// The id; it never changes.
    pub id: WorkspaceId,
    /// What it is called.
    #[serde(default)]
    pub display_name: String,
    /// The organization.
    pub org_id: Option<OrgId>,
    /// Where it is.
    pub location_id: Option<LocationId>,
    /// On which floor.
    pub floor_id: Option<FloorId>,
    /// How many people fit in.
    pub capacity: Option<i64>,
    /// `focus`, `huddle`, `meetingRoom`, `open`, `desk`, `other` or `notSet`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Its SIP address.
    pub sip_address: Option<String>,
    /// How it calls: `{"type": …}`.
    #[serde(default)]
    pub calling: Value,
    /// Its calendar: `{"type": …}`.
    #[serde(default)]
    pub calendar: Value,
    /// `on` or `off`.
    pub hotdesking_status: Option<String>,
    /// `collaborationDevices` or `phones`.
    pub supported_devices: Option<String>,
    /// Notes.
    pub notes: Option<String>,
    /// How well it is: `{"level", "issues"}`.
    #[serde(default)]
    pub health: Value,
    /// When it was made.
    pub created: Option<Timestamp>,
}

/// Whether some device of a workspace can measure something, and whether it does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Capability {
    /// A device can.
    pub supported: bool,
    /// It does.
    pub configured: bool,
}

body! {
    /// What a request says about a workspace. Updates clear capacity, type and notes where they are not named.
    WorkspaceBody {
        /// What it is called; needed.
        display_name: String,
        /// Where it is; cannot be changed once it is set.
        location_id: LocationId,
        /// On which floor.
        floor_id: FloorId,
        /// How many people fit in.
        capacity: u32,
        /// `focus`, `huddle`, `meetingRoom`, `open`, `desk`, `other` or `notSet`.
        kind: String = "type",
        /// How it calls: `{"type": "freeCalling"}`.
        calling: Value,
        /// Its calendar: `{"type": "none"}`.
        calendar: Value,
        /// Notes.
        notes: String,
        /// `on` or `off`.
        hotdesking_status: String,
        /// `collaborationDevices` or `phones`; cannot be changed once it is set.
        supported_devices: String,
    }
}

query! {
    /// Workspaces that match all that is said.
    WorkspaceQuery -> Workspace {
        /// With this name.
        display_name(&str) => "displayName",
        /// Of this location.
        location(&LocationId) => "locationId",
        /// Of this floor.
        floor(&FloorId) => "floorId",
        /// For so many people; -1: it is not said.
        capacity(i64) => "capacity",
        /// `focus`, `huddle`, `meetingRoom`, `open`, `desk`, `other` or `notSet`.
        kind(&str) => "type",
        /// Of another organization that the caller manages.
        organization(&OrgId) => "orgId",
    }
}

crud!(
    Workspaces at ["workspaces"], WorkspaceId, get Workspace,
    create WorkspaceBody => Workspace, update WorkspaceBody => Workspace, delete delete
);

impl Workspaces {
    /// The workspaces of the organization.
    pub fn list(&self) -> WorkspaceQuery {
        WorkspaceQuery(self.0.list(&["workspaces"], "items"))
    }

    /// What its devices measure, by name: `occupancyDetection`, `temperature` and others.
    ///
    /// # Errors
    /// Any; see [`Error`](crate::Error).
    pub async fn capabilities(&self, id: &WorkspaceId) -> Result<BTreeMap<String, Capability>> {
        #[derive(Deserialize)]
        struct Found {
            capabilities: BTreeMap<String, Capability>,
        }
        let call = self
            .0
            .at(Method::GET, &["workspaces", id.as_str(), "capabilities"]);
        Ok(call.read::<Found>().await?.capabilities)
    }
}

words! {
    /// What is measured.
    pub enum MetricName {
        /// dB
        SoundLevel = "soundLevel",
        /// dB
        AmbientNoise = "ambientNoise",
        /// Degrees Celsius.
        Temperature = "temperature",
        /// Percent.
        Humidity = "humidity",
        /// Parts per billion.
        Tvoc = "tvoc",
        /// How many people.
        PeopleCount = "peopleCount",
    }
}

/// A figure: of a moment, or of an hour or a day.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged, rename_all_fields = "camelCase")]
pub enum Metric {
    /// As a device reported it.
    Single {
        /// Which device.
        device_id: DeviceId,
        /// When.
        timestamp: Timestamp,
        /// How much.
        value: f64,
    },
    /// Several put together.
    Aggregated {
        /// From when.
        start: Timestamp,
        /// To when.
        end: Timestamp,
        /// On average.
        mean: f64,
        /// At most.
        max: f64,
        /// At least.
        min: f64,
    },
}

/// A question for figures.
#[derive(Debug)]
#[must_use = "nothing is asked until it is read"]
pub struct MetricsQuery(crate::client::Call);

impl Metrics {
    /// Figures of a workspace, by the hour if nothing else is said.
    ///
    /// ```no_run
    /// # async fn example(client: hallway_sdk::Client, room: hallway_sdk::WorkspaceId) -> hallway_sdk::Result<()> {
    /// use hallway_sdk::resources::MetricName;
    ///
    /// let people = client.metrics().of(&room, MetricName::PeopleCount).daily().read().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn of(&self, workspace: &WorkspaceId, metric: MetricName) -> MetricsQuery {
        let call = self.0.at(Method::GET, &["workspaceMetrics"]);
        MetricsQuery(call.query("workspaceId", workspace).query("metricName", metric))
    }
}

impl MetricsQuery {
    /// As devices reported them; of 48 hours at most.
    pub fn raw(self) -> Self {
        Self(self.0.query("aggregation", "none"))
    }

    /// By the day; of 30 days at most.
    pub fn daily(self) -> Self {
        Self(self.0.query("aggregation", "daily"))
    }

    /// From this moment.
    pub fn from(self, at: Timestamp) -> Self {
        Self(self.0.query("from", at))
    }

    /// To this moment.
    pub fn to(self, at: Timestamp) -> Self {
        Self(self.0.query("to", at))
    }

    /// The figures.
    ///
    /// # Errors
    /// Any; see [`Error`](crate::Error).
    pub async fn read(self) -> Result<Vec<Metric>> {
        #[derive(Deserialize)]
        struct Found {
            #[serde(default)]
            items: Vec<Metric>,
        }
        Ok(self.0.read::<Found>().await?.items)
    }
}
