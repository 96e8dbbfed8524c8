//! Connecting: from an activation code, or from what is stored.

use std::sync::{Arc, Mutex};

use hallway_wire::Secret;
use tokio::sync::watch;

use super::actions::Seen;
use super::app::{App, AppUpdate, AppWebhook, Customer, OperationalState, ProvisioningState, Queue};
use super::provisioning::Provisioning;
use super::{Inner, Integration};
use crate::client::{Client, Https, RateLimit, RetryPolicy, Transport};
use crate::error::{Error, Result};
use crate::jwt::{KeySource, Keys, Parts};
use crate::time::{Clock, SystemClock};
use crate::tokens::{Account, FileStore, MemoryStore, Renewing, Stored, TokenStore};

/// How notifications come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Listening {
    /// What was said before stays in force.
    #[default]
    AsBefore,
    /// They are fetched: [`Integration::poll`].
    LongPolling,
    /// They are posted to this address: [`Integration::receiver`].
    Webhook(String),
}

/// Collects what an [`Integration`] needs to connect.
#[must_use]
#[derive(Clone, Debug)]
pub struct Builder {
    client_id: String,
    client_secret: Secret,
    code: Option<Secret>,
    store: Arc<dyn TokenStore>,
    name: String,
    keys: KeySource,
    listening: Listening,
    webhook_secret: Option<Secret>,
    actions_url: Option<String>,
    customer: Option<Customer>,
    transport: Option<Arc<dyn Transport>>,
    retry: RetryPolicy,
    limit: RateLimit,
    user_agent: Option<String>,
    clock: Arc<dyn Clock>,
    verified_by: Option<Keys>,
}

impl Builder {
    pub(super) fn new(client_id: String, client_secret: String) -> Self {
        Self {
            client_id,
            client_secret: Secret::new(client_secret),
            code: None,
            store: Arc::new(MemoryStore::default()),
            name: "integration".to_owned(),
            keys: KeySource::Webex,
            listening: Listening::AsBefore,
            webhook_secret: None,
            actions_url: None,
            customer: None,
            transport: None,
            retry: RetryPolicy::default(),
            limit: RateLimit::default(),
            user_agent: None,
            clock: Arc::new(SystemClock),
            verified_by: None,
        }
    }

    /// Takes the settings from the environment, as `hallway test` sets them: `CLIENT_ID`, `CLIENT_SECRET`,
    /// `ACTIVATION_CODE` (needed once), `JWKS_URL` (of a Hallway; without it the keys are those of Webex) and
    /// `STATE`, the folder where tokens are kept (`state`).
    ///
    /// # Errors
    /// [`Error::Configuration`]: the client's id or secret is missing.
    pub fn from_env() -> Result<Self> {
        let setting = |name: &str| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
        let needed = |name: &str| {
            let hint = "set it to what was shown when the manifest was uploaded, or run under `hallway test`";
            setting(name).ok_or_else(|| Error::configuration(format!("{name} is not set: {hint}")))
        };
        let folder = setting("STATE").unwrap_or_else(|| "state".to_owned());
        Ok(Self::new(needed("CLIENT_ID")?, needed("CLIENT_SECRET")?)
            .activation_code(setting("ACTIVATION_CODE"))
            .keys(setting("JWKS_URL").map_or(KeySource::Webex, KeySource::Url))
            .store(Arc::new(FileStore::new(folder))))
    }

    /// The code that an administrator was given. It is needed once: a code that was used before is passed over,
    /// so it may stay in the settings.
    pub fn activation_code(mut self, code: impl Into<Option<String>>) -> Self {
        self.code = code
            .into()
            .filter(|code| !code.trim().is_empty())
            .map(Secret::new);
        self
    }

    /// Where tokens and addresses are kept; in memory if nothing is said.
    pub fn store(mut self, store: Arc<dyn TokenStore>) -> Self {
        self.store = store;
        self
    }

