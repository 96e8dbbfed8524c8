//! A device dials a Hallway, which here is a few lines of test.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use hallway_device::local::{DialOptions, Dialler};
use hallway_device::{ProductModel, SimulatedDevice};
use hallway_wire::Secret;
use hallway_xapi::catalogue::Catalogue;
use hallway_xapi::link::Link as _;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_util::sync::CancellationToken;

use crate::helpers::{soon, spec};

struct House(TcpListener);

struct Line(WebSocketStream<TcpStream>);

impl House {
    async fn pick_up(&self) -> Line {
        let (stream, _) = soon(self.0.accept()).await.unwrap();
        #[expect(clippy::result_large_err, reason = "the callback's type is given")]
        let check = |request: &Request, response: Response| {
            assert_eq!(request.headers()["authorization"], "Bearer t0ken");
            assert_eq!(request.uri().path(), "/link/1");
            Ok(response)
        };
        Line(
            soon(tokio_tungstenite::accept_hdr_async(stream, check))
                .await
                .unwrap(),
        )
    }
}

impl Line {
    async fn next(&mut self) -> Value {
        loop {
            match soon(self.0.next()).await.unwrap().unwrap() {
                Message::Text(text) => return serde_json::from_str(text.as_str()).unwrap(),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    async fn send(&mut self, frame: Value) {
        self.0.send(Message::text(frame.to_string())).await.unwrap();
    }

    async fn confirm(&mut self, report: &Value) {
        self.send(json!({"jsonrpc": "2.0", "id": report["id"], "result": true}))
            .await;
    }
}

#[tokio::test]
async fn a_device_dials_tells_answers_and_tells_again() {
    let house = House(TcpListener::bind("127.0.0.1:0").await.unwrap());
    let device = SimulatedDevice::new(spec(ProductModel::RoomBar), Catalogue::builtin());
    let mut options = DialOptions::new(
        format!("ws://{}/link/1", house.0.local_addr().unwrap()),
        Secret::new("t0ken"),
    );
    options.first_pause = Duration::from_millis(5);
    let dialler = Dialler::new(device.clone(), options);
    let stop = CancellationToken::new();
    let running = tokio::spawn(dialler.clone().run(stop.clone()));

    let mut line = house.pick_up().await;
    line.send(json!({"jsonrpc": "2.0", "id": "q", "method": "xGet", "params": {"Path": ["Status", "Audio", "Volume"]}})).await;
    assert_eq!(
        line.next().await,
        json!({"jsonrpc": "2.0", "id": "q", "result": 50})
    );

    // The command is answered only after its report was.
    line.send(
        json!({"jsonrpc": "2.0", "id": 5, "method": "xCommand/Audio/Volume/Set", "params": {"Level": 20}}),
    )
    .await;
    let report = line.next().await;
    assert_eq!(report["method"], "xFeedback/Event");
    assert_eq!(report["params"]["Status"]["Audio"]["Volume"], 20);
    assert!(report["params"]["At"].is_i64());
    line.confirm(&report).await;
    assert_eq!(
        line.next().await,
        json!({"jsonrpc": "2.0", "id": 5, "result": {"status": "OK"}})
    );

    // A report that was not answered is told again over the next connection, before later ones.
    let set = |level: i64| {
        let device = device.clone();
        tokio::spawn(async move {
            device
                .call("xCommand/Audio/Volume/Set", json!({ "Level": level }))
                .await
        })
    };
    let first = set(21);
    assert_eq!(line.next().await["params"]["Status"]["Audio"]["Volume"], 21);
    drop(line);
    soon(first).await.unwrap().unwrap();
    soon(set(22)).await.unwrap().unwrap();
    let mut line = house.pick_up().await;
    for level in [21, 22] {
        let report = line.next().await;
        assert_eq!(report["params"]["Status"]["Audio"]["Volume"], level);
        line.confirm(&report).await;
    }
    assert_eq!(dialler.counters().connected, 2);
    assert_eq!(dialler.counters().reports_dropped, 0);
    stop.cancel();
    soon(running).await.unwrap();
    assert!(!device.is_attached());
}
