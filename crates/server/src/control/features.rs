//! Digital signage and persistent web apps, as administrators deal with them (features 5 and 6.3).

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use hallway_platform::{Error, Platform};
use hallway_wire::control::Items;
use hallway_wire::feature::{
    Assigned, FeatureAssignment, FeatureProvider, FeatureView, LaunchRequest, Launched, Selection, Unassigned,
};
use hallway_wire::id::AppId;
use hallway_wire::manifest::Feature;

use super::integrations::app_id;
use crate::auth::Authenticated;
use crate::body::{Json, Unread};
use crate::describe::{Api, Op};
use crate::error::ApiError;
use crate::query::Query;
use crate::rest::page;

pub(super) fn routes() -> Api {
    const READS: &str = "Only an administrator may.";
    const WRITES: &str = "Only a full or device administrator may.";
    let feature = |op: Op| op.path("feature", "`digitalSignage` or `persistentWebApp`");
    let of_app = |op: Op| feature(op).path("app", "The integration, as a bare UUID.");
    Api::new("Hallway: digital signage and web apps")
        .get(
            "/features/{feature}/providers",
            providers,
            feature(Op::new("List the integrations that provide a feature"))
                .about(READS)
                .answers::<Items<FeatureProvider>>(200),
        )
        .get(
            "/integrations/{app}/features/{feature}",
            show,
            of_app(Op::new("Get where a feature of an integration stands"))
                .about(READS)
                .answers::<FeatureView>(200),
        )
        .get(
            "/integrations/{app}/features/{feature}/assignments",
            assignments,
            of_app(Op::new("List the devices that are assigned to an integration"))
                .about(READS)
                .query("max", "Most devices on a page, up to 1000.")
                .answers::<Items<FeatureAssignment>>(200),
        )
        .post(
            "/integrations/{app}/features/{feature}/assign",
            assign,
            of_app(Op::new("Assign devices to an integration"))
                .about(
                    "Devices that have another provider change. Those that cannot show it are passed over, with the \
                     reason. Only a full or device administrator may.",
                )
                .takes::<Selection>()
                .answers::<Assigned>(200),
        )
        .post(
            "/integrations/{app}/features/{feature}/unassign",
            unassign,
            of_app(Op::new("Take devices away from an integration"))
                .about(WRITES)
                .takes::<Selection>()
                .answers::<Unassigned>(200),
        )
        .post(
            "/integrations/{app}/crossLaunch/{feature}",
            cross_launch,
            of_app(Op::new("Get the page of the vendor where content is managed or assigned"))
                .about("The integration is asked for it now. Only a full or device administrator may.")
                .takes::<LaunchRequest>()
                .answers::<Launched>(200)
                .fails(&[502]),
        )
}

fn feature_of(text: &str) -> Result<Feature, ApiError> {
    let found = Feature::ALL
        .into_iter()
        .find(|feature| text == feature.segment() || text == feature.name());
    found.ok_or_else(|| {
        Error::Missing {
            message: "There is no such feature: there are digitalSignage and persistentWebApp.".to_owned(),
        }
        .into()
    })
}

fn both(app: &str, feature: &str) -> Result<(AppId, Feature), ApiError> {
    Ok((app_id(app)?, feature_of(feature)?))
}

async fn providers(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    Path(feature): Path<String>,
) -> Result<Json<Items<FeatureProvider>>, ApiError> {
    caller.require_reading_admin()?;
    let items = platform.feature_providers(&caller, feature_of(&feature)?).await?;
    Ok(Json(Items { items }))
}

async fn show(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    Path((app, feature)): Path<(String, String)>,
) -> Result<Json<FeatureView>, ApiError> {
    caller.require_reading_admin()?;
    let (app, feature) = both(&app, &feature)?;
    Ok(Json(platform.feature_view(&caller, app, feature).await?))
}

async fn assignments(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    Path((app, feature)): Path<(String, String)>,
    query: Query,
) -> Result<Response, ApiError> {
    caller.require_reading_admin()?;
    let (app, feature) = both(&app, &feature)?;
    let query = page::under_cursor(query)?;
    let max = page::max(&query, 100, 1000)?;
    let after = page::behind(&query)?;
    let (items, next) = platform
        .feature_assignments(&caller, app, feature, after, max)
        .await?;
    let path = format!(
        "/hallway/v1/integrations/{app}/features/{}/assignments",
        feature.segment()
    );
    let items = Items { items };
    Ok(page::answer_behind_at(
        &platform,
        &path,
        &query,
        max,
        items,
        next.as_ref(),
    ))
}

async fn assign(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    Path((app, feature)): Path<(String, String)>,
    body: Unread,
) -> Result<Json<Assigned>, ApiError> {
    caller.require_device_admin()?;
    let (app, feature) = both(&app, &feature)?;
    let selection: Selection = body.json().await?;
    Ok(Json(
        platform.assign_feature(&caller, app, feature, &selection).await?,
    ))
}

async fn unassign(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    Path((app, feature)): Path<(String, String)>,
    body: Unread,
) -> Result<Json<Unassigned>, ApiError> {
    caller.require_device_admin()?;
    let (app, feature) = both(&app, &feature)?;
    let selection: Selection = body.json().await?;
    Ok(Json(
        platform
            .unassign_feature(&caller, app, feature, &selection)
            .await?,
    ))
}

async fn cross_launch(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    Path((app, feature)): Path<(String, String)>,
    body: Unread,
) -> Result<Json<Launched>, ApiError> {
    caller.require_device_admin()?;
    let (app, feature) = both(&app, &feature)?;
    let request: LaunchRequest = body.json().await?;
    Ok(Json(
        platform.cross_launch(&caller, app, feature, &request).await?,
    ))
}
