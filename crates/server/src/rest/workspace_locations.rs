//! `/v1/workspaceLocations`, the older form of `/v1/locations` (xapi 12).

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use hallway_platform::Platform;
use hallway_platform::place::{Surface, WorkspaceLocationQuery};
use hallway_wire::control::Items;
use hallway_wire::{id, place};

use super::query::{Ask, PathId, Unread, text};
use crate::body::Json;
use crate::describe::{Api, Op};
use crate::error::ApiError;

pub(super) fn routes() -> Api {
    const READ: &[&str] = &["spark-admin:workspace_locations_read"];
    const WRITE: &[&str] = &["spark-admin:workspace_locations_write"];
    Api::new("Workspace locations")
        .get(
            "/workspaceLocations",
            list_workspace_locations,
            Op::new("List workspace locations")
                .scopes(READ)
                .deprecated()
                .query("displayName", "Only those with this name.")
                .query("address", "Only those at this address.")
                .query("countryCode", "Only those in this country.")
                .query("cityName", "Only those in this city.")
                .answers::<Items<place::WorkspaceLocation>>(200),
        )
        .post(
            "/workspaceLocations",
            create_workspace_location,
            Op::new("Create a workspace location")
                .scopes(WRITE)
                .deprecated()
                .takes::<place::WorkspaceLocationRequest>()
                .answers::<place::WorkspaceLocation>(201),
        )
        .get(
            "/workspaceLocations/{id}",
            get_workspace_location,
            Op::new("Get a workspace location")
                .scopes(READ)
                .deprecated()
                .answers::<place::WorkspaceLocation>(200),
        )
        .put(
            "/workspaceLocations/{id}",
            update_workspace_location,
            Op::new("Update a workspace location")
                .scopes(WRITE)
                .deprecated()
                .takes::<place::WorkspaceLocationRequest>()
                .answers::<place::WorkspaceLocation>(200),
        )
        .delete(
            "/workspaceLocations/{id}",
            delete_workspace_location,
            Op::new("Delete a workspace location")
                .scopes(WRITE)
                .deprecated()
                .empty(204),
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
