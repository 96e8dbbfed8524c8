//! `/v1/devices` (xapi 10).

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use hallway_platform::Platform;
use hallway_platform::device::DeviceQuery;
use hallway_wire::control::Items;
use hallway_wire::device::{ActivationCode, ActivationCodeRequest, CreateDevice, Device, TagOperation};
use hallway_wire::id;

use super::page;
use super::query::{Ask, PathId, Unread, location, parameter, text, texts};
use crate::body::Json;
use crate::describe::{Api, Op};
use crate::error::ApiError;
use crate::query::Query;

/// Default and highest number of devices on a page.
const MAX: usize = 1000;

pub(super) fn routes() -> Api {
    const READ: &[&str] = &["spark-admin:devices_read", "spark:devices_read"];
    const WRITE: &[&str] = &["spark-admin:devices_write", "spark:devices_write"];
    const REGISTER: &[&str] = &["spark-admin:devices_write"];
    Api::new("Devices")
        .get(
            "/devices",
            list_devices,
            Op::new("List devices")
                .about("An administrator sees those of the organization, others their own.")
                .scopes(READ)
                .query("displayName", "Only those with this name.")
                .query("personId", "Only those of this person.")
                .query("workspaceId", "Only those in this workspace.")
                .query("locationId", "Only those in this location.")
                .query(
                    "workspaceLocationId",
                    "The same, by the older id of the location.",
                )
                .query(
                    "connectionStatus",
                    "Only those with this status, like `connected`.",
                )
                .query("product", "Only those of this product.")
                .query("type", "Only those of this type, like `roomdesk`.")
                .query("serial", "Only the one with this serial number.")
                .many("tag", "Only those with all these tags.")
                .query("software", "Only those with this software.")
                .query("upgradeChannel", "Only those on this channel.")
                .many("errorCode", "Only those with this error.")
                .many("capability", "Only those that can do this: `xapi`.")
                .many(
                    "permission",
                    "Only those that the caller may use so: `xapi:readonly`, `xapi:all`.",
                )
                .query("mac", "Only the one with this address.")
                .choice(
                    "devicePlatform",
                    "Whose meetings they hold.",
                    &["cisco", "microsoftTeamsRoom"],
                )
                .query(
                    "plannedMaintenance",
                    "Only those with or without planned maintenance: `on` or `off`.",
                )
                .query("start", "How many to pass over.")
                .query("max", "Most devices on a page, up to 1000.")
                .answers::<Items<Device>>(200),
        )
        .post(
            "/devices",
            create_device,
            Op::new("Create a device by MAC address")
                .about("Registers a phone for a workspace or a person.")
                .scopes(REGISTER)
                .takes::<CreateDevice>()
                .answers::<Device>(200),
        )
        .post(
            "/devices/activationCode",
            create_activation_code,
            Op::new("Create an activation code")
                .about("A device that is given the code belongs to the workspace or person from then on.")
                .scopes(REGISTER)
                .takes::<ActivationCodeRequest>()
                .answers::<ActivationCode>(200),
        )
        .get(
            "/devices/{id}",
            get_device,
            Op::new("Get a device").scopes(READ).answers::<Device>(200),
        )
        .patch(
            "/devices/{id}",
            change_tags,
            Op::new("Change the tags of a device")
                .scopes(WRITE)
                .takes::<Vec<TagOperation>>()
                .answers::<Device>(200),
        )
        .delete(
            "/devices/{id}",
            delete_device,
            Op::new("Delete a device").scopes(WRITE).empty(204),
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
