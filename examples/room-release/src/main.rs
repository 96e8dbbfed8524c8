//! Settings and start of `room-release`; what it does is in the library.
#![allow(clippy::print_stdout, reason = "it is a program for a terminal")]

use std::path::PathBuf;

use clap::Parser;
use hallway_sdk::integration::Builder;
use room_release::{Rules, Settings};

/// Releases rooms that are booked and empty, after asking on the panel.
#[derive(Parser)]
struct Arguments {
    /// The rules, as JSON; without them somebody is asked after 10 minutes, and 5 minutes later it is released.
    #[arg(long, env = "RULES")]
    rules: Option<PathBuf>,
    /// Only write what would have been done.
    #[arg(long, env = "DRY")]
    dry: bool,
    /// Where tokens and state are kept.
    #[arg(long, env = "STATE", default_value = "state")]
    state: PathBuf,
    /// Print what was decided so far, and why, and end.
    #[arg(long)]
    log: bool,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let Arguments {
        rules,
        dry,
        state,
        log,
    } = Arguments::parse();
    let rules = rules.as_deref().map(Rules::read).transpose()?.unwrap_or_default();
    let settings = Settings { rules, dry, state };
    if log {
        println!("{}", room_release::decisions(&settings)?.join("\n"));
        return Ok(());
    }
    tracing_subscriber::fmt().init();
    let integration = Builder::from_env()?.long_polling().connect().await?;
    Ok(room_release::run(integration, settings).await?)
}
