//! An integration: manifest, activation, tokens, and what it hears by long polling.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use serde_json::{Value, json};
use uuid::Uuid;

use super::waiting::DEADLINE;
use super::{Answer, Client, within};

/// An integration that has its tokens.
#[derive(Clone, Debug)]
pub(crate) struct Integration {
    pub(crate) app: String,
    pub(crate) app_url: String,
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
    pub(crate) refresh_token: String,
    pub(crate) code: String,
    /// Claims of the activation code.
    pub(crate) claims: Value,
    /// With the machine account's access token.
    pub(crate) client: Client,
}

/// A manifest with a new id. It may list devices and workspaces, read every status and run every command, and
/// hears these statuses and events.
pub(crate) fn manifest(statuses: &[&str], events: &[&str]) -> Value {
    let rules = |paths: &[&str]| -> Vec<Value> {
        let rule = |path: &&str| json!({ "path": path, "access": "required" });
        paths.iter().map(rule).collect()
    };
    let mut scopes = vec![
        json!({ "scope": "spark-admin:devices_read", "access": "required", "role": "id_readonly_admin" }),
        json!({ "scope": "spark-admin:devices_write", "access": "optional" }),
        json!({ "scope": "spark-admin:workspaces_read", "access": "required", "role": "id_readonly_admin" }),
        json!({ "scope": "spark:xapi_commands", "access": "required" }),
    ];
    if !statuses.is_empty() {
        scopes.push(json!({ "scope": "spark:xapi_statuses", "access": "required" }));
    }
    json!({
        "id": Uuid::new_v4(),
        "manifestVersion": 1,
        "displayName": "Test integration",
        "vendor": "Tests",
        "email": "tests@example.com",
        "description": "Tests a Hallway.",
        "availability": "org_private",
        "apiAccess": scopes,
        "xapiAccess": {
            "status": rules(statuses),
            "commands": rules(&["*"]),
            "events": rules(events),
        },
        "provisioning": { "type": "manual" },
    })
}

/// As the administrator: uploads a manifest.
pub(crate) async fn upload(admin: &Client, manifest: &Value) -> Value {
    admin
        .post("/hallway/v1/integrations", manifest.clone())
        .await
        .expect(200)
}

/// The id in a manifest.
pub(crate) fn app_of(manifest: &Value) -> String {
    manifest["id"].as_str().unwrap().to_owned()
}

/// As the administrator: activates an integration. Returns the activation code.
pub(crate) async fn activation_code(admin: &Client, app: &str, choices: Value) -> String {
    let target = format!("/hallway/v1/integrations/{app}/activate");
    let activated = admin.post(&target, choices).await.expect(200);
    activated["activationCode"].as_str().unwrap().to_owned()
}

/// The claims of a JWT whose signature fits the published keys.
pub(crate) async fn verified(client: &Client, jwt: &str) -> Value {
    let jwks = client.anonymous().get("/jwks").await.expect(200);
    check_signature(&jwks, jwt)
}

/// The claims of a JWT whose signature fits one of these keys.
#[track_caller]
pub(crate) fn check_signature(jwks: &Value, jwt: &str) -> Value {
    let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap();
    let (signed, signature) = jwt.rsplit_once('.').unwrap();
    let (head, claims) = signed.split_once('.').unwrap();
    let head: Value = serde_json::from_slice(&decode(head)).unwrap();
    assert_eq!(head["alg"], "ES256", "{head}");
    let keys = jwks["keys"].as_array().unwrap();
    let key = keys.iter().find(|key| key["kid"] == head["kid"]).unwrap();
    let mut point = vec![4];
    point.extend(decode(key["x"].as_str().unwrap()));
    point.extend(decode(key["y"].as_str().unwrap()));
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
        .verify(signed.as_bytes(), &decode(signature))
        .unwrap();
    serde_json::from_slice(&decode(claims)).unwrap()
}

