//! Meetings (messaging-meetings 7): what is asked for, and what is answered.
//!
//! Times are texts here: they carry the offset of the zone that the caller asks for.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::id::{PersonId, RoomId};

macro_rules! switches {
    ($(#[$doc:meta])* $name:ident { $($member:ident,)* $(=> $more:ident: $kind:ty,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
        #[serde(rename_all = "camelCase")]
        pub struct $name {
            $(#[serde(default, skip_serializing_if = "Option::is_none")] pub $member: Option<bool>,)*
            $(#[serde(default, skip_serializing_if = "Option::is_none")] pub $more: Option<$kind>,)*
        }
    };
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($variant:ident $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
        pub enum $name {
            $(#[serde(rename = $word)] $variant,)*
        }
        impl $name {
            /// As it is spelled on the wire.
            pub const fn word(self) -> &'static str {
                match self {
                    $($name::$variant => $word,)*
                }
            }

            /// Reads the spelling of the wire.
            pub fn from_word(word: &str) -> Option<Self> {
                [$($name::$variant,)*].into_iter().find(|it| it.word() == word)
            }

            /// All spellings, for errors.
            pub const WORDS: &'static [&'static str] = &[$($word,)*];
        }
    };
}

words! {
    /// Which of the three kinds of meeting objects it is.
    MeetingType {
        Series "meetingSeries",
        Scheduled "scheduledMeeting",
        Instance "meeting",
    }
}

words! {
    /// How far a meeting is.
    State {
        Active "active",
        Scheduled "scheduled",
        Ready "ready",
        Lobby "lobby",
        InProgress "inProgress",
        Ended "ended",
        Missed "missed",
        Expired "expired",
    }
}

words! {
    /// How a meeting was scheduled.
    ScheduledType {
        Meeting "meeting",
        Webinar "webinar",
        PersonalRoom "personalRoomMeeting",
    }
}

words! {
    /// How people who are not invited join while the meeting is not locked.
    JoinSecurity {
        Allow "allowJoin",
        Lobby "allowJoinWithLobby",
        Block "blockFromJoin",
    }
}

words! {
    /// Who takes notes.
    NoteType {
        All "allowAll",
        One "allowOne",
    }
}

words! {
    /// How people hear each other.
    AudioConnection {
        Webex "webexAudio",
        Voip "VoIP",
        Other "other",
        None "none",
    }
}

words! {
    /// What is heard when somebody comes or goes.
    Tone {
        Beep "beep",
        Name "announceName",
        None "noTone",
    }
}

/// What a meeting offers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MeetingOptions {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled_chat: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled_video: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled_polling: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled_note: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note_type: Option<NoteType>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled_file_transfer: Option<bool>,
    #[serde(
        default,
        rename = "enabledUCFRichMedia",
        skip_serializing_if = "Option::is_none"
    )]
    pub enabled_ucf_rich_media: Option<bool>,
}

switches! {
    /// What attendees may do.
    AttendeePrivileges {
        enabled_share_content, enabled_save_document, enabled_print_document, enabled_annotate,
        enabled_view_participant_list, enabled_view_thumbnails, enabled_remote_control,
        enabled_view_any_document, enabled_view_any_page, enabled_contact_operator_privately,
        enabled_chat_host, enabled_chat_presenter, enabled_chat_other_participants,
    }
}

switches! {
    /// How people hear each other, in detail.
    AudioOptions {
        enabled_toll_free_call_in, enabled_global_call_in, enabled_audience_call_back,
        allow_host_to_unmute_participants, allow_attendee_to_unmute_self, mute_attendee_upon_entry,
        => audio_connection_type: AudioConnection,
        => entry_and_exit_tone: Tone,
    }
}

/// A code for billing and reports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct TrackingCode {
    pub name: String,
    pub value: String,
}

/// Where a meeting is streamed to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LiveStream {
    pub destination: String,
    pub rtmp_url: String,
    pub stream_url: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolution: Option<String>,
}

