//! Recurrence: the rules of RFC 5545 that calendars of meetings use, expanded within bounds.

use hallway_wire::Timestamp;
use hallway_wire::zone::Zone;
use jiff::ToSpan as _;
use jiff::civil::{Date, DateTime, Weekday};

/// Most occurrences of a series. A rule that goes on for longer ends here.
pub(crate) const MOST: usize = 500;
/// Most periods that are looked at: a rule that fits no date ends here.
const MOST_PERIODS: i64 = 20_000;
/// Longest rule that is read.
const MAX_TEXT: usize = 500;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Every {
    Day,
    Week,
    Month,
    Year,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Until {
    Moment(Timestamp),
    /// As the clocks of the meeting's zone show it.
    Local(DateTime),
}

/// A rule, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rule {
    every: Every,
    interval: i32,
    count: Option<usize>,
    until: Option<Until>,
    /// With the how-manieth of its month; 0: each.
    by_day: Vec<(i8, Weekday)>,
    by_month_day: Vec<i8>,
    by_month: Vec<i8>,
    by_set_position: Vec<i16>,
    week_start: Weekday,
}

fn weekday(text: &str) -> Option<Weekday> {
    Some(match text {
        "MO" => Weekday::Monday,
        "TU" => Weekday::Tuesday,
        "WE" => Weekday::Wednesday,
        "TH" => Weekday::Thursday,
        "FR" => Weekday::Friday,
        "SA" => Weekday::Saturday,
        "SU" => Weekday::Sunday,
        _ => return None,
    })
}

fn until(text: &str) -> Option<Until> {
    let (text, utc) = match text.strip_suffix('Z') {
        Some(text) => (text, true),
        None => (text, false),
    };
    if !text.is_ascii() {
        return None;
    }
    let number = |range: std::ops::Range<usize>| text.get(range)?.parse::<i16>().ok();
    let small = |range| number(range).and_then(|number| i8::try_from(number).ok());
    let date = Date::new(number(0..4)?, small(4..6)?, small(6..8)?).ok()?;
    let civil = match text.len() {
        // The whole day counts.
        8 => date.at(23, 59, 59, 0),
        15 if text.as_bytes()[8] == b'T' => {
            let time = jiff::civil::Time::new(small(9..11)?, small(11..13)?, small(13..15)?, 0).ok()?;
            date.to_datetime(time)
        }
        _ => return None,
    };
    if utc {
        Zone::utc().moment(civil).map(Until::Moment)
    } else {
        Some(Until::Local(civil))
    }
}

/// Reads a list of numbers, none of them 0.
fn numbers<T: std::str::FromStr + PartialOrd + Copy + Default>(
    text: &str,
    low: T,
    high: T,
) -> Option<Vec<T>> {
    let all: Option<Vec<T>> = text.split(',').map(|one| one.trim().parse().ok()).collect();
    let fits = |one: &T| *one >= low && *one <= high && *one != T::default();
    all.filter(|all| all.len() <= 400 && all.iter().all(fits))
}

fn days(text: &str) -> Option<Vec<(i8, Weekday)>> {
    let one = |text: &str| {
        let text = text.trim();
        let at = text.len().checked_sub(2)?;
        let (number, day) = (text.get(..at)?, text.get(at..)?);
        let number = if number.is_empty() {
            0
        } else {
            number.parse().ok()?
        };
        ((-5..=5).contains(&number) && !(number == 0 && at > 0)).then_some((number, weekday(day)?))
    };
    let all: Option<Vec<_>> = text.split(',').map(one).collect();
    all.filter(|all| all.len() <= 50)
}

