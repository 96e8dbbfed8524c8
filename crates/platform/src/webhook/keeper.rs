//! The keeper tells the store what was delivered and what was tried, many at a time.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hallway_wire::id::WebhookId;
use tokio::sync::Notify;

use super::lane::Lane;
use crate::platform::Platform;
use crate::ports::Write;

/// What is done is gathered this long before the store is told; after a crash it may be delivered again.
const GATHER: Duration = Duration::from_millis(5);

/// How often attempts are written, listeners looked after.
const EVERY: Duration = Duration::from_secs(1);

/// Pause after the store refused.
const REFUSED: Duration = Duration::from_secs(1);

/// How long the keeper waits for the last workers when Hallway stops.
const LAST_WORKERS: Duration = Duration::from_secs(5);

/// What the store has not been told yet.
#[derive(Debug, Default)]
pub(super) struct Keeper {
    done: Mutex<HashMap<WebhookId, u64>>,
    pub(super) more: Notify,
    /// Workers that may still have something to say.
    pub(super) working: AtomicUsize,
}

impl Keeper {
    /// Everything of a webhook up to this number is done.
    pub(super) fn mark(&self, webhook: WebhookId, seq: u64) {
        let first = {
            let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
            let first = done.is_empty();
            let highest = done.entry(webhook).or_default();
            *highest = seq.max(*highest);
            first
        };
        if first {
            self.more.notify_one();
        }
    }

    fn take(&self) -> HashMap<WebhookId, u64> {
        std::mem::take(&mut *self.done.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Platform {
    /// Keeps until the platform stops and the last worker is gone.
    pub(crate) async fn keep_webhooks(self: Arc<Self>) {
        let mut ticks = tokio::time::interval(EVERY);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let keeper = &self.webhooks.keeper;
            tokio::select! {
                () = self.stop.cancelled() => break,
                () = keeper.more.notified() => {
                    tokio::time::sleep(GATHER).await;
                    if !self.write_done().await {
                        tokio::time::sleep(REFUSED).await;
                        keeper.more.notify_one();
                    }
                }
                _ = ticks.tick() => {
                    for lane in self.webhooks.lanes_where(Lane::has_unwritten) {
                        self.write_attempts(&lane).await;
                    }
                    self.end_silent_listeners().await;
                }
            }
        }
        let last = async {
            while self.webhooks.keeper.working.load(Ordering::Acquire) > 0 {
                self.webhooks.keeper.more.notified().await;
            }
        };
        // Whoever is later than this delivers once more at the next start.
        let _ = tokio::time::timeout(LAST_WORKERS, last).await;
        self.write_done().await;
        for lane in self.webhooks.lanes_where(Lane::has_unwritten) {
            self.write_attempts(&lane).await;
        }
    }

    /// Deletes what is done from the outbox. Returns whether the store took it.
    async fn write_done(&self) -> bool {
        let done = self.webhooks.keeper.take();
        if done.is_empty() {
            return true;
        }
        let deleted = |(webhook, seq): (&WebhookId, &u64)| Write::DeleteOutgoing(*webhook, Some(*seq));
        let writes = done.iter().map(deleted).collect();
        match self.store.commit(writes).await {
            Ok(()) => true,
            Err(error) => {
                tracing::error!(%error, "what was delivered to webhooks could not be noted");
                for (webhook, seq) in done {
                    self.webhooks.keeper.mark(webhook, seq);
                }
                false
            }
        }
    }
}
