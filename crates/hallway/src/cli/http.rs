//! A small HTTP client: one request per connection, everything bounded in time and size.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use hallway_wire::Secret;
use hallway_wire::error::ErrorBody;
use hallway_wire::id::OrgId;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::header::{
    ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST, HeaderMap, HeaderValue, LINK, LOCATION, RETRY_AFTER,
};
use hyper::{Method, Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::OnceCell;

use super::connection::{Connection, Who, is_webex};
use super::failure::{Failure, Refusal, Result};
use super::tls;

/// Longest answer that is read, in bytes.
const MAX_ANSWER: usize = 64 << 20;

/// Longest wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Most pages of one list that are fetched, so that a server that never ends does not keep the caller.
const MAX_PAGES: usize = 1000;

/// What a request carries.
#[derive(Clone, Debug)]
pub(crate) enum Body {
    None,
    Json(Value),
    /// JSON text, kept as it is.
    Text(String),
    /// A JSON patch.
    Patch(Value),
}

/// What came back, whatever its status.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// Talks to one Hallway, or to Webex.
pub(crate) struct Client {
    base: Base,
    who: Who,
    ca: Option<PathBuf>,
    timeout: Duration,
    /// The organization to act in: id or name, and its id once it was looked up.
    org: Option<String>,
    org_id: OnceCell<String>,
}

impl Client {
    /// A client for this connection; nothing is dialled yet.
    ///
    /// # Errors
    /// The address is no `http` or `https` URL.
    pub(crate) fn new(connection: Connection) -> Result<Self> {
        Ok(Self {
            base: Base::parse(&connection.url)?,
            who: connection.who,
            ca: connection.ca,
            timeout: connection.timeout,
            org: connection.org,
            org_id: OnceCell::new(),
        })
    }

    /// The address that it talks to, without a slash at its end.
    pub(crate) fn url(&self) -> &str {
        &self.base.shown
    }

    /// Whether it can act as somebody.
    pub(crate) fn has_token(&self) -> bool {
        !matches!(self.who, Who::Nobody)
    }

    /// Whether it talks to Webex, which has nothing but the public API.
    pub(crate) fn is_webex(&self) -> bool {
        is_webex(&self.base.shown)
    }

    /// As whom it acts.
    pub(super) fn who(&self) -> &Who {
        &self.who
    }

    /// Reads JSON.
    pub(crate) async fn get(&self, path: &str) -> Result<Value> {
        let answer = self.send(Method::GET, path, Body::None).await?;
        answer.json(&Method::GET, path)
    }

    /// Reads text.
    pub(crate) async fn get_text(&self, path: &str) -> Result<String> {
        let answer = self.send(Method::GET, path, Body::None).await?;
        Ok(String::from_utf8_lossy(&answer.body).into_owned())
    }

    /// Reads all items of a list, page after page.
    pub(crate) async fn list(&self, path: &str) -> Result<Vec<Value>> {
        self.list_of(path, "items").await
    }

    /// The same where the items have another key.
    pub(crate) async fn list_of(&self, path: &str, key: &str) -> Result<Vec<Value>> {
        let mut all = Vec::new();
        let mut next = Some(path.to_owned());
        for _ in 0..MAX_PAGES {
            let Some(path) = next.take() else { break };
            let answer = self.send(Method::GET, &path, Body::None).await?;
            next = answer.next_page().and_then(|url| self.base.strip(&url));
            let page: Value = answer.json(&Method::GET, &path)?;
            let items = page.get(key).and_then(Value::as_array);
            all.extend(items.into_iter().flatten().cloned());
        }
        Ok(all)
    }

    /// Sends a request whose answer is JSON.
    pub(crate) async fn ask(&self, method: Method, path: &str, body: Body) -> Result<Value> {
        let answer = self.send(method.clone(), path, body).await?;
        answer.json(&method, path)
    }

    /// Sends a request whose answer does not matter beyond its status.
    pub(crate) async fn tell(&self, method: Method, path: &str, body: Body) -> Result {
        self.send(method, path, body).await.map(drop)
    }

    /// Sends a request as the holder of the token, and turns refusals into failures.
    async fn send(&self, method: Method, path: &str, body: Body) -> Result<Answer> {
        let token = self.token().await?;
        let path = &self.in_organization(path).await?;
        let mut answer = self.exchange(&method, path, body.clone(), Some(&token)).await?;
        if answer.status == StatusCode::UNAUTHORIZED
            && let Who::Profile(session) = &self.who
            && session.source().await?.refused(&token).await.unwrap_or_default()
        {
            // It ended before its time, and there is a new one.
            let token = self.token().await?;
            answer = self.exchange(&method, path, body, Some(&token)).await?;
        }
        self.accepted(answer, &method, path)
    }

    /// The token to act with.
    pub(super) async fn token(&self) -> Result<Secret> {
        match &self.who {
            Who::Nobody => Err(no_token()),
            Who::Token(token) => Ok(token.clone()),
            Who::Profile(session) => session.source().await?.token().await.map_err(|error| {
                let refused = matches!(error, hallway_sdk::Error::Unauthorized(_));
                let failure = Failure::from(error);
                if refused {
                    failure.hint(session.sign_in_hint())
                } else {
                    failure
                }
            }),
        }
    }

    /// This answer if it is a success; else a failure, with what to do about the token of a profile.
    fn accepted(&self, answer: Answer, method: &Method, path: &str) -> Result<Answer> {
        let status = answer.status;
        let accepted = answer.accepted(&self.base.shown, method, path);
        match (&self.who, status) {
            (Who::Profile(session), StatusCode::UNAUTHORIZED) => {
                accepted.map_err(|failure| failure.hint(session.sign_in_hint()))
            }
            (Who::Profile(session), StatusCode::FORBIDDEN) => accepted.map_err(|failure| {
                failure.hint(format!(
                    "`{}` signed in without a right or scope that this needs",
                    session.name
                ))
            }),
            _ => accepted,
        }
    }

    /// A path as it is asked for in the organization of `--org`.
    pub(super) async fn in_organization(&self, path: &str) -> Result<String> {
        if self.org.is_none() {
            return Ok(path.to_owned());
        }
        // The next page of a list names it already.
        let query = path.split_once('?').map_or("", |(_, query)| query);
        if query.split('&').any(|pair| pair.starts_with("orgId=")) {
            return Ok(path.to_owned());
        }
        let id = self.organization().await?.unwrap_or_default();
        let sign = if path.contains('?') { '&' } else { '?' };
        Ok(format!("{path}{sign}orgId={id}"))
    }

    /// The id of the organization to act in, where one was named.
    pub(super) async fn organization(&self) -> Result<Option<&str>> {
        let Some(org) = &self.org else {
            return Ok(None);
        };
        let id = self
            .org_id
            .get_or_try_init(|| self.find_organization(org))
            .await?;
        Ok(Some(id))
    }

    async fn find_organization(&self, wanted: &str) -> Result<String> {
        let own = if self.is_webex() {
            "/v1/organizations"
        } else {
            "/hallway/v1/organizations"
        };
        let wanted = wanted.trim();
        if let Ok(id) = wanted.parse::<OrgId>() {
            // As it was written: Webex has ids of more than one form.
            return Ok(if self.is_webex() {
                wanted.to_owned()
            } else {
                id.to_string()
            });
        }
        let token = self.token().await?;
        let answer = self.exchange(&Method::GET, own, Body::None, Some(&token)).await?;
        let answer = self.accepted(answer, &Method::GET, own)?;
        let answer = answer.json(&Method::GET, own)?;
        let items = answer["items"].as_array().into_iter().flatten();
        let named: Vec<&str> = items
            .filter(|org| {
                let name = org["displayName"].as_str().unwrap_or_default();
                name.trim().eq_ignore_ascii_case(wanted)
            })
            .filter_map(|org| org["id"].as_str())
            .collect();
        match named.as_slice() {
            [one] => Ok((*one).to_owned()),
            [] => Err(
                Failure::refused(format!("you can act in no organization `{wanted}`"))
                    .hint("`hallway organization list` shows those in which you can"),
            ),
            _ => Err(Failure::refused(format!(
                "several organizations are called `{wanted}`: take an id"
            ))),
        }
    }

    pub(super) fn target(&self, path: &str) -> String {
        format!("{}{path}", self.base.prefix)
    }

    pub(super) fn authority(&self) -> &str {
        &self.base.authority
    }

    /// The host of a connection that is encrypted.
    pub(super) fn secure_host(&self) -> Option<&str> {
        self.base.secure.then_some(self.base.host.as_str())
    }

    pub(super) fn ca(&self) -> Option<&std::path::Path> {
        self.ca.as_deref()
    }

    /// Reads JSON as nobody.
    pub(crate) async fn get_public(&self, path: &str) -> Result<Value> {
        let answer = self.exchange(&Method::GET, path, Body::None, None).await?;
        let answer = answer.accepted(&self.base.shown, &Method::GET, path)?;
        answer.json(&Method::GET, path)
    }

    /// Sends a request as nobody, whose answer is JSON.
    pub(crate) async fn ask_public(&self, method: Method, path: &str, body: Body) -> Result<Value> {
        let answer = self.exchange(&method, path, body, None).await?;
        let answer = answer.accepted(&self.base.shown, &method, path)?;
        answer.json(&method, path)
    }

    /// Asks as nobody, and returns whatever comes back.
    pub(crate) async fn probe(&self, path: &str) -> Result<Answer> {
        self.exchange(&Method::GET, path, Body::None, None).await
    }

    async fn exchange(
        &self,
        method: &Method,
        path: &str,
        body: Body,
        token: Option<&Secret>,
    ) -> Result<Answer> {
        if self.is_webex() && !path.starts_with("/v1/") {
            return Err(
                Failure::usage("this command needs a Hallway: Webex has nothing of the kind")
                    .hint("`hallway profile use NAME` or --url says where commands go"),
            );
        }
        let request = self.request(method, path, body, token)?;
        let exchange = async {
            let stream = self.connect().await?;
            if self.base.secure {
                let connector = tls::connector(self.ca.as_deref())?;
                let name = ServerName::try_from(self.base.host.clone()).map_err(|error| {
                    Failure::usage(format!("`{}` is no name for TLS: {error}", self.base.host))
                })?;
                let stream = connector.connect(name, stream).await.map_err(|error| {
                    self.unreachable(&error)
                        .hint("a certificate of your own authority is trusted with --ca FILE")
                })?;
                self.converse(stream, request).await
            } else {
                self.converse(stream, request).await
            }
        };
        match tokio::time::timeout(self.timeout, exchange).await {
            Ok(answer) => answer,
            Err(_) => Err(Failure::refused(format!(
                "{} did not answer within {} s",
                self.base.shown,
                self.timeout.as_secs()
            ))
            .hint("a longer wait is allowed with --timeout SECONDS")),
        }
    }

    fn request(
        &self,
        method: &Method,
        path: &str,
        body: Body,
        token: Option<&Secret>,
    ) -> Result<Request<Full<Bytes>>> {
        let target = format!("{}{path}", self.base.prefix);
        let (kind, bytes) = match body {
            Body::None => (None, Bytes::new()),
            Body::Json(value) => (Some("application/json"), value.to_string().into()),
            Body::Text(text) => (Some("application/json"), text.into()),
            Body::Patch(value) => (Some("application/json-patch+json"), value.to_string().into()),
        };
        let mut request = Request::builder()
            .method(method)
            .uri(target)
            .header(HOST, &self.base.authority)
            .header(ACCEPT, "application/json");
        if let Some(kind) = kind {
            request = request.header(CONTENT_TYPE, kind);
        }
        if let Some(token) = token {
            let mut bearer = HeaderValue::try_from(format!("Bearer {}", token.expose().trim()))
                .map_err(|_| Failure::usage("the token holds characters that no token has"))?;
            bearer.set_sensitive(true);
            request = request.header(AUTHORIZATION, bearer);
        }
        request
            .body(Full::new(bytes))
            .map_err(|error| Failure::usage(format!("{method} {path} is no request: {error}")))
    }

    pub(super) async fn connect(&self) -> Result<TcpStream> {
        let address = (self.base.host.as_str(), self.base.port);
        match tokio::time::timeout(CONNECT_TIMEOUT, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                // A request is written in one go: waiting to fill packets only costs time.
                let _ = stream.set_nodelay(true);
                Ok(stream)
            }
            Ok(Err(error)) => Err(self.unreachable(&error)),
            Err(_) => Err(self.unreachable(&"no connection within 5 s")),
        }
    }

    async fn converse<S>(&self, stream: S, request: Request<Full<Bytes>>) -> Result<Answer>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let io = TokioIo::new(stream);
        let (mut sender, connection) = hyper::client::conn::http1::handshake(io)
            .await
            .map_err(|error| self.unreachable(&error))?;
        let exchange = async {
            let response = sender
                .send_request(request)
                .await
                .map_err(|error| self.unreachable(&error))?;
            let (head, body) = response.into_parts();
            let body = Limited::new(body, MAX_ANSWER)
                .collect()
                .await
                .map_err(|error| self.unreachable(&error))?;
            Ok(Answer {
                status: head.status,
                headers: head.headers,
                body: body.to_bytes(),
            })
        };
        let (mut exchange, mut connection) = (pin!(exchange), pin!(connection));
        tokio::select! {
            biased;
            answer = &mut exchange => answer,
            // The server may close as soon as everything is sent: the answer is then waiting already.
            _ = &mut connection => exchange.await,
        }
    }

    pub(super) fn unreachable(&self, error: &dyn std::fmt::Display) -> Failure {
        let url = &self.base.shown;
        Failure::refused(format!("cannot talk to {url}: {error}")).hint(
            "is Hallway running there? start one with `hallway demo`, or name another with --url, \
             HALLWAY_URL or --ready-file",
        )
    }
}

