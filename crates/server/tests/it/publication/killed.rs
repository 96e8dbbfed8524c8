//! Killed at every step: a start finishes or undoes what was begun.

use std::sync::Arc;

use hallway_platform::Config;
use serde_json::{Value, json};
use uuid::Uuid;

use super::vendor_service::{Reply, Scripted};
use super::{Client, Org, Vendor, actions, claims, complete, decide, greedy, manifest, quick, with_queue};
use crate::rig::Rig;

/// More steps than anything here takes.
const ENOUGH: u64 = 60;

async fn mortal(courier: &Arc<Scripted>) -> Rig {
    let config = Config {
        allow_http: false,
        ..quick()
    };
    Rig::that_dies(config, Arc::<Scripted>::clone(courier) as _).await
}

/// A customer whose integration has a queue, and the token that reads it.
async fn customer(rig: &Rig, vendor: &Vendor, name: &str) -> (Org, String) {
    let customer = Org::found(rig, name).await;
    let activated = customer.activate(rig, vendor.app, json!({})).await;
    let token = complete(rig, &vendor.client, &activated, with_queue()).await;
    (customer, token)
}

/// The actions of a kind that an integration was told, each once.
async fn told(rig: &Rig, org: &Org, app: Uuid, token: &str, action: &str) -> usize {
    let all = actions(rig, org.id, app, token).await;
    let of_it = all.iter().filter(|claims| claims["action"] == action);
    let mut ids: Vec<&str> = of_it.map(|claims| claims["jti"].as_str().unwrap()).collect();
    ids.sort_unstable();
    ids.dedup();
    ids.len()
}

#[tokio::test]
async fn an_activation_whose_code_is_posted() {
    let courier = Scripted::new(Reply::json(&json!({ "redirectUrl": "https://192.0.2.9/hello" })));
    for steps in 0.. {
        assert!(steps < ENOUGH);
        let rig = mortal(&courier).await;
        let app = Uuid::new_v4();
        let mut asked = manifest(app, 1);
        asked["provisioning"] = json!({ "type": "https", "url": "https://192.0.2.1/provision" });
        let vendor = Vendor::published(&rig, &asked).await;
        let customer = Org::found(&rig, "Customer").await;
        courier.forget();
        rig.stop_after(steps);
        let request = format!("POST /catalog/{app}/activate");
        let answer = customer.ask(&rig, &request, json!({})).await;
        let done = !rig.has_stopped();
        assert!(!done || answer.status.as_u16() == 200);
        let rig = rig.again().await;
        rig.until(async || {
            let shown = customer.integration(&rig, app).await;
            shown["state"] == "inactive" || shown["push"]["state"] == "pushed"
        })
        .await;
        let shown = customer.integration(&rig, app).await;
        if shown["state"] == "inactive" {
            assert!(!done);
            assert!(courier.posted().is_empty(), "a code of nothing was posted");
        } else {
            assert_eq!(shown["push"]["redirectUrl"], "https://192.0.2.9/hello");
            // Whatever was posted, perhaps twice, is one code, and it is good.
            let codes = courier.posted();
            assert!(codes.iter().all(|code| *code == codes[0]), "{steps}");
            let refresh = claims(codes[0]["jwt"].as_str().unwrap());
            let refresh = refresh["refreshToken"].as_str().unwrap().to_owned();
            vendor.client.refresh(&rig, &refresh).await.expect(200);
        }
        rig.close().await;
        if done {
            break;
        }
    }
}

#[tokio::test]
async fn the_approval_of_an_update() {
    let courier = Scripted::new(Reply::status(204));
    for steps in 0.. {
        assert!(steps < ENOUGH);
        let rig = mortal(&courier).await;
        let app = Uuid::new_v4();
        let vendor = Vendor::published(&rig, &manifest(app, 1)).await;
        let (customer, token) = customer(&rig, &vendor, "Customer").await;
        vendor.update(&rig, greedy(app, 2)).await;
        vendor.publish(&rig).await;
        rig.until(async || customer.integration(&rig, app).await["state"] == "updatePending")
            .await;
        rig.stop_after(steps);
        let answer = customer
            .ask(&rig, &format!("POST /integrations/{app}/approve"), Value::Null)
            .await;
        let done = !rig.has_stopped();
        assert!(!done || answer.status.as_u16() == 200);
        let rig = rig.again().await;
        let version = customer.integration(&rig, app).await["activation"]["manifestVersion"].clone();
        let heard = told(&rig, &customer, app, &token, "updateApproved").await;
        assert_eq!(heard, usize::from(version == 2), "after {steps} steps");
        assert!(!done || version == 2);
        rig.close().await;
        if done {
            break;
        }
    }
}

