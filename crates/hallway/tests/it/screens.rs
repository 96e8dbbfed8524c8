//! What simulated devices and their Navigators show, and a web app that reaches its device's own API: over the
//! management API, and over the WebSocket of the device.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::support::{Office, within};

const ROOM: &str = "Kittiwake Bar";
const APP: &str = "https://navi.example.com/panel?room=Kittiwake";

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Sets configurations as the cloud does; `null` takes the configured value away.
async fn configure(office: &Office, values: &[(&str, Value)]) {
    let operations = values.iter().map(|(key, value)| {
        let path = format!("{key}/sources/configured/value");
        match value {
            Value::Null => json!({ "op": "remove", "path": path }),
            value => json!({ "op": "replace", "path": path, "value": value }),
        }
    });
    let target = format!("/v1/deviceConfigurations?deviceId={}", office.device(ROOM));
    let operations: Vec<Value> = operations.collect();
    office.admin.patch(&target, json!(operations)).await.expect(201);
}

async fn screen(office: &Office) -> Value {
    let target = format!("/hallway/v1/devices/{}/screen", office.device(ROOM));
    office.admin.get(&target).await.expect(200)
}

async fn command(office: &Office, name: &str) {
    let body = json!({ "deviceId": office.device(ROOM) });
    let target = format!("/v1/xapi/command/{name}");
    office.admin.post(&target, body).await.expect(200);
}

