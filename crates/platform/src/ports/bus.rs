//! Wakes those who wait. Truth lives in the store and the queue; the bus only says "look again".

use async_trait::async_trait;
use hallway_wire::id::ActivationId;
use tokio::sync::watch;

/// What there is to look at again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Topic {
    /// Notifications of this activation are waiting.
    Notifications(ActivationId),
    /// Some activation's rights, listener or places changed: audiences must be built anew.
    Audience,
    /// Some organization was suspended, resumed, imported or deleted.
    Organizations,
}

/// Nudges of one topic, from the moment of subscription. It remembers one and never fills up.
#[derive(Debug)]
pub struct Nudges(pub watch::Receiver<()>);

impl Nudges {
    /// Returns at the next nudge, or at once if one came since the last call. Never returns after the bus
    /// is gone.
    pub async fn next(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// The bus between those who change something and those who wait for it, on this node or another.
#[async_trait]
pub trait Bus: Send + Sync {
    /// Wakes every subscriber of `topic`. A nudge may be lost: it costs latency, never a delivery.
    fn nudge(&self, topic: Topic);
    /// Counts from now on: a nudge during the caller's own work is seen by its next wait.
    fn subscribe(&self, topic: Topic) -> Nudges;
}
