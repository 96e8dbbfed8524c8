//! Groups of people (people-calling 4). Who is in a group is a record of its own, so that a group may be large.

use std::collections::BTreeSet;

use hallway_wire::Timestamp;
use hallway_wire::group as wire;
use hallway_wire::id::{GroupId, OrgId, PersonId, group as public_id};
use serde::{Deserialize, Serialize};

use super::{Also, Person};
use crate::audit;
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::platform::Platform;
use crate::ports::records::{Claim, Direction, Key, RecordWrite};
use crate::ports::{Find, Write};
use crate::records::{Document, Kept, put_new};

/// Most members in one request, and most that are shown inside a group.
const MAX_MEMBERS: usize = 500;
/// Longest name and description.
const MAX_NAME: usize = 256;
const MAX_DESCRIPTION: usize = 1024;

/// A group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    pub id: GroupId,
    pub org: OrgId,
    pub display_name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// How many are in it.
    pub members: u64,
    pub created: Timestamp,
    pub last_modified: Timestamp,
}

impl Group {
    const BY_NAME: &'static str = "name";
}

impl Document for Group {
    const KIND: &'static str = "group";
    const NOUN: &'static str = "group";

    fn org(&self) -> OrgId {
        self.org
    }

    fn id(&self) -> String {
        self.id.uuid().to_string()
    }

    fn keys(&self) -> Vec<Key> {
        vec![Key {
            index: Self::BY_NAME,
            value: String::new(),
            order: self.display_name.to_lowercase(),
        }]
    }

    fn claims(&self) -> Vec<Claim> {
        vec![Claim {
            name: "name",
            value: self.display_name.to_lowercase(),
            taken: "There is a group with this name already.",
        }]
    }
}

/// That somebody is in a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Membership {
    org: OrgId,
    group: GroupId,
    person: PersonId,
    since: Timestamp,
}

impl Membership {
    const BY_GROUP: &'static str = "group";
    const BY_PERSON: &'static str = "person";

    fn id_of(group: GroupId, person: PersonId) -> String {
        format!("{}:{}", group.uuid(), person.uuid())
    }
}

impl Document for Membership {
    const KIND: &'static str = "group_member";
    const NOUN: &'static str = "member of the group";

    fn org(&self) -> OrgId {
        self.org
    }

    fn id(&self) -> String {
        Self::id_of(self.group, self.person)
    }

    fn keys(&self) -> Vec<Key> {
        let key = |index, value: String| Key {
            index,
            value,
            order: crate::ports::by_time(self.since),
        };
        vec![
            key(Self::BY_GROUP, self.group.uuid().to_string()),
            key(Self::BY_PERSON, self.person.uuid().to_string()),
        ]
    }
}

/// Which groups, and which part of the list.
#[derive(Clone, Debug, Default)]
pub struct GroupQuery {
    /// Exactly this name, in any case.
    pub name: Option<String>,
    /// How the name starts, in any case.
    pub name_start: Option<String>,
    pub descending: bool,
    pub members: bool,
    /// How many to pass over.
    pub start: usize,
    pub max: usize,
}

/// A page of groups.
#[derive(Clone, Debug)]
pub struct GroupsFound {
    pub groups: Vec<wire::Group>,
    /// How many there are altogether.
    pub total: u64,
    pub more: bool,
}

/// A group with a page of its members.
#[derive(Clone, Debug)]
pub struct MembersFound {
    pub group: wire::Group,
    pub more: bool,
}

/// Who is to be in a group and who is to leave.
#[derive(Debug, Default)]
struct Changes {
    added: BTreeSet<PersonId>,
    removed: BTreeSet<PersonId>,
}

fn changes(request: &wire::GroupRequest) -> Result<Changes> {
    let members = request.members.as_deref().unwrap_or_default();
    if members.len() > MAX_MEMBERS {
        return Err(Error::invalid(format!(
            "members: at most {MAX_MEMBERS} in one request"
        )));
    }
    let mut changes = Changes::default();
    for (at, member) in members.iter().enumerate() {
        match member.operation.as_deref().map(str::trim) {
            Some(text) if text.eq_ignore_ascii_case("delete") => {
                changes.removed.insert(member.id);
            }
            None | Some("") => {
                changes.added.insert(member.id);
            }
            Some(text) if text.eq_ignore_ascii_case("add") => {
                changes.added.insert(member.id);
            }
            Some(text) => {
                return Err(Error::invalid(format!(
                    "members[{at}].operation: must be add or delete, not {text:?}"
                )));
            }
        }
    }
    if let Some(both) = changes.added.intersection(&changes.removed).next() {
        return Err(Error::invalid(format!(
            "members: {both} is to be added and deleted at once"
        )));
    }
    Ok(changes)
}

