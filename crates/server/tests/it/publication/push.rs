//! Activation codes that are posted to the vendor.

use std::sync::Arc;
use std::time::Duration;

use hallway_platform::Config;
use hallway_server::courier::{HttpCourier, Reach};
use serde_json::{Value, json};
use uuid::Uuid;

use super::vendor_service::{Reply, Scripted, Service};
use super::{Org, Vendor, claims, complete, manifest, quick, rig_with, upload};
use crate::rig::Rig;

fn posted(app: Uuid, url: &str) -> Value {
    let mut manifest = manifest(app, 1);
    manifest["provisioning"] = json!({ "type": "https", "url": url });
    manifest
}

/// Nothing is tried by itself while a test looks.
fn patient() -> Config {
    Config {
        push_retry_first: Duration::from_secs(3600),
        push_retry_max: Duration::from_secs(3600),
        ..quick()
    }
}

#[tokio::test]
async fn the_code_is_posted_and_the_administrator_goes_on_at_the_vendors_page() {
    let rig = Rig::that_calls(patient()).await;
    let mut service = Service::start().await;
    service.answer_with(
        &[],
        Reply::json(&json!({ "redirectUrl": "https://192.0.2.7/welcome?org=1#x" })),
    );
    let app = Uuid::new_v4();
    let vendor = Vendor::published(&rig, &posted(app, &service.url)).await;
    let customer = Org::found(&rig, "Customer").await;
    let activated = customer.activate(&rig, app, json!({})).await;
    let push = &activated["push"];
    assert_eq!(push["state"], "pushed", "{activated}");
    assert_eq!(push["redirectUrl"], "https://192.0.2.7/welcome?org=1#x");
    assert_eq!((&push["attempts"], &push["lastStatus"]), (&json!(1), &json!(200)));
    assert_eq!(push.get("lastError"), None, "{push}");

    let post = service.next().await;
    assert_eq!(post.headers["content-type"], "application/json");
    assert_eq!(post.body["jwt"], activated["activationCode"]);
    let claims = claims(post.body["jwt"].as_str().unwrap());
    assert_eq!(
        (&claims["action"], &claims["appId"]),
        (&json!("provision"), &json!(app))
    );
    assert_eq!(claims["orgName"], "Customer");
    let shown = customer.integration(&rig, app).await;
    assert_eq!(shown["push"], *push);
    complete(
        &rig,
        &vendor.client,
        &activated,
        json!({ "provisioningState": "completed" }),
    )
    .await;
    // What was taken is not posted again.
    let again = customer
        .ask(&rig, &format!("POST /integrations/{app}/push"), Value::Null)
        .await;
    again.expect(409);
    assert!(service.is_quiet());
    rig.close().await;
}

#[tokio::test]
async fn what_is_not_taken_is_shown_tried_again_and_offered_for_copying() {
    let rig = Rig::that_calls(quick()).await;
    let mut service = Service::start().await;
    service.answer_with(&[Reply::status(503), Reply::status(500)], Reply::status(204));
    // A private integration, by the way.
    let app = Uuid::new_v4();
    let mut manifest = posted(app, &service.url);
    manifest["availability"] = json!("org_private");
    let org = Org::found(&rig, "Customer").await;
    upload(&rig, &org, &manifest).await;
    let activated = org
        .ask(&rig, &format!("POST /integrations/{app}/activate"), json!({}))
        .await
        .expect(200);
    let push = &activated["push"];
    assert_eq!(
        (&push["state"], &push["lastStatus"]),
        (&json!("pending"), &json!(503)),
        "{push}"
    );
    assert_eq!(push["lastError"], "it answered 503");
    assert!(activated["activationCode"].as_str().unwrap().contains('.'));
    rig.until(async || org.integration(&rig, app).await["push"]["state"] == "pushed")
        .await;
    assert_eq!(org.integration(&rig, app).await["push"]["attempts"], 3);
    let code = service.next().await.body["jwt"].clone();
    for _ in 0..2 {
        assert_eq!(service.next().await.body["jwt"], code, "always the same code");
    }
    rig.close().await;
}

