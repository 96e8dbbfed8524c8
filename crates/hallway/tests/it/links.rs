//! Devices that dial in: with the wrong credentials, twice, or speaking nonsense.

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::support::device::{Registered, redeem, register};
use crate::support::integration::manifest;
use crate::support::{Integration, Office, eventually, within};

const PEOPLE: &str = "RoomAnalytics.PeopleCount.Current";

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Dials with any token; the status of a refusal otherwise.
async fn dial(url: &str, token: &str) -> Result<Socket, u16> {
    let mut request = url.into_client_request().unwrap();
    let bearer = format!("Bearer {token}").parse().unwrap();
    request.headers_mut().insert("authorization", bearer);
    match within("the link", tokio_tungstenite::connect_async(request)).await {
        Ok((socket, _)) => Ok(socket),
        Err(Error::Http(response)) => Err(response.status().as_u16()),
        Err(error) => panic!("{error}"),
    }
}

/// The answer to the frame with this id; `None` where the link ends before.
async fn answer(socket: &mut Socket, id: i64) -> Option<Value> {
    let reading = async {
        while let Some(Ok(message)) = socket.next().await {
            if let Message::Text(text) = message {
                let frame: Value = serde_json::from_str(&text).unwrap();
                if frame["id"] == id && frame.get("method").is_none() {
                    return Some(frame);
                }
            }
        }
        None
    };
    within("an answer or the end", reading).await
}

fn report(id: i64, params: Value) -> Message {
    let frame = json!({ "jsonrpc": "2.0", "id": id, "method": "xFeedback/Event", "params": params });
    Message::text(frame.to_string())
}

fn people(id: i64, count: i64) -> Message {
    report(
        id,
        json!({ "Status": { "RoomAnalytics": { "PeopleCount": { "Current": count } } } }),
    )
}

