//! The simulated device: one place where its state changes, and one order in which everybody hears of it.
//!
//! How the order is kept: a piece of work (a command, a setting, a task that came due) runs under the lock of
//! the device's core, without waiting for anything. Before the lock is given back, what changed is put as one
//! report into the outbox and, frame by frame, into the outboxes of the local sessions. So all outboxes have
//! the order of the changes. One task at a time empties the outbox into the [`Uplink`], oldest first, and the
//! caller waits, outside of the lock, until its own report was taken. A caller needs one of a fixed number of
//! places in the outbox before it starts, so a platform that is slow slows the device down instead of filling
//! its memory.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hallway_xapi::Catalogue;
use hallway_xapi::link::{Change, Report, Uplink, UplinkError};
use hallway_xapi::rpc::{RpcError, code};
use serde_json::{Map, Value};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, oneshot, watch};
use tokio_util::sync::CancellationToken;

use crate::access::Access;
use crate::agenda::Task;
use crate::behaviour;
use crate::model::DeviceSpec;
use crate::ran::{Recorder, RunLog};
use crate::schema::Schema;
use crate::state::{Pace, Power, State};
use crate::subscriptions::{Ending, Seat, Sessions};
use crate::timer::{RealTimer, Timer};

/// Reports that may wait for the platform before those who cause more have to wait.
const OUTBOX_REPORTS: usize = 256;
/// How often a report is offered to a platform that cannot store it at the moment.
const OFFERS: u32 = 8;
const FIRST_PAUSE: Duration = Duration::from_millis(20);

/// A simulated RoomOS device. Clones are the same device.
#[derive(Clone)]
pub struct SimulatedDevice(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    spec: DeviceSpec,
    timer: Arc<dyn Timer>,
    core: Mutex<Core>,
    places: Arc<Semaphore>,
    replanned: Arc<Notify>,
    power: watch::Sender<Power>,
    /// Whose turn it is to do what is due: one at a time, so that what is due has been told when it returns.
    turn: tokio::sync::Mutex<()>,
    lost: AtomicU64,
    ran: Recorder,
}

pub(crate) struct Core {
    pub(crate) state: State,
    pub(crate) sessions: Sessions,
    uplink: Option<Attached>,
    attachments: u64,
    outbox: std::collections::VecDeque<Pending>,
    draining: bool,
    ticking: bool,
}

/// The platform that is told at the moment.
#[derive(Clone)]
struct Attached {
    number: u64,
    uplink: Arc<dyn Uplink>,
    /// Cancelled when the device lets go of it: a report that hangs there must not hold up later ones.
    over: CancellationToken,
}

enum Pending {
    Report {
        attachment: u64,
        report: Report,
        taken: oneshot::Sender<()>,
        _place: OwnedSemaphorePermit,
    },
    /// Let go of the platform once everything before this is told.
    Detach { attachment: u64 },
    /// Tell that everything before this was told.
    Flush(oneshot::Sender<()>),
}

/// How a device did so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Reports that the platform did not take, also after several offers.
    pub reports_lost: u64,
    /// Local connections that were closed because they did not read fast enough.
    pub sessions_too_slow: u64,
    /// Local connections that are open.
    pub sessions: u64,
}

impl SimulatedDevice {
    /// A device that is switched on, has real time, and is not attached to anything.
    pub fn new(spec: DeviceSpec, catalogue: Arc<Catalogue>) -> Self {
        Self::with_timer(spec, catalogue, Arc::new(RealTimer::default()), Pace::default())
    }

    /// A device with its own idea of time.
    pub fn with_timer(
        spec: DeviceSpec,
        catalogue: Arc<Catalogue>,
        timer: Arc<dyn Timer>,
        pace: Pace,
    ) -> Self {
        let schema = Schema::new(catalogue, spec.product);
        let state = State::new(spec.clone(), schema, pace, timer.now_ms());
        let core = Core {
            state,
            sessions: Sessions::default(),
            uplink: None,
            attachments: 0,
            outbox: std::collections::VecDeque::new(),
            draining: false,
            ticking: false,
        };
        Self(Arc::new(Inner {
            spec,
            timer,
            core: Mutex::new(core),
            places: Arc::new(Semaphore::new(OUTBOX_REPORTS)),
            replanned: Arc::new(Notify::new()),
            power: watch::Sender::new(Power::On),
            turn: tokio::sync::Mutex::new(()),
            lost: AtomicU64::new(0),
            ran: Recorder::default(),
        }))
    }

