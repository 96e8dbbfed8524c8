//! Delivery by webhook: authentication, failures and recovery.

use std::time::Duration;

use serde_json::{Value, json};

use super::PEOPLE;
use crate::support::integration::manifest;
use crate::support::office::settings;
use crate::support::receiver::Hook;
use crate::support::{Integration, Mood, Office, Receiver, eventually};

const SECRET: &str = "a secret of more than twenty";

/// An active integration with this webhook, whose first full syncs have come.
async fn listening(office: &Office, receiver: &mut Receiver, webhook: Value) -> Integration {
    let integration = Integration::activate(&office.admin, &manifest(&[PEOPLE], &[])).await;
    let update = json!({ "provisioningState": "completed", "webhook": webhook });
    integration.patch(update).await.expect(200);
    for _ in 0..office.hearing_devices() {
        let hook = receiver.next_taken().await;
        assert_eq!(hook.json()["isFullSync"], true);
    }
    integration
}

/// As [`listening`], with a signed webhook.
async fn signed(office: &Office, receiver: &mut Receiver) -> Integration {
    let webhook = hmac(&receiver.url);
    listening(office, receiver, webhook).await
}

fn hmac(url: &str) -> Value {
    json!({ "targetUrl": url, "type": "hmac_signature", "secret": SECRET })
}

fn people(hook: &Hook) -> i64 {
    hook.json()["changes"]["updated"][PEOPLE].as_i64().unwrap()
}

#[tokio::test]
async fn every_way_to_authenticate() {
    let office = Office::start().await;
    let mut receiver = Receiver::start().await;
    let url = format!("{}/hooks/in?x=1", receiver.url);
    let mut webhook = hmac(&url);
    webhook["headers"] = json!({ "X-Tenant": "seven", "User-Agent": "mine" });
    listening(&office, &mut receiver, webhook).await;
    office.set("Board Room", PEOPLE, 1).await;
    let hook = receiver.next().await;
    hook.check_signature(SECRET);
    assert_eq!(hook.path, "/hooks/in");
    assert_eq!(hook.header("content-type"), "application/json");
    assert_eq!(
        (hook.header("x-tenant"), hook.header("user-agent")),
        ("seven", "mine")
    );
    assert!(hook.header("authorization").is_empty());

    let mut receiver = Receiver::start().await;
    let basic = json!({
        "targetUrl": receiver.url, "type": "basic_authentication", "username": "ada", "password": "love:lace",
    });
    listening(&office, &mut receiver, basic).await;
    office.set("Board Room", PEOPLE, 2).await;
    let hook = receiver.next().await;
    assert_eq!(hook.header("authorization"), "Basic YWRhOmxvdmU6bGFjZQ==");
    assert!(hook.header("x-spark-signature").is_empty());

    let mut receiver = Receiver::start().await;
    let custom = json!({
        "targetUrl": receiver.url, "type": "authorization_header", "secret": "Own scheme=1",
        "headers": { "Authorization": "not this" },
    });
    listening(&office, &mut receiver, custom).await;
    office.set("Board Room", PEOPLE, 3).await;
    assert_eq!(receiver.next().await.header("authorization"), "Own scheme=1");
    office.close().await;
}

