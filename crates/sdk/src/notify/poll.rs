//! Fetching notifications (workspace-integrations 10.3).

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use http::Method;
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::inbox::{Inbox, Outcome, Persistence, Source, Worker};
use super::memory::{Fingerprint, Memory, Recent, RecentFile};
use super::message::{Message, Notification};
use crate::client::RetryPolicy;
use crate::error::{Error, Result};
use crate::integration::{Action, Integration, Listening, Queue, Via};
use crate::tokens::StoreError;

/// How notifications are fetched.
#[derive(Clone, Debug)]
pub struct PollOptions {
    /// What was handled, and what was fetched and not handled yet; [`Recent`] if nothing is said. With a
    /// [`RecentFile`](super::RecentFile) a process that dies loses nothing of a batch.
    pub memory: Arc<dyn Memory>,
    /// What happens to a notification that could not be handled.
    pub persistence: Persistence,
    /// Of so many devices at once are notifications handed out. Those of one device come one after the other.
    pub lanes: usize,
}

impl Default for PollOptions {
    fn default() -> Self {
        Self {
            memory: Arc::new(Recent::default()),
            persistence: Persistence::default(),
            lanes: 16,
        }
    }
}

impl PollOptions {
    /// Remembers what was handled in the file `handled` of a folder, so that a restart handles nothing twice.
    ///
    /// # Errors
    /// [`Error::Store`]: the file cannot be read or written.
    pub fn remembering(folder: impl AsRef<Path>) -> Result<Self> {
        let folder = folder.as_ref();
        std::fs::create_dir_all(folder)
            .map_err(|error| StoreError::new(format!("making {}", folder.display()), error))?;
        Ok(Self {
            memory: Arc::new(RecentFile::open(folder.join("handled"), 10_000)?),
            ..Self::default()
        })
    }
}

/// The service holds a poll for about twenty seconds; after this it is dead.
const PATIENCE: Duration = Duration::from_secs(45);
/// An empty answer that comes sooner than this is followed by a pause, so that a broken service is not stormed.
const TOO_SOON: Duration = Duration::from_secs(1);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Batch {
    #[serde(default)]
    messages: Vec<Box<RawValue>>,
    /// A new address of the queue, in one of two places.
    #[serde(default)]
    poll_url: Option<String>,
    #[serde(default)]
    queue: Option<Queue>,
}

impl Integration {
    /// Fetches notifications, for as long as the inbox lives.
    ///
    /// # Errors
    /// [`Error::Configuration`]: the integration was not connected with
    /// [`long_polling`](crate::integration::Builder::long_polling).
    pub fn poll(&self) -> Result<Inbox> {
        self.poll_with(PollOptions {
            memory: Arc::<Recent>::clone(self.recent()),
            ..PollOptions::default()
        })
    }

    /// As [`poll`](Self::poll), with a say in how.
    ///
    /// ```no_run
    /// # fn example(integration: hallway_sdk::Integration) -> hallway_sdk::Result<()> {
    /// use std::sync::Arc;
    /// use hallway_sdk::notify::{PollOptions, RecentFile};
    ///
    /// let inbox = integration.poll_with(PollOptions {
    ///     memory: Arc::new(RecentFile::open("handled", 10_000)?),
    ///     ..PollOptions::default()
    /// })?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`poll`](Self::poll).
    pub fn poll_with(&self, options: PollOptions) -> Result<Inbox> {
        if *self.listening() != Listening::LongPolling {
            return Err(Error::configuration(
                "the integration was not connected with `long_polling()`, so it has no queue to poll",
            ));
        }
        // One place: whoever asks for the next delivery lets the next one in.
        let (sender, receiver) = mpsc::channel(1);
        let (trouble, troubled) = watch::channel(None);
        let poller = Poller {
            integration: self.clone(),
            source: Source {
                deliveries: sender,
                memory: options.memory,
                persistence: options.persistence,
                gives_up: true,
            },
            lanes: options.lanes.max(1),
            trouble,
        };
        let worker = Worker(tokio::spawn(poller.run()));
        Ok(Inbox::new(receiver, self.clone(), troubled, Some(worker)))
    }
}

struct Poller {
    integration: Integration,
    source: Source,
    lanes: usize,
    /// Why polls fail, while they do.
    trouble: watch::Sender<Option<Error>>,
}

/// A message and its name.
struct Fetched {
    print: Fingerprint,
    message: Message,
}

