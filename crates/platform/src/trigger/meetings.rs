//! Meetings, who is in them, and what is recorded of them.

use hallway_wire::meeting::{
    Attendee, EndMeeting, Meeting, Participant, Schedule, Settings as Wishes, StartMeeting,
};
use hallway_wire::recording::{ChangeRecording, DeleteRecording, NewRecording, Recording};
use hallway_wire::zone::Zone;

use super::{Settings, Trigger, shown};
use crate::caller::Caller;
use crate::error::Result;
use crate::platform::Platform;

const MEETING: (&str, &str) = ("meetingId", "The meeting; a new one if not set.");
const TITLE: (&str, &str) = ("title", "Its title.");
const HOST: (&str, &str) = ("hostEmail", "Who hosts it; the caller if not set.");
const PERSON: (&str, &str) = (
    "personEmail",
    "Who takes part; somebody of the organization if not set.",
);
const RECORDING: (&str, &str) = ("recordingId", "The recording; a new one if not set.");
const TOPIC: (&str, &str) = ("topic", "What it is called.");

/// How long a triggered meeting is planned for.
const LENGTH_MS: i64 = 30 * 60_000;

/// See the documentation of [`super`].
pub(super) const TRIGGERS: &[Trigger] = &[
    Trigger {
        resource: "meetings",
        event: "created",
        about: "Schedules a meeting of half an hour.",
        settings: &[
            TITLE,
            HOST,
            ("start", "When it begins, as ISO 8601; in a minute if not set."),
        ],
        run: |platform, caller, set| shown("meeting", schedule(platform, caller, set)),
    },
    Trigger {
        resource: "meetings",
        event: "updated",
        about: "Gives a meeting another title.",
        settings: &[MEETING, HOST, TITLE],
        run: |platform, caller, set| {
            shown("meeting", async move {
                let id = meeting(platform, caller, set).await?;
                let title = set.text("title");
                let wishes = Wishes {
                    title: Some(title.unwrap_or_else(|| format!("Renamed at {}", platform.now()))),
                    ..Wishes::default()
                };
                let plan = Schedule {
                    host_email: set.text("hostEmail"),
                    ..Schedule::default()
                };
                platform
                    .update_meeting(caller, &id, plan, wishes, false, None)
                    .await
            })
        },
    },
    Trigger {
        resource: "meetings",
        event: "deleted",
        about: "Cancels a meeting.",
        settings: &[MEETING, HOST],
        run: |platform, caller, set| {
            shown("meeting", async move {
                let id = meeting(platform, caller, set).await?;
                let host = set.text("hostEmail");
                let planned = platform
                    .meeting(caller, &id, false, host.as_deref(), None)
                    .await?;
                platform.delete_meeting(caller, &id, host.as_deref()).await?;
                Ok(planned)
            })
        },
    },
    Trigger {
        resource: "meetings",
        event: "started",
        about: "Starts a meeting, with its host in it.",
        settings: &[MEETING, HOST, TITLE],
        run: |platform, caller, set| shown("meeting", start(platform, caller, set)),
    },
    Trigger {
        resource: "meetings",
        event: "ended",
        about: "Ends a meeting that goes on, or starts one and ends it.",
        settings: &[
            ("meetingId", "The meeting that goes on; a new one if not set."),
            HOST,
            TITLE,
        ],
        run: |platform, caller, set| shown("meeting", end(platform, caller, set, EndMeeting::default())),
    },
    Trigger {
        resource: "meetingParticipants",
        event: "joined",
        about: "Lets somebody into a meeting that goes on, or into one that is started for it.",
        settings: &[
            ("meetingId", "The meeting that goes on; a new one if not set."),
            PERSON,
        ],
        run: |platform, caller, set| shown("participant", join(platform, caller, set)),
    },
    Trigger {
        resource: "meetingParticipants",
        event: "left",
        about: "Lets somebody into a meeting and out of it again.",
        settings: &[
            ("meetingId", "The meeting that goes on; a new one if not set."),
            PERSON,
        ],
        run: |platform, caller, set| {
            shown("participant", async move {
                let who = join(platform, caller, set).await?;
                platform.leave_meeting(caller, &who.meeting_id, &who.email).await
            })
        },
    },
    Trigger {
        resource: "meetingTranscripts",
        event: "created",
        about: "Ends a meeting of which a transcript was made.",
        settings: &[
            ("meetingId", "The meeting that goes on; a new one if not set."),
            HOST,
            TITLE,
        ],
        run: |platform, caller, set| {
            let written = EndMeeting {
                transcript: true,
                recorded: None,
            };
            shown("meeting", end(platform, caller, set, written))
        },
    },
    Trigger {
        resource: "recordings",
        event: "created",
        about: "Adds a recording.",
        settings: &[
            ("meetingId", "The meeting that it is of; none if not set."),
            TOPIC,
            HOST,
        ],
        run: |platform, caller, set| shown("recording", record(platform, caller, set)),
    },
    Trigger {
        resource: "recordings",
        event: "updated",
        about: "Gives a recording another topic.",
        settings: &[RECORDING, TOPIC],
        run: |platform, caller, set| {
            shown("recording", async move {
                let id = recording(platform, caller, set).await?;
                let topic = set.text("topic");
                let change = ChangeRecording {
                    topic: Some(topic.unwrap_or_else(|| format!("Renamed at {}", platform.now()))),
                    ..ChangeRecording::default()
                };
                platform.change_recording(caller, &id, &change).await
            })
        },
    },
    Trigger {
        resource: "recordings",
        event: "deleted",
        about: "Moves a recording to the bin.",
        settings: &[RECORDING],
        run: |platform, caller, set| {
            shown("recording", async move {
                let id = recording(platform, caller, set).await?;
                let there = platform.recording(caller, &id, None, &Zone::utc()).await?;
                let why = DeleteRecording::default();
                platform.delete_recording(caller, &id, None, &why).await?;
                Ok(there)
            })
        },
    },
];

