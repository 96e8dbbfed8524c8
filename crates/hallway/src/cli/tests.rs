//! Commands as people type them, against canned answers.

use std::fmt::Write as _;

use clap::{CommandFactory as _, Parser as _};
use serde_json::{Value, json};

use super::testing::{Office, TestCli, hallway};

const APP: &str = "9f6a1c9e-3c1d-4f7b-8f0e-0a4c8c9b2d11";

fn devices() -> Value {
    json!({"items": [
        {"id": "d1", "displayName": "Board Room", "product": "Board Pro"},
        {"id": "d2", "displayName": "Huddle", "product": "Room Bar"},
    ]})
}

fn integration() -> Value {
    json!({
        "appId": APP, "displayName": "Room Sense", "vendor": "Example", "description": "Counts.",
        "availability": "org_private", "manifestVersion": 3, "clientId": "C1", "state": "updatePending",
        "features": ["digital_signage"], "created": "2026-03-04T05:06:07.089Z",
        "requested": [
            {"kind": "scope", "name": "spark:xapi_statuses", "required": true, "granted": true,
             "privacyImpact": false},
            {"kind": "status", "name": "RoomAnalytics.*", "required": false, "granted": false,
             "privacyImpact": true},
        ],
        "activation": {
            "id": APP, "manifestVersion": 2, "scopes": [], "roles": [], "xapiAccessKeys": {},
            "createdAt": "2026-03-04T05:06:07.089Z", "updatedAt": "2026-03-04T05:06:07.089Z",
            "provisioningState": "completed", "operationalState": "operational", "features": [],
            "availability": "org_private",
        },
        "pendingGrowth": ["the status Audio.* is new"], "pendingVersion": 3,
        "delivery": {"channel": "webhook", "waiting": 7, "delivered": 40, "dropped": 0,
                     "failedAttempts": 2, "lastSuccess": "2026-03-04T06:00:00.000Z",
                     "failingSince": "2026-03-04T06:01:00.000Z", "lastError": "503"},
    })
}

#[test]
fn the_arguments_are_sound() {
    TestCli::command().debug_assert();
    let wrong = [
        vec!["hallway", "device", "show"],
        vec!["hallway", "xapi", "status", "Board Room"],
        vec!["hallway", "integration", "upload"],
        vec!["hallway", "audit", "list", "--max", "0"],
        vec!["hallway", "frobnicate"],
        vec!["hallway", "fault", "add"],
        vec!["hallway", "fault", "add", "--close", "--drop"],
        vec!["hallway", "fault", "add", "--status", "200"],
        vec!["hallway", "fault", "add", "--close", "--retry-after", "1"],
        vec!["hallway", "fault", "add", "--offline"],
    ];
    for words in wrong {
        let error = TestCli::try_parse_from(&words).unwrap_err();
        assert_eq!(error.exit_code(), 2, "{words:?}");
    }
    // A value may look like a flag.
    TestCli::try_parse_from(["hallway", "device", "set", "x", "Ambient.Temperature", "-4"]).unwrap();
}

#[test]
fn help() {
    fn walk(command: &mut clap::Command, path: &str, out: &mut String) {
        let path = format!("{path} {}", command.get_name()).trim().to_owned();
        let mut shown = command.clone().term_width(100).bin_name(&path);
        if path != "hallway" {
            // The global flags are the same everywhere: once is enough to read.
            shown = shown.mut_args(|arg| {
                let global = arg.is_global_set() || arg.get_id() == "help";
                arg.hide(global)
            });
        }
        let shown = shown.render_long_help().to_string();
        let shown: Vec<&str> = shown.lines().map(str::trim_end).collect();
        let _ = writeln!(out, "$ {path} --help\n{}\n", shown.join("\n").trim_end());
        for child in command.get_subcommands_mut() {
            walk(child, &path, out);
        }
    }
    let mut command = TestCli::command();
    command.build();
    let mut out = String::new();
    walk(&mut command, "", &mut out);
    insta::assert_snapshot!(out);
}

#[tokio::test]
async fn without_a_token_the_caller_learns_where_to_get_one() {
    let office = Office::default().open().await;
    let outcome = hallway(&["--url", &office.url, "device", "list"]).await;
    assert_eq!((outcome.code, outcome.out.as_str()), (2, ""));
    insta::assert_snapshot!(outcome.err);
    assert!(office.seen().is_empty(), "nothing must be asked without a token");
}

