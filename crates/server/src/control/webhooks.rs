//! What became of deliveries to webhooks, and listening without a receiver.

use std::sync::Arc;

use axum::extract::{FromRequest as _, Path, Request, State};
use axum::http::StatusCode;
use hallway_platform::Platform;
use hallway_wire::control::Items;
use hallway_wire::id::WebhookId;
use hallway_wire::webhook::{Attempt, Heard, HeardReports, NewWebhook, Webhook};
use uuid::Uuid;

use crate::auth::Authenticated;
use crate::body::Json;
use crate::describe::{Api, Op};
use crate::error::ApiError;
use crate::query::{Query, id};

/// How many attempts are kept, and so shown at most.
const MAX: usize = 200;

pub(super) fn routes() -> Api {
    Api::new("Webhook deliveries")
        .get(
            "/webhooks/{id}/deliveries",
            list,
            Op::new("List the last deliveries of a webhook")
                .about("One item for each attempt, newest first.")
                .query("max", "Most attempts; 200 are kept.")
                .answers::<Items<Attempt>>(200),
        )
        .post(
            "/webhooks/{id}/deliveries/{delivery}/redeliver",
            redeliver,
            Op::new("Deliver again")
                .about("The same bytes, now, to where the webhook points today; also if it is inactive.")
                .answers::<Attempt>(200),
        )
        .post(
            "/listen",
            listen,
            Op::new("Begin to listen")
                .about("A webhook without a receiver; it ends when nobody asks for its deliveries any more.")
                .takes::<NewWebhook>()
                .answers::<Webhook>(200),
        )
        .get(
            "/listen/{id}",
            hear,
            Op::new("Take what was heard")
                .about("Held until there is something, or for the time of a poll. What was taken comes again until it is reported.")
                .answers::<Items<Heard>>(200),
        )
        .post(
            "/listen/{id}/reports",
            report,
            Op::new("Say how forwarding went").takes::<HeardReports>().empty(204),
        )
        .delete("/listen/{id}", end, Op::new("End listening").empty(204))
}

async fn list(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    Path(webhook): Path<String>,
    query: Query,
) -> Result<Json<Items<Attempt>>, ApiError> {
    caller.may_have_webhooks()?;
    let max = match query.get("max").map(str::parse) {
        None => MAX,
        Some(Ok(max)) if max > 0 => usize::min(max, MAX),
        Some(_) => return Err(ApiError::bad_request("max: must be a whole number, 1 or higher")),
    };
    let items = platform.webhook_attempts(&caller, id(&webhook)?, max).await?;
    Ok(Json(Items { items }))
}

async fn redeliver(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    Path((webhook, delivery)): Path<(String, String)>,
) -> Result<Json<Attempt>, ApiError> {
    caller.may_have_webhooks()?;
    let webhook: WebhookId = id(&webhook)?;
    let delivery =
        Uuid::try_parse(&delivery).map_err(|_| ApiError::bad_request("The id of a delivery is a UUID."))?;
    Ok(Json(platform.redeliver(&caller, webhook, delivery).await?))
}

async fn listen(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    body: Request,
) -> Result<Json<Webhook>, ApiError> {
    caller.may_have_webhooks()?;
    let Json(asked) = Json::<NewWebhook>::from_request(body, &()).await?;
    Ok(Json(platform.new_listener(&caller, &asked).await?))
}

async fn hear(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    Path(listener): Path<String>,
) -> Result<Json<Items<Heard>>, ApiError> {
    caller.may_have_webhooks()?;
    let items = platform.hear(&caller, id(&listener)?).await?;
    Ok(Json(Items { items }))
}

async fn report(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    Path(listener): Path<String>,
    body: Request,
) -> Result<StatusCode, ApiError> {
    caller.may_have_webhooks()?;
    let listener = id(&listener)?;
    let Json(HeardReports { reports }) = Json::<HeardReports>::from_request(body, &()).await?;
    platform.report_heard(&caller, listener, &reports).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn end(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    Path(listener): Path<String>,
) -> Result<StatusCode, ApiError> {
    caller.may_have_webhooks()?;
    platform.end_listener(&caller, id(&listener)?).await?;
    Ok(StatusCode::NO_CONTENT)
}
