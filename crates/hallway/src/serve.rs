//! `hallway demo`, `hallway serve` and `hallway init`.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use hallway::house::write_private;
use hallway::{Data, Demo, House, HouseConfig, Tls};
use hallway_platform::Config;
use hallway_platform::ports::QueueLimits;
use hallway_server::smtp::MailServer;
use hallway_wire::Secret;
use hallway_wire::control::Ready;
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::printer::Printer;
use crate::intercept_args::{self, InterceptArgs};

/// How long what is in flight may take to finish after Ctrl-C.
const GRACE: Duration = Duration::from_secs(10);

/// Start a demo office in memory: one organization, a dozen rooms, a day that moves by itself.
#[derive(Args, Debug)]
pub(crate) struct DemoArgs {
    /// Address to listen on.
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDR")]
    listen: SocketAddr,
    /// Seed of the office and its day: the same seed gives the same day.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How much faster than real time the office day passes; 0 stands still.
    #[arg(long, default_value_t = 10.0, value_name = "FACTOR")]
    speed: f64,
    /// Write what a client needs to know (JSON, with the token) to this file once Hallway answers.
    #[arg(long, value_name = "FILE")]
    ready_file: Option<PathBuf>,
    #[command(flatten)]
    intercept: InterceptArgs,
}

/// Run Hallway for real use.
#[derive(Args, Debug)]
pub(crate) struct ServeArgs {
    /// Address to listen on.
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDR")]
    listen: SocketAddr,
    /// Where state is kept.
    #[arg(
        long,
        default_value = "./hallway-data",
        value_name = "DIR",
        conflicts_with = "ephemeral"
    )]
    data_dir: PathBuf,
    /// Keep everything in memory; it is gone when Hallway stops.
    #[arg(long)]
    ephemeral: bool,
    /// What the URLs that Hallway hands out start with, if others reach it by another name.
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// Add the demo office at the first start, and let it live.
    #[arg(long)]
    demo: bool,
    /// Seed of the demo office.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How much faster than real time the demo office's day passes; 0 stands still.
    #[arg(long, default_value_t = 1.0, value_name = "FACTOR")]
    speed: f64,
    /// Certificate chain (PEM) for HTTPS.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// Private key (PEM) for HTTPS.
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Write what a client needs to know (JSON, with an administrator's token) to this file once Hallway
    /// answers.
    #[arg(long, value_name = "FILE")]
    ready_file: Option<PathBuf>,
    /// Requests per minute that each token may make; 0 is no limit.
    #[arg(long, default_value_t = 300, value_name = "N")]
    rate_limit: u32,
    /// Let integrations name http URLs (the real service takes https only).
    #[arg(long)]
    allow_http: bool,
    /// Let Hallway call integrations on loopback and private addresses.
    #[arg(long)]
    allow_private_targets: bool,
    /// Certificates (PEM) of authorities to trust besides the public ones when integrations are called and e-mails
    /// are sent.
    #[arg(long, value_name = "FILE")]
    trust: Option<PathBuf>,
    /// Origins whose web pages may call the API (repeat it; `*` is any).
    #[arg(long, value_name = "ORIGIN")]
    cors_origin: Vec<String>,
    /// An official RoomOS schema file to lay over the built-in catalogue.
    #[arg(long, value_name = "FILE")]
    xapi_schema: Option<PathBuf>,
    /// The region that activation codes name; the official clients find the signing keys by it.
    #[arg(long, default_value = "us-east-2_a")]
    region: String,
    /// Seconds that access tokens of integrations and service apps live.
    #[arg(long, default_value_t = 1_209_600, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=315_360_000))]
    token_life: u64,
    /// Seconds that their refresh tokens live since their last use.
    #[arg(long, default_value_t = 7_776_000, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=315_360_000))]
    refresh_token_life: u64,
    /// Seconds between periodic full syncs; 0 is never.
    #[arg(long, default_value_t = 3600, value_name = "SECONDS")]
    full_sync_every: u64,
    /// Days that the audit trail is kept; 0 is for ever.
    #[arg(long, default_value_t = 365, value_name = "DAYS", value_parser = clap::value_parser!(u64).range(0..=36_500))]
    audit_days: u64,
    /// Seconds that a long poll is held when nothing is waiting.
    #[arg(long, default_value_t = 20, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=25))]
    poll_hold: u64,
    /// Most notifications that wait for one integration; beyond it the oldest are dropped.
    #[arg(long, default_value_t = 10_000, value_name = "N")]
    queue_limit: usize,
    /// How often an event is tried to be delivered to a webhook; 1 is what the real service does.
    #[arg(long, default_value_t = 3, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10))]
    webhook_attempts: u32,
    /// Seconds between the first failed attempt and the second; each further pause is six times as long.
    #[arg(long, default_value_t = 5, value_name = "SECONDS")]
    webhook_retry_first: u64,
    /// Failures in a row after which a webhook becomes inactive.
    #[arg(long, default_value_t = 100, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    webhook_failures: u64,
    /// Sign deliveries to webhooks by SHA-256 too, in X-Webex-Signature.
    #[arg(long)]
    webhook_sha256: bool,
    /// Mail server that takes e-mails, like smtps://user:password@host:465; prefer the variable, since others may
    /// see arguments. Without one, e-mails wait in the outbox (`hallway mail list`).
    // Read later: what the parser of arguments refuses, it repeats.
    #[arg(long, env = "HALLWAY_SMTP_URL", hide_env_values = true, value_name = "URL", value_parser = secret)]
    smtp_url: Option<Secret>,
    /// Whom e-mails are from.
    #[arg(long, env = "HALLWAY_MAIL_FROM", value_name = "EMAIL")]
    mail_from: Option<String>,
    /// Most connections at once.
    #[arg(long, default_value_t = 20_000, value_name = "N")]
    max_connections: usize,
    #[command(flatten)]
    intercept: InterceptArgs,
}

