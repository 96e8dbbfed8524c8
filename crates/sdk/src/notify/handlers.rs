//! Handlers by path.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use hallway_xapi::{Key, Pattern, PatternIndex};

use super::extract::{BoxError, Handler, IntoOutcome, Mismatch, Notice};
use super::inbox::{Delivery, Inbox};
use super::message::Notification;
use crate::error::{Error, Result};
use crate::integration::{Action, Integration};
use crate::tenants::Tenant;

/// What is done when something happens.
///
/// A handler is an async function whose arguments say what it wants to know: [`Value`](super::Value),
/// [`Device`](crate::Device), [`Index`](super::Index), [`Workspace`](super::Workspace) and others. A pattern means
/// what it means in a manifest. All handlers whose pattern encloses a key are called, one after the other; when
/// one returns an error, the notification comes again, for all of them: make handlers so that this does no harm.
///
/// ```no_run
/// # async fn example(integration: hallway_sdk::Integration) -> hallway_sdk::Result<()> {
/// use hallway_sdk::notify::Index;
/// use hallway_sdk::{Device, Handlers, Value};
///
/// #[derive(serde::Deserialize)]
/// #[serde(rename_all = "PascalCase")]
/// struct Clicked {
///     panel_id: String,
/// }
///
/// Handlers::new()
///     .on_status("Audio.Volume", |device: Device, Value(volume): Value<u8>| async move {
///         println!("{:?} is at {volume}", device.id());
///     })
///     .on_status("Call[*].Status", |Index([call]): Index<1>, Value(status): Value<String>| async move {
///         println!("call {call}: {status}");
///     })
///     .on_event("UserInterface.Extensions.Panel.Clicked", |device: Device, Value(it): Value<Clicked>| async move {
///         device.alert(format!("{} was pressed", it.panel_id)).show().await
///     })
///     .on_action(|action| async move { println!("{action:?}") })
///     .run(integration.poll()?)
///     .await
/// # }
/// ```
#[derive(Default)]
pub struct Handlers {
    status: PatternIndex<Erased>,
    removed: PatternIndex<Erased>,
    events: PatternIndex<Erased>,
    actions: Vec<ActionHandler>,
    problem: Option<String>,
    at_once: usize,
    shared: Option<Arc<dyn Any + Send + Sync>>,
}

type Erased =
    Arc<dyn Fn(&Notice) -> Result<BoxFuture<'static, Result<(), BoxError>>, Mismatch> + Send + Sync>;
type ActionHandler = Box<dyn Fn(Tenant, Action) -> BoxFuture<'static, Result<(), BoxError>> + Send + Sync>;

impl fmt::Debug for Handlers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handlers").finish_non_exhaustive()
    }
}

impl Handlers {
    /// No handlers yet.
    pub fn new() -> Self {
        Self {
            at_once: 16,
            ..Self::default()
        }
    }

