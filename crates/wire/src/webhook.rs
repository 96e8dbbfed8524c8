//! `/v1/webhooks`: what it can tell about (webhooks 3), its shapes, and those of the deliveries.

use serde::{Deserialize, Serialize};

use crate::id::{OrgId, PersonId, WebhookId};
use crate::secret::Secret;
use crate::time::Timestamp;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($variant:ident $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
        pub enum $name {
            $(#[serde(rename = $word)] $variant,)*
        }
        impl $name {
            /// Every one of them.
            pub const EVERY: &'static [$name] = &[$($name::$variant,)*];

            /// As it is spelled on the wire.
            pub const fn word(self) -> &'static str {
                match self {
                    $($name::$variant => $word,)*
                }
            }

            /// Reads the spelling of the wire.
            pub fn from_word(word: &str) -> Option<Self> {
                Self::EVERY.iter().copied().find(|it| it.word() == word)
            }
        }
    };
}

words! {
    /// The kind of thing that something happened to.
    Resource {
        AttachmentActions "attachmentActions",
        DataSources "dataSources",
        Memberships "memberships",
        Messages "messages",
        Rooms "rooms",
        Meetings "meetings",
        Recordings "recordings",
        ConvergedRecordings "convergedRecordings",
        MeetingParticipants "meetingParticipants",
        MeetingTranscripts "meetingTranscripts",
        TelephonyCalls "telephony_calls",
        TelephonyConference "telephony_conference",
        TelephonyMwi "telephony_mwi",
        UcCounters "uc_counters",
        ServiceApp "serviceApp",
        AdminBatchJobs "adminBatchJobs",
        All "all",
    }
}

words! {
    /// What happened to it.
    Event {
        Created "created",
        Updated "updated",
        Deleted "deleted",
        Started "started",
        Ended "ended",
        Joined "joined",
        Left "left",
        Migrated "migrated",
        Authorized "authorized",
        Deauthorized "deauthorized",
        StatusChanged "statusChanged",
        All "all",
    }
}

/// Whether a webhook is told anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Status {
    Active,
    /// It failed too often. `PUT` with status `active` revives it.
    Inactive,
}

/// Whose events a webhook hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum OwnedBy {
    /// Those that its creator can see.
    Creator,
    /// All of the organization.
    Org,
}

/// A webhook in answers. Exactly these members: a client refuses unknown ones (webhooks 1.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Webhook {
    pub id: WebhookId,
    pub name: String,
    pub target_url: String,
    pub resource: Resource,
    pub event: Event,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub secret: Option<Secret>,
    pub owned_by: OwnedBy,
    pub status: Status,
    pub created: Timestamp,
    pub org_id: OrgId,
    pub created_by: PersonId,
    /// The application of the token that made it.
    pub app_id: String,
}

/// A webhook to be made. Words are checked by the platform, which says everything that is wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewWebhook {
    pub name: Option<String>,
    pub target_url: Option<String>,
    pub resource: Option<String>,
    pub event: Option<String>,
    pub filter: Option<String>,
    #[schemars(with = "Option<String>")]
    pub secret: Option<Secret>,
    pub owned_by: Option<String>,
}

/// What may be changed; everything else in the body is passed over.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WebhookUpdate {
    pub name: Option<String>,
    #[serde(alias = "targetURL", alias = "target_url")]
    pub target_url: Option<String>,
    /// Absent or null: as it was. Empty: none.
    #[schemars(with = "Option<String>")]
    pub secret: Option<Secret>,
    /// Only `active` says anything.
    pub status: Option<String>,
}

/// One attempt to deliver an event to a webhook, for whoever looks after the receiver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Attempt {
    /// The delivery, as in the header `X-Hallway-Delivery`: the same for all its attempts.
    pub delivery_id: uuid::Uuid,
    /// Which attempt of the delivery it was, from 1.
    pub attempt: u32,
    pub at: Timestamp,
    pub duration_ms: u64,
    pub delivered: bool,
    /// What the receiver answered, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Why it was no success: a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Whether somebody asked for it.
    #[serde(default)]
    pub redelivery: bool,
    pub request: AttemptRequest,
    /// The beginning of the receiver's answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
}

/// What was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AttemptRequest {
    pub url: String,
    pub headers: std::collections::BTreeMap<String, String>,
    /// The exact text.
    pub body: String,
}

/// A delivery that a listener takes: what it forwards, byte for byte.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Heard {
    /// To be named in the report.
    pub seq: u64,
    pub delivery_id: uuid::Uuid,
    pub headers: std::collections::BTreeMap<String, String>,
    pub body: String,
}

/// How forwarding went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HeardReport {
    pub seq: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    #[serde(default)]
    pub duration_ms: u64,
}

/// Reports of a listener, in the order of what was heard.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HeardReports {
    pub reports: Vec<HeardReport>,
}
