//! `/openapi.json`: OpenAPI 3.1, out of the operations.

use std::collections::{BTreeMap, BTreeSet};

use hallway_wire::claims::{Claims, JwtEnvelope};
use hallway_wire::error::ErrorBody;
use hallway_wire::feature::{Launched, ServerToServerCrossLaunch};
use serde_json::{Map, Value, json};

use super::schemas::Schemas;
use super::{messages, operation};
use crate::describe::Described;

/// The whole document.
pub(super) fn document(operations: &[Described], public_url: &str) -> Value {
    let mut schemas = Schemas::new();
    let error = schemas.sent(|schemas| schemas.subschema_for::<ErrorBody>());
    let envelope = schemas.sent(|schemas| schemas.subschema_for::<JwtEnvelope>());
    schemas.sent(|schemas| schemas.subschema_for::<Claims>());
    let launch = (
        schemas.sent(|schemas| schemas.subschema_for::<ServerToServerCrossLaunch>()),
        schemas.taken(|schemas| schemas.subschema_for::<Launched>()),
    );
    let paths = paths(operations, &mut schemas);
    let mut document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Hallway",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "A self-hosted platform for device integrations.",
            "description": "The Webex surface is below /v1, Hallway's own management below /hallway/v1. What is sent and not asked for is in /asyncapi.json.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": public_url }],
        "tags": tags(operations),
        "paths": paths,
        "webhooks": {
            "webhookDelivery": { "post": delivery("receiveWebhookDelivery", "Receive what a webhook tells", "WebhookDelivery") },
            "notification": { "post": delivery("receiveNotification", "Receive a notification of a workspace integration", "WebhookNotification") },
            "action": { "post": action(&envelope) },
        },
        "components": {
            "schemas": {},
            "responses": error_responses(operations, &error),
            "parameters": {
                "orgId": {
                    "name": "orgId", "in": "query",
                    "description": "The caller's own organization; every other one is unknown.",
                    "schema": { "type": "string" },
                },
            },
            "headers": {
                "Trackingid": {
                    "description": "Names the request; it is in the log too. A client may choose it by sending the same header.",
                    "schema": { "type": "string" },
                },
                "Link": {
                    "description": "The next page, with `rel=\"next\"`, where there is one.",
                    "schema": { "type": "string" },
                },
                "Retry-After": { "description": "Seconds to wait.", "schema": { "type": "integer" } },
                "WWW-Authenticate": { "schema": { "type": "string" } },
                "X-Spark-Signature": {
                    "description": "Who it is from.",
                    "schema": messages::signature(),
                },
            },
            "securitySchemes": security_schemes(operations, public_url),
        },
    });
    add_callbacks(&mut document, operations, &envelope, &launch);
    let mut all = schemas.finish(&mut document);
    all.extend(messages::schemas());
    all.sort_keys();
    document["components"]["schemas"] = all.into();
    document
}

fn paths(operations: &[Described], schemas: &mut Schemas) -> Map<String, Value> {
    let names = operation::names(operations);
    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for (described, name) in operations.iter().zip(&names) {
        let method = described.method.as_str().to_ascii_lowercase();
        let object = operation::write(described, name, operations, schemas);
        paths.entry(&described.path).or_default().insert(method, object);
    }
    paths
        .into_iter()
        // axum marks a rest of the path with a star, OpenAPI does not.
        .map(|(path, item)| (path.replace("{*", "{"), item.into()))
        .collect()
}

/// The chapters: Webex's by name, then Hallway's own.
fn tags(operations: &[Described]) -> Value {
    let tags: BTreeSet<(bool, &str)> = operations
        .iter()
        .map(|it| (it.tag.starts_with("Hallway"), it.tag))
        .collect();
    tags.into_iter().map(|(_, tag)| json!({ "name": tag })).collect()
}

fn error_responses(operations: &[Described], error: &Value) -> Map<String, Value> {
    let statuses: BTreeSet<u16> = operations
        .iter()
        .flat_map(|it| operation::errors(it, operations))
        .collect();
    let what = |status: u16| match status {
        400 => "The request cannot be understood or breaks a rule; each error says which.",
        401 => "No good token came with the request.",
        403 => "The token is good, but does not allow this.",
        404 => "There is no such thing, or the caller must not know that there is.",
        405 => "There is something here, but not with this method.",
        408 => "The body did not arrive in time.",
        409 => "The state does not allow it now.",
        410 => "It was there and is gone.",
        413 => "The body is too long.",
        415 => "The body is of a type that is not taken here.",
        423 => "It is locked.",
        426 => "A WebSocket is needed.",
        428 => "Something must come first.",
        429 => "Too many requests.",
        500 => "A fault of Hallway; the log has more under the tracking id.",
        502 => "The device is restarting.",
        503 => "Not ready.",
        504 => "The device is away or did not answer in time.",
        _ => "The request was refused.",
    };
    let response = |status: u16| {
        let mut headers = json!({ "Trackingid": { "$ref": "#/components/headers/Trackingid" } });
        if status == 429 {
            headers["Retry-After"] = json!({ "$ref": "#/components/headers/Retry-After" });
        }
        if status == 401 {
            headers["WWW-Authenticate"] = json!({ "$ref": "#/components/headers/WWW-Authenticate" });
        }
        json!({
            "description": what(status),
            "headers": headers,
            "content": { "application/json": { "schema": error } },
        })
    };
    statuses
        .into_iter()
        .map(|status| (operation::error_name(status), response(status)))
        .collect()
}

