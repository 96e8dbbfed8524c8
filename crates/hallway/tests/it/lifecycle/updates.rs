//! Newer manifests: in force at once, or waiting for approval.

use serde_json::{Value, json};

use super::{audit, next_action, words};
use crate::support::integration::{app_of, manifest, upload};
use crate::support::{Integration, Office};

async fn update(office: &Office, manifest: &Value) -> crate::support::Answer {
    let target = format!("/hallway/v1/integrations/{}/manifest", app_of(manifest));
    office.admin.put(&target, manifest.clone()).await
}

#[tokio::test]
async fn versions_grow() {
    let office = Office::start().await;
    let mut asked = manifest(&["Standby.State"], &[]);
    asked["manifestVersion"] = json!(5);
    upload(&office.admin, &asked).await;
    for version in [1, 5] {
        asked["manifestVersion"] = json!(version);
        let said = update(&office, &asked).await.expect_error(400);
        assert!(said.contains("$.manifestVersion") && said.contains('5'), "{said}");
    }
    let mut other = manifest(&["Standby.State"], &[]);
    other["manifestVersion"] = json!(6);
    let target = format!("/hallway/v1/integrations/{}/manifest", app_of(&asked));
    let said = office.admin.put(&target, other).await.expect_error(400);
    assert!(said.contains("$.id"), "{said}");
    // Before anybody activated it, a new version asks nobody.
    asked["manifestVersion"] = json!(6);
    asked["xapiAccess"]["events"] = json!([{ "path": "BootEvent", "access": "required" }]);
    let updated = update(&office, &asked).await.expect(200);
    assert_eq!(
        (&updated["pending"], &updated["manifestVersion"]),
        (&json!(false), &json!(6))
    );
    let approve = format!("/hallway/v1/integrations/{}/approve", app_of(&asked));
    office.admin.post(&approve, json!({})).await.expect_error(409);
    office.close().await;
}

#[tokio::test]
async fn what_asks_for_nothing_more_is_in_force_at_once() {
    let office = Office::start().await;
    let mut asked = manifest(&["RoomAnalytics.*", "Standby.State"], &[]);
    let integration = Integration::activate(&office.admin, &asked).await;
    integration.listen_by_queue().await;
    asked["manifestVersion"] = json!(2);
    asked["description"] = json!("Tests a Hallway better.");
    asked["xapiAccess"]["status"] =
        json!([{ "path": "RoomAnalytics.PeopleCount.Current", "access": "required" }]);
    let updated = update(&office, &asked).await.expect(200);
    assert_eq!(
        (&updated["pending"], &updated["growth"]),
        (&json!(false), &json!([]))
    );
    let claims = next_action(&integration).await;
    assert_eq!(claims["action"], "updateApproved");
    assert_eq!(claims["manifestVersion"], 2);
    let access: Value = serde_json::from_str(claims["xapiAccess"].as_str().unwrap()).unwrap();
    assert_eq!(access["statuses"], json!(["RoomAnalytics.PeopleCount.Current"]));
    let shown = integration.client.get(&integration.app_url).await.expect(200);
    assert_eq!(shown["manifestVersion"], 2);
    assert_eq!(shown["xapiAccessKeys"]["statuses"], access["statuses"]);
    assert_eq!(office.summary(&integration.app).await["state"], "active");
    // What is not granted any more is not heard any more.
    integration.hear_full_syncs(office.hearing_devices()).await;
    office.set("Board Room", "Standby.State", "Halfwake").await;
    office
        .set("Board Room", "RoomAnalytics.PeopleCount.Current", 7)
        .await;
    let heard = integration.hear("the change", |heard| !heard.is_empty()).await;
    assert_eq!(
        heard[0]["changes"]["updated"],
        json!({ "RoomAnalytics.PeopleCount.Current": 7 })
    );
    office.close().await;
}

#[tokio::test]
async fn what_asks_for_more_waits_for_approval() {
    let office = Office::start().await;
    let first = manifest(&["Standby.State"], &[]);
    let integration = Integration::activate(&office.admin, &first).await;
    integration.listen_by_queue().await;
    let mut asked = first.clone();
    asked["manifestVersion"] = json!(2);
    asked["apiAccess"]
        .as_array_mut()
        .unwrap()
        .push(json!({ "scope": "spark-admin:locations_read", "access": "required" }));
    asked["xapiAccess"]["status"]
        .as_array_mut()
        .unwrap()
        .push(json!({ "path": "RoomAnalytics.*", "access": "required" }));
    let updated = update(&office, &asked).await.expect(200);
    assert_eq!(updated["pending"], true);
    let growth = words(&updated["growth"]).join("\n");
    assert!(
        growth.contains("spark-admin:locations_read") && growth.contains("RoomAnalytics.*"),
        "{growth}"
    );

    // Until then the old version is in force everywhere.
    let summary = office.summary(&integration.app).await;
    assert_eq!(summary["state"], "updatePending");
    assert_eq!(
        (&summary["pendingVersion"], &summary["manifestVersion"]),
        (&json!(2), &json!(2))
    );
    assert_eq!(words(&summary["pendingGrowth"]).len(), 2);
    let manifest_url = integration.claims["manifestUrl"].as_str().unwrap();
    let client = &integration.client;
    assert_eq!(client.get(manifest_url).await.expect(200), first);
    let shown = client.get(&integration.app_url).await.expect(200);
    assert_eq!(shown["manifestVersion"], 1);
    client.get("/v1/locations").await.expect_error(403);
    // A second version that waits takes the place of the first.
    asked["manifestVersion"] = json!(3);
    assert_eq!(update(&office, &asked).await.expect(200)["pending"], true);

    let approve = format!("/hallway/v1/integrations/{}/approve", integration.app);
    assert_eq!(
        office.admin.post(&approve, json!({})).await.expect(200)["state"],
        "active"
    );
    office.admin.post(&approve, json!({})).await.expect_error(409);
    let claims = next_action(&integration).await;
    assert_eq!(claims["action"], "updateApproved");
    assert_eq!(claims["manifestVersion"], 3);
    assert!(
        claims["scopes"]
            .as_str()
            .unwrap()
            .contains("spark-admin:locations_read")
    );
    assert_eq!(client.get(manifest_url).await.expect(200), asked);
    // New scopes come with the next access token.
    let tokens = integration.refresh().await.expect(200);
    let fresh = office.admin.with_token(tokens["access_token"].as_str().unwrap());
    fresh.get("/v1/locations").await.expect(200);
    // What is newly heard was sent in full.
    let full = |m: &Value| {
        m["isFullSync"] == true && !m["changes"]["updated"]["RoomAnalytics.PeoplePresence"].is_null()
    };
    let all = |heard: &[Value]| heard.iter().filter(|m| full(m)).count() >= 3;
    integration.hear("full syncs with the new values", all).await;
    let events = audit(&office).await;
    for event in ["integration.updated", "integration.update_approved"] {
        assert!(events.iter().any(|entry| entry["event"] == event), "{event}");
    }
    office.close().await;
}
