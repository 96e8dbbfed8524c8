//! What happens by itself as time passes. Each pass is idempotent; what one misses the next one does.

use std::sync::Arc;
use std::time::Duration;

use hallway_wire::Timestamp;

use crate::error::{Doing as _, Result};
use crate::platform::Platform;
use crate::ports::Write;

/// How often a pass is made.
const EVERY: Duration = Duration::from_secs(1);

/// Every how many passes expired tokens are deleted.
const TOKENS_EVERY: u64 = 3600;

impl Platform {
    /// Sweeps until the platform stops.
    pub(crate) async fn sweep_forever(self: Arc<Self>) {
        let mut ticks = tokio::time::interval(EVERY);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut pass = 0u64;
        let mut synced = tokio::time::Instant::now();
        loop {
            tokio::select! {
                () = self.stop.cancelled() => return,
                _ = ticks.tick() => {}
            }
            if let Err(error) = self.sweep(pass).await {
                tracing::warn!(%error, "a sweep failed");
            }
            let every = self.config.full_sync_every;
            if !every.is_zero() && synced.elapsed() >= every {
                synced = tokio::time::Instant::now();
                if let Err(error) = self.sync_everything().await {
                    tracing::warn!(%error, "the periodic full sync failed");
                }
            }
            pass += 1;
        }
    }

    async fn sweep(&self, pass: u64) -> Result<()> {
        let now = self.now();
        for (queue, dropped) in self.queue.sweep(now).await? {
            let found = self
                .store
                .activation_by_id(queue)
                .await
                .doing("reading an activation")?;
            let Some(activation) = found else { continue };
            tracing::warn!(app = %activation.app, dropped, "notifications were dropped: too old or too many");
            // After a gap, the complete set of values repairs what can be repaired.
            self.spawn_full_sync(&activation);
        }
        self.end_faults_that_are_due();
        if self.audiences.some_end_is_due(now) {
            self.end_what_is_due(now).await?;
        }
        if pass.is_multiple_of(TOKENS_EVERY) {
            self.store
                .commit(vec![Write::DeleteExpiredTokens(now)])
                .await
                .doing("deleting expired tokens")?;
            self.sweep_events().await?;
            self.sweep_audit(now).await?;
            self.sweep_orphans().await?;
            self.sweep_codes(now).await?;
        }
        self.sweep_hot_desks(pass, now).await?;
        self.sweep_metrics(pass).await?;
        Ok(())
    }

    async fn end_what_is_due(&self, now: Timestamp) -> Result<()> {
        for activation in self.store.activations().await.doing("reading activations")? {
            if activation.ends.is_some_and(|ends| ends <= now) {
                self.finish_deactivation(&activation).await?;
            }
        }
        Ok(())
    }

    /// A full sync of every device for every activation.
    async fn sync_everything(&self) -> Result<()> {
        for activation in self.store.activations().await.doing("reading activations")? {
            if activation.hears() {
                self.spawn_full_sync(&activation);
            }
        }
        Ok(())
    }
}
