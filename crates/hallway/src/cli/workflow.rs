//! `hallway workflow`: a file of joiners, movers and leavers.

use std::fmt::Write as _;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::{Args, Subcommand};
use hallway_sdk::client::RateLimit;
use hallway_workflows::roll::{
    COLUMNS, Header, Journal, JournalError, Needs, RowReport, Run, Settings, Sheet, Shown, Summary, check,
    dry_run,
};
use hallway_workflows::{Desk, Problem};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use tokio::sync::{mpsc, watch};

use super::failure::{Failure, Refusal, Result};
use super::http::Client;
use super::input;
use super::printer::Printer;
use super::table::Table;

/// `hallway workflow`
#[derive(Subcommand, Debug)]
pub(crate) enum WorkflowCommand {
    /// Do what a CSV file of joiners, movers and leavers says; what is done already is not done again
    Run(RunArgs),
    /// Go on with a file whose run ended early
    Resume(RunArgs),
    /// List the columns of such a file
    Columns,
}

#[derive(Args, Debug)]
pub(crate) struct RunArgs {
    /// The CSV file, or `-` for standard input
    file: PathBuf,
    /// Only show the calls that would be made
    #[arg(long)]
    dry_run: bool,
    /// How many rows are in flight at most
    #[arg(long, value_name = "ROWS", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=64))]
    concurrency: u16,
    /// How many requests a second are made at most; 0 leaves it to the service
    #[arg(long, value_name = "REQUESTS", default_value_t = 10)]
    rate: u16,
    /// Where it is noted what was done [default: FILE.journal; none for standard input]
    #[arg(long, value_name = "FILE")]
    journal: Option<PathBuf>,
    /// Go on with the journal although the file has changed: rows that say the same are not done again
    #[arg(long)]
    accept_changes: bool,
    /// Write the report to this file, as JSON
    #[arg(long, value_name = "FILE")]
    report_json: Option<PathBuf>,
    /// Write the report to this file, as CSV
    #[arg(long, value_name = "FILE")]
    report_csv: Option<PathBuf>,
}

/// Rows that a report on the terminal shows one by one, if there are no more.
const FEW_ROWS: usize = 40;

pub(crate) fn columns(printer: &mut Printer) -> Result {
    let mut table = Table::new(&["COLUMN", "WHAT STANDS IN IT"]);
    let mut items = Vec::new();
    for (name, about) in COLUMNS {
        table.row([(*name).to_owned(), (*about).to_owned()]);
        items.push(json!({ "name": name, "about": about }));
    }
    printer.show(&json!({ "items": items }), || table.render())
}

pub(crate) async fn run(args: RunArgs, resume: bool, client: &Client, printer: &mut Printer) -> Result {
    let text = input::file_or_stdin(&args.file, "the file")?;
    let journal_path = journal_path(&args);
    if resume {
        match &journal_path {
            Some(path) if path.exists() => {}
            Some(path) => {
                return Err(Failure::usage(format!("there is no journal {}", path.display()))
                    .hint("`hallway workflow run` begins one"));
            }
            None => {
                return Err(Failure::usage(
                    "a run from standard input is resumed with --journal FILE",
                ));
            }
        }
    }
    let mut sheet = Sheet::read(&text);
    let limit = match args.rate {
        0 => RateLimit::none(),
        rate => RateLimit::per_second(f64::from(rate), u32::from(rate) * 3),
    };
    let sdk = client.sdk(limit).await?;
    let organization = match client.organization().await? {
        Some(id) => id.to_owned(),
        None => {
            let me = sdk.people().me().await?;
            me.org_id.map(|id| id.as_str().to_owned()).unwrap_or_default()
        }
    };
    let desk = Desk::new(sdk);

    // Opened before the file is checked: what an earlier run did is as it should be, and no fault.
    let journal = match &journal_path {
        Some(path) if !args.dry_run => {
            let header = Header::new(&sheet.digest, client.url(), &organization);
            let opened = if path.exists() || sheet.faults.is_empty() {
                Some(Journal::open(path, header, args.accept_changes).await)
            } else {
                None
            };
            opened
                .transpose()
                .map_err(|error| journal_failure(error, &args))?
        }
        _ => None,
    };
    let begun = journal.as_ref().is_some_and(|journal| !journal.is_empty());
    if !printer.is_json() && sheet.faults.is_empty() {
        printer.note(&format!(
            "Checking {} rows against {} …",
            sheet.rows.len(),
            client.url()
        ));
    }
    let needs = check(&desk, &mut sheet, journal.as_ref()).await.map_err(asked)?;
    if !sheet.faults.is_empty() {
        return faults(&sheet, journal, begun, printer);
    }
    if args.dry_run {
        return dry(&desk, &sheet, &needs, printer).await;
    }
    let settings = Settings {
        concurrency: usize::from(args.concurrency),
    };
    let rows = sheet.rows.len();
    let run = Run::new(desk, sheet, journal, settings);
    if !printer.is_json() {
        printer.text(&plan_text(&needs, rows, run.done_before(), client.url()))?;
    }
    let summary = drive(run, rows, printer).await?;
    report(&summary, &args, journal_path.as_deref(), printer)
}