/// Create the organization and its administrator in a new data directory, and print the administrator's
/// token.
#[derive(Args, Debug)]
pub(crate) struct InitArgs {
    /// Where state is kept.
    #[arg(long, default_value = "./hallway-data", value_name = "DIR")]
    data_dir: PathBuf,
    /// Name of the organization.
    #[arg(long, value_name = "NAME")]
    org: String,
    /// E-mail of the administrator.
    #[arg(long, value_name = "EMAIL")]
    admin_email: String,
    /// Name of the administrator.
    #[arg(long, value_name = "NAME", default_value = "Administrator")]
    admin_name: String,
}

impl DemoArgs {
    fn config(&self) -> Result<HouseConfig> {
        Ok(HouseConfig {
            listen: self.listen,
            intercept: self.intercept.settings()?,
            demo: Some(Demo {
                seed: self.seed,
                speed: self.speed,
            }),
            private_targets: true,
            platform: Config {
                allow_http: true,
                open_sign_in: true,
                ..Config::default()
            },
            ..HouseConfig::default()
        })
    }
}

impl ServeArgs {
    fn mail_server(&self) -> Result<Option<MailServer>> {
        let url = self.smtp_url.as_ref().map(|url| url.expose().trim());
        match (url.filter(|url| !url.is_empty()), &self.mail_from) {
            (None, _) => Ok(None),
            (Some(url), Some(from)) => Ok(Some(MailServer::parse(url, from)?)),
            (Some(_), None) => {
                bail!("a mail server is set up, but nobody whom e-mails are from (--mail-from)")
            }
        }
    }

    pub(crate) fn config(&self) -> Result<HouseConfig> {
        let tls = match (&self.tls_cert, &self.tls_key) {
            (Some(certificate), Some(key)) => Some(Tls {
                certificate: certificate.clone(),
                key: key.clone(),
            }),
            _ => None,
        };
        Ok(HouseConfig {
            listen: self.listen,
            intercept: self.intercept.settings()?,
            public_url: self.public_url.clone(),
            data: if self.ephemeral {
                Data::Ephemeral
            } else {
                Data::Dir(self.data_dir.clone())
            },
            demo: self.demo.then_some(Demo {
                seed: self.seed,
                speed: self.speed,
            }),
            tls,
            requests_per_minute: NonZeroU32::new(self.rate_limit),
            private_targets: self.allow_private_targets,
            trust: self.trust.clone(),
            cors_origins: self.cors_origin.clone(),
            xapi_schema: self.xapi_schema.clone(),
            max_connections: self.max_connections,
            mail: self.mail_server()?,
            queue: QueueLimits {
                max_len: self.queue_limit,
                ..QueueLimits::default()
            },
            platform: Config {
                region: self.region.clone(),
                app_access_token_life: Duration::from_secs(self.token_life),
                app_refresh_token_life: Duration::from_secs(self.refresh_token_life),
                allow_http: self.allow_http,
                full_sync_every: Duration::from_secs(self.full_sync_every),
                poll_hold: Duration::from_secs(self.poll_hold),
                webhook_attempts: self.webhook_attempts,
                webhook_retry_first: Duration::from_secs(self.webhook_retry_first),
                webhook_failures_max: self.webhook_failures,
                webhook_sha256: self.webhook_sha256,
                audit_retention: Duration::from_secs(self.audit_days * 24 * 3600),
                ..Config::default()
            },
            ..HouseConfig::default()
        })
    }
}

/// Text that `Debug` does not show.
fn secret(text: &str) -> Result<Secret, std::convert::Infallible> {
    Ok(Secret::new(text))
}

/// `hallway demo`
pub(crate) async fn demo(args: DemoArgs, printer: &mut Printer) -> Result<()> {
    let signals = Signals::new()?;
    let house = House::start(args.config()?).await?;
    announce(args.ready_file.as_deref(), &house.ready)?;
    intercept_args::warn(&house.ready);
    if printer.is_json() {
        printer.document(&house.ready)?;
    } else {
        printer.text(&greeting(&house, &args))?;
        printer.text(&intercept_args::usage(&house.ready))?;
    }
    run(house, signals, printer).await
}

