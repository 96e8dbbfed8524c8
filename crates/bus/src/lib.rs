//! The durable queue of notifications, and the nudges between tasks of one node.
//!
//! [`LogQueue`] keeps every waiting notification in memory, in lanes, and everything that must survive the
//! process in an append-only log of segments. [`LocalBus`] wakes those who wait for something to look at.
//!
//! What is deliberately not here: who gets a notification, when it is tried again, and what it says. The
//! platform decides that; the queue only keeps order, leases and bounds.

mod lane;
mod lanes;
mod log;
mod nudge;
mod queue;
mod tidy;

pub use log::{LogOptions, OpenError};
pub use nudge::LocalBus;
pub use queue::LogQueue;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks, also after a panic elsewhere: every critical section here leaves its data whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
