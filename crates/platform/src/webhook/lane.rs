//! What is known in memory of one webhook's deliveries: the webhook's lane.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use hallway_wire::Timestamp;
use hallway_wire::id::WebhookId;
use http::HeaderMap;
use tokio::sync::Notify;
use uuid::Uuid;

use super::index::Subscription;

/// How many attempts are kept of each webhook.
pub(super) const KEPT_ATTEMPTS: u64 = 200;

/// An attempt as it was made; it becomes a record when it is written.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) delivery: Uuid,
    pub(super) attempt: u32,
    pub(super) at: Timestamp,
    pub(super) duration_ms: u64,
    pub(super) status: Option<u16>,
    pub(super) error: Option<String>,
    pub(super) redelivery: bool,
    pub(super) to: Arc<Subscription>,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) answer: Bytes,
}

#[derive(Debug, Default)]
struct Worker {
    running: bool,
    /// Somebody called since the worker last looked.
    called: bool,
}

/// Attempts that are not written yet.
#[derive(Debug, Default)]
pub(super) struct Unwritten {
    /// Number of the next attempt; unknown until the store was asked.
    pub(super) next: Option<u64>,
    pub(super) made: VecDeque<Made>,
}

/// See the module documentation.
#[derive(Debug)]
pub(super) struct Lane {
    pub(super) id: WebhookId,
    worker: Mutex<Worker>,
    /// Something new is waiting.
    pub(super) more: Notify,
    /// The webhook was changed: a pause before the next attempt is over.
    pub(super) changed: Notify,
    /// Deliveries that wait, about.
    waiting: AtomicU64,
    /// Whether somebody is shortening it.
    trimming: AtomicBool,
    /// Everything up to this number is done, though the store may not know it yet.
    done: AtomicU64,
    /// Attempts that failed since the last success.
    failures: AtomicU64,
    pub(super) unwritten: Mutex<Unwritten>,
}

impl Lane {
    pub(super) fn new(id: WebhookId) -> Self {
        Self {
            id,
            worker: Mutex::default(),
            more: Notify::new(),
            changed: Notify::new(),
            waiting: AtomicU64::new(0),
            trimming: AtomicBool::new(false),
            done: AtomicU64::new(0),
            failures: AtomicU64::new(0),
            unwritten: Mutex::default(),
        }
    }

    fn worker(&self) -> MutexGuard<'_, Worker> {
        self.worker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls the worker. Returns whether there is none yet: the caller starts it.
    pub(super) fn call(&self) -> bool {
        let mut worker = self.worker();
        worker.called = true;
        !std::mem::replace(&mut worker.running, true)
    }

    /// The worker looks now: calls up to here are answered.
    pub(super) fn answer(&self) {
        self.worker().called = false;
    }

    /// The worker wants to go. Returns whether it may: nobody called meanwhile.
    pub(super) fn leave(&self) -> bool {
        let mut worker = self.worker();
        worker.running = worker.called;
        !worker.running
    }

    pub(super) fn added(&self, count: u64) {
        self.waiting.fetch_add(count, Ordering::AcqRel);
    }

    pub(super) fn waiting(&self) -> u64 {
        self.waiting.load(Ordering::Acquire)
    }

    /// Nothing waits, or only what is known.
    pub(super) fn set_waiting(&self, count: u64) {
        self.waiting.store(count, Ordering::Release);
    }

    /// Whether the caller is the one who shortens it.
    pub(super) fn begin_trimming(&self) -> bool {
        !self.trimming.swap(true, Ordering::AcqRel)
    }

    pub(super) fn end_trimming(&self) {
        self.trimming.store(false, Ordering::Release);
    }

    pub(super) fn done(&self) -> u64 {
        self.done.load(Ordering::Acquire)
    }

    /// Everything up to this number is done.
    pub(super) fn finish(&self, seq: u64) {
        self.done.fetch_max(seq, Ordering::AcqRel);
        let less = |waiting: u64| Some(waiting.saturating_sub(1));
        let _ = self
            .waiting
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, less);
    }

    /// Counts a failure; returns how many there are in a row.
    pub(super) fn failed(&self) -> u64 {
        self.failures.fetch_add(1, Ordering::AcqRel) + 1
    }

    /// A success, or a new beginning.
    pub(super) fn well(&self) {
        self.failures.store(0, Ordering::Release);
    }

    /// Keeps an attempt until it is written. The oldest go if there are too many for the ring anyway.
    pub(super) fn note(&self, made: Made) {
        let mut unwritten = self.unwritten.lock().unwrap_or_else(PoisonError::into_inner);
        if unwritten.made.len() as u64 >= KEPT_ATTEMPTS {
            unwritten.made.pop_front();
        }
        unwritten.made.push_back(made);
    }

    /// Whether there are attempts to be written.
    pub(super) fn has_unwritten(&self) -> bool {
        let unwritten = self.unwritten.lock().unwrap_or_else(PoisonError::into_inner);
        !unwritten.made.is_empty()
    }
}
