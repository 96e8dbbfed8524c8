//! `/v1/devices`.

use hallway_platform::device::Device;
use hallway_platform::place::Seed;
use hallway_wire::id::{PersonId, WorkspaceId};
use serde_json::{Value, json};

use crate::rig::Rig;
use crate::workspaces::{Office, board};

#[tokio::test]
async fn lists_are_always_there() {
    let rig = Rig::start().await;
    let office = Office::build(&rig).await;
    let device = rig.get(&format!("/devices/{}", office.id("d"))).await.expect(200);
    for list in ["tags", "capabilities", "permissions", "errorCodes", "sipUrls"] {
        assert!(device[list].is_array(), "{list} in {device}");
    }
    assert_eq!(device["connectionStatus"], "disconnected");
    assert_eq!(device["mac"], "11:22:33:44:AA:FF");
    assert_eq!(
        (&device["workspaceId"], &device["placeId"]),
        (&json!(office.id("w")), &json!(office.id("w")))
    );
    assert_eq!(device["locationId"], office.id("l"));
    assert!(device.get("personId").is_none());
}

#[tokio::test]
async fn lists_filter_and_page() {
    let rig = Rig::start().await;
    let office = Office::build(&rig).await;
    let workspace: WorkspaceId = office.id("w").parse().unwrap();
    let more = (0..30).map(|number| Device {
        display_name: format!("Device {number}"),
        tags: vec!["lab".to_owned(), format!("n{number}")],
        serial: Some(format!("S{number}")),
        mac: None,
        workspace: (number % 3 != 0).then_some(workspace),
        person: (number % 3 == 0).then(PersonId::random),
        xapi: number % 2 == 0,
        kind: if number % 2 == 0 { "roomdesk" } else { "accessory" }.to_owned(),
        connection_status: Some("connected".to_owned()),
        ..board(&rig, workspace)
    });
    rig.platform
        .seed(Seed {
            devices: more.collect(),
            ..Seed::default()
        })
        .await
        .unwrap();
    let count = async |filter: &str| rig.get(&format!("/devices?{filter}")).await.items().len();
    assert_eq!(count("max=999&start=0&").await, 31);
    assert_eq!(count("type=roomdesk&capability=xapi").await, 16);
    assert_eq!(count("connectionStatus=connected").await, 15);
    assert_eq!(count("tag=lab,n7").await, 1);
    assert_eq!(count("tag=lab&tag=n7").await, 1);
    assert_eq!(count("tag=n6&tag=n7").await, 0);
    assert_eq!(count("mac=11:22:33:44:aa:ff").await, 1);
    assert_eq!(count("displayName=device+5").await, 1);
    assert_eq!(count(&format!("workspaceId={workspace}")).await, 21);
    assert_eq!(
        count(&format!("locationId={}&type=accessory", office.id("l"))).await,
        10
    );
    assert_eq!(count("includeLocation=true&minimalConfigs=true").await, 31);
    rig.get("/devices?type=toaster").await.expect(400);

    let mut next = Some("/devices?tag=lab&max=8".to_owned());
    let mut serials = Vec::new();
    while let Some(path) = next {
        let mut answer = rig.get(&path).await;
        next = answer.next.take();
        let items = answer.items();
        assert!(!items.is_empty());
        serials.extend(
            items
                .iter()
                .map(|item| item["serial"].as_str().unwrap().to_owned()),
        );
    }
    assert_eq!(
        serials,
        (0..30).map(|number| format!("S{number}")).collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn tags_by_json_patch() {
    let rig = Rig::start().await;
    let office = Office::build(&rig).await;
    let patch = format!("PATCH /devices/{}", office.id("d"));
    let add = json!([{ "op": "add", "path": "tags", "value": ["b", "a"] }]);
    assert_eq!(rig.ask(&patch, add).await.expect(200)["tags"], json!(["a", "b"]));
    let replace = json!([{ "op": "replace", "path": "/tags", "value": ["First Tag"] }]);
    assert_eq!(
        rig.ask(&patch, replace).await.expect(200)["tags"],
        json!(["First Tag"])
    );
    for bad in [
        json!({ "op": "remove", "path": "tags" }),
        json!([]),
        json!([{ "op": "remove", "path": "displayName" }]),
        json!([{ "op": "remove", "path": "tags" }, { "op": "add", "path": "tags", "value": 1 }]),
    ] {
        rig.ask(&patch, bad).await.expect(400);
    }
    let path = format!("/devices/{}", office.id("d"));
    assert_eq!(
        rig.get(&path).await.expect(200)["tags"],
        json!(["First Tag"]),
        "all or nothing"
    );
    let remove = json!([{ "op": "remove", "path": "tags" }]);
    assert_eq!(rig.ask(&patch, remove).await.expect(200)["tags"], json!([]));
}

#[tokio::test]
async fn phones_and_activation_codes() {
    let rig = Rig::start().await;
    let office = Office::build(&rig).await;
    let phone = json!({ "mac": "D82E3EEF4E5C", "model": "DMS Cisco 8865", "workspaceId": office.id("w") });
    let made = rig.ask("POST /devices", phone.clone()).await.expect(200);
    assert_eq!(
        (&made["type"], &made["mac"]),
        (&json!("phone"), &json!("D8:2E:3E:EF:4E:5C"))
    );
    assert_eq!(
        (&made["capabilities"], &made["connectionStatus"]),
        (&json!([]), &json!("unknown"))
    );
    assert_eq!(made["locationId"], office.id("l"));
    rig.ask("POST /devices", phone).await.expect(409);
    for bad in [
        json!({ "mac": "D8", "model": "m", "workspaceId": office.id("w") }),
        json!({ "mac": "D82E3EEF4E5D", "workspaceId": office.id("w") }),
        json!({ "mac": "D82E3EEF4E5D", "model": "m" }),
        json!({ "mac": "D82E3EEF4E5D", "model": "m", "workspaceId": office.id("w"), "personId": office.id("p") }),
    ] {
        rig.ask("POST /devices", bad).await.expect(400);
    }

    let code = rig
        .ask(
            "POST /devices/activationCode",
            json!({ "workspaceId": office.id("w") }),
        )
        .await
        .expect(200);
    assert_eq!(code["code"].as_str().unwrap().len(), 16);
    assert_eq!(code["expiryTime"], "2026-03-11T05:06:07.089Z");
    rig.ask("POST /devices/activationCode", json!({}))
        .await
        .expect(400);

    let path = format!("/devices/{}", made["id"].as_str().unwrap());
    assert_eq!(
        rig.ask(&format!("DELETE {path}?orgId={}", rig.org), Value::Null)
            .await
            .expect(204),
        Value::Null
    );
    rig.get(&path).await.expect(404);
}

#[tokio::test]
async fn a_user_sees_its_own() {
    let rig = Rig::start().await;
    let office = Office::build(&rig).await;
    let person = PersonId::random();
    let user = rig
        .token_of(person, &[], &["spark:devices_read", "spark:devices_write"])
        .await;
    let workspace: WorkspaceId = office.id("w").parse().unwrap();
    let own = Device {
        workspace: None,
        person: Some(person),
        ..board(&rig, workspace)
    };
    let id = own.id;
    rig.platform
        .seed(Seed {
            devices: vec![own],
            ..Seed::default()
        })
        .await
        .unwrap();
    let ask = async |request: String, body| rig.ask_as(Some(&user), &request, body).await;
    let seen = ask("GET /devices".to_owned(), Value::Null).await.items();
    assert_eq!(
        seen.iter().map(|device| device["id"].clone()).collect::<Vec<_>>(),
        [json!(id)]
    );
    assert_eq!(seen[0]["personId"], json!(person));
    ask(format!("GET /devices/{}", office.id("d")), Value::Null)
        .await
        .expect(404);
    ask(format!("DELETE /devices/{}", office.id("d")), Value::Null)
        .await
        .expect(404);
    let remove = json!([{ "op": "remove", "path": "tags" }]);
    ask(format!("PATCH /devices/{id}"), remove).await.expect(200);
    ask("POST /devices".to_owned(), json!({})).await.expect(403);
}
