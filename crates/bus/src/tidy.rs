//! Keeping the log short.
//!
//! Segments go from the oldest end. One in which nothing lives is deleted; one in which little lives, or that
//! stands before much that is dead, has what lives in it written again first. Because a segment is copied only
//! when it is mostly dead itself or more than half of the log is, copying never writes more than
//! appending did, and the log is never much longer than twice what it keeps.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use hallway_platform::ports::QueueError;
use hallway_wire::id::{ActivationId, DeviceId};

use crate::lane::{Entry, Gone};
use crate::log::format::EntryOut;
use crate::log::{Log, OpenError, Segment, replay, segment};
use crate::queue::LogQueue;

/// One sweep copies no more than about this.
const COPY_BYTES: u64 = 16 << 20;
/// So many entries are copied while an activation's lanes are locked.
const COPY_AT_ONCE: usize = 256;

#[derive(Debug, thiserror::Error)]
enum TidyError {
    #[error(transparent)]
    Queue(#[from] QueueError),
    #[error(transparent)]
    Log(#[from] OpenError),
    #[error("the disk's work was cancelled")]
    Cancelled,
}

impl LogQueue {
    /// Writes what waits to be written, and shortens the log.
    pub(crate) async fn tidy(&self) {
        let Some(log) = &self.log else { return };
        let Some(_only) = OnlyOne::take(&self.tidying) else {
            return;
        };
        if let Err(error) = self.shorten(log).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the queue's log could not be tidied up"
            );
        }
    }

    async fn shorten(&self, log: &Log) -> Result<(), TidyError> {
        log.flush().await?;
        let mut budget = COPY_BYTES;
        while let Some((oldest, bytes, live)) = log.oldest() {
            if oldest.live > 0 {
                if budget == 0 || !is_worth_copying(&oldest, bytes, live) {
                    break;
                }
                budget = budget.saturating_sub(oldest.live_bytes.max(1));
                self.copy_live(log, oldest.id).await?;
                // What is still there was appended a moment ago and is not in the lanes yet.
                if log
                    .oldest()
                    .is_none_or(|(now, ..)| now.id != oldest.id || now.live > 0)
                {
                    break;
                }
            }
            on_disk(log.dir(), move |dir| {
                segment::remove(dir, oldest.id)
                    .map_err(|source| OpenError::io("removing a segment of", dir, source))
            })
            .await?;
            log.removed(oldest.id);
        }
        Ok(())
    }

    /// Writes what lives in a closed segment again, and returns when that is durable.
    async fn copy_live(&self, log: &Log, id: u32) -> Result<(), TidyError> {
        self.publish();
        let addresses = on_disk(log.dir(), move |dir| replay::addresses(dir, id)).await?;
        for (activation, of_activation) in addresses {
            for part in of_activation.chunks(COPY_AT_ONCE) {
                self.copy_part(log, id, activation, part)?;
            }
            tokio::task::yield_now().await;
        }
        Ok(log.flush().await?)
    }

    fn copy_part(
        &self,
        log: &Log,
        id: u32,
        activation: ActivationId,
        part: &[(Option<DeviceId>, u64)],
    ) -> Result<(), QueueError> {
        let copied = self.with_lanes(activation, |lanes| {
            let live: Vec<(Option<DeviceId>, Entry)> = part
                .iter()
                .filter_map(|&(device, seq)| {
                    let entry = lanes.find(device, seq).filter(|entry| entry.segment == id)?;
                    Some((device, entry.clone()))
                })
                .collect();
            if live.is_empty() {
                return Ok(());
            }
            let gone: Vec<Gone> = live.iter().map(|(_, entry)| entry.gone()).collect();
            let out: Vec<EntryOut<'_>> = live
                .iter()
                .map(|(device, entry)| EntryOut {
                    seq: entry.seq,
                    activation,
                    device: *device,
                    kind: entry.kind,
                    at: entry.at,
                    body: &entry.body,
                })
                .collect();
            let segment = log.copy(&gone, &out)?;
            for (device, entry) in &live {
                if let Some(entry) = lanes.find(*device, entry.seq) {
                    entry.segment = segment;
                }
            }
            Ok(())
        });
        copied.unwrap_or(Ok(()))
    }
}

/// Two sweeps at a time would get into each other's way.
struct OnlyOne<'a>(&'a AtomicBool);

impl<'a> OnlyOne<'a> {
    fn take(taken: &'a AtomicBool) -> Option<Self> {
        (!taken.swap(true, Ordering::AcqRel)).then_some(Self(taken))
    }
}

impl Drop for OnlyOne<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

fn is_worth_copying(oldest: &Segment, bytes: u64, live: u64) -> bool {
    oldest.live_bytes * 4 <= oldest.bytes || live * 2 <= bytes
}

/// Does blocking work where it does not hold up others.
async fn on_disk<T: Send + 'static>(
    dir: Arc<Path>,
    work: impl FnOnce(&Path) -> Result<T, OpenError> + Send + 'static,
) -> Result<T, TidyError> {
    let done = tokio::task::spawn_blocking(move || work(&dir)).await;
    Ok(done.map_err(|_| TidyError::Cancelled)??)
}
