//! Webhook senders, and those of actions.
//!
//! Each destination (an activation's webhook, or its actions URL) has up to [`MAX_WORKERS`] workers. A worker
//! leases a device's lane, posts its messages one after the other over a connection of its own, and takes the
//! next lane: order holds per device, and a slow answer holds up one device only. Workers come when there is
//! work for them and go when there was none for a while.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use bytes::Bytes;
use hallway_wire::Timestamp;
use hallway_wire::claims::JwtEnvelope;
use hallway_wire::control::DeliveryHealth;
use hallway_wire::id::{ActivationId, AppId, OrgId};
use hallway_wire::integration::{OperationalState, WebhookType};
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::crypto::{Vault, hmac_key, hmac_sha1_hex};
use crate::error::{Doing as _, Error, Result};
use crate::fault::{HOLD, MAX_LATENCY, Walk, What};
use crate::integration::{Activation, Listener, WebhookTarget, json_headers};
use crate::platform::Platform;
use crate::ports::{CourierError, Errand, MAX_ANSWER, Notification, Take, Target};

/// Most requests in flight to one destination.
const MAX_WORKERS: usize = 64;

/// Most messages of one device that a worker takes at once.
const LANE_BATCH: usize = 8;

/// A worker without work ends after this time; one stays.
const LINGER: Duration = Duration::from_secs(5);

/// Even without a nudge, a worker looks again after this time.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// Shortest pause before a worker looks again for a lane that is due.
const SOONEST_MS: i64 = 5;

/// Pauses after failed deliveries of an action, as multiples of `retry_first`.
const ACTION_PAUSES: [u32; 5] = [60, 300, 1800, 7200, 21600];

/// Headers of a webhook's deliveries; only the signature differs from one to the next.
pub(crate) struct WebhookHeaders {
    base: http::HeaderMap,
    key: Option<ring::hmac::Key>,
}

impl WebhookHeaders {
    /// The headers for this body.
    pub(crate) fn signed(&self, body: &[u8]) -> http::HeaderMap {
        let mut headers = self.base.clone();
        if let Some(key) = &self.key {
            let signature = hmac_sha1_hex(key, body);
            let value = HeaderValue::from_str(&signature).expect("hex is a header value");
            headers.insert(HeaderName::from_static("x-spark-signature"), value);
        }
        headers
    }
}

/// Opens a webhook's secrets and makes its headers.
pub(crate) fn webhook_headers(webhook: &WebhookTarget, vault: &Vault) -> Result<WebhookHeaders> {
    let mut base = json_headers();
    for (name, value) in &webhook.headers {
        if let (Ok(name), Some(Ok(value))) = (
            name.parse::<HeaderName>(),
            value.as_str().map(HeaderValue::from_str),
        ) {
            base.insert(name, value);
        }
    }
    base.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let open =
        |sealed: &Option<crate::crypto::Sealed>| sealed.as_ref().map(|sealed| vault.open(sealed)).transpose();
    let mut key = None;
    let authorization = match webhook.kind {
        WebhookType::HmacSignature => {
            key = open(&webhook.secret)?.map(|secret| hmac_key(&secret));
            None
        }
        WebhookType::BasicAuthentication => {
            let password = open(&webhook.password)?;
            let password = password.as_ref().map_or("", |password| password.expose());
            let pair = format!("{}:{password}", webhook.username.as_deref().unwrap_or_default());
            Some(format!(
                "Basic {}",
                base64::engine::general_purpose::STANDARD.encode(pair)
            ))
        }
        WebhookType::AuthorizationHeader => open(&webhook.secret)?.map(|secret| secret.expose().to_owned()),
        WebhookType::None => None,
    };
    if let Some(text) = authorization {
        let mut value = HeaderValue::from_str(&text)
            .map_err(|_| Error::Internal("a stored secret cannot be sent as a header".to_owned()))?;
        value.set_sensitive(true);
        base.insert(AUTHORIZATION, value);
    }
    Ok(WebhookHeaders { base, key })
}

/// How a destination is addressed.
enum Address {
    Webhook {
        target: Target,
        headers: Box<WebhookHeaders>,
    },
    Actions {
        target: Target,
    },
}

/// Where an activation's messages, or its actions, go.
struct Destination {
    queue: ActivationId,
    org: OrgId,
    app: AppId,
    address: Address,
    stop: CancellationToken,
    workers: AtomicUsize,
    idle: AtomicUsize,
    more: Notify,
    health: Arc<Mutex<Health>>,
}

