//! The order of things, with two organizations that know nothing of each other.

use serde_json::{Value, json};

use super::*;

#[tokio::test]
async fn from_the_manifest_to_the_device_and_back() {
    let rig = rig().await;
    let admin = rig.admin.clone();
    let else_where = rig.stranger().await;
    let (one, two) = (
        room(&rig, &admin, "Board & Room #1", None).await,
        room(&rig, &admin, "غرفة ☕", None).await,
    );
    let other = room(&rig, &else_where, "Elsewhere", None).await;
    for room in [&one, &two, &other] {
        room.link_up(&rig).await;
    }
    // 1: the activation code says where to configure.
    let vendor = activate(&rig, &admin, &both_features(), json!({})).await;
    let app_url = vendor.claims["appUrl"].as_str().unwrap();
    assert_eq!(
        vendor.claims["signageUrl"],
        format!("{app_url}/features/digitalSignage")
    );
    assert_eq!(
        vendor.claims["pwaUrl"],
        format!("{app_url}/features/persistentWebApp")
    );
    let there = activate(&rig, &else_where, &both_features(), json!({})).await;
    // 2: nothing is stored, so it cannot be chosen.
    vendor
        .ask(&rig, "GET", "signageUrl", Value::Null)
        .await
        .expect(404);
    vendor
        .ask(&rig, "DELETE", "signageUrl", Value::Null)
        .await
        .expect(404);
    let providers = "GET /features/digitalSignage/providers";
    assert!(rig.control(&admin, providers).await.items().is_empty());
    let both = json!({ "devices": [one.device, two.device] });
    let refused = vendor
        .signage(&rig, &admin, "POST", "/assign", both.clone())
        .await;
    says(refused, CONFLICT, "has to PUT one");
    // 3: stored, it is offered, and shown.
    let stored = json!({ "signageUrl": SIGNAGE, "crossLaunch": {}, "unknown": 1 });
    let answer = vendor
        .ask(&rig, "PUT", "signageUrl", stored.clone())
        .await
        .expect(200);
    assert_eq!(answer, json!({ "signageUrl": SIGNAGE, "crossLaunch": {} }));
    assert_eq!(
        vendor
            .ask(&rig, "GET", "signageUrl", Value::Null)
            .await
            .expect(200),
        answer
    );
    let shown = vendor.ask(&rig, "GET", "appUrl", Value::Null).await.expect(200);
    assert_eq!(shown["digitalSignageConfiguration"], answer);
    assert_eq!(
        shown["features"],
        json!(["digital_signage", "persistent_web_app"])
    );
    assert_eq!(
        rig.control(&admin, providers).await.items()[0]["displayName"],
        "Lobby Signs"
    );
    assert!(rig.control(&else_where, providers).await.items().is_empty());
    there.ask(&rig, "PUT", "signageUrl", stored).await.expect(200);
    there
        .signage(&rig, &else_where, "POST", "/assign", json!({ "all": true }))
        .await
        .expect(200);
    // 4: each device gets its own page.
    let given = vendor
        .signage(&rig, &admin, "POST", "/assign", both.clone())
        .await
        .expect(200);
    assert_eq!(names(&given, "assigned"), ["Board & Room #1", "غرفة ☕"]);
    let parameter = format!("_cisco_app_id={}", vendor.app);
    let page = |name: &str, room: &Room| {
        let id = &room.device;
        format!("https://signage.example/{name}/{id}?d={name}&{parameter}")
    };
    let arabic = "%D8%BA%D8%B1%D9%81%D8%A9%20%E2%98%95";
    let (first, second) = (page("Board%20%26%20Room%20%231", &one), page(arabic, &two));
    rig.until(async || one.codec.shows().as_ref() == Some(&first))
        .await;
    rig.until(async || two.codec.shows().as_ref() == Some(&second))
        .await;
    rig.until(async || vendor.stands(&rig, "digitalSignage", &one).await["state"] == "active")
        .await;
    rig.until(async || other.codec.shows().is_some()).await;
    let elsewhere = other.codec.shows();
    // The same again changes nothing.
    let steps = rig.steps();
    vendor
        .signage(&rig, &admin, "POST", "/assign", both)
        .await
        .expect(200);
    assert_eq!(rig.steps(), steps);
    // 5: a new page reaches both without anybody's doing.
    let newer =
        json!({ "signageUrl": "https://signage.example/v2?m=$(deviceModel)&o=$(organizationId)#top" });
    vendor.ask(&rig, "PUT", "signageUrl", newer).await.expect(200);
    let org = rig.org.to_string();
    let expected = format!("https://signage.example/v2?m=Cisco%20Board%20Pro%2055&o={org}&{parameter}#top");
    for room in [&one, &two] {
        rig.until(async || room.codec.shows().as_ref() == Some(&expected))
            .await;
    }
    // 7: a new name of the workspace.
    vendor
        .ask(&rig, "PUT", "signageUrl", json!({ "signageUrl": SIGNAGE }))
        .await
        .expect(200);
    rig.until(async || one.codec.shows().as_ref() == Some(&first))
        .await;
    let rename = format!("PUT /workspaces/{}", one.workspace);
    rig.ask(&rename, json!({ "displayName": "100%" }))
        .await
        .expect(200);
    let renamed = format!("https://signage.example/100%25/{}", one.device);
    rig.until(async || one.codec.shows().is_some_and(|url| url.starts_with(&renamed)))
        .await;
    // 8: without the configuration, devices forget.
    vendor
        .ask(&rig, "DELETE", "signageUrl", Value::Null)
        .await
        .expect(204);
    vendor
        .ask(&rig, "GET", "signageUrl", Value::Null)
        .await
        .expect(404);
    assert!(rig.control(&admin, providers).await.items().is_empty());
    for room in [&one, &two] {
        rig.until(async || room.codec.configurations.lock().unwrap().is_empty())
            .await;
        assert_eq!(vendor.stands(&rig, "digitalSignage", room).await, Value::Null);
    }
    // Stored again, nothing comes back by itself.
    vendor
        .ask(&rig, "PUT", "signageUrl", json!({ "signageUrl": SIGNAGE }))
        .await
        .expect(200);
    assert_eq!(vendor.stands(&rig, "digitalSignage", &one).await, Value::Null);
    vendor
        .signage(&rig, &admin, "POST", "/assign", json!({ "all": true }))
        .await
        .expect(200);
    rig.until(async || one.codec.shows().is_some() && two.codec.shows().is_some())
        .await;
    // 9: the next version has no feature.
    let request = format!("PUT {}", vendor.path("/manifest"));
    rig.control_with(&admin, &request, manifest(2, &[READ], &[]))
        .await
        .expect(200);
    says(
        vendor.ask(&rig, "GET", "signageUrl", Value::Null).await,
        StatusCode::FORBIDDEN,
        "spark-admin:devices_digital_signage",
    );
    for room in [&one, &two] {
        rig.until(async || room.codec.configurations.lock().unwrap().is_empty())
            .await;
    }
    // And again with it: approved, the integration hears where to configure.
    let request = format!("PUT {}", vendor.path("/manifest"));
    let third = manifest(3, &[READ, SIGN], &["digital_signage"]);
    assert_eq!(
        rig.control_with(&admin, &request, third).await.expect(200)["pending"],
        true
    );
    let approve = format!("POST {}", vendor.path("/approve"));
    rig.control_with(&admin, &approve, json!({})).await.expect(200);
    let poll = format!("GET {app_url}/queue");
    let mut heard = Vec::new();
    while heard.len() < 2 {
        let polled = rig
            .ask_as(Some(&vendor.token), &poll, Value::Null)
            .await
            .expect(200);
        let actions = polled["messages"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|it| it["type"] == "action");
        heard.extend(actions.map(|it| claims(it["jwt"].as_str().unwrap())));
    }
    let urls: Vec<&Value> = heard.iter().map(|claims| &claims["signageUrl"]).collect();
    assert_eq!(urls, [&Value::Null, &vendor.claims["signageUrl"]]);
    // All that concerned the other organization not at all.
    assert_eq!(other.codec.shows(), elsewhere);
    rig.close().await;
}

