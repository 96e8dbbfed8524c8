//! Where a device's time comes from: the machine's clock, or one that a test moves by hand.

use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::watch;
use tokio::time::Instant;

/// A sleep that ends at a moment.
pub type Sleep<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// A clock that can wait.
pub trait Timer: Send + Sync {
    /// Milliseconds since 1970.
    fn now_ms(&self) -> i64;

    /// Waits until the clock shows at least `at_ms`.
    fn sleep_until(&self, at_ms: i64) -> Sleep<'_>;
}

/// The machine's clock. It is read once; after that, time passes as the runtime's monotonic clock says, so a
/// correction of the machine's clock neither fires nor delays what a device has planned.
#[derive(Debug)]
pub struct RealTimer {
    origin: Instant,
    origin_ms: i64,
}

impl Default for RealTimer {
    fn default() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let origin_ms = i64::try_from(since.as_millis()).unwrap_or(i64::MAX / 2);
        Self {
            origin: Instant::now(),
            origin_ms,
        }
    }
}

impl Timer for RealTimer {
    fn now_ms(&self) -> i64 {
        let passed = i64::try_from(self.origin.elapsed().as_millis()).unwrap_or(i64::MAX / 2);
        self.origin_ms.saturating_add(passed)
    }

    fn sleep_until(&self, at_ms: i64) -> Sleep<'_> {
        let ahead = u64::try_from(at_ms.saturating_sub(self.origin_ms)).unwrap_or(0);
        let deadline = self
            .origin
            .checked_add(Duration::from_millis(ahead))
            .unwrap_or(self.origin);
        Box::pin(tokio::time::sleep_until(deadline))
    }
}

/// A clock that stands still until somebody moves it.
#[derive(Debug)]
pub struct ManualTimer {
    now: watch::Sender<i64>,
}

impl ManualTimer {
    /// A clock that shows `now_ms`.
    pub fn at(now_ms: i64) -> Self {
        Self {
            now: watch::Sender::new(now_ms),
        }
    }

    /// Moves the clock forward, and wakes who waited for that.
    pub fn advance(&self, by: Duration) {
        let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        self.now.send_modify(|now| *now = now.saturating_add(by));
    }
}

impl Timer for ManualTimer {
    fn now_ms(&self) -> i64 {
        *self.now.borrow()
    }

    fn sleep_until(&self, at_ms: i64) -> Sleep<'_> {
        let mut now = self.now.subscribe();
        Box::pin(async move {
            // The sender lives in `self`, so this ends only when the moment has come.
            let _ = now.wait_for(|now| *now >= at_ms).await;
        })
    }
}