/// What became of a batch.
#[derive(Default)]
struct Posted {
    /// Finished with.
    done: Vec<u64>,
    /// How many messages the receiver took.
    sent: u64,
    /// Why it did not go on.
    failed: Option<CourierError>,
    /// Whether a message waits for one that follows it.
    held: bool,
    /// Whether the integration was told the last that it is told.
    ends: bool,
}

/// How deliveries of an activation go. Outlives a change of the destination.
#[derive(Clone, Debug, Default)]
struct Health {
    delivered: u64,
    failed_attempts: u64,
    failures_in_a_row: u32,
    last_success: Option<Timestamp>,
    last_failure: Option<Timestamp>,
    last_error: Option<String>,
    failing_since: Option<Timestamp>,
    /// No attempt before this moment.
    paused_until: Option<Timestamp>,
    impaired: bool,
}

/// All destinations and their health.
#[derive(Default)]
pub(crate) struct Deliveries {
    destinations: Mutex<HashMap<ActivationId, Arc<Destination>>>,
    health: Mutex<HashMap<ActivationId, Arc<Mutex<Health>>>>,
}

impl Deliveries {
    fn health(&self, queue: ActivationId) -> Arc<Mutex<Health>> {
        let mut health = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(health.entry(queue).or_default())
    }

    /// Ends the workers of a queue; what waits there stays.
    pub(crate) fn stop(&self, queue: ActivationId) {
        let removed = self
            .destinations
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&queue);
        if let Some(destination) = removed {
            destination.stop.cancel();
        }
    }

    /// As [`Self::stop`], for good.
    pub(crate) fn forget(&self, queue: ActivationId) {
        self.stop(queue);
        let mut health = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        health.remove(&queue);
    }

    fn get(&self, queue: ActivationId) -> Option<Arc<Destination>> {
        self.destinations
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&queue)
            .cloned()
    }

    /// Counts messages that a poll took.
    pub(crate) fn count(&self, queue: ActivationId, messages: u64, now: Timestamp) {
        let health = self.health(queue);
        let mut health = health.lock().unwrap_or_else(PoisonError::into_inner);
        health.delivered += messages;
        health.last_success = Some(now);
        health.failing_since = None;
    }
}

impl Platform {
    /// Takes up deliveries where the last process left them.
    pub(crate) async fn resume_deliveries(&self) -> Result<()> {
        for activation in self.store.activations().await.doing("reading activations")? {
            self.start_deliveries(&activation).await?;
        }
        Ok(())
    }

    /// Starts the senders that an activation needs.
    pub(crate) async fn start_deliveries(&self, activation: &Activation) -> Result<()> {
        // What waits stays where it is until the organization is resumed.
        if !self.standings.is_active(activation.org) {
            return Ok(());
        }
        if let Listener::Webhook(webhook) = &activation.listener
            && !webhook.disabled
        {
            let target = self.webhook_target(webhook)?;
            let headers = Box::new(webhook_headers(webhook, &self.vault)?);
            self.open_destination(activation, activation.id, Address::Webhook { target, headers });
        }
        if let Some(url) = &activation.actions_url {
            let target = Target {
                url: url.clone(),
                mutual_tls: None,
                timeout: self.config.delivery_timeout,
                max_answer: MAX_ANSWER,
            };
            self.open_destination(activation, activation.actions_queue, Address::Actions { target });
        }
        Ok(())
    }

    /// Where a webhook's deliveries go.
    pub(crate) fn webhook_target(&self, webhook: &WebhookTarget) -> Result<Target> {
        let mutual_tls = match &webhook.mutual_tls {
            None => None,
            Some((certificate, key)) => Some((certificate.clone(), self.vault.open(key)?)),
        };
        Ok(Target {
            url: webhook.url.clone(),
            mutual_tls,
            timeout: self.config.delivery_timeout,
            max_answer: MAX_ANSWER,
        })
    }

    fn open_destination(&self, activation: &Activation, queue: ActivationId, address: Address) {
        let health = self.deliveries.health(queue);
        if queue == activation.id {
            // The process before this one may have noted it.
            let mut health = health.lock().unwrap_or_else(PoisonError::into_inner);
            health.impaired = activation.deliveries_impaired;
        }
        let destination = Arc::new(Destination {
            queue,
            org: activation.org,
            app: activation.app,
            address,
            stop: self.stop.child_token(),
            workers: AtomicUsize::new(0),
            idle: AtomicUsize::new(0),
            more: Notify::new(),
            health,
        });
        let before = self
            .deliveries
            .destinations
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(queue, Arc::clone(&destination));
        if let Some(before) = before {
            before.stop.cancel();
        }
        self.call_worker(&destination);
    }

