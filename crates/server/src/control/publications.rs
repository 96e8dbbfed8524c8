//! Public integrations: what vendors submit, what operators decide, and the catalog of every organization.

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use hallway_platform::Platform;
use hallway_platform::ports::After;
use hallway_wire::control::{ActivateRequest, Activated, Items};
use hallway_wire::publication::{Approval, CatalogEntry, Installation, Publication, Rejection, Submission};
use serde::Serialize;

use super::integrations::{app_id, choices};
use crate::app::App;
use crate::auth::Authenticated;
use crate::body::{Json, Unread};
use crate::describe::{Api, Op};
use crate::error::ApiError;
use crate::query::Query;
use crate::rest::page;

/// Entries on a page, and most of them.
const DEFAULT: usize = 100;
const MAX: usize = 1000;

pub(super) fn routes() -> Api {
    const VENDOR: &str = "Only a full administrator of the organization that uploaded it may.";
    const OPERATOR: &str =
        "Only an operator of this Hallway may, with a token that is not limited to some scopes.";
    const ANYBODY: &str = "Only an administrator may.";
    let app = |op: Op| op.path("app", "The integration, as a bare UUID.");
    let paged = |op: Op| {
        op.query("max", "Most entries on a page, up to 1000.")
            .query("cursor", "The page that an earlier answer points to.")
    };
    Api::new("Hallway: public integrations")
        .get(
            "/vendor/integrations",
            statuses,
            Op::new("List the integrations that can be published, and where they stand")
                .about(ANYBODY)
                .answers::<Items<Publication>>(200),
        )
        .get(
            "/vendor/integrations/{app}",
            status,
            app(Op::new("Get where the publication of an integration stands"))
                .about(ANYBODY)
                .answers::<Publication>(200),
        )
        .post(
            "/vendor/integrations/{app}/submit",
            submit,
            app(Op::new("Submit the newest version of an integration to the operators"))
                .about(VENDOR)
                .answers::<Publication>(200),
        )
        .post(
            "/vendor/integrations/{app}/withdraw",
            withdraw,
            app(Op::new("Take back what was submitted, or else what is published"))
                .about(VENDOR)
                .answers::<Publication>(200),
        )
        .get(
            "/vendor/integrations/{app}/installations",
            installations,
            paged(app(Op::new("List the organizations that have activated an integration")))
                .about("Nothing but their names and how the integration fares there. Only an administrator may.")
                .answers::<Items<Installation>>(200),
        )
        .get(
            "/operator/publications",
            submissions,
            paged(Op::new("List what waits for an operator"))
                .about(OPERATOR)
                .answers::<Items<Submission>>(200),
        )
        .get(
            "/operator/publications/{app}",
            submission,
            app(Op::new("Get what waits for an operator")).about(OPERATOR).answers::<Submission>(200),
        )
        .post(
            "/operator/publications/{app}/approve",
            approve,
            app(Op::new("Approve a submitted version for every organization"))
                .about(OPERATOR)
                .takes::<Approval>()
                .body_optional()
                .answers::<Submission>(200),
        )
        .post(
            "/operator/publications/{app}/reject",
            reject,
            app(Op::new("Refuse a submitted version")).about(OPERATOR).takes::<Rejection>().empty(204),
        )
        .get(
            "/catalog",
            catalog,
            paged(Op::new("List the public integrations"))
                .about(ANYBODY)
                .answers::<Items<CatalogEntry>>(200),
        )
        .get(
            "/catalog/{app}",
            show,
            app(Op::new("Get a public integration")).about(ANYBODY).answers::<CatalogEntry>(200),
        )
        .post(
            "/catalog/{app}/activate",
            activate,
            app(Op::new("Activate a public integration"))
                .about(
                    "Answers the activation code; where the vendor has it posted, the answer says how that went. \
                     Only a full administrator may.",
                )
                .takes::<ActivateRequest>()
                .body_optional()
                .answers::<Activated>(200),
        )
}