#[tokio::test]
async fn a_version_on_its_way_to_many() {
    let courier = Scripted::new(Reply::status(204));
    for steps in 0.. {
        assert!(steps < ENOUGH);
        let rig = mortal(&courier).await;
        let app = Uuid::new_v4();
        let vendor = Vendor::published(&rig, &manifest(app, 1)).await;
        let mut customers = Vec::new();
        for name in ["One", "Two", "Three"] {
            customers.push(customer(&rig, &vendor, name).await);
        }
        vendor.update(&rig, manifest(app, 2)).await;
        vendor.post(&rig, "submit").await.expect(200);
        rig.stop_after(steps);
        decide(&rig, app, "approve", json!({})).await;
        let everywhere = async |rig: &Rig| {
            let request = format!("GET /vendor/integrations/{app}/installations");
            let answer = vendor.org.ask(rig, &request, Value::Null).await;
            answer.body["items"]
                .as_array()
                .is_some_and(|items| items.iter().all(|item| item["version"] == 2))
        };
        rig.until(async || rig.has_stopped() || everywhere(&rig).await)
            .await;
        let done = !rig.has_stopped();
        let rig = rig.again().await;
        let published = vendor.status(&rig).await["publishedVersion"].clone();
        if published == 2 {
            rig.until(async || everywhere(&rig).await).await;
        }
        for (org, token) in &customers {
            rig.until(async || {
                let shown = org.integration(&rig, app).await;
                shown["activation"]["manifestVersion"] == published
            })
            .await;
            // Who is told last is told after its version is in force.
            let mut heard = 0;
            while published == 2 && heard == 0 {
                heard += told(&rig, org, app, token, "updateApproved").await;
                tokio::task::yield_now().await;
            }
            heard += told(&rig, org, app, token, "updateApproved").await;
            assert_eq!(heard, usize::from(published == 2), "after {steps} steps");
        }
        rig.close().await;
        if done {
            break;
        }
    }
}

#[tokio::test]
async fn a_deactivation() {
    let courier = Scripted::new(Reply::status(204));
    for steps in 0.. {
        assert!(steps < ENOUGH);
        let rig = mortal(&courier).await;
        let app = Uuid::new_v4();
        let vendor = Vendor::published(&rig, &manifest(app, 1)).await;
        let (customer, token) = customer(&rig, &vendor, "Customer").await;
        rig.stop_after(steps);
        let request = format!("POST /integrations/{app}/deactivate");
        customer.ask(&rig, &request, Value::Null).await;
        let done = !rig.has_stopped();
        let rig = rig.again().await;
        let state = customer.integration(&rig, app).await["state"].clone();
        let heard = told(&rig, &customer, app, &token, "deprovision").await;
        if state == "active" {
            assert!(!done);
            assert_eq!(heard, 0);
        } else {
            assert_eq!((state, heard), (json!("deactivating"), 1), "after {steps} steps");
            rig.until(async || customer.integration(&rig, app).await["state"] == "inactive")
                .await;
            gone(&rig, &vendor.client, &token).await;
        }
        rig.close().await;
        if done {
            break;
        }
    }
}

/// Nothing is left that a token opens.
async fn gone(rig: &Rig, client: &Client, token: &str) {
    let devices = rig.ask_as(Some(token), "GET /devices", Value::Null).await;
    assert_eq!(devices.status.as_u16(), 401, "{}", devices.body);
    assert_eq!(client.refresh(rig, token).await.status.as_u16(), 400);
}
