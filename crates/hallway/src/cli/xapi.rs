//! `hallway xapi`: devices as integrations see them, through the cloud API.

use std::path::Path;

use hyper::Method;
use serde_json::{Map, Value, json};

use super::args::{ConfigCommand, XapiCommand};
use super::failure::{Failure, Result};
use super::http::{Body, Client, encoded, with_query};
use super::names::{self, Named, quoted};
use super::printer::Printer;
use super::{input, xapi_text};

pub(crate) async fn run(command: XapiCommand, client: &Client, printer: &mut Printer) -> Result {
    match command {
        XapiCommand::Status { device, paths } => status(client, printer, &device, &paths).await,
        XapiCommand::Command {
            device,
            name,
            arguments,
            body,
        } => self::command(client, printer, &device, &name, &arguments, body.as_deref()).await,
        XapiCommand::Config(command) => config(client, printer, command).await,
        XapiCommand::Schema { device, path } => schema(client, printer, &device, path.as_deref()).await,
    }
}

async fn status(client: &Client, printer: &mut Printer, device: &str, paths: &[String]) -> Result {
    let device = names::device(client, device).await?;
    let mut query = vec![("deviceId", device.id.as_str())];
    query.extend(paths.iter().map(|path| ("name", path.as_str())));
    let answer = client.get(&with_query("/v1/xapi/status", &query)).await?;
    let rows = xapi_text::leaves(answer.get("result").unwrap_or(&Value::Null));
    if rows.is_empty() && !printer.is_json() {
        printer.note(&format!(
            "nothing on {} matches {}",
            quoted(&device.name),
            paths.join(", ")
        ));
    }
    printer.show(&answer, || xapi_text::aligned(&rows))
}

async fn command(
    client: &Client,
    printer: &mut Printer,
    device: &str,
    name: &str,
    arguments: &[String],
    body: Option<&Path>,
) -> Result {
    let arguments = self::arguments(arguments)?;
    let body = match body {
        Some(path) => Some(input::file_or_stdin(path, "the body of the command")?),
        None => None,
    };
    let device = names::device(client, device).await?;
    let mut request = json!({ "deviceId": device.id, "arguments": arguments });
    if let Some(body) = body {
        request["body"] = body.into();
    }
    let path = format!("/v1/xapi/command/{}", encoded(name));
    let answer = client.ask(Method::POST, &path, Body::Json(request)).await?;
    let rows = xapi_text::leaves(answer.get("result").unwrap_or(&Value::Null));
    printer.show(&answer, || {
        if rows.is_empty() {
            format!("{name} done on {}", quoted(&device.name))
        } else {
            xapi_text::aligned(&rows)
        }
    })
}

/// `Key=Value` texts as the arguments of a command.
///
/// Single values go out as text, which the platform reads as what the argument is: a title may be `42`. A
/// key that is given again makes a list, and a value in brackets is a list by itself.
fn arguments(texts: &[String]) -> Result<Map<String, Value>> {
    let mut arguments = Map::new();
    for text in texts {
        let Some((key, value)) = text.split_once('=').filter(|(key, _)| !key.trim().is_empty()) else {
            return Err(Failure::usage(format!("`{text}` is no argument of a command"))
                .hint("write arguments like Level=50, and quote them if they hold blanks: \"Text=Good morning\""));
        };
        let value = match serde_json::from_str::<Value>(value) {
            Ok(list @ Value::Array(_)) => list,
            Ok(Value::String(quoted)) => Value::String(quoted),
            _ => Value::String(value.to_owned()),
        };
        match arguments.get_mut(key.trim()) {
            None => {
                arguments.insert(key.trim().to_owned(), value);
            }
            Some(Value::Array(list)) => list.push(value),
            Some(first) => *first = Value::Array(vec![first.take(), value]),
        }
    }
    Ok(arguments)
}

async fn config(client: &Client, printer: &mut Printer, command: ConfigCommand) -> Result {
    match command {
        ConfigCommand::Get { device, path } => {
            let device = names::device(client, &device).await?;
            let mut query = vec![("deviceId", device.id.as_str())];
            query.extend(path.as_deref().map(|path| ("key", path)));
            let answer = client
                .get(&with_query("/v1/deviceConfigurations", &query))
                .await?;
            let items = answer.get("items").and_then(Value::as_object);
            if items.is_none_or(Map::is_empty) && !printer.is_json() {
                let wanted = path.as_deref().unwrap_or("anything");
                printer.note(&format!(
                    "no configuration of {} matches {wanted}",
                    quoted(&device.name)
                ));
            }
            printer.show(&answer, || xapi_text::configurations(&answer))
        }
        ConfigCommand::Set { device, path, value } => {
            let value = input::value(&value);
            let operation = json!({ "op": "replace", "path": configured(&path), "value": value });
            patch(client, printer, &device, operation).await
        }
        ConfigCommand::Unset { device, path } => {
            let operation = json!({ "op": "remove", "path": configured(&path) });
            patch(client, printer, &device, operation).await
        }
    }
}

/// Where a configured value is, in a patch.
fn configured(path: &str) -> String {
    format!("{}/sources/configured/value", path.trim().replace(' ', "."))
}

async fn patch(client: &Client, printer: &mut Printer, device: &str, operation: Value) -> Result {
    let device: Named = names::device(client, device).await?;
    let path = with_query("/v1/deviceConfigurations", &[("deviceId", &device.id)]);
    let body = Body::Patch(json!([operation]));
    let answer = client.ask(Method::PATCH, &path, body).await?;
    printer.show(&answer, || xapi_text::configurations(&answer))
}

async fn schema(client: &Client, printer: &mut Printer, device: &str, path: Option<&str>) -> Result {
    let device = names::device(client, device).await?;
    let mut query = vec![("deviceId", device.id.as_str())];
    query.extend(
        path.into_iter()
            .flat_map(|path| [("status", path), ("command", path)]),
    );
    let answer = client.get(&with_query("/v1/xapi/schema", &query)).await?;
    printer.show(&answer, || xapi_text::schemas(&answer))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(texts: &[&str]) -> Result<Value> {
        let texts: Vec<String> = texts.iter().map(|&text| text.to_owned()).collect();
        arguments(&texts).map(Value::Object)
    }

    #[test]
    fn arguments_are_texts_and_lists() {
        let texts = ["Level=50", "Text=a=b", "Title=", "Option.1=\"7\""];
        let expected = json!({"Level": "50", "Text": "a=b", "Title": "", "Option.1": "7"});
        assert_eq!(read(&texts).unwrap(), expected);
        let texts = ["Slot=1", "Slot=2", "Slot=3", "Role=[\"a\"]", "Role=b"];
        let expected = json!({"Slot": ["1", "2", "3"], "Role": ["a", "b"]});
        assert_eq!(read(&texts).unwrap(), expected);
        for bad in ["Level", "=5", ""] {
            assert_eq!(read(&[bad]).unwrap_err().exit_code(), 2, "{bad}");
        }
    }
}
