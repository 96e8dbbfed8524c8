//! The xAPI of a device, through the cloud: statuses, commands, configurations, schema.

mod bookings;
mod command;
mod common;
mod configuration;
pub mod events;
mod schema;
mod status;
mod value;

use std::sync::Arc;

use tokio::sync::watch;

pub use bookings::Booking;
pub use command::{Command, CommandResult};
pub use common::{Alert, Prompt, Rating, TextInput};
pub use configuration::{Configuration, Configure, Source};
pub use schema::{CommandSchema, DeviceSchema, SchemaQuery};
pub use status::{Status, StatusQuery};
pub use value::FromValue;

use crate::client::Client;
use crate::error::Result;
use crate::id::DeviceId;
use crate::integration::Grants;

/// A device, as far as the xAPI reaches it. It holds nothing and asks nothing until it is used.
///
/// ```no_run
/// # async fn example(device: hallway_sdk::Device) -> hallway_sdk::Result<()> {
/// let volume: u8 = device.status("Audio.Volume").get().await?;
/// device.command("Audio.Volume.Set").arg("Level", volume / 2).run().await?;
/// device.alert("Somebody turned the volume down").duration(5).show().await?;
/// device.configure().set("Audio.DefaultVolume", 40).apply().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Device {
    client: Client,
    id: DeviceId,
    grants: Option<watch::Receiver<Arc<Grants>>>,
}

impl Device {
    pub(crate) fn new(client: Client, id: DeviceId) -> Self {
        Self {
            client,
            id,
            grants: None,
        }
    }

    pub(crate) fn granted(client: Client, id: DeviceId, grants: watch::Receiver<Arc<Grants>>) -> Self {
        Self {
            grants: Some(grants),
            ..Self::new(client, id)
        }
    }

    /// Its id.
    pub fn id(&self) -> &DeviceId {
        &self.id
    }

    /// Checks against what was granted, where that is known.
    fn check(&self, ask: impl FnOnce(&Grants) -> Result<()>) -> Result<()> {
        match &self.grants {
            Some(grants) => ask(&grants.borrow()),
            None => Ok(()),
        }
    }
}

impl Client {
    /// The xAPI of a device.
    pub fn device(&self, id: impl Into<DeviceId>) -> Device {
        Device::new(self.clone(), id.into())
    }
}

/// A path as requests spell it: with dots, also if it was given with spaces.
fn dotted(path: &str) -> Result<String> {
    let pattern: hallway_xapi::Pattern = path
        .parse()
        .map_err(|error| crate::Error::configuration(format!("`{path}` is no xAPI path: {error}")))?;
    Ok(pattern.to_string())
}
