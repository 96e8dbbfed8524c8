//! What both kinds of connection have in common: requests that are worked on at the same time, limits, and
//! the heartbeat.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use hallway_xapi::rpc::{RpcError, RpcId, answer};
use serde_json::{Value, value::RawValue};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

/// A message may carry the body of a command, which may have 4 MiB, escaped.
pub(crate) const MAX_MESSAGE_BYTES: usize = 10 * 1024 * 1024;
/// A ping is sent after so much time, and the connection closed after so many without an answer.
pub(crate) const PING_EVERY: Duration = Duration::from_secs(30);
pub(crate) const MAX_MISSED: u32 = 3;

pub(crate) fn websocket_config() -> WebSocketConfig {
    WebSocketConfig::default()
        .max_message_size(Some(MAX_MESSAGE_BYTES))
        .max_frame_size(Some(MAX_MESSAGE_BYTES))
}

/// Pings that were not answered yet.
#[derive(Default)]
pub(crate) struct Heartbeat(AtomicU32);

impl Heartbeat {
    /// Something came, whatever it was.
    pub(crate) fn heard(&self) {
        self.0.store(0, Ordering::Relaxed);
    }

    /// Counts a ping; whether the other side may still be there.
    pub(crate) fn ping(&self) -> bool {
        self.0.fetch_add(1, Ordering::Relaxed) < MAX_MISSED
    }
}

/// Requests that are not answered yet. A request starts in the moment in which it is read, so requests take
/// effect in the order in which they came, even where their answers do not.
#[derive(Default)]
pub(crate) struct Requests<'a>(FuturesUnordered<BoxFuture<'a, String>>);

impl<'a> Requests<'a> {
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Starts a request. Returns the frame of the answer where it is done at once.
    pub(crate) async fn start(
        &mut self,
        id: Option<RpcId>,
        work: impl Future<Output = Result<Value, RpcError>> + Send + 'a,
    ) -> Option<String> {
        let mut frame: BoxFuture<'a, String> = Box::pin(async move {
            let outcome = work.await;
            // A request without an id wants no answer.
            id.map(|id| answer(&id, &outcome)).unwrap_or_default()
        });
        match futures_util::poll!(&mut frame) {
            std::task::Poll::Ready(frame) => Some(frame).filter(|frame| !frame.is_empty()),
            std::task::Poll::Pending => {
                self.0.push(frame);
                None
            }
        }
    }

    /// The next answer; waits for ever where there is nothing to wait for.
    pub(crate) async fn next(&mut self) -> String {
        match self.0.next().await {
            Some(frame) => frame,
            None => std::future::pending().await,
        }
    }
}

/// The params of a request; missing ones are null.
pub(crate) fn params_of(params: Option<&RawValue>) -> Value {
    params
        .and_then(|raw| serde_json::from_str(raw.get()).ok())
        .unwrap_or(Value::Null)
}

/// The answer to what cannot be read: there is no id to give back.
pub(crate) fn unreadable(error: &RpcError) -> String {
    serde_json::json!({ "jsonrpc": "2.0", "id": null, "error": error }).to_string()
}
