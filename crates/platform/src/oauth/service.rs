//! Issuing, refreshing and checking tokens.

use std::collections::BTreeSet;
use std::sync::Arc;

use hallway_wire::id::{OrgId, PersonId};
use hallway_wire::token::TokenResponse;
use hallway_wire::{Secret, Timestamp};
use uuid::Uuid;

use super::{Grant, Token, TokenKind};
use crate::caller::Principal;
use crate::crypto::{random_text, same_hash, sha256};
use crate::error::{Doing as _, Error, Result};
use crate::org::Role;
use crate::platform::Platform;
use crate::ports::Write;

/// A refresh extends the refresh token's life only if the last extension is at least this old (oauth 3 and
/// workspace-integrations 7).
const EXTEND_EVERY_MS: i64 = 24 * 3_600_000;

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

fn invalid_grant(description: &str) -> Error {
    Error::OAuth {
        error: "invalid_grant",
        description: description.to_owned(),
    }
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
            Ok(principal) if principal.expires_ms > now.millis() => return Ok(principal),
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
        let person = self
            .store
            .person(grant.person)
            .await
            .doing("looking up a token's owner")?;
        let person = person.filter(|person| person.login_enabled);
        let person = person.ok_or(Error::Unauthenticated)?;
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
        });
        self.sessions.put(hash, seen, Arc::clone(&principal));
        Ok(principal)
    }

    /// Exchanges a refresh token for an access token. The refresh token stays as it is, and the access tokens
    /// that were issued before stay good until their own end.
    ///
    /// # Errors
    /// [`Error::InvalidClient`] where client id and secret do not fit; [`Error::OAuth`] otherwise.
    pub async fn refresh(
        &self,
        client_id: &str,
        client_secret: &Secret,
        refresh_token: &Secret,
    ) -> Result<TokenResponse> {
        let now = self.now();
        let client = self
            .store
            .integration_of_client(client_id)
            .await
            .doing("looking up an OAuth client")?;
        // An unknown client costs the same comparison as a wrong secret.
        let expected = client
            .as_ref()
            .map_or([0; 32], |client| client.client_secret_hash);
        let same = same_hash(&expected, &sha256(client_secret.expose().as_bytes()));
        if !same || client.is_none() {
            if let Some(client) = client {
                let what = format!("sent a wrong client secret for the client {client_id}");
                self.note_failed_login(client.org, None, what).await?;
            }
            return Err(Error::InvalidClient);
        }
        let unknown = || invalid_grant("the refresh token is unknown, expired or revoked");
        let hash = sha256(refresh_token.expose().as_bytes());
        let token = self
            .store
            .token(hash)
            .await
            .doing("looking up a refresh token")?
            .ok_or_else(unknown)?;
        if token.kind != TokenKind::Refresh || token.expires <= now {
            return Err(unknown());
        }
        let grant = self
            .store
            .grant(token.grant)
            .await
            .doing("looking up a grant")?
            .ok_or_else(unknown)?;
        if grant.client_id.as_deref() != Some(client_id) {
            return Err(unknown());
        }
        if let Some(id) = grant.activation {
            let activation = self
                .store
                .activation_by_id(id)
                .await
                .doing("looking up an activation")?;
            let activation = activation.ok_or_else(unknown)?;
            if activation.expires.is_some_and(|expires| expires <= now) {
                return Err(invalid_grant(
                    "the activation code has expired: ask the administrator to activate the integration again",
                ));
            }
        }
        let access = token_text("hw", grant.org);
        let mut writes = vec![Write::PutToken(token_row(
            &access,
            TokenKind::Access,
            &grant,
            now,
            self.config.access_token_life,
        ))];
        let mut refresh_row = token;
        if now.millis() - refresh_row.issued.millis() >= EXTEND_EVERY_MS {
            refresh_row = token_row(
                refresh_token,
                TokenKind::Refresh,
                &grant,
                now,
                self.config.refresh_token_life,
            );
            writes.push(Write::PutToken(refresh_row.clone()));
        }
        let owner = self.person_of_id(grant.org, grant.person).await?;
        writes.push(crate::audit::security(
            grant.org,
            now,
            "token.refreshed",
            owner.as_ref(),
            None,
            format!("got an access token for the client {client_id}"),
        ));
        self.store.commit(writes).await.doing("storing a token")?;
        Ok(TokenResponse {
            access_token: access,
            expires_in: i64::try_from(self.config.access_token_life.as_secs()).unwrap_or(i64::MAX),
            refresh_token: refresh_token.clone(),
            refresh_token_expires_in: (refresh_row.expires.millis() - now.millis()) / 1000,
            token_type: "Bearer".to_owned(),
            scope: grant.scopes.join(" "),
        })
    }

    /// Writes that give a person a personal access token with every known scope, and the token.
    pub(crate) fn personal_token(
        &self,
        org: OrgId,
        person: PersonId,
        now: Timestamp,
    ) -> (Secret, Vec<Write>) {
        let grant = Grant {
            id: Uuid::new_v4(),
            org,
            person,
            client_id: None,
            activation: None,
            scopes: hallway_wire::manifest::scopes::KNOWN
                .iter()
                .map(|&scope| scope.to_owned())
                .collect(),
            created: now,
            standing: false,
            limited: false,
        };
        let text = token_text("hw", org);
        let row = token_row(
            &text,
            TokenKind::Access,
            &grant,
            now,
            self.config.admin_token_life,
        );
        (text, vec![Write::PutGrant(grant), Write::PutToken(row)])
    }

    /// A new personal access token for an administrator, by who holds the data directory.
    ///
    /// # Errors
    /// There is no such person, or it is no administrator.
    pub async fn issue_admin_token(&self, person: PersonId) -> Result<Secret> {
        let now = self.now();
        let owner = self.store.person(person).await.doing("looking up a person")?;
        let owner = owner.ok_or(Error::NotFound { what: "person" })?;
        if !owner.roles.contains(&Role::FullAdmin) {
            return Err(Error::forbidden("This person is not a full administrator."));
        }
        let (text, mut writes) = self.personal_token(owner.org, person, now);
        writes.push(crate::audit::by_system(
            owner.org,
            now,
            "token.issued",
            &owner.display_name,
            format!("issued a personal access token to {}", owner.display_name),
        ));
        writes.push(crate::audit::security(
            owner.org,
            now,
            "token.issued",
            Some(&owner),
            None,
            "got a personal access token".to_owned(),
        ));
        self.store.commit(writes).await.doing("storing a token")?;
        Ok(text)
    }
}
