//! When to try again.

use std::time::Duration;

use rand::Rng as _;

/// How often and how long a request is tried again.
///
/// What is tried again: requests that certainly did nothing (no connection, 401 once, 429), and of those that
/// may have done something only the ones that may be repeated: `GET`, `PUT`, `DELETE`, and calls that say so by
/// [`Call::idempotent`](crate::Call::idempotent).
///
/// Between two tries lies a time chosen at random between nothing and a bound that doubles ("full jitter"), and
/// never less than the service's `Retry-After`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// How often at most a request is sent.
    pub attempts: u32,
    /// The first bound.
    pub first: Duration,
    /// The largest bound.
    pub most: Duration,
    /// The longest `Retry-After` that is waited for; a longer one is an error at once.
    pub longest_wait: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts: 5,
            first: Duration::from_millis(500),
            most: Duration::from_secs(20),
            longest_wait: Duration::from_secs(120),
        }
    }
}

impl RetryPolicy {
    /// Everything is sent once.
    pub fn never() -> Self {
        Self {
            attempts: 1,
            ..Self::default()
        }
    }

    /// How long to wait after this many tries.
    pub(crate) fn pause(&self, tried: u32) -> Duration {
        let bound = self
            .first
            .saturating_mul(1 << tried.saturating_sub(1).min(16))
            .min(self.most);
        bound.mul_f64(rand::rng().random_range(0.0..=1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_double_up_to_the_largest() {
        let policy = RetryPolicy::default();
        for (tried, bound) in [(1, 500), (2, 1000), (3, 2000), (40, 20_000)] {
            for _ in 0..50 {
                assert!(policy.pause(tried) <= Duration::from_millis(bound));
            }
        }
    }
}
