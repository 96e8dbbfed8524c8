//! The local WebSocket of simulated devices, on Hallway's own port.
//!
//! `/devices/{id}/ws` names the device in the path. Clients that know only `/ws` (jsxapi) name it as the
//! user: its id or its display name. The password is an access token that may use the device's xAPI, or the key
//! that the device made for the web app of a Room Navigator.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use hallway_device::local::session::reserve;
use hallway_device::local::users::{decode, presented};
use hallway_device::{Access, KEY_PREFIX, Power, SimulatedDevice};
use hallway_platform::{Caller, Platform};
use hallway_server::ApiError;
use hallway_wire::id::DeviceId;
use hallway_xapi::catalogue::{Role, Roles};
use hyper_util::rt::TokioIo;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role as Side;
use tokio_util::sync::CancellationToken;

use crate::devices::LocalDevices;

#[derive(Clone)]
struct LocalApi {
    platform: Arc<Platform>,
    devices: Arc<LocalDevices>,
    stop: CancellationToken,
}

/// The routes.
pub(crate) fn routes(platform: Arc<Platform>, devices: Arc<LocalDevices>, stop: CancellationToken) -> Router {
    Router::new()
        .route("/ws", get(by_user))
        .route("/devices/{id}/ws", get(by_path))
        .with_state(LocalApi {
            platform,
            devices,
            stop,
        })
}

async fn by_path(
    State(api): State<LocalApi>,
    Path(device): Path<String>,
    request: Request,
) -> Result<Response, ApiError> {
    let device: DeviceId = device
        .parse()
        .map_err(|_| ApiError::bad_request("Expect base64 ID or UUID."))?;
    let credentials = credentials(&request)?;
    open(&api, Some(device), credentials, request).await
}

async fn by_user(State(api): State<LocalApi>, request: Request) -> Result<Response, ApiError> {
    let credentials = credentials(&request)?;
    open(&api, None, credentials, request).await
}

/// What a client sent: user, password, and the subprotocol that carried them.
struct Credentials {
    user: String,
    password: String,
    subprotocol: Option<String>,
}

/// 403, and never 401: clients of real devices take 401 for something else.
fn denied() -> ApiError {
    ApiError::new(
        StatusCode::FORBIDDEN,
        "The user must name a simulated device of your organization, and the password be an access token.",
    )
}

fn credentials(request: &Request) -> Result<Credentials, ApiError> {
    let text = |name: HeaderName| request.headers().get(name).and_then(|value| value.to_str().ok());
    let presented =
        presented(text(header::SEC_WEBSOCKET_PROTOCOL), text(header::AUTHORIZATION)).ok_or_else(denied)?;
    let (user, password) = decode(presented.token).ok_or_else(denied)?;
    Ok(Credentials {
        user,
        password,
        subprotocol: presented.subprotocol.map(str::to_owned),
    })
}

/// What a person with an access token may do at a device that the person may see.
async fn person(api: &LocalApi, device: Option<&SimulatedDevice>, token: &str) -> Result<Access, ApiError> {
    let principal = api.platform.authenticate(token).await.map_err(|_| denied())?;
    let caller = Caller {
        principal,
        tracking_id: Arc::from(""),
        user_agent: None,
    };
    if !caller.has_scope("spark:xapi_commands")
        || !caller.has_scope("spark:xapi_statuses")
        || caller.machine.is_some()
    {
        return Err(denied());
    }
    // Another organization's device is as if it were not there.
    let device = device.ok_or_else(denied)?;
    api.platform
        .sees_device(&caller, device.spec().id)
        .await
        .map_err(|_| denied())?;
    // Whoever looks after devices is the device's administrator; others may use the room.
    let role = if caller.is_device_admin() {
        Role::Admin
    } else {
        Role::User
    };
    Ok(Roles::NONE.with(role).into())
}

async fn open(
    api: &LocalApi,
    device: Option<DeviceId>,
    credentials: Credentials,
    mut request: Request,
) -> Result<Response, ApiError> {
    let device = match device {
        Some(id) => api.devices.get(id),
        None => named(&api.devices, &credentials.user),
    };
    let access = if credentials.password.starts_with(KEY_PREFIX) {
        device
            .as_ref()
            .and_then(|device| device.admit_web_app(&credentials.password))
            .ok_or_else(denied)?
    } else {
        person(api, device.as_ref(), &credentials.password).await?
    };
    let device = device.ok_or_else(denied)?;
    if *device.power().borrow() != Power::On {
        return Err(ApiError::new(
            StatusCode::BAD_GATEWAY,
            "The device is restarting.",
        ));
    }
    let headers = request.headers();
    let wanted = headers
        .get(header::UPGRADE)
        .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"));
    let key = headers.get(header::SEC_WEBSOCKET_KEY).filter(|_| wanted).cloned();
    let key = key.ok_or_else(|| ApiError::new(StatusCode::UPGRADE_REQUIRED, "Open a WebSocket here."))?;
    let legacy = request
        .uri()
        .query()
        .is_some_and(|query| query.split('&').any(|part| part.starts_with("legacy")));
    let full = |_| {
        ApiError::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "The device has too many connections.",
        )
    };
    let reserved = reserve(&device, access, legacy).map_err(full)?;
    let upgrade = hyper::upgrade::on(&mut request);
    let stop = api.stop.clone();
    tokio::spawn(async move {
        if let Ok(upgraded) = upgrade.await {
            let socket = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Side::Server, None).await;
            reserved.run(socket, stop).await;
        }
    });
    let mut response = (
        StatusCode::SWITCHING_PROTOCOLS,
        [
            (header::UPGRADE, "websocket".to_owned()),
            (header::CONNECTION, "Upgrade".to_owned()),
            (header::SEC_WEBSOCKET_ACCEPT, derive_accept_key(key.as_bytes())),
        ],
    )
        .into_response();
    if let Some(subprotocol) = credentials.subprotocol
        && let Ok(value) = subprotocol.parse()
    {
        response
            .headers_mut()
            .insert(header::SEC_WEBSOCKET_PROTOCOL, value);
    }
    Ok(response)
}

/// The one device with this id or display name.
fn named(devices: &LocalDevices, name: &str) -> Option<SimulatedDevice> {
    if let Ok(id) = name.parse::<DeviceId>() {
        return devices.get(id);
    }
    let mut found = devices
        .all()
        .into_iter()
        .filter(|device| device.spec().name.eq_ignore_ascii_case(name));
    let first = found.next()?;
    found.next().is_none().then_some(first)
}