fn journal_path(args: &RunArgs) -> Option<PathBuf> {
    if args.journal.is_some() {
        return args.journal.clone();
    }
    (args.file.as_os_str() != "-").then(|| {
        let mut path = args.file.clone().into_os_string();
        path.push(".journal");
        path.into()
    })
}

fn journal_failure(error: JournalError, args: &RunArgs) -> Failure {
    let file = args.file.display();
    let hint = match &error {
        JournalError::Changed(path) => format!(
            "take the file as it was; or add --accept-changes: rows that say the same are not done again; or move {} \
             away to begin anew",
            path.display()
        ),
        JournalError::Elsewhere { path, .. } => format!(
            "choose the profile or organization of that run; or move {} away to do {file} here",
            path.display()
        ),
        JournalError::Busy(_) => "wait for it, or stop it with Ctrl-C".to_owned(),
        JournalError::Foreign(path) => {
            format!("move {} away, or name another with --journal", path.display())
        }
        _ => "is the folder writable? --journal FILE puts it elsewhere".to_owned(),
    };
    Failure::usage(error.to_string()).hint(hint)
}

/// A problem that is not the file's.
fn asked(problem: Problem) -> Failure {
    Failure::Refused(Box::new(Refusal {
        message: problem.what().to_owned(),
        tracking_id: problem.tracking_id().map(ToOwned::to_owned),
        hint: problem.next_step().map(ToOwned::to_owned),
        ..Refusal::default()
    }))
}

/// Shows all that is wrong. A journal that was only begun for this is taken away again.
fn faults(sheet: &Sheet, journal: Option<Journal>, begun: bool, printer: &mut Printer) -> Result {
    if let (Some(journal), false) = (journal, begun) {
        // It says nothing yet; that it stays would change nothing.
        let _ = std::fs::remove_file(journal.path());
    }
    let mut table = Table::new(&["ROW", "COLUMN", "PROBLEM"]);
    for fault in &sheet.faults {
        let column = fault.column.unwrap_or_default().to_owned();
        table.row([fault.row.to_string(), column, fault.what.clone()]);
    }
    printer.show(&json!({ "faults": sheet.faults }), || table.render())?;
    let count = sheet.faults.len();
    let problems = if count == 1 {
        "1 problem".to_owned()
    } else {
        format!("{count} problems")
    };
    Err(Failure::refused(format!(
        "the file has {problems}; nothing was done"
    )))
}

fn plan_text(needs: &Needs, rows: usize, before: usize, url: &str) -> String {
    let count = |action: &str| needs.actions.get(action).copied().unwrap_or_default();
    let mut text = format!(
        "{rows} rows for {url}: {} leave, {} move, {} join",
        count("leave"),
        count("move"),
        count("join")
    );
    if before > 0 {
        let _ = write!(text, "; {before} were done by an earlier run");
    }
    text.push_str(".\n");
    if needs.deleted > 0 {
        let _ = writeln!(
            text,
            "{} accounts are deleted, which cannot be undone.",
            needs.deleted
        );
    }
    if needs.there_already > 0 {
        let _ = writeln!(
            text,
            "{} of those who join are there already and stay as they are.",
            needs.there_already
        );
    }
    if needs.lines > 0 {
        let _ = writeln!(text, "{} get a line.", needs.lines);
    }
    for (name, units) in &needs.licenses {
        let _ = match units {
            1.. => writeln!(text, "{units} more units of {name} are taken."),
            _ => writeln!(text, "{} units of {name} become free.", -units),
        };
    }
    text
}

async fn dry(desk: &Desk, sheet: &Sheet, needs: &Needs, printer: &mut Printer) -> Result {
    let rows = dry_run(desk, sheet).await;
    let failed = rows.iter().filter(|row| row.problem.is_some()).count();
    printer.show(&json!({ "needs": needs, "rows": rows }), || {
        let mut text = plan_text(
            needs,
            sheet.rows.len(),
            0,
            desk.client().base_url().trim_end_matches("/v1"),
        );
        text.push_str("Nothing is done: these calls would be made, in this order.\n");
        for row in &rows {
            text.push_str(&shown(row));
        }
        text
    })?;
    if failed > 0 {
        return Err(Failure::refused(format!(
            "{failed} rows could not be planned; nothing was done"
        )));
    }
    Ok(())
}

