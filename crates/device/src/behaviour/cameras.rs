//! Cameras: positions, presets, tracking.

use std::collections::BTreeMap;

use hallway_xapi::rpc::RpcError;
use serde_json::{Value, json};

use super::{Args, Outcome, done, failed, with};
use crate::state::State;

/// Numbers of presets go up to this.
const MOST: i64 = 35;

#[derive(Debug, Clone)]
struct Preset {
    name: String,
    camera: i64,
    default: bool,
    position: [i64; 3],
}

/// What a device remembers of its cameras.
#[derive(Debug, Default)]
pub(crate) struct Presets {
    cameras: BTreeMap<i64, Preset>,
    rooms: BTreeMap<i64, (String, String)>,
}

const AXES: [&str; 3] = ["Pan", "Tilt", "Zoom"];

pub(crate) fn run(state: &mut State, command: &str, args: &Args) -> Option<Outcome> {
    let number = args.number("PresetId");
    Some(match command {
        "Camera.Preset.Store" => store(state, args),
        "Camera.Preset.Activate" => preset(state, number).and_then(|preset| {
            move_to(state, preset.camera, preset.position);
            let event = json!({ "CameraId": preset.camera, "PresetId": number });
            state.emit("CameraPresetActivated", event);
            done()
        }),
        "Camera.Preset.ActivateDefaultPosition" => {
            let camera = args.number("CameraId").unwrap_or(1);
            let preset = state
                .presets
                .cameras
                .values()
                .find(|preset| preset.default && preset.camera == camera);
            let position = preset.map_or([0; 3], |preset| preset.position);
            move_to(state, camera, position);
            done()
        }
        "Camera.Preset.Edit" => edit(state, args),
        "Camera.Preset.Show" => preset(state, number).and_then(|preset| {
            with(json!({
                "PresetId": number, "Name": preset.name, "CameraId": preset.camera,
            }))
        }),
        "Camera.Preset.Remove" => preset(state, number).and_then(|_| {
            state.presets.cameras.remove(&number.unwrap_or(0));
            state.emit("CameraPresetListUpdated", json!({}));
            done()
        }),
        "Camera.Preset.List" => list(state, args),
        "Camera.PositionSet" => {
            let camera = args.number("CameraId").unwrap_or(1);
            for axis in AXES.into_iter().chain(["Focus"]) {
                if let Some(value) = args.number(axis) {
                    state.set(&format!("Cameras.Camera[{camera}].Position.{axis}"), value);
                }
            }
            done()
        }
        "Camera.PositionReset" => {
            move_to(state, args.number("CameraId").unwrap_or(1), [0; 3]);
            done()
        }
        "Cameras.SpeakerTrack.Activate" => switch(state, "Cameras.SpeakerTrack.Status", "Active"),
        "Cameras.SpeakerTrack.Deactivate" => switch(state, "Cameras.SpeakerTrack.Status", "Inactive"),
        "Cameras.SpeakerTrack.BackgroundMode.Activate" => {
            switch(state, "Cameras.SpeakerTrack.BackgroundMode", "Active")
        }
        "Cameras.SpeakerTrack.BackgroundMode.Deactivate" => {
            switch(state, "Cameras.SpeakerTrack.BackgroundMode", "Inactive")
        }
        "Cameras.PresenterTrack.Set" => switch(state, "Cameras.PresenterTrack.Status", args.text("Mode")),
        "RoomPreset.Store" => {
            let id = number.unwrap_or(1);
            let stored = (args.text("Type").to_owned(), args.text("Description").to_owned());
            state.presets.rooms.insert(id, stored);
            show_rooms(state);
            done()
        }
        "RoomPreset.Clear" => {
            let id = number.unwrap_or(1);
            if state.presets.rooms.remove(&id).is_some() {
                state.remove(&format!("RoomPreset[{id}]"));
            }
            done()
        }
        "RoomPreset.Activate" if state.presets.rooms.contains_key(&number.unwrap_or(0)) => done(),
        "RoomPreset.Activate" => Err(failed("there is no such preset")),
        _ => return None,
    })
}

fn switch(state: &mut State, path: &str, to: &str) -> Outcome {
    state.set(path, to);
    done()
}

fn preset(state: &State, id: Option<i64>) -> Result<Preset, RpcError> {
    let found = id.and_then(|id| state.presets.cameras.get(&id));
    found.cloned().ok_or_else(|| failed("there is no such preset"))
}

fn move_to(state: &mut State, camera: i64, position: [i64; 3]) {
    for (axis, value) in AXES.into_iter().zip(position) {
        state.set(&format!("Cameras.Camera[{camera}].Position.{axis}"), value);
    }
}

fn store(state: &mut State, args: &Args) -> Outcome {
    let free = (1..=MOST).find(|id| !state.presets.cameras.contains_key(id));
    let id = args
        .number("PresetId")
        .or(free)
        .ok_or_else(|| failed("there are as many presets as there can be"))?;
    let camera = args.number("CameraId").unwrap_or(1);
    let position = AXES.map(|axis| state.number(&format!("Cameras.Camera[{camera}].Position.{axis}")));
    let name = args
        .given("Name")
        .map_or_else(|| format!("Preset {id}"), str::to_owned);
    let preset = Preset {
        name,
        camera,
        default: args.is_true("DefaultPosition"),
        position,
    };
    state.presets.cameras.insert(id, preset);
    state.emit("CameraPresetListUpdated", json!({}));
    with(json!({ "PresetId": id }))
}

fn edit(state: &mut State, args: &Args) -> Outcome {
    let id = args.number("PresetId").unwrap_or(0);
    let preset = state
        .presets
        .cameras
        .get_mut(&id)
        .ok_or_else(|| failed("there is no such preset"))?;
    if let Some(name) = args.given("Name") {
        preset.name = name.to_owned();
    }
    if args.given("DefaultPosition").is_some() {
        preset.default = args.is_true("DefaultPosition");
    }
    state.emit("CameraPresetListUpdated", json!({}));
    done()
}

fn list(state: &State, args: &Args) -> Outcome {
    let camera = args.number("CameraId");
    let presets = state
        .presets
        .cameras
        .iter()
        .filter(|(_, preset)| camera.is_none_or(|id| id == preset.camera));
    let presets: Vec<Value> = presets
        .enumerate()
        .map(|(i, (id, preset))| {
            json!({
                "id": i + 1,
                "PresetId": id,
                "Name": preset.name,
                "CameraId": preset.camera,
                "DefaultPosition": if preset.default { "True" } else { "False" },
            })
        })
        .collect();
    with(json!({ "Preset": presets }))
}

fn show_rooms(state: &mut State) {
    for (id, (kind, description)) in state.presets.rooms.clone() {
        state.set(&format!("RoomPreset[{id}].Defined"), "True");
        state.set(&format!("RoomPreset[{id}].Type"), kind);
        state.set(&format!("RoomPreset[{id}].Description"), description);
    }
}

pub(crate) fn fill_in(state: &mut State) {
    state.set("Cameras.Camera[1].Connected", "True");
    state.set("Cameras.Camera[1].Manufacturer", "Cisco");
    state.set("Cameras.Camera[1].Model", "Integrated");
    move_to(state, 1, [0; 3]);
    state.set("Cameras.SpeakerTrack.Availability", "Available");
    state.set("Cameras.SpeakerTrack.Status", "Inactive");
    state.set("Cameras.SpeakerTrack.BackgroundMode", "Inactive");
    show_rooms(state);
}
