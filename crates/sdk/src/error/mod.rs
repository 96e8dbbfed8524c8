//! What can go wrong, as one type.

mod refusal;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::Method;

pub(crate) use refusal::refusal;

use crate::jwt::CodeError;
use crate::tokens::StoreError;

/// What the calls of this crate return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why something was not done.
///
/// Whatever the service said comes with a [`Context`]: method, path, status, its message, and the tracking id
/// that its operators ask for. No variant holds a token or a query.
///
/// ```no_run
/// # async fn example(client: hallway_sdk::Client, id: hallway_sdk::DeviceId) -> hallway_sdk::Result<()> {
/// use hallway_sdk::Error;
///
/// match client.device(&id).status("Audio.Volume").get::<u8>().await {
///     Ok(volume) => println!("{volume}"),
///     Err(Error::NotFound(_)) => println!("no such device, or it has no volume"),
///     Err(Error::Permission { missing, .. }) => println!("ask the administrator for {missing}"),
///     Err(error) if error.is_temporary() => println!("later: {error}"),
///     Err(error) => return Err(error),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The service does not understand the request, or it breaks a rule (400, 405, 413, 415 and their kind).
    #[error("bad request: {0}")]
    BadRequest(Box<Context>),
    /// The token is not valid, and no new one could be had (401).
    #[error("unauthorized: {0}")]
    Unauthorized(Box<Context>),
    /// The token is valid and does not allow this (403), or the integration was never granted it.
    #[error("not permitted: {context}")]
    Permission {
        /// What is missing, where it is known.
        missing: Missing,
        /// Which request it was.
        context: Box<Context>,
    },
    /// There is no such thing, or the caller must not see it (404, 410).
    #[error("not found: {0}")]
    NotFound(Box<Context>),
    /// The state of things does not allow it now (409, 412, 428).
    #[error("conflict: {0}")]
    Conflict(Box<Context>),
    /// Too many requests (429), also after the retries of the client.
    #[error("rate limited: {context}")]
    RateLimited {
        /// How long the service wants to be left alone.
        retry_after: Duration,
        /// Which request it was.
        context: Box<Context>,
    },
    /// The service, or the device behind it, cannot answer now (408, 423 and 500 to 599).
    #[error("unavailable: {context}")]
    Unavailable {
        /// When to come back, if the service said so.
        retry_after: Option<Duration>,
        /// Which request it was.
        context: Box<Context>,
    },
    /// No answer came.
    #[error("no answer: {context}")]
    Transport {
        /// Whether the request may have arrived. `false`: it certainly did not.
        maybe_arrived: bool,
        /// Which request it was.
        context: Box<Context>,
        /// What the network said.
        #[source]
        source: Arc<dyn std::error::Error + Send + Sync>,
    },
    /// The answer is not what the protocol says.
    #[error("unexpected answer: {0}")]
    Protocol(Box<Context>),
    /// Something was set up wrongly here; nothing was sent.
    #[error("{0}")]
    Configuration(String),
    /// An activation code, or the JWT of an action, was refused.
    #[error("refused: {0}")]
    Code(#[from] CodeError),
    /// What must be kept could not be kept, or not be read back.
    #[error("token store: {0}")]
    Store(#[from] StoreError),
}

/// Which request it was, and what the service said about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// `GET`; empty where no request was made.
    pub method: String,
    /// The path, without query.
    pub path: String,
    /// The status of the answer.
    pub status: Option<u16>,
    /// Names the request in the logs of the service: quote it when asking its operators.
    pub tracking_id: Option<String>,
    /// What was wrong, as a sentence of the service.
    pub message: String,
    /// One entry for each thing that was wrong.
    pub details: Vec<Detail>,
}

/// One thing that was wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detail {
    /// A sentence.
    pub description: String,
    /// The number of the documentation, where there is one.
    pub code: Option<i64>,
}

/// What is missing for a permission.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Missing {
    /// One of these scopes.
    Scope(Vec<String>),
    /// An entry of the manifest's `xapiAccess` that encloses this path.
    Xapi(String),
    /// The service did not say.
    Unknown,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scope(scopes) => write!(f, "the scope {}", scopes.join(" or ")),
            Self::Xapi(path) => write!(f, "xAPI access to {path}"),
            Self::Unknown => f.write_str("a permission that the service does not name"),
        }
    }
}

impl fmt::Display for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        for detail in &self.details {
            if detail.description != self.message {
                write!(f, "; {}", detail.description)?;
            }
            if let Some(code) = detail.code {
                write!(f, " [{code}]")?;
            }
        }
        if self.method.is_empty() {
            return Ok(());
        }
        write!(f, " ({} {}", self.method, self.path)?;
        if let Some(status) = self.status {
            write!(f, ", status {status}")?;
        }
        if let Some(id) = &self.tracking_id {
            write!(f, ", tracking id {id}")?;
        }
        f.write_str(")")
    }
}

impl Context {
    pub(crate) fn new(method: &Method, path: &str, tracking_id: Option<String>) -> Self {
        Self {
            method: method.to_string(),
            path: path.to_owned(),
            tracking_id,
            ..Self::default()
        }
    }

    pub(crate) fn say(mut self, message: impl Into<String>) -> Box<Self> {
        self.message = message.into();
        Box::new(self)
    }

    pub(crate) fn local(message: impl Into<String>) -> Box<Self> {
        Self::default().say(message)
    }
}

impl Error {
    /// Which request it was, and what the service said; `None` where no request was made for it.
    pub fn context(&self) -> Option<&Context> {
        match self {
            Self::BadRequest(context)
            | Self::Unauthorized(context)
            | Self::Permission { context, .. }
            | Self::NotFound(context)
            | Self::Conflict(context)
            | Self::RateLimited { context, .. }
            | Self::Unavailable { context, .. }
            | Self::Transport { context, .. }
            | Self::Protocol(context) => Some(context),
            Self::Configuration(_) | Self::Code(_) | Self::Store(_) => None,
        }
    }

    /// Names the request in the logs of the service.
    pub fn tracking_id(&self) -> Option<&str> {
        self.context()?.tracking_id.as_deref()
    }

    /// Whether the same may succeed later, without anybody changing anything.
    pub fn is_temporary(&self) -> bool {
        matches!(
            self,
            Self::RateLimited { .. } | Self::Unavailable { .. } | Self::Transport { .. }
        )
    }

    /// How long to wait before the next try, if the service said so.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited { retry_after, .. } => Some(*retry_after),
            Self::Unavailable { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::NotFound(Context::local(message))
    }

    pub(crate) fn protocol(message: impl Into<String>) -> Self {
        Self::Protocol(Context::local(message))
    }

    pub(crate) fn configuration(message: impl Into<String>) -> Self {
        Self::Configuration(message.into())
    }
}

/// An error with what caused it, in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let said = cause.to_string();
        // Some errors repeat their cause.
        if !text.contains(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        next = cause.source();
    }
    text
}
