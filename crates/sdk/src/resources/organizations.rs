//! `/organizations` and `/roles`.

use hallway_wire::Timestamp;
use serde::Deserialize;

use super::frame::{crud, resource};
use crate::client::List;
use crate::id::{OrgId, RoleId};

resource! {
    /// The organization, and those that it manages.
    Organizations, organizations
}

resource! {
    /// Administrative roles.
    Roles, roles
}

/// An organization.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Organization {
    /// The id.
    pub id: OrgId,
    /// What it is called.
    pub display_name: String,
    /// When it was made.
    pub created: Option<Timestamp>,
}

/// A role.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Role {
    /// The id.
    pub id: RoleId,
    /// `Full Administrator`
    pub name: String,
}

crud!(Organizations at ["organizations"], OrgId, get Organization);
crud!(Roles at ["roles"], RoleId, get Role);

impl Organizations {
    /// All that the token may see.
    pub fn list(&self) -> List<Organization> {
        self.0.list(&["organizations"], "items")
    }
}

impl Roles {
    /// All of them.
    pub fn list(&self) -> List<Role> {
        self.0.list(&["roles"], "items")
    }
}
