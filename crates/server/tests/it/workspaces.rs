//! `/v1/workspaces`.

use std::collections::HashMap;

use hallway_platform::device::Device;
use hallway_platform::org::Role;
use hallway_platform::place::Seed;
use hallway_wire::id::{DeviceId, WorkspaceId};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::rig::{DeadLink, NOW, Rig};

/// One of each.
pub(crate) struct Office(HashMap<&'static str, String>);

impl Office {
    pub(crate) async fn build(rig: &Rig) -> Self {
        let location = rig
            .ask("POST /locations", crate::locations::denver())
            .await
            .expect(201);
        let location = location["id"].as_str().unwrap().to_owned();
        let floors = format!("POST /locations/{location}/floors");
        let floor = rig.ask(&floors, json!({ "floorNumber": 3 })).await.expect(201);
        let room = json!({
            "displayName": "Board Room", "locationId": location, "floorId": floor["id"], "capacity": 8,
            "type": "meetingRoom", "calendar": {"type": "google", "emailAddress": "board@example.com"},
        });
        let room = rig.ask("POST /workspaces", room).await.expect(201);
        let workspace: WorkspaceId = room["id"].as_str().unwrap().parse().unwrap();
        let device = board(rig, workspace);
        let id = device.id.to_string();
        rig.platform
            .seed(Seed {
                devices: vec![device],
                ..Seed::default()
            })
            .await
            .unwrap();
        let me = rig.get("/people/me").await.expect(200);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Self(HashMap::from([
            ("o", rig.org.to_string()),
            ("l", location),
            ("f", text(&floor["id"])),
            ("w", text(&room["id"])),
            ("d", id),
            ("p", text(&me["id"])),
        ]))
    }

    pub(crate) fn id(&self, slot: &str) -> String {
        self.0.get(slot).cloned().unwrap_or_default()
    }
}

pub(crate) fn board(rig: &Rig, workspace: WorkspaceId) -> Device {
    serde_json::from_value(json!({
        "id": DeviceId::random(), "org": rig.org, "display_name": "Board Room", "workspace": workspace,
        "product": "Cisco Board Pro 55", "kind": "roomdesk", "xapi": true, "tags": ["a"],
        "mac": "1122.3344.aaff", "serial": "FOC1", "managed_by": "CISCO", "device_platform": "cisco",
        "created": NOW,
    }))
    .unwrap()
}

#[tokio::test]
async fn made_read_changed_deleted() {
    let rig = Rig::start().await;
    let office = Office::build(&rig).await;
    let path = format!("/workspaces/{}", office.id("w"));
    let room = rig.get(&format!("{path}?")).await.expect(200);
    assert_eq!(room["locationId"], office.id("l"));
    assert_eq!(room["floorId"], office.id("f"));
    assert_eq!(
        (&room["capacity"], &room["type"]),
        (&json!(8), &json!("meetingRoom"))
    );
    assert_eq!(room["created"], "2026-03-04T05:06:07.089Z");
    assert_eq!(room["health"]["level"], "error", "its device is not linked");
    assert!(room.get("devices").is_none() && room.get("capabilities").is_none());

    let full = rig
        .get(&format!("{path}?includeDevices=True&includeCapabilities=true"))
        .await
        .expect(200);
    assert_eq!(full["devices"][0]["id"], office.id("d"));
    let occupancy = json!({ "supported": true, "configured": false });
    assert_eq!(full["capabilities"]["occupancyDetection"], occupancy);
    let capabilities = rig.get(&format!("{path}/capabilities")).await.expect(200);
    assert_eq!(capabilities["capabilities"], full["capabilities"]);

    let put = format!("PUT {path}");
    let changed = rig
        .ask(&put, json!({ "displayName": "Boardroom", "notes": "n" }))
        .await
        .expect(200);
    assert_eq!(
        (&changed["displayName"], &changed["notes"]),
        (&json!("Boardroom"), &json!("n"))
    );
    assert!(
        changed.get("capacity").is_none() && changed.get("type").is_none(),
        "cleared: {changed}"
    );
    assert_eq!(changed["calendar"], room["calendar"]);
    assert_eq!(changed["floorId"], room["floorId"]);
    rig.ask(&put, json!({ "calling": {"type": "none"} }))
        .await
        .expect(400);
    rig.ask(&put, json!({ "floorId": hallway_wire::id::FloorId::random() }))
        .await
        .expect(404);
    rig.ask(&put, json!({ "capacity": "many" })).await.expect(400);

    // What was read can be sent back.
    rig.ask(&put, room.clone()).await.expect(200);
    assert_eq!(rig.get(&path).await.expect(200), room);

    assert_eq!(
        rig.ask(&format!("DELETE {path}"), Value::Null).await.expect(204),
        Value::Null
    );
    rig.get(&path).await.expect(404);
    rig.get(&format!("/devices/{}", office.id("d"))).await.expect(404);
}

#[tokio::test]
async fn absent_members_stay_absent() {
    let rig = Rig::start().await;
    let desk = rig
        .ask("POST /workspaces", json!({ "displayName": "Desk" }))
        .await
        .expect(201);
    for member in [
        "locationId",
        "workspaceLocationId",
        "floorId",
        "capacity",
        "type",
        "notes",
        "indoorNavigation",
    ] {
        assert!(desk.get(member).is_none(), "{member} in {desk}");
    }
    assert_eq!(desk["calling"], json!({ "type": "freeCalling" }));
    assert_eq!(desk["health"], json!({ "level": "ok", "issues": [] }));
    let faults = rig
        .ask("POST /workspaces", json!({ "capacity": -1 }))
        .await
        .expect(400);
    assert_eq!(faults["errors"].as_array().unwrap().len(), 2, "{faults}");
    let elsewhere = json!({ "displayName": "x", "orgId": hallway_wire::id::OrgId::random() });
    rig.ask("POST /workspaces", elsewhere).await.expect(404);
    let calling = json!({ "displayName": "x", "calling": {"type": "webexCalling"} });
    let writer = rig
        .token(&[Role::DeviceAdmin], &["spark-admin:workspaces_write"])
        .await;
    rig.ask_as(Some(&writer), "POST /workspaces", calling)
        .await
        .expect(403);
}

#[tokio::test]
async fn lists_filter_and_page() {
    let rig = Rig::start().await;
    let office = Office::build(&rig).await;
    for number in 0..20 {
        let body =
            json!({ "displayName": format!("Huddle {number}"), "type": "huddle", "capacity": number % 4 });
        rig.ask("POST /workspaces", body).await.expect(201);
    }
    let count = async |filter: &str| rig.get(&format!("/workspaces?{filter}")).await.items().len();
    assert_eq!(count("max=999&start=0&").await, 21);
    assert_eq!(count(&format!("locationId={}", office.id("l"))).await, 1);
    assert_eq!(
        count(&format!("floorId={}&type=meetingRoom", office.id("f"))).await,
        1
    );
    assert_eq!(count("capacity=3&type=huddle").await, 5);
    assert_eq!(count("capacity=-1").await, 0);
    assert_eq!(count("displayName=huddle%207").await, 1);
    assert_eq!(count("healthLevel=error").await, 1);
    assert_eq!(count("healthLevel=ok").await, 20);
    assert_eq!(count("calendar=google").await, 1);
    for bad in [
        "type=cave",
        "capacity=-2",
        "includeDevices=perhaps",
        "max=0",
        "max=x",
        "floorId=x",
    ] {
        rig.get(&format!("/workspaces?{bad}")).await.expect(400);
    }

    for filter in ["", "type=huddle&"] {
        let mut next = Some(format!("/workspaces?{filter}max=7"));
        let (mut names, mut pages) = (Vec::new(), Vec::new());
        while let Some(path) = next {
            let mut answer = rig.get(&path).await;
            next = answer.next.take();
            let items = answer.items();
            pages.push(items.len());
            names.extend(items.iter().map(|item| item["displayName"].to_string()));
        }
        let all = if filter.is_empty() { 21 } else { 20 };
        assert_eq!(pages, if all == 21 { vec![7, 7, 7] } else { vec![7, 7, 6] });
        let distinct: std::collections::BTreeSet<&String> = names.iter().collect();
        assert_eq!(distinct.len(), all);
    }
    let next = rig.get("/workspaces?type=huddle&max=7").await.next.unwrap();
    assert_eq!(
        next,
        "https://hallway.example/v1/workspaces?type=huddle&max=7&start=7"
    );
}

#[tokio::test]
async fn a_move_is_seen_by_linked_devices_and_a_deletion_closes_links() {
    let rig = Rig::start().await;
    let room = rig
        .ask("POST /workspaces", json!({ "displayName": "Room" }))
        .await
        .expect(201);
    let workspace: WorkspaceId = room["id"].as_str().unwrap().parse().unwrap();
    let device = board(&rig, workspace);
    let id = device.id;
    rig.platform
        .seed(Seed {
            devices: vec![device],
            ..Seed::default()
        })
        .await
        .unwrap();
    let closed = CancellationToken::new();
    rig.platform
        .attach(id, std::sync::Arc::new(DeadLink(closed.clone())))
        .await
        .unwrap();
    let path = format!("/workspaces/{workspace}");
    assert_eq!(rig.get(&path).await.expect(200)["health"]["level"], "ok");
    assert_eq!(
        rig.get(&format!("/devices/{id}")).await.expect(200)["connectionStatus"],
        "connected"
    );

    let location = rig
        .ask("POST /locations", crate::locations::denver())
        .await
        .expect(201);
    rig.ask(&format!("PUT {path}"), json!({ "locationId": location["id"] }))
        .await
        .expect(200);
    assert_eq!(
        rig.get(&format!("/devices/{id}")).await.expect(200)["locationId"],
        location["id"]
    );
    let place = rig.platform.links().get(id).unwrap().place.load_full();
    assert_eq!(
        place.location.map(|location| location.to_string()),
        location["id"].as_str().map(str::to_owned)
    );

    rig.ask(&format!("DELETE {path}"), Value::Null).await.expect(204);
    closed.cancelled().await;
    assert!(!rig.platform.links().is_linked(id));
}
