//! What an integration is told besides notifications, and the health check.
//!
//! An action is queued as sealed claims and signed when it is handed out: the official Node client refuses
//! one whose `iat` is older than five minutes, and a redelivery keeps its `jti`.

use bytes::Bytes;
use hallway_wire::Timestamp;
use hallway_wire::claims::{Action, Claims, JwtEnvelope};
use hallway_wire::id::{ActivationId, AppId};
use hallway_wire::integration::{HealthCheckDetails, HealthCheckResult, OperationalState, QueueState};

use super::{Activation, Listener};
use crate::audit;
use crate::caller::Caller;
use crate::crypto::{Sealed, random_jti};
use crate::error::{Doing as _, Error, Result};
use crate::notify::webhook_headers;
use crate::oauth::{TokenKind, token_row, token_text};
use crate::platform::Platform;
use crate::ports::{MAX_ANSWER, NewNotification, NotificationKind, Target, Topic, Write};

impl Platform {
    /// Queues an action for every way that the activation hears actions.
    pub(crate) async fn queue_action(
        &self,
        activation: &Activation,
        action: Action,
        jti: String,
    ) -> Result<()> {
        let now = self.now();
        let name = action.name();
        let claims = self.claims(activation, jti, now, action);
        let text = serde_json::to_string(&claims).map_err(|error| Error::Internal(error.to_string()))?;
        let body = Bytes::from(
            serde_json::to_vec(&self.vault.seal(&text)).map_err(|e| Error::Internal(e.to_string()))?,
        );
        let mut queues = Vec::new();
        if matches!(activation.listener, Listener::Queue(QueueState::Enabled)) {
            queues.push(activation.id);
        }
        if activation.actions_url.is_some() {
            queues.push(activation.actions_queue);
        }
        if queues.is_empty() {
            tracing::info!(app = %activation.app, action = name, "the integration hears no actions");
            return Ok(());
        }
        let batch = queues
            .iter()
            .map(|queue| NewNotification {
                activation: *queue,
                device: None,
                kind: NotificationKind::Action,
                at: now,
                body: body.clone(),
            })
            .collect();
        self.queue.append(batch).await?;
        for queue in queues {
            self.wake(queue);
        }
        Ok(())
    }

    /// Wakes whoever delivers for this queue.
    pub(crate) fn wake(&self, queue: ActivationId) {
        self.bus.nudge(Topic::Notifications(queue));
        self.wake_sender(queue);
    }

    /// The JWT of a queued action, signed now. `deprovision` is noticed, so that its delivery can end the
    /// activation.
    pub(crate) fn sign_action(&self, body: &[u8], now: Timestamp) -> Result<(String, bool)> {
        let sealed: Sealed =
            serde_json::from_slice(body).map_err(|error| Error::Internal(error.to_string()))?;
        let opened = self.vault.open(&sealed)?;
        let mut claims: Claims =
            serde_json::from_str(opened.expose()).map_err(|error| Error::Internal(error.to_string()))?;
        claims.iat = now.seconds();
        let last = matches!(claims.action, Action::Deprovision {});
        Ok((self.keys.load().signing.sign(&claims)?, last))
    }

    /// Runs a health check: the action to the actions URL and the message to the webhook, together.
    ///
    /// # Errors
    /// The caller is no administrator; the integration is not active.
    pub async fn health_check(&self, caller: &Caller, app: AppId) -> Result<HealthCheckDetails> {
        caller.require_full_admin()?;
        self.find_integration(caller, app).await?;
        let activation = self
            .find_activation(caller.org, app)
            .await?
            .filter(|a| a.ends.is_none());
        let activation = activation.ok_or_else(|| Error::conflict("The integration is not active."))?;
        let name = self.stored_manifest(&activation.manifest)?.display_name;
        let (management, webhook) = tokio::join!(
            self.check_management(&activation),
            self.check_webhook(&activation)
        );
        let (management_state, operational_state, tokens_state) = management?;
        let webhook_state = webhook?;
        let fine_operational = matches!(
            operational_state,
            OperationalState::Operational | OperationalState::NotApplicable
        );
        let details = HealthCheckDetails {
            health_check_result: HealthCheckResult {
                success: management_state != "failed"
                    && fine_operational
                    && matches!(tokens_state.as_str(), "valid" | "not_applicable")
                    && webhook_state != "failure",
                management_state,
                operational_state,
                tokens_state,
                webhook_state,
            },
            run_by_user_id: caller.person.uuid(),
            run_time: self.now(),
        };
        let success = details.health_check_result.success;
        let entry = audit::by(
            caller,
            self.now(),
            "integration.health_checked",
            &name,
            format!(
                "ran a health check: {}",
                if success { "success" } else { "failed" }
            ),
        );
        let stored = details.clone();
        self.change_activation(caller.org, app, vec![entry], |activation| {
            if stored.health_check_result.operational_state != OperationalState::NotApplicable {
                activation.operational_state = stored.health_check_result.operational_state;
            }
            activation.health = Some(stored.clone());
            Ok(Vec::new())
        })
        .await?;
        Ok(details)
    }

