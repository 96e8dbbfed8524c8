//! The faults that are ordered now. In memory only: they are for tests, and a restart ends them all.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hallway_wire::Timestamp;
use hallway_wire::fault::{Fault, FaultEffect, FaultState};
use hallway_wire::id::{DeviceId, OrgId};

use super::figures::Struck;
use super::scope::{Asked, Scope, Target};
use crate::error::{Error, Result};
use crate::ports::Clock;

/// Most faults of an organization at once.
pub(crate) const MAX_FAULTS: usize = 100;

/// Longest time that faults hold anything up, whatever their number.
pub(crate) const MAX_LATENCY: Duration = Duration::from_secs(60);

/// A fault that was ordered.
#[derive(Debug)]
pub(crate) struct Order {
    pub(crate) id: Arc<str>,
    pub(crate) effect: FaultEffect,
    pub(crate) scope: Scope,
    pub(crate) times: Option<u64>,
    pub(crate) probability: Option<f64>,
    pub(crate) seed: u64,
    pub(crate) created: Timestamp,
    pub(crate) ends: Option<Timestamp>,
}

/// An order, and what came of it so far.
#[derive(Debug)]
struct Entry {
    order: Order,
    hits: u64,
    last_hit: Option<Timestamp>,
    chance: Chance,
    /// Whether the end of its time was seen to.
    seen_off: bool,
}

/// What chance draws from: the same numbers for the same seed, in every version of Hallway (splitmix64).
#[derive(Debug)]
struct Chance(u64);

impl Chance {
    fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 up to, but without, 1.
    fn share(&mut self) -> f64 {
        (self.draw() >> 11) as f64 / (1u64 << 53) as f64
    }
}

impl Entry {
    fn state(&self, now: Timestamp) -> FaultState {
        if self.order.times.is_some_and(|times| self.hits >= times) {
            FaultState::Spent
        } else if self.order.ends.is_some_and(|ends| ends <= now) {
            FaultState::Over
        } else {
            FaultState::Armed
        }
    }

    fn armed(&self, now: Timestamp) -> bool {
        self.state(now) == FaultState::Armed
    }

    /// Whether it can strike, or its end must still be seen to.
    fn matters(&self, now: Timestamp) -> bool {
        self.armed(now) || self.is_offline() && !self.seen_off
    }

    fn is_offline(&self) -> bool {
        self.order.effect == FaultEffect::Offline
    }

    /// Strikes, if chance agrees.
    fn strike(&mut self, now: Timestamp) -> bool {
        if let Some(probability) = self.order.probability
            && self.chance.share() >= probability
        {
            return false;
        }
        self.hits += 1;
        self.last_hit = Some(now);
        true
    }

    fn latency(&mut self, min: u64, max: Option<u64>) -> Duration {
        let span = max.unwrap_or(min).saturating_sub(min).saturating_add(1);
        Duration::from_millis(min + self.chance.draw() % span)
    }

    fn view(&self, now: Timestamp) -> Fault {
        let Order { scope, .. } = &self.order;
        let chance = self.order.probability.is_some()
            || matches!(self.order.effect, FaultEffect::Latency { max_ms: Some(_), .. });
        Fault {
            id: self.order.id.to_string(),
            state: self.state(now),
            hits: self.hits,
            last_hit: self.last_hit,
            created: self.order.created,
            ends: self.order.ends,
            effect: self.order.effect.clone(),
            person: scope.person,
            client: scope.client.clone(),
            token: scope
                .token
                .map(|token| format!("{:016x}", u64::from_be_bytes(token))),
            route: scope.route.as_ref().map(ToString::to_string),
            integration: scope.integration,
            webhook: scope.webhook,
            device: scope.device,
            times: self.order.times,
            probability: self.order.probability,
            seed: chance.then_some(self.order.seed),
        }
    }
}

/// What faults do to a request.
#[derive(Clone, Debug, PartialEq)]
pub struct RequestFault {
    /// All that struck.
    pub ids: Ids,
    /// To be waited for first.
    pub latency: Duration,
    /// What it is answered with instead of being handled.
    pub effect: Option<RequestEffect>,
}

