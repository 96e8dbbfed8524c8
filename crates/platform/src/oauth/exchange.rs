//! The token endpoint: codes and refresh tokens become access tokens (oauth 3).

use hallway_wire::token::TokenResponse;
use hallway_wire::{Secret, Timestamp};

use super::clients::Client;
use super::codes::AuthCode;
use super::{Grant, Token, TokenKind, invalid_grant, token_row, token_text};
use crate::audit;
use crate::crypto::{same_hash, sha256};
use crate::error::{Doing as _, Result};
use crate::platform::Platform;
use crate::ports::Write;

/// A refresh of a workspace integration extends its refresh token's life only if the last extension is at least
/// this old (workspace-integrations 7).
const EXTEND_EVERY_MS: i64 = 24 * 3_600_000;

fn seconds(life: std::time::Duration) -> i64 {
    i64::try_from(life.as_secs()).unwrap_or(i64::MAX)
}

impl Platform {
    /// A new access and refresh token of an application's grant, and the writes that keep them.
    pub(crate) fn token_pair(&self, grant: &Grant, now: Timestamp) -> (TokenResponse, Vec<Write>) {
        let refresh = token_text("hwr", grant.org);
        let life = self.config.app_refresh_token_life;
        let row = token_row(&refresh, TokenKind::Refresh, grant, now, life);
        let (answer, mut writes) = self.renewed(grant, refresh, row.expires, now);
        writes.push(Write::PutToken(row));
        (answer, writes)
    }

    /// A new access token beside a refresh token that stays.
    fn renewed(
        &self,
        grant: &Grant,
        refresh: Secret,
        refresh_ends: Timestamp,
        now: Timestamp,
    ) -> (TokenResponse, Vec<Write>) {
        let life = match grant.activation {
            Some(_) => self.config.access_token_life,
            None => self.config.app_access_token_life,
        };
        let access = token_text("hw", grant.org);
        let row = token_row(&access, TokenKind::Access, grant, now, life);
        let answer = TokenResponse {
            access_token: access,
            expires_in: seconds(life),
            refresh_token: refresh,
            refresh_token_expires_in: (refresh_ends.millis() - now.millis()) / 1000,
            token_type: "Bearer".to_owned(),
            scope: grant.scopes.join(" "),
        };
        (answer, vec![Write::PutToken(row)])
    }

    /// Exchanges a refresh token for an access token. The refresh token stays as it is, and the access tokens
    /// that were issued before stay good until their own end.
    ///
    /// # Errors
    /// [`Error::InvalidClient`](crate::Error::InvalidClient) where client id and secret do not fit;
    /// [`Error::OAuth`](crate::Error::OAuth) otherwise.
    pub async fn refresh(
        &self,
        client_id: &str,
        client_secret: &Secret,
        refresh_token: &Secret,
    ) -> Result<TokenResponse> {
        let now = self.now();
        self.proven_client(client_id, client_secret).await?;
        let unknown = || invalid_grant("the refresh token is unknown, expired or revoked");
        let hash = sha256(refresh_token.expose().as_bytes());
        let token = self.store.token(hash).await.doing("looking up a refresh token")?;
        let token = token.ok_or_else(unknown)?;
        if token.kind != TokenKind::Refresh || token.expires <= now {
            return Err(unknown());
        }
        let grant = self.store.grant(token.grant).await.doing("looking up a grant")?;
        let grant = grant.ok_or_else(unknown)?;
        if grant.client_id.as_deref() != Some(client_id) {
            return Err(unknown());
        }
        self.standings.check(grant.org)?;
        if let Some(id) = grant.activation {
            let activation = self.store.activation_by_id(id).await;
            let activation = activation
                .doing("looking up an activation")?
                .ok_or_else(unknown)?;
            if activation.expires.is_some_and(|expires| expires <= now) {
                return Err(invalid_grant(
                    "the activation code has expired: ask the administrator to activate the integration again",
                ));
            }
        }
        let extended = self.extended(&token, refresh_token, &grant, now);
        let ends = extended.as_ref().map_or(token.expires, |row| row.expires);
        let (answer, mut writes) = self.renewed(&grant, refresh_token.clone(), ends, now);
        writes.extend(extended.map(Write::PutToken));
        let owner = self.person_of_id(grant.org, grant.person).await?;
        let what = format!("got an access token for the client {client_id}");
        writes.push(audit::security(
            grant.org,
            now,
            "token.refreshed",
            owner.as_ref(),
            None,
            what,
        ));
        match self.commit(writes).await {
            // The grant ended meanwhile.
            Err(crate::Error::Conflict { .. }) => Err(unknown()),
            done => done.map(|()| answer),
        }
    }

