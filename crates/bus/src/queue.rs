//! The queue: lanes in memory, and the log behind them.
//!
//! A batch goes this way: encoded into the log's buffer, written and synced together with others, then put
//! into the lanes in the order of the log, by whoever comes first: the one that appended it, or one that
//! looks for something to lease. So a caller that goes away while it waits loses nothing.
//!
//! Locks are taken in this order: the turn to publish, an activation's lanes, the log's tail. What says that
//! entries are gone, or copied, is put into the log while their activation's lanes are locked, so the log has
//! them in the order in which they happened.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use hallway_platform::ports::{
    NewNotification, Notification, Queue, QueueError, QueueLimits, QueueStats, Take,
};
use hallway_wire::Timestamp;
use hallway_wire::id::ActivationId;
use hashbrown::HashMap;

use crate::lane::{Entry, Gone};
use crate::lanes::Lanes;
use crate::lock;
use crate::log::replay::Replay;
use crate::log::{Batch, Log, LogOptions, OpenError};

const SHARDS: usize = 32;
/// After so many activations a sweep lets others run.
const SWEEP_STRIDE: usize = 64;

type Shard = Mutex<HashMap<ActivationId, Arc<Mutex<Lanes>>>>;

/// The durable queue of one process, or one that lives in memory only.
#[derive(Debug)]
pub struct LogQueue {
    limits: QueueLimits,
    shards: Box<[Shard]>,
    pub(crate) log: Option<Log>,
    /// Held while durable batches are put into the lanes.
    publishing: Mutex<()>,
    /// Entries with smaller numbers are in the lanes, or gone again.
    published_below: AtomicU64,
    /// Without a log: the next number.
    next_seq: Mutex<u64>,
    pub(crate) tidying: AtomicBool,
    closed: AtomicBool,
}

impl LogQueue {
    /// Opens the queue in a folder, which is made if need be, and reads what is still to be delivered. Blocks
    /// while it reads.
    ///
    /// # Errors
    /// [`OpenError::Locked`] if another process has it open; [`OpenError::Corrupt`] if it is damaged in
    /// another place than a crash would damage it.
    pub fn open(dir: &Path, limits: QueueLimits) -> Result<Self, OpenError> {
        Self::open_with(dir, limits, LogOptions::default())
    }

    /// Opens the queue in a folder with a layout of one's own.
    ///
    /// # Errors
    /// As [`LogQueue::open`].
    pub fn open_with(dir: &Path, limits: QueueLimits, options: LogOptions) -> Result<Self, OpenError> {
        let (log, replay) = Log::open(dir, options)?;
        let queue = Self::new(limits, Some(log));
        queue.load(replay);
        Ok(queue)
    }

    /// A queue that forgets everything when the process ends.
    pub fn in_memory(limits: QueueLimits) -> Self {
        Self::new(limits, None)
    }

    fn new(limits: QueueLimits, log: Option<Log>) -> Self {
        Self {
            limits,
            shards: (0..SHARDS).map(|_| Shard::default()).collect(),
            log,
            publishing: Mutex::new(()),
            published_below: AtomicU64::new(0),
            next_seq: Mutex::new(1),
            tidying: AtomicBool::new(false),
            closed: AtomicBool::new(false),
        }
    }

    fn load(&self, replay: Replay) {
        for (activation, kept) in replay.kept {
            if kept.is_empty() {
                continue;
            }
            self.with_new_lanes(activation, |lanes| {
                let mut gone = Vec::new();
                for (seq, kept) in kept {
                    let entry = Entry {
                        seq,
                        at: kept.at,
                        body: kept.body,
                        segment: kept.segment,
                        attempts: 0,
                        kind: kept.kind,
                        handed: false,
                    };
                    lanes.insert(kept.device, entry, &mut gone);
                }
                self.log_gone(activation, &gone);
            });
        }
        self.published_below.store(replay.next_seq, Ordering::Release);
    }

    fn shard(&self, activation: ActivationId) -> &Shard {
        &self.shards[(activation.uuid().as_u128() % SHARDS as u128) as usize]
    }

