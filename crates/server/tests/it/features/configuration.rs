//! Which devices are taken, what their configurations say meanwhile, and devices that are away.

use serde_json::{Value, json};

use super::*;

async fn provider(rig: &Rig, review: Value) -> Vendor {
    let vendor = activate(rig, &rig.admin, &both_features(), review).await;
    vendor
        .ask(rig, "PUT", "signageUrl", json!({ "signageUrl": SIGNAGE }))
        .await
        .expect(200);
    vendor
}

#[tokio::test]
async fn who_is_taken_and_who_is_passed_over() {
    let rig = rig().await;
    let admin = rig.admin.clone();
    let (oslo, bergen) = (
        location(&rig, &admin, "Oslo").await,
        location(&rig, &admin, "Bergen").await,
    );
    let here = room(&rig, &admin, "Here", Some(&oslo)).await;
    let there = room(&rig, &admin, "There", Some(&bergen)).await;
    let phone = json!({ "mac": "aabbccddeeff", "model": "DMS Cisco 8865", "workspaceId": here.workspace });
    rig.ask("POST /devices", phone).await.expect(200);
    let tag = json!([{ "op": "add", "path": "tags", "value": ["lobby"] }]);
    rig.ask(&format!("PATCH /devices/{}", there.device), tag)
        .await
        .expect(200);
    let vendor = provider(&rig, json!({ "locations": [oslo] })).await;
    let ask = async |verb: &str, body: Value| vendor.signage(&rig, &admin, "POST", verb, body).await;
    for (selection, assigned, skipped) in [
        (json!({ "all": true }), vec!["Here"], vec!["There", "Here"]),
        (json!({ "tag": "LOBBY" }), vec![], vec!["There"]),
        (json!({ "locationId": bergen }), vec![], vec!["There"]),
        (json!({ "locationId": oslo }), vec!["Here"], vec!["Here"]),
        (
            json!({ "workspaceId": here.workspace }),
            vec!["Here"],
            vec!["Here"],
        ),
        (
            json!({ "devices": [here.device, there.device] }),
            vec!["Here"],
            vec!["There"],
        ),
    ] {
        let answer = ask("/assign", selection.clone()).await.expect(200);
        assert_eq!(names(&answer, "assigned"), assigned, "{selection}");
        assert_eq!(names(&answer, "skipped"), skipped, "{selection}");
        let taken = ask("/unassign", selection.clone()).await.expect(200);
        assert_eq!(names(&taken, "unassigned"), assigned, "{selection}");
    }
    let reasons = ask("/assign", json!({ "all": true })).await.expect(200)["skipped"].to_string();
    assert!(
        reasons.contains("outside the locations") && reasons.contains("8865 cannot show"),
        "{reasons}"
    );
    rig.until(async || vendor.stands(&rig, "digitalSignage", &here).await["url"].is_string())
        .await;
    let unknown = DeviceId::random().to_string();
    for (body, status, text) in [
        (json!({}), 400, "Exactly one"),
        (json!({ "all": false }), 400, "Exactly one"),
        (json!({ "all": true, "tag": "x" }), 400, "Exactly one"),
        (json!({ "devices": [] }), 400, "1 to 1000"),
        (json!({ "tag": " " }), 400, "empty"),
        (json!({ "devices": [unknown] }), 404, "device"),
        (
            json!({ "workspaceId": hallway_wire::id::WorkspaceId::random() }),
            404,
            "workspace",
        ),
        (
            json!({ "locationId": hallway_wire::id::LocationId::random() }),
            404,
            "location",
        ),
        (json!([]), 400, "list"),
    ] {
        for verb in ["/assign", "/unassign"] {
            says(
                ask(verb, body.clone()).await,
                StatusCode::from_u16(status).unwrap(),
                text,
            );
        }
    }
    // Another organization sees neither the integration nor the device.
    let stranger = rig.stranger().await;
    vendor
        .signage(&rig, &stranger, "POST", "/assign", json!({ "all": true }))
        .await
        .expect(404);
    let reader = rig
        .token(&[hallway_platform::org::Role::ReadOnlyAdmin], &[])
        .await;
    let by_reader = vendor.signage(&rig, &reader, "POST", "/assign", json!([])).await;
    says(by_reader, StatusCode::FORBIDDEN, "device administrator");
    rig.close().await;
}

