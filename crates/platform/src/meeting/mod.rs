//! Meetings and their recordings (messaging-meetings 7 and 8). There is no media: a meeting is what is scheduled,
//! who is in it, and what is told about it.
//!
//! A series is one record. Its scheduled meetings follow from its rule and are not stored; what was changed of
//! one of them is. An instance, a meeting that is or was held, is a record of its own.

use std::collections::BTreeMap;

use hallway_wire::Timestamp;
use hallway_wire::id::{OrgId, PersonId, RoomId};
use hallway_wire::meeting::{ScheduledType, Settings};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ports::records::{Claim, Key, by_time};
use crate::records::Document;

mod check;
mod happenings;
mod list;
mod live;
mod permit;
mod recording;
mod rule;
mod service;
mod view;

pub use list::MeetingQuery;
pub use recording::{Recording, RecordingQuery};

/// Longest list of invitees, and of people in one meeting.
pub(crate) const MOST_PEOPLE: usize = 1000;

/// What a series and its instances have in common: it is copied when an instance starts, so that later changes
/// of the series do not change history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Base {
    pub(crate) host: PersonId,
    pub(crate) host_email: String,
    pub(crate) host_name: String,
    pub(crate) host_key: String,
    pub(crate) number: String,
    /// What the web link names it by.
    pub(crate) link: String,
    pub(crate) access_code: String,
    pub(crate) video_password: String,
    pub(crate) timezone: String,
    #[serde(default)]
    pub(crate) room: Option<RoomId>,
    #[serde(default)]
    pub(crate) adhoc: bool,
    pub(crate) scheduled_type: ScheduledType,
    #[serde(default)]
    pub(crate) registration: Option<Value>,
    pub(crate) settings: Settings,
    #[serde(default)]
    pub(crate) invitees: Vec<Invitee>,
}

/// Somebody who is invited.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Invitee {
    pub(crate) email: String,
    #[serde(default)]
    pub(crate) display_name: Option<String>,
    #[serde(default)]
    pub(crate) co_host: bool,
    #[serde(default)]
    pub(crate) panelist: bool,
    /// Somebody of the organization.
    #[serde(default)]
    pub(crate) person: Option<PersonId>,
}

impl Base {
    /// The addresses of those who see it, in lower case.
    fn addresses(&self) -> impl Iterator<Item = String> {
        let invited = self.invitees.iter().map(|invitee| &invitee.email);
        std::iter::once(&self.host_email)
            .chain(invited)
            .map(|email| email.to_lowercase())
    }

    /// Those of the organization who see it.
    fn audience(&self) -> Vec<PersonId> {
        let invited = self.invitees.iter().filter_map(|invitee| invitee.person);
        std::iter::once(self.host).chain(invited).collect()
    }

    fn title(&self) -> &str {
        self.settings.title.as_deref().unwrap_or_default()
    }
}

/// A meeting series; a meeting that takes place once is a series of one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Series {
    /// 32 hexadecimal digits.
    pub(crate) id: String,
    pub(crate) org: OrgId,
    pub(crate) base: Base,
    /// Of the first occurrence.
    pub(crate) start: Timestamp,
    pub(crate) end: Timestamp,
    #[serde(default)]
    pub(crate) recurrence: Option<String>,
    /// When the last occurrence ends.
    pub(crate) over: Timestamp,
    /// What differs, by the start that the rule says.
    #[serde(default)]
    pub(crate) changes: BTreeMap<i64, Change>,
    /// Which occurrences were held, by the start that the rule says.
    #[serde(default)]
    pub(crate) held: BTreeMap<i64, String>,
    /// The instance that is going on.
    #[serde(default)]
    pub(crate) running: Option<String>,
    pub(crate) created: Timestamp,
}

/// How one occurrence differs from its series.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Change {
    #[serde(default)]
    pub(crate) cancelled: bool,
    #[serde(default)]
    pub(crate) times: Option<(Timestamp, Timestamp)>,
    #[serde(default)]
    pub(crate) settings: Option<Settings>,
}

/// One occurrence of a series, as it follows from the rule and from what was changed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Occurrence {
    /// The start that the rule says: its name.
    pub(crate) original: Timestamp,
    pub(crate) start: Timestamp,
    pub(crate) end: Timestamp,
    pub(crate) modified: bool,
}

/// A meeting that is or was held.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Instance {
    pub(crate) id: String,
    pub(crate) org: OrgId,
    pub(crate) series: String,
    /// The start that the rule says.
    pub(crate) original: Timestamp,
    pub(crate) base: Base,
    pub(crate) started: Timestamp,
    /// When it should end.
    pub(crate) planned_end: Timestamp,
    #[serde(default)]
    pub(crate) ended: Option<Timestamp>,
    #[serde(default)]
    pub(crate) participants: Vec<Attended>,
    #[serde(default)]
    pub(crate) recorded: bool,
    #[serde(default)]
    pub(crate) transcript: bool,
}