fn security_schemes(operations: &[Described], public_url: &str) -> Value {
    let scopes: BTreeSet<&str> = operations.iter().flat_map(|it| it.op.scopes).copied().collect();
    let scopes: Map<String, Value> = scopes
        .into_iter()
        .map(|scope| (scope.to_owned(), about_scope(scope).into()))
        .collect();
    let token = format!("{public_url}/v1/access_token");
    json!({
        "bearer": {
            "type": "http", "scheme": "bearer",
            "description": "An access token, however it was got.",
        },
        "oauth2": {
            "type": "oauth2",
            "flows": {
                "authorizationCode": {
                    "authorizationUrl": format!("{public_url}/v1/authorize"),
                    "tokenUrl": token, "refreshUrl": token,
                    "scopes": scopes,
                },
            },
        },
    })
}

/// `spark-admin:devices_read` in words.
fn about_scope(scope: &str) -> String {
    let (whose, what) = scope.split_once(':').unwrap_or(("", scope));
    let (what, verb) = match what.rsplit_once(['_', '-']) {
        Some((what, "read")) => (what, "Read"),
        Some((what, "write")) => (what, "Change"),
        Some((what, "rw")) => (what, "Read and change"),
        _ => (what, "Use"),
    };
    let who = if whose.ends_with("admin") || what.starts_with("admin_") {
        " of the organization"
    } else {
        ""
    };
    format!("{verb} {}{who}.", what.replace('_', " "))
}

/// What a receiver of ours does, as its operation.
fn delivery(name: &str, summary: &str, schema: &str) -> Value {
    json!({
        "operationId": name,
        "summary": summary,
        "security": [],
        "parameters": [{
            "name": "X-Spark-Signature", "in": "header", "schema": messages::signature(),
        }],
        "requestBody": {
            "required": true,
            "content": { "application/json": { "schema": { "$ref": format!("#/components/schemas/{schema}") } } },
        },
        "responses": { "2XX": { "description": "Delivered." } },
    })
}

fn action(envelope: &Value) -> Value {
    json!({
        "operationId": "receiveAction",
        "summary": "Receive an action of a workspace integration",
        "description": "The JWT is signed with a key of /jwks; its claims are those of Claims.",
        "security": [],
        "requestBody": { "required": true, "content": { "application/json": { "schema": envelope } } },
        "responses": { "2XX": { "description": "Taken." } },
    })
}

fn cross_launch(id: &str, (asked, answered): &(Value, Value)) -> Value {
    json!({
        "operationId": id,
        "summary": "Say which page an administrator goes to",
        "description": "The claims of the JWT are those of Claims, with the action crossLaunch.",
        "security": [],
        "requestBody": { "required": true, "content": { "application/json": { "schema": asked } } },
        "responses": {
            "200": {
                "description": "The page, opened once.",
                "content": { "application/json": { "schema": answered } },
            },
        },
    })
}

/// Says at the operations that set receivers up what those will receive.
fn add_callbacks(document: &mut Value, operations: &[Described], envelope: &Value, launch: &(Value, Value)) {
    let mut add = |method: &str, path: &str, callbacks: Value| {
        let there = operations
            .iter()
            .any(|it| it.path == path && it.method.as_str() == method.to_ascii_uppercase());
        if there {
            document["paths"][path][method]["callbacks"] = callbacks;
        }
    };
    add(
        "post",
        "/v1/webhooks",
        json!({
            "delivery": {
                "{$request.body#/targetUrl}": {
                    "post": delivery("onWebhookDelivery", "Something happened that the webhook tells", "WebhookDelivery"),
                },
            },
        }),
    );
    for feature in ["digitalSignage", "persistentWebApp"] {
        let asked = |task: &str| {
            let id = format!("on_{feature}_{task}");
            let target = format!("{{$request.body#/crossLaunch/{task}/url}}");
            json!({ target: { "post": cross_launch(&id, launch) } })
        };
        add(
            "put",
            &format!("/xapi/api/organizations/{{org}}/apps/{{app}}/features/{feature}"),
            json!({ "manageContent": asked("manageContent"), "assignContent": asked("assignContent") }),
        );
    }
    let mut called = action(envelope);
    called["operationId"] = "onAction".into();
    add(
        "patch",
        "/xapi/api/organizations/{org}/apps/{app}",
        json!({
            "notification": {
                "{$request.body#/webhook/targetUrl}": {
                    "post": delivery("onNotification", "A device told something that the integration hears", "WebhookNotification"),
                },
            },
            "action": { "{$request.body#/actionsUrl}": { "post": called } },
        }),
    );
}

#[cfg(test)]
mod tests {
    use super::about_scope;

    #[test]
    fn scopes_in_words() {
        assert_eq!(
            about_scope("spark-admin:devices_read"),
            "Read devices of the organization."
        );
        assert_eq!(about_scope("spark:xapi_commands"), "Use xapi commands.");
        assert_eq!(about_scope("identity:groups_rw"), "Read and change groups.");
    }
}
