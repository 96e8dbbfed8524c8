//! `/v1/events`: the log of events (messaging-meetings 6).

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::id::{EventId, OrgId, PersonId};
use crate::time::Timestamp;

/// An event of the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    pub id: EventId,
    pub resource: String,
    #[serde(rename = "type")]
    pub kind: String,
    /// The application that did it; null where that is not known.
    pub app_id: Option<String>,
    pub actor_id: Option<PersonId>,
    pub org_id: OrgId,
    pub created: Timestamp,
    /// The resource, as its own API shows it.
    pub data: Value,
}
