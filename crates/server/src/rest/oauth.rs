//! `POST /v1/access_token` (oauth 3) and the device flow, by form or JSON.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::AUTHORIZATION;
use base64::Engine as _;
use hallway_platform::{Error, Platform};
use hallway_wire::Secret;
use hallway_wire::token::{DeviceAuthorization, TokenRequest, TokenResponse};

use crate::body::{self, Json};
use crate::describe::{Api, Op};
use crate::error::ApiError;

const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";

pub(super) fn routes() -> Api {
    Api::new("Authorization")
        .post(
            "/access_token",
            access_token,
            takes(Op::new("Get an access token")
                .about("For an authorization code, a refresh token or a device code. The client proves itself in the body or by HTTP Basic."))
            .answers::<TokenResponse>(200)
            .fails(&[400, 401]),
        )
        .post(
            "/device/authorize",
            device_authorize,
            takes(Op::new("Start a grant for a device without a browser"))
                .answers::<DeviceAuthorization>(200)
                .fails(&[400, 401]),
        )
        .post(
            "/device/token",
            device_token,
            takes(Op::new("Ask whether the person has answered").about("As POST /access_token with a device code."))
                .answers::<TokenResponse>(200)
                .fails(&[400, 401]),
        )
}

fn takes(op: Op) -> Op {
    op.open()
        .takes_as(
            "application/x-www-form-urlencoded",
            Some(|schemas| schemas.subschema_for::<TokenRequest>()),
        )
        .takes::<TokenRequest>()
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
    let form = read(request).await?;
    let answer = match form.grant_type.as_deref() {
        Some("refresh_token") => {
            let (id, secret) = client(&form)?;
            let refresh_token = present(&form.refresh_token, "refresh_token")?;
            platform.refresh(id, secret, refresh_token).await?
        }
        Some("authorization_code") => {
            let (id, secret) = client(&form)?;
            let code = present(&form.code, "code")?;
            let redirect = form.redirect_uri.as_deref();
            let verifier = form.code_verifier.as_ref();
            platform
                .exchange_code(id, secret, code, redirect, verifier)
                .await?
        }
        Some(DEVICE_CODE) => poll(&platform, &form).await?,
        Some("") | None => return Err(invalid_request("grant_type is missing")),
        Some(other) => {
            return Err(Error::OAuth {
                error: "unsupported_grant_type",
                description: format!("the grant type {other:?} is not supported"),
            }
            .into());
        }
    };
    Ok(Json(answer))
}

async fn device_authorize(
    State(platform): State<Arc<Platform>>,
    request: Request,
) -> Result<Json<DeviceAuthorization>, ApiError> {
    let form = read(request).await?;
    let scope = form.scope.as_deref().unwrap_or_default();
    let answer = platform
        .start_device_flow(client_id(&form)?, secret(&form), scope)
        .await?;
    Ok(Json(answer))
}

async fn device_token(
    State(platform): State<Arc<Platform>>,
    request: Request,
) -> Result<Json<TokenResponse>, ApiError> {
    Ok(Json(poll(&platform, &read(request).await?).await?))
}

async fn poll(platform: &Platform, form: &TokenRequest) -> Result<TokenResponse, ApiError> {
    let code = present(&form.device_code, "device_code")?;
    Ok(platform
        .poll_device_flow(client_id(form)?, secret(form), code)
        .await?)
}

fn present<'f>(value: &'f Option<Secret>, name: &str) -> Result<&'f Secret, ApiError> {
    value
        .as_ref()
        .filter(|value| !value.expose().is_empty())
        .ok_or_else(|| invalid_request(format!("{name} is missing")))
}

fn client_id(form: &TokenRequest) -> Result<&str, ApiError> {
    form.client_id
        .as_deref()
        .filter(|id| !id.is_empty())
        .ok_or_else(|| invalid_request("client_id is missing"))
}

fn secret(form: &TokenRequest) -> Option<&Secret> {
    form.client_secret
        .as_ref()
        .filter(|secret| !secret.expose().is_empty())
}

fn client(form: &TokenRequest) -> Result<(&str, &Secret), ApiError> {
    Ok((client_id(form)?, present(&form.client_secret, "client_secret")?))
}

/// Reads a form or JSON; what HTTP Basic says counts where the body is silent.
async fn read(request: Request) -> Result<TokenRequest, ApiError> {
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
    Ok(form)
}

fn read_form(bytes: &[u8]) -> TokenRequest {
    let mut form = TokenRequest::default();
    for (name, value) in form_urlencoded::parse(bytes) {
        match name.as_ref() {
            "grant_type" => form.grant_type = Some(value.into_owned()),
            "client_id" => form.client_id = Some(value.into_owned()),
            "client_secret" => form.client_secret = Some(Secret::new(value)),
            "refresh_token" => form.refresh_token = Some(Secret::new(value)),
            "code" => form.code = Some(Secret::new(value)),
            "redirect_uri" => form.redirect_uri = Some(value.into_owned()),
            "code_verifier" => form.code_verifier = Some(Secret::new(value)),
            "device_code" => form.device_code = Some(Secret::new(value)),
            "scope" => form.scope = Some(value.into_owned()),
            _ => {}
        }
    }
    form
}

/// Client id and secret by HTTP Basic. A bearer header of an old token is ignored: some
/// clients send it.
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
