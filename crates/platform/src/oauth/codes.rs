//! Asking a person for a grant: what a request asks for, and the code that says yes (oauth 2).

use std::collections::BTreeSet;

use hallway_wire::id::{OrgId, PersonId};
use hallway_wire::{Secret, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::exchange::verifies;
use super::sign_in::SignedIn;
use super::{expiry_key, hashed_key};
use crate::crypto::random_text;
use crate::error::{Error, Result};
use crate::platform::Platform;
use crate::ports::Key;
use crate::records::{Document, put_new};

/// An authorization code, known by its hash. Used ones are kept until they are swept: who uses one again is
/// noticed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct AuthCode {
    key: String,
    pub(super) org: OrgId,
    pub(super) person: PersonId,
    pub(super) client_id: String,
    pub(super) redirect_uri: String,
    pub(super) scopes: Vec<String>,
    challenge: Option<Challenge>,
    pub(super) expires: Timestamp,
    /// The grant that it gave.
    pub(super) used: Option<Uuid>,
}

/// A challenge of RFC 7636.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Challenge {
    pub text: String,
    /// Whether the verifier is compared as it is.
    pub plain: bool,
}

impl AuthCode {
    /// The id of the record of a code.
    pub(super) fn key(code: &Secret) -> String {
        hashed_key(code.expose())
    }

    /// Checks the verifier that came with the code.
    pub(super) fn check_verifier(&self, verifier: Option<&Secret>) -> Result<(), &'static str> {
        match (&self.challenge, verifier) {
            (None, None) => Ok(()),
            (None, Some(_)) => Err("code_verifier came, but the authorization had no code_challenge"),
            (Some(_), None) => Err("code_verifier is missing"),
            (Some(challenge), Some(verifier)) => {
                if verifies(&challenge.text, challenge.plain, verifier.expose()) {
                    Ok(())
                } else {
                    Err("code_verifier does not fit the code_challenge")
                }
            }
        }
    }
}

impl Document for AuthCode {
    const KIND: &'static str = "auth_code";
    const NOUN: &'static str = "authorization code";
    fn org(&self) -> OrgId {
        self.org
    }
    fn id(&self) -> String {
        self.key.clone()
    }
    fn keys(&self) -> Vec<Key> {
        vec![expiry_key(self.expires)]
    }
}

/// The parameters of an authorization request, as they came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuthorizeRequest {
    pub response_type: Option<String>,
    pub client_id: Option<String>,
    pub redirect_uri: Option<String>,
    pub scope: Option<String>,
    pub state: Option<String>,
    pub code_challenge: Option<String>,
    pub code_challenge_method: Option<String>,
}

/// An authorization request that is in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    pub client_id: String,
    pub app_name: String,
    pub developer_org: OrgId,
    pub redirect_uri: String,
    pub scopes: Vec<String>,
    pub state: Option<String>,
    pub challenge: Option<Challenge>,
}

/// Why an authorization request is not in order.
#[derive(Debug)]
pub enum BadRequest {
    /// Nobody knows where to send the person back to: a page says this.
    Page(String),
    /// The client is told at its redirect URL.
    Redirect {
        redirect_uri: String,
        state: Option<String>,
        error: &'static str,
        description: String,
    },
    Failed(Error),
}

/// Longest `state` that is carried.
const MAX_STATE: usize = 2048;

