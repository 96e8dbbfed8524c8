//! What Hallway publishes about itself: every route is in it, and it holds together.

use std::collections::{BTreeMap, BTreeSet};

use axum::body::{Body, to_bytes};
use axum::http::{Request, Response, header};
use serde_json::Value;

use crate::rig::{PUBLIC, Rig};

async fn ask(rig: &Rig, path: &str, known: Option<&str>) -> Response<Body> {
    let mut request = Request::builder().uri(path);
    if let Some(etag) = known {
        request = request.header(header::IF_NONE_MATCH, etag);
    }
    rig.send(request.body(Body::empty()).unwrap()).await
}

async fn text(response: Response<Body>) -> String {
    let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

async fn document(rig: &Rig, path: &str) -> Value {
    let response = ask(rig, path, None).await;
    assert_eq!(response.status(), 200, "{path}");
    serde_json::from_str(&text(response).await).unwrap()
}

/// Every `$ref` below a value, with where it stands.
fn references(value: &Value, at: &str, found: &mut Vec<(String, String)>) {
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                match value {
                    Value::String(reference) if name == "$ref" => {
                        found.push((at.to_owned(), reference.clone()));
                    }
                    _ => references(value, &format!("{at}/{name}"), found),
                }
            }
        }
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                references(item, &format!("{at}/{i}"), found);
            }
        }
        _ => {}
    }
}

#[track_caller]
fn check_references(document: &Value) {
    let mut found = Vec::new();
    references(document, "", &mut found);
    assert!(!found.is_empty());
    for (at, reference) in found {
        let there = reference.strip_prefix('#').and_then(|it| document.pointer(it));
        assert!(there.is_some(), "{at} points to {reference}, which is not there");
    }
}

/// Every operation: method, path, object.
fn operations(document: &Value) -> Vec<(String, &str, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    let each = paths.iter().flat_map(|(path, item)| {
        let methods = item.as_object().unwrap().iter();
        methods.map(move |(method, operation)| (method.to_ascii_uppercase(), path.as_str(), operation))
    });
    each.collect()
}

fn texts(value: &Value) -> Vec<&str> {
    let items = value.as_array().into_iter().flatten();
    items.map(|item| item.as_str().unwrap()).collect()
}

/// Methods and paths of the router, from its own words.
fn routes_of(rig: &Rig) -> BTreeSet<String> {
    let said = rig.router_says();
    // Behind the routes the router lists what answers everything else.
    let (said, _) = said.split_once("fallback_router").unwrap();
    let mut paths: BTreeMap<&str, &str> = BTreeMap::new();
    let mut methods: BTreeMap<&str, &str> = BTreeMap::new();
    for part in said.split("RouteId(").skip(1) {
        let (number, rest) = part.split_once("): ").unwrap_or((part, ""));
        if let Some(path) = rest.strip_prefix('"').and_then(|rest| rest.split('"').next()) {
            paths.insert(number, path);
        } else if let Some((_, rest)) = rest.split_once("allow_header: Bytes(b\"") {
            methods.insert(number, rest.split('"').next().unwrap());
        }
    }
    assert!(
        !paths.is_empty() && paths.len() == methods.len(),
        "the router says: {said}"
    );
    let each = methods.iter().flat_map(|(number, methods)| {
        let methods = methods.split(',').filter(|method| *method != "HEAD");
        methods.map(|method| format!("{method} {}", paths[number].replace("{*", "{")))
    });
    each.collect()
}

#[tokio::test]
async fn every_route_is_in_the_contract() {
    let rig = Rig::start().await;
    let openapi = document(&rig, "/openapi.json").await;
    let described: BTreeSet<String> = operations(&openapi)
        .into_iter()
        .map(|(method, path, _)| format!("{method} {path}"))
        .collect();
    let there = routes_of(&rig);
    let missing: Vec<_> = there.difference(&described).collect();
    assert!(missing.is_empty(), "routes that the contract misses: {missing:?}");
    let gone: Vec<_> = described.difference(&there).collect();
    assert!(gone.is_empty(), "operations without a route: {gone:?}");
}

