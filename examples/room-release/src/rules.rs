//! Which bookings are released, and when.

use std::path::Path;

use anyhow::{Context as _, ensure};
use hallway_sdk::Timestamp;
use hallway_sdk::xapi::Booking;
use jiff::civil::Time;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::{Map, Value};

/// The rules, as they are written: members of a [`Rule`].
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rules {
    /// What holds where nothing else is said.
    pub everywhere: Map<String, Value>,
    /// What is different in the rooms that `name` and `tag` mean; later ones win.
    pub rooms: Vec<Map<String, Value>>,
}

/// A rule. Bookings that it does not mean are left alone.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rule {
    /// In rooms with this name; one `*` in it stands for anything.
    pub name: String,
    /// In rooms whose device has this tag.
    pub tag: Option<String>,
    /// Whether bookings are released at all.
    pub release: bool,
    /// So long after the start somebody is asked.
    pub ask_after_minutes: u16,
    /// So long an answer is waited for; at most an hour.
    pub answer_within_minutes: u16,
    /// Bookings that last at least so long.
    pub minimum_minutes: u16,
    /// Bookings that start on these days: `["Mon", "Tue"]`; none: every day.
    pub days: Vec<String>,
    /// Bookings that start then or later, by the clock of the room: `07:00`.
    pub from: Time,
    /// Bookings that start before.
    pub to: Time,
    /// Not the bookings of these organizers: `*@board.example.com`.
    pub never_for: Vec<String>,
}

impl Default for Rule {
    fn default() -> Self {
        Self {
            name: "*".to_owned(),
            tag: None,
            release: true,
            ask_after_minutes: 10,
            answer_within_minutes: 5,
            minimum_minutes: 30,
            days: Vec::new(),
            from: Time::MIN,
            to: Time::MAX,
            never_for: Vec::new(),
        }
    }
}

/// A room, as far as rules ask for it.
#[derive(Clone, Debug)]
pub struct Room {
    /// What it is called.
    pub name: String,
    /// The tags of its device.
    pub tags: Vec<String>,
    /// Whose clock counts.
    pub zone: TimeZone,
}

/// When somebody is asked, and how long an answer is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    pub ask_at: Timestamp,
    pub answer_ms: i64,
}

const MINUTE: i64 = 60_000;
const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

impl Rules {
    /// Reads a file.
    ///
    /// # Errors
    /// It cannot be read, or says something that is no rule.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let rules = || -> anyhow::Result<Self> {
            let rules: Self = serde_json::from_str(&std::fs::read_to_string(path)?)?;
            for set in rules.rooms.iter().chain([&rules.everywhere]) {
                let rule: Rule = serde_json::from_value(set.clone().into())?;
                let unknown = rule.days.iter().find(|day| !DAYS.contains(&day.as_str()));
                ensure!(unknown.is_none(), "{unknown:?} is no day: they are {DAYS:?}");
            }
            Ok(rules)
        };
        rules().with_context(|| format!("the rules in {}", path.display()))
    }

    /// What holds in a room.
    fn of(&self, room: &Room) -> Rule {
        // They were read once already.
        let read = |set: &Map<String, Value>| -> Rule {
            serde_json::from_value(set.clone().into()).unwrap_or_default()
        };
        let mut set = self.everywhere.clone();
        for it in &self.rooms {
            let Rule { name, tag, .. } = read(it);
            if like(&name, &room.name) && tag.is_none_or(|tag| room.tags.contains(&tag)) {
                set.extend(it.clone());
            }
        }
        read(&set)
    }

    /// When somebody is asked about a booking, which is known since a moment.
    ///
    /// # Errors
    /// The booking is left alone: why.
    pub fn plan(&self, room: &Room, booking: &Booking, known: Timestamp) -> Result<Plan, String> {
        let rule = self.of(room);
        let begins = booking.starts.to_jiff().to_zoned(room.zone.clone());
        let (day, time) = (begins.strftime("%a").to_string(), begins.time());
        let after_start = i64::from(rule.ask_after_minutes) * MINUTE;
        let ask_at = booking.starts.max(known).plus_millis(after_start);
        let answer_ms = i64::from(rule.answer_within_minutes.clamp(1, 60)) * MINUTE;
        let minutes = (booking.ends.millis() - booking.starts.millis()) / MINUTE;
        if !rule.release {
            Err("the rules leave this room alone".to_owned())
        } else if rule.never_for.iter().any(|who| like(who, &booking.email)) {
            Err("the rules leave bookings of this organizer alone".to_owned())
        } else if minutes < i64::from(rule.minimum_minutes) {
            Err(format!("it is shorter than {} minutes", rule.minimum_minutes))
        } else if !rule.days.is_empty() && !rule.days.contains(&day) {
            Err(format!("the rules leave bookings on a {day} alone"))
        } else if time < rule.from || time >= rule.to {
            Err(format!(
                "the rules leave bookings alone that start at {}",
                time.strftime("%H:%M")
            ))
        } else if ask_at.plus_millis(answer_ms) >= booking.ends {
            Err("it would be over before an answer could be waited for".to_owned())
        } else {
            Ok(Plan { ask_at, answer_ms })
        }
    }
}

