//! The senders: one worker per webhook that has something waiting, one delivery after the other.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use bytes::Bytes;
use hallway_wire::id::{OrgId, WebhookId};
use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use uuid::Uuid;

use super::happening::delivery_header;
use super::index::Subscription;
use super::lane::{Lane, Made};
use super::subscription::Webhook;
use crate::crypto::hmac_hex;
use crate::error::{Doing as _, Result};
use crate::fault::{DeliveryEffect, Target as Struck};
use crate::platform::Platform;
use crate::ports::{Answer, CourierError, Errand, Outgoing, Target, Write};
use crate::records::Document as _;

/// Most deliveries that a worker reads at once.
const BATCH: usize = 128;

/// A worker without work keeps its connection this long.
const LINGER: Duration = Duration::from_secs(5);

/// How long a delivery in flight may take when Hallway stops; it is made again at the next start.
const LAST_MOMENT: Duration = Duration::from_secs(2);

/// Pause after a failed read of the store.
const STORE_PAUSE: Duration = Duration::from_secs(1);

/// Most bytes of a receiver's answer that are read (webhooks 5.4), and that are kept.
const READ_ANSWER: usize = 8 * 1024;
const KEPT_ANSWER: usize = 1024;

/// Longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(600);

/// A connection to the receiver of a webhook as it was when it was dialled.
pub(super) struct Dialled {
    to: Arc<Subscription>,
    errand: Box<dyn Errand>,
}

/// What became of a delivery.
enum Outcome {
    /// Delivered, or given up.
    Done,
    /// The webhook is gone or inactive.
    Gone,
    /// Hallway stops.
    Stopped,
    /// The organization was suspended: it is made again when that ends.
    Rests,
}

/// The headers of a delivery.
pub(super) fn headers(to: &Subscription, delivery: Uuid, body: &[u8], sha256: bool) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(8);
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/json;charset=UTF-8"),
    );
    headers.insert(
        USER_AGENT,
        HeaderValue::from_static(concat!("Hallway/", env!("CARGO_PKG_VERSION"))),
    );
    let mut set = |name: &'static str, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    };
    set("x-hallway-delivery", &delivery_header(delivery));
    if let Some(keys) = &to.keys {
        set("x-spark-signature", &hmac_hex(&keys.sha1, body));
        if sha256 {
            set(
                "x-webex-signature",
                &format!("sha256={}", hmac_hex(&keys.sha256, body)),
            );
        }
    }
    headers
}

/// What an attempt came to.
fn verdict(answer: &Result<Answer, CourierError>) -> (Option<u16>, Option<String>, Bytes) {
    match answer {
        Ok(answer) => {
            let kept = answer.body.slice(..answer.body.len().min(KEPT_ANSWER));
            let error = (!(200..300).contains(&answer.status))
                .then(|| format!("the receiver answered {}", answer.status));
            (Some(answer.status), error, kept)
        }
        Err(error) => (None, Some(error.to_string()), Bytes::new()),
    }
}

impl Platform {
    /// Takes up deliveries where the last process left them.
    pub(crate) async fn resume_webhooks(&self) -> Result<()> {
        self.load_webhooks().await?;
        let waiting = self.store.outgoing_waiting().await;
        for (webhook, count) in waiting.doing("reading the outbox of webhooks")? {
            let lane = self.webhooks.lane(webhook);
            lane.added(count);
            self.wake_lane(&lane);
        }
        Ok(())
    }

    /// Sees to it that somebody looks at a lane.
    pub(super) fn wake_lane(&self, lane: &Arc<Lane>) {
        let listened = self
            .webhooks
            .index
            .get(lane.id)
            .is_some_and(|it| it.webhook.listened);
        if !listened
            && !self.rests(lane)
            && !self.stop.is_cancelled()
            && lane.call()
            && let Some(platform) = self.me.upgrade()
        {
            let lane = Arc::clone(lane);
            self.webhooks.keeper.working.fetch_add(1, Ordering::AcqRel);
            self.tasks.spawn(async move {
                platform.work_lane(&lane).await;
                platform.webhooks.keeper.working.fetch_sub(1, Ordering::AcqRel);
                platform.webhooks.keeper.more.notify_one();
            });
        }
        lane.more.notify_one();
    }

