//! Devices that are linked now, and where each of them stands.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use arc_swap::ArcSwap;
use hallway_wire::id::{DeviceId, LocationId, OrgId, WorkspaceId};
use hallway_xapi::Link;

/// Where a device stands, with the texts that its notifications carry. Changed as a whole when the device or
/// its workspace changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub org: OrgId,
    pub workspace: Option<WorkspaceId>,
    pub location: Option<LocationId>,
    /// In personal mode it sends no notifications.
    pub personal: bool,
    pub product_code: Option<String>,
    /// `"orgId":"…","deviceId":"…","workspaceId":"…"`
    pub ids_json: String,
}

/// A device with an open link.
#[expect(missing_debug_implementations, reason = "the link is a trait object")]
pub struct LinkedDevice {
    pub id: DeviceId,
    pub place: ArcSwap<Place>,
    pub link: Arc<dyn Link>,
    /// Counts links of this process: tells a new link from the one that it replaced.
    pub generation: u64,
    /// The turn of this device: reports and full syncs are queued one after the other, so that an old value
    /// never follows a newer one. It is an asynchronous queue of waiters, not a lock around shared data.
    pub(crate) turn: tokio::sync::Mutex<()>,
}

/// What a link session holds; give it back to [`crate::Platform::detach`].
#[expect(missing_debug_implementations, reason = "the link is a trait object")]
pub struct Attachment {
    pub device: Arc<LinkedDevice>,
}

/// All linked devices.
#[derive(Default)]
pub struct Links {
    by_id: RwLock<HashMap<DeviceId, Arc<LinkedDevice>>>,
    generations: std::sync::atomic::AtomicU64,
}

impl Links {
    /// The link of a device.
    pub fn get(&self, id: DeviceId) -> Option<Arc<LinkedDevice>> {
        self.by_id
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&id)
            .cloned()
    }

    /// Whether it is linked.
    pub fn is_linked(&self, id: DeviceId) -> bool {
        self.by_id
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .contains_key(&id)
    }

    /// All of them.
    pub fn all(&self) -> Vec<Arc<LinkedDevice>> {
        self.by_id
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .values()
            .cloned()
            .collect()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.by_id.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds a link; one that the device had before is closed.
    pub(crate) fn attach(&self, id: DeviceId, place: Place, link: Arc<dyn Link>) -> Arc<LinkedDevice> {
        let generation = self
            .generations
            .fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let linked = Arc::new(LinkedDevice {
            id,
            place: ArcSwap::from_pointee(place),
            link,
            generation,
            turn: tokio::sync::Mutex::new(()),
        });
        let before = self
            .by_id
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(id, Arc::clone(&linked));
        if let Some(before) = before {
            before.link.close("the device opened another link");
        }
        linked
    }

    /// Takes a link away, unless a newer one replaced it. Returns whether it was the current one.
    pub(crate) fn detach(&self, linked: &LinkedDevice) -> bool {
        let mut by_id = self.by_id.write().unwrap_or_else(PoisonError::into_inner);
        let current = by_id
            .get(&linked.id)
            .is_some_and(|now| now.generation == linked.generation);
        if current {
            by_id.remove(&linked.id);
        }
        current
    }

    /// Takes a device's link away and closes it.
    pub(crate) fn drop_device(&self, id: DeviceId, reason: &str) {
        let removed = self
            .by_id
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&id);
        if let Some(linked) = removed {
            linked.link.close(reason);
        }
    }
}