    /// Sees to it that somebody looks at a queue, if its messages are sent from here.
    pub(crate) fn wake_sender(&self, queue: ActivationId) {
        if let Some(destination) = self.deliveries.get(queue) {
            self.call_worker(&destination);
        }
    }

    fn call_worker(&self, destination: &Arc<Destination>) {
        // A permit that nobody waits for is kept for the next who does: no call is lost.
        destination.more.notify_one();
        if destination.idle.load(Ordering::Acquire) > 0 {
            return;
        }
        let grow = |workers| (workers < MAX_WORKERS).then_some(workers + 1);
        if destination
            .workers
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, grow)
            .is_ok()
            && let Some(platform) = self.me.upgrade()
        {
            let destination = Arc::clone(destination);
            self.tasks.spawn(async move {
                platform.work(&destination).await;
            });
        }
    }

    /// One worker.
    async fn work(&self, destination: &Arc<Destination>) {
        let mut errand: Option<Box<dyn Errand>> = None;
        while !destination.stop.is_cancelled() {
            if let Some(until) = destination.paused(self.now()) {
                // While the destination fails, one worker tries and the others go.
                if destination.leave_unless_last() {
                    return;
                }
                tokio::select! {
                    () = destination.stop.cancelled() => break,
                    () = tokio::time::sleep(millis(until)) => {}
                }
                continue;
            }
            let now = self.now();
            let lease = now.plus_millis(lease_millis(self.config.delivery_timeout, self.faults.any()));
            let batch = match self
                .queue
                .lease(destination.queue, Take::Lane, LANE_BATCH, now, lease)
                .await
            {
                Ok(batch) => batch,
                Err(error) => {
                    tracing::error!(%error, app = %destination.app, "the queue cannot be read");
                    Vec::new()
                }
            };
            if batch.is_empty() {
                if self.rest(destination).await {
                    return;
                }
                continue;
            }
            if let Ok(stats) = self.queue.stats(destination.queue).await
                && stats.waiting > batch.len()
            {
                self.call_worker(destination);
            }
            self.deliver_lane(destination, &mut errand, batch).await;
        }
        destination.workers.fetch_sub(1, Ordering::AcqRel);
    }

    /// Waits for work. Returns whether the worker should end; it is not counted any more then.
    async fn rest(&self, destination: &Destination) -> bool {
        destination.idle.fetch_add(1, Ordering::AcqRel);
        let due = match self.queue.next_due(destination.queue).await {
            // Not at once: a due lane that is still leased would be asked for again and again.
            Ok(due) => due.map(|due| millis((due.millis() - self.now().millis()).max(SOONEST_MS))),
            Err(_) => None,
        };
        let only = destination.workers.load(Ordering::Acquire) == 1;
        let pause = due.unwrap_or(if only { LOOK_AGAIN } else { LINGER });
        let called = tokio::select! {
            () = destination.stop.cancelled() => false,
            () = destination.more.notified() => true,
            () = tokio::time::sleep(pause) => due.is_some() || only,
        };
        destination.idle.fetch_sub(1, Ordering::AcqRel);
        !called && destination.leave_unless_last()
    }

    /// Delivers messages of one device in order. What is not delivered goes back to its place.
    async fn deliver_lane(
        &self,
        destination: &Arc<Destination>,
        errand: &mut Option<Box<dyn Errand>>,
        batch: Vec<Notification>,
    ) {
        let faults = self.faults.any() && matches!(destination.address, Address::Webhook { .. });
        let Posted {
            done,
            sent,
            failed,
            held,
            ends,
        } = if faults {
            Box::pin(self.post_among_faults(destination, errand, &batch)).await
        } else {
            self.post_all(destination, errand, &batch).await
        };
        let now = self.now();
        let mut outcome = Ok(());
        if !done.is_empty() {
            outcome = self.queue.acknowledge(destination.queue, &done).await;
        }
        if sent > 0 {
            destination.succeeded(sent, now);
        }
        let back = || batch.iter().filter(|n| !done.contains(&n.seq));
        if let Some(error) = failed {
            *errand = None;
            let attempts = back().next().map_or(0, |n| n.attempts);
            let back: Vec<u64> = back().map(|n| n.seq).collect();
            let pause = self.pause(destination, attempts);
            tracing::warn!(
                app = %destination.app, %error, attempts = attempts + 1, pause_ms = pause, "delivery failed"
            );
            let impaired = destination.failed(&error, now, pause, self.config.impaired_after);
            let released = self
                .queue
                .release(destination.queue, &back, now.plus_millis(pause))
                .await;
            outcome = outcome.and(released);
            if impaired {
                self.note_operational(destination, OperationalState::Impaired)
                    .await;
            }
        } else if held {
            let back: Vec<u64> = back().map(|n| n.seq).collect();
            let pause = i64::try_from(HOLD.as_millis()).unwrap_or(i64::MAX);
            let released = self
                .queue
                .release(destination.queue, &back, now.plus_millis(pause))
                .await;
            outcome = outcome.and(released);
        } else if destination.recovered() {
            self.note_operational(destination, OperationalState::Operational)
                .await;
        }
        if let Err(error) = outcome {
            tracing::error!(%error, app = %destination.app, "the queue did not take the outcome of a delivery");
        }
        if ends {
            self.end_after_deprovision(destination).await;
        }
    }

    /// Posts one message after the other, until one fails.
    async fn post_all(
        &self,
        destination: &Destination,
        errand: &mut Option<Box<dyn Errand>>,
        batch: &[Notification],
    ) -> Posted {
        let mut posted = Posted::default();
        for notification in batch {
            match self.post(destination, errand, notification).await {
                Ok(last) => {
                    posted.ends |= last;
                    posted.sent += 1;
                    posted.done.push(notification.seq);
                }
                Err(error) => {
                    posted.failed = Some(error);
                    break;
                }
            }
        }
        posted
    }

    /// As [`Self::post_all`], with what was ordered to go wrong.
    async fn post_among_faults(
        &self,
        destination: &Destination,
        errand: &mut Option<Box<dyn Errand>>,
        batch: &[Notification],
    ) -> Posted {
        let mut posted = Posted::default();
        for step in Walk::new(&self.faults, destination.org, destination.app, false, batch) {
            if !step.latency.is_zero() {
                tokio::select! {
                    () = destination.stop.cancelled() => {}
                    () = tokio::time::sleep(step.latency) => {}
                }
            }
            let copies = match step.what {
                What::Send(copies) => copies,
                What::Fail(why) => {
                    posted.failed = Some(CourierError(why));
                    break;
                }
                What::Hold => {
                    posted.held = true;
                    break;
                }
            };
            for copy in 0..copies {
                match self.post(destination, errand, step.notification).await {
                    Ok(_) => posted.sent += 1,
                    // The receiver has it already: that it does not take it again is no failure.
                    Err(_) if copy > 0 => *errand = None,
                    Err(error) => {
                        posted.failed = Some(error);
                        return posted;
                    }
                }
            }
            posted.done.push(step.notification.seq);
        }
        posted
    }

    /// Posts one message. Returns whether it was the last that the integration is told.
    async fn post(
        &self,
        destination: &Destination,
        errand: &mut Option<Box<dyn Errand>>,
        notification: &Notification,
    ) -> Result<bool, CourierError> {
        let (target, headers, body, last) = match &destination.address {
            Address::Webhook { target, headers } => {
                let headers = headers.signed(&notification.body);
                (target, headers, notification.body.clone(), false)
            }
            Address::Actions { target } => {
                let fault = |error: Error| CourierError(error.to_string());
                let (jwt, last) = self.sign_action(&notification.body, self.now()).map_err(fault)?;
                let body =
                    serde_json::to_vec(&JwtEnvelope { jwt }).map_err(|e| CourierError(e.to_string()))?;
                (target, json_headers(), Bytes::from(body), last)
            }
        };
        let errand = match errand {
            Some(errand) => errand,
            None => errand.insert(self.courier.errand(target)?),
        };
        let answer = errand.post(&headers, body).await?;
        if (200..300).contains(&answer.status) {
            Ok(last)
        } else {
            Err(CourierError(format!("the receiver answered {}", answer.status)))
        }
    }

    /// How long to wait after a failure, in milliseconds.
    fn pause(&self, destination: &Destination, attempts: u32) -> i64 {
        let first = i64::try_from(self.config.retry_first.as_millis()).unwrap_or(i64::MAX);
        match destination.address {
            Address::Webhook { .. } => {
                let most = i64::try_from(self.config.retry_max.as_millis()).unwrap_or(i64::MAX);
                first.saturating_mul(1 << attempts.min(20)).min(most)
            }
            Address::Actions { .. } => {
                let step = ACTION_PAUSES[(attempts as usize).min(ACTION_PAUSES.len() - 1)];
                first.saturating_mul(i64::from(step))
            }
        }
    }

    async fn note_operational(&self, destination: &Destination, state: OperationalState) {
        let outcome = self
            .change_activation(destination.org, destination.app, Vec::new(), |activation| {
                activation.operational_state = state;
                activation.deliveries_impaired = state == OperationalState::Impaired;
                Ok(Vec::new())
            })
            .await;
        if let Err(error) = outcome {
            tracing::warn!(%error, app = %destination.app, "the operational state could not be stored");
        }
    }

    async fn end_after_deprovision(&self, destination: &Destination) {
        let found = self.store.activation(destination.org, destination.app).await;
        let Ok(Some(activation)) = found else { return };
        let its_own = activation.actions_queue == destination.queue && activation.ends.is_some();
        if its_own && let Err(error) = self.finish_deactivation(&activation).await {
            tracing::error!(%error, app = %destination.app, "an activation could not be ended");
        }
    }

    /// How deliveries of an activation go, for its administrator.
    pub(crate) async fn delivery_health(&self, activation: &Activation) -> Result<DeliveryHealth> {
        let stats = self.queue.stats(activation.id).await?;
        let health = self.deliveries.health(activation.id);
        let health = health.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Ok(DeliveryHealth {
            channel: match activation.listener {
                Listener::None => "none",
                Listener::Webhook(_) => "webhook",
                Listener::Queue(_) => "queue",
            }
            .to_owned(),
            waiting: stats.waiting as u64,
            delivered: health.delivered,
            dropped: stats.dropped,
            failed_attempts: health.failed_attempts,
            last_success: health.last_success,
            last_failure: health.last_failure,
            last_error: health.last_error,
            failing_since: health.failing_since,
        })
    }
}

