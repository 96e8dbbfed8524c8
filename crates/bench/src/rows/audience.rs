//! Whether an event costs more when many integrations listen to something else.

use std::sync::Arc;

use anyhow::Result;

use super::Plan;
use crate::house::{Channel, House};
use crate::links::{self, Door, Link};
use crate::report::Line;
use crate::stats::median;

/// What they listen to.
const OTHERS: [&str; 12] = [
    "Audio.Volume",
    "Audio.VolumeMute",
    "Standby.State",
    "Call[*].Status",
    "Call[*].*",
    "Conference.Presentation.*",
    "SystemUnit.State.*",
    "Bookings.Availability.Status",
    "RoomAnalytics.PeoplePresence",
    "RoomAnalytics.AmbientNoise.Level.A",
    "Peripherals.ConnectedDevice[*].Status",
    "RoomAnalytics.RoomInUse",
];

const LINKS: usize = 16;

/// Row 11.
pub(super) async fn run(plan: &Plan) -> Result<Vec<Line>> {
    let counts: &[usize] = plan.pick(&[1, 10, 100], &[1, 10, 100, 1000]);
    let mut houses: Vec<(House, Vec<Arc<Link>>)> = Vec::new();
    for count in counts {
        let house = House::ephemeral(&plan.hallway).await?;
        let workspace = house.workspace("Bench").await?;
        for number in 0..*count {
            let first = OTHERS[number % OTHERS.len()];
            let second = OTHERS[(number / OTHERS.len() + number + 5) % OTHERS.len()];
            let wanted = if first == second {
                vec![first]
            } else {
                vec![first, second]
            };
            house.integration(&wanted, &Channel::Queue).await?;
        }
        let doors: Vec<Door> = house
            .devices(&workspace, LINKS)
            .await?
            .into_iter()
            .map(|(_, door)| door)
            .collect();
        let links = links::open(&doors).await?;
        houses.push((house, links));
    }
    let total = plan.pick(96_000, 320_000);
    let mut costs = vec![Vec::new(); counts.len()];
    for _ in 0..plan.rounds {
        for (at, (house, links)) in houses.iter().enumerate() {
            let cpu = house.process.cpu_seconds()?;
            links::flood(links, total, u64::MAX, || 0).await?;
            costs[at].push((house.process.cpu_seconds()? - cpu) * 1e6 / total as f64);
        }
    }
    let costs: Vec<f64> = costs.iter().map(|costs| median(costs)).collect();
    let lines = counts.iter().zip(&costs).skip(1);
    Ok(lines
        .map(|(count, cost)| Line::times(&format!("{count} integrations"), *cost, costs[0], "µs", 1.1))
        .collect())
}
