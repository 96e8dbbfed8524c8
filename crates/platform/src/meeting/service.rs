//! Scheduling, reading, changing and deleting meetings.

use hallway_wire::Timestamp;
use hallway_wire::id::{OrgId, PersonId};
use hallway_wire::meeting::{Meeting, NewInvitee, Schedule, ScheduledType, Settings};
use hallway_wire::webhook::Event;
use hallway_wire::zone::Zone;
use rand::Rng as _;
use serde_json::{Value, json};
use uuid::Uuid;

use super::check::{self, Wrong};
use super::permit::Reach;
use super::rule::Rule;
use super::view::Look;
use super::{Base, Change, Instance, Invitee, MeetingName, Occurrence, Series};
use crate::caller::Caller;
use crate::error::{Doing as _, Error, Result};
use crate::org::Person;
use crate::platform::Platform;
use crate::records::{Kept, put_new};
use crate::webhook::Happening;

/// How long a meeting lasts that nobody scheduled.
const ADHOC_MS: i64 = 60 * 60_000;
/// How often a number is drawn anew that another meeting has.
const DRAWS: usize = 8;

/// A meeting that was found by its id.
pub(super) enum Found {
    Series(Kept<Series>),
    Scheduled(Kept<Series>, Occurrence),
    Instance(Kept<Instance>),
}

impl Found {
    pub(super) fn base(&self) -> &Base {
        match self {
            Self::Series(it) | Self::Scheduled(it, _) => &it.doc.base,
            Self::Instance(it) => &it.doc.base,
        }
    }

    /// Whether a person takes or took part in it.
    fn concerns(&self, caller: &Caller) -> bool {
        let mine = |email: &str| email.eq_ignore_ascii_case(&caller.profile.email);
        let took_part = match self {
            Self::Instance(it) => it
                .participants
                .iter()
                .any(|who| who.person == Some(caller.person) || mine(&who.email)),
            _ => false,
        };
        let base = self.base();
        took_part
            || base.host == caller.person
            || base
                .invitees
                .iter()
                .any(|it| it.person == Some(caller.person) || mine(&it.email))
    }
}

const UNKNOWN: Error = Error::NotFound { what: "meeting" };

fn digits(count: usize) -> String {
    let mut random = rand::rng();
    (0..count)
        .map(|at| {
            let least = u8::from(at == 0);
            char::from(b'0' + random.random_range(least..10))
        })
        .collect()
}

/// A password with letters in both cases and digits.
fn password() -> String {
    const LETTERS: &[u8] = b"abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    let mut random = rand::rng();
    let mut text: String = (0..9)
        .map(|_| char::from(LETTERS[random.random_range(0..LETTERS.len())]))
        .collect();
    text.push_str(&digits(2));
    text
}

/// Questions of a registration get numbers: answers name them.
fn numbered(registration: Value) -> Value {
    let mut registration = registration;
    let questions = registration
        .get_mut("customizedQuestions")
        .and_then(Value::as_array_mut);
    for (at, question) in questions.into_iter().flatten().enumerate() {
        if let Some(options) = question.get_mut("options").and_then(Value::as_array_mut) {
            for (at, option) in options.iter_mut().enumerate() {
                if let Some(option) = option.as_object_mut() {
                    option.insert("id".to_owned(), json!(at + 1));
                }
            }
        }
        if let Some(question) = question.as_object_mut() {
            question.insert("id".to_owned(), json!(at + 1));
        }
    }
    registration
}

impl Platform {
    /// Whose meetings a request is about: the caller's, or those of the person that an administrator names.
    pub(super) async fn host_of_meetings(
        &self,
        caller: &Caller,
        reach: Reach,
        email: Option<&str>,
    ) -> Result<Person> {
        let Some(email) = email.map(str::trim).filter(|email| !email.is_empty()) else {
            return Ok(caller.profile.clone());
        };
        if email.eq_ignore_ascii_case(&caller.profile.email) {
            return Ok(caller.profile.clone());
        }
        if reach != Reach::Everybody {
            return Err(Error::forbidden(
                "hostEmail: only an administrator with the admin-level scope may name another host.",
            ));
        }
        let found = self.person_of_email(caller.org, email).await?;
        found.ok_or_else(|| Error::Missing {
            message: format!("hostEmail: {email} not found."),
        })
    }

