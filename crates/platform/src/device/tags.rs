//! Tags of a device, changed by JSON patch (xapi 10): the one member that `PATCH /devices/{id}` knows.

use hallway_wire::device::TagOperation;
use serde_json::Value;

use crate::error::{Error, Result};

/// Most tags of a device.
pub(crate) const MAX_TAGS: usize = 100;
/// Longest tag, in characters.
pub(crate) const MAX_TAG: usize = 256;

/// Carries operations out in order, all or none. `add` appends what is not there yet, `replace` sets the list,
/// `remove` empties it, whatever its value says.
///
/// # Errors
/// No operation; an unknown `op` or `path`; a value that is no list of tags; more tags than a device may have.
pub(crate) fn patch(tags: &[String], operations: &[TagOperation]) -> Result<Vec<String>> {
    if operations.is_empty() {
        return Err(Error::invalid("The patch must hold at least one operation."));
    }
    let mut tags = tags.to_vec();
    for (index, operation) in operations.iter().enumerate() {
        let fault = |message: String| Error::invalid(format!("operation {index}: {message}"));
        let path = operation.path.strip_prefix('/').unwrap_or(&operation.path);
        if path != "tags" {
            return Err(fault(format!(
                "path: only tags can be changed, not {:?}",
                operation.path
            )));
        }
        match operation.op.as_str() {
            "add" => append(&mut tags, read(operation).map_err(fault)?),
            "replace" => {
                tags.clear();
                append(&mut tags, read(operation).map_err(fault)?);
            }
            "remove" => tags.clear(),
            other => {
                return Err(fault(format!(
                    "op: must be add, replace or remove, not {other:?}"
                )));
            }
        }
        if tags.len() > MAX_TAGS {
            return Err(fault(format!("value: a device has at most {MAX_TAGS} tags")));
        }
    }
    Ok(tags)
}

fn append(tags: &mut Vec<String>, more: Vec<String>) {
    for tag in more {
        if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
}

/// The tags of an operation. A comma would make a tag that no filter can ask for.
fn read(operation: &TagOperation) -> Result<Vec<String>, String> {
    let Some(Value::Array(values)) = &operation.value else {
        return Err("value: a list of tags is needed".to_owned());
    };
    let mut tags = Vec::new();
    for (index, value) in values.iter().enumerate() {
        let tag = value
            .as_str()
            .ok_or_else(|| format!("value[{index}]: a tag is a text"))?
            .trim();
        if tag.is_empty() || tag.chars().count() > MAX_TAG {
            return Err(format!("value[{index}]: a tag has 1 to {MAX_TAG} characters"));
        }
        if tag.contains(',') {
            return Err(format!("value[{index}]: a tag has no comma"));
        }
        tags.push(tag.to_owned());
    }
    Ok(tags)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn operation(op: &str, path: &str, value: Option<Value>) -> TagOperation {
        TagOperation {
            op: op.to_owned(),
            path: path.to_owned(),
            value,
        }
    }

    fn tags(list: &[&str]) -> Vec<String> {
        list.iter().map(|&tag| tag.to_owned()).collect()
    }

    #[test]
    fn adds_replaces_and_removes() {
        let before = tags(&["a", "b"]);
        let run = |op, value| patch(&before, &[operation(op, "tags", value)]);
        assert_eq!(
            run("add", Some(json!(["b", " c ", "c"]))).unwrap(),
            tags(&["a", "b", "c"])
        );
        assert_eq!(run("replace", Some(json!(["x", "x"]))).unwrap(), tags(&["x"]));
        assert_eq!(run("replace", Some(json!([]))).unwrap(), tags(&[]));
        assert_eq!(run("remove", None).unwrap(), tags(&[]));
        assert_eq!(
            run("remove", Some(json!(["a"]))).unwrap(),
            tags(&[]),
            "remove takes all of them"
        );
        assert_eq!(
            patch(&before, &[operation("remove", "/tags", None)]).unwrap(),
            tags(&[])
        );
    }

    #[test]
    fn refuses_what_is_no_patch_of_tags() {
        let check = |op, path, value| match patch(&[], &[operation(op, path, value)]) {
            Err(Error::Invalid { message, .. }) => message,
            other => panic!("{other:?}"),
        };
        assert_eq!(
            check("test", "tags", None),
            "operation 0: op: must be add, replace or remove, not \"test\""
        );
        assert_eq!(
            check("add", "displayName", Some(json!(["x"]))),
            "operation 0: path: only tags can be changed, not \"displayName\""
        );
        assert_eq!(
            check("add", "tags", Some(json!("x"))),
            "operation 0: value: a list of tags is needed"
        );
        assert_eq!(
            check("replace", "tags", None),
            "operation 0: value: a list of tags is needed"
        );
        assert_eq!(
            check("add", "tags", Some(json!(["x", 1]))),
            "operation 0: value[1]: a tag is a text"
        );
        assert!(check("add", "tags", Some(json!(["a,b"]))).contains("comma"));
        assert!(check("add", "tags", Some(json!([" "]))).contains("1 to 256"));
        let many: Vec<String> = (0..=MAX_TAGS).map(|n| n.to_string()).collect();
        assert!(check("add", "tags", Some(json!(many))).contains("at most 100"));
        assert!(patch(&[], &[]).is_err());
    }

    fn any_tag() -> impl Strategy<Value = String> {
        "[a-e]{1,2}"
    }

    fn any_operation() -> impl Strategy<Value = TagOperation> {
        let list = prop::collection::vec(any_tag(), 0..6);
        (prop::sample::select(vec!["add", "replace", "remove"]), list)
            .prop_map(|(op, list)| operation(op, "tags", Some(json!(list))))
    }

    proptest! {
        /// What a naive reader of the contract would do, and what holds of every outcome.
        #[test]
        fn agrees_with_a_naive_patch(
            start in prop::collection::vec(any_tag(), 0..6),
            operations in prop::collection::vec(any_operation(), 1..6),
        ) {
            let mut start_set = Vec::new();
            append(&mut start_set, start);
            let outcome = patch(&start_set, &operations).unwrap();
            let mut naive: Vec<String> = start_set.clone();
            for operation in &operations {
                let listed: Vec<String> = serde_json::from_value(operation.value.clone().unwrap()).unwrap();
                match operation.op.as_str() {
                    "add" => naive.extend(listed),
                    "replace" => naive = listed,
                    _ => naive = Vec::new(),
                }
            }
            let mut seen = std::collections::BTreeSet::new();
            naive.retain(|tag| seen.insert(tag.clone()));
            prop_assert_eq!(&outcome, &naive);
            // Done in one go or one by one, it is the same.
            let mut stepwise = start_set;
            for operation in &operations {
                stepwise = patch(&stepwise, std::slice::from_ref(operation)).unwrap();
            }
            prop_assert_eq!(&outcome, &stepwise);
        }
    }
}
