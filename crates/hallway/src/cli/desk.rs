//! Plans of the service desk: shown, or run and reported.

use hallway_sdk::client::RateLimit;
use hallway_workflows::{Desk, Kind, Outcome, Plan, Problem, Report};
use serde_json::{Map, Value, json};

use super::failure::{Failure, Refusal, Result};
use super::http::Client;
use super::printer::Printer;

/// Whether calls are made or only shown.
#[derive(clap::Args, Clone, Copy, Debug, Default)]
pub(crate) struct Dry {
    /// Show the calls that would be made, and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// The service desk over this connection.
pub(crate) async fn open(client: &Client) -> Result<Desk> {
    Ok(Desk::new(client.sdk(RateLimit::default()).await?))
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        let hint = problem.next_step().map(ToOwned::to_owned);
        if problem.kind() == Kind::Input {
            let failure = Self::usage(problem.what());
            return match hint {
                Some(hint) => failure.hint(hint),
                None => failure,
            };
        }
        let status = problem.error().and_then(|error| error.context()?.status);
        Self::Refused(Box::new(Refusal {
            status,
            message: problem.what().to_owned(),
            tracking_id: problem.tracking_id().map(ToOwned::to_owned),
            hint,
            ..Refusal::default()
        }))
    }
}

/// A plan that was shown, or what came of one that succeeded.
pub(crate) enum Done {
    Shown,
    Run(Report),
}

/// Runs a plan, or shows it. What failed is shown here, too.
///
/// Ctrl-C stops a run in order: the call that is under way is awaited, then what was done is undone.
///
/// # Errors
/// The plan failed; what came of each step has been shown.
pub(crate) async fn carry_out(desk: &Desk, plan: Plan, dry: Dry, printer: &mut Printer) -> Result<Done> {
    if dry.dry_run {
        show(desk, &plan, printer)?;
        return Ok(Done::Shown);
    }
    let mut running = desk.start(plan);
    let interrupted = tokio::select! {
        report = running.report() => Ok(report),
        _ = tokio::signal::ctrl_c() => Err(()),
    };
    let report = match interrupted {
        Ok(report) => report,
        Err(()) => {
            printer.note("stopping: what was done is being undone");
            running.stop();
            running.report().await
        }
    };
    match report.problem.clone() {
        None => Ok(Done::Run(report)),
        Some(problem) => Err(failed(report, problem, printer)?),
    }
}

/// The dry run.
fn show(desk: &Desk, plan: &Plan, printer: &mut Printer) -> Result {
    let base = desk.client().base_url();
    let document = json!({
        "dryRun": true, "baseUrl": &*base, "title": plan.title(), "steps": plan.steps(),
    });
    printer.show(&document, || {
        let calls = plan.calls().count();
        let what = match calls {
            0 => "Nothing would be sent.".to_owned(),
            1 => format!("1 call would be sent to {base}; nothing was."),
            many => format!("{many} calls would be sent to {base}; nothing was."),
        };
        format!("{plan}\n{what}")
    })
}

/// Shows a run that failed: each step, and what is left of it.
fn failed(report: Report, problem: Problem, printer: &mut Printer) -> Result<Failure> {
    let left: Vec<String> = report.left().map(|step| step.title.clone()).collect();
    if printer.is_json() {
        printer.document(&report)?;
    } else if report.steps.len() > 1 || !left.is_empty() {
        printer.text(&report.to_string())?;
    }
    let failure = Failure::from(problem);
    let Failure::Refused(mut refusal) = failure else {
        return Ok(failure);
    };
    refusal.details.push(match report.outcome {
        Outcome::Left => format!("this could not be undone: {}", left.join("; ")),
        Outcome::Undone => "what was done before it is undone".to_owned(),
        _ => "nothing was changed".to_owned(),
    });
    Ok(Failure::Refused(refusal))
}

/// A report as a document, with more members in front.
pub(crate) fn document(report: &Report, more: Value) -> Value {
    let mut object = match more {
        Value::Object(object) => object,
        _ => Map::new(),
    };
    object.insert("outcome".to_owned(), json!(report.outcome));
    object.insert("steps".to_owned(), json!(report.steps));
    object.into()
}

/// A report and then what is so now, for people.
pub(crate) fn told(report: &Report, more: &str) -> String {
    if more.is_empty() {
        report.to_string()
    } else {
        format!("{report}\n{more}")
    }
}
