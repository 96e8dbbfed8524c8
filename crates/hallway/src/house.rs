//! One Hallway, from its settings to its end.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, bail};
use hallway_bus::{LocalBus, LogQueue};
use hallway_device::{ManualTimer, RealTimer, Timer};
use hallway_platform::crypto::{Vault, random};
use hallway_platform::org::Founding;
use hallway_platform::ports::{Clock, QueueLimits};
use hallway_platform::{Config, Parts, Platform};
use hallway_server::courier::{HttpCourier, Reach};
use hallway_server::listen::Listening;
use hallway_server::smtp::{MailServer, SmtpMailer};
use hallway_server::{App, DeviceHost, ServerConfig};
use hallway_store::{FileBlobs, SqlStore};
use hallway_wire::control::Ready;
use hallway_wire::id::{OrgId, PersonId};
use hallway_wire::{Secret, Timestamp};
use hallway_xapi::Catalogue;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use crate::devices::LocalDevices;
use crate::interception::{Intercept, Interceptor, Surroundings, is_intercepted, serve as serve_interceptor};
use crate::office::TestOffice;

/// Where state is kept.
#[derive(Clone, Debug)]
pub enum Data {
    /// In memory; gone with the process.
    Ephemeral,
    Dir(PathBuf),
}

/// The demo office.
#[derive(Clone, Copy, Debug)]
pub struct Demo {
    /// The same seed gives the same day.
    pub seed: u64,
    /// How much faster than real time the day passes; 0 stands still.
    pub speed: f64,
}

/// Certificate chain and key, PEM files.
#[derive(Clone, Debug)]
pub struct Tls {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

/// Settings of a House.
#[derive(Clone, Debug)]
pub struct HouseConfig {
    pub listen: SocketAddr,
    /// What handed-out URLs start with; the address that is listened on if not given.
    pub public_url: Option<String>,
    pub data: Data,
    pub demo: Option<Demo>,
    pub tls: Option<Tls>,
    /// Requests per minute and token; `None`: no limit.
    pub requests_per_minute: Option<NonZeroU32>,
    /// Whether integrations may be called on loopback and private addresses.
    pub private_targets: bool,
    /// Certificates (PEM) of authorities that are trusted besides the public ones when integrations are called and
    /// e-mails are sent.
    pub trust: Option<PathBuf>,
    pub cors_origins: Vec<String>,
    /// An official schema file, laid over the built-in catalogue.
    pub xapi_schema: Option<PathBuf>,
    pub max_connections: usize,
    /// Whether and where to stand in for the official hosts.
    pub intercept: Option<Intercept>,
    /// Who takes e-mails; without one they wait in the outbox.
    pub mail: Option<MailServer>,
    pub queue: QueueLimits,
    pub time: Time,
    /// Whether it is an office for tests, which is furnished while it runs.
    pub office: bool,
    /// Settings of the domain; `public_url` is filled in.
    pub platform: Config,
}

impl Default for HouseConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            public_url: None,
            data: Data::Ephemeral,
            demo: None,
            tls: None,
            requests_per_minute: None,
            private_targets: false,
            trust: None,
            cors_origins: Vec::new(),
            xapi_schema: None,
            max_connections: 20_000,
            intercept: None,
            mail: None,
            queue: QueueLimits::default(),
            time: Time::default(),
            office: false,
            platform: Config::default(),
        }
    }
}

/// Whose time a House and its devices live by.
#[derive(Clone, Debug, Default)]
pub enum Time {
    /// The machine's.
    #[default]
    Machine,
    /// That of a test, which moves it by hand.
    Manual(Arc<ManualTimer>),
}

impl Time {
    fn clock(&self) -> Arc<dyn Clock> {
        match self {
            Self::Machine => Arc::new(SystemClock),
            Self::Manual(timer) => Arc::new(ManualClock(Arc::clone(timer))),
        }
    }

    /// What simulated devices live by.
    pub fn timer(&self) -> Arc<dyn Timer> {
        match self {
            Self::Machine => Arc::new(RealTimer::default()),
            Self::Manual(timer) => Arc::<ManualTimer>::clone(timer),
        }
    }
}

#[derive(Debug)]
struct ManualClock(Arc<ManualTimer>);

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.now_ms())
    }
}

/// The clock of the machine.
#[derive(Debug)]
struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