    /// Whether a lane belongs to an organization that may not act: what waits stays where it is.
    fn rests(&self, lane: &Lane) -> bool {
        let subscription = self.webhooks.index.get(lane.id);
        subscription.is_some_and(|it| !self.standings.is_active(it.webhook.org))
    }

    /// Wakes the lanes of an organization: its workers rest while it is suspended, and go on afterwards.
    pub(crate) fn wake_lanes_of(&self, org: OrgId) {
        let ids = self.webhooks.index.ids_where(|webhook| webhook.org == org);
        for id in ids {
            let lane = self.webhooks.lane(id);
            self.wake_lane(&lane);
            lane.changed.notify_one();
        }
    }

    /// Forgets what is in memory of a webhook whose record goes with its organization.
    pub(crate) fn forget_webhook(&self, id: WebhookId) {
        self.webhooks.forget(id);
    }

    /// Shortens a lane that grew too long: the oldest go.
    pub(super) fn bound_lane(&self, lane: &Arc<Lane>) {
        let most = self.config.webhook_queue_max;
        // A little above, so that not every further event costs a write.
        if lane.waiting() <= most + most / 10 || !lane.begin_trimming() {
            return;
        }
        let Some(platform) = self.me.upgrade() else { return };
        let lane = Arc::clone(lane);
        self.tasks.spawn(async move {
            let trimmed = platform.store.commit(vec![Write::TrimOutgoing(lane.id, most)]).await;
            match trimmed {
                Ok(()) => {
                    tracing::warn!(webhook = ?lane.id, most, "a webhook's deliveries were too many: the oldest were dropped");
                    lane.set_waiting(most);
                }
                Err(error) => tracing::error!(%error, webhook = ?lane.id, "the outbox could not be shortened"),
            }
            lane.end_trimming();
        });
    }

    /// One worker.
    async fn work_lane(&self, lane: &Arc<Lane>) {
        let mut dialled = None;
        loop {
            if self.stop.is_cancelled() {
                return;
            }
            lane.answer();
            if self.rests(lane) {
                if lane.leave() {
                    return;
                }
                continue;
            }
            let read = self.store.outgoing(lane.id, lane.done(), BATCH).await;
            let batch = match read {
                Ok(batch) => batch,
                Err(error) => {
                    tracing::error!(%error, webhook = ?lane.id, "the outbox cannot be read");
                    tokio::select! {
                        () = self.stop.cancelled() => return,
                        () = tokio::time::sleep(STORE_PAUSE) => continue,
                    }
                }
            };
            if batch.is_empty() {
                lane.set_waiting(0);
                let here = self.webhooks.index.get(lane.id).is_some();
                let linger = if here { LINGER } else { Duration::ZERO };
                tokio::select! {
                    () = self.stop.cancelled() => return,
                    () = lane.more.notified() => continue,
                    () = tokio::time::sleep(linger) => {}
                }
                if !lane.leave() {
                    continue;
                }
                if !here
                    && matches!(
                        self.store
                            .record(Webhook::KIND, &lane.id.uuid().to_string())
                            .await,
                        Ok(None)
                    )
                {
                    self.webhooks.forget_lane(lane.id);
                }
                return;
            }
            for outgoing in batch {
                let seq = outgoing.seq;
                match self.deliver(lane, &mut dialled, outgoing).await {
                    // What was waiting for a webhook that is gone or inactive is dropped, one by one: what
                    // comes behind it may be for a webhook that was revived meanwhile.
                    Outcome::Done | Outcome::Gone => {
                        lane.finish(seq);
                        self.webhooks.keeper.mark(lane.id, seq);
                    }
                    Outcome::Stopped => return,
                    Outcome::Rests => break,
                }
            }
        }
    }

