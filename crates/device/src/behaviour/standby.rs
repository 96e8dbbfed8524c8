//! Awake, half awake, asleep.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Args, Outcome, done};
use crate::agenda::Task;
use crate::state::State;

pub(crate) fn run(state: &mut State, command: &str, args: &Args) -> Option<Outcome> {
    match command {
        "Standby.Activate" => enter(state, "Standby"),
        "Standby.Halfwake" => enter(state, "Halfwake"),
        "Standby.Deactivate" => wake(state),
        "Standby.ResetTimer" => {
            state.emit("Standby.Reset", json!({}));
            match args.number("Delay") {
                Some(minutes) => plan_in(state, minutes),
                None => plan(state),
            }
        }
        "Standby.ResetHalfwakeTimer" => plan_in(state, args.number("Delay").unwrap_or(1)),
        _ => return None,
    }
    Some(done())
}

/// Wakes the device up, and lets it fall asleep later.
pub(crate) fn wake(state: &mut State) {
    enter(state, "Off");
    plan(state);
}

/// Wakes it up because somebody came near, if it slept.
pub(crate) fn somebody_came(state: &mut State) {
    if state.text("Standby.State") == "Standby" {
        enter(state, "Halfwake");
    }
}

/// Plans to fall asleep after the configured time.
pub(crate) fn plan(state: &mut State) {
    let delay = state
        .configuration("Standby.Delay")
        .as_ref()
        .and_then(Value::as_i64);
    let on = state
        .configuration("Standby.Control")
        .is_none_or(|control| control != "Off");
    match delay {
        Some(minutes) if on => plan_in(state, minutes),
        _ => state.agenda.cancel(Task::Standby),
    }
}

/// Nobody has used the device for a while. With people in the room or a call it stays awake.
pub(crate) fn fall_asleep(state: &mut State) {
    let busy = state.calls.any() || !state.indexes("Conference.Presentation.LocalInstance").is_empty();
    if busy || state.text("RoomAnalytics.PeoplePresence") == "Yes" {
        plan(state);
    } else {
        enter(state, "Standby");
    }
}

fn plan_in(state: &mut State, minutes: i64) {
    let minutes = u64::try_from(minutes).unwrap_or(1).max(1);
    state.plan(Task::Standby, Duration::from_secs(minutes * 60));
}

fn enter(state: &mut State, to: &str) {
    state.set("Standby.State", to);
    state.set("Standby.Level", if to == "Standby" { "Standby" } else { "None" });
    if to == "Standby" {
        state.agenda.cancel(Task::Standby);
    }
    if !state.calls.any() {
        state.set(
            "SystemUnit.State.System",
            if to == "Standby" {
                "Sleeping"
            } else {
                "Initialized"
            },
        );
    }
}
