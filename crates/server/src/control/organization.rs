//! The organizations that somebody can act in, and who administers one from outside.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use hallway_platform::Platform;
use hallway_wire::control::{ExternalAdmin, Items, NewExternalAdmin, OwnOrganization};

use crate::auth::Authenticated;
use crate::body::{Json, Unread};
use crate::describe::{Api, Op};
use crate::error::ApiError;
use crate::query::id;

pub(super) fn routes() -> Api {
    Api::new("Hallway: organizations")
        .get(
            "/organizations",
            own_organizations,
            Op::new("List the organizations that one can act in")
                .about("The caller's own first. In the others it acts with `orgId`.")
                .answers::<Items<OwnOrganization>>(200),
        )
        .get(
            "/organization/admins",
            admins,
            Op::new("List administrators from other organizations")
                .about("Only an administrator may.")
                .answers::<Items<ExternalAdmin>>(200),
        )
        .post(
            "/organization/admins",
            add_admin,
            Op::new("Let somebody of another organization administer this one")
                .about("Only a full administrator who belongs to it may.")
                .takes::<NewExternalAdmin>()
                .answers::<ExternalAdmin>(200),
        )
        .delete(
            "/organization/admins/{person}",
            remove_admin,
            Op::new("End what an administrator from another organization may")
                .about("Only a full administrator who belongs to it may, or the administrator itself.")
                .empty(204),
        )
}

async fn own_organizations(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
) -> Result<Json<Items<OwnOrganization>>, ApiError> {
    let items = platform.own_organizations(&caller).await?;
    Ok(Json(Items { items }))
}

async fn admins(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
) -> Result<Json<Items<ExternalAdmin>>, ApiError> {
    let items = platform.external_admins(&caller).await?;
    Ok(Json(Items { items }))
}

async fn add_admin(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    body: Unread,
) -> Result<Json<ExternalAdmin>, ApiError> {
    caller.require_own_full_admin()?;
    let wish: NewExternalAdmin = body.json().await?;
    Ok(Json(platform.add_external_admin(&caller, &wish).await?))
}

async fn remove_admin(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    Path(person): Path<String>,
) -> Result<StatusCode, ApiError> {
    platform.remove_external_admin(&caller, id(&person)?).await?;
    Ok(StatusCode::NO_CONTENT)
}
