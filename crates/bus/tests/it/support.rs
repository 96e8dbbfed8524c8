//! Queues to test, and short words for what tests do with them.

use bytes::Bytes;
use hallway_bus::{LogOptions, LogQueue};
use hallway_platform::ports::{
    NewNotification, Notification, NotificationKind, Queue, QueueError, QueueLimits, Take,
};
use hallway_wire::Timestamp;
use hallway_wire::id::{ActivationId, DeviceId};
use tempfile::TempDir;
use uuid::Uuid;

pub(crate) const NOW: i64 = 1_000_000_000;
/// A lease that does not run out during a test.
pub(crate) const LATER: i64 = NOW + 30_000;

pub(crate) fn activation(number: u128) -> ActivationId {
    ActivationId::from_uuid(Uuid::from_u128(0xA000 + number))
}

pub(crate) fn device(number: u128) -> DeviceId {
    DeviceId::from_uuid(Uuid::from_u128(0xD000 + number))
}

pub(crate) fn status(of: ActivationId, lane: u128, body: impl Into<String>) -> NewNotification {
    NewNotification {
        activation: of,
        device: Some(device(lane)),
        kind: NotificationKind::Status,
        at: Timestamp(NOW),
        body: Bytes::from(body.into()),
    }
}

pub(crate) fn action(of: ActivationId, body: impl Into<String>) -> NewNotification {
    NewNotification {
        device: None,
        kind: NotificationKind::Action,
        ..status(of, 0, body)
    }
}

pub(crate) fn bodies(batch: &[Notification]) -> Vec<String> {
    batch
        .iter()
        .map(|one| String::from_utf8(one.body.to_vec()).unwrap())
        .collect()
}

pub(crate) fn seqs(batch: &[Notification]) -> Vec<u64> {
    batch.iter().map(|one| one.seq).collect()
}

/// A queue, and the folder that it may need.
pub(crate) struct Fixture {
    pub(crate) queue: LogQueue,
    _dir: Option<TempDir>,
}

impl Fixture {
    pub(crate) fn in_memory(limits: QueueLimits) -> Self {
        Self {
            queue: LogQueue::in_memory(limits),
            _dir: None,
        }
    }

    pub(crate) fn on_disk(limits: QueueLimits) -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self {
            queue: small(&dir, limits),
            _dir: Some(dir),
        }
    }
}

/// Opens a queue with segments so small that tests go through many of them.
pub(crate) fn small(dir: &TempDir, limits: QueueLimits) -> LogQueue {
    let options = LogOptions { segment_bytes: 4096 };
    LogQueue::open_with(dir.path(), limits, options).unwrap()
}

pub(crate) async fn lease(queue: &LogQueue, of: ActivationId, take: Take, max: usize) -> Vec<Notification> {
    lease_at(queue, of, take, max, NOW).await
}

pub(crate) async fn lease_at(
    queue: &LogQueue,
    of: ActivationId,
    take: Take,
    max: usize,
    now: i64,
) -> Vec<Notification> {
    queue
        .lease(of, take, max, Timestamp(now), Timestamp(now + LATER - NOW))
        .await
        .unwrap()
}

/// Leases everything, lane after lane, in the order of the appends.
pub(crate) async fn everything(queue: &LogQueue, of: ActivationId) -> Vec<String> {
    bodies(&lease(queue, of, Take::Oldest, usize::MAX).await)
}

pub(crate) async fn append(queue: &LogQueue, batch: Vec<NewNotification>) -> Result<(), QueueError> {
    queue.append(batch).await
}