    /// The row of a refresh token that lives longer from now on. Each refresh of an application renews it.
    fn extended(&self, token: &Token, text: &Secret, grant: &Grant, now: Timestamp) -> Option<Token> {
        let life = match grant.activation {
            None => self.config.app_refresh_token_life,
            Some(_) if now.millis() - token.issued.millis() >= EXTEND_EVERY_MS => {
                self.config.refresh_token_life
            }
            Some(_) => return None,
        };
        Some(token_row(text, TokenKind::Refresh, grant, now, life))
    }

    /// Exchanges an authorization code for tokens, once. Who comes with it again ends what it gave: one of the
    /// two has stolen it.
    ///
    /// # Errors
    /// [`Error::InvalidClient`](crate::Error::InvalidClient) where client id and secret do not fit;
    /// [`Error::OAuth`](crate::Error::OAuth) otherwise.
    pub async fn exchange_code(
        &self,
        client_id: &str,
        client_secret: &Secret,
        code: &Secret,
        redirect_uri: Option<&str>,
        verifier: Option<&Secret>,
    ) -> Result<TokenResponse> {
        let Client::Application(_) = self.proven_client(client_id, client_secret).await? else {
            return Err(invalid_grant("this client gets no authorization codes"));
        };
        let unknown = || invalid_grant("the authorization code is unknown, expired or was used already");
        let key = AuthCode::key(code);
        self.retrying(|| async {
            let now = self.now();
            let found = self.get_anywhere::<AuthCode>(&key).await?.ok_or_else(unknown)?;
            if found.client_id != client_id {
                return Err(unknown());
            }
            if let Some(grant) = found.used {
                self.commit(vec![Write::DeleteGrant(grant)]).await?;
                self.sessions.forget(grant);
                tracing::warn!(
                    client_id,
                    "an authorization code came twice: its tokens were revoked"
                );
                return Err(unknown());
            }
            if found.expires <= now {
                return Err(unknown());
            }
            self.standings.check(found.org)?;
            if redirect_uri != Some(found.redirect_uri.as_str()) {
                return Err(invalid_grant(
                    "redirect_uri is not the one that the code was sent to",
                ));
            }
            if let Err(what) = found.check_verifier(verifier) {
                return Err(invalid_grant(what));
            }
            let app = self.grantable(client_id).await?.ok_or_else(unknown)?;
            let grant = Grant {
                id: uuid::Uuid::new_v4(),
                org: found.org,
                person: found.person,
                client_id: Some(client_id.to_owned()),
                activation: None,
                scopes: found.scopes.clone(),
                created: now,
                standing: false,
                limited: false,
            };
            let (answer, tokens) = self.token_pair(&grant, now);
            let mut used = found.doc.clone();
            used.used = Some(grant.id);
            // An app that is deleted meanwhile gets nothing.
            let mut writes = vec![found.put(&used)?, app.demand(), Write::PutGrant(grant)];
            writes.extend(tokens);
            self.commit(writes).await?;
            Ok(answer)
        })
        .await
    }
}

/// Whether a verifier belongs to a challenge (RFC 7636, section 4.6).
pub(super) fn verifies(challenge: &str, plain: bool, verifier: &str) -> bool {
    use base64::Engine as _;
    let computed = if plain {
        verifier.to_owned()
    } else {
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(sha256(verifier.as_bytes()))
    };
    same_hash(&sha256(computed.as_bytes()), &sha256(challenge.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7636, appendix B.
    #[test]
    fn the_challenge_of_the_rfc() {
        let (verifier, challenge) = (
            "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        );
        assert!(verifies(challenge, false, verifier));
        assert!(!verifies(challenge, true, verifier));
        assert!(!verifies(challenge, false, challenge));
        assert!(verifies(verifier, true, verifier));
    }
}
