//! What is known of a tenant, whether it is connected or not.

use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use hallway_wire::Timestamp;
use tokio::sync::{Notify, Semaphore, watch};

use super::health::{Health, State};
use super::tenant::{Tenant, TenantId};
use crate::error::Error;
use crate::notify::{Receiver, Worker};
use crate::sync::lock;
use crate::time::Clock;

/// The place of a tenant in the registry.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) id: TenantId,
    clock: Arc<dyn Clock>,
    state: watch::Sender<(State, Timestamp)>,
    connected: Mutex<Option<Connected>>,
    /// The task that keeps it connected.
    keeper: Mutex<Option<Worker>>,
    /// One activation at a time.
    pub(super) turn: Semaphore,
    /// Do not wait any longer: try again now.
    pub(super) wake: Notify,
    pub(super) counts: Counts,
}

#[derive(Debug)]
pub(super) struct Connected {
    pub(super) tenant: Tenant,
    /// Why notifications cannot be fetched, while they cannot.
    pub(super) trouble: watch::Receiver<Option<Error>>,
    /// What takes webhooks, where they are used.
    pub(super) receiver: Option<Receiver>,
}

#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) handling: AtomicUsize,
    pub(super) handled: AtomicU64,
    pub(super) failed: AtomicU64,
    /// In milliseconds since 1970; 0: never.
    last: AtomicI64,
}

impl Slot {
    pub(super) fn new(id: TenantId, clock: Arc<dyn Clock>) -> Self {
        let now = clock.now();
        Self {
            id,
            clock,
            state: watch::Sender::new((State::Connecting, now)),
            connected: Mutex::default(),
            keeper: Mutex::default(),
            turn: Semaphore::new(1),
            wake: Notify::new(),
            counts: Counts::default(),
        }
    }

    fn set(&self, state: State) {
        self.state.send_replace((state, self.clock.now()));
    }

    /// It is connected.
    pub(super) fn connected(&self, connected: Connected) {
        *lock(&self.connected) = Some(connected);
        self.set(State::Connected);
    }

    /// It could not be connected.
    pub(super) fn failed(&self, error: Error) {
        *lock(&self.connected) = None;
        self.set(State::of(error));
    }

    /// Puts another task in the place of the one that kept it connected, which ends.
    pub(super) fn keep(&self, keeper: impl FnOnce() -> Worker) {
        let mut place = lock(&self.keeper);
        // First the old one, then the new one.
        *place = None;
        *lock(&self.connected) = None;
        self.set(State::Connecting);
        *place = Some(keeper());
    }

    /// Whether nothing keeps it connected yet.
    pub(super) fn is_new(&self) -> bool {
        lock(&self.keeper).is_none()
    }

    /// Ends what keeps it connected.
    pub(super) fn stop(&self) {
        *lock(&self.keeper) = None;
        *lock(&self.connected) = None;
    }

    /// The tenant, if it is connected.
    pub(super) fn tenant(&self) -> Option<Tenant> {
        lock(&self.connected)
            .as_ref()
            .map(|connected| connected.tenant.clone())
    }

    /// What takes its webhooks, if it is connected.
    pub(super) fn receiver(&self) -> Option<Receiver> {
        lock(&self.connected).as_ref()?.receiver.clone()
    }

    /// Waits until it was tried once, and says how that went.
    pub(super) async fn tried(&self) -> State {
        let mut state = self.state.subscribe();
        let tried = state
            .wait_for(|(state, _)| !matches!(state, State::Connecting))
            .await;
        // The sender lives as long as `self`.
        tried.map_or(State::Connecting, |state| state.0.clone())
    }

    /// One more of its notifications was handed out.
    pub(super) fn heard(&self) {
        self.counts.handling.fetch_add(1, Ordering::Relaxed);
        self.counts
            .last
            .store(self.clock.now().millis(), Ordering::Relaxed);
    }

    /// How it is.
    pub(super) fn health(&self) -> Health {
        let (mut state, since) = self.state.borrow().clone();
        let mut org_name = None;
        if let Some(connected) = &*lock(&self.connected) {
            org_name = connected.tenant.org_name();
            if let Some(error) = &*connected.trouble.borrow() {
                state = State::of(error.clone());
            }
        }
        let last = self.counts.last.load(Ordering::Relaxed);
        Health {
            id: self.id.clone(),
            org_name,
            state,
            since,
            handling: self.counts.handling.load(Ordering::Relaxed),
            handled: self.counts.handled.load(Ordering::Relaxed),
            failed: self.counts.failed.load(Ordering::Relaxed),
            last: (last != 0).then_some(Timestamp(last)),
        }
    }
}
