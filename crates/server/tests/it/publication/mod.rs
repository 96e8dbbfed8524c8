//! Public integrations: vendors, operators, customers.

use std::sync::Arc;

use hallway_platform::org::Founding;
use hallway_wire::id::{OrgId, PersonId};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::rig::Rig;

mod apart;
mod journey;
mod killed;
mod push;
mod updates;
mod vendor_service;

/// A manifest of a public integration.
pub(super) fn manifest(app: Uuid, version: u64) -> Value {
    json!({
        "id": app,
        "manifestVersion": version,
        "displayName": "Plants",
        "vendor": "Fjord Gardens",
        "email": "ops@fjord.example",
        "description": "Waters them.",
        "availability": "global",
        "tocUrl": "https://fjord.example/terms",
        "apiAccess": [
            { "scope": "spark-admin:devices_read", "access": "required", "role": "id_readonly_admin" },
            { "scope": "spark:xapi_statuses", "access": "required" },
            { "scope": "spark-admin:workspaces_read", "access": "optional" },
        ],
        "xapiAccess": { "status": [{ "path": "RoomAnalytics.*", "access": "required" }] },
        "provisioning": { "type": "manual" },
    })
}

/// A version that asks for more.
pub(super) fn greedy(app: Uuid, version: u64) -> Value {
    let mut manifest = manifest(app, version);
    let scopes = manifest["apiAccess"].as_array_mut().unwrap();
    scopes.push(json!({ "scope": "spark-admin:devices_write", "access": "required" }));
    manifest
}

/// An organization with its administrator.
pub(super) struct Org {
    pub(super) id: OrgId,
    pub(super) token: String,
}

impl Org {
    pub(super) async fn found(rig: &Rig, name: &str) -> Self {
        let id = OrgId::random();
        let founding = Founding {
            org: id,
            display_name: name.to_owned(),
            admin: PersonId::random(),
            admin_email: format!("admin@{}.example", id.uuid().simple()),
            admin_name: "Ada Admin".to_owned(),
            country: None,
        };
        let token = rig.platform.found_organization(founding).await.unwrap();
        Self {
            id,
            token: token.expose().to_owned(),
        }
    }

    /// A request below `/hallway/v1`.
    pub(super) async fn ask(&self, rig: &Rig, request: &str, body: Value) -> crate::rig::Answer {
        rig.control_with(&self.token, request, body).await
    }

    pub(super) async fn integration(&self, rig: &Rig, app: Uuid) -> Value {
        let answer = self
            .ask(rig, &format!("GET /integrations/{app}"), Value::Null)
            .await;
        answer.expect(200)
    }

    /// Activates a public integration.
    pub(super) async fn activate(&self, rig: &Rig, app: Uuid, choices: Value) -> Value {
        let answer = self
            .ask(rig, &format!("POST /catalog/{app}/activate"), choices)
            .await;
        answer.expect(200)
    }
}

/// A vendor with an integration that was uploaded.
pub(super) struct Vendor {
    pub(super) org: Org,
    pub(super) app: Uuid,
    pub(super) client: Client,
}

/// Client id and secret.
#[derive(Clone, Debug)]
pub(super) struct Client {
    pub(super) id: String,
    pub(super) secret: String,
}

impl Client {
    /// Exchanges a refresh token: status and body.
    pub(super) async fn refresh(&self, rig: &Rig, token: &str) -> crate::rig::Answer {
        let body = json!({
            "grant_type": "refresh_token",
            "client_id": self.id,
            "client_secret": self.secret,
            "refresh_token": token,
        });
        rig.ask_as(None, "POST /access_token", body).await
    }
}

pub(super) async fn upload(rig: &Rig, org: &Org, manifest: &Value) -> Client {
    let answer = org
        .ask(rig, "POST /integrations", manifest.clone())
        .await
        .expect(200);
    Client {
        id: answer["clientId"].as_str().unwrap().to_owned(),
        secret: answer["clientSecret"].as_str().unwrap().to_owned(),
    }
}

impl Vendor {
    /// One whose integration waits for nobody yet.
    pub(super) async fn with(rig: &Rig, manifest: &Value) -> Self {
        let org = Org::found(rig, "Fjord Gardens Ltd").await;
        let client = upload(rig, &org, manifest).await;
        let app = manifest["id"].as_str().unwrap().parse().unwrap();
        Self { org, app, client }
    }

