//! Which scope and which role each group of REST operations asks for (the contract's security sections).
//!
//! Handlers ask before they read a body, so that who may not do something never learns what a good body looks
//! like; the methods of the platform ask again, because they decide.

use crate::caller::Caller;
use crate::error::{Error, Result};

/// How much of a list a caller sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// The whole organization.
    Organization,
    /// What belongs to the caller's own person, or what it asks for by name.
    Own,
}

/// Reading people.
const PEOPLE: [&str; 2] = ["spark-admin:people_read", "spark:people_read"];
/// Reading devices.
const DEVICES: [&str; 2] = ["spark-admin:devices_read", "spark:devices_read"];
/// Changing devices.
const DEVICES_WRITE: [&str; 2] = ["spark-admin:devices_write", "spark:devices_write"];

impl Caller {
    /// Demands someone for whom `spark-admin:` scopes mean something: an administrator of any kind, or a
    /// machine account, whose scopes an administrator accepted.
    fn administers(&self) -> Result<()> {
        if self.machine.is_some() || !self.roles.is_empty() {
            Ok(())
        } else {
            Err(Error::forbidden(
                "Only an administrator of the organization may do this.",
            ))
        }
    }

    fn reads(&self, scopes: &[&str]) -> Result<()> {
        self.require_scope(scopes)?;
        self.administers()
    }

    fn writes(&self, scopes: &[&str]) -> Result<()> {
        self.require_scope(scopes)?;
        self.require_device_write()
    }

    /// # Errors
    /// [`Error::Forbidden`], as in all of these.
    pub fn may_read_organizations(&self) -> Result<()> {
        self.reads(&["spark-admin:organizations_read"])
    }

    /// # Errors
    /// [`Error::Forbidden`].
    pub fn may_delete_organizations(&self) -> Result<()> {
        self.require_scope(&[
            "spark-admin:organizations-write",
            "spark-admin:organizations_write",
        ])?;
        self.require_full_admin()
    }

    /// # Errors
    /// [`Error::Forbidden`].
    pub fn may_read_audit(&self) -> Result<()> {
        self.reads(&["audit:events_read"])
    }

    /// # Errors
    /// [`Error::Forbidden`].
    pub fn may_read_workspace_metrics(&self) -> Result<()> {
        self.reads(&["spark-admin:workspace_metrics_read"])
    }

    /// # Errors
    /// [`Error::Forbidden`].
    pub fn may_read_roles(&self) -> Result<()> {
        self.reads(&["spark-admin:roles_read"])
    }

    /// # Errors
    /// [`Error::Forbidden`].
    pub fn may_read_locations(&self) -> Result<()> {
        self.reads(&[
            "spark-admin:locations_read",
            "spark-admin:people_read",
            "spark-admin:device_read",
        ])
    }

    /// # Errors
    /// [`Error::Forbidden`].
    pub fn may_write_locations(&self) -> Result<()> {
        self.writes(&["spark-admin:locations_write"])
    }

