//! A device that connects to a Hallway and keeps the connection.
//!
//! Two directions share it. The Hallway sends requests (`xGet`, `xCommand/...`), the device answers. The
//! device sends what happened as requests `xFeedback/Event`, and the Hallway answers `true` once everything
//! that follows is durable. What was not answered when the connection broke is sent again over the next one,
//! in order; of that the queue keeps a bounded part, and counts what it had to let go.
//!
//! The cast: a [`Dialler`] owns the device's side and connects again and again; [`Queue`] holds reports and is
//! the device's [`Uplink`].

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::{SinkExt as _, StreamExt as _};
use hallway_wire::Secret;
use hallway_xapi::catalogue::{Role, Roles};
use hallway_xapi::link::{Report, Uplink, UplinkError};
use hallway_xapi::report::report_to_params;
use hallway_xapi::rpc::{Frame, RpcError, RpcId, answer, code, request};
use rand::Rng as _;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio_rustls::TlsConnector;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::protocol::Message;
use tokio_util::sync::CancellationToken;

use super::conversation::{Heartbeat, PING_EVERY, Requests, params_of, websocket_config};
use crate::device::SimulatedDevice;
use crate::state::Power;

/// Reports that wait, sent or not.
const QUEUE_FRAMES: usize = 1024;
/// Reports that are sent and not answered.
const WINDOW: u64 = 64;
/// Requests of the Hallway that are open at the same time.
const OPEN_REQUESTS: usize = 256;
const CONNECT_PATIENCE: Duration = Duration::from_secs(15);

/// Where to dial, and how.
#[derive(Clone)]
pub struct DialOptions {
    /// `ws://` or `wss://` and the rest of the address of the link.
    pub url: String,
    /// The token of the device.
    pub token: Secret,
    /// Whom to trust behind `wss://`.
    pub tls: Option<Arc<rustls::ClientConfig>>,
    /// Pause after the first failure; it doubles with each further one.
    pub first_pause: Duration,
    pub longest_pause: Duration,
}

impl DialOptions {
    /// Dials an address with a token, trying again after one second to one minute.
    pub fn new(url: impl Into<String>, token: Secret) -> Self {
        Self {
            url: url.into(),
            token,
            tls: None,
            first_pause: Duration::from_secs(1),
            longest_pause: Duration::from_secs(60),
        }
    }
}

impl std::fmt::Debug for DialOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DialOptions")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

/// How the dialling went so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DialCounters {
    /// Connections that were made.
    pub connected: u64,
    /// Attempts that failed.
    pub failed: u64,
    /// Reports that were let go because the queue was full, or that the Hallway refused.
    pub reports_dropped: u64,
}

/// Why a connection could not be made.
#[derive(Debug, thiserror::Error)]
pub enum DialError {
    #[error("`{0}` is not an address of the form ws://host/path or wss://host/path")]
    Address(String),
    #[error("there is no TLS configuration for a wss:// address")]
    NoTls,
    #[error("no connection to {host}")]
    Connect {
        host: String,
        #[source]
        source: std::io::Error,
    },
    #[error("the upgrade was refused")]
    Upgrade(#[source] Box<tokio_tungstenite::tungstenite::Error>),
    #[error("no answer within {CONNECT_PATIENCE:?}")]
    TimedOut,
}

/// Keeps a device connected to a Hallway. Clones show the same counters.
#[derive(Clone)]
pub struct Dialler {
    device: SimulatedDevice,
    options: DialOptions,
    queue: Arc<Queue>,
    connected: Arc<AtomicU64>,
    failed: Arc<AtomicU64>,
}

impl Dialler {
    /// Prepares; nothing happens until [`Dialler::run`].
    pub fn new(device: SimulatedDevice, options: DialOptions) -> Self {
        let queue = Arc::new(Queue::default());
        Self {
            device,
            options,
            queue,
            connected: Arc::default(),
            failed: Arc::default(),
        }
    }

    /// How it went so far.
    pub fn counters(&self) -> DialCounters {
        DialCounters {
            connected: self.connected.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
            reports_dropped: self.queue.lock().dropped,
        }
    }

