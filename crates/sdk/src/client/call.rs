//! One call: sent, and sent again where that is safe.

use std::fmt::{self, Display};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri, header};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::{Client, TransportError};
use crate::error::{Context, Error, Result, chain, refusal};
use hallway_wire::Secret;

/// A request that is being put together.
#[must_use = "a call does nothing until it is sent"]
pub struct Call {
    client: Client,
    method: Method,
    target: String,
    query: Vec<(String, String)>,
    headers: HeaderMap,
    body: Result<Bytes, Error>,
    idempotent: bool,
    timeout: Option<Duration>,
    attempts: Option<u32>,
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, path_of(&self.target))
    }
}

/// What came back, with a status of success.
#[derive(Clone, Debug)]
pub struct Answer {
    /// From 200 to 299.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    context: Context,
}

impl Answer {
    /// Reads the body as JSON.
    ///
    /// # Errors
    /// [`Error::Protocol`]: it is something else.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(&self.body).map_err(|error| {
            let message = format!("the answer cannot be read: {error}");
            Error::Protocol(self.context.clone().say(message))
        })
    }

    /// Names the request in the logs of the service.
    pub fn tracking_id(&self) -> Option<&str> {
        self.context.tracking_id.as_deref()
    }
}

impl Call {
    pub(crate) fn new(client: Client, method: Method, target: String) -> Self {
        Self {
            idempotent: matches!(method, Method::GET | Method::HEAD | Method::PUT | Method::DELETE),
            client,
            method,
            target,
            query: Vec::new(),
            headers: HeaderMap::new(),
            body: Ok(Bytes::new()),
            timeout: None,
            attempts: None,
        }
    }

    /// Adds a parameter to the query.
    pub fn query(mut self, name: impl Into<String>, value: impl Display) -> Self {
        self.query.push((name.into(), value.to_string()));
        self
    }

    /// Sets the body: JSON.
    pub fn json<T: Serialize + ?Sized>(self, body: &T) -> Self {
        self.json_as("application/json", body)
    }

    /// Sets the body: JSON under another content type.
    pub fn json_as<T: Serialize + ?Sized>(mut self, content_type: &'static str, body: &T) -> Self {
        self.headers
            .insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        self.body = serde_json::to_vec(body)
            .map(Bytes::from)
            .map_err(|error| Error::configuration(format!("the body cannot be written as JSON: {error}")));
        self
    }

    /// Sets the body as it is.
    pub fn body(mut self, content_type: HeaderValue, body: impl Into<Bytes>) -> Self {
        self.headers.insert(header::CONTENT_TYPE, content_type);
        self.body = Ok(body.into());
        self
    }

    /// Adds a header.
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// Says whether doing it twice is as good as doing it once: only then is it repeated after an answer got
    /// lost. `GET`, `PUT` and `DELETE` are taken to be so.
    pub fn idempotent(mut self, idempotent: bool) -> Self {
        self.idempotent = idempotent;
        self
    }

