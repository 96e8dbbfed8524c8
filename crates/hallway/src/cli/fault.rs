//! `hallway fault`: ordering that something goes wrong, for the sake of tests.

use hallway_wire::fault::{Fault, FaultEffect, FaultRequest, FaultState};
use hallway_wire::id::{AppId, DeviceId, WebhookId};
use hyper::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::args::{FaultAdd, FaultCommand, Latency};
use super::failure::{Failure, Result};
use super::http::{Body, Client, encoded, shape};
use super::integration::moment;
use super::names::{self, DEVICES};
use super::printer::Printer;
use super::table::{Labelled, Table};

const FAULTS: &str = "/hallway/v1/faults";

pub(crate) async fn run(command: FaultCommand, client: &Client, printer: &mut Printer) -> Result {
    match command {
        FaultCommand::Add(add) => {
            let request = request(*add, client).await?;
            let answer = client
                .ask(Method::POST, FAULTS, Body::Json(json!(request)))
                .await?;
            let fault: Fault = shape(&answer)?;
            printer.show(&answer, || added(&fault))
        }
        FaultCommand::List => {
            let answer = client.get(FAULTS).await?;
            let items = answer.get("items").and_then(Value::as_array);
            let faults = items
                .into_iter()
                .flatten()
                .map(shape)
                .collect::<Result<Vec<Fault>>>()?;
            // Names of devices are a courtesy: a token that may not read them still gets its list.
            let named = faults.iter().any(|fault| fault.device.is_some()) && !printer.is_json();
            let devices = if named {
                client.list(DEVICES).await.unwrap_or_default()
            } else {
                Vec::new()
            };
            printer.show(&answer, || list(&faults, &devices))
        }
        FaultCommand::Clear { id: Some(id) } => {
            let path = format!("{FAULTS}/{}", encoded(&id));
            client.tell(Method::DELETE, &path, Body::None).await?;
            printer.show(&json!({ "removed": 1 }), || format!("The fault {id} is gone."))
        }
        FaultCommand::Clear { id: None } => {
            let answer = client.ask(Method::DELETE, FAULTS, Body::None).await?;
            printer.show(&answer, || match answer["removed"].as_u64() {
                Some(0) => "There was no fault.".to_owned(),
                Some(1) => "One fault is gone.".to_owned(),
                _ => format!("{} faults are gone.", answer["removed"]),
            })
        }
    }
}

/// What was typed, with names resolved.
async fn request(add: FaultAdd, client: &Client) -> Result<FaultRequest> {
    let effect = effect(&add)?;
    let mut request = FaultRequest::new(effect);
    if let Some(app) = &add.integration {
        let app = names::app(client, app).await?;
        request.integration = Some(AppId(read::<Uuid>(&app.id)?));
    }
    if let Some(device) = &add.device {
        let device = names::device(client, device).await?;
        request.device = Some(read::<DeviceId>(&device.id)?);
    }
    if let Some(webhook) = &add.webhook {
        request.webhook = Some(read::<WebhookId>(webhook)?);
    }
    request.person = add.person;
    request.client = add.client;
    request.token = add.token_hash;
    request.this_token = add.this_token;
    request.route = add.route;
    request.times = add.times;
    request.probability = add.probability;
    request.seed = add.seed;
    request.for_seconds = add.for_seconds;
    Ok(request)
}

fn read<T: std::str::FromStr>(text: &str) -> Result<T>
where
    T::Err: std::fmt::Display,
{
    let text = text.trim();
    text.parse()
        .map_err(|error: T::Err| Failure::usage(format!("`{text}` is no id that fits: {error}")))
}

/// The one effect that was typed; clap sees to it that there is one.
fn effect(add: &FaultAdd) -> Result<FaultEffect> {
    let effects = &add.effect;
    if let Some(status) = effects.status {
        return Ok(FaultEffect::Status {
            status,
            retry_after: add.retry_after,
            message: add.message.clone(),
        });
    }
    if let Some((min_ms, max_ms)) = effects.latency {
        return Ok(FaultEffect::Latency { min_ms, max_ms });
    }
    let plain = [
        (effects.close, FaultEffect::Close),
        (effects.expired_token, FaultEffect::ExpiredToken),
        (effects.duplicate, FaultEffect::Duplicate),
        (effects.reorder, FaultEffect::Reorder),
        (effects.drop, FaultEffect::Drop),
        (effects.offline, FaultEffect::Offline),
    ];
    let found = plain.into_iter().find(|(given, _)| *given);
    found
        .map(|(_, effect)| effect)
        .ok_or_else(|| Failure::usage("say what shall go wrong, like --status 429"))
}

/// Milliseconds, or a range of them: `500`, `200..800`.
pub(crate) fn latency(text: &str) -> std::result::Result<Latency, String> {
    let number = |text: &str| {
        let text = text.trim();
        text.parse::<u64>()
            .map_err(|_| format!("`{text}` is no number of milliseconds"))
    };
    match text.split_once("..") {
        None => Ok((number(text)?, None)),
        Some((min, max)) => Ok((number(min)?, Some(number(max)?))),
    }
}

