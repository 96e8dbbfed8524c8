//! `/v1/deviceConfigurations` (xapi 7 and 8).

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use hallway_platform::Platform;
use hallway_platform::device::Operation;
use hallway_wire::id::DeviceId;
use hallway_xapi::Pattern;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::auth::Authenticated;
use crate::body::Json;
use crate::describe::{Api, Op};
use crate::error::ApiError;
use crate::query::{Query, id};

pub(super) fn routes() -> Api {
    Api::new("Device configurations")
        .get(
            "/deviceConfigurations",
            list_configurations,
            Op::new("List device configurations")
                .scopes(&["spark-admin:devices_read"])
                .required_query("deviceId", "The device.")
                .query(
                    "key",
                    "Only keys that match, like `Audio.*` or `Audio.Ultrasound.MaxVolume`.",
                )
                .answers::<Configurations>(200),
        )
        .patch(
            "/deviceConfigurations",
            update_configurations,
            Op::new("Update device configurations")
                .about("Needs both scopes `spark-admin:devices_write` and `spark-admin:devices_read`.")
                .scopes(&["spark-admin:devices_write"])
                .required_query("deviceId", "The device.")
                .takes::<Vec<OperationBody>>()
                .takes_as(
                    "application/json-patch+json",
                    Some(|schemas| schemas.subschema_for::<Vec<OperationBody>>()),
                )
                .answers::<Configurations>(201)
                .fails(&[504]),
        )
}

/// Configurations of a device, by key.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Configurations {
    device_id: DeviceId,
    items: Map<String, Value>,
}

async fn list_configurations(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    query: Query,
) -> Result<Json<Configurations>, ApiError> {
    caller.require_scope(&["spark-admin:devices_read"])?;
    let device_id = id(query.required("deviceId")?)?;
    let filter: Option<Pattern> = match query.get("key") {
        None => None,
        Some(text) => Some(
            text.parse()
                .map_err(|error| ApiError::bad_request(format!("key: {text}: {error}")))?,
        ),
    };
    let items = platform
        .configurations(&caller, device_id, filter.as_ref())
        .await?;
    Ok(Json(Configurations { device_id, items }))
}

/// One change of a configuration.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "ConfigurationOperation")]
struct OperationBody {
    /// `replace` or `remove`
    op: String,
    /// `{key}/sources/configured/value`
    path: String,
    #[serde(default, deserialize_with = "present")]
    value: Option<Value>,
}

/// A null is a value too; only an absent member is none.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

async fn update_configurations(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    query: Query,
    Json(operations): Json<Vec<OperationBody>>,
) -> Result<(StatusCode, Json<Configurations>), ApiError> {
    let device_id = id(query.required("deviceId")?)?;
    let operations: Vec<Operation> = operations
        .into_iter()
        .map(|OperationBody { op, path, value }| Operation { op, path, value })
        .collect();
    let items = platform.configure(&caller, device_id, &operations).await?;
    Ok((StatusCode::CREATED, Json(Configurations { device_id, items })))
}
