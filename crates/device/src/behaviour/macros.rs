//! Macros: they are kept, listed and switched, and not run. Integrations that install macros can be tested;
//! macros themselves cannot.

use std::collections::BTreeMap;

use hallway_xapi::rpc::RpcError;
use serde_json::{Map, Value, json};

use super::{Args, Outcome, done, failed, with};
use crate::state::State;

/// Macros that a device keeps, and the bytes of all of them.
const MOST: usize = 100;
const MOST_BYTES: usize = 8 * 1024 * 1024;

#[derive(Clone, Debug, Default)]
struct Macro {
    content: String,
    active: bool,
    roles: Vec<Value>,
}

/// The macros of a device.
#[derive(Debug)]
pub(crate) struct Macros {
    list: BTreeMap<String, Macro>,
    running: bool,
}

impl Default for Macros {
    fn default() -> Self {
        Self {
            list: BTreeMap::new(),
            running: true,
        }
    }
}

pub(crate) fn run(state: &mut State, command: &str, args: &Args) -> Option<Outcome> {
    let name = args.text("Name").to_owned();
    let event = json!({ "Name": name });
    Some(match command {
        "Macros.Macro.Save" => save(state, &name, args),
        "Macros.Macro.Get" => get(state, args),
        "Macros.Macro.Remove" => match state.macros.list.remove(&name) {
            Some(_) => tell(state, "Removed", event),
            None => Err(unknown(&name)),
        },
        "Macros.Macro.RemoveAll" => {
            for name in std::mem::take(&mut state.macros.list).into_keys() {
                state.emit("Macros.Macro.Removed", json!({ "Name": name }));
            }
            done()
        }
        "Macros.Macro.Activate" => switch(state, &name, true).and_then(|()| {
            state.emit("Macros.Macro.Activated", event.clone());
            if state.macros.running {
                state.emit("Macros.Macro.Started", event);
            }
            done()
        }),
        "Macros.Macro.Deactivate" => {
            switch(state, &name, false).and_then(|()| tell(state, "Deactivated", event))
        }
        "Macros.Macro.Rename" => rename(state, &name, args),
        "Macros.Macro.Roles.Set" => match state.macros.list.get_mut(&name) {
            Some(found) => {
                found.roles = args
                    .values
                    .get("Role")
                    .and_then(Value::as_array)
                    .cloned()
                    .unwrap_or_default();
                done()
            }
            None => Err(unknown(&name)),
        },
        "Macros.Runtime.Start" | "Macros.Runtime.Restart" => {
            state.macros.running = true;
            state.emit("Macros.Runtime.Reloading", json!({}));
            state.emit("Macros.Runtime.Ready", json!({}));
            done()
        }
        "Macros.Runtime.Stop" => {
            state.macros.running = false;
            done()
        }
        "Macros.Runtime.Status" => {
            let active = state.macros.list.values().filter(|item| item.active).count();
            let running = if state.macros.running { "True" } else { "False" };
            with(json!({ "ActiveMacros": active, "CrashCount": 0, "Running": running }))
        }
        "Macros.Log.Get" => with(json!({ "Entry": [], "Offset": args.number("Offset") })),
        "Macros.Log.Clear" => done(),
        _ => return None,
    })
}

fn unknown(name: &str) -> RpcError {
    failed(format!("there is no macro named {name:?}"))
}

fn tell(state: &mut State, event: &str, payload: Value) -> Outcome {
    state.emit(&format!("Macros.Macro.{event}"), payload);
    done()
}

fn switch(state: &mut State, name: &str, active: bool) -> Result<(), RpcError> {
    state
        .macros
        .list
        .get_mut(name)
        .ok_or_else(|| unknown(name))?
        .active = active;
    Ok(())
}

fn save(state: &mut State, name: &str, args: &Args) -> Outcome {
    let list = &mut state.macros.list;
    if name.is_empty() {
        return Err(failed("the name is empty"));
    }
    if list.contains_key(name) && args.given("Overwrite").is_some() && !args.is_true("Overwrite") {
        return Err(failed("there is a macro of this name already"));
    }
    let others: usize = list
        .iter()
        .filter(|(other, _)| *other != name)
        .map(|(_, m)| m.content.len())
        .sum();
    if others + args.body_text().len() > MOST_BYTES || (!list.contains_key(name) && list.len() >= MOST) {
        return Err(failed("there is no room for more macros"));
    }
    list.entry(name.to_owned()).or_default().content = args.body_text().to_owned();
    tell(state, "Saved", json!({ "Name": name }))
}

fn rename(state: &mut State, name: &str, args: &Args) -> Outcome {
    let new = args.text("NewName");
    if state.macros.list.contains_key(new) && !args.is_true("Overwrite") {
        return Err(failed("there is a macro of the new name already"));
    }
    let found = state.macros.list.remove(name).ok_or_else(|| unknown(name))?;
    state.macros.list.insert(new.to_owned(), found);
    tell(state, "Renamed", json!({ "Name": name, "NewName": new }))
}

fn get(state: &State, args: &Args) -> Outcome {
    let wanted = args.given("Name");
    if let Some(name) = wanted.filter(|name| !state.macros.list.contains_key(*name)) {
        return Err(unknown(name));
    }
    let found = state
        .macros
        .list
        .iter()
        .filter(|(name, _)| wanted.is_none_or(|wanted| wanted == *name));
    let items: Vec<Value> = found
        .enumerate()
        .map(|(i, (name, item))| {
            let mut shown = Map::new();
            shown.insert("id".to_owned(), json!(i + 1));
            shown.insert("Name".to_owned(), json!(name));
            shown.insert(
                "Active".to_owned(),
                json!(if item.active { "True" } else { "False" }),
            );
            if !item.roles.is_empty() {
                shown.insert("Role".to_owned(), json!(item.roles));
            }
            if args.is_true("Content") {
                shown.insert("Content".to_owned(), json!(item.content));
            }
            Value::Object(shown)
        })
        .collect();
    with(json!({ "Macro": items }))
}
