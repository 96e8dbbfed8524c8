//! `kill -9` under load: everything that was acknowledged to the appender is there, in order and whole.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use hallway_bus::{LogOptions, LogQueue};
use hallway_platform::ports::{NewNotification, Queue, QueueLimits, Take};
use hallway_wire::Timestamp;
use tempfile::tempdir;

use crate::support::*;

const FOLDER: &str = "HALLWAY_BUS_CRASH_FOLDER";
const ROUND: &str = "HALLWAY_BUS_CRASH_ROUND";
const ROUNDS: u64 = 6;
const LANES: u128 = 4;

fn open_at(dir: &Path) -> LogQueue {
    let limits = QueueLimits {
        max_len: usize::MAX,
        ..QueueLimits::default()
    };
    let options = LogOptions {
        segment_bytes: 64 << 10,
    };
    LogQueue::open_with(dir, limits, options).unwrap()
}

#[tokio::test]
async fn what_was_acknowledged_survives_kill_9() {
    let dir = tempdir().unwrap();
    // What was printed in all rounds: of each lane the last batch of each round.
    let mut printed: BTreeMap<(u128, u64), u64> = BTreeMap::new();
    for round in 0..ROUNDS {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "crash::child",
                "--ignored",
                "--nocapture",
                "--test-threads=1",
            ])
            .env(FOLDER, dir.path())
            .env(ROUND, round.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut left = 40 + round * 57;
        let mut killed = false;
        while let Some(Ok(line)) = lines.next() {
            // What the child wrote before it was killed still counts, but a line may end in the middle.
            let Some(batch) = line
                .strip_prefix("durable ")
                .and_then(|rest| rest.strip_suffix(" ."))
            else {
                continue;
            };
            let (lane, number) = batch.split_once(' ').unwrap();
            printed.insert((lane.parse().unwrap(), round), number.parse().unwrap());
            left = left.saturating_sub(1);
            if left == 0 && !killed {
                child.kill().unwrap();
                killed = true;
            }
        }
        assert!(killed, "the child ended early in round {round}");
        child.wait().unwrap();
        check(&open_at(dir.path()), round, &printed).await;
    }
}

/// Every lane holds, round after round, the batches 0, 1, 2, … whole, up to the last printed one at least.
async fn check(queue: &LogQueue, last_round: u64, printed: &BTreeMap<(u128, u64), u64>) {
    for lane in 0..LANES {
        let all = bodies(&lease(queue, activation(lane), Take::Oldest, usize::MAX).await);
        let mut rest = all.iter().map(String::as_str).peekable();
        for round in 0..=last_round {
            let mut number = 0;
            while rest
                .next_if(|body| *body == format!("{round} {number} first"))
                .is_some()
            {
                let second = rest.next();
                assert_eq!(
                    second,
                    Some(format!("{round} {number} second").as_str()),
                    "half a batch"
                );
                number += 1;
            }
            let expected = printed.get(&(lane, round)).map_or(0, |last| last + 1);
            assert!(
                number >= expected,
                "lane {lane}, round {round}: {number} of {expected}"
            );
        }
        assert_eq!(rest.next(), None, "lane {lane}");
    }
    let purged = lease(queue, activation(77), Take::Oldest, usize::MAX).await;
    assert!(purged.len() <= 1, "a purge was forgotten: {:?}", bodies(&purged));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "it is what the crash test runs and kills"]
async fn child() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let round = std::env::var(ROUND).unwrap();
    let queue = Arc::new(open_at(Path::new(&folder)));
    let mut tasks = tokio::task::JoinSet::new();
    for lane in 0..LANES {
        let (queue, round) = (Arc::clone(&queue), round.clone());
        tasks.spawn(async move {
            for number in 0..u64::MAX {
                let batch: Vec<NewNotification> = ["first", "second"]
                    .map(|half| status(activation(lane), lane, format!("{round} {number} {half}")))
                    .to_vec();
                append(&queue, batch).await.unwrap();
                writeln!(std::io::stdout(), "durable {lane} {number} .").unwrap();
            }
        });
    }
    // Beside them one queue that comes and goes, so that segments die and are tidied up.
    tasks.spawn(async move {
        loop {
            append(&queue, vec![status(activation(77), 1, "x".repeat(20_000))])
                .await
                .unwrap();
            queue.purge(activation(77)).await.unwrap();
            queue.sweep(Timestamp(NOW)).await.unwrap();
        }
    });
    tasks.join_next().await.unwrap().unwrap();
}
