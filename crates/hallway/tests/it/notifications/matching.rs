//! Who hears what.

use serde_json::{Value, json};

use super::{PEOPLE, by_queue, values};
use crate::support::device::register;
use crate::support::integration::manifest;
use crate::support::{Integration, Office, within};

#[tokio::test]
async fn only_what_is_granted_and_supported() {
    let office = Office::start().await;
    // Audio can be asked for, but is not among what is notified.
    let integration = by_queue(
        &office,
        &["RoomAnalytics.*", "Audio.*"],
        &["UserInterface.Extensions.*"],
    )
    .await;
    let board = "Board Room";
    office.set(board, "Audio.Volume", 33).await;
    office.set(board, "Standby.State", "Halfwake").await;
    office
        .emit(board, "BootEvent", json!({ "Action": "Restart" }))
        .await;
    office.set(board, "roomanalytics.peoplecount.current", 3).await;
    office
        .emit(
            board,
            "UserInterface.Extensions.Panel.Clicked",
            json!({ "PanelId": "lights" }),
        )
        .await;
    let heard = integration.hear("two messages", |heard| heard.len() >= 2).await;
    let id = office.device(board);
    let workspace = office.workspace(board);
    for message in &heard {
        assert_eq!(message["appId"], integration.app.as_str());
        assert_eq!(message["orgId"], office.org().as_str());
        assert_eq!(
            (&message["deviceId"], &message["workspaceId"]),
            (&json!(id), &json!(workspace))
        );
        let at = message["timestamp"].as_str().unwrap();
        assert!(at.len() == 24 && at.ends_with('Z'), "{at}");
    }
    assert_eq!(heard[0]["type"], "status");
    assert_eq!(heard[0]["isFullSync"], false);
    // The key has the spelling of the catalogue, whatever the device or a person wrote.
    assert_eq!(
        heard[0]["changes"],
        json!({ "updated": { PEOPLE: 3 }, "removed": [] })
    );
    assert_eq!(heard[1]["type"], "events");
    let event = &heard[1]["events"][0];
    assert_eq!(event["key"], "UserInterface.Extensions.Panel.Clicked");
    assert_eq!(event["value"]["PanelId"], "lights");
    assert!(event["timestamp"].is_string());
    // What is not notified may still be asked for.
    let target = format!("/v1/xapi/status?deviceId={id}&name=Audio.Volume");
    let answer = integration.client.get(&target).await.expect(200);
    assert_eq!(answer["result"], json!({ "Audio": { "Volume": 33 } }));
    office.close().await;
}

#[tokio::test]
async fn only_where_it_was_activated() {
    let office = Office::start().await;
    let asked = manifest(&[PEOPLE], &["BootEvent"]);
    let porto = json!({ "locations": [office.location("Porto")] });
    let integration = Integration::activate_for(&office.admin, &asked, porto).await;
    integration.listen_by_queue().await;
    // Full syncs come from there only: Cove, Wren and Studio.
    let syncs = integration.hear_full_syncs(3).await;
    let there = ["Cove Board", "Wren Desk", "Studio Codec"].map(|name| office.device(name));
    for sync in &syncs {
        assert!(there.iter().any(|id| sync["deviceId"] == id.as_str()), "{sync}");
    }
    office.set("Board Room", PEOPLE, 9).await;
    office
        .emit("Board Room", "BootEvent", json!({ "Action": "Restart" }))
        .await;
    office.set("Cove Board", PEOPLE, 2).await;
    let heard = integration.hear("Cove", |heard| !heard.is_empty()).await;
    assert_eq!(heard.len(), 1, "{heard:?}");
    assert_eq!(values(&heard, &there[0], PEOPLE), [2]);
    // Outside, the xAPI says no, and the list of devices still shows everything.
    let target = format!(
        "/v1/xapi/status?deviceId={}&name={PEOPLE}",
        office.device("Board Room")
    );
    integration.client.get(&target).await.expect_error(403);
    let target = "/v1/xapi/command/Audio.Volume.Set";
    let command = |device: &str| json!({ "deviceId": office.device(device), "arguments": { "Level": 20 } });
    integration
        .client
        .post(target, command("Board Room"))
        .await
        .expect_error(403);
    integration
        .client
        .post(target, command("Cove Board"))
        .await
        .expect(200);
    let listed = integration.client.get("/v1/devices").await.expect(200);
    assert_eq!(
        listed["items"].as_array().unwrap().len(),
        office.plan.devices.len()
    );
    office.close().await;
}

