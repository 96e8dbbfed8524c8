//! Deliveries, and what becomes of them.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::Stream;
use tokio::sync::{mpsc, oneshot, watch};

use super::memory::{Fingerprint, Memory};
use super::message::Notification;
use crate::client::RetryPolicy;
use crate::error::Error;
use crate::integration::Integration;

/// A notification that waits to be handled.
///
/// Call [`done`](Self::done) when it is handled. One that is dropped, or [`failed`](Self::failed), comes again.
#[derive(Debug)]
#[must_use = "a delivery that is dropped counts as failed and comes again"]
pub struct Delivery<N = Notification> {
    notification: N,
    attempt: u32,
    outcome: oneshot::Sender<bool>,
}

impl<N> Delivery<N> {
    /// What is told.
    pub fn notification(&self) -> &N {
        &self.notification
    }

    /// Which try it is, from 1.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// It was handled: it is remembered, acknowledged, and does not come again.
    pub fn done(self) {
        // Nobody waits any more: the inbox was given up, and the service sends it again.
        let _ = self.outcome.send(true);
    }

    /// It could not be handled: it comes again after a pause.
    pub fn failed(self) {
        let _ = self.outcome.send(false);
    }
}

/// How often and how patiently a notification is delivered that could not be handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Persistence {
    /// How often at most. Then it is given up, and logged: one that no handler can take must not hold back all
    /// others for ever.
    pub attempts: u32,
    /// The first pause at most; it doubles.
    pub first: Duration,
    /// The longest pause.
    pub most: Duration,
}

impl Default for Persistence {
    fn default() -> Self {
        Self {
            attempts: 6,
            first: Duration::from_millis(500),
            most: Duration::from_secs(30),
        }
    }
}

/// The stream of deliveries. Dropping it ends the fetching; what was not done comes again with the next inbox that has
/// the same memory.
#[derive(Debug)]
pub struct Inbox {
    deliveries: mpsc::Receiver<Delivery>,
    integration: Integration,
    trouble: watch::Receiver<Option<Error>>,
    _worker: Option<Worker>,
}

/// A task that ends with its owner.
#[derive(Debug)]
pub(crate) struct Worker(pub(crate) tokio::task::JoinHandle<()>);

impl Drop for Worker {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Inbox {
    pub(super) fn new(
        deliveries: mpsc::Receiver<Delivery>,
        integration: Integration,
        trouble: watch::Receiver<Option<Error>>,
        worker: Option<Worker>,
    ) -> Self {
        Self {
            deliveries,
            integration,
            trouble,
            _worker: worker,
        }
    }

    /// Whose inbox it is.
    pub fn integration(&self) -> &Integration {
        &self.integration
    }

    /// Why notifications cannot be fetched, while they cannot: for whoever watches over the program. Fetching goes
    /// on by itself, but after [`Error::Unauthorized`] only an administrator can help.
    pub fn trouble(&self) -> watch::Receiver<Option<Error>> {
        self.trouble.clone()
    }

    /// The next delivery; `None`: the integration was deactivated.
    pub async fn next(&mut self) -> Option<Delivery> {
        self.deliveries.recv().await
    }
}

impl Stream for Inbox {
    type Item = Delivery;
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Delivery>> {
        self.deliveries.poll_recv(cx)
    }
}

/// Where deliveries come from: hands them out and sees to it that they are handled.
#[derive(Clone, Debug)]
pub(crate) struct Source<N = Notification> {
    pub(crate) deliveries: mpsc::Sender<Delivery<N>>,
    pub(crate) memory: Arc<dyn Memory>,
    pub(crate) persistence: Persistence,
    /// Whether a notification that could not be handled is lost; otherwise the service sends it again.
    pub(crate) gives_up: bool,
}

/// What became of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Handled,
    GivenUp,
    /// Nobody reads the inbox any more.
    Closed,
}

impl<N: Clone> Source<N> {
    /// Whether it was handled before. If nobody knows, it was not: twice is better than never.
    pub(crate) async fn knows(&self, print: Fingerprint) -> bool {
        match self.memory.knows(print).await {
            Ok(known) => known,
            Err(error) => {
                tracing::warn!(%error, "whether a notification was handled is not known");
                false
            }
        }
    }

    /// Delivers until it is handled, or given up.
    pub(crate) async fn deliver(&self, notification: N, print: Fingerprint) -> Outcome {
        let pauses = RetryPolicy {
            first: self.persistence.first,
            most: self.persistence.most,
            ..RetryPolicy::default()
        };
        let mut attempt = 0;
        let handled = loop {
            attempt += 1;
            let (outcome, result) = oneshot::channel();
            let delivery = Delivery {
                notification: notification.clone(),
                attempt,
                outcome,
            };
            if self.deliveries.send(delivery).await.is_err() {
                return Outcome::Closed;
            }
            if result.await.unwrap_or(false) {
                break true;
            }
            if self.deliveries.is_closed() {
                return Outcome::Closed;
            }
            if attempt >= self.persistence.attempts {
                if self.gives_up {
                    tracing::error!(
                        ?print,
                        attempt,
                        "a notification could not be handled, and is given up"
                    );
                }
                break false;
            }
            tokio::time::sleep(pauses.pause(attempt)).await;
        };
        // What the service sends again by itself is not remembered: the next time it may succeed.
        let finished = handled || self.gives_up;
        if finished && let Err(error) = self.memory.keep(print).await {
            tracing::error!(%error, "a notification that was handled could not be remembered");
        }
        if handled {
            Outcome::Handled
        } else {
            Outcome::GivenUp
        }
    }
}