async fn status(office: &Office, device: &Registered) -> String {
    let shown = office
        .admin
        .get(&format!("/v1/devices/{}", device.id))
        .await
        .expect(200);
    shown["connectionStatus"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn codes_are_used_once() {
    let office = Office::start().await;
    let (admin, workspace) = (&office.admin, office.workspace("Store room"));
    let make = async || {
        let request = json!({ "workspaceId": workspace });
        let made = admin
            .post("/v1/devices/activationCode", request)
            .await
            .expect(200);
        made["code"].as_str().unwrap().to_owned()
    };
    let code = make().await;
    assert!(
        code.len() == 16 && code.bytes().all(|digit| digit.is_ascii_digit()),
        "{code}"
    );
    // People write it in groups.
    let grouped = format!("{}-{} {}-{}", &code[..4], &code[4..8], &code[8..12], &code[12..]);
    let redeemed = redeem(admin, &grouped, 1).await.expect(200);
    assert_eq!(redeemed["displayName"], "Store room");
    for bad in [code.as_str(), "0000000000000000", "123", "", "abcdefghijklmnop"] {
        redeem(admin, bad, 2).await.expect_error(400);
    }
    // Of several that redeem the same code at once, one wins.
    let code = make().await;
    let tries = (0..6).map(|number| redeem(admin, &code, 10 + number));
    let answers = futures_util::future::join_all(tries).await;
    let won = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(won, 1, "{answers:?}");
    let nowhere = json!({ "workspaceId": hallway_wire::id::WorkspaceId::random() });
    admin
        .post("/v1/devices/activationCode", nowhere)
        .await
        .expect_error(404);
    admin
        .post("/v1/devices/activationCode", json!({}))
        .await
        .expect_error(400);
    office.close().await;
}

#[tokio::test]
async fn only_the_device_itself() {
    let office = Office::start().await;
    let workspace = office.workspace("Store room");
    let one = register(&office.admin, &workspace, 1).await;
    let other = register(&office.admin, &workspace, 2).await;
    assert_eq!(status(&office, &one).await, "disconnected");
    for token in ["garbage", &other.token, office.admin.token.as_deref().unwrap()] {
        assert_eq!(dial(&one.link_url, token).await.err(), Some(401));
    }
    // The token of a device opens nothing else.
    office
        .admin
        .with_token(&one.token)
        .get("/v1/people/me")
        .await
        .expect_error(401);
    // A simulated device of the house has no token at all.
    let url = one.link_url.replace(
        &one.link_url.split('/').rev().nth(1).unwrap().to_owned(),
        &office.plan.devices[0].spec.id.uuid().to_string(),
    );
    assert_eq!(dial(&url, &one.token).await.err(), Some(401));
    // A link is a WebSocket and nothing else.
    let target = one.link_url.replace("ws://", "http://");
    office
        .admin
        .with_token(&one.token)
        .get(&target)
        .await
        .expect_error(426);
    let mut socket = dial(&one.link_url, &one.token).await.unwrap();
    socket.send(people(1, 3)).await.unwrap();
    assert_eq!(answer(&mut socket, 1).await.unwrap()["result"], true);
    assert_eq!(status(&office, &one).await, "connected");
    // When it is deleted, its link ends and its token is worth nothing.
    office
        .admin
        .delete(&format!("/v1/devices/{}", one.id))
        .await
        .expect(204);
    assert!(answer(&mut socket, 2).await.is_none());
    assert_eq!(dial(&one.link_url, &one.token).await.err(), Some(401));
    office.close().await;
}

#[tokio::test]
async fn the_newest_link_is_the_one() {
    let office = Office::start().await;
    let device = register(&office.admin, &office.workspace("Store room"), 1).await;
    let integration = Integration::activate(&office.admin, &manifest(&[PEOPLE], &[])).await;
    integration.listen_by_queue().await;
    let mut first = dial(&device.link_url, &device.token).await.unwrap();
    first.send(people(1, 1)).await.unwrap();
    assert!(answer(&mut first, 1).await.is_some());
    let mut second = dial(&device.link_url, &device.token).await.unwrap();
    second.send(people(1, 2)).await.unwrap();
    assert_eq!(answer(&mut second, 1).await.unwrap()["result"], true);
    assert!(answer(&mut first, 2).await.is_none(), "the older link ends");
    let heard = |heard: &[Value]| {
        heard.iter().any(|message| {
            message["deviceId"] == device.id.as_str() && message["changes"]["updated"][PEOPLE] == 2
        })
    };
    integration.hear("the second link's report", heard).await;
    assert_eq!(status(&office, &device).await, "connected");
    drop(second);
    let gone = async || (status(&office, &device).await == "disconnected").then_some(());
    eventually("the device is away", gone).await;
    // Who asks it now is told so.
    let target = format!("/v1/xapi/status?deviceId={}&name={PEOPLE}", device.id);
    office.admin.get(&target).await.expect_error(504);
    office.close().await;
}

#[tokio::test]
async fn nonsense_harms_nobody_else() {
    let office = Office::start().await;
    let workspace = office.workspace("Store room");
    let good = register(&office.admin, &workspace, 1).await;
    let mut good = dial(&good.link_url, &good.token).await.unwrap();
    let device = register(&office.admin, &workspace, 2).await;
    // What is no JSON-RPC ends the link.
    for nonsense in ["", "nothing", "[1,2]", "{\"id\":", "42"] {
        let mut socket = dial(&device.link_url, &device.token).await.unwrap();
        socket.send(Message::text(nonsense)).await.unwrap();
        assert!(answer(&mut socket, 1).await.is_none(), "{nonsense}");
    }
    let mut socket = dial(&device.link_url, &device.token).await.unwrap();
    socket.send(Message::text(" ".repeat((4 << 20) + 1))).await.ok();
    assert!(answer(&mut socket, 1).await.is_none(), "a frame that is too long");
    // A request that cannot be understood is answered as such, and the link goes on.
    let mut socket = dial(&device.link_url, &device.token).await.unwrap();
    let unknown = json!({ "jsonrpc": "2.0", "id": 7, "method": "xUnknown", "params": {} });
    socket.send(Message::text(unknown.to_string())).await.unwrap();
    assert_eq!(answer(&mut socket, 7).await.unwrap()["error"]["code"], -32601);
    socket.send(report(8, json!([1]))).await.unwrap();
    assert_eq!(answer(&mut socket, 8).await.unwrap()["error"]["code"], -32602);
    // Answers to questions that nobody asked are passed over, and so are statuses that do not exist.
    let answered = json!({ "jsonrpc": "2.0", "id": 4711, "result": {} });
    socket.send(Message::text(answered.to_string())).await.unwrap();
    let strange = json!({ "Status": { "No such": 1, "Audio": [[]], "X": null }, "Event": 3, "At": "now" });
    socket.send(report(9, strange)).await.unwrap();
    assert_eq!(answer(&mut socket, 9).await.unwrap()["result"], true);
    good.send(people(1, 1)).await.unwrap();
    assert_eq!(answer(&mut good, 1).await.unwrap()["result"], true);
    office.close().await;
}
