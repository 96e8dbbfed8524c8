//! Whose time it is: the machine's, or that of a test.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use hallway_wire::Timestamp;

/// Tells the time and waits. Integrations ask [`Integration::clock`](crate::Integration::clock) instead of the
/// machine, so that a test can let an hour pass in a moment.
#[async_trait]
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// Now.
    fn now(&self) -> Timestamp;

    /// Waits until then; not at all if that is over.
    async fn sleep_until(&self, at: Timestamp);

    /// Waits for so long.
    async fn sleep(&self, how_long: Duration) {
        let millis = i64::try_from(how_long.as_millis()).unwrap_or(i64::MAX);
        self.sleep_until(self.now().plus_millis(millis)).await;
    }
}

/// The clock of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    async fn sleep_until(&self, at: Timestamp) {
        let left = at.millis().saturating_sub(self.now().millis());
        if let Ok(left) = u64::try_from(left) {
            tokio::time::sleep(Duration::from_millis(left)).await;
        }
    }
}
