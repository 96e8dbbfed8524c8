//! What only a queue on disk can get wrong.

use std::fs;
use std::path::{Path, PathBuf};

use hallway_bus::{LogOptions, LogQueue, OpenError};
use hallway_platform::ports::{Queue, QueueError, QueueLimits, Take};
use hallway_wire::Timestamp;
use tempfile::{TempDir, tempdir};

use crate::support::*;

fn open(dir: &TempDir) -> LogQueue {
    small(dir, QueueLimits::default())
}

fn try_open(dir: &TempDir) -> Result<LogQueue, OpenError> {
    LogQueue::open(dir.path(), QueueLimits::default())
}

fn segments(dir: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "log"))
        .collect();
    files.sort();
    files
}

/// Where the groups of a segment end: behind that are only zeros.
fn end_of(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .rposition(|byte| *byte != 0)
        .map_or(0, |last| last + 1)
}

#[tokio::test]
async fn what_was_appended_and_not_acknowledged_is_there_again() {
    let dir = tempdir().unwrap();
    let a = activation(1);
    let queue = open(&dir);
    append(
        &queue,
        (0..100).map(|n| status(a, n % 7, n.to_string())).collect(),
    )
    .await
    .unwrap();
    append(&queue, vec![action(a, "act")]).await.unwrap();
    let out = lease(&queue, a, Take::Oldest, 10).await;
    queue.acknowledge(a, &seqs(&out)[..5]).await.unwrap();
    drop(queue);
    let queue = open(&dir);
    let mut expected: Vec<String> = (5..100).map(|n| n.to_string()).collect();
    expected.push("act".to_owned());
    let all = lease(&queue, a, Take::Oldest, usize::MAX).await;
    assert_eq!(bodies(&all), expected);
    assert_eq!(all[95].device, None);
    assert_eq!(all[0].device, Some(device(5)));
    assert!(seqs(&all).is_sorted());
}

#[tokio::test]
async fn close_writes_acknowledgements_and_lets_others_in() {
    let dir = tempdir().unwrap();
    let a = activation(1);
    let queue = open(&dir);
    append(&queue, vec![status(a, 1, "one"), status(a, 1, "two")])
        .await
        .unwrap();
    let out = lease(&queue, a, Take::Lane, 1).await;
    queue.acknowledge(a, &seqs(&out)).await.unwrap();
    queue.close().await;
    let again = open(&dir);
    assert_eq!(everything(&again, a).await, ["two"]);
}

#[tokio::test]
async fn numbers_grow_over_restarts() {
    let dir = tempdir().unwrap();
    let a = activation(1);
    let mut last = 0;
    for _ in 0..5 {
        let queue = open(&dir);
        append(&queue, (0..40).map(|_| status(a, 1, "x".repeat(50))).collect())
            .await
            .unwrap();
        let out = lease(&queue, a, Take::Lane, usize::MAX).await;
        assert_eq!(out.len(), 40);
        assert!(out[0].seq > last);
        last = out[39].seq;
        queue.acknowledge(a, &seqs(&out)).await.unwrap();
        queue.sweep(Timestamp(NOW)).await.unwrap();
        queue.close().await;
    }
    assert_eq!(segments(dir.path()).len(), 1);
}

#[tokio::test]
async fn only_one_process_has_a_folder() {
    let dir = tempdir().unwrap();
    let queue = open(&dir);
    assert!(matches!(try_open(&dir), Err(OpenError::Locked(_))));
    drop(queue);
    try_open(&dir).unwrap();
}

#[tokio::test]
async fn a_torn_end_is_cut_off_wherever_it_tore() {
    let a = activation(1);
    let dir = tempdir().unwrap();
    let queue = open(&dir);
    append(&queue, vec![status(a, 1, "kept")]).await.unwrap();
    let file = segments(dir.path()).remove(0);
    let before = end_of(&fs::read(&file).unwrap());
    append(&queue, vec![status(a, 1, "torn one"), status(a, 2, "torn two")])
        .await
        .unwrap();
    drop(queue);
    let whole = fs::read(&file).unwrap();
    let after = end_of(&whole);
    for cut in before + 1..after {
        // Shorter, or the rest was still zeros.
        for zeros in [0, after - cut, 5000] {
            let mut torn = whole[..cut].to_vec();
            torn.resize(cut + zeros, 0);
            fs::write(&file, &torn).unwrap();
            let queue = open(&dir);
            assert_eq!(
                everything(&queue, a).await,
                ["kept"],
                "cut at {cut}, {zeros} zeros"
            );
            append(&queue, vec![status(a, 3, "new")]).await.unwrap();
            drop(queue);
            let queue = open(&dir);
            assert_eq!(
                everything(&queue, a).await,
                ["kept", "new"],
                "cut at {cut}, {zeros} zeros"
            );
        }
    }
}

