//! PATCH on `appUrl`: the rules of webhooks and queues, health checks, and actions.

use std::time::Duration;

use serde_json::{Value, json};

use super::next_action;
use crate::support::integration::{manifest, verified};
use crate::support::{Answer, Integration, Mood, Office, Receiver};

const SECRET: &str = "0123456789abcdefghij";

async fn active(office: &Office) -> Integration {
    Integration::activate(
        &office.admin,
        &manifest(&["RoomAnalytics.PeopleCount.Current"], &[]),
    )
    .await
}

/// What is shown, without the time of the last change.
fn still(mut shown: Value) -> Value {
    shown.as_object_mut().unwrap().remove("updatedAt");
    shown
}

#[tokio::test]
async fn every_rule_of_a_webhook() {
    let office = Office::start().await;
    let integration = active(&office).await;
    let before = still(integration.client.get(&integration.app_url).await.expect(200));
    let url = "https://hooks.example.com/x";
    let rules = [
        (json!({ "type": "none", "targetUrl": url }), "type none"),
        (json!({ "type": "none", "secret": SECRET }), "type none"),
        (json!({ "type": "none", "username": "u" }), "type none"),
        (json!({ "type": "none", "password": "p" }), "type none"),
        (
            json!({ "type": "hmac_signature", "secret": SECRET }),
            "webhook.targetUrl is missing",
        ),
        (
            json!({ "targetUrl": "", "secret": SECRET }),
            "webhook.targetUrl is missing",
        ),
        (json!({ "targetUrl": url }), "webhook.secret is missing"),
        (
            json!({ "targetUrl": url, "type": "hmac_signature", "secret": "" }),
            "webhook.secret is missing",
        ),
        (
            json!({ "targetUrl": url, "type": "hmac_signature", "secret": &SECRET[1..] }),
            "shorter than 20",
        ),
        (
            json!({ "targetUrl": url, "type": "authorization_header" }),
            "webhook.secret is missing",
        ),
        (
            json!({ "targetUrl": url, "type": "authorization_header", "secret": "a\nb" }),
            "cannot be sent",
        ),
        (
            json!({ "targetUrl": url, "type": "basic_authentication", "password": "p" }),
            "webhook.username",
        ),
        (
            json!({ "targetUrl": url, "type": "basic_authentication", "username": "u" }),
            "webhook.password",
        ),
        (
            json!({ "targetUrl": url, "secret": SECRET, "mutualTLS": { "certificate": "c" } }),
            "privateKey",
        ),
        (
            json!({ "targetUrl": url, "secret": SECRET, "mutualTLS": { "certificate": "c", "privateKey": "" } }),
            "privateKey",
        ),
        (
            json!({ "targetUrl": url, "secret": SECRET, "headers": { "Host": "x" } }),
            "Host",
        ),
        (
            json!({ "targetUrl": url, "secret": SECRET, "headers": { "X-Spark-Signature": "x" } }),
            "X-Spark",
        ),
        (
            json!({ "targetUrl": url, "secret": SECRET, "headers": { "a b": "x" } }),
            "a b",
        ),
        (
            json!({ "targetUrl": url, "secret": SECRET, "headers": { "a": "x\r\ny: z" } }),
            "headers.a",
        ),
        (
            json!({ "targetUrl": url, "secret": SECRET, "headers": { "a": 1 } }),
            "headers.a",
        ),
        (
            json!({ "targetUrl": "hooks.example.com", "secret": SECRET }),
            "webhook.targetUrl",
        ),
        (
            json!({ "targetUrl": "ftp://hooks.example.com", "secret": SECRET }),
            "webhook.targetUrl",
        ),
        (
            json!({ "targetUrl": "https://u:p@hooks.example.com", "secret": SECRET }),
            "user name",
        ),
        (
            json!({ "targetUrl": url, "type": "carrier_pigeon", "secret": SECRET }),
            "carrier_pigeon",
        ),
    ];
    for (webhook, fragment) in rules {
        let said = integration
            .patch(json!({ "webhook": webhook }))
            .await
            .expect_error(400);
        assert!(said.contains(fragment), "{webhook}: {said}");
    }
    for (update, fragment) in [
        (json!({ "actionsUrl": "example.com/actions" }), "actionsUrl"),
        (json!({ "provisioningState": "done" }), "done"),
        (json!({ "operationalState": "fine" }), "fine"),
        (json!({ "queue": { "state": "on" } }), "on"),
        (json!([1]), "expected"),
        (
            json!({ "webhook": { "targetUrl": url, "secret": SECRET }, "queue": { "state": "enabled" } }),
            "exclude each other",
        ),
    ] {
        let said = integration.patch(update.clone()).await.expect_error(400);
        assert!(said.contains(fragment), "{update}: {said}");
    }
    // All problems are told at once.
    let both = json!({ "actionsUrl": "x", "webhook": { "type": "basic_authentication" } });
    let said = integration.patch(both).await.expect_error(400);
    for fragment in ["actionsUrl", "targetUrl", "username", "password"] {
        assert!(said.contains(fragment), "{said}");
    }
    let after = still(integration.client.get(&integration.app_url).await.expect(200));
    assert_eq!(after, before, "a refusal changes nothing");
    // The Java SDK writes nulls and `disabled`.
    let java = json!({
        "provisioningState": "completed", "operationalState": null, "actionsUrl": null, "queue": null,
        "customer": null,
        "webhook": {
            "targetUrl": url, "type": "hmac_signature", "secret": SECRET, "username": null, "password": null,
            "mutualTLS": null, "headers": null, "disabled": true,
        },
    });
    let shown = integration.patch(java).await.expect(200);
    assert_eq!(shown["webhook"]["disabled"], true);
    office.close().await;
}

