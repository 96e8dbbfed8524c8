//! Organizations as the operator sees them: created, suspended, resumed and deleted.

use std::sync::Arc;
use std::time::Duration;

use hallway_platform::Config;
use hallway_platform::device::Device;
use hallway_platform::place::Seed;
use hallway_platform::ports::{Blobs as _, ORG_TABLES, Store as _};
use hallway_server::courier::{HttpCourier, Reach};
use hallway_wire::id::{ContentId, OrgId, WebhookId};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::receiver::Receiver;
use crate::rig::{DeadLink, Rig};
use crate::workspaces::board;

/// An organization beside the operator's.
pub(crate) struct Tenant {
    pub(crate) id: OrgId,
    pub(crate) admin: String,
    pub(crate) admin_id: String,
}

const OPERATOR: &str = "/operator/organizations";

pub(crate) async fn tenant(rig: &Rig, name: &str) -> Tenant {
    let slug: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    let wish = json!({
        "displayName": name, "country": "no", "adminEmail": format!("boss@{slug}.example"), "adminName": "Bo Boss",
    });
    let made = rig
        .control_with(&rig.admin, &format!("POST {OPERATOR}"), wish)
        .await
        .expect(200);
    assert_eq!(made["organization"]["country"], "NO");
    Tenant {
        id: made["organization"]["id"].as_str().unwrap().parse().unwrap(),
        admin: made["accessToken"].as_str().unwrap().to_owned(),
        admin_id: made["adminId"].as_str().unwrap().to_owned(),
    }
}

impl Tenant {
    pub(crate) async fn ask(&self, rig: &Rig, request: &str, body: Value) -> crate::rig::Answer {
        rig.ask_as(Some(&self.admin), request, body).await
    }

    pub(crate) async fn operate(&self, rig: &Rig, request: &str, body: Value) -> crate::rig::Answer {
        let (method, what) = request.split_once(' ').unwrap();
        let request = format!("{method} {OPERATOR}/{}{what}", self.id);
        rig.control_with(&rig.admin, &request, body).await
    }

    pub(crate) async fn suspend(&self, rig: &Rig) {
        let asked = self.operate(rig, "POST /suspend", json!({ "reason": "unpaid bills" }));
        asked.await.expect(200);
    }

    /// A room with a message that carries a file, a webhook, a workspace with a device, an application.
    pub(crate) async fn fill(&self, rig: &Rig, webhook_url: &str) -> Filled {
        let wish = json!({ "title": "Plans" });
        let room = self.ask(rig, "POST /rooms", wish).await.expect(200);
        let room = room["id"].as_str().unwrap().to_owned();
        let message = upload(rig, &self.admin, &room).await;
        let url = message["files"][0].as_str().unwrap().to_owned();
        let file: ContentId = url.rsplit('/').next().unwrap().parse().unwrap();
        let wish = json!({
            "name": "Mine", "targetUrl": webhook_url, "resource": "messages", "event": "created", "secret": "s3cret",
        });
        let webhook = self.ask(rig, "POST /webhooks", wish).await.expect(200);
        let wish = json!({ "displayName": "Oslo" });
        let workspace = self.ask(rig, "POST /workspaces", wish).await.expect(201);
        let workspace: hallway_wire::id::WorkspaceId = workspace["id"].as_str().unwrap().parse().unwrap();
        let device = Device {
            org: self.id,
            link_token: Some(hallway_platform::crypto::sha256(b"hwdtoken")),
            ..board(rig, workspace)
        };
        let id = device.id;
        let seed = Seed {
            devices: vec![device],
            ..Seed::default()
        };
        rig.platform.seed(seed).await.unwrap();
        let wish = json!({
            "type": "integration", "name": "Helper", "friendlyId": "helper", "description": "Helps.",
            "logo": "https://example.com/l.png", "redirectUrls": ["https://example.com/cb"],
            "scopes": ["spark:people_read"], "contactEmail": "dev@example.com",
        });
        self.ask(rig, "POST /applications", wish).await;
        Filled {
            room,
            file,
            webhook: webhook["id"].as_str().unwrap().parse().unwrap(),
            device: id,
        }
    }
}

pub(crate) struct Filled {
    pub(crate) room: String,
    pub(crate) file: ContentId,
    pub(crate) webhook: WebhookId,
    pub(crate) device: hallway_wire::id::DeviceId,
}

