//! JSON and form bodies, in and out.

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::ApiError;

/// Most bytes of a body: a command's content may have 4 MiB, and JSON escapes it.
pub(crate) const MAX_BODY: usize = 8 << 20;

/// How long a body may take to arrive.
const BODY_TIME: std::time::Duration = std::time::Duration::from_secs(30);

/// Headers of every JSON answer.
pub(crate) fn json_headers() -> [(header::HeaderName, HeaderValue); 2] {
    [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json;charset=UTF-8"),
        ),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    ]
}

/// A JSON answer, or a JSON body that was asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Json<T>(pub(crate) T);

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(body) => (json_headers(), body).into_response(),
            Err(error) => {
                tracing::error!(%error, "an answer could not be written as JSON");
                ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "Internal error.").into_response()
            }
        }
    }
}

/// Reads a whole body.
pub(crate) async fn read(body: Body) -> Result<Bytes, ApiError> {
    match tokio::time::timeout(BODY_TIME, axum::body::to_bytes(body, MAX_BODY)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(_)) => Err(ApiError::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("The body could not be read: it is longer than {MAX_BODY} bytes or was cut off."),
        )),
        Err(_) => Err(ApiError::new(
            StatusCode::REQUEST_TIMEOUT,
            "The body did not arrive in time.",
        )),
    }
}

/// The media type of a request, without parameters, in lower case.
pub(crate) fn media_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    Some(
        value
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase(),
    )
}

fn is_json(media_type: &str) -> bool {
    matches!(
        media_type,
        "application/json" | "application/json-patch+json" | "text/json"
    ) || (media_type.starts_with("application/") && media_type.ends_with("+json"))
}

/// Whether a shape is a list: then it cannot be read out of an object.
fn takes_list<T: DeserializeOwned>() -> bool {
    serde_json::from_str::<T>("{}").is_err_and(|error| error.to_string().contains("expected a sequence"))
}

/// Reads a JSON text into a shape, and says where it does not fit.
pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    // serde reads the members of an object out of a list too, in their order: nobody means that.
    let list = bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[');
    if list && !takes_list::<T>() {
        return Err(ApiError::bad_request(
            "The body does not have the expected shape: a list came where an object is expected",
        ));
    }
    serde_json::from_slice(bytes).map_err(|error| {
        let kind = if error.is_data() {
            "The body does not have the expected shape"
        } else {
            "The body is not JSON"
        };
        ApiError::bad_request(format!("{kind}: {error}"))
    })
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        check_json(request.headers())?;
        let bytes = read(request.into_body()).await?;
        parse(&bytes).map(Json)
    }
}

/// Demands a JSON content type.
pub(crate) fn check_json(headers: &HeaderMap) -> Result<(), ApiError> {
    match media_type(headers) {
        Some(media_type) if is_json(&media_type) => Ok(()),
        Some(media_type) => Err(ApiError::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            format!("Content type '{media_type}' not supported: send application/json."),
        )),
        None => Err(ApiError::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "Content type is missing: send application/json.",
        )),
    }
}

/// A body that is read after the caller's right has been checked.
#[derive(Debug)]
pub(crate) struct Unread(Request);

impl<S: Send + Sync> FromRequest<S> for Unread {
    type Rejection = std::convert::Infallible;

    async fn from_request(request: Request, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(request))
    }
}

impl Unread {
    /// A request whose body was not touched.
    pub(crate) fn new(request: Request) -> Self {
        Self(request)
    }

    /// The request, for who reads its body otherwise.
    pub(crate) fn into_request(self) -> Request {
        self.0
    }

    /// Reads it as JSON.
    pub(crate) async fn json<T: DeserializeOwned>(self) -> Result<T, ApiError> {
        Json::from_request(self.0, &()).await.map(|Json(body)| body)
    }

    /// Reads the text that claims to be JSON.
    pub(crate) async fn text(self) -> Result<Bytes, ApiError> {
        check_json(self.0.headers())?;
        read(self.0.into_body()).await
    }

    /// Reads it as JSON, where there is one.
    pub(crate) async fn json_or_default<T: DeserializeOwned + Default>(self) -> Result<T, ApiError> {
        let (parts, body) = self.0.into_parts();
        let bytes = read(body).await?;
        if bytes.is_empty() {
            return Ok(T::default());
        }
        check_json(&parts.headers)?;
        parse(&bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, serde::Deserialize)]
    #[serde(default)]
    struct Shape {
        name: Option<String>,
    }

    #[test]
    fn a_list_is_no_object() {
        assert!(parse::<Shape>(b"{}").is_ok());
        assert!(parse::<Shape>(b" [\"name\"]").is_err() && parse::<Shape>(b"[]").is_err());
        assert!(parse::<Vec<String>>(b" [\"name\"]").is_ok() && parse::<Vec<String>>(b"{}").is_err());
        assert!(parse::<serde_json::Value>(b"{}").is_ok());
    }
}
