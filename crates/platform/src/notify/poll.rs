//! Long polling: an integration asks, and waits until there is something.
//!
//! What was handed out is gone when the next poll comes, if the answer that carried it was written
//! completely; otherwise it is handed out again. The newest of two polls wins; the other one gets nothing.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use hallway_wire::id::{ActivationId, AppId};
use hallway_wire::integration::QueueState;
use tokio::sync::watch;
use uuid::Uuid;

use crate::caller::Caller;
use crate::error::{Doing as _, Error, Result};
use crate::fault::{HOLD, Walk, What};
use crate::integration::{Activation, Listener};
use crate::platform::Platform;
use crate::ports::{Notification, NotificationKind, Take, Topic};

/// Most messages in one answer.
const MAX_MESSAGES: usize = 100;

/// How long a batch stays handed out without a next poll. The queue's age limits hold beside it.
const LEASE_MS: i64 = 600_000;

/// What a poll is answered with.
#[derive(Debug)]
pub struct PollAnswer {
    /// `{"messages":[…]}`
    pub body: Bytes,
    /// To be set when the whole answer was written.
    pub written: Arc<AtomicBool>,
}

/// What there was to hand out.
enum Taken {
    Answer(PollAnswer),
    Nothing,
    /// One that waits a little for another that follows it.
    Held,
}

/// One activation's poller.
#[derive(Debug)]
struct Poller {
    /// Counts polls: one that is not the newest any more gets nothing.
    newest: AtomicU64,
    changed: watch::Sender<u64>,
    out: Mutex<HandedOut>,
    /// What was handed out again because the integration started anew.
    replayed: Mutex<Vec<u64>>,
}

#[derive(Debug, Default)]
struct HandedOut {
    seqs: Vec<u64>,
    written: Arc<AtomicBool>,
    /// Whether a `deprovision` is among them: its delivery ends the activation.
    last: bool,
}

/// All pollers.
#[derive(Debug, Default)]
pub(crate) struct Pollers(Mutex<HashMap<ActivationId, Arc<Poller>>>);

impl Pollers {
    fn of(&self, activation: ActivationId) -> Arc<Poller> {
        let mut pollers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = || {
            Arc::new(Poller {
                newest: AtomicU64::new(0),
                changed: watch::channel(0).0,
                out: Mutex::new(HandedOut::default()),
                replayed: Mutex::default(),
            })
        };
        Arc::clone(pollers.entry(activation).or_insert_with(fresh))
    }

    pub(crate) fn forget(&self, activation: ActivationId) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&activation);
    }
}

impl Platform {
    /// Answers a poll: at once when something waits, otherwise when something comes or the time is up.
    ///
    /// # Errors
    /// The token is of somebody else; there is no queue; the queue failed.
    pub async fn poll(&self, caller: &Caller, org: Uuid, app: Uuid) -> Result<PollAnswer> {
        let Some((id, own_app)) = caller.machine else {
            return Err(Error::forbidden(
                "Only the integration itself may poll its queue.",
            ));
        };
        if caller.org.uuid() != org || own_app != AppId(app) {
            return Err(Error::forbidden(
                "The access token belongs to another integration or organization.",
            ));
        }
        let poller = self.pollers.of(id);
        let ticket = poller.newest.fetch_add(1, Ordering::AcqRel) + 1;
        // Two polls may come here in the other order: the highest ticket stays.
        poller.changed.send_modify(|newest| *newest = ticket.max(*newest));
        let mut newer = poller.changed.subscribe();
        let enabled = self.queue_state(id).await? == QueueState::Enabled;
        if self.settle(id, &poller).await? {
            return Ok(empty());
        }
        let mut nudges = self.bus.subscribe(Topic::Notifications(id));
        // A client that went away meanwhile is noticed before something is handed to it.
        tokio::task::yield_now().await;
        let time_is_up = tokio::time::sleep(self.config.poll_hold);
        tokio::pin!(time_is_up);
        let mut held;
        loop {
            held = false;
            self.standings.check(caller.org)?;
            if poller.newest.load(Ordering::Acquire) != ticket {
                // The other poll is held to its end all the same: two clients that poll again without a pause,
                // as the official Node client does, would otherwise chase each other as fast as they can.
                tokio::select! { () = &mut time_is_up => {}, () = self.stop.cancelled() => {} }
                return Ok(empty());
            }
            if enabled {
                match self.take(caller, id, &poller, ticket).await? {
                    Taken::Answer(answer) => return Ok(answer),
                    Taken::Nothing => {}
                    Taken::Held => held = true,
                }
            }
            tokio::select! {
                () = nudges.next() => {}
                () = tokio::time::sleep(HOLD), if held => {}
                () = &mut time_is_up => return Ok(empty()),
                _ = newer.wait_for(|newest| *newest > ticket) => continue,
                () = self.stop.cancelled() => return Ok(empty()),
            }
            // The queue may have been removed or replaced meanwhile.
            self.queue_state(id).await?;
        }
    }

    async fn queue_state(&self, id: ActivationId) -> Result<QueueState> {
        let found: Option<Activation> = self
            .store
            .activation_by_id(id)
            .await
            .doing("reading an activation")?;
        match found.map(|activation| activation.listener) {
            Some(Listener::Queue(state)) => Ok(state),
            _ => Err(Error::Missing {
                message: "The integration has no queue.".to_owned(),
            }),
        }
    }

