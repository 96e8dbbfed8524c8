//! Upload, review and activation.

use std::time::Duration;

use serde_json::{Value, json};

use super::{audit, words};
use crate::support::integration::{activation_code, app_of, exchange, manifest, upload, verified};
use crate::support::{Integration, Office, eventually};

#[tokio::test]
async fn an_id_is_taken_once() {
    let office = Office::start().await;
    let asked = manifest(&["RoomAnalytics.*"], &["BootEvent"]);
    let uploaded = upload(&office.admin, &asked).await;
    assert_eq!(uploaded["appId"], asked["id"]);
    let client_id = uploaded["clientId"].as_str().unwrap();
    assert!(client_id.starts_with('C') && client_id.len() == 65, "{client_id}");
    assert!(uploaded["clientSecret"].as_str().unwrap().len() >= 32);
    let again = office.admin.post("/hallway/v1/integrations", asked.clone()).await;
    let said = again.expect_error(409);
    assert!(
        said.contains(&app_of(&asked)) && said.contains("manifestVersion"),
        "{said}"
    );

    let summary = office.summary(&app_of(&asked)).await;
    assert_eq!(summary["state"], "inactive");
    assert!(summary["activation"].is_null() && summary["clientSecret"].is_null());
    let listed = office.admin.get("/hallway/v1/integrations").await.expect(200);
    assert_eq!(listed["items"], json!([summary]));
    let stored = office
        .admin
        .get(&format!("/hallway/v1/integrations/{}/manifest", app_of(&asked)))
        .await;
    assert_eq!(stored.expect(200), asked);
    office.close().await;
}

#[tokio::test]
async fn every_problem_of_a_manifest_is_told_at_once() {
    let office = Office::start().await;
    let mut asked = manifest(&["RoomAnalytics.*"], &[]);
    asked["email"] = json!("nobody");
    asked["availability"] = json!("everywhere");
    asked["manifestVersion"] = json!(0);
    asked["provisioning"] = json!({ "type": "https" });
    asked["xapiAccess"]["status"][0]["path"] = json!("Room Analytics..x");
    asked["apiAccess"][0]["access"] = json!("perhaps");
    asked.as_object_mut().unwrap().remove("vendor");
    let said = office
        .admin
        .post("/hallway/v1/integrations", asked)
        .await
        .expect_error(400);
    for place in [
        "$.email",
        "$.availability",
        "$.manifestVersion",
        "$.provisioning",
        "$.xapiAccess.status[0].path",
        "$.apiAccess[0].access",
        "vendor",
    ] {
        assert!(said.contains(place), "{place} is missing from {said}");
    }
    assert!(said.contains("line 1, column "), "{said}");
    let listed = office.admin.get("/hallway/v1/integrations").await.expect(200);
    assert_eq!(listed["items"], json!([]));
    // What may be doubted is taken, and said.
    let uploaded = upload(&office.admin, &manifest(&["*"], &["Nothing.Happens"])).await;
    assert!(
        words(&uploaded["warnings"])
            .iter()
            .any(|warning| warning.contains("Nothing.Happens"))
    );
    office.close().await;
}

