//! Calls for tests and demonstrations: nothing is switched, but webhooks hear of every step.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use hallway_platform::Platform;
use hallway_wire::call::{Call, CallAction, NewCall};
use hallway_wire::control::Items;

use crate::auth::Authenticated;
use crate::body::{Json, Unread};
use crate::describe::{Api, Op};
use crate::error::ApiError;
use crate::query::{PathText, Query, id};

/// Default and highest number of calls on a page.
const MAX: usize = 100;

pub(super) fn routes() -> Api {
    Api::new("Hallway: calls")
        .get(
            "/calls",
            list,
            Op::new("List calls that go on")
                .query("max", "Most calls on a page, up to 100.")
                .query("cursor", "Where the page begins; from the link to the next page.")
                .answers::<Items<Call>>(200),
        )
        .post(
            "/calls",
            make,
            Op::new("Make a call")
                .about("A party is an e-mail address, the id of a person or a workspace, or a number.")
                .takes::<NewCall>()
                .answers::<Call>(201),
        )
        .get("/calls/{id}", get, Op::new("Get a call").answers::<Call>(200))
        .post(
            "/calls/{id}/{action}",
            step,
            Op::new("Do something with a call")
                .about("`answer`, `hold`, `resume`, `startRecording`, `stopRecording` or `disconnect`.")
                .takes::<CallAction>()
                .answers::<Call>(200),
        )
}

async fn list(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    query: Query,
) -> Result<Response, ApiError> {
    caller.require_reading_admin()?;
    let query = crate::rest::page::under_cursor(query)?;
    let max = crate::rest::page::max(&query, MAX, MAX)?;
    let after = crate::rest::page::behind(&query)?;
    let (items, next) = platform.list_calls(&caller, max, after).await?;
    let body = Items { items };
    Ok(crate::rest::page::answer_behind_at(
        &platform,
        "/hallway/v1/calls",
        &query,
        max,
        body,
        next.as_ref(),
    ))
}

async fn make(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    body: Unread,
) -> Result<(StatusCode, Json<Call>), ApiError> {
    caller.require_full_admin()?;
    let new: NewCall = body.json().await?;
    Ok((
        StatusCode::CREATED,
        Json(platform.make_call(&caller, &new).await?),
    ))
}

async fn get(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    PathText(text): PathText,
) -> Result<Json<Call>, ApiError> {
    Ok(Json(platform.call_details(&caller, id(&text)?).await?))
}

async fn step(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    Path((text, action)): Path<(String, String)>,
    body: Unread,
) -> Result<Json<Call>, ApiError> {
    caller.require_full_admin()?;
    let how: CallAction = body.json_or_default().await?;
    let call = id(&text)?;
    Ok(Json(
        platform
            .step_call(&caller, call, &action, how.by.as_deref())
            .await?,
    ))
}