impl Rule {
    /// Reads a rule, with or without `RRULE:` before it.
    ///
    /// # Errors
    /// A sentence about what is wrong with it.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        if text.len() > MAX_TEXT {
            return Err(format!("recurrence: a rule has at most {MAX_TEXT} characters"));
        }
        let upper = text.trim().to_ascii_uppercase();
        let body = upper
            .strip_prefix("RRULE:")
            .unwrap_or(&upper)
            .trim_end_matches(';');
        let mut every = None;
        let mut rule = Self {
            every: Every::Day,
            interval: 1,
            count: None,
            until: None,
            by_day: Vec::new(),
            by_month_day: Vec::new(),
            by_month: Vec::new(),
            by_set_position: Vec::new(),
            week_start: Weekday::Monday,
        };
        for part in body.split(';') {
            let (name, value) = part
                .split_once('=')
                .ok_or_else(|| format!("recurrence: {part:?} is no NAME=VALUE of an RFC 5545 rule"))?;
            let bad = || format!("recurrence: {name} cannot be {value:?}");
            match name.trim() {
                "FREQ" => {
                    every = Some(match value {
                        "DAILY" => Every::Day,
                        "WEEKLY" => Every::Week,
                        "MONTHLY" => Every::Month,
                        "YEARLY" => Every::Year,
                        _ => return Err(bad()),
                    });
                }
                "INTERVAL" => {
                    let interval: i32 = value.parse().map_err(|_| bad())?;
                    rule.interval = Some(interval)
                        .filter(|it| (1..=1000).contains(it))
                        .ok_or_else(bad)?;
                }
                "COUNT" => {
                    let count: usize = value.parse().map_err(|_| bad())?;
                    rule.count = Some(Some(count).filter(|count| *count >= 1).ok_or_else(bad)?);
                }
                "UNTIL" => rule.until = Some(until(value).ok_or_else(bad)?),
                "BYDAY" => rule.by_day = days(value).ok_or_else(bad)?,
                "BYMONTHDAY" => rule.by_month_day = numbers(value, -31, 31).ok_or_else(bad)?,
                "BYMONTH" => rule.by_month = numbers(value, 1, 12).ok_or_else(bad)?,
                "BYSETPOS" => rule.by_set_position = numbers(value, -366, 366).ok_or_else(bad)?,
                "WKST" => rule.week_start = weekday(value).ok_or_else(bad)?,
                other => {
                    return Err(format!(
                        "recurrence: {other} is not supported in rules of meetings"
                    ));
                }
            }
        }
        rule.every = every.ok_or("recurrence: FREQ is missing: DAILY, WEEKLY, MONTHLY or YEARLY")?;
        if rule.count.is_some() && rule.until.is_some() {
            return Err("recurrence: COUNT and UNTIL exclude each other".to_owned());
        }
        let monthly = rule.every == Every::Month || (rule.every == Every::Year && !rule.by_month.is_empty());
        if !monthly && rule.by_day.iter().any(|(number, _)| *number != 0) {
            return Err(
                "recurrence: BYDAY with a number needs FREQ=MONTHLY, or FREQ=YEARLY with BYMONTH".to_owned(),
            );
        }
        if rule.every == Every::Week && !rule.by_month_day.is_empty() {
            return Err("recurrence: BYMONTHDAY does not go with FREQ=WEEKLY".to_owned());
        }
        Ok(rule)
    }

    /// When the occurrences start, at most [`MOST`]; the first is at or after `first`.
    pub(crate) fn starts(&self, first: Timestamp, zone: &Zone) -> Vec<Timestamp> {
        let begin = zone.civil(first);
        let most = self.count.unwrap_or(MOST).min(MOST);
        let mut starts = Vec::new();
        for period in 0..MOST_PERIODS {
            let Some(mut days) = self.period(begin.date(), period) else {
                break;
            };
            days.sort_unstable();
            days.dedup();
            for day in self.picked(&days) {
                if day < begin.date() {
                    continue;
                }
                let civil = day.to_datetime(begin.time());
                let Some(at) = zone.moment(civil) else { continue };
                let over = match self.until {
                    Some(Until::Moment(until)) => at > until,
                    Some(Until::Local(until)) => civil > until,
                    None => false,
                };
                if over {
                    return starts;
                }
                starts.push(at);
                if starts.len() == most {
                    return starts;
                }
            }
        }
        starts
    }

    /// Those that BYSETPOS leaves of a period.
    fn picked(&self, days: &[Date]) -> Vec<Date> {
        if self.by_set_position.is_empty() {
            return days.to_vec();
        }
        let mut picked: Vec<Date> = self
            .by_set_position
            .iter()
            .filter_map(|&position| {
                let index = if position > 0 {
                    usize::try_from(position).ok()?.checked_sub(1)?
                } else {
                    days.len().checked_sub(usize::from(position.unsigned_abs()))?
                };
                days.get(index).copied()
            })
            .collect();
        picked.sort_unstable();
        picked.dedup();
        picked
    }

    /// The days of the n-th period; `None` behind the end of the calendar.
    fn period(&self, begin: Date, number: i64) -> Option<Vec<Date>> {
        let step = number.checked_mul(i64::from(self.interval))?;
        let fits_month = |day: &Date| self.by_month.is_empty() || self.by_month.contains(&day.month());
        Some(match self.every {
            Every::Day => {
                let day = begin.checked_add(step.days()).ok()?;
                let fits = fits_month(&day)
                    && (self.by_day.is_empty() || self.by_day.iter().any(|(_, it)| *it == day.weekday()))
                    && (self.by_month_day.is_empty() || self.has_month_day(day));
                if fits { vec![day] } else { Vec::new() }
            }
            Every::Week => {
                let back = i64::from(begin.weekday().since(self.week_start));
                let week = begin.checked_add((step.checked_mul(7)? - back).days()).ok()?;
                let wanted: Vec<Weekday> = if self.by_day.is_empty() {
                    vec![begin.weekday()]
                } else {
                    self.by_day.iter().map(|(_, day)| *day).collect()
                };
                let mut days = Vec::new();
                for offset in 0..7i64 {
                    let day = week.checked_add(offset.days()).ok()?;
                    if wanted.contains(&day.weekday()) && fits_month(&day) {
                        days.push(day);
                    }
                }
                days
            }
            Every::Month => {
                let month = begin.first_of_month().checked_add(step.months()).ok()?;
                if fits_month(&month) {
                    self.in_month(month, begin.day())
                } else {
                    Vec::new()
                }
            }
            Every::Year => {
                let january = Date::new(begin.year(), 1, 1)
                    .ok()?
                    .checked_add(step.years())
                    .ok()?;
                let all = !self.by_day.is_empty() || !self.by_month_day.is_empty();
                let months: Vec<i8> = match (self.by_month.is_empty(), all) {
                    (false, _) => self.by_month.clone(),
                    (true, true) => (1..=12).collect(),
                    (true, false) => vec![begin.month()],
                };
                let first = |month: i8| Date::new(january.year(), month, 1).ok();
                let each = months.into_iter().filter_map(first);
                each.flat_map(|month| self.in_month(month, begin.day())).collect()
            }
        })
    }

    fn has_month_day(&self, day: Date) -> bool {
        let from_end = day.day() - day.days_in_month() - 1;
        self.by_month_day
            .iter()
            .any(|it| *it == day.day() || *it == from_end)
    }

    /// The days of a month that fit; without any condition the day of the start.
    fn in_month(&self, month: Date, start: i8) -> Vec<Date> {
        let all =
            (1..=month.days_in_month()).filter_map(|day| Date::new(month.year(), month.month(), day).ok());
        all.filter(|day| {
            if self.by_day.is_empty() && self.by_month_day.is_empty() {
                return day.day() == start;
            }
            let by_number = self.by_month_day.is_empty() || self.has_month_day(*day);
            let nth = (day.day() - 1) / 7 + 1;
            let from_end = -((day.days_in_month() - day.day()) / 7 + 1);
            let by_day = self.by_day.is_empty()
                || self.by_day.iter().any(|&(number, weekday)| {
                    weekday == day.weekday() && (number == 0 || number == nth || number == from_end)
                });
            by_number && by_day
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn starts(rule: &str, first: &str, zone: &str) -> Vec<String> {
        let zone = Zone::named(zone).unwrap();
        let rule = Rule::read(rule).unwrap();
        let all = rule.starts(zone.read(first).unwrap(), &zone);
        all.into_iter().map(|at| zone.write(at)).collect()
    }

    fn days(rule: &str, first: &str) -> Vec<String> {
        let all = starts(rule, &format!("{first}T09:00:00"), "UTC");
        all.into_iter().map(|at| at[..10].to_owned()).collect()
    }

    #[test]
    fn the_common_ones() {
        assert_eq!(
            days("FREQ=DAILY;INTERVAL=2;COUNT=3", "2026-02-27"),
            ["2026-02-27", "2026-03-01", "2026-03-03"]
        );
        assert_eq!(
            days("RRULE:FREQ=WEEKLY;BYDAY=MO,WE;COUNT=4;", "2026-03-04"),
            ["2026-03-04", "2026-03-09", "2026-03-11", "2026-03-16"]
        );
        assert_eq!(
            days("FREQ=WEEKLY;INTERVAL=2;UNTIL=20260401T090000Z", "2026-03-04"),
            ["2026-03-04", "2026-03-18", "2026-04-01"]
        );
        assert_eq!(
            days("FREQ=MONTHLY;BYMONTHDAY=31;COUNT=3", "2026-01-31"),
            ["2026-01-31", "2026-03-31", "2026-05-31"]
        );
        assert_eq!(
            days("FREQ=MONTHLY;BYDAY=-1FR;COUNT=2", "2026-03-01"),
            ["2026-03-27", "2026-04-24"]
        );
        assert_eq!(
            days(
                "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1;COUNT=3",
                "2026-03-01"
            ),
            ["2026-03-02", "2026-04-01", "2026-05-01"]
        );
        assert_eq!(
            days("FREQ=YEARLY;UNTIL=20270401", "2026-03-04"),
            ["2026-03-04", "2027-03-04"]
        );
        assert_eq!(
            days("FREQ=YEARLY;BYMONTH=11;BYDAY=4TH;COUNT=1", "2026-03-04"),
            ["2026-11-26"]
        );
        assert_eq!(
            days("FREQ=YEARLY;COUNT=2", "2024-02-29"),
            ["2024-02-29", "2028-02-29"],
            "only where the day exists"
        );
    }

    #[test]
    fn the_hour_stays_when_clocks_change() {
        assert_eq!(
            starts("FREQ=DAILY;COUNT=3", "2026-03-28T09:00:00", "Europe/Oslo"),
            [
                "2026-03-28T09:00:00+01:00",
                "2026-03-29T09:00:00+02:00",
                "2026-03-30T09:00:00+02:00"
            ]
        );
    }

    #[test]
    fn what_does_not_end_is_ended() {
        assert_eq!(days("FREQ=DAILY", "2026-03-04").len(), MOST);
        assert_eq!(days("FREQ=DAILY;COUNT=100000", "2026-03-04").len(), MOST);
        assert!(days("FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30", "2026-03-04").is_empty());
        assert!(days("FREQ=YEARLY;INTERVAL=1000", "2026-03-04").len() < 10);
    }

    #[test]
    fn refusals_say_what() {
        for (bad, word) in [
            ("", "NAME=VALUE"),
            ("COUNT=3", "FREQ"),
            ("FREQ=HOURLY", "FREQ"),
            ("FREQ=DAILY;COUNT=0", "COUNT"),
            ("FREQ=DAILY;COUNT=1;UNTIL=20260401", "exclude"),
            ("FREQ=DAILY;INTERVAL=0", "INTERVAL"),
            ("FREQ=WEEKLY;BYDAY=XX", "BYDAY"),
            ("FREQ=WEEKLY;BYDAY=2MO", "BYDAY"),
            ("FREQ=MONTHLY;BYMONTHDAY=0", "BYMONTHDAY"),
            ("FREQ=MONTHLY;BYDAY=9999999MO", "BYDAY"),
            ("FREQ=DAILY;UNTIL=2026", "UNTIL"),
            ("FREQ=DAILY;UNTIL=20261301", "UNTIL"),
            ("FREQ=DAILY;UNTIL=ÿÿÿÿ", "UNTIL"),
            ("FREQ=DAILY;BYHOUR=3", "BYHOUR"),
            ("FREQ=DAILY;BYDAY=ø", "BYDAY"),
        ] {
            let said = Rule::read(bad).unwrap_err();
            assert!(said.contains(word), "{bad}: {said}");
        }
    }
}
