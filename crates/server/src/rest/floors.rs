//! Floors, below `/v1/locations/{id}` and `/v1/workspaceLocations/{id}`: the same handlers for both.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Extension, State};
use axum::http::StatusCode;
use axum::routing::get;
use hallway_platform::Platform;
use hallway_platform::place::Surface;
use hallway_wire::control::Items;
use hallway_wire::{id, place};

use super::query::{Ask, PathId, PathIds, Unread};
use crate::app::App;
use crate::body::Json;
use crate::error::ApiError;

pub(super) fn routes() -> Router<App> {
    below("/locations", Surface::Locations).merge(below("/workspaceLocations", Surface::WorkspaceLocations))
}

/// The routes below one of the two resources; its handlers are told which by an extension.
fn below(resource: &str, surface: Surface) -> Router<App> {
    Router::new()
        .route(
            &format!("{resource}/{{location}}/floors"),
            get(list_floors).post(create_floor),
        )
        .route(
            &format!("{resource}/{{location}}/floors/{{floor}}"),
            get(get_floor).put(update_floor).delete(delete_floor),
        )
        .layer(Extension(surface))
}

async fn list_floors(
    State(platform): State<Arc<Platform>>,
    Extension(surface): Extension<Surface>,
    Ask { caller, .. }: Ask,
    PathId(location): PathId<id::Location>,
) -> Result<Json<Items<place::Floor>>, ApiError> {
    Ok(Json(Items {
        items: platform.list_floors(&caller, surface, location).await?,
    }))
}

async fn create_floor(
    State(platform): State<Arc<Platform>>,
    Extension(surface): Extension<Surface>,
    Ask { caller, .. }: Ask,
    PathId(location): PathId<id::Location>,
    body: Unread,
) -> Result<(StatusCode, Json<place::Floor>), ApiError> {
    surface.may_write(&caller)?;
    let floor = platform
        .create_floor(&caller, surface, location, &body.json().await?)
        .await?;
    Ok((StatusCode::CREATED, Json(floor)))
}

async fn get_floor(
    State(platform): State<Arc<Platform>>,
    Extension(surface): Extension<Surface>,
    Ask { caller, .. }: Ask,
    PathIds(location, floor): PathIds<id::Location, id::Floor>,
) -> Result<Json<place::Floor>, ApiError> {
    Ok(Json(
        platform.floor_details(&caller, surface, location, floor).await?,
    ))
}

async fn update_floor(
    State(platform): State<Arc<Platform>>,
    Extension(surface): Extension<Surface>,
    Ask { caller, .. }: Ask,
    PathIds(location, floor): PathIds<id::Location, id::Floor>,
    body: Unread,
) -> Result<Json<place::Floor>, ApiError> {
    surface.may_write(&caller)?;
    Ok(Json(
        platform
            .update_floor(&caller, surface, location, floor, &body.json().await?)
            .await?,
    ))
}

async fn delete_floor(
    State(platform): State<Arc<Platform>>,
    Extension(surface): Extension<Surface>,
    Ask { caller, .. }: Ask,
    PathIds(location, floor): PathIds<id::Location, id::Floor>,
) -> Result<StatusCode, ApiError> {
    platform.delete_floor(&caller, surface, location, floor).await?;
    Ok(StatusCode::NO_CONTENT)
}
