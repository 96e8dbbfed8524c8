//! Making and checking tokens.

use std::collections::BTreeSet;
use std::sync::Arc;

use hallway_wire::id::OrgId;
use hallway_wire::{Secret, Timestamp};

use super::{Grant, Token, TokenKind};
use crate::caller::Principal;
use crate::crypto::{random_text, sha256};
use crate::error::{Doing as _, Error, Result};
use crate::platform::Platform;

/// A token text: opaque, then a cluster word, then the organization, as the JavaScript SDK expects it.
pub(crate) fn token_text(prefix: &str, org: OrgId) -> Secret {
    Secret::new(format!("{prefix}{}_P0A1_{}", random_text(), org.uuid()))
}

/// A token's row.
pub(crate) fn token_row(
    text: &Secret,
    kind: TokenKind,
    grant: &Grant,
    now: Timestamp,
    life: std::time::Duration,
) -> Token {
    Token {
        hash: sha256(text.expose().as_bytes()),
        kind,
        grant: grant.id,
        scopes: grant.scopes.clone(),
        issued: now,
        expires: now.plus_millis(i64::try_from(life.as_millis()).unwrap_or(i64::MAX)),
    }
}

/// What a token allows: what it was issued with, as far as it is still granted. An integration of devices keeps
/// what its token was issued with.
fn effective(scopes: Vec<String>, grant: &Grant) -> BTreeSet<String> {
    let granted = |scope: &String| grant.activation.is_some() || grant.scopes.contains(scope);
    scopes.into_iter().filter(granted).collect()
}

impl Platform {
    /// The principal of a bearer token.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] where the token is unknown, revoked or has ended.
    pub async fn authenticate(&self, bearer: &str) -> Result<Arc<Principal>> {
        let hash = sha256(bearer.as_bytes());
        let now = self.now();
        let seen = match self.sessions.get(&hash) {
            Ok(principal) if principal.expires_ms > now.millis() => {
                self.standings.check(principal.org)?;
                return Ok(principal);
            }
            Ok(_) => return Err(Error::Unauthenticated),
            Err(seen) => seen,
        };
        let token = self
            .store
            .token(hash)
            .await
            .doing("looking up a token")?
            .ok_or(Error::Unauthenticated)?;
        if token.kind != TokenKind::Access || token.expires <= now {
            return Err(Error::Unauthenticated);
        }
        let grant = self
            .store
            .grant(token.grant)
            .await
            .doing("looking up a grant")?
            .ok_or(Error::Unauthenticated)?;
        self.standings.check(grant.org)?;
        let person = self
            .store
            .person(grant.person)
            .await
            .doing("looking up a token's owner")?;
        // Who may not sign in any more has no use of tokens either.
        let person = person
            .filter(|person| person.login_enabled && person.org == grant.org)
            .ok_or(Error::Unauthenticated)?;
        let machine = match grant.activation {
            None => None,
            Some(id) => {
                let activation = self
                    .store
                    .activation_by_id(id)
                    .await
                    .doing("looking up an activation")?;
                Some(activation.map(|a| (a.id, a.app)).ok_or(Error::Unauthenticated)?)
            }
        };
        let mut short = [0; 8];
        short.copy_from_slice(&hash[..8]);
        let principal = Arc::new(Principal {
            org: grant.org,
            person: person.id,
            name: person.display_name.clone(),
            roles: person.roles.clone(),
            profile: person,
            scopes: effective(token.scopes, &grant),
            machine,
            may_manage: grant.client_id.is_none() && !grant.limited,
            grant: grant.id,
            client_id: grant.client_id.clone(),
            expires_ms: token.expires.millis(),
            token: short,
            home: None,
        });
        self.sessions.put(hash, seen, Arc::clone(&principal));
        Ok(principal)
    }
}
