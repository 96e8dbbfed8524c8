//! Opening a registry.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::sync::{Semaphore, mpsc};
use uuid::Uuid;

use super::inbox::TenantInbox;
use super::provisioning::{Activation, Refusal, Welcome};
use super::registry::{Registry, Tenants};
use super::tenant::{Tenant, TenantId};
use crate::client::{Https, Transport};
use crate::error::{Error, Result};
use crate::integration::{Builder, Listening};
use crate::jwt::Keys;
use crate::notify::{Memory, Recent};

/// How much there may be of tenants, and how much each may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// So many tenants at most. Those that are stored are connected in any case; further ones are refused.
    pub tenants: usize,
    /// So many notifications of one tenant are handled at once. Those of one device come in order.
    pub at_once: usize,
    /// So many webhooks of one tenant may wait to be handled; what is posted then is asked to come again.
    pub waiting: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            tenants: 1000,
            at_once: 16,
            waiting: 256,
        }
    }
}

pub(super) type Admit = Arc<dyn Fn(Activation) -> BoxFuture<'static, Result<Welcome, Refusal>> + Send + Sync>;
pub(super) type Greet = Arc<dyn Fn(Tenant) -> BoxFuture<'static, Result<()>> + Send + Sync>;
pub(super) type MemoryOf = Arc<dyn Fn(&TenantId) -> Result<Arc<dyn Memory>> + Send + Sync>;

/// Collects what [`Tenants`] need.
#[must_use]
pub struct TenantsBuilder {
    template: Builder,
    limits: Limits,
    app_id: Option<Uuid>,
    admit: Option<Admit>,
    greet: Option<Greet>,
    memory: MemoryOf,
}

impl fmt::Debug for TenantsBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TenantsBuilder")
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

impl TenantsBuilder {
    pub(super) fn new(template: Builder) -> Self {
        Self {
            template,
            limits: Limits::default(),
            app_id: None,
            admit: None,
            greet: None,
            memory: Arc::new(|_| Ok(Arc::new(Recent::default()))),
        }
    }

    /// How much there may be of tenants, and how much each may take.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The id of the manifest. Activation codes of other integrations are refused at once; without this they fail
    /// when their token does not fit the client's secret.
    pub fn app_id(mut self, id: Uuid) -> Self {
        self.app_id = Some(id);
        self
    }

    /// Decides about activations that are posted, and where the administrator is led. It is asked when the code has
    /// been verified, before anything is stored; again when the service repeats itself. Without it all are taken.
    ///
    /// ```no_run
    /// # fn example(builder: hallway_sdk::tenants::TenantsBuilder) {
    /// use hallway_sdk::tenants::{Refusal, Welcome};
    ///
    /// builder.admit(|activation| async move {
    ///     if activation.org_name.as_deref() == Some("Fjord Gardens") {
    ///         return Err(Refusal::new("Your contract has ended: write to sales@example.com."));
    ///     }
    ///     Ok(Welcome::redirect(format!("https://example.com/welcome/{}", activation.tenant)))
    /// });
    /// # }
    /// ```
    pub fn admit<Fut>(mut self, admit: impl Fn(Activation) -> Fut + Send + Sync + 'static) -> Self
    where
        Fut: Future<Output = Result<Welcome, Refusal>> + Send + 'static,
    {
        self.admit = Some(Arc::new(move |activation| admit(activation).boxed()));
        self
    }

    /// What is done when a tenant is connected, at the start and when it is added, before its notifications are
    /// handed out: put panels on its devices, read what is there. If it fails, the tenant is connected again later.
    pub fn on_connect<Fut>(mut self, greet: impl Fn(Tenant) -> Fut + Send + Sync + 'static) -> Self
    where
        Fut: Future<Output = Result<()>> + Send + 'static,
    {
        self.greet = Some(Arc::new(move |tenant| greet(tenant).boxed()));
        self
    }

    /// Where it is remembered what a tenant's notifications were handled; if nothing is said, as long as the process
    /// runs.
    ///
    /// ```no_run
    /// # fn example(builder: hallway_sdk::tenants::TenantsBuilder) {
    /// use std::sync::Arc;
    /// use hallway_sdk::notify::RecentFile;
    ///
    /// builder.memory(|tenant| Ok(Arc::new(RecentFile::open(format!("handled/{tenant}"), 10_000)?)));
    /// # }
    /// ```
    pub fn memory(
        mut self,
        memory: impl Fn(&TenantId) -> Result<Arc<dyn Memory>> + Send + Sync + 'static,
    ) -> Self {
        self.memory = Arc::new(memory);
        self
    }

    /// Reads which tenants are stored, and begins to connect them. It does not wait for them:
    /// [`Tenants::settled`] does.
    ///
    /// # Errors
    /// [`Error::Store`]: the store cannot say what it has. [`Error::Configuration`]: it was not said how
    /// notifications come. [`Error::Code`] and others: the builder had an activation code, which could not be added.
    pub async fn open(self) -> Result<(Tenants, TenantInbox)> {
        let mut template = self.template;
        if *template.listening() == Listening::AsBefore {
            return Err(Error::configuration(
                "say how the notifications of tenants come: with `long_polling()` or `webhook(…)`",
            ));
        }
        let transport = match template.given_transport() {
            Some(transport) => Connections::Shared(transport),
            None => Connections::Apart(Box::new(Https::from_env()?)),
        };
        let code = template.take_code();
        let keys = Keys::new(template.key_source(), transport.one());
        // One place: whoever asks for the next delivery lets the next one in, and tenants take turns.
        let (sender, receiver) = mpsc::channel(1);
        let registry = Arc::new(Registry {
            prefix: format!("{}/", template.stored_as()),
            store: template.token_store(),
            clock: template.whose_time(),
            template,
            keys,
            transport,
            limits: self.limits,
            app_id: self.app_id,
            admit: self.admit,
            greet: self.greet,
            memory: self.memory,
            deliveries: sender,
            slots: Mutex::new(BTreeMap::new()),
            left: Mutex::default(),
            connecting: Semaphore::new(AT_ONCE),
        });
        let tenants = Tenants::of(registry);
        tenants.take_up().await?;
        if let Some(code) = code {
            tenants.add(code.expose()).await?;
        }
        Ok((tenants.clone(), TenantInbox::new(receiver, tenants)))
    }
}

/// So many tenants are connected at the same time at the start.
const AT_ONCE: usize = 32;

/// What requests travel over.
pub(super) enum Connections {
    /// What the author gave, for all.
    Shared(Arc<dyn Transport>),
    /// Connections of its own for each tenant.
    Apart(Box<Https>),
}

impl Connections {
    pub(super) fn one(&self) -> Arc<dyn Transport> {
        match self {
            Self::Shared(transport) => Arc::clone(transport),
            Self::Apart(https) => Arc::new(https.apart()),
        }
    }
}
