//! What a receiver gets: the envelope around `data`, as bytes (webhooks 5.1).

use serde_json::{Map, Number, Value};

use super::happening::Happening;
use super::subscription::Webhook;

/// Largest whole number that JavaScript keeps.
const SAFE: i64 = (1 << 53) - 1;

/// Brings a value into a form whose text JavaScript reproduces: receivers verify signatures over
/// `JSON.stringify` of what they parsed (webhooks 5.2).
pub(super) fn stable(value: &mut Value) {
    match value {
        Value::Number(number) => {
            if let Some(replacement) = stable_number(number) {
                *value = replacement;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(stable),
        Value::Object(members) => {
            members.values_mut().for_each(stable);
            if members.keys().any(|key| index(key).is_some()) {
                let mut all: Vec<(String, Value)> = std::mem::take(members).into_iter().collect();
                // JavaScript puts keys that look like an index first, in their order.
                all.sort_by_key(|(key, _)| index(key).unwrap_or(u64::MAX));
                *members = all.into_iter().collect::<Map<_, _>>();
            }
        }
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}

/// The number of a key that JavaScript takes for an index.
fn index(key: &str) -> Option<u64> {
    let number: u64 = key.parse().ok()?;
    (number < u64::from(u32::MAX) && number.to_string() == key).then_some(number)
}

/// What stands for a number that JavaScript would write otherwise.
fn stable_number(number: &Number) -> Option<Value> {
    if let Some(whole) = number.as_i64() {
        return (whole.abs() > SAFE).then(|| Value::String(whole.to_string()));
    }
    if number.is_u64() {
        return Some(Value::String(number.to_string()));
    }
    let float = number.as_f64()?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "checked"
    )]
    if float.fract() == 0.0 && float.abs() <= SAFE as f64 {
        return Some(Value::from(float as i64));
    }
    let plain = (1e-6..1e21).contains(&float.abs());
    (!plain).then(|| Value::String(float.to_string()))
}

fn text(text: &str) -> String {
    // A text is always JSON.
    serde_json::to_string(text).unwrap_or_default()
}

/// The parts of a webhook's envelopes that stay the same from one to the next.
#[derive(Debug)]
pub(super) struct Frame {
    /// Up to the resource.
    start: String,
    /// Between the event and the actor.
    middle: String,
}

impl Frame {
    pub(super) fn of(webhook: &Webhook) -> Self {
        let start = format!(
            r#"{{"id":{},"name":{},"targetUrl":{}"#,
            text(&webhook.id.to_string()),
            text(&webhook.name),
            text(&webhook.target_url)
        );
        let mut middle = String::new();
        if let Some(filter) = &webhook.filter {
            middle.push_str(r#","filter":"#);
            middle.push_str(&text(filter));
        }
        let owned_by = match webhook.owned_by {
            hallway_wire::webhook::OwnedBy::Creator => "creator",
            hallway_wire::webhook::OwnedBy::Org => "org",
        };
        middle.push_str(&format!(
            r#","orgId":{},"createdBy":{},"appId":{},"ownedBy":"{owned_by}","status":"active","created":"{}""#,
            text(&webhook.org.to_string()),
            text(&webhook.creator.to_string()),
            text(&webhook.app_id()),
            webhook.created,
        ));
        Self { start, middle }
    }

    /// The envelope of something that happened; `data` is its text.
    pub(super) fn around(&self, happening: &Happening, data: &str) -> String {
        let mut body = String::with_capacity(self.start.len() + self.middle.len() + data.len() + 192);
        body.push_str(&self.start);
        body.push_str(r#","resource":""#);
        body.push_str(happening.resource.word());
        body.push_str(r#"","event":""#);
        body.push_str(happening.event.word());
        body.push('"');
        body.push_str(&self.middle);
        if let Some(actor) = happening.actor {
            body.push_str(r#","actorId":"#);
            body.push_str(&text(&actor.to_string()));
        }
        body.push_str(r#","data":"#);
        body.push_str(data);
        body.push('}');
        body
    }
}

#[cfg(test)]
mod tests {
    use hallway_wire::Timestamp;
    use hallway_wire::id::{OrgId, PersonId, WebhookId};
    use hallway_wire::webhook::{Event, OwnedBy, Resource, Status};
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_and_keys_are_those_of_javascript() {
        let mut value = json!({ "b": 1.0, "10": 1, "2": 0.5, "a": [1e300, u64::MAX, -3.0], "01": 1,
            "big": 9_007_199_254_740_993_i64, "tiny": 1e-9 });
        stable(&mut value);
        assert_eq!(
            value.to_string(),
            format!(
                r#"{{"2":0.5,"10":1,"b":1,"a":["{}","18446744073709551615",-3],"01":1,"big":"9007199254740993","tiny":"0.000000001"}}"#,
                1e300_f64
            )
        );
    }

    #[test]
    fn envelopes_are_compact_json_in_order() {
        let webhook = Webhook {
            id: WebhookId::from_uuid(uuid::Uuid::nil()),
            org: OrgId::from_uuid(uuid::Uuid::nil()),
            creator: PersonId::from_uuid(uuid::Uuid::nil()),
            client: Some("C1".to_owned()),
            bot: false,
            name: "Größe \"x\" /\u{2028}".to_owned(),
            target_url: "https://example.com/a?b=c".to_owned(),
            resource: Resource::All,
            event: Event::All,
            filter: None,
            secret: None,
            owned_by: OwnedBy::Creator,
            status: Status::Active,
            created: Timestamp(0),
            listened: false,
        };
        let happening = Happening {
            org: webhook.org,
            resource: Resource::Messages,
            event: Event::Created,
            actor: Some(webhook.creator),
            at: Timestamp(5),
            data: json!({ "id": "é" }),
            full: None,
            audience: Vec::new(),
        };
        let body = Frame::of(&webhook).around(&happening, &happening.data.to_string());
        let parsed: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(parsed.to_string(), body, "compact, as JSON.stringify writes it");
        let members: Vec<&String> = parsed.as_object().unwrap().keys().collect();
        assert_eq!(
            members,
            [
                "id",
                "name",
                "targetUrl",
                "resource",
                "event",
                "orgId",
                "createdBy",
                "appId",
                "ownedBy",
                "status",
                "created",
                "actorId",
                "data"
            ]
        );
        assert_eq!(
            (&parsed["resource"], &parsed["event"]),
            (&json!("messages"), &json!("created"))
        );
        assert_eq!(parsed["created"], "1970-01-01T00:00:00.000Z");
        assert!(body.contains("Größe \\\"x\\\" /\u{2028}") && body.contains("\"é\""));
    }
}
