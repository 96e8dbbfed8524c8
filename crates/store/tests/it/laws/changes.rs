//! What a commit does and when it is refused.

use std::slice;
use std::sync::Arc;

use hallway_platform::oauth::TokenKind;
use hallway_platform::ports::{Page, Write};
use hallway_wire::id::{AppId, PersonId};
use serde_json::json;
use uuid::Uuid;

use super::{Subject, conflict, org};
use crate::records::*;

pub(super) async fn a_commit_is_whole_or_nothing(store: Subject) {
    let org = org();
    let (kept, lost) = (person(org, "kept"), person(org, "lost"));
    store.commit(vec![Write::PutPerson(kept.clone())]).await.unwrap();
    let what = conflict(
        &store,
        vec![
            Write::PutPerson(lost.clone()),
            Write::DeletePerson(kept.id),
            Write::Audit(audit(org, "lost")),
            Write::TakeDeviceCode([1; 32]),
        ],
    )
    .await;
    assert!(what.contains("activation code"), "{what}");
    assert_eq!(store.person(lost.id).await.unwrap(), None);
    assert_eq!(store.people(org, Page::ALL).await.unwrap(), [kept]);
    assert_eq!(store.audit(org, Page::ALL).await.unwrap(), []);
    store.commit(Vec::new()).await.unwrap();
}

pub(super) async fn new_records_must_be_new(store: Subject) {
    let org = org();
    let first = integration(org, "C1");
    store
        .commit(vec![Write::NewIntegration(first.clone())])
        .await
        .unwrap();
    let mut second = integration(org, "C2");
    second.app = first.app;
    let what = conflict(&store, vec![Write::NewIntegration(second)]).await;
    assert!(what.contains("has an integration with this id"), "{what}");
    assert_eq!(
        store.integration(org, first.app).await.unwrap(),
        Some(first.clone())
    );

    let active = activation(org, first.app, 0);
    store
        .commit(vec![Write::NewActivation(active.clone())])
        .await
        .unwrap();
    let what = conflict(&store, vec![Write::NewActivation(activation(org, first.app, 0))]).await;
    assert!(what.contains("has an activation"), "{what}");
    let mut same_id = activation(org, AppId(Uuid::new_v4()), 0);
    same_id.id = active.id;
    conflict(&store, vec![Write::NewActivation(same_id)]).await;
    assert_eq!(store.activations().await.unwrap(), slice::from_ref(&active));
    // Replaced in one commit: the old one goes first.
    let next = activation(org, first.app, 0);
    store
        .commit(vec![
            Write::DeleteActivation(active.id),
            Write::NewActivation(next.clone()),
        ])
        .await
        .unwrap();
    assert_eq!(store.activation(org, first.app).await.unwrap(), Some(next));

    let event = audit(org, "x");
    store.commit(vec![Write::Audit(event.clone())]).await.unwrap();
    conflict(&store, vec![Write::Audit(event)]).await;
}

pub(super) async fn a_client_id_is_unique(store: Subject) {
    let (here, there) = (integration(org(), "C1"), integration(org(), "C2"));
    store
        .commit(vec![
            Write::NewIntegration(here.clone()),
            Write::NewIntegration(there.clone()),
        ])
        .await
        .unwrap();
    let what = conflict(&store, vec![Write::NewIntegration(integration(org(), "C1"))]).await;
    assert!(what.contains("client id"), "{what}");
    let mut moved = there.clone();
    moved.client_id = "C1".to_owned();
    let what = conflict(&store, vec![Write::PutIntegration(moved)]).await;
    assert!(what.contains("client id"), "{what}");
    assert_eq!(store.integration_of_client("C1").await.unwrap(), Some(here));

    let mut renamed = there.clone();
    renamed.client_id = "C3".to_owned();
    store
        .commit(vec![Write::PutIntegration(renamed.clone())])
        .await
        .unwrap();
    assert_eq!(store.integration_of_client("C2").await.unwrap(), None);
    assert_eq!(
        store.integration_of_client("C3").await.unwrap(),
        Some(renamed.clone())
    );
    store
        .commit(vec![Write::DeleteIntegration(renamed.org, renamed.app)])
        .await
        .unwrap();
    assert_eq!(store.integration_of_client("C3").await.unwrap(), None);
}