#[tokio::test]
async fn an_administrator_has_it_posted_again() {
    let rig = Rig::that_calls(patient()).await;
    let mut service = Service::start().await;
    service.answer_with(&[Reply::status(404), Reply::status(404)], Reply::status(200));
    let app = Uuid::new_v4();
    let vendor = Vendor::published(&rig, &posted(app, &service.url)).await;
    let customer = Org::found(&rig, "Customer").await;
    let first = customer.activate(&rig, app, json!({})).await;
    let push = format!("POST /integrations/{app}/push");
    let again = customer.ask(&rig, &push, Value::Null).await.expect(200);
    assert_eq!(
        (&again["state"], &again["attempts"]),
        (&json!("pending"), &json!(2))
    );
    let again = customer.ask(&rig, &push, Value::Null).await.expect(200);
    assert_eq!(
        (&again["state"], &again["attempts"]),
        (&json!("pushed"), &json!(3))
    );
    for _ in 0..3 {
        assert_eq!(service.next().await.body["jwt"], first["activationCode"]);
    }
    // Only there, and only a full administrator.
    vendor.org.ask(&rig, &push, Value::Null).await.expect(409);

    // The integration got the code by hand: it is not posted any more.
    service.answer_with(&[], Reply::status(500));
    let second = customer.activate(&rig, app, json!({})).await;
    assert_eq!(second["push"]["state"], "pending");
    complete(
        &rig,
        &vendor.client,
        &second,
        json!({ "provisioningState": "completed" }),
    )
    .await;
    assert_eq!(customer.integration(&rig, app).await["push"]["state"], "pushed");
    customer.ask(&rig, &push, Value::Null).await.expect(409);
    rig.close().await;
}

#[tokio::test]
async fn a_code_that_has_expired_is_given_up() {
    let rig = Rig::that_calls(quick()).await;
    let service = Service::start().await;
    service.answer_with(&[], Reply::status(500));
    let app = Uuid::new_v4();
    Vendor::published(&rig, &posted(app, &service.url)).await;
    let customer = Org::found(&rig, "Customer").await;
    customer.activate(&rig, app, json!({})).await;
    rig.clock.forward(25 * 3_600_000);
    rig.until(async || customer.integration(&rig, app).await["push"]["state"] == "failed")
        .await;
    assert_eq!(
        customer.integration(&rig, app).await["state"],
        "activationExpired"
    );
    let push = format!("POST /integrations/{app}/push");
    customer.ask(&rig, &push, Value::Null).await.expect(409);
    rig.close().await;
}

#[tokio::test]
async fn a_hostile_service_is_contained() {
    let config = Config {
        delivery_timeout: Duration::from_millis(300),
        ..patient()
    };
    let rig = Rig::that_calls(config).await;
    let mut service = Service::start().await;
    let app = Uuid::new_v4();
    Vendor::published(&rig, &posted(app, &service.url)).await;
    let customer = Org::found(&rig, "Customer").await;
    for (reply, taken, says) in [
        // Redirects are followed nowhere: to itself, inside, to what everybody must not call.
        (
            Reply::Elsewhere(service.url.clone()),
            false,
            "does not follow redirects",
        ),
        (
            Reply::Elsewhere("http://127.0.0.1:1/".to_owned()),
            false,
            "does not follow redirects",
        ),
        (
            Reply::Elsewhere("http://169.254.169.254/latest".to_owned()),
            false,
            "it answered 302",
        ),
        (Reply::Hang, false, "no answer within"),
        (Reply::Long(10 << 20), true, "longer than"),
        (
            Reply::Says(200, "text/html", "<h1>hi</h1>".to_owned()),
            true,
            "is not application/json",
        ),
        (
            Reply::Says(200, "application/json", "[[[".to_owned()),
            true,
            "no JSON object",
        ),
        (
            Reply::Says(200, "application/json", "[".repeat(60_000)),
            true,
            "no JSON object",
        ),
        (Reply::json(&json!({ "redirectUrl": 7 })), true, "is no text"),
        (
            Reply::json(&json!({ "redirectUrl": "http://169.254.169.254/latest" })),
            true,
            "public host",
        ),
        (
            Reply::json(&json!({ "redirectUrl": "https://u:p@vendor.example/" })),
            true,
            "user name and password",
        ),
        (
            Reply::json(&json!({ "redirectUrl": "javascript:alert(1)" })),
            true,
            "https URL",
        ),
        (
            Reply::json(&json!({ "redirectUrl": "https://a.example/\u{1b}[2J" })),
            true,
            "a URL does not have",
        ),
    ] {
        service.answer_with(&[], reply.clone());
        let activated = customer.activate(&rig, app, json!({})).await;
        let push = &activated["push"];
        assert_eq!(push["state"] == "pushed", taken, "{push}");
        let error = push["lastError"].as_str().unwrap();
        assert!(error.contains(says) && error.len() < 400, "{says}: {error}");
        assert_eq!(push.get("redirectUrl"), None, "{push}");
        let post = service.next().await;
        assert_eq!(post.path, "/provision");
        assert!(service.is_quiet(), "something was followed");
    }
    rig.close().await;
}

