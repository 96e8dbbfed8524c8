//! `/v1/contents`: files of messages.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use hallway_platform::Platform;
use hallway_platform::ports::BlobReader;
use hallway_wire::id;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::query::{Ask, PathId};
use crate::describe::{Api, Op};
use crate::error::ApiError;

pub(super) fn routes() -> Api {
    Api::new("Contents").get(
        "/contents/{id}",
        get_content,
        Op::new("Get the file of a message")
            .about("Its name is in the header Content-Disposition. Whoever sees the message may read it.")
            .scopes(&["spark:messages_read", "spark-compliance:messages_read"])
            .answers_as(200, "*/*", None),
    )
}

/// What stands percent-encoded in `filename*`: everything but RFC 8187's attr-char.
const NAME: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');

/// The header that says what a file is called: plainly for old clients, exactly for others.
fn disposition(name: &str) -> HeaderValue {
    let plain: String = name
        .chars()
        .map(|c| match c {
            '"' | '\\' => '_',
            c if c.is_ascii() && !c.is_control() => c,
            _ => '_',
        })
        .collect();
    let exact = utf8_percent_encode(name, NAME);
    HeaderValue::from_str(&format!(
        "attachment; filename=\"{plain}\"; filename*=UTF-8''{exact}"
    ))
    .unwrap_or(HeaderValue::from_static("attachment"))
}

async fn get_content(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    PathId(id): PathId<id::Content>,
) -> Result<Response, ApiError> {
    let open = platform.open_content(&caller, id).await?;
    let kind = HeaderValue::from_str(&open.content.media_type)
        .unwrap_or(HeaderValue::from_static("application/octet-stream"));
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_LENGTH, open.content.size.into()),
        (header::CONTENT_DISPOSITION, disposition(&open.content.name)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        // Nobody's browser runs what somebody uploaded.
        (
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ),
        (
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static("default-src 'none'; sandbox"),
        ),
    ];
    Ok((headers, stream(open.bytes)).into_response())
}

/// The bytes as they are read.
fn stream(bytes: Box<dyn BlobReader>) -> Body {
    let chunks = futures_util::stream::unfold(Some(bytes), async |bytes| {
        let mut bytes = bytes?;
        match bytes.read().await {
            Ok(None) => None,
            Ok(Some(chunk)) => Some((Ok(chunk), Some(bytes))),
            Err(error) => {
                tracing::error!(%error, "a file broke off");
                Some((Err(error), None))
            }
        }
    });
    Body::from_stream(chunks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_in_headers() {
        let shown = |name: &str| disposition(name).to_str().unwrap().to_owned();
        assert_eq!(
            shown("plan.pdf"),
            "attachment; filename=\"plan.pdf\"; filename*=UTF-8''plan.pdf"
        );
        assert_eq!(
            shown("a\"b ü\r\nx: y;.txt"),
            "attachment; filename=\"a_b ___x: y;.txt\"; filename*=UTF-8''a%22b%20%C3%BC%0D%0Ax%3A%20y%3B.txt"
        );
    }
}
