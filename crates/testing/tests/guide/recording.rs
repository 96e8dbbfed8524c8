//! Plays a recorded exchange: each request must be one that was recorded, and gets the answer that it got then.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hallway_sdk::time::{Clock as _, SystemClock};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Recording {
    activation_code: Value,
    exchanges: Vec<Exchange>,
}

#[derive(Clone, Deserialize)]
struct Exchange {
    request: Asked,
    answer: Option<Answer>,
    /// It was never answered: the session ended before.
    #[serde(default)]
    held: bool,
}

#[derive(Clone, Deserialize)]
struct Asked {
    method: String,
    path: String,
    token: Option<String>,
    body: Option<Value>,
    form: Option<HashMap<String, String>>,
}

#[derive(Clone, Deserialize)]
struct Answer {
    status: u16,
    body: Value,
}

/// A service that answers as it was recorded.
#[derive(Clone)]
pub(crate) struct Player {
    pub(crate) url: String,
    /// Signed now, with the key that the service publishes.
    pub(crate) activation_code: String,
    state: Arc<Mutex<Played>>,
}

struct Played {
    keys: Value,
    left: Vec<Exchange>,
    unexpected: Vec<String>,
}

impl Player {
    pub(crate) async fn start(recording: &str) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let recording: Recording = serde_json::from_str(&recording.replace("{base}", &url)).unwrap();
        let random = SystemRandom::new();
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        let key =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random).unwrap();
        let mut claims = recording.activation_code;
        claims["iat"] = SystemClock.now().seconds().into();
        let player = Self {
            activation_code: sign(&key, &claims),
            url,
            state: Arc::new(Mutex::new(Played {
                keys: published(&key),
                left: recording.exchanges,
                unexpected: Vec::new(),
            })),
        };
        let router = Router::new().fallback(play).with_state(player.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        player
    }

    /// Checks that what was asked is what was recorded, no more and no less.
    pub(crate) fn finished(&self) {
        let played = self.state.lock().unwrap();
        assert!(
            played.unexpected.is_empty(),
            "not recorded: {:#?}",
            played.unexpected
        );
        let left: Vec<String> = played
            .left
            .iter()
            .filter(|exchange| !exchange.held)
            .map(|exchange| format!("{} {}", exchange.request.method, exchange.request.path))
            .collect();
        assert!(left.is_empty(), "recorded, and never asked: {left:#?}");
    }
}

fn sign(key: &EcdsaKeyPair, claims: &Value) -> String {
    let header = json!({ "kid": "recorded", "typ": "JWT", "alg": "ES256" });
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(&header), part(claims));
    let signature = key.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
}

fn published(key: &EcdsaKeyPair) -> Value {
    let point = key.public_key().as_ref();
    let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    json!({ "keys": [{
        "kty": "EC", "use": "sig", "crv": "P-256", "kid": "recorded", "key_ops": ["verify"], "alg": "ES256",
        "x": part(&point[1..33]), "y": part(&point[33..]),
    }] })
}

impl Asked {
    fn is(&self, method: &str, path: &str, token: Option<&str>, body: &[u8]) -> bool {
        let json = self
            .body
            .as_ref()
            .is_none_or(|wanted| serde_json::from_slice::<Value>(body).is_ok_and(|body| body == *wanted));
        let form = self.form.as_ref().is_none_or(|wanted| {
            let sent: HashMap<String, String> = form_urlencoded::parse(body).into_owned().collect();
            sent == *wanted
        });
        let token = self.token.as_deref().is_none_or(|wanted| token == Some(wanted));
        self.method == method && self.path == path && token && json && form
    }
}

async fn play(State(player): State<Player>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, 1 << 20).await.unwrap_or_default();
    let (method, path) = (head.method.as_str().to_owned(), head.uri.path().to_owned());
    let token = head
        .headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "));
    let found = {
        let mut played = player.state.lock().unwrap();
        if path == "/jwks" {
            return axum::Json(played.keys.clone()).into_response();
        }
        let at = played
            .left
            .iter()
            .position(|exchange| exchange.request.is(&method, &path, token, &body));
        match at {
            Some(at) if played.left[at].held => played.left[at].clone(),
            Some(at) => played.left.remove(at),
            None => {
                let text = String::from_utf8_lossy(&body);
                played.unexpected.push(format!("{method} {} {text}", head.uri));
                return StatusCode::NOT_FOUND.into_response();
            }
        }
    };
    match found.answer {
        Some(answer) => {
            let status = StatusCode::from_u16(answer.status).unwrap();
            (status, axum::Json(answer.body)).into_response()
        }
        None => std::future::pending().await,
    }
}
