//! Making, changing and deleting rooms (messaging-meetings 1).

use hallway_wire::Timestamp;
use hallway_wire::id::RoomId;
use hallway_wire::messaging::{self as wire, RoomType};
use hallway_wire::webhook::Event;

use super::attachment::Action;
use super::contents::Content;
use super::happen;
use super::membership::Membership;
use super::message::Message;
use super::permit::View;
use super::room::{Inside, Room};
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::platform::Platform;
use crate::ports::{RecordWrite, Write};
use crate::records::{Document, Kept, put_new};
use crate::webhook::Happening;

/// Longest title of a room and name of a team, in characters.
pub(crate) const MAX_TITLE: usize = 256;
/// Longest description, in characters.
pub(crate) const MAX_DESCRIPTION: usize = 1000;

/// The title, checked.
fn title(text: Option<&str>) -> Result<String> {
    let text = text.unwrap_or_default().trim();
    if text.is_empty() {
        return Err(Error::invalid("Title cannot be empty."));
    }
    if text.chars().count() > MAX_TITLE {
        return Err(Error::invalid(format!(
            "title: it is longer than {MAX_TITLE} characters."
        )));
    }
    Ok(text.to_owned())
}

/// A description, checked; one that is blank is none.
fn description(text: &str) -> Result<Option<String>> {
    if text.chars().count() > MAX_DESCRIPTION {
        return Err(Error::invalid(format!(
            "description: it is longer than {MAX_DESCRIPTION} characters."
        )));
    }
    Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty()))
}

/// The rules that hold of every room.
fn check(room: &Room) -> Result<()> {
    if room.made_public.is_some() && room.description.is_none() {
        return Err(Error::invalid("description: a public space needs one."));
    }
    if room.announcement_only && !room.locked {
        return Err(Error::invalid(
            "isAnnouncementOnly: only a moderated space (isLocked) can be for announcements only.",
        ));
    }
    Ok(())
}

/// Deletes everything of a kind that belongs to a room.
fn delete_all<D: Document>(room: &Room) -> Write {
    Write::Record(RecordWrite::DeleteAll {
        kind: D::KIND,
        org: room.org,
        index: "room",
        value: room.id.uuid().to_string(),
    })
}

impl Platform {
    /// Makes a room of any number of people; whoever does is its first member, and its moderator if it is
    /// locked.
    ///
    /// # Errors
    /// Missing scope; a rule is broken; no such team.
    pub async fn create_room(&self, caller: &Caller, fields: &wire::RoomFields) -> Result<wire::Room> {
        caller.may_create_rooms()?;
        self.retrying(|| self.try_create_room(caller, fields)).await
    }

    async fn try_create_room(&self, caller: &Caller, fields: &wire::RoomFields) -> Result<wire::Room> {
        let now = self.now();
        let room = Room {
            id: RoomId::random(),
            org: caller.org,
            kind: RoomType::Group,
            title: title(fields.title.as_deref())?,
            team: fields.team_id,
            creator: caller.person,
            created: now,
            last_activity: now,
            locked: fields.is_locked.unwrap_or(false),
            announcement_only: fields.is_announcement_only.unwrap_or(false),
            read_only: false,
            made_public: fields.is_public.unwrap_or(false).then_some(now),
            description: description(fields.description.as_deref().unwrap_or_default())?,
            classification_id: fields.classification_id.clone().filter(|id| !id.is_empty()),
            pair: None,
            archived: false,
        };
        check(&room)?;
        let mut writes = match room.team {
            None => Vec::new(),
            Some(team) => self.in_team(caller, View::Member, team).await?.demands(),
        };
        let membership = Membership::new(&room, &caller.profile, room.locked, now);
        writes.extend([put_new(&room)?, put_new(&membership)?]);
        let seen = self.room_view_at(&room, caller.person, now).await?;
        let audience = vec![caller.person];
        let member = membership.view(Some(&caller.profile));
        let happenings = vec![
            happen::room(caller, now, Event::Created, &room, &seen, audience.clone()),
            happen::membership(caller, now, Event::Created, &member, audience),
        ];
        self.commit_with(writes, happenings).await?;
        Ok(seen)
    }

