//! What webhooks and the log of events are told (webhooks 5.3).

use std::collections::BTreeSet;

use hallway_wire::Timestamp;
use hallway_wire::id::PersonId;
use hallway_wire::messaging as wire;
use hallway_wire::webhook::{Event, Resource};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::membership::Membership;
use super::message::Message;
use super::room::Room;
use crate::caller::Caller;
use crate::records::Kept;
use crate::webhook::Happening;

fn value(of: &impl Serialize) -> Option<Value> {
    serde_json::to_value(of).ok()
}

/// The ids of members.
pub(crate) fn people(members: &[Kept<Membership>]) -> Vec<PersonId> {
    members.iter().map(|member| member.person).collect()
}

/// Who hears of a message: everybody in the room, of a group room's bots only those it mentions and its
/// author (webhooks 2).
pub(crate) fn hearers<'a>(
    members: impl IntoIterator<Item = &'a Membership>,
    message: &Message,
) -> Vec<PersonId> {
    let mentioned: BTreeSet<PersonId> = message.mentioned_people.iter().copied().collect();
    let hears = |member: &Membership| {
        !member.bot
            || message.kind == wire::RoomType::Direct
            || mentioned.contains(&member.person)
            || message.author == member.person
    };
    let hearing = members.into_iter().filter(|member| hears(member));
    hearing.map(|member| member.person).collect()
}

/// Something happened to a room.
pub(crate) fn room(
    caller: &Caller,
    now: Timestamp,
    event: Event,
    room: &Room,
    view: &wire::Room,
    audience: Vec<PersonId>,
) -> Happening {
    let mut data = Map::new();
    data.insert("id".to_owned(), json!(room.id));
    // Each of the two sees another title.
    if room.kind == wire::RoomType::Group {
        data.insert("title".to_owned(), json!(room.title));
    }
    data.insert("type".to_owned(), json!(room.kind));
    data.insert("isLocked".to_owned(), json!(room.locked));
    if let Some(team) = room.team {
        data.insert("teamId".to_owned(), json!(team));
    }
    data.insert("creatorId".to_owned(), json!(room.creator));
    data.insert("lastActivity".to_owned(), json!(view.last_activity));
    data.insert("created".to_owned(), json!(room.created));
    Happening {
        org: room.org,
        resource: Resource::Rooms,
        event,
        actor: Some(caller.person),
        at: now,
        data: Value::Object(data),
        full: value(view),
        audience,
    }
}

/// Somebody came, changed, or left.
pub(crate) fn membership(
    caller: &Caller,
    now: Timestamp,
    event: Event,
    view: &wire::Membership,
    audience: Vec<PersonId>,
) -> Happening {
    Happening {
        org: view.person_org_id,
        resource: Resource::Memberships,
        event,
        actor: Some(caller.person),
        at: now,
        data: value(view).unwrap_or_default(),
        full: value(view),
        audience,
    }
}

/// A message was written, edited or deleted. The text is never in the data.
pub(crate) fn message(
    caller: &Caller,
    now: Timestamp,
    event: Event,
    message: &Message,
    view: &wire::Message,
    audience: Vec<PersonId>,
) -> Happening {
    let mut data = value(view).unwrap_or_default();
    if let Some(members) = data.as_object_mut() {
        members.retain(|name, _| {
            matches!(
                name.as_str(),
                "id" | "roomId"
                    | "roomType"
                    | "personId"
                    | "personEmail"
                    | "mentionedPeople"
                    | "mentionedGroups"
                    | "files"
                    | "parentId"
                    | "created"
                    | "updated"
            )
        });
    }
    Happening {
        org: message.org,
        resource: Resource::Messages,
        event,
        actor: Some(caller.person),
        at: now,
        data,
        full: value(view),
        audience,
    }
}

