//! Rooms, memberships, messages, cards and teams.

use hallway_wire::id::{MessageId, RoomId};
use hallway_wire::messaging::{
    Attachment, CARD, Membership, MembershipChange, Message, MessageChange, NewAttachmentAction,
    NewMembership, NewMessage, Room, RoomFields, TeamFields,
};
use serde_json::{Map, Value, json};

use super::{Settings, Trigger, shown};
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::org::{Person, PersonKind};
use crate::platform::Platform;
use crate::ports::Find;
use crate::records::Document as _;

const ROOM: (&str, &str) = ("roomId", "The room; a new one if not set.");
const PERSON: (&str, &str) = (
    "personEmail",
    "The other person; somebody of the organization if not set.",
);
const TEXT: (&str, &str) = ("text", "What it says.");
const MARKDOWN: (&str, &str) = ("markdown", "What it says, as Markdown.");

/// See the module documentation.
pub(super) const TRIGGERS: &[Trigger] = &[
    Trigger {
        resource: "rooms",
        event: "created",
        about: "Makes a room.",
        settings: &[("title", "Its title.")],
        run: |platform, caller, set| shown("room", new_room(platform, caller, set.text("title"))),
    },
    Trigger {
        resource: "rooms",
        event: "updated",
        about: "Renames a room.",
        settings: &[ROOM, ("title", "Its new title.")],
        run: |platform, caller, set| shown("room", rename(platform, caller, set)),
    },
    Trigger {
        resource: "memberships",
        event: "created",
        about: "Takes somebody into a room.",
        settings: &[ROOM, PERSON],
        run: |platform, caller, set| shown("membership", join(platform, caller, set)),
    },
    Trigger {
        resource: "memberships",
        event: "updated",
        about: "Takes somebody into a room and makes him a moderator.",
        settings: &[ROOM, PERSON],
        run: |platform, caller, set| {
            shown("membership", async move {
                let joined = join(platform, caller, set).await?;
                let change = MembershipChange {
                    is_moderator: Some(true),
                    is_room_hidden: None,
                };
                platform.update_membership(caller, joined.id, &change).await
            })
        },
    },
    Trigger {
        resource: "memberships",
        event: "deleted",
        about: "Takes somebody into a room and out of it again.",
        settings: &[ROOM, PERSON],
        run: |platform, caller, set| {
            shown("membership", async move {
                let joined = join(platform, caller, set).await?;
                platform.delete_membership(caller, joined.id).await?;
                Ok(joined)
            })
        },
    },
    Trigger {
        resource: "messages",
        event: "created",
        about: "Writes a message into a room, or to somebody.",
        settings: &[
            ROOM,
            ("toPersonEmail", "Write to this person instead."),
            ("parentId", "The message to reply to."),
            TEXT,
            MARKDOWN,
        ],
        run: |platform, caller, set| shown("message", write(platform, caller, set, None)),
    },
    Trigger {
        resource: "messages",
        event: "updated",
        about: "Writes a message and edits it.",
        settings: &[ROOM, TEXT, MARKDOWN],
        run: |platform, caller, set| {
            shown("message", async move {
                let written = write(platform, caller, set, None).await?;
                let change = MessageChange {
                    room_id: Some(written.room_id),
                    text: written.text.map(|text| format!("{text} (edited)")),
                    ..MessageChange::default()
                };
                platform.edit_message(caller, written.id, &change).await
            })
        },
    },
    Trigger {
        resource: "messages",
        event: "deleted",
        about: "Writes a message and deletes it; or deletes one that is named.",
        settings: &[
            ROOM,
            ("messageId", "The message to delete; a new one if not set."),
        ],
        run: |platform, caller, set| {
            shown("message", async move {
                let message = match set.read::<MessageId>("messageId")? {
                    Some(id) => platform.message_details(caller, id).await?,
                    None => write(platform, caller, set, None).await?,
                };
                platform.delete_message(caller, message.id).await?;
                Ok(message)
            })
        },
    },
    Trigger {
        resource: "attachmentActions",
        event: "created",
        about: "Submits a card: one that is named, or one that is written for it.",
        settings: &[
            ROOM,
            ("messageId", "The message with the card; a new one if not set."),
            ("inputs", "What is entered, as a JSON object."),
        ],
        run: |platform, caller, set| shown("attachmentAction", submit(platform, caller, set)),
    },
    Trigger {
        resource: "teams",
        event: "created",
        about: "Makes a team with its General room. Webhooks hear of the room.",
        settings: &[("name", "Its name.")],
        run: |platform, caller, set| {
            shown("team", async move {
                let fields = TeamFields {
                    name: Some(set.text("name").unwrap_or_else(|| "Triggered team".to_owned())),
                    description: None,
                };
                platform.create_team(caller, &fields).await
            })
        },
    },
];

