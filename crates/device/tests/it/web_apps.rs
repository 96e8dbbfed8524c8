//! Web apps on Room Navigators, and what they may do at their device's own API.

use futures_util::{SinkExt as _, StreamExt as _};
use hallway_device::local::{LocalUsers, serve};
use hallway_device::{ProductModel, SimulatedDevice};
use hallway_wire::Secret;
use hallway_xapi::catalogue::Catalogue;
use hallway_xapi::link::Link as _;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};
use tokio_util::sync::CancellationToken;

use crate::helpers::{Stage, soon, spec};

const APP: &str = "https://navi.example.com/panel?nav=FOC1";
const URL: &str = "UserInterface.HomeScreen.Peripherals.WebApp.URL";
const HOSTS: &str = "WebEngine.Features.Xapi.Peripherals.AllowedHosts.Hosts";
const KEYS: &str = "Security.Xapi.WebSocket.ApiKey.Allowed";

/// A web app's connection.
struct Page(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Page {
    async fn try_open(address: &str, header: (&'static str, &str)) -> Result<Self, Error> {
        let mut request = format!("ws://{address}/ws").into_client_request().unwrap();
        request.headers_mut().insert(header.0, header.1.parse().unwrap());
        let (socket, _) = soon(tokio_tungstenite::connect_async(request)).await?;
        Ok(Self(socket))
    }

    async fn open(address: &str, header: (&'static str, &str)) -> Self {
        Self::try_open(address, header).await.unwrap()
    }

    /// Asks, and returns the answer; what comes before it was subscribed to.
    async fn ask(&mut self, method: &str, params: Value) -> Value {
        let mut request = json!({ "jsonrpc": "2.0", "id": 1, "method": method });
        if !params.is_null() {
            request["params"] = params;
        }
        self.0.send(Message::text(request.to_string())).await.unwrap();
        loop {
            if let Message::Text(text) = soon(self.0.next()).await.unwrap().unwrap() {
                let frame: Value = serde_json::from_str(text.as_str()).unwrap();
                if frame["id"] == 1 {
                    return frame;
                }
            }
        }
    }

    /// Waits until the device ends it, and says so.
    async fn ends(&mut self) {
        loop {
            if let Message::Close(close) = soon(self.0.next()).await.unwrap().unwrap() {
                assert_eq!(close.unwrap().code, CloseCode::Policy);
                return;
            }
        }
    }
}

async fn set(device: &SimulatedDevice, path: &str, value: &str) {
    let key: hallway_xapi::Key = path.parse().unwrap();
    let path = hallway_xapi::rpc::path("Configuration", key.segments());
    let params = json!({ "Path": path, "Value": value });
    device.call("xSet", params).await.unwrap();
}

async fn navigators(device: &SimulatedDevice) -> Value {
    device.call("xSimulator/Screen", Value::Null).await.unwrap()["navigators"].clone()
}

async fn allow(device: &SimulatedDevice) {
    for (path, value) in [
        ("WebEngine.Mode", "On"),
        (URL, APP),
        (HOSTS, "navi.example.com"),
        (KEYS, "True"),
    ] {
        set(device, path, value).await;
    }
}

async fn key(device: &SimulatedDevice) -> Result<String, hallway_xapi::RpcError> {
    let answer = device
        .call("xSimulator/WebAppKey", json!({ "Serial": "FOC1" }))
        .await?;
    Ok(answer["Key"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_navigator_opens_what_is_set() {
    let stage = Stage::new(ProductModel::RoomBar);
    let device = &stage.device;
    let none = json!([{ "serial": "FOC1", "name": "Navigator", "xapiAllowed": false, "problem": "No web app is set." }]);
    assert_eq!(navigators(device).await, none);
    set(device, URL, APP).await;
    assert_eq!(stage.get("UserInterface.WebView[1004].URL").await, Value::Null);
    stage.told.take();
    set(device, "WebEngine.Mode", "On").await;
    let told = stage.told.take();
    for expected in [
        "UserInterface.WebView[1004].Status=Visible".to_owned(),
        "UserInterface.WebView[1004].Type=WebApp".to_owned(),
        format!("UserInterface.WebView[1004].URL={APP}"),
    ] {
        assert!(told.contains(&expected), "{told:#?}");
    }
    let shown = navigators(device).await;
    assert_eq!(
        (&shown[0]["url"], &shown[0]["xapiAllowed"]),
        (&json!(APP), &json!(false))
    );
    // It cannot be dismissed: the device sleeps and wakes, and restarts.
    stage.command("Standby.Activate", Value::Null).await.unwrap();
    assert_eq!(navigators(device).await, shown);
    device.call("xSimulator/Reboot", Value::Null).await.unwrap();
    device.run_due().await;
    stage.wait(std::time::Duration::from_secs(10)).await;
    assert_eq!(navigators(device).await, shown);
    set(device, URL, "").await;
    assert_eq!(stage.get("UserInterface.WebView[1004].URL").await, Value::Null);
    assert_eq!(navigators(device).await, none);
    set(device, URL, "navi.example.com").await;
    assert!(
        stage.get("Diagnostics.Message[41].Description").await.is_string(),
        "a text that is no address is told"
    );
}

#[tokio::test]
async fn modes_decide_who_shows_it() {
    let stage = Stage::new(ProductModel::RoomBar);
    let device = &stage.device;
    set(device, "WebEngine.Mode", "On").await;
    set(device, URL, APP).await;
    let second = json!({ "ID": "02:00:00:00:00:02", "Name": "At the door", "SerialNumber": "FOC2",
        "HardwareInfo": "Cisco Room Navigator", "Type": "PersistentWebApp" });
    stage.command("Peripherals.Connect", second).await.unwrap();
    let touch =
        json!({ "ID": "3", "SerialNumber": "FOC3", "HardwareInfo": "Touch 10", "Type": "TouchPanel" });
    stage.command("Peripherals.Connect", touch).await.unwrap();
    let shows = async || {
        let all = navigators(device).await;
        let all = all.as_array().unwrap().iter();
        let shows = all.map(|one| {
            (
                one["serial"].as_str().unwrap().to_owned(),
                one["url"] == json!(APP),
            )
        });
        shows.collect::<Vec<_>>()
    };
    let pair = |first: bool, second: bool| vec![("FOC2".to_owned(), second), ("FOC1".to_owned(), first)];
    assert_eq!(shows().await, pair(true, true));
    for (mode, kind, expected) in [
        ("Controller", "TouchPanel", false),
        ("RoomScheduler", "RoomScheduler", false),
        ("PersistentWebApp", "PersistentWebApp", true),
        ("Controller", "TouchPanel", false),
    ] {
        let params = json!({ "ID": "02:00:00:00:00:01", "Mode": mode, "Location": "OutsideRoom" });
        stage
            .command("Peripherals.TouchPanel.Configure", params)
            .await
            .unwrap();
        assert_eq!(stage.get("Peripherals.ConnectedDevice[1004].Type").await, kind);
        assert_eq!(shows().await, pair(expected, true), "{mode}");
    }
    assert!(
        navigators(device).await[1]["problem"]
            .as_str()
            .unwrap()
            .contains("controller mode")
    );
    // A Navigator that is gone shows nothing.
    let gone = json!({ "Path": "Peripherals.ConnectedDevice[1004].Status", "Value": "LostConnection" });
    device.call("xSimulator/SetStatus", gone).await.unwrap();
    stage
        .command("Peripherals.Purge", json!({ "ID": "02:00:00:00:00:02" }))
        .await
        .unwrap();
    assert_eq!(navigators(device).await, json!([]));
    for views in [
        "UserInterface.WebView[1001].URL",
        "UserInterface.WebView[1004].URL",
    ] {
        assert_eq!(stage.get(views).await, Value::Null);
    }
    let unknown = json!({ "ID": "nobody", "Mode": "Controller" });
    assert!(
        stage
            .command("Peripherals.TouchPanel.Configure", unknown)
            .await
            .is_err()
    );
}

#[tokio::test]
async fn a_key_needs_every_switch() {
    let stage = Stage::new(ProductModel::RoomBar);
    let device = &stage.device;
    allow(device).await;
    let good = key(device).await.unwrap();
    assert!(device.admit_web_app(&good).is_some());
    assert!(device.admit_web_app("hwk00").is_none() && device.admit_web_app("").is_none());
    for (path, off, on, why) in [
        ("WebEngine.Mode", "Off", "On", "WebEngine.Mode"),
        (KEYS, "False", "True", KEYS),
        (HOSTS, "other.example.com", "navi.example.com", HOSTS),
        (HOSTS, "", "navi.example.com", HOSTS),
        (URL, "https://other.example.com/", APP, HOSTS),
        (URL, "", APP, "No web app"),
        (
            "NetworkServices.Websocket",
            "Off",
            "FollowHTTPService",
            "WebSocket is off",
        ),
    ] {
        let before = key(device).await.unwrap();
        set(device, path, off).await;
        let told = key(device).await.unwrap_err();
        assert!(told.message.contains(why), "{path} {off}: {told}");
        assert_eq!(navigators(device).await[0]["xapiAllowed"], false, "{path} {off}");
        assert!(device.admit_web_app(&before).is_none(), "{path} {off}");
        set(device, path, on).await;
        assert!(
            device.admit_web_app(&before).is_none(),
            "an ended key stays ended: {path}"
        );
        assert_eq!(navigators(device).await[0]["xapiAllowed"], true, "{path} {on}");
    }
    // Keys are for a while, and few at a time.
    let first = key(device).await.unwrap();
    for _ in 0..8 {
        key(device).await.unwrap();
    }
    assert!(device.admit_web_app(&first).is_none());
    let last = key(device).await.unwrap();
    stage.wait(std::time::Duration::from_secs(14 * 60)).await;
    assert!(device.admit_web_app(&last).is_some());
    stage.wait(std::time::Duration::from_secs(60)).await;
    assert!(device.admit_web_app(&last).is_none());
    let nobody = device
        .call("xSimulator/WebAppKey", json!({ "Serial": "FOC9" }))
        .await;
    assert_eq!(nobody.unwrap_err().code, hallway_xapi::rpc::code::NOT_FOUND);
}

#[tokio::test]
async fn what_a_web_app_may_do() {
    let device = SimulatedDevice::new(spec(ProductModel::RoomBar), Catalogue::builtin());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let stop = CancellationToken::new();
    let users = LocalUsers::admin(Secret::new("secret"));
    let server = tokio::spawn(serve(device.clone(), listener, users, stop.clone()));
    allow(&device).await;
    let password = key(&device).await.unwrap();
    let token = {
        use base64::Engine as _;
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(format!("web app:{password}"))
    };
    let mut page = Page::open(&address, ("sec-websocket-protocol", &format!("auth-{token}"))).await;
    let mut other = Page::open(&address, ("authorization", &format!("Basic {token}"))).await;

    for (method, params, expected) in [
        ("xGet", json!({ "Path": ["Status", "Audio", "Volume"] }), Ok(())),
        (
            "xGet",
            json!({ "Path": ["Configuration", "Time", "Zone"] }),
            Ok(()),
        ),
        ("xQuery", json!({ "Query": ["Status", "Bookings", "**"] }), Ok(())),
        (
            "xDoc",
            json!({ "Path": ["Status", "Audio"], "Type": "Schema" }),
            Ok(()),
        ),
        (
            "xFeedback/Subscribe",
            json!({ "Query": ["Status", "UserInterface", "LedControl"] }),
            Ok(()),
        ),
        (
            "xCommand/UserInterface/LedControl/Color/Set",
            json!({ "Color": "Green" }),
            Ok(()),
        ),
        ("xCommand/audio/volume/set", json!({ "Level": 12 }), Ok(())),
        ("xCommand/Standby/Halfwake", Value::Null, Ok(())),
        (
            "xCommand/UserInterface/Message/Alert/Display",
            json!({ "Text": "Hi" }),
            Ok(()),
        ),
        ("xCommand/Self/Destruct", Value::Null, Err(-32601)),
        ("xNothing", Value::Null, Err(-32601)),
        (
            "xSet",
            json!({ "Path": ["Configuration", "Audio", "DefaultVolume"], "Value": 1 }),
            Err(-31999),
        ),
        (
            "xReset",
            json!({ "Path": ["Configuration", "Audio", "DefaultVolume"] }),
            Err(-31999),
        ),
        (
            "xCommand/Macros/Macro/Save",
            json!({ "Name": "m", "body": "x" }),
            Err(-31999),
        ),
        ("xCommand/UserManagement/User/List", Value::Null, Err(-31999)),
        (
            "xCommand/UserInterface/Extensions/Clear",
            Value::Null,
            Err(-31999),
        ),
        ("xCommand/SystemUnit/Boot", Value::Null, Err(-31999)),
        ("xCommand/Dial", json!({ "Number": "a@example.com" }), Err(-31999)),
        ("xSimulator/WebAppKey", json!({ "Serial": "FOC1" }), Err(-31999)),
        ("xSimulator/Screen", Value::Null, Err(-31999)),
    ] {
        let answer = page.ask(method, params).await;
        let got = match answer.get("error") {
            None => Ok(()),
            Some(error) => Err(error["code"].as_i64().unwrap()),
        };
        assert_eq!(got, expected, "{method}: {answer}");
    }
    assert_eq!(
        other
            .ask(
                "xGet",
                json!({ "Path": ["Status", "UserInterface", "LedControl", "Color"] })
            )
            .await["result"],
        "Green"
    );
    // A page does not take all places of the device.
    let mut more = Vec::new();
    for _ in 0..6 {
        more.push(Page::open(&address, ("authorization", &format!("Basic {token}"))).await);
    }
    match Page::try_open(&address, ("authorization", &format!("Basic {token}"))).await {
        Err(Error::Http(response)) => assert_eq!(response.status(), 503),
        _ => panic!("a web app has as many connections as it wants"),
    }
    // Another page is another web app: what the old one holds ends.
    set(&device, URL, "https://navi.example.com/other").await;
    page.ends().await;
    other.ends().await;
    let again = Page::try_open(&address, ("authorization", &format!("Basic {token}"))).await;
    assert!(again.is_err());
    let fresh = key(&device).await.unwrap();
    assert_ne!(fresh, password);
    stop.cancel();
    server.await.unwrap();
}
