//! What happened in workspaces, in figures (xapi 12): what devices sense is gathered by the hour while it is
//! reported, and written down in batches. Reports pay one look at the first name of each key.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

use hallway_wire::Timestamp;
use hallway_wire::id::{DeviceId, OrgId, WorkspaceId};
use hallway_wire::metrics::MetricName;
use hallway_xapi::{Change, Key, Report};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ports::records::{Key as IndexKey, by_time};
use crate::records::Document;

mod flush;
mod service;

pub use service::{Aggregation, DurationQuery, Measurement, MetricQuery};

pub(crate) const HOUR_MS: i64 = 3_600_000;
/// Single values of a device and a metric are kept at least this far apart; sums hold all of them.
const APART_MS: i64 = 30_000;
/// Most single values of a workspace in an hour.
const MOST_SAMPLES: usize = 2_000;
/// Most spans of an hour; beyond that the closest are joined.
const MOST_SPANS: usize = 60;

/// One hour of a workspace.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Hour {
    pub(crate) org: OrgId,
    pub(crate) workspace: WorkspaceId,
    /// When it began.
    pub(crate) start: Timestamp,
    /// By the metric's name.
    #[serde(default)]
    pub(crate) figures: BTreeMap<MetricName, Figures>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) samples: Vec<Sample>,
    /// Whether single values were thrown away, so that figures say more than they.
    #[serde(default)]
    pub(crate) condensed: bool,
    /// When somebody used it, from and to.
    #[serde(default)]
    pub(crate) used: Vec<(i64, i64)>,
    /// When it was booked.
    #[serde(default)]
    pub(crate) booked: Vec<(i64, i64)>,
}

/// The sum of what was measured; zeroes and negative values do not count.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Figures {
    pub(crate) sum: f64,
    pub(crate) count: u64,
    pub(crate) min: f64,
    pub(crate) max: f64,
}

/// A single value.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Sample {
    pub(crate) device: DeviceId,
    pub(crate) metric: MetricName,
    pub(crate) at: i64,
    pub(crate) value: f64,
}

impl Figures {
    pub(crate) const NONE: Self = Self {
        sum: 0.0,
        count: 0,
        min: f64::INFINITY,
        max: f64::NEG_INFINITY,
    };

    pub(crate) fn add(&mut self, value: f64) {
        if value > 0.0 {
            self.sum += value;
            self.count += 1;
            self.min = self.min.min(value);
            self.max = self.max.max(value);
        }
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.sum += other.sum;
        self.count += other.count;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
    }
}

/// Adds a span to spans that are in order, joining those that touch.
pub(crate) fn add_span(spans: &mut Vec<(i64, i64)>, (from, to): (i64, i64)) {
    if from >= to {
        return;
    }
    spans.push((from, to));
    spans.sort_unstable();
    let mut joined: Vec<(i64, i64)> = Vec::with_capacity(spans.len());
    for &(from, to) in spans.iter() {
        match joined.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => joined.push((from, to)),
        }
    }
    while joined.len() > MOST_SPANS {
        let gaps = (1..joined.len()).min_by_key(|&at| joined[at].0 - joined[at - 1].1);
        let Some(at) = gaps else { break };
        joined[at - 1].1 = joined[at].1;
        joined.remove(at);
    }
    *spans = joined;
}

impl Hour {
    pub(crate) fn new(org: OrgId, workspace: WorkspaceId, start: Timestamp) -> Self {
        Self {
            org,
            workspace,
            start,
            figures: BTreeMap::new(),
            samples: Vec::new(),
            condensed: false,
            used: Vec::new(),
            booked: Vec::new(),
        }
    }

    fn add(&mut self, device: DeviceId, metric: MetricName, at: i64, value: f64) {
        // A metric of which only zeroes came has no figures.
        if value > 0.0 {
            self.figures.entry(metric).or_insert(Figures::NONE).add(value);
        }
        self.keep(Sample {
            device,
            metric,
            at,
            value,
        });
    }

    fn keep(&mut self, sample: Sample) {
        let mut same = self
            .samples
            .iter()
            .rev()
            .filter(|it| it.device == sample.device && it.metric == sample.metric);
        let close = same.next().is_some_and(|last| sample.at - last.at < APART_MS);
        if close || self.samples.len() >= MOST_SAMPLES {
            self.condensed = true;
        } else {
            self.samples.push(sample);
        }
    }

    /// Adds what came since.
    pub(crate) fn merge(&mut self, news: &Self) {
        for (metric, figures) in &news.figures {
            self.figures
                .entry(*metric)
                .or_insert(Figures::NONE)
                .merge(figures);
        }
        for sample in &news.samples {
            self.keep(*sample);
        }
        self.condensed |= news.condensed;
        for span in &news.used {
            add_span(&mut self.used, *span);
        }
        for span in &news.booked {
            add_span(&mut self.booked, *span);
        }
    }
}

