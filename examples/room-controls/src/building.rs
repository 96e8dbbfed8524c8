//! What can be asked of a building and what it reports; and a building that is simulated.
//!
//! Everything in a building has a name, `kittiwake/lights`, and is so many percent: `lights` 0 or 100, `level` how
//! bright they are, `shades` how far they are closed.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hallway_sdk::Result;
use hallway_sdk::state::Kept;
use hallway_sdk::time::Clock;
use tokio::sync::{mpsc, watch};

/// Percents by name. What a building never reported is not there.
pub type Values = BTreeMap<String, u8>;

/// What a building reported last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Whether it can be asked for anything.
    pub reachable: bool,
    /// How it is.
    pub values: Values,
}

/// What a building is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// There is a panel in this room.
    Enter(String),
    /// This should be so many percent.
    Set(String, u8),
}

/// A building, as panels see it. [`simulate`] or [`crate::mqtt`] does the work.
#[derive(Debug)]
pub struct Building {
    orders: mpsc::Sender<Order>,
    /// Written by who does the work.
    pub(crate) report: watch::Sender<Report>,
}

impl Building {
    /// A building, and the orders that are given to it.
    pub fn new() -> (Arc<Self>, mpsc::Receiver<Order>) {
        let (orders, received) = mpsc::channel(256);
        (Arc::new(Self { orders, report: watch::Sender::default() }), received)
    }

    /// What it reports, now and from now on.
    pub fn report(&self) -> watch::Receiver<Report> {
        self.report.subscribe()
    }

    /// Gives an order. Whether it is carried out is seen in the report. `false`: the building cannot be reached, and
    /// will not do it later either.
    pub fn ask(&self, order: Order) -> bool {
        self.report.borrow().reachable && self.orders.try_send(order).is_ok()
    }
}

/// Reads a percentage of this thing: lights are `on` or `off`.
pub fn percent(thing: &str, text: &str) -> Option<u8> {
    match (thing, text.trim().to_ascii_lowercase().as_str()) {
        ("lights", "on") => Some(100),
        ("lights", "off") => Some(0),
        ("level" | "shades", number) => number.parse().ok().filter(|percent| *percent <= 100),
        _ => None,
    }
}

/// Its shades move by so many percent a second.
const SPEED: u8 = 5;

/// Simulates a building that is as it was after a restart: its state is kept in a folder.
///
/// # Errors
/// The state cannot be read or written.
pub async fn simulate(
    building: &Building,
    mut orders: mpsc::Receiver<Order>,
    folder: &Path,
    clock: &dyn Clock,
) -> Result<()> {
    let kept: Kept<Values> = Kept::open(folder, "building")?;
    // Where shades are going is kept as `kittiwake/shades/set`.
    let moving = |values: &Values| -> Vec<(String, u8)> {
        let all = values.iter().filter_map(|(name, to)| Some((name.strip_suffix("/set")?.to_owned(), *to)));
        all.filter(|(name, to)| values.get(name) != Some(to)).collect()
    };
    loop {
        building.report.send_replace(Report { reachable: true, values: kept.look(Clone::clone) });
        let under_way = kept.look(moving);
        let order = tokio::select! {
            order = orders.recv() => order,
            () = clock.sleep(Duration::from_secs(1)), if !under_way.is_empty() => {
                kept.change(|values| {
                    for (name, to) in under_way {
                        let now = values.entry(name).or_default();
                        *now = to.clamp(now.saturating_sub(SPEED), *now + SPEED);
                    }
                })
                .await?;
                continue;
            }
        };
        let Some(order) = order else { return Ok(()) };
        kept.change(|values| match order {
            Order::Enter(room) => {
                for (thing, percent) in [("lights", 0), ("level", 60), ("shades", 0)] {
                    values.entry(format!("{room}/{thing}")).or_insert(percent);
                }
            }
            Order::Set(name, percent) if name.ends_with("/shades") => {
                _ = values.insert(name + "/set", percent)
            }
            Order::Set(name, percent) => {
                if let Some(room) = name.strip_suffix("/level") {
                    values.insert(format!("{room}/lights"), if percent > 0 { 100 } else { 0 });
                }
                values.insert(name, percent);
            }
        })
        .await?;
    }
}
