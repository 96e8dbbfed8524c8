//! Volume and microphones.

use serde_json::{Value, json};

use super::{Args, Outcome, done};
use crate::state::State;

const LOUDEST: i64 = 100;

pub(crate) fn run(state: &mut State, command: &str, args: &Args) -> Option<Outcome> {
    match command {
        "Audio.Volume.Set" => {
            let device = args.text("Device");
            if device.is_empty() || device == "Internal" {
                set(state, args.number("Level").unwrap_or(0));
            } else {
                return None;
            }
        }
        "Audio.Volume.Increase" => step(state, args.number("Steps").unwrap_or(5)),
        "Audio.Volume.Decrease" => step(state, -args.number("Steps").unwrap_or(5)),
        "Audio.Volume.SetToDefault" => {
            let volume = default_volume(state);
            set(state, volume);
        }
        "Audio.Volume.Mute" => state.set("Audio.VolumeMute", "On"),
        "Audio.Volume.Unmute" => state.set("Audio.VolumeMute", "Off"),
        "Audio.Volume.ToggleMute" => toggle(state, "Audio.VolumeMute"),
        "Audio.Microphones.Mute" => microphones(state, "On"),
        "Audio.Microphones.Unmute" => microphones(state, "Off"),
        "Audio.Microphones.ToggleMute" => {
            let next = if state.text("Audio.Microphones.Mute") == "On" {
                "Off"
            } else {
                "On"
            };
            microphones(state, next);
        }
        "Audio.Microphones.MusicMode.Start" => state.set("Audio.Microphones.MusicMode", "On"),
        "Audio.Microphones.MusicMode.Stop" => state.set("Audio.Microphones.MusicMode", "Off"),
        "Audio.Microphones.NoiseRemoval.Activate" => state.set("Audio.Microphones.NoiseRemoval", "On"),
        "Audio.Microphones.NoiseRemoval.Deactivate" => state.set("Audio.Microphones.NoiseRemoval", "Off"),
        "Audio.Select" => state.set("Audio.SelectedDevice", args.text("Device")),
        _ => return None,
    }
    Some(done())
}

/// The volume after a restart.
pub(crate) fn default_volume(state: &State) -> i64 {
    state
        .configuration("Audio.DefaultVolume")
        .as_ref()
        .and_then(Value::as_i64)
        .unwrap_or(50)
}

fn set(state: &mut State, level: i64) {
    let level = level.clamp(0, LOUDEST);
    state.set("Audio.Volume", level);
    state.set("Audio.VolumeInternal", level);
    if level > 0 {
        state.set("Audio.VolumeMute", "Off");
    }
}

fn step(state: &mut State, by: i64) {
    let before = state.number("Audio.Volume");
    let after = before.saturating_add(by).clamp(0, LOUDEST);
    if after == before {
        state.emit("Audio.Volume.AlreadyAtLimit", json!({}));
    }
    set(state, after);
}

fn toggle(state: &mut State, path: &str) {
    let next = if state.text(path) == "On" { "Off" } else { "On" };
    state.set(path, next);
}

fn microphones(state: &mut State, mute: &str) {
    if state.text("Audio.Microphones.Mute") != mute {
        state.set("Audio.Microphones.Mute", mute);
        state.emit("Audio.MicrophonesMuteStatus", json!({ "Mute": mute }));
    }
}
