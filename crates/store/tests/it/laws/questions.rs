//! What is found, and in which order.

use std::slice;

use hallway_platform::oauth::TokenKind;
use hallway_platform::ports::{DeviceFilter, Page, WorkspaceFilter, Write};
use hallway_wire::id::AppId;
use serde_json::json;
use uuid::Uuid;

use super::{Subject, conflict, org};
use crate::records::*;

pub(super) async fn every_record_comes_back(store: Subject) {
    let organization = organization("Acme");
    let org = organization.id;
    let person = person(org, "ann");
    let location = location(org, "HQ");
    let floor = floor(&location, 1.5);
    let workspace = workspace(org, "Oslo", Some(&floor));
    let device = device(org, "Board", Some(workspace.id), None);
    let configured = configured(
        device.id,
        "Audio.DefaultVolume",
        json!({"b": 1, "a": ["ø", null]}),
    );
    let code = device_code(org, 3);
    let integration = integration(org, "C1");
    let activation = activation(org, integration.app, 0);
    let grant = grant(org);
    let token = token(&grant, 5, TokenKind::Refresh, NOW);
    let key = signing_key("k1");
    let audit = audit(org, "Board");
    // One commit, in this order.
    store
        .commit(vec![
            Write::PutOrganization(organization.clone()),
            Write::PutPerson(person.clone()),
            Write::PutLocation(location.clone()),
            Write::PutFloor(floor.clone()),
            Write::PutWorkspace(workspace.clone()),
            Write::NewDevice(device.clone()),
            Write::PutConfigured(configured.clone()),
            Write::PutDeviceCode(code.clone()),
            Write::NewIntegration(integration.clone()),
            Write::NewActivation(activation.clone()),
            Write::PutGrant(grant.clone()),
            Write::PutToken(token.clone()),
            Write::PutSigningKey(key.clone()),
            Write::Audit(audit.clone()),
        ])
        .await
        .unwrap();
    assert_eq!(store.organization(org).await.unwrap(), Some(organization.clone()));
    assert_eq!(store.organizations().await.unwrap(), [organization]);
    assert_eq!(store.person(person.id).await.unwrap(), Some(person.clone()));
    assert_eq!(store.people(org, Page::ALL).await.unwrap(), [person]);
    assert_eq!(store.location(location.id).await.unwrap(), Some(location.clone()));
    assert_eq!(store.locations(org).await.unwrap(), slice::from_ref(&location));
    assert_eq!(store.floor(floor.id).await.unwrap(), Some(floor.clone()));
    assert_eq!(store.floors(location.id).await.unwrap(), [floor]);
    assert_eq!(store.workspace(workspace.id).await.unwrap(), Some(workspace));
    assert_eq!(store.device(device.id).await.unwrap(), Some(device.clone()));
    assert_eq!(store.configured(device.id).await.unwrap(), [configured]);
    assert_eq!(store.device_code(code.hash).await.unwrap(), Some(code));
    assert_eq!(
        store.integration(org, integration.app).await.unwrap(),
        Some(integration.clone())
    );
    assert_eq!(
        store.integration_of_client("C1").await.unwrap(),
        Some(integration.clone())
    );
    assert_eq!(
        store.integrations(org).await.unwrap(),
        slice::from_ref(&integration)
    );
    assert_eq!(
        store.activation(org, integration.app).await.unwrap(),
        Some(activation.clone())
    );
    assert_eq!(
        store.activation_by_id(activation.id).await.unwrap(),
        Some(activation.clone())
    );
    assert_eq!(store.activations().await.unwrap(), [activation]);
    assert_eq!(store.grant(grant.id).await.unwrap(), Some(grant));
    assert_eq!(store.token(token.hash).await.unwrap(), Some(token));
    assert_eq!(store.signing_keys().await.unwrap(), [key]);
    assert_eq!(store.audit(org, Page::ALL).await.unwrap(), [audit]);
}

