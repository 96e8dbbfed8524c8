//! What people enter into cards (messaging-meetings 4).

use hallway_wire::Timestamp;
use hallway_wire::id::{AttachmentActionId, MessageId, OrgId, PersonId, RoomId};
use hallway_wire::messaging as wire;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::happen;
use super::message::unable;
use super::permit::View;
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::platform::Platform;
use crate::ports::{Key, by_time};
use crate::records::{Document, put_new};

/// Most bytes of what is entered, as JSON.
const MAX_INPUTS: usize = 64 * 1024;

/// What somebody entered into a card.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Action {
    pub id: AttachmentActionId,
    pub org: OrgId,
    pub room: RoomId,
    pub message: MessageId,
    pub person: PersonId,
    pub inputs: Map<String, Value>,
    pub created: Timestamp,
}

impl Document for Action {
    const KIND: &'static str = "attachment_action";
    const NOUN: &'static str = "attachment action";

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
        vec![
            key("room", self.room.uuid().to_string()),
            key("message", self.message.uuid().to_string()),
        ]
    }
}

impl Action {
    fn view(&self) -> wire::AttachmentAction {
        wire::AttachmentAction {
            id: self.id,
            kind: "submit".to_owned(),
            message_id: self.message,
            room_id: self.room,
            person_id: self.person,
            inputs: self.inputs.clone(),
            created: self.created,
        }
    }
}

impl Platform {
    /// Submits a card of a message that the caller sees.
    ///
    /// # Errors
    /// Missing scope; another type; no message or nothing entered; unknown; a message without a card.
    pub async fn submit_card(
        &self,
        caller: &Caller,
        new: &wire::NewAttachmentAction,
    ) -> Result<wire::AttachmentAction> {
        caller.may_write_messages()?;
        if new.kind.as_deref() != Some("submit") {
            return Err(Error::invalid("type: must be submit."));
        }
        let id = new
            .message_id
            .ok_or_else(|| Error::invalid("messageId cannot be null"))?;
        let inputs = new
            .inputs
            .as_ref()
            .ok_or_else(|| Error::invalid("inputs cannot be null"))?;
        let length = serde_json::to_vec(inputs).map_or(usize::MAX, |bytes| bytes.len());
        if length > MAX_INPUTS {
            return Err(Error::invalid(format!(
                "inputs: they have more than the {MAX_INPUTS} bytes that can be entered."
            )));
        }
        self.retrying(|| self.try_submit(caller, id, inputs)).await
    }

    async fn try_submit(
        &self,
        caller: &Caller,
        id: MessageId,
        inputs: &Map<String, Value>,
    ) -> Result<wire::AttachmentAction> {
        let found = self.seen_message(caller, View::Member, id).await;
        let (inside, message) = unable(found, "Unable to get message.")?;
        if message.attachments.is_empty() {
            return Err(Error::invalid("messageId: the message has no card."));
        }
        let now = self.now();
        let action = Action {
            id: AttachmentActionId::random(),
            org: caller.org,
            room: message.room,
            message: id,
            person: caller.person,
            inputs: inputs.clone(),
            created: now,
        };
        let view = action.view();
        let members = self.members(&inside.room).await?;
        let audience = happen::hearers(members.iter().map(|member| &member.doc), &message);
        let mut writes = inside.demands();
        writes.extend([message.demand(), put_new(&action)?]);
        self.commit_with(writes, vec![happen::action(caller, now, &view, audience)])
            .await?;
        Ok(view)
    }

    /// What was entered into a card of a message that the caller sees.
    ///
    /// # Errors
    /// Missing scope; unknown, or not to be seen.
    pub async fn action_details(
        &self,
        caller: &Caller,
        id: AttachmentActionId,
    ) -> Result<wire::AttachmentAction> {
        let view = caller.may_read_messages()?;
        let action = self.demand::<Action>(caller.org, &id.uuid().to_string()).await?;
        let seen = self.seen_message(caller, view, action.message).await;
        unable(seen, "Could not find an attachment action with provided ID.")?;
        Ok(action.view())
    }
}