    /// The meeting of this id, whoever asks.
    pub(super) async fn find_meeting(&self, org: OrgId, id: &str) -> Result<Found> {
        let name = MeetingName::read(id)
            .ok_or_else(|| Error::invalid("meetingId: it is no id of a meeting: 32 hexadecimal digits, and for a scheduled meeting or an instance what follows them"))?;
        match name {
            MeetingName::Series(id) => Ok(Found::Series(self.demand(org, &id).await?)),
            MeetingName::Scheduled(id, original) => {
                let series = self.demand::<Series>(org, &id).await?;
                let all = series.occurrences();
                let found = all.into_iter().find(|it| it.original == original);
                Ok(Found::Scheduled(series, found.ok_or(UNKNOWN)?))
            }
            MeetingName::Instance(id) => Ok(Found::Instance(self.demand(org, &id).await?)),
        }
    }

    /// Writes the link's name and the numbers of a new meeting.
    fn fresh_base(&self, host: &Person, timezone: &str) -> Base {
        Base {
            host: host.id,
            host_email: host.email.clone(),
            host_name: host.display_name.clone(),
            host_key: digits(6),
            number: digits(10),
            link: format!("m{}", Uuid::new_v4().simple()),
            access_code: digits(10),
            video_password: digits(8),
            timezone: timezone.to_owned(),
            room: None,
            adhoc: false,
            scheduled_type: ScheduledType::Meeting,
            registration: None,
            settings: Settings::default(),
            invitees: Vec::new(),
        }
    }

    async fn meeting_invitees(
        &self,
        org: OrgId,
        host: &Person,
        list: Vec<NewInvitee>,
    ) -> Result<Vec<Invitee>> {
        let mut invitees: Vec<Invitee> = Vec::with_capacity(list.len());
        let mut seen = std::collections::HashSet::new();
        seen.insert(host.email.to_lowercase());
        for new in list {
            let email = new.email.trim().to_owned();
            if !seen.insert(email.to_lowercase()) {
                continue;
            }
            let person = self.person_of_email(org, &email).await?;
            invitees.push(Invitee {
                email,
                display_name: new
                    .display_name
                    .or_else(|| person.as_ref().map(|person| person.display_name.clone())),
                co_host: new.co_host.unwrap_or_default(),
                panelist: new.panelist.unwrap_or_default(),
                person: person.map(|person| person.id),
            });
        }
        Ok(invitees)
    }

    /// Schedules a meeting (messaging-meetings 7).
    ///
    /// # Errors
    /// Missing scope; a member that is missing or bad; an unknown host or room.
    pub async fn create_meeting(
        &self,
        caller: &Caller,
        schedule: Schedule,
        settings: Settings,
        zone: Option<&Zone>,
    ) -> Result<Meeting> {
        let reach = caller.may_write_meetings()?;
        let adhoc = schedule.adhoc == Some(true);
        let named = schedule
            .host_email
            .as_deref()
            .filter(|_| schedule.room_id.is_none());
        let host = self.host_of_meetings(caller, reach, named).await?;
        let room = match schedule.room_id {
            None => None,
            Some(room) => Some(self.room_for_meeting(caller, room).await?),
        };
        if adhoc {
            if room.is_none() {
                return Err(Error::invalid("roomId: an ad-hoc meeting needs a room"));
            }
            caller.require_scope(&["spark:all"])?;
        }
        let now = self.now();
        let mut wrong = Wrong::default();
        let own_zone = check::zone(&mut wrong, schedule.timezone.as_deref(), "UTC");
        let start = check::time(&mut wrong, &own_zone, "start", schedule.start.as_deref());
        let end = check::time(&mut wrong, &own_zone, "end", schedule.end.as_deref());
        let mut settings = settings;
        if adhoc && settings.title.is_none() {
            settings.title = room.as_ref().map(|(_, title)| title.clone());
        }
        settings.title = settings.title.map(|title| title.trim().to_owned());
        wrong.unless(settings.title.is_some(), "title: it is required");
        check::settings(&mut wrong, &settings);
        check::invitees(&mut wrong, &schedule);
        let kind = schedule.scheduled_type.unwrap_or(ScheduledType::Meeting);
        let recurrence = schedule
            .recurrence
            .map(|rule| rule.trim().to_owned())
            .filter(|rule| !rule.is_empty() && !adhoc);
        check::combination(&mut wrong, kind, &settings, recurrence.as_deref());
        if let Some(rule) = &recurrence {
            wrong.take(Rule::read(rule));
        }
        let whole = Timestamp(now.millis() - now.millis().rem_euclid(1000));
        let (start, end) = if adhoc || (schedule.template_id.is_some() && start.is_none()) {
            (whole, whole.plus_millis(ADHOC_MS))
        } else {
            wrong.unless(schedule.start.is_some(), "start: it is required");
            wrong.unless(schedule.end.is_some(), "end: it is required");
            if let (Some(start), Some(end)) = (start, end) {
                check::times(&mut wrong, start, end, now, true);
            }
            (start.unwrap_or(whole), end.unwrap_or(whole))
        };
        wrong.unless(
            schedule.registration.as_ref().is_none_or(Value::is_object),
            "registration: it must be an object",
        );
        wrong.none()?;
        settings.password.get_or_insert_with(password);
        let mut series = Series {
            id: Uuid::new_v4().simple().to_string(),
            org: caller.org,
            base: Base {
                room: room.as_ref().map(|(id, _)| *id),
                adhoc,
                scheduled_type: kind,
                registration: schedule.registration.map(numbered),
                settings,
                invitees: self
                    .meeting_invitees(caller.org, &host, schedule.invitees.unwrap_or_default())
                    .await?,
                ..self.fresh_base(&host, own_zone.name())
            },
            start,
            end,
            recurrence,
            over: end,
            changes: Default::default(),
            held: Default::default(),
            running: None,
            created: now,
        };
        series.follow_rule()?;
        for draw in 1.. {
            let shown = self.show_series(&series, Look::PLAIN);
            let told = self.told_of_meeting(&series, Event::Created, caller.person, &shown);
            match self.commit_with(vec![put_new(&series)?], vec![told]).await {
                Err(Error::Conflict { .. }) if draw < DRAWS => {
                    let fresh = self.fresh_base(&host, own_zone.name());
                    (series.base.number, series.base.link) = (fresh.number, fresh.link);
                }
                done => {
                    done?;
                    break;
                }
            }
        }
        Ok(self.show_series(&series, Look { zone, host: true }))
    }

