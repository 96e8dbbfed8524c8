//! What a linked device that says nothing costs.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::{Context as _, Result};

use super::Plan;
use crate::house::{House, scratch};
use crate::links::Door;
use crate::process::Process;
use crate::report::Line;

/// Sockets that a process needs besides its links.
const SPARE: usize = 500;

/// Row 7. Both sides are measured once: what is counted is an amount, not a time.
pub(super) async fn run(plan: &Plan) -> Result<Vec<Line>> {
    let wanted = plan.pick(1_000, 10_000);
    let count = open_files_limit().map_or(wanted, |limit| wanted.min(limit.saturating_sub(SPARE)));
    let house = House::durable(&plan.hallway).await?;
    let workspace = house.workspace("Bench").await?;
    let doors: Vec<Door> = house
        .devices(&workspace, count)
        .await?
        .into_iter()
        .map(|(_, door)| door)
        .collect();
    // In a fresh process no memory is left over from the registrations, which links could use.
    let house = house.restarted().await?;
    let doors: Vec<Door> = doors
        .into_iter()
        .map(|door| Door {
            address: house.address,
            ..door
        })
        .collect();
    let ours = per_link(&house.process, &doors).await?;
    drop(house);
    let bare = Process::own("holder", &[])?;
    let door = Door {
        address: bare.address()?,
        path: "/".to_owned(),
        authorization: "none".to_owned(),
    };
    let bare_link = per_link(&bare, &vec![door; count]).await?;
    Ok(vec![Line::amount(
        &format!("per link, {count} links"),
        ours,
        Some(bare_link),
        "KiB",
        2.5,
    )])
}

/// Memory per link, in KiB.
async fn per_link(holder: &Process, doors: &[Door]) -> Result<f64> {
    let settle = Duration::from_millis(1500);
    tokio::time::sleep(settle).await;
    let before = holder.resident_bytes()?;
    let dir = scratch()?;
    let file = dir.path().join("doors");
    let mut text = String::new();
    for Door {
        address,
        path,
        authorization,
    } in doors
    {
        writeln!(text, "{address} {path} {authorization}")?;
    }
    std::fs::write(&file, text)?;
    let _dialler = Process::own("dialler", &["--doors".to_owned(), file.display().to_string()])?;
    tokio::time::sleep(settle).await;
    Ok((holder.resident_bytes()? - before) / 1024.0 / doors.len() as f64)
}

/// How many files a process of this machine may have open.
fn open_files_limit() -> Option<usize> {
    let limits = std::fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace()
        .nth(1)
        .context("no hard limit")
        .ok()?
        .parse()
        .ok()
}
