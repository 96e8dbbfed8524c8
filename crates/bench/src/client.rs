//! HTTP clients: one that asks for JSON while things are set up, and one that hammers.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::frames;
use crate::stats::Times;

/// One kept connection, one request at a time.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    bytes: Vec<u8>,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address)
            .await
            .with_context(|| format!("connecting to {address}"))?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            bytes: Vec::with_capacity(8192),
        })
    }

    /// Sends a whole request and reads the answer: its status, and its body until the next call.
    pub(crate) async fn ask(&mut self, request: &[u8]) -> Result<(u16, &[u8])> {
        self.bytes.clear();
        self.stream.write_all(request).await?;
        loop {
            if self.stream.read_buf(&mut self.bytes).await? == 0 {
                bail!("the connection was closed");
            }
            if let Some(head) = frames::next_message(&self.bytes) {
                return Ok((head.status, &self.bytes[head.body]));
            }
        }
    }
}

impl Connection {
    /// Where the page behind the last answer is, if there is one.
    pub(crate) fn next_page(&self) -> Option<String> {
        let head = self
            .bytes
            .split(|byte| *byte == b'\n')
            .take_while(|line| line.len() > 1);
        let links = head
            .filter_map(|line| std::str::from_utf8(line).ok())
            .filter(|line| line.to_ascii_lowercase().starts_with("link:"));
        let next = links
            .flat_map(|line| line.split(','))
            .find(|link| link.contains("rel=\"next\""))?;
        let url: http::Uri = next.split_once('<')?.1.split_once('>')?.0.parse().ok()?;
        Some(url.path_and_query()?.as_str().to_owned())
    }
}

/// The bytes of a request.
pub(crate) fn request(method: &str, path: &str, token: Option<&str>, body: Option<&Value>) -> Vec<u8> {
    let mut text = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\naccept: application/json\r\n");
    if let Some(token) = token {
        text.push_str(&format!("authorization: Bearer {token}\r\n"));
    }
    match body {
        Some(body) => {
            let body = body.to_string();
            text.push_str(&format!(
                "content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            ));
        }
        None => text.push_str("\r\n"),
    }
    text.into_bytes()
}

/// Asks for JSON over a connection of its own.
pub(crate) async fn json(
    connection: &mut Connection,
    method: &str,
    path: &str,
    token: Option<&str>,
    body: Option<&Value>,
) -> Result<Value> {
    let (status, answer) = connection.ask(&request(method, path, token, body)).await?;
    if !(200..300).contains(&status) {
        bail!("{method} {path}: {status}: {}", String::from_utf8_lossy(answer));
    }
    if answer.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(answer).with_context(|| format!("{method} {path} did not answer JSON"))
}

/// Asks the same over many connections for a while. Returns answers per second.
pub(crate) async fn hammer(
    address: SocketAddr,
    request: &[u8],
    connections: usize,
    time: Duration,
) -> Result<f64> {
    let mut tasks = tokio::task::JoinSet::new();
    let start = Instant::now();
    for _ in 0..connections {
        let request = request.to_vec();
        tasks.spawn(async move {
            let mut connection = Connection::open(address).await?;
            let mut count = 0u64;
            while start.elapsed() < time {
                let (status, _) = connection.ask(&request).await?;
                if status != 200 {
                    bail!("answered {status}");
                }
                count += 1;
            }
            Ok(count)
        });
    }
    let mut count = 0;
    while let Some(ended) = tasks.join_next().await {
        count += ended.context("a client's task")??;
    }
    Ok(count as f64 / start.elapsed().as_secs_f64())
}

/// Asks the same one after the other, and measures each answer.
pub(crate) async fn probe(connection: &mut Connection, request: &[u8], count: usize) -> Result<Times> {
    let mut micros = Vec::with_capacity(count);
    for _ in 0..count {
        let start = Instant::now();
        let (status, body) = connection.ask(request).await?;
        if status != 200 {
            bail!("answered {status}: {}", String::from_utf8_lossy(body));
        }
        micros.push(u32::try_from(start.elapsed().as_micros()).unwrap_or(u32::MAX));
    }
    Ok(Times::new(micros))
}
