//! What `/v1/webhooks` can tell about (webhooks 3).

use serde::{Deserialize, Serialize};

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