/// A running Hallway.
#[expect(missing_debug_implementations, reason = "the platform has none")]
pub struct House {
    pub platform: Arc<Platform>,
    pub devices: Arc<LocalDevices>,
    /// For tests, if it was started for them.
    pub office: Option<Arc<TestOffice>>,
    /// What a client needs to know. The token is there if one was made at this start.
    pub ready: Ready,
    /// Whether this start created the organization.
    pub founded: bool,
    app: App,
    authority: Option<String>,
    stop: CancellationToken,
    server: JoinHandle<()>,
    interceptor: Option<JoinHandle<()>>,
    day: Option<JoinHandle<()>>,
}

/// Databases, log and key of a data directory.
struct Opened {
    store: SqlStore,
    queue: LogQueue,
    blobs: FileBlobs,
    vault: Vault,
}

fn open(data: &Data, limits: QueueLimits) -> Result<Opened> {
    match data {
        Data::Ephemeral => Ok(Opened {
            store: SqlStore::ephemeral().context("opening a store in memory")?,
            queue: LogQueue::in_memory(limits),
            blobs: FileBlobs::ephemeral().context("making a folder for files")?,
            vault: Vault::new(&random()),
        }),
        Data::Dir(dir) => {
            create_private_dir(dir)?;
            // The queue holds the directory's lock, so it is opened first.
            let queue = LogQueue::open(&dir.join("queue"), limits)
                .with_context(|| format!("opening the notification queue in {}", dir.display()))?;
            let vault = Vault::new(&read_or_make_key(&dir.join("secret.key"))?);
            let store = SqlStore::open(dir.join("hallway.db"))
                .with_context(|| format!("opening the database in {}", dir.display()))?;
            let blobs = FileBlobs::open(dir.join("files"))
                .with_context(|| format!("opening the files in {}", dir.display()))?;
            Ok(Opened {
                store,
                queue,
                blobs,
                vault,
            })
        }
    }
}

fn create_private_dir(dir: &Path) -> Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .with_context(|| format!("creating {}", dir.display()))
}

/// The key that seals secrets at rest: 64 hex digits in a file that only the owner can read.
fn read_or_make_key(path: &Path) -> Result<[u8; 32]> {
    match std::fs::read_to_string(path) {
        Ok(text) => {
            let text = text.trim();
            let bytes: Option<Vec<u8>> = (0..text.len())
                .step_by(2)
                .map(|at| {
                    text.get(at..at + 2)
                        .and_then(|pair| u8::from_str_radix(pair, 16).ok())
                })
                .collect();
            bytes
                .and_then(|bytes| <[u8; 32]>::try_from(bytes).ok())
                .with_context(|| format!("{} does not hold 64 hex digits", path.display()))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let key: [u8; 32] = random();
            let text: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
            write_private(path, text.as_bytes())?;
            Ok(key)
        }
        Err(error) => Err(error).with_context(|| format!("reading {}", path.display())),
    }
}

/// Writes a file that only its owner can read, whole or not at all.
pub fn write_private(path: &Path, bytes: &[u8]) -> Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let doing = || format!("writing {}", path.display());
    let beside = path.with_extension("new");
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&beside)
        .with_context(doing)?;
    file.write_all(bytes)
        .and_then(|()| file.sync_all())
        .with_context(doing)?;
    std::fs::rename(&beside, path).with_context(doing)?;
    if let Some(dir) = path.parent().filter(|dir| !dir.as_os_str().is_empty()) {
        std::fs::File::open(dir)
            .and_then(|dir| dir.sync_all())
            .with_context(doing)?;
    }
    Ok(())
}

