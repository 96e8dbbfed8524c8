//! `/v1/locations` (people-calling 4).

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use hallway_platform::Platform;
use hallway_platform::place::{LocationQuery, Surface};
use hallway_wire::control::Items;
use hallway_wire::{id, place};

use super::page;
use super::query::{Ask, PathId, Unread, parameter, text};
use crate::body::Json;
use crate::describe::{Api, Op};
use crate::error::ApiError;

/// Default and highest number of locations on a page.
const MAX: usize = 500;

pub(super) fn routes() -> Api {
    const READ: &[&str] = &[
        "spark-admin:locations_read",
        "spark-admin:people_read",
        "spark-admin:device_read",
    ];
    const WRITE: &[&str] = &["spark-admin:locations_write"];
    Api::new("Locations")
        .get(
            "/locations",
            list_locations,
            Op::new("List locations")
                .scopes(READ)
                .query("name", "Only those whose name contains this.")
                .query("id", "Only this one.")
                .query("start", "How many to pass over.")
                .query("max", "Most locations on a page, up to 500.")
                .answers::<Items<place::Location>>(200),
        )
        .post(
            "/locations",
            create_location,
            Op::new("Create a location")
                .scopes(WRITE)
                .takes::<place::LocationRequest>()
                .answers::<place::CreatedLocation>(201),
        )
        .get(
            "/locations/{id}",
            get_location,
            Op::new("Get a location")
                .scopes(READ)
                .answers::<place::Location>(200),
        )
        .put(
            "/locations/{id}",
            update_location,
            Op::new("Update a location")
                .about("What is left out stays as it is.")
                .scopes(WRITE)
                .takes::<place::LocationRequest>()
                .empty(204),
        )
        .delete(
            "/locations/{id}",
            delete_location,
            Op::new("Delete a location").scopes(WRITE).empty(204),
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
