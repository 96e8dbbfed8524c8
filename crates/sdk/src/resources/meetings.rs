//! `/meetings` and `/recordings` (messaging-meetings 7 and 8).

use hallway_wire::{Secret, Timestamp};
use http::Method;
use serde::{Deserialize, Serialize};

use super::frame::{body, crud, query, resource};
use crate::error::Result;
use crate::id::{MeetingId, PersonId, RecordingId, RoomId};
use crate::words::words;

resource! {
    /// Meetings: planned, running, and over.
    ///
    /// ```no_run
    /// # async fn example(client: hallway_sdk::Client, start: hallway_sdk::Timestamp) -> hallway_sdk::Result<()> {
    /// use hallway_sdk::resources::{Invitee, MeetingBody};
    ///
    /// let body = MeetingBody::new()
    ///     .title("Watering")
    ///     .start(start)
    ///     .end(start.plus_millis(30 * 60 * 1000))
    ///     .invitees(vec![Invitee::new("ada@example.com")]);
    /// let meeting = client.meetings().create(&body).await?;
    /// println!("{}", meeting.web_link.unwrap_or_default());
    /// # Ok(())
    /// # }
    /// ```
    Meetings, meetings
}

resource! {
    /// Recordings of meetings.
    Recordings, recordings
}

words! {
    /// Where a meeting stands.
    pub enum MeetingState {
        /// A series that goes on.
        Active = "active",
        /// It is planned.
        Scheduled = "scheduled",
        /// It can be joined.
        Ready = "ready",
        /// People wait to be let in.
        Lobby = "lobby",
        /// It is going on.
        InProgress = "inProgress",
        /// It is over.
        Ended = "ended",
        /// Nobody came.
        Missed = "missed",
        /// A series that is over.
        Expired = "expired",
    }
}

/// A meeting: a series, one date of it, or what took place.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Meeting {
    /// The id.
    pub id: MeetingId,
    /// The series it belongs to.
    pub meeting_series_id: Option<MeetingId>,
    /// The date it belongs to, if it took place.
    pub scheduled_meeting_id: Option<MeetingId>,
    /// What people dial.
    pub meeting_number: Option<String>,
    /// What it is called.
    #[serde(default)]
    pub title: String,
    /// What it is about.
    pub agenda: Option<String>,
    /// What people need to join.
    pub password: Option<Secret>,
    /// `meetingSeries`, `scheduledMeeting` or `meeting`.
    #[serde(rename = "meetingType")]
    pub kind: Option<String>,
    /// Where it stands.
    pub state: Option<MeetingState>,
    /// In which time zone it was planned.
    pub timezone: Option<String>,
    /// When it begins.
    pub start: Option<Timestamp>,
    /// When it ends.
    pub end: Option<Timestamp>,
    /// When it comes again, as a rule of RFC 2445.
    pub recurrence: Option<String>,
    /// Whose meeting it is.
    pub host_user_id: Option<PersonId>,
    /// What the host is called.
    pub host_display_name: Option<String>,
    /// The host's address.
    pub host_email: Option<String>,
    /// The site.
    pub site_url: Option<String>,
    /// Where people join.
    pub web_link: Option<String>,
    /// Where devices join.
    pub sip_address: Option<String>,
    /// The room whose meeting it is.
    pub room_id: Option<RoomId>,
    /// Whether there is a recording.
    #[serde(default)]
    pub has_recording: bool,
    /// What integrations keep with it.
    #[serde(default)]
    pub integration_tags: Vec<String>,
}

/// Somebody who is invited.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Invitee {
    /// The address.
    pub email: String,
    /// What the person is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Whether the person may do what the host may.
    pub co_host: bool,
}

impl Invitee {
    /// Invites this address.
    pub fn new(email: impl Into<String>) -> Self {
        Self {
            email: email.into(),
            display_name: None,
            co_host: false,
        }
    }
}

body! {
    /// What a request says about a meeting.
    MeetingBody {
        /// What it is called; needed.
        title: String,
        /// When it begins; needed.
        start: Timestamp,
        /// When it ends; needed.
        end: Timestamp,
        /// What it is about.
        agenda: String,
        /// The time zone: `Europe/Oslo`.
        timezone: String,
        /// What people need to join; made if nothing is said.
        password: Secret,
        /// When it comes again, as a rule of RFC 2445: `FREQ=WEEKLY;BYDAY=MO`.
        recurrence: String,
        /// Who is invited.
        invitees: Vec<Invitee>,
        /// Whether mail is sent.
        send_email: bool,
        /// Whose meeting it is, if an administrator plans it.
        host_email: String,
        /// The site.
        site_url: String,
        /// The room whose meeting it is.
        room_id: RoomId,
        /// Whether it begins now, in a room.
        adhoc: bool,
        /// Whether it records itself.
        enabled_auto_record_meeting: bool,
        /// `meeting`, `webinar` or `personalRoomMeeting`.
        scheduled_type: String,
        /// What integrations keep with it.
        integration_tags: Vec<String>,
    }
}

