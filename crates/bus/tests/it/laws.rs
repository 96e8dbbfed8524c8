//! The laws of the queue port, for every implementation.

use std::sync::Arc;

use hallway_platform::ports::{NewNotification, NotificationKind, Queue, QueueError, QueueLimits, Take};
use hallway_wire::Timestamp;

use crate::support::*;

/// Expands to `in_memory::law` and `on_disk::law` for each law.
macro_rules! laws {
    ($($law:ident),* $(,)?) => {
        mod in_memory {
            use super::{Fixture, QueueLimits};
            $(#[tokio::test]
            async fn $law() {
                super::$law(|limits: QueueLimits| Fixture::in_memory(limits)).await;
            })*
        }
        mod on_disk {
            use super::{Fixture, QueueLimits};
            $(#[tokio::test]
            async fn $law() {
                super::$law(|limits: QueueLimits| Fixture::on_disk(limits)).await;
            })*
        }
    };
}

laws! {
    a_lane_is_handed_out_in_order,
    a_lane_with_leases_is_not_handed_out,
    lanes_do_not_hold_up_each_other,
    the_oldest_come_in_the_order_of_their_appends,
    the_oldest_pass_over_lanes_with_leases,
    the_oldest_lane_comes_first,
    a_lease_runs_out,
    a_sweep_ends_leases_too,
    released_entries_go_back_to_their_places,
    a_pause_blocks_its_lane_only,
    a_pause_blocks_the_whole_queue_of_a_poller,
    an_acknowledged_entry_never_comes_again,
    a_late_acknowledgement_counts,
    a_lane_waits_until_its_whole_batch_is_settled,
    old_entries_are_dropped_and_counted,
    actions_live_longer,
    old_entries_are_not_handed_out_before_a_sweep,
    a_leased_entry_does_not_expire,
    a_full_queue_drops_its_oldest,
    a_full_queue_keeps_what_is_leased,
    a_batch_bigger_than_the_limit_leaves_its_end,
    a_purge_takes_everything_of_one_activation,
    numbers_grow,
    what_waits_is_listed,
    figures_are_right,
    a_closed_queue_refuses,
    nothing_is_asked_for,
    many_lanes_and_activations,
    concurrent_appends_keep_the_order_of_each_lane,
}

async fn a_lane_is_handed_out_in_order(open: impl Fn(QueueLimits) -> Fixture) {
    let it = open(QueueLimits::default());
    let a = activation(1);
    append(&it.queue, vec![status(a, 1, "one"), status(a, 1, "two")])
        .await
        .unwrap();
    append(&it.queue, vec![status(a, 1, "three")]).await.unwrap();
    let first = lease(&it.queue, a, Take::Lane, 2).await;
    assert_eq!(bodies(&first), ["one", "two"]);
    assert_eq!(first[0].device, Some(device(1)));
    assert_eq!(first[0].at, Timestamp(NOW));
    it.queue.acknowledge(a, &seqs(&first)).await.unwrap();
    assert_eq!(bodies(&lease(&it.queue, a, Take::Lane, 2).await), ["three"]);
}

async fn a_lane_with_leases_is_not_handed_out(open: impl Fn(QueueLimits) -> Fixture) {
    let it = open(QueueLimits::default());
    let a = activation(1);
    append(&it.queue, vec![status(a, 1, "one"), status(a, 1, "two")])
        .await
        .unwrap();
    assert_eq!(bodies(&lease(&it.queue, a, Take::Lane, 1).await), ["one"]);
    assert!(lease(&it.queue, a, Take::Lane, 1).await.is_empty());
    assert!(lease(&it.queue, a, Take::Oldest, 1).await.is_empty());
}

async fn lanes_do_not_hold_up_each_other(open: impl Fn(QueueLimits) -> Fixture) {
    let it = open(QueueLimits::default());
    let a = activation(1);
    append(
        &it.queue,
        vec![status(a, 1, "one"), status(a, 2, "two"), action(a, "three")],
    )
    .await
    .unwrap();
    for expected in ["one", "two", "three"] {
        assert_eq!(bodies(&lease(&it.queue, a, Take::Lane, 9).await), [expected]);
    }
    assert!(lease(&it.queue, a, Take::Lane, 9).await.is_empty());
}

