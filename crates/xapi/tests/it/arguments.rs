//! What somebody reads who runs a command with wrong arguments.

use hallway_xapi::Catalogue;
use serde_json::{Map, Value, json};

/// The checked arguments, or one line for each problem.
fn check(command: &str, arguments: Value, body: Option<Value>) -> String {
    let catalogue = Catalogue::builtin();
    let key = command.parse().expect("a key");
    let spec = catalogue
        .command(&key, None)
        .expect("a command of the built-in catalogue");
    let arguments = match arguments {
        Value::Object(arguments) => arguments,
        _ => Map::new(),
    };
    match spec.check(&arguments, body.as_ref()) {
        Ok(arguments) => format!("{} {}", spec.path, Value::Object(arguments)),
        Err(problems) => problems
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("\n"),
    }
}

#[test]
fn right_arguments_are_brought_into_form() {
    insta::assert_snapshot!(check("audio.volume.set", json!({"level": "33"}), None), @r#"Audio.Volume.Set {"Level":33}"#);
    insta::assert_snapshot!(
        check("SystemUnit.Boot", json!({"force": true, "action": "SHUTDOWN"}), None),
        @r#"SystemUnit.Boot {"Action":"Shutdown","Force":"True"}"#
    );
    insta::assert_snapshot!(
        check("UserInterface.Message.Prompt.Display", json!({"Text": 1, "option.1": "Yes", "Duration": null}), None),
        @r#"UserInterface.Message.Prompt.Display {"Option.1":"Yes","Text":"1"}"#
    );
    insta::assert_snapshot!(
        check("HttpClient.Post", json!({"Url": "http://a.example", "Header": "A: b"}), Some(json!("text"))),
        @r#"HttpClient.Post {"Header":["A: b"],"Url":"http://a.example"}"#
    );
    insta::assert_snapshot!(check("Bookings.Put", json!({}), Some(json!({"Bookings": []}))), @"Bookings.Put {}");
    insta::assert_snapshot!(check("Standby.Activate", Value::Null, None), @"Standby.Activate {}");
}

#[test]
fn every_problem_is_named() {
    insta::assert_snapshot!(check("Audio.Volume.Set", json!({}), None), @"Level: is missing");
    insta::assert_snapshot!(
        check("Audio.Volume.Set", json!({"Level": 101}), None),
        @"Level: must be an integer from 0 to 100, not 101"
    );
    insta::assert_snapshot!(
        check("Audio.Volume.Set", json!({"Level": 1, "LEVEL": 2, "Volume": 3}), None),
        @r"
    Level: is given twice, in different spellings
    Volume: is not known; known are Level
    "
    );
    insta::assert_snapshot!(
        check("Standby.Activate", json!({"Now": true}), Some(json!("x"))),
        @r"
    Now: is not known; the command takes none
    body: is not taken by this command
    "
    );
    insta::assert_snapshot!(
        check("Dial", json!({"CallType": "Holo", "CallRate": "fast", "Protocol": ["Sip"]}), None),
        @r#"
    CallType: must be one of Auto, Audio, Video, not "Holo"
    CallRate: must be an integer from 64 to 6000, not "fast"
    Protocol: must be one of H323, Sip, Spark, not an array
    Number: is missing
    "#
    );
    insta::assert_snapshot!(
        check("UserInterface.Message.TextLine.Display", json!({"Text": "x".repeat(141), "X": 0}), None),
        @r"
    Text: must be text of 0 to 140 characters, not of 141
    X: must be an integer from 1 to 10000, not 0
    "
    );
    insta::assert_snapshot!(
        check("Macros.Macro.Save", json!({"Name": {"a": 1}}), None),
        @r"
    Name: must be text, not an object
    body: is missing
    "
    );
    insta::assert_snapshot!(
        check("Macros.Macro.Save", json!({"Name": "a"}), Some(json!(5))),
        @"body: must be text or an object"
    );
    insta::assert_snapshot!(
        check("Presentation.Start", json!({"ConnectorId": [1, 2, 9]}), None),
        @"ConnectorId: item 3: must be an integer from 1 to 2, not 9"
    );
    insta::assert_snapshot!(
        check("SystemUnit.FactoryReset", json!({"Confirm": "No"}), None),
        @r#"Confirm: must be one of Yes, not "No""#
    );
}

#[test]
fn defaults_are_added_on_request() {
    let catalogue = Catalogue::builtin();
    let spec = catalogue
        .command(&"Audio.Volume.Increase".parse().unwrap(), None)
        .unwrap();
    let checked = spec.check(&Map::new(), None).unwrap();
    assert!(checked.is_empty());
    assert_eq!(Value::Object(spec.with_defaults(checked)), json!({"Steps": 5}));
}

#[test]
fn an_overlong_body_is_refused() {
    let body = "x".repeat(hallway_xapi::catalogue::MAX_BODY_BYTES + 1);
    assert_eq!(
        check("Macros.Macro.Save", json!({"Name": "a"}), Some(body.into())),
        "body: is longer than 4194304 bytes"
    );
}