#[tokio::test]
async fn a_review_denies_what_is_optional() {
    let office = Office::start().await;
    let mut asked = manifest(&["RoomAnalytics.*"], &["BootEvent"]);
    asked["xapiAccess"]["events"][0]["access"] = json!("optional");
    asked["apiAccess"][3]["access"] = json!("optional");
    upload(&office.admin, &asked).await;
    let app = app_of(&asked);
    let activate = format!("/hallway/v1/integrations/{app}/activate");
    let deny = |names: &[&str]| office.admin.post(&activate, json!({ "deny": names }));
    let said = deny(&["spark-admin:devices_read", "RoomAnalytics.*", "spark:calls_read"])
        .await
        .expect_error(400);
    for name in ["spark-admin:devices_read", "RoomAnalytics.*", "spark:calls_read"] {
        assert!(said.contains(name), "{said}");
    }
    let nowhere = json!({ "locations": [hallway_wire::id::LocationId::random()] });
    office.admin.post(&activate, nowhere).await.expect_error(404);
    office
        .admin
        .post(&activate, json!({ "locations": ["no id"] }))
        .await
        .expect_error(400);
    let unknown = format!("/hallway/v1/integrations/{}/activate", uuid::Uuid::new_v4());
    office.admin.post(&unknown, json!({})).await.expect_error(404);
    assert_eq!(
        office.summary(&app).await["state"],
        "inactive",
        "nothing came of the refusals"
    );

    let activated = deny(&["spark-admin:devices_write", "BootEvent", "spark:xapi_commands"])
        .await
        .expect(200);
    let scopes = words(&activated["scopes"]);
    assert!(!scopes.contains(&"spark-admin:devices_write") && !scopes.contains(&"spark:xapi_commands"));
    // Without the scope, commands would be an empty promise.
    assert_eq!(
        activated["xapiAccess"],
        json!({ "commands": [], "statuses": ["RoomAnalytics.*"], "events": [] })
    );
    let summary = office.summary(&app).await;
    assert_eq!(summary["state"], "activating");
    let granted = |name: &str| {
        let requested = summary["requested"].as_array().unwrap();
        requested.iter().find(|wish| wish["name"] == name).unwrap()["granted"] == true
    };
    assert!(granted("RoomAnalytics.*") && granted("spark:xapi_statuses"));
    assert!(!granted("BootEvent") && !granted("spark-admin:devices_write"));
    office.close().await;
}

#[tokio::test]
async fn the_code_holds_what_clients_need() {
    let office = Office::start().await;
    let asked = manifest(&["RoomAnalytics.*"], &["BootEvent"]);
    let (oslo, base) = (office.location("Oslo"), office.admin.base.clone());
    let integration = Integration::activate_for(&office.admin, &asked, json!({ "locations": [oslo] })).await;
    let claims = &integration.claims;
    assert_eq!(claims["action"], "provision");
    assert_eq!(claims["sub"], office.org().as_str());
    assert_eq!(claims["appId"], asked["id"]);
    assert_eq!(claims["region"], "us-east-2_a");
    assert_eq!(claims["oauthUrl"], format!("{base}/v1/access_token"));
    assert_eq!(claims["webexapisBaseUrl"], format!("{base}/v1"));
    assert_eq!(claims["orgName"], "Fjord & Falk");
    assert!(claims["iat"].is_i64() && claims["jti"].is_string() && claims["userId"].is_string());
    let scopes: Vec<&str> = claims["scopes"].as_str().unwrap().split(',').collect();
    assert!(
        scopes.contains(&"spark:xapi_statuses") && scopes.len() == 5,
        "{scopes:?}"
    );
    let access: Value = serde_json::from_str(claims["xapiAccess"].as_str().unwrap()).unwrap();
    assert_eq!(
        access,
        json!({ "commands": ["*"], "statuses": ["RoomAnalytics.*"], "events": ["BootEvent"] })
    );
    assert!(claims["expiryTime"].as_str().unwrap().ends_with('Z'));
    let manifest_url = claims["manifestUrl"].as_str().unwrap();
    assert_eq!(integration.client.get(manifest_url).await.expect(200), asked);

    let before = integration.client.get(&integration.app_url).await.expect(200);
    assert_eq!(before["provisioningState"], "in_progress");
    assert_eq!(before["expiresAt"], claims["expiryTime"]);
    assert_eq!(before["publicLocationIds"], json!([oslo]));
    let uuid = office.plan.locations[0].id.uuid();
    assert_eq!(before["locations"], json!([uuid]));
    assert_eq!(before["roles"], json!(["id_readonly_admin"]));
    let after = integration
        .patch(json!({ "provisioningState": "completed", "customer": { "id": "c-1", "name": "C" }, "unknown": 1 }))
        .await
        .expect(200);
    assert_eq!(after["provisioningState"], "completed");
    assert!(
        after.get("expiresAt").is_none() && after.get("queue").is_none() && after.get("webhook").is_none()
    );
    assert_eq!(after["customer"], json!({ "id": "c-1", "name": "C" }));
    assert_eq!(office.summary(&integration.app).await["state"], "active");
    let activate = format!("/hallway/v1/integrations/{}/activate", integration.app);
    office.admin.post(&activate, json!({})).await.expect_error(409);
    let events = audit(&office).await;
    let of = |event: &str| {
        events
            .iter()
            .find(|entry| entry["event"] == event)
            .cloned()
            .unwrap()
    };
    for event in [
        "integration.uploaded",
        "integration.activated",
        "integration.completed",
    ] {
        let entry = of(event);
        assert!(
            entry["trackingId"].as_str().is_some_and(|id| !id.is_empty()),
            "{entry}"
        );
        assert!(entry["actorId"].is_string() && !entry["actorName"].as_str().unwrap().is_empty());
    }
    assert_ne!(
        of("integration.completed")["actorId"],
        of("integration.activated")["actorId"],
        "the machine account acts for itself"
    );
    office.close().await;
}

