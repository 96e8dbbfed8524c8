//! Rooms as they are kept, how they are seen, and reading one.

use hallway_wire::Timestamp;
use hallway_wire::id::{OrgId, PersonId, RoomId, TeamId};
use hallway_wire::messaging::{self as wire, RoomType};
use serde::{Deserialize, Serialize};

use super::membership::Membership;
use super::message::Message;
use super::permit::View;
use crate::caller::Caller;
use crate::crypto::sha256;
use crate::error::{Error, Result};
use crate::platform::Platform;
use crate::ports::{Find, Key, by_time};
use crate::records::{Document, Kept};

/// A room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Room {
    pub id: RoomId,
    pub org: OrgId,
    pub kind: RoomType,
    /// Empty for a room of two: each sees the other's name.
    pub title: String,
    pub team: Option<TeamId>,
    pub creator: PersonId,
    pub created: Timestamp,
    /// The last activity that no message shows any more; see [`Platform::last_activity`].
    pub last_activity: Timestamp,
    pub locked: bool,
    pub announcement_only: bool,
    pub read_only: bool,
    pub made_public: Option<Timestamp>,
    pub description: Option<String>,
    pub classification_id: Option<String>,
    /// The two of a direct room.
    #[serde(default)]
    pub pair: Option<[PersonId; 2]>,
    /// Deleted rooms of teams: only compliance officers see them.
    #[serde(default)]
    pub archived: bool,
}

impl Document for Room {
    const KIND: &'static str = "room";
    const NOUN: &'static str = "room";

    fn org(&self) -> OrgId {
        self.org
    }

    fn id(&self) -> String {
        self.id.uuid().to_string()
    }

    fn keys(&self) -> Vec<Key> {
        let key = |index, value: String, at| Key {
            index,
            value,
            order: by_time(at),
        };
        let mut keys = vec![
            key("org", String::new(), self.created),
            Key {
                index: "id",
                value: String::new(),
                order: self.id(),
            },
        ];
        keys.extend(
            self.team
                .map(|team| key("team", team.uuid().to_string(), self.created)),
        );
        keys.extend(
            self.made_public
                .filter(|_| !self.archived)
                .map(|at| key("public", String::new(), at)),
        );
        keys
    }
}

impl Room {
    /// Whether it is the one that a team cannot be without.
    pub(crate) fn is_general(&self) -> bool {
        self.team.is_some_and(|team| team.uuid() == self.id.uuid())
    }

    /// The other one of a direct room, seen by somebody.
    pub(crate) fn other(&self, viewer: PersonId) -> Option<PersonId> {
        let [one, other] = self.pair?;
        Some(if one == viewer { other } else { one })
    }

    /// The id of the room of two people. It follows from who they are, so that there is never a second one.
    pub(crate) fn direct_id(org: OrgId, pair: [PersonId; 2]) -> RoomId {
        let mut pair = pair.map(|person| *person.uuid().as_bytes());
        pair.sort_unstable();
        let mut seed = b"direct room".to_vec();
        seed.extend(org.uuid().as_bytes());
        seed.extend(pair.concat());
        let hash = sha256(&seed);
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash[..16]);
        RoomId::from_uuid(uuid::Builder::from_custom_bytes(bytes).into_uuid())
    }
}

/// A room that somebody sees, with the membership by which.
#[derive(Clone, Debug)]
pub(crate) struct Inside {
    pub(crate) room: Kept<Room>,
    /// `None`: a compliance officer, or a public room.
    pub(crate) me: Option<Kept<Membership>>,
}

impl Inside {
    /// Whether the caller may do what moderators of a locked room do. Nobody moderates an open one.
    pub(crate) fn moderates(&self) -> bool {
        !self.room.locked || self.me.as_ref().is_some_and(|me| me.moderator)
    }

    /// The writes that fail if what was seen is not so any more.
    pub(crate) fn demands(&self) -> Vec<crate::ports::Write> {
        let mut demands = vec![self.room.demand()];
        demands.extend(self.me.as_ref().map(Kept::demand));
        demands
    }
}

