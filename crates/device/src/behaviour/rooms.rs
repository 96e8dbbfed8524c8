//! What a device senses of its room.

use serde_json::{Map, Value, json};

use super::standby;
use crate::state::State;

/// Sets the number of people, and what follows from it: presence, use, somebody near a desk device.
pub(crate) fn people(state: &mut State, count: i64) {
    let sensors = state.spec.product.sensors();
    if !sensors.people_count {
        return;
    }
    let (before, count) = (
        state.number("RoomAnalytics.PeopleCount.Current"),
        count.clamp(0, 999),
    );
    state.set("RoomAnalytics.PeopleCount.Current", count);
    state.set(
        "RoomAnalytics.PeoplePresence",
        if count > 0 { "Yes" } else { "No" },
    );
    let used = count > 0 || state.calls.any();
    state.set("RoomAnalytics.RoomInUse", if used { "True" } else { "False" });
    if sensors.close_proximity {
        state.set(
            "RoomAnalytics.Engagement.CloseProximity",
            if count > 0 { "True" } else { "False" },
        );
    }
    if count > 0 && before <= 0 {
        standby::somebody_came(state);
    }
    standby::plan(state);
}

/// Sets what the room feels like: `Temperature` (degrees Celsius), `Humidity` (percent), `AmbientNoise` and
/// `Sound` (dB), `AirQuality` (index). A device shows what it has a sensor for; panels show theirs.
pub(crate) fn climate(state: &mut State, values: &Map<String, Value>) {
    let sensors = state.spec.product.sensors();
    // Temperatures and indexes are texts in the schema.
    let text = |value: &Value| match value {
        Value::String(text) => json!(text),
        other => json!(other.to_string()),
    };
    let whole = |value: &Value| value.as_f64().map(|number| json!(number.round() as i64));
    let temperature = values.get("Temperature").map(text);
    let humidity = values.get("Humidity").and_then(whole);
    let own = [
        (sensors.temperature, "AmbientTemperature", temperature.clone()),
        (sensors.humidity, "RelativeHumidity", humidity.clone()),
        (
            sensors.ambient_noise,
            "AmbientNoise.Level.A",
            values.get("AmbientNoise").and_then(whole),
        ),
        (
            sensors.sound_level,
            "Sound.Level.A",
            values.get("Sound").and_then(whole),
        ),
    ];
    for (has, leaf, value) in own {
        if let (true, Some(value)) = (has, value) {
            state.set(&format!("RoomAnalytics.{leaf}"), value);
        }
    }
    let panels: Vec<u32> = state.spec.panels.iter().map(|panel| panel.index).collect();
    let air = values.get("AirQuality").map(text);
    for index in panels {
        let node = format!("Peripherals.ConnectedDevice[{index}]");
        if state.text(&format!("{node}.Status")) != "Connected" {
            continue;
        }
        let leaves = [
            ("AmbientTemperature", &temperature),
            ("RelativeHumidity", &humidity),
            ("AirQuality.Index", &air),
        ];
        for (leaf, value) in leaves {
            if let Some(value) = value {
                state.set(&format!("{node}.RoomAnalytics.{leaf}"), value.clone());
            }
        }
    }
}

/// The values of an empty room in the morning.
pub(crate) fn fill_in(state: &mut State) {
    let sensors = state.spec.product.sensors();
    let (capacity, _) = state.spec.product.limits();
    if sensors.people_count {
        state.set("RoomAnalytics.PeopleCount.Current", 0);
        state.set("RoomAnalytics.PeopleCount.Capacity", capacity);
        state.set("RoomAnalytics.PeoplePresence", "No");
        state.set("RoomAnalytics.RoomInUse", "False");
        state.set("RoomAnalytics.T3Alarm.Detected", "False");
    }
    if sensors.close_proximity {
        state.set("RoomAnalytics.Engagement.CloseProximity", "False");
    }
    let morning = json!({ "Temperature": "21.0", "Humidity": 38, "AmbientNoise": 32, "Sound": 34, "AirQuality": "1.0" });
    if let Value::Object(morning) = morning {
        climate(state, &morning);
    }
}
