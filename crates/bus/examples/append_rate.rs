//! How fast the queue keeps notifications, beside a bare file that is written and synced in a loop.
//!
//! `cargo run --release -p hallway-bus --example append_rate [folder]`

#![allow(clippy::print_stdout, reason = "printing is what it is for")]

use std::error::Error;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use hallway_bus::LogQueue;
use hallway_platform::ports::{NewNotification, NotificationKind, Queue, QueueLimits, Take};
use hallway_wire::Timestamp;
use hallway_wire::id::{ActivationId, DeviceId};

const GROUP: usize = 100;
const BODY_BYTES: usize = 300;
const FOR: Duration = Duration::from_secs(2);

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).unwrap_or_else(|| "target".to_owned());
    let dir = tempfile::tempdir_in(folder)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()?;
    println!("rows of {BODY_BYTES} bytes in groups of {GROUP}");
    let mut ratios = Vec::new();
    for round in 0..3 {
        let bare = bare(&dir.path().join("bare"))?;
        let one = runtime.block_on(batches(&dir.path().join(format!("one{round}")), 1))?;
        let four = runtime.block_on(batches(&dir.path().join(format!("four{round}")), 4))?;
        let single = runtime.block_on(singles(&dir.path().join(format!("single{round}"))))?;
        println!(
            "bare {bare:>8.0} rows/s; queue: 1 appender {one:>8.0} ({:.2}), 4 appenders {four:>8.0} ({:.2}), \
             100 appenders of one row {single:>8.0} ({:.2})",
            one / bare,
            four / bare,
            single / bare
        );
        ratios.push(one / bare);
    }
    ratios.sort_by(f64::total_cmp);
    println!("median ratio with one appender: {:.2}", ratios[1]);
    runtime.block_on(in_memory())?;
    Ok(())
}

fn bare(path: &Path) -> Result<f64, Box<dyn Error>> {
    let mut file = File::create(path)?;
    let group = vec![7; GROUP * BODY_BYTES];
    let begun = Instant::now();
    let mut rows = 0;
    while begun.elapsed() < FOR {
        file.write_all(&group)?;
        file.sync_data()?;
        rows += GROUP;
    }
    Ok(rows as f64 / begun.elapsed().as_secs_f64())
}

fn row(activation: ActivationId, device: DeviceId, body: &[u8]) -> NewNotification {
    NewNotification {
        activation,
        device: Some(device),
        kind: NotificationKind::Status,
        at: Timestamp(0),
        body: Bytes::copy_from_slice(body),
    }
}

/// Appends whole groups, and sweeps, as a house does; nobody fetches them, so the oldest are dropped.
async fn batches(dir: &Path, appenders: usize) -> Result<f64, Box<dyn Error>> {
    let queue = Arc::new(LogQueue::open(dir, QueueLimits::default())?);
    let mut tasks = tokio::task::JoinSet::new();
    let begun = Instant::now();
    for _ in 0..appenders {
        let queue = Arc::clone(&queue);
        tasks.spawn(async move {
            let (activation, body) = (ActivationId::random(), vec![b'x'; BODY_BYTES]);
            let devices: Vec<DeviceId> = (0..GROUP).map(|_| DeviceId::random()).collect();
            let mut rows = 0;
            while begun.elapsed() < FOR {
                let batch = devices
                    .iter()
                    .map(|device| row(activation, *device, &body))
                    .collect();
                queue.append(batch).await?;
                rows += GROUP;
            }
            Ok::<_, hallway_platform::ports::QueueError>(rows)
        });
    }
    let rate = finish(tasks, begun).await?;
    queue.close().await;
    Ok(rate)
}

async fn singles(dir: &Path) -> Result<f64, Box<dyn Error>> {
    let queue = Arc::new(LogQueue::open(dir, QueueLimits::default())?);
    let mut tasks = tokio::task::JoinSet::new();
    let begun = Instant::now();
    let activation = ActivationId::random();
    for _ in 0..GROUP {
        let queue = Arc::clone(&queue);
        tasks.spawn(async move {
            let (device, body) = (DeviceId::random(), vec![b'x'; BODY_BYTES]);
            let mut rows = 0;
            while begun.elapsed() < FOR {
                queue.append(vec![row(activation, device, &body)]).await?;
                rows += 1;
            }
            Ok::<_, hallway_platform::ports::QueueError>(rows)
        });
    }
    let rate = finish(tasks, begun).await?;
    queue.close().await;
    Ok(rate)
}

async fn finish(
    mut tasks: tokio::task::JoinSet<Result<usize, hallway_platform::ports::QueueError>>,
    begun: Instant,
) -> Result<f64, Box<dyn Error>> {
    let mut rows = 0;
    while let Some(done) = tasks.join_next().await {
        rows += done??;
    }
    Ok(rows as f64 / begun.elapsed().as_secs_f64())
}

/// What appending, leasing and acknowledging cost without a disk.
async fn in_memory() -> Result<(), Box<dyn Error>> {
    const ROUNDS: usize = 2000;
    let queue = LogQueue::in_memory(QueueLimits::default());
    let (activation, body) = (ActivationId::random(), vec![b'x'; BODY_BYTES]);
    let devices: Vec<DeviceId> = (0..GROUP).map(|_| DeviceId::random()).collect();
    let begun = Instant::now();
    for _ in 0..ROUNDS {
        let batch = devices
            .iter()
            .map(|device| row(activation, *device, &body))
            .collect();
        queue.append(batch).await?;
        for _ in 0..GROUP {
            let leased = queue
                .lease(activation, Take::Lane, 10, Timestamp(1), Timestamp(1000))
                .await?;
            let seqs: Vec<u64> = leased.iter().map(|one| one.seq).collect();
            queue.acknowledge(activation, &seqs).await?;
        }
    }
    let each = begun.elapsed() / (ROUNDS * GROUP) as u32;
    println!("in memory: append, lease and acknowledge one row: {each:?}");
    Ok(())
}
