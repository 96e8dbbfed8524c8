//! Digital signage and persistent web apps: from the manifest to what a device is told (features).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::http::StatusCode;
use base64::Engine as _;
use hallway_platform::{Attachment, Config};
use hallway_server::courier::{HttpCourier, Reach};
use hallway_wire::id::DeviceId;
use hallway_xapi::{Link, RpcError};
use serde_json::{Value, json};

use crate::rig::{Answer, PUBLIC, Rig};

mod configuration;
mod kill;
mod launch;
mod order;
mod web_app;

pub(crate) const SIGNAGE: &str = "https://signage.example/$(ownerName)/$(deviceId)?d=$(deviceName)";

/// What a device has in its memory; it outlives links.
#[derive(Default)]
pub(crate) struct Codec {
    pub(crate) configurations: Mutex<BTreeMap<String, Value>>,
    pub(crate) statuses: Mutex<Value>,
    /// A configuration that it does not take.
    pub(crate) refuses: Mutex<Option<String>>,
}

impl Codec {
    pub(crate) fn get(&self, key: &str) -> Option<Value> {
        self.configurations.lock().unwrap().get(key).cloned()
    }

    /// The page that it shows when nobody uses it.
    pub(crate) fn shows(&self) -> Option<String> {
        let on = self.get("Standby.Signage.Mode") == Some(json!("On"));
        let engine = self.get("WebEngine.Mode") == Some(json!("On"));
        let url = self.get("Standby.Signage.Url").filter(|_| on && engine)?;
        url.as_str().map(ToOwned::to_owned)
    }
}

/// A link to a codec.
struct CodecLink(Arc<Codec>);

#[async_trait]
impl Link for CodecLink {
    async fn call(&self, method: &str, params: Value) -> Result<Value, RpcError> {
        let key = || {
            let path = params["Path"].as_array().unwrap();
            let names: Vec<&str> = path[1..].iter().map(|name| name.as_str().unwrap()).collect();
            names.join(".")
        };
        match method {
            "xSet" | "xReset" if self.0.refuses.lock().unwrap().as_deref() == Some(&key()) => {
                Err(RpcError::new(hallway_xapi::rpc::code::COMMAND, "not today"))
            }
            "xSet" => {
                self.0
                    .configurations
                    .lock()
                    .unwrap()
                    .insert(key(), params["Value"].clone());
                Ok(json!(true))
            }
            "xReset" => {
                self.0.configurations.lock().unwrap().remove(&key());
                Ok(json!(true))
            }
            "xQuery" => Ok(json!({ "Status": *self.0.statuses.lock().unwrap() })),
            _ => Err(RpcError::new(hallway_xapi::rpc::code::NOT_FOUND, method)),
        }
    }

    fn close(&self, _: &str) {}
}

/// A device in a workspace.
pub(crate) struct Room {
    pub(crate) workspace: String,
    pub(crate) device: String,
    pub(crate) codec: Arc<Codec>,
}

impl Room {
    pub(crate) fn id(&self) -> DeviceId {
        self.device.parse().unwrap()
    }

    pub(crate) async fn link_up(&self, rig: &Rig) -> Attachment {
        let link = Arc::new(CodecLink(Arc::clone(&self.codec)));
        rig.platform.attach(self.id(), link).await.unwrap()
    }
}

/// A rig whose requests go out and that can be stopped.
pub(crate) async fn rig() -> Rig {
    rig_with(Config {
        allow_http: true,
        delivery_timeout: std::time::Duration::from_millis(700),
        ..Config::default()
    })
    .await
}

pub(crate) async fn rig_with(config: Config) -> Rig {
    let courier = HttpCourier::new(Reach { private: true }, None).unwrap();
    Rig::that_dies(config, Arc::new(courier)).await
}

pub(crate) async fn location(rig: &Rig, token: &str, name: &str) -> String {
    let body = json!({
        "name": name, "timeZone": "Europe/Oslo", "preferredLanguage": "en_us", "announcementLanguage": "en_us",
        "address": { "address1": "Fjordgata 1", "city": "Oslo", "postalCode": "0150", "country": "NO" },
    });
    let made = rig.ask_as(Some(token), "POST /locations", body).await;
    assert!(made.status.is_success(), "{}", made.body);
    made.body["id"].as_str().unwrap().to_owned()
}

/// Makes a workspace with a device that is not linked yet.
pub(crate) async fn room(rig: &Rig, token: &str, name: &str, location: Option<&str>) -> Room {
    let mut body = json!({ "displayName": name });
    if let Some(location) = location {
        body["locationId"] = location.into();
    }
    let made = rig.ask_as(Some(token), "POST /workspaces", body).await;
    assert!(made.status.is_success(), "{}", made.body);
    let workspace = made.body["id"].as_str().unwrap().to_owned();
    let code = json!({ "workspaceId": workspace });
    let code = rig
        .ask_as(Some(token), "POST /devices/activationCode", code)
        .await
        .expect(200);
    let redeem = json!({
        "code": code["code"], "product": "Cisco Board Pro 55", "serial": format!("S{}", workspace.len()),
        "mac": "02:00:00:00:00:01",
    });
    let request = format!("POST {PUBLIC}/hallway/v1/devices/redeem");
    let redeemed = rig.ask_as(None, &request, redeem).await.expect(200);
    Room {
        workspace,
        device: redeemed["deviceId"].as_str().unwrap().to_owned(),
        codec: Arc::default(),
    }
}

