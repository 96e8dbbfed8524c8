//! The routes of an office for tests, `/hallway/v1/office/…`: what the test kit in Rust does by calling functions.
//! They exist only where a House was started as an office, and only for its full administrators.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::routing::{get, post};
use axum::{Json, Router};
use hallway_device::office::WorkspaceType;
use hallway_platform::{Caller, Platform};
use hallway_server::ApiError;
use hallway_wire::Timestamp;
use hallway_wire::id::{DeviceId, WorkspaceId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::TestOffice;
use super::order::{RoomOrder, product};

/// The longest time that passes in one step: a year.
const MAX_STEP_MS: f64 = 366.0 * 24.0 * 3600.0 * 1000.0;
/// The longest wait for a command.
const MAX_WAIT: u64 = 60;

#[derive(Clone)]
struct Desk {
    platform: Arc<Platform>,
    office: Arc<TestOffice>,
}

pub(crate) fn routes(platform: Arc<Platform>, office: Arc<TestOffice>) -> Router {
    Router::new()
        .route("/hallway/v1/office/rooms", post(make_room))
        .route("/hallway/v1/office/clock", get(show_clock).post(advance))
        .route("/hallway/v1/office/devices/{id}/commands", get(commands))
        .with_state(Desk { platform, office })
}

/// Body of "make a room".
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RoomRequest {
    name: String,
    /// As `Room Bar`.
    product: Option<String>,
    capacity: Option<u32>,
    #[serde(default)]
    desk: bool,
    #[serde(default)]
    navigator: bool,
    #[serde(default)]
    tags: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RoomAnswer {
    workspace_id: WorkspaceId,
    device_ids: Vec<DeviceId>,
}

/// Body of "let time pass".
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Advance {
    advance_seconds: f64,
}

#[derive(Serialize)]
struct Clock {
    now: Timestamp,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CommandsQuery {
    /// Only those after this number.
    after: Option<u64>,
    /// Only this command.
    command: Option<String>,
    /// How long to wait for the first one, in seconds.
    wait_seconds: Option<u64>,
}

#[derive(Serialize)]
struct Commands {
    items: Vec<Command>,
}

#[derive(Serialize)]
struct Command {
    number: u64,
    command: String,
    arguments: serde_json::Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<Value>,
}

impl Desk {
    async fn admit(&self, headers: &HeaderMap) -> Result<(), ApiError> {
        let text = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok());
        let token = text
            .and_then(|text| text.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        let principal = self
            .platform
            .authenticate(token.map_or("", |(_, token)| token.trim()))
            .await?;
        let caller = Caller {
            principal,
            tracking_id: Arc::from(""),
            user_agent: None,
        };
        Ok(caller.require_own_full_admin()?)
    }
}

fn body<T>(parsed: Result<Json<T>, JsonRejection>) -> Result<T, ApiError> {
    let read = parsed.map(|Json(body)| body);
    read.map_err(|error| ApiError::new(StatusCode::BAD_REQUEST, error.body_text()))
}

async fn make_room(
    State(desk): State<Desk>,
    headers: HeaderMap,
    parsed: Result<Json<RoomRequest>, JsonRejection>,
) -> Result<Json<RoomAnswer>, ApiError> {
    desk.admit(&headers).await?;
    let request = body(parsed)?;
    if request.name.trim().is_empty() {
        return Err(ApiError::bad_request("name: a room needs one."));
    }
    let mut order = RoomOrder::new(request.name);
    if let Some(name) = &request.product {
        order.product = product(name).map_err(|why| ApiError::bad_request(format!("product: {why}.")))?;
    }
    if request.desk {
        order.kind = WorkspaceType::Desk;
        order.capacity = Some(1);
    }
    order.capacity = request.capacity.or(order.capacity);
    order.navigator = request.navigator;
    order.tags = request.tags;
    let made = desk.office.make(order).await.map_err(|error| {
        tracing::error!(error = format!("{error:#}"), "a room could not be made");
        ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "The room could not be made.")
    })?;
    Ok(Json(RoomAnswer {
        workspace_id: made.workspace,
        device_ids: made.devices.iter().map(|device| device.spec().id).collect(),
    }))
}

async fn show_clock(State(desk): State<Desk>, headers: HeaderMap) -> Result<Json<Clock>, ApiError> {
    desk.admit(&headers).await?;
    Ok(Json(Clock {
        now: desk.office.now(),
    }))
}

async fn advance(
    State(desk): State<Desk>,
    headers: HeaderMap,
    parsed: Result<Json<Advance>, JsonRejection>,
) -> Result<Json<Clock>, ApiError> {
    desk.admit(&headers).await?;
    let millis = body(parsed)?.advance_seconds * 1000.0;
    if !(0.0..=MAX_STEP_MS).contains(&millis) {
        return Err(ApiError::bad_request(
            "advanceSeconds: from 0 to a year; time does not run back.",
        ));
    }
    // Within a year of milliseconds nothing is lost.
    let by = Duration::from_millis(millis as u64);
    if !desk.office.advance(by).await {
        return Err(ApiError::new(
            StatusCode::CONFLICT,
            "This office lives by the machine's clock: start it with --stopped-clock.",
        ));
    }
    Ok(Json(Clock {
        now: desk.office.now(),
    }))
}

async fn commands(
    State(desk): State<Desk>,
    headers: HeaderMap,
    Path(device): Path<String>,
    query: Result<Query<CommandsQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<Commands>, ApiError> {
    desk.admit(&headers).await?;
    let Query(query) = query.map_err(|error| ApiError::bad_request(error.body_text()))?;
    let id: DeviceId = device
        .parse()
        .map_err(|_| ApiError::bad_request("Expect base64 ID or UUID."))?;
    let unknown = || ApiError::new(StatusCode::NOT_FOUND, "There is no such simulated device.");
    let mut log = desk.office.commands(id).ok_or_else(unknown)?;
    let fits = |ran: &hallway_device::Ran| {
        let named = query
            .command
            .as_ref()
            .is_none_or(|name| name.eq_ignore_ascii_case(&ran.command));
        named && query.after.is_none_or(|after| ran.number > after)
    };
    let wait = Duration::from_secs(query.wait_seconds.unwrap_or_default().min(MAX_WAIT));
    let found = log.find(|all| all.iter().any(fits).then_some(()));
    // Whether something came or the time is over: what is there now is the answer.
    let _ = tokio::time::timeout(wait, found).await;
    let items = log.all().into_iter().filter(fits).map(|ran| Command {
        number: ran.number,
        command: ran.command,
        arguments: ran.arguments,
        body: ran.body,
    });
    Ok(Json(Commands {
        items: items.collect(),
    }))
}
