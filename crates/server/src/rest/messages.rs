//! `/v1/messages` (messaging-meetings 3).

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use hallway_platform::Platform;
use hallway_platform::messaging::{DirectQuery, MessageQuery};
use hallway_wire::control::Items;
use hallway_wire::id::{self, PersonId};
use hallway_wire::messaging::{Message, MessageChange, NewMessage};

use super::page;
use super::query::{Ask, PathId, Unread, parameter, text, time};
use super::upload;
use crate::body::Json;
use crate::describe::{Api, Op};
use crate::error::ApiError;
use crate::query::Query;

const READ: &[&str] = &["spark:messages_read", "spark-compliance:messages_read"];
const WRITE: &[&str] = &["spark:messages_write"];

pub(super) fn routes() -> Api {
    Api::new("Messages")
        .get(
            "/messages",
            list_messages,
            Op::new("List messages")
                .about(
                    "Messages of a room, the newest first. Bots see of group rooms only what mentions them.",
                )
                .scopes(READ)
                .required_query("roomId", "The room.")
                .query("parentId", "Only replies to this message.")
                .query(
                    "mentionedPeople",
                    "Only what mentions one of these people; me is the caller.",
                )
                .query("before", "Only messages before this time.")
                .query("beforeMessage", "Only messages before this one.")
                .query(
                    "max",
                    "Most messages on a page, up to 1000; up to 100 with mentionedPeople.",
                )
                .answers::<Items<Message>>(200),
        )
        .post(
            "/messages",
            create_message,
            Op::new("Create a message")
                .about("To a room, or to a person. A file comes as a URL, or as the part files of a form.")
                .scopes(WRITE)
                .takes::<NewMessage>()
                .takes_as("multipart/form-data", None)
                .answers::<Message>(200),
        )
        .get(
            "/messages/direct",
            list_direct_messages,
            Op::new("List direct messages")
                .about("Messages between the caller and somebody else, the newest first.")
                .scopes(READ)
                .query("personId", "The other person.")
                .query("personEmail", "The other person, by address.")
                .query("parentId", "Only replies to this message.")
                .query("max", "Most messages on a page, up to 1000.")
                .answers::<Items<Message>>(200),
        )
        .get(
            "/messages/{id}",
            get_message,
            Op::new("Get a message").scopes(READ).answers::<Message>(200),
        )
        .put(
            "/messages/{id}",
            edit_message,
            Op::new("Edit a message")
                .scopes(WRITE)
                .takes::<MessageChange>()
                .answers::<Message>(200),
        )
        .delete(
            "/messages/{id}",
            delete_message,
            Op::new("Delete a message")
                .scopes(&["spark:messages_write", "spark-compliance:messages_write"])
                .empty(204),
        )
}

/// Who is asked for; `me` is the caller.
fn mentioned(query: &Query) -> Result<Vec<Option<PersonId>>, ApiError> {
    let each = query.list("mentionedPeople").map(|text| match text {
        "me" => Ok(None),
        id => crate::query::id(id).map(Some),
    });
    each.collect()
}

async fn list_messages(
    State(platform): State<Arc<Platform>>,
    Ask { caller, query }: Ask,
) -> Result<Response, ApiError> {
    caller.may_read_messages()?;
    let query = page::under_cursor(query)?;
    let room = crate::query::id(query.required("roomId")?.trim())?;
    let mentioned = mentioned(&query)?;
    let limit = if mentioned.is_empty() { 1000 } else { 100 };
    let max = page::max(&query, 50, limit)?;
    let messages = MessageQuery {
        parent: parameter(&query, "parentId")?,
        mentioned,
        before: time(&query, "before")?,
        before_message: parameter(&query, "beforeMessage")?,
        max,
        after: page::behind(&query)?,
    };
    let slice = platform.list_messages(&caller, room, &messages).await?;
    let items = Items { items: slice.items };
    let next = slice.next.as_ref();
    Ok(page::answer_behind(
        &platform,
        "/messages",
        &query,
        max,
        items,
        next,
    ))
}

async fn list_direct_messages(
    State(platform): State<Arc<Platform>>,
    Ask { caller, query }: Ask,
) -> Result<Response, ApiError> {
    caller.may_read_messages()?;
    let query = page::under_cursor(query)?;
    let max = page::max(&query, 50, 1000)?;
    let messages = DirectQuery {
        person: parameter(&query, "personId")?,
        email: text(&query, "personEmail"),
        parent: parameter(&query, "parentId")?,
        max,
        after: page::behind(&query)?,
    };
    let slice = platform.list_direct_messages(&caller, &messages).await?;
    let items = Items { items: slice.items };
    let next = slice.next.as_ref();
    Ok(page::answer_behind(
        &platform,
        "/messages/direct",
        &query,
        max,
        items,
        next,
    ))
}

async fn create_message(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    body: Unread,
) -> Result<Json<Message>, ApiError> {
    caller.may_write_messages()?;
    let body = body.into_request();
    let (new, file) = match upload::boundary(body.headers()) {
        None => (Unread::new(body).json().await?, None),
        Some(boundary) => upload::read(&platform, &caller, boundary?, body.into_body()).await?,
    };
    Ok(Json(platform.post_message(&caller, &new, file).await?))
}

async fn get_message(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    PathId(id): PathId<id::Message>,
) -> Result<Json<Message>, ApiError> {
    Ok(Json(platform.message_details(&caller, id).await?))
}

async fn edit_message(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    PathId(id): PathId<id::Message>,
    body: Unread,
) -> Result<Json<Message>, ApiError> {
    caller.may_write_messages()?;
    let change: MessageChange = body.json().await?;
    Ok(Json(platform.edit_message(&caller, id, &change).await?))
}

async fn delete_message(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    PathId(id): PathId<id::Message>,
) -> Result<StatusCode, ApiError> {
    platform.delete_message(&caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
