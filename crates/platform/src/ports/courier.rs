//! Who carries outgoing requests.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use hallway_wire::Secret;

/// Where requests go, and how they introduce themselves.
#[derive(Clone, Debug)]
pub struct Target {
    pub url: String,
    /// Certificate chain and private key, PEM.
    pub mutual_tls: Option<(String, Secret)>,
    /// For the whole exchange.
    pub timeout: Duration,
    /// Most bytes of the answer that are read.
    pub max_answer: usize,
}

/// Most bytes of an answer that somebody reads.
pub const MAX_ANSWER: usize = 64 * 1024;

/// What came back.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    pub status: u16,
    /// What the answer says it is, as it came.
    pub content_type: Option<String>,
    /// Whether it was longer than the target allows, or broke off.
    pub cut: bool,
    /// Empty where it was longer than the target allows.
    pub body: Bytes,
}

/// Why nothing usable came back. A sentence for people; never contains a secret.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub struct CourierError(pub String);

/// One connection to one target, opened when it is needed and kept while it is good.
#[async_trait]
pub trait Errand: Send {
    /// Posts a body.
    async fn post(&mut self, headers: &http::HeaderMap, body: Bytes) -> Result<Answer, CourierError>;
}

/// What was found at a URL.
#[expect(missing_debug_implementations, reason = "the body is a trait object")]
pub struct Fetched {
    pub status: u16,
    pub headers: http::HeaderMap,
    pub body: Box<dyn Download>,
}

/// A body that arrives.
#[async_trait]
pub trait Download: Send {
    /// The next bytes; `None` at the end. Each wait is bounded by the target's time.
    async fn chunk(&mut self) -> Result<Option<Bytes>, CourierError>;
}

/// Makes errands. Targets are checked when they are dialled: link-local and metadata addresses never,
/// loopback and private ranges by a setting.
#[async_trait]
pub trait Courier: Send + Sync {
    /// # Errors
    /// The target is none: bad URL, scheme not allowed, bad certificate.
    fn errand(&self, target: &Target) -> Result<Box<dyn Errand>, CourierError>;

    /// Whether a target can be one, without dialling it: what can be told from the URL alone.
    ///
    /// # Errors
    /// It is none, or its address may not be dialled.
    fn check(&self, target: &Target) -> Result<(), CourierError> {
        self.errand(target).map(drop)
    }

    /// As [`check`](Self::check), for a URL that somebody else is going to open: where the name of its host can
    /// be resolved, its addresses are checked too. A name that means nothing here may mean something there.
    ///
    /// # Errors
    /// It is no target, or leads to an address that may not be dialled.
    async fn check_host(&self, target: &Target) -> Result<(), CourierError> {
        self.check(target)
    }

    /// Asks for what is at a URL, without following where it points to.
    async fn fetch(&self, target: &Target) -> Result<Fetched, CourierError> {
        drop(self.errand(target)?);
        Err(CourierError("this courier fetches nothing".to_owned()))
    }
}