    /// Works on an activation's lanes, if it has any.
    pub(crate) fn with_lanes<R>(
        &self,
        activation: ActivationId,
        work: impl FnOnce(&mut Lanes) -> R,
    ) -> Option<R> {
        let lanes = lock(self.shard(activation)).get(&activation).map(Arc::clone)?;
        let mut lanes = lock(&lanes);
        // Lanes that were forgotten in between were empty.
        (!lanes.forgotten).then(|| work(&mut lanes))
    }

    /// Works on an activation's lanes, which are made if need be.
    fn with_new_lanes<R>(&self, activation: ActivationId, work: impl FnOnce(&mut Lanes) -> R) -> R {
        loop {
            let lanes = Arc::clone(
                lock(self.shard(activation))
                    .entry(activation)
                    .or_insert_with(|| Arc::new(Mutex::new(Lanes::new(self.limits)))),
            );
            let mut lanes = lock(&lanes);
            if !lanes.forgotten {
                return work(&mut lanes);
            }
        }
    }

    /// Tells the log. To be called while the activation's lanes are locked.
    fn log_gone(&self, activation: ActivationId, gone: &[Gone]) {
        if let Some(log) = &self.log {
            log.forget(activation, gone);
        }
    }

    /// Puts what became durable into the lanes, in the order of the log.
    pub(crate) fn publish(&self) {
        let Some(log) = &self.log else { return };
        while log.has_settled() {
            let _turn = lock(&self.publishing);
            let batches = log.take_settled();
            let count = batches.len();
            for batch in batches {
                self.insert(batch);
            }
            log.published(count);
        }
    }

    fn insert(&self, batch: Batch) {
        let segment = batch.segment;
        let below = batch.first_seq + batch.items.len() as u64;
        let mut items = (batch.first_seq..).zip(batch.items).peekable();
        let mut gone = Vec::new();
        while let Some((_, first)) = items.peek() {
            let activation = first.activation;
            self.with_new_lanes(activation, |lanes| {
                while let Some((seq, new)) = items.next_if(|(_, new)| new.activation == activation) {
                    let entry = Entry::new(seq, segment, &new);
                    if seq < lanes.purged_below {
                        gone.push(entry.gone());
                    } else {
                        lanes.insert(new.device, entry, &mut gone);
                    }
                }
                self.log_gone(activation, &gone);
                gone.clear();
            });
        }
        self.published_below.store(below, Ordering::Release);
    }

    fn check(&self) -> Result<(), QueueError> {
        if self.closed.load(Ordering::Acquire) {
            return Err(QueueError::Closed);
        }
        Ok(())
    }

    /// Forgets the lanes of a purged activation, unless something came or may still come into them.
    fn forget_purged(&self, activation: ActivationId) {
        let mut shard = lock(self.shard(activation));
        let Some(lanes) = shard.get(&activation).map(Arc::clone) else {
            return;
        };
        let mut lanes = lock(&lanes);
        if is_forgettable(&lanes, self.published_below.load(Ordering::Acquire)) {
            lanes.forgotten = true;
            shard.remove(&activation);
        }
    }
}

fn is_forgettable(lanes: &Lanes, published_below: u64) -> bool {
    lanes.purged && lanes.len() == 0 && lanes.purged_below <= published_below
}

#[async_trait]
impl Queue for LogQueue {
    async fn append(&self, batch: Vec<NewNotification>) -> Result<(), QueueError> {
        self.check()?;
        if batch.is_empty() {
            return Ok(());
        }
        if let Some(log) = &self.log {
            log.append(batch).await?;
            self.publish();
            return Ok(());
        }
        // The lock is held until the entries are in their lanes, so those get them in order.
        let mut next_seq = lock(&self.next_seq);
        let first_seq = *next_seq;
        *next_seq += batch.len() as u64;
        self.insert(Batch {
            first_seq,
            segment: 0,
            items: batch,
        });
        Ok(())
    }