#[tokio::test]
async fn a_hallway_that_is_not_there_is_said_to_be_so() {
    // A port that was free a moment ago, and nobody listens on.
    let port = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    let url = format!("http://127.0.0.1:{port}");
    let outcome = hallway(&["--url", &url, "--token", "the-token", "device", "list"]).await;
    assert_eq!(outcome.code, 1);
    assert!(
        outcome.err.starts_with(&format!("error: cannot talk to {url}: ")),
        "{}",
        outcome.err
    );
    assert!(
        outcome.err.contains("\nhint: is Hallway running there?"),
        "{}",
        outcome.err
    );
    assert!(!outcome.err.contains("the-token"));
}

#[tokio::test]
async fn a_refusal_is_shown_with_its_reasons_and_its_tracking_id() {
    let body = json!({"message": "The command is not valid.", "trackingId": "HALLWAY_7",
        "errors": [{"description": "Level must be 0..100"}, {"description": "Colour is unknown"}]});
    let office = Office::default()
        .on("GET /v1/devices", &devices())
        .with(
            "POST /v1/xapi/command/Audio.Volume.Set",
            400,
            &[],
            &body.to_string(),
        )
        .open()
        .await;
    let words = [
        "xapi",
        "command",
        "huddle",
        "Audio.Volume.Set",
        "Level=500",
        "Colour=red",
    ];
    for json in [false, true] {
        let mut words = words.to_vec();
        words.extend(json.then_some("--json"));
        let outcome = office.run(&words).await;
        assert_eq!((outcome.code, outcome.out.as_str()), (1, ""));
        insta::allow_duplicates! {
            insta::assert_snapshot!(outcome.err, @r"
            error: The command is not valid.
              - Level must be 0..100
              - Colour is unknown
            tracking id: HALLWAY_7
            ");
        }
    }
    let last = office.last();
    assert_eq!(last.authorization.as_deref(), Some("Bearer the-token"));
    let sent: Value = serde_json::from_str(&last.body).unwrap();
    assert_eq!(
        sent,
        json!({"deviceId": "d2", "arguments": {"Level": "500", "Colour": "red"}})
    );
}

#[tokio::test]
async fn what_is_no_hallway_is_taken_for_none() {
    let office = Office::default()
        .with(
            "GET /v1/workspaces",
            502,
            &[("trackingid", "PROXY_1")],
            "<html>bad gateway</html>",
        )
        .with("GET /v1/locations", 200, &[], "<html>welcome</html>")
        .with(
            "GET /hallway/v1/audit",
            308,
            &[("location", "https://new.example.com/")],
            "",
        )
        .open()
        .await;
    let outcome = office.run(&["workspace", "list"]).await;
    assert_eq!(outcome.code, 1);
    let expected = format!(
        "error: GET /v1/workspaces was answered with 502 Bad Gateway\ntracking id: PROXY_1\n\
         hint: is {} the address of a Hallway?\n",
        office.url
    );
    assert_eq!(outcome.err, expected);
    let outcome = office.run(&["location", "list"]).await;
    assert_eq!(outcome.code, 1);
    assert!(
        outcome.err.contains("something that is not JSON"),
        "{}",
        outcome.err
    );
    let outcome = office.run(&["audit", "list"]).await;
    assert_eq!(outcome.code, 1);
    assert!(
        outcome
            .err
            .contains("hint: it points to https://new.example.com/"),
        "{}",
        outcome.err
    );
}

#[tokio::test]
async fn lists_are_read_to_their_end() {
    let page = |n: usize| json!({"items": [{"id": format!("d{n}"), "displayName": format!("Room {n}")}]});
    let next = r#"<https://public.example.com/v1/devices?max=1000&start=1>; rel="next""#;
    let office = Office::default()
        .with(
            "GET /v1/devices?max=1000",
            200,
            &[("link", next)],
            &page(0).to_string(),
        )
        .on("GET /v1/devices?max=1000&start=1", &page(1))
        .open()
        .await;
    let outcome = office.run(&["device", "list", "--json"]).await;
    let listed: Value = serde_json::from_str(&outcome.out).unwrap();
    assert_eq!(listed["items"].as_array().unwrap().len(), 2);
    assert_eq!((outcome.code, outcome.err.as_str()), (0, ""));
}

#[tokio::test]
async fn upload_shows_the_secret_once_and_what_comes_next() {
    let answer = json!({"appId": APP, "clientId": "C1", "clientSecret": "s3cret", "manifestVersion": 1,
                        "warnings": ["12:3: $.tags: `tags` is unknown"]});
    let office = Office::default()
        .on("POST /hallway/v1/integrations", &answer)
        .open()
        .await;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "{ \"kept\": \"as it is\" }").unwrap();
    let path = file.path().to_str().unwrap();
    let outcome = office.run(&["integration", "upload", path]).await;
    insta::assert_snapshot!(outcome.out);
    assert_eq!(outcome.err, "warning: 12:3: $.tags: `tags` is unknown\n");
    let last = office.last();
    assert_eq!(last.body, "{ \"kept\": \"as it is\" }");
    assert_eq!(last.content_type.as_deref(), Some("application/json"));
    let outcome = office.run(&["integration", "upload", path, "--json"]).await;
    assert_eq!(serde_json::from_str::<Value>(&outcome.out).unwrap(), answer);
    assert_eq!(outcome.err, "");
}