pub(super) async fn lists_are_in_order_of_creation(store: Subject) {
    let org = org();
    let mut people: Vec<_> = (0..20).map(|n| person(org, &format!("p{n}"))).collect();
    for person in &people {
        store
            .commit(vec![Write::PutPerson(person.clone())])
            .await
            .unwrap();
    }
    assert_eq!(store.people(org, Page::ALL).await.unwrap(), people);
    // Put again: in place.
    people[3].display_name = "somebody else".to_owned();
    store
        .commit(vec![Write::PutPerson(people[3].clone())])
        .await
        .unwrap();
    assert_eq!(store.people(org, Page::ALL).await.unwrap(), people);
    // Deleted and put: where it was, because it says itself when it was created.
    let moved = people[0].clone();
    store
        .commit(vec![
            Write::DeletePerson(moved.id),
            Write::PutPerson(moved.clone()),
        ])
        .await
        .unwrap();
    assert_eq!(store.people(org, Page::ALL).await.unwrap(), people);

    let board = device(org, "x", None, None);
    let keys = ["B", "A", "C"];
    let mut writes = vec![Write::NewDevice(board.clone())];
    writes.extend(keys.map(|key| Write::PutConfigured(configured(board.id, key, json!(1)))));
    writes.push(Write::PutConfigured(configured(board.id, "B", json!(2))));
    store.commit(writes).await.unwrap();
    let found = store.configured(board.id).await.unwrap();
    assert_eq!(found.iter().map(|it| it.key.as_str()).collect::<Vec<_>>(), keys);
    assert_eq!(found[0].value, json!(2));

    let signing_keys = ["k2", "k1"].map(signing_key);
    store
        .commit(signing_keys.clone().map(Write::PutSigningKey).into())
        .await
        .unwrap();
    let mut used = signing_keys.clone();
    used[0].used_since = Some(NOW);
    store
        .commit(vec![Write::PutSigningKey(used[0].clone())])
        .await
        .unwrap();
    assert_eq!(store.signing_keys().await.unwrap(), used);
}

pub(super) async fn lists_are_read_in_pages(store: Subject) {
    let org = org();
    let devices: Vec<_> = (0..25)
        .map(|n| device(org, &format!("d{n}"), None, None))
        .collect();
    store
        .commit(devices.iter().cloned().map(Write::NewDevice).collect())
        .await
        .unwrap();
    let page = |start, max| store.devices(org, DeviceFilter::default(), Page { start, max });
    assert_eq!(page(0, usize::MAX).await.unwrap(), devices);
    assert_eq!(page(0, 10).await.unwrap(), devices[..10]);
    assert_eq!(page(20, 10).await.unwrap(), devices[20..]);
    assert_eq!(page(7, usize::MAX).await.unwrap(), devices[7..]);
    assert_eq!(page(25, 10).await.unwrap(), []);
    assert_eq!(page(usize::MAX, usize::MAX).await.unwrap(), []);
    assert_eq!(page(3, 0).await.unwrap(), []);
}

pub(super) async fn filters_choose(store: Subject) {
    let org = org();
    let place = location(org, "x");
    let (first, second) = (floor(&place, 1.0), floor(&place, 2.0));
    let rooms = [
        workspace(org, "a", Some(&first)),
        workspace(org, "b", Some(&second)),
        workspace(org, "c", None),
        workspace(org, "d", Some(&first)),
    ];
    let ann = person(org, "ann");
    let devices = [
        device(org, "a", Some(rooms[0].id), None),
        device(org, "b", None, Some(ann.id)),
        device(org, "c", Some(rooms[0].id), None),
    ];
    let mut writes = vec![
        Write::PutLocation(place.clone()),
        Write::PutFloor(first.clone()),
        Write::PutFloor(second),
    ];
    writes.extend(rooms.iter().cloned().map(Write::PutWorkspace));
    writes.extend(devices.iter().cloned().map(Write::NewDevice));
    store.commit(writes).await.unwrap();
    let found = |location, floor| store.workspaces(org, WorkspaceFilter { location, floor }, Page::ALL);
    let pick = |which: &[usize]| which.iter().map(|at| rooms[*at].clone()).collect::<Vec<_>>();
    assert_eq!(found(None, None).await.unwrap(), rooms);
    assert_eq!(found(Some(place.id), None).await.unwrap(), pick(&[0, 1, 3]));
    assert_eq!(found(None, Some(first.id)).await.unwrap(), pick(&[0, 3]));
    assert_eq!(
        found(Some(place.id), Some(first.id)).await.unwrap(),
        pick(&[0, 3])
    );
    assert_eq!(
        found(Some(location(org, "y").id), Some(first.id)).await.unwrap(),
        []
    );
    let filter = WorkspaceFilter {
        location: Some(place.id),
        floor: None,
    };
    assert_eq!(
        store
            .workspaces(org, filter, Page { start: 1, max: 1 })
            .await
            .unwrap(),
        pick(&[1])
    );

    let found = |workspace, person| store.devices(org, DeviceFilter { workspace, person }, Page::ALL);
    assert_eq!(
        found(Some(rooms[0].id), None).await.unwrap(),
        [devices[0].clone(), devices[2].clone()]
    );
    assert_eq!(found(None, Some(ann.id)).await.unwrap(), [devices[1].clone()]);
    assert_eq!(found(Some(rooms[0].id), Some(ann.id)).await.unwrap(), []);
    // A device that moves is found where it is now.
    let mut moved = devices[0].clone();
    moved.workspace = Some(rooms[2].id);
    moved.revision += 1;
    store.commit(vec![Write::PutDevice(moved.clone())]).await.unwrap();
    // Whoever still works on the device as it was is told.
    let what = conflict(&store, vec![Write::PutDevice(moved.clone())]).await;
    assert!(what.contains("somebody else"), "{what}");
    assert_eq!(
        found(Some(rooms[0].id), None).await.unwrap(),
        [devices[2].clone()]
    );
    assert_eq!(found(Some(rooms[2].id), None).await.unwrap(), [moved]);
}

