//! `/v1/recordings` (messaging-meetings 8).

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use hallway_platform::Platform;
use hallway_platform::meeting::RecordingQuery;
use hallway_wire::control::Items;
use hallway_wire::recording::{DeleteRecording, Recording};
use hallway_wire::zone::Zone;

use super::meetings::{time, zone};
use super::page;
use super::query::{Ask, Unread, text};
use crate::body::Json;
use crate::describe::{Api, Op};
use crate::error::ApiError;
use crate::query::PathText;

/// Default and highest number of recordings on a page.
const DEFAULT: usize = 10;
const MAX: usize = 100;

pub(super) fn routes() -> Api {
    const READ: &[&str] = &["meeting:recordings_read", "meeting:admin_recordings_read"];
    const WRITE: &[&str] = &["meeting:recordings_write", "meeting:admin_recordings_write"];
    Api::new("Recordings")
        .get(
            "/recordings",
            list_recordings,
            Op::new("List recordings")
                .about("The newest first; of the last 7 days, where nothing else is asked for.")
                .scopes(READ)
                .query("from", "Only those that were made from then on.")
                .query("to", "Only those that were made before.")
                .query("meetingId", "Only recordings of this meeting.")
                .query("hostEmail", "For administrators: recordings of this host.")
                .query("siteUrl", "Only recordings of this site.")
                .query("integrationTag", "Only recordings with this tag.")
                .query("topic", "Only those whose topic contains this.")
                .query("format", "`MP4` or `ARF`.")
                .query("serviceType", "The service that made it.")
                .query("status", "`available`, `deleted` or `purged`.")
                .query("max", "Most recordings on a page, up to 100.")
                .query("cursor", "Where the page begins; from the link to the next page.")
                .answers::<Items<Recording>>(200),
        )
        .get(
            "/recordings/{id}",
            get_recording,
            Op::new("Get a recording")
                .scopes(READ)
                .query("hostEmail", "For administrators: the host.")
                .answers::<Recording>(200),
        )
        .delete(
            "/recordings/{id}",
            delete_recording,
            Op::new("Delete a recording")
                .about("At first into the bin; the second time for good.")
                .scopes(WRITE)
                .query("hostEmail", "For administrators: the host.")
                .takes::<DeleteRecording>()
                .empty(204),
        )
}

async fn list_recordings(
    State(platform): State<Arc<Platform>>,
    Ask { caller, query }: Ask,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    caller.may_read_recordings()?;
    let query = page::under_cursor(query)?;
    let zone = zone(&headers)?.unwrap_or_else(Zone::utc);
    let max = page::max(&query, DEFAULT, MAX)?;
    let asked = RecordingQuery {
        from: time(&query, "from", Some(&zone))?,
        to: time(&query, "to", Some(&zone))?,
        meeting: text(&query, "meetingId"),
        host_email: text(&query, "hostEmail"),
        site_url: text(&query, "siteUrl"),
        tag: text(&query, "integrationTag"),
        topic: text(&query, "topic"),
        format: text(&query, "format"),
        service: text(&query, "serviceType"),
        status: text(&query, "status"),
        after: page::behind(&query)?,
        max,
    };
    let (items, next) = platform.list_recordings(&caller, &asked, &zone).await?;
    let body = Items { items };
    Ok(page::answer_behind(
        &platform,
        "/recordings",
        &query,
        max,
        body,
        next.as_ref(),
    ))
}

async fn get_recording(
    State(platform): State<Arc<Platform>>,
    Ask { caller, query }: Ask,
    PathText(id): PathText,
    headers: HeaderMap,
) -> Result<Json<Recording>, ApiError> {
    caller.may_read_recordings()?;
    let zone = zone(&headers)?.unwrap_or_else(Zone::utc);
    let found = platform
        .recording(&caller, &id, query.get("hostEmail"), &zone)
        .await?;
    Ok(Json(found))
}

async fn delete_recording(
    State(platform): State<Arc<Platform>>,
    Ask { caller, query }: Ask,
    PathText(id): PathText,
    unread: Unread,
) -> Result<StatusCode, ApiError> {
    caller.may_write_recordings()?;
    // Most clients send no body.
    let why: DeleteRecording = unread.json_or_default().await?;
    platform
        .delete_recording(&caller, &id, query.get("hostEmail"), &why)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