    /// A room of the organization and its title.
    async fn room_for_meeting(
        &self,
        caller: &Caller,
        room: hallway_wire::id::RoomId,
    ) -> Result<(hallway_wire::id::RoomId, String)> {
        let found = self.store.record("room", &room.uuid().to_string()).await;
        let found = found
            .doing("looking up a room")?
            .filter(|it| it.org == caller.org);
        let found = found.ok_or(Error::NotFound { what: "room" })?;
        let doc: Value = serde_json::from_str(&found.doc).unwrap_or_default();
        let title = doc.get("title").and_then(Value::as_str).unwrap_or("Meeting");
        Ok((room, title.to_owned()))
    }

    pub(super) fn told_of_meeting(
        &self,
        series: &Series,
        event: Event,
        actor: PersonId,
        shown: &Meeting,
    ) -> Happening {
        self.meeting_happening(series.org, event, Some(actor), shown, series.base.audience())
    }

    /// One meeting.
    ///
    /// # Errors
    /// Missing scope; unknown, or the caller is not in it.
    pub async fn meeting(
        &self,
        caller: &Caller,
        id: &str,
        current: bool,
        host_email: Option<&str>,
        zone: Option<&Zone>,
    ) -> Result<Meeting> {
        let reach = caller.may_read_meetings()?;
        let found = self.find_meeting(caller.org, id).await?;
        self.may_see_meeting(caller, reach, &found, host_email)?;
        let look = self.meeting_look(caller, reach, found.base(), zone);
        Ok(match &found {
            Found::Series(series) => match series.current(self.now()).filter(|_| current) {
                Some(occurrence) => self.show_occurrence(series, &occurrence, look),
                None => self.show_series(series, look),
            },
            Found::Scheduled(series, occurrence) => self.show_occurrence(series, occurrence, look),
            Found::Instance(instance) => self.show_instance(instance, look),
        })
    }

