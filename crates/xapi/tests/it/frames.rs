//! JSON-RPC frames.

use hallway_xapi::rpc::{self, Frame};
use hallway_xapi::{RpcError, RpcId};
use proptest::prelude::*;
use serde_json::{Value, json};

fn id() -> impl Strategy<Value = RpcId> {
    prop_oneof![
        any::<i64>().prop_map(RpcId::Number),
        "\\PC{0,8}".prop_map(RpcId::Text)
    ]
}

/// Text that is nearly a frame.
fn almost() -> impl Strategy<Value = String> {
    let part = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "\"jsonrpc\"",
        "\"2.0\"",
        "\"id\"",
        "\"method\"",
        "\"params\"",
        "\"result\"",
        "\"error\"",
        "\"code\"",
        "\"message\"",
        "1",
        "-1e999",
        "null",
        "true",
        "\"\\u0000\"",
        "\"\\ud800\"",
        " ",
        "9999999999999999999999",
    ]);
    prop::collection::vec(part, 0..16).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn no_text_breaks_the_reader(text in "\\PC{0,64}", almost in almost()) {
        for text in [text, almost] {
            if let Err(error) = Frame::parse(&text) {
                prop_assert_eq!(error.code, rpc::code::PARSE);
            }
        }
    }

    #[test]
    fn what_we_write_can_be_read(id in id(), method in "\\PC{1,24}", text in "\\PC{0,24}") {
        let params = json!({ "Text": text });
        let request = rpc::request(&id, &method, &params);
        let frame = Frame::parse(&request).expect("our own request");
        prop_assert_eq!(frame.id, Some(id.clone()));
        prop_assert_eq!(frame.method.as_deref(), Some(method.as_str()));
        let read: Value = serde_json::from_str(frame.params.expect("given").get()).expect("JSON");
        prop_assert_eq!(read, params);

        let refusal = RpcError::illegal_value(rpc::code::COMMAND, text);
        let answer = rpc::answer(&id, &Err(refusal.clone()));
        let frame = Frame::parse(&answer).expect("our own answer");
        prop_assert!(refusal.is_illegal_value());
        prop_assert_eq!((frame.id, frame.error), (Some(id), Some(refusal)));
        prop_assert!(frame.result.is_none());
    }
}
