//! Recordings of meetings (messaging-meetings 8).

use serde::{Deserialize, Serialize};

use crate::id::PersonId;

/// A recording.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Recording {
    /// 32 hexadecimal digits.
    pub id: String,
    pub meeting_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheduled_meeting_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meeting_series_id: Option<String>,
    pub topic: String,
    pub create_time: String,
    pub time_recorded: String,
    pub host_email: String,
    pub host_user_id: PersonId,
    pub site_url: String,
    pub download_url: String,
    pub playback_url: String,
    pub password: String,
    /// `MP4`, `ARF` or `UPLOADED`
    pub format: String,
    /// `MeetingCenter`, `EventCenter`, `TrainingCenter` or `SupportCenter`
    pub service_type: String,
    pub duration_seconds: u64,
    pub size_bytes: u64,
    pub share_to_me: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub integration_tags: Vec<String>,
    /// `available`, `deleted` or `purged`
    pub status: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temporary_direct_download_links: Option<DownloadLinks>,
}

/// Where the parts of a recording are, for a while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DownloadLinks {
    pub recording_download_link: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audio_download_link: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transcript_download_link: Option<String>,
    pub expiration: String,
}

/// Body of putting a recording in, by the management API.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewRecording {
    /// An instance of a meeting; without it `topic` and `hostEmail` are needed.
    #[serde(default)]
    pub meeting_id: Option<String>,
    #[serde(default)]
    pub topic: Option<String>,
    #[serde(default)]
    pub host_email: Option<String>,
    #[serde(default)]
    pub time_recorded: Option<String>,
    #[serde(default)]
    pub format: Option<String>,
    #[serde(default)]
    pub service_type: Option<String>,
    #[serde(default)]
    pub duration_seconds: Option<u64>,
    #[serde(default)]
    pub size_bytes: Option<u64>,
    /// Where the recording really is, if anywhere.
    #[serde(default)]
    pub download_url: Option<String>,
    #[serde(default)]
    pub playback_url: Option<String>,
    #[serde(default)]
    pub integration_tags: Option<Vec<String>>,
}

/// Body of changing a recording, by the management API.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChangeRecording {
    #[serde(default)]
    pub topic: Option<String>,
    #[serde(default)]
    pub integration_tags: Option<Vec<String>>,
}

/// Body that may come with a deletion: why.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct DeleteRecording {
    #[serde(default)]
    pub reason: Option<String>,
    #[serde(default)]
    pub comment: Option<String>,
}
