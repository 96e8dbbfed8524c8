//! Settings from flags and the environment, nothing else.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Parser;
use hallway_sdk::integration::Builder;
use hallway_sdk::notify::{PollOptions, RecentFile};
use office_map::{Settings, run};

/// A page that shows, live, which rooms are free
///
/// The integration itself is set up by CLIENT_ID, CLIENT_SECRET, ACTIVATION_CODE (once), STATE (a folder) and, for
/// a Hallway, JWKS_URL.
#[derive(Parser)]
struct Flags {
    /// Where the page is
    #[arg(long, env = "LISTEN", default_value = "127.0.0.1:8090")]
    listen: SocketAddr,
    /// Above the map
    #[arg(long, env = "TITLE", default_value = "Office map")]
    title: String,
    /// How often everything is read anew; one request for each device
    #[arg(long, env = "REFRESH", default_value = "5m", value_parser = humantime::parse_duration)]
    refresh: std::time::Duration,
    /// Types of workspaces that are not shown, like desk,focus
    #[arg(long, env = "LEAVE_OUT", value_delimiter = ',')]
    leave_out: Vec<String>,
    #[arg(long, env = "STATE", default_value = "state", hide = true)]
    state: PathBuf,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let flags = Flags::parse();
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let listener = tokio::net::TcpListener::bind(flags.listen).await;
    let listener = listener.with_context(|| format!("listening on {}", flags.listen))?;
    let integration = Builder::from_env()?.long_polling().user_agent("office-map").connect().await?;
    let memory = Arc::new(RecentFile::open(flags.state.join("handled"), 10_000)?);
    tracing::info!("the map is at http://{}/", listener.local_addr()?);
    let settings = Settings {
        title: flags.title,
        refresh: flags.refresh,
        leave_out: flags.leave_out,
        poll: PollOptions { memory, ..PollOptions::default() },
    };
    run(integration, listener, settings).await
}
