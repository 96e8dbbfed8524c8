//! Claims of the JWTs that integrations receive (workspace-integrations 6.2).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::{AppId, OrgId, PersonId};
use crate::secret::Secret;
use crate::time::Timestamp;

/// Common to all of them. There is no `exp`, `iss` or `aud`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Claims {
    pub sub: OrgId,
    /// Seconds since 1970.
    pub iat: i64,
    pub jti: String,
    pub app_id: AppId,
    pub region: String,
    #[serde(flatten)]
    pub action: Action,
}

/// What the integration is told.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "action", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Action {
    /// The activation code.
    Provision {
        oauth_url: String,
        webexapis_base_url: String,
        app_url: String,
        manifest_url: String,
        refresh_token: Secret,
        org_name: String,
        /// Comma separated, no spaces.
        scopes: String,
        /// A text that holds JSON: `{"commands":[],"statuses":[],"events":[]}`.
        xapi_access: String,
        expiry_time: Timestamp,
        user_id: PersonId,
        /// Where signage is configured; only with the feature.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        signage_url: Option<String>,
        /// Where the persistent web app is configured; only with the feature.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pwa_url: Option<String>,
    },
    /// URLs or the refresh token changed.
    Update {
        refresh_token: Secret,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        app_url: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        manifest_url: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        webexapis_base_url: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        oauth_url: Option<String>,
    },
    /// A new manifest version is in force.
    UpdateApproved {
        manifest_version: u64,
        scopes: String,
        xapi_access: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        signage_url: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pwa_url: Option<String>,
    },
    /// The integration was deactivated.
    Deprovision {},
    /// An administrator asks how it is.
    HealthCheck {},
    /// An administrator goes to a page of the vendor. Not sent to the actions URL (features 6.1).
    CrossLaunch {},
}

impl Action {
    /// The word in the claim `action`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Provision { .. } => "provision",
            Self::Update { .. } => "update",
            Self::UpdateApproved { .. } => "updateApproved",
            Self::Deprovision {} => "deprovision",
            Self::HealthCheck {} => "healthCheck",
            Self::CrossLaunch {} => "crossLaunch",
        }
    }
}

/// The envelope of a JWT in an action POST.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct JwtEnvelope {
    pub jwt: String,
}

/// One public key of a JWKS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Jwk {
    pub kty: String,
    #[serde(rename = "use")]
    pub usage: String,
    pub crv: String,
    pub kid: String,
    pub key_ops: Vec<String>,
    pub x: String,
    pub y: String,
    pub alg: String,
}

/// `GET /jwks`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Jwks {
    pub keys: Vec<Jwk>,
}
