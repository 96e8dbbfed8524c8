//! `/activate`: the page behind the link of an activation e-mail. Opening it changes nothing, because programs
//! that look at e-mails open links too; its button activates the account.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use hallway_platform::{Error, Platform};

use crate::describe::{Api, Op};
use crate::error::ApiError;
use crate::query::Query;

const HTML: &str = "text/html; charset=utf-8";
/// Longest token that is looked up.
const MAX_TOKEN: usize = 200;

pub(crate) fn routes() -> Api {
    Api::new("Hallway: activation")
        .get(
            "/activate",
            ask,
            Op::new("Show the page that activates an account")
                .open()
                .query("token", "The token of the activation e-mail.")
                .answers_as(200, "text/html", None)
                .answers_as(404, "text/html", None),
        )
        .post(
            "/activate",
            accept,
            Op::new("Activate an account")
                .about("The button of the page. The link is used up then.")
                .open()
                .query("token", "The token of the activation e-mail.")
                .answers_as(200, "text/html", None)
                .answers_as(404, "text/html", None),
        )
}

fn token(query: &Query) -> &str {
    let token = query.get("token").unwrap_or_default();
    if token.len() > MAX_TOKEN { "" } else { token }
}

async fn ask(State(platform): State<Arc<Platform>>, query: Query) -> Result<Response, ApiError> {
    let invitation = match platform.invitation(token(&query)).await {
        Err(Error::Missing { message }) => return Ok(refusal(&message)),
        found => found?,
    };
    let text = format!(
        "<h1>Activate your account</h1>\n<p>{} has an account of {} with the address {}.</p>\n\
         <form method=\"post\"><button type=\"submit\">Activate</button></form>",
        escaped(&invitation.name),
        escaped(&invitation.organization),
        escaped(&invitation.email)
    );
    Ok(page(StatusCode::OK, "Activate your account", &text))
}

async fn accept(State(platform): State<Arc<Platform>>, query: Query) -> Result<Response, ApiError> {
    let invitation = match platform.accept_invitation(token(&query)).await {
        Err(Error::Missing { message }) => return Ok(refusal(&message)),
        found => found?,
    };
    let text = format!(
        "<h1>Your account is active</h1>\n<p>Welcome to {}, {}.</p>",
        escaped(&invitation.organization),
        escaped(&invitation.name)
    );
    Ok(page(StatusCode::OK, "Your account is active", &text))
}

fn refusal(message: &str) -> Response {
    let text = format!("<h1>This link does not work</h1>\n<p>{}</p>", escaped(message));
    page(StatusCode::NOT_FOUND, "This link does not work", &text)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

/// A page without scripts that nobody may frame, keep, or learn the address of.
fn page(status: StatusCode, title: &str, text: &str) -> Response {
    let headers: [(HeaderName, HeaderValue); 6] = [
        (header::CONTENT_TYPE, HeaderValue::from_static(HTML)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ),
        (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
        (
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static(
                "default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
            ),
        ),
    ];
    let body = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n</head>\n\
         <body>\n<main>\n{text}\n</main>\n</body>\n</html>\n"
    );
    (status, headers, body).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_text() {
        assert_eq!(
            escaped("<b>'Ann' & \"Bee\"</b>"),
            "&lt;b&gt;&#39;Ann&#39; &amp; &quot;Bee&quot;&lt;/b&gt;"
        );
    }
}
