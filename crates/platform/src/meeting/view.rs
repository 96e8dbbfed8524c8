//! Meetings as answers show them.

use hallway_wire::Timestamp;
use hallway_wire::meeting::{CallInNumber, Meeting, MeetingType, Settings, State, Telephony};
use hallway_wire::zone::Zone;

use super::{Base, Instance, Occurrence, Series, scheduled_id};
use crate::platform::Platform;

/// How long before its start a scheduled meeting can be joined.
const READY_MS: i64 = 15 * 60_000;

/// How an answer is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look<'a> {
    /// The zone that was asked for; otherwise the meeting's own.
    pub(super) zone: Option<&'a Zone>,
    /// Whether the caller is the host, or stands in for the host.
    pub(super) host: bool,
}

impl Look<'_> {
    /// For what is told to others.
    pub(super) const PLAIN: Look<'static> = Look {
        zone: None,
        host: true,
    };

    fn zone(self, base: &Base) -> Zone {
        self.zone
            .cloned()
            .or_else(|| Zone::named(&base.timezone).ok())
            .unwrap_or_else(Zone::utc)
    }
}

/// What was decided, with the defaults where nothing was.
fn with_defaults(settings: &Settings) -> Settings {
    settings.clone().or(&Settings {
        enabled_auto_record_meeting: Some(false),
        allow_any_user_to_be_co_host: Some(false),
        enabled_join_before_host: Some(false),
        enable_connect_audio_before_host: Some(false),
        join_before_host_minutes: Some(0),
        exclude_password: Some(false),
        public_meeting: Some(false),
        reminder_time: Some(15),
        enable_automatic_lock: Some(false),
        allow_first_user_to_be_co_host: Some(false),
        allow_authenticated_devices: Some(false),
        enabled_breakout_sessions: Some(false),
        ..Settings::default()
    })
}

impl Platform {
    /// What stands for the site of the organization's meetings: where this Hallway is reached.
    pub(super) fn meeting_site(&self) -> &str {
        let url = &self.config.public_url;
        let host = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
        host.split('/').next().unwrap_or(host)
    }

    fn show_meeting(&self, base: &Base, settings: &Settings, look: Look<'_>) -> Meeting {
        Meeting {
            id: String::new(),
            meeting_series_id: None,
            scheduled_meeting_id: None,
            meeting_number: base.number.clone(),
            meeting_type: MeetingType::Series,
            state: State::Active,
            timezone: look.zone(base).name().to_owned(),
            start: String::new(),
            end: String::new(),
            recurrence: None,
            host_user_id: base.host,
            host_display_name: base.host_name.clone(),
            host_email: base.host_email.clone(),
            host_key: if look.host {
                base.host_key.clone()
            } else {
                String::new()
            },
            site_url: self.meeting_site().to_owned(),
            web_link: format!("{}/meet/j.php?MTID={}", self.config.public_url, base.link),
            sip_address: format!("{}@{}", base.number, self.meeting_site()),
            scheduled_type: base.scheduled_type,
            phone_and_video_system_password: base.video_password.clone(),
            room_id: base.room,
            telephony: Telephony {
                access_code: base.access_code.clone(),
                call_in_numbers: vec![CallInNumber {
                    label: "Call-in toll number (US/Canada)".to_owned(),
                    call_in_number: "+1-555-0100".to_owned(),
                    toll_type: "toll".to_owned(),
                }],
                links: Vec::new(),
            },
            is_modified: None,
            has_recording: None,
            has_transcription: None,
            registration: base.registration.clone(),
            settings: with_defaults(settings),
        }
    }

    /// A series as a whole.
    pub(super) fn show_series(&self, series: &Series, look: Look<'_>) -> Meeting {
        let zone = look.zone(&series.base);
        let over = series.over <= self.now() && series.running.is_none();
        Meeting {
            id: series.id.clone(),
            meeting_series_id: Some(series.id.clone()),
            state: if over { State::Expired } else { State::Active },
            start: zone.write(series.start),
            end: zone.write(series.end),
            recurrence: series.recurrence.clone(),
            ..self.show_meeting(&series.base, &series.base.settings, look)
        }
    }

    /// One scheduled meeting of a series.
    pub(super) fn show_occurrence(&self, series: &Series, it: &Occurrence, look: Look<'_>) -> Meeting {
        let zone = look.zone(&series.base);
        Meeting {
            id: scheduled_id(&series.id, it.original),
            meeting_series_id: Some(series.id.clone()),
            meeting_type: MeetingType::Scheduled,
            state: occurrence_state(series, it, self.now()),
            start: zone.write(it.start),
            end: zone.write(it.end),
            is_modified: Some(it.modified),
            ..self.show_meeting(&series.base, series.settings_of(it.original), look)
        }
    }

    /// A meeting that is or was held.
    pub(super) fn show_instance(&self, it: &Instance, look: Look<'_>) -> Meeting {
        let zone = look.zone(&it.base);
        Meeting {
            id: it.id.clone(),
            meeting_series_id: Some(it.series.clone()),
            scheduled_meeting_id: Some(scheduled_id(&it.series, it.original)),
            meeting_type: MeetingType::Instance,
            state: match it.ended {
                None => State::InProgress,
                Some(_) => State::Ended,
            },
            start: zone.write(it.started),
            end: zone.write(it.ended.unwrap_or(it.planned_end)),
            has_recording: Some(it.recorded),
            has_transcription: Some(it.transcript),
            ..self.show_meeting(&it.base, &it.base.settings, look)
        }
    }
}

pub(super) fn occurrence_state(series: &Series, it: &Occurrence, now: Timestamp) -> State {
    match series.held.get(&it.original.millis()) {
        Some(instance) if series.running.as_ref() == Some(instance) => State::InProgress,
        Some(_) => State::Ended,
        None if it.end <= now => State::Missed,
        None if it.start.millis() - READY_MS <= now.millis() => State::Ready,
        None => State::Scheduled,
    }
}

impl Look<'_> {
    /// A moment, in the zone of the answer.
    pub(super) fn time(self, base: &Base, at: Timestamp) -> String {
        self.zone(base).write(at)
    }
}
