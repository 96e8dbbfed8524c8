//! Calls that are told about (messaging-meetings 9): the management API makes them, webhooks tell of them.

use serde::{Deserialize, Serialize};

use crate::id::{CallId, PersonId, WorkspaceId};
use crate::time::Timestamp;

/// Body of a new call. A party is an e-mail address, the id of a person or a workspace, or a number.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewCall {
    pub from: String,
    pub to: String,
    /// How a caller from outside is called.
    #[serde(default)]
    pub from_name: Option<String>,
    #[serde(default)]
    pub to_name: Option<String>,
}

/// Body of doing something with a call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CallAction {
    /// Which side does it: `originator` or `terminator`.
    #[serde(default)]
    pub by: Option<String>,
}

/// A call that is going on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Call {
    pub id: CallId,
    /// The same for both sides.
    pub call_session_id: String,
    /// `alerting`, `connected`, or `disconnected` in the answer to what ended it.
    pub state: String,
    pub created: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disconnected: Option<Timestamp>,
    /// The originator, then the terminator.
    pub legs: Vec<Leg>,
}

/// One side of a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Leg {
    pub call_id: CallId,
    /// `originator` or `terminator`
    pub personality: String,
    /// `connecting`, `alerting`, `connected`, `held`, `remoteHeld` or `disconnected`
    pub state: String,
    pub name: String,
    pub number: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person_id: Option<PersonId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace_id: Option<WorkspaceId>,
}
