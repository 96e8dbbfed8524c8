//! The picture, and the switches around a conference.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Args, Outcome, calls, done, failed};
use crate::agenda::Task;
use crate::state::State;

pub(crate) fn run(state: &mut State, command: &str, args: &Args) -> Option<Outcome> {
    match command {
        "Video.Selfview.Set" => {
            for name in ["Mode", "FullscreenMode", "OnMonitorRole", "PIPPosition"] {
                if let Some(value) = args.given(name) {
                    state.set(&format!("Video.Selfview.{name}"), value);
                }
            }
        }
        "Video.Input.MainVideo.Mute" => state.set("Video.Input.MainVideoMute", "On"),
        "Video.Input.MainVideo.Unmute" => state.set("Video.Input.MainVideoMute", "Off"),
        "Video.Layout.LayoutFamily.Set" => {
            let side = args.given("Target").unwrap_or("Local");
            state.set(
                &format!("Video.Layout.LayoutFamily.{side}"),
                args.text("LayoutFamily"),
            );
        }
        "Video.Input.SetMainVideoSource" => {
            let several = args
                .values
                .values()
                .filter_map(Value::as_array)
                .map(Vec::len)
                .sum::<usize>()
                > 1;
            let first = ["SourceId", "ConnectorId"]
                .iter()
                .find_map(|name| args.values.get(*name)?.get(0));
            if let Some(source) = first {
                let source = if several {
                    "Composed".to_owned()
                } else {
                    source.to_string()
                };
                state.set("Video.Input.MainVideoSource", source);
            }
        }
        "Video.Layout.SetLayout" => {
            state.set(
                "Video.Layout.CurrentLayouts.ActiveLayout",
                args.text("LayoutName"),
            );
        }
        "Conference.DoNotDisturb.Activate" => {
            state.set("Conference.DoNotDisturb", "Active");
            // The device ends it by itself; without a time it lasts a day.
            let minutes = args
                .number("Timeout")
                .and_then(|minutes| u64::try_from(minutes).ok());
            state.plan(
                Task::DoNotDisturb,
                Duration::from_secs(60 * minutes.filter(|m| *m > 0).unwrap_or(1440)),
            );
        }
        "Conference.DoNotDisturb.Deactivate" => end_do_not_disturb(state),
        "Proximity.Services.Activate" => state.set("Proximity.Services.Availability", "Available"),
        "Proximity.Services.Deactivate" => state.set("Proximity.Services.Availability", "Deactivated"),
        "Conference.SpeakerLock.Set" => {
            let call = in_call(state, args);
            let Some(call) = call else {
                return Some(Err(failed("there is no call for that")));
            };
            state.set("Conference.SpeakerLock.CallId", call);
            state.set("Conference.SpeakerLock.Mode", "Manual");
        }
        "Conference.SpeakerLock.Release" => {
            state.remove("Conference.SpeakerLock.CallId");
            state.set("Conference.SpeakerLock.Mode", "Auto");
        }
        "Conference.EndMeeting" | "Conference.TransferHostAndLeave" => {
            return calls::run(state, "Call.Disconnect", args);
        }
        // What others in a meeting see; without a call it cannot be done.
        "Conference.Hand.Lower" | "Conference.Hand.Raise" | "Conference.Reaction.Send" => {
            if in_call(state, args).is_none() {
                return Some(Err(failed("there is no call for that")));
            }
        }
        "Conference.Recording.Start" | "Conference.Recording.Resume" => {
            return Some(record(state, args, "Recording"));
        }
        "Conference.Recording.Pause" => return Some(record(state, args, "Paused")),
        "Conference.Recording.Stop" => return Some(record(state, args, "None")),
        "Message.Send" => state.emit("Message.Send", json!({ "Text": args.text("Text") })),
        _ => return None,
    }
    Some(done())
}

/// The connected call that a command means.
fn in_call(state: &State, args: &Args) -> Option<u32> {
    let wanted = args.number("CallId").filter(|id| *id > 0);
    let connected = |id: &u32| state.text(&format!("Call[{id}].Status")) == "Connected";
    state
        .indexes("Call")
        .into_iter()
        .filter(connected)
        .find(|id| wanted.is_none_or(|wanted| wanted == i64::from(*id)))
}

fn record(state: &mut State, args: &Args, to: &str) -> Outcome {
    let call = in_call(state, args).ok_or_else(|| failed("there is no call for that"))?;
    state.set(&format!("Conference.Call[{call}].Recording"), to);
    done()
}

pub(crate) fn end_do_not_disturb(state: &mut State) {
    state.agenda.cancel(Task::DoNotDisturb);
    state.set("Conference.DoNotDisturb", "Inactive");
}
