//! Grants for devices that have no browser (oauth 3, RFC 8628): the device shows a code, and a person types it
//! on a page elsewhere.

use hallway_wire::id::{OrgId, PersonId};
use hallway_wire::token::{DeviceAuthorization, TokenResponse};
use hallway_wire::{Secret, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::codes::asked_scopes;
use super::guesses::{MOST_DEVICE_STARTS, MOST_USER_CODES};
use super::sign_in::SignedIn;
use super::{Grant, expiry_key, hashed_key, invalid_grant};
use crate::crypto::{random, random_text, same_hash, sha256};
use crate::error::{Error, Result};
use crate::platform::Platform;
use crate::ports::{Key, Write};
use crate::records::{Document, Kept, put_new};

/// Seconds between two polls; each one that comes too early adds as many.
const INTERVAL_S: i64 = 5;

/// A device that waits for a person. Its id is the hash of the user code, with which its device code begins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct WaitingDevice {
    key: String,
    /// The developer's.
    org: OrgId,
    client_id: String,
    /// SHA-256 of the whole device code.
    device_code: [u8; 32],
    scopes: Vec<String>,
    expires: Timestamp,
    interval_s: i64,
    last_poll: Option<Timestamp>,
    answer: Option<Said>,
}

/// What the person said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Said {
    Yes {
        org: OrgId,
        person: PersonId,
    },
    No,
    /// The tokens were fetched.
    Done {
        grant: Uuid,
    },
}

impl Document for WaitingDevice {
    const KIND: &'static str = "waiting_device";
    const NOUN: &'static str = "device code";
    fn org(&self) -> OrgId {
        self.org
    }
    fn id(&self) -> String {
        self.key.clone()
    }
    fn keys(&self) -> Vec<Key> {
        vec![expiry_key(self.expires)]
    }
}

/// What the page shows a person who typed a user code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceAsks {
    pub user_code: String,
    pub app_name: String,
    pub developer_org: OrgId,
    pub scopes: Vec<String>,
}

/// Consonants: no code spells a word.
const ALPHABET: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";

/// Eight letters in two groups: 34 bits.
fn new_user_code() -> String {
    let mut text = String::with_capacity(9);
    while text.len() < 9 {
        for byte in random::<32>() {
            // 240 = 12 * 20: bytes above would make some letters likelier than others.
            if byte < 240 && text.len() < 9 {
                if text.len() == 4 {
                    text.push('-');
                }
                text.push(char::from(ALPHABET[usize::from(byte % 20)]));
            }
        }
    }
    text
}

/// A user code as it was meant, however it was typed.
fn plain(code: &str) -> String {
    code.chars()
        .filter(char::is_ascii_alphabetic)
        .take(32)
        .map(|c| c.to_ascii_uppercase())
        .collect()
}

fn refused(error: &'static str, description: &str) -> Error {
    Error::OAuth {
        error,
        description: description.to_owned(),
    }
}

impl Platform {
    /// Starts a flow. The secret is checked where the client sends one: devices cannot keep it.
    ///
    /// # Errors
    /// [`Error::InvalidClient`]; a scope that is not registered.
    pub async fn start_device_flow(
        &self,
        client_id: &str,
        client_secret: Option<&Secret>,
        scope: &str,
    ) -> Result<DeviceAuthorization> {
        if let Some(secret) = client_secret {
            self.proven_client(client_id, secret).await?;
        }
        let app = self.grantable(client_id).await?.ok_or(Error::InvalidClient)?;
        let scopes = asked_scopes(scope, &app.scopes).map_err(|scope| {
            refused(
                "invalid_scope",
                &format!("the integration did not register {scope}"),
            )
        })?;
        let life = self.config.device_flow_life;
        let now = self.now();
        let kind = format!("device {client_id}");
        self.guesses.check(&kind, MOST_DEVICE_STARTS, now)?;
        self.guesses.missed(&kind, now);
        self.retrying(|| async {
            let user_code = new_user_code();
            let key = hashed_key(&plain(&user_code));
            let device_code = Secret::new(format!("{key}{}", random_text()));
            let record = WaitingDevice {
                key,
                org: app.org,
                client_id: client_id.to_owned(),
                device_code: sha256(device_code.expose().as_bytes()),
                scopes: scopes.clone(),
                expires: now.plus_millis(i64::try_from(life.as_millis()).unwrap_or(i64::MAX)),
                interval_s: INTERVAL_S,
                last_poll: None,
                answer: None,
            };
            // A code that is waited for already is stale: another one is made.
            self.commit(vec![put_new(&record)?]).await?;
            let page = format!("{}/v1/device", self.config.public_url);
            Ok(DeviceAuthorization {
                device_code,
                verification_uri_complete: format!("{page}?user_code={user_code}"),
                verification_uri: page,
                user_code,
                expires_in: i64::try_from(life.as_secs()).unwrap_or(i64::MAX),
                interval: INTERVAL_S,
            })
        })
        .await
    }

