//! Bad input of every kind gets the documented status and Webex's error body, and secrets stay secret.

use std::num::NonZeroU32;
use std::time::Duration;

use hyper::body::Bytes;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::binary::{OFFICE, Served};
use crate::support::{
    Integration, Mood, Office, Receiver, device, eventually, integration, integration::manifest, within,
};

/// Most bytes of a body.
const MAX_BODY: usize = 8 << 20;

#[tokio::test]
async fn bodies() {
    let office = Office::start().await;
    let admin = &office.admin;
    let upload = "/hallway/v1/integrations";
    let with = |body: Bytes, content_type: Option<&str>| {
        let mut request = admin.request("POST", upload, &Value::Null);
        if let Some(content_type) = content_type {
            let value = content_type.parse().unwrap();
            request.headers_mut().insert("content-type", value);
        }
        *request.body_mut() = body.into();
        admin.send(request)
    };
    let json = Some("application/json");
    let said = with(Bytes::from(vec![b' '; MAX_BODY + 1]), json).await;
    assert!(said.expect_error(413).contains(&MAX_BODY.to_string()));
    // The longest that is read is read to its end: then it is no manifest.
    with(Bytes::from(vec![b' '; MAX_BODY]), json)
        .await
        .expect_error(400);
    let said = with("{}".into(), Some("text/plain")).await.expect_error(415);
    assert!(
        said.contains("text/plain") && said.contains("application/json"),
        "{said}"
    );
    with("{}".into(), None).await.expect_error(415);
    with("{\"a\":".into(), json).await.expect_error(400);
    with(Bytes::from_static(&[b'{', 0xff, b'}']), json)
        .await
        .expect_error(400);
    for body in ["", "[", "{}", "null", "[1]", "\"text\"", "{\"path\":1}"] {
        let target = format!("/hallway/v1/devices/{}/status", office.device("Board Room"));
        let mut request = admin.request("POST", &target, &json!(0));
        *request.body_mut() = Bytes::from(body).into();
        admin.send(request).await.expect_error(400);
    }
    // A body that is nested too deeply is refused, and nothing else happens.
    with(Bytes::from("[".repeat(1 << 20)), json)
        .await
        .expect_error(400);
    admin.get("/healthz").await.expect(200);
    office.close().await;
}

#[tokio::test]
async fn paths_and_methods() {
    let office = Office::start().await;
    let admin = &office.admin;
    // A client whose base URL lacks the /v1 learns it.
    let said = admin.get("/people/me").await.expect_error(404);
    assert!(said.contains("/v1/people/me"), "{said}");
    let said = admin.get("/v1/nothing").await.expect_error(404);
    assert!(!said.contains("/v1/v1"), "{said}");
    for (method, target) in [
        ("DELETE", "/v1/people/me"),
        ("PUT", "/v1/access_token"),
        ("POST", "/jwks"),
        ("PATCH", "/hallway/v1/integrations"),
    ] {
        let answer = admin.ask(method, target, Value::Null).await;
        let allowed = answer.header("allow").unwrap_or_default().to_owned();
        assert!(
            !allowed.is_empty() && !allowed.contains(method),
            "{target}: {allowed}"
        );
        answer.expect_error(405);
    }
    // Clients write paths with a slash at their end, a lonely ampersand, and raw brackets.
    admin.get("/v1/people/me/").await.expect(200);
    admin.get("/v1/devices/?max=2&").await.expect(200);
    let id = office.device("Board Room");
    let target = format!("/v1/xapi/status/?deviceId={id}&name=RoomAnalytics.*&");
    admin.get(&target).await.expect(200);
    let target = format!("/v1/deviceConfigurations/?deviceId={id}&key=Audio.Input.Microphone[*].*");
    admin.get(&target).await.expect(200);
    // A bad id is told as such, not as an unknown thing.
    for target in [
        "/v1/devices/x",
        "/v1/workspaces/x",
        "/v1/xapi/status?deviceId=x&name=Audio.Volume",
    ] {
        let said = admin.get(target).await.expect_error(400);
        assert!(said.contains("Expect base64 ID or UUID."), "{said}");
    }
    // A bare UUID does as well as the long form, with or without padding.
    let uuid = office.plan.devices[0].spec.id.uuid();
    let padding = "=".repeat((4 - id.len() % 4) % 4);
    for form in [id.clone(), format!("{id}{padding}"), uuid.to_string()] {
        let answer = admin.get(&format!("/v1/devices/{form}")).await;
        assert_eq!(answer.expect(200)["id"], id.as_str(), "{form}");
    }
    office.close().await;
}