fn text(member: &str, text: &str, most: usize) -> Result<String> {
    let text = text.trim();
    if text.chars().count() > most || text.chars().any(char::is_control) {
        return Err(Error::invalid(format!(
            "{member}: must be one line of at most {most} characters"
        )));
    }
    Ok(text.to_owned())
}

fn name(given: Option<&str>) -> Result<String> {
    let name = text("displayName", given.unwrap_or_default(), MAX_NAME)?;
    if name.is_empty() {
        return Err(Error::invalid("displayName: is needed"));
    }
    Ok(name)
}

fn view(group: &Group, members: Option<Vec<wire::Member>>) -> wire::Group {
    wire::Group {
        id: public_id(group.org, group.id),
        display_name: group.display_name.clone(),
        description: group.description.clone(),
        org_id: group.org,
        created: group.created,
        last_modified: group.last_modified,
        member_size: group.members,
        members,
    }
}

impl Platform {
    /// Groups in the order of their names.
    ///
    /// # Errors
    /// Missing scope; no administrator.
    pub async fn groups(&self, caller: &Caller, query: &GroupQuery) -> Result<GroupsFound> {
        caller.may_read_groups()?;
        let mut find = Find::new(
            Group::KIND,
            caller.org,
            Group::BY_NAME,
            "",
            query.start.saturating_add(query.max),
        );
        if query.descending {
            find.direction = Direction::Descending;
        }
        let name = query.name.as_deref().map(|name| name.trim().to_lowercase());
        let start = query
            .name_start
            .as_deref()
            .map(|start| start.trim().to_lowercase());
        if let Some(start) = name.as_deref().or(start.as_deref()) {
            find = find.starting_with(start);
        }
        // Names are unique: at most one is exactly this.
        let fits = |group: &Group| {
            name.as_ref()
                .is_none_or(|name| group.display_name.to_lowercase() == *name)
        };
        let whole = Find {
            max: usize::MAX - 1,
            ..find.clone()
        };
        let total = match (&name, &start) {
            (None, None) => self.count::<Group>(caller.org, Group::BY_NAME, "").await?,
            _ => {
                let all = self.list_where::<Group>(whole, fits).await?.items;
                u64::try_from(all.len()).unwrap_or(u64::MAX)
            }
        };
        let listed = if name.is_some() {
            self.list_where::<Group>(find, fits).await?
        } else {
            self.list::<Group>(find).await?
        };
        let mut groups = Vec::new();
        for kept in listed.items.into_iter().skip(query.start) {
            let members = if query.members {
                Some(self.members_of(&kept, 0, MAX_MEMBERS).await?.0)
            } else {
                None
            };
            groups.push(view(&kept, members));
        }
        Ok(GroupsFound {
            groups,
            total,
            more: listed.next.is_some(),
        })
    }

    /// One group, with its first members where they are asked for.
    ///
    /// # Errors
    /// Missing scope; no administrator; unknown.
    pub async fn group(&self, caller: &Caller, id: GroupId, members: bool) -> Result<wire::Group> {
        caller.may_read_groups()?;
        let kept = self.kept_group(caller.org, id).await?;
        let members = if members {
            Some(self.members_of(&kept, 0, MAX_MEMBERS).await?.0)
        } else {
            None
        };
        Ok(view(&kept, members))
    }

    /// One group with a page of its members.
    ///
    /// # Errors
    /// Missing scope; no administrator; unknown.
    pub async fn group_members(
        &self,
        caller: &Caller,
        id: GroupId,
        start: usize,
        max: usize,
    ) -> Result<MembersFound> {
        caller.may_read_groups()?;
        let kept = self.kept_group(caller.org, id).await?;
        let (members, more) = self.members_of(&kept, start, max).await?;
        Ok(MembersFound {
            group: view(&kept, Some(members)),
            more,
        })
    }

