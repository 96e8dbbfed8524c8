//! `/v1/events`: the log of events for compliance officers (messaging-meetings 6).

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use hallway_platform::Platform;
use hallway_platform::event::EventQuery;
use hallway_wire::Timestamp;
use hallway_wire::control::Items;
use hallway_wire::event::Event;
use hallway_wire::id;

use super::page;
use super::query::{Ask, PathId, parameter};
use crate::body::Json;
use crate::describe::{Api, Op};
use crate::error::ApiError;
use crate::query::Query;

/// Default and highest number of events on a page.
const DEFAULT: usize = 100;
const MAX: usize = 1000;

/// What the contract names; Hallway has only some of them.
const RESOURCES: [&str; 13] = [
    "attachmentActions",
    "businessTexts",
    "call_records",
    "convergedRecordings",
    "file_transcodings",
    "files",
    "meetingMessages",
    "meetings",
    "meetingTranscripts",
    "memberships",
    "messages",
    "rooms",
    "tabs",
];
const TYPES: [&str; 4] = ["created", "updated", "deleted", "ended"];

pub(super) fn routes() -> Api {
    const READ: &[&str] = &["spark-compliance:events_read"];
    Api::new("Events")
        .get(
            "/events",
            list_events,
            Op::new("List events")
                .about("Newest first, for compliance officers.")
                .scopes(READ)
                .query("resource", "Only events of this resource.")
                .query("type", "Only events of this type.")
                .query("actorId", "Only what this person did.")
                .query("from", "Only events at or after this time.")
                .query("to", "Only events before this time.")
                .query("max", "Most events on a page.")
                .query("serviceType", "`calling`, with convergedRecordings only.")
                .answers::<Items<Event>>(200),
        )
        .get(
            "/events/{id}",
            get_event,
            Op::new("Get an event").scopes(READ).answers::<Event>(200),
        )
}

fn word(query: &Query, name: &str, known: &[&str]) -> Result<Option<String>, ApiError> {
    match query.get(name) {
        None => Ok(None),
        Some(word) if known.contains(&word) => Ok(Some(word.to_owned())),
        Some(other) => Err(ApiError::bad_request(format!(
            "{name}: {other:?} is none of {}",
            known.join(", ")
        ))),
    }
}

/// A time; a blank in it was a plus sign before a client forgot to encode it.
fn time(query: &Query, name: &str) -> Result<Option<Timestamp>, ApiError> {
    let Some(text) = query.get(name) else {
        return Ok(None);
    };
    match text.trim().replace(' ', "+").parse() {
        Ok(time) => Ok(Some(time)),
        Err(error) => Err(ApiError::bad_request(format!("{name}: {error}"))),
    }
}

fn filter(query: &Query) -> Result<EventQuery, ApiError> {
    let resource = word(query, "resource", &RESOURCES)?;
    let recordings = resource.as_deref() == Some("convergedRecordings");
    match (query.get("serviceType"), recordings) {
        (None, false) | (Some("calling"), true) => {}
        (None, true) => {
            return Err(ApiError::bad_request(
                "serviceType: must be calling where resource is convergedRecordings",
            ));
        }
        (Some(_), true) => return Err(ApiError::bad_request("serviceType: must be calling")),
        (Some(_), false) => {
            return Err(ApiError::bad_request(
                "serviceType: goes only with resource=convergedRecordings",
            ));
        }
    }
    Ok(EventQuery {
        resource,
        kind: word(query, "type", &TYPES)?,
        actor: parameter(query, "actorId")?,
        from: time(query, "from")?,
        to: time(query, "to")?,
    })
}

async fn list_events(
    State(platform): State<Arc<Platform>>,
    Ask { caller, query }: Ask,
) -> Result<Response, ApiError> {
    caller.may_read_events()?;
    let query = page::under_cursor(query)?;
    let filter = filter(&query)?;
    let max = page::max(&query, DEFAULT, MAX)?;
    let after = page::behind(&query)?;
    let (items, next) = platform.events(&caller, &filter, after, max).await?;
    let body = Items { items };
    Ok(page::answer_behind(
        &platform,
        "/events",
        &query,
        max,
        body,
        next.as_ref(),
    ))
}

async fn get_event(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    PathId(id): PathId<id::EventLog>,
) -> Result<Json<Event>, ApiError> {
    Ok(Json(platform.event(&caller, id).await?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_read() {
        let read = |text: &str| filter(&Query::parse(text));
        let query = read("resource=messages&type=created&from=2026-03-04T05:06:07.089+01:00").unwrap();
        assert_eq!(query.from, "2026-03-04T04:06:07.089Z".parse().ok());
        assert_eq!(query.kind.as_deref(), Some("created"));
        assert!(read("resource=convergedRecordings&serviceType=calling").is_ok());
        for bad in [
            "resource=cave",
            "type=started",
            "actorId=x",
            "from=yesterday",
            "resource=convergedRecordings",
            "serviceType=calling",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
