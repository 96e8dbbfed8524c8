//! Devices on their WebSockets: many links that report, count their acknowledgements, and answer what they
//! are asked.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Notify;

use crate::clock;
use crate::frames::{self, CLOSE, PING, PONG, TEXT, client_frame, find, next_frame};

/// Where a device dials in, and with what.
#[derive(Clone, Debug)]
pub(crate) struct Door {
    pub(crate) address: SocketAddr,
    pub(crate) path: String,
    /// Value of the header.
    pub(crate) authorization: String,
}

/// One open link.
#[derive(Debug)]
pub(crate) struct Link {
    stream: TcpStream,
    writing: tokio::sync::Mutex<()>,
    sent: AtomicU64,
    acknowledged: AtomicU64,
    progress: Notify,
    broken: AtomicBool,
}

/// Opens a WebSocket. Returns what came behind the handshake already.
pub(crate) async fn dial(door: &Door) -> Result<(TcpStream, Vec<u8>)> {
    let mut stream = TcpStream::connect(door.address).await.context("dialling")?;
    stream.set_nodelay(true)?;
    let request = format!(
        "GET {} HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAuthorization: {}\r\n\r\n",
        door.path, door.address, door.authorization
    );
    stream.write_all(request.as_bytes()).await?;
    let mut bytes = Vec::new();
    loop {
        if stream.read_buf(&mut bytes).await? == 0 {
            bail!("a link was closed before it was open");
        }
        if let Some(end) = find(&bytes, b"\r\n\r\n") {
            if !bytes.starts_with(b"HTTP/1.1 101") {
                bail!("a link was refused: {}", String::from_utf8_lossy(&bytes));
            }
            return Ok((stream, bytes.split_off(end + 4)));
        }
    }
}

/// Opens links, a number of them at a time.
pub(crate) async fn open(doors: &[Door]) -> Result<Vec<Arc<Link>>> {
    stream::iter(doors.iter().map(|door| async move {
        let (stream, rest) = dial(door).await?;
        let link = Arc::new(Link {
            stream,
            writing: tokio::sync::Mutex::new(()),
            sent: AtomicU64::new(0),
            acknowledged: AtomicU64::new(0),
            progress: Notify::new(),
            broken: AtomicBool::new(false),
        });
        let reader = Arc::clone(&link);
        tokio::spawn(async move {
            if reader.read(rest).await.is_err() {
                reader.broken.store(true, Ordering::Release);
                reader.progress.notify_waiters();
                reader.progress.notify_one();
            }
        });
        Ok(link)
    }))
    .buffered(64)
    .try_collect()
    .await
}

/// What a device answers that has little to say.
fn answer(request: &[u8]) -> Option<String> {
    let request: Value = serde_json::from_slice(request).ok()?;
    let result = match request.get("method")?.as_str()? {
        "xQuery" | "xGet" => json!({ "Status": {} }),
        _ => json!(true),
    };
    Some(json!({"jsonrpc": "2.0", "id": request.get("id")?, "result": result}).to_string())
}

