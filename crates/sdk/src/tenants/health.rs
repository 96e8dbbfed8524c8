//! How tenants are.

use hallway_wire::Timestamp;

use super::tenant::TenantId;
use crate::error::Error;

/// Where a tenant stands.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum State {
    /// It is being connected for the first time since it was added, or since the start.
    Connecting,
    /// All is well.
    Connected,
    /// It cannot be reached now; this is tried again by itself.
    Troubled(Error),
    /// The service refuses it: the organization must activate the integration again, or something here is set up
    /// wrongly. It is tried again by itself, but seldom.
    Refused(Error),
}

impl State {
    /// What an error means for a tenant.
    pub(super) fn of(error: Error) -> Self {
        let passes = error.is_temporary() || matches!(error, Error::Store(_) | Error::Protocol(_));
        if passes {
            Self::Troubled(error)
        } else {
            Self::Refused(error)
        }
    }

    /// Whether notifications come, and requests are answered.
    pub fn is_well(&self) -> bool {
        matches!(self, Self::Connected)
    }

    /// Why not.
    pub fn error(&self) -> Option<&Error> {
        match self {
            Self::Troubled(error) | Self::Refused(error) => Some(error),
            Self::Connecting | Self::Connected => None,
        }
    }
}

/// How a tenant is.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Health {
    /// Which tenant.
    pub id: TenantId,
    /// What its organization was called when it activated the integration; known once it was connected.
    pub org_name: Option<String>,
    /// Where it stands.
    pub state: State,
    /// Since when.
    pub since: Timestamp,
    /// How many of its notifications are being handled now.
    pub handling: usize,
    /// How many were handled since the start.
    pub handled: u64,
    /// How often a notification could not be handled since the start. Each comes again, so one may count often.
    pub failed: u64,
    /// When the last one was handed out.
    pub last: Option<Timestamp>,
}