#[tokio::test]
async fn only_https_unless_allowed() {
    let office = Office::with(|config| config.platform.allow_http = false).await;
    let integration = active(&office).await;
    let webhook = |url: &str| json!({ "webhook": { "targetUrl": url, "secret": SECRET, "disabled": true } });
    let said = integration
        .patch(webhook("http://hooks.example.com/"))
        .await
        .expect_error(400);
    assert!(said.contains("https"), "{said}");
    let actions = json!({ "actionsUrl": "http://hooks.example.com/" });
    integration.patch(actions).await.expect_error(400);
    integration
        .patch(webhook("https://hooks.example.com/"))
        .await
        .expect(200);
    office.close().await;
}

#[tokio::test]
async fn webhook_and_queue_exclude_each_other() {
    let office = Office::start().await;
    let receiver = Receiver::start().await;
    let integration = active(&office).await;
    let poll_url = integration.poll_url();
    let poll = || integration.client.get(&poll_url);
    poll().await.expect_error(404);
    // An empty object means enabled.
    let shown = integration
        .patch(json!({ "provisioningState": "completed", "queue": {} }))
        .await
        .expect(200);
    assert_eq!(
        shown["queue"],
        json!({ "pollUrl": integration.poll_url(), "state": "enabled" })
    );
    poll().await.expect(200);
    // The start of a client without notifications deletes nothing.
    let shown = integration
        .patch(json!({ "provisioningState": "completed" }))
        .await
        .expect(200);
    assert_eq!(shown["queue"]["state"], "enabled");
    // A webhook takes the queue's place, and what waits there is gone.
    office
        .set("Board Room", "RoomAnalytics.PeopleCount.Current", 3)
        .await;
    let shown = integration.listen_by_webhook(&receiver.url, SECRET).await;
    assert!(shown.get("queue").is_none() && shown["webhook"]["targetUrl"] == receiver.url.as_str());
    poll().await.expect_error(404);
    // The other way round.
    let shown = integration.listen_by_queue().await;
    assert!(shown.get("webhook").is_none() && shown["queue"]["state"] == "enabled");
    // Removing what is not there is no fault.
    let shown = integration
        .patch(json!({ "webhook": { "type": "none" } }))
        .await
        .expect(200);
    assert_eq!(shown["queue"]["state"], "enabled");
    let shown = integration
        .patch(json!({ "queue": { "state": "disabled" } }))
        .await
        .expect(200);
    assert_eq!(shown["queue"]["state"], "disabled");
    assert_eq!(poll().await.expect(200), json!({ "messages": [] }));
    let shown = integration
        .patch(json!({ "queue": { "state": "remove" } }))
        .await
        .expect(200);
    assert!(shown.get("queue").is_none());
    poll().await.expect_error(404);
    integration.listen_by_webhook(&receiver.url, SECRET).await;
    let shown = integration
        .patch(json!({ "queue": { "state": "remove" } }))
        .await
        .expect(200);
    assert!(shown["webhook"].is_object());
    let shown = integration
        .patch(json!({ "webhook": { "type": "none" } }))
        .await
        .expect(200);
    assert!(shown.get("webhook").is_none());
    office.close().await;
}

