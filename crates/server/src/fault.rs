//! Faults on demand, where requests come in: error answers, latency, closed connections, expired tokens.
//!
//! `tracking.rs` asks [`inject`] only while there are faults. The answer carries the faults that struck in its
//! tracking id.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use hallway_platform::fault::Ids;
use hallway_platform::fault::{Asked, Faults, RequestEffect};
use hallway_platform::{Error, Principal};
use hallway_wire::id::{AppId, DeviceId};
use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{IntCounterVec, Opts};
use serde::Deserialize;

use crate::app::App;
use crate::auth::bearer_of;
use crate::body;
use crate::error::ApiError;
use crate::query::Query;
use crate::tracking::TrackingId;

/// Marks an answer that is not sent: the listener closes the connection instead.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Close;

/// Marks an answer with the faults that struck its request.
#[derive(Clone, Debug)]
pub(crate) struct Injected(pub(crate) Ids);

/// The status of an answer that is not sent, in logs and figures only.
const NOT_SENT: u16 = 444;

/// The route with which an integration polls its queue.
const POLL: &str = "/xapi/api/organizations/{org}/apps/{app}/queue";

/// Longest tracking id.
const MAX_TRACKING: usize = 128;

/// Handles a request as its faults want it.
pub(crate) async fn inject(app: &App, mut request: Request, next: Next) -> Response {
    let platform = &app.0.platform;
    // Whoever is unknown belongs to no organization, and has its faults.
    let Some(token) = bearer_of(request.headers()) else {
        return next.run(request).await;
    };
    let Ok(principal) = platform.authenticate(token).await else {
        return next.run(request).await;
    };
    let faults = platform.faults();
    let mut devices = Vec::new();
    if faults.name_devices(principal.org) {
        (request, devices) = match named_devices(request).await {
            Ok(found) => found,
            Err(error) => return error.into_response(),
        };
    }
    let struck = faults.on_request(&Asked {
        principal: &principal,
        method: request.method().as_str(),
        path: request.uri().path(),
        polls: polls(&request, &principal),
        devices: &devices,
    });
    let mut ids = Ids::default();
    let mut effect = None;
    if let Some(struck) = struck {
        tracing::info!(
            fault = %struck.ids,
            method = %request.method(),
            path = request.uri().path(),
            tracking_id = request.extensions().get::<TrackingId>().map_or("", |id| &*id.0),
            effect = ?struck.effect,
            latency = ?struck.latency,
            "a fault strikes a request"
        );
        if !struck.latency.is_zero() {
            tokio::select! {
                () = tokio::time::sleep(struck.latency) => {}
                () = app.0.stop.cancelled() => {}
            }
        }
        effect = struck.effect;
        ids = struck.ids;
    }
    let mut response = match effect {
        Some(effect) => answer(effect, &ids),
        None => next.run(request).await,
    };
    if response.status() == StatusCode::GATEWAY_TIMEOUT {
        let away = devices
            .iter()
            .filter_map(|device| faults.offline(principal.org, *device));
        away.for_each(|id| ids.add(id));
    }
    if !ids.is_empty() {
        response.extensions_mut().insert(Injected(ids));
    }
    response
}

fn answer(effect: RequestEffect, ids: &Ids) -> Response {
    match effect {
        RequestEffect::ExpiredToken => ApiError::from(Error::Unauthenticated).into_response(),
        RequestEffect::Status {
            status,
            retry_after,
            message,
        } => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            let message = message.unwrap_or_else(|| format!("The fault {ids} was ordered for this request."));
            ApiError::new(status, message)
                .retry_after(retry_after)
                .into_response()
        }
        RequestEffect::Close => {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::from_u16(NOT_SENT).unwrap_or(StatusCode::BAD_GATEWAY);
            response.extensions_mut().insert(Close);
            response
        }
    }
}

/// The integration that polls its own queue.
fn polls(request: &Request, principal: &Principal) -> Option<AppId> {
    let (_, app) = principal.machine?;
    let route = request.extensions().get::<MatchedPath>()?;
    (route.as_str() == POLL && request.method() == Method::GET).then_some(app)
}

/// The member of bodies that names a device.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NamesDevice {
    device_id: DeviceId,
}