#[tokio::test]
async fn the_openapi_document_holds_together() {
    let rig = Rig::start().await;
    let openapi = document(&rig, "/openapi.json").await;
    assert_eq!(openapi["openapi"], "3.1.0");
    assert_eq!(openapi["servers"][0]["url"], PUBLIC);
    check_references(&openapi);
    let tags: BTreeSet<&str> = openapi["tags"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tag| tag["name"].as_str().unwrap())
        .collect();
    let schemes = &openapi["components"]["securitySchemes"];
    let scopes = schemes["oauth2"]["flows"]["authorizationCode"]["scopes"]
        .as_object()
        .unwrap();
    let mut names = BTreeSet::new();
    for (method, path, operation) in operations(&openapi) {
        let at = format!("{method} {path}");
        let name = operation["operationId"].as_str().unwrap();
        assert!(names.insert(name.to_owned()), "{at}: {name} is taken");
        assert!(
            name.starts_with(|c: char| c.is_ascii_lowercase())
                && name.chars().all(|c| c.is_ascii_alphanumeric()),
            "{at}: {name}"
        );
        assert!(
            operation["summary"].as_str().is_some_and(|it| !it.is_empty()),
            "{at}"
        );
        for tag in texts(&operation["tags"]) {
            assert!(tags.contains(tag), "{at}: {tag}");
        }
        check_parameters(&openapi, path, operation, &at);
        check_responses(&openapi, operation, &at);
        for way in operation["security"].as_array().unwrap() {
            let (scheme, needed) = way.as_object().unwrap().iter().next().unwrap();
            assert!(schemes[scheme].is_object(), "{at}: {scheme}");
            for scope in texts(needed) {
                assert!(scopes.contains_key(scope), "{at}: {scope}");
            }
        }
        // Nothing is taken without saying what.
        for (kind, media) in operation["requestBody"]["content"]
            .as_object()
            .into_iter()
            .flatten()
        {
            assert!(kind.contains('/') && media.is_object(), "{at}: {kind}");
        }
    }
}

#[track_caller]
fn check_parameters(openapi: &Value, path: &str, operation: &Value, at: &str) {
    let braces: BTreeSet<&str> = path
        .split('{')
        .skip(1)
        .map(|rest| rest.split('}').next().unwrap())
        .collect();
    let mut seen = BTreeSet::new();
    let mut in_path = BTreeSet::new();
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let parameter = match parameter["$ref"].as_str() {
            Some(reference) => openapi.pointer(&reference[1..]).unwrap(),
            None => parameter,
        };
        let (name, place) = (
            parameter["name"].as_str().unwrap(),
            parameter["in"].as_str().unwrap(),
        );
        assert!(seen.insert((name, place)), "{at}: {name} is listed twice");
        assert!(parameter["description"].is_string(), "{at}: {name}");
        assert!(parameter["schema"].is_object(), "{at}: {name}");
        if place == "path" {
            assert_eq!(parameter["required"], true, "{at}: {name}");
            in_path.insert(name);
        } else {
            assert!(matches!(place, "query" | "header"), "{at}: {name} in {place}");
        }
    }
    assert_eq!(braces, in_path, "{at}");
}

#[track_caller]
fn check_responses(openapi: &Value, operation: &Value, at: &str) {
    let responses = operation["responses"].as_object().unwrap();
    let mut succeeds = false;
    for (status, response) in responses {
        let code: u16 = status.parse().unwrap();
        succeeds |= code < 400;
        let response = match response["$ref"].as_str() {
            Some(reference) => openapi.pointer(&reference[1..]).unwrap(),
            None => response,
        };
        assert!(response["description"].is_string(), "{at}: {status}");
        if code >= 400 {
            assert!(response["content"].is_object(), "{at}: {status} has no body");
        }
    }
    assert!(succeeds, "{at} never succeeds");
    let expected: &[&str] = if operation["security"].as_array().unwrap().is_empty() {
        &["500"]
    } else {
        &["401", "403", "429", "500"]
    };
    for status in expected {
        assert!(responses.contains_key(*status), "{at} does not say {status}");
    }
}

#[tokio::test]
async fn the_asyncapi_document_holds_together() {
    let rig = Rig::start().await;
    let asyncapi = document(&rig, "/asyncapi.json").await;
    assert_eq!(asyncapi["asyncapi"], "3.0.0");
    assert_eq!(asyncapi["servers"]["sockets"]["protocol"], "wss");
    assert_eq!(asyncapi["servers"]["hallway"]["host"], "hallway.example");
    check_references(&asyncapi);
    let mut used = BTreeSet::new();
    for (name, operation) in asyncapi["operations"].as_object().unwrap() {
        let action = operation["action"].as_str().unwrap();
        assert!(matches!(action, "send" | "receive"), "{name}: {action}");
        let channel = operation["channel"]["$ref"].as_str().unwrap();
        used.insert(channel.trim_start_matches("#/channels/").to_owned());
        let said = operation["messages"].as_array().unwrap();
        let answered = operation["reply"]["messages"].as_array().into_iter().flatten();
        for message in said.iter().chain(answered) {
            let message = message["$ref"].as_str().unwrap();
            assert!(
                message.starts_with(channel),
                "{name}: {message} is of another channel"
            );
        }
    }
    let channels = asyncapi["channels"].as_object().unwrap();
    assert_eq!(
        used,
        channels.keys().cloned().collect(),
        "channels without operation"
    );
    for (name, channel) in channels {
        let address = channel["address"].as_str().unwrap_or_default();
        let braces = address.matches('{').count();
        let parameters = channel["parameters"].as_object().map_or(0, serde_json::Map::len);
        assert_eq!(braces, parameters, "{name}");
        assert!(!channel["messages"].as_object().unwrap().is_empty(), "{name}");
    }
}