#[tokio::test]
async fn pages_that_are_no_public_hosts_are_not_shown() {
    let courier = Scripted::new(Reply::status(204));
    let rig = Rig::with(
        Config {
            allow_http: false,
            ..patient()
        },
        Arc::<Scripted>::clone(&courier) as _,
    )
    .await;
    let app = Uuid::new_v4();
    Vendor::published(&rig, &posted(app, "https://192.0.2.1/provision")).await;
    let customer = Org::found(&rig, "Customer").await;
    for bad in [
        "http://192.0.2.1/",
        "https://10.1.2.3/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://[fe80::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://localhost/",
        "https://localhost./",
        "https://my.localhost:8443/x",
        "https://2130706433/",
        "https://127.1/",
        "https://0x7f000001/",
        "https://0177.0.0.1/",
        "https://169.254.169.254/",
        "https://user@192.0.2.1/",
        "https://good.example\\@10.0.0.1/",
        "//192.0.2.1/",
        "",
    ] {
        courier.answer_with(&[], Reply::json(&json!({ "redirectUrl": bad })));
        let activated = customer.activate(&rig, app, json!({})).await;
        let push = &activated["push"];
        assert_eq!(push["state"], "pushed", "{bad}: {push}");
        assert_eq!(push.get("redirectUrl"), None, "{bad}: {push}");
        assert!(push["lastError"].is_string(), "{bad}: {push}");
    }
    courier.answer_with(
        &[],
        Reply::json(&json!({ "redirectUrl": "https://192.0.2.1:8443/a?b=c" })),
    );
    let activated = customer.activate(&rig, app, json!({})).await;
    assert_eq!(activated["push"]["redirectUrl"], "https://192.0.2.1:8443/a?b=c");
    rig.close().await;
}

#[tokio::test]
async fn a_code_is_not_posted_inside() {
    let courier = Arc::new(HttpCourier::new(Reach { private: false }, None).unwrap());
    let rig = rig_with(courier).await;
    let mut service = Service::start().await;
    let app = Uuid::new_v4();
    let org = Org::found(&rig, "Customer").await;
    upload(&rig, &org, &posted(app, &service.url)).await;
    let activated = org
        .ask(&rig, &format!("POST /integrations/{app}/activate"), json!({}))
        .await
        .expect(200);
    let push = &activated["push"];
    assert_eq!(push["state"], "pending");
    assert!(
        push["lastError"].as_str().unwrap().contains("private address"),
        "{push}"
    );
    assert!(service.is_quiet());
    // The code can be carried by hand, and a deactivation ends the trying.
    assert!(activated["activationCode"].is_string());
    let ended = org
        .ask(&rig, &format!("POST /integrations/{app}/deactivate"), Value::Null)
        .await;
    ended.expect(200);
    rig.close().await;
}