impl Poller {
    async fn run(self) {
        // What a process that died, or an inbox that was dropped, had fetched and not handled.
        match self.source.memory.left().await {
            Ok(left) if !left.is_empty() => {
                if !self.hand_out(left).await {
                    return;
                }
                self.keep(&[]).await;
            }
            Ok(_) => {}
            Err(error) => tracing::error!(%error, "whether something was left unhandled is not known"),
        }
        let pauses = RetryPolicy {
            first: Duration::from_secs(1),
            most: Duration::from_secs(30),
            ..RetryPolicy::default()
        };
        let mut failures = 0;
        let mut moved_to: Option<String> = None;
        while !self.source.deliveries.is_closed() {
            let asked = Instant::now();
            match self.fetch(moved_to.as_deref()).await {
                Ok(batch) => {
                    failures = 0;
                    self.trouble.send_if_modified(|trouble| trouble.take().is_some());
                    let url = batch.queue.and_then(|queue| queue.poll_url).or(batch.poll_url);
                    if let Some(url) = url.filter(|url| self.integration.client().trusts(url)) {
                        moved_to = Some(url);
                    }
                    let messages: Vec<String> = batch.messages.iter().map(|it| it.get().to_owned()).collect();
                    let empty = messages.is_empty();
                    if !empty {
                        // The next poll acknowledges the batch, also when another process sends it: it is kept
                        // first, and the next poll is sent when everything in it is handled.
                        self.keep(&messages).await;
                        if !self.hand_out(messages).await {
                            return;
                        }
                        self.keep(&[]).await;
                    }
                    if empty && asked.elapsed() < TOO_SOON {
                        tokio::time::sleep(TOO_SOON).await;
                    }
                }
                Err(error) => {
                    failures += 1;
                    moved_to = None;
                    if self.integration.ended() {
                        return;
                    }
                    if matches!(error, Error::NotFound(_)) {
                        self.revive().await;
                    }
                    let pause = error.retry_after().unwrap_or_default() + pauses.pause(failures);
                    tracing::warn!(%error, failures, ?pause, "the poll failed");
                    self.trouble.send_replace(Some(error));
                    tokio::time::sleep(pause).await;
                }
            }
        }
    }

    async fn fetch(&self, moved_to: Option<&str>) -> Result<Batch> {
        let app = self.integration.app();
        let known = app.queue.as_ref().and_then(|queue| queue.poll_url.as_deref());
        let url = moved_to
            .or(known)
            .ok_or_else(|| Error::not_found("the service did not say where the queue is"))?;
        let call = self.integration.client().request(Method::GET, url);
        let answer = call.timeout(PATIENCE).attempts(1).send().await?;
        answer.json()
    }

    /// The queue is gone: asks for it again.
    async fn revive(&self) {
        match self.integration.resume().await {
            Ok(()) => tracing::info!("the queue was gone and is there again"),
            Err(error) => tracing::warn!(%error, "the queue is gone"),
        }
    }

    /// Hands out a batch and waits until all of it is handled. `false`: nobody listens any more.
    async fn hand_out(&self, messages: Vec<String>) -> bool {
        let mut order = Vec::new();
        let mut lanes: HashMap<String, Vec<Fetched>> = HashMap::new();
        for text in messages {
            match serde_json::from_str::<Message>(&text) {
                Ok(message) => {
                    let lane = message.lane();
                    let fetched = Fetched {
                        print: Fingerprint::of(text.as_bytes()),
                        message,
                    };
                    let lane = lanes.entry(lane.clone()).or_insert_with(|| {
                        order.push(lane);
                        Vec::new()
                    });
                    lane.push(fetched);
                }
                Err(error) => tracing::warn!(%error, "a message of the queue cannot be read"),
            }
        }
        let lanes = order
            .into_iter()
            .filter_map(|lane| lanes.remove(&lane))
            .collect::<Vec<_>>();
        let all = stream::iter(lanes).map(|lane| self.hand_out_lane(lane));
        let open = all
            .buffer_unordered(self.lanes)
            .all(|open| async move { open })
            .await;
        open && !self.integration.ended()
    }

    async fn hand_out_lane(&self, lane: Vec<Fetched>) -> bool {
        for Fetched { print, message } in lane {
            let notification = match message {
                Message::Action { jwt } => self.act(&jwt).await.map(Notification::Action),
                message if self.source.knows(print).await => {
                    drop(message);
                    None
                }
                message => message.told(),
            };
            let Some(notification) = notification else {
                continue;
            };
            let over = matches!(notification, Notification::Action(Action::Deprovisioned));
            if self.source.deliver(notification, print).await == Outcome::Closed {
                return false;
            }
            if over {
                self.keep(&[]).await;
                self.forget().await;
            }
        }
        true
    }

    async fn keep(&self, batch: &[String]) {
        if let Err(error) = self.source.memory.fetched(batch).await {
            tracing::error!(%error, "what was fetched could not be kept: it is lost if the process ends now");
        }
    }

    async fn forget(&self) {
        if let Err(error) = self.integration.forget().await {
            tracing::error!(%error, "the tokens of the deactivated integration could not be forgotten");
        }
    }

    /// Carries an action out; patiently, because the service does not send it again.
    async fn act(&self, jwt: &str) -> Option<Action> {
        let pauses = RetryPolicy::default();
        for tried in 1..=pauses.attempts {
            match self.integration.act(jwt, Via::Queue).await {
                Ok(action) => return action,
                Err(error) if error.is_temporary() && tried < pauses.attempts => {
                    tracing::warn!(%error, "an action is tried again");
                    tokio::time::sleep(pauses.pause(tried)).await;
                }
                Err(error) => {
                    tracing::error!(%error, "an action of the service was not carried out");
                    return None;
                }
            }
        }
        None
    }
}

impl Message {
    /// What must stay in order.
    fn lane(&self) -> String {
        let device = self.about().and_then(super::message::About::device);
        device.map(|id| id.as_str().to_owned()).unwrap_or_default()
    }
}
