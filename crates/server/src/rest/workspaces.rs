//! `/v1/workspaces` (xapi 11).

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use hallway_platform::Platform;
use hallway_platform::place::{Include, WorkspaceQuery};
use hallway_wire::control::Items;
use hallway_wire::{id, place};

use super::page;
use super::query::{Ask, PathId, Unread, flag, is_set, location, parameter, text};
use crate::body::Json;
use crate::describe::{Api, Op};
use crate::error::ApiError;
use crate::query::Query;

/// Default and highest number of workspaces on a page.
const MAX: usize = 1000;

pub(super) fn routes() -> Api {
    const READ: &[&str] = &["spark-admin:workspaces_read"];
    const WRITE: &[&str] = &["spark-admin:workspaces_write"];
    let shown = |op: Op| {
        op.flag("includeDevices", "Show the devices of the workspace too.")
            .flag("includeCapabilities", "Show what the devices measure too.")
    };
    Api::new("Workspaces")
        .get(
            "/workspaces",
            list_workspaces,
            shown(Op::new("List workspaces"))
                .scopes(READ)
                .query("locationId", "Only those in this location.")
                .query(
                    "workspaceLocationId",
                    "The same, by the older id of the location.",
                )
                .query("floorId", "Only those on this floor.")
                .query("displayName", "Only those whose name contains this.")
                .query(
                    "capacity",
                    "Only those with room for so many people; -1 asks for those without a number.",
                )
                .query("type", "Only those of this type, like `meetingRoom`.")
                .query("calling", "Only those with this kind of calling.")
                .query("supportedDevices", "`collaborationDevices` or `phones`.")
                .query("calendar", "Only those with this kind of calendar.")
                .flag(
                    "deviceHostedMeetingsEnabled",
                    "Only those whose devices host meetings, or do not.",
                )
                .choice(
                    "devicePlatform",
                    "Whose meetings they hold.",
                    &["cisco", "microsoftTeamsRoom"],
                )
                .query(
                    "healthLevel",
                    "Only those as well as this: `error`, `warning`, `info` or `ok`.",
                )
                .query(
                    "plannedMaintenance",
                    "Only those with or without planned maintenance: `on` or `off`.",
                )
                .query("customAttribute", "Only those with this attribute.")
                .query("start", "How many to pass over.")
                .query("max", "Most workspaces on a page, up to 1000.")
                .answers::<Items<place::Workspace>>(200),
        )
        .post(
            "/workspaces",
            create_workspace,
            Op::new("Create a workspace")
                .scopes(WRITE)
                .takes::<place::WorkspaceRequest>()
                .answers::<place::Workspace>(201),
        )
        .get(
            "/workspaces/{id}",
            get_workspace,
            shown(Op::new("Get a workspace"))
                .scopes(READ)
                .answers::<place::Workspace>(200),
        )
        .put(
            "/workspaces/{id}",
            update_workspace,
            Op::new("Update a workspace")
                .about("What is left out stays as it is, where the platform does not say otherwise.")
                .scopes(WRITE)
                .takes::<place::WorkspaceRequest>()
                .answers::<place::Workspace>(200),
        )
        .delete(
            "/workspaces/{id}",
            delete_workspace,
            Op::new("Delete a workspace")
                .about("Its devices are deactivated.")
                .scopes(WRITE)
                .empty(204),
        )
        .get(
            "/workspaces/{id}/capabilities",
            get_capabilities,
            Op::new("Get the capabilities of a workspace")
                .scopes(READ)
                .answers::<place::WorkspaceCapabilities>(200),
        )
}