fn tls_acceptor(tls: &Tls) -> Result<TlsAcceptor> {
    use rustls::pki_types::pem::PemObject as _;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    let chain = CertificateDer::pem_file_iter(&tls.certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .with_context(|| format!("reading certificates from {}", tls.certificate.display()))?;
    let key = PrivateKeyDer::from_pem_file(&tls.key)
        .with_context(|| format!("reading a private key from {}", tls.key.display()))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .context("choosing TLS versions")?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .context("using the certificate and key")?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Reads the catalogue, with an official schema file over it if one is named.
pub fn catalogue(schema: Option<&Path>) -> Result<Arc<Catalogue>> {
    match schema {
        None => Ok(Catalogue::builtin()),
        Some(path) => {
            let text =
                std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
            let catalogue =
                Catalogue::from_schema(&text).with_context(|| format!("reading {}", path.display()))?;
            Ok(Arc::new(catalogue))
        }
    }
}

impl House {
    /// Opens the data, founds an organization if there is none, starts devices, and listens.
    pub async fn start(config: HouseConfig) -> Result<Self> {
        let listener = TcpListener::bind(config.listen).await.with_context(|| {
            format!(
                "listening on {} (is another Hallway running? try --listen)",
                config.listen
            )
        })?;
        let address = listener.local_addr().context("asking for the address")?;
        let scheme = if config.tls.is_some() { "https" } else { "http" };
        let own_url = if address.ip().is_unspecified() {
            format!("{scheme}://127.0.0.1:{}", address.port())
        } else {
            format!("{scheme}://{address}")
        };
        let public_url = match &config.public_url {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None => own_url.clone(),
        };
        let tls = config.tls.as_ref().map(tls_acceptor).transpose()?;
        let catalogue = catalogue(config.xapi_schema.as_deref())?;
        let trust = match &config.trust {
            None => None,
            Some(path) => Some(std::fs::read(path).with_context(|| format!("reading {}", path.display()))?),
        };
        let reach = Reach {
            private: config.private_targets,
        };
        let courier = HttpCourier::new(reach, trust.as_deref())?;
        let mail = config.mail.clone();
        let mailer = mail
            .map(|server| SmtpMailer::new(server, trust.as_deref()))
            .transpose()?;
        let clock = config.time.clock();
        let Opened {
            store,
            queue,
            blobs,
            vault,
        } = open(&config.data, config.queue)?;
        let platform = Platform::start(Parts {
            config: Config {
                public_url: public_url.clone(),
                ..config.platform
            },
            store: Arc::new(store),
            queue: Arc::new(queue),
            bus: Arc::new(LocalBus::default()),
            courier: Arc::new(courier),
            blobs: Arc::new(blobs),
            clock: Arc::clone(&clock),
            catalogue: Arc::clone(&catalogue),
            vault,
        })
        .await
        .context("starting the platform")?;
        if let Some(mailer) = mailer {
            platform.start_mailing(Arc::new(mailer));
        }
        // Each listener holds a place while it waits for a connection; the second one must not cost the first.
        let listeners = 1 + usize::from(config.intercept.is_some());
        let places = config.max_connections.saturating_add(listeners - 1);
        let places = Arc::new(Semaphore::new(places.min(Semaphore::MAX_PERMITS)));
        let interceptor = match &config.intercept {
            None => None,
            Some(settings) => {
                let around = Surroundings {
                    clock,
                    reach,
                    public_url: Arc::from(public_url.as_str()),
                    places: Arc::clone(&places),
                };
                Some(Interceptor::open(settings, &config.data, around).await?)
            }
        };
        let stop = CancellationToken::new();
        let devices = LocalDevices::new(Arc::clone(&platform), stop.clone());
        let (founded, org, token) = found(&platform, config.demo).await?;
        let day = match config.demo {
            None => None,
            Some(demo) => crate::demo::open_office(&devices, &catalogue, demo, &config.time, &stop).await?,
        };
        let authority = interceptor
            .as_ref()
            .map(|interceptor| interceptor.interception.authority.pem().to_owned());
        let host: Arc<dyn DeviceHost> = Arc::<LocalDevices>::clone(&devices);
        let app = App::new(
            Arc::clone(&platform),
            Some(host),
            ServerConfig {
                requests_per_minute: config.requests_per_minute,
                cors_origins: config.cors_origins.clone(),
                authority: authority.clone(),
            },
            stop.clone(),
        )?;
        let office = match org.filter(|_| config.office) {
            None => None,
            Some(org) => {
                let opened = TestOffice::open(&platform, &devices, &config.time, org, config.demo).await?;
                Some(Arc::new(opened))
            }
        };
        let mut more = crate::local_api::routes(Arc::clone(&platform), Arc::clone(&devices), stop.clone());
        if let Some(office) = &office {
            more = more.merge(crate::office::api::routes(
                Arc::clone(&platform),
                Arc::clone(office),
            ));
        }
        let router = hallway_server::router(app.clone(), more);
        let listening = Listening { places, tls };
        let server = tokio::spawn(hallway_server::listen::serve(
            listener,
            router.clone(),
            listening,
            stop.clone(),
        ));
        // A public URL that only the interceptor makes true must not lead our own command line to the real one.
        let url = if interceptor.is_some() && is_intercepted(&public_url) {
            own_url
        } else {
            public_url.clone()
        };
        let intercept_url = interceptor.as_ref().map(|interceptor| interceptor.url.clone());
        let interceptor = interceptor.map(|it| {
            tokio::spawn(serve_interceptor(
                it.listener,
                router,
                it.interception,
                stop.clone(),
            ))
        });
        let ready = Ready {
            webexapis_base_url: format!("{public_url}/v1"),
            oauth_url: format!("{public_url}/v1/access_token"),
            jwks_url: format!("{public_url}/jwks"),
            url,
            org_id: org,
            admin_token: token,
            pid: std::process::id(),
            intercept_url,
        };
        Ok(Self {
            platform,
            devices,
            office,
            ready,
            founded,
            authority,
            app,
            stop,
            server,
            interceptor,
            day,
        })
    }

    /// The certificate (PEM) that clients of the interceptor trust, if there is one.
    pub fn authority(&self) -> Option<&str> {
        self.authority.as_deref()
    }

    /// Makes a new administrator's token, where this start made none.
    pub async fn ensure_token(&mut self) -> Result<()> {
        if self.ready.admin_token.is_some() {
            return Ok(());
        }
        let Some(org) = self.ready.org_id else {
            return Ok(());
        };
        let Some(admin) = self.platform.first_admin(org).await? else {
            bail!("the organization has no administrator");
        };
        self.ready.admin_token = Some(self.platform.issue_admin_token(admin.id).await?);
        Ok(())
    }

    /// Ends: nothing new is accepted, what is in flight is finished. Returns whether that was done in time.
    pub async fn close(self, grace: Duration) -> bool {
        self.stop.cancel();
        let ended = async {
            // Long polls end at once with what they have.
            let platform = self.platform.stop(grace);
            let (platform, server, (), ()) = tokio::join!(
                platform,
                self.server,
                self.app.links_ended(),
                self.devices.ended()
            );
            if let Some(interceptor) = self.interceptor {
                interceptor.await.ok();
            }
            if let Some(day) = self.day {
                day.await.ok();
            }
            platform && server.is_ok()
        };
        tokio::time::timeout(grace, ended).await.unwrap_or(false)
    }
}

/// Creates the organization at the first start. Returns whether it did, which organization there is, and the
/// administrator's token if one was made.
async fn found(
    platform: &Arc<Platform>,
    demo: Option<Demo>,
) -> Result<(bool, Option<OrgId>, Option<Secret>)> {
    let organizations = platform.all_organizations().await?;
    if let Some(first) = organizations.first() {
        return Ok((false, Some(first.id), None));
    }
    let token = match demo {
        Some(demo) => crate::demo::found(platform, demo).await?,
        None => {
            platform
                .found_organization(Founding {
                    org: OrgId::random(),
                    display_name: "My organization".to_owned(),
                    admin: PersonId::random(),
                    admin_email: "admin@localhost.localdomain".to_owned(),
                    admin_name: "Administrator".to_owned(),
                    country: None,
                })
                .await?
        }
    };
    let organizations = platform.all_organizations().await?;
    Ok((true, organizations.first().map(|org| org.id), Some(token)))
}

/// Creates an organization in a data directory that has none. Returns its id and the administrator's token;
/// `None` where there is one already.
pub async fn init(dir: &Path, founding: Founding) -> Result<Option<(OrgId, Secret)>> {
    let Opened {
        store,
        queue,
        blobs,
        vault,
    } = open(&Data::Dir(dir.to_owned()), QueueLimits::default())?;
    let platform = Platform::start(Parts {
        config: Config::default(),
        store: Arc::new(store),
        queue: Arc::new(queue),
        bus: Arc::new(LocalBus::default()),
        courier: Arc::new(HttpCourier::new(Reach { private: false }, None)?),
        blobs: Arc::new(blobs),
        clock: Arc::new(SystemClock),
        catalogue: Catalogue::builtin(),
        vault,
    })
    .await
    .context("starting the platform")?;
    let made = if platform.all_organizations().await?.is_empty() {
        let org = founding.org;
        Some((org, platform.found_organization(founding).await?))
    } else {
        None
    };
    platform.stop(Duration::from_secs(5)).await;
    Ok(made)
}
