//! Reads by REST.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use super::Plan;
use crate::client::{hammer, request};
use crate::house::{House, scratch};
use crate::process::Process;
use crate::report::Line;
use crate::stats::median;

/// Clients that ask at the same time.
const CLIENTS: usize = 32;

/// Row 5.
pub(super) async fn me(plan: &Plan) -> Result<Vec<Line>> {
    let house = House::durable(&plan.hallway).await?;
    let dir = scratch()?;
    let body = dir.path().join("person.json");
    let ask = request("GET", "/v1/people/me", Some(&house.token), None);
    std::fs::write(&body, answer(&house, &ask).await?)?;
    let args = ["--body", &body.display().to_string(), "--token", &house.token].map(str::to_owned);
    let bare = Process::own("person", &args)?;
    let (ours, bare) = measure(plan, &house, &ask, &bare, &ask).await?;
    Ok(vec![Line::rate("requests, 32 clients", ours, bare, 0.8)])
}

/// Row 6.
pub(super) async fn record(plan: &Plan) -> Result<Vec<Line>> {
    let house = House::durable(&plan.hallway).await?;
    let (mut device, mut workspace) = (String::new(), String::new());
    for number in 0..100 {
        workspace = house.workspace(&format!("Room {number}")).await?;
        let devices = house.devices(&workspace, 1).await?;
        device = devices.into_iter().next().context("no device was made")?.0;
    }
    let mut lines = Vec::new();
    for (what, path) in [
        ("one device", format!("/v1/devices/{device}")),
        ("one workspace", format!("/v1/workspaces/{workspace}")),
    ] {
        let dir = scratch()?;
        let ask = request("GET", &path, Some(&house.token), None);
        let body = dir.path().join("record.json");
        std::fs::write(&body, answer(&house, &ask).await?)?;
        let args = [
            "--dir",
            &dir.path().display().to_string(),
            "--body",
            &body.display().to_string(),
        ]
        .map(str::to_owned);
        let bare = Process::own("record", &args)?;
        let bare_ask = request("GET", "/it", Some(&house.token), None);
        let (ours, bare) = measure(plan, &house, &ask, &bare, &bare_ask).await?;
        lines.push(Line::rate(what, ours, bare, 0.85));
    }
    Ok(lines)
}

async fn answer(house: &House, ask: &[u8]) -> Result<Vec<u8>> {
    let mut connection = house.connect().await?;
    let (status, body) = connection.ask(ask).await?;
    if status != 200 {
        bail!("answered {status}: {}", String::from_utf8_lossy(body));
    }
    Ok(body.to_vec())
}

async fn measure(
    plan: &Plan,
    house: &House,
    ask: &[u8],
    bare: &Process,
    bare_ask: &[u8],
) -> Result<(f64, f64)> {
    let time = Duration::from_millis(plan.pick(1000, 3000));
    let mut rates = [Vec::new(), Vec::new()];
    for _ in 0..plan.rounds {
        rates[0].push(hammer(house.address, ask, CLIENTS, time).await?);
        rates[1].push(hammer(bare.address()?, bare_ask, CLIENTS, time).await?);
    }
    Ok((median(&rates[0]), median(&rates[1])))
}