fn shown(row: &Shown) -> String {
    let mut text = format!("\nrow {}: {} {}\n", row.row, row.action, row.email);
    for plan in &row.plans {
        let _ = write!(text, "{plan}");
    }
    if let Some(problem) = &row.problem {
        let _ = writeln!(text, "  problem: {problem}");
    }
    text
}

/// Runs it, shows how far it is, and stops in order at Ctrl-C.
async fn drive(run: Run, rows: usize, printer: &mut Printer) -> Result<Summary> {
    let before = run.done_before();
    let (stop, stopped) = watch::channel(false);
    let (told, mut heard) = mpsc::unbounded_channel();
    let mut progress = Progress::new(rows, before, printer);
    let work = run.go(stopped, told);
    tokio::pin!(work);
    let mut listening = true;
    // One that lives on: a signal between two turns of the loop is heard too.
    let mut interrupt = Box::pin(tokio::signal::ctrl_c());
    loop {
        tokio::select! {
            summary = &mut work => {
                while let Ok(report) = heard.try_recv() {
                    progress.row(&report, printer);
                }
                progress.end();
                return Ok(summary);
            }
            Some(report) = heard.recv() => progress.row(&report, printer),
            signal = &mut interrupt, if listening => {
                interrupt = Box::pin(tokio::signal::ctrl_c());
                // Without signals there is nothing to listen for.
                listening = signal.is_ok();
                if signal.is_err() {
                    continue;
                }
                if *stop.borrow() {
                    progress.end();
                    return Err(Failure::refused("stopped at once: what was in flight is done again by the next run"));
                }
                stop.send_replace(true);
                progress.say("Stopping: the rows in flight are finished. Ctrl-C again stops at once.", printer);
            }
        }
    }
}

/// How far a run is: a bar on a terminal, lines elsewhere, nothing where a machine reads.
struct Progress {
    bar: Option<ProgressBar>,
    lines: bool,
    total: usize,
    done: usize,
    failed: usize,
    begun: Instant,
    here: usize,
    next: usize,
    step: usize,
}

impl Progress {
    fn new(total: usize, before: usize, printer: &Printer) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let bar = (terminal && !printer.is_json()).then(|| {
            let bar = ProgressBar::new(total as u64);
            let style = ProgressStyle::with_template(
                "{bar:30} {pos}/{len} rows, {per_sec}, {eta_precise} left {msg}",
            );
            if let Ok(style) = style {
                bar.set_style(style);
            }
            bar.set_position(before as u64);
            bar.reset_eta();
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        });
        // Ten lines for a long file, and none so short that they follow at once.
        let step = (total / 10).max(25);
        Self {
            lines: bar.is_none() && !printer.is_json(),
            bar,
            total,
            done: before,
            failed: 0,
            begun: Instant::now(),
            here: 0,
            next: before + step,
            step,
        }
    }

    fn row(&mut self, report: &RowReport, printer: &mut Printer) {
        self.done += 1;
        self.here += 1;
        if !report.outcome.is_success() {
            self.failed += 1;
        }
        if let Some(bar) = &self.bar {
            bar.inc(1);
            if self.failed > 0 {
                bar.set_message(format!("({} failed)", self.failed));
            }
        }
        if self.lines && self.done >= self.next {
            self.next = self.done + self.step;
            #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
            let rate = self.here as f64 / self.begun.elapsed().as_secs_f64().max(0.001);
            #[expect(clippy::cast_precision_loss, reason = "a time for people")]
            let left = (self.total - self.done) as f64 / rate.max(0.001);
            printer.note(&format!(
                "{}/{} rows, {} failed, {rate:.1} a second, about {left:.0} s left",
                self.done, self.total, self.failed
            ));
        }
    }

    fn say(&self, text: &str, printer: &mut Printer) {
        match &self.bar {
            Some(bar) => bar.println(text),
            None => printer.note(text),
        }
    }

    fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn report(summary: &Summary, args: &RunArgs, journal: Option<&Path>, printer: &mut Printer) -> Result {
    let outcomes = summary.outcomes();
    let document = json!({
        "total": summary.total,
        "outcomes": outcomes,
        "stopped": summary.stopped,
        "broken": summary.broken,
        "rows": summary.rows,
        "journal": journal,
    });
    if let Some(path) = &args.report_json {
        let text = serde_json::to_string_pretty(&document)
            .map_err(|error| Failure::refused(format!("the report cannot be written: {error}")))?;
        write(path, format!("{text}\n").as_bytes())?;
    }
    if let Some(path) = &args.report_csv {
        write(path, &csv_report(summary)?)?;
    }
    printer.show(&document, || report_text(summary))?;
    let failed = summary
        .rows
        .iter()
        .filter(|row| !row.outcome.is_success())
        .count();
    let left = summary.total - summary.rows.len();
    let again = again(args);
    if let Some(broken) = &summary.broken {
        return Err(Failure::refused(format!("the run ended early: {broken}"))
            .hint(format!("free the disk, then go on with: {again}")));
    }
    if left > 0 {
        return Err(
            Failure::refused(format!("stopped: {left} of {} rows had no turn", summary.total))
                .hint(format!("go on with: {again}")),
        );
    }
    if failed > 0 {
        return Err(
            Failure::refused(format!("{failed} of {} rows failed", summary.total))
                .hint(format!("do what stands under NEXT, then: {again}")),
        );
    }
    Ok(())
}

