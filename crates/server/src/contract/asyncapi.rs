//! `/asyncapi.json`: AsyncAPI 3.0, for what is sent and not asked for: deliveries of webhooks, notifications
//! and actions of workspace integrations, and the frames between the platform and devices.

use hallway_wire::claims::{Claims, JwtEnvelope};
use serde_json::{Map, Value, json};

use super::messages;
use super::schemas::Schemas;

/// The whole document.
pub(super) fn document(public_url: &str) -> Value {
    let mut schemas = Schemas::new();
    schemas.sent(|schemas| schemas.subschema_for::<JwtEnvelope>());
    schemas.sent(|schemas| schemas.subschema_for::<Claims>());
    let mut document = json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Hallway, what is sent",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Deliveries of webhooks, notifications and actions of workspace integrations, and the frames of devices. What can be asked for is in /openapi.json.",
            "license": { "name": "Apache-2.0" },
        },
        "defaultContentType": "application/json",
        "servers": servers(public_url),
        "channels": channels(),
        "operations": operations(),
        "components": {
            "schemas": {},
            "messages": message_components(),
            "securitySchemes": {
                "bearer": { "type": "http", "scheme": "bearer", "description": "An access token; of the link, the token of the device." },
                "basic": { "type": "http", "scheme": "basic", "description": "The user names the device or is any; the password is an access token with both xAPI scopes." },
            },
        },
    });
    let mut all = schemas.finish(&mut document);
    all.extend(messages::schemas());
    all.extend(frames());
    all.sort_keys();
    document["components"]["schemas"] = all.into();
    document
}

/// The same address by HTTP and by WebSocket, and whoever receives.
fn servers(public_url: &str) -> Value {
    let (scheme, rest) = public_url.split_once("://").unwrap_or(("http", public_url));
    let (host, path) = rest
        .split_once('/')
        .map_or((rest, String::new()), |(host, path)| {
            (host, format!("/{}", path.trim_end_matches('/')))
        });
    let socket = if scheme == "https" { "wss" } else { "ws" };
    let server = |protocol: &str, what: &str| {
        let mut server = json!({ "host": host, "protocol": protocol, "description": what });
        if !path.is_empty() {
            server["pathname"] = path.clone().into();
        }
        server
    };
    json!({
        "hallway": server(scheme, "This Hallway, for polling."),
        "sockets": server(socket, "This Hallway, for devices and their clients."),
        "receiver": {
            "host": "{receiver}",
            "protocol": "https",
            "description": "Whoever receives what a webhook tells: its target URL.",
            "variables": { "receiver": { "default": "receiver.example" } },
        },
    })
}

fn channels() -> Value {
    let device = json!({ "device": { "description": "Id of the device." } });
    let app = json!({
        "org": { "description": "The organization, as a bare UUID." },
        "app": { "description": "The integration, as a bare UUID." },
    });
    let on = |server: &str| json!([{ "$ref": format!("#/servers/{server}") }]);
    let say = |names: &[&str]| -> Value {
        let refs = names.iter().map(|name| {
            let reference = json!({ "$ref": format!("#/components/messages/{name}") });
            ((*name).to_owned(), reference)
        });
        Value::Object(refs.collect())
    };
    let socket = json!({ "ws": { "method": "GET", "bindingVersion": "0.1.0" } });
    let frames = ["request", "answer", "feedback"];
    json!({
        "webhook": {
            "address": null,
            "title": "Target of a webhook",
            "description": "The target URL that POST /v1/webhooks was given. Redirects are not followed; 2xx means delivered.",
            "servers": on("receiver"),
            "messages": say(&["webhookDelivery"]),
        },
        "notificationWebhook": {
            "address": null,
            "title": "Webhook of a workspace integration",
            "description": "One message in each request, in order for each device. Failures are tried again.",
            "servers": on("receiver"),
            "messages": say(&["status", "events", "healthCheck"]),
        },
        "actions": {
            "address": null,
            "title": "Actions URL of a workspace integration",
            "servers": on("receiver"),
            "messages": say(&["action"]),
        },
        "queue": {
            "address": "/xapi/api/organizations/{org}/apps/{app}/queue",
            "title": "Queue of a workspace integration, by long polling",
            "description": "A GET is held until there are messages or 20 s are over. What one answer held is gone when the next poll comes; the newest of several polls wins.",
            "servers": on("hallway"),
            "parameters": app,
            "messages": say(&["queueMessages"]),
        },
        "link": {
            "address": "/hallway/v1/devices/{device}/link",
            "title": "Link of a device that dials in",
            "description": "JSON-RPC 2.0, one object in each text frame. The platform asks; the device reports by requests xFeedback/Event, which are answered when everything that follows from them is durable. Frames may have 4 MiB. A link that is quiet for 30 s is pinged, and dropped after three silent pings.",
            "servers": on("sockets"),
            "parameters": device,
            "bindings": socket,
            "messages": say(&["request", "answer", "report"]),
        },
        "localApi": {
            "address": "/devices/{device}/ws",
            "title": "Local API of a simulated device",
            "description": "JSON-RPC 2.0, one object in each text frame, as devices speak it. Bad credentials are answered with 403. The token may also come as the subprotocol `auth-<base64url of user:password>`, which is echoed.",
            "servers": on("sockets"),
            "parameters": device,
            "bindings": socket,
            "messages": say(&frames),
        },
        "localApiByUser": {
            "address": "/ws",
            "title": "Local API of the simulated device that the user names",
            "servers": on("sockets"),
            "bindings": socket,
            "messages": say(&frames),
        },
    })
}

