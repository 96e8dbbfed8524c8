//! Not asking more often than is welcome.

use std::sync::Mutex;
use std::time::Duration;

use rand::Rng as _;
use tokio::time::Instant;

use crate::sync::lock;

/// How many requests a client makes, whoever of its tasks asks.
///
/// Webex does not publish its limits, and they move; the default makes ten requests a second, with bursts of
/// thirty. Where the service says `Retry-After`, all tasks wait, whatever the limit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RateLimit {
    per_second: f64,
    burst: f64,
}

impl Default for RateLimit {
    fn default() -> Self {
        Self::per_second(10.0, 30)
    }
}

impl RateLimit {
    /// So many requests a second in the long run, and so many at once after a pause.
    pub fn per_second(requests: f64, burst: u32) -> Self {
        Self {
            per_second: if requests.is_finite() {
                requests.max(0.001)
            } else {
                f64::INFINITY
            },
            burst: f64::from(burst.max(1)),
        }
    }

    /// As fast as the service allows.
    pub fn none() -> Self {
        Self::per_second(f64::INFINITY, 1)
    }
}

/// A bucket of permits, refilled as time goes by.
#[derive(Debug)]
pub(crate) struct Limiter {
    limit: RateLimit,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// May be negative: so many requests have a place in the future.
    permits: f64,
    at: Option<Instant>,
    paused_until: Option<Instant>,
}

impl Limiter {
    pub(crate) fn new(limit: RateLimit) -> Self {
        Self {
            limit,
            state: Mutex::new(State {
                permits: limit.burst,
                at: None,
                paused_until: None,
            }),
        }
    }

    /// Waits for its turn.
    pub(crate) async fn turn(&self) {
        while let Some(until) = self.paused() {
            // Not all at the same moment.
            let span = until
                .saturating_duration_since(Instant::now())
                .min(Duration::from_secs(4));
            let late = span.mul_f64(rand::rng().random_range(0.0..0.25));
            tokio::time::sleep_until(until + late).await;
        }
        if let Some(until) = self.take() {
            tokio::time::sleep_until(until).await;
        }
    }

    /// Lets everybody wait.
    pub(crate) fn pause(&self, span: Duration) {
        let until = Instant::now() + span;
        let mut state = lock(&self.state);
        state.paused_until = Some(state.paused_until.map_or(until, |now| now.max(until)));
    }

    fn paused(&self) -> Option<Instant> {
        let mut state = lock(&self.state);
        if state.paused_until.is_some_and(|until| until <= Instant::now()) {
            state.paused_until = None;
        }
        state.paused_until
    }

    /// Takes a permit, and says when it is good if that is not now.
    fn take(&self) -> Option<Instant> {
        if self.limit.per_second.is_infinite() {
            return None;
        }
        let now = Instant::now();
        let mut state = lock(&self.state);
        let since = state
            .at
            .map_or(Duration::ZERO, |at| now.saturating_duration_since(at));
        state.permits = (state.permits + since.as_secs_f64() * self.limit.per_second).min(self.limit.burst);
        state.at = Some(now);
        state.permits -= 1.0;
        (state.permits < 0.0).then(|| now + Duration::from_secs_f64(-state.permits / self.limit.per_second))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_burst_and_then_a_pace() {
        let limiter = Limiter::new(RateLimit::per_second(2.0, 3));
        let start = Instant::now();
        for _ in 0..3 {
            limiter.turn().await;
        }
        assert_eq!(start.elapsed(), Duration::ZERO);
        for _ in 0..4 {
            limiter.turn().await;
        }
        let taken = start.elapsed().as_millis();
        assert!((1990..=2010).contains(&taken), "{taken}");
    }

    #[tokio::test(start_paused = true)]
    async fn everybody_waits_out_a_pause() {
        let limiter = Limiter::new(RateLimit::none());
        limiter.pause(Duration::from_secs(7));
        limiter.pause(Duration::from_secs(2));
        let start = Instant::now();
        limiter.turn().await;
        assert!((7..=8).contains(&start.elapsed().as_secs()));
        limiter.turn().await;
        assert!(start.elapsed() < Duration::from_secs(9));
    }
}
