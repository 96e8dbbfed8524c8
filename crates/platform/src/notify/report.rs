//! From what a device reports to what is queued.

use std::sync::Arc;

use hallway_wire::Timestamp;
use hallway_wire::id::ActivationId;
use hallway_xapi::{Change, Key, Report};
use serde_json::Value;

use super::audience::Audience;
use super::message;
use crate::device::{LinkedDevice, Place};
use crate::error::Result;
use crate::platform::Platform;
use crate::ports::{NewNotification, NotificationKind};

/// What one hearer hears of a report.
#[derive(Default)]
struct Share<'a> {
    hearer: u32,
    updated: Vec<(&'a Key, &'a Value)>,
    removed: Vec<&'a Key>,
    events: Vec<(&'a Key, &'a Value)>,
}

impl Platform {
    /// How many notifications wait for delivery, in all organizations.
    ///
    /// # Errors
    /// The queue cannot be read.
    pub async fn notifications_waiting(&self) -> Result<usize> {
        let mut waiting = 0;
        for activation in self.queue.waiting().await? {
            waiting += self.queue.stats(activation).await?.waiting;
        }
        Ok(waiting)
    }

    /// Takes reports of a device, in order. When this returns, everything that follows from them is durable.
    ///
    /// # Errors
    /// The queue or the store could not write: nothing of these reports is acknowledged.
    pub async fn report(&self, device: &LinkedDevice, reports: &[Report]) -> Result<()> {
        let _turn = device.turn.lock().await;
        let place = device.place.load_full();
        self.keep_configurations(device, reports).await?;
        // Nothing is heard of a device that a fault keeps away: a full sync follows when it is back.
        if self.kept_away(place.org, device.id) {
            return Ok(());
        }
        let mut changes = reports.iter().flat_map(|report| &report.changes);
        if changes.any(crate::call::is_about_calls) {
            self.follow_calls(device, &place, reports).await?;
        }
        if place.personal {
            return Ok(());
        }
        if let Some(workspace) = place.workspace {
            let now = self.now();
            self.metrics
                .observe(place.org, workspace, device.id, reports, now);
        }
        let Some(audience) = self.audiences.of(place.org) else {
            return Ok(());
        };
        let now = self.now();
        let mut batch = Vec::new();
        for report in reports {
            self.messages(device, &place, &audience, report, now, &mut batch);
        }
        self.append(batch).await
    }

    /// Appends a batch, and wakes those who deliver it.
    pub(super) async fn append(&self, batch: Vec<NewNotification>) -> Result<()> {
        if batch.is_empty() {
            return Ok(());
        }
        let mut activations: Vec<ActivationId> = batch.iter().map(|new| new.activation).collect();
        activations.dedup();
        self.queue.append(batch).await?;
        for activation in activations {
            self.wake(activation);
        }
        Ok(())
    }

    fn messages(
        &self,
        device: &LinkedDevice,
        place: &Place,
        audience: &Arc<Audience>,
        report: &Report,
        now: Timestamp,
        batch: &mut Vec<NewNotification>,
    ) {
        let mut shares: Vec<Share<'_>> = Vec::new();
        for change in &report.changes {
            self.share(place, audience, change, &mut shares);
        }
        let at = report.at_ms.map_or(now, Timestamp);
        for share in shares {
            let hearer = &audience.hearers[share.hearer as usize];
            let new = |kind, body| NewNotification {
                activation: hearer.activation,
                device: Some(device.id),
                kind,
                at: now,
                body,
            };
            if !share.updated.is_empty() || !share.removed.is_empty() {
                let body = message::status(
                    hearer.app,
                    place,
                    at,
                    false,
                    share.updated.into_iter(),
                    share.removed.into_iter(),
                );
                batch.push(new(NotificationKind::Status, body));
            }
            if !share.events.is_empty() {
                let body = message::events(hearer.app, place, at, share.events.into_iter());
                batch.push(new(NotificationKind::Event, body));
            }
        }
    }

    /// Gives one change to those who hear it.
    fn share<'a>(&self, place: &Place, audience: &Audience, change: &'a Change, shares: &mut Vec<Share<'a>>) {
        let mut numbers: Vec<u32> = Vec::new();
        match change {
            Change::Status(key, _) if self.audiences.supports_status(key) => {
                audience.of_status(key, |number| numbers.push(number));
            }
            Change::StatusRemoved(key) if self.audiences.supports_removal(key) => {
                audience.of_removal(key, |number| numbers.push(number));
            }
            Change::Event(key, _) if self.audiences.supports_event(key) => {
                audience.of_event(key, |number| numbers.push(number));
            }
            _ => return,
        }
        numbers.sort_unstable();
        numbers.dedup();
        for number in numbers {
            if !audience
                .hearers
                .get(number as usize)
                .is_some_and(|hearer| hearer.may_hear(place))
            {
                continue;
            }
            // Few hear the same report, so a list beats a map.
            let at = shares
                .iter()
                .position(|share| share.hearer == number)
                .unwrap_or_else(|| {
                    shares.push(Share {
                        hearer: number,
                        ..Share::default()
                    });
                    shares.len() - 1
                });
            match change {
                Change::Status(key, value) => shares[at].updated.push((key, value)),
                Change::StatusRemoved(key) => shares[at].removed.push(key),
                Change::Event(key, value) => shares[at].events.push((key, value)),
                Change::Configuration(..) => {}
            }
        }
    }
}
