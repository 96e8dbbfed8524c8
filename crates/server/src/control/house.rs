//! The house itself: who it is, its audit trail, its keys.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use hallway_platform::Platform;
use hallway_platform::ports::Page;
use hallway_wire::control::{AuditEvent, Items};
use serde_json::{Value, json};

use crate::app::App;
use crate::auth::Authenticated;
use crate::body::Json;
use crate::error::ApiError;
use crate::query::Query;

/// Most entries of the audit trail in one answer.
const MAX_AUDIT: usize = 1000;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/about", get(about))
        .route("/audit", get(audit))
        .route("/keys/rotate", post(rotate_keys))
}

async fn about(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
) -> Result<Json<Value>, ApiError> {
    let organization = platform.organization(&caller, caller.org).await?;
    let url = &platform.config().public_url;
    Ok(Json(json!({
        "version": env!("CARGO_PKG_VERSION"),
        "url": url,
        "webexapisBaseUrl": format!("{url}/v1"),
        "oauthUrl": format!("{url}/v1/access_token"),
        "jwksUrl": format!("{url}/jwks"),
        "orgId": organization.id,
        "orgName": organization.display_name,
        "linkedDevices": platform.links().len(),
    })))
}

fn number(query: &Query, name: &str, default: usize) -> Result<usize, ApiError> {
    match query.get(name) {
        None => Ok(default),
        Some(text) => text
            .parse()
            .map_err(|_| ApiError::bad_request(format!("{name} must be a whole number"))),
    }
}

async fn audit(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    query: Query,
) -> Result<Json<Items<AuditEvent>>, ApiError> {
    let page = Page {
        start: number(&query, "start", 0)?,
        max: number(&query, "max", 100)?.min(MAX_AUDIT),
    };
    Ok(Json(Items {
        items: platform.audit_trail(&caller, page).await?,
    }))
}

async fn rotate_keys(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
) -> Result<StatusCode, ApiError> {
    platform.rotate_keys(&caller).await?;
    Ok(StatusCode::NO_CONTENT)
}