impl Link {
    async fn read(&self, mut bytes: Vec<u8>) -> Result<()> {
        loop {
            let mut begin = 0;
            let mut acknowledged = 0;
            while let Some((opcode, range, end)) = next_frame(&mut bytes[begin..]) {
                let payload = &bytes[begin..][range];
                match opcode {
                    TEXT if find(payload, b"\"method\"").is_some() => {
                        if let Some(text) = answer(payload) {
                            let mut out = Vec::new();
                            client_frame(&mut out, TEXT, text.as_bytes());
                            self.write(&out).await?;
                        }
                    }
                    TEXT if find(payload, b"\"error\"").is_some() => {
                        bail!("refused: {}", String::from_utf8_lossy(payload))
                    }
                    TEXT => acknowledged += 1,
                    PING => {
                        let mut out = Vec::new();
                        client_frame(&mut out, PONG, payload);
                        self.write(&out).await?;
                    }
                    CLOSE => bail!("closed"),
                    _ => {}
                }
                begin += end;
            }
            bytes.drain(..begin);
            if acknowledged > 0 {
                self.acknowledged.fetch_add(acknowledged, Ordering::AcqRel);
                self.progress.notify_one();
            }
            self.stream.readable().await?;
            match self.stream.try_read_buf(&mut bytes) {
                Ok(0) => bail!("closed"),
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    async fn write(&self, mut bytes: &[u8]) -> Result<()> {
        let _turn = self.writing.lock().await;
        while !bytes.is_empty() {
            match self.stream.try_write(bytes) {
                Ok(written) => bytes = &bytes[written..],
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.stream.writable().await?,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    fn unacknowledged(&self) -> u64 {
        self.sent.load(Ordering::Acquire) - self.acknowledged.load(Ordering::Acquire)
    }

    fn check(&self) -> Result<()> {
        if self.broken.load(Ordering::Acquire) {
            bail!("a device's link broke, or a report was refused");
        }
        Ok(())
    }

    /// Reports `count` values, the time of each, with at most `window` unacknowledged. Returns when all are
    /// acknowledged. `ahead` tells how many reports may be begun now.
    async fn pipeline(&self, count: u64, window: u64, ahead: &impl Fn(u64) -> u64) -> Result<()> {
        let mut left = count;
        let mut out = Vec::new();
        loop {
            self.check()?;
            let waiting = self.unacknowledged();
            if left == 0 && waiting == 0 {
                return Ok(());
            }
            let room = window.saturating_sub(waiting).min(left);
            // Filling up half a window at once keeps the generator cheap.
            let begin = if room >= left.min(window / 2).max(1) {
                ahead(room)
            } else {
                0
            };
            if begin == 0 {
                if waiting == 0 {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                } else {
                    self.progress.notified().await;
                }
                continue;
            }
            out.clear();
            let first = self.sent.fetch_add(begin, Ordering::AcqRel);
            let now = clock::micros();
            for id in first..first + begin {
                client_frame(&mut out, TEXT, frames::report(id, now).as_bytes());
            }
            left -= begin;
            self.write(&out).await?;
        }
    }

    /// Reports the time, so many times in one write.
    async fn burst(&self, count: u64) -> Result<()> {
        self.check()?;
        let mut out = Vec::with_capacity(160 * count as usize);
        let first = self.sent.fetch_add(count, Ordering::AcqRel);
        let now = clock::micros();
        for id in first..first + count {
            client_frame(&mut out, TEXT, frames::report(id, now).as_bytes());
        }
        self.write(&out).await
    }
}

/// Reports `total` values over all links as fast as they are acknowledged; no more than `most` of them may be
/// begun and not yet counted by `done`. Returns when all are acknowledged.
pub(crate) async fn flood(
    links: &[Arc<Link>],
    total: u64,
    most: u64,
    done: impl Fn() -> u64 + Send + Sync + 'static,
) -> Result<()> {
    const WINDOW: u64 = 64;
    let each = total / links.len() as u64;
    let begun = Arc::new(AtomicU64::new(0));
    let done = Arc::new(done);
    let mut tasks = tokio::task::JoinSet::new();
    for link in links {
        let (link, begun, done) = (Arc::clone(link), Arc::clone(&begun), Arc::clone(&done));
        tasks.spawn(async move {
            let ahead = |want: u64| {
                let open = begun.load(Ordering::Acquire).saturating_sub(done());
                let begin = want.min(most.saturating_sub(open));
                begun.fetch_add(begin, Ordering::AcqRel);
                begin
            };
            link.pipeline(each, WINDOW, &ahead).await
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended.context("a device's task")??;
    }
    Ok(())
}

/// Reports values at a steady rate, one link after the other; what is due at the same moment goes out in
/// bursts, because a generator that writes each by itself would take the processor that is measured. Returns
/// how many.
pub(crate) async fn pace(links: &[Arc<Link>], per_second: f64, time: Duration) -> Result<u64> {
    const BURST: u64 = 8;
    let start = Instant::now();
    let total = (per_second * time.as_secs_f64()) as u64;
    let every = Duration::from_secs_f64((1.0 / per_second).max(0.001));
    let mut ticks = tokio::time::interval(every);
    let (mut sent, mut turn) = (0, 0);
    while sent < total {
        ticks.tick().await;
        let due = ((start.elapsed().as_secs_f64() * per_second) as u64).min(total);
        while sent < due {
            let count = BURST.min(due - sent);
            links[turn % links.len()].burst(count).await?;
            sent += count;
            turn += 1;
        }
    }
    for link in links {
        while link.unacknowledged() > 0 {
            link.check()?;
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    Ok(total)
}
