//! Taking notifications that are posted (workspace-integrations 9.3 and 10.2).

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hallway_wire::Secret;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};

use super::inbox::{Inbox, Outcome, Persistence, Source};
use super::memory::{Fingerprint, Memory, Recent};
use super::message::{About, Message, Notification};
use crate::error::{Error, Result};
use crate::integration::{Action, Integration, Listening, Via};
use crate::jwt::Parts;
use crate::signature;
use crate::sync::lock;

/// How notifications are taken.
#[derive(Clone, Debug)]
pub struct ReceiverOptions {
    /// What was handled; [`Recent`] if nothing is said.
    pub memory: Arc<dyn Memory>,
    /// How old a notification may be. The service repeats failed ones for a quarter of an hour, so an hour is
    /// kept if nothing is said; what is older is a copy that somebody made.
    pub window: Duration,
    /// How long the service waits for an answer. A handler may take longer: then the service is asked to come
    /// again, and told at once when it does that the notification was handled in the meantime.
    pub patience: Duration,
    /// The longest body that is read, in bytes.
    pub most_bytes: usize,
    /// So many notifications may wait to be handled; what comes then is asked to come again.
    pub waiting: usize,
}

impl Default for ReceiverOptions {
    fn default() -> Self {
        Self {
            memory: Arc::new(Recent::default()),
            window: Duration::from_secs(60 * 60),
            patience: Duration::from_secs(8),
            most_bytes: 1024 * 1024,
            waiting: 256,
        }
    }
}

/// What a request is answered with.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The body: JSON.
    pub body: Value,
}

impl Reply {
    pub(crate) fn new(status: StatusCode, message: &str) -> Self {
        Self {
            status,
            body: json!({ "message": message }),
        }
    }
}

/// Takes what the service posts, whatever serves HTTP. With the feature `tower` there are services that do nothing
/// else than call it.
#[derive(Clone, Debug)]
pub struct Receiver(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    integration: Integration,
    secret: Secret,
    source: Source,
    options: ReceiverOptions,
    /// What is being handled now.
    running: Mutex<HashSet<Fingerprint>>,
}

