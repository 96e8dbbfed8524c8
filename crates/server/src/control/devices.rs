//! What only simulated devices can be asked, and how a device registers.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use hallway_platform::Platform;
use hallway_wire::control::{EmitEvent, RedeemRequest, Redeemed, SetStatus};
use hallway_wire::id::DeviceId;
use hallway_wire::screen::{DeviceScreen, WebAppSession};

use crate::app::{App, DeviceHost, HostError};
use crate::auth::Authenticated;
use crate::body::Json;
use crate::describe::{Api, Op};
use crate::error::ApiError;
use crate::query::{Query, id};

/// What follows from a device that is away.
const DEVICE: &[u16] = &[502, 503, 504];

pub(super) fn routes() -> Api {
    const WHO: &str = "For simulated devices. Only a full or device administrator may.";
    Api::new("Hallway: devices")
        .post(
            "/devices/redeem",
            redeem,
            Op::new("Redeem an activation code")
                .about("What a device does that was given a code: it learns who it is and where to dial in.")
                .open()
                .takes::<RedeemRequest>()
                .answers::<Redeemed>(200)
                .fails(&[400, 404, 409]),
        )
        .get(
            "/devices/{id}/screen",
            screen,
            Op::new("Show what is on a device's screens")
                .about("For simulated devices: the main screen now and when idle, and the web apps of Room Navigators. Administrators may, also read-only ones.")
                .answers::<DeviceScreen>(200)
                .fails(DEVICE)
                .fails(&[409]),
        )
        .post(
            "/devices/{id}/status",
            set_status,
            Op::new("Set a status of a device")
                .about(WHO)
                .takes::<SetStatus>()
                .empty(204)
                .fails(DEVICE),
        )
        .delete(
            "/devices/{id}/status",
            remove_status,
            Op::new("Remove a status of a device")
                .about(WHO)
                .required_query(
                    "path",
                    "What to remove, like `Peripherals.ConnectedDevice[1115]`.",
                )
                .empty(204)
                .fails(DEVICE),
        )
        .post(
            "/devices/{id}/events",
            emit,
            Op::new("Raise an event of a device")
                .about(WHO)
                .takes::<EmitEvent>()
                .empty(204)
                .fails(DEVICE),
        )
        .post(
            "/devices/{id}/navigators/{serial}/webApp/session",
            web_app_session,
            Op::new("Make a key for a Navigator's web app")
                .about("Stands for what the web engine of a Room Navigator puts into a page that may reach the xAPI: the device's WebSocket and a key for it. Only a full or device administrator may.")
                .answers::<WebAppSession>(200)
                .fails(DEVICE)
                .fails(&[409]),
        )
        .post(
            "/devices/{id}/connect",
            connect,
            Op::new("Connect a device").about(WHO).empty(204).fails(DEVICE),
        )
        .post(
            "/devices/{id}/disconnect",
            disconnect,
            Op::new("Disconnect a device").about(WHO).empty(204).fails(DEVICE),
        )
        .post(
            "/devices/{id}/reboot",
            reboot,
            Op::new("Reboot a device").about(WHO).empty(204).fails(DEVICE),
        )
}

async fn screen(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    Path(device): Path<String>,
) -> Result<Json<DeviceScreen>, ApiError> {
    Ok(Json(platform.device_screen(&caller, id(&device)?).await?))
}

async fn web_app_session(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    Path((device, serial)): Path<(String, String)>,
) -> Result<Json<WebAppSession>, ApiError> {
    let base = websocket_base(&platform);
    Ok(Json(
        platform
            .web_app_session(&caller, id(&device)?, &serial, &base)
            .await?,
    ))
}

async fn set_status(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    Path(device): Path<String>,
    Json(request): Json<SetStatus>,
) -> Result<StatusCode, ApiError> {
    platform
        .simulate_status(&caller, id(&device)?, &request.path, &request.value)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn remove_status(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    Path(device): Path<String>,
    query: Query,
) -> Result<StatusCode, ApiError> {
    platform
        .simulate_removal(&caller, id(&device)?, query.required("path")?)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn emit(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    Path(device): Path<String>,
    Json(request): Json<EmitEvent>,
) -> Result<StatusCode, ApiError> {
    platform
        .simulate_event(&caller, id(&device)?, &request.event, &request.value)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

fn host(app: &App) -> Result<Arc<dyn DeviceHost>, ApiError> {
    app.0.host.clone().ok_or_else(|| host_error(HostError::NotHere))
}

fn host_error(error: HostError) -> ApiError {
    ApiError::new(
        StatusCode::CONFLICT,
        format!("The device cannot be switched: {error}."),
    )
}

async fn connect(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(device): Path<String>,
) -> Result<StatusCode, ApiError> {
    let device: DeviceId = id(&device)?;
    app.0.platform.may_simulate(&caller, device).await?;
    host(&app)?.connect(device).await.map_err(host_error)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn disconnect(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(device): Path<String>,
) -> Result<StatusCode, ApiError> {
    let device: DeviceId = id(&device)?;
    app.0.platform.may_simulate(&caller, device).await?;
    host(&app)?.disconnect(device).await.map_err(host_error)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn reboot(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    Path(device): Path<String>,
) -> Result<StatusCode, ApiError> {
    platform.simulate_reboot(&caller, id(&device)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Without a token: the code is what the device has.
async fn redeem(
    State(platform): State<Arc<Platform>>,
    Json(request): Json<RedeemRequest>,
) -> Result<Json<Redeemed>, ApiError> {
    let base = websocket_base(&platform);
    Ok(Json(platform.redeem_device_code(request, &base).await?))
}

/// Where WebSockets of this Hallway are.
fn websocket_base(platform: &Platform) -> String {
    let public = &platform.config().public_url;
    public
        .strip_prefix("http")
        .map_or_else(|| public.clone(), |rest| format!("ws{rest}"))
}
