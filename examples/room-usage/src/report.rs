//! How rooms were used on some days: as figures, as CSV, and as HTML that can be printed.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use anyhow::Context as _;
use hallway_sdk::{Timestamp, WorkspaceId};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{ToSpan as _, Unit};

use crate::records;
use crate::rooms::{PAUSE_MS, Record, Rooms, What};

/// The use of all rooms on some days.
#[derive(Clone, Debug)]
pub struct Report {
    /// The days, each by the clock of its room.
    pub days: Vec<Date>,
    /// The rooms, by name.
    pub rooms: Vec<Line>,
    counts_people: bool,
    hears_bookings: bool,
}

/// The use of a room.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Line {
    /// What it is called.
    pub name: String,
    /// For how many people.
    pub capacity: Option<i64>,
    /// Hours with somebody in it, by day.
    pub hours: Vec<f64>,
    /// Hours times people.
    pub people_hours: f64,
    /// Uses; a short pause does not end one.
    pub uses: u32,
    /// Most people at a time.
    pub peak: u32,
    /// Bookings that ended, and those of them to which nobody came.
    pub bookings: u32,
    /// Those of them to which nobody came.
    pub ghosts: u32,
    /// How often it was cleaned.
    pub cleaned: u32,
}

impl Report {
    /// Reads what is kept in a folder, for the days from one to another.
    ///
    /// # Errors
    /// Files cannot be read.
    pub fn read(folder: &Path, rooms: &Rooms, from: Date, to: Date, now: Timestamp) -> anyhow::Result<Self> {
        let count = from.until((Unit::Day, to))?.get_days();
        anyhow::ensure!(
            (0..366).contains(&count),
            "the report has at most 366 days, and its end is not before its start"
        );
        let days: Vec<Date> = (0..=count).map(|n| from.saturating_add(n.days())).collect();
        // The days of rooms begin at different moments, within a day of each other.
        let utc = |day: Date| moment(day, &TimeZone::UTC);
        let (first, last) = (
            utc(from.saturating_sub(1.days())),
            utc(to.saturating_add(2.days())),
        );
        let records = records::read(folder, first, last, rooms.unfinished(now)).context("reading records")?;
        let mut by_room: BTreeMap<&WorkspaceId, Vec<&Record>> = BTreeMap::new();
        records
            .iter()
            .for_each(|it| by_room.entry(&it.room).or_default().push(it));
        let mut lines: Vec<Line> = rooms
            .all
            .iter()
            .map(|(id, room)| {
                let line = Line {
                    name: room.name.clone(),
                    capacity: room.capacity,
                    ..Line::default()
                };
                line.count(by_room.get(id).map_or(&[], Vec::as_slice), &days, &room.zone())
            })
            .collect();
        lines.sort_by(|a, b| a.name.cmp(&b.name));
        let (counts_people, hears_bookings) = (rooms.counts_people, rooms.hears_bookings);
        Ok(Self {
            days,
            rooms: lines,
            counts_people,
            hears_bookings,
        })
    }

    /// The figures of a room, as a row shows them.
    fn row(&self, it: &Line) -> [String; 9] {
        let when = |known: bool, figure: String| if known { figure } else { "not measured".to_owned() };
        [
            it.name.clone(),
            it.capacity
                .map_or_else(String::new, |capacity| capacity.to_string()),
            format!("{:.1}", it.hours.iter().sum::<f64>()),
            it.uses.to_string(),
            when(self.counts_people, it.peak.to_string()),
            when(self.counts_people, format!("{:.1}", it.people_hours)),
            when(self.hears_bookings, it.bookings.to_string()),
            when(self.hears_bookings, it.ghosts.to_string()),
            it.cleaned.to_string(),
        ]
    }

