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
