//! `hallway device`: what stands in the rooms, and the strings of the simulated ones.

use std::collections::HashMap;

use hallway_wire::control::{EmitEvent, SetStatus};
use hallway_wire::screen::{DeviceScreen, ScreenKind, ScreenState, Showing};
use hyper::Method;
use serde_json::{Map, Value, json};

use super::args::DeviceCommand;
use super::failure::{Failure, Result};
use super::http::{Body, Client, shape, with_query};
use super::input;
use super::names::{self, DEVICES, Named, WORKSPACES, quoted};
use super::printer::Printer;
use super::table::{Labelled, Table};

pub(crate) async fn run(command: DeviceCommand, client: &Client, printer: &mut Printer) -> Result {
    use DeviceCommand as C;
    match command {
        C::List => {
            let devices = client.list(DEVICES).await?;
            // Names of workspaces are a courtesy: a token that may not read them still gets its list.
            let rooms = if printer.is_json() {
                Vec::new()
            } else {
                client.list(WORKSPACES).await.unwrap_or_default()
            };
            let text = list(&devices, &rooms);
            printer.show(&json!({ "items": devices }), || text)
        }
        C::Show { device } => {
            let device = names::device(client, &device).await?;
            let answer = client.get(&format!("/v1/devices/{}", device.segment())).await?;
            let text = members(&answer);
            printer.show(&answer, || text)
        }
        C::Screen { device } => {
            let device = names::device(client, &device).await?;
            let path = format!("/hallway/v1/devices/{}/screen", device.segment());
            let answer = client.get(&path).await?;
            let text = screen(&device.name, &shape(&answer)?);
            printer.show(&answer, || text)
        }
        C::Set { device, path, value } => {
            let device = names::device(client, &device).await?;
            let value = input::value(&value);
            let body = SetStatus {
                path: path.clone(),
                value: value.clone(),
            };
            tell(client, Method::POST, &device, "/status", Body::Json(json!(body))).await?;
            let said = format!("{path} = {value} on {}", quoted(&device.name));
            done(printer, &device, json!({ "path": path, "value": value }), said)
        }
        C::Unset { device, path } => {
            let device = names::device(client, &device).await?;
            let target = with_query("/status", &[("path", &path)]);
            tell(client, Method::DELETE, &device, &target, Body::None).await?;
            let said = format!("{path} is gone from {}", quoted(&device.name));
            done(printer, &device, json!({ "path": path, "removed": true }), said)
        }
        C::Emit { device, event, value } => {
            let value = event_value(value.as_deref())?;
            let device = names::device(client, &device).await?;
            let body = EmitEvent {
                event: event.clone(),
                value,
            };
            let shown = json!(body);
            tell(
                client,
                Method::POST,
                &device,
                "/events",
                Body::Json(shown.clone()),
            )
            .await?;
            let said = format!("{event} raised on {}", quoted(&device.name));
            done(printer, &device, shown, said)
        }
        C::Connect { device } => steer(client, printer, &device, "connect", "connected").await,
        C::Disconnect { device } => steer(client, printer, &device, "disconnect", "disconnected").await,
        C::Reboot { device } => steer(client, printer, &device, "reboot", "rebooting").await,
        C::Code { workspace } => code(client, printer, &workspace).await,
    }
}

async fn tell(client: &Client, method: Method, device: &Named, rest: &str, body: Body) -> Result {
    let path = format!("/hallway/v1/devices/{}{rest}", device.segment());
    client.tell(method, &path, body).await
}

async fn steer(client: &Client, printer: &mut Printer, device: &str, verb: &str, state: &str) -> Result {
    let device = names::device(client, device).await?;
    tell(client, Method::POST, &device, &format!("/{verb}"), Body::None).await?;
    let said = format!("{} is {state}", quoted(&device.name));
    done(printer, &device, json!({ "done": verb }), said)
}

/// Says what was done, and to what.
fn done(printer: &mut Printer, device: &Named, what: Value, said: String) -> Result {
    let mut document = Map::new();
    document.insert("deviceId".to_owned(), device.id.clone().into());
    if let Value::Object(mut what) = what {
        document.append(&mut what);
    }
    printer.show(&document, || said)
}

/// The payload of an event: an object, or nothing.
fn event_value(text: Option<&str>) -> Result<Map<String, Value>> {
    let Some(text) = text else {
        return Ok(Map::new());
    };
    let wrong = |why: String| {
        Failure::usage(format!("what the event says must be a JSON object: {why}"))
            .hint(r#"quote it for the shell: '{"PanelId":"lights"}'"#)
    };
    match serde_json::from_str(text) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(other) => Err(wrong(format!("{other} is none"))),
        Err(error) => Err(wrong(error.to_string())),
    }
}

async fn code(client: &Client, printer: &mut Printer, workspace: &str) -> Result {
    let workspace = names::workspace(client, workspace).await?;
    let body = Body::Json(json!({ "workspaceId": workspace.id }));
    let answer = client
        .ask(Method::POST, "/v1/devices/activationCode", body)
        .await?;
    let mut lines = Labelled::default();
    lines
        .add("workspace", &workspace.name)
        .add("activation code", grouped(text(&answer, "code")))
        .add_some("expires", Some(text(&answer, "expiryTime")));
    printer.show(&answer, || lines.render())
}

/// Sixteen digits as a person types them.
fn grouped(code: &str) -> String {
    if code.len() != 16 || !code.bytes().all(|byte| byte.is_ascii_digit()) {
        return code.to_owned();
    }
    format!("{}-{}-{}-{}", &code[..4], &code[4..8], &code[8..12], &code[12..])
}