    /// What it was made from.
    pub fn spec(&self) -> &DeviceSpec {
        &self.0.spec
    }

    /// The clock that it lives by.
    pub fn timer(&self) -> &Arc<dyn Timer> {
        &self.0.timer
    }

    /// Whether the machine is up, and every change of that. While it is not, calls are answered with -31997;
    /// whoever attached it attaches it again when it is [`Power::On`].
    pub fn power(&self) -> watch::Receiver<Power> {
        self.0.power.subscribe()
    }

    /// Switches a device on that was shut down.
    pub async fn power_on(&self) {
        self.transact(|state| {
            if state.power == Power::Off {
                behaviour::boot::power_up(state);
            }
        })
        .await;
    }

    /// Tells the platform from now on. What happened before is not told: the platform asks for everything
    /// when a device comes.
    pub fn attach(&self, uplink: Arc<dyn Uplink>) {
        let mut core = self.core();
        core.attachments += 1;
        let number = core.attachments;
        core.let_go();
        core.uplink = Some(Attached {
            number,
            uplink,
            over: CancellationToken::new(),
        });
        drop(core);
        self.wake();
    }

    /// Stops telling. Reports that nobody has taken yet are lost, as when a cable is pulled; who waits for one
    /// is let go.
    pub fn detach(&self) {
        let mut core = self.core();
        core.let_go();
        core.outbox.clear();
    }

    /// Whether somebody is told.
    pub fn is_attached(&self) -> bool {
        self.core().uplink.is_some()
    }

    /// How it did so far.
    pub fn counters(&self) -> Counters {
        let core = self.core();
        Counters {
            reports_lost: self.0.lost.load(Ordering::Relaxed),
            sessions_too_slow: core.sessions.too_slow,
            sessions: core.sessions.len() as u64,
        }
    }

    /// The commands that it carried out.
    pub fn run_log(&self) -> RunLog {
        self.0.ran.log()
    }

    pub(crate) fn record(&self, command: String, (arguments, body): (Map<String, Value>, Option<Value>)) {
        self.0.ran.add(command, arguments, body);
    }

    /// What somebody may do who holds this key of a web app on a Room Navigator; `None`: the key is unknown, has
    /// expired, or the web app may not reach the xAPI any more.
    pub fn admit_web_app(&self, key: &str) -> Option<Access> {
        self.look(|state| state.web_apps.admit(key, state.now_ms))
    }

    /// Says where its local API answers, for devices with a port of their own.
    pub fn set_local_url(&self, url: String) {
        self.core().state.local_url = Some(url);
    }

    /// Does what the device has planned for up to now. With a real clock this happens by itself; a test that
    /// moved a [`crate::ManualTimer`] calls it to have everything done when it returns.
    pub async fn run_due(&self) {
        let _turn = self.0.turn.lock().await;
        loop {
            // A device that goes down has told everything before it does.
            if self.core().state.agenda.next() == Some(Task::PowerDown) {
                self.flushed().await;
            }
            let place = self.place().await;
            let (done, taken) = {
                let mut core = self.core();
                core.state.now_ms = self.0.timer.now_ms();
                let now = core.state.now_ms;
                match core.state.agenda.take_due(now) {
                    None => (true, None),
                    Some(task) => {
                        behaviour::run_task(&mut core.state, task);
                        (false, self.tell(&mut core, place))
                    }
                }
            };
            if done {
                return;
            }
            self.wake();
            wait_for(taken).await;
        }
    }

    /// Waits until everything that has changed so far was told.
    async fn flushed(&self) {
        let (sender, receiver) = oneshot::channel();
        self.core().outbox.push_back(Pending::Flush(sender));
        self.wake();
        wait_for(Some(receiver)).await;
    }