fn operations() -> Value {
    let bearer = json!([{ "$ref": "#/components/securitySchemes/bearer" }]);
    let basic = json!([{ "$ref": "#/components/securitySchemes/basic" }]);
    let operation =
        |action: &str, channel: &str, summary: &str, messages: &[&str], security: Option<&Value>| {
            let messages: Vec<Value> = messages
                .iter()
                .map(|name| json!({ "$ref": format!("#/channels/{channel}/messages/{name}") }))
                .collect();
            let mut operation = json!({
                "action": action,
                "channel": { "$ref": format!("#/channels/{channel}") },
                "summary": summary,
                "messages": messages,
            });
            if let Some(security) = security {
                operation["security"] = security.clone();
            }
            operation
        };
    let post = json!({ "http": { "method": "POST", "bindingVersion": "0.3.0" } });
    let get = json!({ "http": { "method": "GET", "bindingVersion": "0.3.0" } });
    let with = |mut operation: Value, bindings: &Value| {
        operation["bindings"] = bindings.clone();
        operation
    };
    let mut asked = operation("send", "link", "Ask the device", &["request"], Some(&bearer));
    asked["reply"] = json!({
        "channel": { "$ref": "#/channels/link" },
        "messages": [{ "$ref": "#/channels/link/messages/answer" }],
    });
    let mut told = operation(
        "receive",
        "link",
        "Take what the device reports",
        &["report"],
        Some(&bearer),
    );
    told["reply"] = json!({
        "channel": { "$ref": "#/channels/link" },
        "messages": [{ "$ref": "#/channels/link/messages/answer" }],
    });
    let mut local = operation(
        "receive",
        "localApi",
        "Take a request of a client",
        &["request"],
        Some(&basic),
    );
    local["reply"] = json!({
        "channel": { "$ref": "#/channels/localApi" },
        "messages": [{ "$ref": "#/channels/localApi/messages/answer" }],
    });
    let mut by_user = operation(
        "receive",
        "localApiByUser",
        "Take a request of a client",
        &["request"],
        Some(&basic),
    );
    by_user["reply"] = json!({
        "channel": { "$ref": "#/channels/localApiByUser" },
        "messages": [{ "$ref": "#/channels/localApiByUser/messages/answer" }],
    });
    json!({
        "deliverWebhook": with(operation("send", "webhook", "Tell what happened", &["webhookDelivery"], None), &post),
        "notifyWebhook": with(
            operation("send", "notificationWebhook", "Tell what devices told", &["status", "events", "healthCheck"], None),
            &post,
        ),
        "sendAction": with(operation("send", "actions", "Tell what becomes of the activation", &["action"], None), &post),
        "answerPoll": with(operation("send", "queue", "Answer a poll", &["queueMessages"], Some(&bearer)), &get),
        "askDevice": asked,
        "takeReport": told,
        "takeRequest": local,
        "feedback": operation("send", "localApi", "Tell a subscriber", &["feedback"], Some(&basic)),
        "takeRequestByUser": by_user,
        "feedbackByUser": operation("send", "localApiByUser", "Tell a subscriber", &["feedback"], Some(&basic)),
    })
}

