//! A receiver of webhooks on a real socket.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

/// How a receiver answers.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Mood {
    Status(u16),
    /// Not at all.
    Hang,
}

/// One request that came.
#[derive(Debug)]
pub(crate) struct Hook {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Hook {
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// Moods for the next requests, and the one for all later ones.
#[derive(Debug)]
struct Moods(VecDeque<Mood>, Mood);

/// See the module documentation.
pub(crate) struct Receiver {
    pub(crate) url: String,
    hooks: mpsc::UnboundedReceiver<Hook>,
    moods: Arc<Mutex<Moods>>,
    server: tokio::task::JoinHandle<()>,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let (sender, hooks) = mpsc::unbounded_channel();
        let moods = Arc::new(Mutex::new(Moods(VecDeque::new(), Mood::Status(204))));
        let its = Arc::clone(&moods);
        let take = move |headers: HeaderMap, body: Bytes| {
            let mood = {
                let mut moods = its.lock().unwrap();
                let later = moods.1;
                moods.0.pop_front().unwrap_or(later)
            };
            sender.send(Hook { headers, body }).ok();
            async move { answer(mood).await }
        };
        let server = tokio::spawn(async move {
            axum::serve(listener, Router::new().fallback(take)).await.unwrap();
        });
        Self {
            url,
            hooks,
            moods,
            server,
        }
    }

    /// The next ones are answered with these, all later ones with the last.
    pub(crate) fn answer_with(&self, next: &[Mood], later: Mood) {
        *self.moods.lock().unwrap() = Moods(next.iter().copied().collect(), later);
    }

    /// The next request.
    pub(crate) async fn next(&mut self) -> Hook {
        let hook = tokio::time::timeout(Duration::from_secs(30), self.hooks.recv()).await;
        hook.expect("a request to the receiver").unwrap()
    }

    /// Whether nothing came that was not looked at.
    pub(crate) fn is_quiet(&mut self) -> bool {
        self.hooks.try_recv().is_err()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn answer(mood: Mood) -> Response {
    match mood {
        Mood::Status(status) => (StatusCode::from_u16(status).unwrap(), "thanks").into_response(),
        Mood::Hang => std::future::pending().await,
    }
}