/// The name of an hour's record.
pub(crate) fn hour_id(workspace: WorkspaceId, start: Timestamp) -> String {
    format!("{}/{}", workspace.uuid(), by_time(start))
}

impl Document for Hour {
    const KIND: &'static str = "workspace_hour";
    const NOUN: &'static str = "hour of a workspace";
    fn org(&self) -> OrgId {
        self.org
    }
    fn id(&self) -> String {
        hour_id(self.workspace, self.start)
    }
    fn keys(&self) -> Vec<IndexKey> {
        let key = |index, value| IndexKey {
            index,
            value,
            order: by_time(self.start),
        };
        let mut keys = vec![
            key(Self::BY_WORKSPACE, self.workspace.uuid().to_string()),
            key(Self::ALL, String::new()),
        ];
        if !self.samples.is_empty() {
            keys.push(key(Self::WITH_SAMPLES, String::new()));
        }
        keys
    }
}

impl Hour {
    /// Value: the workspace; by start.
    pub(crate) const BY_WORKSPACE: &'static str = "workspace";
    pub(crate) const ALL: &'static str = "all";
    /// Those that hold single values.
    pub(crate) const WITH_SAMPLES: &'static str = "samples";
}

/// What a device is known to be like now.
#[derive(Debug, Default)]
struct Senses {
    values: BTreeMap<MetricName, f64>,
    present: bool,
    calls: bool,
    booked: bool,
}

impl Senses {
    fn in_use(&self) -> bool {
        self.present
            || self.calls
            || self
                .values
                .get(&MetricName::PeopleCount)
                .is_some_and(|n| *n > 0.0)
    }
}

/// A workspace, since the last time it was written down.
#[derive(Debug)]
struct Live {
    org: OrgId,
    devices: HashMap<DeviceId, Senses>,
    hours: BTreeMap<i64, Hour>,
    used_since: Option<i64>,
    booked_since: Option<i64>,
}

/// All workspaces.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    live: Mutex<HashMap<WorkspaceId, Live>>,
    /// Whoever writes down waits here for its turn: what is in neither memory nor store is in one hand. It is an
    /// asynchronous queue of waiters, not a lock around shared data.
    turn: tokio::sync::Mutex<()>,
}

/// What a status tells.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Sense {
    Metric(MetricName),
    Presence,
    Calls,
    Booking,
}

/// What a key tells; most are refused by their first name.
fn sense(key: &Key) -> Option<Sense> {
    let segments = key.segments();
    let is = |at: usize, name: &str| {
        segments
            .get(at)
            .is_some_and(|segment| segment.name.eq_ignore_ascii_case(name))
    };
    let analytics = match segments.first()?.name.as_str() {
        "RoomAnalytics" => 1,
        "Peripherals" if is(1, "ConnectedDevice") && is(2, "RoomAnalytics") => 3,
        "SystemUnit" => {
            let calls = segments.len() == 3 && is(1, "State") && is(2, "NumberOfActiveCalls");
            return calls.then_some(Sense::Calls);
        }
        "Bookings" => {
            let booking = segments.len() == 3 && is(1, "Availability") && is(2, "Status");
            return booking.then_some(Sense::Booking);
        }
        _ => return None,
    };
    let is = |at: usize, name: &str| is(analytics + at, name);
    let length = segments.len() - analytics.min(segments.len());
    let metric = match length {
        1 if is(0, "AmbientTemperature") => MetricName::Temperature,
        1 if is(0, "RelativeHumidity") => MetricName::Humidity,
        1 if is(0, "PeoplePresence") => return Some(Sense::Presence),
        2 if is(0, "PeopleCount") && is(1, "Current") => MetricName::PeopleCount,
        2 if is(0, "AirQuality") && is(1, "Index") => MetricName::Tvoc,
        3 if is(0, "Sound") && is(1, "Level") && is(2, "A") => MetricName::SoundLevel,
        3 if is(0, "AmbientNoise") && is(1, "Level") && is(2, "A") => MetricName::AmbientNoise,
        _ => return None,
    };
    Some(Sense::Metric(metric))
}

fn figure(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
    .filter(|value: &f64| value.is_finite())
}

fn is_yes(value: &Value) -> bool {
    value
        .as_str()
        .is_some_and(|text| text.eq_ignore_ascii_case("Yes") || text.eq_ignore_ascii_case("True"))
        || value.as_bool() == Some(true)
}

impl Live {
    fn hour(&mut self, workspace: WorkspaceId, at: i64) -> &mut Hour {
        let start = at - at.rem_euclid(HOUR_MS);
        let org = self.org;
        self.hours
            .entry(start)
            .or_insert_with(|| Hour::new(org, workspace, Timestamp(start)))
    }

