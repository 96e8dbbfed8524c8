//! What lives at the xAPI service's address: `appUrl`, the queue, the manifest, the keys, and what can be
//! notified (workspace-integrations 3.4, 6.1, 8, 10.3).

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use hallway_platform::Platform;
use hallway_wire::claims::Jwks;
use hallway_wire::integration::{Integration, IntegrationUpdate};
use hallway_xapi::Pattern;
use http_body::Frame;
use schemars::{JsonSchema, json_schema};
use serde::Serialize;
use uuid::Uuid;

use crate::auth::Authenticated;
use crate::body::{Json, json_headers};
use crate::describe::{Api, Op};
use crate::error::ApiError;

pub(crate) fn routes() -> Api {
    const APP: &str = "/xapi/api/organizations/{org}/apps/{app}";
    let queue = format!("{APP}/queue");
    let own = |op: Op| {
        op.path("org", "The organization, as a bare UUID.")
            .path("app", "The integration, as a bare UUID.")
    };
    let keys = || Op::new("Get the keys that sign what integrations are sent").open();
    Api::new("Integrations")
        .get("/jwks", jwks, keys().answers::<Jwks>(200))
        .get(
            "/jwks/{region}",
            jwks,
            Op::new("Get the keys of a region")
                .open()
                .about("They are the same in every region.")
                .path("region", "A region, like `us-west-2_r`.")
                .answers::<Jwks>(200),
        )
        .get(
            "/xapi/api/apps/supportedSubscriptions",
            supported_subscriptions,
            Op::new("List what can be notified")
                .open()
                .answers::<SupportedSubscriptions<'static>>(200),
        )
        .get(
            APP,
            get_app,
            own(Op::new("Get the activation of an integration"))
                .about("Only the integration itself sees it.")
                .answers::<Integration>(200),
        )
        .patch(
            APP,
            update_app,
            own(Op::new("Update the activation of an integration"))
                .about("Webhook or queue, state and health. What is left out or null stays as it is.")
                .takes::<IntegrationUpdate>()
                .answers::<Integration>(200),
        )
        .delete(
            APP,
            delete_app,
            own(Op::new("End the activation of an integration")).empty(204),
        )
        .get(
            &queue,
            poll,
            own(Op::new("Poll the notification queue"))
                .about("Held until there is something, or half a minute. Messages of one answer are gone when the next poll comes.")
                .shape(200, |_| json_schema!({ "$ref": "#/components/schemas/QueueMessages" })),
        )
        .get(
            "/xapi/api/organizations/{org}/appManifests/{app}",
            get_manifest,
            own(Op::new("Get the manifest in force"))
                .shape(200, |_| json_schema!({ "type": "object", "description": "The manifest, as it was uploaded." })),
        )
        .merge(super::app_features::routes())
}

async fn jwks(State(platform): State<Arc<Platform>>) -> Json<Jwks> {
    Json(platform.jwks())
}

/// What manifests may ask to be told.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct SupportedSubscriptions<'a> {
    #[schemars(with = "Vec<String>")]
    supported_events: &'a [Pattern],
    #[schemars(with = "Vec<String>")]
    supported_statuses: &'a [Pattern],
}

/// Public, and read by the official manifest editor from another origin.
async fn supported_subscriptions(State(platform): State<Arc<Platform>>) -> Response {
    let catalogue = platform.catalogue();
    let body = Json(SupportedSubscriptions {
        supported_events: catalogue.supported_events(),
        supported_statuses: catalogue.supported_statuses(),
    });
    ([(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*")], body).into_response()
}

/// Organization and app of the path, as bare UUIDs.
pub(super) fn ids(org: &str, app: &str) -> Result<(Uuid, Uuid), ApiError> {
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