/// How a request ends early.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestEffect {
    Status {
        status: u16,
        retry_after: Option<u64>,
        message: Option<String>,
    },
    /// The connection is closed.
    Close,
    /// As with an access token that has ended.
    ExpiredToken,
}

/// What faults do to a notification on its way out.
///
/// The sender waits for `latency` (best with [`DeliveryFault::wait`]) and then does what `effect` says; without
/// one it sends as always.
#[derive(Clone, Debug, PartialEq)]
pub struct DeliveryFault {
    /// All that struck: for the log, and for what is shown of a failed delivery.
    pub ids: Ids,
    pub latency: Duration,
    pub effect: Option<DeliveryEffect>,
}

impl DeliveryFault {
    /// Waits as long as it says.
    pub async fn wait(&self) {
        if !self.latency.is_zero() {
            tokio::time::sleep(self.latency).await;
        }
    }
}

/// What happens to a notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryEffect {
    /// Nothing is sent; the delivery fails as if the receiver had answered this.
    Status(u16),
    /// Nothing is sent; the delivery fails as if the receiver had closed the connection.
    Close,
    /// It is sent twice.
    Duplicate,
    /// It changes places with the one that follows ([`Target::followed`]).
    Reorder,
    /// Nothing is sent, and the delivery counts as done.
    Drop,
}

/// Ids of faults, joined by `+`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ids(Vec<Arc<str>>);

impl fmt::Display for Ids {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, id) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str("+")?;
            }
            f.write_str(id)?;
        }
        Ok(())
    }
}

