//! Lists of messages. A page costs what it holds, however many messages the room has.

use std::collections::BTreeMap;

use hallway_wire::Timestamp;
use hallway_wire::id::{MessageId, PersonId, RoomId};
use hallway_wire::messaging as wire;

use super::Slice;
use super::message::{Message, mention_index};
use super::permit::View;
use super::room::Room;
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::platform::Platform;
use crate::ports::{After, Find, by_time};
use crate::records::{Document as _, Kept, Listed};

/// Most people that one question for mentions may name.
const MAX_MENTIONED: usize = 20;

/// Which messages of a room; every condition must hold, and those of `mentioned` for anybody of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MessageQuery {
    pub parent: Option<MessageId>,
    /// `None` stands for the caller.
    pub mentioned: Vec<Option<PersonId>>,
    pub before: Option<Timestamp>,
    pub before_message: Option<MessageId>,
    pub max: usize,
    pub after: Option<After>,
}

/// Which messages between the caller and somebody else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DirectQuery {
    pub person: Option<PersonId>,
    pub email: Option<String>,
    pub parent: Option<MessageId>,
    pub max: usize,
    pub after: Option<After>,
}

impl Platform {
    /// Messages of a room, the newest first.
    ///
    /// # Errors
    /// Missing scope; unknown, or not the caller's; a bot that does not ask for what mentions it.
    pub async fn list_messages(
        &self,
        caller: &Caller,
        room: RoomId,
        query: &MessageQuery,
    ) -> Result<Slice<wire::Message>> {
        let view = caller.may_read_messages()?;
        let room = self.inside(caller, view, room).await?.room;
        let mentioned: Vec<PersonId> = query
            .mentioned
            .iter()
            .map(|person| person.unwrap_or(caller.person))
            .collect();
        let own = !mentioned.is_empty() && mentioned.iter().all(|&person| person == caller.person);
        if caller.is_bot() && room.kind == wire::RoomType::Group && !own {
            return Err(Error::forbidden(
                "Bots see of a group space only what mentions them: mentionedPeople=me is needed.",
            ));
        }
        if mentioned.len() > MAX_MENTIONED {
            return Err(Error::invalid(format!(
                "mentionedPeople: at most {MAX_MENTIONED} people can be named."
            )));
        }
        self.messages_of(&room, query, &mentioned).await
    }

    /// Messages between the caller and somebody else, the newest first.
    ///
    /// # Errors
    /// Missing scope; nobody named; they never wrote to each other.
    pub async fn list_direct_messages(
        &self,
        caller: &Caller,
        query: &DirectQuery,
    ) -> Result<Slice<wire::Message>> {
        // What two people wrote to each other is listed for them only.
        caller.may_read_messages()?;
        if query.person.is_some() && query.email.is_some() {
            return Err(Error::invalid(
                "Only one of personId and personEmail can be given.",
            ));
        }
        let other = self
            .named_person(caller, query.person, query.email.as_deref())
            .await?;
        let id = Room::direct_id(caller.org, [caller.person, other.id]);
        let room = self.inside(caller, View::Member, id).await?.room;
        let query = MessageQuery {
            parent: query.parent,
            max: query.max,
            after: query.after.clone(),
            ..MessageQuery::default()
        };
        self.messages_of(&room, &query, &[]).await
    }

    async fn messages_of(
        &self,
        room: &Room,
        query: &MessageQuery,
        mentioned: &[PersonId],
    ) -> Result<Slice<wire::Message>> {
        let mut after = query.after.clone();
        if after.is_none()
            && let Some(id) = query.before_message
        {
            let found = self.get::<Message>(room.org, &id.uuid().to_string()).await?;
            let found = found.filter(|message| message.room == room.id);
            let message = found.ok_or_else(|| Error::Missing {
                message: "beforeMessage: could not find a message with provided ID in the room.".to_owned(),
            })?;
            after = Some(After {
                order: by_time(message.created),
                id: message.id(),
            });
        }
        let find = |index: &'static str, value: String| Find {
            until: query.before.map(by_time),
            ..Find::new(Message::KIND, room.org, index, value, query.max)
                .newest_first()
                .after(after.clone())
        };
        let listed: Listed<Message> = match (query.parent, mentioned) {
            (Some(parent), mentioned) => {
                let in_room = |message: &Message| {
                    message.room == room.id
                        && (mentioned.is_empty()
                            || message
                                .mentioned_people
                                .iter()
                                .any(|person| mentioned.contains(person)))
                };
                self.list_where(find("thread", parent.uuid().to_string()), in_room)
                    .await?
            }
            (None, []) => self.list(find("room", room.id.uuid().to_string())).await?,
            (None, [one]) => self.list(find("mention", mention_index(room.id, *one))).await?,
            (None, several) => {
                let mut lists = Vec::with_capacity(several.len());
                for &person in several {
                    lists.push(self.list(find("mention", mention_index(room.id, person))).await?);
                }
                merged(lists, query.max)
            }
        };
        let items = listed.items.iter();
        Ok(Slice {
            items: items
                .map(|message| message.view(&self.config.public_url))
                .collect(),
            next: listed.next,
        })
    }
}

/// One page out of several lists of the same order, the newest first, each message once.
fn merged(lists: Vec<Listed<Message>>, max: usize) -> Listed<Message> {
    let more = lists.iter().any(|list| list.next.is_some());
    let mut all: BTreeMap<(String, String), Kept<Message>> = BTreeMap::new();
    for kept in lists.into_iter().flat_map(|list| list.items) {
        let place = kept.place();
        all.insert((place.order.clone(), place.id.clone()), kept);
    }
    let more = more || all.len() > max;
    let items: Vec<_> = all.into_values().rev().take(max).collect();
    let next = if more {
        items.last().map(|last| last.place().clone())
    } else {
        None
    };
    Listed { items, next }
}
