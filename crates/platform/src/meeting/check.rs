//! What a meeting may look like.

use hallway_wire::Timestamp;
use hallway_wire::meeting::{Schedule, ScheduledType, Settings};
use hallway_wire::zone::Zone;

use super::rule::Rule;
use super::{MOST_PEOPLE, Occurrence, Series};
use crate::error::{Error, Result};

const MINUTE_MS: i64 = 60_000;
/// Shortest and longest meeting.
const SHORTEST_MS: i64 = 10 * MINUTE_MS;
const LONGEST_MS: i64 = 24 * 60 * MINUTE_MS;
const TITLE: usize = 128;
const AGENDA: usize = 1300;
const PASSWORD: usize = 64;
const TAGS: usize = 3;
const TAG: usize = 64;
const TRACKING_CODES: usize = 10;

/// Collects what is wrong, to say all of it at once.
#[derive(Debug, Default)]
pub(super) struct Wrong(Vec<String>);

impl Wrong {
    pub(super) fn unless(&mut self, holds: bool, what: impl Into<String>) {
        if !holds {
            self.0.push(what.into());
        }
    }

    /// Takes a value, or notes why there is none.
    pub(super) fn take<T>(&mut self, what: std::result::Result<T, String>) -> Option<T> {
        what.map_err(|what| self.0.push(what)).ok()
    }

    /// # Errors
    /// Something is wrong.
    pub(super) fn none(self) -> Result<()> {
        match self.0.first() {
            None => Ok(()),
            Some(first) => Err(Error::invalid_all(first.clone(), self.0)),
        }
    }
}

/// Whether a text is an address.
pub(super) fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else {
        return false;
    };
    !local.is_empty()
        && !domain.is_empty()
        && text.len() <= 254
        && !domain.contains('@')
        && !text.contains(|c: char| c.is_whitespace() || c.is_control())
}

/// The zone that a text names, or `otherwise`.
pub(super) fn zone(wrong: &mut Wrong, given: Option<&str>, otherwise: &str) -> Zone {
    let name = given.filter(|name| !name.trim().is_empty()).unwrap_or(otherwise);
    let zone = Zone::named(name).map_err(|error| format!("timezone: {error}"));
    wrong.take(zone).unwrap_or_else(Zone::utc)
}

/// A time of the body.
pub(super) fn time(wrong: &mut Wrong, zone: &Zone, name: &str, text: Option<&str>) -> Option<Timestamp> {
    let at = zone.read(text?).map_err(|error| format!("{name}: {error}"));
    // Meetings count in whole seconds.
    wrong
        .take(at)
        .map(|at| Timestamp(at.millis() - at.millis().rem_euclid(1000)))
}

/// Whether a meeting may be from here to there.
pub(super) fn times(wrong: &mut Wrong, start: Timestamp, end: Timestamp, now: Timestamp, moved: bool) {
    let length = end.millis().saturating_sub(start.millis());
    wrong.unless(length > 0, "end: it must be after start");
    wrong.unless(
        length <= 0 || (SHORTEST_MS..=LONGEST_MS).contains(&length),
        "end: a meeting takes from 10 minutes to 24 hours",
    );
    wrong.unless(
        !moved || start.millis() >= now.millis() - MINUTE_MS,
        "start: it must not be in the past",
    );
}

