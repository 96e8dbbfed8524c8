//! Settings and start of `call-feedback`; what it does is in the library.

use std::net::SocketAddr;
use std::path::PathBuf;

use call_feedback::Settings;
use clap::Parser;
use hallway_sdk::integration::Builder;
use jiff::tz::TimeZone;

/// Asks for one to five stars after a call, and shows how calls are in each room.
#[derive(Parser)]
struct Arguments {
    /// Where the page is.
    #[arg(long, env = "LISTEN", default_value = "127.0.0.1:8093")]
    listen: SocketAddr,
    /// Shorter calls are not asked about, in seconds.
    #[arg(long, env = "SHORTEST", default_value_t = 60)]
    shortest: u64,
    /// A room is not asked again before so many minutes are over.
    #[arg(long, env = "PAUSE", default_value_t = 60)]
    pause: u32,
    /// So many stars or fewer are bad.
    #[arg(long, env = "BAD", default_value_t = 2)]
    bad: u8,
    /// So many days ratings are kept.
    #[arg(long, env = "DAYS", default_value_t = 400)]
    days: u32,
    /// Whose weeks and hours the page shows, like Europe/Oslo.
    #[arg(long, env = "TIME_ZONE", default_value = "UTC")]
    time_zone: String,
    /// Where tokens and ratings are kept.
    #[arg(long, env = "STATE", default_value = "state")]
    state: PathBuf,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let Arguments {
        listen,
        shortest,
        pause,
        bad,
        days,
        time_zone,
        state,
    } = Arguments::parse();
    tracing_subscriber::fmt().init();
    let zone = TimeZone::get(&time_zone)?;
    let integration = Builder::from_env()?.long_polling().connect().await?;
    let listener = tokio::net::TcpListener::bind(listen).await?;
    tracing::info!("the page is at http://{listen}/");
    call_feedback::run(
        integration,
        Settings {
            shortest,
            pause,
            bad,
            days,
            zone,
            state,
        },
        listener,
    )
    .await
}