fn filter(query: &Query) -> Result<WorkspaceQuery, ApiError> {
    let filter = WorkspaceQuery {
        location: location(query)?,
        floor: parameter(query, "floorId")?,
        display_name: text(query, "displayName"),
        capacity: capacity(query)?,
        kind: text(query, "type"),
        calling: text(query, "calling"),
        supported_devices: text(query, "supportedDevices"),
        calendar: text(query, "calendar"),
        device_hosted_meetings_enabled: flag(query, "deviceHostedMeetingsEnabled")?,
        device_platform: text(query, "devicePlatform"),
        health_level: text(query, "healthLevel"),
        planned_maintenance: text(query, "plannedMaintenance"),
        custom_attribute: text(query, "customAttribute"),
    };
    Ok(filter.checked()?)
}

/// -1 asks for the workspaces that have none.
fn capacity(query: &Query) -> Result<Option<Option<u32>>, ApiError> {
    match query.get("capacity").map(str::trim) {
        None => Ok(None),
        Some("-1") => Ok(Some(None)),
        Some(text) => match text.parse() {
            Ok(capacity) => Ok(Some(Some(capacity))),
            Err(_) => Err(ApiError::bad_request(format!(
                "capacity: must be a whole number, -1 or higher, not {text:?}"
            ))),
        },
    }
}

fn include(query: &Query) -> Result<Include, ApiError> {
    Ok(Include {
        devices: is_set(query, "includeDevices")?,
        capabilities: is_set(query, "includeCapabilities")?,
    })
}

async fn list_workspaces(
    State(platform): State<Arc<Platform>>,
    Ask { caller, query }: Ask,
) -> Result<Response, ApiError> {
    caller.may_read_workspaces()?;
    let (filter, include, page) = (filter(&query)?, include(&query)?, page::page(&query, MAX, MAX)?);
    let part = platform.list_workspaces(&caller, &filter, include, page).await?;
    Ok(page::answer(
        &platform,
        "/workspaces",
        &query,
        page,
        part.items,
        part.more,
    ))
}

async fn create_workspace(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    body: Unread,
) -> Result<(StatusCode, Json<place::Workspace>), ApiError> {
    caller.may_write_workspaces()?;
    let created = platform.create_workspace(&caller, &body.json().await?).await?;
    Ok((StatusCode::CREATED, Json(created)))
}

async fn get_workspace(
    State(platform): State<Arc<Platform>>,
    Ask { caller, query }: Ask,
    PathId(id): PathId<id::Workspace>,
) -> Result<Json<place::Workspace>, ApiError> {
    Ok(Json(
        platform.workspace_details(&caller, id, include(&query)?).await?,
    ))
}

async fn update_workspace(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    PathId(id): PathId<id::Workspace>,
    body: Unread,
) -> Result<Json<place::Workspace>, ApiError> {
    caller.may_write_workspaces()?;
    Ok(Json(
        platform
            .update_workspace(&caller, id, &body.json().await?)
            .await?,
    ))
}

async fn delete_workspace(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    PathId(id): PathId<id::Workspace>,
) -> Result<StatusCode, ApiError> {
    platform.delete_workspace(&caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn get_capabilities(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    PathId(id): PathId<id::Workspace>,
) -> Result<Json<place::WorkspaceCapabilities>, ApiError> {
    let capabilities = platform.workspace_capabilities(&caller, id).await?;
    Ok(Json(place::WorkspaceCapabilities { capabilities }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capacities() {
        let read = |text: &str| capacity(&Query::parse(text));
        assert_eq!(read("").unwrap(), None);
        assert_eq!(read("capacity=-1").unwrap(), Some(None));
        assert_eq!(read("capacity=0").unwrap(), Some(Some(0)));
        assert!(read("capacity=-2").is_err() && read("capacity=many").is_err());
    }

    #[test]
    fn filters_in_any_case() {
        let filter = |text: &str| filter(&Query::parse(text));
        let read =
            filter("type=meetingroom&deviceHostedMeetingsEnabled=True&includeDevices=x&unknown=1&").unwrap();
        assert_eq!(read.kind.as_deref(), Some("meetingRoom"));
        assert_eq!(read.device_hosted_meetings_enabled, Some(true));
        assert!(filter("type=cave").is_err() && filter("floorId=x").is_err());
    }
}
