//! A device on a port of its own: `ws://host:port/ws`, and nothing else.

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role as Side;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::conversation::websocket_config;
use super::session::reserve;
use super::users::{Denied, LocalUsers, decode, presented};
use crate::access::Access;
use crate::device::SimulatedDevice;
use crate::state::Power;

/// How long a client may take to ask.
const PATIENCE: Duration = Duration::from_secs(10);
/// Connections that are open at the same time, upgraded or not.
const CONNECTIONS: usize = 200;

/// Serves the local API of a device until it is told to stop, and waits for its connections to end.
pub async fn serve(
    device: SimulatedDevice,
    listener: TcpListener,
    users: LocalUsers,
    stop: CancellationToken,
) {
    accept(device, listener, users, None, stop).await;
}

/// As [`serve`], over TLS, as real devices do.
pub async fn serve_with_tls(
    device: SimulatedDevice,
    listener: TcpListener,
    users: LocalUsers,
    tls: TlsAcceptor,
    stop: CancellationToken,
) {
    accept(device, listener, users, Some(tls), stop).await;
}

async fn accept(
    device: SimulatedDevice,
    listener: TcpListener,
    users: LocalUsers,
    tls: Option<TlsAcceptor>,
    stop: CancellationToken,
) {
    let guests = TaskTracker::new();
    loop {
        let stream = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    // Out of file handles, most likely: let others close theirs.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
        };
        if guests.len() >= CONNECTIONS {
            continue;
        }
        let _ = stream.set_nodelay(true);
        let (device, users, tls, stop) = (device.clone(), users.clone(), tls.clone(), stop.clone());
        let sessions = guests.clone();
        guests.spawn(async move {
            match tls {
                None => converse(device, stream, users, sessions, stop).await,
                Some(tls) => match tokio::time::timeout(PATIENCE, tls.accept(stream)).await {
                    Ok(Ok(stream)) => converse(device, stream, users, sessions, stop).await,
                    _ => tracing::debug!("a TLS handshake failed"),
                },
            }
        });
    }
    guests.close();
    guests.wait().await;
}

async fn converse<S>(
    device: SimulatedDevice,
    stream: S,
    users: LocalUsers,
    sessions: TaskTracker,
    stop: CancellationToken,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(|request: Request<Incoming>| {
        let response = upgrade(&device, &users, request, &sessions, &stop);
        std::future::ready(Ok::<_, Infallible>(response))
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    tokio::select! {
        ended = connection => {
            if let Err(error) = ended {
                tracing::debug!(%error, "a connection ended badly");
            }
        }
        () = stop.cancelled() => {}
    }
}

/// Answers one request: 101 for what may open a session, and otherwise the status that clients of real
/// devices know what to do with (local-device-xapi 2).
fn upgrade(
    device: &SimulatedDevice,
    users: &LocalUsers,
    request: Request<Incoming>,
    sessions: &TaskTracker,
    stop: &CancellationToken,
) -> Response<Full<Bytes>> {
    if request.uri().path() != "/ws" {
        return refusal(StatusCode::NOT_FOUND);
    }
    if request.method() != http::Method::GET {
        return refusal(StatusCode::METHOD_NOT_ALLOWED);
    }
    if *device.power().borrow() != Power::On {
        return refusal(StatusCode::BAD_GATEWAY);
    }
    let headers = request.headers();
    let text = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let websocket = has_token(headers, &header::UPGRADE, "websocket")
        && has_token(headers, &header::CONNECTION, "upgrade")
        && text(header::SEC_WEBSOCKET_VERSION) == Some("13");
    let Some(key) = headers.get(header::SEC_WEBSOCKET_KEY).filter(|_| websocket) else {
        let mut response = refusal(StatusCode::UPGRADE_REQUIRED);
        response.headers_mut().insert(
            header::SEC_WEBSOCKET_VERSION,
            http::HeaderValue::from_static("13"),
        );
        return response;
    };
    let accept = derive_accept_key(key.as_bytes());
    let (protocol, authorization) = (text(header::SEC_WEBSOCKET_PROTOCOL), text(header::AUTHORIZATION));
    let admission = match users.authenticate(protocol, authorization) {
        Ok(admission) => Some((Access::from(admission.roles), admission.subprotocol)),
        Err(Denied) => web_app(device, protocol, authorization),
    };
    let Some((access, subprotocol)) = admission else {
        return refusal(StatusCode::FORBIDDEN);
    };
    let legacy = request.uri().query().is_some_and(|query| {
        query.split('&').any(|part| {
            part.split('=')
                .next()
                .is_some_and(|name| name.eq_ignore_ascii_case("legacy"))
        })
    });
    let Ok(reserved) = reserve(device, access, legacy) else {
        return refusal(StatusCode::SERVICE_UNAVAILABLE);
    };
    let mut response = Response::builder()
        .status(StatusCode::SWITCHING_PROTOCOLS)
        .header(header::CONNECTION, "Upgrade")
        .header(header::UPGRADE, "websocket")
        .header(header::SEC_WEBSOCKET_ACCEPT, accept);
    if let Some(subprotocol) = subprotocol {
        response = response.header(header::SEC_WEBSOCKET_PROTOCOL, subprotocol);
    }
    let Ok(response) = response.body(Full::default()) else {
        return refusal(StatusCode::BAD_REQUEST);
    };
    let stop = stop.clone();
    sessions.spawn(async move {
        match hyper::upgrade::on(request).await {
            Ok(upgraded) => {
                let io = TokioIo::new(upgraded);
                let socket =
                    WebSocketStream::from_raw_socket(io, Side::Server, Some(websocket_config())).await;
                reserved.run(socket, stop).await;
            }
            Err(error) => tracing::debug!(%error, "an upgrade failed"),
        }
    });
    response
}

/// A web app on a Room Navigator: its password is a key that the device made.
fn web_app(
    device: &SimulatedDevice,
    protocol: Option<&str>,
    authorization: Option<&str>,
) -> Option<(Access, Option<String>)> {
    let presented = presented(protocol, authorization)?;
    let (_, password) = decode(presented.token)?;
    Some((
        device.admit_web_app(&password)?,
        presented.subprotocol.map(str::to_owned),
    ))
}

fn refusal(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}

/// Whether a header that is a list of words has this one.
fn has_token(headers: &HeaderMap, name: &header::HeaderName, token: &str) -> bool {
    let values = headers
        .get_all(name)
        .into_iter()
        .filter_map(|value| value.to_str().ok());
    values
        .flat_map(|value| value.split(','))
        .any(|word| word.trim().eq_ignore_ascii_case(token))
}
