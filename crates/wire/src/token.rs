//! Bodies of the token endpoint (oauth 3) and of the device flow.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::secret::Secret;

/// What a client sends, as a form or as JSON.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
pub struct TokenRequest {
    #[serde(default)]
    pub grant_type: Option<String>,
    #[serde(default)]
    pub client_id: Option<String>,
    #[serde(default)]
    pub client_secret: Option<Secret>,
    #[serde(default)]
    pub refresh_token: Option<Secret>,
    #[serde(default)]
    pub code: Option<Secret>,
    #[serde(default)]
    pub redirect_uri: Option<String>,
    #[serde(default)]
    pub code_verifier: Option<Secret>,
    #[serde(default)]
    pub device_code: Option<Secret>,
    /// Only the device flow asks for scopes in a body.
    #[serde(default)]
    pub scope: Option<String>,
}

/// Six members, all always there: each of them is missed by some client otherwise.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct TokenResponse {
    pub access_token: Secret,
    /// Seconds.
    pub expires_in: i64,
    pub refresh_token: Secret,
    /// Seconds.
    pub refresh_token_expires_in: i64,
    pub token_type: String,
    /// Separated by spaces.
    pub scope: String,
}

/// Answer to the start of a device flow.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct DeviceAuthorization {
    pub device_code: Secret,
    /// What the person types on the page.
    pub user_code: String,
    pub verification_uri: String,
    pub verification_uri_complete: String,
    /// Seconds.
    pub expires_in: i64,
    /// Seconds between two polls.
    pub interval: i64,
}
