//! The durable queue, beside a bare file.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use hallway_bus::LogQueue;
use hallway_platform::ports::{NewNotification, NotificationKind, Queue as _, QueueLimits};
use hallway_wire::Timestamp;
use hallway_wire::id::{ActivationId, DeviceId};

use super::Plan;
use crate::baseline::record;
use crate::house::scratch;
use crate::report::Line;
use crate::stats::median;

/// Rows in a group.
const GROUP: usize = 100;

/// Bytes of a row, as many as a notification has.
const ROW: usize = 420;

/// Row 8.
pub(super) async fn run(plan: &Plan) -> Result<Vec<Line>> {
    let groups = plan.pick(500, 2_000);
    let body = Bytes::from(vec![b'x'; ROW]);
    let mut rates = [Vec::new(), Vec::new()];
    for _ in 0..plan.rounds {
        let dir = scratch()?;
        rates[0].push(ours(dir.path(), groups, &body).await?);
        let dir = scratch()?;
        rates[1].push(bare(&dir.path().join("bare.log"), groups, &body)?);
    }
    Ok(vec![Line::rate(
        "rows, groups of 100",
        median(&rates[0]),
        median(&rates[1]),
        0.8,
    )])
}

async fn ours(dir: &Path, groups: usize, body: &Bytes) -> Result<f64> {
    let limits = QueueLimits {
        max_len: groups * GROUP,
        ..QueueLimits::default()
    };
    let queue = LogQueue::open(dir, limits).context("opening the queue")?;
    let activation = ActivationId::random();
    let devices: Vec<DeviceId> = (0..GROUP).map(|_| DeviceId::random()).collect();
    let start = Instant::now();
    for _ in 0..groups {
        let batch = devices
            .iter()
            .map(|device| NewNotification {
                activation,
                device: Some(*device),
                kind: NotificationKind::Status,
                at: Timestamp(0),
                body: body.clone(),
            })
            .collect();
        queue.append(batch).await.context("appending")?;
    }
    let rate = (groups * GROUP) as f64 / start.elapsed().as_secs_f64();
    queue.close().await;
    Ok(rate)
}

fn bare(path: &Path, groups: usize, body: &[u8]) -> Result<f64> {
    let mut file = File::options().create(true).append(true).open(path)?;
    let mut out = Vec::new();
    let start = Instant::now();
    for _ in 0..groups {
        out.clear();
        for _ in 0..GROUP {
            record(&mut out, body);
        }
        file.write_all(&out)?;
        file.sync_data()?;
    }
    Ok((groups * GROUP) as f64 / start.elapsed().as_secs_f64())
}
