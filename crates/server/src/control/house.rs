//! The house itself: who it is, its audit trail, its keys.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use hallway_platform::Platform;
use hallway_platform::audit::AuditFilter;
use hallway_wire::Timestamp;
use hallway_wire::control::{AuditEvent, Items};
use hallway_wire::id::OrgId;
use schemars::JsonSchema;
use serde::Serialize;

use crate::app::App;
use crate::auth::Authenticated;
use crate::body::Json;
use crate::describe::{Api, Op};
use crate::error::ApiError;
use crate::query::Query;

/// Most entries of the audit trail in one answer.
const MAX_AUDIT: usize = 1000;

pub(super) fn routes() -> Api {
    Api::new("Hallway: house")
        .get(
            "/about",
            about,
            Op::new("Get where and who this Hallway is").answers::<About>(200),
        )
        .get(
            "/audit",
            audit,
            Op::new("List the audit trail")
                .about("The newest first. Only an administrator may.")
                .query("start", "How many to pass over.")
                .query("max", "Most entries, up to 1000.")
                .query("from", "Only entries from this moment on.")
                .query("to", "Only entries before this moment.")
                .query("actorId", "Only what this person did.")
                .query("category", "Only these categories, like `DEVICES`.")
                .answers::<Items<AuditEvent>>(200),
        )
        .post(
            "/keys/rotate",
            rotate_keys,
            Op::new("Rotate the signing keys")
                .about("Only a full administrator may.")
                .empty(204),
        )
        .get(
            "/ca",
            authority,
            Op::new("Get the certificate of the local authority")
                .about("What clients of the interceptor trust, as PEM. 404 without --intercept.")
                .answers_as(200, "application/pem-certificate-chain", None),
        )
}

/// This Hallway, and the caller's organization in it.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct About {
    version: &'static str,
    url: String,
    webexapis_base_url: String,
    oauth_url: String,
    jwks_url: String,
    org_id: OrgId,
    org_name: String,
    linked_devices: usize,
}

async fn about(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
) -> Result<Json<About>, ApiError> {
    let organization = platform.organization(&caller, caller.org).await?;
    let url = &platform.config().public_url;
    Ok(Json(About {
        version: env!("CARGO_PKG_VERSION"),
        url: url.clone(),
        webexapis_base_url: format!("{url}/v1"),
        oauth_url: format!("{url}/v1/access_token"),
        jwks_url: format!("{url}/jwks"),
        org_id: organization.id,
        org_name: organization.display_name,
        linked_devices: platform.links().len(),
    }))
}

/// The certificate of the local authority, which clients of the interceptor trust. Never its key.
async fn authority(State(app): State<App>, Authenticated(_): Authenticated) -> Result<Response, ApiError> {
    let Some(pem) = &app.0.config.authority else {
        return Err(ApiError::new(
            StatusCode::NOT_FOUND,
            "this Hallway has no certificate authority: it was started without --intercept",
        ));
    };
    let kind = [(header::CONTENT_TYPE, "application/pem-certificate-chain")];
    Ok((kind, pem.clone()).into_response())
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
    caller.require_reading_admin()?;
    let at = |name| {
        let text = query.get(name).map(|text| text.trim().parse::<Timestamp>());
        text.transpose()
            .map_err(|error| ApiError::bad_request(format!("{name}: {error}")))
    };
    let filter = AuditFilter {
        from: at("from")?,
        until: at("to")?,
        actor: query.get("actorId").map(crate::query::id).transpose()?,
        categories: query.list("category").map(ToOwned::to_owned).collect(),
        after: None,
        offset: number(&query, "start", 0)?,
        max: number(&query, "max", 100)?.min(MAX_AUDIT),
    };
    Ok(Json(Items {
        items: platform.audit_trail(&caller, &filter).await?,
    }))
}

async fn rotate_keys(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
) -> Result<StatusCode, ApiError> {
    platform.rotate_keys(&caller).await?;
    Ok(StatusCode::NO_CONTENT)
}
