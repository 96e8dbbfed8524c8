//! What the JWTs say.

use std::collections::BTreeSet;

use hallway_wire::{Secret, Timestamp};
use hallway_xapi::Pattern;
use serde::{Deserialize, Deserializer};

use crate::id::{OrgId, PersonId};
use crate::integration::XapiGrants;

/// The claims of a JWT.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Claims {
    /// The organization.
    pub sub: OrgId,
    /// When it was signed, in seconds since 1970.
    pub iat: i64,
    /// Names this one.
    pub jti: String,
    /// The id of the manifest.
    pub app_id: uuid::Uuid,
    /// Where the organization lives; says whose keys sign.
    #[serde(default)]
    pub region: Option<String>,
    /// What it is about.
    #[serde(flatten)]
    pub said: Said,
}

/// What a JWT is about, with what it says.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "action", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum Said {
    /// An activation code.
    Provision {
        /// The token endpoint.
        oauth_url: String,
        /// The REST API.
        webexapis_base_url: String,
        /// The integration about itself.
        app_url: String,
        /// Its manifest.
        #[serde(default)]
        manifest_url: Option<String>,
        /// The refresh token of the machine account.
        refresh_token: Secret,
        /// What the organization is called.
        #[serde(default)]
        org_name: Option<String>,
        /// Granted scopes.
        #[serde(default, deserialize_with = "scopes")]
        scopes: BTreeSet<String>,
        /// Granted xAPI paths.
        #[serde(default, deserialize_with = "grants")]
        xapi_access: XapiGrants,
        /// Until when the code is good.
        expiry_time: Timestamp,
        /// Who activated the integration.
        #[serde(default)]
        user_id: Option<PersonId>,
        /// Where digital signage is configured.
        #[serde(default)]
        signage_url: Option<String>,
        /// Where the persistent web app is configured.
        #[serde(default)]
        pwa_url: Option<String>,
    },
    /// Addresses or the refresh token changed.
    Update {
        /// The new one.
        #[serde(default)]
        refresh_token: Option<Secret>,
        /// The new address, if it changed.
        #[serde(default)]
        app_url: Option<String>,
        /// The new address, if it changed.
        #[serde(default)]
        manifest_url: Option<String>,
        /// The new address, if it changed.
        #[serde(default)]
        webexapis_base_url: Option<String>,
        /// The new address, if it changed.
        #[serde(default)]
        oauth_url: Option<String>,
    },
    /// A new version of the manifest is in force.
    UpdateApproved {
        /// Which.
        manifest_version: u64,
        /// Granted scopes.
        #[serde(default, deserialize_with = "scopes")]
        scopes: BTreeSet<String>,
        /// Granted xAPI paths.
        #[serde(default, deserialize_with = "grants")]
        xapi_access: XapiGrants,
        /// Where digital signage is configured.
        #[serde(default)]
        signage_url: Option<String>,
        /// Where the persistent web app is configured.
        #[serde(default)]
        pwa_url: Option<String>,
    },
    /// The integration was deactivated.
    Deprovision {},
    /// An administrator asks how it is.
    HealthCheck {},
    /// An administrator wants to go to a page of the vendor.
    CrossLaunch {},
    /// Something that this crate does not know.
    #[serde(other)]
    Unknown,
}

impl Said {
    /// The word in the claim `action`.
    pub fn action(&self) -> &'static str {
        match self {
            Self::Provision { .. } => "provision",
            Self::Update { .. } => "update",
            Self::UpdateApproved { .. } => "updateApproved",
            Self::Deprovision {} => "deprovision",
            Self::HealthCheck {} => "healthCheck",
            Self::CrossLaunch {} => "crossLaunch",
            Self::Unknown => "unknown",
        }
    }
}

/// A text with commas, or a list.
fn scopes<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeSet<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Given {
        Text(String),
        List(Vec<String>),
    }
    let list = match Given::deserialize(from)? {
        Given::Text(text) => text.split([',', ' ']).map(ToOwned::to_owned).collect(),
        Given::List(list) => list,
    };
    Ok(list.into_iter().filter(|scope| !scope.is_empty()).collect())
}

/// A text that holds JSON, or the JSON itself.
fn grants<'de, D: Deserializer<'de>>(from: D) -> Result<XapiGrants, D::Error> {
    use serde::de::Error as _;
    let value = match serde_json::Value::deserialize(from)? {
        serde_json::Value::Null => return Ok(XapiGrants::default()),
        serde_json::Value::String(text) => serde_json::from_str(&text).map_err(D::Error::custom)?,
        other => other,
    };
    serde_json::from_value(value).map_err(D::Error::custom)
}

/// Patterns of a list, without those that cannot be read: a path of a newer grammar must not make the whole
/// activation unreadable.
pub(crate) fn readable<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Pattern>, D::Error> {
    let texts = Option::<Vec<String>>::deserialize(from)?.unwrap_or_default();
    Ok(texts.iter().filter_map(|text| text.parse().ok()).collect())
}