    /// Dials, and dials again when the connection breaks, until it is told to stop.
    pub async fn run(self, stop: CancellationToken) {
        let mut pause = self.options.first_pause;
        let mut power = self.device.power();
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                up = power.wait_for(|power| *power == Power::On) => if up.is_err() { break },
            }
            let attempt = tokio::select! {
                () = stop.cancelled() => break,
                attempt = self.connect() => attempt,
            };
            match attempt {
                Ok(socket) => {
                    self.connected.fetch_add(1, Ordering::Relaxed);
                    pause = self.options.first_pause;
                    // Attached once, it stays so while the connection is down: the queue keeps what happens.
                    if !self.device.is_attached() {
                        self.queue.forget();
                        self.device.attach(Arc::clone(&self.queue) as Arc<dyn Uplink>);
                    }
                    self.converse(socket, &stop).await;
                    self.queue.disconnected();
                    tracing::debug!(device = %self.device.spec().name, "the link ended");
                }
                Err(error) => {
                    self.failed.fetch_add(1, Ordering::Relaxed);
                    let error = &error as &dyn std::error::Error;
                    tracing::debug!(device = %self.device.spec().name, error, "the link was not made");
                }
            }
            // Many devices that lost the same Hallway must not come back in the same moment.
            let jittered = pause.mul_f64(rand::rng().random_range(0.5..1.0));
            pause = (pause * 2).min(self.options.longest_pause);
            tokio::select! {
                () = stop.cancelled() => break,
                () = tokio::time::sleep(jittered) => {}
            }
        }
        self.queue.disconnected();
        self.device.detach();
    }

    async fn connect(&self) -> Result<WebSocketStream<Box<dyn Stream>>, DialError> {
        match tokio::time::timeout(CONNECT_PATIENCE, self.try_connect()).await {
            Ok(outcome) => outcome,
            Err(_) => Err(DialError::TimedOut),
        }
    }

    async fn try_connect(&self) -> Result<WebSocketStream<Box<dyn Stream>>, DialError> {
        let bad = || DialError::Address(self.options.url.clone());
        let mut request = self
            .options
            .url
            .as_str()
            .into_client_request()
            .map_err(|_| bad())?;
        let bearer = format!("Bearer {}", self.options.token.expose());
        let mut bearer = http::HeaderValue::from_str(&bearer).map_err(|_| bad())?;
        bearer.set_sensitive(true);
        request.headers_mut().insert(http::header::AUTHORIZATION, bearer);
        let host = request
            .uri()
            .host()
            .ok_or_else(bad)?
            .trim_matches(['[', ']'])
            .to_owned();
        let secure = match request.uri().scheme_str() {
            Some("wss") => true,
            Some("ws") => false,
            _ => return Err(bad()),
        };
        let port = request.uri().port_u16().unwrap_or(if secure { 443 } else { 80 });
        let failed = |source| DialError::Connect {
            host: host.clone(),
            source,
        };
        let stream = TcpStream::connect((host.as_str(), port)).await.map_err(failed)?;
        let _ = stream.set_nodelay(true);
        let stream: Box<dyn Stream> = if secure {
            let config = self.options.tls.clone().ok_or(DialError::NoTls)?;
            let name = rustls::pki_types::ServerName::try_from(host.clone()).map_err(|_| bad())?;
            Box::new(
                TlsConnector::from(config)
                    .connect(name, stream)
                    .await
                    .map_err(failed)?,
            )
        } else {
            Box::new(stream)
        };
        let made =
            tokio_tungstenite::client_async_with_config(request, stream, Some(websocket_config())).await;
        made.map(|(socket, _)| socket)
            .map_err(|error| DialError::Upgrade(Box::new(error)))
    }

    async fn converse(&self, socket: WebSocketStream<Box<dyn Stream>>, stop: &CancellationToken) {
        let (mut sink, mut stream) = socket.split();
        let (answers, mut waiting) = mpsc::channel::<String>(OPEN_REQUESTS);
        let heartbeat = Heartbeat::default();
        self.queue.connected();
        let write = async {
            let mut ping = tokio::time::interval(PING_EVERY);
            ping.tick().await;
            loop {
                let message = tokio::select! {
                    // Reports come first: a command's answer says that its changes were told.
                    biased;
                    report = self.queue.next() => Message::text(report),
                    Some(answer) = waiting.recv() => Message::text(answer),
                    _ = ping.tick() => {
                        if !heartbeat.ping() {
                            return;
                        }
                        Message::Ping(Vec::new().into())
                    }
                };
                if sink.send(message).await.is_err() {
                    return;
                }
            }
        };
        let read = async {
            let roles = Roles::NONE.with(Role::Admin);
            let mut requests = Requests::default();
            loop {
                let frame = tokio::select! {
                    frame = requests.next() => frame,
                    message = stream.next() => {
                        let Some(Ok(message)) = message else { return };
                        heartbeat.heard();
                        let Message::Text(text) = message else { continue };
                        let Ok(frame) = Frame::parse(text.as_str()) else { return };
                        match (frame.method.as_deref(), frame.id) {
                            (Some(_), Some(id)) if requests.len() >= OPEN_REQUESTS => {
                                answer(&id, &Err(RpcError::new(code::NOT_READY, "too many requests at once")))
                            }
                            (Some(method), id) => {
                                let (method, params) = (method.to_owned(), params_of(frame.params));
                                let work = async move { self.device.perform(&method, params, roles).await };
                                match requests.start(id, work).await {
                                    Some(frame) => frame,
                                    None => continue,
                                }
                            }
                            (None, Some(RpcId::Number(id))) => {
                                if !self.queue.answered(id, frame.error.as_ref()) {
                                    return;
                                }
                                continue;
                            }
                            (None, _) => continue,
                        }
                    }
                };
                if !frame.is_empty() && answers.send(frame).await.is_err() {
                    return;
                }
            }
        };
        let mut power = self.device.power();
        tokio::select! {
            () = write => {}
            () = read => {}
            () = stop.cancelled() => {}
            _ = power.wait_for(|power| *power != Power::On) => {}
        }
        let close = async {
            let _ = sink.send(Message::Close(None)).await;
            let _ = sink.close().await;
        };
        let _ = tokio::time::timeout(Duration::from_secs(2), close).await;
    }
}

