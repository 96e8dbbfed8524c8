//! The outbox of webhooks: the laws of `ports/outbox.rs`.

use hallway_platform::ports::{NewAttempt, NewOutgoing, Write};
use hallway_wire::Timestamp;
use hallway_wire::id::WebhookId;
use uuid::Uuid;

use super::{Subject, conflict};

fn outgoing(webhook: WebhookId, body: &str) -> Write {
    Write::PutOutgoing(NewOutgoing {
        webhook,
        delivery: Uuid::new_v4(),
        at: Timestamp(7),
        body: body.to_owned(),
    })
}

async fn bodies(store: &Subject, webhook: WebhookId, after: u64) -> Vec<String> {
    let found = store.outgoing(webhook, after, 1000).await.unwrap();
    assert!(found.is_sorted_by_key(|one| one.seq));
    found.into_iter().map(|one| one.body).collect()
}

pub(super) async fn deliveries_are_read_in_order(store: Subject) {
    let (one, other) = (WebhookId::random(), WebhookId::random());
    for number in 0..5 {
        let writes = vec![
            outgoing(one, &format!("a{number}")),
            outgoing(other, &format!("b{number}")),
        ];
        store.commit(writes).await.unwrap();
    }
    assert_eq!(bodies(&store, one, 0).await, ["a0", "a1", "a2", "a3", "a4"]);
    let first = store.outgoing(one, 0, 2).await.unwrap();
    assert_eq!((first.len(), first[0].at), (2, Timestamp(7)));
    let done = Write::DeleteOutgoing(one, Some(first[1].seq));
    store.commit(vec![done]).await.unwrap();
    assert_eq!(bodies(&store, one, 0).await, ["a2", "a3", "a4"]);
    store.commit(vec![Write::TrimOutgoing(one, 1)]).await.unwrap();
    assert_eq!(bodies(&store, one, 0).await, ["a4"]);
    store.commit(vec![Write::TrimOutgoing(one, 1)]).await.unwrap();
    assert_eq!(
        bodies(&store, one, 0).await,
        ["a4"],
        "there are not more than that"
    );
    let mut waiting = store.outgoing_waiting().await.unwrap();
    waiting.sort_unstable();
    let mut expected = vec![(one, 1), (other, 5)];
    expected.sort_unstable();
    assert_eq!(waiting, expected);
    // A commit that fails leaves no delivery.
    let failing = vec![outgoing(one, "never"), Write::TakeDeviceCode([1; 32])];
    conflict(&store, failing).await;
    assert_eq!(bodies(&store, one, 0).await, ["a4"]);
}

pub(super) async fn a_number_is_given_out_once(store: Subject) {
    let webhook = WebhookId::random();
    let mut highest = 0;
    for _ in 0..3 {
        store.commit(vec![outgoing(webhook, "x")]).await.unwrap();
        let newest = store.outgoing(webhook, highest, 10).await.unwrap();
        assert_eq!(newest.len(), 1, "it is above all that were");
        highest = newest[0].seq;
        store
            .commit(vec![Write::DeleteOutgoing(webhook, None)])
            .await
            .unwrap();
        assert!(bodies(&store, webhook, 0).await.is_empty());
    }
}

pub(super) async fn attempts_are_a_ring(store: Subject) {
    let (webhook, other) = (WebhookId::random(), WebhookId::random());
    let attempt = |webhook, number: u64| {
        Write::PutAttempt(NewAttempt {
            webhook,
            slot: number % 4,
            number,
            doc: format!("{{\"n\":{number}}}"),
        })
    };
    store.commit(vec![attempt(other, 0)]).await.unwrap();
    for number in 0..10 {
        store.commit(vec![attempt(webhook, number)]).await.unwrap();
    }
    let found = store.attempts(webhook, 10).await.unwrap();
    let numbers: Vec<u64> = found.iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers, [9, 8, 7, 6]);
    assert_eq!(found[0].1, "{\"n\":9}");
    assert_eq!(store.attempts(webhook, 1).await.unwrap().len(), 1);
    store.commit(vec![Write::DeleteAttempts(webhook)]).await.unwrap();
    assert!(store.attempts(webhook, 10).await.unwrap().is_empty());
    assert_eq!(store.attempts(other, 10).await.unwrap().len(), 1);
}