impl Platform {
    /// The room, if somebody sees it: its members do, and whoever sees the whole organization.
    pub(crate) async fn inside(&self, caller: &Caller, view: View, id: RoomId) -> Result<Inside> {
        let room = self.demand::<Room>(caller.org, &id.uuid().to_string()).await?;
        let me = self.membership_of(&room, caller.person).await?;
        if view == View::Member && (me.is_none() || room.archived) {
            return Err(Error::NotFound { what: "room" });
        }
        Ok(Inside { room, me })
    }

    /// When something happened in a room last: its newest message shows it, or what was noted when that was
    /// deleted.
    pub(crate) async fn last_activity(&self, room: &Room) -> Result<Timestamp> {
        let find = Find::new(Message::KIND, room.org, "room", room.id.uuid().to_string(), 1).newest_first();
        let newest = self.list::<Message>(find).await?.items.pop();
        Ok(newest.map_or(room.last_activity, |message| {
            message.created.max(room.last_activity)
        }))
    }

    /// A room as somebody sees it.
    pub(crate) async fn room_view(&self, room: &Room, viewer: PersonId) -> Result<wire::Room> {
        let last_activity = self.last_activity(room).await?;
        self.room_view_at(room, viewer, last_activity).await
    }

    /// The same, where the last activity is known.
    pub(crate) async fn room_view_at(
        &self,
        room: &Room,
        viewer: PersonId,
        last_activity: Timestamp,
    ) -> Result<wire::Room> {
        let title = match room.other(viewer) {
            None => room.title.clone(),
            Some(other) => self
                .person_of_id(room.org, other)
                .await?
                .map_or_else(|| "Somebody who left".to_owned(), |person| person.display_name),
        };
        Ok(wire::Room {
            id: room.id,
            title,
            kind: room.kind,
            is_locked: room.locked,
            team_id: room.team,
            last_activity,
            creator_id: room.creator,
            created: room.created,
            owner_id: room.org,
            classification_id: room.classification_id.clone(),
            is_announcement_only: room.announcement_only,
            is_read_only: room.read_only,
            is_public: room.made_public.is_some(),
            made_public: room.made_public,
            description: room.description.clone(),
        })
    }

    /// One room. A public one is seen by everybody of the organization but bots.
    ///
    /// # Errors
    /// Missing scope; unknown, or not to be seen.
    pub async fn room_details(&self, caller: &Caller, id: RoomId) -> Result<wire::Room> {
        let view = caller.may_read_rooms()?;
        let room = self.visible_room(caller, view, id).await?;
        self.room_view(&room, caller.person).await
    }

    /// The room, if the caller is in it, sees everything, or it is public.
    pub(crate) async fn visible_room(&self, caller: &Caller, view: View, id: RoomId) -> Result<Kept<Room>> {
        let inside = self.inside(caller, View::Organization, id).await?;
        let public = inside.room.made_public.is_some() && !caller.is_bot();
        let seen = view == View::Organization || ((inside.me.is_some() || public) && !inside.room.archived);
        if seen {
            Ok(inside.room)
        } else {
            Err(Error::NotFound { what: "room" })
        }
    }

    /// How to join the room's meeting. The numbers follow from the room's id, so that they stay.
    ///
    /// # Errors
    /// Missing scope; unknown, or not the caller's.
    pub async fn room_meeting_info(&self, caller: &Caller, id: RoomId) -> Result<wire::RoomMeetingInfo> {
        let view = caller.may_read_rooms()?;
        self.inside(caller, view, id).await?;
        let url = &self.config.public_url;
        let host = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
        let host = host.split(['/', ':']).next().unwrap_or(host);
        let hash = sha256(id.uuid().as_bytes());
        let digits = hash.iter().take(9).map(|byte| char::from(b'0' + byte % 10));
        let number: String = std::iter::once('2').chain(digits).collect();
        Ok(wire::RoomMeetingInfo {
            room_id: id,
            meeting_link: format!("{url}/m/{}", id.uuid()),
            sip_address: format!("{number}@{host}"),
            meeting_id: id.uuid().simple().to_string(),
            meeting_number: number,
            call_in_toll_free_number: "+1-800-555-0100".to_owned(),
            call_in_toll_number: "+1-202-555-0100".to_owned(),
        })
    }
}
