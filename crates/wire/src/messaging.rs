//! Rooms, memberships, messages, cards and teams as the REST API shows them (messaging-meetings 1 to 5).

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::id::{
    AttachmentActionId, ContentId, IdError, Kind, MessageId, OrgId, PersonId, RoomId, TeamId, decode, encode,
};
use crate::time::Timestamp;

/// Content type of a card.
pub const CARD: &str = "application/vnd.microsoft.card.adaptive";

/// Whether a room is of two people, or of any number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum RoomType {
    Direct,
    Group,
}

impl RoomType {
    /// As it is spelled on the wire.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Group => "group",
        }
    }
}

/// What the two parts of the id of a membership stand for.
pub trait PairKind {
    /// The TYPE part of the public form.
    const TYPE: &'static str;
    /// What people call it.
    const NOUN: &'static str;
    /// What the person is in.
    type Whole: Kind;
}

/// The id of a membership: it is made of the person and of what the person is in, so that it can be computed
/// (rest-basics 5).
pub struct PairId<P> {
    person: Uuid,
    whole: Uuid,
    kind: PhantomData<fn() -> P>,
}

/// A membership of a room.
#[derive(Debug)]
pub enum InRoom {}
impl PairKind for InRoom {
    const TYPE: &'static str = "MEMBERSHIP";
    const NOUN: &'static str = "membership";
    type Whole = crate::id::Room;
}

/// A membership of a team.
#[derive(Debug)]
pub enum InTeam {}
impl PairKind for InTeam {
    const TYPE: &'static str = "TEAM_MEMBERSHIP";
    const NOUN: &'static str = "team membership";
    type Whole = crate::id::Team;
}

/// Id of a membership of a room: `<person>:<room>`.
pub type MembershipId = PairId<InRoom>;
/// Id of a membership of a team: `<person>:<team>`.
pub type TeamMembershipId = PairId<InTeam>;

impl<P: PairKind> PairId<P> {
    /// The id of this person's membership.
    pub const fn new(person: PersonId, whole: crate::Id<P::Whole>) -> Self {
        Self {
            person: person.uuid(),
            whole: whole.uuid(),
            kind: PhantomData,
        }
    }

    /// Who is a member.
    pub const fn person(self) -> PersonId {
        PersonId::from_uuid(self.person)
    }

    /// Of what.
    pub const fn whole(self) -> crate::Id<P::Whole> {
        crate::Id::from_uuid(self.whole)
    }

    /// The inner text, without the public form around it.
    pub fn inner(self) -> String {
        format!("{}:{}", self.person, self.whole)
    }
}

impl<P> Clone for PairId<P> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<P> Copy for PairId<P> {}
impl<P> PartialEq for PairId<P> {
    fn eq(&self, other: &Self) -> bool {
        (self.person, self.whole) == (other.person, other.whole)
    }
}
impl<P> Eq for PairId<P> {}
impl<P: PairKind> fmt::Debug for PairId<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", P::TYPE, self.inner())
    }
}
impl<P: PairKind> fmt::Display for PairId<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&encode("us", P::TYPE, self.inner()))
    }
}
impl<P: PairKind> FromStr for PairId<P> {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        let inner = if text.contains(':') {
            text.to_owned()
        } else {
            let (kind, inner) = decode(text)?;
            if kind != P::TYPE {
                return Err(IdError::Kind {
                    expected: P::NOUN,
                    found: kind,
                });
            }
            inner
        };
        let (person, whole) = inner.split_once(':').ok_or(IdError::Shape)?;
        let part = |text: &str| match text.len() {
            36 => Uuid::try_parse(text).map_err(|_| IdError::Shape),
            _ => Err(IdError::Shape),
        };
        Ok(Self {
            person: part(person)?,
            whole: part(whole)?,
            kind: PhantomData,
        })
    }
}
impl<P: PairKind> Serialize for PairId<P> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
impl<'de, P: PairKind> Deserialize<'de> for PairId<P> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
impl<P: PairKind> JsonSchema for PairId<P> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "PairId".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "description": format!("Id of a {}: base64url.", P::NOUN) })
    }
}

/// A room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Room {
    pub id: RoomId,
    pub title: String,
    #[serde(rename = "type")]
    pub kind: RoomType,
    pub is_locked: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team_id: Option<TeamId>,
    pub last_activity: Timestamp,
    pub creator_id: PersonId,
    pub created: Timestamp,
    pub owner_id: OrgId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classification_id: Option<String>,
    pub is_announcement_only: bool,
    pub is_read_only: bool,
    pub is_public: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_public: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// Body of `POST /rooms` and `PUT /rooms/{id}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RoomFields {
    #[serde(default)]
    pub title: Option<String>,
    #[serde(default)]
    pub team_id: Option<TeamId>,
    #[serde(default)]
    pub classification_id: Option<String>,
    #[serde(default)]
    pub is_locked: Option<bool>,
    #[serde(default)]
    pub is_public: Option<bool>,
    #[serde(default)]
    pub description: Option<String>,
    #[serde(default)]
    pub is_announcement_only: Option<bool>,
    /// Only in updates.
    #[serde(default)]
    pub is_read_only: Option<bool>,
}

/// How to join the meeting of a room. Deprecated by Webex; derived from the room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RoomMeetingInfo {
    pub room_id: RoomId,
    pub meeting_link: String,
    pub sip_address: String,
    pub meeting_number: String,
    pub meeting_id: String,
    pub call_in_toll_free_number: String,
    pub call_in_toll_number: String,
}

