//! The demo office in this process, standing still.

use std::time::Duration;

use hallway::{Data, Demo, House, HouseConfig};
use hallway_device::office::OfficePlan;
use hallway_platform::Config;
use serde_json::{Value, json};

use super::{Client, within};

/// A running Hallway with the demo office, and its administrator.
pub(crate) struct Office {
    house: Option<House>,
    pub(crate) admin: Client,
    pub(crate) plan: OfficePlan,
}

/// Settings with short times; what a test changes is its own.
pub(crate) fn settings() -> HouseConfig {
    HouseConfig {
        listen: ([127, 0, 0, 1], 0).into(),
        data: Data::Ephemeral,
        demo: Some(Demo { seed: 1, speed: 0.0 }),
        private_targets: true,
        platform: Config {
            allow_http: true,
            poll_hold: Duration::from_millis(1500),
            full_sync_every: Duration::ZERO,
            delivery_timeout: Duration::from_secs(5),
            retry_first: Duration::from_millis(20),
            retry_max: Duration::from_millis(160),
            ..Config::default()
        },
        ..HouseConfig::default()
    }
}

impl Office {
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut HouseConfig)) -> Self {
        let mut config = settings();
        change(&mut config);
        Self::of(config).await
    }

    pub(crate) async fn of(config: HouseConfig) -> Self {
        let mut house = within("the house starts", House::start(config)).await.unwrap();
        house.ensure_token().await.unwrap();
        let token = house.ready.admin_token.as_ref().unwrap().expose().to_owned();
        let admin = Client::new(&house.ready.url).with_token(&token);
        Self {
            house: Some(house),
            admin,
            plan: OfficePlan::demo(1),
        }
    }

    pub(crate) fn house(&self) -> &House {
        self.house.as_ref().unwrap()
    }

    /// The id of a device, by its name.
    #[track_caller]
    pub(crate) fn device(&self, name: &str) -> String {
        let mut devices = self.plan.devices.iter();
        let found = devices.find(|device| device.spec.name == name);
        found
            .unwrap_or_else(|| panic!("no device {name}"))
            .spec
            .id
            .to_string()
    }

    /// The id of a workspace, by its name.
    #[track_caller]
    pub(crate) fn workspace(&self, name: &str) -> String {
        let mut workspaces = self.plan.workspaces.iter();
        let found = workspaces.find(|workspace| workspace.name == name);
        found
            .unwrap_or_else(|| panic!("no workspace {name}"))
            .id
            .to_string()
    }

    /// The id of a location, by its name.
    #[track_caller]
    pub(crate) fn location(&self, name: &str) -> String {
        let mut locations = self.plan.locations.iter();
        let found = locations.find(|location| location.name == name);
        found
            .unwrap_or_else(|| panic!("no location {name}"))
            .id
            .to_string()
    }

    pub(crate) fn org(&self) -> String {
        self.plan.organization.id.to_string()
    }

    /// Sets a status of a simulated device, by its name.
    pub(crate) async fn set(&self, device: &str, path: &str, value: impl Into<Value>) {
        let target = format!("/hallway/v1/devices/{}/status", self.device(device));
        let body = json!({ "path": path, "value": value.into() });
        self.admin.post(&target, body).await.expect(204);
    }

    /// Takes a status of a simulated device away.
    pub(crate) async fn remove(&self, device: &str, path: &str) {
        let target = format!("/hallway/v1/devices/{}/status?path={path}", self.device(device));
        self.admin.delete(&target).await.expect(204);
    }

    /// Raises an event on a simulated device.
    pub(crate) async fn emit(&self, device: &str, event: &str, value: Value) {
        let target = format!("/hallway/v1/devices/{}/events", self.device(device));
        let body = json!({ "event": event, "value": value });
        self.admin.post(&target, body).await.expect(204);
    }

    /// How many devices an integration without limits hears.
    pub(crate) fn hearing_devices(&self) -> usize {
        let devices = self.house().devices.all();
        devices.iter().filter(|device| !device.spec().personal).count()
    }

    /// What the administrator sees of an integration.
    pub(crate) async fn summary(&self, app: &str) -> Value {
        let target = format!("/hallway/v1/integrations/{app}");
        self.admin.get(&target).await.expect(200)
    }

    /// Ends it, in time.
    pub(crate) async fn close(mut self) {
        let house = self.house.take().unwrap();
        assert!(
            house.close(Duration::from_secs(10)).await,
            "something was still running after 10 s"
        );
    }
}

impl Drop for Office {
    fn drop(&mut self) {
        if self.house.is_some() && !std::thread::panicking() {
            panic!("an office was left open");
        }
    }
}
