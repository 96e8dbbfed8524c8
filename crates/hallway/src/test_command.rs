//! `hallway test`: an office of its own for one command, which is gone when the command has ended.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use hallway::house::write_private;
use hallway::office::RoomOrder;
use hallway::{Demo, House, HouseConfig, Intercept, Time};
use hallway_device::{ManualTimer, RealTimer, Timer as _};
use hallway_platform::{Caller, Config, Error};
use hallway_wire::control::ActivateRequest;
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::Printer;

/// How long what is in flight may take to finish when the command has ended.
const GRACE: Duration = Duration::from_secs(5);
/// What must not lead the command to another Hallway, or to the account of another integration.
const FOREIGN: [&str; 8] = [
    "HALLWAY_ORG",
    "HALLWAY_READY_FILE",
    "HALLWAY_PROFILE",
    "HALLWAY_DATA_DIR",
    "CLIENT_ID",
    "CLIENT_SECRET",
    "ACTIVATION_CODE",
    "STATE",
];
/// Programs differ in which spelling of the proxy's variables they prefer.
const PROXY: [&str; 2] = ["HTTPS_PROXY", "https_proxy"];
const NO_PROXY: [&str; 2] = ["NO_PROXY", "no_proxy"];
const ANY_PROXY: [&str; 2] = ["ALL_PROXY", "all_proxy"];

