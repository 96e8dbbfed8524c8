//! `/groups` (people-calling 3): people put together, to give licenses and roles to all of them.

use hallway_wire::Timestamp;
use http::Method;
use serde::{Deserialize, Serialize};

use super::frame::{body, crud, query, resource};
use crate::client::List;
use crate::error::Result;
use crate::id::{GroupId, OrgId, PersonId};

resource! {
    /// Groups of people.
    ///
    /// ```no_run
    /// # async fn example(client: hallway_sdk::Client, ada: hallway_sdk::PersonId) -> hallway_sdk::Result<()> {
    /// let group = match client.groups().list().named("Gardeners").first().await? {
    ///     Some(group) => group,
    ///     None => client.groups().create(&hallway_sdk::resources::GroupBody::new().display_name("Gardeners")).await?,
    /// };
    /// client.groups().add(&group.id, &[ada]).await?;
    /// # Ok(())
    /// # }
    /// ```
    Groups, groups
}

/// A group.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Group {
    /// The id.
    pub id: GroupId,
    /// What it is called.
    #[serde(default)]
    pub display_name: String,
    /// What it is for.
    pub description: Option<String>,
    /// The organization.
    pub org_id: Option<OrgId>,
    /// How many are in it.
    pub member_size: Option<u64>,
    /// Who is in it, where that was asked for; up to 500.
    #[serde(default)]
    pub members: Vec<GroupMember>,
    /// When it was made.
    pub created: Option<Timestamp>,
    /// When it last changed.
    pub last_modified: Option<Timestamp>,
}

/// Somebody in a group.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct GroupMember {
    /// Who.
    pub id: PersonId,
    /// `user` or `machine`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// What the person is called.
    pub display_name: Option<String>,
}

/// Somebody who comes into a group or leaves it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GroupMemberChange {
    /// Who.
    pub id: PersonId,
    /// `add` or `delete`.
    pub operation: &'static str,
}

body! {
    /// What a request says about a group.
    GroupBody {
        /// What it is called; needed for a new one.
        display_name: String,
        /// What it is for.
        description: String,
        /// Who comes and who leaves.
        members: Vec<GroupMemberChange>,
    }
}

query! {
    /// Groups that match.
    GroupQuery -> Group {
        /// Whether it is said who is in them, up to 500 of each.
        with_members(bool) => "includeMembers",
        /// Of another organization that the caller manages.
        organization(&OrgId) => "orgId",
    }
}

impl GroupQuery {
    /// With this name.
    pub fn named(self, name: &str) -> Self {
        self.filter("filter", format!("displayName eq {}", quoted(name)))
    }

    /// Whose name begins so.
    pub fn beginning_with(self, start: &str) -> Self {
        self.filter("filter", format!("displayName sw {}", quoted(start)))
    }
}

/// A text in a filter.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

crud!(Groups at ["groups"], GroupId, get Group, create GroupBody => Group, delete delete);

impl Groups {
    /// The groups of the organization.
    pub fn list(&self) -> GroupQuery {
        GroupQuery(self.0.list(&["groups"], "groups").by_index())
    }

    /// Changes what the body names.
    ///
    /// # Errors
    /// Any; see [`Error`](crate::Error).
    pub async fn update(&self, id: &GroupId, body: &GroupBody) -> Result<Group> {
        // Who is in it already, or out of it, stays so: twice is as good as once.
        let call = self.0.at(Method::PATCH, &["groups", id.as_str()]);
        call.idempotent(true).json(body).read().await
    }

    /// Who is in a group.
    pub fn members(&self, id: &GroupId) -> List<GroupMember> {
        self.0
            .list(&["groups", id.as_str(), "members"], "members")
            .by_index()
    }

    /// Puts people into a group.
    ///
    /// # Errors
    /// Any; see [`Error`](crate::Error).
    pub async fn add(&self, id: &GroupId, people: &[PersonId]) -> Result<Group> {
        self.change(id, people, "add").await
    }

    /// Takes people out of a group.
    ///
    /// # Errors
    /// Any; see [`Error`](crate::Error).
    pub async fn remove(&self, id: &GroupId, people: &[PersonId]) -> Result<Group> {
        self.change(id, people, "delete").await
    }

    async fn change(&self, id: &GroupId, people: &[PersonId], operation: &'static str) -> Result<Group> {
        let change = |id: &PersonId| GroupMemberChange {
            id: id.clone(),
            operation,
        };
        let members: Vec<GroupMemberChange> = people.iter().map(change).collect();
        self.update(id, &GroupBody::new().members(members)).await
    }
}
