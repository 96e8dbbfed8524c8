//! A service with one integration and a queue: what an SDK needs to connect, and so many notifications when it is told
//! to go. Both SDKs of the row `sdk` hear the same ones from it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::Result;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router, http::header};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::FutureExt as _;
use hallway_sdk::integration::Builder;
use hallway_sdk::jwt::KeySource;
use hallway_sdk::notify::{PollOptions, RecentFile};
use hallway_sdk::{Handlers, Integration, Value};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::json;
use tokio::sync::watch;

use super::{greet, listen};

/// Messages of one poll, as Hallway and the real service send them at most.
const BATCH: usize = 100;
/// How long a poll is held.
const HOLD: Duration = Duration::from_secs(20);
const APP: &str = "5f0c1c0e-9d52-4b7a-8f6e-0a4c8c9b2d11";

struct Service {
    url: String,
    key: EcdsaKeyPair,
    /// How many notifications there are.
    wanted: watch::Sender<usize>,
    sent: AtomicUsize,
    /// How many were acknowledged, by the poll after them.
    taken: watch::Sender<usize>,
}

/// Serves until its parent is gone.
pub(super) async fn run() -> Result<()> {
    let (listener, address) = listen().await?;
    let random = SystemRandom::new();
    let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random)
        .map_err(|_| anyhow::anyhow!("no key could be made"))?;
    let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random)?;
    let service = Arc::new(Service {
        url: format!("http://{address}"),
        key,
        wanted: watch::Sender::new(0),
        sent: AtomicUsize::new(0),
        taken: watch::Sender::new(0),
    });
    let router = Router::new()
        .route("/v1/access_token", post(tokens))
        .route("/app", get(app).patch(app))
        .route("/queue", get(poll))
        .route("/jwks", get(keys))
        .route("/code", get(code))
        .route("/go/{count}", post(go))
        .with_state(service);
    greet(address);
    axum::serve(listener, router).await?;
    Ok(())
}

async fn tokens() -> Json<serde_json::Value> {
    Json(json!({
        "access_token": "access", "expires_in": 64_799, "refresh_token": "refresh",
        "refresh_token_expires_in": 7_775_999, "token_type": "Bearer",
    }))
}

async fn app(State(service): State<Arc<Service>>) -> Json<serde_json::Value> {
    Json(json!({
        "id": APP, "manifestVersion": 1, "scopes": ["spark:xapi_statuses"], "roles": [],
        "xapiAccessKeys": { "commands": [], "statuses": ["RoomAnalytics.PeopleCount.Current"], "events": [] },
        "createdAt": "2026-03-04T05:06:07.089Z", "updatedAt": "2026-03-04T05:06:07.089Z",
        "provisioningState": "completed", "operationalState": "operational", "availability": "org_private",
        "queue": { "pollUrl": format!("{}/queue", service.url), "state": "enabled" },
    }))
}

async fn poll(State(service): State<Arc<Service>>) -> Response {
    // This poll acknowledges what was sent before it.
    let sent = service.sent.load(Ordering::SeqCst);
    service.taken.send_replace(sent);
    let mut wanted = service.wanted.subscribe();
    let more = wanted.wait_for(|wanted| *wanted > sent);
    let count = match tokio::time::timeout(HOLD, more).await {
        Ok(Ok(wanted)) => BATCH.min(*wanted - sent),
        _ => 0,
    };
    service.sent.fetch_add(count, Ordering::SeqCst);
    let messages: Vec<String> = (sent..sent + count).map(message).collect();
    let body = format!("{{\"messages\":[{}]}}", messages.join(","));
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}

fn message(number: usize) -> String {
    let (second, milli) = (number / 1000 % 60, number % 1000);
    format!(
        r#"{{"type":"status","appId":"{APP}","orgId":"Y2lzY29zcGFyazovL3VzL09SR0FOSVpBVElPTi8wYjFkN2M0YS0zZTJmLTRhNWItOGM2ZC03ZThmOTAxMTIyMzM","deviceId":"Y2lzY29zcGFyazovL3VzL0RFVklDRS9kZXZpY2Ut{:04}","workspaceId":"Y2lzY29zcGFyazovL3VzL1BMQUNFL3BsYWNl{:04}","timestamp":"2026-03-04T05:{:02}:{second:02}.{milli:03}Z","isFullSync":false,"changes":{{"updated":{{"RoomAnalytics.PeopleCount.Current":{}}},"removed":[]}}}}"#,
        number % 50,
        number % 50,
        number / 60_000 % 60,
        number % 17,
    )
}

