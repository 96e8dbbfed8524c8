//! Status trees, configurations and schemas as text for people.

use serde_json::{Map, Value};

use super::table::Table;

/// Deepest tree that is taken apart; below it, JSON is shown.
const DEEPEST: usize = 32;

/// The leaves of a tree: `Call[3].Status` and what it says.
pub(crate) fn leaves(tree: &Value) -> Vec<(String, String)> {
    let mut rows = Vec::new();
    collect(tree, "", 0, &mut rows);
    rows
}

fn collect(node: &Value, path: &str, depth: usize, rows: &mut Vec<(String, String)>) {
    let join = |name: &str| {
        if path.is_empty() {
            name.to_owned()
        } else {
            format!("{path}.{name}")
        }
    };
    match node {
        Value::Null if path.is_empty() => {}
        Value::Object(members) if depth < DEEPEST => {
            for (name, child) in members {
                collect(child, &join(name), depth + 1, rows);
            }
        }
        Value::Array(items) if depth < DEEPEST && items.iter().any(Value::is_object) => {
            for (i, item) in items.iter().enumerate() {
                list_item(item, path, i, depth, rows);
            }
        }
        other => rows.push((path.to_owned(), plain(other))),
    }
}

/// An item of a list carries its index as `id`; one that is a leaf itself has only a `value` beside it.
fn list_item(item: &Value, path: &str, position: usize, depth: usize, rows: &mut Vec<(String, String)>) {
    let Some(members) = item.as_object() else {
        rows.push((format!("{path}[{}]", position + 1), plain(item)));
        return;
    };
    let index = members
        .get("id")
        .map_or_else(|| (position + 1).to_string(), plain);
    let path = format!("{path}[{index}]");
    match (members.len(), members.get("value")) {
        (2, Some(value)) if members.contains_key("id") => collect(value, &path, depth + 1, rows),
        _ => {
            for (name, child) in members.iter().filter(|(name, _)| *name != "id") {
                collect(child, &format!("{path}.{name}"), depth + 1, rows);
            }
        }
    }
}

/// A value without the quotes of JSON.
pub(crate) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// One value alone as it is, several as a table.
pub(crate) fn aligned(rows: &[(String, String)]) -> String {
    if let [(_, value)] = rows {
        return if value.is_empty() {
            "\"\"".to_owned()
        } else {
            value.clone()
        };
    }
    if rows.is_empty() {
        return String::new();
    }
    let mut table = Table::new(&["PATH", "VALUE"]);
    for (path, value) in rows {
        table.row([path.clone(), value.clone()]);
    }
    table.render()
}

/// Configurations with their values and what they may be.
pub(crate) fn configurations(answer: &Value) -> String {
    let items = answer.get("items").and_then(Value::as_object);
    let mut table = Table::new(&["CONFIGURATION", "VALUE", "SOURCE", "DEFAULT", "ALLOWED"]);
    for (key, item) in items.into_iter().flatten() {
        let at = |pointer: &str| {
            item.pointer(pointer)
                .filter(|value| !value.is_null())
                .map(plain)
                .unwrap_or_default()
        };
        table.row([
            key.clone(),
            at("/value"),
            at("/source"),
            at("/sources/default/value"),
            item.get("valueSpace").map(space).unwrap_or_default(),
        ]);
    }
    table.or("")
}

/// What a device has, one table for statuses and one for commands.
pub(crate) fn schemas(answer: &Value) -> String {
    let mut statuses = Table::new(&["STATUS", "VALUE"]);
    let mut commands = Table::new(&["COMMAND", "ARGUMENTS"]);
    for device in answer.as_array().into_iter().flatten() {
        let members = |name: &str| {
            let members = device.get(name).and_then(Value::as_object);
            members.into_iter().flatten()
        };
        for (path, spec) in members("status") {
            statuses.row([path.clone(), spec.get("schema").map(space).unwrap_or_default()]);
        }
        for (path, spec) in members("commands") {
            commands.row([path.clone(), arguments(spec)]);
        }
    }
    let tables: Vec<String> = [statuses, commands]
        .iter()
        .filter(|table| !table.is_empty())
        .map(Table::render)
        .collect();
    if tables.is_empty() {
        "Nothing matches.".to_owned()
    } else {
        tables.join("\n")
    }
}

