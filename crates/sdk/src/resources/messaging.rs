//! `/rooms`, `/messages` and `/memberships`.

use hallway_wire::Timestamp;
use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::frame::{body, crud, query, resource};
use crate::error::Result;
use crate::id::{MembershipId, MessageId, OrgId, PersonId, RoomId, TeamId};

resource! {
    /// Rooms, also called spaces.
    Rooms, rooms
}

resource! {
    /// Messages.
    ///
    /// ```no_run
    /// # async fn example(client: hallway_sdk::Client) -> hallway_sdk::Result<()> {
    /// client.messages().to_email("ada@example.com", "The room **is free**.").await?;
    /// # Ok(())
    /// # }
    /// ```
    Messages, messages
}

resource! {
    /// Who is in which room.
    Memberships, memberships
}

/// A room.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Room {
    /// The id.
    pub id: RoomId,
    /// What it is called.
    #[serde(default)]
    pub title: String,
    /// `direct` or `group`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Whether only moderators let people in.
    #[serde(default)]
    pub is_locked: bool,
    /// Its team.
    pub team_id: Option<TeamId>,
    /// When something last happened there.
    pub last_activity: Option<Timestamp>,
    /// Who made it.
    pub creator_id: Option<PersonId>,
    /// When it was made.
    pub created: Option<Timestamp>,
}

body! {
    /// What a request says about a room.
    RoomBody {
        /// What it is called; needed.
        title: String,
        /// Its team; only for a new one.
        team_id: TeamId,
        /// Whether only moderators let people in.
        is_locked: bool,
        /// What it is about.
        description: String,
        /// Whether only moderators may post.
        is_announcement_only: bool,
    }
}

query! {
    /// Rooms that the caller is in.
    RoomQuery -> Room {
        /// `direct` or `group`.
        kind(&str) => "type",
        /// Of this team.
        team(&TeamId) => "teamId",
        /// `id`, `lastactivity` or `created`.
        sort_by(&str) => "sortBy",
    }
}

crud!(Rooms at ["rooms"], RoomId, get Room, create RoomBody => Room, update RoomBody => Room, delete delete);

impl Rooms {
    /// The rooms that the caller is in.
    pub fn list(&self) -> RoomQuery {
        RoomQuery(self.0.list(&["rooms"], "items"))
    }
}

/// A message.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Message {
    /// The id.
    pub id: MessageId,
    /// The message it answers.
    pub parent_id: Option<MessageId>,
    /// Where it was posted.
    pub room_id: Option<RoomId>,
    /// `direct` or `group`.
    pub room_type: Option<String>,
    /// Its plain text.
    pub text: Option<String>,
    /// Its text with marks.
    pub markdown: Option<String>,
    /// Its text as HTML.
    pub html: Option<String>,
    /// URLs of files; reading one needs the token.
    #[serde(default)]
    pub files: Vec<String>,
    /// Who wrote it.
    pub person_id: Option<PersonId>,
    /// Who wrote it.
    pub person_email: Option<String>,
    /// Who is mentioned.
    #[serde(default)]
    pub mentioned_people: Vec<PersonId>,
    /// Cards.
    #[serde(default)]
    pub attachments: Vec<Value>,
    /// When it was written.
    pub created: Option<Timestamp>,
    /// When it was changed.
    pub updated: Option<Timestamp>,
}

body! {
    /// What a request says about a message. A new one needs a room or a person.
    MessageBody {
        /// Into this room.
        room_id: RoomId,
        /// As an answer to this message.
        parent_id: MessageId,
        /// To this person.
        to_person_id: PersonId,
        /// To the person with this address.
        to_person_email: String,
        /// Plain text.
        text: String,
        /// Text with marks.
        markdown: String,
        /// One URL that everybody can read.
        files: Vec<String>,
        /// One card: `{"contentType", "content"}`.
        attachments: Vec<Value>,
    }
}

impl MessageBody {
    /// With an adaptive card.
    #[must_use]
    pub fn card(self, card: Value) -> Self {
        let content_type = hallway_wire::messaging::CARD;
        self.attachments(vec![json!({ "contentType": content_type, "content": card })])
    }
}

query! {
    /// Messages of a room, the newest first.
    MessageQuery -> Message {
        /// Answers to this message.
        parent(&MessageId) => "parentId",
        /// That mention this person, or `me`.
        mentioning(&str) => "mentionedPeople",
        /// Before this moment.
        before(Timestamp) => "before",
        /// Before this message.
        before_message(&MessageId) => "beforeMessage",
    }
}

crud!(Messages at ["messages"], MessageId, get Message, create MessageBody => Message, update MessageBody => Message, delete delete);

impl Messages {
    /// The messages of a room, the newest first.
    pub fn list(&self, room: &RoomId) -> MessageQuery {
        MessageQuery(self.0.list(&["messages"], "items").filter("roomId", room))
    }

    /// Posts a text with marks into a room.
    ///
    /// # Errors
    /// Any; see [`Error`](crate::Error).
    pub async fn to_room(&self, room: &RoomId, markdown: &str) -> Result<Message> {
        self.create(&MessageBody::new().room_id(room.clone()).markdown(markdown))
            .await
    }

    /// Posts a text with marks to a person.
    ///
    /// # Errors
    /// Any; see [`Error`](crate::Error).
    pub async fn to_email(&self, email: &str, markdown: &str) -> Result<Message> {
        self.create(&MessageBody::new().to_person_email(email).markdown(markdown))
            .await
    }
}

/// That somebody is in a room.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Membership {
    /// The id.
    pub id: MembershipId,
    /// Which room.
    pub room_id: RoomId,
    /// Who.
    pub person_id: PersonId,
    /// The person's address.
    pub person_email: Option<String>,
    /// What the person is called.
    pub person_display_name: Option<String>,
    /// The person's organization.
    pub person_org_id: Option<OrgId>,
    /// Whether the person moderates the room.
    #[serde(default)]
    pub is_moderator: bool,
    /// Since when.
    pub created: Option<Timestamp>,
}

query! {
    /// Memberships that match.
    MembershipQuery -> Membership {
        /// Of this room.
        room(&RoomId) => "roomId",
        /// Of this person.
        person(&PersonId) => "personId",
        /// Of the person with this address.
        email(&str) => "personEmail",
    }
}

crud!(Memberships at ["memberships"], MembershipId, get Membership, delete delete);

impl Memberships {
    /// Memberships that the caller may see.
    pub fn list(&self) -> MembershipQuery {
        MembershipQuery(self.0.list(&["memberships"], "items"))
    }

    /// Lets somebody in.
    ///
    /// # Errors
    /// [`Error::Conflict`](crate::Error::Conflict): the person is in. Others; see [`Error`](crate::Error).
    pub async fn add(&self, room: &RoomId, email: &str, moderator: bool) -> Result<Membership> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Body<'a> {
            room_id: &'a RoomId,
            person_email: &'a str,
            is_moderator: bool,
        }
        let body = Body {
            room_id: room,
            person_email: email,
            is_moderator: moderator,
        };
        self.0.at(Method::POST, &["memberships"]).json(&body).read().await
    }

    /// Makes somebody a moderator, or not.
    ///
    /// # Errors
    /// Any; see [`Error`](crate::Error).
    pub async fn set_moderator(&self, id: &MembershipId, moderator: bool) -> Result<Membership> {
        let call = self.0.at(Method::PUT, &["memberships", id.as_str()]);
        call.json(&json!({ "isModerator": moderator })).read().await
    }
}
