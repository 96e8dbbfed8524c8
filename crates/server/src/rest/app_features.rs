//! Where integrations configure what they provide for devices: `signageUrl` and `pwaUrl` (features 3).

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use hallway_platform::Platform;
use hallway_wire::feature::{DigitalSignageConfiguration, PersistentWebAppConfiguration};
use hallway_wire::manifest::Feature;
use serde_json::{Map, Value};

use super::app_url::ids;
use crate::auth::Authenticated;
use crate::body::{Json, Unread};
use crate::describe::{Api, Op};
use crate::error::ApiError;

const SIGNAGE: Feature = Feature::DigitalSignage;
const WEB_APP: Feature = Feature::PersistentWebApp;

pub(super) fn routes() -> Api {
    const APP: &str = "/xapi/api/organizations/{org}/apps/{app}/features";
    const WHO: &str = "Only the integration itself may, with the scope of the feature.";
    let own = |op: Op| {
        op.about(WHO)
            .path("org", "The organization, as a bare UUID.")
            .path("app", "The integration, as a bare UUID.")
    };
    let (signage, web_app) = (
        format!("{APP}/{}", SIGNAGE.segment()),
        format!("{APP}/{}", WEB_APP.segment()),
    );
    Api::new("Integrations")
        .get(
            &signage,
            |app, who, path| get(SIGNAGE, app, who, path),
            own(Op::new("Get the digital signage configuration")).answers::<DigitalSignageConfiguration>(200),
        )
        .put(
            &signage,
            |app, who, path, body| put(SIGNAGE, app, who, path, body),
            own(Op::new("Store the digital signage configuration"))
                .about(
                    "The integration can be chosen from now on, and devices that have it already get the new page. \
                     Only the integration itself may, with the scope of the feature.",
                )
                .takes::<DigitalSignageConfiguration>()
                .answers::<DigitalSignageConfiguration>(200),
        )
        .delete(
            &signage,
            |app, who, path| delete(SIGNAGE, app, who, path),
            own(Op::new("Remove the digital signage configuration")).empty(204),
        )
        .get(
            &web_app,
            |app, who, path| get(WEB_APP, app, who, path),
            own(Op::new("Get the persistent web app configuration"))
                .answers::<PersistentWebAppConfiguration>(200),
        )
        .put(
            &web_app,
            |app, who, path, body| put(WEB_APP, app, who, path, body),
            own(Op::new("Store the persistent web app configuration"))
                .about(
                    "The integration can be chosen from now on, and devices that have it already get the new page. \
                     Only the integration itself may, with the scope of the feature.",
                )
                .takes::<PersistentWebAppConfiguration>()
                .answers::<PersistentWebAppConfiguration>(200),
        )
        .delete(
            &web_app,
            |app, who, path| delete(WEB_APP, app, who, path),
            own(Op::new("Remove the persistent web app configuration")).empty(204),
        )
}

type AppPath = Path<(String, String)>;

async fn get(
    feature: Feature,
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    Path((org, app)): AppPath,
) -> Result<Json<Value>, ApiError> {
    let (org, app) = ids(&org, &app)?;
    Ok(Json(platform.feature(&caller, org, app, feature).await?))
}

async fn put(
    feature: Feature,
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    Path((org, app)): AppPath,
    body: Unread,
) -> Result<Json<Value>, ApiError> {
    let (org, app) = ids(&org, &app)?;
    platform.may_configure_feature(&caller, org, app, feature).await?;
    let body: Map<String, Value> = body.json().await?;
    Ok(Json(
        platform.put_feature(&caller, org, app, feature, &body).await?,
    ))
}

async fn delete(
    feature: Feature,
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    Path((org, app)): AppPath,
) -> Result<StatusCode, ApiError> {
    let (org, app) = ids(&org, &app)?;
    platform.delete_feature(&caller, org, app, feature).await?;
    Ok(StatusCode::NO_CONTENT)
}
