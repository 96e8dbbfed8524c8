//! A service that answers as the test says.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

/// A request that arrived.
#[derive(Clone, Debug)]
pub struct Seen {
    pub method: Method,
    /// With the query.
    pub path: String,
    pub headers: HeaderMap,
    pub body: String,
}

impl Seen {
    pub fn token(&self) -> &str {
        self.headers["authorization"]
            .to_str()
            .unwrap()
            .strip_prefix("Bearer ")
            .unwrap()
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// What a request is answered with.
#[derive(Clone, Debug)]
pub struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: String,
    /// The connection ends without an answer.
    cut: bool,
}

pub fn ok(body: Value) -> Reply {
    status(200, body)
}

pub fn status(status: u16, body: Value) -> Reply {
    Reply {
        status,
        headers: Vec::new(),
        body: if body.is_null() {
            String::new()
        } else {
            body.to_string()
        },
        cut: false,
    }
}

/// An error as the service writes it.
pub fn refused(code: u16, message: &str) -> Reply {
    let body =
        json!({ "message": message, "errors": [{ "description": message }], "trackingId": "SERVICE_7" });
    status(code, body)
}

/// No answer at all.
pub fn cut() -> Reply {
    Reply {
        cut: true,
        ..status(200, Value::Null)
    }
}

impl Reply {
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

type Rule = Box<dyn FnMut(&Seen) -> Option<Reply> + Send>;

/// The service: rules are asked in the order in which they were given.
#[derive(Clone)]
pub struct Service {
    pub url: String,
    state: Arc<Mutex<Inner>>,
    changed: Arc<tokio::sync::Notify>,
}

#[derive(Default)]
struct Inner {
    rules: Vec<Rule>,
    seen: Vec<Seen>,
}

impl Service {
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let service = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            state: Arc::default(),
            changed: Arc::default(),
        };
        let router = Router::new().fallback(handle).with_state(service.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        service
    }

    /// The base of its API.
    pub fn api(&self) -> String {
        format!("{}/v1", self.url)
    }

    /// Answers requests for a path (without query) one after the other; the last answer stays.
    pub fn plays(&self, method: &str, path: &str, replies: impl IntoIterator<Item = Reply>) {
        let (method, path) = (method.to_owned(), path.to_owned());
        let mut replies: VecDeque<Reply> = replies.into_iter().collect();
        self.rule(move |seen| {
            let here = seen.path.split('?').next() == Some(path.as_str());
            if !here || seen.method.as_str() != method {
                return None;
            }
            if replies.len() > 1 {
                replies.pop_front()
            } else {
                replies.front().cloned()
            }
        });
    }

    /// Answers whatever the rule likes to.
    pub fn rule(&self, rule: impl FnMut(&Seen) -> Option<Reply> + Send + 'static) {
        self.state.lock().unwrap().rules.push(Box::new(rule));
    }

    /// What arrived at a path.
    pub fn seen(&self, path: &str) -> Vec<Seen> {
        let state = self.state.lock().unwrap();
        let here = state
            .seen
            .iter()
            .filter(|seen| seen.path.split('?').next() == Some(path));
        here.cloned().collect()
    }

    /// Waits until so many requests arrived at a path.
    pub async fn until(&self, path: &str, count: usize) -> Vec<Seen> {
        let wait = async {
            loop {
                let changed = self.changed.notified();
                let seen = self.seen(path);
                if seen.len() >= count {
                    return seen;
                }
                changed.await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(20), wait)
            .await
            .unwrap_or_else(|_| panic!("{path} was not asked {count} times: {:?}", self.seen(path)))
    }
}

async fn handle(State(service): State<Service>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, 1 << 24).await.unwrap();
    let seen = Seen {
        method: head.method,
        path: head.uri.path_and_query().unwrap().to_string(),
        headers: head.headers,
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    let reply = {
        let mut state = service.state.lock().unwrap();
        state.seen.push(seen.clone());
        state.rules.iter_mut().find_map(|rule| rule(&seen))
    };
    service.changed.notify_waiters();
    let Some(reply) = reply else {
        return (
            StatusCode::NOT_FOUND,
            format!(r#"{{"message":"no rule for {}"}}"#, seen.path),
        )
            .into_response();
    };
    let mut response = Response::builder()
        .status(reply.status)
        .header("trackingid", "SERVICE_7");
    for (name, value) in &reply.headers {
        response = response.header(*name, value);
    }
    if reply.cut {
        // More is promised than comes: the connection is cut in the middle.
        let broken = futures_util::stream::iter([Err::<bytes::Bytes, _>(std::io::Error::other("cut"))]);
        return response
            .header("content-length", "10")
            .body(Body::from_stream(broken))
            .unwrap();
    }
    if !reply.body.is_empty() {
        response = response.header("content-type", "application/json;charset=UTF-8");
    }
    response.body(Body::from(reply.body)).unwrap()
}

/// An access token as the token endpoint answers it.
pub fn tokens(access: &str, refresh: &str, expires_in: i64) -> Value {
    json!({
        "access_token": access, "expires_in": expires_in, "refresh_token": refresh,
        "refresh_token_expires_in": 7_776_000, "token_type": "Bearer", "scope": "spark:xapi_statuses",
    })
}