#[tokio::test]
async fn a_device_that_moves_is_heard_where_it_is() {
    let office = Office::start().await;
    let asked = manifest(&[PEOPLE], &[]);
    let porto = json!({ "locations": [office.location("Porto")] });
    let integration = Integration::activate_for(&office.admin, &asked, porto).await;
    integration.listen_by_queue().await;
    integration.hear_full_syncs(3).await;
    // A new workspace stands nowhere yet.
    let made = json!({ "displayName": "Container" });
    let workspace = office.admin.post("/v1/workspaces", made).await.expect(201);
    let target = format!("/v1/workspaces/{}", workspace["id"].as_str().unwrap());
    let device = register(&office.admin, workspace["id"].as_str().unwrap(), 1).await;
    let link = device.dial().await.unwrap();
    within("an acknowledgement", link.people(1)).await.unwrap();
    let update = json!({ "displayName": "Container", "locationId": office.location("Porto") });
    office.admin.put(&target, update).await.expect(200);
    within("an acknowledgement", link.people(2)).await.unwrap();
    let heard = integration
        .hear("Container", |heard| {
            values(heard, &device.id, PEOPLE).contains(&&json!(2))
        })
        .await;
    assert!(
        values(&heard, &device.id, PEOPLE)
            .iter()
            .all(|value| **value == 2),
        "{heard:?}"
    );
    drop(link);
    office.close().await;
}

#[tokio::test]
async fn personal_devices_are_silent() {
    let office = Office::start().await;
    let integration = by_queue(&office, &["RoomAnalytics.*"], &["*"]).await;
    let personal = "Amara's Desk Pro";
    office.set(personal, PEOPLE, 1).await;
    office
        .emit(personal, "BootEvent", json!({ "Action": "Restart" }))
        .await;
    office.set("Board Room", PEOPLE, 1).await;
    let heard = integration.hear("Board Room", |heard| !heard.is_empty()).await;
    assert_eq!(heard.len(), 1, "{heard:?}");
    assert_eq!(heard[0]["deviceId"], office.device("Board Room").as_str());
    // Statuses of it may be asked for.
    let id = office.device(personal);
    let target = format!("/v1/xapi/status?deviceId={id}&name={PEOPLE}");
    integration.client.get(&target).await.expect(200);
    office.close().await;
}

#[tokio::test]
async fn a_full_sync_is_the_complete_set() {
    let office = Office::start().await;
    office.set("Gannet Room Kit", PEOPLE, 4).await;
    let granted = [
        "RoomAnalytics.*",
        "Peripherals.ConnectedDevice[*].RoomAnalytics.*",
        "Audio.*",
    ];
    let integration = Integration::activate(&office.admin, &manifest(&granted, &[])).await;
    integration.listen_by_queue().await;
    let syncs = integration.hear_full_syncs(office.hearing_devices()).await;
    let device = office.device("Gannet Room Kit");
    let sync = syncs
        .iter()
        .find(|sync| sync["deviceId"] == device.as_str())
        .unwrap();
    assert_eq!(sync["changes"]["removed"], json!([]));
    let updated = sync["changes"]["updated"].as_object().unwrap();
    assert_eq!(updated[PEOPLE], 4);
    let panel = updated
        .keys()
        .find(|key| key.starts_with("Peripherals.ConnectedDevice[") && key.ends_with(".RelativeHumidity"));
    assert!(panel.is_some(), "{updated:?}");
    assert!(updated.keys().all(|key| !key.starts_with("Audio")), "{updated:?}");
    // Leaf by leaf the same as a query answers.
    let target = format!("/v1/xapi/status?deviceId={device}&name=RoomAnalytics.*");
    let asked = integration.client.get(&target).await.expect(200);
    let mut leaves = Vec::new();
    flatten(&asked["result"], "", &mut leaves);
    let own = updated.iter().filter(|(key, _)| key.starts_with("RoomAnalytics"));
    let mut own: Vec<(String, Value)> = own.map(|(key, value)| (key.clone(), value.clone())).collect();
    leaves.sort_by(|a, b| a.0.cmp(&b.0));
    own.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(own, leaves);
    // One device at most sends two: the one that links up again.
    office
        .admin
        .post(&format!("/hallway/v1/devices/{device}/disconnect"), json!({}))
        .await
        .expect(204);
    office
        .admin
        .post(&format!("/hallway/v1/devices/{device}/connect"), json!({}))
        .await
        .expect(204);
    let again = integration.hear_full_syncs(1).await;
    assert_eq!(again.len(), 1);
    assert_eq!(again[0]["deviceId"], device.as_str());
    office.close().await;
}

