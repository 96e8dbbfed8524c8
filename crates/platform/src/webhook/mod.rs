//! Webhooks for the ordinary resources (webhooks 1 to 5): what happened, who is told, and how it gets there.
//!
//! Cast: a [`Happening`] is committed by the module that did it, together with one delivery in the *outbox*
//! for each webhook that hears of it; the *index* knows which. A webhook with something waiting has a *lane*
//! with one worker, which posts in order and tries again; the *keeper* tells the store what is done, many at
//! a time, and writes the attempts that the webhook's owner can look at. A *listener* is a webhook without a
//! receiver: the command line takes its deliveries and forwards them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use hallway_wire::id::{OrgId, WebhookId};
use tokio::sync::Semaphore;

mod deliver;
mod ending;
mod envelope;
mod filter;
mod happening;
mod history;
mod index;
mod keeper;
mod lane;
mod listen;
mod rules;
mod service;
mod subscription;

pub use happening::Happening;

/// Most deliveries in flight at once, of the webhooks of one organization: slow receivers of one hold up no other.
const MAX_IN_FLIGHT: usize = 256;

/// What is kept in memory about webhooks.
#[derive(Debug, Default)]
pub(crate) struct Webhooks {
    index: index::Index,
    lanes: Mutex<HashMap<WebhookId, Arc<lane::Lane>>>,
    keeper: keeper::Keeper,
    listeners: listen::Listeners,
    in_flight: Mutex<HashMap<OrgId, Arc<Semaphore>>>,
    /// Webhooks that are being made, by application: they count against its limit.
    making: Mutex<HashMap<String, usize>>,
}

impl Webhooks {
    /// The places for deliveries in flight of an organization.
    fn places(&self, org: OrgId) -> Arc<Semaphore> {
        let mut places = self.in_flight.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Arc::new(Semaphore::new(MAX_IN_FLIGHT));
        Arc::clone(places.entry(org).or_insert_with(new))
    }

    /// What is in memory of an organization that is gone.
    pub(crate) fn forget_org(&self, org: OrgId) {
        let mut places = self.in_flight.lock().unwrap_or_else(PoisonError::into_inner);
        places.remove(&org);
    }

    /// The lane of a webhook.
    fn lane(&self, id: WebhookId) -> Arc<lane::Lane> {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        let lane = lanes.entry(id).or_insert_with(|| Arc::new(lane::Lane::new(id)));
        Arc::clone(lane)
    }

    /// The lanes that something holds of.
    fn lanes_where(&self, holds: impl Fn(&lane::Lane) -> bool) -> Vec<Arc<lane::Lane>> {
        let lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        lanes.values().filter(|lane| holds(lane)).cloned().collect()
    }

    /// What is in memory of a webhook goes.
    fn forget(&self, id: WebhookId) {
        self.index.remove(id);
        self.forget_lane(id);
    }

    fn forget_lane(&self, id: WebhookId) {
        let removed = self
            .lanes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&id);
        if let Some(lane) = removed {
            // A worker in a pause sees that the webhook is gone.
            lane.changed.notify_one();
            lane.more.notify_one();
        }
    }
}
