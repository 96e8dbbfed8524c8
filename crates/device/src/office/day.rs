//! What every device of an office sees of a day, as a list. The same plan, seed and number of the day give
//! the same list.

use std::time::Duration;

use hallway_wire::id::{DeviceId, WorkspaceId};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};

use super::calendar::{DAY, Meeting, MeetingKind, meetings, minutes};
use super::plan::{OfficePlan, WorkspacePlan, WorkspaceType};

/// Something that happens at a device.
#[derive(Clone, Debug, PartialEq)]
pub struct Happening {
    /// Since 07:30.
    pub at: Duration,
    pub device: DeviceId,
    pub what: What,
}

/// What happens.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// So many people are in the room now.
    People(u32),
    /// What the room feels like: degrees Celsius, percent, dB, index of the air.
    Climate {
        temperature: f64,
        humidity: u32,
        noise: u32,
        sound: u32,
        air: f64,
    },
    /// A booking appears in the calendar; it starts and ends at these times of the day.
    Booked {
        id: String,
        title: String,
        organizer: String,
        email: String,
        starts: Duration,
        ends: Duration,
    },
    /// A booking disappears from it.
    Cancelled { id: String },
    /// Somebody dials.
    Dial { number: String, name: String },
    /// Somebody calls, and is answered.
    Called { number: String, name: String },
    /// The call ends.
    HangUp,
    /// Somebody shares a screen.
    Share,
    /// And stops.
    StopSharing,
    /// Somebody taps a panel on the touch screen.
    Tap { panel: String },
    /// Somebody turns the volume.
    Volume(u32),
    /// Nobody is there any more.
    Sleep,
}

/// Makes days.
#[derive(Debug)]
pub struct Day;

/// Panels that are tapped, and how likely each is in a meeting.
const PANELS: &[&str] = &["order_coffee", "report_issue", "room_lights", "water_me"];
const FAR_ENDS: &[(&str, &str)] = &[
    ("harbour.team@partner.example", "Harbour team"),
    ("porto.studio@fjordfalk.example", "Porto studio"),
    ("anna.weiss@client.example", "Anna Weiss"),
    ("+4722000000", "Reception"),
    ("weekly@meet.example", "Weekly meeting"),
];

impl Day {
    /// Everything that happens on one day, in order.
    pub fn script(plan: &OfficePlan, seed: u64) -> Vec<Happening> {
        let mut rng = StdRng::seed_from_u64(seed ^ 0x5bd1_e995_9d1b_a3c7);
        let meetings = meetings(plan, &mut rng);
        let mut script = Vec::new();
        for (i, meeting) in meetings.iter().enumerate() {
            add_meeting(plan, i, meeting, &mut rng, &mut script);
        }
        for workspace in &plan.workspaces {
            add_visitors(plan, workspace, &mut rng, &mut script);
            add_climate(plan, workspace, &meetings, &mut rng, &mut script);
        }
        for device in plan.devices.iter().filter(|device| device.person.is_some()) {
            script.push(Happening {
                at: minutes(35),
                device: device.spec.id,
                what: What::People(1),
            });
            script.push(Happening {
                at: minutes(540),
                device: device.spec.id,
                what: What::People(0),
            });
        }
        // The sort keeps the order of what happens in the same moment.
        script.sort_by_key(|happening| happening.at);
        script.retain(|happening| happening.at <= DAY);
        script
    }

    /// The meetings of the same day.
    pub fn calendar(plan: &OfficePlan, seed: u64) -> Vec<Meeting> {
        meetings(plan, &mut StdRng::seed_from_u64(seed ^ 0x5bd1_e995_9d1b_a3c7))
    }
}

/// Tells all devices of a workspace.
struct Room<'a> {
    devices: Vec<DeviceId>,
    script: &'a mut Vec<Happening>,
}

impl Room<'_> {
    fn all(&mut self, at: Duration, what: &What) {
        for device in &self.devices {
            self.script.push(Happening {
                at,
                device: *device,
                what: what.clone(),
            });
        }
    }

    fn first(&mut self, at: Duration, what: What) {
        if let Some(device) = self.devices.first() {
            self.script.push(Happening {
                at,
                device: *device,
                what,
            });
        }
    }
}

