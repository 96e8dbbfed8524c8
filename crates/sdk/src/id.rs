//! Ids as the service gave them.
//!
//! Webex's ids say in which region a thing lives, so an id is kept exactly as it came. Two ids are equal if
//! they differ only in trailing `=`, which some services write and some clients cut off.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::sync::Arc;

use hallway_wire::id::Kind;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

/// The id of one kind of thing: opaque, cheap to clone.
///
/// ```
/// use hallway_sdk::DeviceId;
///
/// let id = DeviceId::from("Y2lzY29zcGFyazovL3VzL0RFVklDRS81ZjBjMWMwZQ");
/// assert_eq!(id.as_str(), "Y2lzY29zcGFyazovL3VzL0RFVklDRS81ZjBjMWMwZQ");
/// ```
pub struct Id<K>(Arc<str>, PhantomData<fn() -> K>);

impl<K> Id<K> {
    /// Takes over an id.
    pub fn new(text: impl AsRef<str>) -> Self {
        Self(Arc::from(text.as_ref()), PhantomData)
    }

    /// The text, as it came.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn bare(&self) -> &str {
        self.0.trim_end_matches('=')
    }
}

impl<K: Kind> Id<K> {
    /// The UUID inside, where there is one: two ids with the same UUID name the same thing, also where one of
    /// them names another region.
    pub fn uuid(&self) -> Option<Uuid> {
        self.0
            .parse::<hallway_wire::Id<K>>()
            .ok()
            .map(hallway_wire::Id::uuid)
    }

    /// Whether both name the same thing, in whichever spelling.
    pub fn names_same(&self, other: &Self) -> bool {
        self == other || self.uuid().is_some_and(|uuid| other.uuid() == Some(uuid))
    }
}

impl<K> fmt::Display for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
impl<K: Kind> fmt::Debug for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.uuid() {
            Some(uuid) => write!(f, "{}:{uuid}", K::TYPE),
            None => write!(f, "{}:{}", K::TYPE, self.0),
        }
    }
}
impl<K> Clone for Id<K> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0), PhantomData)
    }
}
impl<K> PartialEq for Id<K> {
    fn eq(&self, other: &Self) -> bool {
        self.bare() == other.bare()
    }
}
impl<K> Eq for Id<K> {}
impl<K> Hash for Id<K> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.bare().hash(state);
    }
}
impl<K> PartialOrd for Id<K> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<K> Ord for Id<K> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.bare().cmp(other.bare())
    }
}
impl<K> From<&str> for Id<K> {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}
impl<K> From<String> for Id<K> {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}
impl<K> From<&Id<K>> for Id<K> {
    fn from(id: &Id<K>) -> Self {
        id.clone()
    }
}
impl<K> AsRef<str> for Id<K> {
    fn as_ref(&self) -> &str {
        &self.0
    }
}
impl<K> Serialize for Id<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}
impl<'de, K> Deserialize<'de> for Id<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Ok(Self::new(text))
    }
}

macro_rules! ids {
    ($($name:ident $kind:ident $noun:literal;)*) => {$(
        #[doc = concat!("Id of a ", $noun, ".")]
        pub type $name = Id<hallway_wire::id::$kind>;
    )*};
}

ids! {
    OrgId Organization "organization";
    PersonId Person "person, or of a machine account";
    RoleId Role "role";
    LocationId Location "location";
    FloorId Floor "floor";
    WorkspaceId Workspace "workspace";
    DeviceId Device "device";
    RoomId Room "room";
    TeamId Team "team";
    MessageId Message "message";
    ActionId AttachmentAction "card that was submitted";
    WebhookId Webhook "webhook";
    LicenseId License "license";
    GroupId Group "group";
}

/// Marks the id of a membership.
#[derive(Debug)]
pub enum InRoom {}
impl Kind for InRoom {
    const TYPE: &'static str = "MEMBERSHIP";
    const NOUN: &'static str = "membership";
}
/// Id of a membership of a room.
pub type MembershipId = Id<InRoom>;

/// Marks the id of an application.
#[derive(Debug)]
pub enum App {}
impl Kind for App {
    const TYPE: &'static str = "APPLICATION";
    const NOUN: &'static str = "application";
}
/// Id of an application: integration, bot or service app.
pub type ApplicationId = Id<App>;

macro_rules! own_ids {
    ($($name:ident $kind:ident $type:literal $noun:literal;)*) => {$(
        #[doc = concat!("Marks the id of a ", $noun, ".")]
        #[derive(Debug)]
        pub enum $kind {}
        impl Kind for $kind {
            const TYPE: &'static str = $type;
            const NOUN: &'static str = $noun;
        }
        #[doc = concat!("Id of a ", $noun, ".")]
        pub type $name = Id<$kind>;
    )*};
}

own_ids! {
    TeamMembershipId InTeam "TEAM_MEMBERSHIP" "team membership";
    MeetingId OfMeeting "MEETING" "meeting";
    RecordingId OfRecording "RECORDING" "recording";
    EventId OfEvent "EVENT" "logged event";
    AuthorizationId OfAuthorization "AUTHORIZATION" "granted authorization";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kept_as_it_came_and_compared_without_padding() {
        let uuid = Uuid::from_u128(7);
        let here = hallway_wire::id::encode("us", "DEVICE", uuid);
        let there = hallway_wire::id::encode("urn:TEAM:us-east-1_int13", "DEVICE", uuid);
        let (a, b) = (DeviceId::from(here.as_str()), DeviceId::from(there.as_str()));
        assert_ne!(a, b);
        assert!(a.names_same(&b));
        assert_eq!(b.as_str(), there);
        assert_eq!(serde_json::to_value(&b).unwrap(), there);
        assert_eq!(DeviceId::from(format!("{here}==")), a);
        assert_eq!(a.uuid(), Some(uuid));
        assert_eq!(format!("{a:?}"), format!("DEVICE:{uuid}"));
        assert_eq!(DeviceId::from("x").uuid(), None);
    }
}
