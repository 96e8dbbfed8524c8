//! Coming into a room, leaving it, and moderating it (messaging-meetings 2).

use hallway_wire::messaging::{self as wire, MembershipId, RoomType};
use hallway_wire::webhook::Event;

use super::happen;
use super::membership::Membership;
use super::permit::View;
use super::room::{Inside, Room};
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::org::Person;
use crate::platform::Platform;
use crate::ports::{Find, Write};
use crate::records::{Document as _, Kept, put_new};
use crate::webhook::Happening;

/// Only moderators say who is in a locked room.
fn require_moderator(view: View, inside: &Inside) -> Result<()> {
    if view == View::Organization || inside.moderates() {
        Ok(())
    } else {
        Err(Error::forbidden(
            "Only a moderator may say who is in a moderated space.",
        ))
    }
}

impl Platform {
    /// Takes somebody into a room.
    ///
    /// # Errors
    /// Missing scope; no room or nobody named; unknown; a room of two; a locked room that the caller does not
    /// moderate; a member already.
    pub async fn create_membership(
        &self,
        caller: &Caller,
        new: &wire::NewMembership,
    ) -> Result<wire::Membership> {
        let view = caller.may_write_memberships()?;
        if new.room_id.is_none() {
            return Err(Error::invalid("roomId cannot be null"));
        }
        self.retrying(|| self.try_create_membership(caller, view, new))
            .await
    }

    async fn try_create_membership(
        &self,
        caller: &Caller,
        view: View,
        new: &wire::NewMembership,
    ) -> Result<wire::Membership> {
        let id = new
            .room_id
            .ok_or_else(|| Error::invalid("roomId cannot be null"))?;
        // Whoever finds a public room may join it.
        let room = self.visible_room(caller, view, id).await?;
        let me = self.membership_of(&room, caller.person).await?;
        let inside = Inside { room, me };
        let email = new.person_email.as_deref();
        let person = self.named_person(caller, new.person_id, email).await?;
        let joins = person.id == caller.person && inside.room.made_public.is_some();
        if inside.me.is_none() && view == View::Member && !joins {
            return Err(Error::NotFound { what: "room" });
        }
        if inside.room.kind == RoomType::Direct {
            return Err(Error::invalid(
                "Add participant failed. A 1:1 space never has other members.",
            ));
        }
        if self.membership_of(&inside.room, person.id).await?.is_some() {
            return Err(Error::conflict("Person is already in the room."));
        }
        let moderator = new.is_moderator.unwrap_or(false);
        if !joins || moderator {
            require_moderator(view, &inside)?;
        }
        let joined = Membership::new(&inside.room, &person, moderator, self.now());
        if inside.room.is_general() {
            self.join_general(caller, view, &inside, &person, moderator)
                .await?;
        } else {
            let mut writes = inside.demands();
            writes.push(put_new(&joined)?);
            let mut audience = happen::people(&self.members(&inside.room).await?);
            audience.push(person.id);
            let seen = joined.view(Some(&person));
            let happening = happen::membership(caller, self.now(), Event::Created, &seen, audience);
            self.commit_with(writes, vec![happening]).await?;
        }
        Ok(joined.view(Some(&person)))
    }

    /// Who comes into the General room comes into the team.
    async fn join_general(
        &self,
        caller: &Caller,
        view: View,
        inside: &Inside,
        person: &Person,
        moderator: bool,
    ) -> Result<()> {
        let team = inside.room.team.ok_or(Error::NotFound { what: "team" })?;
        let team = self.in_team(caller, view, team).await?;
        team.require_moderator(view)?;
        self.join_team(caller, &team, person, moderator, inside.demands())
            .await
            .map(drop)
    }

    /// Makes somebody a moderator or no longer one; hides the caller's room of two, or shows it again.
    ///
    /// # Errors
    /// Missing scope; nothing said; unknown; a locked room that the caller does not moderate; the last
    /// moderator; somebody else's room to hide.
    pub async fn update_membership(
        &self,
        caller: &Caller,
        id: MembershipId,
        change: &wire::MembershipChange,
    ) -> Result<wire::Membership> {
        let view = caller.may_write_memberships()?;
        if change.is_moderator.is_none() && change.is_room_hidden.is_none() {
            return Err(Error::invalid(
                "isModerator and isRoomHidden cannot both be null.",
            ));
        }
        self.retrying(|| self.try_update_membership(caller, view, id, change))
            .await
    }

