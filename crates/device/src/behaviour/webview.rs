//! Web views, the light, and the list of external sources.

use serde_json::{Value, json};

use super::{Args, Outcome, done, failed, signage, standby, with};
use crate::state::State;

/// External sources that a device lists.
const MOST_SOURCES: usize = 100;

pub(crate) fn run(state: &mut State, command: &str, args: &Args) -> Option<Outcome> {
    match command {
        "UserInterface.WebView.Display" => display(state, args),
        "UserInterface.WebView.Clear" => close(state, args.given("Target").unwrap_or("OSD")),
        "WebEngine.DeleteStorage" => {
            let kind = args.text("Type");
            state.emit("WebEngine.DeleteStorage", json!({ "Type": kind }));
            // What a page had stored is gone: it starts again.
            if kind != "WebApps" {
                signage::reload(state);
            }
        }
        "UserInterface.LedControl.Color.Set" => {
            state.set("UserInterface.LedControl.Color", args.text("Color"))
        }
        "UserInterface.Presentation.ExternalSource.Add" => {
            let id = args.text("SourceIdentifier").to_owned();
            let sources = &mut state.messages.sources;
            if sources.len() >= MOST_SOURCES && !sources.contains_key(&id) {
                return Some(Err(failed("there are as many external sources as there can be")));
            }
            let mut source = args.values.clone();
            source.insert("State".to_owned(), "NotReady".into());
            sources.insert(id, source);
        }
        "UserInterface.Presentation.ExternalSource.Remove" => {
            let id = args.text("SourceIdentifier");
            if state.messages.sources.remove(id).is_none() {
                return Some(Err(failed(format!("there is no external source {id:?}"))));
            }
        }
        "UserInterface.Presentation.ExternalSource.RemoveAll" => state.messages.sources.clear(),
        "UserInterface.Presentation.ExternalSource.State.Set" => {
            let id = args.text("SourceIdentifier");
            let Some(source) = state.messages.sources.get_mut(id) else {
                return Some(Err(failed(format!("there is no external source {id:?}"))));
            };
            source.insert("State".to_owned(), args.text("State").into());
        }
        "UserInterface.Presentation.ExternalSource.List" => {
            let sources = state.messages.sources.values().enumerate().map(|(i, source)| {
                let mut shown = source.clone();
                shown.insert("id".to_owned(), json!(i + 1));
                Value::Object(shown)
            });
            return Some(with(json!({ "Source": sources.collect::<Vec<_>>() })));
        }
        "UserInterface.Presentation.ExternalSource.Select" => {
            let event = json!({ "SourceIdentifier": args.text("SourceIdentifier") });
            state.emit("UserInterface.Presentation.ExternalSource.Selected", event);
        }
        _ => return None,
    }
    Some(done())
}

/// Each target has its own place in the list.
fn place(target: &str) -> u32 {
    match target {
        "Controller" => 2,
        "PersistentWebApp" => 3,
        _ => 1,
    }
}

fn display(state: &mut State, args: &Args) {
    let target = args.given("Target").unwrap_or("OSD");
    let node = format!("UserInterface.WebView[{}]", place(target));
    if target != "PersistentWebApp" {
        standby::wake(state);
    }
    let kind = if target == "PersistentWebApp" {
        "WebApp"
    } else {
        "Integration"
    };
    state.set(&format!("{node}.Status"), "Visible");
    state.set(&format!("{node}.Type"), kind);
    state.set(&format!("{node}.URL"), args.text("Url"));
    let headers = match args.values.get("Header") {
        Some(Value::Array(headers)) => headers.iter().map(|header| json!({ "Header": header })).collect(),
        _ => Vec::new(),
    };
    let event = json!({
        "Headers": headers,
        "Mode": args.given("Mode").unwrap_or("Fullscreen"),
        "Options": args.text("Options"),
        "Target": target,
        "Title": args.text("Title"),
        "Url": args.text("Url"),
    });
    state.emit("UserInterface.WebView.Display", event);
}

/// Closes the web view of a target, if it is open.
pub(crate) fn close(state: &mut State, target: &str) {
    let node = format!("UserInterface.WebView[{}]", place(target));
    if state.text(&format!("{node}.Status")) == "Visible" {
        state.set(&format!("{node}.Status"), "NotVisible");
        state.set(&format!("{node}.Type"), "None");
        state.set(&format!("{node}.URL"), "");
        state.emit("UserInterface.WebView.Cleared", json!({ "Target": target }));
    }
}