async fn the_oldest_come_in_the_order_of_their_appends(open: impl Fn(QueueLimits) -> Fixture) {
    let it = open(QueueLimits::default());
    let a = activation(1);
    let batch = (0..20).map(|n| status(a, n % 3, n.to_string())).collect();
    append(&it.queue, batch).await.unwrap();
    let first = lease(&it.queue, a, Take::Oldest, 7).await;
    assert_eq!(bodies(&first), ["0", "1", "2", "3", "4", "5", "6"]);
    it.queue.acknowledge(a, &seqs(&first)).await.unwrap();
    let rest: Vec<String> = (7..20).map(|n| n.to_string()).collect();
    assert_eq!(everything(&it.queue, a).await, rest);
}

async fn the_oldest_pass_over_lanes_with_leases(open: impl Fn(QueueLimits) -> Fixture) {
    let it = open(QueueLimits::default());
    let a = activation(1);
    append(
        &it.queue,
        vec![status(a, 1, "one"), status(a, 2, "two"), status(a, 1, "three")],
    )
    .await
    .unwrap();
    assert_eq!(bodies(&lease(&it.queue, a, Take::Oldest, 1).await), ["one"]);
    assert_eq!(everything(&it.queue, a).await, ["two"]);
}

async fn the_oldest_lane_comes_first(open: impl Fn(QueueLimits) -> Fixture) {
    let it = open(QueueLimits::default());
    let a = activation(1);
    append(
        &it.queue,
        vec![status(a, 2, "a"), status(a, 1, "b"), status(a, 2, "c")],
    )
    .await
    .unwrap();
    let first = lease(&it.queue, a, Take::Lane, 1).await;
    assert_eq!(bodies(&first), ["a"]);
    it.queue.acknowledge(a, &seqs(&first)).await.unwrap();
    assert_eq!(bodies(&lease(&it.queue, a, Take::Lane, 1).await), ["b"]);
    assert_eq!(bodies(&lease(&it.queue, a, Take::Lane, 1).await), ["c"]);
}

async fn a_lease_runs_out(open: impl Fn(QueueLimits) -> Fixture) {
    let it = open(QueueLimits::default());
    let a = activation(1);
    append(&it.queue, vec![status(a, 1, "one"), status(a, 1, "two")])
        .await
        .unwrap();
    assert_eq!(lease(&it.queue, a, Take::Lane, 9).await.len(), 2);
    assert!(lease_at(&it.queue, a, Take::Lane, 9, LATER - 1).await.is_empty());
    let again = lease_at(&it.queue, a, Take::Lane, 9, LATER).await;
    assert_eq!(bodies(&again), ["one", "two"]);
    assert_eq!(again[0].attempts, 0, "nobody released it");
}

async fn a_sweep_ends_leases_too(open: impl Fn(QueueLimits) -> Fixture) {
    let it = open(QueueLimits::default());
    let a = activation(1);
    append(&it.queue, vec![status(a, 1, "one")]).await.unwrap();
    assert_eq!(lease(&it.queue, a, Take::Lane, 9).await.len(), 1);
    it.queue.sweep(Timestamp(LATER)).await.unwrap();
    assert_eq!(everything(&it.queue, a).await, ["one"]);
}

async fn released_entries_go_back_to_their_places(open: impl Fn(QueueLimits) -> Fixture) {
    let it = open(QueueLimits::default());
    let a = activation(1);
    let batch = (0..5).map(|n| status(a, 1, n.to_string())).collect();
    append(&it.queue, batch).await.unwrap();
    let first = lease(&it.queue, a, Take::Lane, 4).await;
    it.queue
        .release(a, &[first[2].seq, first[0].seq], Timestamp(NOW))
        .await
        .unwrap();
    it.queue
        .release(a, &[first[3].seq], Timestamp(NOW))
        .await
        .unwrap();
    it.queue.acknowledge(a, &[first[1].seq]).await.unwrap();
    let again = lease(&it.queue, a, Take::Lane, 9).await;
    assert_eq!(bodies(&again), ["0", "2", "3", "4"]);
    let attempts: Vec<u32> = again.iter().map(|one| one.attempts).collect();
    assert_eq!(attempts, [1, 1, 1, 0]);
}

