//! The registry of tenants.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc};
use tokio::time::Instant;
use uuid::Uuid;

use super::builder::{Admit, Connections, Greet, Limits, MemoryOf, TenantsBuilder};
use super::health::{Health, State};
use super::inbox::TenantDelivery;
use super::keeper::keep;
use super::slot::Slot;
use super::tenant::{Tenant, TenantId};
use crate::error::{Context, Error, Result};
use crate::integration::{Builder, Integration, Provisioning};
use crate::jwt::{Claims, CodeError, Keys};
use crate::notify::Worker;
use crate::sync::lock;
use crate::time::Clock;
use crate::tokens::{Account, Stored, TokenStore};

/// The tenants of an integration: those that are stored, and those that are added. Cheap to clone. When the last
/// clone and the [`TenantInbox`](super::TenantInbox) are dropped, all connections end; nothing is forgotten.
#[derive(Clone)]
pub struct Tenants(Arc<Owner>);

/// Ends the tasks of the registry, which hold it themselves.
struct Owner(Arc<Registry>);

impl Drop for Owner {
    fn drop(&mut self) {
        lock(&self.0.slots).values().for_each(|slot| slot.stop());
    }
}

pub(super) struct Registry {
    /// What holds for each tenant.
    pub(super) template: Builder,
    pub(super) store: Arc<dyn TokenStore>,
    /// What the names in the store begin with.
    pub(super) prefix: String,
    pub(super) keys: Keys,
    pub(super) transport: Connections,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) limits: Limits,
    pub(super) app_id: Option<Uuid>,
    pub(super) admit: Option<Admit>,
    pub(super) greet: Option<Greet>,
    pub(super) memory: MemoryOf,
    pub(super) deliveries: mpsc::Sender<TenantDelivery>,
    pub(super) slots: Mutex<BTreeMap<TenantId, Arc<Slot>>>,
    /// Tenants that left, with the second in which their last code was made: it is good for a day, and a copy of it
    /// must not bring them back.
    pub(super) left: Mutex<HashMap<TenantId, (i64, Instant)>>,
    /// So many connect at the same time.
    pub(super) connecting: Semaphore,
}

/// How long whoever adds a tenant waits for its first connection. The service waits ten seconds for an answer.
const PATIENCE: Duration = Duration::from_secs(8);
/// How long an activation code is good.
const A_DAY: Duration = Duration::from_secs(24 * 60 * 60);

impl fmt::Debug for Tenants {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tenants")
            .field("ids", &self.ids())
            .finish_non_exhaustive()
    }
}

impl Tenants {
    /// Begins with what holds for each tenant: client id and secret, store, keys, how notifications come. The name
    /// of the builder is what the names in the store begin with. To the addresses of webhooks and actions the id of
    /// the tenant is added as the last segment. An activation code, if there is one, is added at the start.
    pub fn builder(integration: Builder) -> TenantsBuilder {
        TenantsBuilder::new(integration)
    }

    pub(super) fn of(registry: Arc<Registry>) -> Self {
        Self(Arc::new(Owner(registry)))
    }

    pub(super) fn registry(&self) -> &Arc<Registry> {
        &self.0.0
    }

    /// Adds a tenant by its activation code. A code that was added before changes nothing; a newer one of the same
    /// organization takes the place of the older.
    ///
    /// When this returns, the tenant is stored, and is kept connected from now on. If the service could not be
    /// reached yet, that is tried again by itself: [`health`](Self::health) tells.
    ///
    /// # Errors
    /// [`Error::Code`]: the code is not good. [`Error::Conflict`]: there are as many tenants as there may be.
    /// [`Error::Store`]: it could not be stored. Others, such as [`Error::Unauthorized`]: the service refuses it; a
    /// new tenant is not kept then.
    pub async fn add(&self, code: &str) -> Result<TenantId> {
        let claims = self.registry().verify(code).await?;
        self.install(claims).await
    }

    /// Adds the tenant of a code that was verified. It goes on if the caller goes away.
    pub(super) async fn install(&self, claims: Claims) -> Result<TenantId> {
        let tenants = self.clone();
        let installing = tokio::spawn(async move { tenants.registry().install(claims).await });
        installing
            .await
            .unwrap_or_else(|_| Err(Error::protocol("adding the tenant was broken off")))
    }

    /// All tenants, connected or not.
    pub fn ids(&self) -> Vec<TenantId> {
        lock(&self.registry().slots).keys().cloned().collect()
    }

    /// The tenant, if it is connected.
    pub fn get(&self, id: &TenantId) -> Option<Tenant> {
        self.registry().slot(id)?.tenant()
    }

    /// The tenants that are connected.
    pub fn connected(&self) -> Vec<Tenant> {
        let slots = lock(&self.registry().slots);
        slots.values().filter_map(|slot| slot.tenant()).collect()
    }

