//! Who asks: the first argument of every platform method.

use std::collections::BTreeSet;
use std::sync::Arc;

use hallway_wire::id::{ActivationId, AppId, OrgId, PersonId};

use crate::error::{Error, Result};
use crate::org::{Person, Role};

/// A token's owner and what the token may do. Made once per token, shared by its requests.
#[derive(Debug)]
pub struct Principal {
    pub org: OrgId,
    pub person: PersonId,
    pub name: String,
    /// The owner's record. Whoever changes a person forgets the sessions of its grants.
    pub profile: Person,
    pub roles: Vec<Role>,
    pub scopes: BTreeSet<String>,
    /// The activation whose machine account this is.
    pub machine: Option<(ActivationId, AppId)>,
    /// Whether the token may manage Hallway itself, as far as the roles go: a personal access token that is not
    /// limited to some scopes.
    pub may_manage: bool,
    /// The grant that the token belongs to.
    pub grant: uuid::Uuid,
    /// The OAuth client that the token was made for; `None` for a personal access token.
    pub client_id: Option<String>,
    /// When the token ends, in milliseconds since 1970.
    pub expires_ms: i64,
    /// First bytes of the token's hash: tells requests of one token in logs and limits.
    pub token: [u8; 8],
    /// Where the person belongs, if it acts in an organization that is not its own.
    pub home: Option<Home>,
}

/// The organization of an administrator from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Home {
    pub org: OrgId,
}

/// One request of a principal.
#[derive(Clone, Debug)]
pub struct Caller {
    pub principal: Arc<Principal>,
    pub tracking_id: Arc<str>,
    /// What the client calls itself, for the audit trail.
    pub user_agent: Option<Arc<str>>,
}

impl std::ops::Deref for Caller {
    type Target = Principal;
    fn deref(&self) -> &Principal {
        &self.principal
    }
}

impl Principal {
    /// Whether the token holds the scope. `spark:all` covers user-level `spark:` scopes except the xAPI ones
    /// of integrations.
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scopes.contains(scope) || (scope.starts_with("spark:") && self.scopes.contains("spark:all"))
    }

    /// Whether it may change anything in the organization.
    pub fn is_full_admin(&self) -> bool {
        self.roles.contains(&Role::FullAdmin)
    }

    /// Whether it may see everything in the organization.
    pub fn is_reading_admin(&self) -> bool {
        self.is_full_admin() || self.roles.contains(&Role::ReadOnlyAdmin)
    }

    /// Whether it looks after people: a full or user administrator, or a service app inside its scopes.
    pub fn is_user_admin(&self) -> bool {
        self.is_full_admin() || self.roles.contains(&Role::UserAdmin)
    }

    /// Whether it may read what others wrote.
    pub fn is_compliance_officer(&self) -> bool {
        self.roles.contains(&Role::ComplianceOfficer)
    }

    /// Whether it is a bot: it sees of group rooms only what mentions it.
    pub fn is_bot(&self) -> bool {
        self.profile.kind == crate::org::PersonKind::Bot
    }

    /// Whether a human is behind it: service apps and bots may not authorize others.
    pub fn is_human(&self) -> bool {
        self.profile.kind == crate::org::PersonKind::Person
    }

    /// Whether it runs this Hallway: an operator, with a token that is not limited to what some client needs.
    pub fn is_operator(&self) -> bool {
        self.profile.operator
            && self.may_manage
            && self.machine.is_none()
            && self.home.is_none()
            && self.is_human()
    }

    /// Whether it looks after devices and workspaces.
    pub fn is_device_admin(&self) -> bool {
        self.is_full_admin() || self.roles.contains(&Role::DeviceAdmin)
    }
}

impl Caller {
    /// Demands one of several scopes.
    ///
    /// # Errors
    /// [`Error::Forbidden`], naming what would do.
    pub fn require_scope(&self, alternatives: &[&str]) -> Result<()> {
        if alternatives.iter().any(|scope| self.has_scope(scope)) {
            return Ok(());
        }
        Err(Error::forbidden(match alternatives {
            [one] => format!("The access token lacks the scope {one}."),
            many => format!(
                "The access token lacks a scope: one of {} is needed.",
                many.join(", ")
            ),
        }))
    }

