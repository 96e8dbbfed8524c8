//! What is to be done: steps, each with its call, its check and its undo.

use std::fmt;
use std::sync::Arc;

use hallway_sdk::LicenseId;
use hallway_sdk::client::Answer;
use serde::Serialize;
use serde_json::Value;

use crate::directory::Note;
use crate::problem::Problem;
use crate::request::Request;

/// Steps that are done in order, or not at all: when one fails, those before it are undone.
///
/// A plan is made by reading only. Showing it ([`Display`](fmt::Display), or as JSON) is the dry run: these calls
/// are made, byte for byte. [`Desk::run`](crate::Desk::run) makes them.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    title: String,
    steps: Vec<Step>,
}

/// What a step does to the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Effect {
    /// Something is there that was not.
    Create,
    /// Something is different.
    Change,
    /// Something is gone.
    Delete,
}

/// How a step is taken back.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Undo {
    /// By these calls, in this order.
    Calls(Vec<Request>),
    /// Not at all: what whoever wants it back can do.
    Impossible(String),
}

/// A read that says whether a step is in force already.
#[derive(Clone)]
pub struct Probe {
    pub(crate) request: Request,
    pub(crate) holds: Arc<dyn Fn(&Value) -> bool + Send + Sync>,
    pub(crate) gives: Vec<(&'static str, &'static str)>,
}

/// Why an answer with a status of success is none.
#[derive(Clone, Debug)]
pub struct Refusal {
    pub(crate) problem: Problem,
    pub(crate) half: bool,
}

impl Refusal {
    /// Something was done that is not what was wanted: it is to be undone.
    pub fn half(problem: Problem) -> Self {
        Self { problem, half: true }
    }
}

/// Nothing was done.
impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self { problem, half: false }
    }
}

type Verify = Arc<dyn Fn(&Answer) -> Result<(), Refusal> + Send + Sync>;

/// One change: one call that writes, or none where it is so already.
#[derive(Clone)]
pub struct Step {
    title: String,
    effect: Effect,
    already: Option<String>,
    remarks: Vec<String>,
    about: Vec<String>,
    call: Option<Request>,
    undo: Option<Undo>,
    pub(crate) probe: Option<Probe>,
    pub(crate) verify: Option<Verify>,
    pub(crate) gives: Vec<(&'static str, &'static str)>,
    pub(crate) notes: Vec<Note>,
}