query! {
    /// Meetings that match. If no time is said: series and dates of the next seven days, and what took place in the
    /// last seven.
    MeetingQuery -> Meeting {
        /// With this number.
        number(&str) => "meetingNumber",
        /// With this link.
        web_link(&str) => "webLink",
        /// Of this room.
        room(&RoomId) => "roomId",
        /// Of this series.
        series(&MeetingId) => "meetingSeriesId",
        /// `meetingSeries`, `scheduledMeeting` or `meeting`.
        kind(&str) => "meetingType",
        /// That stand so.
        state(MeetingState) => "state",
        /// From this moment on.
        from(Timestamp) => "from",
        /// To this moment.
        to(Timestamp) => "to",
        /// Of this host, for administrators.
        host(&str) => "hostEmail",
        /// Of this site.
        site(&str) => "siteUrl",
        /// With this tag.
        tag(&str) => "integrationTag",
    }
}

crud!(
    Meetings at ["meetings"], MeetingId, get Meeting, create MeetingBody => Meeting,
    update MeetingBody => Meeting, delete delete
);

impl Meetings {
    /// The meetings of the caller; for administrators also those of others.
    pub fn list(&self) -> MeetingQuery {
        MeetingQuery(self.0.list(&["meetings"], "items"))
    }

    /// Changes what the body names, and leaves the rest; [`update`](Self::update) takes the body for all there is.
    ///
    /// # Errors
    /// Any; see [`Error`](crate::Error).
    pub async fn patch(&self, id: &MeetingId, body: &MeetingBody) -> Result<Meeting> {
        let call = self.0.at(Method::PATCH, &["meetings", id.as_str()]);
        call.idempotent(true).json(body).read().await
    }
}

/// A recording.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Recording {
    /// The id.
    pub id: RecordingId,
    /// Of which meeting.
    pub meeting_id: Option<MeetingId>,
    /// Of which series.
    pub meeting_series_id: Option<MeetingId>,
    /// What it is called.
    #[serde(default)]
    pub topic: String,
    /// When it was recorded.
    pub time_recorded: Option<Timestamp>,
    /// When it was made available.
    pub create_time: Option<Timestamp>,
    /// Where it can be fetched.
    pub download_url: Option<String>,
    /// Where it can be seen.
    pub playback_url: Option<String>,
    /// What people need to see it.
    pub password: Option<Secret>,
    /// `MP4`, `ARF` or `UPLOADED`.
    pub format: Option<String>,
    /// How long it is.
    pub duration_seconds: Option<u64>,
    /// How large it is.
    pub size_bytes: Option<u64>,
    /// `available`, `deleted` or `purged`.
    pub status: Option<String>,
    /// Links that end soon; only where one recording was asked for.
    pub temporary_direct_download_links: Option<DownloadLinks>,
}

/// Where the parts of a recording can be fetched, for a while.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct DownloadLinks {
    /// All of it.
    pub recording_download_link: Option<String>,
    /// What was said, to listen to.
    pub audio_download_link: Option<String>,
    /// What was said, to read.
    pub transcript_download_link: Option<String>,
    /// Until when.
    pub expiration: Option<Timestamp>,
}

query! {
    /// Recordings that match; of the last thirty days if no time is said.
    RecordingQuery -> Recording {
        /// Of this meeting.
        meeting(&MeetingId) => "meetingId",
        /// From this moment on.
        from(Timestamp) => "from",
        /// To this moment.
        to(Timestamp) => "to",
        /// Of this host, for administrators.
        host(&str) => "hostEmail",
        /// Whose name contains this.
        topic(&str) => "topic",
        /// `MP4` or `ARF`.
        format(&str) => "format",
        /// `available` or `deleted`.
        status(&str) => "status",
    }
}

crud!(Recordings at ["recordings"], RecordingId, get Recording, delete delete);

impl Recordings {
    /// The recordings of the caller; for administrators also those of others.
    pub fn list(&self) -> RecordingQuery {
        RecordingQuery(self.0.list(&["recordings"], "items"))
    }
}
