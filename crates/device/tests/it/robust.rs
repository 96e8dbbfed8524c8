//! Whatever a peer sends, there is an answer and no panic.

use hallway_device::ProductModel;
use hallway_device::local::run_session;
use hallway_xapi::catalogue::{Catalogue, Role, Roles};
use hallway_xapi::link::Link as _;
use hallway_xapi::pattern::Pattern;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::Role as Side;
use tokio_util::sync::CancellationToken;

use crate::helpers::{Stage, soon};

fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-3i64..40).prop_map(Value::from),
        "[a-zA-Z0-9*\\[\\]. é<>/]{0,12}".prop_map(Value::from),
        Just(json!("Status")),
        Just(json!("Call")),
        Just(json!("1")),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
            prop::collection::hash_map("[A-Za-z]{1,8}", inner, 0..5)
                .prop_map(|map| Value::Object(map.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

fn method() -> impl Strategy<Value = String> {
    let commands: Vec<String> = Catalogue::builtin()
        .commands(&Pattern::everything(), None)
        .map(|spec| format!("xCommand/{}", spec.path.to_string().replace('.', "/")))
        .collect();
    let hooks = [
        "SetStatus",
        "RemoveStatus",
        "SetMany",
        "Emit",
        "IncomingCall",
        "PutBooking",
        "People",
        "Climate",
        "Touch",
        "RemoteHangUp",
    ];
    prop_oneof![
        prop::sample::select(commands),
        prop::sample::select(hooks.map(|hook| format!("xSimulator/{hook}")).to_vec()),
        prop::sample::select(
            [
                "xGet",
                "xQuery",
                "xSet",
                "xDoc",
                "xReset",
                "xFeedback/Subscribe",
                "xFeedback/Unsubscribe"
            ]
            .map(str::to_owned)
            .to_vec()
        ),
        "[a-zA-Z/]{0,20}",
    ]
}

fn params() -> impl Strategy<Value = Value> {
    let names = [
        "Path",
        "Query",
        "Value",
        "Key",
        "Event",
        "Updated",
        "Removed",
        "CallId",
        "Number",
        "Text",
        "Level",
        "Duration",
        "StartTime",
        "MeetingId",
        "Id",
        "PanelId",
        "body",
        "Name",
        "PresetId",
        "CameraId",
        "Count",
        "Command",
        "Arguments",
        "Temperature",
    ];
    let object =
        prop::collection::vec((prop::sample::select(names.to_vec()), anything()), 0..5).prop_map(|members| {
            Value::Object(
                members
                    .into_iter()
                    .map(|(name, value)| (name.to_owned(), value))
                    .collect(),
            )
        });
    prop_oneof![4 => object, 1 => anything()]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn methods_never_panic(calls in prop::collection::vec((method(), params()), 1..20)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let stage = Stage::new(ProductModel::RoomBar);
            for (method, params) in calls {
                let _ = soon(stage.device.call(&method, params)).await;
            }
            soon(stage.device.run_due()).await;
        });
    }

    #[test]
    fn frames_never_panic(frames in prop::collection::vec(prop_oneof![
        "[{}\\[\\]\":,a-z0-9 ]{0,40}",
        anything().prop_map(|value| value.to_string()),
        (anything(), method(), params()).prop_map(|(id, method, params)| json!({"id": id, "method": method, "params": params}).to_string()),
    ], 1..12)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            use futures_util::{SinkExt as _, StreamExt as _};
            let stage = Stage::new(ProductModel::RoomBar);
            let (here, there) = tokio::io::duplex(1 << 16);
            let server = WebSocketStream::from_raw_socket(there, Side::Server, None).await;
            let mut client = WebSocketStream::from_raw_socket(here, Side::Client, None).await;
            let roles = Roles::NONE.with(Role::Admin);
            let session = tokio::spawn(run_session(stage.device.clone(), server, roles, false, CancellationToken::new()));
            for frame in frames {
                if client.send(Message::text(frame)).await.is_err() {
                    break;
                }
            }
            let last = json!({"id": "last", "method": "xGet", "params": {"Path": ["Status", "Audio", "Volume"]}});
            let _ = client.send(Message::text(last.to_string())).await;
            let answered = soon(async {
                loop {
                    match client.next().await {
                        Some(Ok(Message::Text(text))) if text.as_str().contains("\"last\"") => break true,
                        // One of the frames may have been a restart.
                        Some(Ok(Message::Close(_))) => break true,
                        Some(Ok(_)) => {}
                        _ => break false,
                    }
                }
            }).await;
            assert!(answered);
            drop(client);
            soon(session).await.unwrap().unwrap();
        });
    }
}
