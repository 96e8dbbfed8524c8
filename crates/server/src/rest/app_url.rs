//! What lives at the xAPI service's address: `appUrl`, the queue, the manifest, the keys, and what can be
//! notified (workspace-integrations 3.4, 6.1, 8, 10.3).

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use hallway_platform::Platform;
use hallway_wire::claims::Jwks;
use hallway_wire::integration::{Integration, IntegrationUpdate};
use http_body::Frame;
use serde_json::json;
use uuid::Uuid;

use crate::app::App;
use crate::auth::Authenticated;
use crate::body::{Json, json_headers};
use crate::error::ApiError;

pub(crate) fn routes() -> Router<App> {
    const APP: &str = "/xapi/api/organizations/{org}/apps/{app}";
    Router::new()
        .route("/jwks", get(jwks))
        .route("/jwks/{region}", get(jwks))
        .route(
            "/xapi/api/apps/supportedSubscriptions",
            get(supported_subscriptions),
        )
        .route(APP, get(get_app).patch(update_app).delete(delete_app))
        .route(&format!("{APP}/queue"), get(poll))
        .route(
            "/xapi/api/organizations/{org}/appManifests/{app}",
            get(get_manifest),
        )
}

async fn jwks(State(platform): State<Arc<Platform>>) -> Json<Jwks> {
    Json(platform.jwks())
}

/// Public, and read by the official manifest editor from another origin.
async fn supported_subscriptions(State(platform): State<Arc<Platform>>) -> Response {
    let catalogue = platform.catalogue();
    let body = Json(json!({
        "supportedEvents": catalogue.supported_events(),
        "supportedStatuses": catalogue.supported_statuses(),
    }));
    ([(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*")], body).into_response()
}

/// Organization and app of the path, as bare UUIDs.
fn ids(org: &str, app: &str) -> Result<(Uuid, Uuid), ApiError> {
    let read =
        |text: &str| Uuid::try_parse(text).map_err(|_| ApiError::bad_request("Expect base64 ID or UUID."));
    Ok((read(org)?, read(app)?))
}

async fn get_app(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    Path((org, app)): Path<(String, String)>,
) -> Result<Json<Integration>, ApiError> {
    let (org, app) = ids(&org, &app)?;
    Ok(Json(platform.app(&caller, org, app).await?))
}

async fn update_app(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    Path((org, app)): Path<(String, String)>,
    Json(update): Json<IntegrationUpdate>,
) -> Result<Json<Integration>, ApiError> {
    let (org, app) = ids(&org, &app)?;
    Ok(Json(platform.update_app(&caller, org, app, update).await?))
}

async fn delete_app(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    Path((org, app)): Path<(String, String)>,
) -> Result<StatusCode, ApiError> {
    let (org, app) = ids(&org, &app)?;
    platform.delete_app(&caller, org, app).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn get_manifest(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    Path((org, app)): Path<(String, String)>,
) -> Result<Response, ApiError> {
    let (org, app) = ids(&org, &app)?;
    Ok((json_headers(), platform.app_manifest(&caller, org, app).await?).into_response())
}

async fn poll(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    Path((org, app)): Path<(String, String)>,
) -> Result<Response, ApiError> {
    let (org, app) = ids(&org, &app)?;
    let answer = platform.poll(&caller, org, app).await?;
    let body = Body::new(Tracked {
        body: Some(answer.body),
        written: answer.written,
    });
    Ok((json_headers(), body).into_response())
}

/// A body that notes when the connection took all of it. If the client is gone before, the connection drops
/// the answer, and the note is never made.
struct Tracked {
    body: Option<Bytes>,
    written: Arc<AtomicBool>,
}

impl http_body::Body for Tracked {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let body = self.body.take();
        if body.is_some() {
            self.written.store(true, Ordering::Release);
        }
        Poll::Ready(body.map(|body| Ok(Frame::data(body))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_none()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        http_body::SizeHint::with_exact(self.body.as_ref().map_or(0, |body| body.len() as u64))
    }
}