/// What goes wrong, in few words.
fn what(effect: &FaultEffect) -> String {
    match effect {
        FaultEffect::Status {
            status, retry_after, ..
        } => match retry_after {
            Some(seconds) => format!("status {status}, Retry-After {seconds} s"),
            None => format!("status {status}"),
        },
        FaultEffect::Latency { min_ms, max_ms } => match max_ms {
            Some(max_ms) => format!("latency {min_ms}..{max_ms} ms"),
            None => format!("latency {min_ms} ms"),
        },
        FaultEffect::Close => "connection closed".to_owned(),
        FaultEffect::ExpiredToken => "token expired".to_owned(),
        FaultEffect::Duplicate => "notification twice".to_owned(),
        FaultEffect::Reorder => "notification after the next".to_owned(),
        FaultEffect::Drop => "notification lost".to_owned(),
        FaultEffect::Offline => "device off line".to_owned(),
    }
}

/// Whom it strikes, and how often.
fn whom(fault: &Fault, devices: &[Value]) -> String {
    let mut parts = Vec::new();
    let mut add = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            parts.push(format!("{name} {value}"));
        }
    };
    add("route", fault.route.clone());
    add("person", fault.person.map(|id| id.to_string()));
    add("client", fault.client.clone());
    add("token", fault.token.clone());
    add("integration", fault.integration.map(|id| id.to_string()));
    add("webhook", fault.webhook.map(|id| id.to_string()));
    let name = |id: String| {
        let found = devices.iter().find(|device| device["id"] == id.as_str());
        let name = found.and_then(|device| device["displayName"].as_str());
        name.map_or(id, names::quoted)
    };
    add("device", fault.device.map(|id| name(id.to_string())));
    if parts.is_empty() {
        "everything".to_owned()
    } else {
        parts.join(", ")
    }
}

fn bounds(fault: &Fault) -> String {
    let mut parts = Vec::new();
    if let Some(times) = fault.times {
        parts.push(if times == 1 {
            "once".to_owned()
        } else {
            format!("{times} times")
        });
    }
    if let Some(probability) = fault.probability {
        parts.push(format!("with probability {probability}"));
    }
    if let Some(seed) = fault.seed {
        parts.push(format!("seed {seed}"));
    }
    if let Some(ends) = fault.ends {
        parts.push(format!("until {}", moment(ends)));
    }
    if parts.is_empty() {
        "until it is cleared".to_owned()
    } else {
        parts.join(", ")
    }
}

fn added(fault: &Fault) -> String {
    let mut lines = Labelled::default();
    lines
        .add("fault", &fault.id)
        .add("effect", what(&fault.effect))
        .add("strikes", whom(fault, &[]))
        .add("bounds", bounds(fault));
    format!("{}next: hallway fault clear {}\n", lines.render(), fault.id)
}

fn list(faults: &[Fault], devices: &[Value]) -> String {
    let mut table = Table::new(&["ID", "STATE", "HITS", "EFFECT", "STRIKES", "BOUNDS"]);
    for fault in faults {
        let state = match fault.state {
            FaultState::Armed => "armed",
            FaultState::Spent => "spent",
            FaultState::Over => "over",
        };
        table.row([
            fault.id.clone(),
            state.to_owned(),
            fault.hits.to_string(),
            what(&fault.effect),
            whom(fault, devices),
            bounds(fault),
        ]);
    }
    table.or("Nothing is ordered to go wrong.\nnext: hallway fault add --help")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latencies_are_numbers_or_ranges() {
        assert_eq!(latency("500"), Ok((500, None)));
        assert_eq!(latency("200..800"), Ok((200, Some(800))));
        for bad in ["", "x", "1..", "..1", "5s", "-1"] {
            assert!(latency(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn faults_are_listed() {
        let faults: Vec<Fault> = [
            json!({"id": "0a0b0c0d", "state": "armed", "hits": 3, "created": "2026-03-04T05:06:07.089Z",
                   "effect": {"type": "status", "status": 429, "retryAfter": 2}, "times": 5,
                   "route": "GET /v1/people/{id}", "client": "C1"}),
            json!({"id": "11111111", "state": "spent", "hits": 1, "created": "2026-03-04T05:06:07.089Z",
                   "effect": {"type": "latency", "minMs": 5, "maxMs": 9}, "seed": 7, "probability": 0.5}),
            json!({"id": "22222222", "state": "armed", "hits": 0, "created": "2026-03-04T05:06:07.089Z",
                   "effect": {"type": "offline"}, "device": uuid::Uuid::nil()}),
        ]
        .iter()
        .map(|fault| shape(fault).unwrap())
        .collect();
        let device = DeviceId::from_uuid(uuid::Uuid::nil());
        let devices = [json!({"id": device, "displayName": "Board Room"})];
        insta::assert_snapshot!(list(&faults, &devices), @r#"
        ID        STATE  HITS  EFFECT                       STRIKES                               BOUNDS
        0a0b0c0d  armed  3     status 429, Retry-After 2 s  route GET /v1/people/{id}, client C1  5 times
        11111111  spent  1     latency 5..9 ms              everything                            with probability 0.5, seed 7
        22222222  armed  0     device off line              device "Board Room"                   until it is cleared
        "#);
    }
}
