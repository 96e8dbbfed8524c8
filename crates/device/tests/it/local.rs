//! The local API, spoken by a real WebSocket client (local-device-xapi 2 to 6).

use futures_util::{SinkExt as _, StreamExt as _};
use hallway_device::local::{LocalUser, LocalUsers, serve};
use hallway_device::{ProductModel, SimulatedDevice};
use hallway_wire::Secret;
use hallway_xapi::catalogue::{Catalogue, Role, Roles};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};
use tokio_util::sync::CancellationToken;

use crate::helpers::{soon, spec};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

const ADMIN: &str = "YWRtaW46cCsvPXNzPz7DqQ";
// `guest:guest`
const GUEST: &str = "Z3Vlc3Q6Z3Vlc3Q=";

struct Port {
    device: SimulatedDevice,
    address: String,
    stop: CancellationToken,
    server: JoinHandle<()>,
}

impl Port {
    async fn open() -> Self {
        let device = SimulatedDevice::new(spec(ProductModel::RoomBar), Catalogue::builtin());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let stop = CancellationToken::new();
        let users = LocalUsers::admin(Secret::new("p+/=ss?>é")).with(LocalUser {
            name: "guest".to_owned(),
            password: Secret::new("guest"),
            roles: Roles::NONE.with(Role::RoomControl),
        });
        let server = tokio::spawn(serve(device.clone(), listener, users, stop.clone()));
        Self {
            device,
            address,
            stop,
            server,
        }
    }

    async fn try_connect(&self, path: &str, header: (&'static str, &str)) -> Result<Client, Error> {
        let mut request = format!("ws://{}{path}", self.address)
            .into_client_request()
            .unwrap();
        request.headers_mut().insert(header.0, header.1.parse().unwrap());
        soon(tokio_tungstenite::connect_async(request))
            .await
            .map(|(socket, _)| Client(socket))
    }

    async fn connect(&self, path: &str) -> Client {
        self.try_connect(path, ("authorization", &format!("Basic {ADMIN}")))
            .await
            .unwrap()
    }

    async fn close(self) {
        self.stop.cancel();
        soon(self.server).await.unwrap();
        assert_eq!(self.device.counters().sessions, 0);
    }
}

struct Client(Socket);

impl Client {
    async fn send(&mut self, frame: Value) {
        self.0.send(Message::text(frame.to_string())).await.unwrap();
    }

