//! Floors, below `/v1/locations/{id}` and `/v1/workspaceLocations/{id}`: the same handlers for both.

use std::sync::Arc;

use axum::extract::{Extension, State};
use axum::http::StatusCode;
use hallway_platform::Platform;
use hallway_platform::place::Surface;
use hallway_wire::control::Items;
use hallway_wire::{id, place};

use super::query::{Ask, PathId, PathIds, Unread};
use crate::body::Json;
use crate::describe::{Api, Op};
use crate::error::ApiError;

pub(super) fn routes() -> Api {
    let newer = Words {
        tag: "Locations",
        read: &["spark-admin:locations_read"],
        write: &["spark-admin:locations_write"],
        summaries: [
            "List the floors of a location",
            "Create a floor of a location",
            "Get a floor of a location",
            "Update a floor of a location",
            "Delete a floor of a location",
        ],
    };
    let older = Words {
        tag: "Workspace locations",
        read: &["spark-admin:workspace_locations_read"],
        write: &["spark-admin:workspace_locations_write"],
        summaries: [
            "List the floors of a workspace location",
            "Create a floor of a workspace location",
            "Get a floor of a workspace location",
            "Update a floor of a workspace location",
            "Delete a floor of a workspace location",
        ],
    };
    below("/locations", Surface::Locations, newer).merge(below(
        "/workspaceLocations",
        Surface::WorkspaceLocations,
        older,
    ))
}

/// How one of the two resources describes its floors.
struct Words {
    tag: &'static str,
    read: &'static [&'static str],
    write: &'static [&'static str],
    /// List, create, get, update, delete.
    summaries: [&'static str; 5],
}

/// The routes below one of the two resources; its handlers are told which by an extension.
fn below(resource: &str, surface: Surface, words: Words) -> Api {
    let Words {
        tag,
        read,
        write,
        summaries: [list, create, get, update, delete],
    } = words;
    let op = |summary: &'static str, scopes| {
        let op = Op::new(summary).scopes(scopes);
        if surface == Surface::WorkspaceLocations {
            op.deprecated()
        } else {
            op
        }
    };
    let (all, one) = (
        format!("{resource}/{{location}}/floors"),
        format!("{resource}/{{location}}/floors/{{floor}}"),
    );
    Api::new(tag)
        .get(
            &all,
            list_floors,
            op(list, read).answers::<Items<place::Floor>>(200),
        )
        .post(
            &all,
            create_floor,
            op(create, write)
                .takes::<place::FloorRequest>()
                .answers::<place::Floor>(201),
        )
        .get(&one, get_floor, op(get, read).answers::<place::Floor>(200))
        .put(
            &one,
            update_floor,
            op(update, write)
                .takes::<place::FloorRequest>()
                .answers::<place::Floor>(200),
        )
        .delete(&one, delete_floor, op(delete, write).empty(204))
        .extension(surface)
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