/// What is sent and answered has the same shape in both documents.
#[tokio::test]
async fn both_documents_agree() {
    let rig = Rig::start().await;
    let openapi = document(&rig, "/openapi.json").await;
    let asyncapi = document(&rig, "/asyncapi.json").await;
    let shapes = |document: &Value| document["components"]["schemas"].as_object().unwrap().clone();
    let (one, other) = (shapes(&openapi), shapes(&asyncapi));
    let common: Vec<&String> = one.keys().filter(|name| other.contains_key(*name)).collect();
    assert!(common.len() >= 5, "{common:?}");
    for name in common {
        assert_eq!(one[name], other[name], "{name}");
    }
    let callbacks = &openapi["paths"]["/xapi/api/organizations/{org}/apps/{app}"]["patch"]["callbacks"];
    assert!(callbacks["notification"].is_object());
    assert!(openapi["webhooks"]["webhookDelivery"].is_object());
}

#[tokio::test]
async fn pages_are_open_and_cached() {
    let rig = Rig::start().await;
    for (path, kind) in [
        ("/openapi.json", "application/json"),
        ("/asyncapi.json", "application/json"),
        ("/reference", "text/html; charset=utf-8"),
        ("/reference/reference.css", "text/css; charset=utf-8"),
        ("/reference/reference.js", "text/javascript; charset=utf-8"),
    ] {
        let response = ask(&rig, path, None).await;
        assert_eq!(response.status(), 200, "{path}");
        let headers = response.headers().clone();
        assert_eq!(headers[header::CONTENT_TYPE], kind, "{path}");
        assert!(
            headers[header::CACHE_CONTROL]
                .to_str()
                .unwrap()
                .contains("max-age="),
            "{path}"
        );
        assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff", "{path}");
        let etag = headers[header::ETAG].to_str().unwrap().to_owned();
        let body = text(response).await;
        assert!(!body.is_empty() && !body.contains(&rig.admin), "{path}");
        let again = ask(&rig, path, Some(&format!("\"other\", W/{etag}"))).await;
        assert_eq!(again.status(), 304, "{path}");
        assert_eq!(again.headers()[header::ETAG], etag.as_str());
        assert!(text(again).await.is_empty());
        let changed = ask(&rig, path, Some("\"other\"")).await;
        assert_eq!(changed.status(), 200, "{path}");
    }
}

/// The page runs no script and loads no style but its own, and needs nothing from elsewhere.
#[tokio::test]
async fn the_reference_page_keeps_its_policy() {
    let rig = Rig::start().await;
    let response = ask(&rig, "/reference", None).await;
    let policy = response.headers()[header::CONTENT_SECURITY_POLICY]
        .to_str()
        .unwrap();
    assert!(policy.contains("default-src 'none'") && policy.contains("script-src 'self'"));
    assert!(!policy.contains("unsafe"));
    let page = text(response).await;
    for part in page.split("<script").skip(1) {
        let (tag, rest) = part.split_once('>').unwrap();
        assert!(tag.contains("src=\"reference/"), "{tag}");
        assert!(rest.starts_with("</script>"), "a script stands in the page");
    }
    for inline in [" style=", "<style", " onclick=", " onload=", "javascript:"] {
        assert!(!page.contains(inline), "{inline}");
    }
    let script = text(ask(&rig, "/reference/reference.js", None).await).await;
    for unsafe_way in [
        "innerHTML",
        "outerHTML",
        "document.write",
        "eval(",
        "http://",
        "https://",
    ] {
        assert!(!script.contains(unsafe_way), "{unsafe_way}");
    }
    assert!(page.contains("lang=\"en\"") && page.contains("<label for=\"filter\">"));
}
