//! Actions: what the service tells an integration about itself (workspace-integrations 9).

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;

use super::app::{AppUpdate, OperationalState};
use super::grants::Grants;
use super::{Integration, Listening};
use crate::error::{Error, Result};
use crate::jwt::{Claims, CodeError, Said};
use crate::sync::lock;

/// Something that the service told the integration about itself. This crate has done what there is to do by the
/// time an author hears of it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Action {
    /// A new version of the manifest is in force; what is granted now was read again.
    UpdateApproved {
        /// Which version.
        manifest_version: u64,
        /// What is granted now.
        grants: Arc<Grants>,
    },
    /// Addresses or the refresh token changed; they are stored, and in use.
    Updated,
    /// The integration was deactivated. Its tokens are about to end: forget what belongs to this organization.
    Deprovisioned,
    /// An administrator asked how the integration is, and was answered.
    HealthCheck,
}

/// How an action came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// In the queue, beside notifications.
    Queue,
    /// Posted to the actions URL.
    Post,
}

/// What a health check that was posted is answered with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HealthAnswer {
    /// How the integration feels.
    pub operational_state: OperationalState,
    /// `valid`, `invalid` or `unknown`.
    pub tokens_state: &'static str,
}

/// An action that was posted may be this old, and its clock this far ahead.
const OLDEST: i64 = 5 * 60;
const AHEAD: i64 = 60;
/// So long an action is remembered: longer than it is good.
const REMEMBERED: Duration = Duration::from_secs(15 * 60);
/// So many are remembered at most; an organization has a few a day.
const MOST: usize = 4096;

/// The JWTs that were taken.
#[derive(Debug, Default)]
pub(super) struct Seen(HashMap<String, Instant>);

impl Seen {
    /// Takes one; `false`: it was taken before.
    fn take(&mut self, jti: &str) -> bool {
        let now = Instant::now();
        self.0.retain(|_, at| now.duration_since(*at) < REMEMBERED);
        if self.0.len() >= MOST || self.0.contains_key(jti) {
            return false;
        }
        self.0.insert(jti.to_owned(), now);
        true
    }
}

impl Integration {
    /// Verifies an action and does what it demands: reads again what is granted, stores a new refresh token,
    /// answers a health check, ends. `None`: it was done before, over another way.
    ///
    /// The poller and the tower service call this; only who receives actions in another way needs to, and then
    /// calls [`forget`](Self::forget) after [`Action::Deprovisioned`].
    ///
    /// # Errors
    /// [`Error::Code`]: it is no action of the service for this integration. Others: it could not be done, and may
    /// be tried again.
    pub async fn act(&self, jwt: &str, via: Via) -> Result<Option<Action>> {
        let claims = self.verified(jwt, via).await?;
        if !lock(&self.0.seen).take(&claims.jti) {
            return Ok(None);
        }
        let jti = claims.jti.clone();
        let done = self.carry_out(claims, via).await;
        if done.is_err() {
            lock(&self.0.seen).0.remove(&jti);
        }
        done.map(Some)
    }

    /// What a health check that was posted is answered with: whether the tokens work is tried out.
    pub async fn health(&self) -> HealthAnswer {
        let operational_state = lock(&self.0.health).clone();
        match self.refresh().await {
            Ok(_) => HealthAnswer {
                operational_state,
                tokens_state: "valid",
            },
            Err(Error::Unauthorized(_)) => HealthAnswer {
                operational_state: OperationalState::TokenInvalid,
                tokens_state: "invalid",
            },
            Err(error) => {
                tracing::warn!(%error, "the health check could not try the tokens out");
                HealthAnswer {
                    operational_state,
                    tokens_state: "unknown",
                }
            }
        }
    }

    /// Verifies a JWT that is meant for this integration, now.
    pub(super) async fn verified(&self, jwt: &str, via: Via) -> Result<Claims> {
        let claims = self.0.keys.verify(jwt).await?;
        let provisioning = self.provisioning();
        if claims.app_id != provisioning.app_id {
            return Err(CodeError::Foreign("integration").into());
        }
        if !claims.sub.names_same(&provisioning.org_id) && !moved(&claims.said) {
            return Err(CodeError::Foreign("organization").into());
        }
        let age = self.clock().now().seconds().saturating_sub(claims.iat);
        // What comes over the integration's own queue is fresh by being there; what is posted could be anybody's
        // copy.
        if age < -AHEAD || (via == Via::Post && age > OLDEST) {
            return Err(CodeError::Time.into());
        }
        if via == Via::Queue && claims.iat < provisioning.code_made {
            // What was fetched before the integration was activated anew is of its former life.
            return Err(CodeError::Replayed.into());
        }
        Ok(claims)
    }

