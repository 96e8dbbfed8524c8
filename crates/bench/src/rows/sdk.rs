//! What an integration costs on hallway-sdk, beside the official Node.js SDK: the same notifications, from the same
//! service, by long polling.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use super::Plan;
use crate::client::{Connection, request};
use crate::house::scratch;
use crate::process::Process;
use crate::report::Line;
use crate::stats::median;

/// Costs are told per so many notifications.
const PER: f64 = 10_000.0;

/// What one listener cost.
struct Cost {
    cpu_ms: f64,
    idle_mb: f64,
}

pub(super) async fn run(plan: &Plan) -> Result<Vec<Line>> {
    let clients = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/clients");
    if !clients.join("node_modules/workspace-integrations").exists() {
        bail!("the official SDK is not installed: run `npm ci` in tests/clients first");
    }
    let count = plan.pick(20_000, 50_000);
    let dir = scratch()?;
    let (mut ours, mut kept, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..plan.rounds {
        ours.push(measure(plan, count, &Listener::Rust(None)).await?);
        let memory = dir.path().join(format!("handled-{round}"));
        // Each is on the disk before it is acknowledged: fewer of them are enough.
        kept.push(measure(plan, count / 10, &Listener::Rust(Some(memory))).await?);
        theirs.push(measure(plan, count, &Listener::Node(&clients)).await?);
    }
    let cpu = |costs: &[Cost]| median(&costs.iter().map(|cost| cost.cpu_ms).collect::<Vec<_>>());
    let memory = |costs: &[Cost]| median(&costs.iter().map(|cost| cost.idle_mb).collect::<Vec<_>>());
    Ok(vec![
        Line::times(
            "CPU per 10,000 notifications",
            cpu(&ours),
            cpu(&theirs),
            "ms",
            0.5,
        ),
        Line::times(
            "the same, each remembered on disk",
            cpu(&kept),
            cpu(&theirs),
            "ms",
            5.0,
        ),
        Line::times(
            "memory of an idle integration",
            memory(&ours),
            memory(&theirs),
            "MB",
            0.25,
        ),
    ])
}

enum Listener<'a> {
    /// On hallway-sdk; with a file, it remembers there what it handled.
    Rust(Option<PathBuf>),
    /// On the official SDK, installed in this folder.
    Node(&'a Path),
}

async fn measure(plan: &Plan, count: usize, listener: &Listener<'_>) -> Result<Cost> {
    let service = Process::own("notifier", &[])?;
    let address = service.address()?;
    let process = match listener {
        Listener::Rust(memory) => {
            let mut asking = Connection::open(address).await?;
            let (_, code) = asking.ask(&request("GET", "/code", None, None)).await?;
            let code = String::from_utf8(code.to_vec()).context("reading the code")?;
            let mut args = vec![
                "--base".to_owned(),
                format!("http://{address}"),
                "--code".to_owned(),
                code,
            ];
            if let Some(file) = memory {
                args.extend(["--memory".to_owned(), file.display().to_string()]);
            }
            Process::own("listener", &args)?
        }
        Listener::Node(clients) => {
            let script = clients.join("bench/listener.mjs").display().to_string();
            Process::greeted(Path::new("node"), &[script, format!("http://{address}")])?
        }
    };
    // Warm, so that neither side pays for its first hundreds.
    go(address, count / 10).await?;
    tokio::time::sleep(Duration::from_millis(plan.pick(500, 1500))).await;
    let idle_mb = process.resident_bytes()? / f64::from(1 << 20);
    let before = process.cpu_seconds()?;
    go(address, count).await?;
    let cpu_ms = (process.cpu_seconds()? - before) * 1000.0 * PER / count as f64;
    Ok(Cost { cpu_ms, idle_mb })
}

/// Sends notifications, and returns when all of them were handled.
async fn go(address: SocketAddr, count: usize) -> Result<()> {
    let mut asking = Connection::open(address).await?;
    let asked = request("POST", &format!("/go/{count}"), None, None);
    let done = tokio::time::timeout(Duration::from_secs(120), asking.ask(&asked)).await;
    let (status, _) = done.context("the notifications were not handled in two minutes")??;
    if status != 200 {
        bail!("the service answered {status}");
    }
    Ok(())
}