pub(super) async fn an_activation_moves_one_revision_at_a_time(store: Subject) {
    let mut now = activation(org(), AppId(Uuid::new_v4()), 0);
    let what = conflict(&store, vec![Write::PutActivation(now.clone())]).await;
    assert!(what.contains("changed or removed"), "{what}");
    store
        .commit(vec![Write::NewActivation(now.clone())])
        .await
        .unwrap();
    for wrong in [0, 2, 7] {
        let mut wrongly = now.clone();
        wrongly.revision = wrong;
        conflict(&store, vec![Write::PutActivation(wrongly)]).await;
    }
    now.revision = 1;
    now.denied = vec!["spark:all".to_owned()];
    let mut later = now.clone();
    later.revision = 2;
    // Two steps in one commit.
    store
        .commit(vec![
            Write::PutActivation(now),
            Write::PutActivation(later.clone()),
        ])
        .await
        .unwrap();
    assert_eq!(
        store.activation_by_id(later.id).await.unwrap(),
        Some(later.clone())
    );

    // Of writers at once that saw the same revision, one gets through.
    let writers: Vec<_> = (0..10)
        .map(|writer| {
            let (store, mut mine) = (Arc::clone(&store), later.clone());
            mine.revision = 3;
            mine.denied = vec![writer.to_string()];
            tokio::spawn(async move { store.commit(vec![Write::PutActivation(mine)]).await.is_ok() })
        })
        .collect();
    let mut through = 0;
    for writer in writers {
        through += u32::from(writer.await.unwrap());
    }
    assert_eq!(through, 1);
}

pub(super) async fn a_code_is_used_once(store: Subject) {
    let code = device_code(org(), 8);
    store
        .commit(vec![Write::PutDeviceCode(code.clone())])
        .await
        .unwrap();
    let takers: Vec<_> = (0..10)
        .map(|_| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.commit(vec![Write::TakeDeviceCode([8; 32])]).await.is_ok() })
        })
        .collect();
    let mut taken = 0;
    for taker in takers {
        taken += u32::from(taker.await.unwrap());
    }
    assert_eq!(taken, 1);
    assert_eq!(store.device_code(code.hash).await.unwrap(), None);
}

pub(super) async fn what_belongs_goes_with_it(store: Subject) {
    let org = org();
    let (gone, stays) = (location(org, "gone"), location(org, "stays"));
    let (gone_floor, stays_floor) = (floor(&gone, 1.0), floor(&stays, 1.0));
    let (room, other_room) = (workspace(org, "room", None), workspace(org, "other", None));
    let (board, other_board) = (
        device(org, "a", Some(room.id), None),
        device(org, "b", Some(other_room.id), None),
    );
    let mut writes = vec![
        Write::PutLocation(gone.clone()),
        Write::PutLocation(stays.clone()),
        Write::PutFloor(gone_floor.clone()),
        Write::PutFloor(stays_floor.clone()),
        Write::PutWorkspace(room.clone()),
        Write::PutWorkspace(other_room.clone()),
    ];
    for device in [&board, &other_board] {
        writes.push(Write::NewDevice(device.clone()));
        for key in ["Audio.A", "Audio.B"] {
            writes.push(Write::PutConfigured(configured(device.id, key, json!(1))));
        }
    }
    store.commit(writes).await.unwrap();

    store.commit(vec![Write::DeleteLocation(gone.id)]).await.unwrap();
    assert_eq!(store.locations(org).await.unwrap(), slice::from_ref(&stays));
    assert_eq!(store.floor(gone_floor.id).await.unwrap(), None);
    assert_eq!(
        store.floors(stays.id).await.unwrap(),
        slice::from_ref(&stays_floor)
    );
    store
        .commit(vec![Write::DeleteFloor(stays_floor.id)])
        .await
        .unwrap();
    assert_eq!(store.floors(stays.id).await.unwrap(), []);

    store.commit(vec![Write::DeleteWorkspace(room.id)]).await.unwrap();
    assert_eq!(store.workspace(room.id).await.unwrap(), None);
    assert_eq!(store.device(board.id).await.unwrap(), None);
    assert_eq!(store.configured(board.id).await.unwrap(), []);
    assert_eq!(
        store.device(other_board.id).await.unwrap(),
        Some(other_board.clone())
    );
    assert_eq!(store.configured(other_board.id).await.unwrap().len(), 2);

    store
        .commit(vec![Write::DeleteConfigured(
            other_board.id,
            "Audio.A".to_owned(),
        )])
        .await
        .unwrap();
    assert_eq!(
        store.configured(other_board.id).await.unwrap(),
        [configured(other_board.id, "Audio.B", json!(1))]
    );
    store
        .commit(vec![Write::DeleteDevice(other_board.id)])
        .await
        .unwrap();
    assert_eq!(store.configured(other_board.id).await.unwrap(), []);
    assert_eq!(store.workspace(other_room.id).await.unwrap(), Some(other_room));

    let (ended, other) = (grant(org), grant(org));
    store
        .commit(vec![
            Write::PutGrant(ended.clone()),
            Write::PutGrant(other.clone()),
            Write::PutToken(token(&ended, 1, TokenKind::Access, NOW)),
            Write::PutToken(token(&ended, 2, TokenKind::Refresh, NOW)),
            Write::PutToken(token(&other, 3, TokenKind::Access, NOW)),
        ])
        .await
        .unwrap();
    store.commit(vec![Write::DeleteGrant(ended.id)]).await.unwrap();
    assert_eq!(store.grant(ended.id).await.unwrap(), None);
    assert_eq!(store.token([1; 32]).await.unwrap(), None);
    assert_eq!(store.token([2; 32]).await.unwrap(), None);
    assert!(store.token([3; 32]).await.unwrap().is_some());
}

