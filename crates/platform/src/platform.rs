//! The platform: one value that holds the ports and what is kept in memory beside them.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use hallway_wire::Timestamp;
use hallway_xapi::Catalogue;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::crypto::{SigningKey, SigningKeyRecord, Vault};
use crate::device::Links;
use crate::error::{Doing as _, Result};
use crate::fault::Faults;
use crate::integration::Pushes;
use crate::mail::MailRoom;
use crate::notify::{Audiences, Deliveries, Pollers};
use crate::oauth::{Guesses, Sessions};
use crate::org::{Managers, Purges, Standings};
use crate::ports::{Blobs, Bus, Clock, Courier, Queue, Store, Write};
use crate::publication::Spreading;
use crate::webhook::Webhooks;

/// Settings of the domain. Times that a person or an integration may notice are all here.
#[derive(Clone, Debug)]
pub struct Config {
    /// Scheme, host and port that handed-out URLs start with; no trailing slash.
    pub public_url: String,
    /// Claim `region`: the official clients find the keys of the JWTs by it.
    pub region: String,
    /// Life of a machine account's access token.
    pub access_token_life: Duration,
    /// Life of a refresh token since its last extension.
    pub refresh_token_life: Duration,
    /// Life of an access token of an integration or service app.
    pub app_access_token_life: Duration,
    /// Life of their refresh tokens since their last use.
    pub app_refresh_token_life: Duration,
    /// Life of the token that an administrator gets at the start, or from who holds the data directory.
    pub admin_token_life: Duration,
    /// Life of a personal access token.
    pub personal_token_life: Duration,
    /// Life of an authorization code.
    pub code_life: Duration,
    /// How long a device waits for its person.
    pub device_flow_life: Duration,
    /// Life of a code with which a person signs in.
    pub sign_in_code_life: Duration,
    /// How long a person stays signed in at a browser.
    pub browser_session_life: Duration,
    /// Whether the pages let anybody sign in as anybody by a click: for demonstrations only.
    pub open_sign_in: bool,
    /// Life of an activation code.
    pub activation_code_life: Duration,
    /// How long a poll is held when nothing is waiting.
    pub poll_hold: Duration,
    /// How often every device sends all subscribed values; zero: only when something asks for it.
    pub full_sync_every: Duration,
    /// How long a deactivated integration may still fetch the news.
    pub deactivation_grace: Duration,
    /// How long a device may take to answer.
    pub device_timeout: Duration,
    /// For a whole delivery to an integration.
    pub delivery_timeout: Duration,
    /// First pause after a failed delivery; it doubles up to `retry_max`.
    pub retry_first: Duration,
    pub retry_max: Duration,
    /// First pause before an activation code is posted to its vendor again; it doubles up to `push_retry_max`.
    pub push_retry_first: Duration,
    pub push_retry_max: Duration,
    /// Failing this long, an activation is shown as impaired.
    pub impaired_after: Duration,
    /// Whether manifests and integrations may name http URLs.
    pub allow_http: bool,
    /// For a whole delivery to a webhook of `/v1/webhooks`.
    pub webhook_timeout: Duration,
    /// How often an event is tried before the next one's turn; 1 is what the real service does.
    pub webhook_attempts: u32,
    /// Pause after the first failed attempt; each further one is six times as long.
    pub webhook_retry_first: Duration,
    /// After this many failures in a row a webhook becomes inactive.
    pub webhook_failures_max: u64,
    /// Most deliveries that wait for one webhook; the oldest go first.
    pub webhook_queue_max: u64,
    /// Most webhooks of one person and application.
    pub webhooks_max: u64,
    /// Whether deliveries carry a signature by SHA-256 too, in `X-Webex-Signature`.
    pub webhook_sha256: bool,
    /// A listener that did not ask for so long is ended.
    pub listener_patience: Duration,
    /// How long the log of events goes back.
    pub event_retention: Duration,
    /// How long the audit trail is kept; zero: for ever.
    pub audit_retention: Duration,
}