    /// How long one try may take.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// How often at most it is sent.
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = Some(attempts.max(1));
        self
    }

    /// Sends it and reads the answer.
    ///
    /// # Errors
    /// Any; see [`Error`].
    pub async fn read<T: DeserializeOwned>(self) -> Result<T> {
        self.send().await?.json()
    }

    /// Sends it; the body of the answer says nothing.
    ///
    /// # Errors
    /// Any; see [`Error`].
    pub async fn done(self) -> Result<()> {
        self.send().await.map(|_| ())
    }

    /// Sends it.
    ///
    /// # Errors
    /// Any; see [`Error`].
    pub async fn send(self) -> Result<Answer> {
        let inner = Arc::clone(&self.client.0);
        let uri = self.uri()?;
        let body = self.body.clone()?;
        let policy = inner.retry;
        let attempts = self.attempts.unwrap_or(policy.attempts).max(1);
        let tracking = Uuid::new_v4();
        let mut tried = 0;
        let mut renewed = false;
        loop {
            tried += 1;
            inner.limiter.turn().await;
            let token = inner.tokens.token().await?;
            let tracking_id = format!("HWSDK_{tracking}_{tried}");
            let context = Context::new(&self.method, uri.path(), Some(tracking_id.clone()));
            let request = self.request(&uri, body.clone(), &token, &tracking_id)?;
            let timeout = self.timeout.unwrap_or(inner.timeout);
            let sent = tokio::time::timeout(timeout, inner.transport.send(request)).await;
            let error = match sent {
                Err(_) => no_answer(
                    context,
                    &TransportError::unknown(format!("no answer within {timeout:?}")),
                ),
                Ok(Err(error)) => no_answer(context, &error),
                Ok(Ok(answer)) => match judge(context, answer) {
                    Ok(answer) => return Ok(answer),
                    Err(error) => error,
                },
            };
            // A token that is refused did nothing: with a fresh one the same may be sent again, once.
            if matches!(error, Error::Unauthorized(_)) && !renewed && inner.tokens.refused(&token).await? {
                renewed = true;
                tried -= 1;
                continue;
            }
            let pause = self.pause(&error, tried, attempts);
            if let Error::RateLimited { retry_after, .. } = &error
                && *retry_after <= policy.longest_wait
            {
                // All tasks of the client leave the service alone, also if this call gives up.
                inner.limiter.pause(pause.unwrap_or(*retry_after));
            }
            let Some(pause) = pause else { return Err(error) };
            if !matches!(error, Error::RateLimited { .. }) {
                tokio::time::sleep(pause).await;
            }
            tracing::debug!(%error, tried, "sent again");
        }
    }

    /// How long to wait before it is sent again; `None`: it is not.
    fn pause(&self, error: &Error, tried: u32, attempts: u32) -> Option<Duration> {
        let policy = self.client.0.retry;
        let repeat = match error {
            Error::RateLimited { .. } => true,
            Error::Unavailable { .. } => self.idempotent,
            Error::Transport { maybe_arrived, .. } => self.idempotent || !maybe_arrived,
            _ => false,
        };
        if !repeat || tried >= attempts {
            return None;
        }
        let asked = error.retry_after().unwrap_or_default();
        (asked <= policy.longest_wait).then(|| asked + policy.pause(tried))
    }

    fn uri(&self) -> Result<Uri> {
        let absolute = self.target.starts_with("http://") || self.target.starts_with("https://");
        let mut text = if absolute {
            if !self.client.trusts(&self.target) {
                return Err(Error::configuration(format!(
                    "the token does not go to {}: if it should, name the host with ClientBuilder::trust_host",
                    host_of(&self.target)
                )));
            }
            self.target.clone()
        } else {
            format!(
                "{}/{}",
                self.client.base_url(),
                self.target.trim_start_matches('/')
            )
        };
        if !self.query.is_empty() {
            text.push(if text.contains('?') { '&' } else { '?' });
            let mut query = form_urlencoded::Serializer::new(String::new());
            query.extend_pairs(&self.query);
            text.push_str(&query.finish());
        }
        text.parse()
            .map_err(|_| Error::configuration(format!("this is no URL: {}", path_of(&text))))
    }

    fn request(&self, uri: &Uri, body: Bytes, token: &Secret, tracking_id: &str) -> Result<Request<Bytes>> {
        let mut bearer = HeaderValue::try_from(format!("Bearer {}", token.expose()))
            .map_err(|_| Error::configuration("the token has characters that no header can have"))?;
        bearer.set_sensitive(true);
        let mut request = Request::new(body);
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = uri.clone();
        *request.headers_mut() = self.headers.clone();
        let headers = request.headers_mut();
        headers.insert(header::AUTHORIZATION, bearer);
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(header::USER_AGENT, self.client.0.user_agent.clone());
        if let Ok(id) = HeaderValue::try_from(tracking_id) {
            headers.insert(HeaderName::from_static("trackingid"), id);
        }
        Ok(request)
    }
}

fn no_answer(context: Context, error: &TransportError) -> Error {
    Error::Transport {
        maybe_arrived: error.maybe_arrived,
        context: context.say(chain(&*error.source)),
        source: Arc::clone(&error.source),
    }
}

fn judge(mut context: Context, answer: Response<Bytes>) -> Result<Answer> {
    let (head, body) = answer.into_parts();
    if !head.status.is_success() {
        return Err(refusal(context, head.status, &head.headers, &body));
    }
    context.status = Some(head.status.as_u16());
    if let Some(id) = head.headers.get("trackingid").and_then(|id| id.to_str().ok()) {
        context.tracking_id = Some(id.to_owned());
    }
    Ok(Answer {
        status: head.status,
        headers: head.headers,
        body,
        context,
    })
}

/// A target without its query.
fn path_of(target: &str) -> &str {
    target.split(['?', '#']).next().unwrap_or_default()
}

fn host_of(url: &str) -> String {
    let uri: Option<Uri> = url.parse().ok();
    uri.and_then(|uri| uri.host().map(ToOwned::to_owned))
        .unwrap_or_else(|| "a URL without host".to_owned())
}
