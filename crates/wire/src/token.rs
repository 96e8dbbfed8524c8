//! Bodies of the token endpoint (oauth 3).

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