    /// One line for each room. A name that a spreadsheet would take for a formula gets a `'` in front.
    ///
    /// # Errors
    /// None that is known of.
    pub fn csv(&self) -> anyhow::Result<String> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(HEADINGS)?;
        for it in &self.rooms {
            let mut row = self.row(it);
            if row[0].starts_with(['=', '+', '-', '@']) {
                row[0].insert(0, '\'');
            }
            writer.write_record(row)?;
        }
        Ok(String::from_utf8(writer.into_inner()?)?)
    }

    /// Charts, and the table that has their figures.
    pub fn html(&self) -> String {
        let hours = |line: &Line| line.hours.iter().sum::<f64>();
        let by_day = self.days.iter().enumerate().map(|(i, day)| {
            let hours = self.rooms.iter().map(|line| line.hours[i]).sum::<f64>();
            (
                day.strftime("%a %-d %b").to_string(),
                hours,
                format!("{hours:.1} h"),
            )
        });
        let by_room = self
            .rooms
            .iter()
            .map(|line| (line.name.clone(), hours(line), format!("{:.1} h", hours(line))));
        let peak = self.rooms.iter().filter_map(|line| {
            let seats = line.capacity.filter(|seats| *seats > 0)?;
            let share = 100.0 * f64::from(line.peak) / seats as f64;
            Some((line.name.clone(), share, format!("{} of {seats}", line.peak)))
        });
        let mut html = chart("Hours used, by day", by_day.collect());
        html += &chart("Hours used, by room", by_room.collect());
        if self.counts_people {
            html += &chart("Most people at a time, of the places", peak.collect());
        }
        let headings: String = HEADINGS
            .iter()
            .map(|heading| format!("<th scope=col>{heading}"))
            .collect();
        let rows = self.rooms.iter().map(|line| {
            let [name, figures @ ..] = self.row(line);
            let figures: String = figures.iter().map(|figure| format!("<td>{figure}")).collect();
            format!("<tr><th scope=row>{}{figures}</tr>\n", escape(&name))
        });
        let (rows, from, to) = (rows.collect::<String>(), self.days.first(), self.days.last());
        let span = from
            .zip(to)
            .map(|(from, to)| format!("{from} to {to}"))
            .unwrap_or_default();
        format!(
            "{html}<table><caption>Use of rooms, {span}</caption><thead><tr>{headings}</tr></thead>\
             <tbody>\n{rows}</tbody></table>\n"
        )
    }
}

const HEADINGS: [&str; 9] = [
    "Room",
    "Places",
    "Hours used",
    "Uses",
    "Most people",
    "People-hours",
    "Bookings",
    "Ghosts",
    "Cleaned",
];

impl Line {
    fn count(mut self, records: &[&Record], days: &[Date], zone: &TimeZone) -> Self {
        let begins = |day: Date| moment(day, zone).millis();
        self.hours = vec![0.0; days.len()];
        let (first, last) = (
            days.first().copied().unwrap_or_default(),
            days.last().copied().unwrap_or_default(),
        );
        let (first, last) = (begins(first), begins(last.saturating_add(1.days())));
        let inside = |at: Timestamp| (first..last).contains(&at.millis());
        let mut used_until = i64::MIN;
        for it in records {
            match it.what {
                What::Used(people) => {
                    for (hours, day) in self.hours.iter_mut().zip(days) {
                        let from = it.from.millis().max(begins(*day));
                        let here = it.to.millis().min(begins(day.saturating_add(1.days()))) - from;
                        let here = here.max(0) as f64 / 3_600_000.0;
                        *hours += here;
                        self.people_hours += here * f64::from(people);
                    }
                    if it.from.millis() < last && it.to.millis() > first {
                        self.uses += u32::from(it.from.millis() > used_until.saturating_add(PAUSE_MS));
                        self.peak = self.peak.max(people);
                    }
                    used_until = it.to.millis();
                }
                What::Booked if inside(it.from) => {
                    self.bookings += 1;
                    let used = |other: &&Record| {
                        matches!(other.what, What::Used(_)) && other.from < it.to && other.to > it.from
                    };
                    self.ghosts += u32::from(!records.iter().any(used));
                }
                What::Cleaned if inside(it.from) => self.cleaned += 1,
                What::Booked | What::Cleaned => {}
            }
        }
        self
    }
}

/// When a day begins.
fn moment(day: Date, zone: &TimeZone) -> Timestamp {
    let begins = day
        .to_zoned(zone.clone())
        .map(|begins| begins.timestamp().as_millisecond());
    Timestamp(begins.unwrap_or(0))
}

