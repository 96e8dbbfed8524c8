//! SCIM PATCH (RFC 7644, 3.5.2), on the JSON of a resource.

use hallway_wire::scim::PatchOperation;
use serde_json::{Map, Value};

use super::filter::{Filter, path};
use crate::error::{Error, Result};

/// Most steps in one request.
const MAX_STEPS: usize = 500;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verb {
    Add,
    Replace,
    Remove,
}

/// A path of a step: `emails[type eq "work"].value` is attribute, filter, attribute.
struct Target {
    path: Vec<String>,
    within: Option<Filter>,
    inner: Option<String>,
}

fn target(text: &str) -> Result<Target> {
    let Some((before, rest)) = text.split_once('[') else {
        return Ok(Target {
            path: path(text.trim()),
            within: None,
            inner: None,
        });
    };
    let (filter, after) = rest
        .rsplit_once(']')
        .ok_or_else(|| Error::invalid("path: a closing square bracket is missing"))?;
    let inner = after.trim().strip_prefix('.').map(ToOwned::to_owned);
    if !after.trim().is_empty() && inner.is_none() {
        return Err(Error::invalid(format!("path: {after:?} cannot be understood")));
    }
    Ok(Target {
        path: path(before.trim()),
        within: Some(Filter::parse(filter)?),
        inner,
    })
}

/// The key of an object as it is spelled there, or as it is asked for.
fn spelled(object: &Map<String, Value>, name: &str) -> String {
    let there = object.keys().find(|key| key.eq_ignore_ascii_case(name));
    there.map_or_else(|| name.to_owned(), Clone::clone)
}

/// Applies the steps, one after the other.
///
/// # Errors
/// A step that cannot be understood, or leads nowhere; it is named by its number.
pub(super) fn apply(resource: &mut Value, steps: &[PatchOperation]) -> Result<()> {
    if steps.is_empty() {
        return Err(Error::invalid("Operations: is missing or empty"));
    }
    if steps.len() > MAX_STEPS {
        return Err(Error::invalid(format!("Operations: at most {MAX_STEPS}")));
    }
    for (at, step) in steps.iter().enumerate() {
        one(resource, step).map_err(|error| Error::invalid(format!("Operations[{at}]: {error}")))?;
    }
    Ok(())
}

fn one(resource: &mut Value, step: &PatchOperation) -> Result<()> {
    let verb = match step.op.to_ascii_lowercase().as_str() {
        "add" => Verb::Add,
        "replace" => Verb::Replace,
        "remove" => Verb::Remove,
        _ => {
            return Err(Error::invalid(format!(
                "op: must be add, replace or remove, not {:?}",
                step.op
            )));
        }
    };
    let value = step.value.clone().filter(|value| !value.is_null());
    let Some(text) = step.path.as_deref().filter(|path| !path.trim().is_empty()) else {
        return whole(resource, verb, value);
    };
    let target = target(text)?;
    let Some((last, outer)) = target.path.split_last() else {
        return Err(Error::invalid("path: is empty"));
    };
    let mut object = resource
        .as_object_mut()
        .ok_or_else(|| Error::invalid("path: leads through something that is no object"))?;
    for name in outer {
        let key = spelled(object, name);
        if verb == Verb::Remove && !object.contains_key(&key) {
            return Ok(());
        }
        object = object
            .entry(key)
            .or_insert_with(|| Value::Object(Map::new()))
            .as_object_mut()
            .ok_or_else(|| Error::invalid(format!("path: {name} has no attributes")))?;
    }
    let key = spelled(object, last);
    if let Some(filter) = &target.within {
        return within(object, &key, filter, target.inner.as_deref(), verb, value);
    }
    match (verb, value) {
        // Members that are named are taken out of a list; without a value all of it goes.
        (Verb::Remove, Some(Value::Array(gone))) => {
            if let Some(Value::Array(items)) = object.get_mut(&key) {
                items.retain(|item| !gone.iter().any(|gone| same(item, gone)));
            }
        }
        (Verb::Remove, _) => {
            object.remove(&key);
        }
        (_, None) => return Err(Error::invalid("value: is missing")),
        (Verb::Add, Some(value)) => add(object, key, value),
        (Verb::Replace, Some(value)) => {
            object.insert(key, value);
        }
    }
    Ok(())
}

/// Members of lists are the same if their `value` is.
fn same(one: &Value, other: &Value) -> bool {
    let value = |item: &Value| item.get("value").cloned().unwrap_or_else(|| item.clone());
    value(one) == value(other)
}

fn add(object: &mut Map<String, Value>, key: String, value: Value) {
    match (object.get_mut(&key), value) {
        (Some(Value::Array(items)), Value::Array(more)) => {
            for new in more {
                items.retain(|item| !same(item, &new));
                items.push(new);
            }
        }
        (Some(Value::Array(items)), new) => {
            items.retain(|item| !same(item, &new));
            items.push(new);
        }
        (Some(Value::Object(there)), Value::Object(more)) => there.extend(more),
        (_, value) => {
            object.insert(key, value);
        }
    }
}