#[tokio::test]
async fn tracking_ids() {
    let office = Office::start().await;
    let admin = &office.admin;
    let tracked = async |given: &str| {
        let mut request = admin.request("GET", "/v1/nothing", &Value::Null);
        request.headers_mut().insert("TrackingID", given.parse().unwrap());
        let answer = admin.send(request).await;
        let id = answer.header("trackingid").unwrap().to_owned();
        assert_eq!(answer.json()["trackingId"], id.as_str());
        id
    };
    assert_eq!(tracked("SIMPLE_0b0e5a0c").await, "SIMPLE_0b0e5a0c");
    for strange in [String::new(), "two words".to_owned(), "x".repeat(129)] {
        let id = tracked(&strange).await;
        assert!(id != strange && id.starts_with("HALLWAY_"), "{id}");
    }
    // Answers without an error carry it too.
    let answer = admin.get("/v1/people/me").await;
    assert!(answer.header("trackingid").is_some_and(|id| !id.is_empty()));
    answer.expect(200);
    office.close().await;
}

#[tokio::test]
async fn too_many_requests() {
    let office = Office::with(|config| config.requests_per_minute = NonZeroU32::new(5)).await;
    let other = office
        .house()
        .platform
        .first_admin(office.plan.organization.id)
        .await
        .unwrap()
        .unwrap();
    let other = office.house().platform.issue_admin_token(other.id).await.unwrap();
    let mut refused = None;
    for _ in 0..7 {
        let answer = office.admin.get("/v1/people/me").await;
        if answer.status == 429 {
            refused = Some(answer);
            break;
        }
        answer.expect(200);
    }
    let refused = refused.expect("the sixth request within a minute is one too many");
    let seconds: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&seconds), "{seconds}");
    refused.expect_error(429);
    // The limit is each token's own, and what needs no token has none.
    office
        .admin
        .with_token(other.expose())
        .get("/v1/people/me")
        .await
        .expect(200);
    for _ in 0..10 {
        office.admin.anonymous().get("/healthz").await.expect(200);
    }
    office.close().await;
}

#[tokio::test]
async fn too_much_at_once() {
    let office = Office::start().await;
    let admin = &office.admin;
    let id = office.device("Board Room");
    let names = "&name=Audio.Volume".repeat(11);
    let target = format!("/v1/xapi/status?deviceId={id}{names}");
    admin.get(&target).await.expect_error(400);
    let target = format!("/v1/xapi/schema?deviceId={}", [id.as_str(); 6].join(","));
    admin.get(&target).await.expect_error(400);
    let one = json!({ "op": "remove", "path": "Audio.DefaultVolume/sources/configured/value" });
    let target = format!("/v1/deviceConfigurations?deviceId={id}");
    admin
        .patch(&target, json!(vec![one; 501]))
        .await
        .expect_error(400);
    admin.patch(&target, json!([])).await.expect_error(400);
    for query in ["max=0", "max=-1", "max=ten", "start=-1", "start=1.5"] {
        admin.get(&format!("/v1/devices?{query}")).await.expect_error(400);
    }
    // More than there is on a page is not refused.
    let all = admin
        .get("/v1/devices?max=99999999999999999999")
        .await
        .expect(200);
    assert_eq!(all["items"].as_array().unwrap().len(), office.plan.devices.len());
    // A path of many segments, or a long one, is a bad path and no more.
    for path in ["a.".repeat(5000) + "a", "A".repeat(20_000), "[".repeat(2000)] {
        let target = format!("/v1/xapi/status?deviceId={id}&name={path}");
        let answer = admin.get(&target).await;
        assert!(answer.status == 400 || answer.status == 200, "{}", answer.status);
        let body = json!({ "path": path, "value": 1 });
        let target = format!("/hallway/v1/devices/{id}/status");
        admin.post(&target, body).await.expect_error(400);
    }
    office.close().await;
}