fn list(devices: &[Value], rooms: &[Value]) -> String {
    let rooms: HashMap<&str, &str> = rooms
        .iter()
        .map(|room| (text(room, "id"), text(room, "displayName")))
        .collect();
    let mut table = Table::new(&["NAME", "PRODUCT", "STATE", "WORKSPACE", "ID"]);
    for device in devices {
        let room = match text(device, "workspaceId") {
            "" if !text(device, "personId").is_empty() => "(personal)",
            id => rooms.get(id).copied().unwrap_or(id),
        };
        table.row([
            text(device, "displayName").to_owned(),
            text(device, "product").to_owned(),
            text(device, "connectionStatus").replace('_', " "),
            room.to_owned(),
            text(device, "id").to_owned(),
        ]);
    }
    table.or("There is no device.\nnext: hallway device code WORKSPACE")
}

/// What is on the screens, in words.
fn screen(name: &str, screen: &DeviceScreen) -> String {
    let state = match screen.state {
        ScreenState::Awake => "awake",
        ScreenState::Halfwake => "half awake",
        ScreenState::Standby => "standby",
    };
    let mut lines = Labelled::default();
    lines
        .add("device", name)
        .add("state", state)
        .add("shows", showing(&screen.showing))
        .add("when idle", showing(&screen.idle));
    let mut text = lines.render();
    let mut table = Table::new(&["NAVIGATOR", "SERIAL", "XAPI", "WEB APP"]);
    for navigator in &screen.navigators {
        let page = match (&navigator.url, &navigator.problem) {
            (Some(url), Some(problem)) if !navigator.xapi_allowed => format!("{url} (no xAPI: {problem})"),
            (Some(url), _) => url.clone(),
            (None, Some(problem)) => format!("none: {problem}"),
            (None, None) => String::new(),
        };
        let allowed = if navigator.xapi_allowed { "allowed" } else { "no" };
        table.row([
            navigator.name.clone(),
            navigator.serial.clone(),
            allowed.to_owned(),
            page,
        ]);
    }
    if !table.is_empty() {
        text.push('\n');
        text.push_str(&table.render());
    }
    text
}

fn showing(showing: &Showing) -> String {
    let kind = match showing.kind {
        ScreenKind::Home => "the home screen",
        ScreenKind::Call => "a call",
        ScreenKind::WebView => "a web view",
        ScreenKind::WebApp => "a web app",
        ScreenKind::Signage => "digital signage",
        ScreenKind::Halfwake => "its idle picture",
        ScreenKind::Nothing => "nothing: the display is dark",
    };
    match &showing.url {
        Some(url) => format!("{kind}: {url}"),
        None => kind.to_owned(),
    }
}

/// The members of an object as lines, in the words of the API.
pub(crate) fn members(object: &Value) -> String {
    let mut lines = Labelled::default();
    for (name, value) in object.as_object().into_iter().flatten() {
        let shown = match value {
            Value::Null => continue,
            Value::String(text) => text.clone(),
            Value::Array(items) if items.iter().all(Value::is_string) => {
                let items: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
                items.join(", ")
            }
            other => other.to_string(),
        };
        lines.add_some(name, Some(shown));
    }
    lines.render()
}

/// A text member, empty where there is none.
pub(crate) fn text<'a>(object: &'a Value, member: &str) -> &'a str {
    object.get(member).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_listed_with_their_rooms() {
        let devices = [
            json!({"id": "d1", "displayName": "Board Room", "product": "Board Pro",
                   "connectionStatus": "connected_with_issues", "workspaceId": "w1"}),
            json!({"id": "d2", "displayName": "Desk", "product": "Desk Pro",
                   "connectionStatus": "connected", "personId": "p"}),
            json!({"id": "d3", "displayName": "New", "workspaceId": "w9"}),
        ];
        let rooms = [json!({"id": "w1", "displayName": "Oslo"})];
        insta::assert_snapshot!(list(&devices, &rooms), @r"
        NAME        PRODUCT    STATE                  WORKSPACE   ID
        Board Room  Board Pro  connected with issues  Oslo        d1
        Desk        Desk Pro   connected              (personal)  d2
        New         -          -                      w9          d3
        ");
    }

    #[test]
    fn an_event_says_an_object_or_nothing() {
        assert!(event_value(None).unwrap().is_empty());
        assert_eq!(
            event_value(Some(r#"{"PanelId":"lights"}"#)).unwrap()["PanelId"],
            "lights"
        );
        for bad in ["[1]", "lights", ""] {
            assert_eq!(event_value(Some(bad)).unwrap_err().exit_code(), 2, "{bad}");
        }
    }

    #[test]
    fn screens_are_told_in_words() {
        let answer = json!({
            "state": "halfwake",
            "showing": {"kind": "signage", "url": "https://signs.example/1", "loads": 3},
            "idle": {"kind": "signage", "url": "https://signs.example/1"},
            "navigators": [
                {"serial": "F1", "name": "Door", "url": "https://a.example/", "xapiAllowed": true},
                {"serial": "F2", "name": "Table", "xapiAllowed": false, "problem": "No web app is set."},
            ],
        });
        insta::assert_snapshot!(screen("Oslo", &serde_json::from_value(answer).unwrap()), @r"
        device:     Oslo
        state:      half awake
        shows:      digital signage: https://signs.example/1
        when idle:  digital signage: https://signs.example/1

        NAVIGATOR  SERIAL  XAPI     WEB APP
        Door       F1      allowed  https://a.example/
        Table      F2      no       none: No web app is set.
        ");
    }

    #[test]
    fn codes_are_grouped() {
        assert_eq!(grouped("1234567890123456"), "1234-5678-9012-3456");
        assert_eq!(grouped("12"), "12");
    }
}
