//! What an activation code brings, kept for the next start.

use hallway_wire::Secret;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::grants::Grants;
use crate::id::OrgId;
use crate::jwt::{Claims, CodeError, Said};
use crate::tokens::{Account, OAuth};

/// How an integration was provisioned in one organization. The tokens are kept beside it, not in it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Provisioning {
    /// The organization.
    pub org_id: OrgId,
    /// What it is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub org_name: Option<String>,
    /// The id of the manifest.
    pub app_id: Uuid,
    /// Where the organization lives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The token endpoint.
    pub oauth_url: String,
    /// The REST API.
    pub webexapis_base_url: String,
    /// The integration about itself.
    pub app_url: String,
    /// Its manifest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manifest_url: Option<String>,
    /// Where digital signage is configured; only with the feature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signage_url: Option<String>,
    /// Where the persistent web app is configured; only with the feature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pwa_url: Option<String>,
    /// What was granted.
    #[serde(default)]
    pub grants: Grants,
    /// Which activation code it came with.
    #[serde(default)]
    pub code_id: String,
    /// When that code was made, in seconds since 1970.
    #[serde(default)]
    pub code_made: i64,
    /// The key of the webhook's signatures, if this crate made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook_secret: Option<Secret>,
}

impl Default for Provisioning {
    fn default() -> Self {
        Self {
            org_id: OrgId::new(""),
            org_name: None,
            app_id: Uuid::nil(),
            region: None,
            oauth_url: String::new(),
            webexapis_base_url: String::new(),
            app_url: String::new(),
            manifest_url: None,
            signage_url: None,
            pwa_url: None,
            grants: Grants::default(),
            code_id: String::new(),
            code_made: 0,
            webhook_secret: None,
        }
    }
}

impl Provisioning {
    /// The account that a verified activation code opens. `now`: milliseconds since 1970.
    pub(crate) fn account(claims: Claims, now: i64) -> Result<Account, CodeError> {
        let found = claims.said.action();
        let Said::Provision {
            oauth_url,
            webexapis_base_url,
            app_url,
            manifest_url,
            refresh_token,
            org_name,
            scopes,
            xapi_access,
            expiry_time,
            signage_url,
            pwa_url,
            user_id: _,
        } = claims.said
        else {
            return Err(CodeError::Action {
                expected: "provision",
                found: found.to_owned(),
            });
        };
        if expiry_time.millis() <= now {
            return Err(CodeError::Time);
        }
        let mut account = Account::new(refresh_token.expose());
        account.provisioning = Some(Self {
            org_id: claims.sub,
            org_name,
            app_id: claims.app_id,
            region: claims.region,
            oauth_url,
            webexapis_base_url,
            app_url,
            manifest_url,
            signage_url,
            pwa_url,
            grants: Grants {
                scopes,
                xapi: xapi_access,
            },
            code_id: claims.jti,
            code_made: claims.iat,
            webhook_secret: None,
        });
        Ok(account)
    }

    pub(crate) fn oauth(&self, client_id: String, client_secret: Secret) -> OAuth {
        OAuth {
            url: self.oauth_url.clone(),
            client_id,
            client_secret,
        }
    }

    /// The addresses that get the token.
    pub(crate) fn urls(&self) -> impl Iterator<Item = &str> {
        let optional = [&self.manifest_url, &self.signage_url, &self.pwa_url];
        [self.webexapis_base_url.as_str(), self.app_url.as_str()]
            .into_iter()
            .chain(optional.into_iter().flatten().map(String::as_str))
    }
}
