//! `/v1/xapi` (xapi 2 to 5).

use std::sync::Arc;

use axum::extract::{Path, State};
use hallway_platform::Platform;
use hallway_wire::id::DeviceId;
use hallway_xapi::{Key, Pattern};
use schemars::{JsonSchema, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::auth::Authenticated;
use crate::body::Json;
use crate::describe::{Api, Op};
use crate::error::ApiError;
use crate::query::{Query, id};

/// Most names in one status query.
const MAX_NAMES: usize = 10;

/// Most devices in one schema query.
const MAX_DEVICES: usize = 5;

pub(super) fn routes() -> Api {
    Api::new("xAPI")
        .get(
            "/xapi/status",
            query_status,
            Op::new("Query the status of a device")
                .scopes(&["spark:xapi_statuses"])
                .required_query("deviceId", "The device.")
                .required_many(
                    "name",
                    "Up to ten names, like `Audio.Volume` or `RoomAnalytics.*`.",
                )
                .answers::<StatusAnswer>(200)
                .fails(&[409, 502, 503, 504]),
        )
        .post(
            "/xapi/command/{name}",
            execute_command,
            Op::new("Execute a command on a device")
                .scopes(&["spark:xapi_commands"])
                .path("name", "The command, like `Audio.Volume.Set`.")
                .takes::<CommandRequest>()
                .answers::<CommandAnswer>(200)
                .fails(&[502, 503, 504]),
        )
        .get(
            "/xapi/schema",
            query_schema,
            Op::new("Query the schema of devices")
                .about("What can be asked of these devices and told to them.")
                .scopes(&["spark:xapi_statuses", "spark:xapi_commands"])
                .required_many("deviceId", "Up to five devices.")
                .many("status", "Only these statuses, by pattern.")
                .many("command", "Only these commands, by pattern.")
                .shape(
                    200,
                    |_| json_schema!({ "type": "array", "items": { "type": "object" } }),
                )
                .fails(&[409, 502, 503, 504]),
        )
}

/// Reads patterns of a parameter that may be repeated or joined by commas.
fn patterns(query: &Query, name: &str) -> Result<Vec<Pattern>, ApiError> {
    query
        .list(name)
        .map(|text| {
            text.parse()
                .map_err(|error| ApiError::bad_request(format!("{name}: {text}: {error}")))
        })
        .collect()
}

/// Values of a device, as a tree.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct StatusAnswer {
    device_id: DeviceId,
    result: Map<String, Value>,
}

async fn query_status(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    query: Query,
) -> Result<Json<StatusAnswer>, ApiError> {
    caller.require_scope(&["spark:xapi_statuses"])?;
    let device_id = id(query.required("deviceId")?)?;
    query.required("name")?;
    let names = patterns(&query, "name")?;
    if names.is_empty() || names.len() > MAX_NAMES {
        return Err(ApiError::bad_request(format!(
            "name: 1 to {MAX_NAMES} names are needed, got {}",
            names.len()
        )));
    }
    let result = platform.xapi_status(&caller, device_id, &names).await?;
    Ok(Json(StatusAnswer { device_id, result }))
}

/// What a command is given.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct CommandRequest {
    device_id: String,
    #[serde(default)]
    arguments: Option<Map<String, Value>>,
    #[serde(default)]
    body: Option<Value>,
}

/// What a command answered.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct CommandAnswer {
    device_id: DeviceId,
    arguments: Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<Value>,
}

async fn execute_command(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    Path(name): Path<String>,
    Json(request): Json<CommandRequest>,
) -> Result<Json<CommandAnswer>, ApiError> {
    caller.require_scope(&["spark:xapi_commands"])?;
    let name: Key = name
        .parse()
        .map_err(|error| ApiError::bad_request(format!("command name {name}: {error}")))?;
    let device_id = id(&request.device_id)?;
    let arguments = request.arguments.unwrap_or_default();
    let (arguments, result) = platform
        .xapi_command(&caller, device_id, &name, &arguments, request.body.as_ref())
        .await?;
    Ok(Json(CommandAnswer {
        device_id,
        arguments,
        result,
    }))
}

async fn query_schema(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    query: Query,
) -> Result<Json<Vec<Value>>, ApiError> {
    query.required("deviceId")?;
    let devices: Vec<DeviceId> = query.list("deviceId").map(id).collect::<Result<_, _>>()?;
    if devices.len() > MAX_DEVICES {
        return Err(ApiError::bad_request(format!(
            "deviceId: at most {MAX_DEVICES} devices can be asked for"
        )));
    }
    let given = |patterns: Vec<Pattern>| (!patterns.is_empty()).then_some(patterns);
    let statuses = given(patterns(&query, "status")?);
    let commands = given(patterns(&query, "command")?);
    Ok(Json(
        platform
            .xapi_schema(&caller, &devices, statuses.as_deref(), commands.as_deref())
            .await?,
    ))
}
