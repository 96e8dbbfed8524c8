//! What is booked: the commands `Bookings.*`, read into types.

use hallway_wire::Timestamp;
use serde::Deserialize;

use super::Device;
use crate::error::Result;

/// A booking, as a device knows it from its calendar.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "Told")]
#[non_exhaustive]
pub struct Booking {
    /// What the device calls it: events, `Bookings.Current.Id`.
    pub id: String,
    /// What the calendar calls it: [`Device::decline_booking`] and others take this one.
    pub meeting_id: String,
    /// The title; empty where it is private.
    pub title: String,
    /// Who booked: the name, as far as the device knows it.
    pub organizer: String,
    /// Who booked: the address; empty where the device does not know it.
    pub email: String,
    /// From when.
    pub starts: Timestamp,
    /// Until when.
    pub ends: Timestamp,
}

/// As it comes.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Told {
    id: String,
    meeting_id: Option<String>,
    #[serde(default)]
    title: String,
    #[serde(default)]
    organizer: Organizer,
    time: Times,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Organizer {
    first_name: String,
    last_name: String,
    email: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Times {
    start_time: Timestamp,
    end_time: Timestamp,
}

impl From<Told> for Booking {
    fn from(told: Told) -> Self {
        let name = format!("{} {}", told.organizer.first_name, told.organizer.last_name);
        Self {
            meeting_id: told.meeting_id.unwrap_or_else(|| told.id.clone()),
            id: told.id,
            title: told.title,
            organizer: name.trim().to_owned(),
            email: told.organizer.email,
            starts: told.time.start_time,
            ends: told.time.end_time,
        }
    }
}

impl Device {
    /// A booking, by what the device calls it. Needs the command `Bookings.Get`.
    ///
    /// # Errors
    /// As [`Command::run`](super::Command::run); [`Error::Conflict`](crate::Error::Conflict): there is no such
    /// booking.
    pub async fn booking(&self, id: &str) -> Result<Booking> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Found {
            booking: Booking,
        }
        let command = self.command("Bookings.Get").arg("Id", id).repeatable();
        Ok(command.read::<Found>().await?.booking)
    }

    /// The bookings of today and later that the device knows, by start. Needs the command `Bookings.List`.
    ///
    /// # Errors
    /// As [`Command::run`](super::Command::run).
    pub async fn bookings(&self) -> Result<Vec<Booking>> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Found {
            #[serde(default)]
            booking: Vec<Booking>,
        }
        let command = self.command("Bookings.List").arg("DayOffset", 0).repeatable();
        Ok(command.read::<Found>().await?.booking)
    }

    /// Declines a booking in the name of the room, which is free then. Needs the command `Bookings.Respond`.
    ///
    /// # Errors
    /// As [`Command::run`](super::Command::run).
    pub async fn decline_booking(&self, meeting_id: &str) -> Result<()> {
        let command = self.command("Bookings.Respond").arg("MeetingId", meeting_id);
        command
            .arg("Type", "Decline")
            .repeatable()
            .run()
            .await
            .map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn both_names_of_a_booking() {
        let told = json!({
            "id": 1, "Id": "3", "MeetingId": "AAMk", "Title": "Review", "Privacy": "Public",
            "Organizer": { "FirstName": "", "LastName": "Ann Lee", "Email": "ann@example.com" },
            "Time": { "StartTime": "2026-03-04T09:00:00Z", "StartTimeBuffer": 300,
                      "EndTime": "2026-03-04T10:00:00Z", "EndTimeBuffer": 0 },
            "BookingStatus": "OK",
        });
        let booking: Booking = serde_json::from_value(told).unwrap();
        assert_eq!((booking.id.as_str(), booking.meeting_id.as_str()), ("3", "AAMk"));
        assert_eq!(
            (
                booking.organizer.as_str(),
                booking.ends.millis() - booking.starts.millis()
            ),
            ("Ann Lee", 3_600_000)
        );
        let short = json!({ "Id": "4", "Time": { "StartTime": "2026-03-04T09:00:00Z", "EndTime": "2026-03-04T10:00:00Z" } });
        let booking: Booking = serde_json::from_value(short).unwrap();
        assert_eq!((booking.meeting_id.as_str(), booking.email.as_str()), ("4", ""));
    }
}
