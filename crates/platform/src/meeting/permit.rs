//! Who may see and change meetings and recordings.

use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::org::PersonKind;

const READ: [&str; 2] = ["meeting:schedules_read", "meeting:admin_schedule_read"];
const WRITE: [&str; 2] = ["meeting:schedules_write", "meeting:admin_schedule_write"];
const READ_RECORDINGS: [&str; 2] = ["meeting:recordings_read", "meeting:admin_recordings_read"];
const WRITE_RECORDINGS: [&str; 2] = ["meeting:recordings_write", "meeting:admin_recordings_write"];

/// What of the organization's meetings a caller reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Those of everybody: the caller may name a host.
    Everybody,
    /// Those in which the caller is host, or invited, or took part.
    Own,
}

impl Caller {
    /// A service app acts inside the scopes that an administrator accepted.
    fn is_service_app(&self) -> bool {
        self.profile.kind == PersonKind::ServiceApp
    }

    fn reach(&self, scopes: &[&str; 2], administers: bool) -> Result<Reach> {
        self.require_scope(scopes)?;
        if self.has_scope(scopes[1]) && administers {
            return Ok(Reach::Everybody);
        }
        if self.has_scope(scopes[0]) && (self.is_human() || self.is_bot()) {
            return Ok(Reach::Own);
        }
        Err(Error::forbidden(
            "Only a person, or an administrator for others, may do this.",
        ))
    }

    /// # Errors
    /// [`Error::Forbidden`], as in all of these.
    pub fn may_read_meetings(&self) -> Result<Reach> {
        self.reach(&READ, self.is_reading_admin() || self.is_service_app())
    }

    /// # Errors
    /// [`Error::Forbidden`].
    pub fn may_write_meetings(&self) -> Result<Reach> {
        self.reach(&WRITE, self.is_full_admin() || self.is_service_app())
    }

    /// # Errors
    /// [`Error::Forbidden`].
    pub fn may_read_recordings(&self) -> Result<Reach> {
        let officer = self.is_compliance_officer();
        self.reach(
            &READ_RECORDINGS,
            self.is_reading_admin() || officer || self.is_service_app(),
        )
    }

    /// # Errors
    /// [`Error::Forbidden`].
    pub fn may_write_recordings(&self) -> Result<Reach> {
        let officer = self.is_compliance_officer();
        self.reach(
            &WRITE_RECORDINGS,
            self.is_full_admin() || officer || self.is_service_app(),
        )
    }
}