fn no_token() -> Failure {
    Failure::usage("no token to act with").hint(
        "pass --token, set HALLWAY_TOKEN, name the ready file with --ready-file, or sign in with `hallway profile \
         add` and `hallway login`; `hallway demo` prints an administrator's token when it starts",
    )
}

impl Answer {
    pub(super) fn of(status: StatusCode, headers: HeaderMap, body: Bytes) -> Self {
        Self {
            status,
            headers,
            body,
        }
    }

    /// This answer if it is a success, else the reason in the platform's words.
    pub(super) fn accepted(self, url: &str, method: &Method, path: &str) -> Result<Self> {
        if self.status.is_success() {
            return Ok(self);
        }
        Err(Failure::Refused(Box::new(self.refusal(url, method, path))))
    }

    fn refusal(&self, url: &str, method: &Method, path: &str) -> Refusal {
        let header = |name| self.headers.get(name).and_then(|value| value.to_str().ok());
        let mut refusal = Refusal {
            status: Some(self.status.as_u16()),
            tracking_id: header("trackingid").map(ToOwned::to_owned),
            ..Refusal::default()
        };
        let path = path.split('?').next().unwrap_or(path);
        let said = serde_json::from_slice::<ErrorBody>(&self.body);
        let ours = said.is_ok();
        match said {
            Ok(body) => {
                refusal.message = body.message;
                refusal.details = body.errors.into_iter().map(|item| item.description).collect();
                refusal.tracking_id = Some(body.tracking_id);
            }
            Err(_) => refusal.message = format!("{method} {path} was answered with {}", self.status),
        }
        refusal.hint = match self.status {
            StatusCode::UNAUTHORIZED => Some(
                "the token is unknown or ran out: take the one that this Hallway printed or wrote to its \
                 ready file"
                    .to_owned(),
            ),
            StatusCode::FORBIDDEN => Some("this needs the token of an administrator".to_owned()),
            StatusCode::TOO_MANY_REQUESTS => {
                header(RETRY_AFTER.as_str()).map(|seconds| format!("try again in {seconds} s"))
            }
            status if status.is_redirection() => {
                header(LOCATION.as_str()).map(|to| format!("it points to {to}: try that with --url"))
            }
            _ if !ours => Some(format!("is {url} the address of a Hallway?")),
            _ => None,
        };
        refusal
    }