/// The arguments of a command; optional ones in brackets.
fn arguments(spec: &Value) -> String {
    let none = Map::new();
    let arguments = spec.get("arguments").and_then(Value::as_object).unwrap_or(&none);
    let mut shown: Vec<String> = arguments
        .iter()
        .map(|(name, argument)| {
            let space = argument.get("schema").map(space).unwrap_or_default();
            let required = argument.get("required").and_then(Value::as_bool).unwrap_or(false);
            if required {
                format!("{name}=<{space}>")
            } else {
                format!("[{name}=<{space}>]")
            }
        })
        .collect();
    if spec.get("bodySchema").is_some_and(|body| !body.is_null()) {
        shown.push("--body FILE".to_owned());
    }
    shown.join(" ")
}

/// What a JSON Schema allows, in a few characters: `0..100`, `On | Off`, `text, at most 255`.
fn space(schema: &Value) -> String {
    let number = |name: &str| schema.get(name).map(plain);
    if let Some(words) = schema.get("enum").and_then(Value::as_array) {
        let words: Vec<String> = words.iter().map(plain).collect();
        return words.join(" | ");
    }
    match schema.get("type").and_then(Value::as_str) {
        Some("integer") => match (number("minimum"), number("maximum")) {
            (Some(min), Some(max)) => format!("{min}..{max}"),
            (Some(min), None) => format!("at least {min}"),
            (None, Some(max)) => format!("at most {max}"),
            (None, None) => "integer".to_owned(),
        },
        Some("string") => match number("maxLength") {
            Some(max) => format!("text, at most {max}"),
            None => "text".to_owned(),
        },
        Some("array") => match schema.get("items") {
            Some(items) => format!("list of {}", space(items)),
            None => "list".to_owned(),
        },
        Some(other) => other.to_owned(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_tree_becomes_paths() {
        let tree = json!({
            "Audio": {"Volume": 75},
            "Call": [{"id": 3, "Status": "Connected"}, {"id": 7, "Status": "Ringing"}],
            "Slots": [{"id": 2, "value": "x"}],
            "Tags": ["a", "b"],
        });
        insta::assert_snapshot!(aligned(&leaves(&tree)), @r#"
        PATH            VALUE
        Audio.Volume    75
        Call[3].Status  Connected
        Call[7].Status  Ringing
        Slots[2]        x
        Tags            ["a","b"]
        "#);
        assert_eq!(aligned(&leaves(&json!({"Audio": {"Volume": 75}}))), "75");
        assert_eq!(aligned(&leaves(&json!({}))), "");
        assert_eq!(aligned(&leaves(&Value::Null)), "");
    }

    #[test]
    fn configurations_say_what_they_may_be() {
        let answer = json!({"deviceId": "d", "items": {
            "Audio.DefaultVolume": {"value": 40, "source": "configured",
                "sources": {"default": {"value": 50}, "configured": {"value": 40}},
                "valueSpace": {"type": "integer", "minimum": 0, "maximum": 100}},
            "Standby.Control": {"value": "On", "source": "default",
                "sources": {"default": {"value": "On"}, "configured": {"value": null}},
                "valueSpace": {"type": "string", "enum": ["Off", "On"]}},
        }});
        insta::assert_snapshot!(configurations(&answer), @r"
        CONFIGURATION        VALUE  SOURCE      DEFAULT  ALLOWED
        Audio.DefaultVolume  40     configured  50       0..100
        Standby.Control      On     default     On       Off | On
        ");
    }

    #[test]
    fn schemas_are_two_tables() {
        let answer = json!([{"deviceId": "d",
            "status": {"Audio.Volume": {"schema": {"type": "integer"}}},
            "commands": {"Macros.Macro.Save": {
                "arguments": {
                    "Name": {"required": true, "schema": {"type": "string", "maxLength": 250}},
                    "Roles": {"schema": {"type": "array", "items": {"type": "string"}}}},
                "bodySchema": {"schema": {"type": "string"}}}},
        }]);
        insta::assert_snapshot!(schemas(&answer), @r"
        STATUS        VALUE
        Audio.Volume  integer

        COMMAND            ARGUMENTS
        Macros.Macro.Save  Name=<text, at most 250> [Roles=<list of text>] --body FILE
        ");
    }
}