#[tokio::test]
async fn a_segment_that_was_just_begun_may_lack_its_header() {
    let dir = tempdir().unwrap();
    let a = activation(1);
    let queue = open(&dir);
    append(&queue, vec![status(a, 1, "kept")]).await.unwrap();
    drop(queue);
    for torn in [&b""[..], &b"hallway"[..], &[0; 32][..]] {
        fs::write(dir.path().join("0000000002.log"), torn).unwrap();
        let queue = open(&dir);
        assert_eq!(everything(&queue, a).await, ["kept"]);
        assert_eq!(segments(dir.path()).len(), 1);
    }
}

#[tokio::test]
async fn damage_in_the_middle_is_reported_with_file_and_offset() {
    let dir = tempdir().unwrap();
    let a = activation(1);
    let queue = open(&dir);
    for n in 0..3 {
        append(&queue, vec![status(a, 1, format!("number {n}"))])
            .await
            .unwrap();
    }
    drop(queue);
    let file = segments(dir.path()).remove(0);
    let whole = fs::read(&file).unwrap();
    let at = whole.windows(8).position(|window| window == b"number 1").unwrap();
    let mut damaged = whole.clone();
    damaged[at] ^= 1;
    fs::write(&file, &damaged).unwrap();
    let error = try_open(&dir).unwrap_err();
    let OpenError::Corrupt {
        file: named, offset, ..
    } = &error
    else {
        panic!("{error}")
    };
    assert_eq!(*named, file);
    assert!(*offset < at as u64 && *offset > 32);
    let text = error.to_string();
    assert!(text.contains("0000000001.log is damaged at offset"), "{text}");
    assert_eq!(
        fs::read(&file).unwrap(),
        damaged,
        "a damaged log is left as it is"
    );
}

#[tokio::test]
async fn damage_in_an_older_segment_is_never_taken_for_a_torn_end() {
    let dir = tempdir().unwrap();
    let a = activation(1);
    let queue = open(&dir);
    for n in 0..10 {
        append(&queue, vec![status(a, 1, format!("{n}{}", "x".repeat(1500)))])
            .await
            .unwrap();
    }
    drop(queue);
    let files = segments(dir.path());
    assert!(files.len() > 2);
    let whole = fs::read(&files[0]).unwrap();

    fs::write(&files[0], &whole[..whole.len() / 2]).unwrap();
    assert!(matches!(try_open(&dir), Err(OpenError::Corrupt { .. })));
    // Even where the cut leaves whole groups only.
    fs::write(&files[0], &whole[..32]).unwrap();
    assert!(matches!(try_open(&dir), Err(OpenError::Corrupt { .. })));
    fs::write(&files[0], &whole).unwrap();

    let middle = fs::read(&files[1]).unwrap();
    fs::remove_file(&files[1]).unwrap();
    let error = try_open(&dir).unwrap_err().to_string();
    assert!(
        error.contains("0000000002.log") && error.contains("missing"),
        "{error}"
    );
    fs::write(&files[1], &middle).unwrap();

    let mut newer = whole.clone();
    newer[8] = 9;
    let crc = crc(&newer[..28]);
    newer[28..32].copy_from_slice(&crc.to_le_bytes());
    fs::write(&files[0], &newer).unwrap();
    assert!(matches!(
        try_open(&dir),
        Err(OpenError::Version { version: 9, .. })
    ));
    fs::write(&files[0], &whole).unwrap();
    assert_eq!(everything(&try_open(&dir).unwrap(), a).await.len(), 10);
}

