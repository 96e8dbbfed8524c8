//! Hallway's own management API, `/hallway/v1`: what Control Hub does, which Webex has no public API for.
//! The command line and the pages speak it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::id::{AppId, DeviceId, LocationId, OrgId, PersonId};
use crate::integration::{Integration, XapiAccessKeys};
use crate::publication::Pushed;
use crate::secret::Secret;
use crate::time::Timestamp;

/// Where an organization stands, seen by the operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum OrganizationState {
    Active,
    /// Nobody of it may do anything, and nothing goes out; nothing of it is lost.
    Suspended,
    /// Everything in it is being deleted.
    Deleting,
    /// It is being imported.
    Importing,
}

/// An organization, seen by the operator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ManagedOrganization {
    pub id: OrgId,
    pub display_name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    pub created: Timestamp,
    pub state: OrganizationState,
    /// Why it is suspended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Since when it is not active.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
}

/// A new organization and its first administrator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewOrganization {
    pub display_name: String,
    /// Two letters (ISO 3166).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    pub admin_email: String,
    pub admin_name: String,
}

/// Answer to the creation of an organization. The token is shown this once.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreatedOrganization {
    pub organization: ManagedOrganization,
    pub admin_id: PersonId,
    /// A personal access token of the administrator, for everything.
    pub access_token: Secret,
}

/// How an organization is exported.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExportRequest {
    /// Whether hashes of tokens, client secrets and webhook secrets go with it; then it is encrypted.
    #[serde(default)]
    pub with_secrets: bool,
    /// What it is encrypted with: at least 12 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passphrase: Option<Secret>,
}

/// What came of an import.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ImportedOrganization {
    pub organization: ManagedOrganization,
    /// How many rows of each table came.
    pub rows: std::collections::BTreeMap<String, u64>,
    pub files: u64,
    /// What was not in the archive and must be made anew.
    pub anew: Vec<String>,
}

/// An organization that the caller can act in: with `orgId`, or `--org` on the command line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OwnOrganization {
    pub id: OrgId,
    pub display_name: String,
    /// What the caller is there; missing for its own organization.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
}

/// A person of another organization who administers this one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExternalAdmin {
    pub person_id: PersonId,
    pub home_org_id: OrgId,
    pub email: String,
    pub display_name: String,
    /// `id_full_admin` or `id_readonly_admin`
    pub role: String,
    pub created: Timestamp,
}

/// Whom to let administer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewExternalAdmin {
    pub email: String,
    /// `id_full_admin` or `id_readonly_admin`
    pub role: String,
}

/// Why an organization is suspended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Suspension {
    #[serde(default)]
    pub reason: String,
}

/// Where an integration stands, seen by the administrator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum IntegrationState {
    /// Uploaded, not activated.
    Inactive,
    /// Activated; the integration has not used its activation code yet.
    Activating,
    /// The activation code ran out unused: issue a new one.
    ActivationExpired,
    Active,
    /// A new manifest version waits for approval; the old one is in force.
    UpdatePending,
    /// Being deactivated: the integration is still told.
    Deactivating,
}

/// One integration of the organization.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct IntegrationSummary {
    pub app_id: AppId,
    pub display_name: String,
    pub vendor: String,
    pub description: String,
    pub availability: String,
    pub manifest_version: u64,
    pub client_id: String,
    pub state: IntegrationState,
    pub features: Vec<String>,
    pub created: Timestamp,
    /// What the manifest asks for.
    pub requested: Vec<RequestedPermission>,
    /// The activation, as the integration sees it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activation: Option<Integration>,
    /// What a pending version asks for beyond the approved one, in sentences.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pending_growth: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending_version: Option<u64>,
    /// How deliveries go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery: Option<DeliveryHealth>,
    /// How the activation code got to the integration, where it is posted to a URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub push: Option<Pushed>,
}

/// One permission that a manifest asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RequestedPermission {
    /// `scope`, `status`, `command` or `event`
    pub kind: String,
    pub name: String,
    pub required: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// Whether the activation in force holds it.
    pub granted: bool,
    /// Whether it reaches APIs that say something about people.
    pub privacy_impact: bool,
}