    /// Gives all handlers something to share, which they ask for with [`Shared`](super::Shared).
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::sync::atomic::{AtomicU64, Ordering};
    /// use hallway_sdk::Handlers;
    /// use hallway_sdk::notify::Shared;
    ///
    /// let handlers = Handlers::new().with(Arc::new(AtomicU64::new(0))).on_event(
    ///     "CallDisconnect",
    ///     |calls: Shared<AtomicU64>| async move { calls.fetch_add(1, Ordering::Relaxed); },
    /// );
    /// ```
    #[must_use]
    pub fn with<T: Send + Sync + 'static>(mut self, shared: Arc<T>) -> Self {
        self.shared = Some(shared);
        self
    }

    /// When a status that the pattern encloses has a new value.
    #[must_use]
    pub fn on_status<A>(mut self, pattern: &str, handler: impl Handler<A>) -> Self {
        add(&mut self.status, &mut self.problem, pattern, handler);
        self
    }

    /// When a status that the pattern encloses is gone.
    #[must_use]
    pub fn on_removed<A>(mut self, pattern: &str, handler: impl Handler<A>) -> Self {
        add(&mut self.removed, &mut self.problem, pattern, handler);
        self
    }

    /// When an event that the pattern encloses happens.
    #[must_use]
    pub fn on_event<A>(mut self, pattern: &str, handler: impl Handler<A>) -> Self {
        add(&mut self.events, &mut self.problem, pattern, handler);
        self
    }

    /// When something happens to the integration itself.
    #[must_use]
    pub fn on_action<Fut, Out>(self, handler: impl Fn(Action) -> Fut + Send + Sync + 'static) -> Self
    where
        Fut: Future<Output = Out> + Send + 'static,
        Out: IntoOutcome + 'static,
    {
        self.on_tenant_action(move |_, action| handler(action))
    }

    /// As [`on_action`](Self::on_action), for who has many tenants: says to which of them it happens.
    #[must_use]
    pub fn on_tenant_action<Fut, Out>(
        mut self,
        handler: impl Fn(Tenant, Action) -> Fut + Send + Sync + 'static,
    ) -> Self
    where
        Fut: Future<Output = Out> + Send + 'static,
        Out: IntoOutcome + 'static,
    {
        let handler = move |tenant, action| handler(tenant, action).map(IntoOutcome::into_outcome).boxed();
        self.actions.push(Box::new(handler));
        self
    }

    /// What was wrong with a pattern.
    pub(crate) fn problem(&self) -> Option<String> {
        self.problem.clone()
    }

    /// How many notifications are handled at once; 16 if nothing is said. Those of one device come in order.
    #[must_use]
    pub fn at_once(mut self, notifications: usize) -> Self {
        self.at_once = notifications.max(1);
        self
    }

    /// Handles what an inbox delivers, until the integration is deactivated.
    ///
    /// # Errors
    /// [`Error::Configuration`]: a pattern is none.
    pub async fn run(self, inbox: Inbox) -> Result<()> {
        if let Some(problem) = self.problem {
            return Err(Error::configuration(problem));
        }
        let integration = inbox.integration().clone();
        let (this, integration) = (&self, &integration);
        inbox
            .for_each_concurrent(self.at_once, |delivery| this.take(integration, delivery))
            .await;
        Ok(())
    }

    async fn take(&self, integration: &Integration, delivery: Delivery) {
        match self.handle(integration, delivery.notification()).await {
            Ok(()) => delivery.done(),
            Err(error) => {
                tracing::warn!(error, attempt = delivery.attempt(), "a handler failed");
                delivery.failed();
            }
        }
    }

    /// Calls the handlers of one notification. [`run`](Self::run) does this for each; a program that reads its
    /// inbox itself may call it where it likes.
    ///
    /// # Errors
    /// A handler failed.
    pub async fn handle(
        &self,
        integration: &Integration,
        notification: &Notification,
    ) -> Result<(), BoxError> {
        match notification {
            Notification::Action(action) => {
                for handler in &self.actions {
                    handler(integration.clone().into(), action.clone()).await?;
                }
            }
            Notification::Status(told) => {
                let notice = |key: &Key, value: &serde_json::Value| Notice {
                    integration: integration.clone(),
                    device_id: told.device_id.clone(),
                    workspace_id: told.workspace_id.clone(),
                    key: key.clone(),
                    value: value.clone(),
                    timestamp: told.timestamp,
                    full_sync: told.full_sync,
                    shared: self.shared.clone(),
                };
                for (key, value) in &told.updated {
                    call(&self.status, key, || notice(key, value)).await?;
                }
                for key in &told.removed {
                    call(&self.removed, key, || notice(key, &serde_json::Value::Null)).await?;
                }
            }
            Notification::Events(told) => {
                for event in &told.events {
                    let notice = || Notice {
                        integration: integration.clone(),
                        device_id: told.device_id.clone(),
                        workspace_id: told.workspace_id.clone(),
                        key: event.key.clone(),
                        value: event.value.clone(),
                        timestamp: event.timestamp,
                        full_sync: false,
                        shared: self.shared.clone(),
                    };
                    call(&self.events, &event.key, notice).await?;
                }
            }
        }
        Ok(())
    }
}

fn add<A>(
    index: &mut PatternIndex<Erased>,
    problem: &mut Option<String>,
    pattern: &str,
    handler: impl Handler<A>,
) {
    match pattern.parse::<Pattern>() {
        Ok(pattern) => index.insert(&pattern, Arc::new(move |notice: &Notice| handler.call(notice))),
        Err(error) => *problem = Some(format!("`{pattern}` is no pattern: {error}")),
    }
}

/// Calls the handlers whose pattern encloses a key.
async fn call(
    index: &PatternIndex<Erased>,
    key: &Key,
    notice: impl FnOnce() -> Notice,
) -> Result<(), BoxError> {
    let mut found: Vec<Erased> = Vec::new();
    index.find(key, |handler| found.push(Arc::clone(handler)));
    if found.is_empty() {
        return Ok(());
    }
    let notice = notice();
    for handler in found {
        let running = async {
            match handler(&notice) {
                Ok(running) => running.await,
                Err(mismatch) => {
                    // It would not fit the next time either.
                    tracing::warn!(%mismatch, "a handler was passed over");
                    Ok(())
                }
            }
        };
        // A handler that panics has failed; the others and the next notifications have not.
        let done = AssertUnwindSafe(running).catch_unwind().await;
        done.unwrap_or_else(|_| Err(format!("the handler of {key} panicked").into()))?;
    }
    Ok(())
}
