//! `hallway trigger`: making something happen, for a test of whoever listens.

use hallway_wire::trigger::TriggerAbout;
use hyper::Method;
use serde_json::{Map, Value, json};

use super::args::TriggerArgs;
use super::failure::{Failure, Result};
use super::http::{Body, Client, shape};
use super::printer::Printer;
use super::table::{Labelled, Table};

const TRIGGER: &str = "/hallway/v1/trigger";

pub(crate) async fn run(args: TriggerArgs, client: &Client, printer: &mut Printer) -> Result {
    let (Some(resource), Some(event)) = (args.resource, args.event) else {
        let answer = client.get(TRIGGER).await?;
        let items = answer["items"].as_array().into_iter().flatten();
        let all = items.map(shape).collect::<Result<Vec<TriggerAbout>>>()?;
        return printer.show(&answer, || table(&all));
    };
    let mut set = Map::new();
    for pair in args.set {
        let (name, value) = pair
            .split_once('=')
            .ok_or_else(|| Failure::usage(format!("--set {pair}: needs the form KEY=VALUE")))?;
        set.insert(name.trim().to_owned(), value.into());
    }
    let body = json!({ "resource": resource, "event": event, "set": set });
    let made = client.ask(Method::POST, TRIGGER, Body::Json(body)).await?;
    printer.show(&made, || lines(&made))
}

fn table(triggers: &[TriggerAbout]) -> String {
    let mut table = Table::new(&["RESOURCE", "EVENT", "WHAT HAPPENS", "CAN BE SET"]);
    for trigger in triggers {
        let names: Vec<&str> = trigger.settings.iter().map(|it| it.name.as_str()).collect();
        table.row([
            trigger.resource.clone(),
            trigger.event.clone(),
            trigger.about.clone(),
            names.join(" "),
        ]);
    }
    table.render()
}

/// What was made: its kind, and its plain members.
fn lines(made: &Value) -> String {
    let mut lines = Labelled::default();
    for (kind, thing) in made.as_object().into_iter().flatten() {
        lines.add(kind, thing["id"].as_str().unwrap_or_default());
        for (name, value) in thing.as_object().into_iter().flatten() {
            let text = match value {
                _ if name == "id" => continue,
                Value::String(text) => text.clone(),
                Value::Bool(_) | Value::Number(_) => value.to_string(),
                _ => continue,
            };
            lines.add(name, text);
        }
    }
    lines.render()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_made_is_shown() {
        let made = json!({ "room": { "id": "r1", "title": "Triggered room", "isLocked": false, "x": [] } });
        insta::assert_snapshot!(lines(&made), @r"
        room:      r1
        title:     Triggered room
        isLocked:  false
        ");
    }
}
