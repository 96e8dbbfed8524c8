//! Locks that are held for a moment, never across an `await`.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks. Whoever panicked with the lock did so between two whole states.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
