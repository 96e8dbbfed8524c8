//! Rooms and their devices.

use std::sync::Arc;

use hallway::office::RoomOrder;
use hallway_device::office::WorkspaceType;
use hallway_device::{ProductModel, Ran, SimulatedDevice};
use hallway_sdk::{Client, DeviceId, WorkspaceId};
use hallway_wire::id::WorkspaceId as Workspace;
use hallway_xapi::catalogue::{Role, Roles};
use http::Method;
use serde_json::{Map, Value, json};

use crate::clock::TestClock;
use crate::office::Office;

/// A room with its devices.
#[derive(Clone, Debug)]
pub struct Room {
    pub(crate) name: String,
    pub(crate) id: Workspace,
    pub(crate) devices: Vec<TestDevice>,
}

impl Room {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its workspace.
    pub fn workspace_id(&self) -> WorkspaceId {
        WorkspaceId::new(self.id.to_string())
    }

    /// Its device; its first one, if there are several.
    ///
    /// # Panics
    /// It has none.
    #[track_caller]
    pub fn device(&self) -> &TestDevice {
        let first = self.devices.first();
        first.unwrap_or_else(|| panic!("{} has no device", self.name))
    }

    /// All of its devices.
    pub fn devices(&self) -> &[TestDevice] {
        &self.devices
    }
}

/// A room to order: [`Office::make`].
#[must_use]
#[derive(Clone, Debug)]
pub struct RoomBuilder(pub(crate) RoomOrder);

impl RoomBuilder {
    pub(crate) fn new(name: &str) -> Self {
        Self(RoomOrder::new(name))
    }

    /// Which device stands in it; a Room Bar if nothing is said.
    pub fn with(mut self, product: ProductModel) -> Self {
        self.0.product = product;
        self
    }

    /// How many people it is made for; eight if nothing is said.
    pub fn for_people(mut self, capacity: u32) -> Self {
        self.0.capacity = Some(capacity);
        self
    }

    /// A desk instead of a meeting room.
    pub fn desk(mut self) -> Self {
        self.0.kind = WorkspaceType::Desk;
        self.0.capacity = Some(1);
        self
    }

    /// Without a calendar.
    pub fn unbookable(mut self) -> Self {
        self.0.calendar = false;
        self
    }

    /// With a Room Navigator on the table.
    pub fn navigator(mut self) -> Self {
        self.0.navigator = true;
        self
    }

    /// A tag of its device.
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.0.tags.push(tag.into());
        self
    }
}

/// A simulated device, as a test meets it: what happens in front of it, and what was run on it.
#[derive(Clone, Debug)]
pub struct TestDevice {
    device: SimulatedDevice,
    clock: Arc<TestClock>,
    admin: Client,
    url: String,
}

impl TestDevice {
    pub(crate) fn new(office: &Office, device: SimulatedDevice) -> Self {
        Self {
            url: format!("{}/hallway/v1/devices/{}", office.url(), device.spec().id),
            clock: office.clock(),
            admin: office.admin(),
            device,
        }
    }

    /// Its id.
    pub fn id(&self) -> DeviceId {
        DeviceId::new(self.device.spec().id.to_string())
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.device.spec().name
    }

    /// The device itself.
    pub fn simulated(&self) -> &SimulatedDevice {
        &self.device
    }

    /// Sets a status, as if the device had seen it. When this returns, those who listen have it in their queues.
    pub async fn set(&self, path: &str, value: impl Into<Value>) {
        self.clock.tick();
        let params = json!({ "Key": path, "Value": value.into() });
        self.perform("xSimulator/SetStatus", params).await;
    }

    /// Takes a status away, as if what it told of had gone.
    pub async fn remove(&self, path: &str) {
        self.clock.tick();
        self.perform("xSimulator/RemoveStatus", json!({ "Key": path }))
            .await;
    }

    /// Raises an event, as if somebody had touched the device.
    pub async fn emit(&self, event: &str, value: Value) {
        self.clock.tick();
        let params = json!({ "Event": event, "Value": value });
        self.perform("xSimulator/Emit", params).await;
    }

    /// A status as the device has it now; `null` if it has none there.
    pub async fn status(&self, path: &str) -> Value {
        let path: Vec<&str> = std::iter::once("Status").chain(path.split('.')).collect();
        self.perform("xGet", json!({ "Path": path })).await
    }

    /// Asks the device itself: neither faults nor a platform that is down are in the way.
    async fn perform(&self, method: &str, params: Value) -> Value {
        let roles = Roles::NONE.with(Role::Admin);
        let answer = self.device.perform(method, params.clone(), roles).await;
        answer.unwrap_or_else(|error| panic!("{method} {params} at {}: {error}", self.name()))
    }

    /// Waits until a status has a value.
    pub async fn has(&self, path: &str, value: impl Into<Value>) {
        let value = value.into();
        let what = format!("{} whose {path} is {value}", self.name());
        let look = async || (self.status(path).await == value).then_some(());
        crate::eventually(&what, look).await;
    }

    /// Runs a command, as somebody at the device would.
    pub async fn run(&self, command: &str, arguments: Value) -> Value {
        let method = format!("xCommand/{}", command.replace('.', "/"));
        self.perform(&method, arguments).await
    }

    /// What was run on it, by anybody, oldest first.
    pub fn commands(&self) -> Vec<Ran> {
        self.device.run_log().all()
    }

    /// Waits until a command was run on it, and returns its newest run.
    pub async fn ran(&self, command: &str) -> Ran {
        self.ran_with(command, |_| true).await
    }

    /// Waits until a command was run on it with arguments like these, and returns the newest such run.
    ///
    /// # Panics
    /// It was not, within [`crate::DEADLINE`].
    pub async fn ran_with(&self, command: &str, fits: impl Fn(&Map<String, Value>) -> bool) -> Ran {
        let mut log = self.device.run_log();
        let finding = log.find(|all| {
            let mut newest = all.iter().rev();
            newest
                .find(|ran| ran.command == command && fits(&ran.arguments))
                .cloned()
        });
        match tokio::time::timeout(crate::DEADLINE, finding).await {
            Ok(Some(ran)) => ran,
            Ok(None) | Err(_) => {
                let ran: Vec<String> = self.commands().into_iter().map(|ran| ran.command).collect();
                panic!("{command} was not run on {}, only {ran:?}", self.name())
            }
        }
    }

    /// Waits until a command was run on it so often, and returns all its runs, oldest first.
    pub async fn ran_times(&self, command: &str, times: usize) -> Vec<Ran> {
        let mut log = self.device.run_log();
        let finding = log.find(|all| {
            let runs = all.iter().filter(|ran| ran.command == command);
            let runs: Vec<Ran> = runs.cloned().collect();
            (runs.len() >= times).then_some(runs)
        });
        let what = format!("{times} times {command} on {}", self.name());
        crate::within(&what, finding).await.unwrap_or_default()
    }

    /// Pulls the plug.
    pub async fn disconnect(&self) {
        self.control("disconnect").await;
    }

    /// Plugs it in again.
    pub async fn connect(&self) {
        self.control("connect").await;
    }

    async fn control(&self, what: &str) {
        let call = self.admin.request(Method::POST, format!("{}/{what}", self.url));
        call.done()
            .await
            .unwrap_or_else(|error| panic!("{what}: {error}"));
    }
}