/// The devices that a request names in its path, its query or its body, and the request again.
async fn named_devices(request: Request) -> Result<(Request, Vec<DeviceId>), ApiError> {
    let mut devices: Vec<DeviceId> = Vec::new();
    let segments = request.uri().path().split('/');
    devices.extend(segments.filter_map(|segment| segment.parse::<DeviceId>().ok()));
    let query = Query::parse(request.uri().query().unwrap_or_default());
    devices.extend(
        query
            .list("deviceId")
            .filter_map(|text| text.parse::<DeviceId>().ok()),
    );
    let writes = [Method::POST, Method::PUT, Method::PATCH].contains(request.method());
    if !writes || !is_json(request.headers()) {
        return Ok((request, devices));
    }
    let (parts, body) = request.into_parts();
    let bytes = body::read(body).await?;
    if let Ok(named) = serde_json::from_slice::<NamesDevice>(&bytes) {
        devices.push(named.device_id);
    }
    Ok((Request::from_parts(parts, Body::from(bytes)), devices))
}

fn is_json(headers: &HeaderMap) -> bool {
    body::check_json(headers).is_ok()
}

/// The tracking id with the faults in it.
pub(crate) fn marked(tracking_id: &str, ids: &Ids) -> Arc<str> {
    let mut mark = format!("_FAULT_{ids}");
    mark.truncate(MAX_TRACKING);
    let room = MAX_TRACKING - mark.len();
    // Both are ASCII: tracking ids are checked when they come in.
    let kept = tracking_id.get(..room).unwrap_or(tracking_id);
    Arc::from(format!("{kept}{mark}"))
}

/// How often faults struck, for Prometheus.
pub(crate) struct FaultFigures {
    faults: Arc<Faults>,
    desc: Desc,
}

const NAME: &str = "hallway_faults_injected_total";
const HELP: &str = "Ordered faults that struck, by effect.";

impl FaultFigures {
    pub(crate) fn new(faults: Arc<Faults>) -> Result<Self, prometheus::Error> {
        let desc = Desc::new(
            NAME.to_owned(),
            HELP.to_owned(),
            vec!["effect".to_owned()],
            Default::default(),
        )?;
        Ok(Self { faults, desc })
    }
}

impl Collector for FaultFigures {
    fn desc(&self) -> Vec<&Desc> {
        vec![&self.desc]
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let Ok(counters) = IntCounterVec::new(Opts::new(NAME, HELP), &["effect"]) else {
            return Vec::new();
        };
        for (effect, count) in self.faults.struck().all() {
            counters.with_label_values(&[effect]).inc_by(count);
        }
        counters.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tracking_ids_are_marked_and_stay_short() {
        let mut ids = Ids::default();
        ids.add(Arc::from("0a0b0c0d"));
        assert_eq!(&*marked("CLIENT_1", &ids), "CLIENT_1_FAULT_0a0b0c0d");
        ids.add(Arc::from("ffffffff"));
        let long = marked(&"x".repeat(128), &ids);
        assert_eq!(long.len(), 128);
        assert!(long.starts_with('x') && long.ends_with("_FAULT_0a0b0c0d+ffffffff"));
        for number in 0..100 {
            ids.add(Arc::from(format!("{number:08x}")));
        }
        assert_eq!(marked("HALLWAY", &ids).len(), 128);
    }

    #[tokio::test]
    async fn devices_are_found_wherever_they_are_named() {
        let device = DeviceId::random();
        let named = async |method: &str, uri: String, body: String| {
            let request = Request::builder()
                .method(method)
                .uri(uri)
                .header("content-type", "application/json")
                .body(Body::from(body.clone()))
                .unwrap();
            let (request, devices) = named_devices(request).await.ok().unwrap();
            let again = body::read(request.into_body()).await.ok().unwrap();
            assert_eq!(again, body.as_bytes());
            devices
        };
        let in_body = format!(r#"{{"arguments":{{}},"deviceId":"{device}"}}"#);
        assert_eq!(
            named("POST", "/v1/xapi/command/Dial".into(), in_body.clone()).await,
            [device]
        );
        assert_eq!(
            named("GET", format!("/v1/devices/{device}"), String::new()).await,
            [device]
        );
        let query = format!("/v1/xapi/status?deviceId={}&name=Audio.Volume", device.uuid());
        assert_eq!(named("GET", query, String::new()).await, [device]);
        assert!(named("POST", "/v1/devices".into(), "{".into()).await.is_empty());
        assert!(named("GET", "/v1/devices".into(), in_body).await.is_empty());
    }
}