impl Integration {
    /// Takes notifications that are posted.
    ///
    /// ```no_run
    /// # async fn example(integration: hallway_sdk::Integration) -> hallway_sdk::Result<()> {
    /// use hallway_sdk::Handlers;
    /// use hallway_sdk::notify::ReceiverOptions;
    ///
    /// let (receiver, inbox) = integration.receiver(ReceiverOptions::default())?;
    /// // With axum: Router::new()
    /// //     .route_service("/notifications", receiver.service())
    /// //     .route_service("/actions", receiver.actions());
    /// Handlers::new().run(inbox).await
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Configuration`]: the integration was not connected with
    /// [`webhook`](crate::integration::Builder::webhook).
    pub fn receiver(&self, options: ReceiverOptions) -> Result<(Receiver, Inbox)> {
        let secret = self.provisioning().webhook_secret;
        let secret = secret.filter(|_| matches!(self.listening(), Listening::Webhook(_)));
        let secret = secret.ok_or_else(|| {
            Error::configuration(
                "the integration was not connected with `webhook(…)`, so nothing is posted to it",
            )
        })?;
        let (sender, receiver) = mpsc::channel(options.waiting.max(1));
        // Whether anything is posted, nobody here can know.
        let (_, untroubled) = watch::channel(None);
        let source = Source {
            deliveries: sender,
            memory: Arc::clone(&options.memory),
            // The service comes again by itself.
            persistence: Persistence {
                attempts: 1,
                ..Persistence::default()
            },
            gives_up: false,
        };
        let inner = Inner {
            integration: self.clone(),
            secret,
            source,
            options,
            running: Mutex::default(),
        };
        Ok((
            Receiver(Arc::new(inner)),
            Inbox::new(receiver, self.clone(), untroubled, None),
        ))
    }
}

impl Receiver {
    /// The longest body that is to be read.
    pub fn most_bytes(&self) -> usize {
        self.0.options.most_bytes
    }

    /// Takes a notification: checks its signature before anything of it is read, whom it is for, how old it is, and
    /// whether it was handled; then hands it out and waits until it is handled.
    pub async fn notification(&self, headers: &HeaderMap, body: &[u8]) -> Reply {
        if body.len() > self.0.options.most_bytes {
            return Reply::new(StatusCode::PAYLOAD_TOO_LARGE, "the notification is too long");
        }
        if !signature::is_good(&self.0.secret, headers, body) {
            return Reply::new(StatusCode::UNAUTHORIZED, "the signature is missing or wrong");
        }
        let Ok(message) = serde_json::from_slice::<Message>(body) else {
            return Reply::new(StatusCode::BAD_REQUEST, "the body is no notification");
        };
        if let Some(refused) = message.about().and_then(|about| self.refuse(about)) {
            return refused;
        }
        if matches!(message, Message::HealthCheck { .. }) {
            return Reply {
                status: StatusCode::OK,
                body: json!({ "message": "ok", "healthCheck": true }),
            };
        }
        let Some(notification) = message.told() else {
            return Reply::new(StatusCode::OK, "nothing to do");
        };
        self.hand_out(notification, Fingerprint::of(body)).await
    }

    /// Takes an action: verifies its JWT and does what it demands.
    pub async fn action(&self, body: &[u8]) -> Reply {
        #[derive(Deserialize)]
        struct Envelope {
            jwt: String,
        }
        if body.len() > self.0.options.most_bytes {
            return Reply::new(StatusCode::PAYLOAD_TOO_LARGE, "the action is too long");
        }
        let Ok(Envelope { jwt }) = serde_json::from_slice(body) else {
            return Reply::new(StatusCode::BAD_REQUEST, "the body has no `jwt`");
        };
        let integration = &self.0.integration;
        match integration.act(&jwt, Via::Post).await {
            Ok(Some(Action::HealthCheck)) => {
                let body = serde_json::to_value(integration.health().await).unwrap_or_default();
                Reply {
                    status: StatusCode::OK,
                    body,
                }
            }
            Ok(Some(action)) => self.action_done(action, &jwt).await,
            Ok(None) => Reply::new(StatusCode::OK, "done before"),
            Err(Error::Code(error)) => {
                tracing::warn!(%error, "an action was refused");
                Reply::new(StatusCode::BAD_REQUEST, &format!("the JWT was refused: {error}"))
            }
            Err(error) => {
                tracing::error!(%error, "an action was not carried out");
                Reply::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "the action could not be carried out, try again",
                )
            }
        }
    }

    /// Tells the author of an action that was carried out. The name of the action is what its repetitions share.
    async fn action_done(&self, action: Action, jwt: &str) -> Reply {
        let integration = &self.0.integration;
        let over = matches!(action, Action::Deprovisioned);
        let jti = Parts::of(jwt)
            .and_then(Parts::unverified)
            .map(|claims| claims.jti)
            .unwrap_or_default();
        let reply = self
            .hand_out(Notification::Action(action), Fingerprint::of(jti.as_bytes()))
            .await;
        if reply.status != StatusCode::OK {
            // The service comes again, and then the author is told again.
            integration.again(&jti);
        } else if over && let Err(error) = integration.forget().await {
            tracing::error!(%error, "the tokens of the deactivated integration could not be forgotten");
        }
        reply
    }

    /// Why a notification is not taken.
    fn refuse(&self, about: &About) -> Option<Reply> {
        let provisioning = self.0.integration.provisioning();
        let foreign = about.app_id.is_some_and(|id| id != provisioning.app_id)
            || about
                .org_id
                .as_ref()
                .is_some_and(|id| !id.names_same(&provisioning.org_id));
        if foreign {
            return Some(Reply::new(
                StatusCode::NOT_FOUND,
                "it is for another integration or organization",
            ));
        }
        let at = about.timestamp?;
        let now = self.0.integration.clock().now();
        let age = now.millis().saturating_sub(at.millis());
        let window = i64::try_from(self.0.options.window.as_millis()).unwrap_or(i64::MAX);
        (age.abs() > window).then(|| Reply::new(StatusCode::BAD_REQUEST, "it is too old, or from the future"))
    }

    async fn hand_out(&self, notification: Notification, print: Fingerprint) -> Reply {
        const LATER: StatusCode = StatusCode::SERVICE_UNAVAILABLE;
        let inner = Arc::clone(&self.0);
        if inner.source.knows(print).await {
            return Reply::new(StatusCode::OK, "handled before");
        }
        if inner.source.deliveries.capacity() == 0 {
            return Reply::new(LATER, "too much waits to be handled, try again");
        }
        if !lock(&inner.running).insert(print) {
            return Reply::new(LATER, "it is being handled");
        }
        // A task of its own: it goes on when the service does not wait any more.
        let task = tokio::spawn(async move {
            let outcome = inner.source.deliver(notification, print).await;
            lock(&inner.running).remove(&print);
            outcome
        });
        match tokio::time::timeout(self.0.options.patience, task).await {
            Ok(Ok(Outcome::Handled)) => Reply::new(StatusCode::OK, "ok"),
            Ok(Ok(Outcome::GivenUp)) => {
                Reply::new(StatusCode::INTERNAL_SERVER_ERROR, "it could not be handled")
            }
            Ok(Ok(Outcome::Closed) | Err(_)) => Reply::new(LATER, "nobody handles notifications now"),
            Err(_) => Reply::new(LATER, "it is still being handled"),
        }
    }
}
