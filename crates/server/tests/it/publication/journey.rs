//! From the upload to the deactivation by the customer.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{Org, Vendor, complete, decide, greedy, manifest, quick, with_queue};
use crate::rig::Rig;

#[tokio::test]
async fn submitted_approved_found_activated_and_seen_by_the_vendor() {
    let rig = Rig::that_calls(quick()).await;
    let app = Uuid::new_v4();
    let vendor = Vendor::with(&rig, &manifest(app, 1)).await;
    let customer = Org::found(&rig, "Customer").await;
    assert_eq!(vendor.status(&rig).await["state"], "draft");

    let submitted = vendor.post(&rig, "submit").await.expect(200);
    assert_eq!(submitted["state"], "submitted");
    assert_eq!(submitted["submittedVersion"], 1);
    assert_eq!(submitted.get("warnings"), None, "{submitted}");
    vendor.post(&rig, "submit").await.expect(409);
    let waiting = rig
        .control(&rig.admin, "GET /operator/publications")
        .await
        .items();
    assert_eq!(waiting.len(), 1);
    assert_eq!(waiting[0]["vendorOrgName"], "Fjord Gardens Ltd");
    assert_eq!(waiting[0]["requested"].as_array().unwrap().len(), 4);
    assert!(waiting[0]["manifest"].as_str().unwrap().contains("Waters them."));

    decide(&rig, app, "approve", json!({ "version": 2 }))
        .await
        .expect(409);
    decide(&rig, app, "approve", json!({ "version": 1 }))
        .await
        .expect(200);
    decide(&rig, app, "approve", json!({})).await.expect(404);
    assert_eq!(vendor.status(&rig).await["state"], "published");

    let found = customer.ask(&rig, "GET /catalog", Value::Null).await.items();
    assert_eq!(found[0]["displayName"], "Plants");
    assert_eq!(found[0]["tocUrl"], "https://fjord.example/terms");
    assert_eq!(found[0]["activated"], false);
    assert!(
        customer
            .ask(&rig, "GET /integrations", Value::Null)
            .await
            .items()
            .is_empty()
    );

    // Its own denials; its own machine account; the vendor's one client.
    let refused = json!({ "deny": ["spark-admin:devices_read"] });
    let request = format!("POST /catalog/{app}/activate");
    customer.ask(&rig, &request, refused).await.expect(400);
    let denied = json!({ "deny": ["spark-admin:workspaces_read"] });
    let activated = customer.activate(&rig, app, denied).await;
    let token = complete(&rig, &vendor.client, &activated, with_queue()).await;
    let devices = rig.ask_as(Some(&token), "GET /devices", Value::Null).await;
    assert_eq!(devices.status.as_u16(), 200, "{}", devices.body);
    let workspaces = rig.ask_as(Some(&token), "GET /workspaces", Value::Null).await;
    assert_eq!(workspaces.status.as_u16(), 403, "{}", workspaces.body);

    let shown = customer.integration(&rig, app).await;
    assert_eq!(shown["availability"], "global");
    assert_eq!(shown["state"], "active");
    assert_eq!(
        customer
            .ask(&rig, "GET /integrations", Value::Null)
            .await
            .items()
            .len(),
        1
    );
    let found = customer
        .ask(&rig, &format!("GET /catalog/{app}"), Value::Null)
        .await;
    assert_eq!(found.expect(200)["activated"], true);
    customer.ask(&rig, &request, json!({})).await.expect(409);
    let checked = customer
        .ask(
            &rig,
            &format!("POST /integrations/{app}/healthCheck"),
            Value::Null,
        )
        .await;
    assert_eq!(checked.expect(200)["healthCheckResult"]["success"], true);

    // It is the vendor's to change.
    for (request, body) in [
        (format!("PUT /integrations/{app}/manifest"), greedy(app, 2)),
        (format!("DELETE /integrations/{app}"), Value::Null),
        (format!("POST /vendor/integrations/{app}/submit"), Value::Null),
        (format!("POST /vendor/integrations/{app}/withdraw"), Value::Null),
        (
            format!("GET /vendor/integrations/{app}/installations"),
            Value::Null,
        ),
    ] {
        let answer = customer.ask(&rig, &request, body).await;
        assert_eq!(answer.status.as_u16(), 403, "{request}: {}", answer.body);
    }
    let again = customer.ask(&rig, "POST /integrations", manifest(app, 9)).await;
    assert_eq!(again.status.as_u16(), 409, "{}", again.body);

    let installations = vendor.installations(&rig).await;
    assert_eq!(installations.len(), 1);
    let mut members: Vec<&String> = installations[0].as_object().unwrap().keys().collect();
    members.sort();
    assert_eq!(
        members,
        [
            "activatedAt",
            "healthy",
            "operationalState",
            "orgId",
            "orgName",
            "state",
            "version"
        ],
    );
    assert_eq!(installations[0]["orgName"], "Customer");
    assert_eq!(installations[0]["state"], "active");

    // Active somewhere, it cannot go; withdrawn, it goes on there, and nowhere else.
    let delete = format!("DELETE /integrations/{app}");
    vendor.org.ask(&rig, &delete, Value::Null).await.expect(409);
    assert_eq!(
        vendor.post(&rig, "withdraw").await.expect(200)["state"],
        "withdrawn"
    );
    vendor.post(&rig, "withdraw").await.expect(409);
    vendor.org.ask(&rig, &delete, Value::Null).await.expect(409);
    let late = Org::found(&rig, "Late").await;
    late.ask(&rig, &request, json!({})).await.expect(404);
    late.ask(&rig, &format!("POST /integrations/{app}/activate"), json!({}))
        .await
        .expect(404);
    assert!(
        late.ask(&rig, "GET /catalog", Value::Null)
            .await
            .items()
            .is_empty()
    );
    let devices = rig.ask_as(Some(&token), "GET /devices", Value::Null).await;
    assert_eq!(devices.status.as_u16(), 200);
    assert_eq!(customer.integration(&rig, app).await["state"], "active");

    // The customer ends it.
    let ended = customer
        .ask(&rig, &format!("POST /integrations/{app}/deactivate"), Value::Null)
        .await;
    assert_eq!(ended.expect(200)["state"], "deactivating");
    let told = super::actions(&rig, customer.id, app, &token).await;
    assert_eq!(told.last().unwrap()["action"], "deprovision");
    rig.until(async || vendor.installations(&rig).await.is_empty())
        .await;
    let devices = rig.ask_as(Some(&token), "GET /devices", Value::Null).await;
    assert_eq!(devices.status.as_u16(), 401);
    customer
        .ask(&rig, &format!("GET /integrations/{app}"), Value::Null)
        .await
        .expect(404);
    vendor.org.ask(&rig, &delete, Value::Null).await.expect(204);
    rig.close().await;
}

