//! Who listens to what.

use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::{FutureExt as _, Stream};
use serde::de::DeserializeOwned;
use tokio::sync::mpsc;

use super::{Envelope, Heard, Listener, Subscribed, Wanted};
use crate::error::Result;
use crate::notify::{Delivery, Outcome, Persistence, Source};
use crate::resources::{
    CardAction, Cards, Meeting, Meetings, Membership, Memberships, Message, Messages, Recording, Recordings,
    Room, Rooms,
};
use crate::sync::lock;

impl Listener {
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
    /// Any; see [`Error`](crate::Error).
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
    Cards => CardAction, "attachmentActions";
    Meetings => Meeting, "meetings";
    Recordings => Recording, "recordings";
}
