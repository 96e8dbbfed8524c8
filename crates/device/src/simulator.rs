//! The test hooks: what only a simulated device can be told. They set any status that the catalogue has,
//! raise events, let somebody call, and restart the device.

use hallway_xapi::key::Key;
use hallway_xapi::rpc::{RpcError, code};
use serde_json::{Map, Value, json};

use crate::behaviour::{self, Args, boot, calls, rooms, standby, web_app};
use crate::device::SimulatedDevice;
use crate::methods::with_hint;
use crate::screen;
use crate::state::State;

/// Answers `xSimulator/<hook>`.
pub(crate) async fn call(
    device: &SimulatedDevice,
    hook: &str,
    params: Map<String, Value>,
) -> Result<Value, RpcError> {
    device.transact(|state| run(state, hook, params)).await
}

fn run(state: &mut State, hook: &str, params: Map<String, Value>) -> Result<Value, RpcError> {
    let ok = || json!({ "status": "OK" });
    match hook {
        "SetStatus" => {
            let (key, value) = checked_status(
                state,
                &status_key(&params)?,
                params.get("Value").unwrap_or(&Value::Null),
            )?;
            state.set_key(key.clone(), value.clone());
            behaviour::observed(state, &key);
            Ok(json!({ "status": "OK", "Key": key, "Value": value }))
        }
        "RemoveStatus" => {
            let key = canonical_status(state, &status_key(&params)?)?;
            let removed = state.remove_key(&key);
            behaviour::observed(state, &key);
            Ok(json!({ "status": "OK", "Removed": removed }))
        }
        "SetMany" => {
            let mut updated = Vec::new();
            for (path, value) in params
                .get("Updated")
                .and_then(Value::as_object)
                .into_iter()
                .flatten()
            {
                updated.push(checked_status(state, &parse(path)?, value)?);
            }
            let mut removed = Vec::new();
            for path in params
                .get("Removed")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
            {
                let path = path
                    .as_str()
                    .ok_or_else(|| invalid("Removed must be a list of keys"))?;
                removed.push(canonical_status(state, &parse(path)?)?);
            }
            for (key, value) in &updated {
                state.set_key(key.clone(), value.clone());
            }
            for key in &removed {
                state.remove_key(key);
            }
            for key in updated.iter().map(|(key, _)| key).chain(&removed) {
                behaviour::observed(state, key);
            }
            Ok(ok())
        }
        "Emit" => {
            let path = text(&params, "Event")?;
            let value = match params.get("Value") {
                None | Some(Value::Null) => Map::new(),
                Some(Value::Object(value)) => value.clone(),
                Some(_) => return Err(invalid("Value must be an object: the payload of the event")),
            };
            let key = parse(path)?;
            let schema = state.schema.clone();
            let spec = schema
                .catalogue()
                .event(&key)
                .ok_or_else(|| RpcError::not_found("there is no such event"))?;
            let value = Value::Object(spec.normalize(&value));
            state.emit_key(spec.path.clone(), value);
            Ok(ok())
        }
        // People come and go: what a camera sees follows from their number.
        "People" => {
            let count = params.get("Count").and_then(Value::as_i64);
            let count = count.ok_or_else(|| invalid("the member Count is missing: a whole number"))?;
            rooms::people(state, count);
            Ok(ok())
        }
        // What the room feels like; each member is left out where it did not change.
        "Climate" => {
            rooms::climate(state, &params);
            Ok(ok())
        }
        "Reboot" => {
            boot::order(state, crate::state::Power::Booting)?;
            Ok(ok())
        }
        "IncomingCall" => {
            let name = params
                .get("DisplayName")
                .and_then(Value::as_str)
                .unwrap_or("Somebody");
            let id = calls::incoming(state, name, text(&params, "Number")?)?;
            Ok(json!({ "status": "OK", "CallId": id }))
        }
        "RemoteHangUp" => {
            let id = params.get("CallId").and_then(Value::as_i64).unwrap_or(0);
            calls::remote_hang_up(state, id)?;
            Ok(ok())
        }
        // A booking as the calendar service would push it, with an organizer.
        "PutBooking" => {
            behaviour::bookings::put(state, &params).map(|id| json!({ "status": "OK", "Id": id }))
        }
        // A finger on the main screen, or on the touch panel.
        "Touch" if !params.contains_key("Command") => {
            let panel = params.get("On").and_then(Value::as_str) == Some("Panel");
            standby::touched(state, panel);
            Ok(ok())
        }
        // What somebody does at the touch panel: the same as the command of that name.
        "Touch" => {
            let command = text(&params, "Command")?.to_owned();
            let values = params
                .get("Arguments")
                .and_then(Value::as_object)
                .cloned()
                .unwrap_or_default();
            behaviour::run(state, &command, &Args { values, body: None }).map(|_| ok())
        }
        "Screen" => serde_json::to_value(screen::of(state))
            .map_err(|error| RpcError::new(code::INTERNAL, error.to_string())),
        // What the web engine of a Navigator does when its page may reach the xAPI.
        "WebAppKey" => {
            let issued = web_app::issue_key(state, text(&params, "Serial")?)?;
            Ok(json!({
                "status": "OK",
                "Key": issued.key.expose(),
                "ExpiresMs": issued.expires_ms,
                "WebAppUrl": issued.url,
                "LocalUrl": state.local_url,
            }))
        }
        _ => Err(RpcError::not_found("there is no such hook")),
    }
}

fn status_key(params: &Map<String, Value>) -> Result<Key, RpcError> {
    let path = params.get("Path").or_else(|| params.get("Key"));
    match path {
        Some(Value::String(path)) => parse(path),
        _ => Err(invalid(
            "the member Path is missing: a key like RoomAnalytics.PeopleCount.Current",
        )),
    }
}

fn parse(path: &str) -> Result<Key, RpcError> {
    path.parse().map_err(|error| invalid(&format!("{error}")))
}

fn text<'a>(params: &'a Map<String, Value>, name: &str) -> Result<&'a str, RpcError> {
    params
        .get(name)
        .and_then(Value::as_str)
        .ok_or_else(|| invalid(&format!("the member {name} is missing")))
}

fn invalid(text: &str) -> RpcError {
    RpcError::new(code::INVALID_PARAMS, text)
}

/// The status in its canonical spelling, and the value in its value space.
fn checked_status(state: &State, key: &Key, value: &Value) -> Result<(Key, Value), RpcError> {
    let unknown = || RpcError::not_found(format!("there is no status {key}"));
    let Some(spec) = state.schema.status(key) else {
        return Err(with_hint(unknown(), state.schema.near_statuses(key)));
    };
    let value = spec
        .space
        .coerce(value)
        .map_err(|error| RpcError::illegal_value(code::INVALID_PARAMS, format!("{key}: {error}")))?;
    let key = state
        .schema
        .catalogue()
        .canonical_status(key)
        .ok_or_else(unknown)?;
    Ok((key, value))
}

fn canonical_status(state: &State, key: &Key) -> Result<Key, RpcError> {
    state.schema.catalogue().canonical_status(key).ok_or_else(|| {
        with_hint(
            RpcError::not_found(format!("there is no status {key}")),
            state.schema.near_statuses(key),
        )
    })
}
