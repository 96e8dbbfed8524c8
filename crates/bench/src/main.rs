//! The benchmark: every row of what Hallway wants to be good at, beside its bare baseline in the same run.
//!
//! Hallway is the real binary in a process of its own. The baselines are jobs of this program, in processes
//! of their own too. This process generates the load and receives what comes out, for both sides alike.

mod baseline;
mod client;
mod clock;
mod frames;
mod house;
mod links;
mod process;
mod receiver;
mod report;
mod rows;
mod stats;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result, bail};
use clap::{Parser, ValueEnum as _};

use crate::report::{Measured, Verdict};
use crate::rows::{Plan, Row};

/// Measure Hallway beside bare baselines.
#[derive(Parser, Debug)]
#[command(
    name = "hallway-bench",
    args_conflicts_with_subcommands = true,
    disable_help_subcommand = true
)]
struct Cli {
    /// Rows to measure; all of them if none is named (with --check: the steady ones).
    #[arg(value_enum)]
    rows: Vec<Row>,
    /// Shorter and rougher.
    #[arg(long)]
    quick: bool,
    /// Rounds; the median counts.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..))]
    rounds: u8,
    /// Fail if a figure is worse than half of its goal.
    #[arg(long)]
    check: bool,
    /// Write docs/performance.md.
    #[arg(long)]
    write: bool,
    /// The hallway program; by default it is built first.
    #[arg(long, value_name = "FILE")]
    hallway: Option<PathBuf>,
    #[command(subcommand)]
    job: Option<baseline::Job>,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let outcome = match cli.job {
        Some(job) => job.run().map(|()| true),
        None => measure(&cli),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            say(format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stdout, reason = "this is what the program is for")]
fn say(text: impl std::fmt::Display) {
    println!("{text}");
}

/// Measures. Returns whether everything that is checked was good enough.
fn measure(cli: &Cli) -> Result<bool> {
    let hallway = match &cli.hallway {
        Some(file) => file.clone(),
        None => build()?,
    };
    let plan = Plan {
        hallway,
        rounds: usize::from(cli.rounds),
        quick: cli.quick,
    };
    let rows: Vec<Row> = match cli.rows.as_slice() {
        [] => Row::value_variants()
            .iter()
            .copied()
            .filter(|row| !cli.check || row.is_steady())
            .collect(),
        named => named.to_vec(),
    };
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    say(format!(
        "{cores} cores, {} rounds; Hallway, baseline, value",
        plan.rounds
    ));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let mut measured: Vec<Measured> = Vec::new();
    let mut failed = false;
    for row in rows {
        say(row.title());
        // One row that cannot be measured does not keep the others from it.
        match runtime.block_on(row.measure(&plan)) {
            Ok(row) => {
                for line in &row.lines {
                    say(line.text());
                }
                measured.push(row);
            }
            Err(error) => {
                say(format!("  not measured: {error:#}"));
                failed = true;
            }
        }
    }
    if cli.write {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/performance.md");
        std::fs::write(&file, report::page(&measured, cores, plan.rounds))
            .context("writing docs/performance.md")?;
        say("wrote docs/performance.md");
    }
    let missed = measured
        .iter()
        .flat_map(|row| &row.lines)
        .any(|line| line.verdict() == Verdict::Missed);
    Ok(!(failed || cli.check && missed))
}

/// Builds the program that is measured, and says where it is.
fn build() -> Result<PathBuf> {
    let own = std::env::current_exe().context("finding this program")?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(["build", "--release", "-p", "hallway", "--bin", "hallway"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()
        .context("running cargo")?;
    if !status.success() {
        bail!("hallway could not be built");
    }
    let target = own
        .ancestors()
        .nth(2)
        .context("this program lies in no target folder")?;
    let file = target.join("release/hallway");
    if !file.exists() {
        bail!("{} is not there", file.display());
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
        let cli = Cli::try_parse_from(["hallway-bench", "--quick", "webhook", "me"]).unwrap();
        assert_eq!(cli.rows, [Row::Webhook, Row::Me]);
        assert!(
            Cli::try_parse_from(["hallway-bench", "holder"])
                .unwrap()
                .job
                .is_some()
        );
    }
}
