//! `/v1/organizations` and `/v1/roles` (people-calling 4).

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use hallway_platform::Platform;
use hallway_wire::control::Items;
use hallway_wire::{id, organization, person};

use super::query::{Ask, PathId, is_set};
use crate::app::App;
use crate::body::Json;
use crate::error::ApiError;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/organizations", get(list_organizations))
        .route(
            "/organizations/{id}",
            get(get_organization).delete(delete_organization),
        )
        .route("/roles", get(list_roles))
        .route("/roles/{id}", get(get_role))
}

async fn list_organizations(
    State(platform): State<Arc<Platform>>,
    Ask { caller, query }: Ask,
) -> Result<Json<Items<organization::Organization>>, ApiError> {
    let calling = is_set(&query, "callingData")?;
    let own = platform
        .organization_details(&caller, caller.org, calling)
        .await?;
    Ok(Json(Items { items: vec![own] }))
}

async fn get_organization(
    State(platform): State<Arc<Platform>>,
    Ask { caller, query }: Ask,
    PathId(id): PathId<id::Organization>,
) -> Result<Json<organization::Organization>, ApiError> {
    let calling = is_set(&query, "callingData")?;
    Ok(Json(platform.organization_details(&caller, id, calling).await?))
}

async fn delete_organization(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    PathId(id): PathId<id::Organization>,
) -> Result<StatusCode, ApiError> {
    platform.delete_organization(&caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn list_roles(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
) -> Result<Json<Items<person::Role>>, ApiError> {
    Ok(Json(Items {
        items: platform.roles(&caller)?,
    }))
}

async fn get_role(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    PathId(id): PathId<id::Role>,
) -> Result<Json<person::Role>, ApiError> {
    Ok(Json(platform.role(&caller, id)?))
}
