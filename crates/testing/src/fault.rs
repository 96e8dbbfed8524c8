//! Things that go wrong when a test wants them to.

use std::time::Duration;

use hallway_sdk::Client;
use hallway_wire::fault::{Fault as Struck, FaultEffect, FaultRequest};
use http::Method;

use crate::install::Installed;
use crate::room::TestDevice;

/// What goes wrong, for whom, and how often. Without conditions it strikes everything of the organization.
///
/// ```no_run
/// # async fn example(office: hallway_testing::Office) {
/// use hallway_testing::Fault;
///
/// let storm = office.fault(Fault::status(429).retry_after(1).on("GET /v1/devices").times(3)).await;
/// // …
/// assert_eq!(storm.hits().await, 3);
/// # }
/// ```
#[must_use]
#[derive(Clone, Debug)]
pub struct Fault(FaultRequest);

impl Fault {
    fn of(effect: FaultEffect) -> Self {
        Self(FaultRequest::new(effect))
    }

    /// The answer is an error with this status.
    pub fn status(status: u16) -> Self {
        Self::of(FaultEffect::Status {
            status,
            retry_after: None,
            message: None,
        })
    }

    /// The answer takes so much longer.
    pub fn latency(latency: Duration) -> Self {
        Self::of(FaultEffect::Latency {
            min_ms: u64::try_from(latency.as_millis()).unwrap_or(u64::MAX),
            max_ms: None,
        })
    }

    /// The connection is closed without an answer.
    pub fn close() -> Self {
        Self::of(FaultEffect::Close)
    }

    /// The access token has expired.
    pub fn expired_token() -> Self {
        Self::of(FaultEffect::ExpiredToken)
    }

    /// A notification comes twice.
    pub fn duplicate() -> Self {
        Self::of(FaultEffect::Duplicate)
    }

    /// A notification comes after the one that follows it.
    pub fn reorder() -> Self {
        Self::of(FaultEffect::Reorder)
    }

    /// A notification never comes.
    pub fn drop() -> Self {
        Self::of(FaultEffect::Drop)
    }

    /// The device is away.
    pub fn offline() -> Self {
        Self::of(FaultEffect::Offline)
    }

    /// Seconds in `Retry-After`, for [`Fault::status`].
    pub fn retry_after(mut self, seconds: u64) -> Self {
        if let FaultEffect::Status { retry_after, .. } = &mut self.0.effect {
            *retry_after = Some(seconds);
        }
        self
    }

    /// Only requests of this kind: `GET /v1/people/{id}`, `/v1/xapi/*`.
    pub fn on(mut self, route: impl Into<String>) -> Self {
        self.0.route = Some(route.into());
        self
    }

    /// Only requests with tokens of this integration.
    pub fn by(mut self, installed: &Installed) -> Self {
        self.0.client = Some(installed.client_id().to_owned());
        self
    }

    /// Only notifications for this integration; its polls, where the fault is an answer.
    pub fn to(mut self, installed: &Installed) -> Self {
        self.0.integration = Some(installed.app());
        self
    }

    /// Only what concerns this device.
    pub fn at(mut self, device: &TestDevice) -> Self {
        self.0.device = Some(device.simulated().spec().id);
        self
    }

    /// Only the next so many.
    pub fn times(mut self, times: u64) -> Self {
        self.0.times = Some(times);
        self
    }

    /// Only this share of them; the same seed strikes the same ones.
    pub fn share(mut self, probability: f64, seed: u64) -> Self {
        self.0.probability = Some(probability);
        self.0.seed = Some(seed);
        self
    }

    pub(crate) async fn order(&self, admin: &Client, url: &str) -> Ordered {
        let call = admin.request(Method::POST, format!("{url}/hallway/v1/faults"));
        let fault: Struck = call.json(&self.0).read().await.unwrap();
        Ordered {
            admin: admin.clone(),
            url: format!("{url}/hallway/v1/faults/{}", fault.id),
        }
    }
}

/// A fault that was ordered. It stays until it is [lifted](Self::lift) or spent.
#[derive(Clone, Debug)]
pub struct Ordered {
    admin: Client,
    url: String,
}

impl Ordered {
    /// How often it struck.
    pub async fn hits(&self) -> u64 {
        let all = self.url.rsplit_once('/').map_or("", |(all, _)| all);
        let id = self.url.rsplit('/').next().unwrap_or_default();
        let answer: serde_json::Value = self.admin.request(Method::GET, all).read().await.unwrap();
        let items = answer["items"].as_array().cloned().unwrap_or_default();
        let found = items.iter().find(|fault| fault["id"] == id);
        found.and_then(|fault| fault["hits"].as_u64()).unwrap_or_default()
    }

    /// Waits until it struck so often.
    pub async fn struck(&self, times: u64) {
        let what = format!("a fault that strikes {times} times");
        crate::eventually(&what, async || (self.hits().await >= times).then_some(())).await;
    }

    /// Takes it back.
    pub async fn lift(self) {
        self.admin
            .request(Method::DELETE, &self.url)
            .done()
            .await
            .unwrap();
    }
}
