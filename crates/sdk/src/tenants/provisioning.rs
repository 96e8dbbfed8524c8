//! Activation codes that are posted (workspace-integrations 5).

use http::StatusCode;
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::registry::Tenants;
use super::tenant::TenantId;
use crate::error::Error;
use crate::id::{OrgId, PersonId};
use crate::integration::Grants;
use crate::jwt::{Claims, Said};
use crate::notify::Reply;

/// The longest body that is read. Codes have a few thousand bytes.
pub(super) const MOST_BYTES: usize = 128 * 1024;

/// An activation that was posted, and verified.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Activation {
    /// What the tenant will be called here.
    pub tenant: TenantId,
    /// The organization.
    pub org_id: OrgId,
    /// What it is called.
    pub org_name: Option<String>,
    /// The id of the manifest.
    pub app_id: Uuid,
    /// Who activated the integration.
    pub user_id: Option<PersonId>,
    /// What was granted.
    pub grants: Grants,
    /// Names the code: the same one may be posted several times.
    pub code_id: String,
}

impl Activation {
    fn of(claims: &Claims) -> Self {
        let mut activation = Self {
            tenant: TenantId::of(&claims.sub),
            org_id: claims.sub.clone(),
            org_name: None,
            app_id: claims.app_id,
            user_id: None,
            grants: Grants::default(),
            code_id: claims.jti.clone(),
        };
        if let Said::Provision {
            org_name,
            user_id,
            scopes,
            xapi_access,
            ..
        } = &claims.said
        {
            activation.org_name.clone_from(org_name);
            activation.user_id.clone_from(user_id);
            activation.grants.scopes.clone_from(scopes);
            activation.grants.xapi.clone_from(xapi_access);
        }
        activation
    }
}

/// An activation is taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Welcome {
    redirect_url: Option<String>,
}

impl Welcome {
    /// The administrator is led on to this page, to sign up or to pay. It must be https.
    pub fn redirect(url: impl Into<String>) -> Self {
        Self {
            redirect_url: Some(url.into()),
        }
    }
}

/// An activation is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal(String);

impl Refusal {
    /// Says why, to the administrator.
    pub fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

#[derive(Deserialize)]
struct Envelope {
    jwt: String,
}

impl Tenants {
    /// Takes an activation code that was posted: `{"jwt": "…"}`. The code is verified before anything else is done;
    /// then the author decides, if [`admit`](super::TenantsBuilder::admit) was given; then the tenant is stored and
    /// connected. A code that was taken before is answered as it was the first time, and changes nothing.
    ///
    /// With the feature `tower` there is a service that does nothing else than call this.
    pub async fn provision(&self, body: &[u8]) -> Reply {
        if body.len() > MOST_BYTES {
            return Reply::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "the body is too long for an activation code",
            );
        }
        let Ok(Envelope { jwt }) = serde_json::from_slice(body) else {
            return Reply::new(StatusCode::BAD_REQUEST, "the body has no `jwt`");
        };
        let claims = match self.registry().verify(&jwt).await {
            Ok(claims) => claims,
            Err(error) => return refused(&error),
        };
        let mut welcome = Welcome::default();
        if let Some(admit) = &self.registry().admit {
            welcome = match admit(Activation::of(&claims)).await {
                Ok(welcome) => welcome,
                Err(Refusal(reason)) => return Reply::new(StatusCode::FORBIDDEN, &reason),
            };
        }
        match self.install(claims).await {
            Ok(tenant) => {
                tracing::info!(%tenant, "an activation was taken");
                let mut body = json!({ "message": "the activation was taken" });
                if let Some(url) = welcome.redirect_url {
                    body["redirectUrl"] = url.into();
                }
                Reply {
                    status: StatusCode::OK,
                    body,
                }
            }
            Err(error) => refused(&error),
        }
    }
}

/// What whoever posted a code is told. What this process keeps or asks is none of their business.
fn refused(error: &Error) -> Reply {
    tracing::warn!(%error, "an activation was not taken");
    let (status, text) = match error {
        Error::Code(error) => (
            StatusCode::BAD_REQUEST,
            format!("the activation code was refused: {error}"),
        ),
        Error::Unauthorized(_) => (
            StatusCode::BAD_REQUEST,
            "the activation code holds a token that is not valid".to_owned(),
        ),
        Error::Conflict(_) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "no further organizations can be taken now".to_owned(),
        ),
        error if error.is_temporary() || matches!(error, Error::Store(_)) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "the activation cannot be taken now, try again".to_owned(),
        ),
        _ => (
            StatusCode::INTERNAL_SERVER_ERROR,
            "the activation could not be completed".to_owned(),
        ),
    };
    Reply::new(status, &text)
}