#[tokio::test]
async fn rejected_taken_back_and_submitted_again() {
    let rig = Rig::start().await;
    let app = Uuid::new_v4();
    let mut plain = manifest(app, 1);
    plain.as_object_mut().unwrap().remove("tocUrl");
    let vendor = Vendor::with(&rig, &plain).await;
    let submitted = vendor.post(&rig, "submit").await.expect(200);
    assert!(
        submitted["warnings"][0].as_str().unwrap().contains("tocUrl"),
        "{submitted}"
    );

    for reason in ["", "  ", &"x".repeat(2001)] {
        decide(&rig, app, "reject", json!({ "reason": reason }))
            .await
            .expect(400);
    }
    decide(&rig, app, "reject", json!({})).await.expect(400);
    decide(&rig, app, "reject", json!({ "reason": "Terms?" }))
        .await
        .expect(204);
    let status = vendor.status(&rig).await;
    assert_eq!(
        (&status["state"], &status["reason"]),
        (&json!("rejected"), &json!("Terms?"))
    );
    let customer = Org::found(&rig, "Customer").await;
    let request = format!("POST /catalog/{app}/activate");
    customer.ask(&rig, &request, json!({})).await.expect(404);

    // Taken back before anybody looked: a draft again, and nobody can approve it.
    vendor.post(&rig, "submit").await.expect(200);
    assert_eq!(vendor.post(&rig, "withdraw").await.expect(200)["state"], "draft");
    decide(&rig, app, "approve", json!({})).await.expect(404);
    vendor.publish(&rig).await;

    // Withdrawn, it comes back as it was, once it is approved again.
    vendor.post(&rig, "withdraw").await.expect(200);
    vendor.post(&rig, "submit").await.expect(200);
    customer.ask(&rig, &request, json!({})).await.expect(404);
    decide(&rig, app, "approve", json!({})).await.expect(200);
    customer.ask(&rig, &request, json!({})).await.expect(200);

    // A refusal of the next version leaves this one where it is.
    vendor.post(&rig, "submit").await.expect(409);
    vendor.update(&rig, greedy(app, 2)).await;
    vendor.post(&rig, "submit").await.expect(200);
    let waiting = rig
        .control(&rig.admin, &format!("GET /operator/publications/{app}"))
        .await
        .expect(200);
    assert!(
        waiting["growth"][0].as_str().unwrap().contains("devices_write"),
        "{waiting}"
    );
    decide(&rig, app, "reject", json!({ "reason": "Why?" }))
        .await
        .expect(204);
    let status = vendor.status(&rig).await;
    assert_eq!(
        (&status["state"], &status["publishedVersion"]),
        (&json!("rejected"), &json!(1))
    );
    assert_eq!(
        customer.ask(&rig, "GET /catalog", Value::Null).await.items()[0]["version"],
        1
    );
    rig.close().await;
}

