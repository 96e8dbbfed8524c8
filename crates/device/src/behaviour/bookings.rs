//! The calendar of a room: what is booked, what is on now, and the events when the clock passes a start or an
//! end.

use std::time::Duration;

use hallway_wire::Timestamp;
use hallway_xapi::rpc::RpcError;
use serde_json::{Map, Value, json};

use super::{Args, Outcome, done, failed, time_text, with};
use crate::agenda::Task;
use crate::state::State;

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;
/// Bookings that a device keeps, and the longest title.
const MOST: usize = 500;
const TITLE_CHARACTERS: usize = 250;

#[derive(Clone, Debug)]
struct Booking {
    id: String,
    /// What the calendar calls it, where that is another name: commands take this one.
    meeting_id: String,
    title: String,
    organizer: String,
    email: String,
    number: String,
    start_ms: i64,
    end_ms: i64,
    started: bool,
    declined: bool,
}

/// The bookings of a device, by start.
#[derive(Debug, Default)]
pub(crate) struct Calendar {
    list: Vec<Booking>,
    last_id: u64,
}

impl Calendar {
    fn add(&mut self, booking: Booking) {
        self.list.retain(|other| other.id != booking.id);
        let at = self
            .list
            .partition_point(|other| other.start_ms <= booking.start_ms);
        self.list.insert(at, booking);
        if self.list.len() > MOST {
            self.list.remove(0);
        }
    }

    fn current(&self, now_ms: i64) -> Option<&Booking> {
        self.list
            .iter()
            .find(|b| b.started && !b.declined && b.start_ms <= now_ms && now_ms < b.end_ms)
    }

    /// The booking that a `MeetingId` names.
    fn find(&mut self, meeting_id: &str) -> Result<&mut Booking, RpcError> {
        self.list
            .iter_mut()
            .find(|b| b.meeting_id == meeting_id)
            .ok_or_else(|| failed(format!("there is no booking with the MeetingId {meeting_id:?}")))
    }
}

pub(crate) fn run(state: &mut State, command: &str, args: &Args) -> Option<Outcome> {
    Some(match command {
        "Bookings.List" => list(state, args),
        "Bookings.Get" => get(state, args.text("Id")),
        "Bookings.Book" => book(state, args),
        "Bookings.Delete" => delete(state, args.text("MeetingId")),
        "Bookings.Extend" => extend(state, args),
        "Bookings.Respond" => respond(state, args),
        "Bookings.NotificationSnooze" => {
            state.emit("Bookings.NotificationSnoozed", json!({ "Id": args.text("Id") }));
            done()
        }
        "Bookings.Put" => put_all(state, args),
        "Bookings.Clear" => {
            state.calendar.list.clear();
            changed(state);
            done()
        }
        _ => return None,
    })
}

/// What a start of the device finds.
pub(crate) fn fill_in(state: &mut State) {
    for booking in &mut state.calendar.list {
        booking.started = false;
    }
    follow_clock(state);
}

/// Starts and ends what the clock has passed, shows what is on, and plans the next such moment.
pub(crate) fn follow_clock(state: &mut State) {
    let now = state.now_ms;
    let mut events = Vec::new();
    for booking in &mut state.calendar.list {
        if booking.started && now >= booking.end_ms {
            booking.started = false;
            events.push(("Bookings.End", booking.id.clone()));
        } else if !booking.started && !booking.declined && booking.start_ms <= now && now < booking.end_ms {
            booking.started = true;
            events.push(("Bookings.Start", booking.id.clone()));
        }
    }
    // What is long over is forgotten.
    state
        .calendar
        .list
        .retain(|booking| booking.end_ms > now - DAY_MS);
    for (event, id) in events {
        state.emit(event, json!({ "Id": id }));
    }
    show(state);
    let moments = state
        .calendar
        .list
        .iter()
        .flat_map(|booking| [booking.start_ms, booking.end_ms]);
    match moments.filter(|at| *at > now).min() {
        Some(at) => state.agenda.plan(Task::Bookings, at),
        None => state.agenda.cancel(Task::Bookings),
    }
}

fn show(state: &mut State) {
    let now = state.now_ms;
    let current = state.calendar.current(now).cloned();
    match &current {
        Some(booking) => {
            state.set("Bookings.Current.Id", booking.id.as_str());
            state.set("Bookings.Current.Organizer.Name", booking.organizer.as_str());
        }
        None => {
            state.remove("Bookings.Current.Id");
            state.remove("Bookings.Current.Organizer.Name");
        }
    }
    let (status, until) = match &current {
        // Meetings without a pause between them are one block.
        Some(booking) => {
            let mut until = booking.end_ms;
            for next in state.calendar.list.iter().filter(|next| !next.declined) {
                if next.start_ms <= until {
                    until = until.max(next.end_ms);
                }
            }
            ("BookedUntil", Some(until))
        }
        None => {
            let next = state
                .calendar
                .list
                .iter()
                .find(|b| !b.declined && b.start_ms > now);
            match next.filter(|next| next.start_ms < now + DAY_MS) {
                Some(next) => ("FreeUntil", Some(next.start_ms)),
                None => ("Free", None),
            }
        }
    };
    state.set("Bookings.Availability.Status", status);
    state.set(
        "Bookings.Availability.TimeStamp",
        until.map(time_text).unwrap_or_default(),
    );
}