#[tokio::test]
async fn a_refused_manifest_is_shown_with_its_faults_marked() {
    let body = json!({"message": "The manifest is not valid.", "trackingId": "T1",
                      "errors": [{"description": "1:2: $.id: is missing"}]});
    let office = Office::default()
        .with("POST /hallway/v1/integrations", 400, &[], &body.to_string())
        .open()
        .await;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "{\n  \"id\": 7,\n}").unwrap();
    let path = file.path().to_str().unwrap();
    let outcome = office.run(&["integration", "upload", path]).await;
    assert_eq!((outcome.code, outcome.out.as_str()), (1, ""));
    assert!(
        outcome.err.starts_with("error: The manifest is not valid.\n"),
        "{}",
        outcome.err
    );
    assert!(
        outcome.err.contains(":2:10"),
        "the comma is marked: {}",
        outcome.err
    );
    assert!(outcome.err.ends_with("tracking id: T1\n"), "{}", outcome.err);
}

#[tokio::test]
async fn activation_takes_names_of_locations_and_shows_the_code() {
    let oslo = hallway_wire::id::LocationId::from_uuid(uuid::Uuid::from_u128(7)).to_string();
    let activated = json!({"appId": APP, "activationCode": "aaa.bbb.ccc", "scopes": ["spark:xapi_statuses"],
        "expiryTime": "2026-03-11T05:06:07.089Z",
        "xapiAccess": {"commands": [], "statuses": ["Audio.*"], "events": []}});
    let office = Office::default()
        .on("GET /hallway/v1/integrations", &json!({"items": [integration()]}))
        .on(
            "GET /v1/locations",
            &json!({"items": [{"id": oslo, "name": "Oslo"}]}),
        )
        .on(
            "POST /hallway/v1/integrations/9f6a1c9e-3c1d-4f7b-8f0e-0a4c8c9b2d11/activate",
            &activated,
        )
        .open()
        .await;
    let words = [
        "integration",
        "activate",
        "room sense",
        "--location",
        "oslo",
        "--deny",
        "RoomAnalytics.*",
    ];
    let outcome = office.run(&words).await;
    assert_eq!((outcome.code, outcome.err.as_str()), (0, ""));
    insta::assert_snapshot!(outcome.out);
    let sent: Value = serde_json::from_str(&office.last().body).unwrap();
    assert_eq!(sent, json!({"locations": [oslo], "deny": ["RoomAnalytics.*"]}));
}

#[tokio::test]
async fn integrations_are_listed_and_shown() {
    let office = Office::default()
        .on("GET /hallway/v1/integrations", &json!({"items": [integration()]}))
        .on(
            "GET /hallway/v1/integrations/9f6a1c9e-3c1d-4f7b-8f0e-0a4c8c9b2d11",
            &integration(),
        )
        .open()
        .await;
    insta::assert_snapshot!("list", office.run(&["integration", "list"]).await.out);
    insta::assert_snapshot!(
        "show",
        office.run(&["integration", "show", "Room Sense"]).await.out
    );
}

