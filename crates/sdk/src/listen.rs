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

use std::collections::HashSet;
use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::{Arc, Mutex, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::{FutureExt as _, Stream};
use hallway_wire::Secret;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::mpsc;

use crate::client::Client;
use crate::error::{Error, Result};
use crate::id::PersonId;
use crate::notify::{Delivery, Fingerprint, Memory, Outcome, Persistence, Recent, Reply, Source, Worker};
use crate::resources::{Membership, Memberships, Message, Messages, Room, Rooms, Webhook, WebhookBody};
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

    /// Listens to a resource by its name: `meetings`, `attachmentActions`. What the webhook tells is read as a `T`.
    pub fn on<T>(&self, resource: impl Into<String>) -> Listen<T> {
        Listen {
            listener: self.clone(),
            wanted: Wanted {
                resource: resource.into(),
                event: "all".to_owned(),
                filter: None,
            },
            persistence: Persistence::default(),
            shape: PhantomData,
        }
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

/// What is to be listened to.
#[must_use = "nothing is heard until it is started"]
#[derive(Debug)]
pub struct Listen<T> {
    listener: Listener,
    wanted: Wanted,
    persistence: Persistence,
    shape: PhantomData<fn() -> T>,
}

impl fmt::Debug for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

impl<T: DeserializeOwned + Clone + Send + 'static> Listen<T> {
    /// Only this: `created`, `updated`, `deleted`.
    pub fn event(mut self, event: impl Into<String>) -> Self {
        self.wanted.event = event.into();
        self
    }

    /// Only where this holds; said again, both: `roomId`, and the id.
    pub fn filter(mut self, name: &str, value: impl fmt::Display) -> Self {
        let mut filter = self
            .wanted
            .filter
            .take()
            .map(|filter| filter + "&")
            .unwrap_or_default();
        filter.push_str(&format!("{name}={value}"));
        self.wanted.filter = Some(filter);
        self
    }

    /// What becomes of something that could not be handled.
    pub fn persistence(mut self, persistence: Persistence) -> Self {
        self.persistence = persistence;
        self
    }

    /// Makes the webhook, or finds it, and listens. The listener's address must be served by now, or soon.
    ///
    /// # Errors
    /// Any; see [`Error`].
    pub async fn start(self) -> Result<Subscription<T>> {
        let (sender, deliveries) = mpsc::channel(64);
        let source = Source::<Heard<T>> {
            deliveries: sender,
            memory: Arc::clone(&self.listener.0.memory),
            persistence: self.persistence,
            gives_up: true,
        };
        let deliver = move |envelope: &Envelope, print| {
            let data = match serde_json::from_value(envelope.data.clone()) {
                Ok(data) => data,
                Err(error) => {
                    tracing::warn!(%error, resource = envelope.resource, "what a webhook tells cannot be read");
                    return None;
                }
            };
            let heard = Heard {
                resource: envelope.resource.clone(),
                event: envelope.event.clone(),
                actor_id: envelope.actor_id.clone(),
                data,
            };
            let source = source.clone();
            let delivering = async move {
                if source.knows(print).await {
                    return Outcome::Handled;
                }
                source.deliver(heard, print).await
            };
            Some(delivering.boxed())
        };
        let subscribed = Arc::new(Subscribed {
            wanted: self.wanted,
            deliver: Box::new(deliver),
        });
        // Before the webhook is there: what it posts at once is heard.
        let name = subscribed.wanted.name();
        {
            let mut subscriptions = lock(&self.listener.0.subscriptions);
            subscriptions.retain(|other| other.wanted.name() != name);
            subscriptions.push(Arc::clone(&subscribed));
        }
        let there = self.listener.0.client.webhooks().list().all().await?;
        self.listener.ensure(&subscribed.wanted, &there).await?;
        self.listener.watch();
        Ok(Subscription {
            deliveries,
            _listener: self.listener,
        })
    }
}

/// The stream of what is heard. What is not [`done`](Delivery::done) comes again.
#[derive(Debug)]
pub struct Subscription<T> {
    deliveries: mpsc::Receiver<Delivery<Heard<T>>>,
    _listener: Listener,
}

impl<T> Subscription<T> {
    /// The next one; `None`: somebody else listens to the same by now.
    pub async fn next(&mut self) -> Option<Delivery<Heard<T>>> {
        self.deliveries.recv().await
    }
}

impl<T> Stream for Subscription<T> {
    type Item = Delivery<Heard<T>>;
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.deliveries.poll_recv(cx)
    }
}

macro_rules! listens {
    ($($resource:ident => $item:ident, $word:literal;)*) => {$(
        impl $resource {
            /// Listens to what happens to them.
            pub fn listen(&self, listener: &Listener) -> Listen<$item> {
                listener.on($word)
            }
        }
    )*};
}

listens! {
    Messages => Message, "messages";
    Rooms => Room, "rooms";
    Memberships => Membership, "memberships";
}

#[cfg(feature = "tower")]
pub use service::ListenService;

#[cfg(feature = "tower")]
mod service {
    use std::convert::Infallible;
    use std::task::{Context, Poll};

    use bytes::Bytes;
    use futures_util::FutureExt as _;
    use futures_util::future::BoxFuture;
    use http::{Request, Response};
    use http_body::Body;
    use http_body_util::Full;
    use tower_service::Service;

    use super::{Listener, MOST_BYTES};
    use crate::notify::{Reply, answer, read};

    /// Takes what webhooks post, as a service of `tower`.
    #[derive(Clone, Debug)]
    pub struct ListenService(Listener);

    impl Listener {
        /// A service for its address.
        pub fn service(&self) -> ListenService {
            ListenService(self.clone())
        }
    }

    impl<B> Service<Request<B>> for ListenService
    where
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        type Response = Response<Full<Bytes>>;
        type Error = Infallible;
        type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, request: Request<B>) -> Self::Future {
            let listener = self.0.clone();
            async move {
                let reply = match read(request, MOST_BYTES).await {
                    Ok((headers, body)) => listener.receive(&headers, &body).await,
                    Err(status) => Reply::new(status, "the request cannot be read"),
                };
                Ok(answer(&reply))
            }
            .boxed()
        }
    }
}