/// CRC32 bit by bit, so that the test does not trust the library that it tests.
fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 1 {
                (crc >> 1) ^ 0xEDB8_8320
            } else {
                crc >> 1
            }
        })
    })
}

#[tokio::test]
async fn a_purge_survives() {
    let dir = tempdir().unwrap();
    let (a, b) = (activation(1), activation(2));
    let queue = open(&dir);
    append(&queue, vec![status(a, 1, "one"), status(b, 1, "kept")])
        .await
        .unwrap();
    queue.purge(a).await.unwrap();
    append(&queue, vec![status(a, 1, "after")]).await.unwrap();
    drop(queue);
    let queue = open(&dir);
    assert_eq!(everything(&queue, a).await, ["after"]);
    assert_eq!(everything(&queue, b).await, ["kept"]);
}

#[tokio::test]
async fn a_purge_survives_although_segments_are_tidied_up() {
    let dir = tempdir().unwrap();
    let (a, b) = (activation(1), activation(2));
    let queue = open(&dir);
    for n in 0..40 {
        append(
            &queue,
            vec![status(a, 1, "x".repeat(300)), status(b, n, "y".repeat(300))],
        )
        .await
        .unwrap();
    }
    queue.purge(a).await.unwrap();
    for _ in 0..3 {
        queue.sweep(Timestamp(NOW)).await.unwrap();
        append(&queue, vec![status(b, 99, "z".repeat(300))])
            .await
            .unwrap();
    }
    drop(queue);
    let queue = open(&dir);
    assert!(everything(&queue, a).await.is_empty());
    assert_eq!(everything(&queue, b).await.len(), 43);
}

#[tokio::test]
async fn dead_segments_are_deleted() {
    let dir = tempdir().unwrap();
    let a = activation(1);
    let queue = open(&dir);
    for round in 0..20 {
        append(&queue, (0..30).map(|n| status(a, n, "x".repeat(200))).collect())
            .await
            .unwrap();
        let out = lease(&queue, a, Take::Oldest, usize::MAX).await;
        assert_eq!(out.len(), 30, "round {round}");
        queue.acknowledge(a, &seqs(&out)).await.unwrap();
        queue.sweep(Timestamp(NOW)).await.unwrap();
        assert!(segments(dir.path()).len() <= 2, "round {round}");
    }
}

#[tokio::test]
async fn stragglers_move_out_of_old_segments() {
    let dir = tempdir().unwrap();
    let a = activation(1);
    let queue = open(&dir);
    append(
        &queue,
        vec![status(a, 1, "straggler"), status(a, 2, "leased straggler")],
    )
    .await
    .unwrap();
    assert_eq!(lease(&queue, a, Take::Lane, 1).await.len(), 1);
    assert_eq!(
        bodies(&lease(&queue, a, Take::Lane, 1).await),
        ["leased straggler"]
    );
    for round in 0..50 {
        append(
            &queue,
            (0..10).map(|n| status(a, 100 + n, "x".repeat(200))).collect(),
        )
        .await
        .unwrap();
        let out = lease(&queue, a, Take::Oldest, usize::MAX).await;
        assert_eq!(out.len(), 10);
        queue.acknowledge(a, &seqs(&out)).await.unwrap();
        if round % 5 == 4 {
            queue.sweep(Timestamp(NOW)).await.unwrap();
            assert!(segments(dir.path()).len() <= 3, "round {round}");
        }
    }
    assert!(!dir.path().join("0000000001.log").exists());
    drop(queue);
    let queue = open(&dir);
    assert_eq!(everything(&queue, a).await, ["straggler", "leased straggler"]);
    drop(queue);
    let queue = open(&dir);
    let out = lease(&queue, a, Take::Lane, 1).await;
    queue.acknowledge(a, &seqs(&out)).await.unwrap();
    queue.close().await;
    assert_eq!(everything(&open(&dir), a).await, ["leased straggler"]);
}

#[tokio::test]
async fn a_log_that_mostly_lives_is_not_copied() {
    let dir = tempdir().unwrap();
    let a = activation(1);
    let queue = open(&dir);
    for n in 0..50 {
        append(&queue, vec![status(a, n, "x".repeat(500))]).await.unwrap();
    }
    let before = segments(dir.path());
    for _ in 0..5 {
        queue.sweep(Timestamp(NOW)).await.unwrap();
    }
    assert_eq!(segments(dir.path()), before);
}