/// That somebody is in a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Membership {
    pub id: MembershipId,
    pub room_id: RoomId,
    pub person_id: PersonId,
    pub person_email: String,
    pub person_display_name: String,
    pub person_org_id: OrgId,
    pub is_moderator: bool,
    pub is_room_hidden: bool,
    pub room_type: RoomType,
    /// Deprecated by Webex: always false.
    pub is_monitor: bool,
    pub created: Timestamp,
}

/// Body of `POST /memberships`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewMembership {
    #[serde(default)]
    pub room_id: Option<RoomId>,
    #[serde(default)]
    pub person_id: Option<PersonId>,
    #[serde(default)]
    pub person_email: Option<String>,
    #[serde(default)]
    pub is_moderator: Option<bool>,
}

/// Body of `PUT /memberships/{id}` and `PUT /team/memberships/{id}`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MembershipChange {
    #[serde(default)]
    pub is_moderator: Option<bool>,
    #[serde(default)]
    pub is_room_hidden: Option<bool>,
}

/// Something attached to a message: a card.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Attachment {
    pub content_type: String,
    pub content: Value,
}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    pub id: MessageId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_id: Option<MessageId>,
    pub room_id: RoomId,
    pub room_type: RoomType,
    /// Only in the answer to who sent it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_person_id: Option<PersonId>,
    /// Only in the answer to who sent it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_person_email: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub markdown: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub html: Option<String>,
    /// URLs; reading one needs the token.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
    pub person_id: PersonId,
    pub person_email: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mentioned_people: Vec<PersonId>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mentioned_groups: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
    pub created: Timestamp,
    /// Only after an edit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated: Option<Timestamp>,
    /// Nothing here records voices: always false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_voice_clip: Option<bool>,
}

/// Body of `POST /messages`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewMessage {
    #[serde(default)]
    pub room_id: Option<RoomId>,
    #[serde(default)]
    pub parent_id: Option<MessageId>,
    #[serde(default)]
    pub to_person_id: Option<PersonId>,
    #[serde(default)]
    pub to_person_email: Option<String>,
    #[serde(default)]
    pub text: Option<String>,
    #[serde(default)]
    pub markdown: Option<String>,
    /// One URL that everybody can read.
    #[serde(default)]
    pub files: Option<Vec<String>>,
    /// One card.
    #[serde(default)]
    pub attachments: Option<Vec<Attachment>>,
}

/// Body of `PUT /messages/{id}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MessageChange {
    #[serde(default)]
    pub room_id: Option<RoomId>,
    #[serde(default)]
    pub text: Option<String>,
    #[serde(default)]
    pub markdown: Option<String>,
    /// Must not stand beside `markdown`: it is rendered from it.
    #[serde(default)]
    pub html: Option<String>,
    #[serde(default)]
    pub files: Option<Vec<String>>,
    #[serde(default)]
    pub attachments: Option<Vec<Attachment>>,
}

/// What somebody entered into a card.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AttachmentAction {
    pub id: AttachmentActionId,
    #[serde(rename = "type")]
    pub kind: String,
    pub message_id: MessageId,
    pub room_id: RoomId,
    pub person_id: PersonId,
    pub inputs: Map<String, Value>,
    pub created: Timestamp,
}

/// Body of `POST /attachment/actions`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewAttachmentAction {
    #[serde(default, rename = "type")]
    pub kind: Option<String>,
    #[serde(default)]
    pub message_id: Option<MessageId>,
    #[serde(default)]
    pub inputs: Option<Map<String, Value>>,
}

/// A team.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Team {
    pub id: TeamId,
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    pub created: Timestamp,
}

/// Body of `POST /teams` and `PUT /teams/{id}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TeamFields {
    #[serde(default)]
    pub name: Option<String>,
    #[serde(default)]
    pub description: Option<String>,
}

/// That somebody is in a team.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TeamMembership {
    pub id: TeamMembershipId,
    pub team_id: TeamId,
    pub person_id: PersonId,
    pub person_email: String,
    pub person_display_name: String,
    pub person_org_id: OrgId,
    pub is_moderator: bool,
    pub created: Timestamp,
}

/// Body of `POST /team/memberships`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewTeamMembership {
    #[serde(default)]
    pub team_id: Option<TeamId>,
    #[serde(default)]
    pub person_id: Option<PersonId>,
    #[serde(default)]
    pub person_email: Option<String>,
    #[serde(default)]
    pub is_moderator: Option<bool>,
}

/// The URL of a file, below a public URL.
pub fn content_url(public_url: &str, id: ContentId) -> String {
    format!("{public_url}/v1/contents/{id}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_memberships_are_computed() {
        let (person, room) = (PersonId::random(), RoomId::random());
        let id = MembershipId::new(person, room);
        let public = id.to_string();
        assert_eq!(public.parse(), Ok(id));
        assert_eq!(id.inner().parse(), Ok(id));
        assert_eq!(
            decode(&public),
            Ok((
                "MEMBERSHIP".to_owned(),
                format!("{}:{}", person.uuid(), room.uuid())
            ))
        );
        assert!(public.parse::<TeamMembershipId>().is_err());
        for bad in ["", "x", ":", "a:b", &room.to_string(), &room.uuid().to_string()] {
            assert!(bad.parse::<MembershipId>().is_err(), "{bad}");
        }
    }
}
