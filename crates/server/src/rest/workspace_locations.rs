//! `/v1/workspaceLocations`, the older form of `/v1/locations` (xapi 12).

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use hallway_platform::Platform;
use hallway_platform::place::{Surface, WorkspaceLocationQuery};
use hallway_wire::control::Items;
use hallway_wire::{id, place};

use super::query::{Ask, PathId, Unread, text};
use crate::app::App;
use crate::body::Json;
use crate::error::ApiError;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route(
            "/workspaceLocations",
            get(list_workspace_locations).post(create_workspace_location),
        )
        .route(
            "/workspaceLocations/{id}",
            get(get_workspace_location)
                .put(update_workspace_location)
                .delete(delete_workspace_location),
        )
}

async fn list_workspace_locations(
    State(platform): State<Arc<Platform>>,
    Ask { caller, query }: Ask,
) -> Result<Json<Items<place::WorkspaceLocation>>, ApiError> {
    let filter = WorkspaceLocationQuery {
        display_name: text(&query, "displayName"),
        address: text(&query, "address"),
        country_code: text(&query, "countryCode"),
        city_name: text(&query, "cityName"),
    };
    Ok(Json(Items {
        items: platform.list_workspace_locations(&caller, &filter).await?,
    }))
}

async fn create_workspace_location(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    body: Unread,
) -> Result<(StatusCode, Json<place::WorkspaceLocation>), ApiError> {
    caller.may_write_workspace_locations()?;
    let created = platform
        .create_workspace_location(&caller, &body.json().await?)
        .await?;
    Ok((StatusCode::CREATED, Json(created)))
}

async fn get_workspace_location(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    PathId(id): PathId<id::Location>,
) -> Result<Json<place::WorkspaceLocation>, ApiError> {
    Ok(Json(platform.workspace_location(&caller, id).await?))
}

async fn update_workspace_location(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    PathId(id): PathId<id::Location>,
    body: Unread,
) -> Result<Json<place::WorkspaceLocation>, ApiError> {
    caller.may_write_workspace_locations()?;
    Ok(Json(
        platform
            .update_workspace_location(&caller, id, &body.json().await?)
            .await?,
    ))
}

async fn delete_workspace_location(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    PathId(id): PathId<id::Location>,
) -> Result<StatusCode, ApiError> {
    platform
        .delete_location(&caller, Surface::WorkspaceLocations, id)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
