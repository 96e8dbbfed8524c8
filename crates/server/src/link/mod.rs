//! Where devices dial in: `GET /hallway/v1/devices/{id}/link`, a WebSocket with the device's token.
//!
//! Frames are JSON-RPC. The platform sends requests (`xGet`, `xQuery`, `xSet`, `xCommand/...`); the device
//! sends reports as requests `xFeedback/Event`, and is answered when everything that follows from them is
//! durable.

use axum::extract::{FromRequestParts as _, Path, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use hallway_wire::id::DeviceId;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::app::App;
use crate::auth::bearer;
use crate::describe::{Api, Op};
use crate::error::ApiError;
use crate::query::id;

mod outbox;
mod session;

pub(crate) fn routes() -> Api {
    Api::new("Hallway: devices").get(
        "/devices/{id}/link",
        dial_in,
        Op::new("Dial in as a device")
            .about("A WebSocket with the token that redeeming the activation code answered; its frames are in /asyncapi.json.")
            .empty(101)
            .fails(&[426]),
    )
}

async fn dial_in(State(app): State<App>, request: Request) -> Result<Response, ApiError> {
    let (mut parts, _) = request.into_parts();
    let Path(device) = Path::<String>::from_request_parts(&mut parts, &app)
        .await
        .map_err(|error| ApiError::bad_request(error.to_string()))?;
    let device: DeviceId = id(&device)?;
    let token = bearer(&parts).ok_or(hallway_platform::Error::Unauthenticated)?;
    app.0.platform.authenticate_device(device, token).await?;
    let upgrade = parts
        .headers
        .get(header::UPGRADE)
        .and_then(|value| value.to_str().ok());
    let key = parts.headers.get(header::SEC_WEBSOCKET_KEY);
    let on_upgrade = parts.extensions.remove::<OnUpgrade>();
    let (Some(true), Some(key), Some(on_upgrade)) = (
        upgrade.map(|upgrade| upgrade.eq_ignore_ascii_case("websocket")),
        key,
        on_upgrade,
    ) else {
        return Err(ApiError::new(
            StatusCode::UPGRADE_REQUIRED,
            "Open a WebSocket here.",
        ));
    };
    let accept = derive_accept_key(key.as_bytes());
    let session = app.clone();
    app.0.tasks.spawn(async move {
        match on_upgrade.await {
            Ok(upgraded) => match upgraded.downcast::<TokioIo<TcpStream>>() {
                // A bare socket costs less memory than one wrapped in what the upgrade needed. What was read
                // already is copied, because it lies in the buffer of the request, which is much bigger.
                Ok(parts) => {
                    let (socket, read) = (parts.io.into_inner(), parts.read_buf.to_vec());
                    drop(parts.read_buf);
                    session::run(session, device, socket, read).await;
                }
                Err(upgraded) => {
                    Box::pin(session::run(session, device, TokioIo::new(upgraded), Vec::new())).await;
                }
            },
            Err(error) => tracing::debug!(?device, %error, "a device's link was not opened"),
        }
    });
    Ok((
        StatusCode::SWITCHING_PROTOCOLS,
        [
            (header::UPGRADE, "websocket".to_owned()),
            (header::CONNECTION, "Upgrade".to_owned()),
            (header::SEC_WEBSOCKET_ACCEPT, accept),
        ],
    )
        .into_response())
}
