//! The exchange of a refresh token for an access token (oauth 3).

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hallway_wire::Secret;
use http::{HeaderValue, Method, Request, Uri, header};
use serde::Deserialize;

use super::account::OAuth;
use crate::client::{RetryPolicy, Transport};
use crate::error::{Context, Error, Result, chain, refusal};

/// Exchanges a refresh token, patiently.
///
/// # Errors
/// [`Error::Unauthorized`]: the token is not good. Others: the exchange did not succeed.
pub(super) async fn ask(transport: &dyn Transport, oauth: &OAuth, refresh_token: &Secret) -> Result<Tokens> {
    let policy = RetryPolicy::default();
    let mut tried = 0;
    loop {
        tried += 1;
        let error = match ask_once(transport, oauth, refresh_token).await {
            Ok(tokens) => return Ok(tokens),
            Err(error) => error,
        };
        // An exchange may be repeated after a lost answer: the token that was sent stays good at least until
        // the new one is used.
        let asked = error.retry_after().unwrap_or_default();
        if !error.is_temporary() || tried >= policy.attempts || asked > policy.longest_wait {
            return Err(error);
        }
        tokio::time::sleep(asked + policy.pause(tried)).await;
    }
}

async fn ask_once(transport: &dyn Transport, oauth: &OAuth, refresh_token: &Secret) -> Result<Tokens> {
    let uri: Uri = oauth
        .url
        .parse()
        .map_err(|_| Error::configuration("the address of the token endpoint is no URL"))?;
    let context = Context::new(&Method::POST, uri.path(), None);
    let form = form_urlencoded::Serializer::new(String::new())
        .append_pair("grant_type", "refresh_token")
        .append_pair("client_id", &oauth.client_id)
        .append_pair("client_secret", oauth.client_secret.expose())
        .append_pair("refresh_token", refresh_token.expose())
        .finish();
    let mut request = Request::new(Bytes::from(form));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = uri;
    let form_type = HeaderValue::from_static("application/x-www-form-urlencoded");
    request.headers_mut().insert(header::CONTENT_TYPE, form_type);
    request
        .headers_mut()
        .insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    let sent = tokio::time::timeout(Duration::from_secs(30), transport.send(request)).await;
    let answer = match sent {
        Ok(Ok(answer)) => answer,
        Ok(Err(error)) => {
            return Err(Error::Transport {
                maybe_arrived: error.maybe_arrived,
                context: context.say(chain(&*error.source)),
                source: error.source,
            });
        }
        Err(late) => {
            return Err(Error::Transport {
                maybe_arrived: true,
                context: context.say("no answer from the token endpoint within 30 s"),
                source: Arc::new(late),
            });
        }
    };
    let (head, body) = answer.into_parts();
    if !head.status.is_success() {
        let grant = serde_json::from_slice::<Word>(&body).is_ok_and(|word| word.error == "invalid_grant");
        return Err(match refusal(context, head.status, &head.headers, &body) {
            // A refresh token that is not valid is told as 400 (oauth 3).
            Error::BadRequest(context) if grant => Error::Unauthorized(context),
            error => error,
        });
    }
    serde_json::from_slice(&body)
        .map_err(|_| Error::Protocol(context.say("the answer of the token endpoint cannot be read")))
}

/// The answer of the token endpoint.
#[derive(Deserialize)]
pub(super) struct Tokens {
    pub(super) access_token: Secret,
    pub(super) expires_in: i64,
    #[serde(default)]
    pub(super) refresh_token: Option<Secret>,
    #[serde(default)]
    pub(super) scope: Option<String>,
}

#[derive(Deserialize)]
struct Word {
    error: String,
}
