//! From nothing to the first answer, and what an idle process holds.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::Plan;
use crate::client::{Connection, request};
use crate::process::Process;
use crate::report::Line;
use crate::stats::median;

/// Row 10.
pub(super) async fn run(plan: &Plan) -> Result<Vec<Line>> {
    let bare_program = std::env::current_exe().context("finding this program")?;
    let mut times = [Vec::new(), Vec::new()];
    let mut memory = [Vec::new(), Vec::new()];
    for _ in 0..plan.pick(3, 10).max(plan.rounds) {
        for at in 0..2 {
            let address = free_address()?;
            let listen = ["--listen".to_owned(), address.to_string()];
            let (program, first): (&Path, Vec<String>) = match at {
                0 => (&plan.hallway, vec!["serve".to_owned(), "--ephemeral".to_owned()]),
                _ => (&bare_program, vec!["hello".to_owned()]),
            };
            let args: Vec<String> = first.into_iter().chain(listen).collect();
            let begin = Instant::now();
            let process = Process::start(program, &args)?;
            let path = if at == 0 { "/healthz" } else { "/" };
            first_answer(address, path, begin).await?;
            times[at].push(begin.elapsed().as_secs_f64() * 1000.0);
            tokio::time::sleep(Duration::from_millis(plan.pick(300, 1200))).await;
            memory[at].push(process.resident_bytes()? / f64::from(1 << 20));
        }
    }
    Ok(vec![
        Line::amount(
            "start to first answer",
            median(&times[0]),
            Some(median(&times[1])),
            "ms",
            15.0,
        ),
        Line::amount(
            "idle memory, no demo data",
            median(&memory[0]),
            Some(median(&memory[1])),
            "MB",
            12.0,
        ),
    ])
}

/// An address that was free a moment ago.
fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

async fn first_answer(address: SocketAddr, path: &str, begin: Instant) -> Result<()> {
    let ask = request("GET", path, None, None);
    while begin.elapsed() < Duration::from_secs(10) {
        if let Ok(mut connection) = Connection::open(address).await {
            let (status, _) = connection.ask(&ask).await?;
            if status == 200 {
                return Ok(());
            }
        }
        // A thousandth is the finest that a timer waits.
        std::thread::sleep(Duration::from_micros(100));
    }
    bail!("no answer at {address}")
}