#[tokio::test]
async fn managed_configurations_belong_to_the_integration() {
    let rig = rig().await;
    let admin = rig.admin.clone();
    let room = room(&rig, &admin, "Room", None).await;
    let attachment = room.link_up(&rig).await;
    let configure = format!("PATCH /deviceConfigurations?deviceId={}", room.device);
    let set = |key: &str, value: &str| json!([{ "op": "replace", "path": format!("{key}/sources/configured/value"), "value": value }]);
    // What was on before is on afterwards.
    rig.ask(&configure, set("WebEngine.Mode", "On")).await.expect(201);
    rig.ask(&configure, set("Standby.Signage.Url", "https://old.example/"))
        .await
        .expect(201);
    let vendor = provider(&rig, json!({})).await;
    let only = json!({ "devices": [room.device] });
    vendor
        .signage(&rig, &admin, "POST", "/assign", only.clone())
        .await
        .expect(200);
    rig.until(async || {
        room.codec
            .shows()
            .is_some_and(|url| url.contains("signage.example"))
    })
    .await;
    let look = format!(
        "GET /deviceConfigurations?deviceId={}&key=Standby.Signage.*",
        room.device
    );
    let editability = async |key: &str| {
        rig.ask(&look, Value::Null).await.expect(200)["items"][key]["sources"]["configured"]["editability"]
            .clone()
    };
    let managed = json!({
        "isEditable": false, "editable": false, "reason": "CONFIG_MANAGED_BY_DIFFERENT_AUTHORITY",
    });
    for key in ["Standby.Signage.Mode", "Standby.Signage.Url"] {
        assert_eq!(editability(key).await, managed);
        says(
            rig.ask(&configure, set(key, "Off")).await,
            CONFLICT,
            "managed by a different authority",
        );
    }
    assert_eq!(editability("Standby.Signage.Audio").await["isEditable"], true);
    rig.ask(&configure, set("Standby.Signage.Audio", "On"))
        .await
        .expect(201);
    // What somebody sets on the device itself is set back, also when it is done again at once.
    let report = || hallway_xapi::Report {
        at_ms: None,
        changes: vec![hallway_xapi::Change::Configuration(
            "Standby.Signage.Url".parse().unwrap(),
            Some(json!("https://evil.example/")),
        )],
    };
    rig.until(async || vendor.stands(&rig, "digitalSignage", &room).await["state"] == "active")
        .await;
    for _ in 0..2 {
        room.codec
            .configurations
            .lock()
            .unwrap()
            .insert("Standby.Signage.Url".to_owned(), json!("https://evil.example/"));
        rig.platform
            .report(&attachment.device, &[report()])
            .await
            .unwrap();
        rig.until(async || {
            room.codec
                .shows()
                .is_some_and(|url| url.contains("signage.example"))
        })
        .await;
    }
    vendor
        .signage(&rig, &admin, "POST", "/unassign", only.clone())
        .await
        .expect(200);
    rig.until(async || room.codec.get("Standby.Signage.Mode").is_none())
        .await;
    rig.until(async || room.codec.get("Standby.Signage.Url").is_none())
        .await;
    assert_eq!(room.codec.get("WebEngine.Mode"), Some(json!("On")));
    assert_eq!(room.codec.get("Standby.Signage.Audio"), Some(json!("On")));
    rig.until(async || editability("Standby.Signage.Url").await["isEditable"] == true)
        .await;
    let again = vendor
        .signage(&rig, &admin, "POST", "/unassign", only)
        .await
        .expect(200);
    assert_eq!(names(&again, "skipped"), ["Room"]);
    rig.close().await;
}