async fn upload(rig: &Rig, token: &str, room: &str) -> Value {
    let text = format!(
        "--B\r\nContent-Disposition: form-data; name=\"roomId\"\r\n\r\n{room}\r\n--B\r\nContent-Disposition: \
         form-data; name=\"files\"; filename=\"plan.txt\"\r\nContent-Type: text/plain\r\n\r\nthe plan\r\n--B--\r\n"
    );
    let request = axum::http::Request::builder()
        .method("POST")
        .uri("/v1/messages")
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "multipart/form-data; boundary=B")
        .body(axum::body::Body::from(text));
    let response = rig.send(request.unwrap()).await;
    assert_eq!(response.status().as_u16(), 200);
    let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await;
    serde_json::from_slice(&bytes.unwrap()).unwrap()
}

async fn say(rig: &Rig, tenant: &Tenant, filled: &Filled, text: &str) {
    let wish = json!({ "roomId": filled.room, "text": text });
    tenant.ask(rig, "POST /messages", wish).await.expect(200);
}

/// The tables in which there is something of an organization.
pub(crate) async fn what_is_left(rig: &Rig, org: OrgId) -> Vec<&'static str> {
    let mut left = Vec::new();
    for table in ORG_TABLES {
        if rig.store().has_rows(org, table.name).await.unwrap() {
            left.push(table.name);
        }
    }
    if rig.store().organization(org).await.unwrap().is_some() {
        left.push("organization");
    }
    left
}

#[tokio::test]
async fn only_the_operator_manages_organizations() {
    let rig = Rig::start().await;
    let tenant = tenant(&rig, "Second").await;
    let id = tenant.id;
    for request in [
        format!("GET {OPERATOR}"),
        format!("POST {OPERATOR}"),
        format!("GET {OPERATOR}/{id}"),
        format!("POST {OPERATOR}/{id}/suspend"),
        format!("POST {OPERATOR}/{id}/resume"),
        format!("DELETE {OPERATOR}/{id}?confirm=Second"),
        format!("GET {OPERATOR}/{id}/admins"),
        format!("POST {OPERATOR}/{id}/admins"),
        format!("DELETE {OPERATOR}/{id}/admins/{}", tenant.admin_id),
    ] {
        let asked = rig.control_with(&tenant.admin, &request, json!({})).await;
        assert_eq!(asked.status.as_u16(), 403, "{request}: {}", asked.body);
    }
    let listed = rig.control(&rig.admin, &format!("GET {OPERATOR}")).await.items();
    assert_eq!(listed.len(), 2);
    assert_eq!(listed[1]["displayName"], "Second");
    assert_eq!(listed[1]["state"], "active");
}

#[tokio::test]
async fn what_is_wrong_with_a_new_organization_is_said() {
    let rig = Rig::start().await;
    let create = async |body: Value| {
        rig.control_with(&rig.admin, &format!("POST {OPERATOR}"), body)
            .await
    };
    let wrong =
        create(json!({ "displayName": " ", "country": "NOR", "adminEmail": "x", "adminName": "\u{7}" }))
            .await;
    let said = wrong.expect(400).to_string();
    for name in ["displayName:", "country:", "adminEmail:", "adminName:"] {
        assert!(said.contains(name), "{name} in {said}");
    }
    tenant(&rig, "Second").await;
    let wish =
        |name: &str, email: &str| json!({ "displayName": name, "adminEmail": email, "adminName": "A" });
    create(wish("second", "a@b.example")).await.expect(409);
    create(wish("Third", "BOSS@second.example")).await.expect(409);
    create(wish("Third", "a@b.example")).await.expect(200);
    create(json!({})).await.expect(400);
}

#[tokio::test]
async fn the_operators_own_organization_stays() {
    let rig = Rig::start().await;
    for request in [
        format!("POST {OPERATOR}/{}/suspend", rig.org),
        format!("DELETE {OPERATOR}/{}?confirm=Acme", rig.org),
    ] {
        let said = rig
            .control_with(&rig.admin, &request, json!({}))
            .await
            .expect(409);
        assert!(
            said["message"].as_str().unwrap().contains("operator's own"),
            "{said}"
        );
    }
    let unknown = OrgId::random();
    rig.control_with(
        &rig.admin,
        &format!("POST {OPERATOR}/{unknown}/suspend"),
        json!({}),
    )
    .await
    .expect(404);
}

