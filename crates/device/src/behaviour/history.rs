//! The list of calls that a device had.

use std::collections::VecDeque;

use serde_json::{Value, json};

use super::{Args, Outcome, done, failed, time_text, with};
use crate::state::State;

/// Calls that are remembered.
const MOST: usize = 200;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Placed,
    Received,
    Missed,
    NoAnswer,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Placed => "Placed",
            Self::Received => "Received",
            Self::Missed => "Missed",
            Self::NoAnswer => "NoAnswer",
        }
    }
}

#[derive(Debug)]
struct Entry {
    id: i64,
    kind: Kind,
    number: String,
    name: String,
    started_ms: i64,
    seconds: i64,
    acknowledged: bool,
}

/// Newest first.
#[derive(Debug, Default)]
pub(crate) struct History {
    entries: VecDeque<Entry>,
    last_id: i64,
}

impl History {
    pub(crate) fn add(&mut self, kind: Kind, number: String, name: String, started_ms: i64, seconds: i64) {
        self.last_id += 1;
        let entry = Entry {
            id: self.last_id,
            kind,
            number,
            name,
            started_ms,
            seconds,
            acknowledged: false,
        };
        self.entries.push_front(entry);
        self.entries.truncate(MOST);
    }
}

pub(crate) fn run(state: &mut State, command: &str, args: &Args) -> Option<Outcome> {
    Some(match command {
        "CallHistory.Get" | "CallHistory.Recents" => list(state, command, args),
        "CallHistory.DeleteAll" => {
            let filter = args.text("Filter").to_owned();
            state.calls.history.entries.retain(|entry| !fits(entry, &filter));
            updated(state)
        }
        "CallHistory.DeleteEntry" => {
            let id = args.number("CallHistoryId").unwrap_or(0);
            let before = state.calls.history.entries.len();
            state.calls.history.entries.retain(|entry| entry.id != id);
            if state.calls.history.entries.len() == before {
                return Some(Err(failed(format!("there is no entry {id} in the call history"))));
            }
            updated(state)
        }
        "CallHistory.AcknowledgeMissedCall" | "CallHistory.AcknowledgeAllMissedCalls" => {
            let id = args.number("CallHistoryId");
            for entry in &mut state.calls.history.entries {
                entry.acknowledged |= entry.kind == Kind::Missed && id.is_none_or(|id| id == entry.id);
            }
            updated(state)
        }
        _ => return None,
    })
}

fn updated(state: &mut State) -> Outcome {
    state.emit("CallHistory.Updated", json!({}));
    done()
}

fn fits(entry: &Entry, filter: &str) -> bool {
    filter.is_empty() || filter == "All" || filter == entry.kind.name()
}

fn list(state: &State, command: &str, args: &Args) -> Outcome {
    let search = args.text("SearchString").to_lowercase();
    let id = args.number("CallHistoryId");
    let mut seen: Vec<&str> = Vec::new();
    let mut found: Vec<&Entry> = state
        .calls
        .history
        .entries
        .iter()
        .filter(|entry| fits(entry, args.text("Filter")))
        .filter(|entry| id.is_none_or(|id| id == entry.id))
        .filter(|entry| {
            search.is_empty()
                || entry.name.to_lowercase().contains(&search)
                || entry.number.to_lowercase().contains(&search)
        })
        .collect();
    // Recent calls name each number once.
    if command == "CallHistory.Recents" {
        found.retain(|entry| {
            let first = !seen.contains(&entry.number.as_str());
            seen.push(&entry.number);
            first
        });
    }
    let count = |name: &str, otherwise: usize| {
        args.number(name)
            .and_then(|n| usize::try_from(n).ok())
            .unwrap_or(otherwise)
    };
    let (offset, limit) = (count("Offset", 0), count("Limit", MOST));
    let page = found.into_iter().skip(offset).take(limit).enumerate();
    let entries: Vec<Value> = page
        .map(|(i, entry)| {
            json!({
                "id": i,
                "CallHistoryId": entry.id,
                "CallbackNumber": entry.number,
                "DisplayName": entry.name,
                "StartTime": time_text(entry.started_ms),
                "DaysAgo": (state.now_ms - entry.started_ms).max(0) / 86_400_000,
                "Duration": entry.seconds,
                "OccurrenceType": entry.kind.name(),
                "IsAcknowledged": if entry.acknowledged { "Acknowledged" } else { "Unacknowledged" },
            })
        })
        .collect();
    with(json!({ "Entry": entries, "ResultInfo": { "Offset": offset, "Limit": limit } }))
}
