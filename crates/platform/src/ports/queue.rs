//! The durable queue of notifications.
//!
//! One *queue* per activation; in it one *lane* per device (and one for what concerns no device: actions).
//!
//! The laws, which every implementation passes (`crates/bus/tests/it/laws.rs`):
//! 1. **Durable before acknowledged**: what `append` returned `Ok` for survives `kill -9`.
//! 2. **Whole batches**: of one `append`, everything or nothing is there after a crash.
//! 3. **Order per lane**: entries of a lane are handed out in the order of their appends, and an entry is not
//!    handed out while an earlier one of its lane is leased and unacknowledged ([`Take::Lane`]), or otherwise
//!    than behind it in the same batch.
//! 4. **Lease**: a leased entry is handed to nobody else until it is released, or its lease has run out.
//! 5. **Acknowledge**: an acknowledged entry is never handed out again by this process; after a crash it may
//!    be (at least once).
//! 6. **Expire**: entries older than their kind's age limit are dropped, and counted.
//! 7. **Bounded**: an activation's queue never holds more than its limit; the oldest entry that is not leased
//!    goes first, and is counted.
//! 8. **Purge** takes an activation's entries away for good, after a crash too.

use async_trait::async_trait;
use bytes::Bytes;
use hallway_wire::Timestamp;
use hallway_wire::id::{ActivationId, DeviceId};

/// What a notification says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NotificationKind {
    /// Changed status values.
    Status,
    /// The complete set of a device's subscribed values.
    FullSync,
    /// Events.
    Event,
    /// An action for the integration. The body is not the JWT, which is signed when it is handed out.
    Action,
}

/// A notification to be kept until it is delivered.
#[derive(Clone, Debug)]
pub struct NewNotification {
    pub activation: ActivationId,
    /// The lane. `None`: the lane of actions.
    pub device: Option<DeviceId>,
    pub kind: NotificationKind,
    /// When it was queued; its age counts from here.
    pub at: Timestamp,
    /// Exactly the bytes that are delivered (and signed).
    pub body: Bytes,
}

/// A notification that was handed out.
#[derive(Clone, Debug)]
pub struct Notification {
    /// Grows with each append; unique in the queue's life.
    pub seq: u64,
    pub device: Option<DeviceId>,
    pub kind: NotificationKind,
    pub at: Timestamp,
    /// How often it was released before.
    pub attempts: u32,
    pub body: Bytes,
}

/// Which notifications to lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Take {
    /// The oldest of one lane that has nothing leased: for a sender that keeps many lanes in flight.
    Lane,
    /// The oldest of all lanes, in the order of their appends: for a poller.
    Oldest,
}

/// Bounds of every activation's queue.
#[derive(Clone, Copy, Debug)]
pub struct QueueLimits {
    /// Most notifications that one activation's queue holds.
    pub max_len: usize,
    /// Age limit of statuses, full syncs and events.
    pub max_age_ms: i64,
    /// Age limit of actions.
    pub max_action_age_ms: i64,
}

impl Default for QueueLimits {
    fn default() -> Self {
        Self {
            max_len: 10_000,
            max_age_ms: 3_600_000,
            max_action_age_ms: 24 * 3_600_000,
        }
    }
}

/// Figures of one activation's queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueueStats {
    /// Waiting or leased.
    pub waiting: usize,
    /// Dropped for age or size since the process started.
    pub dropped: u64,
    /// When the oldest one that is still there was queued.
    pub oldest: Option<Timestamp>,
}

/// Why the queue did not do it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum QueueError {
    #[error("the queue could not write: {0}")]
    Io(String),
    #[error("the queue is closed")]
    Closed,
}

/// See the laws in the module documentation.
#[async_trait]
pub trait Queue: Send + Sync {
    /// Keeps a batch; durable when it returns. Concurrent calls share one write and one sync of the disk.
    async fn append(&self, batch: Vec<NewNotification>) -> Result<(), QueueError>;

    /// Leases up to `max` notifications until `until`. Never waits; empty when nothing is free.
    /// Entries that were released with a later `not_before` block their lane (or, for [`Take::Oldest`], the
    /// whole queue) until then.
    async fn lease(
        &self,
        activation: ActivationId,
        take: Take,
        max: usize,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<Notification>, QueueError>;

    /// Leased entries are done.
    async fn acknowledge(&self, activation: ActivationId, seqs: &[u64]) -> Result<(), QueueError>;

    /// Leased entries are not done: they go back to their places, and count one more attempt.
    /// They are not handed out before `not_before`.
    async fn release(
        &self,
        activation: ActivationId,
        seqs: &[u64],
        not_before: Timestamp,
    ) -> Result<(), QueueError>;

    /// Drops everything of an activation.
    async fn purge(&self, activation: ActivationId) -> Result<(), QueueError>;

    /// Drops what is too old, ends leases that ran out, and tidies up the disk. Returns, per activation,
    /// how many entries were dropped (for age or for size) since the last call.
    async fn sweep(&self, now: Timestamp) -> Result<Vec<(ActivationId, u64)>, QueueError>;

    /// Activations with something waiting: what a restart takes up again.
    async fn waiting(&self) -> Result<Vec<ActivationId>, QueueError>;

    /// When the next released entry of this activation becomes free, if nothing is free now.
    async fn next_due(&self, activation: ActivationId) -> Result<Option<Timestamp>, QueueError>;

    /// Figures for people.
    async fn stats(&self, activation: ActivationId) -> Result<QueueStats, QueueError>;

    /// Writes what is still in memory, and refuses everything from now on.
    async fn close(&self);
}
