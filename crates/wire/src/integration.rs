//! The `appUrl` API: what an integration reads about itself and may change (workspace-integrations 8).

use hallway_xapi::Pattern;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::feature::{DigitalSignageConfiguration, PersistentWebAppConfiguration};
use crate::id::{AppId, LocationId};
use crate::secret::Secret;
use crate::time::Timestamp;

/// Where an activation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProvisioningState {
    InProgress,
    Error,
    Completed,
}

/// How an integration feels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OperationalState {
    Operational,
    Impaired,
    Outage,
    TokenInvalid,
    NotApplicable,
    Unknown,
}

/// Granted xAPI paths. Note `statuses`, plural, where the manifest says `status`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct XapiAccessKeys {
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub commands: Vec<Pattern>,
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub statuses: Vec<Pattern>,
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub events: Vec<Pattern>,
}

/// The vendor's own reference to its customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Customer {
    pub id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// How deliveries authenticate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "IntegrationWebhookType")]
pub enum WebhookType {
    #[default]
    HmacSignature,
    BasicAuthentication,
    AuthorizationHeader,
    None,
}

/// A client certificate for deliveries, PEM.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MutualTls {
    pub certificate: String,
    pub private_key: Secret,
}

/// Where notifications go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "IntegrationWebhook")]
pub struct Webhook {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_url: Option<String>,
    #[serde(default, rename = "type", deserialize_with = "null_is_default")]
    pub kind: WebhookType,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<Secret>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<Secret>,
    #[serde(default, rename = "mutualTLS", skip_serializing_if = "Option::is_none")]
    pub mutual_tls: Option<MutualTls>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub headers: Option<Map<String, Value>>,
    #[serde(default, deserialize_with = "null_is_default")]
    pub disabled: bool,
}

/// What stands in answers for a secret that is set; in a request it means "unchanged". It has twenty
/// characters because the official Java client refuses shorter secrets even when it only reads them.
pub const MASK: &str = "********************";

impl Webhook {
    /// The same webhook with its secrets masked.
    #[must_use]
    pub fn masked(&self) -> Self {
        let mask = |secret: &Option<Secret>| secret.as_ref().map(|_| Secret::new(MASK));
        Self {
            secret: mask(&self.secret),
            password: mask(&self.password),
            mutual_tls: self.mutual_tls.as_ref().map(|tls| MutualTls {
                certificate: tls.certificate.clone(),
                private_key: Secret::new(MASK),
            }),
            ..self.clone()
        }
    }
}

/// What the integration wants of its queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum QueueState {
    #[default]
    Enabled,
    Disabled,
    Remove,
}

/// The long-poll queue, in requests.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
pub struct QueueUpdate {
    #[serde(default, deserialize_with = "null_is_default")]
    pub state: QueueState,
}

/// The long-poll queue, in answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct QueueInfo {
    pub poll_url: String,
    pub state: QueueState,
}

/// The body of a PATCH on `appUrl`. Absent and null mean unchanged; unknown members are ignored.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct IntegrationUpdate {
    #[serde(default)]
    pub provisioning_state: Option<ProvisioningState>,
    #[serde(default)]
    pub operational_state: Option<OperationalState>,
    #[serde(default)]
    pub actions_url: Option<String>,
    #[serde(default)]
    pub customer: Option<Customer>,
    #[serde(default)]
    pub webhook: Option<Webhook>,
    #[serde(default)]
    pub queue: Option<QueueUpdate>,
}

/// Outcome of a health check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HealthCheckDetails {
    pub health_check_result: HealthCheckResult,
    /// The administrator, as a bare UUID.
    pub run_by_user_id: Uuid,
    pub run_time: Timestamp,
}

/// The parts of a health check. The words are the protocol's: `failed` here, `failure` there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HealthCheckResult {
    /// `success`, `failed` or `not_applicable`
    pub management_state: String,
    pub operational_state: OperationalState,
    /// `valid`, `invalid`, `not_applicable` or `unknown`
    pub tokens_state: String,
    /// `success`, `failure` or `not_applicable`
    pub webhook_state: String,
    pub success: bool,
}

/// What GET and PATCH on `appUrl` answer. Every member without `Option` is always there: the official Java
/// client refuses the object otherwise.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Integration {
    pub id: AppId,
    pub manifest_version: u64,
    pub scopes: Vec<String>,
    pub roles: Vec<String>,
    pub xapi_access_keys: XapiAccessKeys,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub provisioning_state: ProvisioningState,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actions_url: Option<String>,
    pub operational_state: OperationalState,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer: Option<Customer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook: Option<Webhook>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue: Option<QueueInfo>,
    /// Bare UUIDs; absent means the whole organization.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locations: Option<Vec<Uuid>>,
    #[serde(default)]
    pub public_location_ids: Vec<LocationId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health_check_details: Option<HealthCheckDetails>,
    pub features: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digital_signage_configuration: Option<DigitalSignageConfiguration>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub persistent_web_app_configuration: Option<PersistentWebAppConfiguration>,
    pub availability: String,
}

/// Reads null as the default value.
fn null_is_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}