#[tokio::test]
async fn the_same_update_twice_and_masked_secrets() {
    let office = Office::start().await;
    let mut receiver = Receiver::start().await;
    let integration = active(&office).await;
    let webhook = json!({
        "targetUrl": receiver.url, "type": "hmac_signature", "secret": SECRET, "headers": { "X-Own": "1" },
    });
    let update = json!({ "provisioningState": "completed", "webhook": webhook, "customer": { "id": "x" } });
    let first = still(integration.patch(update.clone()).await.expect(200));
    let devices = office.hearing_devices();
    for _ in 0..devices {
        receiver.next().await.check_signature(SECRET);
    }
    let second = still(integration.patch(update).await.expect(200));
    assert_eq!(second, first);
    let mask = first["webhook"]["secret"].as_str().unwrap();
    assert!(mask.len() >= 20 && mask != SECRET);
    // What a client reads it may send back: the mask stands for the secret.
    let back = json!({ "webhook": first["webhook"] });
    assert_eq!(still(integration.patch(back).await.expect(200)), first);
    office
        .set("Board Room", "RoomAnalytics.PeopleCount.Current", 4)
        .await;
    // Had one of the two counted as a change, full syncs would come first.
    let hook = receiver.next().await;
    hook.check_signature(SECRET);
    assert_eq!(hook.json()["isFullSync"], false);
    assert_eq!(hook.header("x-own"), "1");

    // Passwords and client certificates are masked too.
    let basic = json!({
        "targetUrl": receiver.url, "type": "basic_authentication", "username": "ada", "password": "lovelace",
        "mutualTLS": { "certificate": "-----BEGIN CERTIFICATE-----", "privateKey": "secret key" },
    });
    let shown = integration.patch(json!({ "webhook": basic })).await.expect(200);
    let shown = &shown["webhook"];
    assert_eq!(shown["username"], "ada");
    for masked in [&shown["password"], &shown["mutualTLS"]["privateKey"]] {
        assert!(
            masked
                .as_str()
                .is_some_and(|text| text.len() >= 20 && text.chars().all(|c| c == '*'))
        );
    }
    assert_eq!(shown["mutualTLS"]["certificate"], "-----BEGIN CERTIFICATE-----");
    let summary = office.summary(&integration.app).await.to_string();
    assert!(!summary.contains("lovelace") && !summary.contains("secret key"));
    office.close().await;
}

async fn check(office: &Office, integration: &Integration) -> Value {
    let target = format!("/hallway/v1/integrations/{}/healthCheck", integration.app);
    let details: Answer = office.admin.post(&target, json!({})).await;
    let details = details.expect(200);
    let shown = integration.client.get(&integration.app_url).await.expect(200);
    assert_eq!(shown["healthCheckDetails"], details);
    details["healthCheckResult"].clone()
}

