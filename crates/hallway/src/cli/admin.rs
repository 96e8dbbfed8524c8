//! `hallway audit`, `hallway keys` and `hallway status`.

use hallway_wire::control::AuditEvent;
use hyper::Method;
use serde_json::{Map, Value, json};

use super::args::{AuditCommand, KeysCommand};
use super::failure::{Failure, Result};
use super::http::{Answer, Body, Client, shape, with_query};
use super::integration::moment;
use super::printer::Printer;
use super::table::{Labelled, Table};
use super::xapi_text;

pub(crate) async fn audit(command: &AuditCommand, client: &Client, printer: &mut Printer) -> Result {
    let AuditCommand::List {
        max,
        start,
        from,
        to,
        actor,
        categories,
    } = command;
    let (max, start, categories) = (max.to_string(), start.to_string(), categories.join(","));
    let mut query = vec![("max", max.as_str()), ("start", start.as_str())];
    let given = [
        ("from", from.as_deref()),
        ("to", to.as_deref()),
        ("actorId", actor.as_deref()),
        ("category", Some(categories.as_str())),
    ];
    let given = given.into_iter().filter_map(|(name, value)| Some((name, value?)));
    query.extend(given.filter(|(_, value)| !value.is_empty()));
    let path = with_query("/hallway/v1/audit", &query);
    let answer = client.get(&path).await?;
    let text = trail(&answer)?;
    printer.show(&answer, || text)
}

fn trail(answer: &Value) -> Result<String> {
    let mut table = Table::new(&["TIME", "WHO", "WHAT", "TO WHAT", "IN WORDS"]);
    for item in answer
        .get("items")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let event: AuditEvent = shape(item)?;
        table.row([
            moment(event.created),
            event.actor_name,
            event.event,
            event.target,
            event.description,
        ]);
    }
    Ok(table.or("Nothing has been done."))
}

pub(crate) async fn keys(command: &KeysCommand, client: &Client, printer: &mut Printer) -> Result {
    let KeysCommand::Rotate = command;
    client
        .tell(Method::POST, "/hallway/v1/keys/rotate", Body::None)
        .await?;
    printer.show(&json!({ "rotated": true }), || {
        "A new key signs from now on; what older keys signed stays valid.".to_owned()
    })
}

/// Says whether Hallway is up, and with a token also what it is.
pub(crate) async fn status(client: &Client, printer: &mut Printer) -> Result {
    if client.is_webex() {
        // Webex does not say how it is; an answer is what there is.
        let me = client.get("/v1/people/me").await?;
        let mut lines = Labelled::default();
        lines
            .add("address", client.url())
            .add("service", "Webex")
            .add_some("signed in as", me["displayName"].as_str())
            .add_some("organization", me["orgId"].as_str());
        return printer.show(&json!({ "url": client.url(), "me": me }), || lines.render());
    }
    let health = client.probe("/healthz").await?;
    let ready = client.probe("/readyz").await?;
    let about = if client.has_token() {
        Some(client.get("/hallway/v1/about").await?)
    } else {
        None
    };
    let up = health.status.is_success() && ready.status.is_success();
    let mut document = Map::new();
    document.insert("url".to_owned(), client.url().into());
    document.insert("healthy".to_owned(), health.status.is_success().into());
    document.insert("ready".to_owned(), ready.status.is_success().into());
    if let Some(about) = &about {
        document.insert("about".to_owned(), about.clone());
    }
    let mut lines = Labelled::default();
    lines
        .add("address", client.url())
        .add("healthy", verdict(&health))
        .add("ready", verdict(&ready));
    for (name, text) in about.iter().flat_map(xapi_text::leaves) {
        lines.add(&name, text);
    }
    printer.show(&document, || lines.render())?;
    if !up {
        return Err(Failure::refused("this Hallway is not ready"));
    }
    if about.is_none() && !printer.is_json() {
        printer.note("hint: with a token, this says more: --token, HALLWAY_TOKEN or --ready-file");
    }
    Ok(())
}

fn verdict(answer: &Answer) -> String {
    if answer.status.is_success() {
        return "yes".to_owned();
    }
    let said = String::from_utf8_lossy(&answer.body);
    let said: String = said.trim().chars().take(200).collect();
    format!("no ({}) {said}", answer.status).trim_end().to_owned()
}