fn whole(resource: &mut Value, verb: Verb, value: Option<Value>) -> Result<()> {
    let (Some(object), Some(Value::Object(value))) = (resource.as_object_mut(), value) else {
        return Err(Error::invalid("path: is missing, and value is no object"));
    };
    for (name, value) in value {
        // Some clients put paths into the names.
        let step = PatchOperation {
            op: String::new(),
            path: Some(name.clone()),
            value: Some(value),
        };
        let key = spelled(object, &name);
        match verb {
            Verb::Remove => return Err(Error::invalid("path: is missing")),
            Verb::Add => add(object, key, step.value.unwrap_or_default()),
            Verb::Replace => {
                object.insert(key, step.value.unwrap_or_default());
            }
        }
    }
    Ok(())
}

fn within(
    object: &mut Map<String, Value>,
    key: &str,
    filter: &Filter,
    inner: Option<&str>,
    verb: Verb,
    value: Option<Value>,
) -> Result<()> {
    let items = match object.get_mut(key) {
        Some(Value::Array(items)) => items,
        _ if verb == Verb::Remove => return Ok(()),
        _ => return Err(Error::invalid(format!("path: {key} is no list"))),
    };
    match (verb, inner) {
        (Verb::Remove, None) => items.retain(|item| !filter.fits(item)),
        (Verb::Remove, Some(inner)) => {
            for item in items.iter_mut().filter(|item| filter.fits(item)) {
                if let Some(item) = item.as_object_mut() {
                    let key = spelled(item, inner);
                    item.remove(&key);
                }
            }
        }
        (Verb::Add | Verb::Replace, inner) => {
            let value = value.ok_or_else(|| Error::invalid("value: is missing"))?;
            let mut any = false;
            for item in items.iter_mut().filter(|item| filter.fits(item)) {
                any = true;
                match (inner, item.as_object_mut()) {
                    (Some(inner), Some(item)) => {
                        let key = spelled(item, inner);
                        item.insert(key, value.clone());
                    }
                    (None, _) => *item = value.clone(),
                    (Some(_), None) => return Err(Error::invalid(format!("path: {key} has no attributes"))),
                }
            }
            if !any {
                return Err(Error::invalid(format!("path: nothing in {key} fits")));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn patched(steps: Value) -> Result<Value> {
        let mut resource = json!({
            "displayName": "Ada", "name": { "givenName": "Ada" },
            "emails": [{ "value": "a@b.c", "type": "work" }, { "value": "h@b.c", "type": "home" }],
        });
        let steps: Vec<PatchOperation> = serde_json::from_value(steps).unwrap();
        apply(&mut resource, &steps).map(|()| resource)
    }

    #[test]
    fn attributes_change() {
        let done = patched(json!([
            { "op": "Replace", "path": "displayname", "value": "Countess" },
            { "op": "add", "path": "name.familyName", "value": "Lovelace" },
            { "op": "remove", "path": "name.givenName" },
            { "op": "remove", "path": "title" },
            { "op": "add", "value": { "nickName": "A" } },
            { "op": "add", "path": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", "value": "E" },
        ]))
        .unwrap();
        assert_eq!(done["displayName"], "Countess");
        assert_eq!(done["name"], json!({ "familyName": "Lovelace" }));
        assert_eq!(done["nickName"], "A");
        assert_eq!(done[hallway_wire::scim::ENTERPRISE]["department"], "E");
    }

    #[test]
    fn lists_change() {
        let done = patched(json!([
            { "op": "replace", "path": "emails[type eq \"work\"].value", "value": "w@b.c" },
            { "op": "remove", "path": "emails[type eq \"home\"]" },
            { "op": "add", "path": "emails", "value": [{ "value": "x@b.c", "type": "other" }] },
        ]))
        .unwrap();
        assert_eq!(
            done["emails"],
            json!([{ "value": "w@b.c", "type": "work" }, { "value": "x@b.c", "type": "other" }])
        );
        let done =
            patched(json!([{ "op": "remove", "path": "emails", "value": [{ "value": "a@b.c" }] }])).unwrap();
        assert_eq!(done["emails"].as_array().unwrap().len(), 1);
    }

    #[test]
    fn bad_steps_say_which() {
        for steps in [
            json!([]),
            json!([{ "op": "move", "path": "x", "value": 1 }]),
            json!([{ "op": "add", "path": "x" }]),
            json!([{ "op": "remove" }]),
            json!([{ "op": "add", "value": "x" }]),
            json!([{ "op": "replace", "path": "emails[type eq \"pager\"].value", "value": "x" }]),
            json!([{ "op": "add", "path": "emails[type", "value": "x" }]),
            json!([{ "op": "add", "path": "displayName.x", "value": "x" }]),
        ] {
            let error = patched(steps.clone()).unwrap_err().to_string();
            assert!(error.contains("Operations"), "{steps}: {error}");
        }
    }
}
