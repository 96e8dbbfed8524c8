//! An office for tests: rooms and devices made to order in a House that runs, a clock that is moved by hand, and what
//! devices were told. The test kit in Rust uses it directly, other languages over the routes of [`api`].

pub(crate) mod api;
mod order;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use hallway_device::office::{DevicePlan, FloorPlan, LocationPlan, OfficePlan, WorkspacePlan};
use hallway_device::{Pace, RunLog, SimulatedDevice};
use hallway_platform::Platform;
use hallway_platform::place::{Floor, Seed};
use hallway_wire::Timestamp;
use hallway_wire::id::{DeviceId, FloorId, LocationId, OrgId, WorkspaceId};
use uuid::Uuid;

pub use order::{RoomOrder, product};

use crate::demo::{device, location, workspace};
use crate::devices::LocalDevices;
use crate::house::{Demo, Time};

/// Where rooms are made in an office that is not the demo office: always the same one.
const HEAD_OFFICE: LocationId =
    LocationId::from_uuid(Uuid::from_u128(0x6865_6164_6f66_4669_8365_0000_0000_0001));
const GROUND_FLOOR: FloorId = FloorId::from_uuid(Uuid::from_u128(0x6865_6164_6f66_4669_8365_0000_0000_0002));

/// A room that was made.
#[derive(Clone, Debug)]
pub struct MadeRoom {
    pub workspace: WorkspaceId,
    /// Without accessories, which speak through another device.
    pub devices: Vec<SimulatedDevice>,
}

/// An office that a test furnishes.
#[expect(missing_debug_implementations, reason = "the platform has none")]
pub struct TestOffice {
    platform: Arc<Platform>,
    devices: Arc<LocalDevices>,
    time: Time,
    org: OrgId,
    home: LocationId,
}

impl TestOffice {
    /// Takes an office over, and builds its head office where there is no demo office.
    pub(crate) async fn open(
        platform: &Arc<Platform>,
        devices: &Arc<LocalDevices>,
        time: &Time,
        org: OrgId,
        demo: Option<Demo>,
    ) -> Result<Self> {
        let plan = demo.map(|demo| OfficePlan::demo(demo.seed));
        let demo_home = plan.and_then(|plan| plan.locations.first().map(|first| first.id));
        let office = Self {
            platform: Arc::clone(platform),
            devices: Arc::clone(devices),
            time: time.clone(),
            org,
            home: demo_home.unwrap_or(HEAD_OFFICE),
        };
        if demo_home.is_none() {
            office.put(Some(&head_office()), None, &[]).await?;
        }
        Ok(office)
    }

    /// Makes a room, with its devices switched on.
    ///
    /// # Errors
    /// The store failed.
    pub async fn make(&self, order: RoomOrder) -> Result<MadeRoom> {
        let (workspace, devices) = order.plan(self.home);
        self.put(None, Some(&workspace), &devices).await?;
        let mut living = Vec::new();
        for plan in devices.into_iter().filter(|plan| plan.accessory_of.is_none()) {
            let device = SimulatedDevice::with_timer(
                plan.spec,
                Arc::clone(self.platform.catalogue()),
                self.time.timer(),
                Pace::default(),
            );
            let linked = self.devices.add(device.clone()).await;
            linked.with_context(|| format!("linking {} up", device.spec().name))?;
            living.push(device);
        }
        Ok(MadeRoom {
            workspace: workspace.id,
            devices: living,
        })
    }

    async fn put(
        &self,
        place: Option<&LocationPlan>,
        room: Option<&WorkspacePlan>,
        devices: &[DevicePlan],
    ) -> Result<()> {
        let (org, now) = (self.org, self.platform.now());
        let floors = place.into_iter().flat_map(|place| {
            place.floors.iter().map(move |floor| Floor {
                id: floor.id,
                org,
                location: place.id,
                floor_number: f64::from(floor.number),
                display_name: Some(floor.name.clone()),
            })
        });
        let seed = Seed {
            floors: floors.collect(),
            locations: place.into_iter().map(|plan| location(org, now, plan)).collect(),
            people: Vec::new(),
            workspaces: room.into_iter().map(|plan| workspace(org, now, plan)).collect(),
            devices: devices.iter().map(|plan| device(org, now, plan)).collect(),
        };
        self.platform.seed(seed).await?;
        Ok(())
    }

    /// Now, as the office sees it.
    pub fn now(&self) -> Timestamp {
        self.platform.now()
    }

    /// Lets time pass. When this returns, the devices have done what was planned for it. `false`: this office lives
    /// by the machine's clock, which nobody moves.
    pub async fn advance(&self, by: Duration) -> bool {
        let Time::Manual(timer) = &self.time else {
            return false;
        };
        timer.advance(by);
        for device in self.devices.all() {
            device.run_due().await;
        }
        true
    }

    /// Waits until the office's clock shows a moment.
    pub async fn sleep_until(&self, at: Timestamp) {
        self.time.timer().sleep_until(at.millis()).await;
    }

    /// The commands that a device carried out; `None`: it does not live here.
    pub fn commands(&self, device: DeviceId) -> Option<RunLog> {
        self.devices.get(device).map(|device| device.run_log())
    }
}

fn head_office() -> LocationPlan {
    LocationPlan {
        id: HEAD_OFFICE,
        name: "Head Office".to_owned(),
        address: "1 Quay Street".to_owned(),
        city: "Bergen".to_owned(),
        postal_code: "5003".to_owned(),
        country: "NO".to_owned(),
        time_zone: "Europe/Oslo".to_owned(),
        language: "en_us".to_owned(),
        latitude: 60.39,
        longitude: 5.32,
        floors: vec![FloorPlan {
            id: GROUND_FLOOR,
            number: 1,
            name: "Ground floor".to_owned(),
        }],
    }
}