/// Writes to a socket of its own and reads until the other side closes.
async fn talk(address: &str, bytes: String) -> String {
    let mut socket = TcpStream::connect(address).await.unwrap();
    socket.write_all(bytes.as_bytes()).await.ok();
    let mut answer = Vec::new();
    within("the connection ends", socket.read_to_end(&mut answer))
        .await
        .ok();
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn strange_connections_end() {
    let office = Office::start().await;
    let address = office.admin.base.trim_start_matches("http://").to_owned();
    let many: String = (0..200).map(|n| format!("x-{n}: y\r\n")).collect();
    let long = "y".repeat(80 * 1024);
    let dripping = talk(&address, "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow:".to_owned());
    let (garbage, headers, head, dripped) = tokio::join!(
        talk(&address, "\x16\x03\x01 this is no HTTP\r\n\r\n".to_owned()),
        talk(
            &address,
            format!("GET /healthz HTTP/1.1\r\nHost: x\r\n{many}\r\n")
        ),
        talk(
            &address,
            format!("GET /healthz?{long} HTTP/1.1\r\nHost: x\r\n\r\n")
        ),
        // Who never ends the head of a request is not waited for.
        dripping,
    );
    assert!(
        garbage.is_empty() || garbage.starts_with("HTTP/1.1 400"),
        "{garbage}"
    );
    assert!(headers.starts_with("HTTP/1.1 431"), "{headers}");
    assert!(head.starts_with("HTTP/1.1 4"), "{head}");
    assert!(!dripped.contains(" 200 "), "{dripped}");
    office.admin.get("/healthz").await.expect(200);
    office.close().await;
}

/// A whole life of an integration, with mistakes, at the log level where most is said.
#[tokio::test]
async fn no_secret_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let served = Served::start(dir.path(), "127.0.0.1:0", &["-vv"], OFFICE).await;
    let admin = served.admin();
    let mut receiver = Receiver::start().await;
    let mut told: Vec<String> = Vec::new();

    let asked = manifest(&["RoomAnalytics.*"], &[]);
    let uploaded = integration::upload(&admin, &asked).await;
    let app = integration::app_of(&asked);
    let code = integration::activation_code(&admin, &app, json!({})).await;
    let integration = Integration::of_code(&admin, &uploaded, &code).await;
    let secret = "a-very-long-webhook-secret";
    let (password, header) = ("hook-password-4711", "Custom header-secret-4711");
    receiver.answer_with(Mood::Status(500));
    integration.listen_by_webhook(&receiver.url, secret).await;
    receiver.next().await;
    let webhook = |webhook: Value| integration.patch(json!({ "webhook": webhook }));
    for other in [
        json!({ "targetUrl": receiver.url, "type": "authorization_header", "secret": header }),
        json!({ "targetUrl": receiver.url, "type": "basic_authentication", "username": "u", "password": password }),
    ] {
        webhook(other).await.expect(200);
        receiver.next().await;
    }
    // Mistakes that name secrets.
    let short = "short-secret";
    let refusals = [
        webhook(json!({ "targetUrl": receiver.url, "type": "hmac_signature", "secret": short })).await,
        webhook(json!({ "targetUrl": receiver.url, "secret": 4711, "password": password })).await,
        integration.refresh().await,
        integration::exchange(
            &admin,
            &integration.client_id,
            "wrong-client-secret",
            &integration.refresh_token,
        )
        .await,
        integration::exchange(
            &admin,
            &integration.client_id,
            &integration.client_secret,
            "wrong-refresh-token",
        )
        .await,
        admin.with_token("wrong-bearer-token").get("/v1/people/me").await,
        admin
            .get(&format!("/v1/people/me?access_token={}", "wrong-query-token"))
            .await,
    ];
    told.extend(
        refusals
            .iter()
            .filter(|answer| answer.status >= 400)
            .map(|answer| answer.text()),
    );
    let workspace = admin.get("/v1/workspaces?max=1").await.expect(200)["items"][0]["id"].clone();
    let registered = device::register(&admin, workspace.as_str().unwrap(), 1).await;
    let link = registered.dial().await.unwrap();
    within("an acknowledgement", link.people(3)).await.unwrap();
    told.push(
        device::redeem(&admin, &registered.code, 1)
            .await
            .expect_error(400),
    );
    admin
        .post(&format!("/hallway/v1/integrations/{app}/deactivate"), json!({}))
        .await
        .expect(200);
    let renewed = integration.refresh().await;
    told.push(renewed.text());

    let secrets = [
        ("the administrator's token", admin.token.clone().unwrap()),
        ("the client secret", integration.client_secret.clone()),
        ("the refresh token", integration.refresh_token.clone()),
        ("the access token", integration.token().to_owned()),
        (
            "the activation code",
            integration.code.rsplit('.').next().unwrap().to_owned(),
        ),
        ("the webhook's secret", secret.to_owned()),
        ("a secret that was too short", short.to_owned()),
        ("the webhook's password", password.to_owned()),
        ("the webhook's header", header.to_owned()),
        ("the device's token", registered.token.clone()),
        ("the device's code", registered.code.clone()),
        ("a wrong client secret", "wrong-client-secret".to_owned()),
        ("a wrong refresh token", "wrong-refresh-token".to_owned()),
        ("a wrong bearer token", "wrong-bearer-token".to_owned()),
        ("a token in a query", "wrong-query-token".to_owned()),
    ];
    drop(link);
    let log = || std::fs::read_to_string(dir.path().join("log")).unwrap();
    // The log is not empty: it tells of the failed deliveries.
    eventually("a word about the receiver", async || {
        log().contains("delivery failed").then_some(())
    })
    .await;
    served.stop().await;
    let log = log();
    for (what, secret) in &secrets {
        assert!(!log.contains(secret), "{what} is in the log");
        for text in &told {
            // The tokens of a refresh are told to whom they belong.
            assert!(
                text.contains("access_token") || !text.contains(secret),
                "{what} is in {text}"
            );
        }
    }
    // Nor does anything of it lie open in the data directory.
    for file in files(&dir.path().join("data")) {
        let bytes = std::fs::read(&file).unwrap();
        for (what, secret) in &secrets[..11] {
            let open = bytes
                .windows(secret.len())
                .any(|window| window == secret.as_bytes());
            assert!(!open, "{what} lies open in {}", file.display());
        }
    }
}

fn files(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}

/// Ctrl-C while a poll is held: it is answered, and the process ends without waiting for it.
#[tokio::test]
async fn a_held_poll_does_not_hold_up_the_end() {
    let mut config = crate::support::office::settings();
    config.platform.poll_hold = Duration::from_secs(25);
    let office = Office::of(config).await;
    let integration = Integration::activate(&office.admin, &manifest(&["Standby.State"], &[])).await;
    integration.listen_by_queue().await;
    integration.hear_full_syncs(office.hearing_devices()).await;
    let polling = tokio::spawn(async move { integration.client.get(&integration.poll_url()).await });
    // Whatever the server does first, it ends in time: it holds the poll, or has not seen it yet.
    office.admin.get("/healthz").await.expect(200);
    office.close().await;
    if let Ok(answer) = within("the poll ends", polling).await {
        assert_eq!(answer.expect(200), json!({ "messages": [] }));
    }
}
