//! Forms for the OAuth endpoints of a service, and what they answer (oauth 3).

use bytes::Bytes;
use hallway_sdk::client::{Https, Transport as _};
use hallway_sdk::time::{Clock as _, SystemClock};
use hallway_sdk::tokens::Account;
use hallway_wire::Secret;
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::cli::failure::{Failure, Refusal, Result};

/// What a token endpoint grants.
#[derive(Deserialize)]
pub(super) struct Granted {
    access_token: Secret,
    expires_in: i64,
    #[serde(default)]
    refresh_token: Option<Secret>,
    #[serde(default)]
    scope: Option<String>,
}

impl Granted {
    /// What is kept of it.
    pub(super) fn account(self) -> Result<Account> {
        let refresh_token = self
            .refresh_token
            .ok_or_else(|| Failure::refused("the service gave no refresh token"))?;
        let mut account = Account::new(refresh_token.expose());
        account.access_token = Some(self.access_token);
        account.expires = Some(
            SystemClock
                .now()
                .plus_millis(self.expires_in.saturating_mul(1000)),
        );
        account.scope = self.scope;
        Ok(account)
    }
}

/// A refusal of an OAuth endpoint.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Refused {
    pub(super) error: String,
    error_description: Option<String>,
    message: Option<String>,
    #[serde(rename = "trackingId")]
    tracking_id: Option<String>,
    #[serde(skip)]
    status: u16,
}

impl Refused {
    /// Whether the person has just not answered yet: 428, where a service says it without a word of OAuth.
    pub(super) fn is_pending(&self) -> bool {
        self.status == 428
    }
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        let said = refused.error_description.or(refused.message);
        let message = match (refused.error.as_str(), said) {
            ("", Some(said)) => said,
            ("", None) => format!("the service answered with {}", refused.status),
            (error, Some(said)) => format!("{said} ({error})"),
            (error, None) => error.to_owned(),
        };
        Self::Refused(Box::new(Refusal {
            status: Some(refused.status),
            message: format!("signing in failed: {message}"),
            tracking_id: refused.tracking_id,
            ..Refusal::default()
        }))
    }
}

/// Posts a form. `Ok(Err(…))` is a refusal by the service.
///
/// # Errors
/// No answer came, or one that nobody can read.
pub(super) async fn post<T: DeserializeOwned>(
    https: &Https,
    url: &str,
    basic: Option<HeaderValue>,
    pairs: &[(&str, &str)],
) -> Result<Result<T, Refused>> {
    let form = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish();
    let mut request = Request::builder()
        .method(Method::POST)
        .uri(url)
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(ACCEPT, "application/json");
    if let Some(mut basic) = basic {
        basic.set_sensitive(true);
        request = request.header(AUTHORIZATION, basic);
    }
    let request = request
        .body(Bytes::from(form))
        .map_err(|error| Failure::usage(format!("{url} is no address: {error}")))?;
    let sent = tokio::time::timeout(std::time::Duration::from_secs(30), https.send(request)).await;
    let answer = match sent {
        Ok(Ok(answer)) => answer,
        Ok(Err(error)) => return Err(Failure::refused(format!("cannot talk to {url}: {error}"))),
        Err(_) => return Err(Failure::refused(format!("{url} did not answer within 30 s"))),
    };
    let status = answer.status();
    if !status.is_success() {
        let mut refused: Refused = serde_json::from_slice(answer.body()).unwrap_or_default();
        refused.status = status.as_u16();
        return Ok(Err(refused));
    }
    // What the body holds is secret: the parser's words about it are not shown.
    serde_json::from_slice(answer.body())
        .map(Ok)
        .map_err(|_| Failure::refused(format!("{url} gave an answer that is not what OAuth says")))
}
