//! What is to be sent to a device, and who waits for its answers.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use hallway_xapi::rpc::{self, code};
use hallway_xapi::{Link, RpcError, RpcId};
use serde_json::Value;
use tokio::sync::{Notify, oneshot};
use tokio_util::sync::CancellationToken;

/// Most requests that wait for one device.
const MAX_WAITING: usize = 256;

type Waiting = HashMap<i64, oneshot::Sender<Result<Value, RpcError>>>;

/// The platform's end of a link.
#[derive(Default)]
pub(super) struct Outbox {
    frames: Mutex<Vec<String>>,
    waiting: Mutex<Waiting>,
    next_id: AtomicI64,
    pub(super) ready: Notify,
    pub(super) closed: CancellationToken,
}

fn gone() -> RpcError {
    RpcError::new(code::NOT_READY, "The device is not connected any more.")
}

/// Forgets a request whose asker went away.
struct Asked<'a>(&'a Outbox, i64);

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        self.0
            .waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self.1);
    }
}

impl Outbox {
    /// Takes the frames that are to be sent.
    pub(super) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.frames.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Gives an answer to whoever asked.
    pub(super) fn answer(&self, id: &RpcId, answer: Result<Value, RpcError>) {
        let RpcId::Number(id) = id else { return };
        let asker = self
            .waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(id);
        if let Some(asker) = asker {
            // Whoever asked may have given up.
            drop(asker.send(answer));
        }
    }

    /// Tells everybody who waits that the link is gone.
    pub(super) fn fail_all(&self) {
        self.closed.cancel();
        let waiting = std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        for asker in waiting.into_values() {
            drop(asker.send(Err(gone())));
        }
    }
}

#[async_trait]
impl Link for Outbox {
    async fn call(&self, method: &str, params: Value) -> Result<Value, RpcError> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let (asker, answer) = oneshot::channel();
        {
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            if self.closed.is_cancelled() {
                return Err(gone());
            }
            if waiting.len() >= MAX_WAITING {
                return Err(RpcError::new(
                    code::NOT_READY,
                    "Too many requests wait for the device.",
                ));
            }
            waiting.insert(id, asker);
        }
        let _asked = Asked(self, id);
        let frame = rpc::request(&RpcId::Number(id), method, &params);
        self.frames
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(frame);
        self.ready.notify_one();
        answer.await.unwrap_or_else(|_| Err(gone()))
    }

    fn close(&self, reason: &str) {
        tracing::debug!(reason, "closing a device's link");
        self.closed.cancel();
    }
}
