//! Which devices are there: the service has no notification for that, so the list is asked for again and again.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use hallway_wire::Timestamp;

use super::Integration;
use crate::id::DeviceId;
use crate::resources::DeviceInfo;

/// What became of a device.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Sighting {
    /// It is connected: it is seen for the first time, or it was away. Whatever should be on its screen is best
    /// put there now.
    Came(DeviceInfo),
    /// It is connected, and something about it changed: its name, its workspace, its tags.
    Changed(DeviceInfo),
    /// It is not connected any more, or it is gone.
    Went(DeviceInfo),
}

/// Tells of devices with an xAPI as they come, change and go. Made by [`Integration::fleet`].
#[derive(Debug)]
pub struct Fleet {
    integration: Integration,
    every: Duration,
    connected: HashMap<DeviceId, DeviceInfo>,
    news: VecDeque<Sighting>,
    next_look: Timestamp,
}

impl Integration {
    /// Watches which devices are connected. The list is asked for at once, and then every so often.
    ///
    /// ```no_run
    /// # async fn example(integration: hallway_sdk::Integration) -> hallway_sdk::Result<()> {
    /// use std::time::Duration;
    /// use hallway_sdk::integration::Sighting;
    ///
    /// let mut fleet = integration.fleet(Duration::from_secs(60));
    /// loop {
    ///     if let Sighting::Came(device) = fleet.next().await {
    ///         let shown = integration.device(&device.id).alert("Welcome back").duration(5).show().await;
    ///         if shown.is_err() {
    ///             // It is told of again after the next look.
    ///             fleet.forget(&device.id);
    ///         }
    ///     }
    /// }
    /// # }
    /// ```
    pub fn fleet(&self, every: Duration) -> Fleet {
        Fleet {
            integration: self.clone(),
            every,
            connected: HashMap::new(),
            news: VecDeque::new(),
            next_look: Timestamp(i64::MIN),
        }
    }
}

impl Fleet {
    /// Waits for the next news. A list that cannot be read is logged, and asked for again at its time. Nothing is
    /// lost when the future is dropped before it is done.
    pub async fn next(&mut self) -> Sighting {
        loop {
            if let Some(sighting) = self.news.pop_front() {
                return sighting;
            }
            let clock = self.integration.clock();
            clock.sleep_until(self.next_look).await;
            let listed = self.integration.client().devices().list().with_xapi().all().await;
            let every = i64::try_from(self.every.as_millis()).unwrap_or(i64::MAX);
            self.next_look = self.integration.clock().now().plus_millis(every);
            match listed {
                Ok(listed) => self.compare(listed),
                Err(error) => tracing::warn!(%error, "the list of devices could not be read"),
            }
        }
    }

    /// The devices that were connected at the last look.
    pub fn connected(&self) -> impl Iterator<Item = &DeviceInfo> {
        self.connected.values()
    }

    /// Takes a device for one that was not seen yet: if it is connected at the next look, it is told of again.
    pub fn forget(&mut self, id: &DeviceId) {
        self.connected.remove(id);
    }

    fn compare(&mut self, listed: Vec<DeviceInfo>) {
        let mut before = std::mem::take(&mut self.connected);
        for device in listed.into_iter().filter(DeviceInfo::is_connected) {
            match before.remove(&device.id) {
                None => self.news.push_back(Sighting::Came(device.clone())),
                Some(known) if differs(&known, &device) => {
                    self.news.push_back(Sighting::Changed(device.clone()));
                }
                Some(_) => {}
            }
            self.connected.insert(device.id.clone(), device);
        }
        self.news.extend(before.into_values().map(Sighting::Went));
    }
}

/// When it was last seen changes all the time, and is no news.
fn differs(before: &DeviceInfo, now: &DeviceInfo) -> bool {
    let with_time = DeviceInfo {
        last_seen: now.last_seen,
        ..before.clone()
    };
    with_time != *now
}
