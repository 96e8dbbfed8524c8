//! `xDoc`: what the catalogue says about a subtree (local-device-xapi 5.8).

use hallway_xapi::catalogue::{FieldKind, Roles, ValueSpace};
use hallway_xapi::key::{Key, Segment};
use hallway_xapi::pattern::{ArraySpec, Pattern, Step};
use hallway_xapi::rpc::RpcError;
use hallway_xapi::tree;
use serde_json::{Map, Value, json};

use crate::query::{Document, Query};
use crate::schema::Schema;

/// The schema at and below a path.
pub(crate) fn describe(schema: &Schema, query: &Query) -> Result<Value, RpcError> {
    let all = Pattern::everything();
    let mut found = Map::new();
    let catalogue = schema.catalogue();
    match query.document {
        Document::Status => {
            for spec in catalogue
                .statuses(&all, None)
                .filter(|spec| query.means(&spec.path))
            {
                insert(
                    &mut found,
                    &spec.path,
                    json!({
                        "access": "public-api",
                        "read": names(spec.roles),
                        "ValueSpace": space(&spec.space),
                    }),
                );
            }
        }
        Document::Configuration => {
            for (key, spec) in schema.configurations(&all, query) {
                tree::insert(
                    &mut found,
                    &key,
                    json!({
                        "access": "public-api",
                        "read": names(spec.readers),
                        "role": names(spec.roles),
                        "default": spec.shown(&spec.default),
                        "ValueSpace": space(&spec.space),
                    }),
                );
            }
        }
        Document::Event => {
            for spec in catalogue
                .events(&all)
                .filter(|spec| query.means(&spec.path.clone().into()))
            {
                let mut node = json!({ "access": "public-api", "read": names(spec.roles) });
                for field in &spec.fields {
                    let kind = match &field.kind {
                        FieldKind::Integer => "Integer",
                        FieldKind::String => "String",
                        FieldKind::Literal(_) => "Literal",
                        FieldKind::Node { .. } => "Node",
                    };
                    node[field.name.as_str()] = json!({ "type": kind });
                }
                tree::insert(&mut found, &spec.path, node);
            }
        }
        Document::Command => {
            for spec in catalogue
                .commands(&all, None)
                .filter(|spec| query.means(&spec.path.clone().into()))
            {
                let mut node = json!({
                    "access": "public-api",
                    "command": "True",
                    "multiline": literal(spec.multiline),
                    "role": names(spec.roles),
                });
                for param in &spec.params {
                    node[param.name.as_str()] =
                        json!({ "required": literal(param.required), "ValueSpace": space(&param.space) });
                }
                tree::insert(&mut found, &spec.path, node);
            }
        }
        Document::Everything => {
            return Err(RpcError::not_found("name a document: Status, Configuration, ..."));
        }
    }
    if found.is_empty() {
        return Err(RpcError::not_found("there is no such path"));
    }
    // Down to where the path ends.
    let mut here = Value::Object(found);
    for segment in query.as_key().iter().flat_map(Key::segments) {
        let Value::Object(members) = &mut here else { break };
        let Some(name) = members
            .keys()
            .find(|name| name.eq_ignore_ascii_case(&segment.name))
            .cloned()
        else {
            break;
        };
        let next = members.remove(&name).unwrap_or(Value::Null);
        here = match next {
            Value::Array(mut items) if !items.is_empty() => items.swap_remove(0),
            other => other,
        };
    }
    Ok(here)
}

/// A list stands for all its items under its first index.
fn insert(found: &mut Map<String, Value>, path: &Pattern, node: Value) {
    let segments = path.steps().iter().map(|step| match step {
        Step::Named { name, array } => Some(Segment {
            name: name.clone(),
            index: array.map(|array| match array {
                ArraySpec::Index(i) | ArraySpec::Closed(i, _) | ArraySpec::Open(i) => i,
                ArraySpec::Any => 1,
            }),
        }),
        Step::Any => None,
    });
    if let Some(key) = segments.collect::<Option<Vec<_>>>().and_then(Key::from_segments) {
        tree::insert(found, &key, node);
    }
}

fn names(roles: Roles) -> String {
    let names: Vec<&str> = roles.iter().map(|role| role.name()).collect();
    names.join(";")
}

fn literal(flag: bool) -> &'static str {
    if flag { "True" } else { "False" }
}

fn space(space: &ValueSpace) -> Value {
    match space.item() {
        ValueSpace::Integer { min, max } => json!({ "type": "Integer", "Min": min, "Max": max }),
        ValueSpace::Literal(values) => json!({ "type": "Literal", "Value": values }),
        ValueSpace::String {
            min_length,
            max_length,
        } => {
            json!({ "type": "String", "MinLength": min_length, "MaxLength": max_length })
        }
        _ => json!({}),
    }
}
