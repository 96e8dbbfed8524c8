//! Time that passes when the test says so.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use hallway_device::{ManualTimer, SimulatedDevice, Timer};
use hallway_sdk::Timestamp;
use hallway_sdk::time::{Clock, SystemClock};
use tokio::sync::watch;

use crate::waiting::within;

/// How finely time flows.
const STEP: Duration = Duration::from_millis(5);

/// The clock of an office: its platform, its devices, and every integration whose
/// [builder](crate::Installed::builder) the office made. It shows the machine's time when the office starts, and
/// stands still until it is moved (what a test does to a device takes a millisecond).
///
/// What waits for the network (a held poll, a pause before a retry) takes real time.
pub struct TestClock {
    pub(crate) timer: Arc<ManualTimer>,
    devices: Mutex<Vec<SimulatedDevice>>,
    /// How many integrations wait for a moment.
    sleepers: watch::Sender<usize>,
}

impl TestClock {
    pub(crate) fn start() -> Arc<Self> {
        Arc::new(Self {
            timer: Arc::new(ManualTimer::at(SystemClock.now().millis())),
            devices: Mutex::default(),
            sleepers: watch::Sender::new(0),
        })
    }

    pub(crate) fn follows(&self, device: SimulatedDevice) {
        self.devices
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(device);
    }

    /// Lets time pass as it does for real, until what is returned is dropped: for what the platform tries again by its
    /// own clock, like deliveries to webhooks that failed.
    #[must_use = "time stands still again when it is dropped"]
    pub fn flow(&self) -> Flowing {
        let timer = Arc::clone(&self.timer);
        Flowing(tokio::spawn(async move {
            let mut before = Instant::now();
            loop {
                tokio::time::sleep(STEP).await;
                let now = Instant::now();
                timer.advance(now - before);
                before = now;
            }
        }))
    }

    /// What happens takes a millisecond: notifications have no names, so two equal ones of the same moment would be
    /// one and the same.
    pub(crate) fn tick(&self) {
        self.timer.advance(Duration::from_millis(1));
    }

    /// Waits until so many tasks of integrations sleep, so that none of them begins to sleep after time has passed.
    pub async fn sleepers(&self, sleepers: usize) {
        let mut watched = self.sleepers.subscribe();
        let what = format!("{sleepers} tasks that sleep");
        // The sender lives in `self`.
        let _ = within(&what, watched.wait_for(|now| *now >= sleepers)).await;
    }

    /// Lets time pass. When this returns, the devices have done what was planned for it.
    pub async fn advance(&self, by: Duration) {
        self.timer.advance(by);
        let devices = self
            .devices
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        for device in devices {
            device.run_due().await;
        }
    }
}

#[async_trait]
impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.timer.now_ms())
    }

    async fn sleep_until(&self, at: Timestamp) {
        let _asleep = Asleep::new(&self.sleepers);
        self.timer.sleep_until(at.millis()).await;
    }
}

/// Time that flows, see [`TestClock::flow`].
#[derive(Debug)]
pub struct Flowing(tokio::task::JoinHandle<()>);

impl Drop for Flowing {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Counts a sleeper while it lives.
struct Asleep<'a>(&'a watch::Sender<usize>);

impl<'a> Asleep<'a> {
    fn new(sleepers: &'a watch::Sender<usize>) -> Self {
        sleepers.send_modify(|sleepers| *sleepers += 1);
        Self(sleepers)
    }
}

impl Drop for Asleep<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|sleepers| *sleepers -= 1);
    }
}

impl fmt::Debug for TestClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TestClock({})", self.now())
    }
}