/// How the run is continued.
fn again(args: &RunArgs) -> String {
    let mut text = if args.file.as_os_str() == "-" && args.journal.is_none() {
        "the same command with the same input".to_owned()
    } else {
        format!("hallway workflow resume {}", args.file.display())
    };
    if let Some(journal) = &args.journal {
        let _ = write!(text, " --journal {}", journal.display());
    }
    text
}

fn report_text(summary: &Summary) -> String {
    let mut table = Table::new(&["ROW", "ACTION", "EMAIL", "OUTCOME", "DONE", "ERROR", "NEXT"]);
    let all = summary.rows.len() <= FEW_ROWS;
    for row in &summary.rows {
        if !all && row.outcome.is_success() {
            continue;
        }
        let outcome = if row.earlier {
            format!("{} earlier", row.outcome)
        } else {
            row.outcome.to_string()
        };
        table.row([
            row.row.to_string(),
            row.action.to_string(),
            row.email.clone(),
            outcome,
            row.done.join("; "),
            row.error.clone().unwrap_or_default(),
            row.next.clone().unwrap_or_default(),
        ]);
    }
    let mut text = if table.is_empty() {
        String::new()
    } else {
        table.render()
    };
    let counts: Vec<String> = summary
        .outcomes()
        .iter()
        .map(|(outcome, count)| format!("{count} {outcome}"))
        .collect();
    let _ = writeln!(
        text,
        "{} of {} rows: {}.",
        summary.rows.len(),
        summary.total,
        counts.join(", ")
    );
    text
}

fn csv_report(summary: &Summary) -> Result<Vec<u8>> {
    let failed =
        |error: &dyn std::fmt::Display| Failure::refused(format!("the report cannot be written: {error}"));
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer
        .write_record([
            "row",
            "action",
            "email",
            "outcome",
            "earlier",
            "done",
            "error",
            "next",
            "tracking_id",
        ])
        .map_err(|error| failed(&error))?;
    for row in &summary.rows {
        let text = |text: &Option<String>| harmless(text.as_deref().unwrap_or_default());
        writer
            .write_record([
                row.row.to_string(),
                row.action.to_string(),
                harmless(&row.email),
                row.outcome.to_string(),
                row.earlier.to_string(),
                harmless(&row.done.join("; ")),
                text(&row.error),
                text(&row.next),
                text(&row.tracking_id),
            ])
            .map_err(|error| failed(&error))?;
    }
    writer.into_inner().map_err(|error| failed(&error))
}

/// What a spreadsheet takes as a text, not as a formula.
fn harmless(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@']) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

fn write(path: &Path, bytes: &[u8]) -> Result {
    std::fs::write(path, bytes).map_err(|error| {
        Failure::refused(format!(
            "the report {} cannot be written: {error}",
            path.display()
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use hallway_workflows::Outcome;
    use hallway_workflows::roll::Action;

    fn row(number: usize, outcome: Outcome) -> RowReport {
        let failed = !outcome.is_success();
        RowReport {
            row: number,
            key: String::new(),
            action: Action::Join,
            email: format!("p{number}@example.com"),
            outcome,
            done: if failed {
                Vec::new()
            } else {
                vec![format!("create the user p{number}@example.com")]
            },
            error: failed.then(|| "all 2 units of `Webex Calling - Professional` are taken".to_owned()),
            next: failed.then(|| "=buy more".to_owned()),
            tracking_id: None,
            earlier: number == 2,
        }
    }

    #[test]
    fn reports_tell_each_row() {
        let summary = Summary {
            rows: vec![row(2, Outcome::Created), row(3, Outcome::Failed)],
            total: 3,
            stopped: true,
            broken: None,
        };
        insta::assert_snapshot!(report_text(&summary));
        insta::assert_snapshot!(String::from_utf8(csv_report(&summary).unwrap()).unwrap());
    }
}
