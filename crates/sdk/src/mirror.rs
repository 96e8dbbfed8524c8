//! Statuses of all devices at hand: read once, kept up to date by notifications, and read again now and then.
//!
//! For displays, reports and rules that look at many rooms at once. What asks one device one thing is better off
//! with [`Device::status`](crate::Device::status).

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use hallway_wire::Timestamp;
use hallway_xapi::{Key, Pattern};
use serde_json::Value;
use tokio::sync::watch;

use crate::error::Result;
use crate::id::DeviceId;
use crate::integration::Integration;
use crate::notify::{Handlers, Notice};
use crate::resources::{ConnectionStatus, DeviceInfo};
use crate::sync::lock;
use crate::xapi::FromValue;

/// A notification this much older than the last reading waited in a queue while nobody listened.
const OUTDATED_MILLIS: i64 = 60_000;
/// So many devices are read at once.
const AT_ONCE: usize = 8;

/// A device with what it told last.
#[derive(Clone, Debug)]
pub struct Mirrored {
    /// The device, as the service listed it last.
    pub device: DeviceInfo,
    /// When it was last read or heard of; `None`: never.
    pub heard: Option<Timestamp>,
    /// When it was last read.
    read: Option<Timestamp>,
    /// Each value, and the number of the notification that brought it.
    values: BTreeMap<Key, (Value, u64)>,
}

impl Mirrored {
    /// The value of a status; `None`: it is not known, or is no `T`.
    pub fn get<T: FromValue>(&self, path: &str) -> Option<T> {
        let (value, _) = self.values.get(&path.parse().ok()?)?;
        T::from_value(value)
    }

    /// The values that a pattern means.
    pub fn matching(&self, pattern: &str) -> Vec<(&Key, &Value)> {
        let Ok(pattern) = pattern.parse::<Pattern>() else {
            return Vec::new();
        };
        let all = self.values.iter().filter(|(key, _)| pattern.encloses(key));
        all.map(|(key, (value, _))| (key, value)).collect()
    }

    /// Whether it is connected, and was heard of after this moment: whether what it told can be relied upon.
    pub fn is_fresh(&self, since: Timestamp) -> bool {
        self.device.is_connected() && self.heard.is_some_and(|heard| heard >= since)
    }
}

/// The statuses of all devices, as far as they are granted. Cheap to clone: all clones are the same mirror.
///
/// ```no_run
/// # async fn example(integration: hallway_sdk::Integration) -> hallway_sdk::Result<()> {
/// use std::time::Duration;
/// use hallway_sdk::Handlers;
/// use hallway_sdk::mirror::Mirror;
///
/// let mirror = Mirror::new(&integration, ["RoomAnalytics.PeopleCount.Current"]);
/// let handlers = mirror.handled_by(Handlers::new());
/// tokio::select! {
///     done = handlers.run(integration.poll()?) => done?,
///     () = mirror.keep(Duration::from_secs(300)) => {}
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Mirror(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    integration: Integration,
    paths: Vec<String>,
    devices: Mutex<HashMap<DeviceId, Mirrored>>,
    /// Counts the notifications that were taken in.
    version: watch::Sender<u64>,
}

impl Mirror {
    /// A mirror of these statuses: paths or patterns, spelled as in the manifest. Those that are not granted are
    /// left out, and not an error: see [`not_granted`](Self::not_granted). It is empty until it is
    /// [kept](Self::keep).
    pub fn new<P: Into<String>>(integration: &Integration, paths: impl IntoIterator<Item = P>) -> Self {
        Self(Arc::new(Inner {
            integration: integration.clone(),
            paths: paths.into_iter().map(Into::into).collect(),
            devices: Mutex::default(),
            version: watch::Sender::new(0),
        }))
    }

    /// The statuses that an administrator did not grant.
    pub fn not_granted(&self) -> Vec<&str> {
        let grants = self.0.integration.grants();
        let paths = self.0.paths.iter().map(String::as_str);
        paths.filter(|path| !grants.may_read(path)).collect()
    }

