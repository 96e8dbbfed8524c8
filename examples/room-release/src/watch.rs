//! What survives a restart: how far each booking is, and what was decided.

use std::collections::{BTreeMap, VecDeque};

use hallway_sdk::xapi::Booking;
use hallway_sdk::{Device, DeviceId, Result, Timestamp, WorkspaceId};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::rules::{Plan, Room};

/// So many decisions are remembered.
const DECISIONS: usize = 1000;

/// The bookings that are on now, and what was decided.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct State {
    pub(crate) watches: BTreeMap<WorkspaceId, Watch>,
    pub(crate) decisions: VecDeque<String>,
}

/// How far a booking is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Phase {
    /// It began; nobody was asked yet.
    Waiting,
    /// Somebody was asked.
    Asked,
    /// It is being released.
    Releasing,
    /// Nothing more is done about it.
    Decided,
}

/// A booking that is on. It names no person.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Watch {
    pub(crate) booking: String,
    pub(crate) meeting: String,
    pub(crate) device: DeviceId,
    pub(crate) room: String,
    zone: String,
    pub(crate) starts: Timestamp,
    pub(crate) ends: Timestamp,
    pub(crate) answer_ms: i64,
    pub(crate) phase: Phase,
    /// When the next thing is to be done.
    pub(crate) due: Timestamp,
}

impl State {
    /// When the next thing is to be done.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        let open = self.watches.values().filter(|it| it.phase != Phase::Decided);
        open.map(|it| it.due).min()
    }

    /// What is to be done now.
    pub(crate) fn due(&self, now: Timestamp) -> Vec<(WorkspaceId, Watch)> {
        let due = self
            .watches
            .iter()
            .filter(|(_, it)| it.phase != Phase::Decided && it.due <= now);
        due.map(|(room, it)| (room.clone(), it.clone())).collect()
    }

    /// What became due while nobody was here waits a little, so that answers in the queue are heard first.
    pub(crate) fn put_off(&mut self, soon: Timestamp) {
        // When a release was due stays: who comes too late looks again whether somebody is there.
        let open = self
            .watches
            .values_mut()
            .filter(|it| it.phase != Phase::Releasing);
        open.for_each(|it| it.due = it.due.max(soon));
    }

    /// A booking is on, unless that is known; `alone`: why it is left alone.
    pub(crate) fn begin(&mut self, room: WorkspaceId, watch: Watch, now: Timestamp, alone: Option<String>) {
        if self
            .watches
            .get(&room)
            .is_some_and(|it| it.booking == watch.booking)
        {
            return;
        }
        if let Some(why) = alone {
            self.note(&watch, now, "left alone", &why);
        }
        // What other rooms had is over and forgotten.
        self.watches.retain(|_, it| it.ends > now);
        self.watches.insert(room, watch);
    }

    /// The next phase of a booking, if it is still as it was.
    pub(crate) fn go_on(
        &mut self,
        room: &WorkspaceId,
        was: &Watch,
        (phase, due): (Phase, Timestamp),
        now: Timestamp,
        (what, why): (&str, &str),
    ) {
        let found = self.watches.get_mut(room);
        if let Some(watch) = found.filter(|it| it.booking == was.booking && it.phase == was.phase) {
            (watch.phase, watch.due) = (phase, due);
            self.note(was, now, what, why);
        }
    }

    fn note(&mut self, watch: &Watch, now: Timestamp, what: &str, why: &str) {
        let Watch { room, booking, .. } = watch;
        tracing::info!(room, booking, why, "{what}");
        let at = watch.local(now, "%Y-%m-%d %H:%M:%S %:z");
        let line = [at.as_str(), room, what, why, booking].join("\t");
        self.decisions.push_back(line);
        if self.decisions.len() > DECISIONS {
            self.decisions.pop_front();
        }
    }
}

impl Watch {
    /// A booking that began; without a plan it is left alone.
    pub(crate) fn new(device: &DeviceId, room: &Room, booking: Booking, plan: Option<&Plan>) -> Self {
        Self {
            phase: plan.map_or(Phase::Decided, |_| Phase::Waiting),
            due: plan.map_or(booking.ends, |plan| plan.ask_at),
            answer_ms: plan.map_or(0, |plan| plan.answer_ms),
            booking: booking.id,
            meeting: booking.meeting_id,
            starts: booking.starts,
            ends: booking.ends,
            device: device.clone(),
            room: room.name.clone(),
            zone: room.zone.iana_name().unwrap_or("UTC").to_owned(),
        }
    }

    /// Names the question about it.
    pub(crate) fn feedback_id(&self) -> String {
        format!("room-release:{}", self.booking)
    }

    /// Asks whether somebody is there.
    pub(crate) async fn ask(&self, device: &Device, until: Timestamp) -> Result<()> {
        let (ends, until) = (self.local(self.ends, "%H:%M"), self.local(until, "%H:%M"));
        let text = format!("The room is booked until {ends}. Without an answer it is released at {until}.");
        let prompt = device
            .prompt(text)
            .title("Is somebody here?")
            .feedback_id(&self.feedback_id());
        let prompt = prompt.options(["Keep the booking", "Release the room"]);
        let seconds = u16::try_from(self.answer_ms / 1000).unwrap_or(3600);
        prompt.duration(seconds).show().await
    }

    /// A moment, by the clock of the room.
    fn local(&self, at: Timestamp, format: &str) -> String {
        let zone = TimeZone::get(&self.zone).unwrap_or(TimeZone::UTC);
        at.to_jiff().to_zoned(zone).strftime(format).to_string()
    }
}
