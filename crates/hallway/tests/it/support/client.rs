//! A small HTTP client: one connection per request, so that no request depends on another.

use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::{HeaderMap, Request, Uri, header};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

use super::within;

/// Whoever asks a Hallway.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    /// `http://host:port`
    pub(crate) base: String,
    pub(crate) token: Option<String>,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    /// The body as JSON; null where there is none.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        if self.body.is_empty() {
            return Value::Null;
        }
        match serde_json::from_slice(&self.body) {
            Ok(value) => value,
            Err(error) => panic!("{error}: {}", self.text()),
        }
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The body of an answer with this status.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        self.json()
    }

    /// An error with this status, in Webex's shape. Returns its message and descriptions in one text.
    #[track_caller]
    pub(crate) fn expect_error(self, status: u16) -> String {
        assert_eq!(self.status, status, "{}", self.text());
        let body = self.json();
        let tracking = body["trackingId"].as_str().unwrap_or_default();
        assert!(!tracking.is_empty(), "{body}");
        assert_eq!(self.header("trackingid"), Some(tracking), "{body}");
        let errors = body["errors"].as_array().cloned().unwrap_or_default();
        assert!(!errors.is_empty(), "{body}");
        let mut text = body["message"].as_str().unwrap().to_owned();
        for error in &errors {
            text.push('\n');
            text.push_str(error["description"].as_str().unwrap());
        }
        text
    }
}

impl Client {
    pub(crate) fn new(base: &str) -> Self {
        Self {
            base: base.to_owned(),
            token: None,
        }
    }

    pub(crate) fn with_token(&self, token: &str) -> Self {
        Self {
            base: self.base.clone(),
            token: Some(token.to_owned()),
        }
    }

    pub(crate) fn anonymous(&self) -> Self {
        Self::new(&self.base)
    }

    /// A request for a path or an absolute URL, with a JSON body unless it is null.
    pub(crate) fn request(&self, method: &str, target: &str, body: &Value) -> Request<Full<Bytes>> {
        let mut request = Request::builder().method(method).uri(target);
        if let Some(token) = &self.token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let body = if body.is_null() {
            Bytes::new()
        } else {
            request = request.header(header::CONTENT_TYPE, "application/json");
            Bytes::from(body.to_string())
        };
        request.body(Full::new(body)).unwrap()
    }

    /// Sends a request; fails where the server is not there or goes away.
    pub(crate) async fn try_send(&self, mut request: Request<Full<Bytes>>) -> Result<Answer, String> {
        let base: Uri = self.base.parse().unwrap();
        let uri = request.uri();
        let authority = uri.authority().or(base.authority()).unwrap().to_string();
        let path = uri.path_and_query().unwrap().as_str().parse().unwrap();
        *request.uri_mut() = path;
        request
            .headers_mut()
            .entry(header::HOST)
            .or_insert(authority.parse().unwrap());
        let text = |error: &dyn std::fmt::Display| error.to_string();
        let socket = TcpStream::connect(&authority).await.map_err(|e| text(&e))?;
        socket.set_nodelay(true).ok();
        let (mut sender, connection) = http1::handshake(TokioIo::new(socket))
            .await
            .map_err(|e| text(&e))?;
        let driver = tokio::spawn(connection);
        let exchange = async {
            let response = sender.send_request(request).await.map_err(|e| text(&e))?;
            let (parts, body) = response.into_parts();
            let body = body.collect().await.map_err(|e| text(&e))?.to_bytes();
            Ok(Answer {
                status: parts.status.as_u16(),
                headers: parts.headers,
                body,
            })
        };
        let outcome = exchange.await;
        driver.abort();
        outcome
    }

    pub(crate) async fn send(&self, request: Request<Full<Bytes>>) -> Answer {
        let what = format!("{} {}", request.method(), request.uri());
        match within(&what, self.try_send(request)).await {
            Ok(answer) => answer,
            Err(error) => panic!("{what}: {error}"),
        }
    }

    pub(crate) async fn ask(&self, method: &str, target: &str, body: Value) -> Answer {
        self.send(self.request(method, target, &body)).await
    }

    pub(crate) async fn get(&self, target: &str) -> Answer {
        self.ask("GET", target, Value::Null).await
    }

    pub(crate) async fn post(&self, target: &str, body: Value) -> Answer {
        self.ask("POST", target, body).await
    }

    pub(crate) async fn put(&self, target: &str, body: Value) -> Answer {
        self.ask("PUT", target, body).await
    }

    pub(crate) async fn patch(&self, target: &str, body: Value) -> Answer {
        self.ask("PATCH", target, body).await
    }

    pub(crate) async fn delete(&self, target: &str) -> Answer {
        self.ask("DELETE", target, Value::Null).await
    }
}
