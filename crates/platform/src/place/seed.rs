//! Places and devices that are there from the beginning: a demo, an import.

use super::{Floor, Location, Workspace};
use crate::device::Device;
use crate::error::{Doing as _, Result};
use crate::org::Person;
use crate::platform::Platform;
use crate::ports::Write;

/// Records that are put in one go.
#[derive(Clone, Debug, Default)]
pub struct Seed {
    pub people: Vec<Person>,
    pub locations: Vec<Location>,
    pub floors: Vec<Floor>,
    pub workspaces: Vec<Workspace>,
    pub devices: Vec<Device>,
}

impl Platform {
    /// Puts the records, all or none; one that is there already is replaced. It asks nobody's permission: it is
    /// for who holds the data directory.
    ///
    /// # Errors
    /// The store failed, or a record names one that is neither there nor in the seed.
    pub async fn seed(&self, seed: Seed) -> Result<()> {
        let Seed {
            people,
            locations,
            floors,
            workspaces,
            devices,
        } = seed;
        let ids: Vec<_> = devices.iter().map(|device| device.id).collect();
        // In the order in which they name each other.
        let mut writes: Vec<Write> = people.into_iter().map(Write::PutPerson).collect();
        writes.extend(locations.into_iter().map(Write::PutLocation));
        writes.extend(floors.into_iter().map(Write::PutFloor));
        writes.extend(workspaces.into_iter().map(Write::PutWorkspace));
        writes.extend(devices.into_iter().map(Write::NewDevice));
        self.store
            .commit(writes)
            .await
            .doing("seeding places and devices")?;
        for id in ids {
            self.refresh_place(id).await?;
        }
        Ok(())
    }
}