fn flatten(tree: &Value, path: &str, leaves: &mut Vec<(String, Value)>) {
    for (name, value) in tree.as_object().into_iter().flatten() {
        let path = if path.is_empty() {
            name.clone()
        } else {
            format!("{path}.{name}")
        };
        match value {
            Value::Object(_) => flatten(value, &path, leaves),
            leaf => leaves.push((path, leaf.clone())),
        }
    }
}

#[tokio::test]
async fn periodic_full_syncs() {
    let office = Office::with(|config| {
        config.platform.full_sync_every = std::time::Duration::from_secs(1);
    })
    .await;
    let integration = by_queue(&office, &[PEOPLE], &[]).await;
    // Nothing changes, and still everything comes again.
    integration.hear_full_syncs(office.hearing_devices()).await;
    office.close().await;
}

#[tokio::test]
async fn what_disappears_is_told() {
    let office = Office::start().await;
    let granted = [
        "Conference.Presentation.LocalInstance[*].SendingMode",
        "RoomAnalytics.*",
    ];
    let integration = by_queue(&office, &granted, &[]).await;
    let other = by_queue(&office, &["Standby.State"], &[]).await;
    let board = "Board Room";
    office
        .set(
            board,
            "Conference.Presentation.LocalInstance[1].SendingMode",
            "LocalOnly",
        )
        .await;
    office
        .remove(board, "Conference.Presentation.LocalInstance[1]")
        .await;
    office.set(board, "Standby.State", "Halfwake").await;
    let two = |heard: &[Value]| heard.len() >= 2;
    let heard = integration.hear("the coming and the going", two).await;
    let removed: Vec<&str> = super::texts(&heard[1]["changes"]["removed"]);
    assert_eq!(heard[1]["changes"]["updated"], json!({}));
    assert!(
        removed
            .iter()
            .all(|key| key.starts_with("Conference.Presentation.LocalInstance[1]"))
            && removed.len() == 1,
        "{removed:?}"
    );
    // Who does not hear the leaves does not hear of their end.
    let heard = other.hear("the other", |heard| !heard.is_empty()).await;
    assert_eq!(heard.len(), 1, "{heard:?}");
    assert_eq!(
        heard[0]["changes"]["updated"],
        json!({ "Standby.State": "Halfwake" })
    );
    office.close().await;
}

#[tokio::test]
async fn organizations_do_not_hear_each_other() {
    let office = Office::start().await;
    let org = hallway_wire::id::OrgId::random();
    let founding = hallway_platform::org::Founding {
        org,
        display_name: "Elsewhere".to_owned(),
        admin: hallway_wire::id::PersonId::random(),
        admin_email: "else@example.com".to_owned(),
        admin_name: "Else Where".to_owned(),
        country: None,
    };
    let token = office
        .house()
        .platform
        .found_organization(founding)
        .await
        .unwrap();
    let elsewhere = office.admin.with_token(token.expose());
    let asked = manifest(&["*"], &["*"]);
    // Even the same manifest is another integration there.
    let here = Integration::activate(&office.admin, &asked).await;
    let there = Integration::activate(&elsewhere, &asked).await;
    here.listen_by_queue().await;
    there.listen_by_queue().await;
    here.hear_full_syncs(office.hearing_devices()).await;
    office.set("Board Room", PEOPLE, 3).await;
    here.hear("the change", |heard| !heard.is_empty()).await;
    assert_eq!(there.poll().await, Vec::<Value>::new());
    here.client.get(&there.app_url).await.expect_error(403);
    here.client.get(&there.poll_url()).await.expect_error(403);
    office.close().await;
}
