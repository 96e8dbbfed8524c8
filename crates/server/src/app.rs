//! What handlers share, and the router that puts them together.

use std::num::NonZeroU32;
use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use axum::Router;
use axum::extract::FromRef;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use hallway_platform::Platform;
use hallway_wire::id::DeviceId;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::contract::Contracts;
use crate::metrics::Metrics;

/// Settings of the HTTP side.
#[derive(Clone, Debug, Default)]
pub struct ServerConfig {
    /// Requests per minute and token; `None`: no limit. An organization as a whole has 50 times that.
    pub requests_per_minute: Option<NonZeroU32>,
    /// Origins whose pages may call the API; `*` is any.
    pub cors_origins: Vec<String>,
    /// The certificate (PEM) of the local authority, where hosts are intercepted.
    pub authority: Option<String>,
}

/// Why a device could not be taken off line or back.
#[derive(Clone, Debug, thiserror::Error)]
pub enum HostError {
    #[error("this is not a simulated device of this Hallway")]
    NotHere,
    #[error("{0}")]
    Failed(String),
}

/// Whoever runs the simulated devices of this process.
#[async_trait]
pub trait DeviceHost: Send + Sync {
    /// Links a simulated device up.
    async fn connect(&self, id: DeviceId) -> Result<(), HostError>;
    /// Takes its link away.
    async fn disconnect(&self, id: DeviceId) -> Result<(), HostError>;
}

pub(crate) type Limiter = DefaultKeyedRateLimiter<[u8; 8]>;
pub(crate) type OrgLimiter = DefaultKeyedRateLimiter<uuid::Uuid>;

/// How many times the limit of a token an organization has: with many tokens it must not exhaust the others.
pub(crate) const ORG_SHARE: u32 = 50;

/// What handlers share.
#[derive(Clone)]
#[expect(missing_debug_implementations, reason = "ports are trait objects")]
pub struct App(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) platform: Arc<Platform>,
    pub(crate) host: Option<Arc<dyn DeviceHost>>,
    pub(crate) limiter: Option<Limiter>,
    pub(crate) org_limiter: Option<OrgLimiter>,
    pub(crate) metrics: Metrics,
    pub(crate) config: ServerConfig,
    pub(crate) contracts: OnceLock<Contracts>,
    /// Links of devices.
    pub(crate) tasks: TaskTracker,
    pub(crate) stop: CancellationToken,
}

impl App {
    /// Puts together what handlers share.
    ///
    /// # Errors
    /// The metrics cannot be registered.
    pub fn new(
        platform: Arc<Platform>,
        host: Option<Arc<dyn DeviceHost>>,
        config: ServerConfig,
        stop: CancellationToken,
    ) -> Result<Self, prometheus::Error> {
        let limiter = config
            .requests_per_minute
            .map(|limit| RateLimiter::keyed(Quota::per_minute(limit)));
        let org_limiter = config.requests_per_minute.map(|limit| {
            let limit = limit.saturating_mul(NonZeroU32::MIN.saturating_add(ORG_SHARE - 1));
            RateLimiter::keyed(Quota::per_minute(limit))
        });
        let faults = Arc::clone(platform.faults());
        Ok(Self(Arc::new(Inner {
            platform,
            host,
            limiter,
            org_limiter,
            metrics: Metrics::new(faults)?,
            config,
            contracts: OnceLock::new(),
            tasks: TaskTracker::new(),
            stop,
        })))
    }
}

impl App {
    /// Waits until the links of devices have ended, after `stop` was cancelled.
    pub async fn links_ended(&self) {
        self.0.tasks.close();
        self.0.tasks.wait().await;
    }
}

impl FromRef<App> for Arc<Platform> {
    fn from_ref(app: &App) -> Self {
        Arc::clone(&app.0.platform)
    }
}

/// All routes. `more` are those that the binary adds (the local API of simulated devices).
pub fn router(app: App, more: Router) -> Router {
    let (routes, _) = crate::describe::whole().into_parts();
    let routes = routes
        .with_state(app.clone())
        .merge(more)
        .fallback(crate::error::no_route)
        .method_not_allowed_fallback(crate::error::no_method);
    routes.layer(axum::middleware::from_fn_with_state(app, crate::tracking::track))
}
