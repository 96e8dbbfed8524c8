//! Keyed records: the laws of `ports/records.rs`.

use std::sync::Arc;

use hallway_platform::ports::{
    After, Claim, Expect, Find, Key, Record, RecordWrite, StoreError, Write, by_time,
};
use hallway_wire::Timestamp;
use hallway_wire::id::OrgId;

use super::{Subject, conflict, org};

const KIND: &str = "thing";

fn thing(org: OrgId, id: &str, list: &str, order: &str) -> Record {
    Record {
        kind: KIND,
        id: id.to_owned(),
        org,
        doc: format!("{{\"id\":\"{id}\",\"in\":\"{list}\"}}"),
        keys: vec![
            Key {
                index: "list",
                value: list.to_owned(),
                order: order.to_owned(),
            },
            Key {
                index: "all",
                value: String::new(),
                order: order.to_owned(),
            },
        ],
        claims: Vec::new(),
    }
}

fn new(record: Record) -> Write {
    Write::Record(RecordWrite::Put(record, Expect::Absent))
}

fn claiming(mut record: Record, number: &str) -> Record {
    record.claims.push(Claim {
        name: "number",
        value: number.to_owned(),
        taken: "The number is taken.",
    });
    record
}

async fn ids(store: &Subject, find: Find) -> Vec<String> {
    let found = store.records(find).await.unwrap();
    found.into_iter().map(|stored| stored.id).collect()
}

fn in_list(org: OrgId, list: &str) -> Find {
    Find::new(KIND, org, "list", list, 100)
}

pub(super) async fn records_are_found_by_what_they_have_now(store: Subject) {
    let org = org();
    store
        .commit(vec![new(thing(org, "a", "one", "1"))])
        .await
        .unwrap();
    let stored = store.record(KIND, "a").await.unwrap().unwrap();
    assert_eq!((stored.revision, stored.org), (1, org));
    assert_eq!(store.record("other", "a").await.unwrap(), None);
    assert_eq!(ids(&store, in_list(org, "one")).await, ["a"]);

    let moved = thing(org, "a", "two", "1");
    store
        .commit(vec![Write::Record(RecordWrite::Put(
            moved.clone(),
            Expect::Revision(1),
        ))])
        .await
        .unwrap();
    assert_eq!(ids(&store, in_list(org, "one")).await, [""; 0]);
    assert_eq!(ids(&store, in_list(org, "two")).await, ["a"]);
    assert_eq!(store.record(KIND, "a").await.unwrap().unwrap().doc, moved.doc);

    let gone = RecordWrite::Delete {
        kind: KIND,
        id: "a".to_owned(),
        revision: 2,
    };
    store.commit(vec![Write::Record(gone)]).await.unwrap();
    assert_eq!(store.record(KIND, "a").await.unwrap(), None);
    assert_eq!(ids(&store, in_list(org, "two")).await, [""; 0]);
}

pub(super) async fn a_revision_is_replaced_once(store: Subject) {
    let org = org();
    store
        .commit(vec![new(thing(org, "a", "one", "1"))])
        .await
        .unwrap();
    let stale =
        |result: Result<(), StoreError>| assert!(matches!(result, Err(StoreError::Stale)), "{result:?}");
    stale(store.commit(vec![new(thing(org, "a", "one", "1"))]).await);
    let put = |revision| {
        Write::Record(RecordWrite::Put(
            thing(org, "a", "one", "2"),
            Expect::Revision(revision),
        ))
    };
    store.commit(vec![put(1)]).await.unwrap();
    stale(store.commit(vec![put(1)]).await);
    let (kind, id) = (KIND, "a".to_owned());
    let demand = |revision| {
        Write::Record(RecordWrite::Demand {
            kind,
            id: id.clone(),
            revision,
        })
    };
    store.commit(vec![demand(2)]).await.unwrap();
    // A commit that fails leaves nothing.
    stale(
        store
            .commit(vec![new(thing(org, "b", "one", "3")), demand(1)])
            .await,
    );
    assert_eq!(store.record(KIND, "b").await.unwrap(), None);
    let delete = Write::Record(RecordWrite::Delete {
        kind,
        id,
        revision: 1,
    });
    stale(store.commit(vec![delete]).await);
    // Nor does another organization get at it.
    let foreign = Write::Record(RecordWrite::Put(
        thing(super::org(), "a", "one", "2"),
        Expect::Revision(2),
    ));
    stale(store.commit(vec![foreign]).await);
}

