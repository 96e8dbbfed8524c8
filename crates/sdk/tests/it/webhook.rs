//! What is posted: signature first, then age, duplicates and handlers.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use hallway_sdk::Notification;
use hallway_sdk::Timestamp;
use hallway_sdk::notify::{Inbox, Receiver, ReceiverOptions};
use hallway_sdk::tokens::TokenStore as _;
use ring::hmac;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::integration::{APP, Office, now, org};
use crate::play::ok;

const SECRET: &str = "a secret of twenty or more characters";

async fn rig() -> (Office, Receiver, Inbox) {
    let office = Office::new().await;
    let mut app = office.app();
    app["webhook"] =
        json!({ "targetUrl": "https://x/", "type": "hmac_signature", "secret": "********************" });
    office.service.plays("PATCH", "/app", [ok(app)]);
    office.service.plays("GET", "/app", [ok(office.app())]);
    let code = office.sign(&office.code_claims("code"));
    let builder = office
        .builder()
        .activation_code(code)
        .webhook("https://me.example/hook")
        .webhook_secret(SECRET);
    let integration = builder
        .actions_url("https://me.example/actions")
        .connect()
        .await
        .unwrap();
    let (receiver, inbox) = integration.receiver(ReceiverOptions::default()).unwrap();
    (office, receiver, inbox)
}

fn message(at: i64) -> Value {
    json!({
        "type": "events", "appId": APP, "orgId": org(), "deviceId": "d", "workspaceId": "w",
        "timestamp": Timestamp(at).to_string(),
        "events": [{ "key": "BootEvent", "value": { "Action": "Restart" }, "timestamp": Timestamp(at).to_string() }],
    })
}

pub fn signed(body: &str, secret: &str) -> Request<Body> {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret.as_bytes());
    let tag = hmac::sign(&key, body.as_bytes());
    let hex: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    Request::post("/hook")
        .header("X-Spark-Signature", hex)
        .body(Body::from(body.to_owned()))
        .unwrap()
}

async fn post(receiver: &Receiver, request: Request<Body>) -> StatusCode {
    receiver.service().oneshot(request).await.unwrap().status()
}

#[tokio::test]
async fn handled_once_however_often_it_is_posted() {
    let (office, receiver, mut inbox) = rig().await;
    let patch = office.service.seen("/app")[0].json();
    assert_eq!(patch["webhook"]["secret"], SECRET);
    assert_eq!(patch["actionsUrl"], "https://me.example/actions");
    let body = message(now() * 1000).to_string();
    let handling = tokio::spawn(async move {
        let first = inbox.next().await.unwrap();
        assert!(matches!(first.notification(), Notification::Events(_)));
        first.failed();
        inbox.next().await.unwrap().done();
        inbox
    });
    assert_eq!(
        post(&receiver, signed(&body, SECRET)).await,
        StatusCode::INTERNAL_SERVER_ERROR
    );
    assert_eq!(post(&receiver, signed(&body, SECRET)).await, StatusCode::OK);
    let mut inbox = handling.await.unwrap();
    for _ in 0..3 {
        assert_eq!(
            post(&receiver, signed(&body, SECRET)).await,
            StatusCode::OK,
            "known: answered at once"
        );
    }
    let nothing = tokio::time::timeout(std::time::Duration::from_millis(50), inbox.next()).await;
    assert!(nothing.is_err(), "nobody is told again");
}

#[tokio::test]
async fn nothing_unsigned_is_read() {
    let (_office, receiver, _inbox) = rig().await;
    let body = message(now() * 1000).to_string();
    let unsigned = Request::post("/").body(Body::from(body.clone())).unwrap();
    assert_eq!(post(&receiver, unsigned).await, StatusCode::UNAUTHORIZED);
    assert_eq!(
        post(&receiver, signed(&body, "another secret, just as long")).await,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(
        post(&receiver, signed("not json", "wrong")).await,
        StatusCode::UNAUTHORIZED,
        "before it is parsed"
    );
    assert_eq!(
        post(&receiver, signed("not json", SECRET)).await,
        StatusCode::BAD_REQUEST
    );
    let long = " ".repeat(1024 * 1024 + 1);
    assert_eq!(
        post(&receiver, signed(&long, SECRET)).await,
        StatusCode::PAYLOAD_TOO_LARGE
    );
    let get = Request::get("/").body(Body::empty()).unwrap();
    assert_eq!(post(&receiver, get).await, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn copies_of_yesterday_and_of_others_are_refused() {
    let (_office, receiver, _inbox) = rig().await;
    let old = message((now() - 3700) * 1000).to_string();
    assert_eq!(
        post(&receiver, signed(&old, SECRET)).await,
        StatusCode::BAD_REQUEST
    );
    let mut foreign = message(now() * 1000);
    foreign["appId"] = uuid::Uuid::nil().to_string().into();
    assert_eq!(
        post(&receiver, signed(&foreign.to_string(), SECRET)).await,
        StatusCode::NOT_FOUND
    );
    let health = json!({ "type": "healthCheck", "appId": APP, "orgId": org(), "timestamp": Timestamp(now() * 1000).to_string() });
    assert_eq!(
        post(&receiver, signed(&health.to_string(), SECRET)).await,
        StatusCode::OK
    );
}

#[tokio::test]
async fn health_checks_and_actions_that_are_posted() {
    let (office, receiver, mut inbox) = rig().await;
    let post = |claims: Value| {
        let body = json!({ "jwt": office.sign(&claims) }).to_string();
        let request = Request::post("/actions").body(Body::from(body)).unwrap();
        let service = receiver.actions();
        async move {
            let response = service.oneshot(request).await.unwrap();
            let status = response.status();
            let body = http_body_util::BodyExt::collect(response.into_body())
                .await
                .unwrap()
                .to_bytes();
            (status, serde_json::from_slice::<Value>(&body).unwrap())
        }
    };
    let (status, body) = post(office.claims("healthCheck", "h")).await;
    assert_eq!(
        (status, body),
        (
            StatusCode::OK,
            json!({ "operationalState": "operational", "tokensState": "valid" })
        )
    );
    let (status, _) = post(office.claims("unheardOf", "u")).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let handling = tokio::spawn(async move {
        inbox.next().await.unwrap().failed();
        inbox.next().await.unwrap().done();
        inbox
    });
    let (status, _) = post(office.claims("deprovision", "d")).await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(
        office.store.load("integration").await.unwrap().is_some(),
        "not before the handler is done"
    );
    let mut again = office.claims("deprovision", "d");
    again["iat"] = (now() - 1).into();
    let (status, _) = post(again).await;
    assert_eq!(status, StatusCode::OK);
    assert!(office.store.load("integration").await.unwrap().is_none());
    drop(handling.await.unwrap());
}
