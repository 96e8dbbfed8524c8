//! Which Room Navigators are paired with a device: only they show persistent web apps (features 4).

use std::collections::BTreeMap;
use std::time::Duration;

use hallway_wire::id::DeviceId;
use hallway_xapi::{Change, Key, Pattern, Report, rpc, tree};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::device::{Device, LinkedDevice};
use crate::error::Result;
use crate::platform::Platform;

/// How long a device may take to say what is paired with it.
const PATIENCE: Duration = Duration::from_secs(5);

/// Leaves of a peripheral that tell whether it is a Navigator, and which.
const TELLING: [&str; 5] = ["HardwareInfo", "Name", "SerialNumber", "Status", "Type"];

/// A Room Navigator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Navigator {
    pub(super) name: String,
    pub(super) serial: String,
}

/// The Navigators among the peripherals of a tree of statuses, in the order of their numbers.
fn navigators_in(root: &serde_json::Map<String, Value>) -> Vec<Navigator> {
    let mut peripherals: BTreeMap<u32, BTreeMap<String, String>> = BTreeMap::new();
    for leaf in tree::leaves(root) {
        let tree::Leaf::Value(key, value) = leaf else {
            continue;
        };
        if let Some((index, leaf)) = peripheral_leaf(&key) {
            let text = value
                .as_str()
                .map_or_else(|| value.to_string(), ToOwned::to_owned);
            peripherals
                .entry(index)
                .or_default()
                .insert(leaf.to_owned(), text);
        }
    }
    let navigators = peripherals.into_values().filter_map(|leaves| {
        let leaf = |name: &str| leaves.get(name).map_or("", String::as_str);
        let says_so = |text: &str| text.to_ascii_lowercase().contains("navigator");
        let is_panel = matches!(leaf("Type"), "TouchPanel" | "RoomScheduler");
        let is_navigator = leaf("Type") == "PersistentWebApp"
            || (is_panel && (says_so(leaf("Name")) || says_so(leaf("HardwareInfo"))));
        let paired = leaf("Status") != "Unpairing" && !leaf("SerialNumber").is_empty();
        (is_navigator && paired).then(|| Navigator {
            name: leaf("Name").to_owned(),
            serial: leaf("SerialNumber").to_owned(),
        })
    });
    navigators.collect()
}

/// Number and leaf of `Peripherals.ConnectedDevice[n].Leaf`, of the leaves that tell.
fn peripheral_leaf(key: &Key) -> Option<(u32, &'static str)> {
    let [first, second, third] = key.segments() else {
        return None;
    };
    let is =
        first.name.eq_ignore_ascii_case("Peripherals") && second.name.eq_ignore_ascii_case("ConnectedDevice");
    let leaf = TELLING
        .into_iter()
        .find(|leaf| third.name.eq_ignore_ascii_case(leaf))?;
    Some((second.index.filter(|_| is)?, leaf))
}

/// Whether a report may change which Navigators there are.
pub(super) fn is_about_navigators(reports: &[Report]) -> bool {
    let tells = |change: &Change| match change {
        Change::Status(key, _) => peripheral_leaf(key).is_some(),
        Change::StatusRemoved(key) => key
            .segments()
            .first()
            .is_some_and(|first| first.name.eq_ignore_ascii_case("Peripherals")),
        Change::Event(..) | Change::Configuration(..) => false,
    };
    reports.iter().flat_map(|report| &report.changes).any(tells)
}

impl Platform {
    /// Asks a device which Navigators are paired with it. `None`: it did not say.
    async fn ask_for_navigators(&self, linked: &LinkedDevice) -> Option<Vec<Navigator>> {
        let pattern: Pattern = "Peripherals.ConnectedDevice[*].*".parse().ok()?;
        let question = json!({ "Query": rpc::query("Status", &pattern) });
        let patience = PATIENCE.min(self.config.device_timeout);
        let answer = tokio::time::timeout(patience, linked.link.call("xQuery", question)).await;
        let answer = answer.ok()?.ok()?;
        // A device without peripherals has nothing to tell.
        let none = serde_json::Map::new();
        let root = answer.get("Status").and_then(Value::as_object).unwrap_or(&none);
        Some(navigators_in(root))
    }

