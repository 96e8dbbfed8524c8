//! New versions of a public integration.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{Org, Vendor, actions, complete, decide, greedy, manifest, quick, with_queue};
use crate::rig::Rig;

#[tokio::test]
async fn a_version_comes_to_every_customer_once_an_operator_has_approved_it() {
    let rig = Rig::that_calls(quick()).await;
    let app = Uuid::new_v4();
    let vendor = Vendor::published(&rig, &manifest(app, 1)).await;
    let customer = Org::found(&rig, "Customer").await;
    let activated = customer
        .activate(&rig, app, json!({ "deny": ["spark-admin:workspaces_read"] }))
        .await;
    let token = complete(&rig, &vendor.client, &activated, with_queue()).await;
    // The same id in an organization that has nothing to do with it.
    let other = Org::found(&rig, "Other").await;
    let mut own = manifest(app, 1);
    own["availability"] = json!("org_private");
    let own_client = super::upload(&rig, &other, &own).await;
    let activate = format!("POST /integrations/{app}/activate");
    let activated = other.ask(&rig, &activate, json!({})).await.expect(200);
    complete(&rig, &own_client, &activated, with_queue()).await;

    let version = async |org: &Org| org.integration(&rig, app).await["activation"]["manifestVersion"].clone();
    // The vendor tries version 2 at home: nobody else sees anything of it.
    let activated = vendor.org.ask(&rig, &activate, json!({})).await.expect(200);
    complete(&rig, &vendor.client, &activated, with_queue()).await;
    vendor.update(&rig, manifest(app, 2)).await;
    assert_eq!(version(&vendor.org).await, 2);
    assert_eq!(version(&customer).await, 1);
    vendor.post(&rig, "submit").await.expect(200);
    vendor.update(&rig, greedy(app, 3)).await;
    assert_eq!(version(&customer).await, 1);

    // What was submitted is what is approved, whatever was uploaded since.
    decide(&rig, app, "approve", json!({})).await.expect(200);
    rig.until(async || version(&customer).await == 2).await;
    let told = actions(&rig, customer.id, app, &token).await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(
        (&told[0]["action"], &told[0]["manifestVersion"]),
        (&json!("updateApproved"), &json!(2))
    );
    let shown = customer.integration(&rig, app).await;
    assert_eq!(
        shown["activation"]["scopes"],
        json!(["spark-admin:devices_read", "spark:xapi_statuses"])
    );

    // More permissions wait for the customer's own administrator.
    vendor.publish(&rig).await;
    rig.until(async || customer.integration(&rig, app).await["state"] == "updatePending")
        .await;
    let shown = customer.integration(&rig, app).await;
    assert_eq!(
        (&shown["pendingVersion"], version(&customer).await),
        (&json!(3), json!(2))
    );
    assert_eq!(vendor.installations(&rig).await[0]["state"], "updatePending");
    assert!(actions(&rig, customer.id, app, &token).await.is_empty());
    let approve = format!("POST /integrations/{app}/approve");
    customer.ask(&rig, &approve, Value::Null).await.expect(200);
    assert_eq!(version(&customer).await, 3);
    let told = actions(&rig, customer.id, app, &token).await;
    assert_eq!(told[0]["manifestVersion"], 3);
    assert!(told[0]["scopes"].as_str().unwrap().contains("devices_write"));

    // One that waits is followed by one that asks for no more than what is in force: nothing waits any more.
    let mut more = greedy(app, 4);
    let scopes = more["apiAccess"].as_array_mut().unwrap();
    scopes.push(json!({ "scope": "spark-admin:people_read", "access": "required" }));
    vendor.update(&rig, more).await;
    vendor.publish(&rig).await;
    rig.until(async || customer.integration(&rig, app).await["pendingVersion"] == 4)
        .await;
    vendor.update(&rig, greedy(app, 5)).await;
    vendor.publish(&rig).await;
    rig.until(async || version(&customer).await == 5).await;
    let shown = customer.integration(&rig, app).await;
    assert_eq!(
        (&shown["state"], shown.get("pendingVersion")),
        (&json!("active"), None)
    );

    assert_eq!(version(&other).await, 1);
    assert_eq!(vendor.installations(&rig).await.len(), 1, "the customer alone");
    let trail = rig.control(&customer.token, "GET /audit").await.items();
    assert!(
        trail
            .iter()
            .any(|entry| entry["event"] == "integration.update_waits"),
        "{trail:?}"
    );
    assert!(trail.iter().any(|entry| entry["event"] == "integration.updated"));
    rig.close().await;
}

#[tokio::test]
async fn many_customers_get_it_page_by_page() {
    let rig = Rig::that_calls(quick()).await;
    let app = Uuid::new_v4();
    let vendor = Vendor::published(&rig, &manifest(app, 1)).await;
    let mut customers = Vec::new();
    for number in 0..120 {
        let customer = Org::found(&rig, &format!("Customer {number}")).await;
        customer.activate(&rig, app, json!({})).await;
        customers.push(customer);
    }
    let mut names = Vec::new();
    let path = format!("/hallway/v1/vendor/integrations/{app}/installations?max=50");
    let mut url = Some(format!("GET {path}"));
    while let Some(request) = url {
        let mut page = rig.ask_as(Some(&vendor.org.token), &request, Value::Null).await;
        url = page.next.take().map(|next| format!("GET {next}"));
        let items = page.items();
        assert_eq!(items.len(), if url.is_some() { 50 } else { 20 });
        names.extend(
            items
                .iter()
                .map(|item| item["orgName"].as_str().unwrap().to_owned()),
        );
    }
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 120);

    vendor.update(&rig, manifest(app, 2)).await;
    vendor.publish(&rig).await;
    rig.until(async || {
        let request = format!("GET /vendor/integrations/{app}/installations?max=1000");
        let items = vendor.org.ask(&rig, &request, Value::Null).await.items();
        items.iter().all(|item| item["version"] == 2)
    })
    .await;
    rig.close().await;
}
