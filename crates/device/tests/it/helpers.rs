//! A device on a clock that stands still, and somebody who writes down what it tells.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use hallway_device::{DeviceSpec, ManualTimer, Pace, PanelSpec, ProductModel, SimulatedDevice, Timer};
use hallway_wire::id::DeviceId;
use hallway_xapi::catalogue::Catalogue;
use hallway_xapi::link::{Change, Link as _, Report, Uplink, UplinkError};
use hallway_xapi::rpc::RpcError;
use serde_json::Value;

pub(crate) const START_MS: i64 = 1_772_604_000_000;

#[derive(Default)]
pub(crate) struct Recorder(Mutex<Vec<Report>>);

impl Recorder {
    /// What was told since the last time: `Audio.Volume=33`, `-Call[1]`, `!CallSuccessful {...}`.
    pub(crate) fn take(&self) -> Vec<String> {
        let reports = std::mem::take(&mut *self.0.lock().unwrap());
        reports
            .iter()
            .flat_map(|report| &report.changes)
            .map(show)
            .collect()
    }
}

pub(crate) fn show(change: &Change) -> String {
    match change {
        Change::Status(key, value) => format!("{key}={}", text(value)),
        Change::StatusRemoved(key) => format!("-{key}"),
        Change::Event(key, value) => format!("!{key} {value}"),
        Change::Configuration(key, Some(value)) => format!("~{key}={}", text(value)),
        Change::Configuration(key, None) => format!("~{key}"),
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[async_trait]
impl Uplink for Recorder {
    async fn report(&self, report: Report) -> Result<(), UplinkError> {
        tokio::task::yield_now().await;
        self.0.lock().unwrap().push(report);
        Ok(())
    }
}

pub(crate) struct Stage {
    pub(crate) device: SimulatedDevice,
    pub(crate) clock: Arc<ManualTimer>,
    pub(crate) told: Arc<Recorder>,
}

pub(crate) fn spec(product: ProductModel) -> DeviceSpec {
    let id = DeviceId::from_uuid("0e187f0c-6b5f-4f3d-8f0e-2d1f6a5b4c3d".parse().unwrap());
    let mut spec = DeviceSpec::new(id, "Kittiwake", product);
    if product == ProductModel::RoomBar {
        spec = spec.with_panel(PanelSpec {
            index: 1004,
            name: "Navigator".to_owned(),
            serial: "FOC1".to_owned(),
            mac: "02:00:00:00:00:01".to_owned(),
        });
    }
    spec
}

impl Stage {
    pub(crate) fn new(product: ProductModel) -> Self {
        let clock = Arc::new(ManualTimer::at(START_MS));
        let timer: Arc<dyn Timer> = clock.clone();
        let device = SimulatedDevice::with_timer(spec(product), Catalogue::builtin(), timer, Pace::default());
        let told = Arc::new(Recorder::default());
        device.attach(told.clone());
        Self { device, clock, told }
    }

    /// Runs a command: `Audio.Volume.Set`.
    pub(crate) async fn command(&self, command: &str, params: Value) -> Result<Value, RpcError> {
        self.device
            .call(&format!("xCommand/{}", command.replace('.', "/")), params)
            .await
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        self.try_get(path).await.unwrap()
    }

    pub(crate) async fn try_get(&self, path: &str) -> Result<Value, RpcError> {
        let key: hallway_xapi::Key = path.parse().unwrap();
        let path = hallway_xapi::rpc::path("Status", key.segments());
        self.device
            .call("xGet", serde_json::json!({ "Path": path }))
            .await
    }

    pub(crate) async fn wait(&self, time: Duration) {
        self.clock.advance(time);
        self.device.run_due().await;
    }
}

/// Nothing in these tests takes longer, unless it is broken.
pub(crate) async fn soon<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), work)
        .await
        .expect("it should have happened by now")
}