async fn a_pause_blocks_its_lane_only(open: impl Fn(QueueLimits) -> Fixture) {
    let it = open(QueueLimits::default());
    let a = activation(1);
    append(
        &it.queue,
        vec![status(a, 1, "one"), status(a, 2, "two"), status(a, 1, "three")],
    )
    .await
    .unwrap();
    let first = lease(&it.queue, a, Take::Lane, 1).await;
    let pause = NOW + 500;
    it.queue
        .release(a, &seqs(&first), Timestamp(pause))
        .await
        .unwrap();
    assert_eq!(bodies(&lease(&it.queue, a, Take::Lane, 9).await), ["two"]);
    assert!(lease(&it.queue, a, Take::Lane, 9).await.is_empty());
    assert_eq!(it.queue.next_due(a).await.unwrap(), Some(Timestamp(pause)));
    assert!(lease_at(&it.queue, a, Take::Lane, 9, pause - 1).await.is_empty());
    assert_eq!(
        bodies(&lease_at(&it.queue, a, Take::Lane, 9, pause).await),
        ["one", "three"]
    );
    assert_eq!(it.queue.next_due(a).await.unwrap(), None);
}

async fn a_pause_blocks_the_whole_queue_of_a_poller(open: impl Fn(QueueLimits) -> Fixture) {
    let it = open(QueueLimits::default());
    let a = activation(1);
    append(&it.queue, vec![status(a, 1, "one"), status(a, 2, "two")])
        .await
        .unwrap();
    let first = lease(&it.queue, a, Take::Oldest, 1).await;
    it.queue
        .release(a, &seqs(&first), Timestamp(NOW + 500))
        .await
        .unwrap();
    assert!(everything(&it.queue, a).await.is_empty());
    assert_eq!(it.queue.next_due(a).await.unwrap(), Some(Timestamp(NOW + 500)));
    let again = lease_at(&it.queue, a, Take::Oldest, 9, NOW + 500).await;
    assert_eq!(bodies(&again), ["one", "two"]);
}

async fn an_acknowledged_entry_never_comes_again(open: impl Fn(QueueLimits) -> Fixture) {
    let it = open(QueueLimits::default());
    let a = activation(1);
    append(
        &it.queue,
        vec![status(a, 1, "one"), status(a, 1, "two"), status(a, 2, "three")],
    )
    .await
    .unwrap();
    let first = lease(&it.queue, a, Take::Oldest, 9).await;
    it.queue
        .acknowledge(a, &[first[1].seq, first[2].seq, 99_999])
        .await
        .unwrap();
    it.queue.acknowledge(a, &[first[1].seq]).await.unwrap();
    it.queue.release(a, &seqs(&first), Timestamp(NOW)).await.unwrap();
    assert_eq!(everything(&it.queue, a).await, ["one"]);
    assert_eq!(it.queue.stats(a).await.unwrap().waiting, 1);
}

async fn a_late_acknowledgement_counts(open: impl Fn(QueueLimits) -> Fixture) {
    let it = open(QueueLimits::default());
    let a = activation(1);
    append(&it.queue, vec![status(a, 1, "one"), status(a, 1, "two")])
        .await
        .unwrap();
    let first = lease(&it.queue, a, Take::Lane, 1).await;
    it.queue.sweep(Timestamp(LATER)).await.unwrap();
    it.queue.acknowledge(a, &seqs(&first)).await.unwrap();
    assert_eq!(everything(&it.queue, a).await, ["two"]);
}

async fn a_lane_waits_until_its_whole_batch_is_settled(open: impl Fn(QueueLimits) -> Fixture) {
    let it = open(QueueLimits::default());
    let a = activation(1);
    append(&it.queue, (0..3).map(|n| status(a, 1, n.to_string())).collect())
        .await
        .unwrap();
    let first = lease(&it.queue, a, Take::Lane, 2).await;
    it.queue.acknowledge(a, &[first[0].seq]).await.unwrap();
    assert!(lease(&it.queue, a, Take::Lane, 9).await.is_empty());
    it.queue.acknowledge(a, &[first[1].seq]).await.unwrap();
    assert_eq!(bodies(&lease(&it.queue, a, Take::Lane, 9).await), ["2"]);
}

fn short_lived() -> QueueLimits {
    QueueLimits {
        max_age_ms: 100,
        max_action_age_ms: 1000,
        ..QueueLimits::default()
    }
}

