//! Locations with Webex Calling, and their connection to the telephone network.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use hallway_platform::Platform;
use hallway_wire::calling::{
    CallingLocation, CallingLocationUpdate, CallingLocationUpdated, CallingLocations, EnableCalling,
    PstnConnection, PstnConnectionOptions, PstnConnectionRequest,
};
use hallway_wire::{id, place};

use super::super::page;
use super::super::query::{Ask, PathId, Unread, text};
use crate::body::Json;
use crate::describe::{Api, Op};
use crate::error::ApiError;

const READ: &[&str] = &["spark-admin:telephony_config_read"];
const WRITE: &[&str] = &["spark-admin:telephony_config_write"];
const PSTN_READ: &[&str] = &["spark-admin:telephony_pstn_read"];
const PSTN_WRITE: &[&str] = &["spark-admin:telephony_pstn_write"];

/// Default and highest number of locations on a page.
const MAX: usize = 1000;

pub(super) fn routes() -> Api {
    Api::new("Calling")
        .get(
            "/telephony/config/locations",
            list,
            Op::new("List locations with Webex Calling")
                .scopes(READ)
                .query("name", "Part of the name, in any case.")
                .query("order", "name-asc or name-desc.")
                .query("max", "Most locations on a page.")
                .query("start", "How many to pass over.")
                .answers::<CallingLocations>(200),
        )
        .post(
            "/telephony/config/locations",
            enable,
            Op::new("Enable a location for Webex Calling")
                .scopes(WRITE)
                .takes::<EnableCalling>()
                .answers::<place::CreatedLocation>(201),
        )
        .get(
            "/telephony/config/locations/{id}",
            show,
            Op::new("Get the calling details of a location")
                .scopes(READ)
                .answers::<CallingLocation>(200),
        )
        .put(
            "/telephony/config/locations/{id}",
            update,
            Op::new("Update the calling details of a location")
                .scopes(WRITE)
                .takes::<CallingLocationUpdate>()
                .answers::<CallingLocationUpdated>(200),
        )
        .get(
            "/telephony/pstn/locations/{id}/connection",
            connection,
            Op::new("Get the PSTN connection of a location")
                .scopes(PSTN_READ)
                .answers::<PstnConnection>(200),
        )
        .put(
            "/telephony/pstn/locations/{id}/connection",
            connect,
            Op::new("Choose the PSTN connection of a location")
                .about("Needs spark-admin:telephony_pstn_read as well. Integrated connections cannot be chosen by API.")
                .scopes(PSTN_WRITE)
                .takes::<PstnConnectionRequest>()
                .empty(204),
        )
        .get(
            "/telephony/pstn/locations/{id}/connectionOptions",
            options,
            Op::new("List the PSTN connections that a location can choose")
                .scopes(PSTN_READ)
                .answers::<PstnConnectionOptions>(200),
        )
}

async fn list(
    State(platform): State<Arc<Platform>>,
    Ask { caller, query }: Ask,
) -> Result<Response, ApiError> {
    caller.may_read_calling()?;
    let page = page::page(&query, MAX, MAX)?;
    let descending = match query.get("order").map(str::to_ascii_lowercase).as_deref() {
        None | Some("name-asc" | "asc") => false,
        Some("name-desc" | "desc") => true,
        Some(other) => {
            return Err(ApiError::bad_request(format!(
                "order: must be name-asc or name-desc, not {other:?}"
            )));
        }
    };
    let name = text(&query, "name");
    let part = platform
        .calling_locations(&caller, name.as_deref(), descending, page)
        .await?;
    let body = CallingLocations {
        locations: part.items,
    };
    Ok(page::answer_with_start(
        &platform,
        "/telephony/config/locations",
        &query,
        page,
        body,
        part.more,
    ))
}

async fn enable(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    body: Unread,
) -> Result<(StatusCode, Json<place::CreatedLocation>), ApiError> {
    caller.may_write_calling()?;
    let id = platform.enable_calling(&caller, &body.json().await?).await?;
    Ok((StatusCode::CREATED, Json(place::CreatedLocation { id })))
}

async fn show(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    PathId(id): PathId<id::Location>,
) -> Result<Json<CallingLocation>, ApiError> {
    Ok(Json(platform.calling_location(&caller, id).await?))
}

async fn update(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    PathId(id): PathId<id::Location>,
    body: Unread,
) -> Result<Json<CallingLocationUpdated>, ApiError> {
    caller.may_write_calling()?;
    let request = body.json().await?;
    Ok(Json(
        platform.update_calling_location(&caller, id, &request).await?,
    ))
}

async fn connection(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    PathId(id): PathId<id::Location>,
) -> Result<Json<PstnConnection>, ApiError> {
    Ok(Json(platform.pstn_connection(&caller, id).await?))
}

async fn connect(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    PathId(id): PathId<id::Location>,
    body: Unread,
) -> Result<StatusCode, ApiError> {
    caller.may_write_pstn()?;
    platform.choose_pstn(&caller, id, &body.json().await?).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn options(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    PathId(id): PathId<id::Location>,
) -> Result<Json<PstnConnectionOptions>, ApiError> {
    Ok(Json(PstnConnectionOptions {
        items: platform.pstn_options(&caller, id).await?,
    }))
}