async fn new_room(platform: &Platform, caller: &Caller, title: Option<String>) -> Result<Room> {
    let fields = RoomFields {
        title: Some(title.unwrap_or_else(|| "Triggered room".to_owned())),
        ..RoomFields::default()
    };
    platform.create_room(caller, &fields).await
}

/// The room that is named, or a new one.
async fn room(platform: &Platform, caller: &Caller, set: &Settings) -> Result<RoomId> {
    match set.read("roomId")? {
        Some(id) => Ok(id),
        None => Ok(new_room(platform, caller, None).await?.id),
    }
}

async fn rename(platform: &Platform, caller: &Caller, set: &Settings) -> Result<Room> {
    let id = room(platform, caller, set).await?;
    let now = platform.now();
    let fields = RoomFields {
        title: Some(set.text("title").unwrap_or_else(|| format!("Renamed at {now}"))),
        ..RoomFields::default()
    };
    platform.update_room(caller, id, &fields).await
}

async fn join(platform: &Platform, caller: &Caller, set: &Settings) -> Result<Membership> {
    let email = match set.text("personEmail") {
        Some(email) => email,
        None => platform.somebody_else(caller).await?.email,
    };
    let new = NewMembership {
        room_id: Some(room(platform, caller, set).await?),
        person_email: Some(email),
        ..NewMembership::default()
    };
    platform.create_membership(caller, &new).await
}

async fn write(
    platform: &Platform,
    caller: &Caller,
    set: &Settings,
    card: Option<Attachment>,
) -> Result<Message> {
    let to = set.text("toPersonEmail");
    let markdown = set.text("markdown");
    let text = set.text("text");
    let new = NewMessage {
        room_id: match to {
            None => Some(room(platform, caller, set).await?),
            // Naming both is refused with the words for that.
            Some(_) => set.read("roomId")?,
        },
        to_person_email: to,
        parent_id: set.read("parentId")?,
        text: text.or_else(|| markdown.is_none().then(|| "Triggered message".to_owned())),
        markdown,
        attachments: card.map(|card| vec![card]),
        ..NewMessage::default()
    };
    platform.post_message(caller, &new, None).await
}

async fn submit(
    platform: &Platform,
    caller: &Caller,
    set: &Settings,
) -> Result<hallway_wire::messaging::AttachmentAction> {
    let inputs = match set.text("inputs") {
        None => json!({ "name": "Triggered" })
            .as_object()
            .cloned()
            .unwrap_or_default(),
        Some(text) => serde_json::from_str::<Map<String, Value>>(&text)
            .map_err(|error| Error::invalid(format!("set.inputs: not a JSON object: {error}")))?,
    };
    let message = match set.read("messageId")? {
        Some(id) => id,
        None => {
            let card = Attachment {
                content_type: CARD.to_owned(),
                content: json!({
                    "type": "AdaptiveCard",
                    "version": "1.3",
                    "body": [{ "type": "Input.Text", "id": "name", "placeholder": "Name" }],
                    "actions": [{ "type": "Action.Submit", "title": "Send" }],
                }),
            };
            write(platform, caller, set, Some(card)).await?.id
        }
    };
    let new = NewAttachmentAction {
        kind: Some("submit".to_owned()),
        message_id: Some(message),
        inputs: Some(inputs),
    };
    platform.submit_card(caller, &new).await
}

impl Platform {
    /// Somebody of the organization who is not the caller.
    pub(crate) async fn somebody_else(&self, caller: &Caller) -> Result<Person> {
        let find = Find::new(
            Person::KIND,
            caller.org,
            Person::BY_KIND,
            PersonKind::Person.name(),
            2,
        );
        let people = self.list::<Person>(find).await?.items;
        let other = people.into_iter().find(|person| person.id != caller.person);
        other.map(|kept| kept.doc).ok_or_else(|| {
            Error::conflict("There is nobody else in the organization: name somebody with personEmail.")
        })
    }
}
