//! The one place where the platform's errors become statuses, and where error bodies are made.

use std::sync::Arc;

use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use hallway_platform::Error;
use hallway_platform::error::CodedKind;
use hallway_wire::error::{ErrorBody, ErrorItem};

/// An error on its way out. The body is written where the tracking id is known (`tracking.rs`).
#[derive(Clone, Debug)]
pub struct ApiError(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    status: StatusCode,
    message: String,
    errors: Vec<ErrorItem>,
    /// The word of an OAuth error.
    oauth: Option<&'static str>,
    /// The number beside the message.
    code: Option<i64>,
    retry_after_s: Option<u64>,
    /// What is logged and not told.
    cause: Option<String>,
}

impl ApiError {
    /// An error with one description, its message.
    pub fn new(status: StatusCode, message: impl Into<String>) -> Self {
        let message = message.into();
        let errors = vec![ErrorItem {
            description: message.clone(),
            error_code: None,
        }];
        Self(Arc::new(Parts {
            status,
            message,
            errors,
            oauth: None,
            code: None,
            retry_after_s: None,
            cause: None,
        }))
    }

    /// The same, with `Retry-After`.
    pub(crate) fn retry_after(self, seconds: Option<u64>) -> Self {
        Self(Arc::new(Parts {
            retry_after_s: seconds,
            status: self.0.status,
            message: self.0.message.clone(),
            errors: self.0.errors.clone(),
            oauth: self.0.oauth,
            cause: self.0.cause.clone(),
            code: self.0.code,
        }))
    }

    /// A 400.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    pub(crate) fn cause(&self) -> Option<&str> {
        self.0.cause.as_deref()
    }

    /// The finished answer.
    pub(crate) fn render(&self, tracking_id: &str) -> Response {
        let parts = &self.0;
        let body = ErrorBody {
            message: parts.message.clone(),
            errors: parts.errors.clone(),
            tracking_id: tracking_id.to_owned(),
            error_code: parts.code,
        };
        let mut body = serde_json::to_value(&body).unwrap_or_default();
        if let (Some(word), Some(object)) = (parts.oauth, body.as_object_mut()) {
            object.insert("error".to_owned(), word.into());
            object.insert("error_description".to_owned(), parts.message.clone().into());
        }
        let mut response = (parts.status, crate::body::json_headers(), body.to_string()).into_response();
        if let Some(seconds) = parts.retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        if parts.status == StatusCode::UNAUTHORIZED {
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        let message = error.to_string();
        let one = |message: &str| {
            vec![ErrorItem {
                description: message.to_owned(),
                error_code: None,
            }]
        };
        let errors = one(&message);
        let parts = |status: StatusCode, errors: Vec<ErrorItem>| Parts {
            status,
            message: message.clone(),
            errors,
            oauth: None,
            code: None,
            retry_after_s: None,
            cause: None,
        };
        let internal = |error: &dyn std::error::Error| Parts {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            message: "Internal error. Report it with the tracking id.".to_owned(),
            errors: one("internal error"),
            oauth: None,
            code: None,
            retry_after_s: None,
            cause: Some(chain(error)),
        };
        let parts = match error {
            Error::Unauthenticated => parts(StatusCode::UNAUTHORIZED, errors),
            Error::Forbidden { .. } => parts(StatusCode::FORBIDDEN, errors),
            Error::NotFound { .. } | Error::Missing { .. } => parts(StatusCode::NOT_FOUND, errors),
            Error::Invalid { errors, .. } => parts(StatusCode::BAD_REQUEST, errors),
            Error::Conflict { .. } | Error::Stale => parts(StatusCode::CONFLICT, errors),
            Error::TooLarge { .. } => parts(StatusCode::PAYLOAD_TOO_LARGE, errors),
            Error::Coded {
                kind, code, errors, ..
            } => Parts {
                code,
                ..parts(
                    match kind {
                        CodedKind::Invalid => StatusCode::BAD_REQUEST,
                        CodedKind::NotFound => StatusCode::NOT_FOUND,
                        CodedKind::Conflict => StatusCode::CONFLICT,
                    },
                    errors,
                )
            },
            Error::OAuth { error, .. } => Parts {
                oauth: Some(error),
                ..parts(StatusCode::BAD_REQUEST, errors)
            },
            Error::InvalidClient => Parts {
                oauth: Some("invalid_client"),
                ..parts(StatusCode::UNAUTHORIZED, errors)
            },
            Error::RateLimited { retry_after_s } => Parts {
                retry_after_s: Some(retry_after_s),
                ..parts(StatusCode::TOO_MANY_REQUESTS, errors)
            },
            Error::DeviceUnreachable { .. } => parts(StatusCode::GATEWAY_TIMEOUT, errors),
            Error::Vendor { .. } => parts(StatusCode::BAD_GATEWAY, errors),
            Error::Store { .. } | Error::Queue(_) | Error::Internal(_) => internal(&error),
        };
        Self(Arc::new(parts))
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        text.push_str(": ");
        text.push_str(&source.to_string());
        next = source.source();
    }
    text
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.0.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// An unknown path.
pub(crate) async fn no_route(uri: Uri) -> ApiError {
    let path = uri.path();
    let hint = match path.strip_prefix("/v1") {
        Some(_) => String::new(),
        None => format!(
            " The API is below /v1: did you mean /v1{path}? A base URL must end in /v1/ for some clients."
        ),
    };
    ApiError::new(
        StatusCode::NOT_FOUND,
        format!("There is no resource at {path}.{hint}"),
    )
}

/// A known path with another method. The router adds `Allow`.
pub(crate) async fn no_method(method: Method, uri: Uri) -> ApiError {
    ApiError::new(
        StatusCode::METHOD_NOT_ALLOWED,
        format!("{method} is not supported at {}.", uri.path()),
    )
}
