//! What happens around every request: its tracking id, its log line, its figures, and the body of its error.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use hallway_platform::crypto::random;

use crate::app::App;
use crate::error::ApiError;
use crate::fault::Injected;

/// The id under which a request can be found in the log.
#[derive(Clone, Debug)]
pub(crate) struct TrackingId(pub(crate) Arc<str>);

/// Header of the tracking id, as clients know it.
const HEADER: &str = "trackingid";

/// Takes the client's id if it is short and printable, and makes one otherwise.
fn tracking_id(headers: &HeaderMap) -> Arc<str> {
    let given = headers.get(HEADER).and_then(|value| value.to_str().ok());
    match given {
        Some(id) if (1..=128).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic()) => {
            Arc::from(id)
        }
        _ => {
            // Not `new_v4`, which asks the operating system each time.
            let id = uuid::Builder::from_random_bytes(random()).into_uuid();
            Arc::from(format!("HALLWAY_{id}"))
        }
    }
}

/// Wraps every route.
pub(crate) async fn track(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let id = tracking_id(request.headers());
    request.extensions_mut().insert(TrackingId(Arc::clone(&id)));
    let started = Instant::now();
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map(|route| route.as_str().to_owned());
    let origin = request.headers().get(header::ORIGIN).cloned();

    let response = if method == Method::OPTIONS && origin.is_some() {
        StatusCode::NO_CONTENT.into_response()
    } else if app.0.platform.faults().any() {
        Box::pin(crate::fault::inject(&app, request, next)).await
    } else {
        next.run(request).await
    };
    let injected = response.extensions().get::<Injected>().cloned();
    let id = match &injected {
        Some(Injected(faults)) => crate::fault::marked(&id, faults),
        None => id,
    };
    let allow = response.headers().get(header::ALLOW).cloned();
    let error = response.extensions().get::<ApiError>().cloned();
    let mut response = match &error {
        Some(error) => error.render(&id),
        None => response,
    };
    if let Some(allow) = allow {
        response.headers_mut().insert(header::ALLOW, allow);
    }
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(HEADER, value);
    }
    if let Some(origin) = origin {
        allow_origin(&app.0.config.cors_origins, &origin, response.headers_mut());
    }

    let status = response.status();
    let elapsed = started.elapsed();
    app.0
        .metrics
        .request(&method, route.as_deref().unwrap_or("none"), status, elapsed);
    let cause = error.as_ref().and_then(ApiError::cause);
    // 502 and 504 tell of a device that is away or restarting: no fault of ours.
    let elsewhere =
        injected.is_some() || matches!(status, StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT);
    if status.is_server_error() && !elsewhere {
        tracing::error!(%method, path, status = status.as_u16(), tracking_id = %id, cause, "request failed");
    } else {
        let millis = elapsed.as_secs_f64() * 1000.0;
        let fault = injected.map(|Injected(faults)| tracing::field::display(faults));
        tracing::debug!(%method, path, status = status.as_u16(), tracking_id = %id, millis, fault, "request");
    }
    response
}

/// Tells a browser that a page of an allowed origin may call.
fn allow_origin(allowed: &[String], origin: &HeaderValue, headers: &mut HeaderMap) {
    let known = origin
        .to_str()
        .is_ok_and(|origin| allowed.iter().any(|a| a == "*" || a == origin));
    if !known {
        return;
    }
    let set = [
        (
            header::ACCESS_CONTROL_ALLOW_METHODS,
            "GET, POST, PUT, PATCH, DELETE, OPTIONS",
        ),
        (
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            "Authorization, Content-Type, TrackingID, trackingid, spark-user-agent, Accept",
        ),
        (
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            "Link, Retry-After, Trackingid, Location",
        ),
        (header::VARY, "Origin"),
    ];
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    for (name, value) in set {
        headers.insert(name, HeaderValue::from_static(value));
    }
}