#[tokio::test]
async fn health_checks() {
    let office = Office::with(|config| config.platform.delivery_timeout = Duration::from_millis(500)).await;
    let (mut actions, mut hooks) = (Receiver::start().await, Receiver::start().await);
    let integration = active(&office).await;
    integration.listen_by_queue().await;
    let nothing = check(&office, &integration).await;
    assert_eq!(
        nothing,
        json!({
            "managementState": "not_applicable", "operationalState": "not_applicable",
            "tokensState": "not_applicable", "webhookState": "not_applicable", "success": true,
        })
    );
    integration.listen_by_webhook(&hooks.url, SECRET).await;
    integration
        .patch(json!({ "actionsUrl": actions.url }))
        .await
        .expect(200);
    let well = json!({ "operationalState": "operational", "tokensState": "valid" });
    actions.answer_with(Mood::Answer(200, well));
    let good = check(&office, &integration).await;
    assert_eq!(
        good,
        json!({
            "managementState": "success", "operationalState": "operational", "tokensState": "valid",
            "webhookState": "success", "success": true,
        })
    );
    let asked = actions.next().await.json();
    let claims = verified(&office.admin, asked["jwt"].as_str().unwrap()).await;
    assert_eq!(claims["action"], "healthCheck");
    let hook = hooks
        .find("the health check", |hook| hook.json()["type"] == "healthCheck")
        .await;
    hook.check_signature(SECRET);
    assert_eq!(hook.json()["orgId"], office.org().as_str());

    // The words are the protocol's: `failed` here, `failure` there.
    for mood in [Mood::Status(500), Mood::Hang, Mood::Reset] {
        actions.answer_with(mood.clone());
        hooks.answer_with(mood);
        let bad = check(&office, &integration).await;
        assert_eq!(
            bad,
            json!({
                "managementState": "failed", "operationalState": "unknown", "tokensState": "unknown",
                "webhookState": "failure", "success": false,
            })
        );
    }
    actions.answer_with(Mood::Answer(
        200,
        json!({ "operationalState": "outage", "tokensState": "invalid" }),
    ));
    hooks.answer_with(Mood::Status(204));
    let ill = check(&office, &integration).await;
    assert_eq!(
        (&ill["operationalState"], &ill["success"]),
        (&json!("outage"), &json!(false))
    );
    let shown = integration.client.get(&integration.app_url).await.expect(200);
    assert_eq!(shown["operationalState"], "outage");
    let audited = super::audit(&office).await;
    let checks = audited
        .iter()
        .filter(|entry| entry["event"] == "integration.health_checked");
    assert_eq!(checks.count(), 6);
    // The integration's own word overrides it.
    let shown = integration
        .patch(json!({ "operationalState": "impaired" }))
        .await
        .expect(200);
    assert_eq!(shown["operationalState"], "impaired");
    office.close().await;
}

#[tokio::test]
async fn actions_come_by_url_and_queue_and_again_after_a_failure() {
    let office = Office::start().await;
    let mut actions = Receiver::start().await;
    let integration = active(&office).await;
    integration.listen_by_queue().await;
    integration
        .patch(json!({ "actionsUrl": format!("{}/actions", actions.url) }))
        .await
        .expect(200);
    actions.answer_with(Mood::Status(500));
    let renew = format!("/hallway/v1/integrations/{}/renewToken", integration.app);
    office.admin.post(&renew, json!({})).await.expect(204);
    let polled = next_action(&integration).await;
    let first = actions.next().await;
    assert_eq!((first.path.as_str(), first.taken), ("/actions", false));
    assert_eq!(first.header("content-type"), "application/json");
    actions.answer_with(Mood::Status(204));
    // The retry is signed anew, for the same action.
    let again = actions.next_taken().await;
    let claims = async |hook: &crate::support::receiver::Hook| {
        verified(&office.admin, hook.json()["jwt"].as_str().unwrap()).await
    };
    let (first, again) = (claims(&first).await, claims(&again).await);
    assert_eq!(first["jti"], again["jti"]);
    assert_eq!(first["jti"], polled["jti"]);
    assert!(again["iat"].as_i64() >= first["iat"].as_i64());
    assert_eq!(again["refreshToken"], polled["refreshToken"]);
    office.close().await;
}