    /// Changes a room. What is not said stays as it is.
    ///
    /// # Errors
    /// Missing scope; unknown, or not the caller's; no moderator of a locked room; a rule is broken.
    pub async fn update_room(
        &self,
        caller: &Caller,
        id: RoomId,
        fields: &wire::RoomFields,
    ) -> Result<wire::Room> {
        let view = caller.may_write_rooms()?;
        self.retrying(|| self.try_update_room(caller, view, id, fields))
            .await
    }

    async fn try_update_room(
        &self,
        caller: &Caller,
        view: View,
        id: RoomId,
        fields: &wire::RoomFields,
    ) -> Result<wire::Room> {
        let inside = self.inside(caller, view, id).await?;
        let now = self.now();
        let before = self.room_view(&inside.room, caller.person).await?;
        let changed = changed(caller, &inside, &before, fields, now)?;
        if changed == inside.room.doc {
            return Ok(before);
        }
        may_change(view, &inside, &changed)?;
        check(&changed)?;
        let mut writes = vec![inside.room.put(&changed)?];
        if let Some(team) = changed.team
            && inside.room.team.is_none()
        {
            writes.extend(self.in_team(caller, View::Member, team).await?.demands());
        }
        let audience = happen::people(&self.members(&changed).await?);
        let seen = self
            .room_view_at(&changed, caller.person, before.last_activity)
            .await?;
        let mut happenings = vec![happen::room(
            caller,
            now,
            Event::Updated,
            &changed,
            &seen,
            audience.clone(),
        )];
        // Whoever locks a room moderates it.
        match &inside.me {
            Some(me) if changed.locked && !inside.room.locked && !me.moderator => {
                let promoted = Membership {
                    moderator: true,
                    ..me.doc.clone()
                };
                writes.push(me.put(&promoted)?);
                let member = promoted.view(Some(&caller.profile));
                happenings.push(happen::membership(caller, now, Event::Updated, &member, audience));
            }
            me => writes.extend(me.as_ref().map(Kept::demand)),
        }
        self.commit_with(writes, happenings).await?;
        Ok(seen)
    }

    /// Deletes a room with everything in it. Who does not moderate a locked room leaves it instead; the room
    /// of a team is archived.
    ///
    /// # Errors
    /// Missing scope; unknown, or not the caller's; a room of two, or a team's General room.
    pub async fn delete_room(&self, caller: &Caller, id: RoomId) -> Result<()> {
        let view = caller.may_write_rooms()?;
        let gone = self.retrying(|| self.try_delete_room(caller, view, id)).await?;
        self.forget_blobs(&gone).await;
        Ok(())
    }

    /// Returns the files whose bytes nobody needs any more.
    async fn try_delete_room(&self, caller: &Caller, view: View, id: RoomId) -> Result<Vec<uuid::Uuid>> {
        let inside = self.inside(caller, view, id).await?;
        let room = &inside.room;
        if room.kind == RoomType::Direct || room.is_general() {
            return Err(Error::invalid("Failed to delete room."));
        }
        let (mut writes, mut happenings) = (Vec::new(), Vec::new());
        match &inside.me {
            Some(me) if view == View::Member && !inside.moderates() => {
                self.leave(caller, room, me, &mut writes, &mut happenings).await?;
                self.commit_with(writes, happenings).await?;
                return Ok(Vec::new());
            }
            me => writes.extend(me.as_ref().map(Kept::demand)),
        }
        if room.team.is_some() {
            // The caller's membership goes with the others: demanding it first is in order.
            self.archive(caller, room, &mut writes, &mut happenings).await?;
            self.commit_with(writes, happenings).await?;
            return Ok(Vec::new());
        }
        let value = room.id.uuid().to_string();
        let contents = self.list_all::<Content>(room.org, "room", &value).await?;
        let mut gone = Vec::with_capacity(contents.len());
        for content in &contents {
            gone.push(content.id.uuid());
            writes.push(self.orphan(room.org, content.id.uuid())?);
        }
        self.all_left(caller, room, &mut writes, &mut happenings).await?;
        writes.extend([
            room.delete(),
            delete_all::<Message>(room),
            delete_all::<Content>(room),
            delete_all::<Action>(room),
        ]);
        self.commit_with(writes, happenings).await?;
        Ok(gone)
    }