#[tokio::test]
async fn faults_are_ordered_by_name_and_taken_back() {
    let device = hallway_wire::id::DeviceId::random().to_string();
    let made = json!({"id": "0a0b0c0d", "state": "armed", "hits": 0, "created": "2026-03-04T05:06:07.089Z",
        "effect": {"type": "status", "status": 429, "retryAfter": 2}, "route": "GET /v1/people/{id}", "times": 1});
    let office = Office::default()
        .on("GET /hallway/v1/integrations", &json!({"items": [integration()]}))
        .on(
            "GET /v1/devices",
            &json!({"items": [{"id": device, "displayName": "Board Room"}]}),
        )
        .on("POST /hallway/v1/faults", &made)
        .on("DELETE /hallway/v1/faults", &json!({"removed": 2}))
        .with("DELETE /hallway/v1/faults/0a0b0c0d", 204, &[], "")
        .open()
        .await;
    let sent = async |words: &str| -> Value {
        let words: Vec<&str> = ["fault", "add"].into_iter().chain(words.split(' ')).collect();
        let outcome = office.run(&words).await;
        assert_eq!((outcome.code, outcome.err.as_str()), (0, ""));
        serde_json::from_str(&office.last().body).unwrap()
    };
    assert_eq!(
        sent("--status 429 --retry-after 2 --route /v1/xapi/* --this-token --times 1").await,
        json!({"effect": {"type": "status", "status": 429, "retryAfter": 2}, "route": "/v1/xapi/*",
               "thisToken": true, "times": 1})
    );
    assert_eq!(
        sent("--latency 5..9 --person a@example.com --probability 0.5 --seed 7 --for 60").await,
        json!({"effect": {"type": "latency", "minMs": 5, "maxMs": 9}, "person": "a@example.com",
               "probability": 0.5, "seed": 7, "forSeconds": 60})
    );
    let words = [
        "fault",
        "add",
        "--drop",
        "--integration",
        "room sense",
        "--device",
        "board room",
    ];
    let outcome = office.run(&words).await;
    assert_eq!((outcome.code, outcome.err.as_str()), (0, ""));
    insta::assert_snapshot!(outcome.out, @r"
    fault:    0a0b0c0d
    effect:   status 429, Retry-After 2 s
    strikes:  route GET /v1/people/{id}
    bounds:   once
    next: hallway fault clear 0a0b0c0d
    ");
    let sent: Value = serde_json::from_str(&office.last().body).unwrap();
    assert_eq!(
        sent,
        json!({"effect": {"type": "drop"}, "integration": APP, "device": device})
    );
    assert_eq!(office.run(&["fault", "clear"]).await.out, "2 faults are gone.\n");
    let outcome = office.run(&["fault", "clear", "0a0b0c0d"]).await;
    assert_eq!(outcome.out, "The fault 0a0b0c0d is gone.\n");
}

#[tokio::test]
async fn deleting_wants_the_name_again() {
    let office = Office::default()
        .on(
            "GET /hallway/v1/integrations/9f6a1c9e-3c1d-4f7b-8f0e-0a4c8c9b2d11",
            &integration(),
        )
        .with(
            "DELETE /hallway/v1/integrations/9f6a1c9e-3c1d-4f7b-8f0e-0a4c8c9b2d11",
            204,
            &[],
            "",
        )
        .open()
        .await;
    let outcome = office.run(&["integration", "delete", APP]).await;
    assert_eq!(outcome.code, 2);
    assert!(
        outcome.err.ends_with("--confirm \"Room Sense\"\n"),
        "{}",
        outcome.err
    );
    let outcome = office
        .run(&["integration", "delete", APP, "--confirm", "Another"])
        .await;
    assert_eq!(outcome.code, 2);
    assert!(office.seen().iter().all(|seen| seen.line.starts_with("GET ")));
    let outcome = office
        .run(&["integration", "delete", APP, "--confirm", "Room Sense"])
        .await;
    assert_eq!(
        (outcome.code, outcome.out.as_str()),
        (0, "Deleted \"Room Sense\".\n")
    );
    assert!(office.last().line.starts_with("DELETE "));
}

#[tokio::test]
async fn simulated_devices_are_steered() {
    let office = Office::default()
        .on("GET /v1/devices", &devices())
        .with("POST /hallway/v1/devices/d1/status", 204, &[], "")
        .with("DELETE /hallway/v1/devices/d1/status", 204, &[], "")
        .with("POST /hallway/v1/devices/d1/events", 204, &[], "")
        .with("POST /hallway/v1/devices/d1/reboot", 204, &[], "")
        .open()
        .await;
    let path = "RoomAnalytics.PeopleCount.Current";
    let outcome = office.run(&["device", "set", "Board Room", path, "4"]).await;
    assert_eq!(outcome.out, format!("{path} = 4 on \"Board Room\"\n"));
    let sent: Value = serde_json::from_str(&office.last().body).unwrap();
    assert_eq!(sent, json!({"path": path, "value": 4}));

    office.run(&["device", "unset", "Board Room", "Call[1]"]).await;
    assert_eq!(
        office.last().line,
        "DELETE /hallway/v1/devices/d1/status?path=Call%5B1%5D"
    );

    let event = "UserInterface.Extensions.Panel.Clicked";
    office
        .run(&["device", "emit", "board room", event, r#"{"PanelId":"lights"}"#])
        .await;
    let sent: Value = serde_json::from_str(&office.last().body).unwrap();
    assert_eq!(sent, json!({"event": event, "value": {"PanelId": "lights"}}));

    let outcome = office.run(&["device", "reboot", "BOARD ROOM", "--json"]).await;
    let said: Value = serde_json::from_str(&outcome.out).unwrap();
    assert_eq!(said, json!({"deviceId": "d1", "done": "reboot"}));

    let outcome = office.run(&["device", "reboot", "Broad Room"]).await;
    assert_eq!(outcome.code, 1);
    assert!(
        outcome.err.contains("hint: did you mean `Board Room`?"),
        "{}",
        outcome.err
    );
}

#[tokio::test]
async fn status_is_read_and_configurations_are_patched() {
    let items = json!({"deviceId": "d1", "items": {"Audio.DefaultVolume": {"value": 40,
        "source": "configured", "sources": {"default": {"value": 50}, "configured": {"value": 40}},
        "valueSpace": {"type": "integer", "minimum": 0, "maximum": 100}}}});
    let office = Office::default()
        .on("GET /v1/devices", &devices())
        .on(
            "GET /v1/xapi/status?deviceId=d1&name=Audio.Volume",
            &json!({"deviceId": "d1", "result": {"Audio": {"Volume": 33}}}),
        )
        .on("GET /v1/xapi/status", &json!({"deviceId": "d1", "result": {}}))
        .with(
            "PATCH /v1/deviceConfigurations?deviceId=d1",
            201,
            &[],
            &items.to_string(),
        )
        .open()
        .await;
    let outcome = office
        .run(&["xapi", "status", "Board Room", "Audio.Volume"])
        .await;
    assert_eq!((outcome.out.as_str(), outcome.code), ("33\n", 0));
    let outcome = office
        .run(&["xapi", "status", "Board Room", "Nothing.Here"])
        .await;
    assert_eq!((outcome.out.as_str(), outcome.code), ("", 0));
    assert_eq!(outcome.err, "nothing on \"Board Room\" matches Nothing.Here\n");

    let words = ["xapi", "config", "set", "Board Room", "Audio DefaultVolume", "40"];
    let outcome = office.run(&words).await;
    assert_eq!(outcome.code, 0, "{}", outcome.err);
    let last = office.last();
    assert_eq!(last.content_type.as_deref(), Some("application/json-patch+json"));
    let sent: Value = serde_json::from_str(&last.body).unwrap();
    let path = "Audio.DefaultVolume/sources/configured/value";
    assert_eq!(sent, json!([{"op": "replace", "path": path, "value": 40}]));
    office
        .run(&["xapi", "config", "unset", "Board Room", "Audio.DefaultVolume"])
        .await;
    let sent: Value = serde_json::from_str(&office.last().body).unwrap();
    assert_eq!(sent, json!([{"op": "remove", "path": path}]));
}

#[tokio::test]
async fn a_jwt_is_verified_against_the_published_keys() {
    use hallway_platform::crypto::{SigningKey, Vault};
    use hallway_wire::Timestamp;
    let vault = Vault::new(&[7; 32]);
    let key = || SigningKey::open(&SigningKey::generate(&vault, Timestamp(0)).unwrap(), &vault).unwrap();
    let (ours, other) = (key(), key());
    let claims = json!({"action": "provision", "refreshToken": "the-refresh-token",
                        "expiryTime": "2020-01-01T00:00:00.000Z"});
    let office = Office::default()
        .on("GET /jwks", &json!({"keys": [ours.jwk()]}))
        .open()
        .await;
    let code = ours.sign(&claims).unwrap();

    // No token is needed: the keys are public.
    let outcome = hallway(&["--url", &office.url, "jwt", "decode", &code]).await;
    assert_eq!(outcome.code, 0, "{}", outcome.err);
    assert!(
        outcome.out.contains("expired 2020-01-01 00:00:00Z"),
        "{}",
        outcome.out
    );
    assert!(!outcome.out.contains("the-refresh-token"));
    let outcome = hallway(&["--url", &office.url, "jwt", "decode", &code, "--json"]).await;
    assert_eq!(serde_json::from_str::<Value>(&outcome.out).unwrap(), claims);

    let forged = other.sign(&claims).unwrap();
    let outcome = hallway(&["--url", &office.url, "jwt", "decode", &forged]).await;
    assert_eq!((outcome.code, outcome.out.as_str()), (1, ""));
    assert!(
        outcome
            .err
            .starts_with("error: this JWT is not valid here: no published key"),
        "{}",
        outcome.err
    );
    assert!(office.seen().iter().all(|seen| seen.authorization.is_none()));
}

#[tokio::test]
async fn status_says_whether_hallway_is_up() {
    let office = Office::default()
        .with("GET /healthz", 200, &[], "ok")
        .with("GET /readyz", 503, &[], "the store does not answer")
        .on(
            "GET /hallway/v1/about",
            &json!({"version": "0.1.0", "organization": {"displayName": "Fjord"}}),
        )
        .open()
        .await;
    let outcome = office.run(&["status"]).await;
    assert_eq!(outcome.code, 1);
    assert!(
        outcome
            .out
            .contains("ready:                     no (503 Service Unavailable) the store does"),
        "{}",
        outcome.out
    );
    assert!(
        outcome.out.contains("organization.displayName:  Fjord"),
        "{}",
        outcome.out
    );
    let outcome = hallway(&["--url", &office.url, "status", "--json"]).await;
    let said: Value = serde_json::from_str(&outcome.out).unwrap();
    assert_eq!(said, json!({"url": office.url, "healthy": true, "ready": false}));
}

#[tokio::test]
async fn the_audit_trail_is_a_table() {
    let org = hallway_wire::id::OrgId::from_uuid(uuid::Uuid::from_u128(1)).to_string();
    let event = json!({"id": "1", "created": "2026-03-04T05:06:07.089Z", "orgId": org, "actorName": "Ada",
        "event": "integration.activated", "target": "Room Sense",
        "description": "activated Room Sense\u{1b}[2J", "trackingId": "T"});
    let office = Office::default()
        .on("GET /hallway/v1/audit?max=2&start=0", &json!({"items": [event]}))
        .open()
        .await;
    let outcome = office.run(&["audit", "list", "--max", "2"]).await;
    insta::assert_snapshot!(outcome.out, @r"
    TIME                  WHO  WHAT                   TO WHAT     IN WORDS
    2026-03-04 05:06:07Z  Ada  integration.activated  Room Sense  activated Room Sense\u{1b}[2J
    ");
}

#[tokio::test]
async fn manifests_are_checked_without_a_hallway() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "{}").unwrap();
    let path = file.path().to_str().unwrap();
    let outcome = hallway(&["manifest", "check", path]).await;
    assert_eq!((outcome.code, outcome.err.as_str()), (1, ""));
    assert!(outcome.out.contains("$.id"), "{}", outcome.out);
    let outcome = hallway(&["manifest", "check", path, "--json"]).await;
    assert_eq!(outcome.code, 1);
    let problems: Value = serde_json::from_str(&outcome.out).unwrap();
    assert!(
        problems
            .as_array()
            .unwrap()
            .iter()
            .all(|problem| problem["line"] == 1)
    );
    let outcome = hallway(&["manifest", "check", "/nonexistent/manifest.json"]).await;
    assert_eq!(outcome.code, 2);
    assert!(
        outcome
            .err
            .starts_with("error: the manifest /nonexistent/manifest.json cannot be read: ")
    );
}