    /// Adds the handlers that keep the mirror up to date.
    #[must_use]
    pub fn handled_by(&self, mut handlers: Handlers) -> Handlers {
        for path in &self.0.paths {
            let mirror = self.clone();
            handlers = handlers.on_status(path, move |notice: Notice| {
                let mirror = mirror.clone();
                async move { mirror.take_in(&notice) }
            });
        }
        let mirror = self.clone();
        // What goes may be a node above: a call, or a touch panel that was unplugged.
        handlers.on_removed("*", move |notice: Notice| {
            let mirror = mirror.clone();
            async move { mirror.take_in(&notice) }
        })
    }

    /// Reads everything, and again every so often: connections have no notification, and what got lost on the way
    /// is put right. That is one request for each device and round. What fails is logged, and tried again.
    pub async fn keep(&self, every: Duration) {
        loop {
            if let Err(error) = self.refresh().await {
                tracing::warn!(%error, "the devices could not be read");
            }
            self.0.integration.clock().sleep(every).await;
        }
    }

    /// Reads everything once. A device that does not answer stays as it was.
    ///
    /// # Errors
    /// The list of devices could not be read.
    pub async fn refresh(&self) -> Result<()> {
        let Inner {
            integration, paths, ..
        } = &*self.0;
        let grants = integration.grants();
        let granted = &paths
            .iter()
            .filter(|path| grants.may_read(path))
            .collect::<Vec<_>>();
        let listed = integration.client().devices().list().with_xapi().all().await?;
        let ids: Vec<DeviceId> = listed
            .iter()
            .filter(|device| device.is_connected() && !granted.is_empty())
            .map(|device| device.id.clone())
            .collect();
        self.list(listed);
        let readings = stream::iter(ids).map(|id| async move {
            let began = *self.0.version.borrow();
            let query = integration.device(&id).statuses(granted.iter().copied());
            match query.read().await {
                Ok(status) => self.read(&id, status.leaves(), began),
                Err(error) => tracing::warn!(device = ?id, %error, "a device could not be read"),
            }
        });
        readings
            .buffer_unordered(AT_ONCE)
            .for_each(|()| std::future::ready(()))
            .await;
        self.changed();
        Ok(())
    }

    /// All devices with an xAPI, also those that are not connected, in no order.
    pub fn devices(&self) -> Vec<Mirrored> {
        lock(&self.0.devices).values().cloned().collect()
    }

    /// Tells when something changed.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.0.version.subscribe()
    }

    fn changed(&self) -> u64 {
        self.0.version.send_modify(|version| *version += 1);
        *self.0.version.borrow()
    }

    fn list(&self, listed: Vec<DeviceInfo>) {
        let mut devices = lock(&self.0.devices);
        let mut before = std::mem::take(&mut *devices);
        for device in listed {
            let known = before
                .remove(&device.id)
                .unwrap_or_else(|| Mirrored::new(&device));
            devices.insert(device.id.clone(), Mirrored { device, ..known });
        }
    }

    /// What was notified since the reading began is newer than the reading.
    fn read(&self, id: &DeviceId, values: Vec<(Key, Value)>, began: u64) {
        let now = self.0.integration.clock().now();
        if let Some(device) = lock(&self.0.devices).get_mut(id) {
            device.values.retain(|_, (_, brought)| *brought > began);
            for (key, value) in values {
                device.values.entry(key).or_insert((value, began));
            }
            (device.heard, device.read) = (Some(now), Some(now));
        }
    }

    fn take_in(&self, notice: &Notice) {
        let version = self.changed();
        let now = self.0.integration.clock().now();
        let mut devices = lock(&self.0.devices);
        // A device that was never listed is, with all its values, by the next round.
        let Some(device) = devices.get_mut(&notice.device_id) else {
            return;
        };
        if let (Some(told), Some(read)) = (notice.timestamp, device.read)
            && told.plus_millis(OUTDATED_MILLIS) < read
        {
            return;
        }
        device.heard = Some(now);
        if !device.device.is_connected() {
            device.device.connection_status = Some(ConnectionStatus::Connected);
        }
        if notice.value.is_null() {
            device.values.retain(|key, _| !key.starts_with(&notice.key));
        } else {
            let value = (notice.value.clone(), version);
            device.values.insert(notice.key.clone(), value);
        }
        drop(devices);
        self.0.version.send_modify(|_| ());
    }
}

impl Mirrored {
    fn new(device: &DeviceInfo) -> Self {
        Self {
            device: device.clone(),
            heard: None,
            read: None,
            values: BTreeMap::new(),
        }
    }
}
