//! Dying at a chosen step, as `kill -9` would have it: a store, a queue and a courier that do a number of steps,
//! and from then on nothing at all.
//!
//! A step is what the world can tell apart: a commit, an append to the queue, a request that went out. What
//! only reads is no step, but fails too once everything has stopped.
//!
//! ```text
//! for steps in 0.. {
//!     let rig = Rig::that_dies(Config::default(), courier).await;
//!     …                                  // prepare
//!     rig.stop_after(steps);
//!     rig.ask("PUT …", body).await;      // may fail: the process died on the way
//!     let done = !rig.has_stopped();
//!     let rig = rig.again().await;       // a new platform over what was kept
//!     …                                  // the operation is finished, or undone
//!     rig.close().await;
//!     if done { break }
//! }
//! ```

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use hallway_platform::crypto::SigningKeyRecord;
use hallway_platform::device::{Configured, Device, DeviceCode};
use hallway_platform::integration::{Activation, Integration};
use hallway_platform::oauth::{Grant, Token};
use hallway_platform::org::{Organization, Person};
use hallway_platform::place::{Floor, Location, Workspace};
use hallway_platform::ports::courier::{Courier, CourierError, Errand, Fetched, Target};
use hallway_platform::ports::{
    Answer, AuditPlace, AuditQuery, DeviceFilter, Find, NewNotification, Notification, OrgRecord, OrgRow,
    Outgoing, Page, Queue, QueueError, QueueStats, Store, StoreError, Stored, Take, WorkspaceFilter, Write,
};
use hallway_wire::Timestamp;
use hallway_wire::control::AuditEvent;
use hallway_wire::id::{
    ActivationId, AppId, DeviceId, FloorId, LocationId, OrgId, PersonId, WebhookId, WorkspaceId,
};
use uuid::Uuid;

/// How many steps are left; shared by everything of one platform.
#[derive(Debug)]
pub(crate) struct StopAfter {
    left: AtomicU64,
    /// Steps that were wanted and not done any more.
    refused: AtomicU64,
    /// Steps that were done, ever.
    done: AtomicU64,
}

impl Default for StopAfter {
    fn default() -> Self {
        Self {
            left: AtomicU64::new(u64::MAX),
            refused: AtomicU64::new(0),
            done: AtomicU64::new(0),
        }
    }
}

impl StopAfter {
    /// From now on so many steps are done, and then nothing.
    pub(crate) fn stop_after(&self, steps: u64) {
        self.left.store(steps, Ordering::SeqCst);
    }

    /// Whether something was wanted after the last step.
    pub(crate) fn has_refused(&self) -> bool {
        self.refused.load(Ordering::SeqCst) > 0
    }

    /// How many steps were done.
    pub(crate) fn steps(&self) -> u64 {
        self.done.load(Ordering::SeqCst)
    }

    /// Whether anything is done still.
    fn alive(&self) -> bool {
        let alive = self.left.load(Ordering::SeqCst) > 0;
        if !alive {
            self.refused.fetch_add(1, Ordering::SeqCst);
        }
        alive
    }

    /// Takes one of the steps that are left.
    fn step(&self) -> bool {
        let taken = self
            .left
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| match left {
                0 => None,
                u64::MAX => Some(u64::MAX),
                left => Some(left - 1),
            });
        let counter = if taken.is_ok() { &self.done } else { &self.refused };
        counter.fetch_add(1, Ordering::SeqCst);
        taken.is_ok()
    }
}

const DEAD: &str = "the process was killed";

/// A store that dies.
pub(crate) struct MortalStore {
    pub(crate) inner: Arc<dyn Store>,
    pub(crate) life: Arc<StopAfter>,
}

impl MortalStore {
    fn alive(&self) -> Result<&dyn Store, StoreError> {
        if self.life.alive() {
            Ok(&*self.inner)
        } else {
            Err(StoreError::Backend(DEAD.to_owned()))
        }
    }
}

/// Whether a commit only sweeps: that happens at any time, and is no step of what is tried.
fn is_sweeping(writes: &[Write]) -> bool {
    writes
        .iter()
        .all(|write| matches!(write, Write::DeleteExpiredTokens(_)))
}

