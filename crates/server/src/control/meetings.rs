//! Holding meetings, and putting recordings in: what nobody can do here by dialling in.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use hallway_platform::Platform;
use hallway_wire::control::Items;
use hallway_wire::meeting::{Attendee, EndMeeting, Meeting, Participant, StartMeeting};
use hallway_wire::recording::{ChangeRecording, NewRecording, Recording};

use crate::auth::Authenticated;
use crate::body::{Json, Unread};
use crate::describe::{Api, Op};
use crate::error::ApiError;
use crate::query::PathText;

pub(super) fn routes() -> Api {
    Api::new("Hallway: meetings")
        .post(
            "/meetings/{id}/start",
            start,
            Op::new("Start a meeting")
                .about("Of a series the meeting that counts now. The host joins, and who is named.")
                .takes::<StartMeeting>()
                .answers::<Meeting>(200),
        )
        .post(
            "/meetings/{id}/join",
            join,
            Op::new("Let somebody join a meeting")
                .takes::<Attendee>()
                .answers::<Participant>(200),
        )
        .post(
            "/meetings/{id}/leave",
            leave,
            Op::new("Let somebody leave a meeting")
                .takes::<Attendee>()
                .answers::<Participant>(200),
        )
        .post(
            "/meetings/{id}/end",
            end,
            Op::new("End a meeting")
                .about("Everybody leaves; what was recorded becomes a recording.")
                .takes::<EndMeeting>()
                .answers::<Meeting>(200),
        )
        .get(
            "/meetings/{id}/participants",
            participants,
            Op::new("List who is or was in a meeting").answers::<Items<Participant>>(200),
        )
        .post(
            "/recordings",
            add_recording,
            Op::new("Put a recording in")
                .takes::<NewRecording>()
                .answers::<Recording>(201),
        )
        .patch(
            "/recordings/{id}",
            change_recording,
            Op::new("Change a recording")
                .takes::<ChangeRecording>()
                .answers::<Recording>(200),
        )
}

async fn start(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    PathText(id): PathText,
    body: Unread,
) -> Result<Json<Meeting>, ApiError> {
    caller.require_full_admin()?;
    let start = body.json_or_default().await?;
    Ok(Json(platform.start_meeting(&caller, &id, start).await?))
}

async fn join(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    PathText(id): PathText,
    body: Unread,
) -> Result<Json<Participant>, ApiError> {
    caller.require_full_admin()?;
    let who: Attendee = body.json().await?;
    Ok(Json(platform.join_meeting(&caller, &id, &who).await?))
}

async fn leave(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    PathText(id): PathText,
    body: Unread,
) -> Result<Json<Participant>, ApiError> {
    caller.require_full_admin()?;
    let who: Attendee = body.json().await?;
    Ok(Json(platform.leave_meeting(&caller, &id, &who.email).await?))
}

async fn end(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    PathText(id): PathText,
    body: Unread,
) -> Result<Json<Meeting>, ApiError> {
    caller.require_full_admin()?;
    let end: EndMeeting = body.json_or_default().await?;
    Ok(Json(platform.end_meeting(&caller, &id, &end).await?))
}

async fn participants(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    PathText(id): PathText,
) -> Result<Json<Items<Participant>>, ApiError> {
    let items = platform.meeting_participants(&caller, &id).await?;
    Ok(Json(Items { items }))
}

async fn add_recording(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    body: Unread,
) -> Result<(StatusCode, Json<Recording>), ApiError> {
    caller.require_full_admin()?;
    let new: NewRecording = body.json().await?;
    let made = platform.add_recording(&caller, new).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

async fn change_recording(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    PathText(id): PathText,
    body: Unread,
) -> Result<Json<Recording>, ApiError> {
    caller.require_full_admin()?;
    let change: ChangeRecording = body.json().await?;
    Ok(Json(platform.change_recording(&caller, &id, &change).await?))
}