    /// Creates a group.
    ///
    /// # Errors
    /// Missing scope or role; no name; the name is taken; a member is nobody.
    pub async fn create_group(&self, caller: &Caller, request: &wire::GroupRequest) -> Result<wire::Group> {
        caller.may_write_groups()?;
        let id = self.make_group(caller, request, &|_| Ok(Vec::new())).await?;
        let group = self.kept_group(caller.org, id).await?.doc;
        let members = self.members_of(&group, 0, MAX_MEMBERS).await?.0;
        Ok(view(&group, Some(members)))
    }

    /// Creates a group for who may, together with what `also` says.
    pub(super) async fn make_group(
        &self,
        caller: &Caller,
        request: &wire::GroupRequest,
        also: Also<'_, Group>,
    ) -> Result<GroupId> {
        caller.check_org(request.org_id)?;
        let now = self.now();
        let description = request.description.as_deref();
        let description = text("description", description.unwrap_or_default(), MAX_DESCRIPTION)?;
        let group = Group {
            id: GroupId::random(),
            org: caller.org,
            display_name: name(request.display_name.as_deref())?,
            description: Some(description).filter(|text| !text.is_empty()),
            members: 0,
            created: now,
            last_modified: now,
        };
        let changes = changes(request)?;
        let id = group.id;
        self.retrying(async || {
            let mut group = group.clone();
            let mut writes = self.plan_members(&mut group, &changes).await?;
            writes.push(put_new(&group)?);
            writes.extend(also(&group)?);
            let description = format!("created the group {}", group.display_name);
            writes.push(audit::by(
                caller,
                now,
                "group.created",
                &group.display_name,
                description,
            ));
            self.commit(writes).await
        })
        .await?;
        Ok(id)
    }

    /// Changes a group: its name, its description, who is in it.
    ///
    /// # Errors
    /// Missing scope or role; unknown; the name is taken; a member is nobody.
    pub async fn update_group(
        &self,
        caller: &Caller,
        id: GroupId,
        request: &wire::GroupRequest,
    ) -> Result<wire::Group> {
        caller.may_write_groups()?;
        caller.check_org(request.org_id)?;
        self.retrying(|| self.change_group(caller, id, request, &|_| Ok(Vec::new())))
            .await?;
        let group = self.kept_group(caller.org, id).await?.doc;
        let members = self.members_of(&group, 0, MAX_MEMBERS).await?.0;
        Ok(view(&group, Some(members)))
    }

    /// Changes a group for who may, together with what `also` says; stale if somebody was faster.
    pub(super) async fn change_group(
        &self,
        caller: &Caller,
        id: GroupId,
        request: &wire::GroupRequest,
        also: Also<'_, Group>,
    ) -> Result<()> {
        let changes = changes(request)?;
        let kept = self.kept_group(caller.org, id).await?;
        let mut group = kept.doc.clone();
        if let Some(given) = &request.display_name {
            group.display_name = name(Some(given))?;
        }
        if let Some(given) = &request.description {
            let given = text("description", given, MAX_DESCRIPTION)?;
            group.description = Some(given).filter(|text| !text.is_empty());
        }
        let mut writes = self.plan_members(&mut group, &changes).await?;
        writes.extend(also(&group)?);
        if writes.is_empty() && group == kept.doc {
            return Ok(());
        }
        group.last_modified = self.now();
        writes.push(kept.put(&group)?);
        let description = format!("changed the group {}", group.display_name);
        let entry = audit::by(
            caller,
            self.now(),
            "group.changed",
            &group.display_name,
            description,
        );
        writes.push(entry);
        self.commit(writes).await
    }

    /// Deletes a group; its members stay.
    ///
    /// # Errors
    /// Missing scope or role; unknown.
    pub async fn delete_group(&self, caller: &Caller, id: GroupId) -> Result<()> {
        caller.may_write_groups()?;
        self.remove_group(caller, id).await
    }

    /// Deletes a group for who may.
    pub(super) async fn remove_group(&self, caller: &Caller, id: GroupId) -> Result<()> {
        self.retrying(async || {
            let kept = self.kept_group(caller.org, id).await?;
            let beside = self
                .plan_no_attributes(caller.org, &id.uuid().to_string())
                .await?;
            let description = format!("deleted the group {}", kept.display_name);
            let mut writes = vec![
                kept.delete(),
                Write::Record(RecordWrite::DeleteAll {
                    kind: Membership::KIND,
                    org: caller.org,
                    index: Membership::BY_GROUP,
                    value: id.uuid().to_string(),
                }),
                audit::by(
                    caller,
                    self.now(),
                    "group.deleted",
                    &kept.display_name,
                    description,
                ),
            ];
            writes.extend(beside);
            self.commit(writes).await
        })
        .await
    }