    /// How all tenants are.
    pub fn health(&self) -> Vec<Health> {
        let slots: Vec<Arc<Slot>> = lock(&self.registry().slots).values().cloned().collect();
        slots.iter().map(|slot| slot.health()).collect()
    }

    /// How a tenant is; `None`: there is no such tenant.
    pub fn health_of(&self, id: &TenantId) -> Option<Health> {
        Some(self.registry().slot(id)?.health())
    }

    /// Waits until each tenant was tried once: at the end of a start, some are connected, and of the others it is
    /// known why not.
    pub async fn settled(&self) {
        let slots: Vec<Arc<Slot>> = lock(&self.registry().slots).values().cloned().collect();
        for slot in slots {
            slot.tried().await;
        }
    }

    /// Tries now to connect a tenant that waits to be tried again.
    pub fn retry(&self, id: &TenantId) {
        if let Some(slot) = self.registry().slot(id) {
            slot.wake.notify_one();
        }
    }

    /// Forgets a tenant here: its connection ends, its tokens are removed from the store. At the service the
    /// integration stays active; to end that too, call [`deactivate`](Self::deactivate) instead.
    ///
    /// # Errors
    /// [`Error::NotFound`]: there is no such tenant. [`Error::Store`]: its tokens may still be there.
    pub async fn remove(&self, id: &TenantId) -> Result<()> {
        let registry = self.registry();
        let slot = registry.known(id)?;
        // It is never closed.
        let _turn = slot.turn.acquire().await;
        registry.end(&slot).await;
        if let Err(error) = registry.store.remove(&registry.stored_as(id)).await {
            slot.failed(error.clone().into());
            return Err(error.into());
        }
        registry.drop_slot(&slot);
        Ok(())
    }

    /// Deactivates the integration in the organization of a tenant, and forgets it.
    ///
    /// # Errors
    /// [`Error::NotFound`]: there is no such tenant, or it is not connected. Others; see [`Error`]: nothing has
    /// changed.
    pub async fn deactivate(&self, id: &TenantId) -> Result<()> {
        let tenant = self.registry().known(id)?.tenant();
        let tenant =
            tenant.ok_or_else(|| Error::not_found(format!("the tenant {id} is not connected now")))?;
        tenant.integration().deactivate().await?;
        match self.remove(id).await {
            // The task that kept it connected was faster.
            Err(Error::NotFound(_)) => Ok(()),
            removed => removed,
        }
    }

    /// Takes up the tenants that are stored.
    pub(super) async fn take_up(&self) -> Result<()> {
        let registry = self.registry();
        for name in registry.store.names().await? {
            if let Some(id) = name.strip_prefix(&registry.prefix) {
                let slot = registry.new_slot(&TenantId::named(id));
                registry.start(&slot);
            }
        }
        Ok(())
    }
}

impl Registry {
    /// The name of a tenant in the store.
    pub(super) fn stored_as(&self, id: &TenantId) -> String {
        format!("{}{id}", self.prefix)
    }

    pub(super) fn slot(&self, id: &TenantId) -> Option<Arc<Slot>> {
        lock(&self.slots).get(id).cloned()
    }

    fn known(&self, id: &TenantId) -> Result<Arc<Slot>> {
        self.slot(id)
            .ok_or_else(|| Error::not_found(format!("there is no tenant {id}")))
    }

    fn new_slot(&self, id: &TenantId) -> Arc<Slot> {
        let slot = Arc::new(Slot::new(id.clone(), Arc::clone(&self.clock)));
        lock(&self.slots).insert(id.clone(), Arc::clone(&slot));
        slot
    }

    /// The place of a tenant; a new one, if there is room for it.
    fn place(&self, id: &TenantId) -> Result<Arc<Slot>> {
        let mut slots = lock(&self.slots);
        if let Some(slot) = slots.get(id) {
            return Ok(Arc::clone(slot));
        }
        if slots.len() >= self.limits.tenants {
            let text = format!("there are {} tenants already, which is the limit", slots.len());
            return Err(Error::Conflict(Context::local(text)));
        }
        let slot = Arc::new(Slot::new(id.clone(), Arc::clone(&self.clock)));
        slots.insert(id.clone(), Arc::clone(&slot));
        Ok(slot)
    }

    fn holds(&self, slot: &Arc<Slot>) -> bool {
        self.slot(&slot.id).is_some_and(|held| Arc::ptr_eq(&held, slot))
    }

    pub(super) fn drop_slot(&self, slot: &Arc<Slot>) {
        let mut slots = lock(&self.slots);
        if slots.get(&slot.id).is_some_and(|held| Arc::ptr_eq(held, slot)) {
            slots.remove(&slot.id);
        }
    }