    /// Does a piece of work in one step, and returns when the platform has taken what it changed.
    pub(crate) async fn transact<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        let place = self.place().await;
        let (result, taken) = {
            let mut core = self.core();
            core.state.now_ms = self.0.timer.now_ms();
            let result = work(&mut core.state);
            (result, self.tell(&mut core, place))
        };
        self.wake();
        wait_for(taken).await;
        result
    }

    /// Looks at the state, up to date.
    pub(crate) fn look<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        let mut core = self.core();
        core.state.now_ms = self.0.timer.now_ms();
        core.state.refresh();
        work(&mut core.state)
    }

    /// Answers -31997 while the machine is down.
    pub(crate) fn ready(&self) -> Result<(), RpcError> {
        match *self.0.power.borrow() {
            Power::On => Ok(()),
            Power::Booting => Err(RpcError::new(code::NOT_READY, "the device is restarting")),
            Power::Off => Err(RpcError::new(code::NOT_READY, "the device is switched off")),
        }
    }

    pub(crate) fn open_session(&self, access: Access, legacy: bool) -> Option<Seat> {
        let seat = {
            let mut core = self.core();
            // A permission may have ended since its key was checked.
            let holds = access
                .web_app
                .is_none_or(|number| core.state.web_apps.holds(number));
            if holds {
                core.sessions.open(access, legacy)
            } else {
                None
            }
        };
        self.wake();
        seat
    }

    pub(crate) fn close_session(&self, id: u64) {
        self.core().sessions.leave(id);
    }

    pub(crate) fn core(&self) -> MutexGuard<'_, Core> {
        // A panic in the middle of a piece of work leaves values that are each valid by themselves.
        self.0.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn place(&self) -> OwnedSemaphorePermit {
        Arc::clone(&self.0.places)
            .acquire_owned()
            .await
            .expect("the semaphore is never closed")
    }

    /// Puts what changed into every outbox. The caller holds the lock.
    fn tell(&self, core: &mut Core, place: OwnedSemaphorePermit) -> Option<oneshot::Receiver<()>> {
        let changes = core.state.take_changes();
        let power = core.state.power;
        let mut taken = None;
        if !changes.is_empty() {
            publish(core, &changes);
            if let Some(attachment) = core.uplink.as_ref().map(|attached| attached.number) {
                let (sender, receiver) = oneshot::channel();
                let report = Report {
                    at_ms: Some(core.state.now_ms),
                    changes,
                };
                core.outbox.push_back(Pending::Report {
                    attachment,
                    report,
                    taken: sender,
                    _place: place,
                });
                taken = Some(receiver);
            }
        }
        for number in core.state.web_apps.take_ended() {
            core.sessions.end_web_app(number);
        }
        if *self.0.power.borrow() != power {
            if power != Power::On {
                core.sessions.end_all(Ending::Restart);
                if let Some(attachment) = core.uplink.as_ref().map(|attached| attached.number) {
                    core.outbox.push_back(Pending::Detach { attachment });
                }
            }
            self.0.power.send_replace(power);
        }
        taken
    }

    /// Starts what empties the outbox, and what waits for planned tasks, where they are needed and not there.
    fn wake(&self) {
        // A device may be attached before there is a runtime; the first piece of work makes up for it.
        if tokio::runtime::Handle::try_current().is_err() {
            return;
        }
        let (drain, tick) = {
            let mut core = self.core();
            let drain = !core.outbox.is_empty() && !core.draining;
            core.draining |= drain;
            let planned = core.state.agenda.next_ms().is_some();
            let tick = planned && !core.ticking;
            core.ticking |= tick;
            if planned && !tick {
                self.0.replanned.notify_one();
            }
            (drain, tick)
        };
        if drain {
            tokio::spawn(drain_outbox(self.clone()));
        }
        if tick {
            tokio::spawn(wait_and_run(Arc::downgrade(&self.0)));
        }
    }
}