    async fn check_management(&self, activation: &Activation) -> Result<(String, OperationalState, String)> {
        let failed = || {
            (
                "failed".to_owned(),
                OperationalState::Unknown,
                "unknown".to_owned(),
            )
        };
        let Some(url) = &activation.actions_url else {
            // A queue carries the question, and nobody waits for the answer: the integration gives it by a
            // PATCH of its `operationalState` (workspace-integrations 9.4).
            if activation.hears_actions() {
                self.queue_action(activation, Action::HealthCheck {}, random_jti())
                    .await?;
            }
            return Ok((
                "not_applicable".to_owned(),
                OperationalState::NotApplicable,
                "not_applicable".to_owned(),
            ));
        };
        let claims = self.claims(activation, random_jti(), self.now(), Action::HealthCheck {});
        let jwt = self.keys.load().signing.sign(&claims)?;
        let body =
            serde_json::to_vec(&JwtEnvelope { jwt }).map_err(|error| Error::Internal(error.to_string()))?;
        let target = Target {
            url: url.clone(),
            mutual_tls: None,
            timeout: self.config.delivery_timeout,
            max_answer: MAX_ANSWER,
        };
        let answer = match self.courier.errand(&target) {
            Ok(mut errand) => errand.post(&json_headers(), body.into()).await,
            Err(error) => Err(error),
        };
        let answer = match answer {
            Ok(answer) if (200..300).contains(&answer.status) => answer,
            Ok(answer) => {
                tracing::info!(app = %activation.app, status = answer.status, "health check refused");
                return Ok(failed());
            }
            Err(error) => {
                tracing::info!(app = %activation.app, %error, "health check failed");
                return Ok(failed());
            }
        };
        let said: serde_json::Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let word = |name: &str| said.get(name).cloned().unwrap_or_default();
        let operational =
            serde_json::from_value(word("operationalState")).unwrap_or(OperationalState::Unknown);
        let tokens = match word("tokensState").as_str() {
            Some(state @ ("valid" | "invalid" | "not_applicable")) => state.to_owned(),
            _ => "unknown".to_owned(),
        };
        Ok(("success".to_owned(), operational, tokens))
    }

    async fn check_webhook(&self, activation: &Activation) -> Result<String> {
        let Listener::Webhook(webhook) = &activation.listener else {
            return Ok("not_applicable".to_owned());
        };
        let body = serde_json::json!({
            "type": "healthCheck",
            "orgId": activation.org,
            "appId": activation.app,
            "timestamp": self.now(),
        });
        let body = Bytes::from(body.to_string());
        let target = self.webhook_target(webhook)?;
        let headers = webhook_headers(webhook, &self.vault)?.signed(&body);
        let outcome = match self.courier.errand(&target) {
            Ok(mut errand) => errand.post(&headers, body).await,
            Err(error) => Err(error),
        };
        Ok(match outcome {
            Ok(answer) if (200..300).contains(&answer.status) => "success".to_owned(),
            Ok(_) | Err(_) => "failure".to_owned(),
        })
    }

    /// Gives an integration a new refresh token and tells it by the action `update`. The old one stays good
    /// until its own end: the official Node client goes on using it.
    ///
    /// # Errors
    /// The caller is no full administrator; the integration is not active or cannot be told.
    pub async fn renew_refresh_token(&self, caller: &Caller, app: AppId) -> Result<()> {
        caller.require_full_admin()?;
        self.find_integration(caller, app).await?;
        let activation = self
            .find_activation(caller.org, app)
            .await?
            .filter(|a| a.ends.is_none());
        let activation = activation.ok_or_else(|| Error::conflict("The integration is not active."))?;
        let name = self.stored_manifest(&activation.manifest)?.display_name;
        if !activation.hears_actions() {
            return Err(Error::conflict(
                "The integration has neither an actions URL nor a queue: it cannot be told.",
            ));
        }
        let entry = audit::by(
            caller,
            self.now(),
            "integration.token_renewed",
            &name,
            "sent the integration a new refresh token".to_owned(),
        );
        self.send_update(&activation, vec![entry]).await
    }

    async fn send_update(&self, activation: &Activation, mut writes: Vec<Write>) -> Result<()> {
        let now = self.now();
        let grant = self
            .store
            .grant(activation.grant)
            .await
            .doing("looking up a grant")?;
        let grant = grant.ok_or(Error::NotFound { what: "grant" })?;
        let refresh = token_text("hwr", activation.org);
        writes.push(Write::PutToken(token_row(
            &refresh,
            TokenKind::Refresh,
            &grant,
            now,
            self.config.refresh_token_life,
        )));
        self.store.commit(writes).await.doing("storing a refresh token")?;
        self.queue_action(
            activation,
            Action::Update {
                refresh_token: refresh,
                app_url: Some(self.app_url(activation.org, activation.app)),
                manifest_url: Some(self.manifest_url(activation.org, activation.app)),
                webexapis_base_url: Some(self.api_url()),
                oauth_url: Some(self.oauth_url()),
            },
            random_jti(),
        )
        .await
    }

    /// Tells every integration that knows another public URL where this Hallway is now.
    pub(crate) async fn announce_moved_urls(&self) -> Result<()> {
        let activations = self.store.activations().await.doing("reading activations")?;
        for activation in activations {
            let moved = activation.announced_url != self.config.public_url;
            if !moved || activation.ends.is_some() {
                continue;
            }
            tracing::info!(app = %activation.app, from = activation.announced_url, "telling of the new public URL");
            if activation.hears_actions() {
                self.send_update(&activation, Vec::new()).await?;
            }
            self.change_activation(activation.org, activation.app, Vec::new(), |activation| {
                activation.announced_url.clone_from(&self.config.public_url);
                Ok(Vec::new())
            })
            .await?;
        }
        Ok(())
    }
}

/// Headers of a JSON body.
pub(crate) fn json_headers() -> http::HeaderMap {
    let mut headers = http::HeaderMap::new();
    headers.insert(
        http::header::CONTENT_TYPE,
        http::HeaderValue::from_static("application/json"),
    );
    headers
}
