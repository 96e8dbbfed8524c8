//! What only simulated devices can be asked, and how a device registers.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::post;
use hallway_platform::Platform;
use hallway_wire::control::{EmitEvent, RedeemRequest, Redeemed, SetStatus};
use hallway_wire::id::DeviceId;

use crate::app::{App, DeviceHost, HostError};
use crate::auth::Authenticated;
use crate::body::Json;
use crate::error::ApiError;
use crate::query::{Query, id};

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/devices/redeem", post(redeem))
        .route("/devices/{id}/status", post(set_status).delete(remove_status))
        .route("/devices/{id}/events", post(emit))
        .route("/devices/{id}/connect", post(connect))
        .route("/devices/{id}/disconnect", post(disconnect))
        .route("/devices/{id}/reboot", post(reboot))
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
    let public = &platform.config().public_url;
    let base = public
        .strip_prefix("http")
        .map_or_else(|| public.clone(), |rest| format!("ws{rest}"));
    Ok(Json(platform.redeem_device_code(request, &base).await?))
}
