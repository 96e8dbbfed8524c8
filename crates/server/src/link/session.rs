//! One device's link, from dial-in to its end.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use hallway_platform::Attachment;
use hallway_wire::id::DeviceId;
use hallway_xapi::report::params_to_report;
use hallway_xapi::rpc::{self, Frame, code};
use hallway_xapi::{Report, RpcError, RpcId};
use serde_json::{Map, Value};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use super::outbox::Outbox;
use crate::app::App;

/// Longest frame of a device.
const MAX_FRAME: usize = 4 << 20;

/// A quiet device is asked whether it is there after this time, and dropped after three times it.
const QUIET: Duration = Duration::from_secs(30);

/// Most reports that are taken into one batch, and that wait while a batch is being stored.
const MAX_PENDING: usize = 1024;

type Reporting = Pin<Box<dyn Future<Output = (Vec<RpcId>, Result<(), hallway_platform::Error>)> + Send>>;

/// Runs a link until the device goes, is replaced, or Hallway stops.
pub(super) async fn run<S>(app: App, device: DeviceId, socket: S, already_read: Vec<u8>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    // Small buffers: ten thousand links are mostly quiet.
    let config = WebSocketConfig::default()
        .read_buffer_size(512)
        .write_buffer_size(0)
        .max_write_buffer_size(MAX_FRAME)
        .max_message_size(Some(MAX_FRAME))
        .max_frame_size(Some(MAX_FRAME));
    // Boxed: the task would hold it once for each function that it is handed to.
    let socket = WebSocketStream::from_partially_read(socket, already_read, Role::Server, Some(config));
    let socket = Box::new(socket.await);
    let outbox = Arc::new(Outbox::default());
    let attachment = match Box::pin(app.0.platform.attach(device, Arc::<Outbox>::clone(&outbox))).await {
        Ok(attachment) => attachment,
        Err(error) => {
            tracing::warn!(?device, %error, "a device's link was refused");
            return;
        }
    };
    let ended = Session {
        app: &app,
        attachment: &attachment,
        outbox: &outbox,
        socket,
    }
    .run()
    .await;
    outbox.fail_all();
    tracing::debug!(?device, ended, "a device's link ended");
    if let Err(error) = Box::pin(app.0.platform.detach(&attachment)).await {
        tracing::warn!(?device, %error, "a device's end could not be noted");
    }
}

