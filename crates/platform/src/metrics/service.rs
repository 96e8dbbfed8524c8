//! Questions about figures.

use std::collections::BTreeMap;

use hallway_wire::Timestamp;
use hallway_wire::id::WorkspaceId;
use hallway_wire::metrics::{Duration, Metric, MetricName, WorkspaceDurationMetrics, WorkspaceMetrics};

use super::{Figures, HOUR_MS, Hour};
use crate::caller::Caller;
use crate::error::{Doing as _, Error, Result};
use crate::platform::Platform;
use crate::ports::records::Find;
use crate::records::Document as _;

const DAY_MS: i64 = 24 * HOUR_MS;
/// Longest span: of single values and hours, and of days.
const SPAN_HOURS_MS: i64 = 48 * HOUR_MS;
const SPAN_DAYS_MS: i64 = 30 * DAY_MS;

/// What is put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aggregation {
    None,
    Hourly,
    Daily,
}

impl Aggregation {
    /// All of them, as they are spelled on the wire.
    pub const WORDS: [(&'static str, Self); 3] = [
        ("hourly", Self::Hourly),
        ("daily", Self::Daily),
        ("none", Self::None),
    ];

    fn word(self) -> String {
        let found = Self::WORDS.iter().find(|(_, it)| *it == self);
        found.map_or("hourly", |(word, _)| word).to_owned()
    }

    const fn length(self) -> i64 {
        match self {
            Self::Daily => DAY_MS,
            Self::None | Self::Hourly => HOUR_MS,
        }
    }
}

/// What of a workspace is asked for.
#[derive(Clone, Copy, Debug)]
pub struct MetricQuery {
    pub workspace: WorkspaceId,
    pub metric: MetricName,
    pub aggregation: Aggregation,
    pub from: Option<Timestamp>,
    pub to: Option<Timestamp>,
    pub fahrenheit: Option<bool>,
    pub oldest_first: bool,
}

/// Which durations there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measurement {
    Used,
    Booked,
}