impl Plan {
    /// A plan without steps.
    pub fn new(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            steps: Vec::new(),
        }
    }

    /// With one more step at its end.
    #[must_use]
    pub fn step(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    /// With the steps of another plan behind its own: all of them succeed, or all are undone.
    ///
    /// What cannot be undone, such as deleting a user, belongs at the end.
    #[must_use]
    pub fn then(mut self, other: Plan) -> Self {
        self.steps.extend(other.steps);
        self
    }

    /// With another title.
    #[must_use]
    pub fn titled(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// What it is for.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Its steps, in order.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The calls that write, in order: none means that nothing is to do.
    pub fn calls(&self) -> impl Iterator<Item = &Request> {
        self.steps.iter().filter_map(|step| step.call.as_ref())
    }

    /// Whether everything is so already.
    pub fn is_done(&self) -> bool {
        self.calls().next().is_none()
    }

    /// How many units of a license it takes, less those that it gives back: what a plan for many people adds up
    /// before anything is sent.
    pub fn units_of(&self, license: &LicenseId) -> i64 {
        let notes = self.steps.iter().flat_map(|step| &step.notes);
        notes
            .map(|note| match note {
                Note::Units(id, delta) if id == license => *delta,
                _ => 0,
            })
            .sum()
    }
}

impl Probe {
    /// Reads this, and looks at the answer.
    pub fn new(request: Request, holds: impl Fn(&Value) -> bool + Send + Sync + 'static) -> Self {
        Self {
            request,
            holds: Arc::new(holds),
            gives: Vec::new(),
        }
    }

    /// What the answer gives to later steps, if it holds: a name, and a JSON pointer.
    #[must_use]
    pub fn gives(mut self, name: &'static str, pointer: &'static str) -> Self {
        self.gives.push((name, pointer));
        self
    }
}

impl Step {
    /// A step that makes a call, and how it is taken back.
    pub fn new(title: impl Into<String>, effect: Effect, call: Request, undo: Undo) -> Self {
        Self {
            title: title.into(),
            effect,
            already: None,
            remarks: Vec::new(),
            about: Vec::new(),
            call: Some(call),
            undo: Some(undo),
            probe: None,
            verify: None,
            gives: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// A step that makes no call, because it is so already.
    pub fn already(title: impl Into<String>, why: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            effect: Effect::Change,
            already: Some(why.into()),
            remarks: Vec::new(),
            about: Vec::new(),
            call: None,
            undo: None,
            probe: None,
            verify: None,
            gives: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// How to find out whether it was done, where an answer got lost.
    #[must_use]
    pub fn probe(mut self, probe: Probe) -> Self {
        self.probe = Some(probe);
        self
    }

    /// What an answer with a status of success must say too. If it does not, the step failed; if it failed
    /// [half way](Refusal::half), it is undone with the others.
    #[must_use]
    pub fn verify(mut self, check: impl Fn(&Answer) -> Result<(), Refusal> + Send + Sync + 'static) -> Self {
        self.verify = Some(Arc::new(check));
        self
    }

    /// What the answer gives to later steps: a name, and a JSON pointer.
    #[must_use]
    pub fn gives(mut self, name: &'static str, pointer: &'static str) -> Self {
        self.gives.push((name, pointer));
        self
    }

    /// Something that whoever reads the report should know.
    #[must_use]
    pub fn remark(mut self, remark: impl Into<String>) -> Self {
        self.remarks.push(remark.into());
        self
    }

    /// What it is about, for programs: the numbers that it adds.
    #[must_use]
    pub fn about<T: Into<String>>(mut self, things: impl IntoIterator<Item = T>) -> Self {
        self.about.extend(things.into_iter().map(Into::into));
        self
    }

    pub(crate) fn note(mut self, note: Note) -> Self {
        self.notes.push(note);
        self
    }

    /// What it does: `create the user ada@example.com`.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// What it does to the world.
    pub fn effect(&self) -> Effect {
        self.effect
    }

    /// Why nothing is to do, where that is so.
    pub fn unchanged(&self) -> Option<&str> {
        self.already.as_deref()
    }

    /// Its call; `None`: it makes none.
    pub fn call(&self) -> Option<&Request> {
        self.call.as_ref()
    }

    /// How it is taken back.
    pub fn undo(&self) -> Option<&Undo> {
        self.undo.as_ref()
    }

    /// What it is about, for programs.
    pub fn things(&self) -> &[String] {
        &self.about
    }

    /// What whoever reads the report should know.
    pub fn remarks(&self) -> &[String] {
        &self.remarks
    }
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Step")
            .field("title", &self.title)
            .field("call", &self.call)
            .field("undo", &self.undo)
            .finish_non_exhaustive()
    }
}

impl Serialize for Step {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Shown<'a> {
            title: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            effect: Option<Effect>,
            #[serde(skip_serializing_if = "Option::is_none")]
            unchanged: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            call: Option<&'a Request>,
            #[serde(skip_serializing_if = "Option::is_none")]
            undo: Option<&'a Undo>,
            #[serde(skip_serializing_if = "<[String]>::is_empty")]
            remarks: &'a [String],
        }
        let shown = Shown {
            title: &self.title,
            effect: self.call.as_ref().map(|_| self.effect),
            unchanged: self.already.as_deref(),
            call: self.call.as_ref(),
            undo: self.undo.as_ref(),
            remarks: &self.remarks,
        };
        shown.serialize(serializer)
    }
}

/// The dry run, for people.
impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.title)?;
        for (at, step) in self.steps.iter().enumerate() {
            writeln!(f, "{:>3}. {}", at + 1, step.title)?;
            if let Some(why) = &step.already {
                writeln!(f, "     nothing to do: {why}")?;
            }
            if let Some(call) = &step.call {
                writeln!(f, "     {call}")?;
                if let Some(body) = call.body() {
                    writeln!(f, "     {body}")?;
                }
            }
            match &step.undo {
                Some(Undo::Calls(calls)) => {
                    for call in calls {
                        write!(f, "     undo: {call}")?;
                        match call.body() {
                            Some(body) => writeln!(f, " {body}")?,
                            None => writeln!(f)?,
                        }
                    }
                }
                Some(Undo::Impossible(next)) => writeln!(f, "     cannot be undone: {next}")?,
                None => {}
            }
            for remark in &step.remarks {
                writeln!(f, "     note: {remark}")?;
            }
        }
        Ok(())
    }
}
