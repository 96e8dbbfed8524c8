//! Rooms of two people, which are there from the first message on.

use hallway_wire::messaging::RoomType;
use hallway_wire::webhook::Event;

use super::happen;
use super::membership::Membership;
use super::room::{Inside, Room};
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::org::Person;
use crate::platform::Platform;
use crate::ports::Write;
use crate::records::{Kept, put_new};
use crate::webhook::Happening;

/// The room that a message goes to, and what has to be written with it.
pub(crate) struct Place {
    pub(crate) room: Room,
    /// Who hears of it; of a group room only the bots that are mentioned do.
    pub(crate) members: Vec<Membership>,
    pub(crate) writes: Vec<Write>,
    pub(crate) happenings: Vec<Happening>,
}

impl Platform {
    /// The room of the caller and somebody else; it is made with the first message.
    pub(crate) async fn direct_place(&self, caller: &Caller, other: &Person) -> Result<Place> {
        if other.id == caller.person {
            return Err(Error::invalid("Nobody can send a direct message to oneself."));
        }
        let pair = [caller.person, other.id];
        let id = Room::direct_id(caller.org, pair);
        let found = self.get::<Room>(caller.org, &id.uuid().to_string()).await?;
        if let Some(room) = found {
            let me = self.membership_of(&room, caller.person).await?;
            return self.room_place(&Inside { room, me }).await;
        }
        let now = self.now();
        let room = Room {
            id,
            org: caller.org,
            kind: RoomType::Direct,
            title: String::new(),
            team: None,
            creator: caller.person,
            created: now,
            last_activity: now,
            locked: false,
            announcement_only: false,
            read_only: false,
            made_public: None,
            description: None,
            classification_id: None,
            pair: Some(pair),
            archived: false,
        };
        let mut place = Place {
            members: Vec::new(),
            writes: vec![put_new(&room)?],
            happenings: Vec::new(),
            room,
        };
        let seen = self.room_view_at(&place.room, caller.person, now).await?;
        let audience = pair.to_vec();
        place.happenings.push(happen::room(
            caller,
            now,
            Event::Created,
            &place.room,
            &seen,
            audience.clone(),
        ));
        for person in [&caller.profile, other] {
            let membership = Membership::new(&place.room, person, false, now);
            place.writes.push(put_new(&membership)?);
            let view = membership.view(Some(person));
            place.happenings.push(happen::membership(
                caller,
                now,
                Event::Created,
                &view,
                audience.clone(),
            ));
            place.members.push(membership);
        }
        Ok(place)
    }

    /// A room that is there. Whoever hid the room of two sees it again.
    pub(crate) async fn room_place(&self, inside: &Inside) -> Result<Place> {
        let members = self.members(&inside.room).await?;
        let mut writes = vec![inside.room.demand()];
        for member in &members {
            let is_me = inside.me.as_ref().is_some_and(|me| me.person == member.person);
            if member.hidden {
                let shown = Membership {
                    hidden: false,
                    ..member.doc.clone()
                };
                writes.push(member.put(&shown)?);
            } else if is_me {
                writes.push(member.demand());
            }
        }
        Ok(Place {
            room: inside.room.doc.clone(),
            members: members.into_iter().map(|Kept { doc, .. }| doc).collect(),
            writes,
            happenings: Vec::new(),
        })
    }
}
