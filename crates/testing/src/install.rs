//! Integrations, as an administrator installs them.

use std::sync::Arc;

use hallway_sdk::integration::Builder;
use hallway_sdk::jwt::KeySource;
use hallway_sdk::{Client, Integration};
use hallway_wire::control::{ActivateRequest, Activated, DeliveryHealth, Uploaded};
use hallway_wire::id::AppId;
use http::Method;
use serde_json::Value;

use crate::TestClock;

/// An integration that an administrator uploaded and activated.
#[derive(Clone, Debug)]
pub struct Installed {
    admin: Client,
    url: String,
    clock: Arc<TestClock>,
    uploaded: Uploaded,
    activated: Activated,
}

impl Installed {
    pub(crate) async fn new(
        admin: &Client,
        url: &str,
        clock: &Arc<TestClock>,
        manifest: &str,
        deny: &[&str],
    ) -> Self {
        let manifest: Value = serde_json::from_str(manifest).expect("the manifest is no JSON");
        let integrations = format!("{url}/hallway/v1/integrations");
        let upload = admin.request(Method::POST, &integrations).json(&manifest);
        let uploaded: Uploaded = upload.read().await.unwrap_or_else(|error| panic!("{error}"));
        let request = ActivateRequest {
            locations: Vec::new(),
            deny: deny.iter().map(|&text| text.to_owned()).collect(),
        };
        let mut installed = Self {
            admin: admin.clone(),
            url: format!("{integrations}/{}", uploaded.app_id),
            clock: Arc::clone(clock),
            activated: Activated {
                app_id: uploaded.app_id,
                activation_code: hallway_wire::Secret::new(String::new()),
                expiry_time: hallway_sdk::Timestamp(0),
                scopes: Vec::new(),
                xapi_access: Default::default(),
                push: None,
            },
            uploaded,
        };
        installed.activate(request).await;
        installed
    }

    async fn activate(&mut self, request: ActivateRequest) {
        let call = self.admin.request(Method::POST, format!("{}/activate", self.url));
        let activated = call.json(&request).read().await;
        self.activated = activated.unwrap_or_else(|error| panic!("{error}"));
    }

    /// What the SDK needs to connect, with the office's keys and clock. Give it a store, and say how it listens.
    pub fn builder(&self) -> Builder {
        let root = self
            .url
            .split("/hallway/v1")
            .next()
            .unwrap_or_default()
            .to_owned();
        Integration::builder(self.client_id(), self.client_secret())
            .activation_code(self.activation_code().to_owned())
            .keys(KeySource::Url(format!("{root}/jwks")))
            .clock(Arc::<TestClock>::clone(&self.clock))
    }

    /// The OAuth client.
    pub fn client_id(&self) -> &str {
        &self.uploaded.client_id
    }

    /// Its secret.
    pub fn client_secret(&self) -> &str {
        self.uploaded.client_secret.expose()
    }

    /// The code that the administrator handed over.
    pub fn activation_code(&self) -> &str {
        self.activated.activation_code.expose()
    }

    pub(crate) fn app(&self) -> AppId {
        self.uploaded.app_id
    }

    /// Uploads another version of the manifest, and approves it if it waits for that.
    pub async fn update(&self, manifest: &str) {
        let manifest: Value = serde_json::from_str(manifest).expect("the manifest is no JSON");
        let call = self.admin.request(Method::PUT, format!("{}/manifest", self.url));
        let updated: Value = call.json(&manifest).read().await.unwrap();
        if updated["pending"] == true {
            let call = self.admin.request(Method::POST, format!("{}/approve", self.url));
            call.done().await.unwrap();
        }
    }

    /// Takes the integration back from the organization.
    pub async fn deactivate(&self) {
        let call = self
            .admin
            .request(Method::POST, format!("{}/deactivate", self.url));
        call.done().await.unwrap();
    }

    /// How its notifications go.
    pub async fn delivery(&self) -> DeliveryHealth {
        let summary: Value = self.admin.request(Method::GET, &self.url).read().await.unwrap();
        serde_json::from_value(summary["delivery"].clone()).unwrap_or_default()
    }

    /// Waits until nothing waits for it: all that happened so far was delivered and acknowledged.
    pub async fn heard_everything(&self) {
        let look = async || (self.delivery().await.waiting == 0).then_some(());
        crate::eventually("an integration that has heard everything", look).await;
    }
}
