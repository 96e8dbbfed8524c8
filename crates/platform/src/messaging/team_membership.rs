//! Who is in a team. The members of its General room are the same people.

use hallway_wire::Timestamp;
use hallway_wire::id::{OrgId, PersonId, TeamId};
use hallway_wire::messaging::{self as wire, TeamMembershipId};
use hallway_wire::webhook::Event;
use serde::{Deserialize, Serialize};

use super::Slice;
use super::happen;
use super::membership::Membership;
use super::permit::View;
use super::room::Room;
use super::team::{InTeam, Team};
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::org::Person;
use crate::platform::Platform;
use crate::ports::{After, Find, Key, Write, by_time};
use crate::records::{Document, Kept, put_new};
use crate::webhook::Happening;

/// That somebody is in a team.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TeamMembership {
    pub org: OrgId,
    pub team: TeamId,
    pub person: PersonId,
    pub email: String,
    pub display_name: String,
    pub moderator: bool,
    pub created: Timestamp,
    /// The order of a person's teams.
    pub team_created: Timestamp,
}

impl Document for TeamMembership {
    const KIND: &'static str = "team_membership";
    const NOUN: &'static str = "team membership";

    fn org(&self) -> OrgId {
        self.org
    }

    fn id(&self) -> String {
        self.public_id().inner()
    }

    fn keys(&self) -> Vec<Key> {
        let team = self.team.uuid().to_string();
        let key = |index, value, at| Key {
            index,
            value,
            order: by_time(at),
        };
        let mut keys = vec![
            key("team", team.clone(), self.created),
            key("person", self.person.uuid().to_string(), self.team_created),
        ];
        if self.moderator {
            keys.push(key("moderators", team, self.created));
        }
        keys
    }
}

impl TeamMembership {
    pub(crate) fn new(team: &Team, person: &Person, moderator: bool, now: Timestamp) -> Self {
        Self {
            org: team.org,
            team: team.id,
            person: person.id,
            email: person.email.clone(),
            display_name: person.display_name.clone(),
            moderator,
            created: now,
            team_created: team.created,
        }
    }

    fn public_id(&self) -> TeamMembershipId {
        TeamMembershipId::new(self.person, self.team)
    }
}

fn no_membership() -> Error {
    Error::Missing {
        message: "Failed to get team membership".to_owned(),
    }
}

/// What is said to the last moderator of a team.
pub(crate) fn last_moderator() -> Error {
    Error::invalid("The last moderator of a team can neither leave it nor stop being a moderator.")
}

impl Platform {
    pub(crate) async fn team_membership_of(
        &self,
        team: &Team,
        person: PersonId,
    ) -> Result<Option<Kept<TeamMembership>>> {
        let id = TeamMembershipId::new(person, team.id).inner();
        self.get::<TeamMembership>(team.org, &id).await
    }

    async fn team_membership_view(&self, membership: &TeamMembership) -> Result<wire::TeamMembership> {
        let person = self.person_of_id(membership.org, membership.person).await?;
        let person = person.as_ref();
        Ok(wire::TeamMembership {
            id: membership.public_id(),
            team_id: membership.team,
            person_id: membership.person,
            person_email: person.map_or(&membership.email, |person| &person.email).clone(),
            person_display_name: person
                .map_or(&membership.display_name, |person| &person.display_name)
                .clone(),
            person_org_id: membership.org,
            is_moderator: membership.moderator,
            created: membership.created,
        })
    }

    /// Whether somebody is the only moderator of a team.
    pub(crate) async fn is_last_team_moderator(&self, membership: &TeamMembership) -> Result<bool> {
        if !membership.moderator {
            return Ok(false);
        }
        let team = membership.team.uuid().to_string();
        let find = Find::new(TeamMembership::KIND, membership.org, "moderators", team, 2);
        Ok(self.list::<TeamMembership>(find).await?.items.len() < 2)
    }

    /// Who is in a team, who came first first.
    ///
    /// # Errors
    /// Missing scope; unknown, or not the caller's.
    pub async fn list_team_memberships(
        &self,
        caller: &Caller,
        team: TeamId,
        max: usize,
        after: Option<After>,
    ) -> Result<Slice<wire::TeamMembership>> {
        let view = caller.may_read_team_memberships()?;
        self.in_team(caller, view, team).await?;
        let team = team.uuid().to_string();
        let find = Find::new(TeamMembership::KIND, caller.org, "team", team, max).after(after);
        let listed = self.list::<TeamMembership>(find).await?;
        let mut items = Vec::with_capacity(listed.items.len());
        for membership in &listed.items {
            items.push(self.team_membership_view(membership).await?);
        }
        Ok(Slice {
            items,
            next: listed.next,
        })
    }

    async fn seen_team_membership(
        &self,
        caller: &Caller,
        view: View,
        id: TeamMembershipId,
    ) -> Result<(InTeam, Kept<TeamMembership>)> {
        let inside = self
            .in_team(caller, view, id.whole())
            .await
            .map_err(|error| match error {
                Error::NotFound { .. } => no_membership(),
                error => error,
            })?;
        let found = self.team_membership_of(&inside.team, id.person()).await?;
        Ok((inside, found.ok_or_else(no_membership)?))
    }

    /// One membership of a team that the caller is in.
    ///
    /// # Errors
    /// Missing scope; unknown, or not to be seen.
    pub async fn team_membership_details(
        &self,
        caller: &Caller,
        id: TeamMembershipId,
    ) -> Result<wire::TeamMembership> {
        let view = caller.may_read_team_memberships()?;
        let (_, membership) = self.seen_team_membership(caller, view, id).await?;
        self.team_membership_view(&membership).await
    }

