//! Workspace integrations: connecting, what was granted, actions, and the features that an integration provides.

mod actions;
mod app;
mod builder;
mod features;
mod fleet;
mod grants;
mod provisioning;

use std::fmt;
use std::sync::{Arc, Mutex};

use http::Method;
use tokio::sync::watch;

pub use actions::{Action, HealthAnswer, Via};
pub use app::{App, AppUpdate, AppWebhook, Customer, OperationalState, ProvisioningState, Queue};
pub use builder::{Builder, Listening};
pub use features::{CrossLaunchDevice, CrossLaunchRequest, CrossLaunchTask, Feature};
pub use fleet::{Fleet, Sighting};
pub use grants::{Grants, XapiGrants};
pub use provisioning::Provisioning;

use crate::client::Client;
use crate::error::{Error, Result};
use crate::id::{DeviceId, OrgId};
use crate::jwt::Keys;
use crate::notify::Recent;
use crate::sync::lock;
use crate::time::Clock;
use crate::tokens::Renewing;
use crate::xapi::Device;

/// A workspace integration that is connected to one organization. Cheap to clone.
///
/// ```no_run
/// # async fn example() -> hallway_sdk::Result<()> {
/// use std::sync::Arc;
/// use hallway_sdk::tokens::FileStore;
/// use hallway_sdk::{Handlers, Integration, Value};
///
/// let integration = Integration::builder("the client id", "the client secret")
///     .store(Arc::new(FileStore::new("tokens")))
///     // Needed once; afterwards the store knows everything.
///     .activation_code(std::env::var("ACTIVATION_CODE").ok())
///     .long_polling()
///     .connect()
///     .await?;
///
/// for device in integration.client().devices().list().connected().all().await? {
///     println!("{}", device.display_name);
/// }
///
/// Handlers::new()
///     .on_status("RoomAnalytics.PeopleCount.Current", |Value(count): Value<i64>| async move {
///         println!("{count} people");
///     })
///     .run(integration.poll()?)
///     .await
/// # }
/// ```
#[derive(Clone)]
pub struct Integration(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) client: Client,
    pub(crate) tokens: Renewing,
    keys: Keys,
    clock: Arc<dyn Clock>,
    /// What was handled, for inboxes without a memory of their own.
    recent: Arc<Recent>,
    listening: Listening,
    /// What the service last said about the integration.
    app: Mutex<Arc<App>>,
    grants: watch::Sender<Arc<Grants>>,
    health: Mutex<OperationalState>,
    seen: Mutex<actions::Seen>,
    ended: watch::Sender<bool>,
    /// Whether what is stored was forgotten, or at least should have been.
    forgotten: watch::Sender<bool>,
}

impl fmt::Debug for Integration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let provisioning = self.provisioning();
        f.debug_struct("Integration")
            .field("app_id", &provisioning.app_id)
            .field("org_id", &provisioning.org_id)
            .finish_non_exhaustive()
    }
}

impl Integration {
    /// Says which integration it is; the client id and secret were shown when its manifest was uploaded.
    pub fn builder(client_id: impl Into<String>, client_secret: impl Into<String>) -> Builder {
        Builder::new(client_id.into(), client_secret.into())
    }

    /// The REST API, as the machine account of the integration.
    pub fn client(&self) -> &Client {
        &self.0.client
    }

    pub(crate) fn recent(&self) -> &Arc<Recent> {
        &self.0.recent
    }