    /// Notes that use or booking began or ended.
    fn settle(&mut self, workspace: WorkspaceId, now: i64) {
        let used = self.devices.values().any(Senses::in_use);
        let booked = self.devices.values().any(|device| device.booked);
        if let Some(since) = self.used_since.filter(|_| !used) {
            self.span(workspace, since, now, |hour| &mut hour.used);
            self.used_since = None;
        } else if used {
            self.used_since.get_or_insert(now);
        }
        if let Some(since) = self.booked_since.filter(|_| !booked) {
            self.span(workspace, since, now, |hour| &mut hour.booked);
            self.booked_since = None;
        } else if booked {
            self.booked_since.get_or_insert(now);
        }
    }

    /// Adds a span, cut at full hours.
    fn span(
        &mut self,
        workspace: WorkspaceId,
        from: i64,
        to: i64,
        spans: fn(&mut Hour) -> &mut Vec<(i64, i64)>,
    ) {
        let mut from = from;
        while from < to {
            let next = from - from.rem_euclid(HOUR_MS) + HOUR_MS;
            let end = next.min(to);
            add_span(spans(self.hour(workspace, from)), (from, end));
            from = end;
        }
    }

    fn take_in(
        &mut self,
        workspace: WorkspaceId,
        device: DeviceId,
        sense: Sense,
        value: Option<&Value>,
        now: i64,
    ) {
        let senses = self.devices.entry(device).or_default();
        match sense {
            Sense::Metric(metric) => match value.and_then(figure) {
                Some(value) => {
                    senses.values.insert(metric, value);
                    self.hour(workspace, now).add(device, metric, now, value);
                }
                None => drop(senses.values.remove(&metric)),
            },
            Sense::Presence => senses.present = value.is_some_and(is_yes),
            Sense::Calls => senses.calls = value.and_then(figure).is_some_and(|calls| calls > 0.0),
            Sense::Booking => {
                let text = value.and_then(Value::as_str).unwrap_or_default();
                senses.booked =
                    text.eq_ignore_ascii_case("BookedUntil") || text.eq_ignore_ascii_case("Booked");
            }
        }
    }
}