/// Run a command in an office of its own, in memory, which is gone when the command has ended.
///
/// The command finds in its environment: HALLWAY_URL, HALLWAY_TOKEN (of a full administrator, also as
/// WEBEX_ACCESS_TOKEN), HALLWAY_BASE_URL (ends in /v1) and JWKS_URL; with --manifest also CLIENT_ID, CLIENT_SECRET,
/// ACTIVATION_CODE and STATE (a folder for tokens). Exit status: that of the command.
#[derive(Args, Debug)]
pub(crate) struct TestArgs {
    /// Manifest of an integration to upload and activate, with everything that it asks for.
    #[arg(long, value_name = "FILE")]
    manifest: Option<PathBuf>,
    /// An optional scope or xAPI path of it that the administrator does not grant (repeat it).
    #[arg(long, value_name = "PERMISSION", requires = "manifest")]
    deny: Vec<String>,
    /// A room to make, with a Room Bar in it (repeat it).
    #[arg(long, value_name = "NAME")]
    room: Vec<String>,
    /// The demo office instead of an empty one.
    #[arg(long)]
    demo: bool,
    /// Seed of the demo office.
    #[arg(long, default_value_t = 1, requires = "demo")]
    seed: u64,
    /// How much faster than real time the demo office's day passes; 0 stands still.
    #[arg(long, default_value_t = 0.0, value_name = "FACTOR", requires = "demo")]
    speed: f64,
    /// Let time pass only when somebody posts to /hallway/v1/office/clock.
    #[arg(long, conflicts_with = "speed")]
    stopped_clock: bool,
    /// Lead clients here that have webexapis.com compiled in: sets HTTPS_PROXY and the variables by which Node.js,
    /// Python and others trust this office's certificate.
    #[arg(long)]
    intercept: bool,
    /// The command and its arguments, after `--`.
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

impl TestArgs {
    fn config(&self) -> HouseConfig {
        let loopback = SocketAddr::from(([127, 0, 0, 1], 0));
        HouseConfig {
            listen: loopback,
            public_url: self.intercept.then(|| "https://webexapis.com".to_owned()),
            intercept: self.intercept.then(|| Intercept {
                listen: loopback,
                passing: Vec::new(),
            }),
            demo: self.demo.then_some(Demo {
                seed: self.seed,
                speed: self.speed,
            }),
            private_targets: true,
            office: true,
            time: if self.stopped_clock {
                Time::Manual(Arc::new(ManualTimer::at(RealTimer::default().now_ms())))
            } else {
                Time::Machine
            },
            platform: Config {
                allow_http: true,
                open_sign_in: true,
                // A stopped clock may be moved far.
                admin_token_life: Duration::from_secs(10 * 365 * 24 * 3600),
                ..Config::default()
            },
            ..HouseConfig::default()
        }
    }
}

/// Runs the command. Returns its exit status.
pub(crate) async fn test(args: TestArgs, printer: &mut Printer) -> Result<u8> {
    let manifest = args
        .manifest
        .as_ref()
        .map(|file| std::fs::read_to_string(file).with_context(|| format!("reading {}", file.display())));
    let manifest = manifest.transpose()?;
    // Listened to from the very start, so that the office never outlives its end unseen.
    let mut terminate = signal(SignalKind::terminate()).context("listening for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("listening for Ctrl-C")?;
    let mut house = House::start(args.config()).await?;
    house.ensure_token().await?;
    let folder = tempfile::tempdir().context("making a folder")?;
    let ended = async {
        let mut command = prepare(&args, &house, manifest.as_deref(), folder.path()).await?;
        let name = args
            .command
            .first()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        let mut child = command.spawn().with_context(|| format!("starting {name}"))?;
        loop {
            tokio::select! {
                status = child.wait() => return status.context("waiting for the command"),
                // From a terminal the command got it, too, and ends as it sees fit.
                _ = interrupt.recv() => {}
                _ = terminate.recv() => pass_on(&child),
            }
        }
    };
    let ended: Result<ExitStatus> = ended.await;
    if !house.close(GRACE).await {
        tracing::warn!(
            "something of the office was still running after {} s",
            GRACE.as_secs()
        );
    }
    let status = ended?;
    if let Some(signal) = status.signal() {
        printer.note(&format!("the command was ended by signal {signal}"));
    }
    // As a shell says it.
    let code = status
        .code()
        .unwrap_or_else(|| 128 + status.signal().unwrap_or_default());
    Ok(u8::try_from(code).unwrap_or(u8::MAX))
}

fn pass_on(child: &Child) {
    let id = child.id().and_then(|id| i32::try_from(id).ok());
    if let Some(pid) = id.and_then(rustix::process::Pid::from_raw)
        && let Err(error) = rustix::process::kill_process(pid, rustix::process::Signal::TERM)
    {
        tracing::warn!(%error, "SIGTERM could not be passed on");
    }
}

/// What went wrong, with every problem on a line of its own.
fn explained(doing: &str, error: Error) -> anyhow::Error {
    let problems: String = match &error {
        Error::Invalid { message, errors } => {
            let told = errors.iter().map(|item| &item.description);
            told.filter(|told| *told != message)
                .map(|told| format!("\n  {told}"))
                .collect()
        }
        _ => String::new(),
    };
    anyhow::anyhow!("{doing}: {error}{problems}")
}

/// Furnishes the office, and tells the command about it.
async fn prepare(
    args: &TestArgs,
    house: &House,
    manifest: Option<&str>,
    folder: &std::path::Path,
) -> Result<Command> {
    let Some((program, arguments)) = args.command.split_first() else {
        bail!("there is no command");
    };
    let token = house
        .ready
        .admin_token
        .as_ref()
        .map(|token| token.expose().to_owned())
        .unwrap_or_default();
    if let Some(office) = &house.office {
        for name in &args.room {
            office.make(RoomOrder::new(name)).await?;
        }
    }
    let url = &house.ready.url;
    let mut command = Command::new(program);
    command.args(arguments).kill_on_drop(true);
    for name in FOREIGN {
        command.env_remove(name);
    }
    command
        .env("HALLWAY_URL", url)
        .env("HALLWAY_TOKEN", &token)
        .env("WEBEX_ACCESS_TOKEN", &token)
        .env("HALLWAY_BASE_URL", format!("{url}/v1"))
        .env("JWKS_URL", format!("{url}/jwks"));
    if let Some(proxy) = &house.ready.intercept_url {
        let certificate = folder.join("hallway-ca.pem");
        write_private(&certificate, house.authority().unwrap_or_default().as_bytes())?;
        for name in PROXY {
            command.env(name, proxy);
        }
        for name in NO_PROXY {
            command.env(name, "127.0.0.1,localhost");
        }
        for name in ANY_PROXY {
            command.env_remove(name);
        }
        command.env("NODE_USE_ENV_PROXY", "1");
        for name in [
            "NODE_EXTRA_CA_CERTS",
            "REQUESTS_CA_BUNDLE",
            "SSL_CERT_FILE",
            "CURL_CA_BUNDLE",
        ] {
            command.env(name, &certificate);
        }
    }
    if let Some(manifest) = manifest {
        let caller = Caller {
            principal: house.platform.authenticate(&token).await?,
            tracking_id: Arc::from("hallway-test"),
            user_agent: None,
        };
        let uploaded = house.platform.upload_integration(&caller, manifest).await;
        let uploaded = uploaded.map_err(|error| explained("uploading the manifest", error))?;
        for warning in &uploaded.warnings {
            tracing::warn!("{warning}");
        }
        let request = ActivateRequest {
            locations: Vec::new(),
            deny: args.deny.clone(),
        };
        let activated = house.platform.activate(&caller, uploaded.app_id, request).await;
        let activated = activated.map_err(|error| explained("activating the integration", error))?;
        command
            .env("CLIENT_ID", &uploaded.client_id)
            .env("CLIENT_SECRET", uploaded.client_secret.expose())
            .env("ACTIVATION_CODE", activated.activation_code.expose())
            .env("STATE", folder.join("state"));
    }
    Ok(command)
}
