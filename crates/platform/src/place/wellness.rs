//! What devices say about their workspace: its health, and what is measured there (xapi 11).

use hallway_wire::place::{Capabilities, Capability, Health, Issue};
use hallway_xapi::{Catalogue, Key, Pattern};
use serde_json::Value;

use crate::crypto::sha256;
use crate::device::{Configured, Device};

/// The issues of a workspace with these devices, each with its connection status.
pub(crate) fn health<'a>(devices: impl Iterator<Item = (&'a Device, &'static str)>) -> Health {
    let mut issues = Vec::new();
    for (device, status) in devices {
        let since = device.last_seen.unwrap_or(device.created);
        if matches!(status, "disconnected" | "offline_expired") {
            issues.push(Issue {
                id: issue_id(device, "offline"),
                created_at: since,
                title: "Device offline".to_owned(),
                description: format!("{} ({}) is not connected.", device.display_name, device.product),
                recommended_action: "Check that the device has power and reaches the network.".to_owned(),
                level: "error".to_owned(),
            });
        }
        issues.extend(device.error_codes.iter().map(|code| Issue {
            id: issue_id(device, code),
            created_at: since,
            title: format!("Device reports {code}"),
            description: format!(
                "{} ({}) reports the error {code}.",
                device.display_name, device.product
            ),
            recommended_action: "Look at the diagnostics of the device.".to_owned(),
            level: "warning".to_owned(),
        }));
    }
    let worst = ["error", "warning", "info"]
        .into_iter()
        .find(|level| issues.iter().any(|issue| issue.level == *level));
    Health {
        level: worst.unwrap_or("ok").to_owned(),
        issues,
    }
}

/// The same issue keeps its id for as long as it lasts.
fn issue_id(device: &Device, what: &str) -> String {
    let hash = sha256(format!("{}/{what}", device.id.uuid()).as_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid().to_string()
}

/// One thing that can be measured: the statuses that show it, and the configuration that must be on, if any.
struct Measure {
    statuses: &'static [&'static str],
    configuration: Option<&'static str>,
    slot: fn(&mut Capabilities) -> &mut Capability,
}

const MEASURES: [Measure; 7] = [
    Measure {
        statuses: &["RoomAnalytics.PeopleCount.Current"],
        configuration: Some("RoomAnalytics.PeopleCountOutOfCall"),
        slot: |all| &mut all.occupancy_detection,
    },
    Measure {
        statuses: &["RoomAnalytics.PeoplePresence"],
        configuration: Some("RoomAnalytics.PeoplePresenceDetector"),
        slot: |all| &mut all.presence_detection,
    },
    Measure {
        statuses: &["RoomAnalytics.AmbientNoise.Level.A"],
        configuration: Some("RoomAnalytics.AmbientNoiseEstimation.Mode"),
        slot: |all| &mut all.ambient_noise,
    },
    Measure {
        statuses: &["RoomAnalytics.Sound.Level.A"],
        configuration: None,
        slot: |all| &mut all.sound_level,
    },
    Measure {
        statuses: &[
            "RoomAnalytics.AmbientTemperature",
            "Peripherals.ConnectedDevice[*].RoomAnalytics.AmbientTemperature",
        ],
        configuration: None,
        slot: |all| &mut all.temperature,
    },
    Measure {
        statuses: &["Peripherals.ConnectedDevice[*].RoomAnalytics.AirQuality.Index"],
        configuration: None,
        slot: |all| &mut all.air_quality,
    },
    Measure {
        statuses: &[
            "RoomAnalytics.RelativeHumidity",
            "Peripherals.ConnectedDevice[*].RoomAnalytics.RelativeHumidity",
        ],
        configuration: None,
        slot: |all| &mut all.relative_humidity,
    },
];

/// What a device with these configurations adds to the capabilities of its workspace. A measure is supported
/// where the product has its status; it is configured where nothing switches it off and the device is linked.
pub(crate) fn add_capabilities(
    all: &mut Capabilities,
    catalogue: &Catalogue,
    device: &Device,
    linked: bool,
    configured: &[Configured],
) {
    if !device.xapi {
        return;
    }
    let product = device.product_code.as_deref();
    for measure in &MEASURES {
        let supported = measure
            .statuses
            .iter()
            .filter_map(|text| text.parse::<Pattern>().ok())
            .any(|pattern| catalogue.statuses(&pattern, product).next().is_some());
        let slot = (measure.slot)(all);
        slot.supported |= supported;
        slot.configured |= supported
            && linked
            && measure
                .configuration
                .is_none_or(|key| is_on(catalogue, key, product, configured));
    }
}

fn is_on(catalogue: &Catalogue, key: &str, product: Option<&str>, configured: &[Configured]) -> bool {
    let on = |value: &Value| {
        value
            .as_str()
            .is_some_and(|text| !text.eq_ignore_ascii_case("off"))
    };
    if let Some(set) = configured.iter().find(|set| set.key.eq_ignore_ascii_case(key)) {
        return on(&set.value);
    }
    let Ok(key) = key.parse::<Key>() else { return false };
    catalogue
        .configuration(&key, product)
        .is_some_and(|spec| on(&spec.default))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::device::registry::tests::board;

    #[test]
    fn as_bad_as_its_worst_issue() {
        let mut well = board();
        well.error_codes.clear();
        let ill = board();
        assert_eq!(health([].into_iter()).level, "ok");
        assert_eq!(health([(&well, "connected")].into_iter()).level, "ok");
        let warned = health([(&well, "connected"), (&ill, "connected_with_issues")].into_iter());
        assert_eq!((warned.level.as_str(), warned.issues.len()), ("warning", 1));
        let down = health([(&ill, "disconnected")].into_iter());
        assert_eq!((down.level.as_str(), down.issues.len()), ("error", 2));
        assert_eq!(down, health([(&ill, "disconnected")].into_iter()), "ids stay");
        assert_ne!(down.issues[0].id, down.issues[1].id);
    }

    #[test]
    fn configured_means_that_values_flow() {
        let catalogue = Catalogue::builtin();
        let capabilities = |linked, configured: &[Configured]| {
            let mut all = Capabilities::default();
            add_capabilities(&mut all, &catalogue, &board(), linked, configured);
            all
        };
        let plain = capabilities(true, &[]);
        assert_eq!(
            plain.occupancy_detection,
            Capability {
                supported: true,
                configured: false
            }
        );
        assert_eq!(
            plain.sound_level,
            Capability {
                supported: true,
                configured: true
            }
        );
        assert!(
            plain.temperature.supported && plain.air_quality.supported && plain.relative_humidity.supported
        );
        let on = Configured {
            device: board().id,
            key: "RoomAnalytics.PeopleCountOutOfCall".to_owned(),
            value: json!("On"),
        };
        assert!(
            capabilities(true, std::slice::from_ref(&on))
                .occupancy_detection
                .configured
        );
        assert!(!capabilities(false, &[on]).occupancy_detection.configured);
        let mut phone = board();
        phone.xapi = false;
        let mut none = Capabilities::default();
        add_capabilities(&mut none, &catalogue, &phone, true, &[]);
        assert_eq!(none, Capabilities::default());
    }
}
