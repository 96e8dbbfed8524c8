//! Reports on the wire: a device that dialled in sends them as requests `xFeedback/Event`, whose params hold
//! trees below `Status`, `Event` and `Configuration`.
//!
//! One frame holds changes of one document that do not get in each other's way, so the order in which things
//! happened is the order of the frames.

use serde_json::{Map, Value};

use crate::catalogue::Catalogue;
use crate::key::{Key, Segment};
use crate::link::{Change, Report};
use crate::tree::{self, Leaf};

/// When the device saw the changes, in milliseconds since 1970.
const AT: &str = "At";

/// The params of the frames that tell a report, in order. A configuration that is back at its default is
/// null.
pub fn report_to_params(report: &Report) -> Vec<Value> {
    let mut frames: Vec<Value> = Vec::new();
    let mut open: Option<(&'static str, Map<String, Value>, Vec<&Key>)> = None;
    let close = |open: Option<(&'static str, Map<String, Value>, Vec<&Key>)>, frames: &mut Vec<Value>| {
        if let Some((document, tree, _)) = open {
            let mut params = Map::new();
            params.extend(report.at_ms.map(|at| (AT.to_owned(), at.into())));
            params.insert(document.to_owned(), Value::Object(tree));
            frames.push(Value::Object(params));
        }
    };
    for change in &report.changes {
        let (document, key) = match change {
            Change::Status(key, _) | Change::StatusRemoved(key) => ("Status", key),
            Change::Event(key, _) => ("Event", key),
            Change::Configuration(key, _) => ("Configuration", key),
        };
        let joins = open.as_ref().is_some_and(|(have, _, keys)| {
            *have == document
                && !keys
                    .iter()
                    .any(|other| other.starts_with(key) || key.starts_with(other))
        });
        if !joins {
            close(open.take(), &mut frames);
        }
        let (_, tree, keys) = open.get_or_insert_with(|| (document, Map::new(), Vec::new()));
        match change {
            Change::Status(key, value) | Change::Event(key, value) => tree::insert(tree, key, value.clone()),
            Change::StatusRemoved(key) => insert_ghost(tree, key),
            Change::Configuration(key, value) => {
                tree::insert(tree, key, value.clone().unwrap_or(Value::Null))
            }
        }
        keys.push(key);
    }
    close(open, &mut frames);
    frames
}

/// Marks a node, or an item of a list, as gone: `{"id": 3, "ghost": "True"}`. The mark is a text, as on real
/// devices (local-device-xapi 5.7).
pub fn insert_ghost(tree: &mut Map<String, Value>, node: &Key) {
    // A leaf below the node makes the way to it; the mark then takes the leaf's place.
    tree::insert(tree, &node.child(Segment::plain("_")), Value::Null);
    let mut here = Some(tree);
    for segment in node.segments() {
        let next = here.and_then(|object| object.get_mut(segment.name.as_str()));
        here = match (next, segment.index) {
            (Some(Value::Object(inner)), None) => Some(inner),
            (Some(Value::Array(items)), Some(index)) => {
                let item = items.iter_mut().find(|item| tree::item_id(item) == Some(index));
                item.and_then(Value::as_object_mut)
            }
            _ => None,
        };
    }
    if let Some(object) = here {
        object.shift_remove("_");
        object.insert("ghost".to_owned(), "True".into());
    }
}

/// Reads the params of one frame. Keys get the spelling of the catalogue where it has them. In the tree of
/// events, the key is the path up to the node that the catalogue knows as an event, and what lies below is the
/// value (local-device-xapi 8). Other members are left out.
pub fn params_to_report(params: &Map<String, Value>, catalogue: &Catalogue) -> Report {
    let mut changes = Vec::new();
    let object = |name: &str| params.get(name).and_then(Value::as_object);
    for leaf in object("Status").map(tree::leaves).unwrap_or_default() {
        changes.push(match leaf {
            Leaf::Value(key, value) => Change::Status(canonical_status(catalogue, key), value),
            Leaf::Removed(key) => Change::StatusRemoved(canonical_status(catalogue, key)),
        });
    }
    if let Some(tree) = object("Event") {
        events(tree, &mut Vec::new(), catalogue, &mut changes);
    }
    for leaf in object("Configuration").map(tree::leaves).unwrap_or_default() {
        if let Leaf::Value(key, value) = leaf {
            let key = catalogue.canonical_configuration(&key).unwrap_or(key);
            changes.push(Change::Configuration(
                key,
                Some(value).filter(|value| !value.is_null()),
            ));
        }
    }
    Report {
        at_ms: params.get(AT).and_then(Value::as_i64),
        changes,
    }
}

fn canonical_status(catalogue: &Catalogue, key: Key) -> Key {
    catalogue.canonical_status(&key).unwrap_or(key)
}

/// Deepest node of an event that is looked at.
const MAX_DEPTH: usize = 24;

fn events(
    tree: &Map<String, Value>,
    path: &mut Vec<Segment>,
    catalogue: &Catalogue,
    found: &mut Vec<Change>,
) {
    for (name, value) in tree {
        let Value::Object(inner) = value else { continue };
        if path.len() >= MAX_DEPTH || crate::key::check_name(name, name).is_err() {
            continue;
        }
        path.push(Segment::plain(name.as_str()));
        if let Some(key) = Key::from_segments(path.clone()) {
            // A node with a leaf in it is an event too, one that the catalogue does not know yet.
            let ends = inner.is_empty() || inner.values().any(|value| !value.is_object());
            match catalogue.event(&key) {
                Some(spec) => {
                    found.push(Change::Event(
                        spec.path.clone(),
                        Value::Object(spec.normalize(inner)),
                    ));
                }
                None if ends => found.push(Change::Event(key, value.clone())),
                None => events(inner, path, catalogue, found),
            }
        }
        path.pop();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn there_and_back(changes: Vec<Change>) -> Vec<Value> {
        let report = Report {
            at_ms: Some(1_772_600_767_089),
            changes,
        };
        let frames = report_to_params(&report);
        let catalogue = Catalogue::builtin();
        let back: Vec<Change> = frames
            .iter()
            .flat_map(|frame| {
                let read = params_to_report(frame.as_object().unwrap(), &catalogue);
                assert_eq!(read.at_ms, report.at_ms);
                read.changes
            })
            .collect();
        assert_eq!(back, report.changes);
        frames
    }

    fn key(text: &str) -> Key {
        text.parse().unwrap()
    }

    #[test]
    fn reports_survive_the_wire_in_order() {
        let frames = there_and_back(vec![
            Change::Status(key("Audio.Volume"), json!(40)),
            Change::Status(key("Call[3].Status"), json!("Connected")),
            Change::Event(
                key("UserInterface.Extensions.Panel.Clicked"),
                json!({"PanelId": "a", "Target": "OSD"}),
            ),
            Change::Event(
                key("UserInterface.Extensions.Panel.Clicked"),
                json!({"PanelId": "b"}),
            ),
            Change::Event(key("UserInterface.Extensions.Panel.Close"), json!({})),
            Change::Status(key("Audio.Volume"), json!(41)),
            Change::Status(key("Audio.Volume"), json!(42)),
            Change::StatusRemoved(key("Call[3]")),
            Change::StatusRemoved(key("Bookings.Current.Id")),
            Change::Configuration(key("Audio.DefaultVolume"), Some(json!(40))),
            Change::Configuration(key("Audio.DefaultVolume"), None),
        ]);
        assert_eq!(frames.len(), 7);
        assert_eq!(
            frames[4]["Status"],
            json!({"Audio": {"Volume": 42}, "Call": [{"id": 3, "ghost": "True"}],
                "Bookings": {"Current": {"Id": {"ghost": "True"}}}})
        );
    }

    #[test]
    fn strange_frames_are_read_as_far_as_they_can_be() {
        let catalogue = Catalogue::builtin();
        let read = |frame: Value| params_to_report(frame.as_object().unwrap(), &catalogue).changes;
        assert_eq!(
            read(json!({"Status": 3, "Event": [], "Configuration": null, "At": "now"})),
            []
        );
        assert_eq!(
            read(json!({"Event": {"Strange": {"Thing": {"Value": 1}}, "1x": {}, "A": 5}})),
            [Change::Event(key("Strange.Thing"), json!({"Value": 1}))]
        );
        assert_eq!(
            read(json!({"Status": {"audio": {"volume": 1}, "Audio": {"volume": 2, "Volume": 3}}})),
            [Change::Status(key("Audio.Volume"), json!(3))]
        );
    }
}
