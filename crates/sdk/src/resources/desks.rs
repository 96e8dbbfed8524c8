//! Desks that people take for a while, and how long workspaces are in use (xapi 12).

use hallway_wire::Timestamp;
use http::Method;
use serde::Deserialize;
use serde_json::json;

use super::frame::{query, resource};
use super::workspaces::{Metrics, Workspaces};
use crate::error::Result;
use crate::id::{OrgId, PersonId, WorkspaceId};

resource! {
    /// Who has which desk now, or has booked it.
    HotDesks, hot_desks
}

/// Somebody has a desk.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct HotDeskSession {
    /// The id of the session.
    pub session_id: String,
    /// Which desk.
    pub workspace_id: Option<WorkspaceId>,
    /// Who.
    pub person_id: Option<PersonId>,
    /// From when.
    pub booking_start_time: Option<Timestamp>,
    /// To when.
    pub booking_end_time: Option<Timestamp>,
}

query! {
    /// Sessions that match.
    HotDeskQuery -> HotDeskSession {
        /// Of this person.
        person(&PersonId) => "personId",
        /// At this desk.
        workspace(&WorkspaceId) => "workspaceId",
        /// Of another organization that the caller manages.
        organization(&OrgId) => "orgId",
    }
}

impl HotDesks {
    /// The sessions of the organization.
    pub fn list(&self) -> HotDeskQuery {
        HotDeskQuery(self.0.list(&["hotdesk", "sessions"], "items"))
    }

    /// Ends a session: the desk is free.
    ///
    /// # Errors
    /// Any; see [`Error`](crate::Error).
    pub async fn end(&self, session_id: &str) -> Result<()> {
        self.0
            .at(Method::DELETE, &["hotdesk", "sessions", session_id])
            .done()
            .await
    }
}

/// How giving a device to a person went.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Personalization {
    /// Whether it went well; `None`: it is still going on.
    pub success: Option<bool>,
    /// Why not.
    pub error_description: Option<String>,
}

impl Workspaces {
    /// Gives the device of a workspace to a person. It goes on when this returns; see
    /// [`personalization`](Self::personalization). The workspace is gone when it went well.
    ///
    /// # Errors
    /// Any; see [`Error`](crate::Error).
    pub async fn personalize(&self, id: &WorkspaceId, email: &str) -> Result<()> {
        let call = self
            .0
            .at(Method::POST, &["workspaces", id.as_str(), "personalize"]);
        call.json(&json!({ "email": email })).done().await
    }

    /// How giving the device of a workspace to a person goes.
    ///
    /// # Errors
    /// Any; see [`Error`](crate::Error).
    pub async fn personalization(&self, id: &WorkspaceId) -> Result<Personalization> {
        let call = self
            .0
            .at(Method::GET, &["workspaces", id.as_str(), "personalizationTask"]);
        call.read().await
    }
}

/// How long a workspace was in use in an hour or a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct TimeInUse {
    /// From when.
    pub start: Timestamp,
    /// To when.
    pub end: Timestamp,
    /// How many minutes.
    #[serde(rename = "duration")]
    pub minutes: i64,
}

/// A question for times of use.
#[derive(Debug)]
#[must_use = "nothing is asked until it is read"]
pub struct TimeInUseQuery(crate::client::Call);

impl Metrics {
    /// How long a workspace was in use, by the hour if nothing else is said.
    ///
    /// ```no_run
    /// # async fn example(client: hallway_sdk::Client, room: hallway_sdk::WorkspaceId) -> hallway_sdk::Result<()> {
    /// let days = client.metrics().time_in_use(&room).daily().read().await?;
    /// let minutes: i64 = days.iter().map(|day| day.minutes).sum();
    /// # Ok(())
    /// # }
    /// ```
    pub fn time_in_use(&self, workspace: &WorkspaceId) -> TimeInUseQuery {
        let call = self.0.at(Method::GET, &["workspaceDurationMetrics"]);
        TimeInUseQuery(call.query("workspaceId", workspace))
    }
}

impl TimeInUseQuery {
    /// By the day.
    pub fn daily(self) -> Self {
        Self(self.0.query("aggregation", "daily"))
    }

    /// How long it was booked, not how long it was used.
    pub fn booked(self) -> Self {
        Self(self.0.query("measurement", "timeBooked"))
    }

    /// From this moment on.
    pub fn from(self, at: Timestamp) -> Self {
        Self(self.0.query("from", at))
    }

    /// To this moment.
    pub fn to(self, at: Timestamp) -> Self {
        Self(self.0.query("to", at))
    }

    /// The times.
    ///
    /// # Errors
    /// Any; see [`Error`](crate::Error).
    pub async fn read(self) -> Result<Vec<TimeInUse>> {
        #[derive(Deserialize)]
        struct Found {
            #[serde(default)]
            items: Vec<TimeInUse>,
        }
        Ok(self.0.read::<Found>().await?.items)
    }
}
