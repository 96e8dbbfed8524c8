//! Teams (messaging-meetings 5).

use hallway_wire::Timestamp;
use hallway_wire::id::{OrgId, PersonId, RoomId, TeamId};
use hallway_wire::messaging::{self as wire, RoomType};
use hallway_wire::webhook::Event;
use serde::{Deserialize, Serialize};

use super::Slice;
use super::happen;
use super::membership::Membership;
use super::permit::View;
use super::room::Room;
use super::room_changes::{MAX_DESCRIPTION, MAX_TITLE};
use super::team_membership::TeamMembership;
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::platform::Platform;
use crate::ports::{After, Find, Key, RecordWrite, Write, by_time};
use crate::records::{Document, Kept, put_new};

/// A team.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Team {
    pub id: TeamId,
    pub org: OrgId,
    pub name: String,
    pub description: Option<String>,
    pub creator: PersonId,
    pub created: Timestamp,
}

impl Document for Team {
    const KIND: &'static str = "team";
    const NOUN: &'static str = "team";

    fn org(&self) -> OrgId {
        self.org
    }

    fn id(&self) -> String {
        self.id.uuid().to_string()
    }

    fn keys(&self) -> Vec<Key> {
        vec![Key {
            index: "org",
            value: String::new(),
            order: by_time(self.created),
        }]
    }
}

impl Team {
    fn view(&self) -> wire::Team {
        wire::Team {
            id: self.id,
            name: self.name.clone(),
            description: self.description.clone(),
            created: self.created,
        }
    }

    /// The room that all of the team are in.
    pub(crate) fn general(&self) -> RoomId {
        RoomId::from_uuid(self.id.uuid())
    }
}

/// A team that somebody sees, with the membership by which.
#[derive(Clone, Debug)]
pub(crate) struct InTeam {
    pub(crate) team: Kept<Team>,
    pub(crate) me: Option<Kept<TeamMembership>>,
}

impl InTeam {
    pub(crate) fn demands(&self) -> Vec<Write> {
        let mut demands = vec![self.team.demand()];
        demands.extend(self.me.as_ref().map(Kept::demand));
        demands
    }

    /// # Errors
    /// The caller is no moderator of the team.
    pub(crate) fn require_moderator(&self, view: View) -> Result<()> {
        let moderates = self.me.as_ref().is_some_and(|me| me.moderator);
        if moderates || view == View::Organization {
            Ok(())
        } else {
            Err(Error::forbidden("Only a moderator of the team may do this."))
        }
    }
}

/// The name of a team, checked.
fn name(fields: &wire::TeamFields) -> Result<String> {
    let name = fields.name.as_deref().unwrap_or_default().trim();
    if name.is_empty() {
        return Err(Error::invalid("name: the team's name cannot be empty."));
    }
    if name.chars().count() > MAX_TITLE {
        return Err(Error::invalid(format!(
            "name: the team's name is longer than {MAX_TITLE} characters."
        )));
    }
    Ok(name.to_owned())
}

fn description(fields: &wire::TeamFields) -> Result<Option<String>> {
    let text = fields.description.as_deref().unwrap_or_default().trim();
    if text.chars().count() > MAX_DESCRIPTION {
        return Err(Error::invalid(format!(
            "description: it is longer than {MAX_DESCRIPTION} characters."
        )));
    }
    Ok(Some(text.to_owned()).filter(|text| !text.is_empty()))
}

impl Platform {
    /// The team, if somebody sees it.
    pub(crate) async fn in_team(&self, caller: &Caller, view: View, id: TeamId) -> Result<InTeam> {
        let team = self.demand::<Team>(caller.org, &id.uuid().to_string()).await?;
        let me = self.team_membership_of(&team, caller.person).await?;
        if me.is_none() && view == View::Member {
            return Err(Error::NotFound { what: "team" });
        }
        Ok(InTeam { team, me })
    }

    /// Makes a team with its General room. Whoever does is its first member and moderator.
    ///
    /// # Errors
    /// Missing scope; no name.
    pub async fn create_team(&self, caller: &Caller, fields: &wire::TeamFields) -> Result<wire::Team> {
        caller.may_write_teams()?;
        let now = self.now();
        let team = Team {
            id: TeamId::random(),
            org: caller.org,
            name: name(fields)?,
            description: description(fields)?,
            creator: caller.person,
            created: now,
        };
        let room = Room {
            id: team.general(),
            org: caller.org,
            kind: RoomType::Group,
            title: team.name.clone(),
            team: Some(team.id),
            creator: caller.person,
            created: now,
            last_activity: now,
            locked: false,
            announcement_only: false,
            read_only: false,
            made_public: None,
            description: None,
            classification_id: None,
            pair: None,
            archived: false,
        };
        let mine = TeamMembership::new(&team, &caller.profile, true, now);
        let membership = Membership::new(&room, &caller.profile, true, now);
        let audience = vec![caller.person];
        let seen = self.room_view_at(&room, caller.person, now).await?;
        let happenings = vec![
            happen::room(caller, now, Event::Created, &room, &seen, audience.clone()),
            happen::membership(
                caller,
                now,
                Event::Created,
                &membership.view(Some(&caller.profile)),
                audience,
            ),
        ];
        let writes = vec![
            put_new(&team)?,
            put_new(&mine)?,
            put_new(&room)?,
            put_new(&membership)?,
        ];
        self.commit_with(writes, happenings).await?;
        Ok(team.view())
    }