/// What a host decided, apart from times.
pub(super) fn settings(wrong: &mut Wrong, it: &Settings) {
    let length = |text: &Option<String>| text.as_ref().map_or(0, |text| text.chars().count());
    wrong.unless(
        it.title.as_ref().is_none_or(|title| !title.trim().is_empty()),
        "title: it must not be empty",
    );
    wrong.unless(
        length(&it.title) <= TITLE,
        format!("title: at most {TITLE} characters"),
    );
    wrong.unless(
        length(&it.agenda) <= AGENDA,
        format!("agenda: at most {AGENDA} characters"),
    );
    for (name, password) in [
        ("password", &it.password),
        ("panelistPassword", &it.panelist_password),
    ] {
        let good = password.as_ref().is_none_or(|text| {
            (4..=PASSWORD).contains(&text.chars().count()) && !text.contains(char::is_whitespace)
        });
        wrong.unless(good, format!("{name}: 4 to {PASSWORD} characters without blanks"));
    }
    wrong.unless(
        it.join_before_host_minutes
            .is_none_or(|it| [0, 5, 10, 15].contains(&it)),
        "joinBeforeHostMinutes: it must be 0, 5, 10 or 15",
    );
    wrong.unless(
        it.automatic_lock_minutes
            .is_none_or(|it| [0, 5, 10, 15, 20].contains(&it)),
        "automaticLockMinutes: it must be 0, 5, 10, 15 or 20",
    );
    wrong.unless(
        it.reminder_time.is_none_or(|it| it <= 10_080),
        "reminderTime: at most 10080 minutes",
    );
    wrong.unless(
        it.visual_watermark_opacity
            .is_none_or(|it| (5..=80).contains(&it)),
        "visualWatermarkOpacity: it must be from 5 to 80",
    );
    if let Some(tags) = &it.integration_tags {
        let fits = |tag: &String| !tag.is_empty() && tag.chars().count() <= TAG;
        wrong.unless(
            tags.len() <= TAGS && tags.iter().all(fits),
            format!("integrationTags: at most {TAGS}, each of 1 to {TAG} characters"),
        );
    }
    if let Some(codes) = &it.tracking_codes {
        let fits = codes
            .iter()
            .all(|code| code.name.len() <= 120 && code.value.len() <= 120);
        wrong.unless(
            fits && codes.len() <= TRACKING_CODES,
            format!("trackingCodes: at most {TRACKING_CODES}, with names and values of at most 120 bytes"),
        );
    }
    if let Some(stream) = &it.live_stream {
        let long = [&stream.destination, &stream.rtmp_url, &stream.stream_url]
            .into_iter()
            .chain(&stream.resolution)
            .any(|text| text.len() > 2000);
        wrong.unless(!long, "liveStream: a text is longer than 2000 bytes");
    }
}

/// Invitees.
pub(super) fn invitees(wrong: &mut Wrong, schedule: &Schedule) {
    let Some(invitees) = &schedule.invitees else {
        return;
    };
    wrong.unless(
        invitees.len() <= MOST_PEOPLE,
        format!("invitees: at most {MOST_PEOPLE}"),
    );
    for (at, invitee) in invitees.iter().enumerate().take(MOST_PEOPLE) {
        wrong.unless(
            is_email(invitee.email.trim()),
            format!("invitees[{at}].email: it is no e-mail address"),
        );
        let name = invitee.display_name.as_ref().map_or(0, String::len);
        wrong.unless(
            name <= 256,
            format!("invitees[{at}].displayName: at most 256 bytes"),
        );
    }
}

/// What goes together.
pub(super) fn combination(
    wrong: &mut Wrong,
    kind: ScheduledType,
    settings: &Settings,
    recurrence: Option<&str>,
) {
    wrong.unless(
        kind != ScheduledType::Webinar || settings.session_type_id.is_some(),
        "sessionTypeId: a webinar needs one",
    );
    wrong.unless(
        kind != ScheduledType::PersonalRoom || recurrence.is_none(),
        "recurrence: a meeting in a personal room does not repeat",
    );
}

impl Series {
    /// Its occurrences that are not cancelled, in the order of the rule.
    pub(super) fn occurrences(&self) -> Vec<Occurrence> {
        let length = self.end.millis() - self.start.millis();
        let zone = Zone::named(&self.base.timezone).unwrap_or_else(|_| Zone::utc());
        let starts = match self.recurrence.as_deref().map(Rule::read) {
            Some(Ok(rule)) => rule.starts(self.start, &zone),
            _ => vec![self.start],
        };
        let each = starts.into_iter().filter_map(|original| {
            let change = self.changes.get(&original.millis());
            if change.is_some_and(|change| change.cancelled) {
                return None;
            }
            let (start, end) = change
                .and_then(|change| change.times)
                .unwrap_or((original, original.plus_millis(length)));
            Some(Occurrence {
                original,
                start,
                end,
                modified: change.is_some(),
            })
        });
        each.collect()
    }

    /// What the host decided about one occurrence.
    pub(super) fn settings_of(&self, original: Timestamp) -> &Settings {
        let change = self.changes.get(&original.millis());
        change
            .and_then(|change| change.settings.as_ref())
            .unwrap_or(&self.base.settings)
    }

    /// The occurrence that counts now: the one that goes on or comes next, else the last one.
    pub(super) fn current(&self, now: Timestamp) -> Option<Occurrence> {
        let all = self.occurrences();
        let next = all.iter().filter(|it| it.end > now).min_by_key(|it| it.start);
        next.or(all.last()).cloned()
    }
}
