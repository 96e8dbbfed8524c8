//! The client: where the service is, who asks, and how patiently.

mod call;
mod limit;
mod page;
mod proxy;
mod retry;
mod transport;
mod trust;

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::{HeaderValue, Method};

pub use call::{Answer, Call};
pub use limit::RateLimit;
pub use page::List;
pub use retry::RetryPolicy;
pub use transport::{Https, Transport, TransportError};

use crate::error::{Error, Result};
use crate::sync::lock;
use crate::tokens::{Personal, TokenSource};
use hallway_wire::Secret;
use limit::Limiter;
use trust::Trust;

/// The public Webex API.
pub const WEBEX: &str = "https://webexapis.com/v1";

/// A way to the REST API of Webex, or of a Hallway. Cheap to clone; clones share connections, token and limits.
///
/// ```no_run
/// # async fn example() -> hallway_sdk::Result<()> {
/// use hallway_sdk::Client;
///
/// let client = Client::builder("http://localhost:8080/v1").personal_token("…").build()?;
/// let me = client.people().me().await?;
/// println!("{}", me.display_name.unwrap_or_default());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    base: Mutex<Arc<str>>,
    transport: Arc<dyn Transport>,
    tokens: Arc<dyn TokenSource>,
    retry: RetryPolicy,
    limiter: Limiter,
    trust: Trust,
    user_agent: HeaderValue,
    timeout: Duration,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("base", &self.base_url())
            .finish_non_exhaustive()
    }
}

impl Client {
    /// A client of the API at this address, which ends in `/v1`; for Webex itself [`WEBEX`].
    pub fn builder(base_url: impl Into<String>) -> ClientBuilder {
        ClientBuilder {
            base: base_url.into(),
            transport: None,
            tokens: None,
            retry: RetryPolicy::default(),
            limit: RateLimit::default(),
            trusted: Vec::new(),
            user_agent: None,
            timeout: Duration::from_secs(60),
        }
    }

    /// Where the API is.
    pub fn base_url(&self) -> Arc<str> {
        Arc::clone(&lock(&self.0.base))
    }

    /// A request that this crate has no method for: a path below the base URL, or an absolute URL on a host
    /// that the client trusts with its token.
    ///
    /// ```no_run
    /// # async fn example(client: hallway_sdk::Client) -> hallway_sdk::Result<()> {
    /// use http::Method;
    ///
    /// let roles: serde_json::Value = client.request(Method::GET, "roles").query("max", 10).read().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn request(&self, method: Method, target: impl Into<String>) -> Call {
        Call::new(self.clone(), method, target.into())
    }

    /// A request for a path of segments, of which none can break out.
    pub(crate) fn at(&self, method: Method, segments: &[&str]) -> Call {
        self.request(method, path(segments))
    }

    /// The whole list at a path: pages are fetched as they are needed.
    pub(crate) fn list<T>(&self, segments: &[&str], key: &'static str) -> List<T> {
        List::new(self.clone(), path(segments), key)
    }

    /// Another host that gets the token: one of the URLs of an activation.
    pub(crate) fn trust(&self, url: &str) {
        self.0.trust.add(url);
    }

    /// Whether a URL may get the token.
    pub(crate) fn trusts(&self, url: &str) -> bool {
        self.0.trust.covers(url)
    }

    /// The API has moved.
    pub(crate) fn rebase(&self, base_url: &str) {
        self.trust(base_url);
        *lock(&self.0.base) = base_url.trim_end_matches('/').into();
    }
}

/// A path of segments, for [`Client::request`]: none of them can break out of its place.
///
/// ```
/// assert_eq!(hallway_sdk::client::path(&["people", "../me"]), "people/..%2Fme");
/// ```
pub fn path(segments: &[&str]) -> String {
    let encoded = segments.iter().map(|segment| {
        percent_encoding::utf8_percent_encode(segment, percent_encoding::NON_ALPHANUMERIC)
            .to_string()
            .replace("%2D", "-")
            .replace("%5F", "_")
            .replace("%2E", ".")
    });
    encoded.collect::<Vec<_>>().join("/")
}

/// Collects what a [`Client`] needs.
#[must_use]
pub struct ClientBuilder {
    base: String,
    transport: Option<Arc<dyn Transport>>,
    tokens: Option<Arc<dyn TokenSource>>,
    retry: RetryPolicy,
    limit: RateLimit,
    trusted: Vec<String>,
    user_agent: Option<String>,
    timeout: Duration,
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("base", &self.base)
            .finish_non_exhaustive()
    }
}

impl ClientBuilder {
    /// Who asks: a token that is not renewed, of a person or a bot.
    pub fn personal_token(self, token: impl Into<String>) -> Self {
        self.tokens(Arc::new(Personal::new(Secret::new(token))))
    }

    /// Who asks: a source that renews its tokens, such as [`Renewing`](crate::tokens::Renewing).
    pub fn tokens(mut self, tokens: Arc<dyn TokenSource>) -> Self {
        self.tokens = Some(tokens);
        self
    }

    /// How requests travel; [`Https::from_env`] if nothing is said.
    pub fn transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.transport = Some(transport);
        self
    }

    /// How patiently requests are repeated.
    pub fn retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }

    /// How often at most it asks.
    pub fn rate_limit(mut self, limit: RateLimit) -> Self {
        self.limit = limit;
        self
    }

    /// Another host that gets the token, besides that of the base URL: `https://xapi.example.com`.
    pub fn trust_host(mut self, url: impl Into<String>) -> Self {
        self.trusted.push(url.into());
        self
    }

    /// What the program calls itself; the name of this crate is added.
    pub fn user_agent(mut self, name: impl Into<String>) -> Self {
        self.user_agent = Some(name.into());
        self
    }

    /// How long one try may take; 60 seconds if nothing is said.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The client. Nothing is sent yet.
    ///
    /// # Errors
    /// [`Error::Configuration`]: the base URL is no URL, or nobody said who asks.
    pub fn build(self) -> Result<Client> {
        let base = self.base.trim_end_matches('/');
        let trust = Trust::new(base)?;
        self.trusted.iter().for_each(|url| trust.add(url));
        let own = concat!("hallway-sdk/", env!("CARGO_PKG_VERSION"));
        let user_agent = self
            .user_agent
            .map_or(own.to_owned(), |name| format!("{name} {own}"));
        Ok(Client(Arc::new(Inner {
            base: Mutex::new(base.into()),
            transport: match self.transport {
                Some(transport) => transport,
                None => Arc::new(Https::from_env()?),
            },
            tokens: self
                .tokens
                .ok_or_else(|| Error::configuration("the client needs a token or a token source"))?,
            retry: self.retry,
            limiter: Limiter::new(self.limit),
            trust,
            user_agent: HeaderValue::from_str(&user_agent)
                .map_err(|_| Error::configuration("the user agent has characters that no header can have"))?,
            timeout: self.timeout,
        })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_stay_segments() {
        assert_eq!(path(&["people", "Y2lz_-x"]), "people/Y2lz_-x");
        assert_eq!(path(&["people", "../me?x#y z"]), "people/..%2Fme%3Fx%23y%20z");
        assert_eq!(path(&["a", "Y2="]), "a/Y2%3D");
    }

    #[test]
    fn says_what_is_missing() {
        assert!(Client::builder("nonsense").personal_token("t").build().is_err());
        let error = Client::builder(WEBEX).build().unwrap_err();
        assert!(error.to_string().contains("token"));
    }
}
