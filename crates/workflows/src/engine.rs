//! Does what a plan says, and takes back what was done when a later step fails.

use std::sync::Arc;
use std::time::Duration;

use hallway_sdk::Error;
use hallway_sdk::client::Answer;
use http::Method;
use serde_json::Value;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::directory::Directory;
use crate::plan::{Effect, Plan, Step, Undo};
use crate::problem::{Kind, Problem};
use crate::report::{Made, Outcome, Report, StepReport};
use crate::request::{Bindings, Request};

/// How often a call is made whose answer says that the service cannot now, beside the retries of the client.
const TRIES: u32 = 3;
/// The first pause between such tries; it doubles.
const PAUSE: Duration = Duration::from_millis(400);

/// A plan that is being run, in a task of its own: it is not left half done when whoever waits for it goes away.
///
/// Dropping it is the same as [`stop`](Self::stop). Only the end of the process leaves a plan half done; running the
/// same again then goes on where it ended, since every step looks first.
#[derive(Debug)]
#[must_use = "dropping it stops the run, and undoes it"]
pub struct Running {
    title: String,
    stop: watch::Sender<bool>,
    task: JoinHandle<Report>,
}

impl Running {
    /// Asks it to stop: the call that is under way is awaited, then what was done is undone.
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// What came of it.
    pub async fn report(&mut self) -> Report {
        match (&mut self.task).await {
            Ok(report) => report,
            Err(error) => Report {
                title: self.title.clone(),
                outcome: Outcome::Left,
                steps: Vec::new(),
                problem: Some(
                    Problem::new(Kind::Stopped, format!("the run ended before its time: {error}"))
                        .next("run the same again: what is done already is not done twice"),
                ),
            },
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Starts a plan.
pub(crate) fn start(directory: Arc<Directory>, plan: Plan) -> Running {
    let (stop, stopped) = watch::channel(false);
    let title = plan.title().to_owned();
    let run = Run {
        directory,
        bindings: Bindings::new(),
        stopped,
    };
    Running {
        title,
        stop,
        task: tokio::spawn(run.all(plan)),
    }
}

/// What is known of a call that did not succeed.
enum Fate {
    /// It certainly did nothing.
    Nothing,
    /// Nobody knows: the probe could not be read, or there is none.
    Unknown,
    /// It did something that is not what was wanted.
    Half,
}

/// How a step ended.
enum End {
    /// As wanted, by this run.
    Done,
    /// As wanted, by somebody else in the meantime.
    Found,
    Failed(Problem, Fate),
}

struct Run {
    directory: Arc<Directory>,
    bindings: Bindings,
    stopped: watch::Receiver<bool>,
}

impl Run {
    async fn all(mut self, plan: Plan) -> Report {
        let mut reports: Vec<StepReport> = plan.steps().iter().map(first_report).collect();
        let mut failure = None;
        // The steps that did something, or may have.
        let mut done: Vec<(usize, bool)> = Vec::new();
        for (at, step) in plan.steps().iter().enumerate() {
            let Some(call) = step.call() else {
                reports[at].outcome = Outcome::Unchanged;
                continue;
            };
            if *self.stopped.borrow() {
                failure = Some(stopped(step));
                break;
            }
            match self.step(step, call, &mut reports[at]).await {
                End::Done => {
                    reports[at].outcome = step.effect().into();
                    done.push((at, true));
                }
                End::Found => reports[at].outcome = Outcome::Unchanged,
                End::Failed(problem, fate) => {
                    reports[at].outcome = Outcome::Failed;
                    reports[at].problem = Some(problem.clone());
                    match fate {
                        Fate::Nothing => {}
                        Fate::Unknown => done.push((at, false)),
                        Fate::Half => done.push((at, true)),
                    }
                    failure = Some(problem);
                    break;
                }
            }
        }
        if failure.is_some() {
            for (at, sure) in done.into_iter().rev() {
                let step = &plan.steps()[at];
                self.take_back(step, sure, &mut reports[at]).await;
                self.directory.revert(&step.notes);
            }
        }
        let outcome = whole(&reports, failure.is_some());
        Report {
            title: plan.title().to_owned(),
            outcome,
            steps: reports,
            problem: failure,
        }
    }

    /// Makes the call of a step, until it is known what came of it.
    async fn step(&mut self, step: &Step, call: &Request, report: &mut StepReport) -> End {
        let call = match call.resolve(&self.bindings) {
            Ok(call) => call,
            Err(error) => return End::Failed(error.into(), Fate::Nothing),
        };
        let mut pause = PAUSE;
        let mut unsure = false;
        for tried in 1.. {
            let error = match self.send(&call, report).await {
                Ok(answer) => return self.judge(step, &answer),
                Err(error) => error,
            };
            if matches!(error, Error::NotFound(_)) && step.effect() == Effect::Delete {
                report.remarks.push("it was gone already".to_owned());
                self.learn(step, &Value::Null);
                return End::Done;
            }
            let uncertain = may_have_done_something(&error);
            unsure |= uncertain;
            let taken = matches!(error, Error::Conflict(_)) || unsure;
            let settled = if taken {
                self.settle(step, report).await
            } else {
                Some(false)
            };
            if settled == Some(false) {
                // What is not there now was not done by the tries so far.
                unsure = false;
            }
            match settled {
                Some(true) if unsure => {
                    report
                        .remarks
                        .push("the answer got lost; a read shows that it was done".to_owned());
                    self.learn(step, &Value::Null);
                    return End::Done;
                }
                Some(true) => {
                    report
                        .remarks
                        .push("somebody else did it in the meantime".to_owned());
                    self.learn(step, &Value::Null);
                    return End::Found;
                }
                Some(false) | None => {}
            }
            let again = error.is_temporary() && (settled == Some(false) || call.is_repeatable());
            if tried < TRIES && again && !*self.stopped.borrow() {
                self.wait(pause).await;
                pause *= 2;
                continue;
            }
            let fate = match settled {
                Some(false) => Fate::Nothing,
                // It was refused, and no answer got lost: what may be there is not of this run.
                None if !unsure => Fate::Nothing,
                _ => Fate::Unknown,
            };
            return End::Failed(error.into(), fate);
        }
        unreachable!("the loop above only ends by returning")
    }

    /// Looks at an answer with a status of success.
    fn judge(&mut self, step: &Step, answer: &Answer) -> End {
        if let Some(verify) = &step.verify
            && let Err(refusal) = verify(answer)
        {
            let fate = if refusal.half { Fate::Half } else { Fate::Nothing };
            return End::Failed(refusal.problem, fate);
        }
        let body = answer.json().unwrap_or(Value::Null);
        for (name, pointer) in &step.gives {
            match body.pointer(pointer).and_then(Value::as_str) {
                Some(value) => {
                    self.bindings.insert((*name).to_owned(), value.to_owned());
                }
                None => {
                    let what = format!("the answer to `{}` does not say its {name}", step.title());
                    return End::Failed(Problem::new(Kind::Refused, what), Fate::Unknown);
                }
            }
        }
        self.learn(step, &body);
        End::Done
    }

    fn learn(&self, step: &Step, answer: &Value) {
        self.directory.learn(&step.notes, answer);
    }

    /// Whether a step is in force; `None`: nobody can tell.
    async fn settle(&mut self, step: &Step, report: &mut StepReport) -> Option<bool> {
        let probe = step.probe.as_ref()?;
        let request = probe.request.resolve(&self.bindings).ok()?;
        let body: Value = match self.send(&request, report).await {
            Ok(answer) => answer.json().ok()?,
            // What is asked about is not there at all.
            Err(Error::NotFound(_)) => return Some(false),
            Err(_) => return None,
        };
        if !(probe.holds)(&body) {
            return Some(false);
        }
        for (name, pointer) in &probe.gives {
            let value = body.pointer(pointer).and_then(Value::as_str)?;
            self.bindings.insert((*name).to_owned(), value.to_owned());
        }
        Some(true)
    }

    /// Undoes a step. `sure`: it did something.
    async fn take_back(&mut self, step: &Step, sure: bool, report: &mut StepReport) {
        let failed = report.outcome == Outcome::Failed;
        if !sure && self.settle(step, report).await == Some(false) {
            return;
        }
        let calls = match step.undo() {
            Some(Undo::Calls(calls)) => calls,
            Some(Undo::Impossible(next)) => {
                self.left(step, report, "it cannot be undone", next.clone(), None);
                return;
            }
            None => return,
        };
        for call in calls {
            let undone = match call.resolve(&self.bindings) {
                Ok(call) => self.undo(&call, report).await,
                Err(error) => Err(error),
            };
            if let Err(error) = undone {
                let by_hand: Vec<String> = calls.iter().map(by_hand).collect();
                let next = format!("undo it by hand: {}", by_hand.join(", then "));
                self.left(step, report, "it was not undone", next, Some(error));
                return;
            }
        }
        if !failed {
            report.outcome = Outcome::Undone;
        }
    }

    async fn undo(&self, call: &Request, report: &mut StepReport) -> Result<(), Error> {
        let mut pause = PAUSE;
        for tried in 1.. {
            match self.send(call, report).await {
                Ok(_) => return Ok(()),
                Err(Error::NotFound(_)) if call.method() == Method::DELETE => return Ok(()),
                Err(error) if error.is_temporary() && tried < TRIES => {
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
                Err(error) => return Err(error),
            }
        }
        unreachable!("the loop above only ends by returning")
    }

    fn left(&self, step: &Step, report: &mut StepReport, why: &str, next: String, error: Option<Error>) {
        let mut what = format!("{why}: {}", step.title());
        let mut problem = match error {
            Some(error) => {
                let cause = Problem::from(error);
                what = format!("{what}: {}", cause.what());
                cause.say(what)
            }
            None => Problem::state(what),
        };
        if let Some(first) = report.problem.take() {
            problem = problem.after(&first);
        }
        tracing::warn!(step = step.title(), "a step could not be undone");
        report.outcome = Outcome::Left;
        report.problem = Some(problem.next(next));
    }

    async fn send(&self, request: &Request, report: &mut StepReport) -> Result<Answer, Error> {
        let answer = request.send(self.directory.client()).await;
        if !request.is_read() {
            report.calls.push(Made::of(request, &answer));
        }
        answer
    }

    /// A pause that ends early when the run is to stop.
    async fn wait(&mut self, pause: Duration) {
        let _ = tokio::time::timeout(pause, self.stopped.wait_for(|stopped| *stopped)).await;
    }
}

fn first_report(step: &Step) -> StepReport {
    let why = step.unchanged().map(ToOwned::to_owned);
    StepReport {
        title: step.title().to_owned(),
        outcome: Outcome::Skipped,
        about: step.things().to_vec(),
        calls: Vec::new(),
        remarks: why.into_iter().chain(step.remarks().iter().cloned()).collect(),
        problem: None,
    }
}

fn stopped(step: &Step) -> Problem {
    Problem::new(Kind::Stopped, format!("it was stopped before `{}`", step.title()))
        .next("run the same again to do it")
}

/// Whether nobody knows if the service did what was asked.
fn may_have_done_something(error: &Error) -> bool {
    match error {
        Error::Transport { maybe_arrived, .. } => *maybe_arrived,
        Error::Unavailable { .. } | Error::Protocol(_) => true,
        _ => false,
    }
}

fn by_hand(call: &Request) -> String {
    match call.body() {
        Some(body) => format!("{call} {body}"),
        None => call.to_string(),
    }
}

/// What came of the whole.
fn whole(steps: &[StepReport], failed: bool) -> Outcome {
    let any = |outcome| steps.iter().any(|step| step.outcome == outcome);
    if failed {
        return if any(Outcome::Left) {
            Outcome::Left
        } else if any(Outcome::Undone) {
            Outcome::Undone
        } else {
            Outcome::Failed
        };
    }
    let first = steps
        .iter()
        .map(|step| step.outcome)
        .find(|it| *it != Outcome::Unchanged);
    first.unwrap_or(Outcome::Unchanged)
}