/// Somebody who is or was in a meeting.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Attended {
    pub(crate) id: String,
    pub(crate) email: String,
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) person: Option<PersonId>,
    pub(crate) host: bool,
    pub(crate) co_host: bool,
    pub(crate) joined: Timestamp,
    #[serde(default)]
    pub(crate) left: Option<Timestamp>,
}

impl Document for Series {
    const KIND: &'static str = "meeting_series";
    const NOUN: &'static str = "meeting";
    fn org(&self) -> OrgId {
        self.org
    }
    fn id(&self) -> String {
        self.id.clone()
    }
    fn keys(&self) -> Vec<Key> {
        let key = |index, value| Key {
            index,
            value,
            order: by_time(self.over),
        };
        let mut keys: Vec<Key> = self
            .base
            .addresses()
            .map(|email| key(Self::BY_PERSON, email))
            .collect();
        keys.extend(
            self.base
                .room
                .map(|room| key(Self::BY_ROOM, room.uuid().to_string())),
        );
        keys
    }
    fn claims(&self) -> Vec<Claim> {
        let claim = |name, value: &str| Claim {
            name,
            value: value.to_owned(),
            taken: "Another meeting has this number.",
        };
        vec![
            claim(Self::NUMBER, &self.base.number),
            claim(Self::LINK, &self.base.link),
        ]
    }
}

impl Series {
    /// Value: the address of host or invitee; by the end of the last occurrence.
    const BY_PERSON: &'static str = "person";
    /// Value: the room.
    const BY_ROOM: &'static str = "room";
    /// The claim on a meeting number.
    const NUMBER: &'static str = "number";
    /// The claim on what a web link names.
    const LINK: &'static str = "link";
}

impl Document for Instance {
    const KIND: &'static str = "meeting_instance";
    const NOUN: &'static str = "meeting";
    fn org(&self) -> OrgId {
        self.org
    }
    fn id(&self) -> String {
        self.id.clone()
    }
    fn keys(&self) -> Vec<Key> {
        let key = |index, value| Key {
            index,
            value,
            order: by_time(self.started),
        };
        let mut addresses: Vec<String> = self.base.addresses().collect();
        addresses.extend(self.participants.iter().map(|it| it.email.to_lowercase()));
        addresses.sort_unstable();
        addresses.dedup();
        let mut keys: Vec<Key> = addresses
            .into_iter()
            .map(|email| key(Self::BY_PERSON, email))
            .collect();
        keys.push(key(Self::BY_SERIES, self.series.clone()));
        keys
    }
}

impl Instance {
    /// Value: the address of host, invitee or participant; by start.
    const BY_PERSON: &'static str = "person";
    /// Value: the series; by start.
    const BY_SERIES: &'static str = "series";

    /// Those of the organization who see it.
    fn audience(&self) -> Vec<PersonId> {
        let mut all = self.base.audience();
        all.extend(self.participants.iter().filter_map(|it| it.person));
        all.sort_unstable();
        all.dedup();
        all
    }
}

/// What the id of a meeting names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum MeetingName {
    Series(String),
    /// The series, and the start that its rule says.
    Scheduled(String, Timestamp),
    Instance(String),
}

const STAMP: &str = "%Y%m%dT%H%M%SZ";

impl MeetingName {
    /// Reads an id; `None` where it has none of the three forms.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let (series, rest) = match text.split_once('_') {
            None => (text, None),
            Some((series, rest)) => (series, Some(rest)),
        };
        if series.len() != 32 || !series.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        let series = series.to_ascii_lowercase();
        match rest {
            None => Some(Self::Series(series)),
            Some(rest) => match rest.strip_prefix("I_") {
                Some(number) => (number.len() == 18 && number.bytes().all(|b| b.is_ascii_digit()))
                    .then(|| Self::Instance(format!("{series}_I_{number}"))),
                None => {
                    let at = jiff::civil::DateTime::strptime(STAMP, rest).ok()?;
                    let at = hallway_wire::zone::Zone::utc().moment(at)?;
                    Some(Self::Scheduled(series, at))
                }
            },
        }
    }
}

/// The id of a scheduled meeting.
pub(crate) fn scheduled_id(series: &str, original: Timestamp) -> String {
    format!("{series}_{}", original.to_jiff().strftime(STAMP))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_in_three_forms() {
        let series = "dfb45ece33264639a7bc3dd9535d53f7";
        let at: Timestamp = "2020-05-16T23:00:00Z".parse().unwrap();
        assert_eq!(
            MeetingName::read(series),
            Some(MeetingName::Series(series.to_owned()))
        );
        let id = scheduled_id(series, at);
        assert_eq!(id, format!("{series}_20200516T230000Z"));
        assert_eq!(
            MeetingName::read(&id),
            Some(MeetingName::Scheduled(series.to_owned(), at))
        );
        let instance = format!("{series}_I_166641849979635652");
        assert_eq!(
            MeetingName::read(&instance),
            Some(MeetingName::Instance(instance.clone()))
        );
        for bad in [
            "",
            "x",
            "dfb45ece",
            &format!("{series}_"),
            &format!("{series}_I_1"),
            &format!("{series}_2020"),
        ] {
            assert_eq!(MeetingName::read(bad), None, "{bad}");
        }
    }
}