/// Whether a text is like a pattern, in which one `*` stands for anything; upper and lower case are the same.
fn like(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.to_lowercase(), text.to_lowercase());
    match pattern.split_once('*') {
        None => pattern == text,
        Some((first, last)) => text.strip_prefix(first).is_some_and(|rest| rest.ends_with(last)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(text: &str) -> Rules {
        serde_json::from_str(text).unwrap()
    }

    /// After how many minutes somebody is asked about a booking in a room with the tag `vip`.
    fn plan(rules: &Rules, name: &str, zone: &str, starts: &str, minutes: i64) -> Result<i64, String> {
        let starts: Timestamp = starts.parse().unwrap();
        let ends = starts.plus_millis(minutes * MINUTE);
        let booking = serde_json::from_value(serde_json::json!({
            "Id": "1", "Organizer": { "Email": "ann@board.example.com" },
            "Time": { "StartTime": starts, "EndTime": ends },
        }));
        let (name, zone) = (name.to_owned(), TimeZone::get(zone).unwrap());
        let room = Room {
            name,
            tags: vec!["vip".to_owned()],
            zone,
        };
        let plan = rules.plan(&room, &booking.unwrap(), starts);
        plan.map(|plan| (plan.ask_at.millis() - starts.millis()) / MINUTE)
    }

    #[test]
    fn the_clock_of_the_room_counts() {
        let rules = rules(r#"{"everywhere": {"from": "08:00", "to": "18:00", "days": ["Wed"]}}"#);
        // 07:30 in London is 08:30 in Oslo; 23:30 on Tuesday in London is Wednesday in Tokyo.
        let early = |zone| plan(&rules, "A", zone, "2026-03-04T07:30:00Z", 60);
        assert!(early("Europe/Oslo").is_ok());
        assert!(early("Europe/London").unwrap_err().contains("07:30"));
        let late = |zone| plan(&rules, "A", zone, "2026-03-03T23:30:00Z", 60);
        assert!(late("Asia/Tokyo").is_ok());
        assert!(late("Europe/London").unwrap_err().contains("Tue"));
    }

    #[test]
    fn exceptions_by_name_and_tag_and_later_ones_win() {
        let rules = rules(
            r#"{"everywhere": {"ask_after_minutes": 5},
                "rooms": [{"name": "board*", "ask_after_minutes": 15},
                          {"name": "Board 2", "tag": "vip", "release": false}]}"#,
        );
        let minutes = |name| plan(&rules, name, "UTC", "2026-03-04T09:00:00Z", 60);
        assert_eq!((minutes("Huddle"), minutes("Board 1")), (Ok(5), Ok(15)));
        assert!(minutes("Board 2").unwrap_err().contains("this room"));
    }

    #[test]
    fn what_is_left_alone() {
        let why = |text: &str, minutes| plan(&rules(text), "A", "UTC", "2026-03-04T09:00:00Z", minutes);
        assert_eq!(why("{}", 60), Ok(10));
        let never = r#"{"everywhere": {"never_for": ["*@board.example.com"]}}"#;
        assert!(why(never, 60).unwrap_err().contains("organizer"));
        assert!(why("{}", 20).unwrap_err().contains("shorter than 30"));
        let tight = r#"{"everywhere": {"ask_after_minutes": 25, "answer_within_minutes": 10}}"#;
        assert!(why(tight, 30).unwrap_err().contains("over before"));
    }

    #[test]
    fn patterns() {
        for (pattern, text, expected) in [
            ("Board Room", "board room", true),
            ("*", "", true),
            ("B*m", "Board Room", true),
            ("Board", "Board Room", false),
            ("*@b.example", "a@b.example", true),
            ("ab*ab", "ab", false),
        ] {
            assert_eq!(like(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn a_file_that_says_something_else_is_refused() {
        let file = std::env::temp_dir().join(format!("rules-{}.json", std::process::id()));
        for (text, problem) in [
            (r#"{"everywhere": {"ask_after": 5}}"#, "ask_after"),
            (r#"{"rooms": [{"days": ["Monday"]}]}"#, "Monday"),
            (r#"{"everywhere": {"from": "soon"}}"#, "hour"),
        ] {
            std::fs::write(&file, text).unwrap();
            let error = format!("{:#}", Rules::read(&file).unwrap_err());
            assert!(error.contains(problem) && error.contains("rules-"), "{error}");
        }
        std::fs::remove_file(&file).unwrap();
    }
}