    /// The name under which they are kept: one for each organization.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Where the keys are that sign; those of Webex's regions if nothing is said. For a Hallway:
    /// `KeySource::Url("https://hallway.example.com/jwks".to_owned())`.
    pub fn keys(mut self, keys: KeySource) -> Self {
        self.keys = keys;
        self
    }

    /// Notifications are fetched. Needs no address that the service can reach.
    pub fn long_polling(mut self) -> Self {
        self.listening = Listening::LongPolling;
        self
    }

    /// Notifications are posted to this address. A secret for their signatures is made and stored.
    pub fn webhook(mut self, url: impl Into<String>) -> Self {
        self.listening = Listening::Webhook(url.into());
        self
    }

    /// The secret of the signatures, at least twenty characters, if it should not be made here.
    pub fn webhook_secret(mut self, secret: impl Into<String>) -> Self {
        self.webhook_secret = Some(Secret::new(secret));
        self
    }

    /// Where actions are posted.
    pub fn actions_url(mut self, url: impl Into<String>) -> Self {
        self.actions_url = Some(url.into());
        self
    }

    /// Your own reference to the customer, which the service keeps.
    pub fn customer(mut self, id: impl Into<String>, name: Option<String>) -> Self {
        self.customer = Some(Customer { id: id.into(), name });
        self
    }

