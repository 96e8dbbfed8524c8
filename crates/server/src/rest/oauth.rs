//! `POST /v1/access_token` (oauth 3): refresh by form or JSON.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::AUTHORIZATION;
use base64::Engine as _;
use hallway_platform::{Error, Platform};
use hallway_wire::Secret;
use hallway_wire::token::{TokenRequest, TokenResponse};

use crate::body::{self, Json};
use crate::describe::{Api, Op};
use crate::error::ApiError;

pub(super) fn routes() -> Api {
    Api::new("Authorization").post(
        "/access_token",
        access_token,
        Op::new("Get an access token")
            .about("The client proves itself in the body or by HTTP Basic.")
            .open()
            .takes_as(
                "application/x-www-form-urlencoded",
                Some(|schemas| schemas.subschema_for::<TokenRequest>()),
            )
            .takes::<TokenRequest>()
            .answers::<TokenResponse>(200)
            .fails(&[400, 401]),
    )
}

fn invalid_request(description: impl Into<String>) -> ApiError {
    Error::OAuth {
        error: "invalid_request",
        description: description.into(),
    }
    .into()
}

async fn access_token(
    State(platform): State<Arc<Platform>>,
    request: Request,
) -> Result<Json<TokenResponse>, ApiError> {
    let basic = basic_credentials(&request);
    let media_type = body::media_type(request.headers());
    let bytes = body::read(request.into_body()).await?;
    let mut form = match media_type.as_deref() {
        Some("application/json") => serde_json::from_slice::<TokenRequest>(&bytes)
            .map_err(|error| invalid_request(format!("the body is not a token request in JSON: {error}")))?,
        Some("application/x-www-form-urlencoded") | None => read_form(&bytes),
        Some(other) => {
            return Err(ApiError::new(
                axum::http::StatusCode::UNSUPPORTED_MEDIA_TYPE,
                format!("Content type '{other}' not supported: send a form or application/json."),
            ));
        }
    };
    if let Some((id, secret)) = basic {
        form.client_id.get_or_insert(id);
        form.client_secret.get_or_insert(secret);
    }
    let present = |value: Option<Secret>, name: &str| {
        value
            .filter(|value| !value.expose().is_empty())
            .ok_or_else(|| invalid_request(format!("{name} is missing")))
    };
    match form.grant_type.as_deref() {
        Some("refresh_token") => {}
        Some(other) => {
            return Err(Error::OAuth {
                error: "unsupported_grant_type",
                description: format!("the grant type {other} is not supported"),
            }
            .into());
        }
        None => return Err(invalid_request("grant_type is missing")),
    }
    let client_id = form
        .client_id
        .filter(|id| !id.is_empty())
        .ok_or_else(|| invalid_request("client_id is missing"))?;
    let client_secret = present(form.client_secret, "client_secret")?;
    let refresh_token = present(form.refresh_token, "refresh_token")?;
    Ok(Json(
        platform
            .refresh(&client_id, &client_secret, &refresh_token)
            .await?,
    ))
}

fn read_form(bytes: &[u8]) -> TokenRequest {
    let mut form = TokenRequest::default();
    for (name, value) in form_urlencoded::parse(bytes) {
        match name.as_ref() {
            "grant_type" => form.grant_type = Some(value.into_owned()),
            "client_id" => form.client_id = Some(value.into_owned()),
            "client_secret" => form.client_secret = Some(Secret::new(value)),
            "refresh_token" => form.refresh_token = Some(Secret::new(value)),
            _ => {}
        }
    }
    form
}

/// Client id and secret by HTTP Basic. A bearer header of an old token is ignored: some clients send it.
fn basic_credentials(request: &Request) -> Option<(String, Secret)> {
    let value = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, rest) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = base64::engine::general_purpose::STANDARD
        .decode(rest.trim())
        .ok()?;
    let text = String::from_utf8(decoded).ok()?;
    let (id, secret) = text.split_once(':')?;
    Some((id.to_owned(), Secret::new(secret)))
}
