//! The panel on the touch screen: its widgets, and what they show.

use std::collections::HashMap;

use hallway_sdk::{Device, Result};

use crate::building::{Report, percent};

/// The panel, as the editor of a device exports it.
pub const PANEL: &str = include_str!("panel.xml");
/// Its name on the device.
pub const PANEL_ID: &str = "room-controls";
const LIGHTS: &str = "room-controls-lights";
const LEVEL: &str = "room-controls-level";
const SHADES: &str = "room-controls-shades";
const MESSAGE: &str = "room-controls-message";
/// Buttons for the shades: the key in the panel, and how far they are closed.
const POSITIONS: [(&str, u8); 3] = [("open", 0), ("half", 50), ("closed", 100)];

/// What somebody who touches a widget wants: a thing and so many percent. `None`: the widget is not one of ours, or
/// this is only the beginning of a gesture.
pub(crate) fn wanted(widget: &str, gesture: &str, value: &str) -> Option<(&'static str, u8)> {
    match (widget, gesture) {
        (LIGHTS, "changed") => Some(("lights", percent("lights", value)?)),
        // Sliders of devices go from 0 to 255.
        (LEVEL, "changed" | "released") => {
            let of_255: u32 = value.parse().ok()?;
            Some(("level", u8::try_from((of_255.min(255) * 100 + 127) / 255).ok()?))
        }
        (SHADES, "pressed") => Some(("shades", POSITIONS.iter().find(|(key, _)| *key == value)?.1)),
        _ => None,
    }
}

/// What the widgets should show; `None`: nothing.
fn values(report: &Report, room: &str) -> [(&'static str, Option<String>); 4] {
    let [lights, level, shades] =
        ["lights", "level", "shades"].map(|thing| report.values.get(&format!("{room}/{thing}")).copied());
    let message = match shades {
        _ if !report.reachable => "The building does not answer. Nothing can be changed now.".to_owned(),
        _ if (lights, level, shades) == (None, None, None) => {
            "The building does not know this room.".to_owned()
        }
        Some(percent) => format!("Shades {percent} % closed."),
        None => "It is not known how the shades are.".to_owned(),
    };
    let position = POSITIONS.iter().find(|(_, percent)| shades == Some(*percent));
    [
        (LIGHTS, lights.map(|percent| if percent > 0 { "on" } else { "off" }.to_owned())),
        (LEVEL, level.map(|percent| (u32::from(percent) * 255 / 100).to_string())),
        (SHADES, position.map(|(key, _)| (*key).to_owned())),
        (MESSAGE, Some(message)),
    ]
}

/// A panel, and what it was last told to show.
#[derive(Debug)]
pub(crate) struct Panel {
    pub(crate) device: Device,
    pub(crate) room: String,
    shown: HashMap<&'static str, Option<String>>,
}

impl Panel {
    pub(crate) fn new(device: Device, room: String) -> Self {
        Self { device, room, shown: HashMap::new() }
    }

    /// Nobody knows what the panel shows: the next time it is told everything.
    pub(crate) fn forget(&mut self) {
        self.shown.clear();
    }

    /// Lets the panel show what the building reports.
    pub(crate) async fn show(&mut self, report: &Report) -> Result<()> {
        for (widget, value) in values(report, &self.room) {
            if self.shown.get(widget) == Some(&value) {
                continue;
            }
            match &value {
                Some(value) => self.device.set_widget(widget, value).await?,
                None => self.device.unset_widget(widget).await?,
            }
            self.shown.insert(widget, value);
        }
        Ok(())
    }
}