impl Default for Config {
    fn default() -> Self {
        const HOUR: u64 = 3600;
        Self {
            public_url: "http://127.0.0.1:8080".to_owned(),
            region: "us-east-2_a".to_owned(),
            access_token_life: Duration::from_secs(18 * HOUR),
            refresh_token_life: Duration::from_secs(90 * 24 * HOUR),
            app_access_token_life: Duration::from_secs(14 * 24 * HOUR),
            app_refresh_token_life: Duration::from_secs(90 * 24 * HOUR),
            admin_token_life: Duration::from_secs(365 * 24 * HOUR),
            personal_token_life: Duration::from_secs(12 * HOUR),
            code_life: Duration::from_secs(120),
            device_flow_life: Duration::from_secs(600),
            sign_in_code_life: Duration::from_secs(900),
            browser_session_life: Duration::from_secs(HOUR),
            open_sign_in: false,
            activation_code_life: Duration::from_secs(24 * HOUR),
            poll_hold: Duration::from_secs(20),
            full_sync_every: Duration::from_secs(HOUR),
            deactivation_grace: Duration::from_secs(300),
            device_timeout: Duration::from_secs(15),
            delivery_timeout: Duration::from_secs(10),
            retry_first: Duration::from_secs(1),
            retry_max: Duration::from_secs(60),
            push_retry_first: Duration::from_secs(15),
            push_retry_max: Duration::from_secs(30 * 60),
            impaired_after: Duration::from_secs(30 * 60),
            allow_http: false,
            webhook_timeout: Duration::from_secs(15),
            webhook_attempts: 3,
            webhook_retry_first: Duration::from_secs(5),
            webhook_failures_max: 100,
            webhook_queue_max: 10_000,
            webhooks_max: 500,
            webhook_sha256: false,
            listener_patience: Duration::from_secs(60),
            event_retention: Duration::from_secs(90 * 24 * HOUR),
            audit_retention: Duration::from_secs(365 * 24 * HOUR),
        }
    }
}

/// What the platform is made of.
#[expect(missing_debug_implementations, reason = "ports are trait objects")]
pub struct Parts {
    pub config: Config,
    pub store: Arc<dyn Store>,
    pub queue: Arc<dyn Queue>,
    pub bus: Arc<dyn Bus>,
    pub courier: Arc<dyn Courier>,
    pub blobs: Arc<dyn Blobs>,
    pub clock: Arc<dyn Clock>,
    pub catalogue: Arc<Catalogue>,
    pub vault: Vault,
}

/// The platform. Methods are in the modules of their nouns; each takes the caller first.
#[expect(missing_debug_implementations, reason = "ports are trait objects")]
pub struct Platform {
    pub(crate) config: Config,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) queue: Arc<dyn Queue>,
    pub(crate) bus: Arc<dyn Bus>,
    pub(crate) courier: Arc<dyn Courier>,
    pub(crate) blobs: Arc<dyn Blobs>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) catalogue: Arc<Catalogue>,
    pub(crate) vault: Vault,
    pub(crate) keys: ArcSwap<KeyRing>,
    pub(crate) sessions: Sessions,
    pub(crate) standings: Standings,
    pub(crate) managers: Managers,
    pub(crate) purges: Purges,
    pub(crate) guesses: Guesses,
    pub(crate) links: Links,
    pub(crate) audiences: Audiences,
    pub(crate) pollers: Pollers,
    pub(crate) deliveries: Deliveries,
    pub(crate) webhooks: Webhooks,
    pub(crate) mail: MailRoom,
    pub(crate) pushes: Pushes,
    pub(crate) spreading: Spreading,
    pub(crate) faults: Arc<Faults>,
    pub(crate) metrics: crate::metrics::Metrics,
    pub(crate) failed_logins: crate::audit::FailedLogins,
    pub(crate) provisioning: crate::feature::Provisioning,
    /// The platform itself, for what it starts in the background.
    pub(crate) me: std::sync::Weak<Platform>,
    pub(crate) tasks: TaskTracker,
    pub(crate) stop: CancellationToken,
}

/// The keys that sign and those that are published.
#[derive(Debug)]
pub(crate) struct KeyRing {
    pub(crate) signing: SigningKey,
    pub(crate) published: Vec<hallway_wire::claims::Jwk>,
}

