//! What is shown on the screen and answered there: alerts, prompts, ratings, text inputs, text lines.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{Args, Outcome, done, standby};
use crate::agenda::Task;
use crate::state::State;

/// A kind of message. There is at most one of each on the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Alert,
    Prompt,
    Rating,
    TextInput,
    TextLine,
}

impl Kind {
    const ALL: [Kind; 5] = [
        Self::Alert,
        Self::Prompt,
        Self::Rating,
        Self::TextInput,
        Self::TextLine,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Alert => "Alert",
            Self::Prompt => "Prompt",
            Self::Rating => "Rating",
            Self::TextInput => "TextInput",
            Self::TextLine => "TextLine",
        }
    }

    /// The event that tells that it is gone. One of them is spelled differently (workspace-integrations 3.4).
    fn cleared(self) -> &'static str {
        if self == Self::TextInput {
            "Clear"
        } else {
            "Cleared"
        }
    }

    fn has_feedback(self) -> bool {
        !matches!(self, Self::Alert | Self::TextLine)
    }
}

/// What the screen shows: the feedback id of each message, and the external sources on the share page.
#[derive(Debug, Default)]
pub(crate) struct Messages {
    shown: [Option<String>; 5],
    pub(crate) sources: BTreeMap<String, Map<String, Value>>,
}

pub(crate) fn run(state: &mut State, command: &str, args: &Args) -> Option<Outcome> {
    let (kind, verb) = command.strip_prefix("UserInterface.Message.")?.split_once('.')?;
    let kind = Kind::ALL.into_iter().find(|known| known.name() == kind)?;
    match verb {
        "Display" => display(state, kind, args),
        "Clear" => {
            let wanted = args.given("FeedbackId");
            let shown = state.messages.shown[kind as usize].clone();
            if shown.is_some_and(|shown| wanted.is_none_or(|wanted| wanted == shown)) {
                clear(state, kind);
            }
        }
        "Response" => respond(state, kind, args),
        _ => return None,
    }
    Some(done())
}

fn display(state: &mut State, kind: Kind, args: &Args) {
    let feedback = args.text("FeedbackId").to_owned();
    // A new message takes the place of the old one, about which nobody will answer any more.
    if state.messages.shown[kind as usize]
        .as_ref()
        .is_some_and(|shown| *shown != feedback)
    {
        clear(state, kind);
    }
    if kind != Kind::TextLine {
        standby::wake(state);
    }
    state.messages.shown[kind as usize] = Some(feedback);
    state.emit(
        &format!("UserInterface.Message.{}.Display", kind.name()),
        Value::Object(args.values.clone()),
    );
    match args
        .number("Duration")
        .and_then(|seconds| u64::try_from(seconds).ok())
    {
        Some(seconds) if seconds > 0 => state.plan(Task::ClearMessage(kind), Duration::from_secs(seconds)),
        _ => state.agenda.cancel(Task::ClearMessage(kind)),
    }
}

/// The command of that name does what a person at the screen does, and raises the event (xapi 6).
fn respond(state: &mut State, kind: Kind, args: &Args) {
    let shown = state.messages.shown[kind as usize].take();
    state.agenda.cancel(Task::ClearMessage(kind));
    let feedback = args
        .given("FeedbackId")
        .map(str::to_owned)
        .or(shown)
        .unwrap_or_default();
    let mut payload = Map::new();
    payload.insert("FeedbackId".to_owned(), feedback.into());
    for name in ["OptionId", "Rating", "Text"] {
        if let Some(value) = args.values.get(name) {
            payload.insert(name.to_owned(), value.clone());
        }
    }
    state.emit(
        &format!("UserInterface.Message.{}.Response", kind.name()),
        Value::Object(payload),
    );
}

/// The message was there for as long as it should be.
pub(crate) fn time_is_up(state: &mut State, kind: Kind) {
    if state.messages.shown[kind as usize].is_some() {
        clear(state, kind);
    }
}

fn clear(state: &mut State, kind: Kind) {
    let feedback = state.messages.shown[kind as usize].take().unwrap_or_default();
    state.agenda.cancel(Task::ClearMessage(kind));
    let payload = if kind.has_feedback() {
        json!({ "FeedbackId": feedback })
    } else {
        json!({})
    };
    state.emit(
        &format!("UserInterface.Message.{}.{}", kind.name(), kind.cleared()),
        payload,
    );
}
