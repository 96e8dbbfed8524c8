//! Wrong guesses, counted: who guesses codes is stopped long before it hits one.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use hallway_wire::Timestamp;

use crate::error::{Error, Result};

/// For how long a wrong guess counts.
const WINDOW_MS: i64 = 60_000;
/// Wrong sign-in codes and tokens in that time, of everybody: they have 80 bits and more, so this stops nobody's
/// sign-in and still makes guessing hopeless.
pub(super) const MOST_SIGN_INS: u32 = 300;
/// Wrong user codes of a device in that time, of one person: they have 34 bits.
pub(super) const MOST_USER_CODES: u32 = 10;
/// Beyond this many kinds, those that count no more are dropped.
const KEPT: usize = 10_000;
/// Flows that devices of one client start in that time: anybody may start one.
pub(super) const MOST_DEVICE_STARTS: u32 = 300;

/// See the module documentation. Kept in memory: a restart forgets a minute of it.
#[derive(Debug, Default)]
pub(crate) struct Guesses(Mutex<HashMap<String, (Timestamp, u32)>>);

impl Guesses {
    /// Refuses where there were too many wrong guesses lately.
    ///
    /// # Errors
    /// [`Error::RateLimited`].
    pub(super) fn check(&self, kind: &str, most: u32, now: Timestamp) -> Result<()> {
        let guesses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match guesses.get(kind) {
            Some(&(since, count)) if count >= most && now.millis() < since.millis() + WINDOW_MS => {
                let left = since.millis() + WINDOW_MS - now.millis();
                Err(Error::RateLimited {
                    retry_after_s: u64::try_from(left / 1000 + 1).unwrap_or(1),
                })
            }
            _ => Ok(()),
        }
    }

    /// Counts a wrong guess, or whatever else is counted.
    pub(super) fn missed(&self, kind: &str, now: Timestamp) {
        let mut guesses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let ended = |since: Timestamp| now.millis() >= since.millis() + WINDOW_MS;
        if guesses.len() >= KEPT {
            guesses.retain(|_, (since, _)| !ended(*since));
        }
        let entry = guesses.entry(kind.to_owned()).or_insert((now, 0));
        if ended(entry.0) {
            *entry = (now, 0);
        }
        entry.1 = entry.1.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_many_wrong_guesses_wait() {
        let guesses = Guesses::default();
        for n in 0..30 {
            assert!(guesses.check("a", 30, Timestamp(n)).is_ok());
            guesses.missed("a", Timestamp(n));
        }
        assert!(matches!(
            guesses.check("a", 30, Timestamp(59_000)),
            Err(Error::RateLimited { retry_after_s: 2 })
        ));
        assert!(guesses.check("b", 30, Timestamp(30)).is_ok());
        assert!(guesses.check("a", 30, Timestamp(60_000)).is_ok());
    }
}