pub(super) async fn a_claim_has_one_holder(store: Subject) {
    let org = org();
    let first = claiming(thing(org, "a", "one", "1"), "+1");
    store.commit(vec![new(first.clone())]).await.unwrap();
    let second = claiming(thing(org, "b", "one", "2"), "+1");
    assert_eq!(
        conflict(&store, vec![new(second.clone())]).await,
        "The number is taken."
    );
    assert_eq!(store.record(KIND, "b").await.unwrap(), None);
    let holder = store.claimant(KIND, org, "number", "+1").await.unwrap().unwrap();
    assert_eq!(holder.id, "a");
    // Elsewhere the same number is another one.
    let other = super::org();
    store
        .commit(vec![new(claiming(thing(other, "c", "one", "1"), "+1"))])
        .await
        .unwrap();
    // Given up, it is free, in the same commit too.
    let without = Write::Record(RecordWrite::Put(thing(org, "a", "one", "1"), Expect::Revision(1)));
    store.commit(vec![without, new(second)]).await.unwrap();
    let holder = store.claimant(KIND, org, "number", "+1").await.unwrap().unwrap();
    assert_eq!(holder.id, "b");
    assert_eq!(store.claimant(KIND, org, "number", "+2").await.unwrap(), None);
}

pub(super) async fn one_of_many_gets_the_claim(store: Subject) {
    let org = org();
    let tries = (0..20).map(|n| {
        let store = Arc::clone(&store);
        let record = claiming(thing(org, &format!("t{n}"), "one", "1"), "+1");
        tokio::spawn(async move { store.commit(vec![new(record)]).await.is_ok() })
    });
    let mut won = 0;
    for done in tries.collect::<Vec<_>>() {
        won += usize::from(done.await.unwrap());
    }
    assert_eq!(won, 1);
    assert_eq!(ids(&store, in_list(org, "one")).await.len(), 1);
}

pub(super) async fn an_index_is_read_in_pages(store: Subject) {
    let (org, other) = (org(), super::org());
    let writes = (0..10).map(|n| {
        let order = by_time(Timestamp(n / 2));
        new(thing(org, &format!("t{n}"), "one", &order))
    });
    store.commit(writes.collect()).await.unwrap();
    store
        .commit(vec![new(thing(other, "x", "one", "0"))])
        .await
        .unwrap();
    let all: Vec<String> = (0..10).map(|n| format!("t{n}")).collect();
    assert_eq!(ids(&store, in_list(org, "one")).await, all);
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let find = Find {
            max: 3,
            ..in_list(org, "one").after(after)
        };
        let page = store.records(find).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(After {
            order: last.order.clone(),
            id: last.id.clone(),
        });
        seen.extend(page.into_iter().map(|stored| stored.id));
    }
    assert_eq!(seen, all);
    let reversed: Vec<String> = all.iter().rev().cloned().collect();
    assert_eq!(ids(&store, in_list(org, "one").newest_first()).await, reversed);
    let behind = in_list(org, "one").newest_first().after(Some(After {
        order: by_time(Timestamp(1)),
        id: "t3".to_owned(),
    }));
    assert_eq!(ids(&store, behind).await, ["t2", "t1", "t0"]);
    let span = in_list(org, "one").between(Some(Timestamp(1)), Some(Timestamp(3)));
    assert_eq!(ids(&store, span).await, ["t2", "t3", "t4", "t5"]);
    assert_eq!(store.count_records(KIND, org, "list", "one").await.unwrap(), 10);
    let every = store.all_records(KIND, Some("t7".to_owned()), 2).await.unwrap();
    assert_eq!(
        every.iter().map(|s| s.id.as_str()).collect::<Vec<_>>(),
        ["t8", "t9"]
    );
}

pub(super) async fn names_are_found_by_how_they_start(store: Subject) {
    let org = org();
    for name in ["ada", "adam", "åse", "bob", "ad"] {
        store
            .commit(vec![new(thing(org, name, "names", name))])
            .await
            .unwrap();
    }
    let starting = |start: &str| in_list(org, "names").starting_with(start);
    assert_eq!(ids(&store, starting("ada")).await, ["ada", "adam"]);
    assert_eq!(ids(&store, starting("å")).await, ["åse"]);
    assert_eq!(ids(&store, starting("x")).await, [""; 0]);
}

pub(super) async fn a_whole_list_goes_at_once(store: Subject) {
    let org = org();
    store
        .commit(vec![
            new(claiming(thing(org, "a", "one", "1"), "+1")),
            new(thing(org, "b", "one", "2")),
            new(thing(org, "c", "two", "3")),
        ])
        .await
        .unwrap();
    let all = RecordWrite::DeleteAll {
        kind: KIND,
        org,
        index: "list",
        value: "one".to_owned(),
    };
    store.commit(vec![Write::Record(all)]).await.unwrap();
    assert_eq!(ids(&store, Find::new(KIND, org, "all", "", 10)).await, ["c"]);
    assert_eq!(store.claimant(KIND, org, "number", "+1").await.unwrap(), None);
    assert_eq!(store.record(KIND, "a").await.unwrap(), None);
}