    /// Floors below `/locations` ask for more than the locations themselves.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub fn may_read_floors(&self) -> Result<()> {
        self.reads(&["spark-admin:locations_read"])
    }

    /// # Errors
    /// [`Error::Forbidden`].
    pub fn may_read_workspace_locations(&self) -> Result<()> {
        self.reads(&["spark-admin:workspace_locations_read"])
    }

    /// # Errors
    /// [`Error::Forbidden`].
    pub fn may_write_workspace_locations(&self) -> Result<()> {
        self.writes(&["spark-admin:workspace_locations_write"])
    }

    /// # Errors
    /// [`Error::Forbidden`].
    pub fn may_read_workspaces(&self) -> Result<()> {
        self.reads(&["spark-admin:workspaces_read"])
    }

    /// # Errors
    /// [`Error::Forbidden`].
    pub fn may_write_workspaces(&self) -> Result<()> {
        self.writes(&["spark-admin:workspaces_write"])
    }

    /// # Errors
    /// [`Error::Forbidden`].
    pub fn may_read_devices(&self) -> Result<Sight> {
        self.require_scope(&DEVICES)?;
        self.sight(DEVICES[0])
    }

    /// # Errors
    /// [`Error::Forbidden`].
    pub fn may_write_devices(&self) -> Result<Sight> {
        self.require_scope(&DEVICES_WRITE)?;
        if self.has_scope(DEVICES_WRITE[0]) && self.require_device_write().is_ok() {
            return Ok(Sight::Organization);
        }
        self.require_scope(&DEVICES_WRITE[1..])?;
        Ok(Sight::Own)
    }

    /// Registering devices is for administrators.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub fn may_register_devices(&self) -> Result<()> {
        self.writes(&DEVICES_WRITE[..1])
    }

    /// # Errors
    /// [`Error::Forbidden`].
    pub fn may_read_people(&self) -> Result<Sight> {
        self.require_scope(&PEOPLE)?;
        self.sight(PEOPLE[0])
    }

    /// Creating, changing and deleting people asks for the scope to read them too.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub fn may_write_people(&self) -> Result<()> {
        self.require_scope(&["spark-admin:people_write"])?;
        if self.is_user_admin() {
            Ok(())
        } else {
            Err(Error::forbidden(
                "Only a full or user administrator of the organization may do this.",
            ))
        }
    }

    /// As [`may_write_people`](Self::may_write_people), for who is answered with a person.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub fn may_edit_people(&self) -> Result<()> {
        self.may_write_people()?;
        self.require_scope(&PEOPLE)
    }

    /// Whoever is no full administrator leaves full administrators alone, and whoever is no operator leaves
    /// operators alone: who may change an account's address may sign in as it.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub fn may_change(&self, person: &crate::org::Person) -> Result<()> {
        if person.operator && self.person != person.id && !self.is_operator() {
            return Err(Error::forbidden(
                "Only an operator of this Hallway may change an operator.",
            ));
        }
        if self.is_full_admin() || !person.roles.contains(&crate::org::Role::FullAdmin) {
            Ok(())
        } else {
            Err(Error::forbidden(
                "Only a full administrator may change a full administrator.",
            ))
        }
    }

    /// # Errors
    /// [`Error::Forbidden`].
    pub fn may_read_licenses(&self) -> Result<()> {
        self.reads(&["spark-admin:licenses_read"])
    }

    /// # Errors
    /// [`Error::Forbidden`].
    pub fn may_read_groups(&self) -> Result<()> {
        self.reads(&["identity:groups_read", "identity:groups_rw"])
    }

    /// # Errors
    /// [`Error::Forbidden`].
    pub fn may_write_groups(&self) -> Result<()> {
        self.require_scope(&["identity:groups_rw"])?;
        if self.is_user_admin() || self.roles.contains(&crate::org::Role::GroupAdmin) {
            Ok(())
        } else {
            Err(Error::forbidden(
                "Only a full, user or group administrator of the organization may do this.",
            ))
        }
    }

    /// The whole organization with the administrative scope in an administrator's hands; the user-level scope
    /// shows the caller's own.
    fn sight(&self, admin_scope: &str) -> Result<Sight> {
        if self.has_scope(admin_scope) && self.administers().is_ok() {
            return Ok(Sight::Organization);
        }
        let own = admin_scope.replacen("spark-admin:", "spark:", 1);
        self.require_scope(&[&own])?;
        Ok(Sight::Own)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::Arc;

    use hallway_wire::Timestamp;
    use hallway_wire::id::{ActivationId, AppId, OrgId, PersonId};

    use super::*;
    use crate::caller::Principal;
    use crate::org::{Person, PersonKind, Role};

    pub(crate) fn caller(roles: &[Role], scopes: &[&str], machine: bool) -> Caller {
        Caller {
            principal: Arc::new(Principal {
                org: OrgId::from_uuid(uuid::Uuid::nil()),
                person: PersonId::from_uuid(uuid::Uuid::nil()),
                name: "Ada".to_owned(),
                profile: Person {
                    roles: roles.to_vec(),
                    ..Person::new(
                        PersonId::from_uuid(uuid::Uuid::nil()),
                        OrgId::from_uuid(uuid::Uuid::nil()),
                        PersonKind::Person,
                        "ada@example.com",
                        "Ada",
                        Timestamp(0),
                    )
                },
                roles: roles.to_vec(),
                scopes: scopes.iter().map(|&scope| scope.to_owned()).collect(),
                machine: machine.then(|| (ActivationId::random(), AppId(uuid::Uuid::nil()))),
                may_manage: !machine,
                grant: uuid::Uuid::nil(),
                client_id: None,
                expires_ms: i64::MAX,
                token: [0; 8],
                home: None,
            }),
            tracking_id: Arc::from("test"),
            user_agent: None,
        }
    }

    #[test]
    fn administrative_scopes_need_an_administrator() {
        let read = &["spark-admin:devices_read"];
        assert_eq!(
            caller(&[Role::ReadOnlyAdmin], read, false)
                .may_read_devices()
                .unwrap(),
            Sight::Organization
        );
        assert_eq!(
            caller(&[], read, true).may_read_devices().unwrap(),
            Sight::Organization
        );
        assert!(caller(&[], read, false).may_read_devices().is_err());
        let user = &["spark:devices_read"];
        assert_eq!(caller(&[], user, false).may_read_devices().unwrap(), Sight::Own);
        assert_eq!(
            caller(&[Role::FullAdmin], &["spark:all"], false)
                .may_read_devices()
                .unwrap(),
            Sight::Own
        );
        assert!(
            caller(&[Role::FullAdmin], &["spark:people_read"], false)
                .may_read_devices()
                .is_err()
        );
    }

    #[test]
    fn readers_do_not_write() {
        let scopes = &[
            "spark-admin:workspaces_write",
            "spark-admin:devices_write",
            "spark-admin:locations_write",
        ];
        let reader = caller(&[Role::ReadOnlyAdmin], scopes, false);
        assert!(reader.may_write_workspaces().is_err());
        assert!(reader.may_write_locations().is_err());
        assert!(reader.may_write_devices().is_err());
        assert!(reader.may_register_devices().is_err());
        let admin = caller(&[Role::DeviceAdmin], scopes, false);
        assert!(admin.may_write_workspaces().is_ok());
        assert_eq!(admin.may_write_devices().unwrap(), Sight::Organization);
        assert!(admin.may_delete_organizations().is_err());
    }
}
