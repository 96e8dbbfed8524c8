//! Who hears what. Built anew when an activation changes, never when something happens on a device.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use arc_swap::ArcSwap;
use hallway_wire::Timestamp;
use hallway_wire::id::{ActivationId, AppId, LocationId, OrgId};
use hallway_xapi::{Catalogue, Key, PatternIndex};

use crate::device::Place;
use crate::error::{Doing as _, Result};
use crate::integration::Activation;
use crate::platform::Platform;

/// One activation that hears something.
#[derive(Debug)]
pub(crate) struct Hearer {
    pub(crate) activation: ActivationId,
    pub(crate) app: AppId,
    /// Empty: everywhere.
    pub(crate) locations: HashSet<LocationId>,
}

impl Hearer {
    /// Whether it may hear a device that stands here.
    pub(crate) fn may_hear(&self, place: &Place) -> bool {
        self.locations.is_empty()
            || place
                .location
                .is_some_and(|location| self.locations.contains(&location))
    }
}

/// The hearers of one organization.
#[derive(Debug, Default)]
pub(crate) struct Audience {
    pub(crate) hearers: Vec<Hearer>,
    statuses: PatternIndex<u32>,
    events: PatternIndex<u32>,
}

/// The audiences of all organizations, and what can be notified at all.
#[derive(Debug)]
pub(crate) struct Audiences {
    by_org: ArcSwap<HashMap<OrgId, Arc<Audience>>>,
    /// When the next activation that is being deactivated ends, in milliseconds since 1970.
    next_end: AtomicI64,
    supported_statuses: PatternIndex<()>,
    supported_events: PatternIndex<()>,
}

impl Audiences {
    pub(crate) fn new(catalogue: &Catalogue) -> Self {
        let mut supported_statuses = PatternIndex::default();
        for pattern in catalogue.supported_statuses() {
            supported_statuses.insert(pattern, ());
        }
        let mut supported_events = PatternIndex::default();
        for pattern in catalogue.supported_events() {
            supported_events.insert(pattern, ());
        }
        Self {
            by_org: ArcSwap::default(),
            next_end: AtomicI64::new(i64::MAX),
            supported_statuses,
            supported_events,
        }
    }

    /// Whether an activation that is being deactivated has reached its end.
    pub(crate) fn some_end_is_due(&self, now: Timestamp) -> bool {
        self.next_end.load(Ordering::Acquire) <= now.millis()
    }

    /// The audience of an organization; `None` when nobody listens there.
    pub(crate) fn of(&self, org: OrgId) -> Option<Arc<Audience>> {
        self.by_org.load().get(&org).cloned()
    }

    /// Whether changes of this status can be notified.
    pub(crate) fn supports_status(&self, key: &Key) -> bool {
        encloses(&self.supported_statuses, key)
    }

    /// Whether this event can be notified.
    pub(crate) fn supports_event(&self, key: &Key) -> bool {
        encloses(&self.supported_events, key)
    }

    /// Whether the removal of this node can be notified: something that can be lies at it or below it. The
    /// key of a list item, `Call[3]`, stands for the leaves that it had.
    pub(crate) fn supports_removal(&self, key: &Key) -> bool {
        let mut found = self.supports_status(key);
        self.supported_statuses.find_below(key, |()| found = true);
        found
    }
}

fn encloses(index: &PatternIndex<()>, key: &Key) -> bool {
    let mut found = false;
    index.find(key, |()| found = true);
    found
}

impl Audience {
    fn build<'a>(activations: impl Iterator<Item = &'a Activation>) -> Self {
        let mut audience = Self::default();
        for activation in activations {
            let number = u32::try_from(audience.hearers.len()).unwrap_or(u32::MAX);
            audience.hearers.push(Hearer {
                activation: activation.id,
                app: activation.app,
                locations: activation.locations.iter().copied().collect(),
            });
            for pattern in &activation.access.statuses {
                audience.statuses.insert(pattern, number);
            }
            for pattern in &activation.access.events {
                audience.events.insert(pattern, number);
            }
        }
        audience
    }

    /// Calls `found` with the number of each hearer of a status; perhaps more than once.
    pub(crate) fn of_status(&self, key: &Key, mut found: impl FnMut(u32)) {
        self.statuses.find(key, |number| found(*number));
    }

    /// Calls `found` with the number of each hearer of a removed node.
    pub(crate) fn of_removal(&self, key: &Key, mut found: impl FnMut(u32)) {
        self.statuses.find(key, |number| found(*number));
        self.statuses.find_below(key, |number| found(*number));
    }

    /// Calls `found` with the number of each hearer of an event; perhaps more than once.
    pub(crate) fn of_event(&self, key: &Key, mut found: impl FnMut(u32)) {
        self.events.find(key, |number| found(*number));
    }
}

impl Platform {
    /// Builds all audiences from the activations in the store.
    pub(crate) async fn rebuild_audiences(&self) -> Result<()> {
        let activations = self.store.activations().await.doing("reading activations")?;
        let next_end = activations.iter().filter_map(|activation| activation.ends).min();
        self.audiences
            .next_end
            .store(next_end.map_or(i64::MAX, Timestamp::millis), Ordering::Release);
        let mut by_org: HashMap<OrgId, Vec<&Activation>> = HashMap::new();
        for activation in activations.iter().filter(|activation| activation.hears()) {
            by_org.entry(activation.org).or_default().push(activation);
        }
        let audiences = by_org
            .into_iter()
            .map(|(org, list)| (org, Arc::new(Audience::build(list.into_iter()))));
        self.audiences.by_org.store(Arc::new(audiences.collect()));
        Ok(())
    }
}
