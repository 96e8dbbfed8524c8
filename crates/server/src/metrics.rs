//! Figures for Prometheus, and whether Hallway is alive and ready.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hallway_platform::Platform;
use hallway_platform::fault::Faults;
use prometheus::{HistogramOpts, HistogramVec, IntCounterVec, IntGauge, Opts, Registry, TextEncoder};
use schemars::JsonSchema;
use serde::Serialize;

use crate::app::App;
use crate::body::Json;
use crate::describe::{Api, Op};
use crate::error::ApiError;
use crate::fault::FaultFigures;

/// The figures.
pub(crate) struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    seconds: HistogramVec,
    linked_devices: IntGauge,
    waiting: IntGauge,
}

impl Metrics {
    pub(crate) fn new(faults: Arc<Faults>) -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let requests = IntCounterVec::new(
            Opts::new(
                "hallway_http_requests_total",
                "Requests answered, by route and status.",
            ),
            &["method", "route", "status"],
        )?;
        let seconds = HistogramVec::new(
            HistogramOpts::new(
                "hallway_http_request_seconds",
                "Time from a request to its answer, in seconds.",
            )
            .buckets(vec![0.001, 0.005, 0.02, 0.1, 0.5, 2.0, 10.0, 30.0]),
            &["route"],
        )?;
        let linked_devices = IntGauge::new("hallway_linked_devices", "Devices with an open link.")?;
        let waiting = IntGauge::new(
            "hallway_notifications_waiting",
            "Notifications that wait for delivery.",
        )?;
        registry.register(Box::new(requests.clone()))?;
        registry.register(Box::new(seconds.clone()))?;
        registry.register(Box::new(linked_devices.clone()))?;
        registry.register(Box::new(waiting.clone()))?;
        registry.register(Box::new(FaultFigures::new(faults)?))?;
        Ok(Self {
            registry,
            requests,
            seconds,
            linked_devices,
            waiting,
        })
    }

    pub(crate) fn request(&self, method: &Method, route: &str, status: StatusCode, elapsed: Duration) {
        self.requests
            .with_label_values(&[method.as_str(), route, status.as_str()])
            .inc();
        self.seconds
            .with_label_values(&[route])
            .observe(elapsed.as_secs_f64());
    }
}

pub(crate) fn routes() -> Api {
    Api::new("Hallway: house")
        .get(
            "/healthz",
            healthz,
            Op::new("Check that the process answers")
                .open()
                .answers::<Wellness>(200),
        )
        .get(
            "/readyz",
            readyz,
            Op::new("Check that the store answers")
                .open()
                .answers::<Wellness>(200)
                .fails(&[503]),
        )
        .get(
            "/metrics",
            metrics,
            Op::new("Get the figures of the process")
                .about("In the text format of Prometheus. They tell nothing about an organization.")
                .open()
                .answers_as(200, "text/plain", None),
        )
}

/// How the process is.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Wellness {
    /// `ok` or `ready`
    status: &'static str,
}

/// `GET /metrics`: figures of the process; no organization's data.
async fn metrics(State(app): State<App>) -> Result<Response, ApiError> {
    let figures = &app.0.metrics;
    let platform = &app.0.platform;
    figures
        .linked_devices
        .set(i64::try_from(platform.links().len()).unwrap_or(i64::MAX));
    figures
        .waiting
        .set(i64::try_from(platform.notifications_waiting().await?).unwrap_or(i64::MAX));
    let text = TextEncoder::new()
        .encode_to_string(&figures.registry.gather())
        .map_err(|error| hallway_platform::Error::Internal(error.to_string()))?;
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response())
}

/// `GET /healthz`: the process answers.
async fn healthz() -> Json<Wellness> {
    Json(Wellness { status: "ok" })
}

/// `GET /readyz`: the store answers too.
async fn readyz(State(platform): State<Arc<Platform>>) -> Result<Json<Wellness>, ApiError> {
    match platform.ready().await {
        Ok(()) => Ok(Json(Wellness { status: "ready" })),
        Err(error) => {
            tracing::error!(%error, "not ready");
            Err(ApiError::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "The store does not answer.",
            ))
        }
    }
}
