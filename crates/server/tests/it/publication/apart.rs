//! Organizations stay apart.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{Org, Vendor, claims, complete, decide, manifest, quick, upload, with_queue};
use crate::rig::Rig;

#[tokio::test]
async fn drafts_and_submissions_are_seen_by_nobody_else() {
    let rig = Rig::start().await;
    let app = Uuid::new_v4();
    let vendor = Vendor::with(&rig, &manifest(app, 1)).await;
    let customer = Org::found(&rig, "Customer").await;
    for step in ["draft", "submitted"] {
        if step == "submitted" {
            vendor.post(&rig, "submit").await.expect(200);
        }
        for request in [
            format!("GET /integrations/{app}"),
            format!("GET /integrations/{app}/manifest"),
            format!("POST /integrations/{app}/activate"),
            format!("POST /integrations/{app}/push"),
            format!("POST /integrations/{app}/approve"),
            format!("DELETE /integrations/{app}"),
            format!("GET /catalog/{app}"),
            format!("POST /catalog/{app}/activate"),
            format!("GET /vendor/integrations/{app}"),
            format!("POST /vendor/integrations/{app}/submit"),
            format!("POST /vendor/integrations/{app}/withdraw"),
            format!("GET /vendor/integrations/{app}/installations"),
        ] {
            let answer = customer.ask(&rig, &request, Value::Null).await;
            assert_eq!(answer.status.as_u16(), 404, "{step}: {request}: {}", answer.body);
        }
        for list in ["GET /catalog", "GET /integrations", "GET /vendor/integrations"] {
            let items = customer.ask(&rig, list, Value::Null).await.items();
            assert!(items.is_empty(), "{step}: {list}: {items:?}");
        }
        // Nobody but an operator decides, the vendor included.
        for org in [&customer, &vendor.org] {
            for (request, body) in [
                ("GET /operator/publications".to_owned(), Value::Null),
                (format!("GET /operator/publications/{app}"), Value::Null),
                (format!("POST /operator/publications/{app}/approve"), json!({})),
                (
                    format!("POST /operator/publications/{app}/reject"),
                    json!({ "reason": "x" }),
                ),
            ] {
                let answer = org.ask(&rig, &request, body).await;
                assert_eq!(answer.status.as_u16(), 403, "{step}: {request}: {}", answer.body);
            }
        }
    }
    rig.close().await;
}

#[tokio::test]
async fn a_vendors_tokens_and_ids_find_nothing_of_its_customers() {
    let rig = Rig::that_calls(quick()).await;
    let app = Uuid::new_v4();
    let vendor = Vendor::published(&rig, &manifest(app, 1)).await;
    let customers = [Org::found(&rig, "One").await, Org::found(&rig, "Two").await];
    let mut tokens = Vec::new();
    for customer in &customers {
        let activated = customer.activate(&rig, app, json!({})).await;
        tokens.push(complete(&rig, &vendor.client, &activated, with_queue()).await);
    }
    // The machine account of one customer sees that customer only.
    let url = |org: &Org, rest: &str| {
        let public = crate::rig::PUBLIC;
        format!("GET {public}/xapi/api/organizations/{}/{rest}", org.id.uuid())
    };
    for (mine, token) in tokens.iter().enumerate() {
        for (whose, customer) in customers.iter().enumerate() {
            for rest in [format!("apps/{app}"), format!("appManifests/{app}")] {
                let answer = rig.ask_as(Some(token), &url(customer, &rest), Value::Null).await;
                let expected = if mine == whose { 200 } else { 403 };
                assert_eq!(answer.status.as_u16(), expected, "{rest}: {}", answer.body);
            }
        }
        let org = customers[1 - mine].id;
        let there = rig
            .ask_as(Some(token), &format!("GET /devices?orgId={org}"), Value::Null)
            .await;
        assert_eq!(there.status.as_u16(), 404, "{}", there.body);
    }
    // The vendor's administrator is no administrator there.
    let admin = &vendor.org.token;
    for customer in &customers {
        let answer = rig
            .ask_as(Some(admin), &url(customer, &format!("apps/{app}")), Value::Null)
            .await;
        assert_eq!(answer.status.as_u16(), 403, "{}", answer.body);
        let there = format!("GET /people?orgId={}", customer.id);
        assert_eq!(
            rig.ask_as(Some(admin), &there, Value::Null).await.status.as_u16(),
            404
        );
    }
    let at_home = vendor.org.integration(&rig, app).await;
    assert_eq!(at_home.get("activation"), None, "{at_home}");
    // What one customer decides is its own.
    let deactivate = format!("POST /integrations/{app}/deactivate");
    vendor.org.ask(&rig, &deactivate, Value::Null).await.expect(409);
    customers[0].ask(&rig, &deactivate, Value::Null).await.expect(200);
    assert_eq!(customers[1].integration(&rig, app).await["state"], "active");
    // Nothing that a customer is shown holds the secret.
    let shown = customers[1].integration(&rig, app).await.to_string();
    assert!(!shown.contains(&vendor.client.secret));
    rig.close().await;
}

#[tokio::test]
async fn only_the_vendors_client_exchanges_the_token_of_its_integration() {
    let rig = Rig::that_calls(quick()).await;
    let app = Uuid::new_v4();
    let vendor = Vendor::published(&rig, &manifest(app, 1)).await;
    let customer = Org::found(&rig, "Customer").await;
    let activated = customer.activate(&rig, app, json!({})).await;
    let claims = claims(activated["activationCode"].as_str().unwrap());
    let refresh = claims["refreshToken"].as_str().unwrap();
    assert_eq!(claims["sub"], customer.id.to_string());

    // A client of the customer itself, of another integration of the vendor, of another vendor of the same id.
    let own = upload(&rig, &customer, &manifest(Uuid::new_v4(), 1)).await;
    let sibling = upload(&rig, &vendor.org, &manifest(Uuid::new_v4(), 1)).await;
    let namesake = Vendor::with(&rig, &manifest(app, 1)).await.client;
    for client in [&own, &sibling, &namesake] {
        let answer = client.refresh(&rig, refresh).await;
        assert_eq!(answer.status.as_u16(), 400, "{}", answer.body);
    }
    let mut wrong = vendor.client.clone();
    wrong.secret = own.secret.clone();
    assert_eq!(wrong.refresh(&rig, refresh).await.status.as_u16(), 401);
    vendor.client.refresh(&rig, refresh).await.expect(200);

    // Another code ends what the first one opened, and one that was withdrawn meanwhile is given no other.
    let again = customer.activate(&rig, app, json!({})).await;
    assert_eq!(vendor.client.refresh(&rig, refresh).await.status.as_u16(), 400);
    vendor.post(&rig, "withdraw").await.expect(200);
    let request = format!("POST /integrations/{app}/activate");
    let refused = customer.ask(&rig, &request, json!({})).await.expect(409);
    assert!(
        refused["message"].as_str().unwrap().contains("withdrawn"),
        "{refused}"
    );
    complete(&rig, &vendor.client, &again, with_queue()).await;
    decide(&rig, app, "approve", json!({})).await.expect(404);
    rig.close().await;
}
