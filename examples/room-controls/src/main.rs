//! Settings from flags and the environment, and a wall switch for the simulated building; nothing else.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::Parser;
use hallway_sdk::Secret;
use hallway_sdk::integration::Builder;
use hallway_sdk::notify::{PollOptions, RecentFile};
use room_controls::{Broker, Building, Order, Settings, mqtt, percent, run, simulate};
use tokio::io::{AsyncBufReadExt as _, BufReader};

/// Lights and shades from the touch panel of a room
///
/// The integration itself is set up by CLIENT_ID, CLIENT_SECRET, ACTIVATION_CODE (once), STATE (a folder) and, for
/// a Hallway, JWKS_URL.
#[derive(Parser)]
struct Flags {
    /// "simulated", or the broker: mqtt://HOST:PORT
    #[arg(long, env = "BUILDING", default_value = "simulated")]
    building: String,
    /// What all topics start with
    #[arg(long, env = "TOPICS", default_value = "building")]
    topics: String,
    /// Who the broker knows us as
    #[arg(long, env = "MQTT_USER", requires = "mqtt_password")]
    mqtt_user: Option<String>,
    #[arg(long, env = "MQTT_PASSWORD", hide = true, hide_env_values = true)]
    mqtt_password: Option<String>,
    /// Only devices with this tag have the panel
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
    let integration = Builder::from_env()?.long_polling().user_agent("room-controls").connect().await?;
    let memory = Arc::new(RecentFile::open(flags.state.join("handled"), 10_000)?);
    let poll = PollOptions { memory, ..PollOptions::default() };
    let settings = Settings { tag: flags.tag, every: flags.every, poll };
    let (building, orders) = Building::new();
    let clock = Arc::clone(integration.clock());
    let working = async {
        let Some(address) = flags.building.strip_prefix("mqtt://") else {
            anyhow::ensure!(flags.building == "simulated", "--building is `simulated` or mqtt://HOST:PORT");
            return Ok(simulate(&building, orders, &flags.state, &*clock).await?);
        };
        let (host, port) = address.trim_end_matches('/').rsplit_once(':').unwrap_or((address, "1883"));
        let port = port.parse().with_context(|| format!("{port} is no port"))?;
        let login = flags.mqtt_user.zip(flags.mqtt_password.map(Secret::new));
        mqtt(&building, orders, Broker { host: host.to_owned(), port, login, prefix: flags.topics }).await;
        Ok(())
    };
    tokio::select! {
        done = run(integration, Arc::clone(&building), settings) => done,
        done = working => done,
        () = wall_switch(&building) => Ok(()),
    }
}

/// Lines like `board-room lights on` are switches on the wall.
async fn wall_switch(building: &Building) {
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let words: Vec<_> = line.split_whitespace().collect();
        let wanted = words.get(1).zip(words.get(2)).and_then(|(thing, text)| percent(thing, text));
        match wanted {
            Some(percent) => _ = building.ask(Order::Set(format!("{}/{}", words[0], words[1]), percent)),
            None => tracing::warn!("a switch is ROOM lights on|off, ROOM level 0..100 or ROOM shades 0..100"),
        }
    }
    std::future::pending().await
}