pub(super) async fn organizations_are_apart(store: Subject) {
    let (ours, theirs) = (org(), org());
    let app = AppId(Uuid::new_v4());
    for (at, org) in [ours, theirs].into_iter().enumerate() {
        let mut integration = integration(org, &format!("C{at}"));
        integration.app = app;
        store
            .commit(vec![
                Write::PutPerson(person(org, "ann")),
                Write::PutLocation(location(org, "x")),
                Write::PutWorkspace(workspace(org, "x", None)),
                Write::NewDevice(device(org, "x", None, None)),
                Write::NewIntegration(integration),
                Write::NewActivation(activation(org, app, 0)),
                Write::Audit(audit(org, "x")),
            ])
            .await
            .unwrap();
    }
    for org in [ours, theirs] {
        assert!(matches!(store.people(org, Page::ALL).await.unwrap().as_slice(), [it] if it.org == org));
        assert!(matches!(store.locations(org).await.unwrap().as_slice(), [it] if it.org == org));
        let rooms = store
            .workspaces(org, WorkspaceFilter::default(), Page::ALL)
            .await
            .unwrap();
        assert!(matches!(rooms.as_slice(), [it] if it.org == org));
        let devices = store
            .devices(org, DeviceFilter::default(), Page::ALL)
            .await
            .unwrap();
        assert!(matches!(devices.as_slice(), [it] if it.org == org));
        assert!(matches!(store.integrations(org).await.unwrap().as_slice(), [it] if it.org == org));
        assert_eq!(store.activation(org, app).await.unwrap().unwrap().org, org);
        assert!(matches!(store.audit(org, Page::ALL).await.unwrap().as_slice(), [it] if it.org_id == org));
    }
    assert_eq!(store.activations().await.unwrap().len(), 2);
    // Nobody takes over a record of somebody else by its id.
    let device = store
        .devices(ours, DeviceFilter::default(), Page::ALL)
        .await
        .unwrap()
        .remove(0);
    let mut stolen = device.clone();
    stolen.org = theirs;
    let what = conflict(&store, vec![Write::NewDevice(stolen.clone())]).await;
    assert!(what.contains("already"), "{what}");
    stolen.revision += 1;
    let what = conflict(&store, vec![Write::PutDevice(stolen)]).await;
    assert!(what.contains("somebody else"), "{what}");
    assert_eq!(store.device(device.id).await.unwrap(), Some(device));
    store
        .commit(vec![Write::DeleteIntegration(ours, app)])
        .await
        .unwrap();
    assert_eq!(store.integrations(ours).await.unwrap(), []);
    assert_eq!(store.integrations(theirs).await.unwrap().len(), 1);
}

pub(super) async fn audit_is_newest_first(store: Subject) {
    let org = org();
    // All of one moment: the order is that of writing, not of the clock.
    let events: Vec<_> = (0..10).map(|n| audit(org, &n.to_string())).collect();
    for event in &events {
        store.commit(vec![Write::Audit(event.clone())]).await.unwrap();
    }
    let newest: Vec<_> = events.iter().rev().cloned().collect();
    assert_eq!(store.audit(org, Page::ALL).await.unwrap(), newest);
    assert_eq!(
        store.audit(org, Page { start: 2, max: 3 }).await.unwrap(),
        newest[2..5]
    );
}

pub(super) async fn it_answers(store: Subject) {
    store.ping().await.unwrap();
}