#[tokio::test]
async fn a_suspended_organization_rests_and_loses_nothing() {
    let rig = Rig::that_calls(Config {
        webhook_retry_first: Duration::from_millis(20),
        ..Config::default()
    })
    .await;
    let tenant = tenant(&rig, "Second").await;
    let mut receiver = Receiver::start().await;
    let filled = tenant.fill(&rig, &receiver.url).await;
    say(&rig, &tenant, &filled, "one").await;
    assert_eq!(receiver.next().await.json()["resource"], "messages");
    let closed = CancellationToken::new();
    let link = Arc::new(DeadLink(closed.clone()));
    rig.platform.attach(filled.device, link).await.unwrap();
    let request = format!("POST /people/{}/signInCode", tenant.admin_id);
    let code = rig.control(&tenant.admin, &request).await.expect(200)["code"]
        .as_str()
        .unwrap()
        .to_owned();

    tenant.suspend(&rig).await;
    let said = tenant.ask(&rig, "GET /people/me", Value::Null).await.expect(403);
    assert_eq!(said["message"], "The organization is suspended: unpaid bills");
    rig.control(&tenant.admin, "GET /audit").await.expect(403);
    assert!(closed.is_cancelled(), "the device's link stays");
    assert!(rig.platform.links().get(filled.device).is_none());
    let again = rig
        .platform
        .attach(filled.device, Arc::new(DeadLink(CancellationToken::new())));
    assert!(again.await.is_err());
    let dialled = rig.platform.authenticate_device(filled.device, "hwdtoken").await;
    assert!(dialled.unwrap_err().to_string().contains("suspended"));
    let signed_in = rig
        .platform
        .sign_in(&hallway_platform::oauth::Credential::Code(
            hallway_wire::Secret::new(code),
        ))
        .await;
    assert!(signed_in.unwrap().is_none());
    // The operator's own goes on.
    rig.get("/people/me").await.expect(200);
    // Something happens in it all the same, and waits.
    let happening = hallway_platform::webhook::Happening {
        org: tenant.id,
        resource: hallway_wire::webhook::Resource::Messages,
        event: hallway_wire::webhook::Event::Created,
        actor: None,
        at: rig.platform.now(),
        data: json!({ "id": "m9", "roomType": "group" }),
        full: None,
        audience: vec![tenant.admin_id.parse().unwrap()],
    };
    rig.platform.announce(vec![happening]).await.unwrap();
    rig.until(async || rig.waiting_for(filled.webhook).await == 1)
        .await;
    // Also after a restart it rests.
    let restarted = rig.twin().await;
    tenant
        .ask(&restarted, "GET /people/me", Value::Null)
        .await
        .expect(403);
    assert_eq!(
        rig.waiting_for(filled.webhook).await,
        1,
        "delivered while suspended"
    );
    restarted.close().await;

    tenant.operate(&rig, "POST /suspend", json!({})).await.expect(409);
    tenant
        .operate(&rig, "POST /resume", Value::Null)
        .await
        .expect(200);
    tenant.ask(&rig, "GET /people/me", Value::Null).await.expect(200);
    assert_eq!(receiver.next().await.json()["data"]["id"], "m9");
    rig.platform
        .attach(filled.device, Arc::new(DeadLink(CancellationToken::new())))
        .await
        .unwrap();
    tenant
        .operate(&rig, "POST /resume", Value::Null)
        .await
        .expect(409);
    let trail = rig.control(&tenant.admin, "GET /audit").await.items();
    let events: Vec<&str> = trail.iter().filter_map(|it| it["event"].as_str()).collect();
    assert!(events.contains(&"organization.suspended") && events.contains(&"organization.resumed"));
    rig.close().await;
}

