//! Persistent web apps: Navigators, the alias, and pages that may use the xAPI.

use hallway_xapi::{Change, Report};
use serde_json::{Value, json};

use super::*;

const URL: &str = "UserInterface.HomeScreen.Peripherals.WebApp.URL";
const HOSTS: &str = "WebEngine.Features.Xapi.Peripherals.AllowedHosts.Hosts";
const ALLOWED: &str = "Security.Xapi.WebSocket.ApiKey.Allowed";

fn navigators(serials: &[&str]) -> Value {
    let devices = serials.iter().enumerate().map(|(at, serial)| {
        json!({ "id": 1001 + at, "Type": "TouchPanel", "Name": "Cisco Room Navigator", "SerialNumber": serial,
                "Status": "Connected" })
    });
    json!({ "Peripherals": { "ConnectedDevice": devices.collect::<Vec<_>>() } })
}

#[tokio::test]
async fn navigators_come_and_go() {
    let rig = rig().await;
    let admin = rig.admin.clone();
    let room = room(&rig, &admin, "Room", None).await;
    let attachment = room.link_up(&rig).await;
    let bare = super::room(&rig, &admin, "Bare", None).await;
    bare.link_up(&rig).await;
    let away = super::room(&rig, &admin, "Away", None).await;
    *room.codec.statuses.lock().unwrap() = navigators(&["FOC A", "FOC B"]);
    let vendor = activate(&rig, &admin, &both_features(), json!({})).await;
    // The member of the other feature is taken for the page.
    let page = "https://navi.example:8443/panel?nav=$(peripheralSerial)";
    let stored = vendor
        .ask(&rig, "PUT", "pwaUrl", json!({ "signageUrl": page }))
        .await
        .expect(200);
    assert_eq!(stored, json!({ "pwaUrl": page }));
    let shown = vendor.ask(&rig, "GET", "appUrl", Value::Null).await.expect(200);
    assert_eq!(shown["persistentWebAppConfiguration"]["pwaUrl"], page);
    let given = vendor
        .web_app(&rig, "POST", "/assign", json!({ "all": true }))
        .await
        .expect(200);
    assert_eq!(names(&given, "assigned"), ["Room"]);
    assert_eq!(names(&given, "skipped"), ["Bare", "Away"]);
    assert!(
        given["skipped"][0]["reason"]
            .as_str()
            .unwrap()
            .contains("No Room Navigator")
    );
    assert!(
        given["skipped"][1]["reason"]
            .as_str()
            .unwrap()
            .contains("not connected")
    );
    let url = |serial: &str| {
        format!(
            "https://navi.example:8443/panel?nav={serial}&_cisco_app_id={}",
            vendor.app
        )
    };
    rig.until(async || room.codec.get(URL) == Some(json!(url("FOC%20A"))))
        .await;
    rig.until(async || room.codec.get("WebEngine.Mode") == Some(json!("On")))
        .await;
    rig.until(async || room.codec.get(HOSTS) == Some(json!("navi.example")))
        .await;
    rig.until(async || room.codec.get(ALLOWED) == Some(json!("True")))
        .await;
    let stands = vendor.stands(&rig, "persistentWebApp", &room).await;
    assert_eq!(stands["navigators"][1]["url"], url("FOC%20B"));
    // Another Navigator is the first one now.
    let changed = |serials: &[&str]| {
        *room.codec.statuses.lock().unwrap() = navigators(serials);
        Report {
            at_ms: None,
            changes: vec![Change::StatusRemoved(
                "Peripherals.ConnectedDevice[1001]".parse().unwrap(),
            )],
        }
    };
    let report = changed(&["FOC B"]);
    rig.platform.report(&attachment.device, &[report]).await.unwrap();
    rig.until(async || room.codec.get(URL) == Some(json!(url("FOC%20B"))))
        .await;
    let report = changed(&[]);
    rig.platform.report(&attachment.device, &[report]).await.unwrap();
    rig.until(async || room.codec.configurations.lock().unwrap().is_empty())
        .await;
    let stands = vendor.stands(&rig, "persistentWebApp", &room).await;
    assert_eq!(
        (&stands["state"], stands["problem"].is_string()),
        (&json!("failed"), true)
    );
    let report = Report {
        at_ms: None,
        changes: vec![Change::Status(
            "Peripherals.ConnectedDevice[1001].SerialNumber".parse().unwrap(),
            json!("FOC C"),
        )],
    };
    *room.codec.statuses.lock().unwrap() = navigators(&["FOC C"]);
    rig.platform.report(&attachment.device, &[report]).await.unwrap();
    rig.until(async || room.codec.get(URL) == Some(json!(url("FOC%20C"))))
        .await;
    // A list of one's own, and a page that is too long for the device.
    let listed = json!({ "pwaUrl": page, "directXapiAccessAllowListOverride": "a.example b.example" });
    vendor.ask(&rig, "PUT", "pwaUrl", listed).await.expect(200);
    rig.until(async || room.codec.get(HOSTS) == Some(json!("a.example b.example")))
        .await;
    let long = json!({ "pwaUrl": format!("https://navi.example/{}", "p".repeat(220)) });
    vendor.ask(&rig, "PUT", "pwaUrl", long).await.expect(200);
    rig.until(async || room.codec.configurations.lock().unwrap().is_empty())
        .await;
    let stands = vendor.stands(&rig, "persistentWebApp", &room).await;
    assert!(stands["problem"].as_str().unwrap().contains("255"), "{stands}");
    assert_eq!(away.codec.get(URL), None);
    rig.close().await;
}

