//! Sharing a screen: `Conference.Presentation.LocalInstance[n]` comes and goes.

use serde_json::{Value, json};

use super::{Args, Outcome, failed, standby, with};
use crate::state::State;

const MOST: u32 = 6;

pub(crate) fn run(state: &mut State, command: &str, args: &Args) -> Option<Outcome> {
    Some(match command {
        "Presentation.Start" => start(state, args),
        "Presentation.Stop" => stop(state, args),
        _ => return None,
    })
}

fn start(state: &mut State, args: &Args) -> Outcome {
    let there = state.indexes("Conference.Presentation.LocalInstance");
    let instance = match args.given("Instance") {
        None if !there.is_empty() => there[0],
        None | Some("New") => (1..=MOST)
            .find(|n| !there.contains(n))
            .ok_or_else(|| failed("there are as many presentations as the device can have"))?,
        Some(number) => number.parse().unwrap_or(1),
    };
    let source = first(args, "ConnectorId")
        .or_else(|| first(args, "PresentationSource"))
        .unwrap_or(2);
    // Without a call there is nobody to send it to.
    let in_call = state.number("SystemUnit.State.NumberOfActiveCalls") > 0;
    let remote = in_call && args.text("SendingMode") != "LocalOnly";
    standby::wake(state);
    let node = format!("Conference.Presentation.LocalInstance[{instance}]");
    state.set(
        &format!("{node}.SendingMode"),
        if remote { "LocalRemote" } else { "LocalOnly" },
    );
    state.set(&format!("{node}.Source"), source);
    if remote {
        state.set("Conference.Presentation.Mode", "Sending");
        let call = state.indexes("Call").first().copied().unwrap_or(0);
        state.emit(
            "PresentationStarted",
            json!({
                "CallId": call,
                "Cause": "userRequested",
                "ConferenceId": call,
                "LocalInstance": instance,
                "LocalSource": source,
                "Mode": "Sending",
            }),
        );
    } else {
        let event = json!({ "Cause": "userRequested", "Instance": instance, "LocalSource": source });
        state.emit("PresentationPreviewStarted", event);
    }
    with(json!({ "LocalInstance": instance }))
}

fn stop(state: &mut State, args: &Args) -> Outcome {
    let there = state.indexes("Conference.Presentation.LocalInstance");
    let wanted: Option<u32> = args.given("Instance").and_then(|number| number.parse().ok());
    let stopping: Vec<u32> = there
        .into_iter()
        .filter(|n| wanted.is_none_or(|wanted| wanted == *n))
        .collect();
    if stopping.is_empty() {
        return Err(failed("there is no such presentation"));
    }
    for instance in stopping {
        let node = format!("Conference.Presentation.LocalInstance[{instance}]");
        let remote = state.text(&format!("{node}.SendingMode")) == "LocalRemote";
        let source = state.number(&format!("{node}.Source"));
        if remote {
            let call = state.indexes("Call").first().copied().unwrap_or(0);
            state.emit(
                "PresentationStopped",
                json!({
                    "CallId": call,
                    "Cause": "userRequested",
                    "ConferenceId": call,
                    "LocalInstance": instance,
                    "Mode": "Sending",
                }),
            );
        } else {
            let event = json!({ "Cause": "userRequested", "Instance": instance, "LocalSource": source });
            state.emit("PresentationPreviewStopped", event);
        }
        state.remove(&node);
    }
    let sending = state
        .indexes("Conference.Presentation.LocalInstance")
        .iter()
        .any(|n| {
            state.text(&format!("Conference.Presentation.LocalInstance[{n}].SendingMode")) == "LocalRemote"
        });
    state.set(
        "Conference.Presentation.Mode",
        if sending { "Sending" } else { "Off" },
    );
    super::done()
}

/// The first number of an argument that takes one or several.
fn first(args: &Args, name: &str) -> Option<i64> {
    let number = |value: &Value| value.as_i64().or_else(|| value.as_str()?.parse().ok());
    match args.values.get(name)? {
        Value::Array(items) => items.iter().find_map(number),
        value => number(value),
    }
}