    async fn next(&mut self) -> Value {
        loop {
            match soon(self.0.next()).await.unwrap().unwrap() {
                Message::Text(text) => return serde_json::from_str(text.as_str()).unwrap(),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// Asks, and returns the next frame, which must be the answer.
    async fn ask(&mut self, id: Value, method: &str, params: Value) -> Value {
        let mut request = json!({"jsonrpc": "2.0", "id": id, "method": method});
        if !params.is_null() {
            request["params"] = params;
        }
        self.send(request).await;
        let answer = self.next().await;
        assert_eq!(
            (&answer["id"], &answer["jsonrpc"]),
            (&id, &json!("2.0")),
            "{answer}"
        );
        assert!(
            answer.get("result").is_some() != answer.get("error").is_some(),
            "{answer}"
        );
        answer
    }

    async fn subscribe(&mut self, query: Value) -> Value {
        self.ask(json!("s"), "xFeedback/Subscribe", json!({"Query": query}))
            .await["result"]["Id"]
            .clone()
    }

    async fn code(&mut self, method: &str, params: Value) -> i64 {
        self.ask(json!(1), method, params).await["error"]["code"]
            .as_i64()
            .unwrap_or(0)
    }
}

fn status(outcome: Result<Client, Error>) -> u16 {
    match outcome {
        Err(Error::Http(response)) => response.status().as_u16(),
        Err(other) => panic!("{other}"),
        Ok(_) => 101,
    }
}

#[tokio::test]
async fn the_door() {
    let port = Port::open().await;
    let basic = format!("Basic {ADMIN}");
    let protocol = format!("auth-{ADMIN}");
    for (path, header, expected) in [
        ("/ws", ("authorization", basic.as_str()), 101),
        ("/ws?legacy", ("authorization", basic.as_str()), 101),
        // The client fails unless the server names the subprotocol.
        ("/ws", ("sec-websocket-protocol", protocol.as_str()), 101),
        ("/ws", ("authorization", "Basic YWRtaW46d3Jvbmc="), 403),
        ("/ws", ("x-nothing", "x"), 403),
        ("/ws/", ("authorization", basic.as_str()), 404),
        ("/", ("authorization", basic.as_str()), 404),
    ] {
        assert_eq!(
            status(port.try_connect(path, header).await),
            expected,
            "{path} {header:?}"
        );
    }
    let mut all = Vec::new();
    let full = loop {
        match port.try_connect("/ws", ("authorization", &basic)).await {
            Ok(client) => all.push(client),
            Err(error) => break status(Err(error)),
        }
    };
    assert_eq!(full, 503);
    assert!(all.len() <= 50);
    port.close().await;
}

#[tokio::test]
async fn requests_and_answers() {
    let port = Port::open().await;
    let mut client = port.connect("/ws").await;
    let answer = client
        .ask(json!("1"), "xCommand/Audio/Volume/Set", json!({"Level": 33}))
        .await;
    assert_eq!(answer["result"], json!({"status": "OK"}));
    let get = |path: Value| json!({ "Path": path });
    let volume = client
        .ask(json!(2), "xGet", get(json!(["Status", "Audio", "Volume"])))
        .await;
    assert_eq!(volume["result"], 33);
    // The first letter is capitalised by clients, the rest is as the user wrote it.
    assert_eq!(
        client
            .ask(json!(3), "xGet", get(json!(["Status", "audio", "volume"])))
            .await["result"],
        33
    );
    assert_eq!(
        client.ask(json!(4), "xGet", get(json!(["Status", "Call"]))).await["result"],
        Value::Null
    );
    let query = json!({"Query": ["Status", "**", "Volume"]});
    assert_eq!(
        client.ask(json!(5), "xQuery", query).await["result"],
        json!({"Status": {"Audio": {"Volume": 33}}})
    );
    let configuration = json!({"Path": ["Configuration", "Audio", "DefaultVolume"], "Value": "44"});
    assert_eq!(client.ask(json!(6), "xSet", configuration).await["result"], true);
    let schema = client
        .ask(
            json!(7),
            "xDoc",
            json!({"Path": ["Status", "Audio", "Volume"], "Type": "Schema"}),
        )
        .await;
    assert_eq!(schema["result"]["ValueSpace"]["type"], "Integer");
    for (method, params, code) in [
        ("xGet", get(json!(["Status", "Self", "Destruct"])), -32601),
        ("xGet", json!({}), -32602),
        ("xGet", Value::Null, -32602),
        ("xCommand/Self/Destruct", Value::Null, -32601),
        ("xCommand/Audio/Volume/Set", json!({"Level": 101}), 1),
        ("xCommand/Audio/Volume/Set", Value::Null, 1),
        (
            "xSet",
            json!({"Path": ["Configuration", "Audio", "DefaultVolume"], "Value": 101}),
            -32602,
        ),
        (
            "xSet",
            json!({"Path": ["Configuration", "Nothing"], "Value": 1}),
            -32601,
        ),
        (
            "xFeedback/Subscribe",
            json!({"Query": ["Status", "Nothing"]}),
            -32601,
        ),
        ("xFeedback/Unsubscribe", json!({"Id": 77}), -32602),
        ("xNothing", Value::Null, -32601),
    ] {
        assert_eq!(
            client.code(method, params.clone()).await,
            code,
            "{method} {params}"
        );
    }
    let illegal = client
        .ask(json!(8), "xCommand/Audio/Volume/Set", json!({"Level": "loud"}))
        .await;
    assert_eq!(illegal["error"]["data"]["Cause"], 27);
    client.0.send(Message::text("{")).await.unwrap();
    let unreadable = client.next().await;
    assert_eq!(
        (&unreadable["id"], &unreadable["error"]["code"]),
        (&Value::Null, &json!(-32700))
    );
    client.send(json!({"jsonrpc": "2.0", "id": 9})).await;
    assert_eq!(client.next().await["error"]["code"], -32600);
    port.close().await;
}

#[tokio::test]
async fn subscriptions() {
    let port = Port::open().await;
    let mut client = port.connect("/ws").await;
    assert_eq!(client.subscribe(json!(["Status", "Audio", "Volume"])).await, 0);
    assert_eq!(client.subscribe(json!(["Status", "Audio"])).await, 1);
    assert_eq!(client.subscribe(json!(["Status", "Call", 7])).await, 2);
    client
        .send(json!({"jsonrpc": "2.0", "method": "xCommand/Audio/Volume/Set", "params": {"Level": 12}}))
        .await;
    assert_eq!(
        client.next().await,
        json!({"jsonrpc": "2.0", "method": "xFeedback/Event", "params": {"Id": 0, "Status": {"Audio": {"Volume": 12}}}})
    );
    assert_eq!(
        client.next().await["params"],
        json!({"Id": 1, "Status": {"Audio": {"Volume": 12, "VolumeInternal": 12}}})
    );
    for id in 0..3 {
        assert_eq!(
            client
                .ask(json!(id), "xFeedback/Unsubscribe", json!({ "Id": id }))
                .await["result"],
            true
        );
    }
    // The answer comes first, then what is there now, as one event.
    let params = json!({"Query": ["Status", "Standby", "State"], "NotifyCurrentValue": true});
    assert_eq!(
        client.ask(json!("a"), "xFeedback/Subscribe", params).await["result"]["Id"],
        3
    );
    assert_eq!(
        client.next().await["params"],
        json!({"Id": 3, "Status": {"Standby": {"State": "Off"}}})
    );
    client
        .ask(json!("b"), "xFeedback/Unsubscribe", json!({"Id": 3}))
        .await;
    assert_eq!(
        client
            .subscribe(json!(["Event", "UserInterface", "Extensions"]))
            .await,
        4
    );
    let click = json!({"PanelId": "water_me"});
    client
        .send(
            json!({"id": "c", "method": "xCommand/UserInterface/Extensions/Panel/Clicked", "params": click}),
        )
        .await;
    let event = client.next().await;
    assert_eq!(
        event["params"]["Event"]["UserInterface"]["Extensions"]["Panel"]["Clicked"]["PanelId"],
        "water_me"
    );
    assert!(event.get("id").is_none());
    assert_eq!(client.next().await["id"], "c");
    assert_eq!(
        client
            .subscribe(json!(["Status", "Conference", "Presentation", "LocalInstance"]))
            .await,
        5
    );
    client
        .send(json!({"method": "xCommand/Presentation/Start"}))
        .await;
    client.send(json!({"method": "xCommand/Presentation/Stop"})).await;
    let list =
        |frame: &Value| frame["params"]["Status"]["Conference"]["Presentation"]["LocalInstance"].clone();
    assert_eq!(
        list(&client.next().await),
        json!([{"id": 1, "SendingMode": "LocalOnly", "Source": 2}])
    );
    assert_eq!(list(&client.next().await), json!([{"id": 1, "ghost": "True"}]));
    port.close().await;
}

#[tokio::test]
async fn limits_roles_and_legacy() {
    let port = Port::open().await;
    let mut legacy = port.connect("/ws?legacy").await;
    let volume = json!({"Path": ["Status", "Audio", "Volume"]});
    assert_eq!(legacy.ask(json!(1), "xGet", volume).await["result"], "50");
    let mut guest = port
        .try_connect("/ws", ("authorization", &format!("Basic {GUEST}")))
        .await
        .unwrap();
    assert_eq!(guest.code("xCommand/SystemUnit/Boot", Value::Null).await, -31999);
    assert_eq!(guest.code("xSimulator/Reboot", Value::Null).await, -31999);
    let mut client = port.connect("/ws").await;
    for _ in 0..500 {
        client.subscribe(json!(["Status", "Standby", "Level"])).await;
    }
    assert_eq!(
        client
            .code("xFeedback/Subscribe", json!({"Query": ["Status", "Audio"]}))
            .await,
        -31998
    );
    port.close().await;
}

#[tokio::test]
async fn a_restart_ends_sessions() {
    let port = Port::open().await;
    let mut client = port.connect("/ws").await;
    client
        .send(json!({"id": 1, "method": "xCommand/SystemUnit/Boot"}))
        .await;
    let closed = loop {
        match soon(client.0.next()).await {
            Some(Ok(Message::Close(frame))) => break frame,
            Some(Ok(_)) => {}
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(u16::from(closed.unwrap().code), 1012);
    assert_eq!(
        status(
            port.try_connect("/ws", ("authorization", &format!("Basic {ADMIN}")))
                .await
        ),
        502
    );
    port.close().await;
}

#[tokio::test]
async fn a_goodbye_without_a_code_is_answered_with_1000() {
    let port = Port::open().await;
    let mut client = port.connect("/ws").await;
    client.0.send(Message::Close(None)).await.unwrap();
    let answer = soon(client.0.next()).await.unwrap().unwrap();
    let Message::Close(Some(frame)) = answer else {
        panic!("{answer:?}")
    };
    assert_eq!(u16::from(frame.code), 1000);
    port.close().await;
}
