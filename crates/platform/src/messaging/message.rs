//! Messages as they are kept and seen; reading and deleting one (messaging-meetings 3).

use hallway_wire::Timestamp;
use hallway_wire::id::{ContentId, MessageId, OrgId, PersonId, RoomId};
use hallway_wire::messaging::{self as wire, RoomType, content_url};
use hallway_wire::webhook::Event;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::attachment::Action;
use super::contents::Content;
use super::happen;
use super::permit::View;
use super::room::{Inside, Room};
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::platform::Platform;
use crate::ports::{Key, RecordWrite, Write, by_time};
use crate::records::{Document, Kept};

/// A message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Grows with time, so that messages of one moment stay in order.
    pub id: MessageId,
    pub org: OrgId,
    pub room: RoomId,
    pub kind: RoomType,
    pub parent: Option<MessageId>,
    pub author: PersonId,
    pub author_email: String,
    pub text: Option<String>,
    pub markdown: Option<String>,
    pub html: Option<String>,
    pub files: Vec<ContentId>,
    pub mentioned_people: Vec<PersonId>,
    /// Everybody.
    pub mentions_all: bool,
    pub attachments: Vec<wire::Attachment>,
    pub created: Timestamp,
    pub updated: Option<Timestamp>,
    pub edits: u32,
}

impl Document for Message {
    const KIND: &'static str = "message";
    const NOUN: &'static str = "message";

    fn org(&self) -> OrgId {
        self.org
    }

    fn id(&self) -> String {
        self.id.uuid().to_string()
    }

    fn keys(&self) -> Vec<Key> {
        let key = |index, value: String| Key {
            index,
            value,
            order: by_time(self.created),
        };
        let mut keys = vec![key("room", self.room.uuid().to_string())];
        keys.extend(self.parent.map(|parent| key("thread", parent.uuid().to_string())));
        let mentions = self.mentioned_people.iter();
        keys.extend(mentions.map(|&person| key("mention", mention_index(self.room, person))));
        keys
    }
}

/// The index of what mentions somebody in a room.
pub(crate) fn mention_index(room: RoomId, person: PersonId) -> String {
    format!("{}:{}", room.uuid(), person.uuid())
}

impl Message {
    /// Whether a bot sees it: of a group room only what mentions it, and what it wrote itself.
    pub(crate) fn is_for_bot(&self, bot: PersonId) -> bool {
        self.kind == RoomType::Direct || self.author == bot || self.mentioned_people.contains(&bot)
    }

    /// As it is seen.
    pub(crate) fn view(&self, public_url: &str) -> wire::Message {
        let files = self.files.iter();
        wire::Message {
            id: self.id,
            parent_id: self.parent,
            room_id: self.room,
            room_type: self.kind,
            to_person_id: None,
            to_person_email: None,
            text: self.text.clone(),
            markdown: self.markdown.clone(),
            html: self.html.clone(),
            files: files.map(|&id| content_url(public_url, id)).collect(),
            person_id: self.author,
            person_email: self.author_email.clone(),
            mentioned_people: self.mentioned_people.clone(),
            mentioned_groups: if self.mentions_all {
                vec!["all".to_owned()]
            } else {
                Vec::new()
            },
            attachments: self.attachments.clone(),
            created: self.created,
            updated: self.updated,
            is_voice_clip: None,
        }
    }
}

/// The error with another text where something is not there.
pub(crate) fn unable<T>(found: Result<T>, message: &str) -> Result<T> {
    found.map_err(|error| match error {
        Error::NotFound { .. } => Error::Missing {
            message: message.to_owned(),
        },
        error => error,
    })
}

impl Platform {
    /// A message that the caller sees, and its room.
    pub(crate) async fn seen_message(
        &self,
        caller: &Caller,
        view: View,
        id: MessageId,
    ) -> Result<(Inside, Kept<Message>)> {
        let message = self.demand::<Message>(caller.org, &id.uuid().to_string()).await?;
        let inside = self.inside(caller, view, message.room).await?;
        if view == View::Member && caller.is_bot() && !message.is_for_bot(caller.person) {
            return Err(Error::NotFound { what: "message" });
        }
        Ok((inside, message))
    }

    /// One message.
    ///
    /// # Errors
    /// Missing scope; unknown, or not to be seen.
    pub async fn message_details(&self, caller: &Caller, id: MessageId) -> Result<wire::Message> {
        let view = caller.may_read_messages()?;
        let found = self.seen_message(caller, view, id).await;
        let (_, message) = unable(found, "Unable to get message.")?;
        Ok(message.view(&self.config.public_url))
    }

    /// Deletes a message with its file: its author may, moderators of a locked room, and compliance officers.
    ///
    /// # Errors
    /// Missing scope; unknown, or not to be seen; not the caller's to delete.
    pub async fn delete_message(&self, caller: &Caller, id: MessageId) -> Result<()> {
        let view = caller.may_delete_messages()?;
        let gone = self.retrying(|| self.try_delete_message(caller, view, id)).await;
        let gone = unable(gone, "Unable to delete message.")?;
        self.forget_blobs(&gone).await;
        Ok(())
    }

    async fn try_delete_message(&self, caller: &Caller, view: View, id: MessageId) -> Result<Vec<Uuid>> {
        let (inside, message) = self.seen_message(caller, view, id).await?;
        let moderates = inside.room.locked && inside.moderates();
        if message.author != caller.person && !moderates && view == View::Member {
            return Err(Error::forbidden("Unable to delete message."));
        }
        let mut writes = vec![message.delete()];
        writes.extend(inside.me.as_ref().map(Kept::demand));
        let mut gone = Vec::new();
        for &file in &message.files {
            if let Some(content) = self.get::<Content>(caller.org, &file.uuid().to_string()).await? {
                writes.push(content.delete());
                writes.push(self.orphan(caller.org, file.uuid())?);
                gone.push(file.uuid());
            }
        }
        writes.push(Write::Record(RecordWrite::DeleteAll {
            kind: Action::KIND,
            org: caller.org,
            index: "message",
            value: id.uuid().to_string(),
        }));
        // The room was active then, although nothing shows it any more.
        if message.created > inside.room.last_activity {
            let noted = Room {
                last_activity: message.created,
                ..inside.room.doc.clone()
            };
            writes.push(inside.room.put(&noted)?);
        } else {
            writes.push(inside.room.demand());
        }
        let members = self.members(&inside.room).await?;
        let audience = happen::hearers(members.iter().map(|member| &member.doc), &message);
        let seen = message.view(&self.config.public_url);
        let happening = happen::message(caller, self.now(), Event::Deleted, &message, &seen, audience);
        self.commit_with(writes, vec![happening]).await?;
        Ok(gone)
    }
}
