//! Deactivation in every way, and moving.

use std::time::Duration;

use hallway::Data;
use serde_json::{Value, json};

use super::{audit, next_action};
use crate::support::integration::{activation_code, manifest, verified};
use crate::support::office::settings;
use crate::support::{Integration, Office, Receiver, eventually, integration};

async fn active(office: &Office) -> (Value, Integration) {
    let asked = manifest(&["RoomAnalytics.PeopleCount.Current"], &[]);
    let uploaded = integration::upload(&office.admin, &asked).await;
    let code = activation_code(&office.admin, &integration::app_of(&asked), json!({})).await;
    let integration = Integration::of_code(&office.admin, &uploaded, &code).await;
    (uploaded, integration)
}

fn target(integration: &Integration, what: &str) -> String {
    format!("/hallway/v1/integrations/{}/{what}", integration.app)
}

/// Whether everything that the activation gave is taken back.
async fn check_ended(office: &Office, integration: &Integration) {
    let client = &integration.client;
    client.get(&integration.app_url).await.expect_error(401);
    client.get(&integration.poll_url()).await.expect_error(401);
    client.get("/v1/devices").await.expect_error(401);
    let refused = integration.refresh().await;
    assert_eq!(refused.json()["error"], "invalid_grant");
    refused.expect_error(400);
    let summary = office.summary(&integration.app).await;
    assert_eq!(summary["state"], "inactive");
    assert!(summary["activation"].is_null());
    office
        .admin
        .post(&target(integration, "deactivate"), json!({}))
        .await
        .expect_error(409);
    office
        .admin
        .post(&target(integration, "healthCheck"), json!({}))
        .await
        .expect_error(409);
}

#[tokio::test]
async fn deprovision_is_heard_before_the_end() {
    let office = Office::start().await;
    let (uploaded, integration) = active(&office).await;
    integration.listen_by_queue().await;
    integration.hear_full_syncs(office.hearing_devices()).await;
    let summary = office
        .admin
        .post(&target(&integration, "deactivate"), json!({}))
        .await
        .expect(200);
    assert_eq!(summary["state"], "deactivating");
    // Until it has heard, it may ask, but change nothing.
    integration.client.get(&integration.app_url).await.expect(200);
    integration.refresh().await.expect(200);
    integration
        .patch(json!({ "customer": { "id": "x" } }))
        .await
        .expect_error(409);
    office
        .admin
        .post(&target(&integration, "deactivate"), json!({}))
        .await
        .expect_error(409);
    // What happens on devices is not its business any more.
    office
        .set("Board Room", "RoomAnalytics.PeopleCount.Current", 5)
        .await;
    let heard = integration.poll().await;
    assert_eq!(heard.len(), 1, "{heard:?}");
    let claims = verified(&office.admin, heard[0]["jwt"].as_str().unwrap()).await;
    assert_eq!(claims["action"], "deprovision");
    // The next poll shows that the news arrived.
    let last = integration.client.get(&integration.poll_url()).await;
    assert_eq!(last.expect(200), json!({ "messages": [] }));
    check_ended(&office, &integration).await;
    // It can begin anew, as somebody else.
    let code = activation_code(&office.admin, &integration.app, json!({})).await;
    let again = Integration::of_code(&office.admin, &uploaded, &code).await;
    assert_ne!(again.refresh_token, integration.refresh_token);
    again.listen_by_queue().await;
    integration
        .client
        .get(&integration.app_url)
        .await
        .expect_error(401);
    let events = audit(&office).await;
    for event in ["integration.deactivated", "integration.ended"] {
        assert!(events.iter().any(|entry| entry["event"] == event), "{event}");
    }
    office.close().await;
}

