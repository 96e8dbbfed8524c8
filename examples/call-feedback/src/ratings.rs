//! What survives a restart: open questions and ratings, and what is counted of them. No person is named.

use std::collections::BTreeMap;

use hallway_sdk::{Timestamp, WorkspaceId};
use jiff::tz::TimeZone;
use jiff::{ToSpan as _, civil::Date};
use serde::{Deserialize, Serialize};

/// A question is open for a day; the answer may wait in the queue.
const OPEN_MS: i64 = 24 * 60 * 60_000;

/// Open questions and ratings.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Ratings {
    /// When each room was asked for the last time.
    asked: BTreeMap<WorkspaceId, Timestamp>,
    open: Vec<Question>,
    /// The ratings, by time.
    pub given: Vec<Rating>,
}

/// A question that was asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// Where.
    pub workspace: WorkspaceId,
    /// What the room is called.
    pub room: String,
    /// When the call ended.
    pub at: Timestamp,
}

/// A rating.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rating {
    /// What was asked.
    pub question: Question,
    /// From 1 to 5.
    pub stars: u8,
    /// Empty, if there is none.
    pub comment: String,
}

impl Question {
    /// Names the question.
    pub fn feedback_id(&self) -> String {
        format!("call-feedback:{}", self.at.millis())
    }

    fn is(&self, workspace: &WorkspaceId, feedback_id: &str) -> bool {
        self.workspace == *workspace && self.feedback_id() == feedback_id
    }
}

impl Ratings {
    /// Whether the question may be asked: not if the room was asked less than a pause ago. One whose display
    /// failed may be asked again.
    pub fn may_ask(&mut self, question: &Question, pause_ms: i64) -> bool {
        let before = self.asked.get(&question.workspace);
        let again = self.open.contains(question);
        if !again && before.is_some_and(|before| question.at < before.plus_millis(pause_ms)) {
            return false;
        }
        self.open
            .retain(|open| open != question && open.at.plus_millis(OPEN_MS) > question.at);
        self.asked.insert(question.workspace.clone(), question.at);
        self.open.push(question.clone());
        true
    }

    /// Takes an answer; `false`: nobody asked, or it was answered already. What is older than `oldest` is forgotten.
    pub fn rate(&mut self, workspace: &WorkspaceId, feedback_id: &str, stars: u8, oldest: Timestamp) -> bool {
        let open = self.open.iter().position(|open| open.is(workspace, feedback_id));
        let Some(open) = open.filter(|_| (1..=5).contains(&stars)) else {
            return false;
        };
        let question = self.open.remove(open);
        self.given.retain(|rating| rating.question.at >= oldest);
        self.given.push(Rating {
            question,
            stars,
            comment: String::new(),
        });
        self.given.sort_by_key(|rating| rating.question.at);
        true
    }

    /// Takes what somebody says about a rating.
    pub fn comment(&mut self, workspace: &WorkspaceId, feedback_id: &str, text: &str) {
        let mut given = self.given.iter_mut().rev();
        if let Some(rating) = given.find(|rating| rating.question.is(workspace, feedback_id)) {
            text.trim().clone_into(&mut rating.comment);
        }
    }
}

/// Some ratings, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Count {
    /// How many.
    pub ratings: u32,
    stars: u32,
    bad: u32,
}

impl Count {
    fn add(&mut self, stars: u8, bad: u8) {
        self.ratings += 1;
        self.stars += u32::from(stars);
        self.bad += u32::from(stars <= bad);
    }

    /// The average, if there are ratings.
    pub fn average(&self) -> Option<f64> {
        (self.ratings > 0).then(|| f64::from(self.stars) / f64::from(self.ratings))
    }

    /// Percent of bad ones, if there are ratings.
    pub fn bad(&self) -> Option<f64> {
        (self.ratings > 0).then(|| 100.0 * f64::from(self.bad) / f64::from(self.ratings))
    }
}

/// The ratings of some weeks.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// The Mondays, the oldest first.
    pub weeks: Vec<Date>,
    /// All rooms.
    pub all: Count,
    /// All rooms, by week.
    pub by_week: Vec<Count>,
    /// By room, and there by week.
    pub rooms: BTreeMap<String, (Count, Vec<Count>)>,
}

