//! What came of a plan.

use std::fmt;

use hallway_sdk::Error;
use serde::{Deserialize, Serialize};

use crate::plan::Effect;
use crate::problem::Problem;
use crate::request::Request;

/// What came of a step, or of a whole plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Outcome {
    /// It was so already: nothing was sent.
    Unchanged,
    /// Something is there that was not.
    Created,
    /// Something is different.
    Changed,
    /// Something is gone.
    Deleted,
    /// It was not reached, because one before it failed.
    Skipped,
    /// It was done, and taken back since a later one failed. Of a plan: one failed, and nothing of it is left.
    Undone,
    /// It failed, and nothing of it is left.
    Failed,
    /// It was done, one after it failed, and it could not be taken back. Of a plan: something of it is left.
    Left,
}

impl Outcome {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unchanged => "unchanged",
            Self::Created => "created",
            Self::Changed => "changed",
            Self::Deleted => "deleted",
            Self::Skipped => "skipped",
            Self::Undone => "undone",
            Self::Failed => "failed",
            Self::Left => "left",
        }
    }

    /// Whether what was wanted is so now.
    pub fn is_success(self) -> bool {
        matches!(
            self,
            Self::Unchanged | Self::Created | Self::Changed | Self::Deleted
        )
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl From<Effect> for Outcome {
    fn from(effect: Effect) -> Self {
        match effect {
            Effect::Create => Self::Created,
            Effect::Change => Self::Changed,
            Effect::Delete => Self::Deleted,
        }
    }
}

/// A call that was made.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Made {
    /// Method and path, without body.
    pub call: String,
    /// The status of the answer, if there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Names it in the logs of the service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tracking_id: Option<String>,
}

impl Made {
    pub(crate) fn of(request: &Request, answer: &Result<hallway_sdk::client::Answer, Error>) -> Self {
        let (status, tracking_id) = match answer {
            Ok(answer) => (Some(answer.status.as_u16()), answer.tracking_id()),
            Err(error) => (
                error.context().and_then(|context| context.status),
                error.tracking_id(),
            ),
        };
        Self {
            call: request.to_string(),
            status,
            tracking_id: tracking_id.map(ToOwned::to_owned),
        }
    }
}

/// What came of a step.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StepReport {
    /// What it was to do.
    pub title: String,
    /// What came of it.
    pub outcome: Outcome,
    /// What it is about: the numbers that it added.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub about: Vec<String>,
    /// The calls that it made, those of its undo too.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<Made>,
    /// What there is to know about it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
    /// Why it failed, or could not be taken back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
}

/// What came of a plan.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// What it was to do.
    pub title: String,
    /// What came of it.
    pub outcome: Outcome,
    /// Each of its steps.
    pub steps: Vec<StepReport>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
}

impl Report {
    /// Whether what was wanted is so now.
    pub fn is_success(&self) -> bool {
        self.outcome.is_success()
    }

    /// The tracking ids of all calls that wrote, in order.
    pub fn tracking_ids(&self) -> impl Iterator<Item = &str> {
        let calls = self.steps.iter().flat_map(|step| &step.calls);
        calls.filter_map(|made| made.tracking_id.as_deref())
    }

    /// The steps that could not be taken back.
    pub fn left(&self) -> impl Iterator<Item = &StepReport> {
        self.steps.iter().filter(|step| step.outcome == Outcome::Left)
    }

    /// The report where it succeeded, or what was wrong.
    ///
    /// # Errors
    /// The plan failed.
    pub fn ok(self) -> Result<Self, Problem> {
        match (&self.problem, self.outcome.is_success()) {
            (Some(problem), false) => Err(problem.clone()),
            _ => Ok(self),
        }
    }
}

/// For people: a line for each step, and what is left to do.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in &self.steps {
            writeln!(f, "{:<9}  {}", step.outcome, step.title)?;
            for remark in &step.remarks {
                writeln!(f, "           note: {remark}")?;
            }
            if let Some(problem) = &step.problem {
                writeln!(f, "           {problem}")?;
            }
        }
        Ok(())
    }
}