    /// Everybody leaves: each is told for himself.
    async fn all_left(
        &self,
        caller: &Caller,
        room: &Room,
        writes: &mut Vec<Write>,
        happenings: &mut Vec<Happening>,
    ) -> Result<()> {
        let now = self.now();
        for member in self.members(room).await? {
            let seen = self.membership_view(&member).await?;
            let audience = vec![member.person];
            happenings.push(happen::membership(caller, now, Event::Deleted, &seen, audience));
        }
        writes.push(delete_all::<Membership>(room));
        Ok(())
    }

    /// The writes that keep a room of a team for compliance officers only.
    pub(crate) async fn archive(
        &self,
        caller: &Caller,
        room: &Kept<Room>,
        writes: &mut Vec<Write>,
        happenings: &mut Vec<Happening>,
    ) -> Result<()> {
        let archived = Room {
            archived: true,
            ..room.doc.clone()
        };
        writes.push(room.put(&archived)?);
        self.all_left(caller, room, writes, happenings).await
    }
}

/// The room with what a request says.
fn changed(
    caller: &Caller,
    inside: &Inside,
    before: &wire::Room,
    fields: &wire::RoomFields,
    now: Timestamp,
) -> Result<Room> {
    let room = &inside.room.doc;
    let title = title(fields.title.as_deref())?;
    let mut changed = room.clone();
    if room.kind == RoomType::Direct {
        if title != before.title {
            return Err(Error::invalid(
                "title: a 1:1 space is called like the other person.",
            ));
        }
        let group_only = fields.is_locked == Some(true)
            || fields.is_public == Some(true)
            || fields.is_announcement_only == Some(true)
            || fields.team_id.is_some();
        if group_only {
            return Err(Error::invalid("A 1:1 space has neither moderators nor a team."));
        }
    } else {
        changed.title = title;
    }
    if let Some(team) = fields.team_id
        && room.team != Some(team)
    {
        if room.team.is_some() {
            return Err(Error::invalid("teamId: the space belongs to a team already."));
        }
        changed.team = Some(team);
    }
    if let Some(id) = &fields.classification_id {
        changed.classification_id = Some(id.clone()).filter(|id| !id.is_empty());
    }
    if let Some(text) = &fields.description {
        changed.description = description(text)?;
    }
    changed.locked = fields.is_locked.unwrap_or(room.locked);
    changed.announcement_only = fields.is_announcement_only.unwrap_or(room.announcement_only);
    changed.read_only = fields.is_read_only.unwrap_or(room.read_only);
    match fields.is_public {
        Some(true) if room.made_public.is_none() => {
            if !caller.is_compliance_officer() {
                return Err(Error::forbidden(
                    "isPublic: only a compliance officer may make a private space public.",
                ));
            }
            changed.made_public = Some(now);
        }
        Some(false) => changed.made_public = None,
        _ => {}
    }
    if changed.read_only != room.read_only && !caller.is_compliance_officer() {
        return Err(Error::forbidden(
            "isReadOnly: only a compliance officer may change this.",
        ));
    }
    Ok(changed)
}

/// Moderators change locked rooms; that a public room becomes private again is for every member.
fn may_change(view: View, inside: &Inside, changed: &Room) -> Result<()> {
    let mut private = inside.room.doc.clone();
    private.made_public = None;
    if view == View::Organization || inside.moderates() || *changed == private {
        return Ok(());
    }
    Err(Error::forbidden("Only a moderator may change a moderated space."))
}