/// Lets the notifications come. Answers when all of them were handled and acknowledged.
async fn go(State(service): State<Arc<Service>>, Path(count): Path<usize>) -> &'static str {
    let mut taken = service.taken.subscribe();
    let all = *service.wanted.borrow() + count;
    service.wanted.send_replace(all);
    // The sender lives in the service.
    let _ = taken.wait_for(|taken| *taken >= all).await;
    "done"
}

async fn keys(State(service): State<Arc<Service>>) -> Json<serde_json::Value> {
    let point = service.key.public_key().as_ref();
    let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    Json(json!({ "keys": [{
        "kty": "EC", "use": "sig", "crv": "P-256", "kid": "k", "key_ops": ["verify"], "alg": "ES256",
        "x": part(&point[1..33]), "y": part(&point[33..]),
    }] }))
}

async fn code(State(service): State<Arc<Service>>) -> Response {
    let url = &service.url;
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let claims = json!({
        "sub": "Y2lzY29zcGFyazovL3VzL09SR0FOSVpBVElPTi8wYjFkN2M0YS0zZTJmLTRhNWItOGM2ZC03ZThmOTAxMTIyMzM",
        "iat": since.unwrap_or_default().as_secs(), "jti": "code", "appId": APP, "region": "us-east-2_a",
        "action": "provision", "oauthUrl": format!("{url}/v1/access_token"), "webexapisBaseUrl": format!("{url}/v1"),
        "appUrl": format!("{url}/app"), "manifestUrl": format!("{url}/manifest"), "refreshToken": "refresh",
        "orgName": "Fjord & Falk", "scopes": "spark:xapi_statuses",
        "xapiAccess": r#"{"commands":[],"statuses":["RoomAnalytics.PeopleCount.Current"],"events":[]}"#,
        "expiryTime": "2099-01-01T00:00:00.123456789Z", "userId": "Y2lz",
    });
    let header = URL_SAFE_NO_PAD.encode(r#"{"kid":"k","typ":"JWT","alg":"ES256"}"#);
    let signed = format!("{header}.{}", URL_SAFE_NO_PAD.encode(claims.to_string()));
    match service.key.sign(&SystemRandom::new(), signed.as_bytes()) {
        Ok(signature) => format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref())).into_response(),
        Err(_) => axum::http::StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// An integration on hallway-sdk.
#[derive(clap::Args, Debug)]
pub(crate) struct ListenerArgs {
    /// Where the service is.
    #[arg(long)]
    base: String,
    /// The activation code.
    #[arg(long)]
    code: String,
    /// Remember what was handled in this file.
    #[arg(long)]
    memory: Option<std::path::PathBuf>,
}

/// Counts what it hears, as `tests/clients/bench/listener.mjs` does on the official SDK.
pub(super) async fn listener(args: ListenerArgs) -> Result<()> {
    let builder: Builder = Integration::builder("C1", "secret");
    let connecting = builder
        .activation_code(args.code)
        .keys(KeySource::Url(format!("{}/jwks", args.base)))
        .long_polling()
        .connect();
    let integration = connecting.await?;
    let heard = AtomicUsize::new(0);
    let handlers = Handlers::new().on_status(
        "RoomAnalytics.PeopleCount.Current",
        move |Value(count): Value<i64>| {
            heard.fetch_add(usize::from(count >= 0), Ordering::Relaxed);
            std::future::ready(()).boxed()
        },
    );
    let inbox = match args.memory {
        None => integration.poll()?,
        Some(file) => integration.poll_with(PollOptions {
            memory: Arc::new(RecentFile::open(file, 10_000)?),
            ..PollOptions::default()
        })?,
    };
    greet("ready");
    handlers.run(inbox).await?;
    Ok(())
}