impl Measurement {
    /// All of them, as they are spelled on the wire.
    pub const WORDS: [(&'static str, Self); 2] = [("timeUsed", Self::Used), ("timeBooked", Self::Booked)];
}

/// Which durations of a workspace are asked for.
#[derive(Clone, Copy, Debug)]
pub struct DurationQuery {
    pub workspace: WorkspaceId,
    pub measurement: Measurement,
    pub aggregation: Aggregation,
    pub from: Option<Timestamp>,
    pub to: Option<Timestamp>,
}

fn floor(at: i64, length: i64) -> i64 {
    at - at.rem_euclid(length)
}

fn span(
    aggregation: Aggregation,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    now: Timestamp,
) -> Result<(Timestamp, Timestamp)> {
    let (most, words) = match aggregation {
        Aggregation::Daily => (SPAN_DAYS_MS, "30 days"),
        Aggregation::None | Aggregation::Hourly => (SPAN_HOURS_MS, "48 hours"),
    };
    let to = to.unwrap_or_else(|| {
        from.map_or(now, |from| {
            Timestamp(now.millis().min(from.plus_millis(most).millis()))
        })
    });
    let from = from.unwrap_or_else(|| to.plus_millis(-most));
    let length = to.millis().saturating_sub(from.millis());
    if length < 0 {
        return Err(Error::invalid("from: must not be after to"));
    }
    if length > most {
        return Err(Error::invalid(format!(
            "from, to: at most {words} can be asked for with this aggregation"
        )));
    }
    Ok((from, to))
}

/// The figures of an hour that lie in the span. Where the span cuts the hour, single values say more, if they
/// are there.
fn figures(hour: &Hour, metric: MetricName, from: i64, to: i64) -> Figures {
    let start = hour.start.millis();
    let whole = from <= start && start + HOUR_MS <= to;
    let known = hour.figures.get(&metric).copied().unwrap_or(Figures::NONE);
    let samples = || hour.samples.iter().filter(move |it| it.metric == metric);
    if whole || (hour.condensed && samples().next().is_none()) {
        return known;
    }
    let mut figures = Figures::NONE;
    for sample in samples().filter(|it| from <= it.at && it.at < to) {
        figures.add(sample.value);
    }
    figures
}

impl Platform {
    async fn measured_hours(
        &self,
        caller: &Caller,
        workspace: WorkspaceId,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<Hour>> {
        caller.may_read_workspace_metrics()?;
        let found = self
            .store
            .workspace(workspace)
            .await
            .doing("reading a workspace")?;
        found
            .filter(|it| it.org == caller.org)
            .ok_or(Error::NotFound { what: "workspace" })?;
        self.flush_metrics(Some(workspace)).await?;
        let most = usize::try_from(SPAN_DAYS_MS / HOUR_MS + 2).unwrap_or(usize::MAX);
        let value = workspace.uuid().to_string();
        let first = Timestamp(floor(from.millis(), HOUR_MS).max(0));
        let find =
            Find::new(Hour::KIND, caller.org, Hour::BY_WORKSPACE, value, most).between(Some(first), Some(to));
        let listed = self.list::<Hour>(find).await?;
        Ok(listed.items.into_iter().map(|kept| kept.doc).collect())
    }

    /// What was measured in a workspace.
    ///
    /// # Errors
    /// Missing scope or role; unknown; a span that is too long; a unit of something else than temperature.
    pub async fn workspace_metrics(&self, caller: &Caller, query: &MetricQuery) -> Result<WorkspaceMetrics> {
        caller.may_read_workspace_metrics()?;
        if query.fahrenheit.is_some() && query.metric != MetricName::Temperature {
            return Err(Error::invalid("unit: only the metric temperature has one"));
        }
        let (from, to) = span(query.aggregation, query.from, query.to, self.now())?;
        let hours = self.measured_hours(caller, query.workspace, from, to).await?;
        let fahrenheit = query.fahrenheit == Some(true);
        let write = |value: f64| {
            let value = if fahrenheit {
                value * 9.0 / 5.0 + 32.0
            } else {
                value
            };
            (value * 100.0).round() / 100.0
        };
        let (from_ms, to_ms) = (from.millis(), to.millis());
        let mut items: Vec<Metric> = if query.aggregation == Aggregation::None {
            let all = hours.iter().flat_map(|hour| &hour.samples);
            let mut all: Vec<_> = all
                .filter(|it| it.metric == query.metric && from_ms <= it.at && it.at < to_ms)
                .collect();
            all.sort_by_key(|it| it.at);
            let each = all.into_iter().map(|it| Metric::Single {
                device_id: it.device,
                timestamp: Timestamp(it.at),
                value: write(it.value),
            });
            each.collect()
        } else {
            let length = query.aggregation.length();
            let mut buckets: BTreeMap<i64, Figures> = BTreeMap::new();
            for hour in &hours {
                let found = figures(hour, query.metric, from_ms, to_ms);
                if found.count > 0 {
                    let start = floor(hour.start.millis(), length);
                    buckets.entry(start).or_insert(Figures::NONE).merge(&found);
                }
            }
            let each = buckets.into_iter().map(|(start, figures)| Metric::Aggregated {
                start: Timestamp(start),
                end: Timestamp(start + length),
                #[expect(clippy::cast_precision_loss, reason = "a count of an hour or a day")]
                mean: write(figures.sum / figures.count as f64),
                max: write(figures.max),
                min: write(figures.min),
            });
            each.collect()
        };
        if !query.oldest_first {
            items.reverse();
        }
        let unit = if fahrenheit { "fahrenheit" } else { "celsius" };
        let sort = if query.oldest_first {
            "oldestFirst"
        } else {
            "newestFirst"
        };
        Ok(WorkspaceMetrics {
            workspace_id: query.workspace,
            metric_name: query.metric,
            aggregation: query.aggregation.word(),
            from,
            to,
            unit: (query.metric == MetricName::Temperature).then(|| unit.to_owned()),
            sort_by: sort.to_owned(),
            items,
        })
    }

    /// How long a workspace was used or booked. Hours and days of the span without any are there with 0.
    ///
    /// # Errors
    /// As [`Platform::workspace_metrics`].
    pub async fn workspace_durations(
        &self,
        caller: &Caller,
        query: &DurationQuery,
    ) -> Result<WorkspaceDurationMetrics> {
        caller.may_read_workspace_metrics()?;
        let (from, to) = span(query.aggregation, query.from, query.to, self.now())?;
        let hours = self.measured_hours(caller, query.workspace, from, to).await?;
        let length = query.aggregation.length();
        let (from_ms, to_ms) = (from.millis(), to.millis());
        let mut buckets: BTreeMap<i64, i64> = BTreeMap::new();
        let mut start = floor(from_ms, length);
        while start < to_ms {
            buckets.insert(start, 0);
            start += length;
        }
        for hour in &hours {
            let spans = match query.measurement {
                Measurement::Used => &hour.used,
                Measurement::Booked => &hour.booked,
            };
            for (begin, end) in spans {
                let inside = end.min(&to_ms) - begin.max(&from_ms);
                if inside > 0 {
                    *buckets.entry(floor(*begin, length)).or_default() += inside;
                }
            }
        }
        let items = buckets.into_iter().map(|(start, inside)| Duration {
            start: Timestamp(start),
            end: Timestamp(start + length),
            duration: (inside + 30_000) / 60_000,
        });
        let word = Measurement::WORDS.iter().find(|(_, it)| *it == query.measurement);
        Ok(WorkspaceDurationMetrics {
            workspace_id: query.workspace,
            aggregation: query.aggregation.word(),
            measurement: word.map_or("timeUsed", |(word, _)| word).to_owned(),
            from,
            to,
            unit: "minutes".to_owned(),
            items: items.collect(),
        })
    }
}