async fn old_entries_are_dropped_and_counted(open: impl Fn(QueueLimits) -> Fixture) {
    let it = open(short_lived());
    let (a, b) = (activation(1), activation(2));
    let young = NewNotification {
        at: Timestamp(NOW + 50),
        ..status(a, 1, "young")
    };
    let batch = vec![
        status(a, 1, "one"),
        status(a, 2, "two"),
        young,
        status(b, 1, "other"),
    ];
    append(&it.queue, batch).await.unwrap();
    assert!(it.queue.sweep(Timestamp(NOW + 100)).await.unwrap().is_empty());
    let mut dropped = it.queue.sweep(Timestamp(NOW + 101)).await.unwrap();
    dropped.sort();
    assert_eq!(dropped, [(a, 2), (b, 1)]);
    assert!(
        it.queue.sweep(Timestamp(NOW + 101)).await.unwrap().is_empty(),
        "each is told once"
    );
    let stats = it.queue.stats(a).await.unwrap();
    assert_eq!((stats.waiting, stats.dropped), (1, 2));
    assert_eq!(everything(&it.queue, a).await, ["young"]);
    let dropped = it.queue.sweep(Timestamp(NOW + 40_000)).await.unwrap();
    assert_eq!(dropped, [(a, 1)], "its lease ran out, and then its time");
}

async fn actions_live_longer(open: impl Fn(QueueLimits) -> Fixture) {
    let it = open(short_lived());
    let a = activation(1);
    let kinds = [
        NotificationKind::FullSync,
        NotificationKind::Event,
        NotificationKind::Action,
    ];
    let batch = kinds.map(|kind| NewNotification {
        kind,
        ..status(a, 1, format!("{kind:?}"))
    });
    append(&it.queue, batch.to_vec()).await.unwrap();
    assert_eq!(it.queue.sweep(Timestamp(NOW + 1000)).await.unwrap(), [(a, 2)]);
    let left = lease_at(&it.queue, a, Take::Oldest, 9, NOW + 1000).await;
    assert_eq!(left[0].kind, NotificationKind::Action);
    assert_eq!(left.len(), 1);
}

async fn old_entries_are_not_handed_out_before_a_sweep(open: impl Fn(QueueLimits) -> Fixture) {
    let it = open(short_lived());
    let a = activation(1);
    let young = NewNotification {
        at: Timestamp(NOW + 50),
        ..status(a, 3, "young")
    };
    append(&it.queue, vec![status(a, 1, "one"), status(a, 2, "two"), young])
        .await
        .unwrap();
    assert_eq!(
        bodies(&lease_at(&it.queue, a, Take::Lane, 1, NOW + 101).await),
        ["young"]
    );
    assert!(
        lease_at(&it.queue, a, Take::Oldest, 9, NOW + 101)
            .await
            .is_empty()
    );
    assert_eq!(it.queue.sweep(Timestamp(NOW + 101)).await.unwrap(), [(a, 2)]);
}

async fn a_leased_entry_does_not_expire(open: impl Fn(QueueLimits) -> Fixture) {
    let it = open(short_lived());
    let a = activation(1);
    append(&it.queue, vec![status(a, 1, "one"), status(a, 1, "two")])
        .await
        .unwrap();
    let first = lease(&it.queue, a, Take::Lane, 1).await;
    assert_eq!(it.queue.sweep(Timestamp(NOW + 200)).await.unwrap(), [(a, 1)]);
    it.queue
        .release(a, &seqs(&first), Timestamp(NOW + 200))
        .await
        .unwrap();
    assert_eq!(it.queue.sweep(Timestamp(NOW + 200)).await.unwrap(), [(a, 1)]);
    assert_eq!(it.queue.stats(a).await.unwrap().waiting, 0);
}

fn narrow(max_len: usize) -> QueueLimits {
    QueueLimits {
        max_len,
        ..QueueLimits::default()
    }
}

