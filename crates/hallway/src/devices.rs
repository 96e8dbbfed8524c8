//! The simulated devices of this process, and their links to the platform.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use hallway_device::{Power, SimulatedDevice};
use hallway_platform::ports::Nudges;
use hallway_platform::{Attachment, Platform};
use hallway_server::{DeviceHost, HostError};
use hallway_wire::id::DeviceId;
use hallway_xapi::{Report, Uplink, UplinkError};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// A device in this process, and its link while it has one.
struct Hosted {
    device: SimulatedDevice,
    attachment: RwLock<Option<Arc<Attachment>>>,
    /// Whether it has no link because its organization is suspended.
    rests: AtomicBool,
}

/// All simulated devices of this process.
#[expect(missing_debug_implementations, reason = "the platform has none")]
pub struct LocalDevices {
    platform: Arc<Platform>,
    by_id: RwLock<HashMap<DeviceId, Arc<Hosted>>>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

/// Tells the platform what a device reports.
struct ToPlatform {
    platform: Arc<Platform>,
    device: DeviceId,
}

#[async_trait]
impl Uplink for ToPlatform {
    async fn report(&self, report: Report) -> Result<(), UplinkError> {
        // Before the platform took the link up there is nobody to tell: the full sync that follows the link
        // carries what happened.
        let linked = self.platform.links().get(self.device).ok_or(UplinkError::Gone)?;
        self.platform.report(&linked, &[report]).await.map_err(|error| {
            tracing::error!(%error, device = ?self.device, "a report could not be stored");
            UplinkError::Unavailable
        })
    }
}

impl LocalDevices {
    /// No devices yet.
    pub fn new(platform: Arc<Platform>, stop: CancellationToken) -> Arc<Self> {
        let devices = Arc::new(Self {
            platform,
            by_id: RwLock::default(),
            tasks: TaskTracker::new(),
            stop,
        });
        let changes = devices.platform.organization_changes();
        let following = Arc::clone(&devices);
        devices
            .tasks
            .spawn(async move { following.follow_organizations(changes).await });
        devices
    }

    /// Lets devices of suspended organizations rest, links them up when that ends, and forgets those that were
    /// deleted with their organization.
    async fn follow_organizations(&self, mut changes: Nudges) {
        loop {
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = changes.next() => {}
            }
            let all: Vec<Arc<Hosted>> = {
                let by_id = self.by_id.read().unwrap_or_else(PoisonError::into_inner);
                by_id.values().cloned().collect()
            };
            for hosted in all {
                if let Err(error) = self.follow_organization(&hosted).await {
                    tracing::warn!(%error, device = ?hosted.device.spec().id, "a device could not follow its organization");
                }
            }
        }
    }

    async fn follow_organization(&self, hosted: &Hosted) -> Result<(), HostError> {
        let id = hosted.device.spec().id;
        let stands = self.platform.device_stands(id).await;
        match stands.map_err(|error| HostError::Failed(error.to_string()))? {
            None => {
                self.by_id
                    .write()
                    .unwrap_or_else(PoisonError::into_inner)
                    .remove(&id);
                self.unlink(hosted).await
            }
            Some(false) => {
                if hosted.device.is_attached() || self.platform.links().is_linked(id) {
                    hosted.rests.store(true, Ordering::Release);
                }
                // The platform closed the link, perhaps before this looked.
                let had = hosted
                    .attachment
                    .read()
                    .unwrap_or_else(PoisonError::into_inner)
                    .is_some();
                if had {
                    hosted.rests.store(true, Ordering::Release);
                }
                self.unlink(hosted).await
            }
            Some(true) if hosted.rests.swap(false, Ordering::AcqRel) => self.link(hosted).await,
            Some(true) => Ok(()),
        }
    }

    /// Adds a device that is registered at the platform, and links it up.
    ///
    /// # Errors
    /// The platform does not know it.
    pub async fn add(self: &Arc<Self>, device: SimulatedDevice) -> Result<(), HostError> {
        let id = device.spec().id;
        let hosted = Arc::new(Hosted {
            device: device.clone(),
            attachment: RwLock::new(None),
            rests: AtomicBool::new(false),
        });
        self.by_id
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(id, Arc::clone(&hosted));
        let stands = self.platform.device_stands(id).await;
        match stands.map_err(|error| HostError::Failed(error.to_string()))? {
            Some(false) => hosted.rests.store(true, Ordering::Release),
            Some(true) | None => self.link(&hosted).await?,
        }
        let devices = Arc::clone(self);
        self.tasks
            .spawn(async move { devices.follow_power(&hosted).await });
        Ok(())
    }

    /// The device, if it lives here.
    pub fn get(&self, id: DeviceId) -> Option<SimulatedDevice> {
        self.hosted(id).map(|hosted| hosted.device.clone())
    }

    /// All of them.
    pub fn all(&self) -> Vec<SimulatedDevice> {
        let by_id = self.by_id.read().unwrap_or_else(PoisonError::into_inner);
        by_id.values().map(|hosted| hosted.device.clone()).collect()
    }

    fn hosted(&self, id: DeviceId) -> Option<Arc<Hosted>> {
        self.by_id
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&id)
            .cloned()
    }

    async fn link(&self, hosted: &Hosted) -> Result<(), HostError> {
        let id = hosted.device.spec().id;
        // The device tells from now on; the platform asks for everything when it takes the link up.
        hosted.device.attach(Arc::new(ToPlatform {
            platform: Arc::clone(&self.platform),
            device: id,
        }));
        let attachment = self.platform.attach(id, Arc::new(hosted.device.clone())).await;
        let attachment = attachment.map_err(|error| HostError::Failed(error.to_string()))?;
        *hosted.attachment.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(attachment));
        Ok(())
    }

    async fn unlink(&self, hosted: &Hosted) -> Result<(), HostError> {
        hosted.device.detach();
        let attachment = hosted
            .attachment
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(attachment) = attachment {
            self.platform
                .detach(&attachment)
                .await
                .map_err(|error| HostError::Failed(error.to_string()))?;
        }
        Ok(())
    }

    /// Unlinks a device that goes down, and links it up when it is back.
    async fn follow_power(&self, hosted: &Hosted) {
        let mut power = hosted.device.power();
        loop {
            tokio::select! {
                () = self.stop.cancelled() => return,
                changed = power.changed() => if changed.is_err() { return },
            }
            let now = *power.borrow_and_update();
            let outcome = match now {
                Power::On => self.link(hosted).await,
                Power::Booting | Power::Off => self.unlink(hosted).await,
            };
            if let Err(error) = outcome {
                tracing::warn!(%error, device = ?hosted.device.spec().id, "a device could not be switched");
            }
        }
    }

    /// Waits until nothing of the devices runs any more, after `stop` was cancelled.
    pub async fn ended(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }
}

#[async_trait]
impl DeviceHost for LocalDevices {
    async fn connect(&self, id: DeviceId) -> Result<(), HostError> {
        let hosted = self.hosted(id).ok_or(HostError::NotHere)?;
        if hosted.device.is_attached() {
            return Ok(());
        }
        if *hosted.device.power().borrow() == Power::Off {
            hosted.device.power_on().await;
            return Ok(());
        }
        self.link(&hosted).await
    }

    async fn disconnect(&self, id: DeviceId) -> Result<(), HostError> {
        let hosted = self.hosted(id).ok_or(HostError::NotHere)?;
        self.unlink(&hosted).await
    }
}
