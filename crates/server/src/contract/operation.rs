//! One operation as OpenAPI writes it.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::schemas::Schemas;
use crate::describe::{Access, BodyShape, Described, Parameter, Value as Kind};

/// Names of the operations: out of their summaries, which are meant to differ; where two do not, method and
/// path, which always do.
pub(super) fn names(operations: &[Described]) -> Vec<String> {
    let spoken: Vec<String> = operations
        .iter()
        .map(|it| camel(words(it.op.summary).filter(|word| !matches!(*word, "a" | "an" | "the"))))
        .collect();
    let mut count: BTreeMap<&str, usize> = BTreeMap::new();
    for name in &spoken {
        *count.entry(name).or_default() += 1;
    }
    let named = operations.iter().zip(&spoken).map(|(it, name)| {
        if count[name.as_str()] == 1 {
            name.clone()
        } else {
            let method = it.method.as_str().to_ascii_lowercase();
            camel(std::iter::once(method.as_str()).chain(words(&it.path)))
        }
    });
    named.collect()
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
}

fn camel<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let mut name = String::new();
    for word in words {
        let mut letters = word.chars();
        let first = letters.next().map(|first| {
            if name.is_empty() {
                first.to_ascii_lowercase()
            } else {
                first.to_ascii_uppercase()
            }
        });
        name.extend(first);
        name.extend(letters);
    }
    name
}

/// The component that describes an error status: `NotFound`.
pub(super) fn error_name(status: u16) -> String {
    let reason = StatusCode::from_u16(status)
        .ok()
        .and_then(|status| status.canonical_reason());
    reason.map_or_else(
        || format!("Status{status}"),
        |reason| reason.split([' ', '-']).collect(),
    )
}

/// Whether anything with another method stands where the braces of a path could lead.
fn is_shadowed(described: &Described, all: &[Described]) -> bool {
    let parts: Vec<&str> = described.path.split('/').collect();
    let could_be = |other: &Described| {
        let others: Vec<&str> = other.path.split('/').collect();
        others.len() == parts.len()
            && other.path != described.path
            && parts
                .iter()
                .zip(&others)
                .all(|(part, other)| part == other || (part.starts_with('{') && !other.starts_with('{')))
    };
    let there: Vec<&Described> = all.iter().filter(|other| could_be(other)).collect();
    let same_method = |path: &str| {
        all.iter()
            .any(|it| it.path == path && it.method == described.method)
    };
    there.iter().any(|other| !same_method(&other.path))
}

/// Every error status that an operation can answer.
pub(super) fn errors(described: &Described, all: &[Described]) -> BTreeSet<u16> {
    let op = &described.op;
    let mut statuses: BTreeSet<u16> = op.fails.iter().copied().collect();
    statuses.insert(500);
    if op.access == Access::Token {
        statuses.extend([400, 401, 403, 404, 429]);
        if described.method != Method::GET {
            statuses.insert(409);
        }
    }
    if !op.body.is_empty() {
        statuses.extend([400, 408, 413, 415]);
    }
    if is_shadowed(described, all) {
        statuses.insert(405);
    }
    statuses.retain(|status| !op.answers.iter().any(|(answered, _)| answered == status));
    statuses
}

/// The operation object.
pub(super) fn write(described: &Described, name: &str, all: &[Described], schemas: &mut Schemas) -> Value {
    let op = &described.op;
    let mut object = Map::new();
    object.insert("operationId".to_owned(), name.into());
    object.insert("tags".to_owned(), json!([described.tag]));
    object.insert("summary".to_owned(), op.summary.into());
    if let Some(description) = op.description {
        object.insert("description".to_owned(), description.into());
    }
    if op.deprecated {
        object.insert("deprecated".to_owned(), true.into());
    }
    object.insert("security".to_owned(), security(described));
    let parameters = parameters(described);
    if !parameters.is_empty() {
        object.insert("parameters".to_owned(), parameters.into());
    }
    if !op.body.is_empty() {
        let content = content(op.body.iter(), |make| schemas.taken(make));
        let body = json!({ "required": !op.body_optional, "content": content });
        object.insert("requestBody".to_owned(), body);
    }
    let mut responses = Map::new();
    let mut statuses: Vec<u16> = op.answers.iter().map(|(status, _)| *status).collect();
    statuses.sort_unstable();
    statuses.dedup();
    for status in statuses {
        // Several shapes of one status are several types of content.
        let shapes = op.answers.iter().filter(|(other, _)| *other == status);
        let shapes: Vec<&BodyShape> = shapes.filter_map(|(_, shape)| shape.as_ref()).collect();
        let answer = success(described, status, &shapes, schemas);
        responses.insert(status.to_string(), answer);
    }
    for status in errors(described, all) {
        let reference = json!({ "$ref": format!("#/components/responses/{}", error_name(status)) });
        responses.insert(status.to_string(), reference);
    }
    object.insert("responses".to_owned(), responses.into());
    Value::Object(object)
}

fn success(described: &Described, status: u16, shapes: &[&BodyShape], schemas: &mut Schemas) -> Value {
    let mut answer = Map::new();
    let reason = StatusCode::from_u16(status)
        .ok()
        .and_then(|status| status.canonical_reason());
    answer.insert("description".to_owned(), reason.unwrap_or("Done").into());
    let mut headers = Map::new();
    if status != 101 {
        headers.insert(
            "Trackingid".to_owned(),
            json!({ "$ref": "#/components/headers/Trackingid" }),
        );
    }
    if described.method == Method::GET && described.op.query.iter().any(|it| it.name == "max") {
        headers.insert("Link".to_owned(), json!({ "$ref": "#/components/headers/Link" }));
    }
    answer.insert("headers".to_owned(), headers.into());
    if !shapes.is_empty() {
        let content = content(shapes.iter().copied(), |make| schemas.sent(make));
        answer.insert("content".to_owned(), content.into());
    }
    answer.into()
}