#[tokio::test]
async fn a_crash_between_copy_and_deletion_leaves_each_entry_once() {
    let dir = tempdir().unwrap();
    let a = activation(1);
    let queue = open(&dir);
    append(
        &queue,
        vec![status(a, 1, "straggler"), status(a, 2, "x".repeat(3000))],
    )
    .await
    .unwrap();
    append(&queue, vec![status(a, 2, "x".repeat(3000))])
        .await
        .unwrap();
    let old = dir.path().join("0000000001.log");
    let copy = fs::read(&old).unwrap();
    assert_eq!(lease(&queue, a, Take::Lane, 1).await.len(), 1);
    let out = lease(&queue, a, Take::Lane, 9).await;
    queue.acknowledge(a, &seqs(&out)).await.unwrap();
    queue.sweep(Timestamp(NOW)).await.unwrap();
    assert!(!old.exists());
    drop(queue);
    fs::write(&old, copy).unwrap();
    let queue = open(&dir);
    assert_eq!(everything(&queue, a).await, ["straggler"]);
    queue.sweep(Timestamp(LATER)).await.unwrap();
    assert!(!old.exists());
    assert_eq!(queue.stats(a).await.unwrap().waiting, 1);
}

#[tokio::test]
async fn shared_bodies_are_written_once() {
    let dir = tempdir().unwrap();
    let queue = LogQueue::open(dir.path(), QueueLimits::default()).unwrap();
    let body = bytes::Bytes::from("x".repeat(10_000));
    let batch: Vec<_> = (0..100)
        .map(|n| hallway_platform::ports::NewNotification {
            body: body.clone(),
            ..status(activation(n), 1, "")
        })
        .collect();
    append(&queue, batch).await.unwrap();
    drop(queue);
    let file = segments(dir.path()).remove(0);
    assert!(end_of(&fs::read(file).unwrap()) < 20_000);
    let queue = LogQueue::open(dir.path(), QueueLimits::default()).unwrap();
    for n in 0..100 {
        assert_eq!(lease(&queue, activation(n), Take::Lane, 1).await[0].body, body);
    }
}

#[tokio::test]
async fn a_queue_that_cannot_write_says_so_and_stays_so() {
    let dir = tempdir().unwrap();
    let folder = dir.path().join("queue");
    let options = LogOptions { segment_bytes: 4096 };
    let queue = LogQueue::open_with(&folder, QueueLimits::default(), options).unwrap();
    let a = activation(1);
    append(&queue, vec![status(a, 1, "x".repeat(3000))])
        .await
        .unwrap();
    fs::remove_dir_all(&folder).unwrap();
    // The next one needs a new segment, and there is nowhere to make it.
    for _ in 0..3 {
        let error = append(&queue, vec![status(a, 1, "y".repeat(3000))])
            .await
            .unwrap_err();
        assert!(
            matches!(&error, QueueError::Io(reason) if reason.contains("0000000002.log")),
            "{error}"
        );
    }
    assert!(matches!(queue.purge(a).await, Err(QueueError::Io(_))));
    queue.close().await;
}

#[tokio::test]
async fn an_append_whose_caller_went_away_is_not_lost() {
    let dir = tempdir().unwrap();
    let a = activation(1);
    let queue = std::sync::Arc::new(open(&dir));
    for n in 0..50 {
        let task = tokio::spawn({
            let queue = std::sync::Arc::clone(&queue);
            async move { append(&queue, vec![status(a, 1, format!("{n}"))]).await }
        });
        tokio::task::yield_now().await;
        task.abort();
        let _ = task.await;
    }
    append(&queue, vec![status(a, 1, "last")]).await.unwrap();
    let seen = lease(&queue, a, Take::Lane, usize::MAX).await;
    queue.release(a, &seqs(&seen), Timestamp(NOW)).await.unwrap();
    assert_eq!(bodies(&seen).last().unwrap(), "last");
    queue.close().await;
    let again = lease(&open(&dir), a, Take::Lane, usize::MAX).await;
    assert_eq!(bodies(&again), bodies(&seen));
}
