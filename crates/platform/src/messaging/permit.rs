//! Which scope each group of operations asks for, and how far the caller sees.

use crate::caller::Caller;
use crate::error::Result;

/// How much of the organization's messaging a caller sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// The rooms and teams that it is a member of.
    Member,
    /// All of it: a compliance officer with the scope for that.
    Organization,
}

impl Caller {
    fn views(&self, own: &str, compliance: &str) -> Result<View> {
        if self.is_compliance_officer() && self.scopes.contains(compliance) {
            return Ok(View::Organization);
        }
        self.require_scope(&[own])?;
        Ok(View::Member)
    }

    /// # Errors
    /// [`Error::Forbidden`](crate::Error::Forbidden), as in all of these.
    pub fn may_read_rooms(&self) -> Result<View> {
        self.views("spark:rooms_read", "spark-compliance:rooms_read")
    }

    /// # Errors
    /// [`Error::Forbidden`](crate::Error::Forbidden).
    pub fn may_create_rooms(&self) -> Result<()> {
        self.require_scope(&["spark:rooms_write"])
    }

    /// # Errors
    /// [`Error::Forbidden`](crate::Error::Forbidden).
    pub fn may_write_rooms(&self) -> Result<View> {
        self.views("spark:rooms_write", "spark-compliance:rooms_write")
    }

    /// # Errors
    /// [`Error::Forbidden`](crate::Error::Forbidden).
    pub fn may_read_memberships(&self) -> Result<View> {
        self.views("spark:memberships_read", "spark-compliance:memberships_read")
    }

    /// # Errors
    /// [`Error::Forbidden`](crate::Error::Forbidden).
    pub fn may_write_memberships(&self) -> Result<View> {
        self.views("spark:memberships_write", "spark-compliance:memberships_write")
    }

    /// # Errors
    /// [`Error::Forbidden`](crate::Error::Forbidden).
    pub fn may_read_messages(&self) -> Result<View> {
        self.views("spark:messages_read", "spark-compliance:messages_read")
    }

    /// Compliance officers delete what others wrote; they write as themselves, with the ordinary scope.
    ///
    /// # Errors
    /// [`Error::Forbidden`](crate::Error::Forbidden).
    pub fn may_write_messages(&self) -> Result<()> {
        self.require_scope(&["spark:messages_write"])
    }

    /// # Errors
    /// [`Error::Forbidden`](crate::Error::Forbidden).
    pub fn may_delete_messages(&self) -> Result<View> {
        self.views("spark:messages_write", "spark-compliance:messages_write")
    }

    /// # Errors
    /// [`Error::Forbidden`](crate::Error::Forbidden).
    pub fn may_read_teams(&self) -> Result<View> {
        self.views("spark:teams_read", "spark-compliance:teams_read")
    }

    /// # Errors
    /// [`Error::Forbidden`](crate::Error::Forbidden).
    pub fn may_write_teams(&self) -> Result<()> {
        self.require_scope(&["spark:teams_write"])
    }

    /// # Errors
    /// [`Error::Forbidden`](crate::Error::Forbidden).
    pub fn may_read_team_memberships(&self) -> Result<View> {
        self.views(
            "spark:team_memberships_read",
            "spark-compliance:team_memberships_read",
        )
    }

    /// # Errors
    /// [`Error::Forbidden`](crate::Error::Forbidden).
    pub fn may_write_team_memberships(&self) -> Result<View> {
        self.views(
            "spark:team_memberships_write",
            "spark-compliance:team_memberships_write",
        )
    }
}