    pub(super) async fn kept_group(&self, org: OrgId, id: GroupId) -> Result<Kept<Group>> {
        self.demand(org, &id.uuid().to_string()).await
    }

    /// A part of the members of a group in the order in which they came, and whether there are more.
    pub(super) async fn members_of(
        &self,
        group: &Group,
        start: usize,
        max: usize,
    ) -> Result<(Vec<wire::Member>, bool)> {
        let find = Find::new(
            Membership::KIND,
            group.org,
            Membership::BY_GROUP,
            group.id.uuid().to_string(),
            start.saturating_add(max),
        );
        let listed = self.list::<Membership>(find).await?;
        let mut members = Vec::new();
        for membership in listed.items.into_iter().skip(start) {
            if let Some(person) = self.person_of_id(group.org, membership.person).await? {
                members.push(wire::Member {
                    id: person.id,
                    kind: "user".to_owned(),
                    display_name: person.display_name,
                });
            }
        }
        Ok((members, listed.next.is_some()))
    }

    /// The writes of a change of members; the group's count is changed.
    async fn plan_members(&self, group: &mut Group, changes: &Changes) -> Result<Vec<Write>> {
        let mut writes = Vec::new();
        for &person in &changes.added {
            let id = Membership::id_of(group.id, person);
            if self.get::<Membership>(group.org, &id).await?.is_some() {
                continue;
            }
            let found = self.get::<Person>(group.org, &person.uuid().to_string()).await?;
            let Some(found) = found else {
                return Err(Error::invalid(format!(
                    "members: nobody here has the id {person}"
                )));
            };
            // The person moves one revision on: who is deleting it at this moment looks again.
            writes.push(found.put(&found.doc)?);
            writes.push(put_new(&Membership {
                org: group.org,
                group: group.id,
                person,
                since: self.now(),
            })?);
            group.members += 1;
        }
        for &person in &changes.removed {
            let id = Membership::id_of(group.id, person);
            if let Some(membership) = self.get::<Membership>(group.org, &id).await? {
                writes.push(membership.delete());
                group.members = group.members.saturating_sub(1);
            }
        }
        Ok(writes)
    }

    /// The groups that a person is in, in the order in which it came into them.
    pub(super) async fn groups_of(&self, org: OrgId, person: PersonId) -> Result<Vec<Group>> {
        let of = person.uuid().to_string();
        let memberships = self
            .list_all::<Membership>(org, Membership::BY_PERSON, &of)
            .await?;
        let mut groups = Vec::new();
        for membership in memberships {
            let id = membership.group.uuid().to_string();
            groups.extend(self.get::<Group>(org, &id).await?.map(|kept| kept.doc));
        }
        Ok(groups)
    }

    /// All groups, in the order of their names.
    pub(super) async fn all_groups(&self, org: OrgId, descending: bool) -> Result<Vec<Group>> {
        let find = Find::new(Group::KIND, org, Group::BY_NAME, "", usize::MAX - 1);
        let find = if descending { find.newest_first() } else { find };
        let listed = self.list::<Group>(find).await?;
        Ok(listed.items.into_iter().map(|kept| kept.doc).collect())
    }

    /// The writes that take a person out of all groups.
    pub(super) async fn plan_no_groups(&self, person: &Person) -> Result<Vec<Write>> {
        let of = person.id.uuid().to_string();
        let memberships = self
            .list_all::<Membership>(person.org, Membership::BY_PERSON, &of)
            .await?;
        let mut writes = Vec::new();
        for membership in memberships {
            if let Some(kept) = self
                .get::<Group>(person.org, &membership.group.uuid().to_string())
                .await?
            {
                let group = Group {
                    members: kept.members.saturating_sub(1),
                    last_modified: self.now(),
                    ..kept.doc.clone()
                };
                writes.push(kept.put(&group)?);
            }
            writes.push(membership.delete());
        }
        Ok(writes)
    }
}
