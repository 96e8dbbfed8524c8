//! The keeper: one worker that sees to every device whose provider, page or place changed.
//!
//! It only remembers *that* something changed; what is to be done is decided from the store, so that a pass too
//! many does nothing, and a start makes one pass over everything that is assigned. A device is seen to by one
//! task at a time: an older page never follows a newer one.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use hallway_wire::id::{AppId, DeviceId, OrgId};
use hallway_wire::manifest::Feature;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::assignment::{Assignment, BY_APP, of_app};
use crate::error::{Doing as _, Error, Result};
use crate::platform::Platform;
use crate::ports::Find;
use crate::records::Document as _;

/// Most devices that are seen to at the same time.
const AT_ONCE: usize = 16;
/// Pause after something went wrong.
const PAUSE: Duration = Duration::from_secs(1);
/// How many assignments are read at once.
const BATCH: usize = 500;
/// A device that keeps changing what is managed is corrected at most this often.
const CORRECTED_EVERY: Duration = Duration::from_secs(2);

/// What waits for the keeper, and what it knows.
#[derive(Debug, Default)]
pub(crate) struct Provisioning {
    /// Devices that have, or had, a provider; with when they were last corrected.
    known: RwLock<HashMap<DeviceId, Option<Instant>>>,
    todo: Mutex<Todo>,
    more: Notify,
}

#[derive(Debug, Default)]
struct Todo {
    /// With whether everything is to be sent again.
    devices: HashMap<DeviceId, bool>,
    /// Devices that are corrected at that moment.
    later: HashMap<DeviceId, Instant>,
    apps: HashSet<(OrgId, AppId)>,
    running: HashSet<DeviceId>,
}

impl Provisioning {
    /// Whether a device has, or had, a provider.
    pub(crate) fn knows(&self, device: DeviceId) -> bool {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.contains_key(&device)
    }

    /// Notes whether a device has a provider.
    pub(super) fn note(&self, device: DeviceId, has: bool) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if has {
            known.entry(device).or_default();
        } else {
            known.remove(&device);
        }
    }

    /// A device is to be seen to.
    pub(super) fn mark(&self, device: DeviceId, resend: bool) {
        {
            let mut todo = self.todo.lock().unwrap_or_else(PoisonError::into_inner);
            *todo.devices.entry(device).or_default() |= resend;
        }
        self.more.notify_one();
    }

    /// A device that went its own way is corrected, but not more often than every so often.
    fn correct(&self, device: DeviceId) {
        {
            let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
            let Some(last) = known.get_mut(&device) else {
                return;
            };
            let mut todo = self.todo.lock().unwrap_or_else(PoisonError::into_inner);
            if todo.later.contains_key(&device) {
                return;
            }
            let now = Instant::now();
            let due = last.map_or(now, |last| (last + CORRECTED_EVERY).max(now));
            *last = Some(due);
            todo.later.insert(device, due);
        }
        self.more.notify_one();
    }

    /// Takes up what was put off until now. Returns when the next one is due.
    fn take_up(&self) -> Option<Instant> {
        let mut todo = self.todo.lock().unwrap_or_else(PoisonError::into_inner);
        let Todo { devices, later, .. } = &mut *todo;
        let now = Instant::now();
        later.retain(|device, due| {
            if *due <= now {
                devices.insert(*device, true);
            }
            *due > now
        });
        later.values().min().copied()
    }

    fn next_app(&self) -> Option<(OrgId, AppId)> {
        let mut todo = self.todo.lock().unwrap_or_else(PoisonError::into_inner);
        let next = todo.apps.iter().next().copied()?;
        todo.apps.remove(&next);
        Some(next)
    }

    fn next_device(&self) -> Option<(DeviceId, bool)> {
        let mut todo = self.todo.lock().unwrap_or_else(PoisonError::into_inner);
        if todo.running.len() >= AT_ONCE {
            return None;
        }
        let Todo { devices, running, .. } = &mut *todo;
        let next = devices
            .keys()
            .find(|device| !running.contains(*device))
            .copied()?;
        let resend = devices.remove(&next).unwrap_or_default();
        running.insert(next);
        Some((next, resend))
    }

    fn ended(&self, device: DeviceId) {
        let mut todo = self.todo.lock().unwrap_or_else(PoisonError::into_inner);
        todo.running.remove(&device);
    }
}

