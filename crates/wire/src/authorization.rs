//! Authorizations as `/v1/authorizations` shows them (oauth 4), and what Hallway's own API hands out to people.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::application::ApplicationId;
use crate::id::{AuthorizationId, PersonId};
use crate::secret::Secret;
use crate::time::Timestamp;

/// What a person or machine account granted to a client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Authorization {
    pub id: AuthorizationId,
    pub application_id: ApplicationId,
    pub application_name: String,
    pub person_id: PersonId,
    pub client_id: String,
    pub created: Timestamp,
    /// `refresh` where a refresh token belongs to it, `access` otherwise.
    #[serde(rename = "type")]
    pub kind: String,
}

/// When the calling token ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TokenExpiry {
    /// Milliseconds since 1970.
    pub exp: i64,
}

/// Body of "make a personal access token".
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewPersonalToken {
    /// Empty: every scope, and the right to manage Hallway as far as the person's roles go.
    #[serde(default)]
    pub scopes: Vec<String>,
}

/// A personal access token, shown this once.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PersonalToken {
    pub person_id: PersonId,
    pub access_token: Secret,
    pub expiry_time: Timestamp,
    pub scopes: Vec<String>,
}

/// A code with which a person signs in on a page of Hallway once, shown this once.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SignInCode {
    pub person_id: PersonId,
    pub code: Secret,
    pub expiry_time: Timestamp,
}

/// The token of a bot, shown this once.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BotToken {
    pub bot_person_id: PersonId,
    pub bot_email: String,
    pub access_token: Secret,
    pub expiry_time: Timestamp,
}

/// The sites of an organization.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Sites {
    /// Host names, like `example.webex.com`.
    pub sites: Vec<String>,
}
