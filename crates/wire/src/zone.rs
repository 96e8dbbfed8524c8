//! Time zones by name, and times as the meetings resources write them: whole seconds, with the offset of a zone
//! (messaging-meetings 7). Everywhere else times are UTC with milliseconds.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

use crate::time::Timestamp;

/// A time zone with the name that it was asked for by.
#[derive(Clone, Debug)]
pub struct Zone {
    name: String,
    zone: TimeZone,
}

/// The name is of no time zone.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no time zone of the IANA database, like Europe/Oslo")]
pub struct ZoneError(pub String);

/// The text is no time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no ISO 8601 time, like 2026-03-04T05:06:07+01:00")]
pub struct TimeError(pub String);

impl Zone {
    /// Coordinated universal time.
    pub fn utc() -> Self {
        Self {
            name: "UTC".to_owned(),
            zone: TimeZone::UTC,
        }
    }

    /// The zone of an IANA name, in any case.
    ///
    /// # Errors
    /// There is none.
    pub fn named(name: &str) -> Result<Self, ZoneError> {
        let name = name.trim();
        if name.eq_ignore_ascii_case("utc") {
            return Ok(Self::utc());
        }
        let bad = || ZoneError(name.chars().take(64).collect());
        let zone = TimeZone::get(name).map_err(|_| bad())?;
        let name = zone.iana_name().ok_or_else(bad)?.to_owned();
        Ok(Self { name, zone })
    }

    /// The name, as the database spells it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The rules of the zone.
    pub fn rules(&self) -> &TimeZone {
        &self.zone
    }

    /// A moment in this zone: `2026-03-04T06:06:07+01:00`, and `…Z` in UTC.
    pub fn write(&self, at: Timestamp) -> String {
        let at = at.to_jiff().to_zoned(self.zone.clone());
        let format = if self.name == "UTC" {
            "%Y-%m-%dT%H:%M:%SZ"
        } else {
            "%Y-%m-%dT%H:%M:%S%:z"
        };
        at.strftime(format).to_string()
    }

    /// The date and time that clocks in this zone show.
    pub fn civil(&self, at: Timestamp) -> DateTime {
        at.to_jiff().to_zoned(self.zone.clone()).datetime()
    }

    /// When clocks in this zone show a date and time. One that they jump over is read as they would have gone
    /// on; of one that comes twice the first counts.
    pub fn moment(&self, civil: DateTime) -> Option<Timestamp> {
        let at = self.zone.to_ambiguous_timestamp(civil).compatible().ok()?;
        Some(Timestamp(at.as_millisecond()))
    }

    /// Reads a time with an offset, or one that clocks in this zone show; a date is its midnight.
    ///
    /// # Errors
    /// The text is neither.
    pub fn read(&self, text: &str) -> Result<Timestamp, TimeError> {
        let text = text.trim();
        let bad = || TimeError(text.chars().take(64).collect());
        if let Ok(at) = text.parse::<Timestamp>() {
            return Ok(at);
        }
        // An offset or a zone that did not parse is no local time.
        let clock = text.get(10..).unwrap_or_default();
        let local = text.len() <= 32 && !clock.contains(['Z', 'z', '+', '-', '[']);
        let civil = match text.parse::<Date>() {
            Ok(date) if text.len() == 10 => date.at(0, 0, 0, 0),
            _ if local => text.parse::<DateTime>().map_err(|_| bad())?,
            _ => return Err(bad()),
        };
        self.moment(civil).ok_or_else(bad)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_with_the_offset_of_the_day() {
        let oslo = Zone::named("europe/oslo").unwrap();
        assert_eq!(oslo.name(), "Europe/Oslo");
        let winter: Timestamp = "2026-03-04T05:06:07.089Z".parse().unwrap();
        assert_eq!(oslo.write(winter), "2026-03-04T06:06:07+01:00");
        let summer: Timestamp = "2026-07-04T05:06:07Z".parse().unwrap();
        assert_eq!(oslo.write(summer), "2026-07-04T07:06:07+02:00");
        assert_eq!(Zone::utc().write(winter), "2026-03-04T05:06:07Z");
        let west = Zone::named("America/Los_Angeles").unwrap();
        assert_eq!(west.write(winter), "2026-03-03T21:06:07-08:00");
    }

    #[test]
    fn read_with_and_without_an_offset() {
        let west = Zone::named("America/Los_Angeles").unwrap();
        let at = |text: &str| west.read(text).map(|at| Zone::utc().write(at));
        assert_eq!(at("2020-05-15T20:30:00-08:00").unwrap(), "2020-05-16T04:30:00Z");
        assert_eq!(at("2020-05-15T20:30:00").unwrap(), "2020-05-16T03:30:00Z");
        assert_eq!(at("2020-05-15 20:30").unwrap(), "2020-05-16T03:30:00Z");
        assert_eq!(at("2020-05-15").unwrap(), "2020-05-15T07:00:00Z");
        assert_eq!(at("2020-05-15T20:30:00Z").unwrap(), "2020-05-15T20:30:00Z");
        for bad in [
            "",
            "soon",
            "2020-13-01",
            "2020-05-15T20:30:00+99:00",
            "2020-05-15T20:30:00-99:00",
            "2020-05-15T25:00:00",
        ] {
            assert!(at(bad).is_err(), "{bad}");
        }
        assert!(Zone::named("Europe/Nowhere").is_err() && Zone::named("").is_err());
    }
}