macro_rules! settings {
    ($($member:ident: $kind:ty,)*) => {
        /// What a host can decide about a meeting, beside when it is.
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
        #[serde(rename_all = "camelCase")]
        pub struct Settings {
            $(#[serde(default, skip_serializing_if = "Option::is_none")] pub $member: Option<$kind>,)*
        }

        impl Settings {
            /// These, and the others' where these say nothing.
            #[must_use]
            pub fn or(self, other: &Self) -> Self {
                Self { $($member: self.$member.or_else(|| other.$member.clone()),)* }
            }
        }
    };
}

settings! {
    title: String,
    agenda: String,
    password: String,
    enabled_auto_record_meeting: bool,
    allow_any_user_to_be_co_host: bool,
    enabled_join_before_host: bool,
    enable_connect_audio_before_host: bool,
    join_before_host_minutes: u32,
    exclude_password: bool,
    public_meeting: bool,
    reminder_time: u32,
    unlocked_meeting_join_security: JoinSecurity,
    session_type_id: u32,
    enabled_webcast_view: bool,
    panelist_password: String,
    enable_automatic_lock: bool,
    automatic_lock_minutes: u32,
    allow_first_user_to_be_co_host: bool,
    allow_authenticated_devices: bool,
    meeting_options: MeetingOptions,
    attendee_privileges: AttendeePrivileges,
    integration_tags: Vec<String>,
    enabled_breakout_sessions: bool,
    tracking_codes: Vec<TrackingCode>,
    enabled_audio_watermark: bool,
    enabled_visual_watermark: bool,
    visual_watermark_opacity: u32,
    audio_connection_options: AudioOptions,
    require_attendee_login: bool,
    restrict_to_invitees: bool,
    enabled_live_stream: bool,
    live_stream: LiveStream,
}

/// Somebody who is invited.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewInvitee {
    pub email: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub co_host: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub panelist: Option<bool>,
}

/// Body of a new meeting and of a change, without what is in [`Settings`]: both are read from the same text.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Schedule {
    /// ISO 8601; without an offset it is a time in `timezone`.
    #[serde(default)]
    pub start: Option<String>,
    #[serde(default)]
    pub end: Option<String>,
    /// IANA name; UTC where there is none.
    #[serde(default)]
    pub timezone: Option<String>,
    /// A rule of RFC 5545, like `FREQ=DAILY;INTERVAL=1;COUNT=20`.
    #[serde(default)]
    pub recurrence: Option<String>,
    #[serde(default)]
    pub adhoc: Option<bool>,
    #[serde(default)]
    pub room_id: Option<RoomId>,
    #[serde(default)]
    pub template_id: Option<String>,
    #[serde(default)]
    pub scheduled_type: Option<ScheduledType>,
    #[serde(default)]
    pub invitees: Option<Vec<NewInvitee>>,
    #[serde(default)]
    pub send_email: Option<bool>,
    /// For administrators: who hosts it.
    #[serde(default)]
    pub host_email: Option<String>,
    #[serde(default)]
    pub site_url: Option<String>,
    #[serde(default)]
    pub registration: Option<Value>,
}

/// A body as a whole, for the published contract.
#[derive(Clone, Debug, Serialize, Deserialize, schemars::JsonSchema)]
pub struct MeetingBody {
    #[serde(flatten)]
    pub schedule: Schedule,
    #[serde(flatten)]
    pub settings: Settings,
}

/// How to call in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Telephony {
    pub access_code: String,
    pub call_in_numbers: Vec<CallInNumber>,
    pub links: Vec<Link>,
}

/// A number to call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CallInNumber {
    pub label: String,
    pub call_in_number: String,
    /// `toll` or `tollFree`
    pub toll_type: String,
}

/// A further resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Link {
    pub rel: String,
    pub href: String,
    pub method: String,
}

/// A meeting series, a scheduled meeting of it, or an instance that is or was held.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Meeting {
    pub id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meeting_series_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheduled_meeting_id: Option<String>,
    pub meeting_number: String,
    pub meeting_type: MeetingType,
    pub state: State,
    pub timezone: String,
    pub start: String,
    pub end: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recurrence: Option<String>,
    pub host_user_id: PersonId,
    pub host_display_name: String,
    pub host_email: String,
    /// Empty for who is not the host.
    pub host_key: String,
    pub site_url: String,
    pub web_link: String,
    pub sip_address: String,
    pub scheduled_type: ScheduledType,
    pub phone_and_video_system_password: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room_id: Option<RoomId>,
    pub telephony: Telephony,
    /// Of an instance and of a scheduled meeting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_modified: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub has_recording: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub has_transcription: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registration: Option<Value>,
    #[serde(flatten)]
    pub settings: Settings,
}

/// Somebody in a meeting, as `POST /hallway/v1/meetings/{id}/join` names him.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Attendee {
    pub email: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
}

/// Body of starting a meeting.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StartMeeting {
    /// Who joins at once, beside the host.
    #[serde(default)]
    pub participants: Vec<Attendee>,
}

/// Body of ending a meeting.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EndMeeting {
    /// Whether a transcript was made.
    #[serde(default)]
    pub transcript: bool,
    /// Whether it was recorded; where nothing is said, as `enabledAutoRecordMeeting` has it.
    #[serde(default)]
    pub recorded: Option<bool>,
}

/// Somebody who is or was in a meeting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Participant {
    pub id: String,
    pub meeting_id: String,
    pub email: String,
    pub display_name: String,
    /// `joined` or `end`
    pub state: String,
    pub host: bool,
    pub co_host: bool,
    pub host_email: String,
    pub joined_time: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_time: Option<String>,
}
