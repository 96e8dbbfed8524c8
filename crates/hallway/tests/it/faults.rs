//! Faults on demand, as the code of authors meets them.

use std::time::{Duration, Instant};

use hallway_platform::org::Founding;
use hallway_wire::id::{OrgId, PersonId};
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::integration::manifest;
use crate::support::{Client, Integration, Office, Receiver, eventually, within};

const FAULTS: &str = "/hallway/v1/faults";
const PEOPLE: &str = "RoomAnalytics.PeopleCount.Current";

/// Orders a fault; returns its id.
async fn order(office: &Office, fault: Value) -> String {
    let made = office.admin.post(FAULTS, fault).await.expect(201);
    assert_eq!(made["state"], "armed", "{made}");
    made["id"].as_str().unwrap().to_owned()
}

/// How often a fault struck.
async fn hits(office: &Office, id: &str) -> u64 {
    let list = office.admin.get(FAULTS).await.expect(200);
    let list = list["items"].as_array().unwrap();
    let fault = list.iter().find(|fault| fault["id"] == id).unwrap();
    fault["hits"].as_u64().unwrap()
}

async fn clear(office: &Office) {
    office.admin.delete(FAULTS).await.expect(200);
}

async fn stranger(office: &Office) -> Client {
    let founding = Founding {
        org: OrgId::random(),
        display_name: "Elsewhere".to_owned(),
        admin: PersonId::random(),
        admin_email: "else@example.com".to_owned(),
        admin_name: "Else Where".to_owned(),
        country: None,
    };
    let platform = &office.house().platform;
    let token = platform.found_organization(founding).await.unwrap();
    office.admin.with_token(token.expose())
}