impl std::fmt::Debug for SimulatedDevice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SimulatedDevice")
            .field("spec", &self.0.spec)
            .finish_non_exhaustive()
    }
}

fn publish(core: &mut Core, changes: &[Change]) {
    if core.sessions.len() == 0 {
        return;
    }
    // Who subscribed to a configuration that went back to its default wants to see the default.
    let shown: Vec<Change>;
    let back = |change: &Change| matches!(change, Change::Configuration(_, None));
    let changes = if changes.iter().any(back) {
        shown = changes
            .iter()
            .map(|change| match change {
                Change::Configuration(key, None) => {
                    let default = core
                        .state
                        .schema
                        .configuration(key)
                        .map(|spec| spec.shown(&spec.default));
                    Change::Configuration(key.clone(), default)
                }
                other => other.clone(),
            })
            .collect();
        shown.as_slice()
    } else {
        changes
    };
    core.sessions.publish(&core.state.schema, changes);
}

async fn wait_for(taken: Option<oneshot::Receiver<()>>) {
    if let Some(taken) = taken {
        // An error means that the device was detached, and nobody will take the report.
        let _ = taken.await;
    }
}

/// Offers what is in the outbox to the platform, oldest first, until nothing is left.
async fn drain_outbox(device: SimulatedDevice) {
    loop {
        let (pending, attached) = {
            let mut core = device.core();
            let Some(pending) = core.outbox.pop_front() else {
                core.draining = false;
                return;
            };
            (pending, core.uplink.clone())
        };
        match pending {
            Pending::Detach { attachment } => device.core().let_go_of(attachment),
            Pending::Flush(done) => {
                let _ = done.send(());
            }
            Pending::Report {
                attachment,
                report,
                taken,
                _place,
            } => {
                // What was meant for a platform that was let go since then is lost.
                if let Some(attached) = attached.filter(|attached| attached.number == attachment) {
                    offer(&device, &attached, report).await;
                }
                let _ = taken.send(());
            }
        }
    }
}

async fn offer(device: &SimulatedDevice, attached: &Attached, report: Report) {
    let mut pause = FIRST_PAUSE;
    for _ in 0..OFFERS {
        let outcome = tokio::select! {
            outcome = attached.uplink.report(report.clone()) => outcome,
            () = attached.over.cancelled() => break,
        };
        match outcome {
            Ok(()) => return,
            Err(UplinkError::Gone) => {
                device.core().let_go_of(attached.number);
                break;
            }
            Err(UplinkError::Unavailable) => {
                tokio::select! {
                    () = tokio::time::sleep(pause) => {}
                    () = attached.over.cancelled() => break,
                }
                pause = (pause * 2).min(Duration::from_secs(2));
            }
        }
    }
    device.0.lost.fetch_add(1, Ordering::Relaxed);
    tracing::debug!(device = %device.0.spec.name, "a report was lost");
}

impl Core {
    /// Lets go of the platform.
    fn let_go(&mut self) {
        if let Some(attached) = self.uplink.take() {
            attached.over.cancel();
        }
    }

    /// Lets go of a platform, unless another has taken its place.
    fn let_go_of(&mut self, attachment: u64) {
        if self
            .uplink
            .as_ref()
            .is_some_and(|attached| attached.number == attachment)
        {
            self.let_go();
        }
    }
}

/// Waits for the next planned task and does it; ends when nothing is planned any more, or the device is gone.
async fn wait_and_run(inner: std::sync::Weak<Inner>) {
    loop {
        let (timer, replanned, due) = {
            let Some(inner) = inner.upgrade() else { return };
            let device = SimulatedDevice(inner);
            let mut core = device.core();
            let Some(due) = core.state.agenda.next_ms() else {
                core.ticking = false;
                return;
            };
            (Arc::clone(&device.0.timer), Arc::clone(&device.0.replanned), due)
        };
        tokio::select! {
            () = timer.sleep_until(due) => {}
            () = replanned.notified() => continue,
        }
        let Some(inner) = inner.upgrade() else { return };
        SimulatedDevice(inner).run_due().await;
    }
}
