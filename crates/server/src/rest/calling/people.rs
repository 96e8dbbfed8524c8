//! The numbers of a person.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use hallway_platform::Platform;
use hallway_platform::calling::NumberQuery;
use hallway_wire::calling::{AvailableNumbers, CallingServices, PersonNumbers, PersonNumbersUpdate};
use hallway_wire::id;

use super::super::query::{Ask, PathId, Unread, text};
use super::wanted;
use crate::body::Json;
use crate::describe::{Api, Op};
use crate::error::ApiError;

const READ: &[&str] = &["spark-admin:telephony_config_read"];
const WRITE: &[&str] = &["spark-admin:telephony_config_write"];
const PEOPLE_READ: &[&str] = &["spark-admin:people_read"];

pub(super) fn routes() -> Api {
    Api::new("Calling")
        .get(
            "/people/{id}/features/numbers",
            numbers,
            Op::new("List the phone numbers of a person")
                .about("The primary number first, then alternate ones in the order in which they were added.")
                .scopes(PEOPLE_READ)
                .query("preferE164Format", "Ignored: numbers are always in E.164.")
                .answers::<PersonNumbers>(200),
        )
        .put(
            "/telephony/config/people/{id}/numbers",
            change,
            Op::new("Assign or unassign alternate numbers of a person")
                .scopes(WRITE)
                .takes::<PersonNumbersUpdate>()
                .empty(204),
        )
        .get(
            "/telephony/config/people/{id}/secondary/availableNumbers",
            available,
            Op::new("List numbers that a person could get as alternate number")
                .scopes(READ)
                .query("phoneNumber", "A number, or part of one.")
                .query("max", "Most numbers on a page.")
                .query("start", "How many to pass over.")
                .answers::<AvailableNumbers>(200),
        )
        .get(
            "/telephony/config/people/{id}/services",
            services,
            Op::new("List the calling services of a person")
                .scopes(PEOPLE_READ)
                .answers::<CallingServices>(200),
        )
}

async fn numbers(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    PathId(id): PathId<id::Person>,
) -> Result<Json<PersonNumbers>, ApiError> {
    Ok(Json(platform.person_numbers(&caller, id).await?))
}

async fn change(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    PathId(id): PathId<id::Person>,
    body: Unread,
) -> Result<StatusCode, ApiError> {
    caller.may_write_calling()?;
    platform
        .change_person_numbers(&caller, id, &body.json().await?)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn available(
    State(platform): State<Arc<Platform>>,
    Ask { caller, query }: Ask,
    PathId(id): PathId<id::Person>,
) -> Result<Response, ApiError> {
    caller.may_read_calling()?;
    let wanted = wanted(query)?;
    let filter = NumberQuery {
        phone_number: text(&wanted.query, "phoneNumber"),
        start: wanted.start,
        ..NumberQuery::default()
    };
    let (phone_numbers, next) = platform
        .available_alternates(&caller, id, filter, wanted.after.clone(), wanted.max)
        .await?;
    let path = format!("/telephony/config/people/{id}/secondary/availableNumbers");
    Ok(wanted.answer(
        &platform,
        &path,
        AvailableNumbers { phone_numbers },
        next.as_ref(),
    ))
}

async fn services(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    PathId(id): PathId<id::Person>,
) -> Result<Json<CallingServices>, ApiError> {
    Ok(Json(CallingServices {
        services: platform.person_services(&caller, id).await?,
    }))
}