/// Bars from left to right, each with its name in front and its figure behind.
fn chart(title: &str, bars: Vec<(String, f64, String)>) -> String {
    let top = bars.iter().map(|(_, value, _)| *value).fold(1.0, f64::max);
    let height = 8 + 26 * bars.len();
    let mut svg = format!(
        "<h2>{title}</h2><svg role=img aria-label='{title}; the table below has the figures' viewBox='0 0 640 {height}' \
         width=640 height={height} font-size=14>"
    );
    for (i, (name, value, text)) in bars.iter().enumerate() {
        let (y, width) = (4 + 26 * i, 360.0 * value / top);
        let _ = write!(
            svg,
            "<text x=0 y={t}>{name}</text><rect x=190 y={y} width={width:.0} height=20 fill='#0b57a4'/>\
             <text x={x:.0} y={t}>{text}</text>",
            t = y + 15,
            x = 196.0 + width,
            name = escape(name),
        );
    }
    let rows = bars
        .iter()
        .map(|(name, _, text)| format!("<tr><th scope=row>{}<td>{text}</tr>", escape(name)));
    let rows: String = rows.collect();
    svg + &format!("</svg><details><summary>{title}: as a table</summary><table>{rows}</table></details>\n")
}

pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rooms::Room;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn report(zone: &str, from: &str, to: &str) -> Report {
        let folder = tempfile::tempdir().unwrap();
        let id = WorkspaceId::from("A");
        let record = |from: &str, to: &str, what| Record {
            room: id.clone(),
            from: at(from),
            to: at(to),
            what,
        };
        let records = [
            record("2026-03-03T22:30:00Z", "2026-03-03T23:30:00Z", What::Used(2)),
            record("2026-03-04T09:00:00Z", "2026-03-04T10:00:00Z", What::Used(2)),
            record("2026-03-04T10:05:00Z", "2026-03-04T10:35:00Z", What::Used(6)),
            record("2026-03-04T09:00:00Z", "2026-03-04T10:00:00Z", What::Booked),
            record("2026-03-04T14:00:00Z", "2026-03-04T15:00:00Z", What::Booked),
            record("2026-03-04T18:00:00Z", "2026-03-04T18:00:00Z", What::Cleaned),
        ];
        records::append(folder.path(), &records).unwrap();
        let mut room = Room::new(at("2026-03-01T00:00:00Z"));
        room.describe("=Board <1>".to_owned(), Some(8), Some(zone.to_owned()));
        let mut rooms = Rooms {
            counts_people: true,
            ..Rooms::default()
        };
        rooms.all.insert(id.clone(), room);
        let now = at("2026-03-10T00:00:00Z");
        Report::read(
            folder.path(),
            &rooms,
            from.parse().unwrap(),
            to.parse().unwrap(),
            now,
        )
        .unwrap()
    }

    #[test]
    fn figures_of_a_day_by_the_clock_of_the_room() {
        let london = report("Europe/London", "2026-03-04", "2026-03-04");
        let line = &london.rooms[0];
        assert_eq!(
            (line.hours.as_slice(), line.uses, line.peak),
            ([1.5].as_slice(), 1, 6)
        );
        assert_eq!(
            (line.bookings, line.ghosts, line.cleaned, line.people_hours),
            (2, 1, 1, 5.0)
        );
        // Half of the late use is already Wednesday in Oslo.
        let oslo = report("Europe/Oslo", "2026-03-03", "2026-03-04");
        assert_eq!(
            (oslo.rooms[0].hours.as_slice(), oslo.rooms[0].uses),
            ([0.5, 2.0].as_slice(), 2)
        );
    }

    #[test]
    fn as_csv_and_as_html() {
        let report = report("Europe/London", "2026-03-02", "2026-03-08");
        let csv = report.csv().unwrap();
        assert!(
            csv.contains("'=Board <1>,8,2.5,2,6,7.0,not measured,not measured,1\n"),
            "{csv}"
        );
        let html = report.html();
        assert!(
            html.contains("=Board &lt;1&gt;") && html.contains("6 of 8") && html.contains("Wed 4 Mar"),
            "{html}"
        );
        assert_eq!(html.matches("role=img").count(), 3);
    }
}