    pub(super) fn meeting_look<'a>(
        &self,
        caller: &Caller,
        reach: Reach,
        base: &Base,
        zone: Option<&'a Zone>,
    ) -> Look<'a> {
        Look {
            zone,
            host: reach == Reach::Everybody || base.host == caller.person,
        }
    }

    fn may_see_meeting(
        &self,
        caller: &Caller,
        reach: Reach,
        found: &Found,
        host: Option<&str>,
    ) -> Result<()> {
        let named = host.map(str::trim).filter(|host| !host.is_empty());
        let of_host = named.is_none_or(|host| host.eq_ignore_ascii_case(&found.base().host_email));
        if of_host && (reach == Reach::Everybody || found.concerns(caller)) {
            Ok(())
        } else {
            Err(UNKNOWN)
        }
    }

    /// Changes a meeting. A full change forgets what it does not name, apart from title, times and password.
    ///
    /// # Errors
    /// Missing scope; unknown; not the host; a bad member; an instance, which cannot be changed.
    pub async fn update_meeting(
        &self,
        caller: &Caller,
        id: &str,
        schedule: Schedule,
        settings: Settings,
        full: bool,
        zone: Option<&Zone>,
    ) -> Result<Meeting> {
        let reach = caller.may_write_meetings()?;
        self.retrying(|| async {
            let found = self.find_meeting(caller.org, id).await?;
            self.may_host_meeting(caller, reach, &found, schedule.host_email.as_deref())?;
            let look = Look { zone, host: true };
            let (kept, changed, shown, told) = match found {
                Found::Instance(it) => {
                    let state = if it.ended.is_some() {
                        "ended"
                    } else {
                        "in progress"
                    };
                    return Err(Error::invalid(format!(
                        "A meeting that is {state} cannot be changed."
                    )));
                }
                Found::Series(kept) => {
                    let changed = self.changed_series(&kept, &schedule, &settings, full)?;
                    let shown = self.show_series(&changed, look);
                    let told = self.show_series(&changed, Look::PLAIN);
                    (kept, changed, shown, told)
                }
                Found::Scheduled(kept, it) => {
                    let changed = self.changed_occurrence(&kept, &it, &schedule, &settings, full)?;
                    let mut all = changed.occurrences().into_iter();
                    let it = all.find(|other| other.original == it.original).ok_or(UNKNOWN)?;
                    let shown = self.show_occurrence(&changed, &it, look);
                    let told = self.show_occurrence(&changed, &it, Look::PLAIN);
                    (kept, changed, shown, told)
                }
            };
            let told = self.told_of_meeting(&changed, Event::Updated, caller.person, &told);
            self.commit_with(vec![kept.put(&changed)?], vec![told]).await?;
            Ok(shown)
        })
        .await
    }

    /// Only the host changes a meeting, or who stands in for the host.
    fn may_host_meeting(
        &self,
        caller: &Caller,
        reach: Reach,
        found: &Found,
        host: Option<&str>,
    ) -> Result<()> {
        self.may_see_meeting(caller, reach, found, host)?;
        if reach == Reach::Everybody || found.base().host == caller.person {
            return Ok(());
        }
        Err(Error::forbidden("Only the host of the meeting may do this."))
    }

    fn changed_series(
        &self,
        old: &Series,
        schedule: &Schedule,
        settings: &Settings,
        full: bool,
    ) -> Result<Series> {
        let mut wrong = Wrong::default();
        let zone = check::zone(&mut wrong, schedule.timezone.as_deref(), &old.base.timezone);
        let start = check::time(&mut wrong, &zone, "start", schedule.start.as_deref()).unwrap_or(old.start);
        let length = old.end.millis() - old.start.millis();
        let end = check::time(&mut wrong, &zone, "end", schedule.end.as_deref())
            .unwrap_or(start.plus_millis(length));
        let recurrence = match schedule.recurrence.as_deref().map(str::trim) {
            None => old.recurrence.clone(),
            Some("") => None,
            Some(rule) => {
                wrong.take(Rule::read(rule));
                Some(rule.to_owned())
            }
        };
        let new = merged(settings, &old.base.settings, full);
        check::settings(&mut wrong, &new);
        check::combination(&mut wrong, old.base.scheduled_type, &new, recurrence.as_deref());
        check::times(&mut wrong, start, end, self.now(), start != old.start);
        wrong.none()?;
        let mut changed = old.clone();
        let moved = (start, end, &recurrence, zone.name())
            != (old.start, old.end, &old.recurrence, old.base.timezone.as_str());
        if moved {
            if old.running.is_some() {
                return Err(Error::invalid("A meeting that is in progress cannot be moved."));
            }
            // What was said of single occurrences was said of those that are no more.
            changed.changes.clear();
            changed.held.clear();
        }
        (changed.start, changed.end, changed.recurrence) = (start, end, recurrence);
        changed.base.timezone = zone.name().to_owned();
        changed.base.settings = new;
        changed.follow_rule()?;
        Ok(changed)
    }

    fn changed_occurrence(
        &self,
        old: &Series,
        it: &Occurrence,
        schedule: &Schedule,
        settings: &Settings,
        full: bool,
    ) -> Result<Series> {
        let mut wrong = Wrong::default();
        let zone = check::zone(&mut wrong, schedule.timezone.as_deref(), &old.base.timezone);
        let start = check::time(&mut wrong, &zone, "start", schedule.start.as_deref()).unwrap_or(it.start);
        let length = it.end.millis() - it.start.millis();
        let end = check::time(&mut wrong, &zone, "end", schedule.end.as_deref())
            .unwrap_or(start.plus_millis(length));
        let rule = schedule.recurrence.as_deref().map(str::trim);
        wrong.unless(
            rule.is_none_or(|rule| rule.is_empty() || Some(rule) == old.recurrence.as_deref()),
            "recurrence: it is of the series, not of one scheduled meeting",
        );
        let tags = &settings.integration_tags;
        wrong.unless(
            tags.is_none() || *tags == old.base.settings.integration_tags,
            "integrationTags: they are of the series, not of one scheduled meeting",
        );
        let mut new = merged(settings, old.settings_of(it.original), full);
        new.integration_tags = old.base.settings.integration_tags.clone();
        check::settings(&mut wrong, &new);
        check::times(&mut wrong, start, end, self.now(), start != it.start);
        wrong.unless(
            !old.held.contains_key(&it.original.millis()),
            "A meeting that was held or is in progress cannot be changed.",
        );
        wrong.none()?;
        let mut changed = old.clone();
        let change = Change {
            cancelled: false,
            times: Some((start, end)),
            settings: Some(new),
        };
        changed.changes.insert(it.original.millis(), change);
        changed.follow_rule()?;
        Ok(changed)
    }

    /// Deletes a series with all its scheduled meetings, or one of them.
    ///
    /// # Errors
    /// Missing scope; unknown; not the host; in progress, held, or ad-hoc.
    pub async fn delete_meeting(&self, caller: &Caller, id: &str, host_email: Option<&str>) -> Result<()> {
        let reach = caller.may_write_meetings()?;
        self.retrying(|| async {
            let found = self.find_meeting(caller.org, id).await?;
            self.may_host_meeting(caller, reach, &found, host_email)?;
            if found.base().adhoc {
                return Err(Error::invalid("An ad-hoc meeting cannot be deleted."));
            }
            let (write, told) = match found {
                Found::Instance(_) => {
                    return Err(Error::invalid(
                        "Only a meeting series or a scheduled meeting can be deleted.",
                    ));
                }
                Found::Series(kept) if kept.running.is_none() => {
                    let shown = self.show_series(&kept, Look::PLAIN);
                    (
                        kept.delete(),
                        self.told_of_meeting(&kept, Event::Deleted, caller.person, &shown),
                    )
                }
                Found::Scheduled(kept, it) if !kept.held.contains_key(&it.original.millis()) => {
                    let shown = self.show_occurrence(&kept, &it, Look::PLAIN);
                    let told = self.told_of_meeting(&kept, Event::Deleted, caller.person, &shown);
                    let mut changed = kept.doc.clone();
                    let cancelled = Change {
                        cancelled: true,
                        ..Change::default()
                    };
                    changed.changes.insert(it.original.millis(), cancelled);
                    if changed.occurrences().is_empty() {
                        (kept.delete(), told)
                    } else {
                        changed.follow_rule()?;
                        (kept.put(&changed)?, told)
                    }
                }
                _ => {
                    return Err(Error::invalid(
                        "A meeting that was held or is in progress cannot be deleted.",
                    ));
                }
            };
            self.commit_with(vec![write], vec![told]).await
        })
        .await
    }
}

/// New settings over old ones.
fn merged(new: &Settings, old: &Settings, full: bool) -> Settings {
    let kept = if full {
        Settings {
            title: old.title.clone(),
            password: old.password.clone(),
            ..Settings::default()
        }
    } else {
        old.clone()
    };
    let mut merged = new.clone().or(&kept);
    merged.title = merged.title.map(|title| title.trim().to_owned());
    merged
}

impl Series {
    /// Computes when it is over.
    fn follow_rule(&mut self) -> Result<()> {
        let last = self.occurrences().into_iter().map(|it| it.end).max();
        self.over = last.ok_or_else(|| Error::invalid("recurrence: the rule fits no date"))?;
        Ok(())
    }
}