    /// The body as JSON.
    pub(crate) fn json(&self, method: &Method, path: &str) -> Result<Value> {
        serde_json::from_slice(&self.body).map_err(|error| {
            let path = path.split('?').next().unwrap_or(path);
            Failure::refused(format!(
                "{method} {path} was answered with something that is not JSON: {error}"
            ))
            .hint("does --url point to a Hallway, without /v1 at its end?")
        })
    }

    /// The URL of the next page, from the `Link` header.
    fn next_page(&self) -> Option<String> {
        let links = self.headers.get_all(LINK).iter();
        let mut links = links.filter_map(|value| value.to_str().ok());
        links.find_map(|value| {
            value.split(',').find_map(|link| {
                let (target, rest) = link.trim().strip_prefix('<')?.split_once('>')?;
                let next = rest.split(';').any(|parameter| {
                    let parameter = parameter.trim();
                    parameter == "rel=\"next\"" || parameter == "rel=next"
                });
                next.then(|| target.to_owned())
            })
        })
    }
}

/// Reads a shape out of JSON.
///
/// # Errors
/// It is not there, which means that client and Hallway are of different versions.
pub(crate) fn shape<T: DeserializeOwned>(value: &Value) -> Result<T> {
    T::deserialize(value).map_err(|error| {
        Failure::refused(format!("the answer is not what this client knows: {error}"))
            .hint("are this command and the Hallway of the same version? --json shows the answer as it is")
    })
}