/// A device that is being seen to; over when this is dropped.
struct Turn {
    platform: Arc<Platform>,
    device: DeviceId,
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.platform.provisioning.ended(self.device);
    }
}

impl Platform {
    /// Something about a provider changed: its configuration, its scopes, or that it is there at all.
    pub(crate) fn provider_changed(&self, org: OrgId, app: AppId) {
        {
            let todo = &self.provisioning.todo;
            let mut todo = todo.lock().unwrap_or_else(PoisonError::into_inner);
            todo.apps.insert((org, app));
        }
        self.provisioning.more.notify_one();
    }

    /// Something about a device or its workspace changed.
    pub(crate) fn device_touched(&self, device: DeviceId) {
        if self.provisioning.knows(device) {
            self.provisioning.mark(device, false);
        }
    }

    /// A device is back, and was sent what is stored: what is managed is sent again, in its order.
    pub(crate) fn device_is_back(&self, device: DeviceId) {
        if self.provisioning.knows(device) {
            self.provisioning.mark(device, true);
        }
    }

    /// A device has something else than what is managed for it.
    pub(crate) fn correct_device(&self, device: DeviceId) {
        self.provisioning.correct(device);
    }

    /// Takes up what is assigned, at a start.
    pub(crate) async fn resume_features(&self) -> Result<()> {
        let mut after = None;
        loop {
            let found = self.store.all_records(Assignment::KIND, after, BATCH).await;
            let found = found.doing("reading assignments")?;
            for stored in &found {
                let device = stored.id.split(':').next().and_then(|id| id.parse().ok());
                if let Some(device) = device.map(DeviceId::from_uuid) {
                    self.provisioning.note(device, true);
                    self.provisioning.mark(device, false);
                }
            }
            match found.last() {
                Some(last) if found.len() == BATCH => after = Some(last.id.clone()),
                _ => return Ok(()),
            }
        }
    }

    /// Keeps devices as they are to be until the platform stops.
    pub(crate) async fn keep_features(self: Arc<Self>) {
        let mut tasks: JoinSet<()> = JoinSet::new();
        loop {
            while let Some((org, app)) = self.provisioning.next_app() {
                if let Err(error) = self.mark_devices_of(org, app).await {
                    tracing::warn!(%error, %app, "devices of an integration could not be found");
                    self.provider_changed(org, app);
                    tokio::select! { () = self.stop.cancelled() => return, () = tokio::time::sleep(PAUSE) => {} }
                }
            }
            let due = self.provisioning.take_up();
            while let Some((device, resend)) = self.provisioning.next_device() {
                let turn = Turn {
                    platform: Arc::clone(&self),
                    device,
                };
                tasks.spawn(async move { turn.platform.see_to(turn.device, resend).await });
            }
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = self.provisioning.more.notified() => {}
                () = tokio::time::sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {}
                Some(ended) = tasks.join_next() => if let Err(error) = ended {
                    tracing::error!(%error, "a device could not be seen to");
                }
            }
        }
    }

    async fn see_to(&self, device: DeviceId, resend: bool) {
        match self.provision(device, resend).await {
            Ok(()) => {}
            Err(Error::Stale | Error::Conflict { .. }) => self.provisioning.mark(device, resend),
            Err(error) => {
                tracing::warn!(%error, ?device, "a device could not be provisioned");
                tokio::time::sleep(PAUSE).await;
                self.provisioning.mark(device, resend);
            }
        }
    }

    async fn mark_devices_of(&self, org: OrgId, app: AppId) -> Result<()> {
        for feature in Feature::ALL {
            let mut after = None;
            loop {
                let find = Find::new(Assignment::KIND, org, BY_APP, of_app(app, feature), BATCH).after(after);
                let listed = self.assignments(find).await?;
                for kept in &listed.items {
                    self.provisioning.mark(kept.device, false);
                }
                match listed.next {
                    Some(next) => after = Some(next),
                    None => break,
                }
            }
        }
        Ok(())
    }
}