impl Summary {
    /// Counts the ratings of so many weeks, of which this one is the last. So many stars are still bad.
    pub fn of(given: &[Rating], now: Timestamp, weeks: usize, zone: &TimeZone, bad: u8) -> Self {
        let monday = |at: Timestamp| {
            let day = at.to_jiff().to_zoned(zone.clone()).date();
            day.saturating_sub(i64::from(day.weekday().to_monday_zero_offset()).days())
        };
        let this = monday(now);
        let back = (0..i64::try_from(weeks).unwrap_or(0)).rev();
        let mondays: Vec<Date> = back.map(|ago| this.saturating_sub((7 * ago).days())).collect();
        let none = vec![Count::default(); mondays.len()];
        let mut summary = Self {
            by_week: none.clone(),
            weeks: mondays,
            ..Self::default()
        };
        for Rating { question, stars, .. } in given {
            let week = monday(question.at);
            let Some(week) = summary.weeks.iter().position(|known| *known == week) else {
                continue;
            };
            let room = summary.rooms.entry(question.room.clone());
            let (total, by_week) = room.or_insert_with(|| (Count::default(), none.clone()));
            for count in [
                &mut summary.all,
                &mut summary.by_week[week],
                total,
                &mut by_week[week],
            ] {
                count.add(*stars, bad);
            }
        }
        summary
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(room: &str, at: &str) -> Question {
        Question {
            workspace: WorkspaceId::from(room),
            room: room.to_owned(),
            at: at.parse().unwrap(),
        }
    }

    #[test]
    fn asked_not_too_often_and_answered_once() {
        let mut ratings = Ratings::default();
        let (first, soon) = (
            question("A", "2026-03-04T09:00:00Z"),
            question("A", "2026-03-04T09:20:00Z"),
        );
        assert!(
            ratings.may_ask(&first, 3_600_000) && ratings.may_ask(&first, 3_600_000),
            "the display failed"
        );
        assert!(
            !ratings.may_ask(&soon, 3_600_000)
                && ratings.may_ask(&question("B", "2026-03-04T09:20:00Z"), 3_600_000)
        );
        let oldest = Timestamp(0);
        assert!(
            !ratings.rate(&WorkspaceId::from("B"), &first.feedback_id(), 5, oldest),
            "it is another room"
        );
        assert!(!ratings.rate(&first.workspace, &first.feedback_id(), 6, oldest));
        assert!(ratings.rate(&first.workspace, &first.feedback_id(), 2, oldest));
        assert!(
            !ratings.rate(&first.workspace, &first.feedback_id(), 2, oldest),
            "it is answered"
        );
        ratings.comment(&first.workspace, &first.feedback_id(), " No sound ");
        assert_eq!(ratings.given[0].comment, "No sound");
        let later = question("A", "2026-03-05T09:00:00Z");
        assert!(ratings.may_ask(&later, 3_600_000));
        assert!(ratings.rate(&later.workspace, &later.feedback_id(), 4, later.at));
        assert_eq!(ratings.given.len(), 1, "the old one is forgotten");
    }

    #[test]
    fn weeks_begin_on_monday_where_the_reader_is() {
        // Sunday evening in London is Monday in Oslo.
        let at = question("A", "2026-03-08T23:30:00Z");
        let given = [Rating {
            question: at,
            stars: 1,
            comment: String::new(),
        }];
        let now = "2026-03-10T12:00:00Z".parse().unwrap();
        let by_week = |zone| {
            let summary = Summary::of(&given, now, 3, &TimeZone::get(zone).unwrap(), 2);
            assert_eq!(summary.weeks[2].to_string(), "2026-03-09");
            summary
                .by_week
                .iter()
                .map(|week| week.ratings)
                .collect::<Vec<_>>()
        };
        assert_eq!(
            (by_week("Europe/London"), by_week("Europe/Oslo")),
            (vec![0, 1, 0], vec![0, 0, 1])
        );
        let summary = Summary::of(&given, now, 3, &TimeZone::UTC, 2);
        assert_eq!(
            (summary.all.average(), summary.all.bad()),
            (Some(1.0), Some(100.0))
        );
        assert_eq!(Count::default().average(), None);
    }
}