impl Destination {
    /// How long the destination is still left alone, in milliseconds.
    fn paused(&self, now: Timestamp) -> Option<i64> {
        let health = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        health
            .paused_until
            .map(|until| until.millis() - now.millis())
            .filter(|left| *left > 0)
    }

    /// Stops counting a worker, unless it is the last one. Returns whether it may go.
    fn leave_unless_last(&self) -> bool {
        let shrink = |workers| (workers > 1).then(|| workers - 1);
        self.workers
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, shrink)
            .is_ok()
    }

    fn succeeded(&self, messages: u64, now: Timestamp) {
        let mut health = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        health.delivered += messages;
        health.last_success = Some(now);
        health.failures_in_a_row = 0;
        health.failing_since = None;
        health.paused_until = None;
    }

    /// Notes a failure. Returns whether the activation counts as impaired from now on.
    fn failed(&self, error: &CourierError, now: Timestamp, pause_ms: i64, impaired_after: Duration) -> bool {
        let mut health = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        health.failed_attempts += 1;
        health.failures_in_a_row = health.failures_in_a_row.saturating_add(1);
        health.last_failure = Some(now);
        health.last_error = Some(error.to_string());
        health.paused_until = Some(now.plus_millis(pause_ms));
        let since = *health.failing_since.get_or_insert(now);
        let long =
            u128::try_from(now.millis() - since.millis()).is_ok_and(|ms| ms >= impaired_after.as_millis());
        let newly = long && !health.impaired;
        health.impaired |= long;
        newly
    }

    /// Whether deliveries just became good again after the activation counted as impaired.
    fn recovered(&self) -> bool {
        let mut health = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut health.impaired)
    }
}

fn millis(millis: i64) -> Duration {
    Duration::from_millis(u64::try_from(millis).unwrap_or(0))
}

fn lease_millis(timeout: Duration, faults: bool) -> i64 {
    let held_up = if faults { MAX_LATENCY } else { Duration::ZERO };
    let lane = (timeout + held_up).saturating_mul(LANE_BATCH as u32) + Duration::from_secs(60);
    i64::try_from(lane.as_millis()).unwrap_or(i64::MAX)
}
