//! The plain loop that Hallway is compared with: frame, serde_json, match, a log that groups commits, ack,
//! signed POST over kept connections (or an answer to a long poll), delivered mark. One organization, one
//! integration, no checks, no retries, no bounds.

use std::collections::{HashSet, VecDeque};
use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use anyhow::{Context as _, Result};
use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1::SendRequest;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::{accept, greet, listen};
use crate::frames::{self, TEXT, find, next_frame, server_frame};
use crate::receiver::SECRET;

/// Connections to the receiver, as many as Hallway keeps.
const WORKERS: usize = 64;

/// Most messages in one answer to a poll.
const MAX_MESSAGES: usize = 100;

/// The plain loop.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// Address of the receiver; without it, messages wait for long polls.
    #[arg(long)]
    target: Option<std::net::SocketAddr>,
    /// A notification as Hallway writes it.
    #[arg(long)]
    template: PathBuf,
    #[arg(long)]
    log: PathBuf,
}

struct Relay {
    matches: HashSet<String>,
    /// The notification in front of its value and behind it.
    template: (Vec<u8>, Vec<u8>),
    log: Log,
    lanes: Vec<Lane>,
    connections: AtomicU64,
    polled: Mutex<VecDeque<Bytes>>,
    more: Notify,
}

#[derive(Default)]
struct Lane {
    bodies: Mutex<VecDeque<Bytes>>,
    more: Notify,
}

#[derive(Deserialize)]
struct Frame<'a> {
    id: Option<i64>,
    #[serde(borrow)]
    method: Option<&'a str>,
    #[serde(borrow)]
    params: Option<&'a RawValue>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) async fn run(args: Args) -> Result<()> {
    let template = std::fs::read(&args.template)?;
    let (_, range) = frames::value(&template).context("the template has no value")?;
    let relay = Arc::new(Relay {
        matches: HashSet::from([crate::house::STATUS.to_owned()]),
        template: (template[..range.start].to_vec(), template[range.end..].to_vec()),
        log: Log::open(&args.log)?,
        lanes: (0..WORKERS).map(|_| Lane::default()).collect(),
        connections: AtomicU64::new(0),
        polled: Mutex::default(),
        more: Notify::new(),
    });
    if let Some(target) = args.target {
        for number in 0..WORKERS {
            let relay = Arc::clone(&relay);
            tokio::spawn(async move { relay.deliver(number, target).await });
        }
    }
    let (listener, address) = listen().await?;
    greet(address);
    let by_poll = args.target.is_none();
    accept(listener, move |stream| {
        let relay = Arc::clone(&relay);
        async move { relay.serve(stream, by_poll).await }
    })
    .await
}

impl Relay {
    /// A device, or somebody who polls.
    async fn serve(self: Arc<Self>, mut stream: TcpStream, by_poll: bool) -> Result<()> {
        let mut start = [0; 16];
        stream.peek(&mut start).await?;
        if start.starts_with(b"GET /poll") {
            let relay = self;
            let service = service_fn(move |_: Request<Incoming>| {
                let relay = Arc::clone(&relay);
                async move { Ok::<_, std::convert::Infallible>(relay.poll().await) }
            });
            hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await?;
            return Ok(());
        }
        let rest = shake_hands(&mut stream).await?;
        self.device(stream, rest, by_poll).await
    }

    async fn device(&self, mut stream: TcpStream, mut bytes: Vec<u8>, by_poll: bool) -> Result<()> {
        let number = self.connections.fetch_add(1, Ordering::Relaxed) as usize % WORKERS;
        let mut out = Vec::new();
        loop {
            let mut begin = 0;
            let mut ids = Vec::new();
            let mut bodies = Vec::new();
            while let Some((opcode, range, end)) = next_frame(&mut bytes[begin..]) {
                if opcode == TEXT {
                    let frame: Frame<'_> = serde_json::from_slice(&bytes[begin..][range])?;
                    if let (Some(id), Some("xFeedback/Event"), Some(params)) =
                        (frame.id, frame.method, frame.params)
                    {
                        ids.push(id);
                        let params: Map<String, Value> = serde_json::from_str(params.get())?;
                        if let Some(Value::Object(tree)) = params.get("Status") {
                            self.walk(tree, &mut String::new(), &mut bodies);
                        }
                    }
                }
                begin += end;
            }
            bytes.drain(..begin);
            if !ids.is_empty() {
                self.log.append(&bodies).await;
                out.clear();
                for id in ids {
                    let text = format!(r#"{{"jsonrpc":"2.0","id":{id},"result":true}}"#);
                    server_frame(&mut out, TEXT, text.as_bytes());
                }
                if by_poll {
                    lock(&self.polled).extend(bodies);
                    self.more.notify_one();
                } else {
                    let lane = &self.lanes[number];
                    lock(&lane.bodies).extend(bodies);
                    lane.more.notify_one();
                }
                stream.write_all(&out).await?;
            }
            if stream.read_buf(&mut bytes).await? == 0 {
                return Ok(());
            }
        }
    }

    /// Finds the leaves that somebody hears.
    fn walk(&self, tree: &Map<String, Value>, path: &mut String, found: &mut Vec<Bytes>) {
        for (name, value) in tree {
            let length = path.len();
            if length > 0 {
                path.push('.');
            }
            path.push_str(name);
            match value {
                Value::Object(inner) => self.walk(inner, path, found),
                leaf if self.matches.contains(path.as_str()) => {
                    let (front, back) = &self.template;
                    let mut body = Vec::with_capacity(front.len() + back.len() + 20);
                    body.extend_from_slice(front);
                    // Writing to memory cannot fail.
                    write!(body, "{leaf}").ok();
                    body.extend_from_slice(back);
                    found.push(body.into());
                }
                _ => {}
            }
            path.truncate(length);
        }
    }

    /// One kept connection to the receiver.
    async fn deliver(&self, number: usize, target: std::net::SocketAddr) -> Result<()> {
        let mut sender = connect(target).await?;
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, SECRET.as_bytes());
        let host = HeaderValue::from_str(&target.to_string())?;
        let lane = &self.lanes[number];
        loop {
            let Some(body) = lock(&lane.bodies).pop_front() else {
                lane.more.notified().await;
                continue;
            };
            let answer = sender.send_request(signed(&key, &host, body)?).await?;
            drop(answer);
            sender.ready().await?;
            self.log.mark();
        }
    }

