//! `/authorizations`: which applications people let in (oauth 7).

use hallway_wire::Timestamp;
use http::Method;
use serde::Deserialize;

use super::frame::{query, resource};
use crate::error::Result;
use crate::id::{ApplicationId, AuthorizationId, PersonId};

resource! {
    /// Which applications people have let in.
    Authorizations, authorizations
}

/// An application that somebody let in: one of its tokens.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Authorization {
    /// The id.
    pub id: AuthorizationId,
    /// Which application.
    pub application_id: Option<ApplicationId>,
    /// What it is called.
    pub application_name: Option<String>,
    /// Who let it in.
    pub person_id: Option<PersonId>,
    /// Its OAuth client id.
    pub client_id: Option<String>,
    /// `refresh` or `access`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// When.
    pub created: Option<Timestamp>,
}

query! {
    /// Authorizations of one person; of the caller if nobody is named.
    AuthorizationQuery -> Authorization {
        /// Of this person.
        person(&PersonId) => "personId",
        /// Of the person with this address.
        email(&str) => "personEmail",
    }
}

impl Authorizations {
    /// Which applications a person has let in.
    pub fn list(&self) -> AuthorizationQuery {
        AuthorizationQuery(self.0.list(&["authorizations"], "items"))
    }

    /// Ends one: its token is not valid any more.
    ///
    /// # Errors
    /// Any; see [`Error`](crate::Error).
    pub async fn delete(&self, id: &AuthorizationId) -> Result<()> {
        self.0
            .at(Method::DELETE, &["authorizations", id.as_str()])
            .done()
            .await
    }

    /// Ends all that the caller has given to an application.
    ///
    /// # Errors
    /// Any; see [`Error`](crate::Error).
    pub async fn delete_of_client(&self, client_id: &str) -> Result<()> {
        let call = self.0.at(Method::DELETE, &["authorizations"]);
        call.query("clientId", client_id).done().await
    }

    /// When the token of this client ends.
    ///
    /// # Errors
    /// Any; see [`Error`](crate::Error).
    pub async fn token_expiry(&self) -> Result<Timestamp> {
        #[derive(Deserialize)]
        struct Found {
            /// In milliseconds since 1970.
            exp: i64,
        }
        let call = self.0.at(Method::GET, &["authorizations", "tokenExpiry"]);
        Ok(Timestamp(call.read::<Found>().await?.exp))
    }
}