#[tokio::test]
async fn deprovision_by_the_actions_url() {
    let office = Office::start().await;
    let mut actions = Receiver::start().await;
    let (_, integration) = active(&office).await;
    integration
        .patch(json!({ "provisioningState": "completed", "actionsUrl": actions.url }))
        .await
        .expect(200);
    office
        .admin
        .post(&target(&integration, "deactivate"), json!({}))
        .await
        .expect(200);
    let jwt = actions.next_taken().await.json()["jwt"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(verified(&office.admin, &jwt).await["action"], "deprovision");
    let ended = async || (office.summary(&integration.app).await["state"] == "inactive").then_some(());
    eventually("the activation ends when the news was taken", ended).await;
    check_ended(&office, &integration).await;
    office.close().await;
}

#[tokio::test]
async fn the_time_of_grace_runs_out() {
    let office = Office::with(|config| config.platform.deactivation_grace = Duration::from_millis(300)).await;
    let (_, integration) = active(&office).await;
    integration.listen_by_queue().await;
    office
        .admin
        .post(&target(&integration, "deactivate"), json!({}))
        .await
        .expect(200);
    // Nobody polls.
    let ended = async || (office.summary(&integration.app).await["state"] == "inactive").then_some(());
    eventually("the activation ends by itself", ended).await;
    check_ended(&office, &integration).await;
    office.close().await;
}

#[tokio::test]
async fn who_cannot_be_told_ends_at_once() {
    let office = Office::start().await;
    let (_, integration) = active(&office).await;
    integration
        .patch(json!({ "provisioningState": "completed" }))
        .await
        .expect(200);
    let said = office
        .admin
        .delete(&format!("/hallway/v1/integrations/{}", integration.app))
        .await;
    said.expect_error(409);
    let summary = office
        .admin
        .post(&target(&integration, "deactivate"), json!({}))
        .await
        .expect(200);
    assert_eq!(summary["state"], "inactive");
    check_ended(&office, &integration).await;
    // Now it can be deleted, and its client is gone with it.
    let path = format!("/hallway/v1/integrations/{}", integration.app);
    office.admin.delete(&path).await.expect(204);
    office.admin.get(&path).await.expect_error(404);
    assert_eq!(integration.refresh().await.json()["error"], "invalid_client");
    assert!(
        audit(&office)
            .await
            .iter()
            .any(|entry| entry["event"] == "integration.deleted")
    );
    office.close().await;
}

#[tokio::test]
async fn an_integration_leaves_by_itself() {
    let office = Office::start().await;
    let mut receiver = Receiver::start().await;
    let (_, integration) = active(&office).await;
    let webhook = json!({ "targetUrl": receiver.url, "secret": "0123456789abcdefghij" });
    let update = json!({ "provisioningState": "completed", "actionsUrl": receiver.url, "webhook": webhook });
    integration.patch(update).await.expect(200);
    for _ in 0..office.hearing_devices() {
        receiver.next_taken().await;
    }
    let left = integration.client.delete(&integration.app_url).await;
    assert_eq!(left.status, 204);
    assert!(left.body.is_empty());
    check_ended(&office, &integration).await;
    // No action tells it what it did itself: the next thing that comes is another integration's.
    let (_, other) = active(&office).await;
    other
        .listen_by_webhook(&receiver.url, "0123456789abcdefghij")
        .await;
    assert_eq!(receiver.next_taken().await.json()["appId"], other.app.as_str());
    office.close().await;
}

#[tokio::test]
async fn a_move_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let data = Data::Dir(dir.path().join("data"));
    let mut config = settings();
    config.data = data.clone();
    let office = Office::of(config.clone()).await;
    let (_, integration) = active(&office).await;
    integration.listen_by_queue().await;
    integration.hear_full_syncs(office.hearing_devices()).await;
    office.close().await;

    // Another port: another address.
    let office = Office::of(config).await;
    let moved = |url: &str| url.replace(&integration.client.base, &office.admin.base);
    let mut there = integration.clone();
    there.app_url = moved(&integration.app_url);
    there.client.base.clone_from(&office.admin.base);
    let claims = next_action(&there).await;
    assert_eq!(claims["action"], "update");
    assert_eq!(claims["appUrl"], there.app_url.as_str());
    assert_eq!(claims["webexapisBaseUrl"], format!("{}/v1", office.admin.base));
    assert_ne!(claims["refreshToken"], integration.refresh_token.as_str());
    there.refresh().await.expect(200);
    // The code of before is still verifiable.
    verified(&office.admin, &integration.code).await;
    office.close().await;
}