    /// A device asks whether the person has answered.
    ///
    /// # Errors
    /// [`Error::OAuth`] with `authorization_pending`, `slow_down`, `access_denied`, `expired_token` or
    /// `invalid_grant`.
    pub async fn poll_device_flow(
        &self,
        client_id: &str,
        client_secret: Option<&Secret>,
        device_code: &Secret,
    ) -> Result<TokenResponse> {
        if let Some(secret) = client_secret {
            self.proven_client(client_id, secret).await?;
        }
        let app = self.grantable(client_id).await?.ok_or(Error::InvalidClient)?;
        let unknown = || invalid_grant("the device code is unknown or was used already");
        let key = device_code.expose().get(..64).ok_or_else(unknown)?;
        self.retrying(|| async {
            let now = self.now();
            let found = self
                .get_anywhere::<WaitingDevice>(key)
                .await?
                .ok_or_else(unknown)?;
            let same = same_hash(&found.device_code, &sha256(device_code.expose().as_bytes()));
            if !same || found.client_id != client_id {
                return Err(unknown());
            }
            if let Some(Said::Done { grant }) = &found.answer {
                // As with codes: who comes twice has stolen it.
                self.commit(vec![Write::DeleteGrant(*grant)]).await?;
                self.sessions.forget(*grant);
                return Err(unknown());
            }
            if found.expires <= now {
                return Err(refused(
                    "expired_token",
                    "the device code has expired: start anew",
                ));
            }
            let early = found
                .last_poll
                .is_some_and(|last| now.millis() < last.millis() + found.interval_s * 1000);
            let mut polled = found.doc.clone();
            polled.last_poll = Some(now);
            if early {
                polled.interval_s = found.interval_s.saturating_add(INTERVAL_S).min(3600);
                self.commit(vec![found.put(&polled)?]).await?;
                let wait = format!("wait {} s between two polls", polled.interval_s);
                return Err(refused("slow_down", &wait));
            }
            match found.answer.clone() {
                Some(Said::No) => Err(refused("access_denied", "the person said no")),
                Some(Said::Yes { org, person }) => {
                    let grant = Grant {
                        id: Uuid::new_v4(),
                        org,
                        person,
                        client_id: Some(client_id.to_owned()),
                        activation: None,
                        scopes: found.scopes.clone(),
                        created: now,
                        standing: false,
                        limited: false,
                    };
                    let (answer, tokens) = self.token_pair(&grant, now);
                    polled.answer = Some(Said::Done { grant: grant.id });
                    let mut writes = vec![found.put(&polled)?, app.demand(), Write::PutGrant(grant)];
                    writes.extend(tokens);
                    self.commit(writes).await?;
                    Ok(answer)
                }
                _ => {
                    self.commit(vec![found.put(&polled)?]).await?;
                    Err(refused(
                        "authorization_pending",
                        "the person has not answered yet",
                    ))
                }
            }
        })
        .await
    }

    async fn waiting_device(&self, who: &SignedIn, user_code: &str) -> Result<Option<Kept<WaitingDevice>>> {
        let kind = format!("user-code {}", who.person.uuid());
        self.guesses.check(&kind, MOST_USER_CODES, self.now())?;
        let found = self
            .get_anywhere::<WaitingDevice>(&hashed_key(&plain(user_code)))
            .await?;
        let found = found.filter(|found| found.answer.is_none() && found.expires > self.now());
        if found.is_none() {
            self.guesses.missed(&kind, self.now());
        }
        Ok(found)
    }

    /// What a device asks for, by the code that the person typed. `None`: nothing waits for this code.
    ///
    /// # Errors
    /// Too many wrong codes lately.
    pub async fn device_asks(&self, who: &SignedIn, user_code: &str) -> Result<Option<DeviceAsks>> {
        let Some(found) = self.waiting_device(who, user_code).await? else {
            return Ok(None);
        };
        let Some(app) = self.grantable(&found.client_id).await? else {
            return Ok(None);
        };
        let code = plain(user_code);
        let (one, other) = code.split_at_checked(4).unwrap_or((&code, ""));
        Ok(Some(DeviceAsks {
            user_code: format!("{one}-{other}"),
            app_name: app.name.clone(),
            developer_org: app.org,
            scopes: found.scopes.clone(),
        }))
    }

    /// What the person says to a device. Returns whether it still waited.
    ///
    /// # Errors
    /// Too many wrong codes lately.
    pub async fn answer_device(&self, who: &SignedIn, user_code: &str, yes: bool) -> Result<bool> {
        self.retrying(|| async {
            let Some(found) = self.waiting_device(who, user_code).await? else {
                return Ok(false);
            };
            let Some(app) = self.grantable(&found.client_id).await? else {
                return Ok(false);
            };
            let mut changed = found.doc.clone();
            let (event, what) = if yes {
                let asked = found.scopes.join(" ");
                (
                    "authorization.granted",
                    format!("granted {asked} to {} on a device", app.name),
                )
            } else {
                (
                    "authorization.denied",
                    format!("granted nothing to {} on a device", app.name),
                )
            };
            changed.answer = Some(match yes {
                true => Said::Yes {
                    org: who.org,
                    person: who.person,
                },
                false => Said::No,
            });
            let entry = who.entry(self.now(), event, &app.name, what);
            self.commit(vec![found.put(&changed)?, entry]).await?;
            Ok(true)
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_code_may_be_typed_as_one_likes() {
        let code = new_user_code();
        assert_eq!((code.len(), code.find('-')), (9, Some(4)));
        assert_eq!(plain(&format!(" {} ", code.to_lowercase())), plain(&code));
        assert_eq!(plain(&code).len(), 8);
    }
}