#[tokio::test]
async fn failures_are_retried_shown_and_recovered_from() {
    let office = Office::with(|config| {
        config.platform.impaired_after = Duration::from_millis(50);
        config.platform.delivery_timeout = Duration::from_millis(300);
    })
    .await;
    let mut receiver = Receiver::start().await;
    let integration = signed(&office, &mut receiver).await;
    let delivery = async || office.summary(&integration.app).await["delivery"].clone();
    let well = delivery().await;
    assert_eq!(
        (&well["channel"], &well["failedAttempts"]),
        (&json!("webhook"), &json!(0))
    );
    assert!(well["lastSuccess"].is_string() && well.get("lastError").is_none());

    let mut count = 0;
    for (mood, why) in [
        (Mood::Status(500), "answered 500"),
        // Somebody else's 401 is not ours.
        (Mood::Status(401), "answered 401"),
        (Mood::Status(302), "answered 302"),
        (Mood::Hang, "no answer within"),
        (Mood::Reset, ""),
    ] {
        receiver.answer_with(mood.clone());
        let first = count + 1;
        for _ in 0..3 {
            count += 1;
            office.set("Board Room", PEOPLE, count).await;
        }
        // It is tried again and again, always from the first that was not taken.
        let mut tries = Vec::new();
        for _ in 0..3 {
            let hook = receiver.next().await;
            assert!(!hook.taken);
            assert_eq!(people(&hook), first, "{mood:?}");
            tries.push(hook.at);
        }
        assert!(
            tries[2] - tries[1] >= Duration::from_millis(20),
            "{mood:?}: no pause"
        );
        let failing = async || Some(delivery().await).filter(|health| health["failingSince"].is_string());
        let health = eventually("the failure is shown", failing).await;
        assert!(health["lastError"].as_str().unwrap().contains(why), "{health}");
        assert!(
            health["waiting"].as_i64() >= Some(3) && health["lastFailure"].is_string(),
            "{health}"
        );
        let impaired = async || {
            let shown = integration.client.get(&integration.app_url).await.expect(200);
            (shown["operationalState"] == "impaired").then_some(())
        };
        eventually("the integration counts as impaired", impaired).await;
        // Then everything comes, in order, and all is well.
        receiver.answer_with(Mood::Status(200));
        for expected in first..=count {
            assert_eq!(people(&receiver.next_taken().await), expected, "{mood:?}");
        }
        let recovered = async || {
            let health = delivery().await;
            let shown = integration.client.get(&integration.app_url).await.expect(200);
            (health["waiting"] == 0
                && health.get("failingSince").is_none()
                && shown["operationalState"] == "operational")
                .then_some(())
        };
        eventually("deliveries are well again", recovered).await;
    }
    office.close().await;
}

#[tokio::test]
async fn pauses_grow() {
    let office = Office::with(|config| {
        config.platform.retry_first = Duration::from_millis(40);
        config.platform.retry_max = Duration::from_millis(200);
    })
    .await;
    let mut receiver = Receiver::start().await;
    signed(&office, &mut receiver).await;
    receiver.answer_with(Mood::Status(503));
    office.set("Board Room", PEOPLE, 1).await;
    let mut tries = Vec::new();
    for _ in 0..6 {
        tries.push(receiver.next().await.at);
    }
    let pauses: Vec<Duration> = tries.windows(2).map(|pair| pair[1] - pair[0]).collect();
    for (pause, least) in pauses.iter().zip([40, 80, 160, 200, 200]) {
        assert!(*pause >= Duration::from_millis(least), "{pauses:?}");
    }
    office.close().await;
}

#[tokio::test]
async fn addresses_that_are_not_called() {
    let office = Office::with(|config| config.private_targets = false).await;
    let receiver = Receiver::start().await;
    let integration = Integration::activate(&office.admin, &manifest(&[PEOPLE], &[])).await;
    let port = receiver.url.rsplit(':').next().unwrap();
    for host in [
        "127.0.0.1",
        "localhost",
        "[::ffff:127.0.0.1]",
        "0.0.0.0",
        "2130706433",
        "169.254.169.254",
    ] {
        let url = format!("http://{host}:{port}/");
        let update = json!({ "provisioningState": "completed", "webhook": hmac(&url) });
        let patched = integration.patch(update).await;
        if patched.status != 200 {
            patched.expect_error(400);
            continue;
        }
        office.set("Board Room", PEOPLE, 1).await;
        let refused = async || {
            let health = office.summary(&integration.app).await["delivery"].clone();
            let error = health["lastError"].as_str().unwrap_or_default().to_owned();
            (error.contains(host.trim_matches(['[', ']'])) || error.contains("resolved")).then_some(error)
        };
        let error = eventually(host, refused).await;
        assert!(
            error.contains("address") || error.contains("resolved"),
            "{host}: {error}"
        );
        // Nor is it called for its health.
        let check = format!("/hallway/v1/integrations/{}/healthCheck", integration.app);
        let checked = office.admin.post(&check, json!({})).await.expect(200);
        assert_eq!(checked["healthCheckResult"]["webhookState"], "failure");
    }
    assert_eq!(receiver.dialled(), 0);
    office.close().await;
}

