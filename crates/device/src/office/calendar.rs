//! Who meets where on a day.

use std::time::Duration;

use hallway_wire::id::{PersonId, WorkspaceId};
use rand::Rng as _;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;

use super::plan::{OfficePlan, WorkspaceType};

/// When the day starts, in the office's own time, and how long it lasts.
pub(crate) const OPENS: &str = "07:30";
pub(crate) const DAY: Duration = Duration::from_secs(11 * 3600);

/// What becomes of a booking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MeetingKind {
    /// People come; `call`: and somebody is called.
    Held { call: bool },
    /// Booked, and nobody comes.
    Ghost,
    /// People come who booked nothing.
    AdHoc,
    /// Deleted before it starts.
    Cancelled,
}

/// A meeting in a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meeting {
    pub workspace: WorkspaceId,
    pub title: String,
    pub organizer: PersonId,
    /// Since 07:30.
    pub starts: Duration,
    pub minutes: u64,
    /// How many come.
    pub people: u32,
    pub kind: MeetingKind,
}

impl Meeting {
    /// Since 07:30.
    pub fn ends(&self) -> Duration {
        self.starts + minutes(self.minutes)
    }
}

pub(crate) const fn minutes(count: u64) -> Duration {
    Duration::from_secs(60 * count)
}

const TITLES: &[&str] = &[
    "Design review",
    "Weekly planning",
    "Stand-up",
    "Budget",
    "Customer call",
    "Interview",
    "Roadmap",
    "Retrospective",
    "Lunch talk",
    "Supplier meeting",
    "One to one",
    "Demo rehearsal",
];

/// The meetings of all rooms that can be booked or walked into, by start.
pub(crate) fn meetings(plan: &OfficePlan, rng: &mut StdRng) -> Vec<Meeting> {
    let mut all = Vec::new();
    for workspace in &plan.workspaces {
        let busy = match workspace.kind {
            WorkspaceType::MeetingRoom => 0.8,
            WorkspaceType::Huddle => 0.65,
            WorkspaceType::Focus | WorkspaceType::Other if workspace.calendar.is_some() => 0.4,
            _ => continue,
        };
        // Half-hour slots from 08:00 to 17:30.
        let mut slot = 1;
        while slot < 20 {
            if !rng.random_bool(busy) {
                slot += rng.random_range(1..3);
                continue;
            }
            let slots = if workspace.kind == WorkspaceType::MeetingRoom {
                rng.random_range(1..=3)
            } else {
                rng.random_range(1..=2)
            };
            let seats = workspace.capacity.unwrap_or(4).max(1);
            let people = if seats == 1 {
                1
            } else {
                rng.random_range(2..=seats)
            };
            let kind = match rng.random_range(0..100) {
                0..12 => MeetingKind::Ghost,
                12..18 => MeetingKind::Cancelled,
                18..28 => MeetingKind::AdHoc,
                n => MeetingKind::Held { call: n < 70 },
            };
            let Some(organizer) = plan.people.choose(rng) else {
                break;
            };
            let title = TITLES.choose(rng).copied().unwrap_or("Meeting");
            all.push(Meeting {
                workspace: workspace.id,
                title: title.to_owned(),
                organizer: organizer.id,
                starts: minutes(slot * 30),
                minutes: slots * 30,
                people,
                kind,
            });
            slot += slots + u64::from(rng.random_bool(0.4));
        }
    }
    all.sort_by_key(|meeting| meeting.starts);
    all
}
