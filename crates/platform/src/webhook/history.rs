//! The last attempts of each webhook, for whoever looks after its receiver; and making one again.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use bytes::Bytes;
use hallway_wire::id::WebhookId;
use hallway_wire::webhook::{Attempt, AttemptRequest, Status};
use http::HeaderMap;
use uuid::Uuid;

use super::index::Subscription;
use super::lane::{KEPT_ATTEMPTS, Lane, Made};
use super::subscription::Webhook;
use crate::caller::Caller;
use crate::error::{Doing as _, Error, Result};
use crate::platform::Platform;
use crate::ports::{NewAttempt, Write};

/// Headers as text, by name.
pub(super) fn shown(headers: &HeaderMap) -> BTreeMap<String, String> {
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), text(value)))
        .collect()
}

fn attempt(made: &Made) -> Attempt {
    Attempt {
        delivery_id: made.delivery,
        attempt: made.attempt,
        at: made.at,
        duration_ms: made.duration_ms,
        delivered: made.error.is_none(),
        status: made.status,
        error: made.error.clone(),
        redelivery: made.redelivery,
        request: AttemptRequest {
            url: made.to.webhook.target_url.clone(),
            headers: shown(&made.headers),
            body: String::from_utf8_lossy(&made.body).into_owned(),
        },
        answer: (!made.answer.is_empty()).then(|| String::from_utf8_lossy(&made.answer).into_owned()),
    }
}

impl Platform {
    /// Writes what was tried. What the store does not take is gone: it is for looking, not for doing.
    pub(super) async fn write_attempts(&self, lane: &Lane) {
        let next = {
            let unwritten = lane.unwritten.lock().unwrap_or_else(PoisonError::into_inner);
            unwritten.next
        };
        let next = match next {
            Some(next) => next,
            None => match self.store.attempts(lane.id, 1).await {
                Ok(newest) => newest.first().map_or(0, |(number, _)| number + 1),
                Err(error) => {
                    tracing::warn!(%error, webhook = ?lane.id, "the attempts of a webhook cannot be read");
                    return;
                }
            },
        };
        let made: Vec<(u64, Made)> = {
            let mut unwritten = lane.unwritten.lock().unwrap_or_else(PoisonError::into_inner);
            let first = *unwritten.next.get_or_insert(next);
            let made: Vec<(u64, Made)> = (first..).zip(unwritten.made.drain(..)).collect();
            unwritten.next = Some(first + made.len() as u64);
            made
        };
        let mut writes = Vec::with_capacity(made.len());
        for (number, made) in made {
            match serde_json::to_string(&attempt(&made)) {
                Ok(doc) => writes.push(Write::PutAttempt(NewAttempt {
                    webhook: lane.id,
                    slot: number % KEPT_ATTEMPTS,
                    number,
                    doc,
                })),
                Err(error) => tracing::error!(%error, "an attempt cannot be written as JSON"),
            }
        }
        if let Err(error) = self.store.commit(writes).await {
            tracing::warn!(%error, webhook = ?lane.id, "attempts of a webhook could not be kept");
        }
    }

    /// The last attempts of a webhook, newest first.
    ///
    /// # Errors
    /// The caller may not see the webhook.
    pub async fn webhook_attempts(&self, caller: &Caller, id: WebhookId, max: usize) -> Result<Vec<Attempt>> {
        self.webhook_to_look_after(caller, id).await?;
        self.attempts_of(id, max).await
    }

    async fn attempts_of(&self, id: WebhookId, max: usize) -> Result<Vec<Attempt>> {
        let lane = self.webhooks.lane(id);
        if lane.has_unwritten() {
            self.write_attempts(&lane).await;
        }
        let found = self.store.attempts(id, max).await;
        let found = found.doing("reading the attempts of a webhook")?;
        found
            .iter()
            .map(|(_, doc)| {
                serde_json::from_str(doc)
                    .map_err(|error| Error::Internal(format!("a stored attempt cannot be read: {error}")))
            })
            .collect()
    }

    /// Makes a delivery once more, now: the same bytes, under the same id, to where the webhook points today.
    /// It also reaches an inactive webhook, and counts neither for nor against it.
    ///
    /// # Errors
    /// The caller may not see the webhook; the delivery is not among the last ones.
    pub async fn redeliver(&self, caller: &Caller, id: WebhookId, delivery: Uuid) -> Result<Attempt> {
        let webhook = self.webhook_to_look_after(caller, id).await?;
        if webhook.listened {
            return Err(Error::conflict(
                "Nobody can be called here: a listener takes its deliveries by itself.",
            ));
        }
        let attempts = self
            .attempts_of(id, usize::try_from(KEPT_ATTEMPTS).unwrap_or(usize::MAX))
            .await?;
        let before = attempts.iter().filter(|attempt| attempt.delivery_id == delivery);
        let newest = before.max_by_key(|attempt| attempt.attempt);
        let newest = newest.ok_or(Error::NotFound { what: "delivery" })?;
        let to = Arc::new(Subscription::of(
            Webhook {
                status: Status::Active,
                ..webhook
            },
            &self.vault,
        )?);
        let lane = self.webhooks.lane(id);
        let body = Bytes::from(newest.request.body.clone());
        let number = newest.attempt.saturating_add(1);
        self.attempt(&lane, &to, &mut None, delivery, &body, number, true)
            .await;
        let attempts = self
            .attempts_of(id, usize::try_from(KEPT_ATTEMPTS).unwrap_or(usize::MAX))
            .await?;
        let made = attempts
            .into_iter()
            .find(|attempt| attempt.delivery_id == delivery && attempt.redelivery);
        made.ok_or_else(|| Error::Internal("an attempt that was just made is not kept".to_owned()))
    }
}
