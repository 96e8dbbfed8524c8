//! What is told of rooms, and the records that come of it: intervals, not samples.

use std::collections::BTreeMap;

use hallway_sdk::{Timestamp, WorkspaceId};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

/// A use that goes on after a pause of up to this is the same use.
pub(crate) const PAUSE_MS: i64 = 10 * 60_000;
/// A full sync comes hourly. Of a device that was silent for longer nothing is known.
const SILENCE_MS: i64 = 2 * 60 * 60_000;

/// What happened in a room from one moment to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Where.
    pub room: WorkspaceId,
    /// From when.
    pub from: Timestamp,
    /// Until when.
    pub to: Timestamp,
    /// What.
    pub what: What,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum What {
    /// So many people were there; 1 also where they cannot be counted.
    Used(u32),
    /// It was booked.
    Booked,
    /// It was cleaned.
    Cleaned,
}

/// All rooms that were ever heard of.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Rooms {
    /// The rooms.
    pub all: BTreeMap<WorkspaceId, Room>,
    /// Records that are not in their file yet.
    pub(crate) unwritten: Vec<Record>,
    /// Whether people are counted, and bookings told of: it may not have been granted.
    pub(crate) counts_people: bool,
    pub(crate) hears_bookings: bool,
}

/// A room.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Room {
    /// What it is called.
    pub name: String,
    /// For how many people.
    pub capacity: Option<i64>,
    zone: String,
    /// What each device last said of people, and when.
    told: BTreeMap<String, (u32, Timestamp)>,
    people: u32,
    since: Timestamp,
    heard: Timestamp,
    booking: Option<(String, Timestamp)>,
    last_use: Timestamp,
    /// When it was cleaned; or when the counting began.
    pub cleaned: Timestamp,
    /// Uses since then.
    pub uses: u32,
    people_ms: i64,
}

impl Room {
    /// A room that is heard of for the first time.
    pub(crate) fn new(now: Timestamp) -> Self {
        Self {
            name: String::new(),
            capacity: None,
            zone: "UTC".to_owned(),
            told: BTreeMap::new(),
            people: 0,
            since: Timestamp(0),
            heard: Timestamp(0),
            booking: None,
            last_use: Timestamp(0),
            cleaned: now,
            uses: 0,
            people_ms: 0,
        }
    }

    /// Takes over what the organization knows of it.
    pub(crate) fn describe(&mut self, name: String, capacity: Option<i64>, zone: Option<String>) {
        (self.name, self.capacity) = (name, capacity);
        self.zone = zone.unwrap_or_else(|| "UTC".to_owned());
    }

    /// Where its days begin.
    pub fn zone(&self) -> TimeZone {
        TimeZone::get(&self.zone).unwrap_or(TimeZone::UTC)
    }

    /// Hours times people since it was cleaned, up to now.
    pub fn people_hours(&self, now: Timestamp) -> f64 {
        let open = i64::from(self.people) * (self.known_until(now).millis() - self.since.millis()).max(0);
        (self.people_ms + open) as f64 / 3_600_000.0
    }

    fn known_until(&self, now: Timestamp) -> Timestamp {
        now.min(self.heard.plus_millis(SILENCE_MS))
    }

    /// The interval that ends now, or would; `None`: nobody is there.
    fn open(&self, room: &WorkspaceId, now: Timestamp) -> Option<Record> {
        let (from, to) = (self.since, self.known_until(now));
        (self.people > 0 && to > from).then(|| Record {
            room: room.clone(),
            from,
            to,
            what: What::Used(self.people),
        })
    }

    /// Ends the interval that is open and begins another.
    fn turn(&mut self, room: &WorkspaceId, at: Timestamp, people: u32) -> Option<Record> {
        let ended = self.open(room, at);
        if let Some(it) = &ended {
            self.people_ms += i64::from(self.people) * (it.to.millis() - it.from.millis());
            self.last_use = it.to;
        }
        if people > 0 && at > self.last_use.plus_millis(PAUSE_MS) {
            self.uses += 1;
        }
        (self.people, self.since, self.heard) = (people, at, at);
        ended
    }
}

impl Rooms {
    /// A device says how many people there are: its sensor is `source`.
    pub(crate) fn told(&mut self, id: &WorkspaceId, source: String, people: u32, at: Timestamp) {
        let Some(room) = self.all.get_mut(id).filter(|room| at >= room.heard) else {
            return;
        };
        room.told.insert(source, (people, at));
        room.told
            .retain(|_, (_, heard)| heard.plus_millis(SILENCE_MS) >= at);
        let people = room.told.values().map(|(people, _)| *people).max().unwrap_or(0);
        let silent = at > room.heard.plus_millis(SILENCE_MS);
        if people != room.people || silent {
            self.unwritten.extend(room.turn(id, at, people));
        }
        room.heard = at;
    }

    /// A booking began.
    pub(crate) fn booked(&mut self, id: &WorkspaceId, booking: String, at: Timestamp) {
        if let Some(room) = self.all.get_mut(id) {
            room.booking = Some((booking, at));
        }
    }