fn room<'a>(plan: &OfficePlan, workspace: WorkspaceId, script: &'a mut Vec<Happening>) -> Room<'a> {
    Room {
        devices: plan.devices_of(workspace).map(|device| device.spec.id).collect(),
        script,
    }
}

fn add_meeting(
    plan: &OfficePlan,
    number: usize,
    meeting: &Meeting,
    rng: &mut StdRng,
    script: &mut Vec<Happening>,
) {
    let seconds =
        |rng: &mut StdRng, range: std::ops::Range<u64>| Duration::from_secs(rng.random_range(range));
    let mut room = room(plan, meeting.workspace, script);
    let (starts, ends) = (meeting.starts, meeting.ends());
    let id = format!("meeting-{:03}", number + 1);
    if meeting.kind != MeetingKind::AdHoc {
        let organizer = plan.people.iter().find(|person| person.id == meeting.organizer);
        let booked = What::Booked {
            id: id.clone(),
            title: meeting.title.clone(),
            organizer: organizer.map(|person| person.display_name()).unwrap_or_default(),
            email: organizer.map(|person| person.email.clone()).unwrap_or_default(),
            starts,
            ends,
        };
        // Calendars are known in the morning; some bookings come late.
        let known = if rng.random_bool(0.8) {
            Duration::ZERO
        } else {
            starts.saturating_sub(minutes(45))
        };
        room.all(known, &booked);
    }
    match meeting.kind {
        MeetingKind::Ghost => return,
        MeetingKind::Cancelled => {
            return room.all(starts.saturating_sub(minutes(20)), &What::Cancelled { id });
        }
        MeetingKind::Held { .. } | MeetingKind::AdHoc => {}
    }
    // People come one by one, the first a little early.
    let mut at = starts.saturating_sub(seconds(rng, 60..240));
    let mut present = 0;
    while present < meeting.people {
        present = (present + rng.random_range(1..=3)).min(meeting.people);
        room.all(at, &What::People(present));
        at += seconds(rng, 20..90);
    }
    if let MeetingKind::Held { call: true } = meeting.kind {
        let (far, name) = FAR_ENDS.choose(rng).copied().unwrap_or(FAR_ENDS[0]);
        let (number, name) = (far.to_owned(), name.to_owned());
        let called = starts + seconds(rng, 60..300);
        let what = if rng.random_bool(0.75) {
            What::Dial { number, name }
        } else {
            What::Called { number, name }
        };
        room.first(called, what);
        room.first(ends.saturating_sub(seconds(rng, 30..240)), What::HangUp);
    }
    if meeting.people > 1 && rng.random_bool(0.6) {
        room.first(starts + seconds(rng, 400..700), What::Share);
        room.first(ends.saturating_sub(seconds(rng, 300..600)), What::StopSharing);
    }
    if rng.random_bool(0.25) {
        let panel = PANELS.choose(rng).copied().unwrap_or("water_me").to_owned();
        room.first(starts + seconds(rng, 120..1200), What::Tap { panel });
    }
    if rng.random_bool(0.3) {
        let volume = rng.random_range(30..80);
        room.first(starts + seconds(rng, 90..400), What::Volume(volume));
    }
    let mut at = ends.saturating_sub(seconds(rng, 10..180));
    while present > 0 {
        present = present.saturating_sub(rng.random_range(1..=4));
        room.all(at, &What::People(present));
        at += seconds(rng, 10..60);
    }
    room.all(at + minutes(8), &What::Sleep);
}

