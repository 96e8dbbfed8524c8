//! One connection to the local API (local-device-xapi 3 to 6).

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use hallway_xapi::rpc::{Frame, RpcError, RpcId, answer, code};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::mpsc;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Message};
use tokio_util::sync::CancellationToken;

use super::conversation::{Heartbeat, PING_EVERY, Requests, params_of, unreadable};
use crate::access::Access;
use crate::device::SimulatedDevice;
use crate::methods::matched;
use crate::query::{Document, Query};
use crate::subscriptions::{Ending, Seat, to_strings};

/// Requests of one connection that may be open at the same time; more wait unread.
const OPEN_REQUESTS: usize = 64;
/// How long a goodbye may take.
const GOODBYE: Duration = Duration::from_secs(2);
/// A whole frame: close, two bytes, code 1000.
const NORMAL_CLOSE: [u8; 4] = [0x88, 2, 0x03, 0xe8];

/// The device has as many connections as it takes; the answer to the upgrade should have been 503.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the device has too many connections")]
pub struct TooManySessions;

/// A place at a device that was kept before the upgrade was answered.
pub struct Reserved {
    device: SimulatedDevice,
    seat: Option<Seat>,
    access: Access,
    legacy: bool,
}

impl std::fmt::Debug for Reserved {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reserved")
            .field("access", &self.access)
            .field("legacy", &self.legacy)
            .finish_non_exhaustive()
    }
}

/// Keeps a place for a connection.
///
/// # Errors
/// [`TooManySessions`]: answer 503.
pub fn reserve(
    device: &SimulatedDevice,
    access: impl Into<Access>,
    legacy: bool,
) -> Result<Reserved, TooManySessions> {
    let access = access.into();
    let seat = device.open_session(access, legacy).ok_or(TooManySessions)?;
    Ok(Reserved {
        device: device.clone(),
        seat: Some(seat),
        access,
        legacy,
    })
}

impl Drop for Reserved {
    fn drop(&mut self) {
        if let Some(seat) = &self.seat {
            self.device.close_session(seat.id);
        }
    }
}

/// Speaks the local API on a connection until either side ends it.
///
/// # Errors
/// [`TooManySessions`]: the connection was closed at once.
pub async fn run_session<S: AsyncRead + AsyncWrite + Unpin + Send>(
    device: SimulatedDevice,
    mut socket: WebSocketStream<S>,
    access: impl Into<Access>,
    legacy: bool,
    stop: CancellationToken,
) -> Result<(), TooManySessions> {
    match reserve(&device, access, legacy) {
        Ok(reserved) => {
            reserved.run(socket, stop).await;
            Ok(())
        }
        Err(full) => {
            let frame = CloseFrame {
                code: CloseCode::Again,
                reason: full.to_string().into(),
            };
            let _ = socket.close(Some(frame)).await;
            Err(full)
        }
    }
}

impl Reserved {
    /// Speaks the local API on a connection until either side ends it.
    pub async fn run<S: AsyncRead + AsyncWrite + Unpin + Send>(
        mut self,
        socket: WebSocketStream<S>,
        stop: CancellationToken,
    ) {
        let Some(seat) = &mut self.seat else { return };
        let session = Session {
            device: self.device.clone(),
            id: seat.id,
            access: self.access,
            legacy: self.legacy,
            outbox: seat.outbox.clone(),
        };
        let (mut sink, mut stream) = socket.split();
        let heartbeat = Heartbeat::default();
        let write = async {
            let mut ping = tokio::time::interval(PING_EVERY);
            ping.tick().await;
            loop {
                let message = tokio::select! {
                    frame = seat.frames.recv() => match frame {
                        Some(frame) => Message::text(frame),
                        None => return None,
                    },
                    _ = ping.tick() => {
                        if !heartbeat.ping() {
                            return None;
                        }
                        Message::Ping(Vec::new().into())
                    }
                };
                if sink.send(message).await.is_err() {
                    return None;
                }
            }
        };
        let read = async {
            let mut requests = Requests::default();
            loop {
                let frame = tokio::select! {
                    frame = requests.next() => frame,
                    message = stream.next(), if requests.len() < OPEN_REQUESTS => {
                        let Some(Ok(message)) = message else { return None };
                        heartbeat.heard();
                        match message {
                            Message::Text(text) => match session.take(text.as_str(), &mut requests).await {
                                Some(frame) => frame,
                                None => continue,
                            },
                            Message::Binary(_) => {
                                return Some((CloseCode::Unsupported, "text frames only"));
                            }
                            Message::Close(None) => return Some((CloseCode::Normal, "")),
                            Message::Close(Some(_)) => return None,
                            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => continue,
                        }
                    }
                };
                if !frame.is_empty() && session.outbox.send(frame).await.is_err() {
                    return None;
                }
            }
        };
        let ended = tokio::select! {
            ended = write => ended,
            ended = read => ended,
            () = stop.cancelled() => Some((CloseCode::Away, "the device stops")),
            () = seat.over.cancelled() => Some(match seat.ending.get() {
                Some(Ending::Restart) => (CloseCode::Restart, "the device restarts"),
                Some(Ending::WebAppGone) => (CloseCode::Policy, "the web app may not use the xAPI any more"),
                _ => (CloseCode::Policy, "the client reads too slowly"),
            }),
        };
        let Ok(mut socket) = sink.reunite(stream) else {
            return;
        };
        let goodbye = async {
            match ended {
                // The client said goodbye without a code. The library would answer in kind, which jsxapi takes
                // for a broken connection: it wants to read 1000 (local-device-xapi 3). So that answer is
                // written here.
                Some((CloseCode::Normal, _)) => {
                    let _ = socket.get_mut().write_all(&NORMAL_CLOSE).await;
                    let _ = socket.get_mut().shutdown().await;
                }
                ended => {
                    let close = ended.map(|(code, reason)| CloseFrame {
                        code,
                        reason: reason.into(),
                    });
                    let _ = socket.close(close).await;
                }
            }
        };
        // A peer that does not read must not keep the task.
        let _ = tokio::time::timeout(GOODBYE, goodbye).await;
    }
}