    /// Decides about what the last poll was answered with. Returns whether that ended the activation.
    async fn settle(&self, id: ActivationId, poller: &Poller) -> Result<bool> {
        let out = std::mem::take(&mut *poller.out.lock().unwrap_or_else(PoisonError::into_inner));
        if out.seqs.is_empty() {
            return Ok(false);
        }
        if out.written.load(Ordering::Acquire) {
            self.queue.acknowledge(id, &out.seqs).await?;
            self.deliveries.count(id, out.seqs.len() as u64, self.now());
            if out.last {
                let found = self
                    .store
                    .activation_by_id(id)
                    .await
                    .doing("reading an activation")?;
                if let Some(activation) = found.filter(|activation| activation.ends.is_some()) {
                    self.finish_deactivation(&activation).await?;
                    return Ok(true);
                }
            }
        } else {
            self.queue.release(id, &out.seqs, self.now()).await?;
        }
        Ok(false)
    }

    /// An integration says anew that it polls: it has started again. What was handed out last may be lost with the
    /// process that took it, so it comes again instead of being acknowledged by the next poll.
    pub(crate) async fn hand_out_again(&self, id: ActivationId) -> Result<()> {
        let poller = self.pollers.of(id);
        let out = {
            let mut out = poller.out.lock().unwrap_or_else(PoisonError::into_inner);
            let mut replayed = poller.replayed.lock().unwrap_or_else(PoisonError::into_inner);
            // Once: an integration that says so while it handles the batch would get it for ever.
            if out.seqs.iter().all(|seq| replayed.contains(seq)) {
                return Ok(());
            }
            replayed.clone_from(&out.seqs);
            std::mem::take(&mut *out)
        };
        self.queue.release(id, &out.seqs, self.now()).await?;
        self.wake(id);
        Ok(())
    }

    /// Hands out what waits, unless a newer poll came.
    async fn take(&self, caller: &Caller, id: ActivationId, poller: &Poller, ticket: u64) -> Result<Taken> {
        let now = self.now();
        let mut batch = self
            .queue
            .lease(id, Take::Oldest, MAX_MESSAGES, now, now.plus_millis(LEASE_MS))
            .await?;
        if batch.is_empty() {
            return Ok(Taken::Nothing);
        }
        // Java handles only the last action of a batch, so an action ends its batch.
        if let Some(at) = batch.iter().position(|n| n.kind == NotificationKind::Action) {
            let rest: Vec<u64> = batch.drain(at + 1..).map(|n| n.seq).collect();
            if !rest.is_empty() {
                self.queue.release(id, &rest, now).await?;
            }
        }
        let mut again = None;
        if self.faults.any() {
            let (handed, held) = self.among_faults(caller, &batch);
            if let Some(held) = held {
                batch.retain(|n| n.seq != held);
                self.queue.release(id, &[held], now).await?;
                if batch.is_empty() {
                    return Ok(Taken::Held);
                }
            }
            again = Some(handed);
        }
        let (body, last) = self.poll_body(again.as_deref().unwrap_or(&batch))?;
        let written = Arc::new(AtomicBool::new(false));
        let seqs: Vec<u64> = batch.iter().map(|n| n.seq).collect();
        let mine = {
            // A newer poll counts itself before it looks at what is out: either it finds this, or this finds it.
            let mut out = poller.out.lock().unwrap_or_else(PoisonError::into_inner);
            let mine = poller.newest.load(Ordering::Acquire) == ticket;
            if mine {
                *out = HandedOut {
                    seqs: seqs.clone(),
                    written: Arc::clone(&written),
                    last,
                };
            }
            mine
        };
        if !mine {
            self.queue.release(id, &seqs, now).await?;
            self.wake(id);
            return Ok(Taken::Nothing);
        }
        Ok(Taken::Answer(PollAnswer { body, written }))
    }

    /// What a poll is told of a batch when something was ordered to go wrong, and which one waits for another
    /// that follows it.
    fn among_faults(&self, caller: &Caller, batch: &[Notification]) -> (Vec<Notification>, Option<u64>) {
        let mut handed = Vec::with_capacity(batch.len());
        let Some((_, app)) = caller.machine else {
            return (batch.to_vec(), None);
        };
        for step in Walk::new(&self.faults, caller.org, app, true, batch) {
            match step.what {
                What::Send(copies) => {
                    handed.extend(std::iter::repeat_n(step.notification.clone(), copies));
                }
                What::Hold => return (handed, Some(step.notification.seq)),
                // What strikes the poll as a whole is decided where its request comes in.
                What::Fail(_) => {}
            }
        }
        (handed, None)
    }

    fn poll_body(&self, batch: &[Notification]) -> Result<(Bytes, bool)> {
        let size = batch.iter().map(|n| n.body.len() + 1).sum::<usize>();
        let mut body = Vec::with_capacity(size + 64);
        body.extend_from_slice(br#"{"messages":["#);
        let mut ends = false;
        for (i, notification) in batch.iter().enumerate() {
            if i > 0 {
                body.push(b',');
            }
            if notification.kind == NotificationKind::Action {
                let (jwt, last) = self.sign_action(&notification.body, self.now())?;
                ends |= last;
                body.extend_from_slice(br#"{"type":"action","jwt":""#);
                body.extend_from_slice(jwt.as_bytes());
                body.extend_from_slice(br#""}"#);
            } else {
                body.extend_from_slice(&notification.body);
            }
        }
        body.extend_from_slice(b"]}");
        Ok((body.into(), ends))
    }
}

fn empty() -> PollAnswer {
    PollAnswer {
        body: Bytes::from_static(br#"{"messages":[]}"#),
        written: Arc::default(),
    }
}