    /// Demands a person with a personal access token for everything: what an integration was allowed to do
    /// says nothing about managing Hallway.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub fn require_personal(&self) -> Result<()> {
        if self.may_manage && self.machine.is_none() && self.is_human() && self.home.is_none() {
            Ok(())
        } else {
            Err(Error::forbidden(
                "Only a person with a personal access token that is not limited to some scopes may do this.",
            ))
        }
    }

    /// Demands an operator of this Hallway, with a personal access token for everything.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub fn require_operator(&self) -> Result<()> {
        if self.is_operator() {
            Ok(())
        } else {
            Err(Error::forbidden(
                "Only an operator of this Hallway with a personal access token that is not limited to some scopes \
                 may do this.",
            ))
        }
    }

    /// Demands an administrative role for writes.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub fn require_full_admin(&self) -> Result<()> {
        if self.is_full_admin() && self.machine.is_none() {
            Ok(())
        } else {
            Err(Error::forbidden(
                "Only a full administrator of the organization may do this.",
            ))
        }
    }

    /// Demands a full administrator who belongs to the organization.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub fn require_own_full_admin(&self) -> Result<()> {
        self.require_full_admin()?;
        self.require_own()
    }

    /// Demands somebody who belongs to the organization: what is done as a person, an administrator from outside
    /// does at home.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub fn require_own(&self) -> Result<()> {
        if self.home.is_none() {
            Ok(())
        } else {
            Err(Error::forbidden(
                "An administrator from another organization may not do this.",
            ))
        }
    }

    /// Demands a person with an administrative role that may look.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub fn require_reading_admin(&self) -> Result<()> {
        if (self.is_reading_admin() || self.is_device_admin()) && self.machine.is_none() {
            Ok(())
        } else {
            Err(Error::forbidden(
                "Only an administrator of the organization may see this.",
            ))
        }
    }

    /// Demands a person who looks after people.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub fn require_user_admin(&self) -> Result<()> {
        if self.is_user_admin() && self.machine.is_none() {
            Ok(())
        } else {
            Err(Error::forbidden(
                "Only a full or user administrator of the organization may do this.",
            ))
        }
    }

    /// Demands someone who looks after devices: a device administrator, or a machine account inside its
    /// scopes.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub fn require_device_write(&self) -> Result<()> {
        if self.is_device_admin() || self.machine.is_some() {
            Ok(())
        } else {
            Err(Error::forbidden(
                "Only a full or device administrator may change this.",
            ))
        }
    }

    /// Demands a person who looks after devices: what no manifest can ask for is not for integrations.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub fn require_device_admin(&self) -> Result<()> {
        if self.is_device_admin() && self.machine.is_none() {
            Ok(())
        } else {
            Err(Error::forbidden(
                "Only a full or device administrator may do this.",
            ))
        }
    }

    /// Checks an `orgId` that came with the request: the caller's own organization is always allowed.
    ///
    /// # Errors
    /// [`Error::Missing`] for every other one: organizations do not see each other.
    pub fn check_org(&self, org: Option<OrgId>) -> Result<()> {
        match org {
            Some(org) if org != self.org => Err(Error::Missing {
                message: "Could not find an organization with provided ID.".to_owned(),
            }),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::place::permit::tests::caller;

    #[test]
    fn an_operator_operates_with_a_token_for_everything() {
        let operates = |operator: bool, may_manage: bool| {
            let plain = caller(&[Role::FullAdmin], &[], false);
            let mut profile = plain.profile.clone();
            profile.operator = operator;
            let principal = Principal {
                profile,
                may_manage,
                org: plain.org,
                person: plain.person,
                name: plain.name.clone(),
                roles: plain.roles.clone(),
                scopes: plain.scopes.clone(),
                machine: None,
                grant: plain.grant,
                client_id: None,
                expires_ms: plain.expires_ms,
                token: plain.token,
                home: None,
            };
            let caller = Caller {
                principal: Arc::new(principal),
                ..plain
            };
            caller.require_operator().is_ok()
        };
        assert!(operates(true, true));
        assert!(!operates(true, false), "a client's token");
        assert!(!operates(false, true), "a full administrator");
    }
}