    /// The caller's teams; for compliance officers those of the organization.
    ///
    /// # Errors
    /// Missing scope.
    pub async fn list_teams(
        &self,
        caller: &Caller,
        max: usize,
        after: Option<After>,
    ) -> Result<Slice<wire::Team>> {
        let view = caller.may_read_teams()?;
        if view == View::Organization {
            let find = Find::new(Team::KIND, caller.org, "org", "", max).newest_first();
            let listed = self.list::<Team>(find.after(after)).await?;
            return Ok(Slice {
                items: listed.items.iter().map(|team| team.view()).collect(),
                next: listed.next,
            });
        }
        let me = caller.person.uuid().to_string();
        let find = Find::new(TeamMembership::KIND, caller.org, "person", me, max).newest_first();
        let listed = self.list::<TeamMembership>(find.after(after)).await?;
        let mut items = Vec::with_capacity(listed.items.len());
        for membership in &listed.items {
            let id = membership.team.uuid().to_string();
            if let Some(team) = self.get::<Team>(caller.org, &id).await? {
                items.push(team.view());
            }
        }
        Ok(Slice {
            items,
            next: listed.next,
        })
    }

    /// One team.
    ///
    /// # Errors
    /// Missing scope; unknown, or not the caller's.
    pub async fn team_details(&self, caller: &Caller, id: TeamId) -> Result<wire::Team> {
        let view = caller.may_read_teams()?;
        Ok(self.in_team(caller, view, id).await?.team.view())
    }

    /// Renames a team or describes it anew. The General room is called like the team.
    ///
    /// # Errors
    /// Missing scope; unknown; no moderator; no name.
    pub async fn update_team(
        &self,
        caller: &Caller,
        id: TeamId,
        fields: &wire::TeamFields,
    ) -> Result<wire::Team> {
        caller.may_write_teams()?;
        self.retrying(|| self.try_update_team(caller, id, fields)).await
    }

    async fn try_update_team(
        &self,
        caller: &Caller,
        id: TeamId,
        fields: &wire::TeamFields,
    ) -> Result<wire::Team> {
        let inside = self.in_team(caller, View::Member, id).await?;
        inside.require_moderator(View::Member)?;
        let described = match fields.description {
            None => inside.team.description.clone(),
            Some(_) => description(fields)?,
        };
        let changed = Team {
            name: name(fields)?,
            description: described,
            ..inside.team.doc.clone()
        };
        if changed == inside.team.doc {
            return Ok(changed.view());
        }
        let mut writes = vec![inside.team.put(&changed)?];
        writes.extend(inside.me.as_ref().map(Kept::demand));
        let mut happenings = Vec::new();
        let general = self
            .get::<Room>(caller.org, &changed.general().uuid().to_string())
            .await?;
        if let Some(general) = general.filter(|general| general.title != changed.name) {
            let renamed = Room {
                title: changed.name.clone(),
                ..general.doc.clone()
            };
            writes.push(general.put(&renamed)?);
            let seen = self.room_view(&renamed, caller.person).await?;
            let audience = happen::people(&self.members(&renamed).await?);
            happenings.push(happen::room(
                caller,
                self.now(),
                Event::Updated,
                &renamed,
                &seen,
                audience,
            ));
        }
        self.commit_with(writes, happenings).await?;
        Ok(changed.view())
    }

    /// Deletes a team. Its rooms are archived: nobody is in them any more.
    ///
    /// # Errors
    /// Missing scope; unknown; no moderator.
    pub async fn delete_team(&self, caller: &Caller, id: TeamId) -> Result<()> {
        caller.may_write_teams()?;
        self.retrying(|| self.try_delete_team(caller, id)).await
    }

    async fn try_delete_team(&self, caller: &Caller, id: TeamId) -> Result<()> {
        let inside = self.in_team(caller, View::Member, id).await?;
        inside.require_moderator(View::Member)?;
        let team = id.uuid().to_string();
        let mut writes = vec![
            inside.team.delete(),
            Write::Record(RecordWrite::DeleteAll {
                kind: TeamMembership::KIND,
                org: caller.org,
                index: "team",
                value: team.clone(),
            }),
        ];
        let mut happenings = Vec::new();
        for room in self.list_all::<Room>(caller.org, "team", &team).await? {
            if !room.archived {
                self.archive(caller, &room, &mut writes, &mut happenings).await?;
            }
        }
        self.commit_with(writes, happenings).await
    }
}