impl Platform {
    /// Puts the platform together: signing keys are made at the first start, and what was going on when the
    /// last process ended is taken up again.
    ///
    /// # Errors
    /// The store or the queue cannot be read.
    pub async fn start(parts: Parts) -> Result<Arc<Self>> {
        let Parts {
            config,
            store,
            queue,
            bus,
            courier,
            blobs,
            clock,
            catalogue,
            vault,
        } = parts;
        let keys = ArcSwap::from_pointee(load_keys(&*store, &vault, clock.now()).await?);
        let faults = Arc::new(Faults::new(Arc::clone(&clock)));
        let platform = Arc::new_cyclic(|me| Self {
            me: me.clone(),
            audiences: Audiences::new(&catalogue),
            config,
            store,
            queue,
            bus,
            courier,
            blobs,
            clock,
            catalogue,
            vault,
            keys,
            sessions: Sessions::default(),
            standings: Standings::default(),
            managers: Managers::default(),
            purges: Purges::default(),
            guesses: Guesses::default(),
            links: Links::default(),
            pollers: Pollers::default(),
            deliveries: Deliveries::default(),
            webhooks: Webhooks::default(),
            mail: MailRoom::default(),
            pushes: Pushes::default(),
            spreading: Spreading::default(),
            faults,
            metrics: crate::metrics::Metrics::default(),
            failed_logins: crate::audit::FailedLogins::default(),
            provisioning: crate::feature::Provisioning::default(),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
        });
        let organizations = platform.load_standings().await?;
        platform.load_managers().await?;
        platform.ensure_licenses().await?;
        platform.ensure_operator().await?;
        platform.rebuild_audiences().await?;
        platform.announce_moved_urls().await?;
        platform.resume_deliveries().await?;
        platform.resume_activations().await?;
        platform.resume_spreading().await?;
        platform.tasks.spawn(Arc::clone(&platform).spread_forever());
        platform.resume_webhooks().await?;
        platform.tasks.spawn(Arc::clone(&platform).keep_webhooks());
        platform.resume_jobs().await?;
        platform.resume_features().await?;
        platform.tasks.spawn(Arc::clone(&platform).keep_features());
        platform.resume_purges(&organizations);
        platform.tasks.spawn(Arc::clone(&platform).sweep_forever());
        Ok(platform)
    }

    /// Ends what runs in the background, finishes deliveries in flight, and closes the queue. Returns whether
    /// everything ended within `grace`.
    pub async fn stop(&self, grace: Duration) -> bool {
        self.stop.cancel();
        self.tasks.close();
        let ended = tokio::time::timeout(grace, self.tasks.wait()).await.is_ok();
        self.flush_metrics_at_end().await;
        self.queue.close().await;
        ended
    }

    /// What time it is.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The settings.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// What exists on devices.
    pub fn catalogue(&self) -> &Arc<Catalogue> {
        &self.catalogue
    }

    /// The published keys.
    pub fn jwks(&self) -> hallway_wire::claims::Jwks {
        hallway_wire::claims::Jwks {
            keys: self.keys.load().published.clone(),
        }
    }

    /// Whether the store answers.
    ///
    /// # Errors
    /// It does not.
    pub async fn ready(&self) -> Result<()> {
        self.store.ping().await.doing("answering a readiness check")
    }

    /// Makes the next published key the one that signs, and publishes a new next one. What was signed before
    /// stays verifiable: old keys remain published.
    ///
    /// # Errors
    /// The caller is no full administrator; the store failed.
    pub async fn rotate_keys(&self, caller: &crate::Caller) -> Result<()> {
        caller.require_full_admin()?;
        let now = self.now();
        let mut records = self.store.signing_keys().await.doing("reading signing keys")?;
        let mut writes = Vec::new();
        if let Some(next) = records.iter_mut().find(|record| record.used_since.is_none()) {
            next.used_since = Some(now);
            writes.push(Write::PutSigningKey(next.clone()));
        }
        writes.push(Write::PutSigningKey(SigningKey::generate(&self.vault, now)?));
        writes.push(crate::audit::by(
            caller,
            now,
            "keys.rotated",
            "signing keys",
            "rotated the keys that sign activation codes and actions".to_owned(),
        ));
        self.store.commit(writes).await.doing("rotating signing keys")?;
        self.keys
            .store(Arc::new(load_keys(&*self.store, &self.vault, now).await?));
        Ok(())
    }
}

/// How many keys are published at least: clients that load the set only once must know the next ones already.
const PUBLISHED_KEYS: usize = 3;

async fn load_keys(store: &dyn Store, vault: &Vault, now: Timestamp) -> Result<KeyRing> {
    let mut records = store.signing_keys().await.doing("reading signing keys")?;
    let mut writes = Vec::new();
    while records.len() < PUBLISHED_KEYS {
        let mut record = SigningKey::generate(vault, now)?;
        if records
            .iter()
            .all(|record: &SigningKeyRecord| record.used_since.is_none())
        {
            record.used_since = Some(now);
        }
        writes.push(Write::PutSigningKey(record.clone()));
        records.push(record);
    }
    if !writes.is_empty() {
        store.commit(writes).await.doing("storing new signing keys")?;
    }
    let newest = records
        .iter()
        .filter(|record| record.used_since.is_some())
        .max_by_key(|record| record.used_since);
    let signing = match newest.or(records.first()) {
        Some(record) => SigningKey::open(record, vault)?,
        None => return Err(crate::Error::Internal("there is no signing key".to_owned())),
    };
    let published = records
        .iter()
        .map(|record| SigningKey::open(record, vault).map(|key| key.jwk()))
        .collect::<Result<Vec<_>>>()?;
    Ok(KeyRing { signing, published })
}