/// A manifest with features and their scopes.
pub(crate) fn manifest(version: u64, scopes: &[(&str, &str)], features: &[&str]) -> Value {
    let scopes: Vec<Value> = scopes
        .iter()
        .map(|(scope, access)| json!({ "scope": scope, "access": access }))
        .collect();
    json!({
        "id": "5f0c1c0e-9d52-4b7a-8f6e-0a4c8c9b2d11", "manifestVersion": version, "displayName": "Lobby Signs",
        "vendor": "Fjord Gardens", "email": "ops@fjordgardens.example", "description": "Shows the weather.",
        "availability": "org_private", "apiAccess": scopes, "xapiAccess": {}, "features": features,
        "provisioning": { "type": "manual" },
    })
}

pub(crate) const READ: (&str, &str) = ("spark-admin:devices_read", "required");
pub(crate) const SIGN: (&str, &str) = ("spark-admin:devices_digital_signage", "required");
pub(crate) const PWA: (&str, &str) = ("spark-admin:devices_pwa", "optional");
pub(crate) const JSXAPI: (&str, &str) = ("spark-admin:devices_pwa_jsxapi", "optional");

pub(crate) fn both_features() -> Value {
    manifest(
        1,
        &[READ, SIGN, PWA, JSXAPI],
        &["digital_signage", "persistent_web_app"],
    )
}

/// An integration that was activated.
pub(crate) struct Vendor {
    pub(crate) app: String,
    pub(crate) token: String,
    /// Of the activation code.
    pub(crate) claims: Value,
}

/// The claims of a JWT.
pub(crate) fn claims(jwt: &str) -> Value {
    let part = jwt.split('.').nth(1).unwrap();
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(part)
        .unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

pub(crate) async fn activate(rig: &Rig, admin: &str, manifest: &Value, review: Value) -> Vendor {
    let uploaded = rig
        .control_with(admin, "POST /integrations", manifest.clone())
        .await
        .expect(200);
    let app = uploaded["appId"].as_str().unwrap().to_owned();
    let request = format!("POST /integrations/{app}/activate");
    let activated = rig.control_with(admin, &request, review).await.expect(200);
    let claims = claims(activated["activationCode"].as_str().unwrap());
    let exchange = json!({
        "grant_type": "refresh_token", "client_id": uploaded["clientId"], "client_secret": uploaded["clientSecret"],
        "refresh_token": claims["refreshToken"],
    });
    let tokens = rig.ask_as(None, "POST /access_token", exchange).await.expect(200);
    let vendor = Vendor {
        app,
        token: tokens["access_token"].as_str().unwrap().to_owned(),
        claims,
    };
    let done = json!({ "provisioningState": "completed", "queue": { "state": "enabled" } });
    vendor.ask(rig, "PATCH", "appUrl", done).await.expect(200);
    vendor
}

impl Vendor {
    /// A request of the integration at a URL of its claims.
    pub(crate) async fn ask(&self, rig: &Rig, method: &str, claim: &str, body: Value) -> Answer {
        let url = self.claims[claim].as_str().unwrap();
        rig.ask_as(Some(&self.token), &format!("{method} {url}"), body)
            .await
    }

    pub(crate) fn path(&self, rest: &str) -> String {
        format!("/integrations/{}{rest}", self.app)
    }

    /// A request of the administrator about signage.
    pub(crate) async fn signage(
        &self,
        rig: &Rig,
        admin: &str,
        method: &str,
        rest: &str,
        body: Value,
    ) -> Answer {
        let request = format!(
            "{method} {}",
            self.path(&format!("/features/digitalSignage{rest}"))
        );
        rig.control_with(admin, &request, body).await
    }

    pub(crate) async fn web_app(&self, rig: &Rig, method: &str, rest: &str, body: Value) -> Answer {
        let request = format!(
            "{method} {}",
            self.path(&format!("/features/persistentWebApp{rest}"))
        );
        rig.control_with(&rig.admin, &request, body).await
    }

    /// Where a device stands; null if it is not assigned.
    pub(crate) async fn stands(&self, rig: &Rig, feature: &str, room: &Room) -> Value {
        let path = self.path(&format!("/features/{feature}/assignments"));
        let items = rig.control(&rig.admin, &format!("GET {path}")).await.items();
        let found = items
            .into_iter()
            .find(|item| item["deviceId"] == room.device.as_str());
        found.unwrap_or_default()
    }
}

/// Names in a member of an answer.
pub(crate) fn names(answer: &Value, member: &str) -> Vec<String> {
    let items = answer[member].as_array().unwrap().iter();
    items
        .map(|item| item["displayName"].as_str().unwrap().to_owned())
        .collect()
}

#[track_caller]
pub(crate) fn says(answer: Answer, status: StatusCode, text: &str) {
    assert_eq!(answer.status, status, "{}", answer.body);
    assert!(
        answer.body.to_string().contains(text),
        "{} lacks {text}",
        answer.body
    );
}

pub(crate) const CONFLICT: StatusCode = StatusCode::CONFLICT;