/// Somebody submitted a card. What was entered is not in the data.
pub(crate) fn action(
    caller: &Caller,
    now: Timestamp,
    view: &wire::AttachmentAction,
    audience: Vec<PersonId>,
) -> Happening {
    Happening {
        org: caller.org,
        resource: Resource::AttachmentActions,
        event: Event::Created,
        actor: Some(caller.person),
        at: now,
        data: json!({
            "id": view.id,
            "type": view.kind,
            "messageId": view.message_id,
            "personId": view.person_id,
            "roomId": view.room_id,
            "created": view.created,
        }),
        full: value(view),
        audience,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use hallway_wire::id::{ContentId, MessageId, OrgId, RoomId};

    use super::*;
    use crate::caller::Principal;
    use crate::org::{Person, PersonKind};

    const NOW: Timestamp = Timestamp(1_772_600_767_089);

    fn person(org: OrgId, kind: PersonKind) -> Person {
        Person::new(PersonId::random(), org, kind, "ada@example.com", "Ada", NOW)
    }

    fn caller(profile: Person) -> Caller {
        Caller {
            principal: Arc::new(Principal {
                org: profile.org,
                person: profile.id,
                name: profile.display_name.clone(),
                profile,
                roles: Vec::new(),
                scopes: BTreeSet::new(),
                machine: None,
                may_manage: false,
                grant: uuid::Uuid::nil(),
                client_id: None,
                expires_ms: 0,
                token: [0; 8],
                home: None,
            }),
            tracking_id: Arc::from(""),
            user_agent: None,
        }
    }

    fn said(org: OrgId, author: PersonId, kind: wire::RoomType) -> Message {
        Message {
            id: MessageId::random(),
            org,
            room: RoomId::random(),
            kind,
            parent: Some(MessageId::random()),
            author,
            author_email: "ada@example.com".to_owned(),
            text: Some("secret".to_owned()),
            markdown: Some("secret".to_owned()),
            html: Some("secret".to_owned()),
            files: vec![ContentId::random()],
            mentioned_people: Vec::new(),
            mentions_all: true,
            attachments: vec![wire::Attachment {
                content_type: wire::CARD.to_owned(),
                content: json!({ "x": "secret" }),
            }],
            created: NOW,
            updated: None,
            edits: 0,
        }
    }

    fn names(of: &Value) -> Vec<&str> {
        of.as_object()
            .map_or(Vec::new(), |of| of.keys().map(String::as_str).collect())
    }

    #[test]
    fn a_messages_text_is_never_told() {
        let ada = person(OrgId::random(), PersonKind::Person);
        let said = said(ada.org, ada.id, wire::RoomType::Group);
        let view = said.view("https://h.example");
        let told = message(&caller(ada), NOW, Event::Created, &said, &view, Vec::new());
        assert!(!told.data.to_string().contains("secret"), "{}", told.data);
        assert_eq!(
            names(&told.data),
            [
                "id",
                "parentId",
                "roomId",
                "roomType",
                "files",
                "personId",
                "personEmail",
                "mentionedGroups",
                "created"
            ]
        );
        assert!(told.full.is_some_and(|full| full["text"] == "secret"));
        let action = wire::AttachmentAction {
            id: hallway_wire::id::AttachmentActionId::random(),
            kind: "submit".to_owned(),
            message_id: said.id,
            room_id: said.room,
            person_id: said.author,
            inputs: json!({ "x": "secret" }).as_object().cloned().unwrap_or_default(),
            created: NOW,
        };
        let ada = person(said.org, PersonKind::Person);
        let told = super::action(&caller(ada), NOW, &action, Vec::new());
        assert_eq!(
            names(&told.data),
            ["id", "type", "messageId", "personId", "roomId", "created"]
        );
    }

    #[test]
    fn bots_hear_what_mentions_them() {
        let org = OrgId::random();
        let ada = person(org, PersonKind::Person);
        let (called, other) = (person(org, PersonKind::Bot), person(org, PersonKind::Bot));
        let mut group = said(org, ada.id, wire::RoomType::Group);
        group.mentioned_people.push(called.id);
        let member = |person: &Person| Membership {
            org,
            room: group.room,
            person: person.id,
            kind: wire::RoomType::Group,
            email: String::new(),
            display_name: String::new(),
            bot: person.kind == PersonKind::Bot,
            moderator: false,
            hidden: false,
            created: NOW,
            room_created: NOW,
        };
        let members = [member(&ada), member(&called), member(&other)];
        assert_eq!(hearers(&members, &group), [ada.id, called.id]);
        let direct = said(org, ada.id, wire::RoomType::Direct);
        assert_eq!(hearers(&members, &direct).len(), 3);
        let own = said(org, other.id, wire::RoomType::Group);
        assert_eq!(hearers(&members, &own), [ada.id, other.id]);
    }
}
