//! `/v1/meetings` (messaging-meetings 7).

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use hallway_platform::Platform;
use hallway_platform::meeting::MeetingQuery;
use hallway_wire::Timestamp;
use hallway_wire::control::Items;
use hallway_wire::meeting::{
    Meeting, MeetingBody, MeetingType, Schedule, ScheduledType, Settings, State as MeetingState,
};
use hallway_wire::zone::Zone;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::page;
use super::query::{Ask, Unread, flag, is_set, parameter, text};
use crate::body::Json;
use crate::describe::{Api, Op};
use crate::error::ApiError;
use crate::query::{PathText, Query};

/// Default and highest number of meetings on a page.
const DEFAULT: usize = 10;
const MAX: usize = 100;

pub(super) fn routes() -> Api {
    const READ: &[&str] = &["meeting:schedules_read", "meeting:admin_schedule_read"];
    const WRITE: &[&str] = &["meeting:schedules_write", "meeting:admin_schedule_write"];
    Api::new("Meetings")
        .get(
            "/meetings",
            list_meetings,
            Op::new("List meetings")
                .about("Series of the coming week, where nothing else is asked for. The header `timezone` says in which zone times are written.")
                .scopes(READ)
                .query("meetingNumber", "Only the meeting with this number.")
                .query("webLink", "Only the meeting with this link.")
                .query("roomId", "Only meetings of this room.")
                .query("meetingSeriesId", "Only scheduled meetings or instances of this series.")
                .query("meetingType", "`meetingSeries`, `scheduledMeeting` or `meeting`.")
                .query("state", "Only meetings that are so far.")
                .query("scheduledType", "`meeting`, `webinar` or `personalRoomMeeting`.")
                .query("from", "Only those that are not over at this time.")
                .query("to", "Only those that start before this time.")
                .query("isModified", "Only scheduled meetings that differ from their series.")
                .query("hasRecording", "Only instances that were recorded.")
                .query("hasTranscription", "Only instances with a transcript.")
                .query("current", "The meeting that counts now instead of its series; true by default.")
                .query("hostEmail", "For administrators: meetings of this host.")
                .query("siteUrl", "The site; there is one.")
                .query("integrationTag", "Only meetings with this tag.")
                .query("max", "Most meetings on a page, up to 100.")
                .query("cursor", "Where the page begins; from the link to the next page.")
                .answers::<Items<Meeting>>(200),
        )
        .post(
            "/meetings",
            create_meeting,
            Op::new("Create a meeting").scopes(WRITE).takes::<MeetingBody>().answers::<Meeting>(200),
        )
        .get(
            "/meetings/{id}",
            get_meeting,
            Op::new("Get a meeting")
                .scopes(READ)
                .query("current", "Of a series the meeting that counts now.")
                .query("hostEmail", "For administrators: the host.")
                .answers::<Meeting>(200),
        )
        .put(
            "/meetings/{id}",
            put_meeting,
            Op::new("Update a meeting")
                .about("What is left out is forgotten, apart from title, password and times.")
                .scopes(WRITE)
                .takes::<MeetingBody>()
                .answers::<Meeting>(200),
        )
        .patch(
            "/meetings/{id}",
            patch_meeting,
            Op::new("Patch a meeting")
                .about("What is left out stays as it is.")
                .scopes(WRITE)
                .takes::<MeetingBody>()
                .answers::<Meeting>(200),
        )
        .delete(
            "/meetings/{id}",
            delete_meeting,
            Op::new("Delete a meeting")
                .about("A series goes with all its scheduled meetings. Nobody is sent an e-mail.")
                .scopes(WRITE)
                .query("hostEmail", "For administrators: the host.")
                .query("sendEmail", "Accepted; there is no e-mail.")
                .empty(204),
        )
}

/// The zone of the header `timezone`, in which times are answered.
pub(super) fn zone(headers: &HeaderMap) -> Result<Option<Zone>, ApiError> {
    let name = headers.get("timezone").map(|value| value.to_str().unwrap_or("?"));
    name.filter(|name| !name.trim().is_empty())
        .map(|name| Zone::named(name).map_err(|error| ApiError::bad_request(format!("timezone: {error}"))))
        .transpose()
}

/// A time of the query; without an offset it is one of the zone that was asked for.
pub(super) fn time(query: &Query, name: &str, zone: Option<&Zone>) -> Result<Option<Timestamp>, ApiError> {
    let utc = Zone::utc();
    let Some(text) = query.get(name) else {
        return Ok(None);
    };
    // Some clients do not encode the plus of an offset.
    let text = text.trim().replace(' ', "+");
    let read = zone.unwrap_or(&utc).read(&text);
    read.map(Some)
        .map_err(|error| ApiError::bad_request(format!("{name}: {error}")))
}

