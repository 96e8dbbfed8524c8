//! Settings from flags and the environment, nothing else.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::Parser;
use hallway_sdk::Secret;
use hallway_sdk::integration::Builder;
use hallway_sdk::notify::{PollOptions, RecentFile};
use report_issue::{Desk, Settings, run};

/// A button on the touch panel for whoever finds that something is broken
///
/// The integration itself is set up by CLIENT_ID, CLIENT_SECRET, ACTIVATION_CODE (once), STATE (a folder) and, for
/// a Hallway, JWKS_URL.
#[derive(Parser)]
struct Flags {
    /// Where the list of reports is; it has no login
    #[arg(long, env = "LISTEN", default_value = "127.0.0.1:8091")]
    listen: SocketAddr,
    /// A name under which the list may be asked for, besides addresses and localhost
    #[arg(long, env = "HOST_NAME")]
    host_name: Option<String>,
    /// Where reports are posted; without it they stay in the list
    #[arg(long, env = "WEBHOOK_URL", requires = "webhook_secret")]
    webhook_url: Option<String>,
    #[arg(long, env = "WEBHOOK_SECRET", hide = true, hide_env_values = true)]
    webhook_secret: Option<String>,
    /// What may be wrong: up to five answers
    #[arg(long, env = "SUBJECTS", value_delimiter = ',', num_args = 1..=5,
        default_value = "Screen or cable,Sound or microphone,Camera,Furniture or cleaning,Something else")]
    subjects: Vec<String>,
    /// Only devices with this tag have the button
    #[arg(long, env = "TAG")]
    tag: Option<String>,
    /// How often is looked which devices are there
    #[arg(long, env = "EVERY", default_value = "1m", value_parser = humantime::parse_duration)]
    every: Duration,
    #[arg(long, env = "STATE", default_value = "state", hide = true)]
    state: PathBuf,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let flags = Flags::parse();
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let listener = tokio::net::TcpListener::bind(flags.listen).await;
    let listener = listener.with_context(|| format!("listening on {}", flags.listen))?;
    let integration = Builder::from_env()?.long_polling().user_agent("report-issue").connect().await?;
    let tickets = flags.webhook_url.as_deref().zip(flags.webhook_secret.map(Secret::new));
    let desk = Arc::new(Desk::open(&flags.state, tickets, Arc::clone(integration.clock()))?);
    let memory = Arc::new(RecentFile::open(flags.state.join("handled"), 10_000)?);
    tracing::info!("reports are listed at http://{}/", listener.local_addr()?);
    let settings = Settings {
        subjects: flags.subjects,
        tag: flags.tag,
        every: flags.every,
        host: flags.host_name,
        poll: PollOptions { memory, ..PollOptions::default() },
    };
    run(integration, desk, listener, settings).await
}