/// Somebody who still works on what was just deleted is told so, and leaves nothing behind.
pub(super) async fn nothing_belongs_to_what_is_not_there(store: Subject) {
    let org = org();
    let place = location(org, "x");
    let what = conflict(&store, vec![Write::PutFloor(floor(&place, 1.0))]).await;
    assert!(what.contains("location"), "{what}");
    let room = workspace(org, "x", None);
    let board = device(org, "x", Some(room.id), None);
    let what = conflict(&store, vec![Write::NewDevice(board.clone())]).await;
    assert!(what.contains("workspace"), "{what}");
    let what = conflict(
        &store,
        vec![Write::PutConfigured(configured(board.id, "A", json!(1)))],
    )
    .await;
    assert!(what.contains("device"), "{what}");
    let what = conflict(
        &store,
        vec![Write::PutToken(token(&grant(org), 1, TokenKind::Access, NOW))],
    )
    .await;
    assert!(what.contains("grant"), "{what}");
}

pub(super) async fn deleting_what_is_not_there_is_fine(store: Subject) {
    let org = org();
    let place = location(org, "x");
    let floor = floor(&place, 1.0);
    let room = workspace(org, "x", None);
    let board = device(org, "x", None, None);
    store
        .commit(vec![
            Write::DeletePerson(person(org, "x").id),
            Write::DeleteLocation(place.id),
            Write::DeleteFloor(floor.id),
            Write::DeleteWorkspace(room.id),
            Write::DeleteDevice(board.id),
            Write::DeleteConfigured(board.id, "A".to_owned()),
            Write::DeleteIntegration(org, AppId(Uuid::new_v4())),
            Write::DeleteActivation(activation(org, AppId(Uuid::new_v4()), 0).id),
            Write::DeleteGrant(Uuid::new_v4()),
            Write::DeleteTokens(Uuid::new_v4(), TokenKind::Refresh),
            Write::DeleteExpiredTokens(NOW),
        ])
        .await
        .unwrap();
}

