//! Trees of values: the nested JSON that devices and `/xapi/status` speak, and the flat keys of
//! notifications.
//!
//! A list is an array of objects that carry an integer `id`; an item that is itself a leaf is
//! `{"id": 4, "value": leaf}`; a removed item carries `"ghost": "True"`.

use serde_json::{Map, Value, json};

use crate::key::{Key, Segment};

/// Puts a leaf into a tree, and makes the nodes on the way.
pub fn insert(tree: &mut Map<String, Value>, key: &Key, value: Value) {
    insert_at(tree, key.segments(), value);
}

fn insert_at(object: &mut Map<String, Value>, segments: &[Segment], value: Value) {
    let Some((first, rest)) = segments.split_first() else {
        return;
    };
    match first.index {
        None if rest.is_empty() => {
            object.insert(first.name.to_string(), value);
        }
        None => {
            let next = object
                .entry(first.name.as_str())
                .or_insert_with(|| Value::Object(Map::new()));
            if !next.is_object() {
                *next = Value::Object(Map::new());
            }
            if let Value::Object(next) = next {
                insert_at(next, rest, value);
            }
        }
        Some(index) => {
            let list = object
                .entry(first.name.as_str())
                .or_insert_with(|| Value::Array(Vec::new()));
            if !list.is_array() {
                *list = Value::Array(Vec::new());
            }
            let Value::Array(items) = list else { return };
            // Items stay in the order of their ids.
            let at = match items.binary_search_by_key(&index, |item| item_id(item).unwrap_or(u32::MAX)) {
                Ok(at) => at,
                Err(at) => {
                    items.insert(at, json!({ "id": index }));
                    at
                }
            };
            if let Value::Object(item) = &mut items[at] {
                if rest.is_empty() {
                    item.insert("value".to_owned(), value);
                } else {
                    insert_at(item, rest, value);
                }
            }
        }
    }
}

/// Builds a tree from leaves.
pub fn from_leaves<'a>(leaves: impl IntoIterator<Item = (&'a Key, Value)>) -> Map<String, Value> {
    let mut tree = Map::new();
    for (key, value) in leaves {
        insert(&mut tree, key, value);
    }
    tree
}

/// One thing found while a tree is taken apart.
#[derive(Clone, Debug, PartialEq)]
pub enum Leaf {
    Value(Key, Value),
    /// The item, or the node, is gone.
    Removed(Key),
}

/// Takes a tree apart into leaves. Lower-case members (`id`, `ghost`) are attributes, not nodes. What is no
/// key (a member with a name that no key can have) is left out.
pub fn leaves(tree: &Map<String, Value>) -> Vec<Leaf> {
    let mut found = Vec::new();
    let mut path = Vec::with_capacity(6);
    object_leaves(tree, &mut path, &mut found);
    found
}

/// Depth beyond which a tree is not followed: real ones have at most ten levels.
const MAX_DEPTH: usize = 24;

fn object_leaves(object: &Map<String, Value>, path: &mut Vec<Segment>, found: &mut Vec<Leaf>) {
    if path.len() >= MAX_DEPTH {
        return;
    }
    for (name, value) in object {
        if !name.starts_with(|c: char| c.is_ascii_uppercase() || c == '_') {
            continue;
        }
        if crate::key::check_name(name, name).is_err() {
            continue;
        }
        match value {
            Value::Object(inner) => {
                path.push(Segment::plain(name.as_str()));
                if ghost(inner) {
                    found.extend(Key::from_segments(path.clone()).map(Leaf::Removed));
                } else {
                    object_leaves(inner, path, found);
                }
                path.pop();
            }
            Value::Array(items) if items.iter().all(|item| item_id(item).is_some()) => {
                for item in items {
                    let (Some(index), Value::Object(inner)) = (item_id(item), item) else {
                        continue;
                    };
                    path.push(Segment::item(name.as_str(), index));
                    if ghost(inner) {
                        found.extend(Key::from_segments(path.clone()).map(Leaf::Removed));
                    } else if let Some(value) = inner.get("value").or_else(|| inner.get("Value")) {
                        found.extend(
                            Key::from_segments(path.clone()).map(|key| Leaf::Value(key, value.clone())),
                        );
                    } else {
                        object_leaves(inner, path, found);
                    }
                    path.pop();
                }
            }
            leaf => {
                path.push(Segment::plain(name.as_str()));
                found.extend(Key::from_segments(path.clone()).map(|key| Leaf::Value(key, leaf.clone())));
                path.pop();
            }
        }
    }
}

fn ghost(object: &Map<String, Value>) -> bool {
    match object.get("ghost") {
        Some(Value::String(text)) => text.eq_ignore_ascii_case("true"),
        Some(Value::Bool(flag)) => *flag,
        _ => false,
    }
}

/// The index of a list item: the member `id`, an integer or a numeric string.
pub fn item_id(item: &Value) -> Option<u32> {
    match item.get("id")? {
        Value::Number(number) => number.as_u64().and_then(|n| u32::try_from(n).ok()),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_become_arrays_with_ids() {
        let leaves_in = [
            ("Call[3].Status", json!("Connected")),
            ("Call[1].Status", json!("Ringing")),
            ("Audio.Volume", json!(50)),
        ];
        let keys: Vec<(Key, Value)> = leaves_in
            .iter()
            .map(|(k, v)| (k.parse().unwrap(), v.clone()))
            .collect();
        let tree = from_leaves(keys.iter().map(|(k, v)| (k, v.clone())));
        assert_eq!(
            Value::Object(tree.clone()),
            json!({"Call": [{"id": 1, "Status": "Ringing"}, {"id": 3, "Status": "Connected"}], "Audio": {"Volume": 50}})
        );
        let mut back: Vec<_> = leaves(&tree);
        let mut expected: Vec<_> = keys.into_iter().map(|(k, v)| Leaf::Value(k, v)).collect();
        let name = |leaf: &Leaf| match leaf {
            Leaf::Value(k, _) | Leaf::Removed(k) => k.to_string(),
        };
        back.sort_by_key(name);
        expected.sort_by_key(name);
        assert_eq!(back, expected);
    }

    #[test]
    fn ghosts_are_removals() {
        let tree = json!({"Call": [{"id": "3", "ghost": "True"}]});
        assert_eq!(
            leaves(tree.as_object().unwrap()),
            vec![Leaf::Removed("Call[3]".parse().unwrap())]
        );
    }
}