#[tokio::test]
async fn a_disabled_webhook_hears_nothing() {
    let office = Office::start().await;
    let mut receiver = Receiver::start().await;
    let integration = signed(&office, &mut receiver).await;
    let mut webhook = hmac(&receiver.url);
    webhook["disabled"] = json!(true);
    integration.patch(json!({ "webhook": webhook })).await.expect(200);
    office.set("Board Room", PEOPLE, 1).await;
    // Enabled again it hears everything anew, and nothing of what was meanwhile.
    webhook["disabled"] = json!(false);
    integration.patch(json!({ "webhook": webhook })).await.expect(200);
    for _ in 0..office.hearing_devices() {
        assert_eq!(receiver.next_taken().await.json()["isFullSync"], true);
    }
    office.set("Board Room", PEOPLE, 2).await;
    assert_eq!(people(&receiver.next_taken().await), 2);
    office.close().await;
}

#[tokio::test]
async fn a_slow_receiver_holds_nobody_else_up() {
    let office = Office::start().await;
    let (mut slow, mut quick) = (Receiver::start().await, Receiver::start().await);
    signed(&office, &mut slow).await;
    signed(&office, &mut quick).await;
    slow.answer_with(Mood::Hang);
    for count in 1..=20 {
        office.set("Board Room", PEOPLE, count).await;
        assert_eq!(people(&quick.next_taken().await), count);
    }
    slow.answer_with(Mood::Status(204));
    for expected in 1..=20 {
        assert_eq!(people(&slow.next_taken().await), expected);
    }
    office.close().await;
}

#[tokio::test]
async fn a_failure_outlives_a_restart_and_ends_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let mut config = settings();
    config.data = hallway::Data::Dir(dir.path().join("data"));
    config.platform.impaired_after = Duration::from_millis(50);
    let office = Office::of(config.clone()).await;
    let mut receiver = Receiver::start().await;
    let mut integration = signed(&office, &mut receiver).await;
    receiver.answer_with(Mood::Status(500));
    for count in 1..=3 {
        office.set("Board Room", PEOPLE, count).await;
    }
    let state = async |integration: &Integration| {
        let shown = integration.client.get(&integration.app_url).await.expect(200);
        shown["operationalState"].as_str().unwrap().to_owned()
    };
    let impaired = async || (state(&integration).await == "impaired").then_some(());
    eventually("the integration counts as impaired", impaired).await;
    office.close().await;

    let office = Office::of(config).await;
    integration.app_url = integration
        .app_url
        .replace(&integration.client.base, &office.admin.base);
    integration.client.base.clone_from(&office.admin.base);
    assert_eq!(state(&integration).await, "impaired");
    receiver.answer_with(Mood::Status(204));
    // What waited comes first, in order, and then the full sync of the device that is back.
    let device = office.device("Board Room");
    for expected in [1, 2, 3, 0] {
        let of = |hook: &Hook| hook.json()["deviceId"] == device.as_str();
        let hook = receiver.find("the device's next message", of).await;
        assert_eq!(people(&hook), expected);
        assert_eq!(hook.json()["isFullSync"], expected == 0);
    }
    let well = async || (state(&integration).await == "operational").then_some(());
    eventually("deliveries are well again", well).await;
    // Its own word is not taken back by a success.
    integration
        .patch(json!({ "operationalState": "impaired" }))
        .await
        .expect(200);
    office.set("Board Room", PEOPLE, 9).await;
    receiver
        .find("the change", |hook| {
            hook.json()["changes"]["updated"][PEOPLE] == 9
        })
        .await;
    assert_eq!(state(&integration).await, "impaired");
    office.close().await;
}
