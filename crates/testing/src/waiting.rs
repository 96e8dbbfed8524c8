//! Waiting for what must happen, never for time to pass.

use std::time::Duration;

/// The longest wait for anything.
pub const DEADLINE: Duration = Duration::from_secs(30);
/// How soon it looks again where nobody tells it of a change.
const AGAIN: Duration = Duration::from_millis(5);

/// The outcome of something that must end in time.
///
/// # Panics
/// It did not, within [`DEADLINE`].
pub async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(DEADLINE, future).await {
        Ok(outcome) => outcome,
        Err(_) => panic!("{what}: nothing within {} s", DEADLINE.as_secs()),
    }
}

/// Asks again and again until there is something.
///
/// ```
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// let mut asked = 0;
/// let found = hallway_testing::eventually("the third time", async || {
///     asked += 1;
///     (asked == 3).then_some(asked)
/// });
/// assert_eq!(found.await, 3);
/// # });
/// ```
///
/// # Panics
/// There was nothing within [`DEADLINE`].
pub async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let looking = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(AGAIN).await;
        }
    };
    within(what, looking).await
}
