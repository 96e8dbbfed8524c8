//! Listening to ordinary resources over webhooks.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use hallway_sdk::client::RateLimit;
use hallway_sdk::listen::Listener;
use hallway_sdk::{Client, RoomId, Secret};
use ring::hmac;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::client::quick;
use crate::play::{Service, ok};

const SECRET: &str = "a secret of twenty or more characters";
const URL: &str = "https://bot.example/webex";

async fn rig(there: &[Value]) -> (Service, Client, Listener) {
    let service = Service::start().await;
    service.plays("GET", "/v1/webhooks", [ok(json!({ "items": there }))]);
    let made = |_: &()| json!({ "id": "new", "name": "x", "targetUrl": URL, "resource": "messages", "event": "all" });
    service.plays("POST", "/v1/webhooks", [ok(made(&()))]);
    service.plays("PUT", "/v1/webhooks/old", [ok(made(&()))]);
    let builder = Client::builder(service.api()).personal_token("t").retry(quick());
    let client = builder.rate_limit(RateLimit::none()).build().unwrap();
    let listener = Listener::new(&client, URL, Secret::new(SECRET)).unwrap();
    (service, client, listener)
}

fn webhook(status: &str, secret: &str) -> Value {
    json!({
        "id": "old", "name": "hallway-sdk messages/created?roomId=r", "targetUrl": URL, "resource": "messages",
        "event": "created", "filter": "roomId=r", "secret": secret, "status": status,
    })
}

async fn post(listener: &Listener, body: &Value, secret: &str) -> StatusCode {
    let body = body.to_string();
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret.as_bytes());
    let tag = hmac::sign(&key, body.as_bytes());
    let hex: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let request = Request::post("/")
        .header("X-Spark-Signature", hex)
        .body(Body::from(body))
        .unwrap();
    listener.service().oneshot(request).await.unwrap().status()
}

fn created(id: &str) -> Value {
    json!({
        "id": "old", "name": "hallway-sdk messages/created?roomId=r", "resource": "messages", "event": "created",
        "actorId": "p", "data": { "id": id, "roomId": "r", "personId": "p" },
    })
}

#[tokio::test]
async fn makes_the_webhook_and_hears_once() {
    let (service, client, listener) = rig(&[]).await;
    let listen = client
        .messages()
        .listen(&listener)
        .event("created")
        .filter("roomId", RoomId::from("r"));
    let mut messages = listen.start().await.unwrap();
    assert_eq!(
        service.seen("/v1/webhooks")[1].json(),
        json!({
            "name": "hallway-sdk messages/created?roomId=r", "targetUrl": URL, "resource": "messages",
            "event": "created", "filter": "roomId=r", "secret": SECRET,
        })
    );
    let handling = tokio::spawn(async move {
        let first = messages.next().await.unwrap();
        assert_eq!(first.notification().data.id.as_str(), "m1");
        first.done();
        let second = messages.next().await.unwrap();
        assert_eq!(
            second.notification().data.id.as_str(),
            "m2",
            "what was posted twice is heard once"
        );
        second.done();
        messages
    });
    assert_eq!(post(&listener, &created("m1"), SECRET).await, StatusCode::OK);
    assert_eq!(post(&listener, &created("m1"), SECRET).await, StatusCode::OK);
    assert_eq!(
        post(&listener, &created("m2"), "another secret, just as long").await,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(post(&listener, &created("m2"), SECRET).await, StatusCode::OK);
    drop(handling.await.unwrap());
}

#[tokio::test]
async fn finds_the_webhook_again_and_revives_it() {
    for (there, puts) in [
        (webhook("active", SECRET), 0),
        (webhook("inactive", SECRET), 1),
        (webhook("active", "the secret of another time"), 1),
    ] {
        let (service, client, listener) = rig(&[there]).await;
        let listen = client
            .messages()
            .listen(&listener)
            .event("created")
            .filter("roomId", "r");
        let _messages = listen.start().await.unwrap();
        assert!(
            service
                .seen("/v1/webhooks")
                .iter()
                .all(|seen| seen.method == "GET")
        );
        let seen = service.seen("/v1/webhooks/old");
        assert_eq!(seen.len(), puts);
        if let Some(put) = seen.first() {
            assert_eq!(
                (&put.json()["status"], &put.json()["secret"]),
                (&json!("active"), &json!(SECRET))
            );
        }
    }
}

#[tokio::test]
async fn what_nobody_listens_to_is_taken_and_dropped() {
    let (_service, client, listener) = rig(&[]).await;
    assert_eq!(post(&listener, &created("m"), SECRET).await, StatusCode::OK);
    assert_eq!(post(&listener, &json!([]), SECRET).await, StatusCode::BAD_REQUEST);
    assert!(Listener::new(&client, URL, Secret::new("short")).is_err());
}
