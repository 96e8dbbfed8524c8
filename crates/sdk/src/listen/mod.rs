//! Listening to ordinary resources: messages, rooms, memberships, and whatever else webhooks tell of.
//!
//! A [`Listener`] has an address that the service can reach. It makes the webhooks that are needed, finds those
//! that it made before, and revives those that the service switched off because they failed too often.
//!
//! ```no_run
//! # async fn example(client: hallway_sdk::Client) -> hallway_sdk::Result<()> {
//! use hallway_sdk::Secret;
//! use hallway_sdk::listen::Listener;
//!
//! let secret = Secret::new(std::env::var("WEBHOOK_SECRET").unwrap_or_default());
//! let listener = Listener::new(&client, "https://bot.example.com/webex", secret)?;
//! // With axum: Router::new().route_service("/webex", listener.service())
//! let mut messages = client.messages().listen(&listener).event("created").start().await?;
//! while let Some(heard) = messages.next().await {
//!     // What a webhook tells of a message has no text.
//!     let message = client.messages().get(&heard.notification().data.id).await?;
//!     println!("{}", message.text.unwrap_or_default());
//!     heard.done();
//! }
//! # Ok(())
//! # }
//! ```

#[cfg(feature = "tower")]
mod service;
mod subscription;

use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use futures_util::future::BoxFuture;
use hallway_wire::Secret;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::Value;

#[cfg(feature = "tower")]
pub use service::ListenService;
pub use subscription::{Listen, Subscription};

use crate::client::Client;
use crate::error::{Error, Result};
use crate::id::PersonId;
use crate::notify::{Fingerprint, Memory, Outcome, Recent, Reply, Worker};
use crate::resources::{Webhook, WebhookBody};
use crate::signature;
use crate::sync::lock;

/// How often it is looked whether the webhooks still are as they should be.
const LOOK: Duration = Duration::from_secs(5 * 60);
/// How long the service waits for an answer, roughly: it gives up after fifteen seconds.
const PATIENCE: Duration = Duration::from_secs(12);
/// The longest body that is read. Webhooks hold no texts and no files.
const MOST_BYTES: usize = 1024 * 1024;

/// Something that happened to a resource.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Heard<T> {
    /// `messages`
    pub resource: String,
    /// `created`
    pub event: String,
    /// Who did it.
    pub actor_id: Option<PersonId>,
    /// What the webhook tells of it; not all of it.
    pub data: T,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    name: String,
    resource: String,
    event: String,
    #[serde(default)]
    actor_id: Option<PersonId>,
    #[serde(default)]
    data: Value,
}

/// Where webhooks post, and who is told. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Listener(Arc<Inner>);

struct Inner {
    client: Client,
    url: String,
    secret: Secret,
    memory: Arc<dyn Memory>,
    subscriptions: Mutex<Vec<Arc<Subscribed>>>,
    running: Mutex<HashSet<Fingerprint>>,
    watch: Mutex<Option<Worker>>,
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

/// One webhook and who hears it.
struct Subscribed {
    wanted: Wanted,
    deliver: Deliver,
}

/// Hands out what was posted; `None`: it cannot be read.
type Deliver = Box<dyn Fn(&Envelope, Fingerprint) -> Option<BoxFuture<'static, Outcome>> + Send + Sync>;

#[derive(Clone)]
struct Wanted {
    resource: String,
    event: String,
    filter: Option<String>,
}

impl Wanted {
    /// The name of the webhook, by which it is found again.
    fn name(&self) -> String {
        let filter = self
            .filter
            .as_deref()
            .map(|filter| format!("?{filter}"))
            .unwrap_or_default();
        format!("hallway-sdk {}/{}{filter}", self.resource, self.event)
    }

    fn is(&self, webhook: &Webhook, url: &str) -> bool {
        webhook.name == self.name()
            && webhook.target_url == url
            && webhook.resource == self.resource
            && webhook.event == self.event
            && webhook.filter == self.filter
    }
}

impl Listener {
    /// Listens at an address that the service can reach. The secret signs what is posted: at least twenty
    /// characters, the same at each start.
    ///
    /// # Errors
    /// [`Error::Configuration`]: the secret is too short.
    pub fn new(client: &Client, url: impl Into<String>, secret: Secret) -> Result<Self> {
        Self::remembering(client, url, secret, Arc::new(Recent::default()))
    }

    /// As [`new`](Self::new), with a memory of what was handled.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn remembering(
        client: &Client,
        url: impl Into<String>,
        secret: Secret,
        memory: Arc<dyn Memory>,
    ) -> Result<Self> {
        if secret.expose().chars().count() < 20 {
            return Err(Error::configuration(
                "the secret of webhooks needs at least twenty characters",
            ));
        }
        Ok(Self(Arc::new(Inner {
            client: client.clone(),
            url: url.into(),
            secret,
            memory,
            subscriptions: Mutex::default(),
            running: Mutex::default(),
            watch: Mutex::default(),
        })))
    }

