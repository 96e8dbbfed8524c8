//! What exists on a device.

use std::collections::BTreeMap;

use http::Method;
use serde::Deserialize;
use serde_json::Value;

use super::dotted;
use crate::client::Client;
use crate::error::Result;
use crate::id::DeviceId;

/// Statuses and commands of a device, with what they take and hold.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeviceSchema {
    /// Which device.
    pub device_id: DeviceId,
    /// Statuses by key, with ranges for lists: `Peripherals.ConnectedDevice[1..n].Name`.
    #[serde(default)]
    pub status: BTreeMap<String, Value>,
    /// Commands by path.
    #[serde(default)]
    pub commands: BTreeMap<String, CommandSchema>,
}

/// What a command takes and says.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct CommandSchema {
    /// Arguments by name: `{"required", "schema"}`.
    pub arguments: BTreeMap<String, Value>,
    /// The body, for commands that take one.
    pub body_schema: Option<Value>,
    /// The result.
    pub result_schema: Option<Value>,
}

/// A question for the schemas of up to five devices.
#[derive(Clone, Debug)]
#[must_use = "nothing is asked until it is read"]
pub struct SchemaQuery {
    client: Client,
    devices: Vec<DeviceId>,
    status: Vec<String>,
    commands: Vec<String>,
}

impl Client {
    /// Asks what exists on devices; without patterns, for everything.
    ///
    /// ```no_run
    /// # async fn example(client: hallway_sdk::Client, id: hallway_sdk::DeviceId) -> hallway_sdk::Result<()> {
    /// let schemas = client.schema([id]).commands("UserInterface.Message.*").read().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn schema(&self, devices: impl IntoIterator<Item = DeviceId>) -> SchemaQuery {
        SchemaQuery {
            client: self.clone(),
            devices: devices.into_iter().collect(),
            status: Vec::new(),
            commands: Vec::new(),
        }
    }
}

impl SchemaQuery {
    /// Only these statuses.
    pub fn status(mut self, pattern: impl Into<String>) -> Self {
        self.status.push(pattern.into());
        self
    }

    /// Only these commands.
    pub fn commands(mut self, pattern: impl Into<String>) -> Self {
        self.commands.push(pattern.into());
        self
    }

    /// One schema for each device.
    ///
    /// # Errors
    /// Any; see [`Error`](crate::Error).
    pub async fn read(self) -> Result<Vec<DeviceSchema>> {
        let mut call = self.client.request(Method::GET, "xapi/schema");
        for device in &self.devices {
            call = call.query("deviceId", device);
        }
        for (name, patterns) in [("status", &self.status), ("command", &self.commands)] {
            for pattern in patterns {
                call = call.query(name, dotted(pattern)?);
            }
        }
        call.read().await
    }
}