#[tokio::test]
async fn token_exchange_is_refused_while_suspended() {
    let rig = Rig::start().await;
    let tenant = tenant(&rig, "Second").await;
    // A service app of the first organization, authorized in the second.
    let wish = json!({
        "type": "authorizedAppIssuer", "name": "Helper", "friendlyId": "helper", "description": "Helps.",
        "scopes": ["spark-admin:people_read"], "contactEmail": "dev@example.com",
        "logo": "https://example.com/l.png",
    });
    let app = rig.ask("POST /applications", wish).await.expect(200);
    let id = app["id"].as_str().unwrap();
    let target = json!({ "orgId": tenant.id });
    let request = format!("POST /applications/{id}/requestAuthorization");
    rig.control_with(&rig.admin, &request, target.clone())
        .await
        .expect(200);
    let request = format!("POST /applications/{id}/authorize");
    let authorized = tenant.ask(&rig, &request, target).await;
    assert!(authorized.status.is_success(), "{}", authorized.body);
    let wish = json!({
        "clientId": app["clientId"], "clientSecret": app["clientSecret"], "targetOrgId": tenant.id,
    });
    let request = format!("POST /applications/{id}/token");
    let pair = rig.ask(&request, wish.clone()).await.expect(200);
    let access = pair["access_token"].as_str().unwrap();
    rig.ask_as(Some(access), "GET /people", Value::Null)
        .await
        .expect(200);
    tenant.suspend(&rig).await;
    rig.ask_as(Some(access), "GET /people", Value::Null)
        .await
        .expect(403);
    let said = rig.ask(&request, wish.clone()).await.expect(403).to_string();
    assert!(said.contains("suspended"), "{said}");
    let refresh = json!({
        "grant_type": "refresh_token", "client_id": app["clientId"], "client_secret": app["clientSecret"],
        "refresh_token": pair["refresh_token"],
    });
    let refused = rig.ask_as(None, "POST /access_token", refresh.clone()).await;
    assert_eq!(refused.status.as_u16(), 403, "{}", refused.body);
    tenant
        .operate(&rig, "POST /resume", Value::Null)
        .await
        .expect(200);
    rig.ask_as(None, "POST /access_token", refresh).await.expect(200);
    rig.ask_as(Some(access), "GET /people", Value::Null)
        .await
        .expect(200);
    rig.ask(&request, wish).await.expect(200);
}

#[tokio::test]
async fn of_a_deleted_organization_nothing_is_left() {
    let rig = Rig::that_calls(Config::default()).await;
    let tenant = tenant(&rig, "Second").await;
    let other = tenant_of_the_side(&rig).await;
    let filled = tenant.fill(&rig, "http://127.0.0.1:9/hook").await;
    assert!(rig.blobs().open(filled.file.uuid()).await.unwrap().is_some());
    assert!(what_is_left(&rig, tenant.id).await.len() > 8);
    let before = what_is_left(&rig, other.id).await;
    // In use.
    tenant
        .operate(&rig, "DELETE ?confirm=Second", Value::Null)
        .await
        .expect(409);
    rig.ask(&format!("DELETE /organizations/{}", tenant.id), Value::Null)
        .await
        .expect(409);
    tenant
        .ask(&rig, &format!("DELETE /organizations/{}", tenant.id), Value::Null)
        .await
        .expect(409);
    other
        .ask(&rig, &format!("DELETE /organizations/{}", tenant.id), Value::Null)
        .await
        .expect(404);
    tenant.suspend(&rig).await;
    let said = tenant
        .operate(&rig, "DELETE ?confirm=Third", Value::Null)
        .await
        .expect(400);
    assert!(said.to_string().contains("confirm"), "{said}");
    tenant.operate(&rig, "DELETE ", Value::Null).await.expect(400);
    let gone = tenant
        .operate(&rig, "DELETE ?confirm=Second", Value::Null)
        .await
        .expect(202);
    assert_eq!(gone["state"], "deleting");
    rig.until(async || what_is_left(&rig, tenant.id).await.is_empty())
        .await;
    assert!(rig.blobs().open(filled.file.uuid()).await.unwrap().is_none());
    assert_eq!(rig.waiting_for(filled.webhook).await, 0);
    assert!(rig.store().attempts(filled.webhook, 9).await.unwrap().is_empty());
    rig.until(async || {
        tenant
            .ask(&rig, "GET /people/me", Value::Null)
            .await
            .status
            .as_u16()
            == 401
    })
    .await;
    tenant.operate(&rig, "GET ", Value::Null).await.expect(404);
    assert_eq!(what_is_left(&rig, other.id).await, before, "the other one");
    other.ask(&rig, "GET /rooms", Value::Null).await.expect(200);
    let trail = rig.control(&rig.admin, "GET /audit").await.items();
    assert_eq!(trail[0]["event"], "organization.deleted");
    rig.close().await;
}