    /// The Navigators of a device: by its own word, or else as they were last known, or else those that are
    /// registered in its workspace. `None`: nothing is known.
    pub(super) async fn navigators_of(
        &self,
        device: &Device,
        known: Option<&[Navigator]>,
    ) -> Result<Option<Vec<Navigator>>> {
        if let Some(linked) = self.link_of(device)
            && let Some(found) = self.ask_for_navigators(&linked).await
        {
            return Ok(Some(found));
        }
        if let Some(known) = known.filter(|known| !known.is_empty()) {
            return Ok(Some(known.to_vec()));
        }
        let Some(workspace) = device.workspace else {
            return Ok(None);
        };
        let beside = self.devices_in(device.org, workspace).await?;
        let registered: Vec<Navigator> = beside
            .iter()
            .filter(|other| is_navigator(other))
            .filter_map(|other| {
                Some(Navigator {
                    name: other.display_name.clone(),
                    serial: other.serial.clone()?,
                })
            })
            .collect();
        Ok((!registered.is_empty()).then_some(registered))
    }

    /// Whether a device's own word on its Navigators can be had.
    pub(super) fn can_say(&self, device: DeviceId) -> bool {
        self.links.is_linked(device)
    }
}

/// Whether a registered device is a Navigator itself.
pub(super) fn is_navigator(device: &Device) -> bool {
    device.kind == "accessory" && device.product.to_ascii_lowercase().contains("navigator")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn navigators_are_told_from_other_peripherals() {
        let statuses = json!({ "Peripherals": { "ConnectedDevice": [
            { "id": 1009, "Type": "TouchPanel", "Name": "Cisco Room Navigator", "SerialNumber": "B", "Status": "Connected" },
            { "id": 1003, "Type": "TouchPanel", "Name": "Atrium", "HardwareInfo": "Cisco Room Navigator",
              "SerialNumber": "A", "Status": "LostConnection" },
            { "id": 1010, "Type": "PersistentWebApp", "Name": "Door", "SerialNumber": "C" },
            { "id": 1011, "Type": "TouchPanel", "Name": "Cisco Touch 10", "SerialNumber": "D" },
            { "id": 1012, "Type": "Camera", "Name": "Navigator cam", "SerialNumber": "E" },
            { "id": 1013, "Type": "TouchPanel", "Name": "Room Navigator", "SerialNumber": "F", "Status": "Unpairing" },
            { "id": 1014, "Type": "TouchPanel", "Name": "Room Navigator" },
        ] } });
        let serials: Vec<String> = navigators_in(statuses.as_object().unwrap())
            .into_iter()
            .map(|navigator| navigator.serial)
            .collect();
        assert_eq!(serials, ["A", "B", "C"]);
    }

    #[test]
    fn reports_about_them_are_noticed() {
        let report = |change| {
            vec![Report {
                at_ms: None,
                changes: vec![change],
            }]
        };
        let key = |text: &str| text.parse::<Key>().unwrap();
        for (change, tells) in [
            (
                Change::Status(key("Peripherals.ConnectedDevice[1003].Status"), json!("x")),
                true,
            ),
            (
                Change::Status(
                    key("Peripherals.ConnectedDevice[1003].RoomAnalytics.RelativeHumidity"),
                    json!(1),
                ),
                false,
            ),
            (
                Change::StatusRemoved(key("Peripherals.ConnectedDevice[1003]")),
                true,
            ),
            (Change::Status(key("Audio.Volume"), json!(1)), false),
        ] {
            assert_eq!(is_about_navigators(&report(change.clone())), tells, "{change:?}");
        }
    }
}