/// Answer to an upload. The secret is shown this once.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Uploaded {
    pub app_id: AppId,
    pub client_id: String,
    pub client_secret: Secret,
    pub manifest_version: u64,
    /// Sentences about what is allowed but doubtful.
    pub warnings: Vec<String>,
}

/// Body of an activation.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ActivateRequest {
    /// Empty: the whole organization.
    #[serde(default)]
    pub locations: Vec<LocationId>,
    /// Optional scopes and paths that the administrator does not grant.
    #[serde(default)]
    pub deny: Vec<String>,
}

/// Answer to an activation.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Activated {
    pub app_id: AppId,
    /// The JWT to hand to the integration. It holds a refresh token: treat it as a secret.
    pub activation_code: Secret,
    pub expiry_time: Timestamp,
    pub scopes: Vec<String>,
    pub xapi_access: XapiAccessKeys,
    /// How the code was posted, where the manifest says that it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub push: Option<Pushed>,
}

/// Answer to a manifest update.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Updated {
    pub app_id: AppId,
    pub manifest_version: u64,
    /// Whether it waits for approval, because it asks for more.
    pub pending: bool,
    /// What it asks for beyond the approved version.
    pub growth: Vec<String>,
    pub warnings: Vec<String>,
}

/// How an activation's deliveries go.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryHealth {
    /// `webhook`, `queue` or `none`
    pub channel: String,
    pub waiting: u64,
    pub delivered: u64,
    pub dropped: u64,
    pub failed_attempts: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_success: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_failure: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failing_since: Option<Timestamp>,
}

/// Body of "set a status on a simulated device".
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SetStatus {
    pub path: String,
    pub value: Value,
}

/// Body of "raise an event on a simulated device".
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct EmitEvent {
    pub event: String,
    #[serde(default)]
    pub value: Map<String, Value>,
}

/// Body of a device that redeems its activation code.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RedeemRequest {
    /// 16 digits; blanks and dashes are ignored.
    pub code: String,
    /// Display name of the product, like `Cisco Board Pro 55`.
    pub product: String,
    pub serial: String,
    pub mac: String,
    #[serde(default)]
    pub software: Option<String>,
    #[serde(default)]
    pub ip: Option<String>,
}

/// Answer: how the device links up from now on.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Redeemed {
    pub device_id: DeviceId,
    pub display_name: String,
    /// WebSocket URL to dial.
    pub link_url: String,
    /// Bearer token of the link.
    pub device_token: Secret,
}

/// One entry of the audit trail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditEvent {
    pub id: String,
    pub created: Timestamp,
    pub org_id: OrgId,
    /// Absent where the system itself acted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor_id: Option<PersonId>,
    pub actor_name: String,
    /// Where the actor belongs, if that is another organization.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor_org_id: Option<OrgId>,
    /// What happened, as `noun.verb`: `integration.activated`.
    pub event: String,
    /// What it happened to.
    pub target: String,
    /// One sentence for people.
    pub description: String,
    pub tracking_id: String,
    /// What it belongs to: `DEVICES`.
    #[serde(default)]
    pub category: String,
    /// Whether it is about signing in and tokens: a trail of its own.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub security: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor_email: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor_user_agent: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor_ip: Option<String>,
    /// Identity names of the administrative roles that the actor had.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub admin_roles: Vec<String>,
    /// The public id of what it happened to, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_id: Option<String>,
}

/// What `--ready-file` holds, and what `hallway demo` prints.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Ready {
    pub url: String,
    pub webexapis_base_url: String,
    pub oauth_url: String,
    pub jwks_url: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub org_id: Option<OrgId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub admin_token: Option<Secret>,
    pub pid: u32,
    /// Where the interceptor listens, as clients name a proxy; only where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intercept_url: Option<String>,
}

/// A list.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "{T}List")]
pub struct Items<T> {
    pub items: Vec<T>,
}
