//! Awake, half awake, asleep.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Args, Outcome, done, signage};
use crate::agenda::Task;
use crate::state::State;

/// Idle for so long, a device is half awake: it shows a picture, or digital signage.
const HALFWAKE_MINUTES: i64 = 2;

pub(crate) fn run(state: &mut State, command: &str, args: &Args) -> Option<Outcome> {
    match command {
        "Standby.Activate" => enter(state, "Standby"),
        "Standby.Halfwake" => enter(state, "Halfwake"),
        "Standby.Deactivate" => wake(state),
        "Standby.ResetTimer" => {
            state.emit("Standby.Reset", json!({}));
            if state.text("Standby.State") == "Standby" {
                wake(state);
            }
            match args.number("Delay") {
                Some(minutes) => plan_in(state, minutes),
                None => plan(state),
            }
        }
        "Standby.ResetHalfwakeTimer" => {
            if state.text("Standby.State") == "Halfwake" {
                wake(state);
            }
            plan_task(state, Task::Halfwake, args.number("Delay").unwrap_or(1));
        }
        _ => return None,
    }
    Some(done())
}

/// Wakes the device up, and lets it fall asleep later.
pub(crate) fn wake(state: &mut State) {
    enter(state, "Off");
    plan(state);
}

/// Wakes it up by one step because somebody came near, if it slept and may do so.
pub(crate) fn somebody_came(state: &mut State) {
    if state.configuration_text("Standby.WakeupOnMotionDetection") == "Off" {
        return;
    }
    match state.text("Standby.State") {
        "Standby" => enter(state, "Halfwake"),
        "Halfwake" => wake(state),
        _ => {}
    }
}

/// Somebody touches the screen or the touch panel. A page that people may use keeps touches on the screen.
pub(crate) fn touched(state: &mut State, panel: bool) {
    if panel || !signage::takes_touch(state) {
        wake(state);
    } else {
        plan(state);
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
    let before = !on || delay.is_none_or(|minutes| minutes > HALFWAKE_MINUTES);
    let automatic = state.configuration_text("Standby.Halfwake.Mode") != "Manual";
    if before && automatic && state.text("Standby.State") == "Off" {
        plan_task(state, Task::Halfwake, HALFWAKE_MINUTES);
    } else {
        state.agenda.cancel(Task::Halfwake);
    }
}

/// Whether the device is being used.
fn is_busy(state: &State) -> bool {
    state.calls.any()
        || !state.indexes("Conference.Presentation.LocalInstance").is_empty()
        || state.text("RoomAnalytics.PeoplePresence") == "Yes"
}

/// Nobody has used the device for a short while.
pub(crate) fn fall_half_asleep(state: &mut State) {
    if is_busy(state) {
        plan(state);
    } else if state.text("Standby.State") == "Off" {
        enter(state, "Halfwake");
    }
}

/// Nobody has used the device for a while. With people in the room or a call it stays awake.
pub(crate) fn fall_asleep(state: &mut State) {
    if is_busy(state) {
        plan(state);
    } else {
        enter(state, "Standby");
    }
}

fn plan_in(state: &mut State, minutes: i64) {
    plan_task(state, Task::Standby, minutes);
}

fn plan_task(state: &mut State, task: Task, minutes: i64) {
    let minutes = u64::try_from(minutes).unwrap_or(1).max(1);
    state.plan(task, Duration::from_secs(minutes * 60));
}

fn enter(state: &mut State, to: &str) {
    state.set("Standby.State", to);
    state.set("Standby.Level", if to == "Standby" { "Standby" } else { "None" });
    match to {
        "Standby" => {
            state.agenda.cancel(Task::Standby);
            state.agenda.cancel(Task::Halfwake);
        }
        // It falls asleep so long after it was used last, however it came here.
        "Halfwake" if !state.agenda.is_planned(Task::Standby) => plan(state),
        _ => {}
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
    signage::follow(state);
}