fn message_components() -> Value {
    let message = |title: &str, schema: &str| {
        json!({
            "title": title,
            "contentType": "application/json",
            "payload": { "$ref": format!("#/components/schemas/{schema}") },
        })
    };
    let signed = |title: &str, schema: &str| {
        let mut message = message(title, schema);
        message["headers"] = json!({
            "type": "object",
            "properties": { "X-Spark-Signature": messages::signature() },
        });
        message
    };
    json!({
        "webhookDelivery": signed("Something happened", "WebhookDelivery"),
        "status": signed("Statuses of a device", "StatusNotification"),
        "events": signed("Events of a device", "EventsNotification"),
        "healthCheck": signed("A health check", "HealthCheckNotification"),
        "action": message("An action", "JwtEnvelope"),
        "queueMessages": message("Messages of a queue", "QueueMessages"),
        "request": message("A request", "RpcRequest"),
        "answer": message("An answer", "RpcAnswer"),
        "report": message("A report of a device", "RpcReport"),
        "feedback": message("Feedback of a subscription", "RpcFeedback"),
    })
}

/// Frames of JSON-RPC.
fn frames() -> Map<String, Value> {
    let version = json!({ "type": "string", "const": "2.0" });
    let id =
        json!({ "type": ["string", "integer"], "description": "The answer has the same, of the same type." });
    let tree = |what: &str| json!({ "type": "object", "description": what });
    let params = |with_id: bool| {
        let mut members = json!({
            "Status": tree("Changed statuses, as a tree. A list item that is gone is `{\"id\": 3, \"ghost\": \"True\"}`."),
            "Event": tree("What happened, as a tree."),
            "Configuration": tree("Changed configurations, as a tree."),
        });
        let mut required = Vec::new();
        if with_id {
            members["Id"] = json!({ "type": "integer", "description": "The subscription." });
            required.push("Id");
        }
        json!({ "type": "object", "required": required, "properties": members })
    };
    let all = json!({
        "RpcRequest": {
            "type": "object",
            "description": "Methods are xGet, xQuery, xSet, xFeedback/Subscribe, xFeedback/Unsubscribe, xDoc and xCommand/ with the command's words.",
            "required": ["jsonrpc", "method", "id"],
            "properties": {
                "jsonrpc": version, "id": id,
                "method": { "type": "string", "examples": ["xCommand/Audio/Volume/Set"] },
                "params": { "type": "object", "examples": [{ "Level": 30 }, { "Path": ["Status", "Audio", "Volume"] }] },
            },
        },
        "RpcAnswer": {
            "type": "object",
            "required": ["jsonrpc", "id"],
            "properties": {
                "jsonrpc": version, "id": id,
                "result": true,
                "error": { "$ref": "#/components/schemas/RpcError" },
            },
            "oneOf": [{ "required": ["result"] }, { "required": ["error"] }],
        },
        "RpcError": {
            "type": "object",
            "description": "-32601: no such method, command or path. -32602: a bad argument. -31999: not allowed. -31998: too many subscriptions. -31997: not ready. 1: the command failed.",
            "required": ["code", "message"],
            "properties": {
                "code": { "type": "integer" },
                "message": { "type": "string" },
                "data": true,
            },
        },
        "RpcReport": {
            "type": "object",
            "description": "What a device that dialled in tells.",
            "required": ["jsonrpc", "id", "method", "params"],
            "properties": {
                "jsonrpc": version, "id": id,
                "method": { "type": "string", "const": "xFeedback/Event" },
                "params": params(false),
            },
        },
        "RpcFeedback": {
            "type": "object",
            "description": "What a subscriber hears. It has no id and is not answered.",
            "required": ["jsonrpc", "method", "params"],
            "properties": {
                "jsonrpc": version,
                "method": { "type": "string", "const": "xFeedback/Event" },
                "params": params(true),
            },
        },
    });
    match all {
        Value::Object(all) => all,
        _ => Map::new(),
    }
}