    async fn lease(
        &self,
        activation: ActivationId,
        take: Take,
        max: usize,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<Notification>, QueueError> {
        self.check()?;
        self.publish();
        let leased = self.with_lanes(activation, |lanes| {
            let mut gone = Vec::new();
            let out = lanes.lease(take, max, now.millis(), until.millis(), &mut gone);
            self.log_gone(activation, &gone);
            out
        });
        Ok(leased.unwrap_or_default())
    }

    async fn acknowledge(&self, activation: ActivationId, seqs: &[u64]) -> Result<(), QueueError> {
        self.check()?;
        self.with_lanes(activation, |lanes| {
            let mut gone = Vec::with_capacity(seqs.len());
            lanes.acknowledge(seqs, &mut gone);
            self.log_gone(activation, &gone);
        });
        Ok(())
    }

    async fn release(
        &self,
        activation: ActivationId,
        seqs: &[u64],
        not_before: Timestamp,
    ) -> Result<(), QueueError> {
        self.check()?;
        self.with_lanes(activation, |lanes| lanes.release(seqs, not_before.millis()));
        Ok(())
    }

    async fn purge(&self, activation: ActivationId) -> Result<(), QueueError> {
        self.check()?;
        let turn = self.with_new_lanes(activation, |lanes| {
            let mut gone = Vec::new();
            lanes.clear(&mut gone);
            let Some(log) = &self.log else { return Ok(None) };
            let (below, turn) = log.purge(activation, &gone)?;
            lanes.purged_below = below;
            Ok(Some(turn))
        })?;
        if let (Some(log), Some(turn)) = (&self.log, turn) {
            log.wait(turn).await?;
            self.publish();
        }
        self.forget_purged(activation);
        Ok(())
    }

    async fn sweep(&self, now: Timestamp) -> Result<Vec<(ActivationId, u64)>, QueueError> {
        self.check()?;
        self.publish();
        let mut dropped = Vec::new();
        let mut looked_at = 0;
        for shard in &self.shards {
            let activations: Vec<_> = lock(shard)
                .iter()
                .map(|(id, lanes)| (*id, Arc::clone(lanes)))
                .collect();
            for (activation, lanes) in activations {
                let forgettable = {
                    let mut lanes = lock(&lanes);
                    let mut gone = Vec::new();
                    let count = lanes.sweep(now.millis(), &mut gone);
                    self.log_gone(activation, &gone);
                    if count > 0 {
                        dropped.push((activation, count));
                    }
                    is_forgettable(&lanes, self.published_below.load(Ordering::Acquire))
                };
                if forgettable {
                    self.forget_purged(activation);
                }
                looked_at += 1;
                if looked_at % SWEEP_STRIDE == 0 {
                    tokio::task::yield_now().await;
                }
            }
        }
        self.tidy().await;
        Ok(dropped)
    }

    async fn waiting(&self) -> Result<Vec<ActivationId>, QueueError> {
        self.check()?;
        self.publish();
        let mut out = Vec::new();
        for shard in &self.shards {
            let activations: Vec<_> = lock(shard)
                .iter()
                .map(|(id, lanes)| (*id, Arc::clone(lanes)))
                .collect();
            out.extend(
                activations
                    .into_iter()
                    .filter(|(_, lanes)| lock(lanes).len() > 0)
                    .map(|(id, _)| id),
            );
        }
        Ok(out)
    }

    async fn next_due(&self, activation: ActivationId) -> Result<Option<Timestamp>, QueueError> {
        self.check()?;
        Ok(self.with_lanes(activation, |lanes| lanes.next_due()).flatten())
    }

    async fn stats(&self, activation: ActivationId) -> Result<QueueStats, QueueError> {
        self.check()?;
        self.publish();
        Ok(self
            .with_lanes(activation, |lanes| lanes.stats())
            .unwrap_or_default())
    }

    async fn close(&self) {
        if self.closed.swap(true, Ordering::AcqRel) {
            return;
        }
        let Some(log) = &self.log else { return };
        if let Err(error) = log.flush().await {
            tracing::error!(%error, "the queue was closed with acknowledgements unwritten");
        }
        // Nothing is left to write but what came in the last moment, so the writer ends at once.
        log.shut();
        log.join();
    }
}