async fn statuses(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
) -> Result<Json<Items<Publication>>, ApiError> {
    Ok(Json(Items {
        items: platform.publication_statuses(&caller).await?,
    }))
}

async fn status(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    Path(app): Path<String>,
) -> Result<Json<Publication>, ApiError> {
    Ok(Json(platform.publication_status(&caller, app_id(&app)?).await?))
}

async fn submit(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    Path(app): Path<String>,
) -> Result<Json<Publication>, ApiError> {
    Ok(Json(platform.submit_publication(&caller, app_id(&app)?).await?))
}

async fn withdraw(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    Path(app): Path<String>,
) -> Result<Json<Publication>, ApiError> {
    Ok(Json(platform.withdraw_publication(&caller, app_id(&app)?).await?))
}

/// Where a page begins, and how long it is.
struct Paged {
    query: Query,
    max: usize,
    after: Option<After>,
}

fn paged(query: Query) -> Result<Paged, ApiError> {
    let query = page::under_cursor(query)?;
    Ok(Paged {
        max: page::max(&query, DEFAULT, MAX)?,
        after: page::behind(&query)?,
        query,
    })
}

impl Paged {
    fn answer<T: Serialize>(
        &self,
        platform: &Platform,
        path: &str,
        (items, next): (Vec<T>, Option<After>),
    ) -> Response {
        let path = format!("/hallway/v1{path}");
        page::answer_behind_at(
            platform,
            &path,
            &self.query,
            self.max,
            Items { items },
            next.as_ref(),
        )
    }
}

async fn installations(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    Path(app): Path<String>,
    query: Query,
) -> Result<Response, ApiError> {
    caller.require_reading_admin()?;
    let app = app_id(&app)?;
    let paged = paged(query)?;
    let page = platform
        .installations(&caller, app, paged.max, paged.after.as_ref())
        .await?;
    let path = format!("/vendor/integrations/{app}/installations");
    Ok(paged.answer(&platform, &path, page))
}

async fn submissions(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    query: Query,
) -> Result<Response, ApiError> {
    caller.require_operator()?;
    let mut paged = paged(query)?;
    let page = platform
        .submissions(&caller, paged.max, paged.after.take())
        .await?;
    Ok(paged.answer(&platform, "/operator/publications", page))
}

async fn submission(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    Path(app): Path<String>,
) -> Result<Json<Submission>, ApiError> {
    caller.require_operator()?;
    Ok(Json(platform.submission(&caller, app_id(&app)?).await?))
}

async fn approve(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    Path(app): Path<String>,
    body: Unread,
) -> Result<Json<Submission>, ApiError> {
    caller.require_operator()?;
    let app = app_id(&app)?;
    let Approval { version } = body.json_or_default().await?;
    Ok(Json(platform.approve_submission(&caller, app, version).await?))
}

async fn reject(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    Path(app): Path<String>,
    body: Unread,
) -> Result<StatusCode, ApiError> {
    caller.require_operator()?;
    let app = app_id(&app)?;
    let Rejection { reason, version } = body.json().await?;
    platform.reject_submission(&caller, app, version, &reason).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn catalog(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    query: Query,
) -> Result<Response, ApiError> {
    caller.require_reading_admin()?;
    let mut paged = paged(query)?;
    let page = platform.catalog(&caller, paged.max, paged.after.take()).await?;
    Ok(paged.answer(&platform, "/catalog", page))
}

async fn show(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    Path(app): Path<String>,
) -> Result<Json<CatalogEntry>, ApiError> {
    Ok(Json(platform.catalog_show(&caller, app_id(&app)?).await?))
}

async fn activate(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
    request: Request,
) -> Result<Json<Activated>, ApiError> {
    caller.require_full_admin()?;
    let id = app_id(&id)?;
    let choices = choices(request, &app).await?;
    Ok(Json(app.0.platform.activate_public(&caller, id, choices).await?))
}