/// A path with a query, properly encoded.
pub(crate) fn with_query(path: &str, pairs: &[(&str, &str)]) -> String {
    let mut text = path.to_owned();
    for (i, (key, value)) in pairs.iter().enumerate() {
        text.push(if i == 0 { '?' } else { '&' });
        text.push_str(key);
        text.push('=');
        text.push_str(&encoded(value));
    }
    text
}

/// A text as one segment of a path or one value of a query.
pub(crate) fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte));
            }
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

/// The parts of the address.
#[derive(Debug, PartialEq, Eq)]
struct Base {
    secure: bool,
    host: String,
    port: u16,
    /// What the `Host` header says.
    authority: String,
    /// Path in front of every path, without a slash at its end.
    prefix: String,
    shown: String,
}

impl Base {
    fn parse(url: &str) -> Result<Self> {
        let wrong = |why: &str| {
            Failure::usage(format!("`{url}` is not an address: {why}"))
                .hint("write it like http://127.0.0.1:8080 or https://hallway.example.com")
        };
        let uri: Uri = url.trim().parse().map_err(|_| wrong("it is no URL"))?;
        let secure = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err(wrong("it must begin with http:// or https://")),
        };
        let authority = uri.authority().ok_or_else(|| wrong("it names no host"))?;
        if authority.as_str().contains('@') {
            return Err(Failure::usage(
                "the address holds a user name, which Hallway knows not",
            ));
        }
        if uri.query().is_some() {
            return Err(wrong("it must not hold a query"));
        }
        let prefix = uri.path().trim_end_matches('/').to_owned();
        let host = authority.host();
        let host = host
            .strip_prefix('[')
            .and_then(|h| h.strip_suffix(']'))
            .unwrap_or(host);
        Ok(Self {
            secure,
            host: host.to_owned(),
            port: authority.port_u16().unwrap_or(if secure { 443 } else { 80 }),
            authority: authority.to_string(),
            shown: format!("{}://{authority}{prefix}", if secure { "https" } else { "http" }),
            prefix,
        })
    }

    /// The path and query of a URL that the server gave, as this client asks for it. The host in it is not
    /// followed: behind a proxy it may be another one, and the token must not leave this server.
    fn strip(&self, url: &str) -> Option<String> {
        let uri: Uri = url.parse().ok()?;
        let path = uri.path_and_query()?.as_str();
        let path = path.strip_prefix(&self.prefix).unwrap_or(path);
        path.starts_with('/').then(|| path.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_apart() {
        let base = Base::parse("https://hallway.example.com/below/").unwrap();
        assert_eq!((base.secure, base.port), (true, 443));
        assert_eq!(base.shown, "https://hallway.example.com/below");
        assert_eq!(
            base.strip("https://elsewhere.example.com/below/v1/devices?start=2"),
            Some("/v1/devices?start=2".to_owned())
        );
        let base = Base::parse("http://[::1]:8080").unwrap();
        assert_eq!(
            (base.host.as_str(), base.port, base.prefix.as_str()),
            ("::1", 8080, "")
        );
        for bad in [
            "",
            "localhost",
            "localhost:8080",
            "ftp://x",
            "http://a@b",
            "http://x/?q",
            "http://",
        ] {
            assert_eq!(Base::parse(bad).unwrap_err().exit_code(), 2, "{bad}");
        }
    }

    #[test]
    fn queries_are_encoded() {
        assert_eq!(
            with_query(
                "/v1/xapi/status",
                &[("deviceId", "a+/="), ("name", "Call[*].Status")]
            ),
            "/v1/xapi/status?deviceId=a%2B%2F%3D&name=Call%5B%2A%5D.Status"
        );
    }
}