fn changed(state: &mut State) {
    state.emit("Bookings.Updated", json!({}));
    follow_clock(state);
}

fn book(state: &mut State, args: &Args) -> Outcome {
    let now = state.now_ms;
    let start_ms = match args.given("StartTime") {
        None => now - now.rem_euclid(MINUTE_MS),
        Some(text) => time(text)?,
    };
    let minutes = args.number("Duration").unwrap_or(30);
    let title = args.given("Title").unwrap_or("Ad hoc meeting").to_owned();
    let end_ms = start_ms.saturating_add(minutes.saturating_mul(MINUTE_MS));
    free(state, start_ms, end_ms, "")?;
    let organizer = state.spec.name.clone();
    let id = add(
        state,
        Booking {
            id: String::new(),
            meeting_id: String::new(),
            title: title.clone(),
            organizer,
            email: String::new(),
            number: String::new(),
            start_ms,
            end_ms,
            started: false,
            declined: false,
        },
    );
    let request = args.text("BookingRequestUUID").to_owned();
    state.emit(
        "Bookings.BookingRequested",
        json!({
            "BookingRequestUUID": request,
            "Duration": minutes,
            "StartTime": time_text(start_ms),
            "Title": title,
        }),
    );
    changed(state);
    with(json!({ "MeetingId": id }))
}

/// Whether nothing else is booked in that time.
fn free(state: &State, start_ms: i64, end_ms: i64, except: &str) -> Result<(), RpcError> {
    let clash = state
        .calendar
        .list
        .iter()
        .find(|b| !b.declined && b.id != except && b.start_ms < end_ms && start_ms < b.end_ms);
    match clash {
        None => Ok(()),
        Some(other) => Err(failed(format!(
            "the room is booked until {}",
            time_text(other.end_ms)
        ))),
    }
}

fn add(state: &mut State, mut booking: Booking) -> String {
    if booking.id.is_empty() {
        state.calendar.last_id += 1;
        booking.id = format!(
            "{:08x}-{}",
            state.spec.id.uuid().as_fields().0,
            state.calendar.last_id
        );
    }
    if booking.meeting_id.is_empty() {
        booking.meeting_id.clone_from(&booking.id);
    }
    booking.title = booking.title.chars().take(TITLE_CHARACTERS).collect();
    let id = booking.id.clone();
    state.calendar.add(booking);
    id
}

fn delete(state: &mut State, meeting_id: &str) -> Outcome {
    let booking = state.calendar.find(meeting_id)?;
    let (id, started) = (booking.id.clone(), booking.started);
    state.calendar.list.retain(|booking| booking.id != id);
    if started {
        state.emit("Bookings.End", json!({ "Id": id }));
    }
    state.emit("Bookings.Deleted", json!({ "Id": id }));
    changed(state);
    done()
}

fn extend(state: &mut State, args: &Args) -> Outcome {
    let minutes = args.number("Duration").unwrap_or(0);
    let booking = state.calendar.find(args.text("MeetingId"))?.clone();
    let end_ms = booking.end_ms.saturating_add(minutes.saturating_mul(MINUTE_MS));
    free(state, booking.end_ms, end_ms, &booking.id)?;
    state.calendar.find(&booking.meeting_id)?.end_ms = end_ms;
    state.emit(
        "Bookings.ExtensionRequested",
        json!({
            "Duration": minutes,
            "NewEndTime": time_text(end_ms),
            "OriginalMeetingId": booking.meeting_id,
        }),
    );
    changed(state);
    done()
}

fn respond(state: &mut State, args: &Args) -> Outcome {
    let declined = args.text("Type") == "Decline";
    let booking = state.calendar.find(args.text("MeetingId"))?;
    let (id, was_on) = (booking.id.clone(), booking.started);
    booking.declined = declined;
    if declined {
        booking.started = false;
        if was_on {
            state.emit("Bookings.End", json!({ "Id": id }));
        }
    }
    changed(state);
    done()
}

/// Takes a booking as the calendar service sends it: `Id`, `MeetingId` (the `Id` without it), `Title`, `Organizer` (name, or an object),
/// `Number`, `StartTime`, and `EndTime` or `Duration` in minutes.
pub(crate) fn put(state: &mut State, given: &Map<String, Value>) -> Result<String, RpcError> {
    let booking = read(given)?;
    let id = add(state, booking);
    changed(state);
    Ok(id)
}