/// One of the words of the contract.
fn word<T>(
    query: &Query,
    name: &str,
    words: &[&str],
    read: fn(&str) -> Option<T>,
) -> Result<Option<T>, ApiError> {
    let Some(text) = query.get(name) else {
        return Ok(None);
    };
    let known = words.iter().find(|word| word.eq_ignore_ascii_case(text.trim()));
    match known.and_then(|word| read(word)) {
        Some(value) => Ok(Some(value)),
        None => Err(ApiError::bad_request(format!(
            "{name}: must be one of {}, not {text:?}",
            words.join(", ")
        ))),
    }
}

/// Reads a part of a body, and says which member does not fit.
fn part<T: DeserializeOwned>(body: &Value) -> Result<T, ApiError> {
    serde_path_to_error::deserialize(body).map_err(|error| {
        let path = error.path().to_string();
        ApiError::bad_request(format!("{path}: {}", error.into_inner()))
    })
}

async fn body(unread: Unread) -> Result<(Schedule, Settings), ApiError> {
    let body: Value = unread.json().await?;
    if !body.is_object() {
        return Err(ApiError::bad_request("The body must be a JSON object."));
    }
    Ok((part(&body)?, part(&body)?))
}

async fn list_meetings(
    State(platform): State<Arc<Platform>>,
    Ask { caller, query }: Ask,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    caller.may_read_meetings()?;
    let query = page::under_cursor(query)?;
    let zone = zone(&headers)?;
    let max = page::max(&query, DEFAULT, MAX)?;
    let mut others = false;
    for name in [
        "hasChat",
        "hasSummary",
        "hasClosedCaption",
        "hasPolls",
        "hasQA",
        "hasSlido",
    ] {
        others |= is_set(&query, name)?;
    }
    let asked = MeetingQuery {
        number: text(&query, "meetingNumber"),
        web_link: text(&query, "webLink"),
        room: parameter(&query, "roomId")?,
        series: text(&query, "meetingSeriesId"),
        kind: word(&query, "meetingType", MeetingType::WORDS, MeetingType::from_word)?,
        state: word(&query, "state", MeetingState::WORDS, MeetingState::from_word)?,
        scheduled_type: word(
            &query,
            "scheduledType",
            ScheduledType::WORDS,
            ScheduledType::from_word,
        )?,
        from: time(&query, "from", zone.as_ref())?,
        to: time(&query, "to", zone.as_ref())?,
        current: flag(&query, "current")?.unwrap_or(true),
        host_email: text(&query, "hostEmail"),
        tag: text(&query, "integrationTag"),
        modified: is_set(&query, "isModified")?,
        has_recording: is_set(&query, "hasRecording")?,
        has_transcription: is_set(&query, "hasTranscription")?,
        has_other: others,
        after: page::behind(&query)?,
        max,
    };
    let (items, next) = platform.list_meetings(&caller, &asked, zone.as_ref()).await?;
    let body = Items { items };
    Ok(page::answer_behind(
        &platform,
        "/meetings",
        &query,
        max,
        body,
        next.as_ref(),
    ))
}

async fn create_meeting(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    headers: HeaderMap,
    unread: Unread,
) -> Result<Json<Meeting>, ApiError> {
    caller.may_write_meetings()?;
    let zone = zone(&headers)?;
    let (schedule, settings) = body(unread).await?;
    let made = platform
        .create_meeting(&caller, schedule, settings, zone.as_ref())
        .await?;
    Ok(Json(made))
}

async fn get_meeting(
    State(platform): State<Arc<Platform>>,
    Ask { caller, query }: Ask,
    PathText(id): PathText,
    headers: HeaderMap,
) -> Result<Json<Meeting>, ApiError> {
    caller.may_read_meetings()?;
    let zone = zone(&headers)?;
    let current = is_set(&query, "current")?;
    let found = platform
        .meeting(&caller, &id, current, query.get("hostEmail"), zone.as_ref())
        .await?;
    Ok(Json(found))
}

async fn put_meeting(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    PathText(id): PathText,
    headers: HeaderMap,
    unread: Unread,
) -> Result<Json<Meeting>, ApiError> {
    caller.may_write_meetings()?;
    let zone = zone(&headers)?;
    let (schedule, settings) = body(unread).await?;
    let changed = platform
        .update_meeting(&caller, &id, schedule, settings, true, zone.as_ref())
        .await?;
    Ok(Json(changed))
}

async fn patch_meeting(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    PathText(id): PathText,
    headers: HeaderMap,
    unread: Unread,
) -> Result<Json<Meeting>, ApiError> {
    caller.may_write_meetings()?;
    let zone = zone(&headers)?;
    let (schedule, settings) = body(unread).await?;
    let changed = platform
        .update_meeting(&caller, &id, schedule, settings, false, zone.as_ref())
        .await?;
    Ok(Json(changed))
}

async fn delete_meeting(
    State(platform): State<Arc<Platform>>,
    Ask { caller, query }: Ask,
    PathText(id): PathText,
) -> Result<StatusCode, ApiError> {
    platform
        .delete_meeting(&caller, &id, query.get("hostEmail"))
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
