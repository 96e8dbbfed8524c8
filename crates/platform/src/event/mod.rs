//! The log of events: what happened, for compliance officers (messaging-meetings 6).
//!
//! Events are written with the change that they tell of. A page costs what it holds, however long the log is:
//! each combination of actor, resource and type is an index value of its own, and where a filter leaves one
//! of them open, the few lists that it means are merged.

use hallway_wire::Timestamp;
use hallway_wire::event::Event as Shown;
use hallway_wire::id::{EventId, OrgId, PersonId};
use hallway_wire::webhook::{Event, Resource};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

mod service;

pub use service::EventQuery;

use crate::ports::{Key, by_time};
use crate::records::Document;
use crate::webhook::Happening;

/// What the log tells of: resources and their events.
const LOGGED: [(Resource, Event); 15] = [
    (Resource::AttachmentActions, Event::Created),
    (Resource::ConvergedRecordings, Event::Created),
    (Resource::ConvergedRecordings, Event::Updated),
    (Resource::ConvergedRecordings, Event::Deleted),
    (Resource::MeetingTranscripts, Event::Created),
    (Resource::Meetings, Event::Ended),
    (Resource::Memberships, Event::Created),
    (Resource::Memberships, Event::Updated),
    (Resource::Memberships, Event::Deleted),
    (Resource::Messages, Event::Created),
    (Resource::Messages, Event::Updated),
    (Resource::Messages, Event::Deleted),
    (Resource::Rooms, Event::Created),
    (Resource::Rooms, Event::Updated),
    (Resource::Rooms, Event::Deleted),
];

/// An event as it is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct LoggedEvent {
    pub(crate) id: EventId,
    pub(crate) org: OrgId,
    pub(crate) resource: Resource,
    pub(crate) event: Event,
    #[serde(default)]
    pub(crate) actor: Option<PersonId>,
    pub(crate) created: Timestamp,
    pub(crate) data: Value,
}

impl LoggedEvent {
    /// The entry about something that happened, if the log tells of such things.
    pub(crate) fn of(happening: Happening) -> Option<Self> {
        let Happening {
            org,
            resource,
            event,
            actor,
            at,
            full,
            ..
        } = happening;
        let data = full?;
        LOGGED.contains(&(resource, event)).then(|| Self {
            // In the order of time, so that events of one millisecond keep their order too.
            id: EventId::from_uuid(Uuid::now_v7()),
            org,
            resource,
            event,
            actor,
            created: at,
            data,
        })
    }

    fn shown(self) -> Shown {
        Shown {
            id: self.id,
            resource: self.resource.word().to_owned(),
            kind: self.event.word().to_owned(),
            app_id: None,
            actor_id: self.actor,
            org_id: self.org,
            created: self.created,
            data: self.data,
        }
    }
}

impl Document for LoggedEvent {
    const KIND: &'static str = "event";
    const NOUN: &'static str = "event";

    fn org(&self) -> OrgId {
        self.org
    }

    fn id(&self) -> String {
        self.id.uuid().to_string()
    }

    fn keys(&self) -> Vec<Key> {
        let key = |index, value| Key {
            index,
            value,
            order: by_time(self.created),
        };
        let kind = format!("{}/{}", self.resource.word(), self.event.word());
        let mut keys = vec![key("all", String::new()), key("kind", kind.clone())];
        if let Some(actor) = self.actor {
            keys.push(key("actor", actor.uuid().to_string()));
            keys.push(key("actorKind", format!("{}/{kind}", actor.uuid())));
        }
        keys
    }
}
