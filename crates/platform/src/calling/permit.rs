//! Which scope and role each group of calling operations asks for (oauth 5 and 6).

use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::org::Role;

const CONFIG_READ: &str = "spark-admin:telephony_config_read";
const CONFIG_WRITE: &str = "spark-admin:telephony_config_write";
const PSTN_READ: &str = "spark-admin:telephony_pstn_read";
const PSTN_WRITE: &str = "spark-admin:telephony_pstn_write";

impl Caller {
    fn reads_calling(&self) -> Result<()> {
        let reading = [
            Role::FullAdmin,
            Role::ReadOnlyAdmin,
            Role::UserAdmin,
            Role::LocationAdmin,
            Role::SupportAdmin,
        ];
        if self.machine.is_some() || self.roles.iter().any(|role| reading.contains(role)) {
            Ok(())
        } else {
            Err(Error::forbidden(
                "Only a full, read-only, user or location administrator may see this.",
            ))
        }
    }

    fn writes_calling(&self) -> Result<()> {
        let writing = [Role::FullAdmin, Role::LocationAdmin];
        if self.machine.is_some() || self.roles.iter().any(|role| writing.contains(role)) {
            Ok(())
        } else {
            Err(Error::forbidden(
                "Only a full or location administrator may change this.",
            ))
        }
    }

    /// # Errors
    /// [`Error::Forbidden`], as in all of these.
    pub fn may_read_calling(&self) -> Result<()> {
        self.require_scope(&[CONFIG_READ])?;
        self.reads_calling()
    }

    /// # Errors
    /// [`Error::Forbidden`].
    pub fn may_write_calling(&self) -> Result<()> {
        self.require_scope(&[CONFIG_WRITE])?;
        self.writes_calling()
    }

    /// Asking whether numbers would be good.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub fn may_validate_calling(&self) -> Result<()> {
        self.require_scope(&[CONFIG_WRITE, CONFIG_READ])?;
        self.reads_calling()
    }

    /// # Errors
    /// [`Error::Forbidden`].
    pub fn may_read_pstn(&self) -> Result<()> {
        self.require_scope(&[PSTN_READ])?;
        self.reads_calling()
    }

    /// Needs both scopes.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub fn may_write_pstn(&self) -> Result<()> {
        self.require_scope(&[PSTN_READ])?;
        self.require_scope(&[PSTN_WRITE])?;
        self.writes_calling()
    }

    /// Reading the numbers of a person.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub fn may_read_person_numbers(&self) -> Result<()> {
        self.require_scope(&["spark-admin:people_read"])?;
        self.reads_calling()
    }
}
