//! `/applications`: integrations, bots and Service Apps (service-apps 3 and 4).

use hallway_wire::{Secret, Timestamp};
use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::frame::{crud, query, resource};
use crate::error::Result;
use crate::id::{ApplicationId, OrgId};
use crate::tokens::Account;

resource! {
    /// Applications of the developer, and the tokens of Service Apps.
    Applications, applications
}

/// An application.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Application {
    /// The id.
    pub id: ApplicationId,
    /// What it is called.
    pub name: String,
    /// `integration`, `bot`, or `authorizedAppIssuer`: a Service App.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its name in addresses.
    pub friendly_id: Option<String>,
    /// Whose it is.
    pub org_id: Option<OrgId>,
    /// Its OAuth client id.
    pub client_id: Option<String>,
    /// Its OAuth client secret: only in the answer that made it.
    pub client_secret: Option<Secret>,
    /// What it may ask for.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// When it was made.
    pub created: Option<Timestamp>,
}

query! {
    /// Applications that match.
    ApplicationQuery -> Application {
        /// `integration`, `bot` or `authorizedAppIssuer`.
        kind(&str) => "type",
        /// `me`, or a person.
        created_by(&str) => "createdBy",
    }
}

/// The tokens of a Service App in an organization.
#[derive(Clone, Debug, Deserialize)]
pub struct ServiceAppTokens {
    /// The access token.
    pub access_token: Secret,
    /// How long it is good, in seconds.
    pub expires_in: i64,
    /// The refresh token.
    pub refresh_token: Secret,
    /// How long it is good, in seconds.
    #[serde(default)]
    pub refresh_token_expires_in: Option<i64>,
}

impl ServiceAppTokens {
    /// The account, for [`Renewing::open`](crate::tokens::Renewing::open).
    pub fn account(&self) -> Account {
        let mut account = Account::new(self.refresh_token.expose());
        account.access_token = Some(self.access_token.clone());
        account.expires = Some(crate::tokens::now().plus_millis(self.expires_in.saturating_mul(1000)));
        account
    }
}

crud!(Applications at ["applications"], ApplicationId, get Application, delete delete);

impl Applications {
    /// The applications that the caller may see.
    pub fn list(&self) -> ApplicationQuery {
        ApplicationQuery(self.0.list(&["applications"], "items"))
    }

    /// Makes a Service App.
    ///
    /// # Errors
    /// Any; see [`Error`](crate::Error).
    pub async fn create_service_app(&self, name: &str, email: &str, scopes: &[&str]) -> Result<Application> {
        let body =
            json!({ "type": "authorizedAppIssuer", "name": name, "contactEmail": email, "scopes": scopes });
        self.0
            .at(Method::POST, &["applications"])
            .json(&body)
            .read()
            .await
    }

    /// Authorizes a Service App for an organization. Only a full administrator may, and only in person.
    ///
    /// # Errors
    /// Any; see [`Error`](crate::Error).
    pub async fn authorize(&self, id: &ApplicationId, organization: &OrgId) -> Result<Application> {
        let call = self
            .0
            .at(Method::POST, &["applications", id.as_str(), "authorize"]);
        let body = json!({ "orgId": organization });
        call.idempotent(true).json(&body).read().await
    }

    /// Takes the authorization of a Service App back: its tokens in the organization are dead when this returns.
    ///
    /// # Errors
    /// Any; see [`Error`](crate::Error).
    pub async fn deauthorize(&self, id: &ApplicationId, organization: &OrgId) -> Result<Application> {
        let call = self
            .0
            .at(Method::POST, &["applications", id.as_str(), "deauthorize"]);
        let body = json!({ "orgId": organization });
        call.idempotent(true).json(&body).read().await
    }

    /// Gets tokens of a Service App for an organization that authorized it.
    ///
    /// # Errors
    /// [`Error::Permission`](crate::Error::Permission): the organization did not authorize it, or the caller lacks
    /// the scope `spark:applications_token`. Others; see [`Error`](crate::Error).
    pub async fn service_app_tokens(
        &self,
        id: &ApplicationId,
        client_id: &str,
        client_secret: &Secret,
        organization: &OrgId,
    ) -> Result<ServiceAppTokens> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Body<'a> {
            client_id: &'a str,
            client_secret: &'a Secret,
            target_org_id: &'a OrgId,
        }
        let body = Body {
            client_id,
            client_secret,
            target_org_id: organization,
        };
        // Each call makes a new pair, and the older ones live on: doing it again does no harm.
        let call = self.0.at(Method::POST, &["applications", id.as_str(), "token"]);
        call.idempotent(true).json(&body).read().await
    }
}
