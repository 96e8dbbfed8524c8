//! The job that sends activation e-mails again (people-calling 5.6).

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use hallway_platform::Platform;
use hallway_wire::control::Items;
use hallway_wire::id;
use hallway_wire::mail::{JobError, ResendJob};

use super::page;
use super::query::{Ask, PathId, PathIds};
use crate::body::Json;
use crate::describe::{Api, Op};
use crate::error::ApiError;

/// Errors on a page, and most of them.
const ERRORS: usize = 50;
const MOST_ERRORS: usize = 1000;

pub(super) fn routes() -> Api {
    const WRITE: &[&str] = &["spark-admin:people_write"];
    Api::new("Jobs")
        .post(
            "/identity/organizations/{id}/jobs/sendActivationEmails",
            start,
            Op::new("Send activation e-mails again")
                .about("To everybody who has not activated the account yet. One such job runs at a time.")
                .scopes(WRITE)
                .answers::<ResendJob>(202),
        )
        .get(
            "/identity/organizations/{id}/jobs/sendActivationEmails/{job}/status",
            status,
            Op::new("Get how the job is going")
                .scopes(WRITE)
                .path("job", "Id of the job.")
                .answers::<ResendJob>(200),
        )
        .get(
            "/identity/organizations/{id}/jobs/sendActivationEmails/{job}/errors",
            errors,
            Op::new("List whom the job could not serve")
                .scopes(WRITE)
                .path("job", "Id of the job.")
                .query("start", "How many to pass over.")
                .query("max", "Most errors on a page, up to 1000.")
                .answers::<Items<JobError>>(200),
        )
}

async fn start(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    PathId(org): PathId<id::Organization>,
) -> Result<(StatusCode, Json<ResendJob>), ApiError> {
    let job = platform.resend_activations(&caller, org).await?;
    Ok((StatusCode::ACCEPTED, Json(job)))
}

async fn status(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    PathIds(org, job): PathIds<id::Organization, id::Job>,
) -> Result<Json<ResendJob>, ApiError> {
    Ok(Json(platform.resend_status(&caller, org, job).await?))
}

async fn errors(
    State(platform): State<Arc<Platform>>,
    Ask { caller, query }: Ask,
    PathIds(org, job): PathIds<id::Organization, id::Job>,
) -> Result<Response, ApiError> {
    let page = page::page(&query, ERRORS, MOST_ERRORS)?;
    let (items, more) = platform.resend_errors(&caller, org, job, page).await?;
    let path = format!("/identity/organizations/{org}/jobs/sendActivationEmails/{job}/errors");
    Ok(page::answer(&platform, &path, &query, page, items, more))
}
