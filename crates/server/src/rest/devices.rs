//! `/v1/devices` (xapi 10).

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use hallway_platform::Platform;
use hallway_platform::device::DeviceQuery;
use hallway_wire::device::{ActivationCode, ActivationCodeRequest, Device, TagOperation};
use hallway_wire::id;

use super::page;
use super::query::{Ask, PathId, Unread, location, parameter, text, texts};
use crate::app::App;
use crate::body::Json;
use crate::error::ApiError;
use crate::query::Query;

/// Default and highest number of devices on a page.
const MAX: usize = 1000;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/devices", get(list_devices).post(create_device))
        .route("/devices/activationCode", post(create_activation_code))
        .route(
            "/devices/{id}",
            get(get_device).patch(change_tags).delete(delete_device),
        )
}

fn filter(query: &Query) -> Result<DeviceQuery, ApiError> {
    let filter = DeviceQuery {
        display_name: text(query, "displayName"),
        person: parameter(query, "personId")?,
        workspace: parameter(query, "workspaceId")?,
        location: location(query)?,
        connection_status: text(query, "connectionStatus"),
        product: text(query, "product"),
        kind: text(query, "type"),
        serial: text(query, "serial"),
        tags: texts(query, "tag"),
        software: text(query, "software"),
        upgrade_channel: text(query, "upgradeChannel"),
        error_codes: texts(query, "errorCode"),
        capabilities: texts(query, "capability"),
        permissions: texts(query, "permission"),
        mac: text(query, "mac"),
        device_platform: text(query, "devicePlatform"),
        planned_maintenance: text(query, "plannedMaintenance"),
    };
    Ok(filter.checked()?)
}

async fn list_devices(
    State(platform): State<Arc<Platform>>,
    Ask { caller, query }: Ask,
) -> Result<Response, ApiError> {
    caller.may_read_devices()?;
    let (filter, page) = (filter(&query)?, page::page(&query, MAX, MAX)?);
    let part = platform.list_devices(&caller, &filter, page).await?;
    Ok(page::answer(
        &platform, "/devices", &query, page, part.items, part.more,
    ))
}

async fn create_device(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    body: Unread,
) -> Result<Json<Device>, ApiError> {
    caller.may_register_devices()?;
    Ok(Json(
        platform
            .create_device_by_mac(&caller, &body.json().await?)
            .await?,
    ))
}

async fn create_activation_code(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    body: Unread,
) -> Result<Json<ActivationCode>, ApiError> {
    caller.may_register_devices()?;
    let ActivationCodeRequest {
        workspace_id,
        person_id,
        model,
    } = body.json().await?;
    let (code, expiry_time) = platform
        .device_activation_code(&caller, workspace_id, person_id, model)
        .await?;
    Ok(Json(ActivationCode { code, expiry_time }))
}

async fn get_device(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    PathId(id): PathId<id::Device>,
) -> Result<Json<Device>, ApiError> {
    Ok(Json(platform.device_details(&caller, id).await?))
}

async fn change_tags(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    PathId(id): PathId<id::Device>,
    body: Unread,
) -> Result<Json<Device>, ApiError> {
    caller.may_write_devices()?;
    let operations: Vec<TagOperation> = body.json().await?;
    Ok(Json(platform.change_device_tags(&caller, id, &operations).await?))
}

async fn delete_device(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    PathId(id): PathId<id::Device>,
) -> Result<StatusCode, ApiError> {
    platform.delete_device(&caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_filters_of_real_clients() {
        let filter = |text: &str| filter(&Query::parse(text));
        let node = filter("max=999&start=0&type=roomdesk&capability=xapi&displayName=Board Room&").unwrap();
        assert_eq!(node.display_name.as_deref(), Some("Board Room"));
        assert_eq!(
            (node.kind.as_deref(), node.capabilities),
            (Some("roomdesk"), vec!["xapi".to_owned()])
        );
        let java =
            filter("tag=a%2Cb&tag=c&permission=xapi%3Areadonly&includeLocation=true&minimalConfigs=true")
                .unwrap();
        assert_eq!(java.tags, ["a", "b", "c"]);
        assert_eq!(java.permissions, ["xapi:readonly"]);
        for bad in [
            "type=toaster",
            "workspaceId=x",
            "personId=1",
            "plannedMaintenance=never",
            "devicePlatform=zoom",
        ] {
            assert!(filter(bad).is_err(), "{bad}");
        }
    }
}
