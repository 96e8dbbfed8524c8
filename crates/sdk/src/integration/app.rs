//! The integration about itself: what `appUrl` answers and takes (workspace-integrations 8).

use std::collections::BTreeMap;

use hallway_wire::feature::{DigitalSignageConfiguration, PersistentWebAppConfiguration};
use hallway_wire::{Secret, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::grants::{Grants, XapiGrants};
use crate::id::LocationId;
use crate::words::words;

words! {
    /// Where an activation stands.
    pub enum ProvisioningState {
        /// The integration has not said yet that it is ready.
        InProgress = "in_progress",
        /// Something went wrong.
        Error = "error",
        /// The integration is ready.
        Completed = "completed",
    }
}

words! {
    /// How an integration feels.
    pub enum OperationalState {
        /// All is well.
        Operational = "operational",
        /// Some things do not work.
        Impaired = "impaired",
        /// Nothing works.
        Outage = "outage",
        /// Its tokens are not valid.
        TokenInvalid = "token_invalid",
        /// It does not say.
        NotApplicable = "not_applicable",
        /// Nobody knows.
        Unknown = "unknown",
    }
}

/// An integration in an organization, as the service sees it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct App {
    /// The id of the manifest.
    pub id: Uuid,
    /// The version in force.
    pub manifest_version: u64,
    /// Granted scopes.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Roles of the machine account.
    #[serde(default)]
    pub roles: Vec<String>,
    /// Granted xAPI paths.
    #[serde(default)]
    pub xapi_access_keys: XapiGrants,
    /// When it was activated.
    pub created_at: Option<Timestamp>,
    /// When it last changed.
    pub updated_at: Option<Timestamp>,
    /// Where the activation stands.
    pub provisioning_state: Option<ProvisioningState>,
    /// How it feels.
    pub operational_state: Option<OperationalState>,
    /// Where actions are posted.
    pub actions_url: Option<String>,
    /// The vendor's own reference to its customer.
    pub customer: Option<Customer>,
    /// Where notifications are posted.
    pub webhook: Option<serde_json::Value>,
    /// Where notifications are fetched.
    pub queue: Option<Queue>,
    /// The locations it is activated for; none: the whole organization.
    #[serde(default)]
    pub public_location_ids: Vec<LocationId>,
    /// What it provides for devices.
    #[serde(default)]
    pub features: Vec<String>,
    /// What is stored for digital signage.
    pub digital_signage_configuration: Option<DigitalSignageConfiguration>,
    /// What is stored for persistent web apps.
    pub persistent_web_app_configuration: Option<PersistentWebAppConfiguration>,
}

impl App {
    /// What was granted.
    pub fn grants(&self) -> Grants {
        Grants {
            scopes: self.scopes.iter().cloned().collect(),
            xapi: self.xapi_access_keys.clone(),
        }
    }
}

/// The vendor's own reference to its customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Customer {
    /// What the vendor calls it.
    pub id: String,
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// The queue of notifications.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Queue {
    /// Where it is polled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub poll_url: Option<String>,
    /// `enabled`, `disabled` or, in updates, `remove`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
}

/// Where and how notifications are posted.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AppWebhook {
    /// Where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_url: Option<String>,
    /// `hmac_signature`, or `none` to end it.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The key of the signatures.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<Secret>,
    /// Headers that are added.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub headers: Option<BTreeMap<String, String>>,
}

/// What an integration tells about itself; what is `None` stays as it is.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AppUpdate {
    /// Where the activation stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provisioning_state: Option<ProvisioningState>,
    /// How it feels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operational_state: Option<OperationalState>,
    /// Where actions are posted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actions_url: Option<String>,
    /// The vendor's own reference to its customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer: Option<Customer>,
    /// Where notifications are posted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook: Option<AppWebhook>,
    /// Whether notifications are queued.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue: Option<Queue>,
}
