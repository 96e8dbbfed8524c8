//! A receiver of webhooks and actions, which can be in a bad mood.

use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{HeaderMap, Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::within;

/// How a receiver answers.
#[derive(Clone, Debug)]
pub(crate) enum Mood {
    Status(u16),
    /// With this JSON.
    Answer(u16, Value),
    /// Not at all.
    Hang,
    /// It closes the connection instead.
    Reset,
    /// With 204, after a while.
    Slow(Duration),
}

/// One request that came.
#[derive(Debug)]
pub(crate) struct Hook {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) at: Instant,
    /// Whether it was taken: answered with 2xx.
    pub(crate) taken: bool,
}

impl Hook {
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// Checks `X-Spark-Signature`.
    #[track_caller]
    pub(crate) fn check_signature(&self, secret: &str) {
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret.as_bytes());
        let tag = ring::hmac::sign(&key, &self.body);
        let hex: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(self.header("x-spark-signature"), hex);
    }
}

/// A web server that hands on what it receives.
pub(crate) struct Receiver {
    pub(crate) url: String,
    hooks: mpsc::UnboundedReceiver<Hook>,
    mood: Arc<Mutex<Mood>>,
    dialled: Arc<AtomicUsize>,
    server: tokio::task::JoinHandle<()>,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (sender, hooks) = mpsc::unbounded_channel();
        let mood = Arc::new(Mutex::new(Mood::Status(204)));
        let dialled = Arc::new(AtomicUsize::new(0));
        let (its_mood, count) = (Arc::clone(&mood), Arc::clone(&dialled));
        let server = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((socket, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                socket.set_nodelay(true).ok();
                let (sender, mood) = (sender.clone(), Arc::clone(&its_mood));
                let service = service_fn(move |request| take(request, sender.clone(), Arc::clone(&mood)));
                connections.spawn(async move {
                    http1::Builder::new()
                        .serve_connection(TokioIo::new(socket), service)
                        .await
                        .ok();
                });
            }
        });
        Self {
            url,
            hooks,
            mood,
            dialled,
            server,
        }
    }

    pub(crate) fn answer_with(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    /// How many connections were opened to it.
    pub(crate) fn dialled(&self) -> usize {
        self.dialled.load(Ordering::SeqCst)
    }

    /// The next request, taken or not.
    pub(crate) async fn next(&mut self) -> Hook {
        within("a request to the receiver", self.hooks.recv())
            .await
            .unwrap()
    }

    /// The next request that was taken.
    pub(crate) async fn next_taken(&mut self) -> Hook {
        loop {
            let hook = self.next().await;
            if hook.taken {
                return hook;
            }
        }
    }

    /// The next that was taken and is the one.
    pub(crate) async fn find(&mut self, what: &str, mut wanted: impl FnMut(&Hook) -> bool) -> Hook {
        let finding = async {
            loop {
                let hook = self.next_taken().await;
                if wanted(&hook) {
                    return hook;
                }
            }
        };
        within(what, finding).await
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// What makes hyper close a connection without an answer.
#[derive(Debug)]
struct HungUp;

impl std::fmt::Display for HungUp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("hung up")
    }
}

impl std::error::Error for HungUp {}

async fn take(
    request: Request<Incoming>,
    hooks: mpsc::UnboundedSender<Hook>,
    mood: Arc<Mutex<Mood>>,
) -> Result<Response<Full<Bytes>>, HungUp> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| HungUp)?.to_bytes();
    let mood = mood.lock().unwrap().clone();
    let status = match &mood {
        Mood::Status(status) | Mood::Answer(status, _) => Some(*status),
        Mood::Slow(_) => Some(204),
        Mood::Hang | Mood::Reset => None,
    };
    let hook = Hook {
        path: parts.uri.path().to_owned(),
        headers: parts.headers,
        body,
        at: Instant::now(),
        taken: status.is_some_and(|status| (200..300).contains(&status)),
    };
    hooks.send(hook).ok();
    let body = match &mood {
        Mood::Answer(_, value) => Bytes::from(value.to_string()),
        _ => Bytes::new(),
    };
    match mood {
        Mood::Hang => match std::future::pending::<Infallible>().await {},
        Mood::Slow(time) => tokio::time::sleep(time).await,
        _ => {}
    }
    let status = status.ok_or(HungUp)?;
    Ok(Response::builder().status(status).body(Full::new(body)).unwrap())
}
