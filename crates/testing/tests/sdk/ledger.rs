//! What happened in the rooms, and what the handlers were told of it.

use std::collections::HashMap;
use std::sync::Arc;

use hallway_sdk::{Device, Handlers, Value};
use hallway_testing::{Office, TestDevice, within};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::watch;

/// Buttons that were pressed, by device: the numbers on them count up, so that order, gaps and repetitions show.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger {
    heard: Arc<Heard>,
    /// Handlers fail at first for each number that this divides.
    stumbles: Option<u64>,
}

#[derive(Debug, Default)]
struct Heard {
    /// Of handlers that succeeded.
    done: watch::Sender<HashMap<String, Vec<u64>>>,
    /// Handlers that failed on purpose, once for each.
    failed: std::sync::Mutex<Vec<(String, u64)>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Clicked {
    panel_id: String,
}

impl Ledger {
    /// One whose handlers fail the first time for every so many.
    pub(crate) fn stumbling(every: u64) -> Self {
        Self {
            stumbles: Some(every),
            ..Self::default()
        }
    }

    pub(crate) fn handlers(&self) -> Handlers {
        let ledger = self.clone();
        let clicked = move |device: Device, Value(it): Value<Clicked>| {
            let told = ledger.told(device.id().as_str(), &it.panel_id);
            async move { told }
        };
        Handlers::new().on_event("UserInterface.Extensions.Panel.Clicked", clicked)
    }

    fn told(&self, device: &str, panel: &str) -> Result<(), String> {
        let number: u64 = panel.parse().map_err(|_| format!("{panel} is no number"))?;
        if self.stumbles.is_some_and(|every| number.is_multiple_of(every)) {
            let mut failed = self.heard.failed.lock().unwrap();
            let entry = (device.to_owned(), number);
            if !failed.contains(&entry) {
                failed.push(entry);
                return Err("the handler stumbled".to_owned());
            }
        }
        self.heard
            .done
            .send_modify(|done| done.entry(device.to_owned()).or_default().push(number));
        Ok(())
    }

    /// Waits until so many were heard of each device, and checks that they came in order, without gaps, each once.
    pub(crate) async fn complete(&self, devices: &[TestDevice], each: u64) {
        let mut watched = self.heard.done.subscribe();
        let names: Vec<String> = devices
            .iter()
            .map(|device| device.id().as_str().to_owned())
            .collect();
        let all = watched.wait_for(|done| {
            names
                .iter()
                .all(|name| done.get(name).is_some_and(|heard| heard.contains(&(each - 1))))
        });
        let done = within("everything that happened", all).await.unwrap().clone();
        let wanted: Vec<u64> = (0..each).collect();
        for (name, device) in names.iter().zip(devices) {
            assert_eq!(done[name], wanted, "what was heard of {}", device.name());
        }
    }

    /// How many were heard so far.
    pub(crate) async fn at_least(&self, count: usize) {
        let mut watched = self.heard.done.subscribe();
        let enough = watched.wait_for(|done| done.values().map(Vec::len).sum::<usize>() >= count);
        within("some of what happened", enough).await.unwrap();
    }
}

/// Presses buttons in turn: those with these numbers, on each device.
pub(crate) async fn press(devices: &[TestDevice], numbers: std::ops::Range<u64>) {
    for number in numbers {
        for device in devices {
            let clicked = json!({ "PanelId": number.to_string() });
            device
                .emit("UserInterface.Extensions.Panel.Clicked", clicked)
                .await;
        }
    }
}

/// Rooms with a device each.
pub(crate) async fn devices(office: &Office, count: usize) -> Vec<TestDevice> {
    let mut devices = Vec::new();
    for number in 0..count {
        devices.push(office.room(&format!("Room {number}")).await.device().clone());
    }
    devices
}
