//! Upload, review, activation, update and deactivation of integrations.

use std::sync::Arc;

use axum::extract::{FromRequest as _, Path, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use hallway_platform::Platform;
use hallway_wire::control::{ActivateRequest, Activated, IntegrationSummary, Items, Updated, Uploaded};
use hallway_wire::id::AppId;
use hallway_wire::integration::HealthCheckDetails;
use hallway_wire::publication::Pushed;
use schemars::json_schema;
use uuid::Uuid;

use crate::app::App;
use crate::auth::Authenticated;
use crate::body::{self, Json, json_headers};
use crate::describe::{Api, MakeSchema, Op};
use crate::error::ApiError;

pub(super) fn routes() -> Api {
    const WHO: &str = "Only a full administrator may.";
    let app = |op: Op| op.path("app", "The integration, as a bare UUID.");
    let manifest_text: MakeSchema = |_| json_schema!({ "type": "object", "description": "A manifest." });
    Api::new("Hallway: integrations")
        .get(
            "/integrations",
            list,
            Op::new("List integrations").about("Only an administrator may.").answers::<Items<IntegrationSummary>>(200),
        )
        .post(
            "/integrations",
            upload,
            Op::new("Upload an integration")
                .about("The client secret is shown in this answer and never again. Only a full administrator may.")
                .takes_shape(manifest_text)
                .answers::<Uploaded>(200),
        )
        .get(
            "/integrations/{app}",
            show,
            app(Op::new("Get an integration")).about("Only an administrator may.").answers::<IntegrationSummary>(200),
        )
        .delete(
            "/integrations/{app}",
            delete,
            app(Op::new("Delete an integration")).about(WHO).empty(204),
        )
        .get(
            "/integrations/{app}/manifest",
            manifest,
            app(Op::new("Get the manifest of an integration")).about("Only an administrator may.").shape(200, manifest_text),
        )
        .put(
            "/integrations/{app}/manifest",
            update,
            app(Op::new("Update the manifest of an integration"))
                .about("A version that asks for more waits for approval. Only a full administrator may.")
                .takes_shape(manifest_text)
                .answers::<Updated>(200),
        )
        .post(
            "/integrations/{app}/activate",
            activate,
            app(Op::new("Activate an integration"))
                .about("Answers the activation code to hand to the integration. Only a full administrator may.")
                .takes::<ActivateRequest>()
                .body_optional()
                .answers::<Activated>(200),
        )
        .post(
            "/integrations/{app}/approve",
            approve,
            app(Op::new("Approve the pending manifest of an integration")).about(WHO).answers::<IntegrationSummary>(200),
        )
        .post(
            "/integrations/{app}/healthCheck",
            health_check,
            app(Op::new("Check the health of an integration")).about(WHO).answers::<HealthCheckDetails>(200),
        )
        .post(
            "/integrations/{app}/renewToken",
            renew_token,
            app(Op::new("Renew the refresh token of an integration")).about(WHO).empty(204),
        )
        .post(
            "/integrations/{app}/push",
            push,
            app(Op::new("Post the activation code of an integration again"))
                .about(
                    "For a manifest whose provisioning type is https, while the code waits to be taken. Only a full \
                     administrator may.",
                )
                .answers::<Pushed>(200),
        )
        .post(
            "/integrations/{app}/deactivate",
            deactivate,
            app(Op::new("Deactivate an integration")).about(WHO).answers::<IntegrationSummary>(200),
        )
}

pub(super) fn app_id(text: &str) -> Result<AppId, ApiError> {
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

/// What an administrator chose; an activation for everywhere and everything needs no body.
pub(super) async fn choices(request: Request, app: &App) -> Result<ActivateRequest, ApiError> {
    let empty = request.headers().get(axum::http::header::CONTENT_TYPE).is_none();
    if empty {
        return Ok(ActivateRequest::default());
    }
    Ok(Json::<ActivateRequest>::from_request(request, app).await?.0)
}

async fn activate(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
    request: Request,
) -> Result<Json<Activated>, ApiError> {
    caller.require_full_admin()?;
    let choices = choices(request, &app).await?;
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

async fn push(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    Path(app): Path<String>,
) -> Result<Json<Pushed>, ApiError> {
    Ok(Json(platform.push_again(&caller, app_id(&app)?).await?))
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
