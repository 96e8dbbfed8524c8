//! Service apps and other applications (service-apps 3 and 4).

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use hallway_platform::Platform;
use hallway_platform::application::ApplicationQuery;
use hallway_wire::application::{
    Application, ApplicationId, ApplicationKind, ApplicationWish, InOrganization, ServiceAppTokenRequest,
    SubmissionStatus,
};
use hallway_wire::control::Items;
use hallway_wire::token::TokenResponse;

use super::page;
use super::query::{Ask, Unread, flag, parameter, text};
use crate::body::Json;
use crate::describe::{Api, Op};
use crate::error::ApiError;
use crate::query::{Query, id as read_id};

/// Applications on a page, where nothing is asked for and at most.
const DEFAULT: usize = 100;
const MAX: usize = 1000;

pub(super) fn routes() -> Api {
    Api::new("Applications")
        .get(
            "/applications",
            list,
            Op::new("List applications")
                .about("Those of the caller; for an administrator those of the organization, and service apps that ask for its authorization.")
                .query("type", "integration, bot or authorizedAppIssuer.")
                .query("createdBy", "The developer, or `me`.")
                .query("submissionStatus", "none, submitted, in_review, pending_approval or approved.")
                .query("orgSubmissionStatus", "Where it stands in the caller's organization.")
                .query("category", "A category.")
                .query("tag", "A tag.")
                .query("botEmail", "The address of a bot.")
                .query("isFeatured", "Always false here.")
                .query("isNative", "Always false here.")
                .query("orderBy", "Accepted; the oldest come first.")
                .query("max", "Most applications on a page.")
                .answers::<Items<Application>>(200),
        )
        .post(
            "/applications",
            create,
            Op::new("Register an application")
                .about("The client secret is in the answer, this once.")
                .takes::<ApplicationWish>()
                .answers::<Application>(200),
        )
        .get(
            "/applications/{id}",
            get,
            Op::new("Get an application").answers::<Application>(200),
        )
        .put(
            "/applications/{id}",
            change,
            Op::new("Change an application")
                .about("What the body does not name stays.")
                .takes::<ApplicationWish>()
                .answers::<Application>(200),
        )
        .delete(
            "/applications/{id}",
            delete,
            Op::new("Delete an application")
                .about("Every token that was made for it ends.")
                .empty(204),
        )
        .post(
            "/applications/{id}/authorize",
            authorize,
            Op::new("Authorize a service app for an organization")
                .about("Only a full administrator of the organization may.")
                .takes::<InOrganization>()
                .answers::<Application>(200),
        )
        .post(
            "/applications/{id}/deauthorize",
            deauthorize,
            Op::new("Take the authorization of a service app back")
                .about("Its tokens in the organization are dead when this answers.")
                .takes::<InOrganization>()
                .answers::<Application>(200),
        )
        .post(
            "/applications/{id}/token",
            token,
            Op::new("Create a service app's access token")
                .scopes(&["spark:applications_token"])
                .takes::<ServiceAppTokenRequest>()
                .answers::<TokenResponse>(200),
        )
}

/// The id of an application in a path.
pub(crate) fn app_id(text: &str) -> Result<ApplicationId, ApiError> {
    read_id(text)
}

/// A word of a fixed list.
fn word<T>(query: &Query, name: &str, read: impl Fn(&str) -> Option<T>) -> Result<Option<T>, ApiError> {
    match query.get(name).map(str::trim) {
        None => Ok(None),
        Some(text) => read(text)
            .map(Some)
            .ok_or_else(|| ApiError::bad_request(format!("{name}: there is no value {text:?}"))),
    }
}

async fn list(
    State(platform): State<Arc<Platform>>,
    Ask { caller, query }: Ask,
) -> Result<Response, ApiError> {
    caller.may_read_applications()?;
    let query = page::under_cursor(query)?;
    caller.check_org(parameter(&query, "orgId")?)?;
    let wanted = ApplicationQuery {
        kind: word(&query, "type", ApplicationKind::from_word)?,
        created_by: match query.get("createdBy").map(str::trim) {
            Some("me") => Some(caller.person),
            _ => parameter(&query, "createdBy")?,
        },
        submission_status: word(&query, "submissionStatus", SubmissionStatus::from_word)?,
        org_submission_status: word(&query, "orgSubmissionStatus", SubmissionStatus::from_word)?,
        category: text(&query, "category"),
        tag: text(&query, "tag"),
        bot_email: text(&query, "botEmail"),
        is_featured: flag(&query, "isFeatured")?,
        is_native: flag(&query, "isNative")?,
    };
    let (max, after) = (page::max(&query, DEFAULT, MAX)?, page::behind(&query)?);
    let (items, next) = platform.applications(&caller, &wanted, after, max).await?;
    Ok(page::answer_behind(
        &platform,
        "/applications",
        &query,
        max,
        Items { items },
        next.as_ref(),
    ))
}

async fn create(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    body: Unread,
) -> Result<Json<Application>, ApiError> {
    caller.require_personal()?;
    Ok(Json(
        platform.create_application(&caller, &body.json().await?).await?,
    ))
}

async fn get(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<Application>, ApiError> {
    caller.may_read_applications()?;
    Ok(Json(platform.application(&caller, &path(id)?).await?))
}

/// The id of an application out of a path that may not even be text.
fn path(id: Result<Path<String>, PathRejection>) -> Result<ApplicationId, ApiError> {
    match id {
        Ok(Path(text)) => app_id(&text),
        Err(_) => app_id(""),
    }
}

async fn change(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    id: Result<Path<String>, PathRejection>,
    body: Unread,
) -> Result<Json<Application>, ApiError> {
    caller.require_personal()?;
    let id = path(id)?;
    Ok(Json(
        platform
            .change_application(&caller, &id, &body.json().await?)
            .await?,
    ))
}

async fn delete(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    id: Result<Path<String>, PathRejection>,
) -> Result<StatusCode, ApiError> {
    caller.require_personal()?;
    platform.delete_application(&caller, &path(id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn authorize(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    id: Result<Path<String>, PathRejection>,
    body: Unread,
) -> Result<Json<Application>, ApiError> {
    caller.require_personal()?;
    caller.require_full_admin()?;
    let id = path(id)?;
    let InOrganization { org_id } = body.json().await?;
    Ok(Json(platform.authorize_application(&caller, &id, org_id).await?))
}

async fn deauthorize(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    id: Result<Path<String>, PathRejection>,
    body: Unread,
) -> Result<Json<Application>, ApiError> {
    caller.require_personal()?;
    caller.require_full_admin()?;
    let id = path(id)?;
    let InOrganization { org_id } = body.json().await?;
    Ok(Json(
        platform.deauthorize_application(&caller, &id, org_id).await?,
    ))
}

async fn token(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    id: Result<Path<String>, PathRejection>,
    body: Unread,
) -> Result<Json<TokenResponse>, ApiError> {
    caller.may_make_service_app_tokens()?;
    let id = path(id)?;
    let request = body.json().await?;
    Ok(Json(platform.service_app_token(&caller, &id, &request).await?))
}