/// The short hash of a token, as anybody can compute it.
fn hash_of(client: &Client) -> String {
    let hash = digest(&SHA256, client.token.as_deref().unwrap().as_bytes());
    hash.as_ref()[..8]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[tokio::test]
async fn a_429_once_and_then_success() {
    let office = Office::start().await;
    let stranger = stranger(&office).await;
    let id = order(
        &office,
        json!({ "effect": { "type": "status", "status": 429, "retryAfter": 3 },
                "route": "GET /v1/people/{id}", "times": 1 }),
    )
    .await;
    // Another operation, another organization, and nobody in particular go on as always.
    office.admin.get("/v1/people").await.expect(200);
    stranger.get("/v1/people/me").await.expect(200);
    office
        .admin
        .anonymous()
        .get("/v1/people/me")
        .await
        .expect_error(401);
    assert_eq!(hits(&office, &id).await, 0);

    let mut request = office.admin.request("GET", "/v1/people/me", &Value::Null);
    request
        .headers_mut()
        .insert("trackingid", "MINE_1".parse().unwrap());
    let answer = office.admin.send(request).await;
    assert_eq!(answer.header("retry-after"), Some("3"));
    assert_eq!(
        answer.header("trackingid"),
        Some(format!("MINE_1_FAULT_{id}").as_str())
    );
    assert!(answer.expect_error(429).contains(&id));
    let answer = office.admin.get("/v1/people/me").await;
    assert!(!answer.header("trackingid").unwrap().contains("FAULT"));
    answer.expect(200);
    assert_eq!(hits(&office, &id).await, 1);
    let metrics = office.admin.get("/metrics").await.text();
    assert!(
        metrics.contains("hallway_faults_injected_total{effect=\"status\"} 1"),
        "{metrics}"
    );

    let list = office.admin.get(FAULTS).await.expect(200);
    assert_eq!(list["items"][0]["state"], "spent");
    assert_eq!(list["items"][0]["route"], "GET /v1/people/{id}");
    assert_eq!(stranger.get(FAULTS).await.expect(200), json!({ "items": [] }));
    stranger.delete(&format!("{FAULTS}/{id}")).await.expect_error(404);
    assert_eq!(stranger.delete(FAULTS).await.expect(200)["removed"], 0);
    office.admin.delete(&format!("{FAULTS}/{id}")).await.expect(204);
    office
        .admin
        .delete(&format!("{FAULTS}/{id}"))
        .await
        .expect_error(404);
    let audit = office.admin.get("/hallway/v1/audit").await.expect(200);
    let events: Vec<&str> = audit["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|e| e["event"].as_str())
        .collect();
    assert_eq!(events[..2], ["fault.removed", "fault.added"]);
    office.close().await;
}

#[tokio::test]
async fn every_error_status_with_the_usual_body() {
    let office = Office::start().await;
    for status in [400, 403, 404, 409, 423, 428, 500, 502, 503, 504, 599] {
        let effect = json!({ "type": "status", "status": status, "message": "On purpose." });
        order(&office, json!({ "effect": effect, "times": 1 })).await;
        let said = office.admin.get("/v1/workspaces").await.expect_error(status);
        assert_eq!(said, "On purpose.\nOn purpose.");
    }
    // Faults of everything leave the management API alone.
    order(&office, json!({ "effect": { "type": "status", "status": 500 } })).await;
    office.admin.get("/hallway/v1/audit").await.expect(200);
    office.admin.get("/v1/workspaces").await.expect_error(500);
    clear(&office).await;
    office.admin.get("/v1/workspaces").await.expect(200);
    office.close().await;
}

#[tokio::test]
async fn by_person_client_and_token() {
    let office = Office::start().await;
    let integration = Integration::activate(&office.admin, &manifest(&[PEOPLE], &[])).await;
    let me = office.admin.get("/v1/people/me").await.expect(200);
    let email = me["emails"][0].as_str().unwrap();
    let effect = json!({ "type": "status", "status": 503 });
    // (fault, whether it strikes the administrator, whether the integration)
    let cases = [
        (json!({ "person": email.to_uppercase() }), true, false),
        (json!({ "person": me["id"] }), true, false),
        (json!({ "client": integration.client_id }), false, true),
        (json!({ "token": hash_of(&integration.client) }), false, true),
        (json!({ "thisToken": true }), true, false),
        (json!({}), true, true),
        (
            json!({ "thisToken": true, "client": integration.client_id }),
            false,
            false,
        ),
    ];
    for (mut fault, admin, machine) in cases {
        fault["effect"] = effect.clone();
        order(&office, fault.clone()).await;
        for (client, struck) in [(&office.admin, admin), (&integration.client, machine)] {
            let status = client.get("/v1/devices").await.status;
            assert_eq!(status, if struck { 503 } else { 200 }, "{fault}");
        }
        clear(&office).await;
    }
    office.close().await;
}

#[tokio::test]
async fn latency_comes_before_the_answer() {
    let office = Office::start().await;
    let effect = json!({ "type": "latency", "minMs": 200, "maxMs": 250 });
    let id = order(
        &office,
        json!({ "effect": effect, "route": "/v1/devices", "times": 1 }),
    )
    .await;
    let started = Instant::now();
    let answer = office.admin.get("/v1/devices").await;
    assert!(started.elapsed() >= Duration::from_millis(200));
    let tracking = answer.header("trackingid").unwrap();
    assert!(tracking.ends_with(&format!("_FAULT_{id}")), "{tracking}");
    answer.expect(200);
    office.close().await;
}

#[tokio::test]
async fn a_connection_is_closed_without_an_answer() {
    let office = Office::start().await;
    let fault = json!({ "effect": { "type": "close" }, "route": "/v1/devices", "times": 2 });
    order(&office, fault).await;
    let request = office.admin.request("GET", "/v1/devices", &Value::Null);
    within("the end", office.admin.try_send(request))
        .await
        .unwrap_err();
    // Not a single byte, and then the end.
    let address = office.admin.base.trim_start_matches("http://");
    let mut socket = TcpStream::connect(address).await.unwrap();
    let token = office.admin.token.as_deref().unwrap();
    let request = format!("GET /v1/devices HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n");
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut read = Vec::new();
    within("the end", socket.read_to_end(&mut read)).await.ok();
    assert_eq!(String::from_utf8_lossy(&read), "");
    office.admin.get("/v1/devices").await.expect(200);
    office.close().await;
}

#[tokio::test]
async fn an_expired_token_is_refreshed() {
    let office = Office::start().await;
    let mut integration = Integration::activate(&office.admin, &manifest(&[PEOPLE], &[])).await;
    let expired = office.admin.with_token("no such token").get("/v1/devices").await;
    let fault = json!({ "effect": { "type": "expiredToken" }, "token": hash_of(&integration.client) });
    order(&office, fault).await;
    let answer = integration.client.get("/v1/devices").await;
    assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    assert_eq!(answer.expect_error(401), expired.expect_error(401));
    // What the client does then helps: the new token is another one.
    let tokens = integration.refresh().await.expect(200);
    integration.client = office.admin.with_token(tokens["access_token"].as_str().unwrap());
    integration.client.get("/v1/devices").await.expect(200);
    office.close().await;
}

/// An integration that has heard its first full syncs by polling.
async fn polling(office: &Office) -> Integration {
    let integration = Integration::activate(&office.admin, &manifest(&[PEOPLE], &[])).await;
    integration.listen_by_queue().await;
    integration.hear_full_syncs(office.hearing_devices()).await;
    integration
}

fn count_in(message: &Value) -> i64 {
    message["changes"]["updated"][PEOPLE].as_i64().unwrap()
}

fn of(integration: &Integration, effect: Value, times: u64) -> Value {
    json!({ "effect": effect, "integration": integration.app, "times": times })
}

#[tokio::test]
async fn a_poller_hears_twice_swapped_and_never() {
    let office = Office::start().await;
    let integration = polling(&office).await;
    let hear = async |expected: &[i64]| {
        let last = |heard: &[Value]| heard.len() >= expected.len();
        let heard = integration.hear("all of it", last).await;
        assert_eq!(heard.iter().map(count_in).collect::<Vec<_>>(), expected);
    };
    order(&office, of(&integration, json!({ "type": "duplicate" }), 1)).await;
    office.set("Board Room", PEOPLE, 1).await;
    hear(&[1, 1]).await;

    let lost = order(&office, of(&integration, json!({ "type": "drop" }), 1)).await;
    office.set("Board Room", PEOPLE, 2).await;
    office.set("Board Room", PEOPLE, 3).await;
    hear(&[3]).await;
    assert_eq!(hits(&office, &lost).await, 1);

    let swapped = order(&office, of(&integration, json!({ "type": "reorder" }), 1)).await;
    for count in 4..=7 {
        office.set("Board Room", PEOPLE, count).await;
    }
    hear(&[5, 4, 6, 7]).await;
    assert_eq!(hits(&office, &swapped).await, 1);

    // Whoever polls gets each of a pair, even if the second one comes while the first one is waited with.
    order(&office, of(&integration, json!({ "type": "reorder" }), 1)).await;
    let held = tokio::spawn({
        let integration = integration.clone();
        async move { integration.hear("the pair", |heard| heard.len() >= 2).await }
    });
    office.set("Board Room", PEOPLE, 8).await;
    office.set("Board Room", PEOPLE, 9).await;
    let heard = within("the pair", held).await.unwrap();
    assert_eq!(heard.iter().map(count_in).collect::<Vec<_>>(), [9, 8]);

    // The poll itself can fail, and loses nothing.
    let effect = json!({ "type": "status", "status": 503 });
    order(&office, of(&integration, effect, 1)).await;
    office.set("Board Room", PEOPLE, 10).await;
    integration
        .client
        .get(&integration.poll_url())
        .await
        .expect_error(503);
    hear(&[10]).await;
    office.close().await;
}

#[tokio::test]
async fn a_lonely_notification_waits_only_so_long() {
    let office = Office::start().await;
    let integration = polling(&office).await;
    let id = order(&office, of(&integration, json!({ "type": "reorder" }), 1)).await;
    office.set("Board Room", PEOPLE, 1).await;
    let heard = integration.hear("it", |heard| !heard.is_empty()).await;
    assert_eq!(count_in(&heard[0]), 1);
    assert_eq!(hits(&office, &id).await, 0);
    office.close().await;
}

#[tokio::test]
async fn a_webhook_hears_twice_swapped_late_and_never() {
    let office = Office::start().await;
    let mut receiver = Receiver::start().await;
    let integration = Integration::activate(&office.admin, &manifest(&[PEOPLE], &[])).await;
    integration
        .listen_by_webhook(&receiver.url, "a secret of twenty characters")
        .await;
    for _ in 0..office.hearing_devices() {
        receiver.next_taken().await;
    }
    let mut hear = async |expected: &[i64]| {
        let mut heard = Vec::new();
        while heard.len() < expected.len() {
            heard.push(count_in(&receiver.next().await.json()));
        }
        assert_eq!(heard, expected);
    };
    order(&office, of(&integration, json!({ "type": "duplicate" }), 1)).await;
    office.set("Board Room", PEOPLE, 1).await;
    hear(&[1, 1]).await;

    order(&office, of(&integration, json!({ "type": "drop" }), 1)).await;
    office.set("Board Room", PEOPLE, 2).await;
    office.set("Board Room", PEOPLE, 3).await;
    hear(&[3]).await;

    order(&office, of(&integration, json!({ "type": "reorder" }), 1)).await;
    office.set("Board Room", PEOPLE, 4).await;
    office.set("Board Room", PEOPLE, 5).await;
    hear(&[5, 4]).await;

    // A failure that the receiver never saw is retried as any other.
    let failing = order(
        &office,
        of(&integration, json!({ "type": "status", "status": 503 }), 2),
    )
    .await;
    office.set("Board Room", PEOPLE, 6).await;
    hear(&[6]).await;
    assert_eq!(hits(&office, &failing).await, 2);
    let delivery = office.summary(&integration.app).await["delivery"].clone();
    assert_eq!(delivery["failedAttempts"], 2);
    let said = delivery["lastError"].as_str().unwrap();
    assert!(said.contains("503") && said.contains(&failing), "{said}");

    let effect = json!({ "type": "latency", "minMs": 150 });
    let late = order(&office, of(&integration, effect, 1)).await;
    let started = Instant::now();
    office.set("Board Room", PEOPLE, 7).await;
    hear(&[7]).await;
    assert!(started.elapsed() >= Duration::from_millis(150));
    assert_eq!(hits(&office, &late).await, 1);

    // What concerns another device or integration is left alone.
    let mut other = of(&integration, json!({ "type": "drop" }), 1);
    other["device"] = office.device("Skerry Bar").into();
    order(&office, other).await;
    office.set("Board Room", PEOPLE, 8).await;
    hear(&[8]).await;
    office.set("Skerry Bar", PEOPLE, 9).await;
    office.set("Board Room", PEOPLE, 10).await;
    hear(&[10]).await;
    office.close().await;
}

#[tokio::test]
async fn a_device_goes_off_line_and_comes_back() {
    let office = Office::start().await;
    let integration = polling(&office).await;
    let stranger = stranger(&office).await;
    let device = office.device("Board Room");
    stranger
        .post(
            FAULTS,
            json!({ "effect": { "type": "offline" }, "device": device }),
        )
        .await
        .expect_error(404);
    let id = order(
        &office,
        json!({ "effect": { "type": "offline" }, "device": device }),
    )
    .await;
    let shown = format!("/v1/devices/{device}");
    let state = async || office.admin.get(&shown).await.expect(200)["connectionStatus"].clone();
    assert_eq!(state().await, "disconnected");

    let volume = |device: &str| format!("/v1/xapi/status?deviceId={device}&name=Audio.Volume");
    let answer = office.admin.get(&volume(&device)).await;
    let tracking = answer.header("trackingid").unwrap().to_owned();
    answer.expect_error(504);
    assert!(tracking.ends_with(&format!("_FAULT_{id}")), "{tracking}");
    let command = json!({ "deviceId": device, "arguments": { "Level": 30 } });
    let answer = office
        .admin
        .post("/v1/xapi/command/Audio.Volume.Set", command)
        .await;
    assert!(answer.header("trackingid").unwrap().ends_with(&id));
    answer.expect_error(504);
    assert_eq!(hits(&office, &id).await, 2);
    let other = office.device("Skerry Bar");
    office.admin.get(&volume(&other)).await.expect(200);

    // What happens meanwhile is heard when it is back, as a full sync.
    office.set("Board Room", PEOPLE, 7).await;
    office.set("Skerry Bar", PEOPLE, 1).await;
    let heard = integration.hear("the other one", |heard| !heard.is_empty()).await;
    assert!(
        heard.iter().all(|message| message["deviceId"] == other.as_str()),
        "{heard:?}"
    );
    office.admin.delete(&format!("{FAULTS}/{id}")).await.expect(204);
    let heard = integration.hear("the full sync", |heard| !heard.is_empty()).await;
    assert_eq!(
        (&heard[0]["deviceId"], &heard[0]["isFullSync"]),
        (&json!(device), &json!(true))
    );
    assert_eq!(count_in(&heard[0]), 7);
    assert_eq!(state().await, "connected");
    office.admin.get(&volume(&device)).await.expect(200);

    // For a time: it comes back by itself.
    let fault = json!({ "effect": { "type": "offline" }, "device": device, "forSeconds": 1 });
    order(&office, fault).await;
    assert_eq!(state().await, "disconnected");
    eventually("it is back", async || {
        (state().await == "connected").then_some(())
    })
    .await;
    integration.hear("the full sync", |heard| !heard.is_empty()).await;
    office.close().await;
}

#[tokio::test]
async fn what_makes_no_sense_is_refused() {
    let office = Office::start().await;
    let integration = Integration::activate(&office.admin, &manifest(&[PEOPLE], &[])).await;
    let app = &integration.app;
    let offline = json!({ "type": "offline" });
    let close = json!({ "type": "close" });
    for (fault, status, why) in [
        (json!({}), 400, "effect"),
        (json!({ "effect": { "type": "explode" } }), 400, "explode"),
        (json!({ "effect": close, "tokens": "x" }), 400, "tokens"),
        (
            json!({ "effect": { "type": "status", "status": 200 } }),
            400,
            "400 to 599",
        ),
        (
            json!({ "effect": { "type": "status", "status": 503, "colour": 1 } }),
            400,
            "colour",
        ),
        (
            json!({ "effect": { "type": "latency", "minMs": 5, "maxMs": 4 } }),
            400,
            "minMs",
        ),
        (json!({ "effect": close, "route": "FETCH /v1" }), 400, "FETCH"),
        (
            json!({ "effect": close, "token": integration.token() }),
            400,
            "never the token itself",
        ),
        (json!({ "effect": close, "probability": 0 }), 400, "probability"),
        (
            json!({ "effect": close, "integration": app, "thisToken": true }),
            400,
            "do not go together",
        ),
        (
            json!({ "effect": { "type": "drop" }, "route": "/v1/*" }),
            400,
            "notifications",
        ),
        (json!({ "effect": offline }), 400, "needs a device"),
        (json!({ "effect": close, "person": "x" }), 400, "person"),
        (
            json!({ "effect": close, "person": "nobody@example.com" }),
            404,
            "nobody@example.com",
        ),
        (
            json!({ "effect": close, "integration": uuid::Uuid::new_v4() }),
            404,
            "integration",
        ),
        (
            json!({ "effect": offline, "device": hallway_wire::id::DeviceId::random() }),
            404,
            "device",
        ),
    ] {
        let said = office
            .admin
            .post(FAULTS, fault.clone())
            .await
            .expect_error(status);
        assert!(said.contains(why), "{fault}: {said}");
        assert!(!said.contains(integration.token()), "a token is not repeated");
    }
    assert_eq!(office.admin.get(FAULTS).await.expect(200), json!({ "items": [] }));
    // Only who may change everything orders faults; they are refused before the body is read.
    integration.client.post(FAULTS, json!({})).await.expect_error(403);
    for number in 0..100 {
        let fault = json!({ "effect": close, "route": format!("/v1/x/{number}") });
        order(&office, fault).await;
    }
    let said = office
        .admin
        .post(FAULTS, json!({ "effect": close }))
        .await
        .expect_error(409);
    assert!(said.contains("100"), "{said}");
    assert_eq!(office.admin.delete(FAULTS).await.expect(200)["removed"], 100);
    office.close().await;
}
