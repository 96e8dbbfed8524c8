//! Faults on demand, `/hallway/v1/faults`: what an author of an integration orders to see how the own code
//! takes it. Ours; Webex has nothing like it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::{AppId, DeviceId, PersonId, WebhookId};
use crate::time::Timestamp;

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(
    tag = "type",
    rename_all = "camelCase",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
pub enum FaultEffect {
    /// The answer is an error with this status, 400 to 599.
    Status {
        status: u16,
        /// Seconds in `Retry-After`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after: Option<u64>,
        /// What the error says; otherwise a sentence that names the fault.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<String>,
    },
    /// It takes longer: exactly `minMs`, or anything from `minMs` to `maxMs`.
    Latency {
        min_ms: u64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max_ms: Option<u64>,
    },
    /// The connection is closed without an answer.
    Close,
    /// The answer is the 401 that an expired access token gets.
    ExpiredToken,
    /// A notification comes twice.
    Duplicate,
    /// A notification comes after the one that follows it.
    Reorder,
    /// A notification never comes.
    Drop,
    /// The device is away.
    Offline,
}

impl FaultEffect {
    /// Every effect's word, as the JSON has it.
    pub const WORDS: [&'static str; 8] = [
        "status",
        "latency",
        "close",
        "expiredToken",
        "duplicate",
        "reorder",
        "drop",
        "offline",
    ];

    /// Its place in [`Self::WORDS`].
    pub fn index(&self) -> usize {
        match self {
            Self::Status { .. } => 0,
            Self::Latency { .. } => 1,
            Self::Close => 2,
            Self::ExpiredToken => 3,
            Self::Duplicate => 4,
            Self::Reorder => 5,
            Self::Drop => 6,
            Self::Offline => 7,
        }
    }

    /// Its word.
    pub fn word(&self) -> &'static str {
        Self::WORDS[self.index()]
    }
}

/// Body of "add a fault". Every condition that is there must hold; without any, everything of the
/// organization is struck.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FaultRequest {
    pub effect: FaultEffect,
    /// Requests of this person, by address or id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// Requests with tokens of this OAuth client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// Requests with this token: the first 16 hex digits of the SHA-256 of its text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// Requests with the token that adds the fault.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub this_token: bool,
    /// Requests of this kind: `GET /v1/people/{id}`, `/v1/xapi/*`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route: Option<String>,
    /// Notifications for this integration, however it hears them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub integration: Option<AppId>,
    /// Notifications for this subscription of `/v1/webhooks`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook: Option<WebhookId>,
    /// Requests and notifications about this device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceId>,
    /// Only the next so many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u64>,
    /// Only this share of them, by chance: above 0, at most 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
    /// What chance starts from: the same seed strikes the same ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// Only for so many seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub for_seconds: Option<u64>,
}

impl FaultRequest {
    /// A fault that strikes everything, always.
    pub fn new(effect: FaultEffect) -> Self {
        Self {
            effect,
            person: None,
            client: None,
            token: None,
            this_token: false,
            route: None,
            integration: None,
            webhook: None,
            device: None,
            times: None,
            probability: None,
            seed: None,
            for_seconds: None,
        }
    }
}

/// Whether a fault can still strike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum FaultState {
    Armed,
    /// It struck as often as it should.
    Spent,
    /// Its time is over.
    Over,
}

/// A fault as it is shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Fault {
    pub id: String,
    pub state: FaultState,
    /// How often it struck.
    pub hits: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_hit: Option<Timestamp>,
    pub created: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends: Option<Timestamp>,
    pub effect: FaultEffect,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<PersonId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub integration: Option<AppId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook: Option<WebhookId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
    /// What chance started from, where there is any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
}

/// Answer to "take all faults back".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FaultsCleared {
    pub removed: usize,
}
