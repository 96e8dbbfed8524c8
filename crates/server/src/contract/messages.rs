//! What Hallway sends by itself, as schemas: deliveries of webhooks, notifications and actions of workspace
//! integrations. Both contracts show them. They are written as text elsewhere, so there is no type to ask.

use serde_json::{Map, Value, json};

use hallway_wire::webhook::{Event, Resource};

fn id(what: &str) -> Value {
    json!({ "type": "string", "description": format!("Id of the {what}.") })
}

fn timestamp(what: &str) -> Value {
    json!({ "type": "string", "format": "date-time", "description": what })
}

/// Every message, by the name of its component.
pub(super) fn schemas() -> Map<String, Value> {
    let mut all = Map::new();
    let mut add = |name: &str, schema: Value| all.insert(name.to_owned(), schema);
    add("WebhookDelivery", webhook_delivery());
    add("StatusNotification", status());
    add("EventsNotification", events());
    add("HealthCheckNotification", health_check());
    add("ActionNotification", action());
    add(
        "WebhookNotification",
        json!({
            "description": "What the webhook of a workspace integration receives: one message in each request.",
            "oneOf": [
                { "$ref": "#/components/schemas/StatusNotification" },
                { "$ref": "#/components/schemas/EventsNotification" },
                { "$ref": "#/components/schemas/HealthCheckNotification" },
            ],
        }),
    );
    add(
        "QueueNotification",
        json!({
            "description": "What the queue of a workspace integration holds.",
            "oneOf": [
                { "$ref": "#/components/schemas/StatusNotification" },
                { "$ref": "#/components/schemas/EventsNotification" },
                { "$ref": "#/components/schemas/ActionNotification" },
            ],
        }),
    );
    add(
        "QueueMessages",
        json!({
            "type": "object",
            "description": "The answer of one poll. An empty list means that nothing came in the time of the hold.",
            "required": ["messages"],
            "properties": {
                "messages": {
                    "type": "array", "maxItems": 100,
                    "items": { "$ref": "#/components/schemas/QueueNotification" },
                },
            },
        }),
    );
    all
}

fn webhook_delivery() -> Value {
    let words = |every: Vec<&str>| -> Vec<String> {
        let concrete = every.into_iter().filter(|word| *word != "all");
        concrete.map(ToOwned::to_owned).collect()
    };
    let resources = words(Resource::EVERY.iter().map(|it| it.word()).collect());
    let happened = words(Event::EVERY.iter().map(|it| it.word()).collect());
    json!({
        "type": "object",
        "description": "What the target of a webhook receives.",
        "required": [
            "id", "name", "targetUrl", "resource", "event", "orgId", "createdBy", "ownedBy", "status", "created",
            "actorId", "data",
        ],
        "properties": {
            "id": id("webhook"),
            "name": { "type": "string" },
            "targetUrl": { "type": "string", "format": "uri" },
            "resource": { "type": "string", "enum": resources },
            "event": { "type": "string", "enum": happened },
            "filter": { "type": "string" },
            "orgId": id("organization"),
            "createdBy": id("person who made the webhook"),
            "appId": id("application that made the webhook"),
            "ownedBy": { "type": "string", "enum": ["creator", "org"] },
            "status": { "type": "string", "enum": ["active"] },
            "created": timestamp("When the webhook was made."),
            "actorId": id("person who caused the event"),
            "data": {
                "type": "object",
                "description": "What it happened to. Of a message it never holds the text: the receiver asks for it.",
            },
        },
    })
}

/// The members that every notification about a device has.
fn about_a_device(kind: &str, description: &str, more: &[(&str, Value)]) -> Value {
    let mut required: Vec<&str> = vec!["type", "appId", "orgId", "deviceId", "workspaceId", "timestamp"];
    required.extend(more.iter().map(|(name, _)| *name));
    let mut schema = json!({
        "type": "object",
        "description": description,
        "required": required,
        "properties": {
            "type": { "type": "string", "const": kind },
            "appId": { "type": "string", "format": "uuid", "description": "The integration, as its manifest names it." },
            "orgId": id("organization"),
            "deviceId": id("device"),
            "workspaceId": id("workspace"),
            "timestamp": timestamp("When the device told it."),
        },
    });
    for (name, member) in more {
        schema["properties"][*name] = member.clone();
    }
    schema
}

fn status() -> Value {
    let changes = json!({
        "type": "object",
        "required": ["updated", "removed"],
        "properties": {
            "updated": {
                "type": "object",
                "description": "New values by absolute key, like `RoomAnalytics.PeopleCount.Current`.",
                "additionalProperties": { "type": ["string", "number", "boolean"] },
            },
            "removed": {
                "type": "array", "items": { "type": "string" },
                "description": "Keys of what is gone.",
            },
        },
    });
    let full = json!({
        "type": "boolean",
        "description": "Whether these are all values that the integration hears of the device: others are gone.",
    });
    about_a_device(
        "status",
        "Statuses of a device changed, or all of them are told again.",
        &[("isFullSync", full), ("changes", changes)],
    )
}

fn events() -> Value {
    let events = json!({
        "type": "array",
        "items": {
            "type": "object",
            "required": ["key", "value", "timestamp"],
            "properties": {
                "key": { "type": "string", "description": "Like `UserInterface.Extensions.Panel.Clicked`." },
                "value": { "type": "object" },
                "timestamp": timestamp("When the device raised it."),
            },
        },
    });
    about_a_device("events", "Something happened on a device.", &[("events", events)])
}

fn health_check() -> Value {
    json!({
        "type": "object",
        "description": "An administrator asks whether the webhook answers. Any 2xx means that it does.",
        "required": ["type", "orgId", "appId", "timestamp"],
        "properties": {
            "type": { "type": "string", "const": "healthCheck" },
            "orgId": id("organization"),
            "appId": { "type": "string", "format": "uuid" },
            "timestamp": timestamp("When it was asked."),
        },
    })
}

fn action() -> Value {
    json!({
        "type": "object",
        "description": "An action, in a queue.",
        "required": ["type", "jwt"],
        "properties": {
            "type": { "type": "string", "const": "action" },
            "jwt": { "type": "string", "description": "A signed JWT; the keys are at /jwks, the claims are those of Claims." },
        },
    })
}

/// The header that proves who sent a delivery.
pub(super) fn signature() -> Value {
    json!({
        "type": "string", "pattern": "^[0-9a-f]{40}$",
        "description": "HMAC-SHA1 of the body's bytes with the secret of the webhook, in lower-case hexadecimal digits. Only where a secret is set.",
    })
}
