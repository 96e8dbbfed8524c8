//! Principals of tokens that were used lately, by the token's hash: a request costs one look here.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use hallway_wire::id::{OrgId, PersonId};
use uuid::Uuid;

use crate::caller::Principal;
use crate::platform::Platform;

/// Beyond this many, all are forgotten and looked up again.
const MAX_SESSIONS: usize = 100_000;

/// See the module documentation.
#[derive(Debug, Default)]
pub(crate) struct Sessions(RwLock<Remembered>);

#[derive(Debug, Default)]
struct Remembered {
    by_hash: HashMap<[u8; 32], Arc<Principal>>,
    /// Counts what was forgotten: who read the store before and comes late remembers nothing.
    forgotten: u64,
}

impl Sessions {
    fn read(&self) -> RwLockReadGuard<'_, Remembered> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Remembered> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The principal, or else what to say to [`put`](Self::put) once the store has been read.
    pub(super) fn get(&self, hash: &[u8; 32]) -> Result<Arc<Principal>, u64> {
        let sessions = self.read();
        sessions
            .by_hash
            .get(hash)
            .map(Arc::clone)
            .ok_or(sessions.forgotten)
    }

    /// Remembers a principal, unless something was forgotten since `seen`: it may be out of date already.
    pub(super) fn put(&self, hash: [u8; 32], seen: u64, principal: Arc<Principal>) {
        let mut sessions = self.write();
        if sessions.forgotten != seen {
            return;
        }
        if sessions.by_hash.len() >= MAX_SESSIONS {
            sessions.by_hash.clear();
        }
        sessions.by_hash.insert(hash, principal);
    }

    fn forget_where(&self, forget: impl Fn(&Principal) -> bool) {
        let mut sessions = self.write();
        sessions.forgotten = sessions.forgotten.wrapping_add(1);
        sessions.by_hash.retain(|_, principal| !forget(principal));
    }

    /// Forgets the tokens of a grant: their next use asks the store.
    pub(crate) fn forget(&self, grant: Uuid) {
        self.forget_where(|principal| principal.grant == grant);
    }

    /// Forgets the tokens of an organization, and those with which its people act in others.
    pub(crate) fn forget_org(&self, org: OrgId) {
        self.forget_where(|principal| principal.org == org || principal.profile.org == org);
    }

    /// Forgets the tokens that were made for a client.
    pub(crate) fn forget_client(&self, client_id: &str) {
        self.forget_where(|principal| principal.client_id.as_deref() == Some(client_id));
    }
}

impl Platform {
    /// Forgets what is remembered of a person's tokens. Call it after the commit that changed or deleted the
    /// person, or ended grants of it: the next use of each token asks the store.
    pub fn forget_sessions_of(&self, person: PersonId) {
        self.sessions.forget_where(|principal| principal.person == person);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::place::permit::tests::caller;

    #[test]
    fn who_comes_late_remembers_nothing() {
        let sessions = Sessions::default();
        let ada = caller(&[], &[], false).principal;
        let seen = sessions.get(&[1; 32]).unwrap_err();
        sessions.put([1; 32], seen, Arc::clone(&ada));
        assert!(sessions.get(&[1; 32]).is_ok());
        let seen = sessions.get(&[2; 32]).unwrap_err();
        sessions.forget(ada.grant);
        assert!(sessions.get(&[1; 32]).is_err());
        sessions.put([2; 32], seen, ada);
        assert!(sessions.get(&[2; 32]).is_err());
    }
}
