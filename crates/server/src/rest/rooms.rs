//! `/v1/rooms` (messaging-meetings 1).

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use hallway_platform::Platform;
use hallway_platform::messaging::{RoomQuery, SortBy};
use hallway_wire::control::Items;
use hallway_wire::id;
use hallway_wire::messaging::{Room, RoomFields, RoomMeetingInfo, RoomType};

use super::page;
use super::query::{Ask, PathId, Unread, is_set, parameter, time};
use crate::body::Json;
use crate::describe::{Api, Op};
use crate::error::ApiError;
use crate::query::Query;

const READ: &[&str] = &["spark:rooms_read", "spark-compliance:rooms_read"];
const WRITE: &[&str] = &["spark:rooms_write", "spark-compliance:rooms_write"];

pub(super) fn routes() -> Api {
    Api::new("Rooms")
        .get(
            "/rooms",
            list_rooms,
            Op::new("List rooms")
                .about("The caller's rooms, the newest first; for compliance officers those of the organization.")
                .scopes(READ)
                .query("teamId", "Only rooms of this team.")
                .query("type", "Only rooms of this type: direct or group.")
                .query("orgPublicSpaces", "The public spaces of the organization, joined or not.")
                .query("from", "Only rooms made public at this time or later.")
                .query("to", "Only rooms made public before this time.")
                .query("sortBy", "Order: id, lastactivity or created.")
                .query("max", "Most rooms on a page, up to 1000.")
                .answers::<Items<Room>>(200),
        )
        .post(
            "/rooms",
            create_room,
            Op::new("Create a room")
                .scopes(&["spark:rooms_write"])
                .takes::<RoomFields>()
                .answers::<Room>(200),
        )
        .get(
            "/rooms/{id}",
            get_room,
            Op::new("Get a room").scopes(READ).answers::<Room>(200),
        )
        .put(
            "/rooms/{id}",
            update_room,
            Op::new("Update a room")
                .scopes(WRITE)
                .takes::<RoomFields>()
                .answers::<Room>(200),
        )
        .delete(
            "/rooms/{id}",
            delete_room,
            Op::new("Delete a room")
                .about("Who does not moderate a locked room leaves it instead; the room of a team is archived.")
                .scopes(WRITE)
                .empty(204),
        )
        .get(
            "/rooms/{id}/meetingInfo",
            get_meeting_info,
            Op::new("Get how to join the meeting of a room")
                .scopes(READ)
                .deprecated()
                .answers::<RoomMeetingInfo>(200),
        )
}

fn room_type(query: &Query) -> Result<Option<RoomType>, ApiError> {
    match query.get("type").map(str::trim) {
        None => Ok(None),
        Some(word) if word.eq_ignore_ascii_case("direct") => Ok(Some(RoomType::Direct)),
        Some(word) if word.eq_ignore_ascii_case("group") => Ok(Some(RoomType::Group)),
        Some(word) => Err(ApiError::bad_request(format!(
            "type: must be direct or group, not {word:?}"
        ))),
    }
}

fn sort_by(query: &Query) -> Result<Option<SortBy>, ApiError> {
    match query.get("sortBy").map(str::trim) {
        None => Ok(None),
        Some(word) if word.eq_ignore_ascii_case("id") => Ok(Some(SortBy::Id)),
        Some(word) if word.eq_ignore_ascii_case("lastactivity") => Ok(Some(SortBy::LastActivity)),
        Some(word) if word.eq_ignore_ascii_case("created") => Ok(Some(SortBy::Created)),
        Some(word) => Err(ApiError::bad_request(format!(
            "sortBy: must be id, lastactivity or created, not {word:?}"
        ))),
    }
}

async fn list_rooms(
    State(platform): State<Arc<Platform>>,
    Ask { caller, query }: Ask,
) -> Result<Response, ApiError> {
    caller.may_read_rooms()?;
    let query = page::under_cursor(query)?;
    let max = page::max(&query, 100, 1000)?;
    let rooms = RoomQuery {
        team: parameter(&query, "teamId")?,
        kind: room_type(&query)?,
        public_spaces: is_set(&query, "orgPublicSpaces")?,
        from: time(&query, "from")?,
        to: time(&query, "to")?,
        sort_by: sort_by(&query)?,
        max,
        after: page::behind(&query)?,
    };
    let slice = platform.list_rooms(&caller, &rooms).await?;
    let items = Items { items: slice.items };
    Ok(page::answer_behind(
        &platform,
        "/rooms",
        &query,
        max,
        items,
        slice.next.as_ref(),
    ))
}

async fn create_room(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    body: Unread,
) -> Result<Json<Room>, ApiError> {
    caller.may_create_rooms()?;
    Ok(Json(platform.create_room(&caller, &body.json().await?).await?))
}

async fn get_room(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    PathId(id): PathId<id::Room>,
) -> Result<Json<Room>, ApiError> {
    Ok(Json(platform.room_details(&caller, id).await?))
}

async fn update_room(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    PathId(id): PathId<id::Room>,
    body: Unread,
) -> Result<Json<Room>, ApiError> {
    caller.may_write_rooms()?;
    Ok(Json(
        platform.update_room(&caller, id, &body.json().await?).await?,
    ))
}

async fn delete_room(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    PathId(id): PathId<id::Room>,
) -> Result<StatusCode, ApiError> {
    platform.delete_room(&caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn get_meeting_info(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    PathId(id): PathId<id::Room>,
) -> Result<Json<RoomMeetingInfo>, ApiError> {
    Ok(Json(platform.room_meeting_info(&caller, id).await?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_in_any_case() {
        let query = Query::parse("type=Group&sortBy=lastActivity");
        assert_eq!(room_type(&query).unwrap(), Some(RoomType::Group));
        assert_eq!(sort_by(&query).unwrap(), Some(SortBy::LastActivity));
        let bad = Query::parse("type=team&sortBy=title");
        assert!(room_type(&bad).is_err() && sort_by(&bad).is_err());
    }
}