async fn tenant_of_the_side(rig: &Rig) -> Tenant {
    let other = tenant(rig, "Aside").await;
    other.fill(rig, "http://127.0.0.1:9/aside").await;
    other
}

#[tokio::test]
async fn the_official_operation_deletes_what_is_suspended() {
    let rig = Rig::start().await;
    let tenant = tenant(&rig, "Second").await;
    tenant.suspend(&rig).await;
    let gone = rig
        .ask(&format!("DELETE /organizations/{}", tenant.id), Value::Null)
        .await;
    assert_eq!(gone.status.as_u16(), 204, "{}", gone.body);
    rig.until(async || what_is_left(&rig, tenant.id).await.is_empty())
        .await;
    let own = rig
        .ask(&format!("DELETE /organizations/{}", rig.org), Value::Null)
        .await;
    assert_eq!(own.status.as_u16(), 409);
    rig.close().await;
}

#[tokio::test]
async fn a_deletion_that_dies_at_any_step_is_finished_or_was_not_begun() {
    for steps in 0.. {
        let courier = HttpCourier::new(Reach { private: true }, None).unwrap();
        let rig = Rig::that_dies(Config::default(), Arc::new(courier)).await;
        let tenant = tenant(&rig, "Second").await;
        tenant.fill(&rig, "http://127.0.0.1:9/hook").await;
        tenant.suspend(&rig).await;
        rig.stop_after(steps);
        let request = "DELETE ?confirm=Second";
        let asked = tenant.operate(&rig, request, Value::Null).await.status.as_u16();
        rig.until(async || rig.has_stopped() || what_is_left(&rig, tenant.id).await.is_empty())
            .await;
        let done = !rig.has_stopped();
        let rig = rig.again().await;
        if asked == 202 {
            rig.until(async || what_is_left(&rig, tenant.id).await.is_empty())
                .await;
        } else if !what_is_left(&rig, tenant.id).await.is_empty() {
            // It was not begun, or is going on.
            let there = tenant.operate(&rig, "GET ", Value::Null).await;
            if there.status.as_u16() == 200 && there.body["state"] == "suspended" {
                tenant
                    .operate(&rig, "POST /resume", Value::Null)
                    .await
                    .expect(200);
                tenant.ask(&rig, "GET /rooms", Value::Null).await.expect(200);
            } else {
                rig.until(async || what_is_left(&rig, tenant.id).await.is_empty())
                    .await;
            }
        }
        rig.close().await;
        if done {
            assert!(steps > 3, "a deletion takes some steps");
            break;
        }
    }
}

#[tokio::test]
async fn service_apps_end_with_the_organization_of_their_developer() {
    let rig = Rig::start().await;
    let developer = tenant(&rig, "Developers").await;
    let wish = json!({
        "type": "authorizedAppIssuer", "name": "Helper", "friendlyId": "helper", "description": "Helps.",
        "scopes": ["spark-admin:people_read"], "contactEmail": "dev@example.com",
        "logo": "https://example.com/l.png",
    });
    let app = developer.ask(&rig, "POST /applications", wish).await.expect(200);
    let id = app["id"].as_str().unwrap();
    let target = json!({ "orgId": rig.org });
    let request = format!("POST /applications/{id}/requestAuthorization");
    rig.control_with(&developer.admin, &request, target.clone())
        .await
        .expect(200);
    let authorized = rig
        .ask(&format!("POST /applications/{id}/authorize"), target)
        .await;
    assert!(authorized.status.is_success(), "{}", authorized.body);
    let wish = json!({
        "clientId": app["clientId"], "clientSecret": app["clientSecret"], "targetOrgId": rig.org,
    });
    let request = format!("POST /applications/{id}/token");
    let pair = developer.ask(&rig, &request, wish).await.expect(200);
    let access = pair["access_token"].as_str().unwrap();
    rig.ask_as(Some(access), "GET /people", Value::Null)
        .await
        .expect(200);
    developer.suspend(&rig).await;
    developer
        .operate(&rig, "DELETE ?confirm=Developers", Value::Null)
        .await
        .expect(202);
    rig.until(async || what_is_left(&rig, developer.id).await.is_empty())
        .await;
    rig.ask_as(Some(access), "GET /people", Value::Null)
        .await
        .expect(401);
    assert!(
        rig.control(&rig.admin, "GET /serviceApps")
            .await
            .items()
            .is_empty()
    );
    rig.close().await;
}