    /// Takes what was posted: checks the signature before anything of it is read, tells who listens, and waits
    /// until it is handled.
    pub async fn receive(&self, headers: &HeaderMap, body: &[u8]) -> Reply {
        const LATER: StatusCode = StatusCode::SERVICE_UNAVAILABLE;
        if body.len() > MOST_BYTES {
            return Reply::new(StatusCode::PAYLOAD_TOO_LARGE, "the body is too long");
        }
        if !signature::is_good(&self.0.secret, headers, body) {
            return Reply::new(StatusCode::UNAUTHORIZED, "the signature is missing or wrong");
        }
        let Ok(envelope) = serde_json::from_slice::<Envelope>(body) else {
            return Reply::new(StatusCode::BAD_REQUEST, "the body is no webhook's");
        };
        let print = fingerprint(&envelope, headers, body);
        let subscribed = lock(&self.0.subscriptions)
            .iter()
            .find(|one| one.wanted.name() == envelope.name)
            .map(Arc::clone);
        let Some(subscribed) = subscribed else {
            // Left over from another time, or of another program with the same address.
            return Reply::new(StatusCode::OK, "nobody listens to it");
        };
        if !lock(&self.0.running).insert(print) {
            return Reply::new(LATER, "it is being handled");
        }
        let Some(delivering) = (subscribed.deliver)(&envelope, print) else {
            lock(&self.0.running).remove(&print);
            return Reply::new(StatusCode::OK, "it cannot be read");
        };
        let inner = Arc::clone(&self.0);
        let task = tokio::spawn(async move {
            let outcome = delivering.await;
            lock(&inner.running).remove(&print);
            outcome
        });
        match tokio::time::timeout(PATIENCE, task).await {
            Ok(Ok(Outcome::Handled)) => Reply::new(StatusCode::OK, "ok"),
            Ok(Ok(Outcome::GivenUp)) => Reply::new(StatusCode::OK, "it could not be handled"),
            Ok(Ok(Outcome::Closed) | Err(_)) => Reply::new(LATER, "nobody handles it now"),
            Err(_) => Reply::new(LATER, "it is still being handled"),
        }
    }

    /// Looks whether the webhooks are as they should be: makes those that are missing, revives those that were
    /// switched off. Happens by itself every five minutes.
    ///
    /// # Errors
    /// Any; see [`Error`].
    pub async fn look_after(&self) -> Result<()> {
        let wanted: Vec<Wanted> = lock(&self.0.subscriptions)
            .iter()
            .map(|one| one.wanted.clone())
            .collect();
        let there = self.0.client.webhooks().list().all().await?;
        for wanted in wanted {
            self.ensure(&wanted, &there).await?;
        }
        Ok(())
    }

    async fn ensure(&self, wanted: &Wanted, there: &[Webhook]) -> Result<()> {
        let inner = &self.0;
        let Some(webhook) = there.iter().find(|webhook| wanted.is(webhook, &inner.url)) else {
            let mut body = WebhookBody::new()
                .name(wanted.name())
                .target_url(inner.url.clone())
                .resource(wanted.resource.clone())
                .event(wanted.event.clone())
                .secret(inner.secret.clone());
            if let Some(filter) = &wanted.filter {
                body = body.filter(filter.clone());
            }
            inner.client.webhooks().create(&body).await?;
            return Ok(());
        };
        let active = webhook.status.as_deref() != Some("inactive");
        if !active || webhook.secret.as_ref() != Some(&inner.secret) {
            let body = WebhookBody::new()
                .name(webhook.name.clone())
                .target_url(inner.url.clone())
                .secret(inner.secret.clone())
                .status("active");
            inner.client.webhooks().update(&webhook.id, &body).await?;
        }
        Ok(())
    }

    /// Starts the task that looks after the webhooks; it ends with the listener.
    fn watch(&self) {
        let mut watch = lock(&self.0.watch);
        if watch.is_none() {
            *watch = Some(Worker(tokio::spawn(look(Arc::downgrade(&self.0)))));
        }
    }
}

async fn look(inner: Weak<Inner>) {
    loop {
        tokio::time::sleep(LOOK).await;
        let Some(inner) = inner.upgrade() else { return };
        if let Err(error) = Listener(inner).look_after().await {
            tracing::warn!(%error, "the webhooks could not be looked after");
        }
    }
}

/// Names what was posted. What is created is created once, so the body is its name, and a copy that somebody sends
/// again is known. Other things can happen twice in the same way: there only the service's own number tells a
/// repetition, where it sends one.
fn fingerprint(envelope: &Envelope, headers: &HeaderMap, body: &[u8]) -> Fingerprint {
    if envelope.event == "created" {
        return Fingerprint::of(body);
    }
    let number = headers.get("x-hallway-delivery").map_or_else(
        || uuid::Uuid::new_v4().as_bytes().to_vec(),
        |number| number.as_bytes().to_vec(),
    );
    Fingerprint::of(&[body, &number].concat())
}

impl fmt::Debug for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}