/// Opens a WebSocket; the status of a refusal otherwise.
async fn open(url: &str, header: (&'static str, String)) -> Result<Socket, u16> {
    let mut request = url.into_client_request().unwrap();
    request.headers_mut().insert(header.0, header.1.parse().unwrap());
    match within("the WebSocket", tokio_tungstenite::connect_async(request)).await {
        Ok((socket, _)) => Ok(socket),
        Err(Error::Http(response)) => Err(response.status().as_u16()),
        Err(error) => panic!("{error}"),
    }
}

async fn ask(socket: &mut Socket, method: &str, params: Value) -> Value {
    let frame = json!({ "jsonrpc": "2.0", "id": 7, "method": method, "params": params });
    socket.send(Message::text(frame.to_string())).await.unwrap();
    within("the answer", async {
        loop {
            if let Message::Text(text) = socket.next().await.unwrap().unwrap() {
                let frame: Value = serde_json::from_str(&text).unwrap();
                if frame["id"] == 7 {
                    return frame;
                }
            }
        }
    })
    .await
}

#[tokio::test]
async fn signage_is_seen_from_outside() {
    let office = Office::start().await;
    let page = "https://signs.example.com/?room=Board%20Room&_cisco_app_id=1";
    let before = screen(&office).await;
    assert_eq!(before["idle"], json!({ "kind": "halfwake" }));
    configure(
        &office,
        &[
            ("WebEngine.Mode", json!("On")),
            ("Standby.Signage.Mode", json!("On")),
            ("Standby.Signage.Url", json!(page)),
        ],
    )
    .await;
    assert_eq!(screen(&office).await["idle"]["url"], page);
    command(&office, "Standby.Halfwake").await;
    let shown = screen(&office).await;
    assert_eq!(
        (
            &shown["state"],
            &shown["showing"]["kind"],
            &shown["showing"]["url"]
        ),
        (&json!("halfwake"), &json!("signage"), &json!(page))
    );
    let target = format!(
        "/v1/xapi/status?deviceId={}&name=UserInterface.WebView[*].*",
        office.device(ROOM)
    );
    let views = office.admin.get(&target).await.expect(200);
    assert_eq!(
        views["result"]["UserInterface"]["WebView"],
        json!([{ "id": 4, "Status": "Visible", "Type": "Signage", "URL": page }])
    );
    configure(
        &office,
        &[
            ("Standby.Signage.Mode", Value::Null),
            ("Standby.Signage.Url", Value::Null),
        ],
    )
    .await;
    assert_eq!(screen(&office).await["showing"], json!({ "kind": "halfwake" }));

    let board = office.device("Board Room");
    office
        .admin
        .post(&format!("/hallway/v1/devices/{board}/disconnect"), json!({}))
        .await
        .expect(204);
    office
        .admin
        .get(&format!("/hallway/v1/devices/{board}/screen"))
        .await
        .expect_error(504);
    office.close().await;
}

#[tokio::test]
async fn a_web_app_reaches_its_device() {
    let office = Office::start().await;
    let device = office.device(ROOM);
    let serial = screen(&office).await["navigators"][0]["serial"]
        .as_str()
        .unwrap()
        .to_owned();
    let session = format!("/hallway/v1/devices/{device}/navigators/{serial}/webApp/session");
    let refused = office.admin.post(&session, Value::Null).await.expect_error(409);
    assert!(refused.contains("No web app is set"), "{refused}");
    configure(
        &office,
        &[
            ("WebEngine.Mode", json!("On")),
            ("UserInterface.HomeScreen.Peripherals.WebApp.URL", json!(APP)),
            (
                "WebEngine.Features.Xapi.Peripherals.AllowedHosts.Hosts",
                json!("navi.example.com"),
            ),
        ],
    )
    .await;
    let refused = office.admin.post(&session, Value::Null).await.expect_error(409);
    assert!(
        refused.contains("Security.Xapi.WebSocket.ApiKey.Allowed"),
        "{refused}"
    );
    configure(
        &office,
        &[("Security.Xapi.WebSocket.ApiKey.Allowed", json!("True"))],
    )
    .await;
    assert_eq!(
        screen(&office).await["navigators"],
        json!([{ "serial": serial, "name": "Kittiwake Navigator", "url": APP, "xapiAllowed": true }])
    );
    let nobody = format!("/hallway/v1/devices/{device}/navigators/NOBODY/webApp/session");
    office.admin.post(&nobody, Value::Null).await.expect_error(404);

    let given = office.admin.post(&session, Value::Null).await.expect(200);
    let (url, user, key) = (
        given["url"].as_str().unwrap(),
        given["username"].as_str().unwrap(),
        given["password"].as_str().unwrap(),
    );
    assert_eq!(
        (&given["webAppUrl"], &given["serial"]),
        (&json!(APP), &json!(serial))
    );
    let token = |user: &str| format!("{user}:{key}");
    // By path with any user, and as jsxapi does: `/ws`, the device as user, a subprotocol.
    let basic = format!("Basic {}", STANDARD.encode(token("panel")));
    let mut by_path = open(url, ("authorization", basic.clone())).await.unwrap();
    let root = url.split("/devices/").next().unwrap();
    let protocol = format!("auth-{}", URL_SAFE_NO_PAD.encode(token(user)));
    let mut by_user = open(&format!("{root}/ws"), ("sec-websocket-protocol", protocol))
        .await
        .unwrap();
    let color = json!({ "Color": "Red" });
    let answer = ask(&mut by_path, "xCommand/UserInterface/LedControl/Color/Set", color).await;
    assert_eq!(answer["result"]["status"], "OK");
    let path = json!({ "Path": ["Status", "UserInterface", "LedControl", "Color"] });
    assert_eq!(ask(&mut by_user, "xGet", path).await["result"], "Red");
    let set = json!({ "Path": ["Configuration", "WebEngine", "Mode"], "Value": "Off" });
    assert_eq!(ask(&mut by_user, "xSet", set).await["error"]["code"], -31999);
    assert_eq!(
        ask(&mut by_user, "xCommand/Macros/Macro/Get", json!({})).await["error"]["code"],
        -31999
    );

    // The key is for this device, and for nothing else.
    let other = url.replace(
        &url[url.find("/devices/").unwrap()..],
        &format!("/devices/{}/ws", office.device("Board Room")),
    );
    assert_eq!(
        open(&other, ("authorization", basic.clone())).await.unwrap_err(),
        403
    );
    let client = office.admin.with_token(key);
    client.get("/v1/devices").await.expect_error(401);
    // It ends with the permission, and so do its connections.
    configure(
        &office,
        &[(
            "WebEngine.Features.Xapi.Peripherals.AllowedHosts.Hosts",
            Value::Null,
        )],
    )
    .await;
    for socket in [&mut by_path, &mut by_user] {
        let end = async { while let Some(Ok(_)) = socket.next().await {} };
        within("the end of the connection", end).await;
    }
    assert_eq!(open(url, ("authorization", basic)).await.unwrap_err(), 403);
    office.admin.post(&session, Value::Null).await.expect_error(409);
    office.close().await;
}
