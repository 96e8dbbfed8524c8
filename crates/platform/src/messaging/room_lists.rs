//! Lists of rooms.

use hallway_wire::Timestamp;
use hallway_wire::id::TeamId;
use hallway_wire::messaging::{self as wire, RoomType};

use super::Slice;
use super::membership::Membership;
use super::permit::View;
use super::room::Room;
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::platform::Platform;
use crate::ports::{After, Find, by_time};
use crate::records::Document as _;

/// In which order rooms are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SortBy {
    Id,
    LastActivity,
    /// The newest first; also where nothing is said.
    #[default]
    Created,
}

/// Which rooms; every condition must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoomQuery {
    pub team: Option<TeamId>,
    pub kind: Option<RoomType>,
    /// The organization's public rooms, joined or not, the last made public first.
    pub public_spaces: bool,
    /// Made public in this span.
    pub from: Option<Timestamp>,
    pub to: Option<Timestamp>,
    pub sort_by: Option<SortBy>,
    pub max: usize,
    pub after: Option<After>,
}

/// Most rooms of one person that are put in order of their last activity: those created last. The rest is
/// found in the other orders.
const MAX_SORTED: usize = 10_000;

/// Rooms that are looked at in one step.
const BATCH: usize = 200;

impl RoomQuery {
    fn fits(&self, room: &Room) -> bool {
        let public = match (self.from, self.to) {
            (None, None) => true,
            (from, to) => room
                .made_public
                .is_some_and(|at| from.is_none_or(|from| at >= from) && to.is_none_or(|to| at < to)),
        };
        public
            && self.team.is_none_or(|team| room.team == Some(team))
            && self.kind.is_none_or(|kind| room.kind == kind)
    }
}

impl Platform {
    /// The caller's rooms; for compliance officers those of the organization.
    ///
    /// # Errors
    /// Missing scope; conditions that contradict each other.
    pub async fn list_rooms(&self, caller: &Caller, query: &RoomQuery) -> Result<Slice<wire::Room>> {
        let view = caller.may_read_rooms()?;
        if query.public_spaces {
            if query.team.is_some() || query.kind.is_some() || query.sort_by.is_some() {
                return Err(Error::invalid(
                    "orgPublicSpaces cannot be combined with teamId, type or sortBy.",
                ));
            }
            return self.list_public_rooms(caller, query).await;
        }
        if query.sort_by == Some(SortBy::LastActivity) {
            return self.list_rooms_by_activity(caller, view, query).await;
        }
        let (mut items, mut places) = (Vec::new(), Vec::new());
        let mut after = query.after.clone();
        let batch = query.max.saturating_add(1).min(BATCH);
        // One room more than the page holds says whether another page follows.
        'pages: loop {
            let (rooms, next) = self.rooms_behind(caller, view, query, after, batch).await?;
            for (room, place) in rooms {
                if query.fits(&room) {
                    items.push(room);
                    places.push(place);
                    if items.len() > query.max {
                        break 'pages;
                    }
                }
            }
            match next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        let next = (items.len() > query.max)
            .then(|| places.get(query.max.saturating_sub(1)).cloned())
            .flatten();
        items.truncate(query.max);
        let mut shown = Vec::with_capacity(items.len());
        for room in &items {
            shown.push(self.room_view(room, caller.person).await?);
        }
        Ok(Slice { items: shown, next })
    }

    /// Rooms that the caller sees, behind a place in the order of their ids or their creation, with their
    /// places.
    async fn rooms_behind(
        &self,
        caller: &Caller,
        view: View,
        query: &RoomQuery,
        after: Option<After>,
        max: usize,
    ) -> Result<(Vec<(Room, After)>, Option<After>)> {
        let by_id = query.sort_by == Some(SortBy::Id);
        if view == View::Organization {
            let index = if by_id { "id" } else { "org" };
            let find = Find::new(Room::KIND, caller.org, index, "", max).after(after);
            let listed = self
                .list::<Room>(if by_id { find } else { find.newest_first() })
                .await?;
            let rooms = listed.items.into_iter();
            let rooms = rooms
                .map(|kept| (kept.doc.clone(), kept.place().clone()))
                .collect();
            return Ok((rooms, listed.next));
        }
        let index = if by_id { "rooms" } else { "person" };
        let me = caller.person.uuid().to_string();
        let find = Find::new(Membership::KIND, caller.org, index, me, max).after(after);
        let find = if by_id { find } else { find.newest_first() };
        let listed = self.list::<Membership>(find).await?;
        let mut rooms = Vec::with_capacity(listed.items.len());
        for membership in &listed.items {
            let id = membership.room.uuid().to_string();
            // A room that was deleted a moment ago took its memberships with it.
            if let Some(room) = self.get::<Room>(caller.org, &id).await? {
                rooms.push((room.doc, membership.place().clone()));
            }
        }
        Ok((rooms, listed.next))
    }

    async fn list_rooms_by_activity(
        &self,
        caller: &Caller,
        view: View,
        query: &RoomQuery,
    ) -> Result<Slice<wire::Room>> {
        let by_creation = RoomQuery {
            sort_by: None,
            ..query.clone()
        };
        let mut found: Vec<(After, Room, Timestamp)> = Vec::new();
        let (mut after, mut looked_at) = (None, 0);
        loop {
            let (rooms, next) = self
                .rooms_behind(caller, view, &by_creation, after, BATCH)
                .await?;
            looked_at += rooms.len();
            for (room, _) in rooms {
                if query.fits(&room) {
                    let at = self.last_activity(&room).await?;
                    let place = After {
                        order: by_time(at),
                        id: room.id(),
                    };
                    found.push((place, room, at));
                }
            }
            match next {
                Some(next) if looked_at < MAX_SORTED => after = Some(next),
                _ => break,
            }
        }
        let key = |place: &After| (place.order.clone(), place.id.clone());
        found.sort_unstable_by_key(|(place, _, _)| std::cmp::Reverse(key(place)));
        if let Some(after) = &query.after {
            found.retain(|(place, _, _)| key(place) < key(after));
        }
        let more = found.len() > query.max;
        found.truncate(query.max);
        let next = if more {
            found.last().map(|(place, _, _)| place.clone())
        } else {
            None
        };
        let mut items = Vec::with_capacity(found.len());
        for (_, room, at) in &found {
            items.push(self.room_view_at(room, caller.person, *at).await?);
        }
        Ok(Slice { items, next })
    }

    async fn list_public_rooms(&self, caller: &Caller, query: &RoomQuery) -> Result<Slice<wire::Room>> {
        if caller.is_bot() {
            return Err(Error::forbidden(
                "Bots do not see the public spaces of an organization.",
            ));
        }
        let find = Find::new(Room::KIND, caller.org, "public", "", query.max)
            .newest_first()
            .between(query.from, query.to)
            .after(query.after.clone());
        let listed = self.list::<Room>(find).await?;
        let mut items = Vec::with_capacity(listed.items.len());
        for room in &listed.items {
            items.push(self.room_view(room, caller.person).await?);
        }
        Ok(Slice {
            items,
            next: listed.next,
        })
    }
}