    async fn poll(&self) -> Response<Full<Bytes>> {
        loop {
            let batch: Vec<Bytes> = {
                let mut polled = lock(&self.polled);
                let count = polled.len().min(MAX_MESSAGES);
                polled.drain(..count).collect()
            };
            if batch.is_empty() {
                self.more.notified().await;
                continue;
            }
            let mut body = Vec::with_capacity(batch.iter().map(|b| b.len() + 1).sum::<usize>() + 16);
            body.extend_from_slice(br#"{"messages":["#);
            for (i, message) in batch.iter().enumerate() {
                if i > 0 {
                    body.push(b',');
                }
                body.extend_from_slice(message);
            }
            body.extend_from_slice(b"]}");
            return Response::new(Full::new(body.into()));
        }
    }
}

async fn shake_hands(stream: &mut TcpStream) -> Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(1024);
    loop {
        if stream.read_buf(&mut bytes).await? == 0 {
            anyhow::bail!("closed");
        }
        if let Some(end) = find(&bytes, b"\r\n\r\n") {
            let key = frames::header(&bytes[..end], b"sec-websocket-key").context("no key")?;
            let answer = format!(
                "HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-accept: {}\r\n\r\n",
                derive_accept_key(key.as_bytes())
            );
            stream.write_all(answer.as_bytes()).await?;
            return Ok(bytes.split_off(end + 4));
        }
    }
}

/// One connection over which requests go one after the other.
async fn connect(target: std::net::SocketAddr) -> Result<SendRequest<Full<Bytes>>> {
    let stream = TcpStream::connect(target).await?;
    stream.set_nodelay(true)?;
    let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(sender)
}

/// A webhook's request.
pub(super) fn signed(key: &ring::hmac::Key, host: &HeaderValue, body: Bytes) -> Result<Request<Full<Bytes>>> {
    let signature = hallway_platform::crypto::hmac_sha1_hex(key, &body);
    Ok(Request::builder()
        .method(Method::POST)
        .uri("/hook")
        .header(http::header::HOST, host)
        .header(
            http::header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        )
        .header("x-spark-signature", signature)
        .body(Full::new(body))?)
}

/// A log that writes and syncs what came together.
struct Log {
    shared: Arc<Shared>,
}

struct Shared {
    tail: Mutex<Tail>,
    kick: Condvar,
    durable: AtomicU64,
    done: [Notify; 2],
}

#[derive(Default)]
struct Tail {
    bytes: Vec<u8>,
    group: u64,
    waiting: bool,
}

impl Log {
    fn open(path: &std::path::Path) -> Result<Self> {
        let mut file = File::options().create(true).append(true).open(path)?;
        let shared = Arc::new(Shared {
            tail: Mutex::default(),
            kick: Condvar::new(),
            durable: AtomicU64::new(0),
            done: [Notify::new(), Notify::new()],
        });
        let all = Arc::clone(&shared);
        std::thread::spawn(move || {
            loop {
                let (group, bytes) = {
                    let mut tail = lock(&all.tail);
                    while !tail.waiting {
                        tail = all.kick.wait(tail).unwrap_or_else(PoisonError::into_inner);
                    }
                    tail.waiting = false;
                    tail.group += 1;
                    (tail.group - 1, std::mem::take(&mut tail.bytes))
                };
                if file.write_all(&bytes).and_then(|()| file.sync_data()).is_err() {
                    return;
                }
                all.durable.store(group + 1, Ordering::Release);
                all.done[(group & 1) as usize].notify_waiters();
            }
        });
        Ok(Self { shared })
    }

    async fn append(&self, bodies: &[Bytes]) {
        let group = {
            let mut tail = lock(&self.shared.tail);
            for body in bodies {
                record(&mut tail.bytes, body);
            }
            tail.waiting = true;
            tail.group
        };
        self.shared.kick.notify_one();
        loop {
            let done = self.shared.done[(group & 1) as usize].notified();
            if self.shared.durable.load(Ordering::Acquire) > group {
                return;
            }
            done.await;
        }
    }

    /// Notes a delivery; written with the next append.
    fn mark(&self) {
        record(&mut lock(&self.shared.tail).bytes, &[1]);
    }
}

/// A record: length, checksum, bytes.
pub(crate) fn record(out: &mut Vec<u8>, body: &[u8]) {
    out.extend_from_slice(&(body.len() as u32).to_le_bytes());
    out.extend_from_slice(&crc32fast::hash(body).to_le_bytes());
    out.extend_from_slice(body);
}