pub(super) async fn tokens_end(store: Subject) {
    let grant = grant(org());
    let tokens = [
        token(&grant, 1, TokenKind::Access, NOW.plus_millis(-1)),
        token(&grant, 2, TokenKind::Access, NOW),
        token(&grant, 3, TokenKind::Refresh, NOW.plus_millis(1)),
        token(&grant, 4, TokenKind::Refresh, NOW.plus_millis(1)),
    ];
    let mut writes = vec![Write::PutGrant(grant.clone())];
    writes.extend(tokens.iter().cloned().map(Write::PutToken));
    store.commit(writes).await.unwrap();
    assert_eq!(store.token([3; 32]).await.unwrap(), Some(tokens[2].clone()));
    assert_eq!(store.token([9; 32]).await.unwrap(), None);
    store.commit(vec![Write::DeleteExpiredTokens(NOW)]).await.unwrap();
    assert_eq!(store.token([1; 32]).await.unwrap(), None);
    assert_eq!(store.token([2; 32]).await.unwrap(), Some(tokens[1].clone()));
    // A refresh token that is used again ends later.
    let mut longer = tokens[2].clone();
    longer.expires = NOW.plus_millis(5);
    store.commit(vec![Write::PutToken(longer.clone())]).await.unwrap();
    store
        .commit(vec![Write::DeleteExpiredTokens(NOW.plus_millis(2))])
        .await
        .unwrap();
    assert_eq!(store.token([2; 32]).await.unwrap(), None);
    assert_eq!(store.token([3; 32]).await.unwrap(), Some(longer));
    assert_eq!(store.token([4; 32]).await.unwrap(), None);
    store
        .commit(vec![
            Write::PutToken(token(&grant, 5, TokenKind::Access, NOW)),
            Write::DeleteTokens(grant.id, TokenKind::Refresh),
        ])
        .await
        .unwrap();
    assert_eq!(store.token([3; 32]).await.unwrap(), None);
    assert!(store.token([5; 32]).await.unwrap().is_some());
    // A grant without a token is nothing, unless it is standing.
    let mut standing = grant.clone();
    (standing.id, standing.standing) = (Uuid::new_v4(), true);
    store
        .commit(vec![
            Write::PutGrant(standing.clone()),
            Write::DeleteExpiredTokens(NOW.plus_millis(1)),
        ])
        .await
        .unwrap();
    assert_eq!(store.grant(grant.id).await.unwrap(), None);
    assert_eq!(
        store.grants_of(grant.org, grant.person).await.unwrap(),
        [standing]
    );
}

/// What a person or a client was granted is found, and ends together.
pub(super) async fn grants_end_together(store: Subject) {
    let (here, there) = (org(), org());
    let made = |org, person, client: Option<&str>| {
        let mut it = grant(org);
        it.client_id = client.map(str::to_owned);
        it.person = person;
        it
    };
    let (ada, bob) = (PersonId::random(), PersonId::random());
    let all = [
        made(here, ada, None),
        made(here, ada, Some("C1")),
        made(here, bob, Some("C1")),
        made(there, ada, Some("C1")),
        made(here, bob, Some("C2")),
    ];
    for (n, it) in (1..).zip(&all) {
        let row = token(it, n, TokenKind::Access, NOW);
        store
            .commit(vec![Write::PutGrant(it.clone()), Write::PutToken(row)])
            .await
            .unwrap();
    }
    let mut found = store.grants_of(here, ada).await.unwrap();
    found.sort_by_key(|it| it.client_id.clone());
    assert_eq!(found, [all[0].clone(), all[1].clone()]);
    assert_eq!(store.grants_of_client("C1").await.unwrap().len(), 3);
    assert_eq!(store.tokens_of(all[4].id).await.unwrap()[0].hash, [5; 32]);
    let left = async |store: &Subject| {
        let mut left = Vec::new();
        for (n, it) in (1u8..).zip(&all) {
            let grant = store.grant(it.id).await.unwrap().is_some();
            assert_eq!(store.token([n; 32]).await.unwrap().is_some(), grant);
            left.extend(grant.then_some(n));
        }
        left
    };
    let commit = async |write| store.commit(vec![write]).await.unwrap();
    commit(Write::DeleteGrantsOfClientIn(there, "C1".to_owned())).await;
    assert_eq!(left(&store).await, [1, 2, 3, 5]);
    commit(Write::DeleteGrantsOfClient("C1".to_owned())).await;
    assert_eq!(left(&store).await, [1, 5]);
    commit(Write::DeleteGrantsOf(bob)).await;
    assert_eq!(left(&store).await, [1]);
}

/// Every commit that was acknowledged is there, and one that conflicts takes back only itself. What was
/// committed is seen by whoever committed it.
pub(super) async fn many_commits_at_once(store: Subject) {
    let org = org();
    let tasks: Vec<_> = (0..50)
        .map(|n| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                let person = person(org, &n.to_string());
                let fails = n % 5 == 0;
                let mut writes = vec![Write::PutPerson(person.clone()), Write::Audit(audit(org, "x"))];
                if fails {
                    writes.push(Write::TakeDeviceCode([0; 32]));
                }
                assert_eq!(store.commit(writes).await.is_err(), fails);
                assert_eq!(store.person(person.id).await.unwrap().is_none(), fails);
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(store.people(org, Page::ALL).await.unwrap().len(), 40);
    assert_eq!(store.audit(org, Page::ALL).await.unwrap().len(), 40);
}