/// The whole calendar anew: `{"Bookings": [{...}, ...]}`, as text or as an object.
fn put_all(state: &mut State, args: &Args) -> Outcome {
    let parsed: Value;
    let body = match &args.body {
        Some(Value::String(text)) => {
            parsed = serde_json::from_str(text)
                .map_err(|error| failed(format!("the body is no JSON: {error}")))?;
            &parsed
        }
        Some(other) => other,
        None => return Err(failed("the body is missing")),
    };
    let list = body.get("Bookings").and_then(Value::as_array);
    let list = list.ok_or_else(|| failed("the body must have a list named Bookings"))?;
    if list.len() > MOST {
        return Err(failed(format!("a device takes {MOST} bookings at most")));
    }
    let mut read_all = Vec::with_capacity(list.len());
    for (i, item) in list.iter().enumerate() {
        let item = item
            .as_object()
            .ok_or_else(|| failed(format!("booking {}: is no object", i + 1)))?;
        read_all.push(read(item).map_err(|error| failed(format!("booking {}: {}", i + 1, error.message)))?);
    }
    // What goes on and is still there does not start again.
    for booking in &mut read_all {
        let before = state.calendar.list.iter().find(|other| other.id == booking.id);
        booking.started = before.is_some_and(|before| before.started);
    }
    state.calendar.list.clear();
    for booking in read_all {
        add(state, booking);
    }
    changed(state);
    done()
}

fn read(given: &Map<String, Value>) -> Result<Booking, RpcError> {
    let time_part = given.get("Time").and_then(Value::as_object).unwrap_or(given);
    let text = |from: &Map<String, Value>, name: &str| {
        from.get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let start_ms = time(&text(time_part, "StartTime"))?;
    let end_ms = match time_part.get("Duration").and_then(Value::as_i64) {
        Some(minutes) => start_ms.saturating_add(minutes.saturating_mul(MINUTE_MS)),
        None => time(&text(time_part, "EndTime"))?,
    };
    if end_ms <= start_ms {
        return Err(failed("the end is not after the start"));
    }
    let (organizer, email) = match given.get("Organizer") {
        Some(Value::Object(person)) => {
            let full = format!("{} {}", text(person, "FirstName"), text(person, "LastName"));
            let name = text(person, "Name");
            (
                if name.is_empty() {
                    full.trim().to_owned()
                } else {
                    name
                },
                text(person, "Email"),
            )
        }
        Some(Value::String(name)) => (name.clone(), String::new()),
        _ => (String::new(), String::new()),
    };
    Ok(Booking {
        id: text(given, "Id").chars().take(128).collect(),
        meeting_id: text(given, "MeetingId").chars().take(128).collect(),
        title: text(given, "Title"),
        organizer,
        email,
        number: text(given, "Number"),
        start_ms,
        end_ms,
        started: false,
        declined: false,
    })
}

fn time(text: &str) -> Result<i64, RpcError> {
    text.parse::<Timestamp>()
        .map(Timestamp::millis)
        .map_err(|error| failed(format!("time {text:?}: {error}")))
}

fn shown(state: &State, index: usize, booking: &Booking) -> Value {
    json!({
        "id": index,
        "Id": booking.id,
        "MeetingId": booking.meeting_id,
        "Title": booking.title,
        "Privacy": "Public",
        "Organizer": { "FirstName": "", "LastName": booking.organizer, "Email": booking.email },
        "Time": {
            "StartTime": time_text(booking.start_ms),
            "StartTimeBuffer": 300,
            "EndTime": time_text(booking.end_ms),
            "EndTimeBuffer": 0,
        },
        "Duration": Duration::from_millis(u64::try_from(booking.end_ms - booking.start_ms).unwrap_or(0)).as_secs() / 60,
        "BookingStatus": if booking.declined { "Declined" } else { "OK" },
        "DialInfo": { "Calls": { "Call": if booking.number.is_empty() { json!([]) } else {
            json!([{ "id": 1, "Number": booking.number, "Protocol": "SIP" }])
        } } },
        "IsOngoing": if booking.started && state.now_ms < booking.end_ms { "True" } else { "False" },
    })
}

fn get(state: &State, id: &str) -> Outcome {
    let found = state.calendar.list.iter().find(|booking| booking.id == id);
    let found = found.ok_or_else(|| failed(format!("there is no booking {id:?}")))?;
    with(json!({ "Booking": shown(state, 1, found) }))
}

fn list(state: &State, args: &Args) -> Outcome {
    let today = state.now_ms - state.now_ms.rem_euclid(DAY_MS);
    let from = today + args.number("DayOffset").unwrap_or(0) * DAY_MS;
    let until = args.number("Days").map_or(i64::MAX, |days| from + days * DAY_MS);
    let count = |name: &str, otherwise| {
        args.number(name)
            .and_then(|n| usize::try_from(n).ok())
            .unwrap_or(otherwise)
    };
    let all: Vec<&Booking> = state
        .calendar
        .list
        .iter()
        .filter(|b| b.end_ms > from && b.start_ms < until && b.end_ms > state.now_ms)
        .collect();
    let page = all
        .iter()
        .skip(count("Offset", 0))
        .take(count("Limit", MOST))
        .enumerate();
    let bookings: Vec<Value> = page.map(|(i, booking)| shown(state, i + 1, booking)).collect();
    with(json!({
        "ResultInfo": { "TotalRows": all.len() },
        "LastUpdated": time_text(state.now_ms),
        "Booking": bookings,
    }))
}