/// People in places that nobody books: desks, the open area, the lobby.
fn add_visitors(plan: &OfficePlan, workspace: &WorkspacePlan, rng: &mut StdRng, script: &mut Vec<Happening>) {
    let mut room = room(plan, workspace.id, script);
    match workspace.kind {
        WorkspaceType::Desk => {
            let comes = rng.random_bool(0.85);
            if comes {
                room.all(minutes(rng.random_range(30..120)), &What::People(1));
                let lunch = rng.random_range(240..290);
                room.all(minutes(lunch), &What::People(0));
                room.all(minutes(lunch + rng.random_range(25..50)), &What::People(1));
                room.all(minutes(rng.random_range(500..620)), &What::People(0));
            }
        }
        WorkspaceType::Open | WorkspaceType::NotSet => {
            let most = workspace.capacity.unwrap_or(6);
            let mut at = 20;
            while at < 630 {
                // Fullest around noon.
                let noon = 1.0 - (f64::from(at) - 270.0).abs() / 420.0;
                let crowd = (noon.max(0.0) * f64::from(most) * rng.random_range(0.2..0.9)).round();
                room.all(minutes(u64::from(at as u32)), &What::People(crowd as u32));
                at += rng.random_range(6..25);
            }
            room.all(minutes(640), &What::People(0));
        }
        _ => {}
    }
}

/// Warm air, noise and used-up air follow the people in a room; the weather does the rest.
fn add_climate(
    plan: &OfficePlan,
    workspace: &WorkspacePlan,
    meetings: &[Meeting],
    rng: &mut StdRng,
    script: &mut Vec<Happening>,
) {
    let mut room = room(plan, workspace.id, script);
    let seats = f64::from(workspace.capacity.unwrap_or(6).max(1));
    let (mut temperature, mut air) = (20.4 + rng.random_range(0.0..0.8), 1.0);
    let humid = rng.random_range(30..42);
    let mut at = rng.random_range(0..8_u64);
    while at < 660 {
        let now = minutes(at);
        let held = |meeting: &&Meeting| {
            meeting.workspace == workspace.id
                && matches!(meeting.kind, MeetingKind::Held { .. } | MeetingKind::AdHoc)
                && meeting.starts <= now
                && now < meeting.ends()
        };
        let people = meetings.iter().find(held).map_or(0, |meeting| meeting.people);
        let full = (f64::from(people) / seats).min(1.0);
        temperature += (20.8 + 3.0 * full - temperature) * 0.2 + rng.random_range(-0.1..0.1);
        air += (1.0 + 2.5 * full - air) * 0.25 + rng.random_range(-0.05..0.05);
        let noise = 31 + (22.0 * full) as u32 + rng.random_range(0..4);
        room.all(
            now,
            &What::Climate {
                temperature: tenths(temperature),
                humidity: humid + (6.0 * full) as u32 + rng.random_range(0..2),
                noise,
                sound: noise + rng.random_range(1..6),
                air: tenths(air.max(0.8)),
            },
        );
        at += rng.random_range(8..16);
    }
}

fn tenths(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_day() {
        let plan = OfficePlan::demo(3);
        assert_eq!(Day::script(&plan, 5), Day::script(&plan, 5));
        assert_ne!(Day::script(&plan, 5), Day::script(&plan, 6));
        assert_eq!(Day::calendar(&plan, 5), Day::calendar(&plan, 5));
    }

    #[test]
    fn a_day_has_something_of_everything() {
        let plan = OfficePlan::demo(3);
        let days: Vec<Happening> = (0..5).flat_map(|seed| Day::script(&plan, seed)).collect();
        let some = |test: fn(&What) -> bool| days.iter().any(|happening| test(&happening.what));
        assert!(some(|what| matches!(what, What::Dial { .. })));
        assert!(some(|what| matches!(what, What::Called { .. })));
        assert!(some(|what| matches!(what, What::Tap { .. })));
        assert!(some(|what| matches!(what, What::Cancelled { .. })));
        assert!(some(|what| matches!(what, What::Share)));
        let one = Day::script(&plan, 1);
        assert!(one.is_sorted_by_key(|happening| happening.at));
        assert!(one.len() > 500 && one.len() < 20_000, "{}", one.len());
        assert!(
            Day::calendar(&plan, 1)
                .iter()
                .any(|meeting| meeting.kind == MeetingKind::Ghost)
        );
    }
}