    /// A booking ended.
    pub(crate) fn booking_over(&mut self, id: &WorkspaceId, booking: &str, to: Timestamp) {
        let Some(room) = self.all.get_mut(id) else { return };
        if let Some((_, from)) = room.booking.take_if(|(known, _)| known == booking) {
            self.unwritten.push(Record {
                room: id.clone(),
                from,
                to,
                what: What::Booked,
            });
        }
    }

    /// A room was cleaned: what counts for the next cleaning begins anew. `false`: nobody knows the room.
    pub fn cleaned(&mut self, id: &WorkspaceId, at: Timestamp) -> bool {
        let Some(room) = self.all.get_mut(id) else {
            return false;
        };
        self.unwritten.extend(room.turn(id, at, room.people));
        (room.cleaned, room.uses, room.people_ms) = (at, 0, 0);
        self.unwritten.push(Record {
            room: id.clone(),
            from: at,
            to: at,
            what: What::Cleaned,
        });
        true
    }

    /// What goes on now, as if it ended now, and what is not in its file yet.
    pub(crate) fn unfinished(&self, now: Timestamp) -> Vec<Record> {
        let open = self.all.iter().filter_map(|(id, room)| room.open(id, now));
        self.unwritten.iter().cloned().chain(open).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000;

    fn minute(n: i64) -> Timestamp {
        Timestamp(1_772_604_000_000).plus_millis(n * MINUTE)
    }

    fn rooms() -> (Rooms, WorkspaceId) {
        let id = WorkspaceId::from("A");
        let mut rooms = Rooms::default();
        rooms.all.insert(id.clone(), Room::new(minute(0)));
        (rooms, id)
    }

    fn intervals(rooms: &Rooms) -> Vec<(i64, i64, What)> {
        let minutes = |at: Timestamp| (at.millis() - minute(0).millis()) / MINUTE;
        rooms
            .unwritten
            .iter()
            .map(|it| (minutes(it.from), minutes(it.to), it.what))
            .collect()
    }

    #[test]
    fn intervals_end_when_the_number_changes_and_a_short_pause_is_the_same_use() {
        let (mut rooms, id) = rooms();
        for (at, people) in [
            (10, 2),
            (20, 2),
            (30, 4),
            (60, 0),
            (65, 1),
            (70, 0),
            (90, 3),
            (100, 0),
        ] {
            rooms.told(&id, "count".to_owned(), people, minute(at));
        }
        use What::Used;
        assert_eq!(
            intervals(&rooms),
            [
                (10, 30, Used(2)),
                (30, 60, Used(4)),
                (65, 70, Used(1)),
                (90, 100, Used(3))
            ]
        );
        assert_eq!(rooms.all[&id].uses, 2);
        let hours = rooms.all[&id].people_hours(minute(100));
        assert!(
            (hours - (40.0 + 120.0 + 5.0 + 30.0) / 60.0).abs() < 1e-9,
            "{hours}"
        );
        // What comes late, after newer news, is passed over.
        rooms.told(&id, "count".to_owned(), 9, minute(50));
        assert_eq!(rooms.all[&id].people, 0);
    }

    #[test]
    fn the_device_that_sees_most_counts_and_a_silent_one_is_not_believed_for_ever() {
        let (mut rooms, id) = rooms();
        rooms.told(&id, "a".to_owned(), 3, minute(0));
        rooms.told(&id, "b".to_owned(), 0, minute(1));
        assert_eq!(rooms.all[&id].people, 3);
        rooms.told(&id, "b".to_owned(), 0, minute(100));
        rooms.told(&id, "b".to_owned(), 0, minute(200));
        assert_eq!(
            (rooms.all[&id].people, intervals(&rooms)),
            (0, vec![(0, 200, What::Used(3))])
        );
        rooms.told(&id, "b".to_owned(), 1, minute(210));
        rooms.told(&id, "b".to_owned(), 1, minute(600));
        assert_eq!(
            intervals(&rooms)[1],
            (210, 330, What::Used(1)),
            "known for two hours"
        );
    }

    #[test]
    fn cleaning_counts_anew_and_who_cleans_is_no_use() {
        let (mut rooms, id) = rooms();
        rooms.told(&id, "count".to_owned(), 1, minute(10));
        assert!(rooms.cleaned(&id, minute(20)) && !rooms.cleaned(&WorkspaceId::from("B"), minute(20)));
        rooms.told(&id, "count".to_owned(), 0, minute(25));
        let room = &rooms.all[&id];
        assert_eq!((room.uses, room.cleaned), (0, minute(20)));
        assert!(room.people_hours(minute(25)) < 0.1);
    }

    #[test]
    fn bookings_are_intervals_too() {
        let (mut rooms, id) = rooms();
        rooms.booked(&id, "1".to_owned(), minute(0));
        rooms.booking_over(&id, "2", minute(20));
        rooms.booking_over(&id, "1", minute(30));
        rooms.booking_over(&id, "1", minute(31));
        assert_eq!(intervals(&rooms), [(0, 30, What::Booked)]);
    }
}
