//! What is told of a call (webhooks 5.3): the members that the official clients require are always there.

use hallway_wire::Timestamp;
use hallway_wire::call as wire;
use hallway_wire::id::CallId;
use hallway_wire::webhook::{Event, Resource};
use serde_json::{Map, Value, json};

use super::{Call, Party, Recording, Side, State};
use crate::webhook::Happening;

/// Numbers that reach help everywhere.
const EMERGENCY: [&str; 6] = ["112", "911", "933", "999", "000", "+112"];

/// What one party is to another.
fn call_type(from: &Party, to: &Party) -> &'static str {
    let number = to.number.trim_start_matches("sip:");
    if !to.is_ours() && EMERGENCY.contains(&number) {
        "emergency"
    } else if !to.is_ours() {
        "external"
    } else if from.location.is_some() && from.location == to.location {
        "location"
    } else {
        "organization"
    }
}

impl Recording {
    const fn word(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Paused => "paused",
            Self::Stopped => "stopped",
        }
    }
}

impl Call {
    /// What one side is told. A side that belongs to nobody here is told nothing.
    pub(super) fn told(&self, side: Side, event_type: &str, at: Timestamp) -> Option<Happening> {
        let leg = self.leg(side);
        if !leg.party.is_ours() {
            return None;
        }
        let other = &self.leg(side.other()).party;
        let mut remote = Map::new();
        remote.insert("name".to_owned(), json!(other.name));
        remote.insert("number".to_owned(), json!(other.number));
        if let Some(person) = other.person {
            remote.insert("personId".to_owned(), json!(person));
        }
        if let Some(place) = other.workspace {
            remote.insert("placeId".to_owned(), json!(place));
        }
        remote.insert("privacyEnabled".to_owned(), json!(false));
        remote.insert("callType".to_owned(), json!(call_type(&leg.party, other)));
        let mut data = Map::new();
        let mut put = |name: &str, value: Value| data.insert(name.to_owned(), value);
        put("eventType", json!(event_type));
        put("eventTimestamp", json!(at));
        put("callId", json!(leg.id));
        put("callSessionId", json!(self.id));
        put("personality", json!(side.word()));
        put("state", json!(leg.state.word()));
        put("remoteParty", Value::Object(remote));
        put("appearance", json!(1));
        put("created", json!(self.created));
        if let Some(answered) = self.answered {
            put("answered", json!(answered));
        }
        if let Some(disconnected) = self.disconnected {
            put("disconnected", json!(disconnected));
        }
        if let Some(recording) = self.recording {
            put("recordingState", json!(recording.word()));
        }
        if let Some(person) = leg.party.person {
            put("actorPersonId", json!(person));
        }
        put("orgId", json!(self.org));
        Some(Happening {
            org: self.org,
            resource: Resource::TelephonyCalls,
            event: match event_type {
                "received" | "originated" => Event::Created,
                "disconnected" | "forwarded" => Event::Deleted,
                _ => Event::Updated,
            },
            actor: leg.party.person,
            at,
            data: Value::Object(data),
            full: None,
            audience: leg.party.person.into_iter().collect(),
        })
    }

    /// The call as answers show it.
    pub(super) fn show(&self) -> wire::Call {
        let state = if self.disconnected.is_some() {
            State::Disconnected
        } else if self.answered.is_some() {
            State::Connected
        } else {
            State::Alerting
        };
        wire::Call {
            id: CallId::from_uuid(self.id),
            call_session_id: self.id.to_string(),
            state: state.word().to_owned(),
            created: self.created,
            answered: self.answered,
            disconnected: self.disconnected,
            legs: Side::BOTH
                .map(|side| {
                    let leg = self.leg(side);
                    wire::Leg {
                        call_id: leg.id,
                        personality: side.word().to_owned(),
                        state: leg.state.word().to_owned(),
                        name: leg.party.name.clone(),
                        number: leg.party.number.clone(),
                        person_id: leg.party.person,
                        workspace_id: leg.party.workspace,
                    }
                })
                .into(),
        }
    }
}
