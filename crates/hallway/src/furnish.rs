//! Rooms and devices made to order, in a House that runs.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use hallway_device::office::{DevicePlan, LocationPlan, PersonPlan, WorkspacePlan};
use hallway_device::{Pace, SimulatedDevice, Timer};
use hallway_platform::place::{Floor, Seed};
use hallway_wire::id::OrgId;

use crate::demo::{device, location, person, workspace};
use crate::house::House;

/// What is put into an office.
#[derive(Clone, Debug, Default)]
pub struct Furniture {
    pub locations: Vec<LocationPlan>,
    pub people: Vec<PersonPlan>,
    pub workspaces: Vec<WorkspacePlan>,
    pub devices: Vec<DevicePlan>,
}

impl House {
    /// Puts people, places and devices into an organization, all or none, and switches the devices on. Returns the
    /// devices in their order; accessories, which speak through another device, are left out.
    ///
    /// # Errors
    /// The store failed, or something names a place that is not there.
    pub async fn furnish(
        &self,
        org: OrgId,
        furniture: &Furniture,
        timer: &Arc<dyn Timer>,
    ) -> Result<Vec<SimulatedDevice>> {
        let now = self.platform.now();
        let floors = furniture.locations.iter().flat_map(|location| {
            location.floors.iter().map(move |floor| Floor {
                id: floor.id,
                org,
                location: location.id,
                floor_number: f64::from(floor.number),
                display_name: Some(floor.name.clone()),
            })
        });
        let seed = Seed {
            floors: floors.collect(),
            locations: furniture
                .locations
                .iter()
                .map(|plan| location(org, now, plan))
                .collect(),
            people: furniture
                .people
                .iter()
                .map(|plan| person(org, now, plan))
                .collect(),
            workspaces: furniture
                .workspaces
                .iter()
                .map(|plan| workspace(org, now, plan))
                .collect(),
            devices: furniture
                .devices
                .iter()
                .map(|plan| device(org, now, plan))
                .collect(),
        };
        self.platform.seed(seed).await?;
        let mut living = Vec::new();
        for plan in furniture
            .devices
            .iter()
            .filter(|plan| plan.accessory_of.is_none())
        {
            let device = SimulatedDevice::with_timer(
                plan.spec.clone(),
                Arc::clone(self.platform.catalogue()),
                Arc::clone(timer),
                Pace::default(),
            );
            self.devices
                .add(device.clone())
                .await
                .with_context(|| format!("linking {} up", plan.spec.name))?;
            living.push(device);
        }
        Ok(living)
    }
}
