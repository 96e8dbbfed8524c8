//! Settings and start of `room-usage`; what it does is in the library.
#![allow(clippy::print_stdout, reason = "reports are printed")]

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use hallway_sdk::integration::Builder;
use hallway_sdk::time::{Clock as _, SystemClock};
use jiff::civil::Date;
use room_usage::Settings;

/// Counts how rooms are used, and says which of them want cleaning.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    action: Option<Action>,
    /// Where the page is.
    #[arg(long, env = "LISTEN", default_value = "127.0.0.1:8092")]
    listen: SocketAddr,
    /// After so many uses a room wants cleaning.
    #[arg(long, env = "CLEAN_AFTER_USES", default_value_t = 5)]
    uses: u32,
    /// After so many hours times people a room wants cleaning.
    #[arg(long, env = "CLEAN_AFTER_PEOPLE_HOURS", default_value_t = 20.0)]
    people_hours: f64,
    /// Where tokens, state and records are kept.
    #[arg(long, env = "STATE", default_value = "state", global = true)]
    state: PathBuf,
}

#[derive(Subcommand)]
enum Action {
    /// Prints the report of some days.
    Report {
        /// The first day: 2026-03-02.
        #[arg(long)]
        from: Date,
        /// The last day.
        #[arg(long)]
        to: Date,
        /// As what.
        #[arg(long, value_enum, default_value = "csv")]
        format: Format,
    },
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Format {
    Html,
    Csv,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let Arguments {
        action,
        listen,
        uses,
        people_hours,
        state,
    } = Arguments::parse();
    if let Some(Action::Report { from, to, format }) = action {
        print!(
            "{}",
            room_usage::report(&state, from, to, SystemClock.now(), format == Format::Html)?
        );
        return Ok(());
    }
    tracing_subscriber::fmt().init();
    let integration = Builder::from_env()?.long_polling().connect().await?;
    let listener = tokio::net::TcpListener::bind(listen).await?;
    tracing::info!("the page is at http://{listen}/");
    room_usage::run(
        integration,
        Settings {
            uses,
            people_hours,
            state,
        },
        listener,
    )
    .await
}