struct Session<'a, S> {
    app: &'a App,
    attachment: &'a Attachment,
    outbox: &'a Outbox,
    socket: Box<WebSocketStream<S>>,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Session<'_, S> {
    /// Why it ended.
    async fn run(mut self) -> &'static str {
        let mut pending: Vec<(RpcId, Report)> = Vec::new();
        // Answers of the device are read even while its reports are being stored: a full sync waits for such
        // an answer while it holds the device's turn.
        let mut reporting: Option<Reporting> = None;
        let mut silence = 0u32;
        let stop = self.app.0.stop.clone();
        loop {
            if reporting.is_none() && !pending.is_empty() {
                reporting = Some(self.report(std::mem::take(&mut pending)));
            }
            tokio::select! {
                biased;
                () = stop.cancelled() => {
                    if let Some(reporting) = reporting.take() {
                        let outcome = reporting.await;
                        self.acknowledge(outcome).await.ok();
                    }
                    (*self.socket).close(None).await.ok();
                    return "Hallway stops";
                }
                () = self.outbox.closed.cancelled() => {
                    (*self.socket).close(None).await.ok();
                    return "closed by the platform";
                }
                outcome = poll_report(&mut reporting), if reporting.is_some() => {
                    reporting = None;
                    if self.acknowledge(outcome).await.is_err() {
                        return "the device does not read";
                    }
                }
                () = self.outbox.ready.notified() => {
                    for frame in self.outbox.take() {
                        if self.socket.feed(Message::text(frame)).await.is_err() {
                            return "the device does not read";
                        }
                    }
                    if self.socket.flush().await.is_err() {
                        return "the device does not read";
                    }
                }
                message = tokio::time::timeout(QUIET, self.socket.next()), if pending.len() < MAX_PENDING => {
                    match message {
                        Ok(Some(Ok(message))) => {
                            silence = 0;
                            if !self.take(message, &mut pending).await {
                                return "closed by the device";
                            }
                        }
                        Ok(Some(Err(_))) => return "broken",
                        Ok(None) => return "closed by the device",
                        Err(_) if silence >= 3 => return "silent",
                        Err(_) => {
                            silence += 1;
                            if self.socket.send(Message::Ping(Default::default())).await.is_err() {
                                return "the device does not read";
                            }
                        }
                    }
                }
            }
        }
    }

    /// Takes one message of the device. Returns whether the link goes on.
    async fn take(&mut self, message: Message, pending: &mut Vec<(RpcId, Report)>) -> bool {
        let text = match message {
            Message::Text(text) => text,
            Message::Close(_) => return false,
            _ => return true,
        };
        let frame = match Frame::parse(&text) {
            Ok(frame) => frame,
            Err(error) => {
                tracing::debug!(device = ?self.attachment.device.id, %error, "a frame of a device is no JSON-RPC");
                return false;
            }
        };
        match (frame.id, frame.method.as_deref()) {
            (Some(id), Some("xFeedback/Event")) => {
                let params = frame.params.map_or("{}", |params| params.get());
                match serde_json::from_str::<Map<String, Value>>(params) {
                    Ok(params) => {
                        pending.push((id, params_to_report(&params, self.app.0.platform.catalogue())))
                    }
                    Err(error) => {
                        let error =
                            RpcError::new(code::INVALID_PARAMS, format!("params are no object: {error}"));
                        return self.send(rpc::answer(&id, &Err(error))).await;
                    }
                }
            }
            (Some(id), Some(method)) => {
                let error = RpcError::not_found(format!("there is no method {method}"));
                return self.send(rpc::answer(&id, &Err(error))).await;
            }
            (Some(id), None) => {
                let answer = match frame.error {
                    Some(error) => Err(error),
                    None => Ok(frame
                        .result
                        .and_then(|result| serde_json::from_str(result.get()).ok())
                        .unwrap_or(Value::Null)),
                };
                self.outbox.answer(&id, answer);
            }
            (None, _) => {}
        }
        true
    }

    async fn send(&mut self, frame: String) -> bool {
        self.socket.send(Message::text(frame)).await.is_ok()
    }

    /// Starts storing what follows from reports.
    fn report(&self, batch: Vec<(RpcId, Report)>) -> Reporting {
        let platform = Arc::clone(&self.app.0.platform);
        let device = Arc::clone(&self.attachment.device);
        let (ids, reports): (Vec<RpcId>, Vec<Report>) = batch.into_iter().unzip();
        Box::pin(async move {
            let outcome = platform.report(&device, &reports).await;
            (ids, outcome)
        })
    }

    async fn acknowledge(
        &mut self,
        (ids, outcome): (Vec<RpcId>, Result<(), hallway_platform::Error>),
    ) -> Result<(), tokio_tungstenite::tungstenite::Error> {
        let answer = outcome.map(|()| Value::Bool(true)).map_err(|error| {
            tracing::error!(device = ?self.attachment.device.id, %error, "reports of a device could not be stored");
            RpcError::new(code::INTERNAL, "the report could not be stored")
        });
        for id in ids {
            self.socket.feed(Message::text(rpc::answer(&id, &answer))).await?;
        }
        self.socket.flush().await
    }
}

async fn poll_report(reporting: &mut Option<Reporting>) -> (Vec<RpcId>, Result<(), hallway_platform::Error>) {
    match reporting {
        Some(reporting) => reporting.await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpStream;

    use super::*;

    /// What the task of a link holds, by the function that it runs.
    fn size_of_task<A, B, C, D, F: Future>(_: impl Fn(A, B, C, D) -> F) -> usize {
        size_of::<F>()
    }

    /// Ten thousand links are mostly quiet, so what each holds counts.
    #[test]
    fn a_link_is_small() {
        let size = size_of_task(run::<TcpStream>);
        assert!(size <= 1536, "{size} bytes");
    }
}