    async fn try_update_membership(
        &self,
        caller: &Caller,
        view: View,
        id: MembershipId,
        change: &wire::MembershipChange,
    ) -> Result<wire::Membership> {
        let (inside, membership) = self.seen_membership(caller, view, id).await?;
        let changed = Membership {
            moderator: change.is_moderator.unwrap_or(membership.moderator),
            hidden: change.is_room_hidden.unwrap_or(membership.hidden),
            ..membership.doc.clone()
        };
        if changed == membership.doc {
            return self.membership_view(&changed).await;
        }
        let moderated = changed.moderator != membership.moderator;
        if changed.hidden != membership.hidden {
            if membership.person != caller.person {
                return Err(Error::forbidden(
                    "isRoomHidden: everybody hides spaces for oneself only.",
                ));
            }
            if membership.kind == RoomType::Group {
                return Err(Error::invalid("isRoomHidden: only 1:1 spaces can be hidden."));
            }
        }
        if moderated {
            if membership.kind == RoomType::Direct {
                return Err(Error::invalid("isModerator: a 1:1 space has no moderators."));
            }
            require_moderator(view, &inside)?;
            if inside.room.is_general() {
                return self
                    .moderate_general(caller, view, &inside, &membership, &changed)
                    .await;
            }
            if inside.room.locked && !changed.moderator && self.is_last_moderator(&membership).await? {
                return Err(Error::invalid(
                    "The last moderator of a moderated space cannot stop being one: unlock the space instead.",
                ));
            }
        }
        // The room is written too: of two who decide about moderators at once, one decides again.
        let room = if moderated {
            inside.room.put(&inside.room.doc)?
        } else {
            inside.room.demand()
        };
        let seen = self.membership_view(&changed).await?;
        let audience = if moderated {
            happen::people(&self.members(&inside.room).await?)
        } else {
            vec![caller.person]
        };
        let happening = happen::membership(caller, self.now(), Event::Updated, &seen, audience);
        self.commit_with(vec![room, membership.put(&changed)?], vec![happening])
            .await?;
        Ok(seen)
    }

    /// Moderators of the General room are those of the team.
    async fn moderate_general(
        &self,
        caller: &Caller,
        view: View,
        inside: &Inside,
        membership: &Membership,
        changed: &Membership,
    ) -> Result<wire::Membership> {
        let team = inside.room.team.ok_or(Error::NotFound { what: "team" })?;
        let team = self.in_team(caller, view, team).await?;
        let there = self.team_membership_of(&team.team, membership.person).await?;
        let there = there.ok_or_else(super::membership::no_membership)?;
        self.moderate_team(caller, view, &team, &there, changed.moderator)
            .await?;
        self.membership_view(changed).await
    }

    /// Whether somebody is the only moderator of a room.
    async fn is_last_moderator(&self, membership: &Membership) -> Result<bool> {
        if !membership.moderator {
            return Ok(false);
        }
        let room = membership.room.uuid().to_string();
        let find = Find::new(Membership::KIND, membership.org, "moderators", room, 2);
        Ok(self.list::<Membership>(find).await?.items.len() < 2)
    }

    /// Takes somebody out of a room. Everybody may leave; with the last moderator a locked room is unlocked.
    ///
    /// # Errors
    /// Missing scope; unknown; a room of two; a locked room that the caller does not moderate; the last
    /// moderator of a team.
    pub async fn delete_membership(&self, caller: &Caller, id: MembershipId) -> Result<()> {
        let view = caller.may_write_memberships()?;
        self.retrying(|| async {
            let (inside, membership) = self.seen_membership(caller, view, id).await?;
            let room = &inside.room;
            if room.kind == RoomType::Direct {
                return Err(Error::invalid("Failed to leave room."));
            }
            if membership.person != caller.person {
                require_moderator(view, &inside)?;
            }
            if room.is_general()
                && let Some(team) = room.team
            {
                let team = self.in_team(caller, view, team).await?;
                let there = self.team_membership_of(&team.team, membership.person).await?;
                let there = there.ok_or_else(super::membership::no_membership)?;
                return self.leave_team(caller, view, &team, &there).await;
            }
            let mut writes = Vec::new();
            if membership.person != caller.person {
                writes.extend(inside.me.as_ref().map(Kept::demand));
            }
            let mut happenings = Vec::new();
            self.leave(caller, room, &membership, &mut writes, &mut happenings)
                .await?;
            self.commit_with(writes, happenings).await
        })
        .await
    }

    /// The writes with which somebody leaves a room. The one who left is told as well.
    pub(crate) async fn leave(
        &self,
        caller: &Caller,
        room: &Kept<Room>,
        membership: &Kept<Membership>,
        writes: &mut Vec<Write>,
        happenings: &mut Vec<Happening>,
    ) -> Result<()> {
        let now = self.now();
        let audience = happen::people(&self.members(room).await?);
        let seen = self.membership_view(membership).await?;
        happenings.push(happen::membership(
            caller,
            now,
            Event::Deleted,
            &seen,
            audience.clone(),
        ));
        writes.push(membership.delete());
        let unlocks = room.locked && self.is_last_moderator(membership).await?;
        if unlocks {
            let open = Room {
                locked: false,
                announcement_only: false,
                ..room.doc.clone()
            };
            writes.push(room.put(&open)?);
            let view = self.room_view(&open, caller.person).await?;
            happenings.push(happen::room(caller, now, Event::Updated, &open, &view, audience));
        } else if membership.moderator {
            // Of two moderators who leave at once, one decides again.
            writes.push(room.put(&room.doc)?);
        } else {
            writes.push(room.demand());
        }
        Ok(())
    }
}
