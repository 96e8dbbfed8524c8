//! xAPI status by REST, beside a client that asks the same device directly.

use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::Plan;
use crate::client::{probe, request};
use crate::frames::{TEXT, client_frame, next_frame};
use crate::house::House;
use crate::links::{self, Door};
use crate::process::Process;
use crate::report::Line;
use crate::stats::{Times, median};

/// Row 4.
pub(super) async fn run(plan: &Plan) -> Result<Vec<Line>> {
    let house = House::durable(&plan.hallway).await?;
    let workspace = house.workspace("Bench").await?;
    let (id, door) = house
        .devices(&workspace, 1)
        .await?
        .pop()
        .context("no device was made")?;
    let args = [
        "--address",
        &door.address.to_string(),
        "--path",
        &door.path,
        "--token",
        &door.token,
    ]
    .map(str::to_owned);
    let device = Process::own("device", &args)?;
    let direct = Door {
        address: device.address()?,
        path: "/ws".to_owned(),
        token: "none".to_owned(),
    };
    let mut connection = house.connect().await?;
    let path = format!("/v1/xapi/status?deviceId={id}&name=Audio.Volume");
    let request = request("GET", &path, Some(&house.token), None);
    let (status, body) = connection.ask(&request).await?;
    if status != 200 || crate::frames::find(body, b"50").is_none() {
        bail!("xapi/status answered {status}: {}", String::from_utf8_lossy(body));
    }
    let count = plan.pick(2_000, 10_000);
    let mut found = [(Vec::new(), Vec::new()), (Vec::new(), Vec::new())];
    for _ in 0..plan.rounds {
        let ours = probe(&mut connection, &request, count).await?;
        let bare = ask(&direct, count).await?;
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

/// Asks a device by JSON-RPC, one question after the other.
async fn ask(door: &Door, count: usize) -> Result<Times> {
    let (mut stream, mut bytes) = links::dial(door).await?;
    let mut out = Vec::new();
    let mut micros = Vec::with_capacity(count);
    for id in 0..count {
        let start = Instant::now();
        out.clear();
        let text = format!(
            r#"{{"jsonrpc":"2.0","id":{id},"method":"xQuery","params":{{"Query":["Status","Audio","Volume"]}}}}"#
        );
        client_frame(&mut out, TEXT, text.as_bytes());
        stream.write_all(&out).await?;
        loop {
            if let Some((_, range, end)) = next_frame(&mut bytes) {
                let answer: serde_json::Value = serde_json::from_slice(&bytes[range])?;
                if answer["id"] != id || answer["result"]["Status"]["Audio"]["Volume"] != 50 {
                    bail!("a device answered {answer}");
                }
                bytes.drain(..end);
                break;
            }
            if stream.read_buf(&mut bytes).await? == 0 {
                bail!("a device hung up");
            }
        }
        micros.push(u32::try_from(start.elapsed().as_micros()).unwrap_or(u32::MAX));
    }
    Ok(Times::new(micros))
}
