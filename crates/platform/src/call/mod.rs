//! Calls that are told about (messaging-meetings 9). Nothing is switched here: a call is a state machine, whose
//! steps are told to webhooks as `telephony_calls`, one leg at a time. The management API makes calls, and
//! devices that dial make them too.

use hallway_wire::Timestamp;
use hallway_wire::id::{CallId, LocationId, OrgId, PersonId, WorkspaceId};
use serde::{Deserialize, Serialize};

use crate::ports::records::{Key, by_time};
use crate::records::Document;

mod devices;
mod service;
mod told;

pub(crate) use devices::is_about_calls;

/// A call that goes on. When it ends the record goes: what happened was told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Call {
    /// The session: the same for both sides.
    pub(crate) id: uuid::Uuid,
    pub(crate) org: OrgId,
    pub(crate) originator: Leg,
    pub(crate) terminator: Leg,
    pub(crate) created: Timestamp,
    #[serde(default)]
    pub(crate) answered: Option<Timestamp>,
    #[serde(default)]
    pub(crate) disconnected: Option<Timestamp>,
    #[serde(default)]
    pub(crate) recording: Option<Recording>,
    /// The device that made it known, and its own number of it: `<uuid>/<number>`.
    #[serde(default)]
    pub(crate) device: Option<String>,
}

/// Whether a call is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Recording {
    Started,
    Paused,
    Stopped,
}

/// One side of a call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Leg {
    pub(crate) id: CallId,
    pub(crate) state: State,
    pub(crate) party: Party,
}

/// How far a side is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum State {
    Connecting,
    Alerting,
    Connected,
    Held,
    RemoteHeld,
    Disconnected,
}

impl State {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Alerting => "alerting",
            Self::Connected => "connected",
            Self::Held => "held",
            Self::RemoteHeld => "remoteHeld",
            Self::Disconnected => "disconnected",
        }
    }
}

/// Who is on a side.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Party {
    #[serde(default)]
    pub(crate) person: Option<PersonId>,
    #[serde(default)]
    pub(crate) workspace: Option<WorkspaceId>,
    pub(crate) name: String,
    pub(crate) number: String,
    #[serde(default)]
    pub(crate) location: Option<LocationId>,
}

impl Party {
    /// Whether it belongs to the organization.
    pub(crate) fn is_ours(&self) -> bool {
        self.person.is_some() || self.workspace.is_some()
    }
}

/// The two sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Originator,
    Terminator,
}

impl Side {
    pub(crate) const BOTH: [Self; 2] = [Self::Originator, Self::Terminator];

    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Originator => "originator",
            Self::Terminator => "terminator",
        }
    }

    pub(crate) const fn other(self) -> Self {
        match self {
            Self::Originator => Self::Terminator,
            Self::Terminator => Self::Originator,
        }
    }
}

impl Call {
    const ALL: &'static str = "all";
    /// Value: the id of a leg.
    const BY_LEG: &'static str = "leg";
    /// Value: the device that made it known.
    const BY_DEVICE: &'static str = "device";
    /// Value: the device and its own number of the call.
    const BY_DEVICE_CALL: &'static str = "device_call";

    pub(crate) fn leg(&self, side: Side) -> &Leg {
        match side {
            Side::Originator => &self.originator,
            Side::Terminator => &self.terminator,
        }
    }

    pub(crate) fn leg_mut(&mut self, side: Side) -> &mut Leg {
        match side {
            Side::Originator => &mut self.originator,
            Side::Terminator => &mut self.terminator,
        }
    }
}

impl Document for Call {
    const KIND: &'static str = "call";
    const NOUN: &'static str = "call";
    fn org(&self) -> OrgId {
        self.org
    }
    fn id(&self) -> String {
        self.id.to_string()
    }
    fn keys(&self) -> Vec<Key> {
        let key = |index, value| Key {
            index,
            value,
            order: by_time(self.created),
        };
        let mut keys = vec![key(Self::ALL, String::new())];
        keys.extend(Side::BOTH.map(|side| key(Self::BY_LEG, self.leg(side).id.uuid().to_string())));
        if let Some(device) = &self.device {
            let (id, _) = device.split_once('/').unwrap_or((device, ""));
            keys.push(key(Self::BY_DEVICE, id.to_owned()));
            keys.push(key(Self::BY_DEVICE_CALL, device.clone()));
        }
        keys
    }
}
