//! Lists of meetings: series, scheduled meetings and instances.

use hallway_wire::Timestamp;
use hallway_wire::id::RoomId;
use hallway_wire::meeting::{Meeting, MeetingType, ScheduledType, Settings, State};
use hallway_wire::zone::Zone;

use super::view::{Look, occurrence_state};
use super::{Base, Instance, MeetingName, Occurrence, Series, scheduled_id};
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::platform::Platform;
use crate::ports::records::{After, Find, by_time};
use crate::records::{Document as _, Kept};

const WEEK_MS: i64 = 7 * 24 * 3_600_000;
/// How many series are read at once.
const BATCH: usize = 200;

/// Which meetings; every condition must hold.
#[derive(Clone, Debug, Default)]
pub struct MeetingQuery {
    pub number: Option<String>,
    pub web_link: Option<String>,
    pub room: Option<RoomId>,
    pub series: Option<String>,
    pub kind: Option<MeetingType>,
    pub state: Option<State>,
    pub scheduled_type: Option<ScheduledType>,
    pub from: Option<Timestamp>,
    pub to: Option<Timestamp>,
    /// Of a series that is named by number, link or room: the meeting that counts now instead of the series.
    pub current: bool,
    pub host_email: Option<String>,
    pub tag: Option<String>,
    /// Only scheduled meetings that differ from their series.
    pub modified: bool,
    pub has_recording: bool,
    pub has_transcription: bool,
    /// What no meeting here has: asking for it finds none.
    pub has_other: bool,
    pub after: Option<After>,
    pub max: usize,
}

/// A page of meetings, and where the next one begins.
type Meetings = (Vec<Meeting>, Option<After>);

impl MeetingQuery {
    fn fits(&self, base: &Base, settings: &Settings) -> bool {
        self.scheduled_type.is_none_or(|kind| kind == base.scheduled_type)
            && self.tag.as_ref().is_none_or(|tag| {
                let tags = settings.integration_tags.as_ref();
                tags.is_some_and(|tags| tags.contains(tag))
            })
    }

    /// From when to when: the week that comes, or for what was held the week that was.
    fn window(&self, kind: MeetingType, now: Timestamp) -> Result<(Timestamp, Timestamp)> {
        let (from, to) = match (self.from, self.to, kind) {
            (Some(from), Some(to), _) => (from, to),
            (Some(from), None, _) => (from, from.plus_millis(WEEK_MS)),
            (None, Some(to), _) => (to.plus_millis(-WEEK_MS), to),
            (None, None, MeetingType::Instance) => (now.plus_millis(-WEEK_MS), now.plus_millis(1)),
            (None, None, _) => (now, now.plus_millis(WEEK_MS)),
        };
        if from > to {
            return Err(Error::invalid("from: it must not be after to"));
        }
        Ok((from, to))
    }
}