#[tokio::test]
async fn a_new_code_closes_what_the_unused_one_opened() {
    let office = Office::start().await;
    let asked = manifest(&["RoomAnalytics.*"], &[]);
    let uploaded = upload(&office.admin, &asked).await;
    let first = activation_code(&office.admin, &app_of(&asked), json!({})).await;
    let first = Integration::of_code(&office.admin, &uploaded, &first).await;
    let second = activation_code(&office.admin, &app_of(&asked), json!({})).await;
    let refused = first.refresh().await;
    assert_eq!(refused.json()["error"], "invalid_grant");
    refused.expect_error(400);
    first.client.get(&first.app_url).await.expect_error(401);
    let second = Integration::of_code(&office.admin, &uploaded, &second).await;
    second.listen_by_queue().await;
    office.close().await;
}

#[tokio::test]
async fn a_code_expires() {
    let office = Office::with(|config| config.platform.activation_code_life = Duration::from_millis(1)).await;
    let asked = manifest(&["RoomAnalytics.*"], &[]);
    let uploaded = upload(&office.admin, &asked).await;
    let app = app_of(&asked);
    let code = activation_code(&office.admin, &app, json!({})).await;
    let expired = async || (office.summary(&app).await["state"] == "activationExpired").then_some(());
    eventually("the code expires", expired).await;
    let claims = verified(&office.admin, &code).await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let (id, secret) = (text(&uploaded["clientId"]), text(&uploaded["clientSecret"]));
    let refused = exchange(&office.admin, &id, &secret, &text(&claims["refreshToken"])).await;
    let body = refused.json();
    assert_eq!(body["error"], "invalid_grant");
    assert!(
        body["error_description"].as_str().unwrap().contains("expired"),
        "{body}"
    );
    refused.expect_error(400);
    // The administrator issues a new one.
    assert_ne!(activation_code(&office.admin, &app, json!({})).await, code);
    office.close().await;
}

#[tokio::test]
async fn a_code_that_expired_cannot_be_completed_any_more() {
    let life = Duration::from_millis(1500);
    let office = Office::with(|config| config.platform.activation_code_life = life).await;
    let integration = Integration::activate(&office.admin, &manifest(&["RoomAnalytics.*"], &[])).await;
    let app = integration.app.clone();
    let expired = async || (office.summary(&app).await["state"] == "activationExpired").then_some(());
    eventually("the code expires", expired).await;
    let said = integration
        .patch(json!({ "provisioningState": "completed" }))
        .await
        .expect_error(409);
    assert!(said.contains("expired"), "{said}");
    office.close().await;
}

#[tokio::test]
async fn a_disabled_scope_is_felt() {
    let office = Office::start().await;
    let asked = manifest(&["RoomAnalytics.*"], &[]);
    let choices = json!({ "deny": ["spark-admin:devices_write"] });
    let integration = Integration::activate_for(&office.admin, &asked, choices).await;
    let device = office.device("Board Room");
    integration.client.get("/v1/devices").await.expect(200);
    let target = format!("/v1/devices/{device}");
    let tags = json!([{ "op": "replace", "path": "tags", "value": ["x"] }]);
    let said = integration.client.patch(&target, tags).await.expect_error(403);
    assert!(said.contains("spark-admin:devices_write"), "{said}");
    office.close().await;
}