/// Reads, which fail once everything has stopped.
macro_rules! reads {
    ($(async fn $name:ident(&self $(, $argument:ident: $kind:ty)*) -> $answer:ty;)*) => {
        #[async_trait]
        impl Store for MortalStore {
            async fn commit(&self, writes: Vec<Write>) -> Result<(), StoreError> {
                let goes_on = if is_sweeping(&writes) { self.life.alive() } else { self.life.step() };
                if !goes_on {
                    return Err(StoreError::Backend(DEAD.to_owned()));
                }
                self.inner.commit(writes).await
            }

            fn schema_version(&self) -> i64 {
                self.inner.schema_version()
            }

            $(async fn $name(&self $(, $argument: $kind)*) -> Result<$answer, StoreError> {
                self.alive()?.$name($($argument),*).await
            })*
        }
    };
}

reads! {
    async fn organization(&self, id: OrgId) -> Option<Organization>;
    async fn organizations(&self) -> Vec<Organization>;
    async fn person(&self, id: PersonId) -> Option<Person>;
    async fn people(&self, org: OrgId, page: Page) -> Vec<Person>;
    async fn location(&self, id: LocationId) -> Option<Location>;
    async fn locations(&self, org: OrgId) -> Vec<Location>;
    async fn floor(&self, id: FloorId) -> Option<Floor>;
    async fn floors(&self, location: LocationId) -> Vec<Floor>;
    async fn workspace(&self, id: WorkspaceId) -> Option<Workspace>;
    async fn workspaces(&self, org: OrgId, filter: WorkspaceFilter, page: Page) -> Vec<Workspace>;
    async fn device(&self, id: DeviceId) -> Option<Device>;
    async fn devices(&self, org: OrgId, filter: DeviceFilter, page: Page) -> Vec<Device>;
    async fn configured(&self, device: DeviceId) -> Vec<Configured>;
    async fn device_code(&self, hash: [u8; 32]) -> Option<DeviceCode>;
    async fn integration(&self, org: OrgId, app: AppId) -> Option<Integration>;
    async fn integration_of_client(&self, client_id: &str) -> Option<Integration>;
    async fn integrations(&self, org: OrgId) -> Vec<Integration>;
    async fn activation(&self, org: OrgId, app: AppId) -> Option<Activation>;
    async fn activation_by_id(&self, id: ActivationId) -> Option<Activation>;
    async fn activations_in(&self, org: OrgId) -> Vec<Activation>;
    async fn activations_of(&self, app: AppId, after: Option<ActivationId>, max: usize) -> Vec<Activation>;
    async fn activations(&self) -> Vec<Activation>;
    async fn grant(&self, id: Uuid) -> Option<Grant>;
    async fn grants_of(&self, org: OrgId, person: PersonId) -> Vec<Grant>;
    async fn grants_of_client(&self, client_id: &str) -> Vec<Grant>;
    async fn tokens_of(&self, grant: Uuid) -> Vec<Token>;
    async fn token(&self, hash: [u8; 32]) -> Option<Token>;
    async fn signing_keys(&self) -> Vec<SigningKeyRecord>;
    async fn audit_entries(&self, query: AuditQuery) -> Vec<(AuditPlace, AuditEvent)>;
    async fn record(&self, kind: &'static str, id: &str) -> Option<Stored>;
    async fn records(&self, find: Find) -> Vec<Stored>;
    async fn count_records(&self, kind: &'static str, org: OrgId, index: &'static str, value: &str) -> u64;
    async fn claimant(&self, kind: &'static str, org: OrgId, name: &'static str, value: &str) -> Option<Stored>;
    async fn all_records(&self, kind: &'static str, after: Option<String>, max: usize) -> Vec<Stored>;
    async fn outgoing(&self, webhook: WebhookId, after: u64, max: usize) -> Vec<Outgoing>;
    async fn outgoing_waiting(&self) -> Vec<(WebhookId, u64)>;
    async fn attempts(&self, webhook: WebhookId, max: usize) -> Vec<(u64, String)>;
    async fn org_records(&self, org: OrgId, max: usize) -> Vec<OrgRecord>;
    async fn dump(&self, org: OrgId, rows: tokio::sync::mpsc::Sender<OrgRow>) -> ();
    async fn has_rows(&self, org: OrgId, table: &'static str) -> bool;
    async fn ping(&self) -> ();
}

/// A queue that dies. Closing it does nothing: who was killed closes nothing.
pub(crate) struct MortalQueue {
    pub(crate) inner: Arc<dyn Queue>,
    pub(crate) life: Arc<StopAfter>,
}

impl MortalQueue {
    fn alive(&self) -> Result<&dyn Queue, QueueError> {
        if self.life.alive() {
            Ok(&*self.inner)
        } else {
            Err(QueueError::Io(DEAD.to_owned()))
        }
    }
}

#[async_trait]
impl Queue for MortalQueue {
    async fn append(&self, batch: Vec<NewNotification>) -> Result<(), QueueError> {
        if !self.life.step() {
            return Err(QueueError::Io(DEAD.to_owned()));
        }
        self.inner.append(batch).await
    }

    async fn lease(
        &self,
        activation: ActivationId,
        take: Take,
        max: usize,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<Notification>, QueueError> {
        self.alive()?.lease(activation, take, max, now, until).await
    }

    async fn acknowledge(&self, activation: ActivationId, seqs: &[u64]) -> Result<(), QueueError> {
        self.alive()?.acknowledge(activation, seqs).await
    }

    async fn release(
        &self,
        activation: ActivationId,
        seqs: &[u64],
        not_before: Timestamp,
    ) -> Result<(), QueueError> {
        self.alive()?.release(activation, seqs, not_before).await
    }

    async fn purge(&self, activation: ActivationId) -> Result<(), QueueError> {
        self.alive()?.purge(activation).await
    }

    async fn sweep(&self, now: Timestamp) -> Result<Vec<(ActivationId, u64)>, QueueError> {
        self.alive()?.sweep(now).await
    }

    async fn waiting(&self) -> Result<Vec<ActivationId>, QueueError> {
        self.alive()?.waiting().await
    }

    async fn next_due(&self, activation: ActivationId) -> Result<Option<Timestamp>, QueueError> {
        self.alive()?.next_due(activation).await
    }

    async fn stats(&self, activation: ActivationId) -> Result<QueueStats, QueueError> {
        self.alive()?.stats(activation).await
    }

    async fn close(&self) {}
}

/// A courier that dies.
pub(crate) struct MortalCourier {
    pub(crate) inner: Arc<dyn Courier>,
    pub(crate) life: Arc<StopAfter>,
}

struct MortalErrand {
    inner: Box<dyn Errand>,
    life: Arc<StopAfter>,
}

#[async_trait]
impl Courier for MortalCourier {
    fn errand(&self, target: &Target) -> Result<Box<dyn Errand>, CourierError> {
        Ok(Box::new(MortalErrand {
            inner: self.inner.errand(target)?,
            life: Arc::clone(&self.life),
        }))
    }

    fn check(&self, target: &Target) -> Result<(), CourierError> {
        self.inner.check(target)
    }

    async fn check_host(&self, target: &Target) -> Result<(), CourierError> {
        self.inner.check_host(target).await
    }

    async fn fetch(&self, target: &Target) -> Result<Fetched, CourierError> {
        if !self.life.step() {
            return Err(CourierError(DEAD.to_owned()));
        }
        self.inner.fetch(target).await
    }
}

#[async_trait]
impl Errand for MortalErrand {
    async fn post(&mut self, headers: &http::HeaderMap, body: Bytes) -> Result<Answer, CourierError> {
        if !self.life.step() {
            return Err(CourierError(DEAD.to_owned()));
        }
        self.inner.post(headers, body).await
    }
}

/// What kept an operation from being seen half done: it is tried at every step. Here: the wrapper itself.
#[tokio::test]
async fn a_stopped_platform_does_nothing_and_the_next_one_finds_what_was_kept() {
    use hallway_platform::Config;
    use serde_json::json;

    use crate::rig::Rig;

    let name = |answer: serde_json::Value| answer["displayName"].as_str().unwrap_or_default().to_owned();
    let mut seen = Vec::new();
    for steps in 0.. {
        let rig = Rig::that_dies(Config::default(), Arc::new(NoRequests)).await;
        let before = rig.steps();
        rig.get("/people/me").await.expect(200);
        rig.stop_after(steps);
        let asked = rig
            .ask("POST /workspaces", json!({ "displayName": "Fjord" }))
            .await;
        // Whoever looks in the background may find it dead after the last step: that says nothing about this one.
        let done = asked.status.is_success();
        assert!(done || rig.has_stopped());
        assert_eq!(rig.steps() - before, steps.min(1));
        let rig = rig.again().await;
        let found = rig.get("/workspaces").await.items();
        seen.push(found.into_iter().map(name).collect::<Vec<_>>());
        rig.close().await;
        if done {
            break;
        }
    }
    assert_eq!(seen.first().unwrap().len(), 0);
    assert_eq!(seen.last().unwrap(), &["Fjord"]);
}

/// For rigs that nothing leaves.
pub(crate) struct NoRequests;

impl Courier for NoRequests {
    fn errand(&self, _: &Target) -> Result<Box<dyn Errand>, CourierError> {
        Err(CourierError("nothing goes out of this test".to_owned()))
    }
}
