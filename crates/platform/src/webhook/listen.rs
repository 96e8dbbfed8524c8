//! Listeners: webhooks without a receiver, for who develops at a place that cannot be called. The command
//! line asks for deliveries, forwards them to a local address, and says how that went.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use hallway_wire::Timestamp;
use hallway_wire::id::WebhookId;
use hallway_wire::webhook::{Heard, HeardReport, NewWebhook, Webhook as Shown};

use super::ending::leftovers;
use super::history::shown;
use super::lane::{Lane, Made};
use super::service::Purpose;
use super::subscription::Webhook;
use super::{deliver, index::Subscription};
use crate::caller::Caller;
use crate::error::{Doing as _, Error, Result};
use crate::platform::Platform;

/// Most deliveries in one answer, and most bytes of them.
const MAX_HEARD: usize = 100;
const MAX_BYTES: usize = 1 << 20;

/// Longest error that a listener may report.
const MAX_ERROR: usize = 1000;

/// When each listener was last there.
#[derive(Debug, Default)]
pub(super) struct Listeners(Mutex<HashMap<WebhookId, Timestamp>>);

impl Listeners {
    pub(super) fn seen(&self, id: WebhookId, now: Timestamp) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.insert(id, now);
    }

    pub(super) fn forget(&self, id: WebhookId) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.remove(&id);
    }

    fn silent_since(&self, before: Timestamp) -> Vec<WebhookId> {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let silent = seen.iter().filter(|(_, at)| **at < before);
        silent.map(|(id, _)| *id).collect()
    }
}

impl Platform {
    /// Begins to listen. It ends with [`Platform::end_listener`], or when nobody asked for a while.
    ///
    /// # Errors
    /// As for a webhook.
    pub async fn new_listener(&self, caller: &Caller, asked: &NewWebhook) -> Result<Shown> {
        let made = self.make_webhook(caller, asked, Purpose::Listener).await?;
        self.webhooks.listeners.seen(made.id, self.now());
        Ok(made)
    }

    /// Deliveries that wait for a listener. Returns as soon as there are any, or empty after a while. What was
    /// returned comes again until it is reported.
    ///
    /// # Errors
    /// It is no listener of the caller's.
    pub async fn hear(&self, caller: &Caller, id: WebhookId) -> Result<Vec<Heard>> {
        self.listener(caller, id).await?;
        let lane = self.webhooks.lane(id);
        let time_is_up = tokio::time::sleep(self.config.poll_hold);
        tokio::pin!(time_is_up);
        loop {
            self.webhooks.listeners.seen(id, self.now());
            let Some(to) = self.webhooks.index.get(id) else {
                return Err(Error::NotFound { what: "listener" });
            };
            let more = lane.more.notified();
            let heard = self.heard(&lane, &to).await?;
            if !heard.is_empty() {
                return Ok(heard);
            }
            tokio::select! {
                () = more => {}
                () = lane.changed.notified() => {}
                () = &mut time_is_up => return Ok(Vec::new()),
                () = self.stop.cancelled() => return Ok(Vec::new()),
            }
        }
    }

    async fn heard(&self, lane: &Lane, to: &Subscription) -> Result<Vec<Heard>> {
        let waiting = self.store.outgoing(lane.id, lane.done(), MAX_HEARD).await;
        let mut bytes = 0;
        let mut heard = Vec::new();
        for outgoing in waiting.doing("reading the outbox of a listener")? {
            bytes += outgoing.body.len();
            if bytes > MAX_BYTES && !heard.is_empty() {
                break;
            }
            let headers = deliver::headers(
                to,
                outgoing.delivery,
                outgoing.body.as_bytes(),
                self.config.webhook_sha256,
            );
            heard.push(Heard {
                seq: outgoing.seq,
                delivery_id: outgoing.delivery,
                headers: shown(&headers),
                body: outgoing.body,
            });
        }
        Ok(heard)
    }

    /// Takes a listener's reports: what is reported does not come again.
    ///
    /// # Errors
    /// It is no listener of the caller's.
    pub async fn report_heard(&self, caller: &Caller, id: WebhookId, reports: &[HeardReport]) -> Result<()> {
        self.listener(caller, id).await?;
        self.webhooks.listeners.seen(id, self.now());
        let lane = self.webhooks.lane(id);
        let Some(to) = self.webhooks.index.get(id) else {
            return Err(Error::NotFound { what: "listener" });
        };
        let waiting = self.store.outgoing(id, lane.done(), MAX_HEARD).await;
        for outgoing in waiting.doing("reading the outbox of a listener")? {
            let Some(report) = reports.iter().find(|report| report.seq == outgoing.seq) else {
                // What comes behind something that was not reported comes again with it.
                break;
            };
            let body = Bytes::from(outgoing.body);
            let refused = report.status.filter(|status| !(200..300).contains(status));
            let error = match (&report.error, refused) {
                (Some(error), _) => Some(error.chars().take(MAX_ERROR).collect()),
                (None, Some(status)) => Some(format!("the receiver answered {status}")),
                (None, None) if report.status.is_none() => Some("the receiver did not answer".to_owned()),
                (None, None) => None,
            };
            lane.note(Made {
                delivery: outgoing.delivery,
                attempt: 1,
                at: self.now(),
                duration_ms: report.duration_ms,
                status: report.status,
                error,
                redelivery: false,
                headers: deliver::headers(&to, outgoing.delivery, &body, self.config.webhook_sha256),
                to: Arc::clone(&to),
                body,
                answer: Bytes::new(),
            });
            lane.finish(outgoing.seq);
            self.webhooks.keeper.mark(id, outgoing.seq);
        }
        Ok(())
    }

    /// Ends listening.
    ///
    /// # Errors
    /// It is no listener of the caller's.
    pub async fn end_listener(&self, caller: &Caller, id: WebhookId) -> Result<()> {
        self.retrying(|| async {
            let key = id.uuid().to_string();
            let kept = self.demand::<Webhook>(caller.org, &key).await?;
            if !kept.listened || kept.creator != caller.person {
                return Err(Error::NotFound { what: "listener" });
            }
            let mut writes = vec![kept.delete()];
            writes.extend(leftovers(id));
            self.commit(writes).await
        })
        .await
    }

    async fn listener(&self, caller: &Caller, id: WebhookId) -> Result<Webhook> {
        let kept = self.get::<Webhook>(caller.org, &id.uuid().to_string()).await?;
        let own = kept.filter(|kept| kept.listened && kept.creator == caller.person);
        own.map(|kept| kept.doc)
            .ok_or(Error::NotFound { what: "listener" })
    }

    /// Ends listeners that nobody asked for a while: their process is gone.
    pub(super) async fn end_silent_listeners(&self) {
        let patience = i64::try_from(self.config.listener_patience.as_millis()).unwrap_or(i64::MAX);
        let before = self.now().plus_millis(patience.saturating_neg());
        for id in self.webhooks.listeners.silent_since(before) {
            let ended = self
                .retrying(|| async {
                    let Some(kept) = self.get_anywhere::<Webhook>(&id.uuid().to_string()).await? else {
                        self.webhooks.listeners.forget(id);
                        return Ok(());
                    };
                    let mut writes = vec![kept.delete()];
                    writes.extend(leftovers(id));
                    self.commit(writes).await
                })
                .await;
            match ended {
                Ok(()) => tracing::info!(listener = ?id, "a listener that was silent too long was ended"),
                Err(error) => tracing::warn!(%error, listener = ?id, "a silent listener could not be ended"),
            }
        }
    }
}