#[tokio::test]
async fn deactivation_and_deletion_take_everything_along() {
    let rig = rig().await;
    let admin = rig.admin.clone();
    let (one, two) = (
        room(&rig, &admin, "One", None).await,
        room(&rig, &admin, "Two", None).await,
    );
    one.link_up(&rig).await;
    two.link_up(&rig).await;
    let vendor = activate(&rig, &admin, &both_features(), json!({})).await;
    vendor
        .ask(&rig, "PUT", "signageUrl", json!({ "signageUrl": SIGNAGE }))
        .await
        .expect(200);
    vendor
        .signage(&rig, &admin, "POST", "/assign", json!({ "all": true }))
        .await
        .expect(200);
    rig.until(async || one.codec.shows().is_some() && two.codec.shows().is_some())
        .await;
    // A device that is deleted is not counted any more.
    rig.ask(&format!("DELETE /devices/{}", two.device), Value::Null)
        .await
        .expect(204);
    let view = vendor
        .signage(&rig, &admin, "GET", "", Value::Null)
        .await
        .expect(200);
    assert_eq!(
        (&view["offered"], &view["assignedDevices"]),
        (&json!(true), &json!(1))
    );
    let request = format!("POST {}", vendor.path("/deactivate"));
    rig.control_with(&admin, &request, json!({})).await.expect(200);
    vendor
        .ask(&rig, "GET", "signageUrl", Value::Null)
        .await
        .expect(404);
    rig.until(async || one.codec.configurations.lock().unwrap().is_empty())
        .await;
    let refused = vendor
        .signage(&rig, &admin, "POST", "/assign", json!({ "all": true }))
        .await;
    says(refused, CONFLICT, "not active");
    rig.close().await;
}

#[tokio::test]
async fn denied_scopes_take_their_feature_along() {
    let rig = rig().await;
    let admin = rig.admin.clone();
    let denied = json!({ "deny": ["spark-admin:devices_pwa", "spark-admin:devices_pwa_jsxapi"] });
    let vendor = activate(&rig, &admin, &both_features(), denied).await;
    assert!(vendor.claims.get("pwaUrl").is_none() && vendor.claims.get("signageUrl").is_some());
    let url = vendor.claims["signageUrl"]
        .as_str()
        .unwrap()
        .replace("digitalSignage", "persistentWebApp");
    for (method, body) in [
        ("GET", Value::Null),
        ("PUT", json!({ "pwaUrl": "https://x.example/" })),
        ("PUT", json!([])),
        ("DELETE", Value::Null),
    ] {
        let answer = rig
            .ask_as(Some(&vendor.token), &format!("{method} {url}"), body)
            .await;
        says(answer, StatusCode::FORBIDDEN, "spark-admin:devices_pwa");
    }
    let view = vendor.web_app(&rig, "GET", "", Value::Null).await.expect(200);
    assert!(
        view["nextStep"].as_str().unwrap().contains("without denying"),
        "{view}"
    );
    rig.close().await;
}
