//! What can go wrong, in the words of the domain. It knows no HTTP; the server maps it.

use hallway_wire::error::ErrorItem;

/// Why the platform did not do it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No usable token came with the request.
    #[error("The request requires a valid access token set in the Authorization request header.")]
    Unauthenticated,
    /// The token is good, but does not allow this.
    #[error("{message}")]
    Forbidden { message: String },
    /// There is no such thing, or the caller must not know that there is.
    #[error("Could not find a {what} with provided ID.")]
    NotFound { what: &'static str },
    /// As `NotFound`, with a text of its own.
    #[error("{message}")]
    Missing { message: String },
    /// The request cannot be understood or breaks a rule; one item for each thing that is wrong.
    #[error("{message}")]
    Invalid { message: String, errors: Vec<ErrorItem> },
    /// The state does not allow it now.
    #[error("{message}")]
    Conflict { message: String },
    /// Something that the decision was based on was changed in the meantime; see `Platform::retrying`.
    #[error("Somebody else changed this in the meantime: read it again and repeat the request.")]
    Stale,
    /// Too long a request body or list, or a file that is too big.
    #[error("{message}")]
    TooLarge { message: String },
    /// Numbered errors of provisioning and calling. The first may stand at the top of the body too.
    #[error("{message}")]
    Coded {
        kind: CodedKind,
        message: String,
        /// `errorCode` beside `message`.
        code: Option<i64>,
        errors: Vec<ErrorItem>,
    },
    /// An OAuth error: `invalid_grant` and its kind.
    #[error("{description}")]
    OAuth {
        error: &'static str,
        description: String,
    },
    /// The client of the token endpoint did not prove who it is.
    #[error("Invalid client credentials")]
    InvalidClient,
    /// Too many requests.
    #[error("Too many requests: try again in {retry_after_s} s.")]
    RateLimited { retry_after_s: u64 },
    /// The device is not there, or did not answer in time.
    #[error("{message}")]
    DeviceUnreachable { message: String },
    /// A vendor's service did not do what it was asked for. The text says what came back, never its content.
    #[error("{message}")]
    Vendor { message: String },
    /// The store failed; the source is logged, never told.
    #[error("the store failed while {doing}")]
    Store {
        doing: &'static str,
        #[source]
        source: crate::ports::StoreError,
    },
    /// The queue failed.
    #[error("the notification queue failed")]
    Queue(#[from] crate::ports::QueueError),
    /// A fault of ours.
    #[error("internal fault: {0}")]
    Internal(String),
}

/// Which kind of refusal carries numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodedKind {
    Invalid,
    NotFound,
    Conflict,
}

/// What platform methods return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// A request that breaks one rule.
    pub fn invalid(message: impl Into<String>) -> Self {
        let message = message.into();
        Self::Invalid {
            errors: vec![ErrorItem {
                description: message.clone(),
                error_code: None,
            }],
            message,
        }
    }

    /// A request that breaks several rules.
    pub fn invalid_all(message: impl Into<String>, problems: impl IntoIterator<Item = String>) -> Self {
        let errors = problems
            .into_iter()
            .map(|description| ErrorItem {
                description,
                error_code: None,
            })
            .collect();
        Self::Invalid {
            message: message.into(),
            errors,
        }
    }

    /// A refusal with the error number that clients know it by.
    pub fn coded(kind: CodedKind, code: i64, message: impl Into<String>) -> Self {
        let message = message.into();
        Self::Coded {
            kind,
            code: None,
            errors: vec![ErrorItem {
                description: message.clone(),
                error_code: Some(code),
            }],
            message,
        }
    }

    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::Forbidden {
            message: message.into(),
        }
    }

    pub fn conflict(message: impl Into<String>) -> Self {
        Self::Conflict {
            message: message.into(),
        }
    }
}

/// Adds what was being done to a store error.
pub trait Doing<T> {
    /// # Errors
    /// The store's error, as [`Error::Store`]; a conflict as [`Error::Conflict`].
    fn doing(self, doing: &'static str) -> Result<T>;
}

impl<T> Doing<T> for Result<T, crate::ports::StoreError> {
    fn doing(self, doing: &'static str) -> Result<T> {
        self.map_err(|source| match source {
            crate::ports::StoreError::Conflict { what } => Error::Conflict { message: what },
            crate::ports::StoreError::Stale => Error::Stale,
            source => Error::Store { doing, source },
        })
    }
}
