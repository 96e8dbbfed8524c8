//! The components of a contract: the shapes that operations name, each once.
//!
//! A shape can look different coming and going: what has a default may be left out of a request and is always
//! in an answer. So there are two generators; where they disagree, the request's side gets a name of its own.

use std::collections::BTreeSet;

use schemars::generate::{SchemaGenerator, SchemaSettings};
use serde_json::{Map, Value, json};

use crate::describe::MakeSchema;

/// Where components are.
const SENT: &str = "#/components/schemas/";
/// Where the request's side of them is until the document is finished.
const TAKEN: &str = "#/components/taken/";

/// Collects shapes while a document is written.
pub(super) struct Schemas {
    sent: SchemaGenerator,
    taken: SchemaGenerator,
}

impl Schemas {
    pub(super) fn new() -> Self {
        let sent = SchemaSettings::draft2020_12()
            .for_serialize()
            .with(|s| s.definitions_path = "/components/schemas".into());
        let taken = SchemaSettings::draft2020_12()
            .for_deserialize()
            .with(|s| s.definitions_path = "/components/taken".into());
        Self {
            sent: sent.into_generator(),
            taken: taken.into_generator(),
        }
    }

    /// The shape of something that is sent.
    pub(super) fn sent(&mut self, make: MakeSchema) -> Value {
        without_null(make(&mut self.sent).to_value())
    }

    /// The shape of something that is taken.
    pub(super) fn taken(&mut self, make: MakeSchema) -> Value {
        make(&mut self.taken).to_value()
    }

    /// The shapes by name; the references of the document are pointed to them.
    pub(super) fn finish(mut self, document: &mut Value) -> Map<String, Value> {
        let mut all: Map<String, Value> = self
            .sent
            .take_definitions(true)
            .into_iter()
            .map(|(name, shape)| (name, without_null(shape)))
            .collect();
        let taken = self.taken.take_definitions(true);
        let differing = differing(&all, &taken);
        let names: Map<String, Value> = taken
            .keys()
            .map(|name| {
                let new = if differing.contains(name) {
                    free_name(name, &all, &taken)
                } else {
                    name.clone()
                };
                (format!("{TAKEN}{name}"), format!("{SENT}{new}").into())
            })
            .collect();
        let point = |value: &mut Value| {
            each_reference(value, &mut |reference| {
                if let Some(Value::String(new)) = names.get(reference.as_str()) {
                    reference.clone_from(new);
                }
            });
        };
        for (name, mut shape) in taken {
            point(&mut shape);
            let new = names[&format!("{TAKEN}{name}")].as_str().unwrap_or_default();
            all.insert(new.trim_start_matches(SENT).to_owned(), shape);
        }
        point(document);
        all.sort_keys();
        all
    }
}

/// Names of taken shapes that do not look as the sent ones of the same name do, at any depth.
fn differing(sent: &Map<String, Value>, taken: &Map<String, Value>) -> BTreeSet<String> {
    let mut differing = BTreeSet::new();
    for (name, shape) in taken {
        let mut shape = shape.clone();
        each_reference(&mut shape, &mut |reference| {
            *reference = reference.replace(TAKEN, SENT);
        });
        if sent.get(name).is_some_and(|sent| *sent != shape) {
            differing.insert(name.clone());
        }
    }
    loop {
        let before = differing.len();
        for (name, shape) in taken {
            let mut leads_there = false;
            each_reference(&mut shape.clone(), &mut |reference| {
                leads_there |= differing.contains(reference.trim_start_matches(TAKEN));
            });
            if leads_there && sent.contains_key(name) {
                differing.insert(name.clone());
            }
        }
        if differing.len() == before {
            return differing;
        }
    }
}

fn free_name(name: &str, sent: &Map<String, Value>, taken: &Map<String, Value>) -> String {
    ["Request", "Input", "Taken"]
        .iter()
        .map(|suffix| format!("{name}{suffix}"))
        .find(|name| !sent.contains_key(name) && !taken.contains_key(name))
        .unwrap_or_else(|| format!("{name}RequestShape"))
}

/// Calls something with every `$ref` of a document.
fn each_reference(value: &mut Value, with: &mut impl FnMut(&mut String)) {
    match value {
        Value::Object(object) => {
            for (name, value) in object.iter_mut() {
                match value {
                    Value::String(reference) if name == "$ref" => with(reference),
                    _ => each_reference(value, with),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| each_reference(item, with)),
        _ => {}
    }
}

/// In answers a member that may be missing is never null: it is left out.
fn without_null(mut shape: Value) -> Value {
    let required: BTreeSet<String> = shape["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|name| name.as_str().map(ToOwned::to_owned))
        .collect();
    if let Some(members) = shape.get_mut("properties").and_then(Value::as_object_mut) {
        for (_, member) in members.iter_mut().filter(|(name, _)| !required.contains(*name)) {
            drop_null(member);
        }
    }
    shape
}

fn drop_null(member: &mut Value) {
    let Some(member) = member.as_object_mut() else {
        return;
    };
    if let Some(Value::Array(kinds)) = member.get_mut("type") {
        kinds.retain(|kind| kind != "null");
        if let [one] = kinds.as_slice() {
            let one = one.clone();
            member.insert("type".to_owned(), one);
        }
    }
    if let Some(Value::Array(words)) = member.get_mut("enum") {
        words.retain(|word| !word.is_null());
    }
    if let Some(Value::Array(kinds)) = member.get_mut("anyOf") {
        kinds.retain(|kind| *kind != json!({ "type": "null" }));
        if let [Value::Object(one)] = kinds.as_slice() {
            let one = one.clone();
            member.remove("anyOf");
            for (name, value) in one {
                member.entry(name).or_insert(value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use schemars::JsonSchema;
    use serde::{Deserialize, Serialize};

    use super::*;

    #[derive(Serialize, Deserialize, JsonSchema)]
    struct Same {
        text: String,
    }

    #[derive(Serialize, Deserialize, JsonSchema)]
    struct Changing {
        #[serde(default)]
        defaulted: bool,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        maybe: Option<Same>,
    }

    #[derive(Serialize, Deserialize, JsonSchema)]
    struct Around {
        inner: Changing,
    }

    #[test]
    fn what_differs_coming_and_going_has_two_names() {
        let mut schemas = Schemas::new();
        let make: MakeSchema = |schemas| schemas.subschema_for::<Around>();
        let mut document = json!({ "sent": schemas.sent(make), "taken": schemas.taken(make) });
        let all = schemas.finish(&mut document);
        assert_eq!(
            all.keys().collect::<Vec<_>>(),
            ["Around", "AroundRequest", "Changing", "ChangingRequest", "Same"]
        );
        assert_eq!(document["taken"]["$ref"], "#/components/schemas/AroundRequest");
        assert_eq!(document["sent"]["$ref"], "#/components/schemas/Around");
        assert_eq!(
            all["AroundRequest"]["properties"]["inner"]["$ref"],
            "#/components/schemas/ChangingRequest"
        );
        assert_eq!(all["Changing"]["required"], json!(["defaulted"]));
        assert_eq!(
            all["Changing"]["properties"]["maybe"],
            json!({ "$ref": "#/components/schemas/Same" }),
            "an answer leaves it out"
        );
        assert!(all["ChangingRequest"]["properties"]["maybe"]["anyOf"].is_array());
    }
}
