//! Keeping one tenant connected.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use super::health::State;
use super::inbox::Outlet;
use super::registry::Registry;
use super::slot::{Connected, Slot};
use super::tenant::Tenant;
use crate::client::RetryPolicy;
use crate::error::{Error, Result};
use crate::integration::Listening;
use crate::notify::{Inbox, PollOptions, ReceiverOptions};

/// How long connecting may take, with all its requests.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often a tenant is tried that the service refuses.
const SELDOM: Duration = Duration::from_secs(15 * 60);

/// Connects a tenant, and hands out what it is told, until it leaves or nobody listens.
pub(super) async fn keep(registry: Arc<Registry>, slot: Arc<Slot>) {
    let pauses = RetryPolicy {
        first: Duration::from_secs(1),
        most: Duration::from_secs(60),
        ..RetryPolicy::default()
    };
    let mut failures = 0;
    loop {
        match registry.connect(&slot).await {
            Ok((tenant, inbox)) => {
                hand_out(&registry, &slot, &tenant, inbox).await;
                if tenant.integration().ended() {
                    registry.leave(&slot, tenant.integration()).await;
                }
                return;
            }
            Err(error) => {
                failures += 1;
                let pause = match State::of(error.clone()) {
                    State::Refused(_) => SELDOM,
                    _ => error.retry_after().unwrap_or_default() + pauses.pause(failures),
                };
                tracing::warn!(%error, tenant = %slot.id, failures, ?pause, "a tenant could not be connected");
                slot.failed(error);
                tokio::select! {
                    () = tokio::time::sleep(pause) => {}
                    () = slot.wake.notified() => {}
                }
            }
        }
    }
}

impl Registry {
    async fn connect(&self, slot: &Arc<Slot>) -> Result<(Tenant, Inbox)> {
        let builder = self
            .template
            .clone()
            .name(self.stored_as(&slot.id))
            .verified_by(self.keys.clone())
            .transport(self.transport.one())
            .below(slot.id.as_str());
        let connecting = {
            let _turn = self.connecting.acquire().await;
            tokio::time::timeout(PATIENCE, builder.connect()).await
        };
        let integration = connecting.map_err(|_| late())??;
        let tenant = Tenant::new(slot.id.clone(), integration);
        if let Some(greet) = &self.greet {
            let greeted = tokio::time::timeout(PATIENCE, greet(tenant.clone())).await;
            greeted.map_err(|_| late())??;
        }
        let integration = tenant.integration();
        let memory = (self.memory)(&slot.id)?;
        let (inbox, receiver) = if matches!(integration.listening(), Listening::Webhook(_)) {
            let options = ReceiverOptions {
                memory,
                waiting: self.limits.waiting,
                ..ReceiverOptions::default()
            };
            let (receiver, inbox) = integration.receiver(options)?;
            (inbox, Some(receiver))
        } else {
            let options = PollOptions {
                memory,
                lanes: self.limits.at_once,
                ..PollOptions::default()
            };
            (integration.poll_with(options)?, None)
        };
        slot.connected(Connected {
            tenant: tenant.clone(),
            trouble: inbox.trouble(),
            receiver,
        });
        Ok((tenant, inbox))
    }
}

fn late() -> Error {
    let context = crate::error::Context::local(format!("the tenant was not connected within {PATIENCE:?}"));
    Error::Unavailable {
        retry_after: None,
        context,
    }
}

/// Hands out what a tenant is told, until it is forgotten or nobody listens.
async fn hand_out(registry: &Registry, slot: &Arc<Slot>, tenant: &Tenant, mut inbox: Inbox) {
    let outlet = Outlet {
        slot: Arc::clone(slot),
        tenant: tenant.clone(),
        deliveries: registry.deliveries.clone(),
        places: Arc::new(Semaphore::new(registry.limits.at_once.max(1))),
    };
    while let Some(place) = outlet.place().await {
        let delivery = tokio::select! {
            biased;
            delivery = inbox.next() => delivery,
            () = tenant.integration().until_forgotten() => None,
        };
        let Some(delivery) = delivery else { return };
        if !outlet.hand_out(delivery, place).await {
            return;
        }
    }
}