impl Ids {
    /// Adds one, unless it is among them.
    pub fn add(&mut self, id: Arc<str>) {
        if !self.0.contains(&id) {
            self.0.push(id);
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// All faults of all organizations.
#[expect(missing_debug_implementations, reason = "the clock is a trait object")]
pub struct Faults {
    /// How many may still strike: while there is none, this is all that is looked at.
    armed: AtomicUsize,
    by_org: Mutex<HashMap<OrgId, Vec<Entry>>>,
    clock: Arc<dyn Clock>,
    struck: Struck,
}

impl Faults {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            armed: AtomicUsize::new(0),
            by_org: Mutex::default(),
            clock,
            struck: Struck::default(),
        }
    }

    /// Whether there is any fault at all, in any organization.
    pub fn any(&self) -> bool {
        self.armed.load(Ordering::Acquire) > 0
    }

    /// How often faults struck.
    pub fn struck(&self) -> &Struck {
        &self.struck
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<OrgId, Vec<Entry>>> {
        self.by_org.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts anew how many are armed; to be called under the lock, after a change.
    fn recount(&self, by_org: &HashMap<OrgId, Vec<Entry>>, now: Timestamp) {
        let armed = by_org
            .values()
            .flatten()
            .filter(|entry| entry.matters(now))
            .count();
        self.armed.store(armed, Ordering::Release);
    }

    /// What strikes a request; counted as a hit.
    pub fn on_request(&self, asked: &Asked<'_>) -> Option<RequestFault> {
        let hit = self.strike(asked.principal.org, |order| {
            matches!(
                order.effect,
                FaultEffect::Status { .. }
                    | FaultEffect::Latency { .. }
                    | FaultEffect::Close
                    | FaultEffect::ExpiredToken
            ) && order.scope.holds_request(asked)
        })?;
        let effect = hit.effect.map(|effect| match effect {
            FaultEffect::Status {
                status,
                retry_after,
                message,
            } => RequestEffect::Status {
                status,
                retry_after,
                message,
            },
            FaultEffect::ExpiredToken => RequestEffect::ExpiredToken,
            _ => RequestEffect::Close,
        });
        Some(RequestFault {
            ids: hit.ids,
            latency: hit.latency,
            effect,
        })
    }

    /// What strikes a notification that is about to be sent to `target`; counted as a hit, so it is asked once
    /// for each attempt.
    ///
    /// Senders of every kind call it: `if faults.any() { faults.on_delivery(org, target) }`, with
    /// [`Target::webhook`] or [`Target::integration`], and [`Target::about`] where a device is concerned. A
    /// sender that has no next notification at hand leaves [`Target::followed`] as it is and never gets
    /// [`DeliveryEffect::Reorder`].
    pub fn on_delivery(&self, org: OrgId, target: Target) -> Option<DeliveryFault> {
        self.strike_delivery(org, target, |effect| {
            matches!(
                effect,
                FaultEffect::Status { .. } | FaultEffect::Latency { .. } | FaultEffect::Close
            )
        })
    }

    /// As [`Self::on_delivery`], for a notification that is handed to a poll: what strikes the poll itself is
    /// decided where the request comes in.
    pub(crate) fn on_handout(&self, org: OrgId, target: Target) -> Option<DeliveryFault> {
        self.strike_delivery(org, target, |_| false)
    }

    fn strike_delivery(
        &self,
        org: OrgId,
        target: Target,
        of_listener: fn(&FaultEffect) -> bool,
    ) -> Option<DeliveryFault> {
        let hit = self.strike(org, |order| {
            let concerned = match &order.effect {
                FaultEffect::Duplicate | FaultEffect::Drop => true,
                FaultEffect::Reorder => target.followed,
                effect => of_listener(effect) && order.scope.names_listener(),
            };
            concerned && order.scope.holds_delivery(&target)
        })?;
        let effect = hit.effect.map(|effect| match effect {
            FaultEffect::Status { status, .. } => DeliveryEffect::Status(status),
            FaultEffect::Duplicate => DeliveryEffect::Duplicate,
            FaultEffect::Reorder => DeliveryEffect::Reorder,
            FaultEffect::Drop => DeliveryEffect::Drop,
            _ => DeliveryEffect::Close,
        });
        tracing::info!(fault = %hit.ids, org = ?org, ?target, ?effect, latency = ?hit.latency, "a fault strikes a notification");
        Some(DeliveryFault {
            ids: hit.ids,
            latency: hit.latency,
            effect,
        })
    }

    /// Whether a notification would change places with the one that follows it, if one did.
    pub(crate) fn would_reorder(&self, org: OrgId, target: Target) -> bool {
        let now = self.clock.now();
        let by_org = self.lock();
        by_org.get(&org).into_iter().flatten().any(|entry| {
            entry.order.effect == FaultEffect::Reorder
                && entry.armed(now)
                && entry.order.scope.holds_delivery(&target)
        })
    }

    /// Finds what strikes: latencies add up, and the first other effect ends the search.
    fn strike(&self, org: OrgId, concerned: impl Fn(&Order) -> bool) -> Option<Hit> {
        let now = self.clock.now();
        let mut hit = Hit::default();
        let mut by_org = self.lock();
        let mut changed = false;
        for entry in by_org.get_mut(&org)? {
            if !entry.armed(now) {
                changed = true;
                continue;
            }
            if !concerned(&entry.order) || !entry.strike(now) {
                continue;
            }
            changed |= !entry.armed(now);
            self.struck.count(&entry.order.effect);
            hit.ids.add(Arc::clone(&entry.order.id));
            if let FaultEffect::Latency { min_ms, max_ms } = entry.order.effect {
                hit.latency = (hit.latency + entry.latency(min_ms, max_ms)).min(MAX_LATENCY);
            } else {
                hit.effect = Some(entry.order.effect.clone());
                break;
            }
        }
        if changed {
            self.recount(&by_org, now);
        }
        (!hit.ids.is_empty()).then_some(hit)
    }

    /// Whether any fault of an organization is about a device: only then it matters which one a request names.
    pub fn name_devices(&self, org: OrgId) -> bool {
        let now = self.clock.now();
        let by_org = self.lock();
        let mut entries = by_org.get(&org).into_iter().flatten();
        entries.any(|entry| entry.order.scope.device.is_some() && entry.armed(now))
    }

    /// The fault that keeps a device away, if there is one. Not counted as a hit.
    pub fn offline(&self, org: OrgId, device: DeviceId) -> Option<Arc<str>> {
        let now = self.clock.now();
        let by_org = self.lock();
        let mut entries = by_org.get(&org)?.iter();
        let entry = entries.find(|entry| {
            entry.is_offline() && entry.order.scope.device == Some(device) && entry.armed(now)
        })?;
        Some(Arc::clone(&entry.order.id))
    }

    /// As [`Self::offline`], for somebody who wanted something of the device: a hit.
    pub(crate) fn turn_away(&self, org: OrgId, device: DeviceId) -> Option<Arc<str>> {
        let now = self.clock.now();
        let mut by_org = self.lock();
        let entry = by_org.get_mut(&org)?.iter_mut().find(|entry| {
            entry.is_offline() && entry.order.scope.device == Some(device) && entry.armed(now)
        })?;
        entry.strike(now);
        self.struck.count(&entry.order.effect);
        let id = Arc::clone(&entry.order.id);
        drop(by_org);
        tracing::info!(fault = %id, ?device, "a fault keeps a device away");
        Some(id)
    }

    /// Devices that a fault kept away until now, each once.
    pub(crate) fn back_on_line(&self) -> Vec<DeviceId> {
        let now = self.clock.now();
        let mut by_org = self.lock();
        let mut back = Vec::new();
        for entry in by_org.values_mut().flatten() {
            if entry.is_offline() && !entry.seen_off && !entry.armed(now) {
                entry.seen_off = true;
                back.extend(entry.order.scope.device);
            }
        }
        self.recount(&by_org, now);
        back
    }

    /// Takes an order. Where there is no room, those that cannot strike any more go first.
    ///
    /// # Errors
    /// All that there may be are armed.
    pub(crate) fn add(&self, org: OrgId, order: Order) -> Result<Fault> {
        let now = self.clock.now();
        let mut by_org = self.lock();
        let entries = by_org.entry(org).or_default();
        if entries.len() >= MAX_FAULTS
            && let Some(at) = entries.iter().position(|entry| !entry.matters(now))
        {
            entries.remove(at);
        }
        if entries.len() >= MAX_FAULTS {
            return Err(Error::conflict(format!(
                "The organization has {MAX_FAULTS} faults already: remove some first."
            )));
        }
        let chance = Chance(order.seed);
        let entry = Entry {
            order,
            hits: 0,
            last_hit: None,
            chance,
            seen_off: false,
        };
        let view = entry.view(now);
        entries.push(entry);
        self.recount(&by_org, now);
        Ok(view)
    }

    /// All of an organization, in the order in which they were added.
    pub(crate) fn list(&self, org: OrgId) -> Vec<Fault> {
        let now = self.clock.now();
        let by_org = self.lock();
        let entries = by_org.get(&org).into_iter().flatten();
        entries.map(|entry| entry.view(now)).collect()
    }

    /// Whether there is a fault of this id.
    pub(crate) fn has(&self, org: OrgId, id: &str) -> bool {
        let by_org = self.lock();
        let mut entries = by_org.get(&org).into_iter().flatten();
        entries.any(|entry| &*entry.order.id == id)
    }

    /// Takes one away, or all. Returns how many went, and the devices that they kept away.
    pub(crate) fn remove(&self, org: OrgId, id: Option<&str>) -> (usize, Vec<DeviceId>) {
        let now = self.clock.now();
        let mut by_org = self.lock();
        let mut back = Vec::new();
        let mut removed = 0;
        if let Some(entries) = by_org.get_mut(&org) {
            entries.retain(|entry| {
                if id.is_some_and(|id| &*entry.order.id != id) {
                    return true;
                }
                removed += 1;
                if entry.is_offline() && !entry.seen_off {
                    back.extend(entry.order.scope.device);
                }
                false
            });
            if entries.is_empty() {
                by_org.remove(&org);
            }
        }
        self.recount(&by_org, now);
        (removed, back)
    }
}

/// What struck.
#[derive(Debug, Default)]
struct Hit {
    ids: Ids,
    latency: Duration,
    effect: Option<FaultEffect>,
}

#[cfg(test)]
#[path = "registry_tests.rs"]
mod tests;
