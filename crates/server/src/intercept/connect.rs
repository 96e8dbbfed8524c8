//! The way in by `CONNECT`, for clients that have the interceptor as their HTTPS proxy (RFC 9110, 9.3.6).

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::http::{HeaderValue, Method, Request, Response, StatusCode, header};
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use super::{Interception, hosts};
use crate::courier;
use crate::listen::{HEAD_TIME, MAX_HEADERS};

/// Most bytes of a request's head. It is one line and a few headers.
const MAX_HEAD: usize = 16 * 1024;

/// How long a host that passes may take to be reached.
const DIAL_TIME: Duration = Duration::from_secs(10);

/// Where a client wants to be connected.
pub(super) enum Goal {
    /// To a host that Hallway answers for.
    Here(&'static str),
    /// To another, which has been reached.
    There(TcpStream),
}

/// Why a client is not connected.
struct Refusal {
    status: StatusCode,
    why: String,
}

type Answer = Response<Full<Bytes>>;

/// Reads a request, answers it, and returns the connection as it goes on after a good `CONNECT`.
pub(super) async fn ask(
    socket: TcpStream,
    interception: &Arc<Interception>,
    stop: &CancellationToken,
) -> Option<(TokioIo<Upgraded>, Goal)> {
    let agreed: Arc<Mutex<Option<(OnUpgrade, Goal)>>> = Arc::default();
    let service = service_fn(|request| {
        let (agreed, interception) = (Arc::clone(&agreed), Arc::clone(interception));
        async move { Ok::<_, Infallible>(reply(request, &interception, &agreed).await) }
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_headers(MAX_HEADERS)
        .max_buf_size(MAX_HEAD)
        .serve_connection(TokioIo::new(socket), service)
        .with_upgrades();
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection to the interceptor broke");
        return None;
    }
    let (upgrade, goal) = agreed.lock().unwrap_or_else(PoisonError::into_inner).take()?;
    let upgraded = upgrade.await.ok()?;
    Some((TokioIo::new(upgraded), goal))
}

async fn reply(
    mut request: Request<Incoming>,
    interception: &Interception,
    agreed: &Mutex<Option<(OnUpgrade, Goal)>>,
) -> Answer {
    match goal(&request, interception).await {
        Ok(goal) => {
            let upgrade = hyper::upgrade::on(&mut request);
            *agreed.lock().unwrap_or_else(PoisonError::into_inner) = Some((upgrade, goal));
            Response::new(Full::default())
        }
        Err(Refusal { status, why }) => {
            tracing::info!(target = %request.uri(), status = status.as_u16(), why, "not connected");
            let mut answer = Response::new(Full::from(format!("{why}\n")));
            *answer.status_mut() = status;
            let headers = answer.headers_mut();
            let plain = HeaderValue::from_static("text/plain; charset=utf-8");
            headers.insert(header::CONTENT_TYPE, plain);
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
            if status == StatusCode::METHOD_NOT_ALLOWED {
                headers.insert(header::ALLOW, HeaderValue::from_static("CONNECT"));
            }
            answer
        }
    }
}

async fn goal(request: &Request<Incoming>, interception: &Interception) -> Result<Goal, Refusal> {
    let refuse = |status, why: String| Err(Refusal { status, why });
    if request.method() != Method::CONNECT {
        let why = "This is Hallway's interceptor: it speaks TLS and CONNECT, and is no place to ask over plain \
                   HTTP. Name it as the HTTPS proxy (HTTPS_PROXY), not as the HTTP proxy or the API.";
        return refuse(StatusCode::METHOD_NOT_ALLOWED, why.to_owned());
    }
    let authority = request.uri().authority();
    let Some((host, port)) = authority.and_then(|target| Some((target.host(), target.port_u16()?))) else {
        let why = "CONNECT must name a host and a port, like CONNECT webexapis.com:443.";
        return refuse(StatusCode::BAD_REQUEST, why.to_owned());
    };
    let host = host.trim_matches(['[', ']']);
    if let Some(host) = hosts::known(host) {
        return if port == hosts::PORT {
            Ok(Goal::Here(host))
        } else {
            let why = format!("Hallway answers for {host} on port 443 only, not on {port}.");
            refuse(StatusCode::FORBIDDEN, why)
        };
    }
    if !interception
        .passing
        .iter()
        .any(|passing| passing.covers(host, port))
    {
        let name = if port == hosts::PORT {
            host.to_owned()
        } else {
            format!("{host}:{port}")
        };
        let why = format!(
            "Hallway does not answer for {host}, and it may not pass: --intercept-allow {name} lets it, \
             NO_PROXY={host} lets the client go there by itself."
        );
        return refuse(StatusCode::FORBIDDEN, why);
    }
    let dialled = courier::dial(interception.reach, host, port);
    match tokio::time::timeout(DIAL_TIME, dialled).await {
        Ok(Ok(target)) => Ok(Goal::There(target)),
        Ok(Err(error)) => refuse(StatusCode::BAD_GATEWAY, format!("Not connected: {error}.")),
        Err(_) => {
            let why = format!(
                "Not connected: {host}:{port} did not answer within {} s.",
                DIAL_TIME.as_secs()
            );
            refuse(StatusCode::GATEWAY_TIMEOUT, why)
        }
    }
}