/// `hallway serve`
pub(crate) async fn serve(args: ServeArgs, printer: &mut Printer) -> Result<()> {
    let signals = Signals::new()?;
    if !args.listen.ip().is_loopback() && args.tls_cert.is_none() && args.public_url.is_none() {
        tracing::warn!(
            "serving without TLS beyond this machine: tokens can be read on the way (--tls-cert, --tls-key)"
        );
    }
    let mut house = House::start(args.config()?).await?;
    if args.ready_file.is_some() {
        house.ensure_token().await?;
    }
    announce(args.ready_file.as_deref(), &house.ready)?;
    intercept_args::warn(&house.ready);
    if printer.is_json() {
        // The token goes to standard output only when it was made for that: at the first start.
        let token = house.ready.admin_token.clone().filter(|_| house.founded);
        printer.document(&Ready {
            admin_token: token,
            ..house.ready.clone()
        })?;
    } else {
        let mut text = format!("Hallway serves {}\n", house.ready.url);
        if let (true, Some(token)) = (house.founded, &house.ready.admin_token) {
            text.push_str(&format!(
                "\nThis is the first start. The administrator's token, shown this once:\n\n    {}\n\nexport HALLWAY_URL={} HALLWAY_TOKEN=<the token>, then try `hallway integration list`.\n",
                token.expose(),
                house.ready.url
            ));
        }
        text.push_str(&intercept_args::usage(&house.ready));
        printer.text(&text)?;
    }
    run(house, signals, printer).await
}

/// `hallway init`
pub(crate) async fn init(args: InitArgs, printer: &mut Printer) -> Result<()> {
    let founding = hallway_platform::org::Founding {
        org: hallway_wire::id::OrgId::random(),
        display_name: args.org.clone(),
        admin: hallway_wire::id::PersonId::random(),
        admin_email: args.admin_email.clone(),
        admin_name: args.admin_name.clone(),
        country: None,
    };
    let made = hallway::house::init(&args.data_dir, founding).await?;
    let Some((org, token)) = made else {
        bail!("{} holds an organization already", args.data_dir.display());
    };
    if printer.is_json() {
        return printer
            .document(&serde_json::json!({ "orgId": org, "adminToken": token }))
            .map_err(Into::into);
    }
    printer.text(&format!(
        "Created {} in {}.\n\nThe administrator's token, shown this once:\n\n    {}\n\nNext: hallway serve --data-dir {}\n",
        args.org,
        args.data_dir.display(),
        token.expose(),
        args.data_dir.display()
    ))?;
    Ok(())
}

fn announce(file: Option<&std::path::Path>, ready: &Ready) -> Result<()> {
    let Some(file) = file else { return Ok(()) };
    let text = serde_json::to_vec_pretty(ready).context("writing the ready file")?;
    write_private(file, &text)
}

fn greeting(house: &House, args: &DemoArgs) -> String {
    let url = &house.ready.url;
    let token = house
        .ready
        .admin_token
        .as_ref()
        .map(|token| token.expose())
        .unwrap_or_default();
    // The first of the plan: the one that the examples everywhere talk about.
    let plan = hallway_device::office::OfficePlan::demo(args.seed);
    let device = plan
        .devices
        .first()
        .map(|planned| planned.spec.name.as_str())
        .unwrap_or_default();
    let devices = house.devices.all().len();
    format!(
        "Hallway demo office is open at {url}
{devices} devices live through a day that passes {} times as fast (seed {}).

In another terminal:

    export HALLWAY_URL={url}
    export HALLWAY_TOKEN={token}

Then try:

    hallway device list
    hallway xapi status \"{device}\" RoomAnalytics
    hallway xapi command \"{device}\" UserInterface.Message.Alert.Display Text=Hello Duration=5

API base URL: {url}/v1   Keys: {url}/jwks   (from a checkout, `cargo run --release --` stands for `hallway`)
Ctrl-C ends it.
",
        args.speed, args.seed
    )
}

/// What ends Hallway. Listened to from the very start, so that no signal is missed.
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

impl Signals {
    fn new() -> Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt()).context("listening for Ctrl-C")?,
            terminate: signal(SignalKind::terminate()).context("listening for SIGTERM")?,
        })
    }
}

async fn run(house: House, mut signals: Signals, printer: &mut Printer) -> Result<()> {
    tokio::select! {
        _ = signals.interrupt.recv() => {}
        _ = signals.terminate.recv() => {}
    }
    printer.note("Hallway stops: what is in flight is finished.");
    if !house.close(GRACE).await {
        tracing::warn!("something was still running after {} s", GRACE.as_secs());
    }
    Ok(())
}