    /// How requests travel; [`Https::from_env`] if nothing is said.
    pub fn transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.transport = Some(transport);
        self
    }

    /// How patiently requests are repeated.
    pub fn retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }

    /// How often at most it asks.
    pub fn rate_limit(mut self, limit: RateLimit) -> Self {
        self.limit = limit;
        self
    }

    /// What the program calls itself.
    pub fn user_agent(mut self, name: impl Into<String>) -> Self {
        self.user_agent = Some(name.into());
        self
    }

    /// Whose time it is; the machine's if nothing is said.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Keys that several integrations share.
    pub(crate) fn verified_by(mut self, keys: Keys) -> Self {
        self.verified_by = Some(keys);
        self
    }

    /// Adds a segment to the addresses where something is posted.
    pub(crate) fn below(mut self, segment: &str) -> Self {
        let below = |url: &str| format!("{}/{segment}", url.trim_end_matches('/'));
        if let Listening::Webhook(url) = &self.listening {
            self.listening = Listening::Webhook(below(url));
        }
        self.actions_url = self.actions_url.map(|url| below(&url));
        self
    }

    pub(crate) fn listening(&self) -> &Listening {
        &self.listening
    }

    pub(crate) fn given_transport(&self) -> Option<Arc<dyn Transport>> {
        self.transport.clone()
    }

    pub(crate) fn take_code(&mut self) -> Option<Secret> {
        self.code.take()
    }

    pub(crate) fn key_source(&self) -> KeySource {
        self.keys.clone()
    }

    pub(crate) fn stored_as(&self) -> &str {
        &self.name
    }

    pub(crate) fn token_store(&self) -> Arc<dyn TokenStore> {
        Arc::clone(&self.store)
    }

    pub(crate) fn whose_time(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock)
    }

    /// Connects: verifies the code if there is a new one, gets a token, and tells the service that the
    /// integration is ready and how notifications come. Whatever was learned is stored before it is used.
    ///
    /// # Errors
    /// [`Error::Code`]: the code is not good. [`Error::Unauthorized`]: what is stored is not valid any more, an
    /// administrator must activate the integration again. [`Error::Configuration`]: nothing is stored, and there
    /// is no code. Others: the service could not be asked.
    pub async fn connect(mut self) -> Result<Integration> {
        let transport = match self.transport.take() {
            Some(transport) => transport,
            None => Arc::new(Https::from_env()?) as _,
        };
        let keys = match self.verified_by.take() {
            Some(keys) => keys,
            None => Keys::new(self.keys.clone(), Arc::clone(&transport)),
        };
        let (stored, known) = Stored::look(Arc::clone(&self.store), self.name.clone()).await?;
        let (mut account, new) = self.account(known, &keys).await?;
        let provisioning = account.provisioning.as_mut().ok_or_else(|| {
            Error::configuration(format!("what is stored under `{}` is no integration", self.name))
        })?;
        if let Listening::Webhook(_) = self.listening {
            let given = self.webhook_secret.take().or(provisioning.webhook_secret.take());
            provisioning.webhook_secret = Some(given.unwrap_or_else(make_secret));
            let secret = provisioning
                .webhook_secret
                .as_ref()
                .map(Secret::expose)
                .unwrap_or_default();
            if secret.chars().count() < 20 {
                return Err(Error::configuration(
                    "the secret of the webhook needs at least twenty characters",
                ));
            }
        }
        let provisioning = provisioning.clone();
        let oauth = provisioning.oauth(self.client_id.clone(), self.client_secret.clone());
        let grants = Arc::new(provisioning.grants.clone());
        let tokens = Renewing::with(oauth, stored, account, Arc::clone(&transport));
        if new || matches!(self.listening, Listening::Webhook(_)) {
            tokens.change(|_, _| ()).await?;
        }
        let mut builder = Client::builder(provisioning.webexapis_base_url.clone())
            .tokens(Arc::new(tokens.clone()))
            .transport(transport)
            .retry(self.retry)
            .rate_limit(self.limit);
        if let Some(name) = &self.user_agent {
            builder = builder.user_agent(name);
        }
        let client = builder.build()?;
        provisioning.urls().for_each(|url| client.trust(url));
        let update = self.update(&provisioning);
        let call = client.request(http::Method::PATCH, provisioning.app_url.clone());
        let app: App = call.idempotent(true).json(&update).read().await?;
        let integration = Integration(Arc::new(Inner {
            client,
            tokens,
            keys,
            clock: self.clock,
            recent: Arc::default(),
            listening: self.listening,
            app: Mutex::new(Arc::new(app.clone())),
            grants: watch::Sender::new(grants),
            health: Mutex::new(OperationalState::Operational),
            seen: Mutex::new(Seen::default()),
            ended: watch::Sender::new(false),
            forgotten: watch::Sender::new(false),
        }));
        integration.take(app).await?;
        Ok(integration)
    }

    /// The account, and whether it is not stored yet.
    async fn account(&self, stored: Option<Account>, keys: &Keys) -> Result<(Account, bool)> {
        let Some(code) = &self.code else {
            let nothing = || {
                Error::configuration(format!(
                    "nothing is stored under `{}`: an activation code is needed, which an administrator gets by \
                     activating the integration",
                    self.name
                ))
            };
            return stored.map(|account| (account, false)).ok_or_else(nothing);
        };
        let claims = Parts::of(code.expose())?.unverified()?;
        if let Some(account) = &stored
            && account.knows(&claims.jti, claims.app_id, claims.iat)
        {
            return Ok((account.clone(), false));
        }
        let account = Provisioning::account(keys.verify(code.expose()).await?, self.clock.now().millis())?;
        Ok((account.after(stored), true))
    }

    fn update(&self, provisioning: &Provisioning) -> AppUpdate {
        let mut update = AppUpdate {
            provisioning_state: Some(ProvisioningState::Completed),
            actions_url: self.actions_url.clone(),
            customer: self.customer.clone(),
            ..AppUpdate::default()
        };
        match &self.listening {
            Listening::AsBefore => {}
            Listening::LongPolling => {
                update.queue = Some(Queue {
                    poll_url: None,
                    state: Some("enabled".to_owned()),
                });
            }
            Listening::Webhook(url) => {
                update.webhook = Some(AppWebhook {
                    target_url: Some(url.clone()),
                    kind: "hmac_signature",
                    secret: provisioning.webhook_secret.clone(),
                    headers: None,
                });
            }
        }
        update
    }
}

/// 256 bits, as text.
fn make_secret() -> Secret {
    use base64::Engine as _;
    let bytes: [u8; 32] = rand::random();
    Secret::new(base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes))
}