async fn a_full_queue_drops_its_oldest(open: impl Fn(QueueLimits) -> Fixture) {
    let it = open(narrow(3));
    let a = activation(1);
    for n in 0..5 {
        append(&it.queue, vec![status(a, n % 2, n.to_string())])
            .await
            .unwrap();
    }
    let stats = it.queue.stats(a).await.unwrap();
    assert_eq!((stats.waiting, stats.dropped), (3, 2));
    assert_eq!(everything(&it.queue, a).await, ["2", "3", "4"]);
    assert_eq!(it.queue.sweep(Timestamp(NOW)).await.unwrap(), [(a, 2)]);
    assert!(it.queue.sweep(Timestamp(NOW)).await.unwrap().is_empty());
}

async fn a_full_queue_keeps_what_is_leased(open: impl Fn(QueueLimits) -> Fixture) {
    let it = open(narrow(3));
    let a = activation(1);
    append(
        &it.queue,
        vec![status(a, 1, "one"), status(a, 1, "two"), status(a, 2, "three")],
    )
    .await
    .unwrap();
    let first = lease(&it.queue, a, Take::Lane, 2).await;
    append(&it.queue, vec![status(a, 1, "four"), status(a, 1, "five")])
        .await
        .unwrap();
    it.queue.release(a, &seqs(&first), Timestamp(NOW)).await.unwrap();
    assert_eq!(everything(&it.queue, a).await, ["one", "two", "five"]);
    // Now all three are leased, so what comes next is itself the oldest that is not.
    append(&it.queue, vec![status(a, 9, "six")]).await.unwrap();
    assert_eq!(it.queue.stats(a).await.unwrap().waiting, 3);
    assert_eq!(it.queue.stats(a).await.unwrap().dropped, 3);
}

async fn a_batch_bigger_than_the_limit_leaves_its_end(open: impl Fn(QueueLimits) -> Fixture) {
    let it = open(narrow(2));
    let a = activation(1);
    append(&it.queue, (0..7).map(|n| status(a, n, n.to_string())).collect())
        .await
        .unwrap();
    assert_eq!(everything(&it.queue, a).await, ["5", "6"]);
}

async fn a_purge_takes_everything_of_one_activation(open: impl Fn(QueueLimits) -> Fixture) {
    let it = open(QueueLimits::default());
    let (a, b) = (activation(1), activation(2));
    append(
        &it.queue,
        vec![status(a, 1, "one"), status(a, 2, "two"), status(b, 1, "kept")],
    )
    .await
    .unwrap();
    let out = lease(&it.queue, a, Take::Lane, 1).await;
    it.queue.purge(a).await.unwrap();
    it.queue.purge(activation(3)).await.unwrap();
    it.queue.release(a, &seqs(&out), Timestamp(NOW)).await.unwrap();
    assert!(everything(&it.queue, a).await.is_empty());
    assert_eq!(it.queue.stats(a).await.unwrap().waiting, 0);
    assert_eq!(it.queue.waiting().await.unwrap(), [b]);
    append(&it.queue, vec![status(a, 1, "new")]).await.unwrap();
    it.queue.sweep(Timestamp(NOW)).await.unwrap();
    assert_eq!(everything(&it.queue, a).await, ["new"]);
    assert_eq!(everything(&it.queue, b).await, ["kept"]);
}

async fn numbers_grow(open: impl Fn(QueueLimits) -> Fixture) {
    let it = open(QueueLimits::default());
    let mut last = 0;
    for n in 0..10 {
        let a = activation(n % 3);
        append(&it.queue, vec![status(a, n, "x"), status(a, n, "y")])
            .await
            .unwrap();
        for one in lease(&it.queue, a, Take::Lane, 9).await {
            assert!(one.seq > last);
            last = one.seq;
        }
    }
}

async fn what_waits_is_listed(open: impl Fn(QueueLimits) -> Fixture) {
    let it = open(QueueLimits::default());
    let (a, b) = (activation(1), activation(2));
    append(&it.queue, vec![status(a, 1, "x"), status(b, 1, "y")])
        .await
        .unwrap();
    let out = lease(&it.queue, b, Take::Lane, 1).await;
    let mut waiting = it.queue.waiting().await.unwrap();
    waiting.sort();
    assert_eq!(waiting, [a, b]);
    it.queue.acknowledge(b, &seqs(&out)).await.unwrap();
    assert_eq!(it.queue.waiting().await.unwrap(), [a]);
}