    /// One whose integration is public.
    pub(super) async fn published(rig: &Rig, manifest: &Value) -> Self {
        let vendor = Self::with(rig, manifest).await;
        vendor.publish(rig).await;
        vendor
    }

    pub(super) async fn post(&self, rig: &Rig, verb: &str) -> crate::rig::Answer {
        let request = format!("POST /vendor/integrations/{}/{verb}", self.app);
        self.org.ask(rig, &request, Value::Null).await
    }

    pub(super) async fn status(&self, rig: &Rig) -> Value {
        let request = format!("GET /vendor/integrations/{}", self.app);
        self.org.ask(rig, &request, Value::Null).await.expect(200)
    }

    /// Submits the newest version, and the operator approves it.
    pub(super) async fn publish(&self, rig: &Rig) {
        self.post(rig, "submit").await.expect(200);
        decide(rig, self.app, "approve", json!({})).await.expect(200);
    }

    /// Uploads a newer version.
    pub(super) async fn update(&self, rig: &Rig, manifest: Value) {
        let request = format!("PUT /integrations/{}/manifest", self.app);
        self.org.ask(rig, &request, manifest).await.expect(200);
    }

    pub(super) async fn installations(&self, rig: &Rig) -> Vec<Value> {
        let request = format!("GET /vendor/integrations/{}/installations", self.app);
        self.org.ask(rig, &request, Value::Null).await.items()
    }
}

/// A decision of the operator, who founded the rig.
pub(super) async fn decide(rig: &Rig, app: Uuid, verb: &str, body: Value) -> crate::rig::Answer {
    let request = format!("POST /operator/publications/{app}/{verb}");
    rig.control_with(&rig.admin, &request, body).await
}

/// The claims of a JWT.
pub(super) fn claims(jwt: &str) -> Value {
    use base64::Engine as _;
    let part = jwt.split('.').nth(1).unwrap();
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(part)
        .unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

/// What an integration does with its code: it exchanges the token, and says that it is there. Its access token.
pub(super) async fn complete(rig: &Rig, client: &Client, activated: &Value, update: Value) -> String {
    let claims = claims(activated["activationCode"].as_str().unwrap());
    let refresh = claims["refreshToken"].as_str().unwrap();
    let tokens = client.refresh(rig, refresh).await.expect(200);
    let token = tokens["access_token"].as_str().unwrap().to_owned();
    let url = claims["appUrl"].as_str().unwrap();
    let path = url.strip_prefix(crate::rig::PUBLIC).unwrap();
    rig.ask_as(
        Some(&token),
        &format!("PATCH {}{path}", crate::rig::PUBLIC),
        update,
    )
    .await
    .expect(200);
    token
}

/// The body of that, for an integration with a queue.
pub(super) fn with_queue() -> Value {
    json!({ "provisioningState": "completed", "queue": { "state": "enabled" } })
}

/// The actions that wait in a queue, as claims.
pub(super) async fn actions(rig: &Rig, org: OrgId, app: Uuid, token: &str) -> Vec<Value> {
    let path = format!("/xapi/api/organizations/{}/apps/{app}/queue", org.uuid());
    let mut all = Vec::new();
    loop {
        let request = format!("GET {}{path}", crate::rig::PUBLIC);
        let answer = rig.ask_as(Some(token), &request, Value::Null).await;
        // It ended with the last one.
        let messages = answer.body["messages"].as_array().cloned().unwrap_or_default();
        if messages.is_empty() {
            return all;
        }
        let actions = messages.iter().filter(|message| message["type"] == "action");
        all.extend(actions.map(|message| claims(message["jwt"].as_str().unwrap())));
    }
}

/// The settings of a rig that does not hold polls, and tries again at once.
pub(super) fn quick() -> hallway_platform::Config {
    let moment = std::time::Duration::from_millis(1);
    hallway_platform::Config {
        poll_hold: moment,
        push_retry_first: moment,
        push_retry_max: moment,
        retry_max: moment,
        allow_http: true,
        ..hallway_platform::Config::default()
    }
}

/// A rig with those settings whose requests go where `courier` takes them.
pub(super) async fn rig_with(courier: Arc<dyn hallway_platform::ports::Courier>) -> Rig {
    Rig::with(quick(), courier).await
}
