//! The e-mails that Hallway has written.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::header::LINK;
use axum::response::{IntoResponse as _, Response};
use hallway_platform::Platform;
use hallway_platform::ports::After;
use hallway_wire::mail::{Mail, Outbox};

use crate::auth::Authenticated;
use crate::body::Json;
use crate::describe::{Api, Op};
use crate::error::ApiError;
use crate::query::Query;

/// E-mails on a page, and most of them.
const DEFAULT: usize = 50;
const MAX: usize = 1000;

pub(super) fn routes() -> Api {
    Api::new("Hallway: outbox")
        .get(
            "/outbox",
            list,
            Op::new("List the e-mails that were written")
                .about(
                    "The newest first. Where no mail server is set up, they wait here for the administrator.",
                )
                .query("max", "Most e-mails on a page, up to 1000.")
                .query("after", "The page that an earlier answer points to.")
                .answers::<Outbox>(200),
        )
        .get(
            "/outbox/{id}",
            show,
            Op::new("Get an e-mail with its text")
                .about("It may hold a link that activates an account; the audit trail says who read it.")
                .answers::<Mail>(200),
        )
}

async fn list(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    query: Query,
) -> Result<Response, ApiError> {
    caller.require_user_admin()?;
    let max = match query.get("max").map(str::parse::<usize>) {
        None => DEFAULT,
        Some(Ok(max)) if max > 0 => max.min(MAX),
        Some(_) => return Err(ApiError::bad_request("max: must be a whole number, 1 or higher")),
    };
    let after = match query.get("after").map(|text| text.split_once('.')) {
        None => None,
        Some(Some((order, id))) => Some(After {
            order: order.to_owned(),
            id: id.to_owned(),
        }),
        Some(None) => return Err(ApiError::bad_request("after: not a cursor of this list")),
    };
    let (outbox, next) = platform.outbox(&caller, max, after).await?;
    let mut response = Json(outbox).into_response();
    if let Some(After { order, id }) = next {
        let url = &platform.config().public_url;
        let link = format!("<{url}/hallway/v1/outbox?max={max}&after={order}.{id}>; rel=\"next\"");
        if let Ok(link) = link.parse() {
            response.headers_mut().insert(LINK, link);
        }
    }
    Ok(response)
}

async fn show(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
) -> Result<Json<Mail>, ApiError> {
    Ok(Json(platform.outbox_mail(&caller, &id).await?))
}