impl std::fmt::Debug for Dialler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dialler")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

/// A connection, encrypted or not.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// Reports on their way.
#[derive(Default)]
struct Queue {
    inner: Mutex<Reports>,
    more: Notify,
}

#[derive(Default)]
struct Reports {
    /// By number, oldest first: frames that were not answered.
    frames: VecDeque<(u64, String)>,
    /// Who waits until a frame is answered.
    waiting: HashMap<u64, oneshot::Sender<()>>,
    last: u64,
    /// The last frame that was sent over the present connection.
    sent: u64,
    connected: bool,
    dropped: u64,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Reports> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn connected(&self) {
        let mut reports = self.lock();
        reports.connected = true;
        reports.sent = 0;
    }

    /// Lets go of who waits. What they wait for stays in the queue.
    fn disconnected(&self) {
        let mut reports = self.lock();
        reports.connected = false;
        reports.waiting.clear();
    }

    /// The device starts anew, and the Hallway will ask it for everything.
    fn forget(&self) {
        let mut reports = self.lock();
        reports.frames.clear();
        reports.waiting.clear();
    }

    /// The next frame to send.
    async fn next(&self) -> String {
        loop {
            let more = self.more.notified();
            {
                let mut reports = self.lock();
                let first = reports.frames.front().map_or(0, |(number, _)| *number);
                let sent = reports.sent;
                let next = reports.frames.iter().find(|(number, _)| *number > sent).cloned();
                if let Some((number, frame)) = next
                    && number < first + WINDOW
                {
                    reports.sent = number;
                    return frame;
                }
            }
            more.await;
        }
    }

    /// Takes an answer; whether the connection is still worth anything.
    fn answered(&self, id: i64, error: Option<&RpcError>) -> bool {
        let mut reports = self.lock();
        let at = reports
            .frames
            .iter()
            .position(|(number, _)| i64::try_from(*number) == Ok(id));
        let Some(at) = at else { return true };
        match error.map(|error| error.code) {
            // The Hallway cannot store it now: it is sent again over the next connection.
            Some(code::NOT_READY | code::INTERNAL) => return false,
            Some(_) => reports.dropped += 1,
            None => {}
        }
        if let Some((number, _)) = reports.frames.remove(at)
            && let Some(waiting) = reports.waiting.remove(&number)
        {
            let _ = waiting.send(());
        }
        drop(reports);
        self.more.notify_one();
        true
    }
}

#[async_trait]
impl Uplink for Queue {
    async fn report(&self, report: Report) -> Result<(), UplinkError> {
        let answered = {
            let mut reports = self.lock();
            for params in report_to_params(&report) {
                reports.last += 1;
                let number = reports.last;
                let id = RpcId::Number(i64::try_from(number).unwrap_or(i64::MAX));
                let frame = request(&id, "xFeedback/Event", &params);
                reports.frames.push_back((number, frame));
                if reports.frames.len() > QUEUE_FRAMES {
                    if let Some((oldest, _)) = reports.frames.pop_front() {
                        reports.waiting.remove(&oldest);
                    }
                    reports.dropped += 1;
                }
            }
            // Without a connection nobody is kept waiting; the report goes out when there is one.
            let last = reports.last;
            reports.connected.then(|| {
                let (sender, receiver) = oneshot::channel();
                reports.waiting.insert(last, sender);
                receiver
            })
        };
        self.more.notify_one();
        if let Some(answered) = answered {
            let _ = answered.await;
        }
        Ok(())
    }
}