    /// Begins to keep a tenant connected.
    fn start(self: &Arc<Self>, slot: &Arc<Slot>) {
        slot.keep(|| Worker(tokio::spawn(keep(Arc::clone(self), Arc::clone(slot)))));
    }

    /// Ends what keeps a tenant connected, and sees to it that nothing of it is stored any more.
    async fn end(&self, slot: &Slot) {
        let tenant = slot.tenant();
        slot.stop();
        if let Some(tenant) = tenant {
            tenant.integration().0.tokens.retire().await;
        }
    }

    /// Verifies an activation code.
    ///
    /// # Errors
    /// [`Error::Code`]: it is not good. Others: the keys cannot be had.
    pub(super) async fn verify(&self, code: &str) -> Result<Claims> {
        let claims = self.keys.verify(code).await?;
        if self.app_id.is_some_and(|id| id != claims.app_id) {
            return Err(CodeError::Foreign("integration").into());
        }
        // Whether it is an activation code, and has not expired.
        Provisioning::account(claims.clone(), self.clock.now().millis())?;
        Ok(claims)
    }

    async fn install(self: &Arc<Self>, claims: Claims) -> Result<TenantId> {
        let account = Provisioning::account(claims, self.clock.now().millis())?;
        let Some(new) = account.provisioning.clone() else {
            return Err(Error::protocol("the code says nothing of an integration"));
        };
        let id = TenantId::of(&new.org_id);
        loop {
            let slot = self.place(&id)?;
            let _turn = slot.turn.acquire().await;
            if !self.holds(&slot) {
                // It was removed while this waited for its turn.
                continue;
            }
            let is_new = slot.is_new();
            let installed = self.install_at(&slot, account.clone(), &new).await;
            if installed.is_err() && is_new {
                self.end(&slot).await;
                self.drop_slot(&slot);
            }
            return installed.map(|()| id);
        }
    }

    /// Installs a tenant at its place. Only in its turn.
    async fn install_at(
        self: &Arc<Self>,
        slot: &Arc<Slot>,
        account: Account,
        new: &Provisioning,
    ) -> Result<()> {
        let name = self.stored_as(&slot.id);
        let (stored, before) = Stored::look(Arc::clone(&self.store), name.clone()).await?;
        let known = before
            .as_ref()
            .is_some_and(|before| before.knows(&new.code_id, new.app_id, new.code_made));
        if known {
            if slot.is_new() {
                // Something else stored it.
                self.start(slot);
            }
            return Self::outcome(slot).await;
        }
        if self.has_left(&slot.id, new.code_made) {
            return Err(CodeError::Replayed.into());
        }
        let known = before.as_ref().and_then(|before| before.provisioning.as_ref());
        if known.is_some_and(|known| known.app_id != new.app_id) {
            // A code of another integration must not end the one that is there.
            return Err(CodeError::Foreign("integration").into());
        }
        let first = before.is_none();
        self.end(slot).await;
        let put = stored.put(&account.after(before)).await;
        if put.is_ok() || !first {
            // What was there before goes on, if the new one could not be stored.
            self.start(slot);
        }
        put?;
        let outcome = Self::outcome(slot).await;
        if outcome.is_err() && first {
            // Nothing is kept that never worked.
            self.end(slot).await;
            self.store.remove(&name).await?;
        }
        outcome
    }

    /// How the first try to connect went. That the service cannot be reached now is no failure.
    async fn outcome(slot: &Slot) -> Result<()> {
        match tokio::time::timeout(PATIENCE, slot.tried()).await {
            Ok(State::Refused(error)) => Err(error),
            _ => Ok(()),
        }
    }

    /// Whether the tenant left after this code was made.
    fn has_left(&self, id: &TenantId, code_made: i64) -> bool {
        lock(&self.left)
            .get(id)
            .is_some_and(|(made, _)| *made >= code_made)
    }

    /// The integration was deactivated, and the author was told.
    pub(super) async fn leave(&self, slot: &Arc<Slot>, integration: &Integration) {
        let _turn = slot.turn.acquire().await;
        let pauses = crate::client::RetryPolicy::default();
        let mut tried = 0;
        // What cannot be forgotten now is refused at the next start, and shown as such.
        while let Err(error) = integration.forget().await {
            tried += 1;
            tracing::error!(%error, tenant = %slot.id, "the tokens of a tenant that left could not be forgotten");
            if tried >= pauses.attempts {
                break;
            }
            tokio::time::sleep(pauses.pause(tried)).await;
        }
        {
            let mut left = lock(&self.left);
            left.retain(|_, (_, at)| at.elapsed() < A_DAY);
            let made = integration.provisioning().code_made;
            left.insert(slot.id.clone(), (made, Instant::now()));
        }
        tracing::info!(tenant = %slot.id, "a tenant left");
        self.drop_slot(slot);
    }
}
