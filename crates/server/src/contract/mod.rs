//! What Hallway publishes about itself: `/openapi.json`, `/asyncapi.json`, and the page `/reference` that
//! shows them. All of it comes from the operations that the routes carry, and none of it holds a secret.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use hallway_platform::crypto::sha256;
use schemars::json_schema;
use serde_json::Value;

use crate::app::App;
use crate::describe::{Api, MakeSchema, Op};

mod asyncapi;
mod messages;
mod openapi;
mod operation;
mod schemas;

const JSON: &str = "application/json";
const HTML: &str = "text/html; charset=utf-8";

/// How long somebody may keep a document without asking whether it is still so.
const KEPT: HeaderValue = HeaderValue::from_static("public, max-age=300");

pub(crate) fn routes() -> Api {
    let document: MakeSchema = |_| json_schema!({ "type": "object" });
    let open = |summary: &'static str| {
        Op::new(summary)
            .open()
            .header("If-None-Match", "The tag of what the asker has already.")
            .empty(304)
    };
    Api::new("Hallway: contracts")
        .get(
            "/openapi.json",
            openapi,
            open("Get the OpenAPI document").shape(200, document),
        )
        .get(
            "/asyncapi.json",
            asyncapi,
            open("Get the AsyncAPI document").shape(200, document),
        )
        .get(
            "/reference",
            page,
            open("Get the reference page").answers_as(200, "text/html", None),
        )
        .get(
            "/reference/reference.css",
            style,
            open("Get the style of the reference page").answers_as(200, "text/css", None),
        )
        .get(
            "/reference/reference.js",
            script,
            open("Get the script of the reference page").answers_as(200, "text/javascript", None),
        )
}

/// A finished document.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    body: Bytes,
    etag: HeaderValue,
}

impl Document {
    fn new(body: impl Into<Bytes>) -> Self {
        let body = body.into();
        let hash: String = sha256(&body)[..16].iter().map(|b| format!("{b:02x}")).collect();
        // Digits and quotes are always a good value.
        let etag = HeaderValue::try_from(format!("\"{hash}\"")).unwrap_or(HeaderValue::from_static("\"\""));
        Self { body, etag }
    }

    fn of(value: &Value) -> Self {
        Self::new(value.to_string())
    }

    /// The document, or that it is the one which the asker has.
    fn answer(&self, asked: &HeaderMap, content_type: &'static str) -> Response {
        let known = asked.get_all(header::IF_NONE_MATCH).iter().any(|tags| {
            let tags = tags.to_str().unwrap_or_default().split(',').map(str::trim);
            let mut tags = tags.map(|tag| tag.strip_prefix("W/").unwrap_or(tag));
            tags.any(|tag| tag == "*" || tag.as_bytes() == self.etag.as_bytes())
        });
        let headers = [
            (header::ETAG, self.etag.clone()),
            (header::CACHE_CONTROL, KEPT),
            (
                header::X_CONTENT_TYPE_OPTIONS,
                HeaderValue::from_static("nosniff"),
            ),
        ];
        if known {
            return (StatusCode::NOT_MODIFIED, headers).into_response();
        }
        let kind = [(header::CONTENT_TYPE, HeaderValue::from_static(content_type))];
        (headers, kind, self.body.clone()).into_response()
    }
}

/// The documents, written when somebody first asks.
#[derive(Clone, Debug)]
pub(crate) struct Contracts {
    openapi: Document,
    asyncapi: Document,
}

impl Contracts {
    fn new(public_url: &str) -> Self {
        let (_, operations) = crate::describe::whole().into_parts();
        Self {
            openapi: Document::of(&openapi::document(&operations, public_url)),
            asyncapi: Document::of(&asyncapi::document(public_url)),
        }
    }
}

fn contracts(app: &App) -> &Contracts {
    let made = || Contracts::new(&app.0.platform.config().public_url);
    app.0.contracts.get_or_init(made)
}

/// Tools that show contracts run as pages of other origins.
fn for_all_origins(mut response: Response) -> Response {
    let any = HeaderValue::from_static("*");
    response
        .headers_mut()
        .insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, any);
    response
}

async fn openapi(State(app): State<App>, asked: HeaderMap) -> Response {
    for_all_origins(contracts(&app).openapi.answer(&asked, JSON))
}

async fn asyncapi(State(app): State<App>, asked: HeaderMap) -> Response {
    for_all_origins(contracts(&app).asyncapi.answer(&asked, JSON))
}

/// What the page may do: load its own two files, and read the contract.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                      img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

async fn page(asked: HeaderMap) -> Response {
    let mut response = Document::new(include_str!("reference/reference.html")).answer(&asked, HTML);
    let more: [(HeaderName, &'static str); 2] = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    for (name, value) in more {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}

async fn style(asked: HeaderMap) -> Response {
    Document::new(include_str!("reference/reference.css")).answer(&asked, "text/css; charset=utf-8")
}

async fn script(asked: HeaderMap) -> Response {
    Document::new(include_str!("reference/reference.js")).answer(&asked, "text/javascript; charset=utf-8")
}