impl Platform {
    /// Reads an authorization request.
    ///
    /// # Errors
    /// See [`BadRequest`].
    pub async fn read_authorization(&self, request: &AuthorizeRequest) -> Result<Asked, BadRequest> {
        let page = |text: &str| BadRequest::Page(text.to_owned());
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let client_id =
            given(&request.client_id).ok_or_else(|| page("The parameter client_id is missing."))?;
        let app = self.grantable(&client_id).await.map_err(BadRequest::Failed)?;
        let app = app.ok_or_else(|| page("There is no integration with this client_id."))?;
        let redirect_uri =
            given(&request.redirect_uri).ok_or_else(|| page("The parameter redirect_uri is missing."))?;
        if !app.redirect_urls.contains(&redirect_uri) {
            return Err(page(
                "The redirect_uri is not one that the integration registered: they must be equal letter by letter.",
            ));
        }
        let state = given(&request.state);
        let wrong = |error: &'static str, description: &str| BadRequest::Redirect {
            redirect_uri: redirect_uri.clone(),
            state: state.clone().filter(|state| state.len() <= MAX_STATE),
            error,
            description: description.to_owned(),
        };
        if state.as_ref().is_some_and(|state| state.len() > MAX_STATE) {
            return Err(wrong("invalid_request", "state is too long"));
        }
        match request.response_type.as_deref() {
            Some("code") => {}
            None | Some("") => return Err(wrong("invalid_request", "response_type is missing")),
            Some(_) => return Err(wrong("unsupported_response_type", "response_type must be code")),
        }
        let scopes =
            asked_scopes(request.scope.as_deref().unwrap_or_default(), &app.scopes).map_err(|scope| {
                wrong(
                    "invalid_scope",
                    &format!("the integration did not register {scope}"),
                )
            })?;
        let challenge = read_challenge(
            given(&request.code_challenge),
            request
                .code_challenge_method
                .as_deref()
                .filter(|method| !method.is_empty()),
        )
        .map_err(|what| wrong("invalid_request", what))?;
        Ok(Asked {
            client_id,
            app_name: app.name.clone(),
            developer_org: app.org,
            redirect_uri: redirect_uri.clone(),
            scopes,
            state: state.clone(),
            challenge,
        })
    }

    /// What a person who was asked says yes with: a code for the client, for one use within a short time.
    ///
    /// # Errors
    /// The store failed.
    pub async fn grant_code(&self, who: &SignedIn, asked: &Asked) -> Result<Secret> {
        let code = Secret::new(random_text());
        let life = i64::try_from(self.config.code_life.as_millis()).unwrap_or(i64::MAX);
        let now = self.now();
        let record = AuthCode {
            key: AuthCode::key(&code),
            org: who.org,
            person: who.person,
            client_id: asked.client_id.clone(),
            redirect_uri: asked.redirect_uri.clone(),
            scopes: asked.scopes.clone(),
            challenge: asked.challenge.clone(),
            expires: now.plus_millis(life),
            used: None,
        };
        let entry = who.entry(
            now,
            "authorization.granted",
            &asked.app_name,
            format!("granted {} to {}", asked.scopes.join(" "), asked.app_name),
        );
        self.commit(vec![put_new(&record)?, entry]).await?;
        Ok(code)
    }
}

/// The scopes that a request asks for, each once: all that are registered where it names none. `spark:kms` is
/// asked for by nearly everybody and means nothing here.
///
/// # Errors
/// One that is not registered.
pub(super) fn asked_scopes(asked: &str, registered: &[String]) -> Result<Vec<String>, String> {
    let mut seen = BTreeSet::new();
    let mut scopes = Vec::new();
    for scope in asked.split([' ', '+', ',']).filter(|scope| !scope.is_empty()) {
        let covered = registered
            .iter()
            .any(|one| one == scope || (one == "spark:all" && scope.starts_with("spark:")));
        if scope != "spark:kms" && !(covered && hallway_wire::manifest::scopes::is_known(scope)) {
            return Err(scope.chars().filter(|c| c.is_ascii_graphic()).take(100).collect());
        }
        if seen.insert(scope) {
            scopes.push(scope.to_owned());
        }
    }
    if scopes.is_empty() {
        scopes = registered.to_vec();
    }
    Ok(scopes)
}

fn read_challenge(text: Option<String>, method: Option<&str>) -> Result<Option<Challenge>, &'static str> {
    let Some(text) = text else {
        return match method {
            None => Ok(None),
            Some(_) => Err("code_challenge is missing"),
        };
    };
    let plain = match method {
        None | Some("plain") => true,
        Some("S256") => false,
        Some(_) => return Err("code_challenge_method must be plain or S256"),
    };
    let unreserved = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~');
    if !(43..=128).contains(&text.len()) || !text.bytes().all(unreserved) {
        return Err("code_challenge must have 43 to 128 letters, digits, or -._~");
    }
    Ok(Some(Challenge { text, plain }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_must_be_registered() {
        let registered = ["spark:all".to_owned(), "spark-admin:people_read".to_owned()];
        let asked = |text: &str| asked_scopes(text, &registered);
        assert_eq!(asked("").unwrap(), registered);
        assert_eq!(
            asked("spark:kms spark:rooms_read  spark:rooms_read").unwrap(),
            ["spark:kms", "spark:rooms_read"]
        );
        assert_eq!(
            asked("spark-admin:people_write").unwrap_err(),
            "spark-admin:people_write"
        );
        assert!(asked("spark:nonsense").is_err());
    }

    #[test]
    fn challenges() {
        let long = "a".repeat(43);
        let read = |text: &str, method| read_challenge(Some(text.to_owned()), method);
        assert!(read(&long, None).unwrap().unwrap().plain);
        assert!(!read(&long, Some("S256")).unwrap().unwrap().plain);
        assert!(read(&long, Some("s512")).is_err() && read("short", None).is_err());
        assert!(read_challenge(None, Some("S256")).is_err());
        assert_eq!(read_challenge(None, None), Ok(None));
    }
}