    /// Takes somebody into a team, and so into its General room.
    ///
    /// # Errors
    /// Missing scope; nobody named; unknown; no moderator; a member already.
    pub async fn create_team_membership(
        &self,
        caller: &Caller,
        new: &wire::NewTeamMembership,
    ) -> Result<wire::TeamMembership> {
        let view = caller.may_write_team_memberships()?;
        let id = new
            .team_id
            .ok_or_else(|| Error::invalid("teamId cannot be null"))?;
        let moderator = new.is_moderator.unwrap_or(false);
        let email = new.person_email.as_deref();
        self.retrying(|| async {
            let inside = self.in_team(caller, view, id).await?;
            let person = self.named_person(caller, new.person_id, email).await?;
            inside.require_moderator(view)?;
            let membership = self
                .join_team(caller, &inside, &person, moderator, Vec::new())
                .await?;
            self.team_membership_view(&membership).await
        })
        .await
    }

    /// Takes somebody into a team and its General room, in one commit with `demands`.
    pub(crate) async fn join_team(
        &self,
        caller: &Caller,
        inside: &InTeam,
        person: &Person,
        moderator: bool,
        demands: Vec<Write>,
    ) -> Result<TeamMembership> {
        let team = &inside.team;
        if self.team_membership_of(team, person.id).await?.is_some() {
            return Err(Error::conflict("Person is already in the team."));
        }
        let now = self.now();
        let membership = TeamMembership::new(team, person, moderator, now);
        let mut writes = inside.demands();
        writes.extend(demands);
        writes.push(put_new(&membership)?);
        let mut happenings = Vec::new();
        let general = self
            .get::<Room>(caller.org, &team.general().uuid().to_string())
            .await?;
        if let Some(general) = general
            && self.membership_of(&general, person.id).await?.is_none()
        {
            let joined = Membership::new(&general, person, moderator, now);
            writes.push(put_new(&joined)?);
            let mut audience = happen::people(&self.members(&general).await?);
            audience.push(person.id);
            happenings.push(happen::membership(
                caller,
                now,
                Event::Created,
                &joined.view(Some(person)),
                audience,
            ));
        }
        self.commit_with(writes, happenings).await?;
        Ok(membership)
    }

    /// Makes somebody a moderator of a team and its General room, or no longer one.
    ///
    /// # Errors
    /// Missing scope; nothing said; unknown; no moderator; the last moderator.
    pub async fn update_team_membership(
        &self,
        caller: &Caller,
        id: TeamMembershipId,
        change: &wire::MembershipChange,
    ) -> Result<wire::TeamMembership> {
        let view = caller.may_write_team_memberships()?;
        let moderator = change
            .is_moderator
            .ok_or_else(|| Error::invalid("isModerator cannot be null"))?;
        self.retrying(|| async {
            let (inside, membership) = self.seen_team_membership(caller, view, id).await?;
            let changed = self
                .moderate_team(caller, view, &inside, &membership, moderator)
                .await?;
            self.team_membership_view(&changed).await
        })
        .await
    }

    /// Changes who moderates a team, and its General room with it.
    pub(crate) async fn moderate_team(
        &self,
        caller: &Caller,
        view: View,
        inside: &InTeam,
        membership: &Kept<TeamMembership>,
        moderator: bool,
    ) -> Result<TeamMembership> {
        if membership.moderator == moderator {
            return Ok(membership.doc.clone());
        }
        inside.require_moderator(view)?;
        if !moderator && self.is_last_team_moderator(membership).await? {
            return Err(last_moderator());
        }
        let changed = TeamMembership {
            moderator,
            ..membership.doc.clone()
        };
        // The team is written too: of two who decide about moderators at once, one decides again.
        let mut writes = vec![inside.team.put(&inside.team.doc)?, membership.put(&changed)?];
        let mut happenings = Vec::new();
        let general = self
            .get::<Room>(caller.org, &inside.team.general().uuid().to_string())
            .await?;
        if let Some(general) = general
            && let Some(there) = self.membership_of(&general, membership.person).await?
        {
            let moved = Membership {
                moderator,
                ..there.doc.clone()
            };
            writes.push(there.put(&moved)?);
            let seen = self.membership_view(&moved).await?;
            let audience = happen::people(&self.members(&general).await?);
            happenings.push(happen::membership(
                caller,
                self.now(),
                Event::Updated,
                &seen,
                audience,
            ));
        }
        self.commit_with(writes, happenings).await?;
        Ok(changed)
    }

    /// Takes somebody out of a team and all of its rooms. Everybody may leave.
    ///
    /// # Errors
    /// Missing scope; unknown; no moderator; the last moderator.
    pub async fn delete_team_membership(&self, caller: &Caller, id: TeamMembershipId) -> Result<()> {
        let view = caller.may_write_team_memberships()?;
        self.retrying(|| async {
            let (inside, membership) = self.seen_team_membership(caller, view, id).await?;
            self.leave_team(caller, view, &inside, &membership).await
        })
        .await
    }

    pub(crate) async fn leave_team(
        &self,
        caller: &Caller,
        view: View,
        inside: &InTeam,
        membership: &Kept<TeamMembership>,
    ) -> Result<()> {
        if membership.person != caller.person {
            inside.require_moderator(view)?;
        }
        if self.is_last_team_moderator(membership).await? {
            return Err(last_moderator());
        }
        let mut writes = vec![inside.team.put(&inside.team.doc)?, membership.delete()];
        let mut happenings: Vec<Happening> = Vec::new();
        let team = inside.team.id.uuid().to_string();
        for room in self.list_all::<Room>(caller.org, "team", &team).await? {
            if let Some(there) = self.membership_of(&room, membership.person).await? {
                self.leave(caller, &room, &there, &mut writes, &mut happenings)
                    .await?;
            }
        }
        self.commit_with(writes, happenings).await
    }
}