    async fn carry_out(&self, claims: Claims, via: Via) -> Result<Action> {
        match claims.said {
            Said::UpdateApproved {
                manifest_version,
                signage_url,
                pwa_url,
                ..
            } => {
                for url in signage_url.iter().chain(&pwa_url) {
                    self.0.client.trust(url);
                }
                self.keep(|provisioning| {
                    provisioning.signage_url = signage_url;
                    provisioning.pwa_url = pwa_url;
                })
                .await?;
                // New scopes come with the next token.
                if let Err(error) = self.0.tokens.renew().await {
                    tracing::warn!(%error, "the token with the new scopes comes later");
                }
                self.refresh().await?;
                Ok(Action::UpdateApproved {
                    manifest_version,
                    grants: self.grants(),
                })
            }
            Said::Update {
                refresh_token,
                app_url,
                manifest_url,
                webexapis_base_url,
                oauth_url,
            } => {
                self.0
                    .tokens
                    .change(|account, oauth| {
                        if let Some(token) = refresh_token {
                            account.rotate(token);
                        }
                        let Some(provisioning) = &mut account.provisioning else {
                            return;
                        };
                        provisioning.org_id = claims.sub;
                        provisioning.region = claims.region.or(provisioning.region.take());
                        provisioning.app_url = app_url.unwrap_or_else(|| provisioning.app_url.clone());
                        provisioning.manifest_url = manifest_url.or(provisioning.manifest_url.take());
                        if let Some(url) = webexapis_base_url {
                            provisioning.webexapis_base_url = url;
                        }
                        if let Some(url) = oauth_url {
                            oauth.url.clone_from(&url);
                            provisioning.oauth_url = url;
                        }
                    })
                    .await?;
                let provisioning = self.provisioning();
                provisioning.urls().for_each(|url| self.0.client.trust(url));
                self.0.client.rebase(&provisioning.webexapis_base_url);
                self.0.tokens.renew().await?;
                self.resume().await?;
                Ok(Action::Updated)
            }
            Said::Deprovision {} => {
                self.0.ended.send_replace(true);
                Ok(Action::Deprovisioned)
            }
            Said::HealthCheck {} => {
                if via == Via::Queue {
                    let state = Some(self.health().await.operational_state);
                    let update = AppUpdate {
                        operational_state: state,
                        ..AppUpdate::default()
                    };
                    self.update(&update).await?;
                }
                Ok(Action::HealthCheck)
            }
            other => Err(CodeError::Action {
                expected: "one of an installed integration",
                found: other.action().to_owned(),
            }
            .into()),
        }
    }

    /// Says again that it listens, where the queue is gone or elsewhere.
    pub(crate) async fn resume(&self) -> Result<()> {
        let mut update = AppUpdate {
            provisioning_state: Some(super::app::ProvisioningState::Completed),
            ..AppUpdate::default()
        };
        if self.0.listening == Listening::LongPolling {
            update.queue = Some(super::app::Queue {
                poll_url: None,
                state: Some("enabled".to_owned()),
            });
        }
        self.update(&update).await.map(|_| ())
    }

    async fn keep(&self, change: impl FnOnce(&mut super::Provisioning)) -> Result<()> {
        self.0
            .tokens
            .change(|account, _| {
                if let Some(provisioning) = &mut account.provisioning {
                    change(provisioning);
                }
            })
            .await
    }

    /// Takes a JWT; `false`: it was taken before.
    pub(super) fn once(&self, jti: &str) -> bool {
        lock(&self.0.seen).take(jti)
    }

    /// Lets an action be taken once more.
    pub(crate) fn again(&self, jti: &str) {
        lock(&self.0.seen).0.remove(jti);
    }

    pub(crate) fn listening(&self) -> &Listening {
        &self.0.listening
    }
}

/// Whether the organization may have got another id: it is one that moved to another region. The application
/// and the signature of the service still bind it to this integration.
fn moved(said: &Said) -> bool {
    matches!(said, Said::Update { .. })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn each_is_taken_once() {
        let mut seen = Seen::default();
        assert!(seen.take("a") && seen.take("b") && !seen.take("a"));
        tokio::time::advance(REMEMBERED).await;
        assert!(seen.take("a"), "it is too old to pass by now");
    }
}
