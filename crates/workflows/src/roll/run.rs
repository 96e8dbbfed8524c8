//! The run of a file: rows in turn, several at a time.

use std::collections::BTreeMap;

use futures_util::StreamExt as _;
use futures_util::stream;
use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, watch};

use super::journal::{Journal, JournalError};
use super::part::{parts, plan, who};
use super::sheet::{Action, Row, Sheet};
use crate::desk::Desk;
use crate::problem::Problem;
use crate::report::{Outcome, Report};

/// How a file is run.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// How many rows are in flight at most.
    pub concurrency: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { concurrency: 4 }
    }
}

/// What came of a row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RowReport {
    /// The row, as a spreadsheet counts.
    pub row: usize,
    /// What names the row in a journal.
    pub key: String,
    /// What was to happen.
    pub action: Action,
    /// To whom.
    pub email: String,
    /// What came of it.
    pub outcome: Outcome,
    /// What was done, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub done: Vec<String>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What to do about that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// Names the refused call in the logs of the service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tracking_id: Option<String>,
    /// Whether an earlier run did it.
    #[serde(skip)]
    pub earlier: bool,
}

/// What came of a file.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Every row, in the order of the file; those that were not reached are not among them.
    pub rows: Vec<RowReport>,
    /// How many rows the file has.
    pub total: usize,
    /// Whether it was stopped before all rows had their turn.
    pub stopped: bool,
    /// Why it ended early, where that is not because it was stopped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broken: Option<String>,
}

impl Summary {
    /// How many rows came out so.
    pub fn outcomes(&self) -> BTreeMap<Outcome, usize> {
        let mut outcomes = BTreeMap::new();
        for row in &self.rows {
            *outcomes.entry(row.outcome).or_default() += 1;
        }
        outcomes
    }

    /// Whether every row is as the file wants it.
    pub fn is_success(&self) -> bool {
        self.rows.len() == self.total && self.rows.iter().all(|row| row.outcome.is_success())
    }
}

/// A file that is ready to be run.
#[derive(Debug)]
pub struct Run {
    desk: Desk,
    rows: Vec<Row>,
    journal: Option<Journal>,
    settings: Settings,
}

impl Run {
    /// Of these rows; without a journal nothing is known of earlier runs, and nothing is kept for later ones.
    pub fn new(desk: Desk, sheet: Sheet, journal: Option<Journal>, settings: Settings) -> Self {
        Self {
            desk,
            rows: sheet.rows,
            journal,
            settings,
        }
    }

    /// What an earlier run did: those rows are not done again.
    pub fn done_before(&self) -> usize {
        self.rows.iter().filter(|row| self.earlier(row).is_some()).count()
    }

    fn earlier(&self, row: &Row) -> Option<RowReport> {
        let kept = self.journal.as_ref()?.rows().get(&row.key)?;
        kept.outcome.is_success().then(|| RowReport {
            row: row.row,
            earlier: true,
            ..kept.clone()
        })
    }

    /// Runs all rows, and says what came of each to `told` once it is in the journal. When `stop` turns true, rows in
    /// flight are finished, and no other one begins.
    pub async fn go(self, stop: watch::Receiver<bool>, told: mpsc::UnboundedSender<RowReport>) -> Summary {
        let total = self.rows.len();
        let mut reports: Vec<RowReport> = self.rows.iter().filter_map(|row| self.earlier(row)).collect();
        let mut broken = None;
        let journal = self.journal.as_ref();
        'phases: for action in [Action::Leave, Action::Move, Action::Join] {
            let rows = self
                .rows
                .iter()
                .filter(|row| row.action == action && self.earlier(row).is_none())
                // Asked when a place is free, not before.
                .take_while(|_| !*stop.borrow());
            let mut turns = stream::iter(rows)
                .map(|row| one(&self.desk, row, journal))
                .buffer_unordered(self.settings.concurrency.max(1));
            while let Some(turn) = turns.next().await {
                match turn {
                    Ok(report) => {
                        // Who does not listen reads the summary.
                        let _ = told.send(report.clone());
                        reports.push(report);
                    }
                    Err(error) => {
                        // What cannot be kept must not be done.
                        broken = Some(error.to_string());
                        break 'phases;
                    }
                }
            }
        }
        reports.sort_by_key(|report| report.row);
        Summary {
            stopped: *stop.borrow() && reports.len() < total,
            rows: reports,
            total,
            broken,
        }
    }
}

/// Does a row, and keeps what came of it.
async fn one(desk: &Desk, row: &Row, journal: Option<&Journal>) -> Result<RowReport, JournalError> {
    let mut report = RowReport {
        row: row.row,
        key: row.key.clone(),
        action: row.action,
        email: row.email.clone(),
        outcome: Outcome::Unchanged,
        done: Vec::new(),
        error: None,
        next: None,
        tracking_id: None,
        earlier: false,
    };
    if let Some(journal) = journal {
        journal.begin(&row.key);
    }
    if let Err(problem) = all_parts(desk, row, &mut report).await {
        report.error = Some(problem.what().to_owned());
        report.next = problem.next_step().map(ToOwned::to_owned);
        report.tracking_id = problem.tracking_id().map(ToOwned::to_owned);
        if report.outcome.is_success() {
            // What earlier parts did stays: it is what the file wants.
            report.outcome = if report.done.is_empty() {
                Outcome::Failed
            } else {
                Outcome::Left
            };
        }
    }
    if let Some(journal) = journal {
        journal.keep(&report).await?;
    }
    Ok(report)
}

async fn all_parts(desk: &Desk, row: &Row, report: &mut RowReport) -> Result<(), Problem> {
    let who = who(desk, row).await?;
    for part in parts(desk, row).await? {
        let plan = plan(desk, &who, &part).await?;
        let ran = desk.run(plan).await;
        note(report, &ran);
        ran.ok()?;
    }
    Ok(())
}

fn note(report: &mut RowReport, ran: &Report) {
    for step in &ran.steps {
        match step.outcome {
            Outcome::Created | Outcome::Changed | Outcome::Deleted | Outcome::Left => {
                report.done.push(step.title.clone());
            }
            _ => {}
        }
    }
    // A part that failed after others were done leaves the row half done, which is told apart.
    let half = matches!(ran.outcome, Outcome::Failed | Outcome::Undone) && !report.done.is_empty();
    if ran.outcome != Outcome::Unchanged && !half {
        report.outcome = ran.outcome;
    }
}
