//! What the service tells (workspace-integrations 10.1).

use hallway_wire::Timestamp;
use hallway_xapi::Key;
use serde::Deserialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::id::{DeviceId, OrgId, WorkspaceId};
use crate::integration::Action;

/// Something that was told.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Notification {
    /// Statuses of a device changed.
    Status(StatusNotification),
    /// Something happened on a device.
    Events(EventsNotification),
    /// Something happened to the integration itself.
    Action(Action),
}

impl Notification {
    /// The device, where it is about one.
    pub fn device_id(&self) -> Option<&DeviceId> {
        match self {
            Self::Status(status) => Some(&status.device_id),
            Self::Events(events) => Some(&events.device_id),
            Self::Action(_) => None,
        }
    }
}

/// Statuses of a device changed.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct StatusNotification {
    /// Which device. Its id changes with a factory reset: keep data by workspace.
    pub device_id: DeviceId,
    /// Where it is.
    pub workspace_id: Option<WorkspaceId>,
    /// When.
    pub timestamp: Option<Timestamp>,
    /// Whether these are all statuses that are subscribed to: what is not there is gone. Comes about once an hour,
    /// also when nothing changed.
    pub full_sync: bool,
    /// New values.
    pub updated: Vec<(Key, Value)>,
    /// What is gone.
    pub removed: Vec<Key>,
}

/// Something happened on a device.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct EventsNotification {
    /// Which device.
    pub device_id: DeviceId,
    /// Where it is.
    pub workspace_id: Option<WorkspaceId>,
    /// What happened, in its order.
    pub events: Vec<Event>,
}

/// One event.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Event {
    /// What happened: `UserInterface.Extensions.Panel.Clicked`.
    pub key: Key,
    /// With what: an object.
    pub value: Value,
    /// When.
    pub timestamp: Option<Timestamp>,
}

/// A message as it travels.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(crate) enum Message {
    #[serde(rename = "status")]
    Status {
        #[serde(flatten)]
        about: About,
        #[serde(default)]
        is_full_sync: bool,
        #[serde(default)]
        changes: Changes,
    },
    #[serde(rename = "events", alias = "event")]
    Events {
        #[serde(flatten)]
        about: About,
        #[serde(default)]
        events: Vec<RawEvent>,
    },
    #[serde(rename = "healthCheck")]
    HealthCheck {
        #[serde(flatten)]
        about: About,
    },
    #[serde(rename = "action")]
    Action { jwt: String },
    #[serde(other)]
    Unknown,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct About {
    pub(crate) app_id: Option<Uuid>,
    pub(crate) org_id: Option<OrgId>,
    device_id: Option<DeviceId>,
    workspace_id: Option<WorkspaceId>,
    #[serde(deserialize_with = "lenient_time")]
    pub(crate) timestamp: Option<Timestamp>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Changes {
    updated: Map<String, Value>,
    removed: Vec<String>,
}

#[derive(Deserialize)]
pub(crate) struct RawEvent {
    key: String,
    #[serde(default)]
    value: Value,
    #[serde(default, deserialize_with = "lenient_time")]
    timestamp: Option<Timestamp>,
}

/// A time that cannot be read is no reason to lose a notification.
fn lenient_time<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Timestamp>, D::Error> {
    Ok(Option::<String>::deserialize(from)?.and_then(|text| text.parse().ok()))
}

impl About {
    /// The device, where it is about one.
    pub(crate) fn device(&self) -> Option<&DeviceId> {
        self.device_id.as_ref()
    }
}

impl Message {
    /// Whom it is for and when it was sent, where it says so.
    pub(crate) fn about(&self) -> Option<&About> {
        match self {
            Self::Status { about, .. } | Self::Events { about, .. } | Self::HealthCheck { about } => {
                Some(about)
            }
            Self::Action { .. } | Self::Unknown => None,
        }
    }

    /// What it tells of a device; `None`: nothing. Keys that cannot be read are left out.
    pub(crate) fn told(self) -> Option<Notification> {
        match self {
            Self::Status {
                about,
                is_full_sync,
                changes,
            } => Some(Notification::Status(StatusNotification {
                device_id: about.device_id?,
                workspace_id: about.workspace_id,
                timestamp: about.timestamp,
                full_sync: is_full_sync,
                updated: changes
                    .updated
                    .into_iter()
                    .filter_map(|(key, value)| Some((read(&key)?, value)))
                    .collect(),
                removed: changes.removed.iter().filter_map(|key| read(key)).collect(),
            })),
            Self::Events { about, events } => Some(Notification::Events(EventsNotification {
                device_id: about.device_id?,
                workspace_id: about.workspace_id,
                events: events
                    .into_iter()
                    .filter_map(|event| {
                        Some(Event {
                            key: read(&event.key)?,
                            value: event.value,
                            timestamp: event.timestamp,
                        })
                    })
                    .collect(),
            })),
            Self::HealthCheck { .. } | Self::Action { .. } | Self::Unknown => None,
        }
    }
}

fn read(key: &str) -> Option<Key> {
    let read = key.parse();
    if read.is_err() {
        tracing::debug!(key, "a notification names a key that cannot be read");
    }
    read.ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn told(message: Value) -> Option<Notification> {
        serde_json::from_value::<Message>(message).unwrap().told()
    }

    #[test]
    fn reads_what_the_documentation_shows() {
        let message = json!({
            "type": "status", "appId": Uuid::nil(), "orgId": "o", "deviceId": "d", "workspaceId": "w",
            "timestamp": "2026-03-04T05:06:07.089Z", "isFullSync": false,
            "changes": {
                "updated": { "RoomAnalytics.PeopleCount.Current": 2, "no key!": 1 },
                "removed": ["Conference.Presentation.LocalInstance[1]"],
            }
        });
        let Some(Notification::Status(status)) = told(message) else {
            panic!()
        };
        assert_eq!(status.updated.len(), 1);
        assert_eq!(
            status.removed[0].to_string(),
            "Conference.Presentation.LocalInstance[1]"
        );
        assert!(!status.full_sync);
        let message = json!({ "type": "events", "deviceId": "d", "events": [
            { "key": "UserInterface.Extensions.Panel.Clicked", "value": { "PanelId": "x" }, "timestamp": "soon" },
            { "key": "BootEvent" },
        ] });
        let Some(Notification::Events(events)) = told(message) else {
            panic!()
        };
        assert_eq!(events.events[0].value["PanelId"], "x");
        assert_eq!(events.events[0].timestamp, None);
    }

    #[test]
    fn passes_over_what_it_does_not_know() {
        assert!(told(json!({ "type": "weather" })).is_none());
        assert!(told(json!({ "type": "healthCheck", "orgId": "o" })).is_none());
        assert!(told(json!({ "type": "status" })).is_none(), "no device");
        assert!(serde_json::from_value::<Message>(json!({})).is_err());
    }
}