async fn figures_are_right(open: impl Fn(QueueLimits) -> Fixture) {
    let it = open(QueueLimits::default());
    let a = activation(1);
    assert_eq!(it.queue.stats(a).await.unwrap(), Default::default());
    let later = NewNotification {
        at: Timestamp(NOW + 7),
        ..status(a, 2, "two")
    };
    append(&it.queue, vec![status(a, 1, "one"), later]).await.unwrap();
    let out = lease(&it.queue, a, Take::Lane, 1).await;
    let stats = it.queue.stats(a).await.unwrap();
    assert_eq!((stats.waiting, stats.oldest), (2, Some(Timestamp(NOW))));
    it.queue.acknowledge(a, &seqs(&out)).await.unwrap();
    let stats = it.queue.stats(a).await.unwrap();
    assert_eq!((stats.waiting, stats.oldest), (1, Some(Timestamp(NOW + 7))));
}

async fn a_closed_queue_refuses(open: impl Fn(QueueLimits) -> Fixture) {
    let it = open(QueueLimits::default());
    let a = activation(1);
    append(&it.queue, vec![status(a, 1, "one")]).await.unwrap();
    it.queue.close().await;
    it.queue.close().await;
    let refused = append(&it.queue, vec![status(a, 1, "two")]).await;
    assert!(matches!(refused, Err(QueueError::Closed)));
    let refused = it
        .queue
        .lease(a, Take::Lane, 1, Timestamp(NOW), Timestamp(LATER))
        .await;
    assert!(matches!(refused, Err(QueueError::Closed)));
    assert!(matches!(it.queue.purge(a).await, Err(QueueError::Closed)));
    assert!(matches!(
        it.queue.sweep(Timestamp(NOW)).await,
        Err(QueueError::Closed)
    ));
}

async fn nothing_is_asked_for(open: impl Fn(QueueLimits) -> Fixture) {
    let it = open(QueueLimits::default());
    let a = activation(1);
    append(&it.queue, Vec::new()).await.unwrap();
    append(&it.queue, vec![status(a, 1, "")]).await.unwrap();
    assert!(lease(&it.queue, a, Take::Lane, 0).await.is_empty());
    assert!(lease(&it.queue, a, Take::Oldest, 0).await.is_empty());
    assert!(lease(&it.queue, activation(2), Take::Lane, 1).await.is_empty());
    it.queue.acknowledge(a, &[]).await.unwrap();
    it.queue
        .release(activation(2), &[1], Timestamp(NOW))
        .await
        .unwrap();
    assert_eq!(everything(&it.queue, a).await, [""]);
}

async fn many_lanes_and_activations(open: impl Fn(QueueLimits) -> Fixture) {
    let it = open(QueueLimits::default());
    let wide = activation(1);
    append(
        &it.queue,
        (0..10_000).map(|n| status(wide, n, n.to_string())).collect(),
    )
    .await
    .unwrap();
    append(
        &it.queue,
        (0..1000).map(|n| status(activation(100 + n), 1, "x")).collect(),
    )
    .await
    .unwrap();
    assert_eq!(it.queue.waiting().await.unwrap().len(), 1001);
    for n in 0..10_000 {
        let out = lease(&it.queue, wide, Take::Lane, 10).await;
        assert_eq!(bodies(&out), [n.to_string()]);
        if n % 2 == 0 {
            it.queue.acknowledge(wide, &seqs(&out)).await.unwrap();
        }
    }
    assert_eq!(it.queue.stats(wide).await.unwrap().waiting, 5000);
}

async fn concurrent_appends_keep_the_order_of_each_lane(open: impl Fn(QueueLimits) -> Fixture) {
    let it = Arc::new(open(QueueLimits::default()));
    let a = activation(1);
    let mut tasks = tokio::task::JoinSet::new();
    for lane in 0..20u128 {
        let it = Arc::clone(&it);
        tasks.spawn(async move {
            for n in 0..50 {
                let batch = vec![status(a, lane, format!("{n}a")), status(a, lane, format!("{n}b"))];
                append(&it.queue, batch).await.unwrap();
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    for _ in 0..20 {
        let lane = lease(&it.queue, a, Take::Lane, 1000).await;
        let expected: Vec<String> = (0..50).flat_map(|n| [format!("{n}a"), format!("{n}b")]).collect();
        assert_eq!(bodies(&lane), expected);
    }
}