    /// Whose time it is: ask it instead of the machine, so that a test can move it.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.0.clock
    }

    /// The xAPI of a device. What was not granted is refused here, before anything is sent.
    pub fn device(&self, id: impl Into<DeviceId>) -> Device {
        Device::granted(self.0.client.clone(), id.into(), self.0.grants.subscribe())
    }

    /// How it was provisioned: organization, addresses.
    pub fn provisioning(&self) -> Provisioning {
        let account = self.0.tokens.account();
        account.provisioning.unwrap_or_default()
    }

    /// The organization.
    pub fn org_id(&self) -> OrgId {
        self.provisioning().org_id
    }

    /// What the service last said about the integration: at the start, or since.
    pub fn app(&self) -> Arc<App> {
        Arc::clone(&lock(&self.0.app))
    }

    /// What was granted. Administrators may leave optional permissions out: ask before use.
    ///
    /// ```no_run
    /// # fn example(integration: hallway_sdk::Integration) {
    /// if integration.grants().may_command("UserInterface.Message.Alert.Display") {
    ///     println!("there will be alerts");
    /// }
    /// # }
    /// ```
    pub fn grants(&self) -> Arc<Grants> {
        Arc::clone(&self.0.grants.borrow())
    }

    /// Tells when what was granted changes, because a new version of the manifest was approved.
    pub fn watch_grants(&self) -> watch::Receiver<Arc<Grants>> {
        self.0.grants.subscribe()
    }

    /// Whether the integration was deactivated since it was connected.
    pub fn ended(&self) -> bool {
        *self.0.ended.borrow()
    }

    /// Waits until the integration is deactivated.
    pub async fn until_ended(&self) {
        let mut ended = self.0.ended.subscribe();
        // The sender lives as long as `self`.
        let _ = ended.wait_for(|ended| *ended).await;
    }

    /// Reads again what the service knows about the integration, and takes over what is granted now.
    ///
    /// # Errors
    /// Any; see [`Error`].
    pub async fn refresh(&self) -> Result<Arc<App>> {
        let url = self.provisioning().app_url;
        let app: App = self.0.client.request(Method::GET, url).read().await?;
        self.take(app).await
    }

    /// Tells the service something about the integration.
    ///
    /// # Errors
    /// Any; see [`Error`].
    pub async fn update(&self, update: &AppUpdate) -> Result<Arc<App>> {
        let url = self.provisioning().app_url;
        let call = self.0.client.request(Method::PATCH, url).idempotent(true);
        let app: App = call.json(update).read().await?;
        self.take(app).await
    }

    /// Tells the administrators how the integration feels; health checks are answered with it from now on.
    ///
    /// # Errors
    /// Any; see [`Error`].
    pub async fn report_health(&self, state: OperationalState) -> Result<()> {
        *lock(&self.0.health) = state.clone();
        let update = AppUpdate {
            operational_state: Some(state),
            ..AppUpdate::default()
        };
        self.update(&update).await.map(|_| ())
    }

    /// The manifest that is in force, as it was uploaded.
    ///
    /// # Errors
    /// Any; see [`Error`].
    pub async fn manifest(&self) -> Result<serde_json::Value> {
        let url = self.provisioning().manifest_url;
        let url = url.ok_or_else(|| Error::not_found("the activation did not say where the manifest is"))?;
        self.0.client.request(Method::GET, url).read().await
    }

    /// Deactivates the integration in this organization, and forgets its tokens.
    ///
    /// # Errors
    /// Any; see [`Error`].
    pub async fn deactivate(&self) -> Result<()> {
        let url = self.provisioning().app_url;
        self.0.client.request(Method::DELETE, url).done().await?;
        self.0.ended.send_replace(true);
        self.forget().await
    }

    /// Forgets what is stored of a deactivated integration. The poller and the tower service do this when the
    /// handlers of [`Action::Deprovisioned`] are done.
    ///
    /// # Errors
    /// [`Error::Store`]: it may still be there.
    pub async fn forget(&self) -> Result<()> {
        let forgotten = self.0.tokens.forget().await;
        self.0.forgotten.send_replace(true);
        forgotten
    }

    /// Waits until it is forgotten: nothing more is to be done for it.
    pub(crate) async fn until_forgotten(&self) {
        let mut forgotten = self.0.forgotten.subscribe();
        // The sender lives as long as `self`.
        let _ = forgotten.wait_for(|forgotten| *forgotten).await;
    }

    /// Takes over what the service says about the integration.
    async fn take(&self, app: App) -> Result<Arc<App>> {
        let app = Arc::new(app);
        let grants = app.grants();
        *lock(&self.0.app) = Arc::clone(&app);
        if let Some(queue) = &app.queue
            && let Some(url) = &queue.poll_url
            && !self.0.client.trusts(url)
        {
            tracing::warn!("the queue of the integration is on a host that does not get the token");
        }
        let changed = self.provisioning().grants != grants;
        self.0.grants.send_if_modified(|now| {
            let modified = **now != grants;
            if modified {
                *now = Arc::new(grants.clone());
            }
            modified
        });
        if changed {
            let keep = |account: &mut crate::tokens::Account| {
                if let Some(provisioning) = &mut account.provisioning {
                    provisioning.grants = grants;
                }
            };
            self.0.tokens.change(|account, _| keep(account)).await?;
        }
        Ok(app)
    }
}