#[tokio::test]
async fn what_cannot_be_submitted() {
    let rig = Rig::start().await;
    let app = Uuid::new_v4();
    let mut private = manifest(app, 1);
    private["availability"] = json!("org_private");
    let vendor = Vendor::with(&rig, &private).await;
    let refused = vendor.post(&rig, "submit").await.expect(409);
    assert!(
        refused["message"].as_str().unwrap().contains("org_private"),
        "{refused}"
    );
    assert!(
        rig.control(&vendor.org.token, "GET /vendor/integrations")
            .await
            .items()
            .is_empty()
    );

    // An id belongs to who has submitted it first; who was refused or took it back holds it no longer.
    let app = Uuid::new_v4();
    let first = Vendor::with(&rig, &manifest(app, 1)).await;
    let second = Vendor::with(&rig, &manifest(app, 1)).await;
    first.post(&rig, "submit").await.expect(200);
    second.post(&rig, "submit").await.expect(409);
    assert_eq!(second.status(&rig).await["state"], "draft");
    decide(&rig, app, "reject", json!({ "reason": "no" }))
        .await
        .expect(204);
    second.post(&rig, "submit").await.expect(200);
    first.post(&rig, "submit").await.expect(409);
    decide(&rig, app, "approve", json!({})).await.expect(200);
    assert_eq!(first.status(&rig).await["state"], "draft");
    // Who has an integration of its own with this id does not get the public one by accident.
    let refused = first
        .org
        .ask(&rig, &format!("POST /catalog/{app}/activate"), json!({}))
        .await;
    refused.expect(409);
    rig.close().await;
}

#[tokio::test]
async fn the_catalog_is_read_page_by_page() {
    let rig = Rig::start().await;
    let vendor = Org::found(&rig, "Vendor").await;
    for name in ["b", "A", "d", "C", "e"] {
        let app = Uuid::new_v4();
        let mut manifest = manifest(app, 1);
        manifest["displayName"] = json!(name);
        super::upload(&rig, &vendor, &manifest).await;
        vendor
            .ask(
                &rig,
                &format!("POST /vendor/integrations/{app}/submit"),
                Value::Null,
            )
            .await
            .expect(200);
        decide(&rig, app, "approve", json!({})).await.expect(200);
    }
    let mut names = Vec::new();
    let mut url = Some("GET /hallway/v1/catalog?max=2".to_owned());
    let mut pages = 0;
    while let Some(request) = url {
        let mut page = rig.ask_as(Some(&vendor.token), &request, Value::Null).await;
        url = page.next.take().map(|next| format!("GET {next}"));
        names.extend(page.items().into_iter().map(|item| item["displayName"].clone()));
        pages += 1;
    }
    assert_eq!(
        (pages, names),
        (
            3,
            vec![json!("A"), json!("b"), json!("C"), json!("d"), json!("e")]
        )
    );
    for wrong in ["max=0", "max=x", "cursor=%00"] {
        rig.control(&vendor.token, &format!("GET /catalog?{wrong}"))
            .await
            .expect(400);
    }
    rig.close().await;
}