#[tokio::test]
async fn without_its_scope_a_page_may_not_use_the_xapi() {
    let rig = rig().await;
    let admin = rig.admin.clone();
    let room = room(&rig, &admin, "Room", None).await;
    room.link_up(&rig).await;
    *room.codec.statuses.lock().unwrap() = navigators(&["A"]);
    let review = json!({ "deny": ["spark-admin:devices_pwa_jsxapi"] });
    let vendor = activate(&rig, &admin, &both_features(), review).await;
    vendor
        .ask(
            &rig,
            "PUT",
            "pwaUrl",
            json!({ "pwaUrl": "https://navi.example/" }),
        )
        .await
        .expect(200);
    vendor
        .ask(&rig, "PUT", "signageUrl", json!({ "signageUrl": SIGNAGE }))
        .await
        .expect(200);
    let only = json!({ "devices": [room.device] });
    vendor
        .web_app(&rig, "POST", "/assign", only.clone())
        .await
        .expect(200);
    vendor
        .signage(&rig, &admin, "POST", "/assign", only.clone())
        .await
        .expect(200);
    rig.until(async || room.codec.get(URL).is_some() && room.codec.shows().is_some())
        .await;
    assert_eq!((room.codec.get(HOSTS), room.codec.get(ALLOWED)), (None, None));
    // The engine stays on while one of the two needs it.
    vendor
        .web_app(&rig, "POST", "/unassign", only.clone())
        .await
        .expect(200);
    rig.until(async || room.codec.get(URL).is_none()).await;
    assert!(room.codec.shows().is_some());
    vendor
        .signage(&rig, &admin, "POST", "/unassign", only)
        .await
        .expect(200);
    rig.until(async || room.codec.configurations.lock().unwrap().is_empty())
        .await;
    // Everything that is wrong is named.
    let wrong = json!({
        "pwaUrl": "ftp://x/$(nothing)", "crossLaunch": { "manageContent": {}, "assignContent": { "url": 1 } },
        "directXapiAccessAllowListOverride": "x".repeat(1025),
    });
    let answer = vendor.ask(&rig, "PUT", "pwaUrl", wrong).await;
    let errors: Vec<String> = answer.body["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["description"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    for name in [
        "$(nothing)",
        "crossLaunch.manageContent.url",
        "crossLaunch.assignContent.url",
        "directXapiAccessAllowListOverride",
    ] {
        assert!(
            errors.iter().any(|error| error.contains(name)),
            "{name}: {errors:?}"
        );
    }
    rig.close().await;
}