async fn schedule(platform: &Platform, caller: &Caller, set: &Settings) -> Result<Meeting> {
    let begin = platform.now().plus_millis(60_000);
    let (start, end) = match set.text("start") {
        None => (begin.to_string(), begin.plus_millis(LENGTH_MS).to_string()),
        Some(text) => {
            // What is no time is refused below, with the words for it.
            let end = text.parse::<hallway_wire::Timestamp>();
            let end = end.map(|start| start.plus_millis(LENGTH_MS).to_string());
            (text, end.unwrap_or_default())
        }
    };
    let plan = Schedule {
        start: Some(start),
        end: Some(end),
        host_email: set.text("hostEmail"),
        ..Schedule::default()
    };
    let wishes = Wishes {
        title: Some(
            set.text("title")
                .unwrap_or_else(|| "Triggered meeting".to_owned()),
        ),
        ..Wishes::default()
    };
    platform.create_meeting(caller, plan, wishes, None).await
}

/// The meeting that is named, or a new one.
async fn meeting(platform: &Platform, caller: &Caller, set: &Settings) -> Result<String> {
    match set.text("meetingId") {
        Some(id) => Ok(id),
        None => Ok(schedule(platform, caller, set).await?.id),
    }
}

async fn start(platform: &Platform, caller: &Caller, set: &Settings) -> Result<Meeting> {
    let id = meeting(platform, caller, set).await?;
    platform.start_meeting(caller, &id, StartMeeting::default()).await
}

/// The meeting that is named and goes on, or one that is started.
async fn running(platform: &Platform, caller: &Caller, set: &Settings) -> Result<String> {
    match set.text("meetingId") {
        Some(id) => Ok(id),
        None => Ok(start(platform, caller, set).await?.id),
    }
}

async fn end(platform: &Platform, caller: &Caller, set: &Settings, end: EndMeeting) -> Result<Meeting> {
    let id = running(platform, caller, set).await?;
    platform.end_meeting(caller, &id, &end).await
}

async fn join(platform: &Platform, caller: &Caller, set: &Settings) -> Result<Participant> {
    let email = match set.text("personEmail") {
        Some(email) => email,
        None => platform.somebody_else(caller).await?.email,
    };
    let id = running(platform, caller, set).await?;
    let who = Attendee {
        email,
        display_name: None,
    };
    platform.join_meeting(caller, &id, &who).await
}

async fn record(platform: &Platform, caller: &Caller, set: &Settings) -> Result<Recording> {
    let meeting_id = set.text("meetingId");
    let alone = meeting_id.is_none();
    let host = set.text("hostEmail");
    let topic = set.text("topic");
    let new = NewRecording {
        meeting_id,
        topic: topic.or_else(|| alone.then(|| "Triggered recording".to_owned())),
        host_email: host.or_else(|| alone.then(|| caller.profile.email.clone())),
        ..NewRecording::default()
    };
    platform.add_recording(caller, new).await
}

/// The recording that is named, or a new one.
async fn recording(platform: &Platform, caller: &Caller, set: &Settings) -> Result<String> {
    match set.text("recordingId") {
        Some(id) => Ok(id),
        None => Ok(record(platform, caller, set).await?.id),
    }
}
