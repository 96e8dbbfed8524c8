//! What the operator does with organizations.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use hallway_platform::Platform;
use hallway_wire::control::{
    CreatedOrganization, ExternalAdmin, Items, ManagedOrganization, NewExternalAdmin, NewOrganization,
    Suspension,
};
use hallway_wire::id::{OrgId, PersonId};

use crate::auth::Authenticated;
use crate::body::{Json, Unread};
use crate::describe::{Api, Op};
use crate::error::ApiError;
use crate::query::{Query, id};

pub(super) fn routes() -> Api {
    Api::new("Hallway: operator")
        .get(
            "/operator/organizations",
            list,
            Op::new("List all organizations")
                .about("Only an operator may, here and below.")
                .answers::<Items<ManagedOrganization>>(200),
        )
        .post(
            "/operator/organizations",
            create,
            Op::new("Create an organization")
                .about("With its first administrator, whose personal access token is in the answer, once.")
                .takes::<NewOrganization>()
                .answers::<CreatedOrganization>(200),
        )
        .get(
            "/operator/organizations/{id}",
            get,
            Op::new("Get any organization").answers::<ManagedOrganization>(200),
        )
        .post(
            "/operator/organizations/{id}/suspend",
            suspend,
            Op::new("Suspend an organization")
                .about(
                    "Its tokens are answered with 403, its devices are unlinked, and nothing is delivered. What \
                     waits is kept.",
                )
                .takes::<Suspension>()
                .answers::<ManagedOrganization>(200),
        )
        .post(
            "/operator/organizations/{id}/resume",
            resume,
            Op::new("Resume a suspended organization").answers::<ManagedOrganization>(200),
        )
        .delete(
            "/operator/organizations/{id}",
            delete,
            Op::new("Delete a suspended organization")
                .about("Everything in it goes in the background; then it is 404.")
                .required_query("confirm", "The name of the organization, to be sure.")
                .answers::<ManagedOrganization>(202),
        )
        .merge(admins())
}

fn admins() -> Api {
    Api::new("Hallway: operator")
        .get(
            "/operator/organizations/{id}/admins",
            list_admins,
            Op::new("List the administrators of any organization from others")
                .answers::<Items<ExternalAdmin>>(200),
        )
        .post(
            "/operator/organizations/{id}/admins",
            appoint,
            Op::new("Let somebody administer any organization from another")
                .takes::<NewExternalAdmin>()
                .answers::<ExternalAdmin>(200),
        )
        .delete(
            "/operator/organizations/{id}/admins/{person}",
            dismiss,
            Op::new("End what an administrator of any organization from another may").empty(204),
        )
}

async fn list(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
) -> Result<Json<Items<ManagedOrganization>>, ApiError> {
    let items = platform.managed_organizations(&caller).await?;
    Ok(Json(Items { items }))
}

async fn create(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    body: Unread,
) -> Result<Json<CreatedOrganization>, ApiError> {
    caller.require_operator()?;
    let wish: NewOrganization = body.json().await?;
    Ok(Json(platform.create_managed_organization(&caller, &wish).await?))
}

async fn get(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    Path(org): Path<String>,
) -> Result<Json<ManagedOrganization>, ApiError> {
    caller.require_operator()?;
    Ok(Json(platform.managed_organization(&caller, id(&org)?).await?))
}

async fn suspend(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    Path(org): Path<String>,
    body: Unread,
) -> Result<Json<ManagedOrganization>, ApiError> {
    caller.require_operator()?;
    let org: OrgId = id(&org)?;
    let wish: Suspension = body.json_or_default().await?;
    Ok(Json(
        platform.suspend_organization(&caller, org, &wish.reason).await?,
    ))
}

async fn resume(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    Path(org): Path<String>,
) -> Result<Json<ManagedOrganization>, ApiError> {
    caller.require_operator()?;
    Ok(Json(platform.resume_organization(&caller, id(&org)?).await?))
}

async fn delete(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    Path(org): Path<String>,
    query: Query,
) -> Result<(StatusCode, Json<ManagedOrganization>), ApiError> {
    caller.require_operator()?;
    let org: OrgId = id(&org)?;
    let confirm = query.required("confirm")?;
    let gone = platform
        .delete_managed_organization(&caller, org, Some(confirm))
        .await?;
    Ok((StatusCode::ACCEPTED, Json(gone)))
}

async fn list_admins(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    Path(org): Path<String>,
) -> Result<Json<Items<ExternalAdmin>>, ApiError> {
    caller.require_operator()?;
    let items = platform.appointed_admins(&caller, id(&org)?).await?;
    Ok(Json(Items { items }))
}

async fn appoint(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    Path(org): Path<String>,
    body: Unread,
) -> Result<Json<ExternalAdmin>, ApiError> {
    caller.require_operator()?;
    let org: OrgId = id(&org)?;
    let wish: NewExternalAdmin = body.json().await?;
    Ok(Json(platform.appoint_admin(&caller, org, &wish).await?))
}

async fn dismiss(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    Path((org, person)): Path<(String, String)>,
) -> Result<StatusCode, ApiError> {
    caller.require_operator()?;
    let (org, person): (OrgId, PersonId) = (id(&org)?, id(&person)?);
    platform.dismiss_admin(&caller, org, person).await?;
    Ok(StatusCode::NO_CONTENT)
}
