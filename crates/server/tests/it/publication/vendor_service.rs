//! A vendor's service on a real socket, and one that only answers.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Response, StatusCode, Uri};
use hallway_platform::ports::{Answer, Courier, CourierError, Errand, Target};
use hallway_server::courier::{HttpCourier, Reach};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

/// How the service answers a code.
#[derive(Clone, Debug)]
pub(super) enum Reply {
    /// Status, content type, body.
    Says(u16, &'static str, String),
    /// A redirect to here.
    Elsewhere(String),
    /// A body of so many bytes.
    Long(usize),
    /// Nothing, ever.
    Hang,
}

impl Reply {
    pub(super) fn json(body: &Value) -> Self {
        Self::Says(200, "application/json", body.to_string())
    }

    pub(super) fn status(status: u16) -> Self {
        Self::Says(status, "text/plain", "words".to_owned())
    }
}

/// Replies to the next codes, and to all later ones.
type Script = Arc<Mutex<(VecDeque<Reply>, Reply)>>;

fn next(script: &Script) -> Reply {
    let mut script = script.lock().unwrap();
    let later = script.1.clone();
    script.0.pop_front().unwrap_or(later)
}

/// A request that came.
#[derive(Debug)]
pub(super) struct Post {
    pub(super) path: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Value,
}

/// See the module documentation.
pub(super) struct Service {
    pub(super) url: String,
    posts: mpsc::UnboundedReceiver<Post>,
    script: Script,
    server: tokio::task::JoinHandle<()>,
}

impl Service {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/provision", listener.local_addr().unwrap());
        let (sender, posts) = mpsc::unbounded_channel();
        let script: Script = Arc::new(Mutex::new((VecDeque::new(), Reply::status(204))));
        let its = Arc::clone(&script);
        let take = move |uri: Uri, headers: HeaderMap, body: Bytes| {
            let reply = next(&its);
            let body = serde_json::from_slice(&body).unwrap_or_default();
            let path = uri.path().to_owned();
            sender.send(Post { path, headers, body }).ok();
            async move { answer(reply).await }
        };
        let server = tokio::spawn(async move {
            axum::serve(listener, Router::new().fallback(take)).await.unwrap();
        });
        Self {
            url,
            posts,
            script,
            server,
        }
    }

    /// The next codes are answered with these, all later ones with the last.
    pub(super) fn answer_with(&self, replies: &[Reply], later: Reply) {
        *self.script.lock().unwrap() = (replies.iter().cloned().collect(), later);
    }

    pub(super) async fn next(&mut self) -> Post {
        let post = tokio::time::timeout(Duration::from_secs(30), self.posts.recv()).await;
        post.expect("a code for the vendor's service").unwrap()
    }

    /// Whether nothing came that was not looked at.
    pub(super) fn is_quiet(&mut self) -> bool {
        self.posts.try_recv().is_err()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn answer(reply: Reply) -> Response<Body> {
    let response = Response::builder();
    match reply {
        Reply::Says(status, kind, body) => response
            .status(StatusCode::from_u16(status).unwrap())
            .header("content-type", kind)
            .body(body.into()),
        Reply::Elsewhere(to) => response.status(302).header("location", to).body(Body::empty()),
        Reply::Long(bytes) => response
            .header("content-type", "application/json")
            .body(vec![b' '; bytes].into()),
        Reply::Hang => std::future::pending().await,
    }
    .unwrap()
}

/// A courier that dials nobody: everybody answers by its script. What may be dialled is decided as in earnest.
pub(super) struct Scripted {
    script: Script,
    guard: HttpCourier,
    posted: Arc<Mutex<Vec<Value>>>,
}

impl Scripted {
    pub(super) fn new(later: Reply) -> Arc<Self> {
        Arc::new(Self {
            script: Arc::new(Mutex::new((VecDeque::new(), later))),
            guard: HttpCourier::new(Reach { private: false }, None).unwrap(),
            posted: Arc::default(),
        })
    }

    /// What was posted since it was forgotten.
    pub(super) fn posted(&self) -> Vec<Value> {
        self.posted.lock().unwrap().clone()
    }

    pub(super) fn forget(&self) {
        self.posted.lock().unwrap().clear();
    }

    pub(super) fn answer_with(&self, replies: &[Reply], later: Reply) {
        *self.script.lock().unwrap() = (replies.iter().cloned().collect(), later);
    }
}

#[async_trait]
impl Courier for Scripted {
    fn errand(&self, target: &Target) -> Result<Box<dyn Errand>, CourierError> {
        self.guard.errand(target)?;
        Ok(Box::new(ScriptedErrand {
            reply: next(&self.script),
            posted: Arc::clone(&self.posted),
        }))
    }

    async fn check_host(&self, target: &Target) -> Result<(), CourierError> {
        self.guard.check_host(target).await
    }
}

struct ScriptedErrand {
    reply: Reply,
    posted: Arc<Mutex<Vec<Value>>>,
}

#[async_trait]
impl Errand for ScriptedErrand {
    async fn post(&mut self, _: &HeaderMap, body: Bytes) -> Result<Answer, CourierError> {
        let body = serde_json::from_slice(&body).unwrap_or_default();
        self.posted.lock().unwrap().push(body);
        match &self.reply {
            Reply::Says(status, kind, body) => Ok(Answer {
                status: *status,
                content_type: Some((*kind).to_owned()),
                cut: false,
                body: body.clone().into(),
            }),
            other => Err(CourierError(format!("scripted: {other:?}"))),
        }
    }
}