struct Session {
    device: SimulatedDevice,
    id: u64,
    access: Access,
    legacy: bool,
    outbox: mpsc::Sender<String>,
}

impl Session {
    /// Takes a frame; returns the answer where there is one at once.
    async fn take<'a>(&'a self, text: &str, requests: &mut Requests<'a>) -> Option<String> {
        let frame = match Frame::parse(text) {
            Ok(frame) => frame,
            Err(error) => return Some(unreadable(&error)),
        };
        let Some(method) = frame.method.as_deref() else {
            // Answers to nothing that we asked are let pass; a request needs a method.
            return frame
                .id
                .filter(|_| frame.result.is_none() && frame.error.is_none())
                .map(|id| {
                    answer(
                        &id,
                        &Err(RpcError::new(
                            code::INVALID_REQUEST,
                            "the member method is missing",
                        )),
                    )
                });
        };
        let (method, params, id) = (method.to_owned(), params_of(frame.params), frame.id);
        if method == "xFeedback/Subscribe" {
            return self.subscribe(id?, &params);
        }
        requests.start(id, self.perform(method, params)).await
    }

    async fn perform(&self, method: String, params: Value) -> Result<Value, RpcError> {
        if method == "xFeedback/Unsubscribe" {
            let number = params.get("Id").and_then(Value::as_i64);
            let number =
                number.ok_or_else(|| RpcError::new(code::INVALID_PARAMS, "the member Id is missing"))?;
            return if self.device.core().sessions.unsubscribe(self.id, number) {
                Ok(Value::Bool(true))
            } else {
                Err(RpcError::new(
                    code::INVALID_PARAMS,
                    format!("there is no subscription {number}"),
                ))
            };
        }
        self.access.check(&self.device, &method)?;
        let mut result = self.device.perform(&method, params, self.access.roles).await?;
        if self.legacy && matches!(method.as_str(), "xGet" | "xQuery") {
            to_strings(&mut result);
        }
        Ok(result)
    }

    /// The answer and what it is followed by go into the outbox in one step; only a refusal is returned.
    fn subscribe(&self, id: RpcId, params: &Value) -> Option<String> {
        let outcome = (|| {
            self.device.ready()?;
            let query = Query::read(params.get("Query").or_else(|| params.get("Path")))?;
            let current = match params.get("NotifyCurrentValue") {
                Some(Value::String(text)) => text.eq_ignore_ascii_case("true"),
                other => other.and_then(Value::as_bool).unwrap_or(false),
            };
            let mut core = self.device.core();
            let core = &mut *core;
            if query.document == Document::Command || !core.state.schema.knows(&query) {
                return Err(RpcError::not_found("there is no such path"));
            }
            let (state, sessions) = (&core.state, &mut core.sessions);
            let asked = query.clone();
            let answer_frame = |number: i64| answer(&id, &Ok(json!({ "Id": number })));
            sessions.subscribe(self.id, query, answer_frame, move |roles| {
                let documents = [Document::Status, Document::Configuration];
                let wanted = documents
                    .into_iter()
                    .filter(|document| current && asked.document.includes(*document));
                wanted
                    .map(|document| (document, matched(state, document, &asked, roles)))
                    .filter(|(_, tree)| !tree.is_empty())
                    .collect()
            })
        })();
        outcome.err().map(|error| answer(&id, &Err(error)))
    }
}
