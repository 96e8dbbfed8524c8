//! Upload, review, activation, update and deactivation of integrations.

use std::sync::Arc;

use axum::Router;
use axum::extract::{FromRequest as _, Path, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use hallway_platform::Platform;
use hallway_wire::control::{ActivateRequest, Activated, IntegrationSummary, Items, Updated, Uploaded};
use hallway_wire::id::AppId;
use hallway_wire::integration::HealthCheckDetails;
use uuid::Uuid;

use crate::app::App;
use crate::auth::Authenticated;
use crate::body::{self, Json, json_headers};
use crate::error::ApiError;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/integrations", get(list).post(upload))
        .route("/integrations/{app}", get(show).delete(delete))
        .route("/integrations/{app}/manifest", get(manifest).put(update))
        .route("/integrations/{app}/activate", post(activate))
        .route("/integrations/{app}/approve", post(approve))
        .route("/integrations/{app}/healthCheck", post(health_check))
        .route("/integrations/{app}/renewToken", post(renew_token))
        .route("/integrations/{app}/deactivate", post(deactivate))
}

fn app_id(text: &str) -> Result<AppId, ApiError> {
    Uuid::try_parse(text)
        .map(AppId)
        .map_err(|_| ApiError::bad_request("The id of an integration is a UUID."))
}

/// A manifest is taken as text: its errors are told by line and column.
async fn text(request: Request) -> Result<String, ApiError> {
    body::check_json(request.headers())?;
    let bytes = body::read(request.into_body()).await?;
    String::from_utf8(bytes.into()).map_err(|_| ApiError::bad_request("The manifest is not UTF-8."))
}

async fn list(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
) -> Result<Json<Items<IntegrationSummary>>, ApiError> {
    Ok(Json(Items {
        items: platform.integrations(&caller).await?,
    }))
}

async fn upload(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    request: Request,
) -> Result<Json<Uploaded>, ApiError> {
    let manifest = text(request).await?;
    Ok(Json(platform.upload_integration(&caller, &manifest).await?))
}

async fn show(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    Path(app): Path<String>,
) -> Result<Json<IntegrationSummary>, ApiError> {
    Ok(Json(platform.integration(&caller, app_id(&app)?).await?))
}

async fn delete(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    Path(app): Path<String>,
) -> Result<StatusCode, ApiError> {
    platform.delete_integration(&caller, app_id(&app)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn manifest(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    Path(app): Path<String>,
) -> Result<Response, ApiError> {
    let manifest = platform.integration_manifest(&caller, app_id(&app)?).await?;
    Ok((json_headers(), manifest).into_response())
}

async fn update(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    Path(app): Path<String>,
    request: Request,
) -> Result<Json<Updated>, ApiError> {
    let manifest = text(request).await?;
    Ok(Json(
        platform
            .update_integration(&caller, app_id(&app)?, &manifest)
            .await?,
    ))
}

async fn activate(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
    request: Request,
) -> Result<Json<Activated>, ApiError> {
    // An activation for everywhere and everything needs no body.
    let empty = request.headers().get(axum::http::header::CONTENT_TYPE).is_none();
    let choices = if empty {
        ActivateRequest::default()
    } else {
        Json::<ActivateRequest>::from_request(request, &app).await?.0
    };
    Ok(Json(
        app.0.platform.activate(&caller, app_id(&id)?, choices).await?,
    ))
}

async fn approve(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    Path(app): Path<String>,
) -> Result<Json<IntegrationSummary>, ApiError> {
    let app = app_id(&app)?;
    platform.approve_update(&caller, app).await?;
    Ok(Json(platform.integration(&caller, app).await?))
}

async fn health_check(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    Path(app): Path<String>,
) -> Result<Json<HealthCheckDetails>, ApiError> {
    Ok(Json(platform.health_check(&caller, app_id(&app)?).await?))
}

async fn renew_token(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    Path(app): Path<String>,
) -> Result<StatusCode, ApiError> {
    platform.renew_refresh_token(&caller, app_id(&app)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn deactivate(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    Path(app): Path<String>,
) -> Result<Json<IntegrationSummary>, ApiError> {
    let app = app_id(&app)?;
    platform.deactivate(&caller, app).await?;
    Ok(Json(platform.integration(&caller, app).await?))
}
