//! `/v1/webhooks` (webhooks 1).

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use hallway_platform::Platform;
use hallway_wire::control::Items;
use hallway_wire::id;
use hallway_wire::webhook::{NewWebhook, Webhook, WebhookUpdate};

use super::page;
use super::query::{Ask, PathId, Unread};
use crate::body::{self, Json};
use crate::describe::{Api, Op};
use crate::error::ApiError;
use crate::query::Query;

/// Default and highest number of webhooks on a page.
const DEFAULT: usize = 100;
const MAX: usize = 1000;

pub(super) fn routes() -> Api {
    Api::new("Webhooks")
        .get(
            "/webhooks",
            list_webhooks,
            Op::new("List webhooks")
                .about("Newest first: the caller's own, or those of the organization.")
                .query("max", "Most webhooks on a page.")
                .query("ownedBy", "`org`: webhooks of the organization, for its administrators and compliance officers.")
                .answers::<Items<Webhook>>(200),
        )
        .post(
            "/webhooks",
            create_webhook,
            Op::new("Create a webhook")
                .about("It needs the scope that reads its resource.")
                .takes::<NewWebhook>()
                .answers::<Webhook>(200),
        )
        .get(
            "/webhooks/{id}",
            get_webhook,
            Op::new("Get a webhook").answers::<Webhook>(200),
        )
        .put(
            "/webhooks/{id}",
            update_webhook,
            Op::new("Change a webhook")
                .about("Name, target URL and secret; status `active` revives a webhook that failed too often. Other members are passed over.")
                .takes::<WebhookUpdate>()
                .answers::<Webhook>(200),
        )
        .delete(
            "/webhooks/{id}",
            delete_webhook,
            Op::new("Delete a webhook").empty(204),
        )
}

async fn list_webhooks(
    State(platform): State<Arc<Platform>>,
    Ask { caller, query }: Ask,
) -> Result<Response, ApiError> {
    caller.may_have_webhooks()?;
    let query = page::under_cursor(query)?;
    let of_organization = match query.get("ownedBy") {
        None | Some("creator") => false,
        Some("org") => true,
        Some(other) => {
            return Err(ApiError::bad_request(format!(
                "ownedBy: must be org, not {other:?}"
            )));
        }
    };
    let max = page::max(&query, DEFAULT, MAX)?;
    let after = page::behind(&query)?;
    let (items, next) = platform.webhooks(&caller, of_organization, after, max).await?;
    let body = Items { items };
    Ok(page::answer_behind(
        &platform,
        "/webhooks",
        &query,
        max,
        body,
        next.as_ref(),
    ))
}

async fn create_webhook(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    body: Unread,
) -> Result<Json<Webhook>, ApiError> {
    caller.may_have_webhooks()?;
    let asked: NewWebhook = body.json().await?;
    Ok(Json(platform.create_webhook(&caller, &asked).await?))
}

async fn get_webhook(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    PathId(id): PathId<id::Webhook>,
) -> Result<Json<Webhook>, ApiError> {
    Ok(Json(platform.webhook(&caller, id).await?))
}

async fn update_webhook(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    PathId(id): PathId<id::Webhook>,
    body: Unread,
) -> Result<Json<Webhook>, ApiError> {
    caller.may_have_webhooks()?;
    // Not theirs is not there, whatever the body says.
    platform.webhook(&caller, id).await?;
    let update = read_update(&body.text().await?)?;
    Ok(Json(platform.update_webhook(&caller, id, &update).await?))
}

/// One client sends a form under a JSON content type, with `target_url` for `targetUrl` (webhooks 1.1).
fn read_update(bytes: &[u8]) -> Result<WebhookUpdate, ApiError> {
    body::parse(bytes).or_else(|error| {
        let form = std::str::from_utf8(bytes).map(Query::parse).unwrap_or_default();
        let text = |names: &[&str]| {
            names
                .iter()
                .find_map(|name| form.get(name))
                .map(ToOwned::to_owned)
        };
        let Some(name) = text(&["name"]) else {
            return Err(error);
        };
        Ok(WebhookUpdate {
            name: Some(name),
            target_url: text(&["targetUrl", "target_url", "targetURL"]),
            secret: text(&["secret"]).map(hallway_wire::Secret::new),
            status: text(&["status"]),
        })
    })
}

async fn delete_webhook(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    PathId(id): PathId<id::Webhook>,
) -> Result<StatusCode, ApiError> {
    platform.delete_webhook(&caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn updates_in_every_dress() {
        let form = read_update(b"name=My+Hook&target_url=http%3A%2F%2Fx%2Fy&status=active").unwrap();
        assert_eq!(form.name.as_deref(), Some("My Hook"));
        assert_eq!(form.target_url.as_deref(), Some("http://x/y"));
        assert_eq!((form.status.as_deref(), form.secret), (Some("active"), None));
        let json =
            read_update(br#"{"name":"a","targetUrl":"b","secret":null,"ownedBy":"org","x":1}"#).unwrap();
        assert_eq!((json.name.as_deref(), json.secret), (Some("a"), None));
        let spelled = read_update(br#"{"name":"a","targetURL":"b"}"#).unwrap();
        assert_eq!(spelled.target_url.as_deref(), Some("b"));
        assert!(read_update(b"nonsense").is_err() && read_update(b"{").is_err());
    }
}
