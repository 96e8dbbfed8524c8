//! xAPI status by REST, beside a client that asks the same device directly.

use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::Plan;
use crate::client::{self, Connection, probe, request};
use crate::frames::{TEXT, client_frame, next_frame};
use crate::house::{House, scratch};
use crate::links::{self, Door};
use crate::process::Process;
use crate::report::Line;
use crate::stats::{Times, median};

/// Row 4.
pub(super) async fn run(plan: &Plan) -> Result<Vec<Line>> {
    let house = House::durable(&plan.hallway).await?;
    let workspace = house.workspace("Bench").await?;
    let mut connection = house.connect().await?;
    let local: SocketAddr = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let code = house.device_code(&mut connection, &workspace).await?;
    let url = format!("http://{}", house.address);
    // A simulated device in a process of its own: it dials Hallway, and it lets others dial it.
    let dir = scratch()?;
    let identity = dir.path().join("device.json").display().to_string();
    let args = [
        "device",
        "run",
        "--listen",
        &local.to_string(),
        "--code",
        &code,
        "--url",
        &url,
        "--identity",
        &identity,
    ]
    .map(str::to_owned);
    let _device = Process::start(&plan.hallway, &args)?;
    let request = linked(&house, &mut connection).await?;
    let authorization = format!("Basic {}", STANDARD.encode("admin:"));
    let (stream, bytes) = links::dial(&Door {
        address: local,
        path: "/ws".to_owned(),
        authorization,
    })
    .await?;
    let mut direct = Direct {
        stream,
        bytes,
        asked: 0,
    };

    let count = plan.pick(2_000, 10_000);
    let mut found = [(Vec::new(), Vec::new()), (Vec::new(), Vec::new())];
    for _ in 0..plan.rounds {
        let ours = probe(&mut connection, &request, count).await?;
        let bare = direct.probe(count).await?;
        for (at, times) in [ours, bare].into_iter().enumerate() {
            found[at].0.push(times.percentile_ms(50.0));
            found[at].1.push(times.percentile_ms(99.0));
        }
    }
    Ok(vec![
        Line::times("p50", median(&found[0].0), median(&found[1].0), "ms", 2.5),
        Line::amount("p99", median(&found[0].1), Some(median(&found[1].1)), "ms", 0.6),
    ])
}

/// Waits until the device answers by way of Hallway. Returns the request that it answers.
async fn linked(house: &House, connection: &mut Connection) -> Result<Vec<u8>> {
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(10) {
        let devices = client::json(connection, "GET", "/v1/devices", Some(&house.token), None).await?;
        if let Some(id) = devices["items"][0]["id"].as_str() {
            let path = format!("/v1/xapi/status?deviceId={id}&name=Audio.Volume");
            let request = request("GET", &path, Some(&house.token), None);
            let (status, body) = connection.ask(&request).await?;
            let answer: Value = serde_json::from_slice(body)?;
            if status == 200 && answer["result"]["Audio"]["Volume"].is_number() {
                return Ok(request);
            }
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    bail!("the device did not link up")
}

/// A JSON-RPC client at the device's own WebSocket.
struct Direct {
    stream: TcpStream,
    bytes: Vec<u8>,
    asked: usize,
}

impl Direct {
    async fn probe(&mut self, count: usize) -> Result<Times> {
        let mut micros = Vec::with_capacity(count);
        for _ in 0..count {
            let start = Instant::now();
            self.ask().await?;
            micros.push(u32::try_from(start.elapsed().as_micros()).unwrap_or(u32::MAX));
        }
        Ok(Times::new(micros))
    }

    async fn ask(&mut self) -> Result<()> {
        self.asked += 1;
        let id = self.asked;
        let text = format!(
            r#"{{"jsonrpc":"2.0","id":{id},"method":"xQuery","params":{{"Query":["Status","Audio","Volume"]}}}}"#
        );
        let mut out = Vec::new();
        client_frame(&mut out, TEXT, text.as_bytes());
        self.stream.write_all(&out).await?;
        loop {
            while let Some((opcode, range, end)) = next_frame(&mut self.bytes) {
                let answer: Option<Value> = (opcode == TEXT)
                    .then(|| serde_json::from_slice(&self.bytes[range]))
                    .transpose()?;
                self.bytes.drain(..end);
                if let Some(answer) = answer.filter(|answer| answer["id"] == id) {
                    let volume = &answer["result"]["Status"]["Audio"]["Volume"];
                    volume
                        .as_i64()
                        .with_context(|| format!("a device answered {answer}"))?;
                    return Ok(());
                }
            }
            if self.stream.read_buf(&mut self.bytes).await? == 0 {
                bail!("a device hung up");
            }
        }
    }
}