impl Metrics {
    fn with_live<T>(&self, work: impl FnOnce(&mut HashMap<WorkspaceId, Live>) -> T) -> T {
        work(&mut self.live.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes in what a device of a workspace reports. A report without anything to measure costs one look at
    /// the first name of each of its keys.
    pub(crate) fn observe(
        &self,
        org: OrgId,
        workspace: WorkspaceId,
        device: DeviceId,
        reports: &[Report],
        now: Timestamp,
    ) {
        let changes = reports.iter().flat_map(|report| &report.changes);
        let mut sensed = changes
            .filter_map(|change| match change {
                Change::Status(key, value) => Some((sense(key)?, Some(value))),
                Change::StatusRemoved(key) => Some((sense(key)?, None)),
                _ => None,
            })
            .peekable();
        if sensed.peek().is_none() {
            return;
        }
        self.with_live(|all| {
            let live = all.entry(workspace).or_insert_with(|| Live {
                org,
                devices: HashMap::new(),
                hours: BTreeMap::new(),
                used_since: None,
                booked_since: None,
            });
            for (sense, value) in sensed {
                live.take_in(workspace, device, sense, value, now.millis());
            }
            live.settle(workspace, now.millis());
        });
    }

    /// A device is no longer linked: nothing is known of it.
    pub(crate) fn forget(&self, workspace: WorkspaceId, device: DeviceId, now: Timestamp) {
        self.with_live(|all| {
            if let Some(live) = all.get_mut(&workspace) {
                live.devices.remove(&device);
                live.settle(workspace, now.millis());
            }
        });
    }

    /// What stays as it was is measured again: a temperature that does not change is still one.
    pub(crate) fn carry_on(&self, now: Timestamp) {
        self.with_live(|all| {
            for (workspace, live) in all.iter_mut() {
                let each = live.devices.iter().flat_map(|(device, senses)| {
                    senses
                        .values
                        .iter()
                        .map(|(metric, value)| (*device, *metric, *value))
                });
                let again: Vec<_> = each.collect();
                for (device, metric, value) in again {
                    live.hour(*workspace, now.millis())
                        .add(device, metric, now.millis(), value);
                }
            }
        });
    }

    /// Takes out what is not written down yet, of one workspace or of all. What goes on is cut here.
    fn take(&self, only: Option<WorkspaceId>, now: Timestamp) -> Vec<Hour> {
        let now = now.millis();
        self.with_live(|all| {
            let mut taken = Vec::new();
            for (workspace, live) in all.iter_mut() {
                if only.is_some_and(|only| only != *workspace) {
                    continue;
                }
                if let Some(since) = live.used_since {
                    live.span(*workspace, since, now, |hour| &mut hour.used);
                    live.used_since = Some(now.max(since));
                }
                if let Some(since) = live.booked_since {
                    live.span(*workspace, since, now, |hour| &mut hour.booked);
                    live.booked_since = Some(now.max(since));
                }
                taken.extend(std::mem::take(&mut live.hours).into_values());
            }
            all.retain(|_, live| !live.devices.is_empty());
            taken
        })
    }

    /// Puts back what could not be written down.
    fn put_back(&self, hours: Vec<Hour>) {
        self.with_live(|all| {
            for hour in hours {
                let live = all.entry(hour.workspace).or_insert_with(|| Live {
                    org: hour.org,
                    devices: HashMap::new(),
                    hours: BTreeMap::new(),
                    used_since: None,
                    booked_since: None,
                });
                let start = hour.start.millis();
                let news = live.hours.remove(&start);
                let mut hour = hour;
                if let Some(news) = news {
                    hour.merge(&news);
                }
                live.hours.insert(start, hour);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(key: &str, value: impl Into<Value>) -> Change {
        Change::Status(key.parse().unwrap(), value.into())
    }

    fn report(changes: Vec<Change>) -> Vec<Report> {
        vec![Report { at_ms: None, changes }]
    }

    #[test]
    fn keys_are_told_apart() {
        let of = |text: &str| sense(&text.parse().unwrap());
        assert_eq!(
            of("RoomAnalytics.PeopleCount.Current"),
            Some(Sense::Metric(MetricName::PeopleCount))
        );
        assert_eq!(
            of("Peripherals.ConnectedDevice[1005].RoomAnalytics.AmbientTemperature"),
            Some(Sense::Metric(MetricName::Temperature))
        );
        assert_eq!(
            of("RoomAnalytics.Sound.Level.A"),
            Some(Sense::Metric(MetricName::SoundLevel))
        );
        assert_eq!(of("SystemUnit.State.NumberOfActiveCalls"), Some(Sense::Calls));
        for other in [
            "RoomAnalytics",
            "Peripherals",
            "SystemUnit.Uptime",
            "Audio.Volume",
            "Bookings.Current.Id",
        ] {
            assert_eq!(of(other), None, "{other}");
        }
    }

    #[test]
    fn hours_hold_figures_and_spans() {
        let (org, workspace, device) = (OrgId::random(), WorkspaceId::random(), DeviceId::random());
        let metrics = Metrics::default();
        let observe = |at: i64, count: i64| {
            let changes = vec![status("RoomAnalytics.PeopleCount.Current", count)];
            metrics.observe(org, workspace, device, &report(changes), Timestamp(at));
        };
        let minute = 60_000;
        observe(50 * minute, 4);
        observe(55 * minute, 2);
        observe(70 * minute, 0);
        metrics.observe(
            org,
            workspace,
            device,
            &report(vec![status("Audio.Volume", 1)]),
            Timestamp(0),
        );
        let hours = metrics.take(None, Timestamp(80 * minute));
        assert_eq!(hours.len(), 2);
        let figures = hours[0].figures[&MetricName::PeopleCount];
        assert_eq!(
            (figures.sum, figures.count, figures.min, figures.max),
            (6.0, 2, 2.0, 4.0)
        );
        assert_eq!(hours[0].used, [(50 * minute, 60 * minute)]);
        assert_eq!(hours[1].used, [(60 * minute, 70 * minute)]);
        assert!(hours[1].figures.is_empty(), "zeroes do not count");
        assert_eq!(hours[1].samples.len(), 1);
        assert!(metrics.take(None, Timestamp(81 * minute)).is_empty());

        // What could not be written stays, and what goes on is cut.
        observe(90 * minute, 1);
        let hours = metrics.take(Some(workspace), Timestamp(95 * minute));
        metrics.put_back(hours);
        metrics.forget(workspace, device, Timestamp(100 * minute));
        let hours = metrics.take(None, Timestamp(110 * minute));
        assert_eq!(hours[0].used, [(90 * minute, 100 * minute)]);
        assert!(
            metrics.with_live(|all| all.is_empty()),
            "nothing is kept of who is gone"
        );
    }

    #[test]
    fn memory_is_bounded() {
        let mut spans = Vec::new();
        for at in 0..1000 {
            add_span(&mut spans, (at * 10, at * 10 + 5));
        }
        assert!(spans.len() <= MOST_SPANS);
        assert_eq!((spans.first().unwrap().0, spans.last().unwrap().1), (0, 9995));
        let mut hour = Hour::new(OrgId::random(), WorkspaceId::random(), Timestamp(0));
        for at in 0..10_000 {
            hour.add(DeviceId::random(), MetricName::Humidity, at, 1.0);
        }
        assert_eq!((hour.samples.len(), hour.condensed), (MOST_SAMPLES, true));
        assert_eq!(hour.figures[&MetricName::Humidity].count, 10_000);
    }
}
