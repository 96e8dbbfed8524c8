//! A batch of notifications on its way to one listener, while there are faults.

use std::collections::VecDeque;
use std::time::Duration;

use hallway_wire::id::{AppId, OrgId};

use super::registry::{DeliveryEffect, Faults};
use super::scope::Target;
use crate::ports::{Notification, NotificationKind};

/// How long a notification that is to change places waits for another one to follow. It waits once.
pub(crate) const HOLD: Duration = Duration::from_secs(1);

/// What to do with one notification.
#[derive(Debug)]
pub(crate) struct Step<'a> {
    pub(crate) notification: &'a Notification,
    /// To be waited for first.
    pub(crate) latency: Duration,
    pub(crate) what: What,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// Send it so many times; not at all is done, too.
    Send(usize),
    /// The delivery fails, for this reason.
    Fail(String),
    /// Give it back for [`HOLD`]: it waits for one that follows it.
    Hold,
}

/// Goes through a batch, and asks the faults about each when its turn comes.
pub(crate) struct Walk<'a> {
    faults: &'a Faults,
    org: OrgId,
    app: AppId,
    polled: bool,
    rest: VecDeque<(&'a Notification, Turn)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    Fresh,
    /// It came before its turn: it changes places no more.
    Early,
    /// It gave its place away: nothing else happens to it.
    Late,
}

impl<'a> Walk<'a> {
    /// For a webhook, or for a poll (whose own failures are decided elsewhere).
    pub(crate) fn new(
        faults: &'a Faults,
        org: OrgId,
        app: AppId,
        polled: bool,
        batch: &'a [Notification],
    ) -> Self {
        let rest = batch.iter().map(|notification| (notification, Turn::Fresh));
        Self {
            faults,
            org,
            app,
            polled,
            rest: rest.collect(),
        }
    }

    fn ask(&mut self, notification: &'a Notification, turn: Turn) -> Option<Step<'a>> {
        let plain = Step {
            notification,
            latency: Duration::ZERO,
            what: What::Send(1),
        };
        // Actions steer the activation itself: they are left alone.
        if turn == Turn::Late || notification.kind == NotificationKind::Action {
            return Some(plain);
        }
        let follower = self
            .rest
            .front()
            .is_some_and(|(next, turn)| next.kind != NotificationKind::Action && *turn == Turn::Fresh);
        let target = Target::integration(self.app)
            .about(notification.device)
            .followed(turn == Turn::Fresh && follower);
        let waited = notification.attempts > 0;
        if turn == Turn::Fresh
            && self.rest.is_empty()
            && !waited
            && self.faults.would_reorder(self.org, target)
        {
            return Some(Step {
                what: What::Hold,
                ..plain
            });
        }
        let fault = if self.polled {
            self.faults.on_handout(self.org, target)
        } else {
            self.faults.on_delivery(self.org, target)
        };
        let Some(fault) = fault else { return Some(plain) };
        let what = match fault.effect {
            None => What::Send(1),
            Some(DeliveryEffect::Duplicate) => What::Send(2),
            Some(DeliveryEffect::Drop) => What::Send(0),
            Some(DeliveryEffect::Status(status)) => {
                What::Fail(format!("the receiver answered {status} (fault {})", fault.ids))
            }
            Some(DeliveryEffect::Close) => What::Fail(format!(
                "the receiver closed the connection (fault {})",
                fault.ids
            )),
            Some(DeliveryEffect::Reorder) => {
                if let Some((_, next)) = self.rest.front_mut() {
                    *next = Turn::Early;
                }
                self.rest
                    .insert(1.min(self.rest.len()), (notification, Turn::Late));
                return self.next();
            }
        };
        Some(Step {
            notification,
            latency: fault.latency,
            what,
        })
    }
}

impl<'a> Iterator for Walk<'a> {
    type Item = Step<'a>;

    fn next(&mut self) -> Option<Step<'a>> {
        let (notification, turn) = self.rest.pop_front()?;
        self.ask(notification, turn)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use hallway_wire::Timestamp;
    use hallway_wire::fault::FaultEffect;

    use super::*;
    use crate::fault::registry::Order;
    use crate::fault::scope::Scope;
    use crate::ports::Clock;

    struct Stopped;

    impl Clock for Stopped {
        fn now(&self) -> Timestamp {
            Timestamp(0)
        }
    }

    const APP: AppId = AppId(uuid::Uuid::nil());

    fn batch(kinds: &[NotificationKind]) -> Vec<Notification> {
        let numbered = kinds.iter().zip(1..);
        numbered
            .map(|(kind, seq)| Notification {
                seq,
                device: None,
                kind: *kind,
                at: Timestamp(0),
                attempts: 0,
                body: bytes::Bytes::new(),
            })
            .collect()
    }

    /// What becomes of a batch: `3x2` is the third, sent twice; `2?` waits, `1!` fails.
    fn walk(faults: &[(FaultEffect, Option<u64>)], polled: bool, batch: &[Notification]) -> String {
        let org = OrgId::random();
        let registry = Faults::new(Arc::new(Stopped));
        for (number, (effect, times)) in faults.iter().enumerate() {
            let order = Order {
                id: Arc::from(number.to_string()),
                effect: effect.clone(),
                scope: Scope {
                    integration: Some(APP),
                    ..Scope::default()
                },
                times: *times,
                probability: None,
                seed: 0,
                created: Timestamp(0),
                ends: None,
            };
            registry.add(org, order).unwrap();
        }
        let steps = Walk::new(&registry, org, APP, polled, batch).map(|step| {
            let seq = step.notification.seq;
            match step.what {
                What::Send(1) => seq.to_string(),
                What::Send(copies) => format!("{seq}x{copies}"),
                What::Fail(_) => format!("{seq}!"),
                What::Hold => format!("{seq}?"),
            }
        });
        steps.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn pairs_change_places() {
        use FaultEffect::{Close, Drop, Duplicate, Reorder};
        use NotificationKind::{Action, Status};
        let four = batch(&[Status; 4]);
        assert_eq!(walk(&[], false, &four), "1 2 3 4");
        assert_eq!(walk(&[(Reorder, None)], false, &four), "2 1 4 3");
        assert_eq!(walk(&[(Reorder, Some(1))], true, &four), "2 1 3 4");
        // The last one of three waits for a fourth, but only the first time.
        let mut three = batch(&[Status; 3]);
        assert_eq!(walk(&[(Reorder, None)], false, &three), "2 1 3?");
        three[2].attempts = 1;
        assert_eq!(walk(&[(Reorder, None)], false, &three), "2 1 3");
        // Something else can happen to the one that came early, and nothing more to the one that came late.
        assert_eq!(
            walk(&[(Reorder, Some(1)), (Drop, None)], false, &three),
            "2x0 1 3x0"
        );
        assert_eq!(walk(&[(Duplicate, Some(2))], false, &three), "1x2 2x2 3");
        // What fails a webhook does not fail what a poll is handed.
        assert_eq!(walk(&[(Close, None)], false, &three), "1! 2! 3!");
        assert_eq!(walk(&[(Close, None)], true, &three), "1 2 3");
        // Actions stay where they are, and whatever is before them does not wait.
        let action = batch(&[Status, Action]);
        assert_eq!(walk(&[(Reorder, None)], true, &action), "1 2");
        assert_eq!(walk(&[(Duplicate, None)], true, &action), "1x2 2");
    }
}