/// Exchanges a refresh token, with a form as most clients do.
pub(crate) async fn exchange(admin: &Client, id: &str, secret: &str, refresh: &str) -> Answer {
    let client = admin.anonymous();
    let body =
        format!("grant_type=refresh_token&client_id={id}&client_secret={secret}&refresh_token={refresh}");
    let mut request = client.request("POST", "/v1/access_token", &json!(0));
    request.headers_mut().insert(
        "content-type",
        "application/x-www-form-urlencoded".parse().unwrap(),
    );
    *request.body_mut() = body.into();
    client.send(request).await
}

impl Integration {
    /// Uploads a manifest, activates it everywhere with everything, and gets tokens.
    pub(crate) async fn activate(admin: &Client, manifest: &Value) -> Self {
        Self::activate_for(admin, manifest, json!({})).await
    }

    /// As [`Self::activate`], with the administrator's choices.
    pub(crate) async fn activate_for(admin: &Client, manifest: &Value, choices: Value) -> Self {
        let uploaded = upload(admin, manifest).await;
        let code = activation_code(admin, &app_of(manifest), choices).await;
        Self::of_code(admin, &uploaded, &code).await
    }

    /// What an integration makes of what the administrator hands to it.
    pub(crate) async fn of_code(admin: &Client, uploaded: &Value, code: &str) -> Self {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let claims = verified(admin, code).await;
        let (id, secret) = (text(&uploaded["clientId"]), text(&uploaded["clientSecret"]));
        let refresh_token = text(&claims["refreshToken"]);
        let tokens = exchange(admin, &id, &secret, &refresh_token).await.expect(200);
        Self {
            app: text(&claims["appId"]),
            app_url: text(&claims["appUrl"]),
            client_id: id,
            client_secret: secret,
            refresh_token,
            code: code.to_owned(),
            client: admin.with_token(tokens["access_token"].as_str().unwrap()),
            claims,
        }
    }

    pub(crate) fn token(&self) -> &str {
        self.client.token.as_deref().unwrap()
    }

    pub(crate) async fn refresh(&self) -> Answer {
        exchange(
            &self.client,
            &self.client_id,
            &self.client_secret,
            &self.refresh_token,
        )
        .await
    }

    pub(crate) async fn patch(&self, update: Value) -> Answer {
        self.client.patch(&self.app_url, update).await
    }

    /// Completes the activation with a queue.
    pub(crate) async fn listen_by_queue(&self) -> Value {
        self.patch(json!({ "provisioningState": "completed", "queue": { "state": "enabled" } }))
            .await
            .expect(200)
    }

    /// Completes the activation with a webhook signed with this secret.
    pub(crate) async fn listen_by_webhook(&self, url: &str, secret: &str) -> Value {
        let webhook = json!({ "targetUrl": url, "type": "hmac_signature", "secret": secret });
        self.patch(json!({ "provisioningState": "completed", "webhook": webhook }))
            .await
            .expect(200)
    }

    pub(crate) fn poll_url(&self) -> String {
        format!("{}/queue", self.app_url)
    }

    /// One poll.
    pub(crate) async fn poll(&self) -> Vec<Value> {
        let answer = self.client.get(&self.poll_url()).await.expect(200);
        answer["messages"].as_array().unwrap().clone()
    }

    /// Polls until it has heard enough, and returns everything that it heard.
    pub(crate) async fn hear(&self, what: &str, mut enough: impl FnMut(&[Value]) -> bool) -> Vec<Value> {
        let mut heard = Vec::new();
        let hearing = async {
            while !enough(&heard) {
                heard.extend(self.poll().await);
            }
        };
        if tokio::time::timeout(DEADLINE, hearing).await.is_err() {
            panic!("{what}: not heard; heard {heard:#?}");
        }
        heard
    }

    /// Polls until the devices of these many first full syncs have been heard.
    pub(crate) async fn hear_full_syncs(&self, devices: usize) -> Vec<Value> {
        let full = |heard: &[Value]| heard.iter().filter(|m| m["isFullSync"] == true).count() >= devices;
        within("full syncs", self.hear("full syncs", full)).await
    }
}
