//! `/v1/locations` (people-calling 4).

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use hallway_platform::Platform;
use hallway_platform::place::{LocationQuery, Surface};
use hallway_wire::{id, place};

use super::page;
use super::query::{Ask, PathId, Unread, parameter, text};
use crate::app::App;
use crate::body::Json;
use crate::error::ApiError;

/// Default and highest number of locations on a page.
const MAX: usize = 500;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/locations", get(list_locations).post(create_location))
        .route(
            "/locations/{id}",
            get(get_location).put(update_location).delete(delete_location),
        )
}

async fn list_locations(
    State(platform): State<Arc<Platform>>,
    Ask { caller, query }: Ask,
) -> Result<Response, ApiError> {
    let filter = LocationQuery {
        name: text(&query, "name"),
        id: parameter(&query, "id")?,
    };
    let page = page::page(&query, MAX, MAX)?;
    let part = platform.list_locations(&caller, &filter, page).await?;
    Ok(page::answer(
        &platform,
        "/locations",
        &query,
        page,
        part.items,
        part.more,
    ))
}

async fn create_location(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    body: Unread,
) -> Result<(StatusCode, Json<place::CreatedLocation>), ApiError> {
    caller.may_write_locations()?;
    let id = platform.create_location(&caller, &body.json().await?).await?;
    Ok((StatusCode::CREATED, Json(place::CreatedLocation { id })))
}

async fn get_location(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    PathId(id): PathId<id::Location>,
) -> Result<Json<place::Location>, ApiError> {
    Ok(Json(platform.location_details(&caller, id).await?))
}

async fn update_location(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    PathId(id): PathId<id::Location>,
    body: Unread,
) -> Result<StatusCode, ApiError> {
    caller.may_write_locations()?;
    platform.update_location(&caller, id, &body.json().await?).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn delete_location(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    PathId(id): PathId<id::Location>,
) -> Result<StatusCode, ApiError> {
    platform.delete_location(&caller, Surface::Locations, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