impl Platform {
    /// Meetings of the caller, or of the host that an administrator names.
    ///
    /// # Errors
    /// Missing scope; conditions that exclude each other; an unknown host.
    pub async fn list_meetings(
        &self,
        caller: &Caller,
        query: &MeetingQuery,
        zone: Option<&Zone>,
    ) -> Result<Meetings> {
        let reach = caller.may_read_meetings()?;
        let named = [
            query.number.is_some(),
            query.web_link.is_some(),
            query.room.is_some(),
        ];
        if named.iter().filter(|it| **it).count() > 1 {
            return Err(Error::invalid(
                "meetingNumber, webLink and roomId exclude each other: send one of them",
            ));
        }
        let host = self
            .host_of_meetings(caller, reach, query.host_email.as_deref())
            .await?;
        let address = host.email.to_lowercase();
        let look = |base: &Base| {
            let mut look = self.meeting_look(caller, reach, base, zone);
            look.zone = zone;
            look
        };
        if query.has_other {
            return Ok((Vec::new(), None));
        }
        if query.number.is_some() || query.web_link.is_some() {
            let found = self.series_by_name(caller, query).await?;
            let found = found.filter(|it| it.base.addresses().any(|it| it == address));
            let shown = found.map(|it| self.show_current(&it, query.current, look(&it.base)));
            return Ok((shown.into_iter().collect(), None));
        }
        if let Some(room) = query.room {
            let value = room.uuid().to_string();
            let find = Find::new(Series::KIND, caller.org, Series::BY_ROOM, value, query.max);
            let mine = |it: &Series| it.base.addresses().any(|it| it == address);
            let listed = self
                .list_where::<Series>(find.after(query.after.clone()), mine)
                .await?;
            let each = listed.items.iter();
            let shown = each.map(|it| self.show_current(it, query.current, look(&it.base)));
            return Ok((shown.collect(), listed.next));
        }
        let kind = query.kind.unwrap_or(match query.series {
            Some(_) => MeetingType::Scheduled,
            None => MeetingType::Series,
        });
        let (from, to) = query.window(kind, self.now())?;
        let series = match query.series.as_deref().map(MeetingName::read) {
            None => None,
            Some(Some(MeetingName::Series(id))) => Some(id),
            Some(_) => return Err(Error::invalid("meetingSeriesId: it is no id of a meeting series")),
        };
        match kind {
            MeetingType::Instance => {
                let (index, value) = match series {
                    Some(series) => (Instance::BY_SERIES, series),
                    None => (Instance::BY_PERSON, address.clone()),
                };
                let find = Find::new(Instance::KIND, caller.org, index, value, query.max)
                    .between(Some(from), Some(to))
                    .after(query.after.clone());
                let fits = |it: &Instance| {
                    let state = if it.ended.is_some() {
                        State::Ended
                    } else {
                        State::InProgress
                    };
                    query.state.is_none_or(|wanted| wanted == state)
                        && query.fits(&it.base, &it.base.settings)
                        && (!query.has_recording || it.recorded)
                        && (!query.has_transcription || it.transcript)
                        && (it.base.addresses().any(|it| it == address)
                            || it
                                .participants
                                .iter()
                                .any(|who| who.email.to_lowercase() == address))
                };
                let listed = self.list_where::<Instance>(find, fits).await?;
                let each = listed.items.iter();
                let shown = each.map(|it| self.show_instance(it, look(&it.base)));
                Ok((shown.collect(), listed.next))
            }
            _ if query.has_recording || query.has_transcription => Ok((Vec::new(), None)),
            MeetingType::Series => {
                let find = Find::new(Series::KIND, caller.org, Series::BY_PERSON, address, query.max)
                    .between(Some(from), None)
                    .after(query.after.clone());
                let now = self.now();
                let fits = |it: &Series| {
                    let over = it.over <= now && it.running.is_none();
                    let state = if over { State::Expired } else { State::Active };
                    it.start < to
                        && !it.base.adhoc
                        && query.state.is_none_or(|wanted| wanted == state)
                        && series.as_ref().is_none_or(|wanted| *wanted == it.id)
                        && query.fits(&it.base, &it.base.settings)
                };
                let listed = self.list_where::<Series>(find, fits).await?;
                let each = listed.items.iter();
                let shown = each.map(|it| self.show_series(it, look(&it.base)));
                Ok((shown.collect(), listed.next))
            }
            MeetingType::Scheduled => {
                let find = Find::new(Series::KIND, caller.org, Series::BY_PERSON, address, BATCH)
                    .between(Some(from), None);
                let found = self
                    .scheduled_meetings(find, query, series.as_deref(), (from, to))
                    .await?;
                let mut found = found.into_iter();
                let mut page: Vec<(After, Kept<Series>, Occurrence)> =
                    found.by_ref().take(query.max).collect();
                let next = match found.next() {
                    Some(_) => page.last().map(|(place, ..)| place.clone()),
                    None => None,
                };
                let shown = page
                    .drain(..)
                    .map(|(_, series, it)| self.show_occurrence(&series, &it, look(&series.base)));
                Ok((shown.collect(), next))
            }
        }
    }

    async fn series_by_name(&self, caller: &Caller, query: &MeetingQuery) -> Result<Option<Kept<Series>>> {
        if let Some(number) = &query.number {
            let number: String = number.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
            return self.claimant(caller.org, Series::NUMBER, &number).await;
        }
        let link = query.web_link.as_deref().unwrap_or_default();
        let (_, name) = link.split_once("MTID=").unwrap_or_default();
        let name = name.split(['&', '#']).next().unwrap_or_default();
        self.claimant(caller.org, Series::LINK, name).await
    }

    fn show_current(&self, series: &Series, current: bool, look: Look<'_>) -> Meeting {
        match series.current(self.now()).filter(|_| current) {
            Some(it) => self.show_occurrence(series, &it, look),
            None => self.show_series(series, look),
        }
    }

    /// The scheduled meetings of a span, by start: no more than a page needs, and one.
    async fn scheduled_meetings(
        &self,
        find: Find,
        query: &MeetingQuery,
        only: Option<&str>,
        (from, to): (Timestamp, Timestamp),
    ) -> Result<Vec<(After, Kept<Series>, Occurrence)>> {
        let now = self.now();
        let mut found: Vec<(After, Kept<Series>, Occurrence)> = Vec::new();
        let mut after = None;
        loop {
            let listed = self.list::<Series>(find.clone().after(after)).await?;
            for series in &listed.items {
                let fits = series.start < to
                    && !series.base.adhoc
                    && only.is_none_or(|only| only == series.id)
                    && query.fits(&series.base, &series.base.settings);
                if !fits {
                    continue;
                }
                for it in series.occurrences() {
                    let state = || occurrence_state(series, &it, now);
                    let place = || After {
                        order: by_time(it.start),
                        id: scheduled_id(&series.id, it.original),
                    };
                    let behind = |after: &After| {
                        let place = place();
                        (&place.order, &place.id) > (&after.order, &after.id)
                    };
                    if it.end > from
                        && it.start < to
                        && (!query.modified || it.modified)
                        && query.state.is_none_or(|wanted| wanted == state())
                        && query.after.as_ref().is_none_or(behind)
                    {
                        found.push((place(), series.clone(), it));
                    }
                }
            }
            found.sort_by(|(a, ..), (b, ..)| (&a.order, &a.id).cmp(&(&b.order, &b.id)));
            found.truncate(query.max.saturating_add(1));
            match listed.next {
                Some(next) => after = Some(next),
                None => return Ok(found),
            }
        }
    }
}