#[tokio::test]
async fn a_device_that_is_away_catches_up() {
    let rig = rig().await;
    let admin = rig.admin.clone();
    let room = room(&rig, &admin, "Room", None).await;
    let vendor = provider(&rig, json!({})).await;
    let only = json!({ "devices": [room.device] });
    vendor
        .signage(&rig, &admin, "POST", "/assign", only.clone())
        .await
        .expect(200);
    rig.until(async || vendor.stands(&rig, "digitalSignage", &room).await["url"].is_string())
        .await;
    assert_eq!(
        vendor.stands(&rig, "digitalSignage", &room).await["state"],
        "pending"
    );
    let attachment = room.link_up(&rig).await;
    rig.until(async || vendor.stands(&rig, "digitalSignage", &room).await["state"] == "active")
        .await;
    assert!(room.codec.shows().is_some());
    rig.platform.detach(&attachment).await.unwrap();
    vendor
        .signage(&rig, &admin, "POST", "/unassign", only.clone())
        .await
        .expect(200);
    assert_eq!(vendor.stands(&rig, "digitalSignage", &room).await, Value::Null);
    // Also a process later.
    let rig = rig.again().await;
    assert!(room.codec.shows().is_some());
    let attachment = room.link_up(&rig).await;
    rig.until(async || room.codec.configurations.lock().unwrap().is_empty())
        .await;
    // What it does not take is said.
    rig.platform.detach(&attachment).await.unwrap();
    *room.codec.refuses.lock().unwrap() = Some("Standby.Signage.Url".to_owned());
    room.link_up(&rig).await;
    vendor
        .signage(&rig, &admin, "POST", "/assign", only)
        .await
        .expect(200);
    rig.until(async || vendor.stands(&rig, "digitalSignage", &room).await["state"] == "failed")
        .await;
    let stands = vendor.stands(&rig, "digitalSignage", &room).await;
    assert!(
        stands["problem"].as_str().unwrap().contains("not today"),
        "{stands}"
    );
    rig.close().await;
}

#[tokio::test]
async fn a_page_that_is_too_long_is_a_problem_of_its_device() {
    let rig = rig().await;
    let admin = rig.admin.clone();
    let (short, long) = (
        room(&rig, &admin, "Short", None).await,
        room(&rig, &admin, &"é".repeat(60), None).await,
    );
    short.link_up(&rig).await;
    long.link_up(&rig).await;
    let vendor = provider(&rig, json!({})).await;
    let page = format!("https://x.example/{}/$(ownerName)", "p".repeat(1750));
    vendor
        .ask(&rig, "PUT", "signageUrl", json!({ "signageUrl": page }))
        .await
        .expect(200);
    vendor
        .signage(&rig, &admin, "POST", "/assign", json!({ "all": true }))
        .await
        .expect(200);
    rig.until(async || short.codec.shows().is_some()).await;
    rig.until(async || vendor.stands(&rig, "digitalSignage", &long).await["state"] == "failed")
        .await;
    let problem = vendor.stands(&rig, "digitalSignage", &long).await["problem"].to_string();
    assert!(
        problem.contains("Standby.Signage.Url") && problem.contains("2000"),
        "{problem}"
    );
    assert_eq!(long.codec.shows(), None);
    // It is assigned still: a shorter page works.
    vendor
        .ask(&rig, "PUT", "signageUrl", json!({ "signageUrl": SIGNAGE }))
        .await
        .expect(200);
    rig.until(async || long.codec.shows().is_some()).await;
    // Another integration takes the device over.
    let mut other = both_features();
    other["id"] = json!("00000000-0000-4000-8000-000000000001");
    other["displayName"] = json!("Other Signs");
    let other = activate(&rig, &admin, &other, json!({})).await;
    let page = json!({ "signageUrl": "https://other.example/" });
    other.ask(&rig, "PUT", "signageUrl", page).await.expect(200);
    let taken = other
        .signage(
            &rig,
            &admin,
            "POST",
            "/assign",
            json!({ "devices": [short.device] }),
        )
        .await;
    assert_eq!(taken.expect(200)["assigned"][0]["replaces"], vendor.app.as_str());
    rig.until(async || {
        short
            .codec
            .shows()
            .is_some_and(|url| url.starts_with("https://other.example"))
    })
    .await;
    assert_eq!(vendor.stands(&rig, "digitalSignage", &short).await, Value::Null);
    rig.close().await;
}