fn content<'a>(
    shapes: impl Iterator<Item = &'a BodyShape>,
    mut make: impl FnMut(crate::describe::MakeSchema) -> Value,
) -> Map<String, Value> {
    let written = shapes.map(|shape| {
        // Without a schema it is any bytes, or any text.
        let media = match shape.schema {
            Some(schema) => json!({ "schema": make(schema) }),
            None => json!({}),
        };
        (shape.content_type.to_owned(), media)
    });
    written.collect()
}

/// One way in for each scope that is enough: a token that came by OAuth and one that was given out are the
/// same to the server.
fn security(described: &Described) -> Value {
    match (described.op.access, described.op.scopes) {
        (Access::Open, _) => json!([]),
        (Access::Token, []) => json!([{ "bearer": [] }]),
        (Access::Token, scopes) => {
            let alternatives = scopes
                .iter()
                .flat_map(|scope| [json!({ "oauth2": [scope] }), json!({ "bearer": [scope] })]);
            Value::Array(alternatives.collect())
        }
    }
}

fn parameters(described: &Described) -> Vec<Value> {
    let op = &described.op;
    let mut parameters = Vec::new();
    let mut before = "";
    for segment in described.path.split('/') {
        if let Some(name) = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            let name = name.trim_start_matches('*');
            let what = op.path.iter().find(|(other, _)| *other == name);
            let what = what.map_or_else(|| noun(name, before), |(_, what)| (*what).to_owned());
            parameters.push(json!({
                "name": name, "in": "path", "required": true, "description": what,
                "schema": { "type": "string", "minLength": 1 },
            }));
        } else {
            before = segment;
        }
    }
    parameters.extend(op.query.iter().map(|it| parameter(it, "query")));
    parameters.extend(op.headers.iter().map(|it| parameter(it, "header")));
    let webex = described.path.starts_with("/v1/") && op.access == Access::Token;
    if webex && !op.query.iter().any(|it| it.name == "orgId") {
        parameters.push(json!({ "$ref": "#/components/parameters/orgId" }));
    }
    parameters
}

fn parameter(it: &Parameter, place: &str) -> Value {
    let schema = match it.value {
        Kind::Text => json!({ "type": "string" }),
        Kind::Whole(least) => json!({ "type": "integer", "minimum": least }),
        Kind::Flag => json!({ "type": "boolean" }),
        Kind::Choice(words) => json!({ "type": "string", "enum": words }),
        Kind::Many => json!({ "type": "array", "items": { "type": "string" } }),
    };
    let mut object = json!({ "name": it.name, "in": place, "description": it.what, "schema": schema });
    if it.required {
        object["required"] = true.into();
    }
    if it.value == Kind::Many {
        object["style"] = "form".into();
        object["explode"] = true.into();
    }
    object
}

/// What a brace stands for, by its name and the segment before it.
fn noun(name: &str, before: &str) -> String {
    let name = match name {
        "id" => before,
        name => name.strip_suffix("Id").unwrap_or(name),
    };
    let name = match name {
        "people" => "person".to_owned(),
        name => match (name.strip_suffix("ies"), name.strip_suffix('s')) {
            (Some(stem), _) => format!("{stem}y"),
            (None, Some(stem)) => stem.to_owned(),
            (None, None) => name.to_owned(),
        },
    };
    let mut spaced = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() {
            spaced.push(' ');
        }
        spaced.push(c.to_ascii_lowercase());
    }
    format!("Id of the {spaced}.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::describe::Op;

    fn described(method: Method, path: &str, summary: &'static str) -> Described {
        Described {
            method,
            path: path.to_owned(),
            tag: "Test",
            op: Op::new(summary),
        }
    }

    #[test]
    fn names_are_readable_and_differ() {
        let all = [
            described(Method::GET, "/v1/rooms", "List rooms"),
            described(Method::POST, "/v1/rooms", "Create a room"),
            described(Method::GET, "/v1/one/{id}", "Get it"),
            described(Method::GET, "/v1/other/{id}", "Get it"),
            described(Method::GET, "/v1/xapi/status", "Query the xAPI"),
        ];
        assert_eq!(
            names(&all),
            [
                "listRooms",
                "createRoom",
                "getV1OneId",
                "getV1OtherId",
                "queryXAPI"
            ]
        );
        assert_eq!(error_name(404), "NotFound");
        assert_eq!(error_name(504), "GatewayTimeout");
    }

    #[test]
    fn a_brace_may_lead_to_where_the_method_is_not() {
        let all = [
            described(Method::GET, "/devices/{id}", "Get"),
            described(Method::POST, "/devices/activationCode", "Make"),
            described(Method::GET, "/people/{id}", "Get"),
            described(Method::GET, "/people/me", "Me"),
        ];
        assert!(errors(&all[0], &all).contains(&405));
        assert!(!errors(&all[2], &all).contains(&405));
    }

    #[test]
    fn braces_are_explained() {
        assert_eq!(noun("id", "people"), "Id of the person.");
        assert_eq!(noun("id", "workspaceLocations"), "Id of the workspace location.");
        assert_eq!(noun("callQueueId", ""), "Id of the call queue.");
        assert_eq!(noun("id", "policies"), "Id of the policy.");
    }
}
