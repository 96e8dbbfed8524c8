//! The notifications of all tenants.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

use futures_util::Stream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::JoinSet;

use super::registry::Tenants;
use super::slot::Slot;
use super::tenant::Tenant;
use crate::error::{Error, Result};
use crate::notify::{Delivery, Handlers, Notification};

/// A notification of a tenant that waits to be handled; as [`Delivery`].
#[derive(Debug)]
#[must_use = "a delivery that is dropped counts as failed and comes again"]
pub struct TenantDelivery {
    tenant: Tenant,
    delivery: Delivery,
    busy: Busy,
}

/// One of the notifications of a tenant that may be handled at once. Dropped: it was not handled.
#[derive(Debug)]
struct Busy {
    slot: Arc<Slot>,
    handled: bool,
    _place: OwnedSemaphorePermit,
}

impl Drop for Busy {
    fn drop(&mut self) {
        let counts = &self.slot.counts;
        counts.handling.fetch_sub(1, Ordering::Relaxed);
        let count = if self.handled {
            &counts.handled
        } else {
            &counts.failed
        };
        count.fetch_add(1, Ordering::Relaxed);
    }
}

impl TenantDelivery {
    /// Whose notification it is.
    pub fn tenant(&self) -> &Tenant {
        &self.tenant
    }

    /// What is told.
    pub fn notification(&self) -> &Notification {
        self.delivery.notification()
    }

    /// Which try it is, from 1.
    pub fn attempt(&self) -> u32 {
        self.delivery.attempt()
    }

    /// It was handled: it is remembered, acknowledged, and does not come again.
    pub fn done(mut self) {
        self.busy.handled = true;
        self.delivery.done();
    }

    /// It could not be handled: it comes again after a pause.
    pub fn failed(self) {
        self.delivery.failed();
    }
}

/// The stream of the notifications of all tenants: of those that are there, and of those that will be added. It does
/// not end by itself.
///
/// Of each tenant only so many are handed out at once as [`Limits::at_once`](super::Limits::at_once) says; the next
/// one comes when one of them is done. Who reads the stream hands each delivery to a task of its own, as
/// [`Handlers::run_tenants`] does: who handles them one after the other lets all tenants wait for each.
#[derive(Debug)]
pub struct TenantInbox {
    deliveries: mpsc::Receiver<TenantDelivery>,
    /// Tenants are connected as long as somebody listens.
    tenants: Tenants,
}

impl TenantInbox {
    pub(super) fn new(deliveries: mpsc::Receiver<TenantDelivery>, tenants: Tenants) -> Self {
        Self { deliveries, tenants }
    }

    /// The registry.
    pub fn tenants(&self) -> &Tenants {
        &self.tenants
    }

    /// The next delivery.
    pub async fn next(&mut self) -> Option<TenantDelivery> {
        self.deliveries.recv().await
    }
}

impl Stream for TenantInbox {
    type Item = TenantDelivery;
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<TenantDelivery>> {
        self.deliveries.poll_recv(cx)
    }
}

/// Hands out what one tenant is told, so much at once.
pub(super) struct Outlet {
    pub(super) slot: Arc<Slot>,
    pub(super) tenant: Tenant,
    pub(super) deliveries: mpsc::Sender<TenantDelivery>,
    pub(super) places: Arc<Semaphore>,
}

impl Outlet {
    /// Waits for a place.
    pub(super) async fn place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.places).acquire_owned().await.ok()
    }

    /// Hands one out. `false`: nobody listens any more.
    pub(super) async fn hand_out(&self, delivery: Delivery, place: OwnedSemaphorePermit) -> bool {
        self.slot.heard();
        let delivery = TenantDelivery {
            tenant: self.tenant.clone(),
            delivery,
            busy: Busy {
                slot: Arc::clone(&self.slot),
                handled: false,
                _place: place,
            },
        };
        self.deliveries.send(delivery).await.is_ok()
    }
}

impl Handlers {
    /// Handles what all tenants are told, until it is dropped. How many notifications of a tenant are handled at
    /// once is a matter of [`Limits::at_once`](super::Limits::at_once), not of [`at_once`](Self::at_once).
    ///
    /// # Errors
    /// [`Error::Configuration`]: a pattern is none.
    pub async fn run_tenants(self, mut inbox: TenantInbox) -> Result<()> {
        if let Some(problem) = self.problem() {
            return Err(Error::configuration(problem));
        }
        let this = Arc::new(self);
        // They end with this future; what they have not done comes again.
        let mut running = JoinSet::new();
        loop {
            tokio::select! {
                delivery = inbox.next() => {
                    let Some(delivery) = delivery else { break };
                    running.spawn(Arc::clone(&this).take_of_tenant(delivery));
                }
                Some(_) = running.join_next() => {}
            }
        }
        while running.join_next().await.is_some() {}
        Ok(())
    }

    async fn take_of_tenant(self: Arc<Self>, delivery: TenantDelivery) {
        let integration = delivery.tenant().integration().clone();
        match self.handle(&integration, delivery.notification()).await {
            Ok(()) => delivery.done(),
            Err(error) => {
                let (tenant, attempt) = (delivery.tenant().id(), delivery.attempt());
                tracing::warn!(error, %tenant, attempt, "a handler failed");
                delivery.failed();
            }
        }
    }
}