    /// Delivers one event, with as many attempts as it takes and may have.
    async fn deliver(&self, lane: &Lane, dialled: &mut Option<Dialled>, outgoing: Outgoing) -> Outcome {
        let body = Bytes::from(outgoing.body);
        let mut attempt = 0;
        loop {
            let Some(to) = self.webhooks.index.get(lane.id) else {
                return Outcome::Gone;
            };
            if self.rests(lane) {
                return Outcome::Rests;
            }
            attempt += 1;
            let trying = self.attempt(lane, &to, dialled, outgoing.delivery, &body, attempt, false);
            let made = tokio::select! {
                made = trying => made,
                () = self.last_moment() => return Outcome::Stopped,
            };
            let Some(error) = made else {
                lane.well();
                return Outcome::Done;
            };
            let failures = lane.failed();
            tracing::info!(webhook = ?lane.id, %error, attempt, failures, "a delivery failed");
            if failures >= self.config.webhook_failures_max {
                if let Err(error) = self.deactivate_webhook(lane.id, failures).await {
                    tracing::error!(%error, webhook = ?lane.id, "a webhook could not be deactivated");
                }
                lane.well();
                return Outcome::Gone;
            }
            if attempt >= self.config.webhook_attempts {
                return Outcome::Done;
            }
            tokio::select! {
                () = self.stop.cancelled() => return Outcome::Stopped,
                () = tokio::time::sleep(self.pause_after(attempt)) => {}
                () = lane.changed.notified() => {}
            }
        }
    }

    /// Some time after Hallway began to stop.
    async fn last_moment(&self) {
        self.stop.cancelled().await;
        tokio::time::sleep(LAST_MOMENT).await;
    }

    fn pause_after(&self, attempt: u32) -> Duration {
        let factor = 6u32.saturating_pow(attempt.saturating_sub(1));
        self.config
            .webhook_retry_first
            .saturating_mul(factor)
            .min(LONGEST_PAUSE)
    }

    /// One attempt. Returns why it failed; it is in the webhook's history either way.
    #[expect(clippy::too_many_arguments, reason = "they are what an attempt is made of")]
    pub(super) async fn attempt(
        &self,
        lane: &Lane,
        to: &Arc<Subscription>,
        dialled: &mut Option<Dialled>,
        delivery: Uuid,
        body: &Bytes,
        attempt: u32,
        redelivery: bool,
    ) -> Option<String> {
        let headers = headers(to, delivery, body, self.config.webhook_sha256);
        let at = self.now();
        let started = Instant::now();
        let places = self.webhooks.places(to.webhook.org);
        let answer = match places.acquire().await {
            Ok(_permit) => self.post_webhook(to, dialled, &headers, body).await,
            Err(_) => Err(CourierError("Hallway stops".to_owned())),
        };
        let (status, error, answer) = verdict(&answer);
        if status.is_none() {
            *dialled = None;
        }
        lane.note(Made {
            delivery,
            attempt,
            at,
            duration_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
            status,
            error: error.clone(),
            redelivery,
            to: Arc::clone(to),
            headers,
            body: body.clone(),
            answer,
        });
        error
    }

    async fn post_webhook(
        &self,
        to: &Arc<Subscription>,
        dialled: &mut Option<Dialled>,
        headers: &HeaderMap,
        body: &Bytes,
    ) -> Result<Answer, CourierError> {
        let mut twice = false;
        if self.faults.any()
            && let Some(fault) = self
                .faults
                .on_delivery(to.webhook.org, Struck::webhook(to.webhook.id))
        {
            fault.wait().await;
            let nothing = |status| Answer {
                status,
                ..Answer::default()
            };
            match fault.effect {
                Some(DeliveryEffect::Status(status)) => return Ok(nothing(status)),
                Some(DeliveryEffect::Drop) => return Ok(nothing(204)),
                Some(DeliveryEffect::Close) => {
                    return Err(CourierError("a fault closed the connection".to_owned()));
                }
                Some(DeliveryEffect::Duplicate) => twice = true,
                Some(DeliveryEffect::Reorder) | None => {}
            }
        }
        if dialled
            .as_ref()
            .is_none_or(|dialled| dialled.to.webhook.target_url != to.webhook.target_url)
        {
            let errand = self.courier.errand(&self.target_of(to))?;
            let to = Arc::clone(to);
            *dialled = Some(Dialled { to, errand });
        }
        let Some(dialled) = dialled else {
            return Err(CourierError("there is no connection".to_owned()));
        };
        if twice {
            dialled.errand.post(headers, body.clone()).await?;
        }
        dialled.errand.post(headers, body.clone()).await
    }

    fn target_of(&self, to: &Subscription) -> Target {
        self.target_at(&to.webhook.target_url)
    }

    /// How a receiver at this URL is addressed.
    pub(super) fn target_at(&self, url: &str) -> Target {
        Target {
            url: url.to_owned(),
            mutual_tls: None,
            timeout: self.config.webhook_timeout,
            max_answer: READ_ANSWER,
        }
    }
}
