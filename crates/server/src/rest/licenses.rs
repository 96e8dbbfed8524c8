//! Licenses and who holds them (people-calling 3).

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hallway_platform::Platform;
use hallway_platform::ports::After;
use hallway_wire::control::Items;
use hallway_wire::id;
use hallway_wire::license::{Assigned, Assignment, License};

use super::page;
use super::query::{Ask, PathId, Unread};
use crate::body::Json;
use crate::describe::{Api, Op};
use crate::error::ApiError;
use crate::query::Query;

/// Holders on a page, and most of them.
const HOLDERS: usize = 300;
/// What a cursor of holders is called inside.
const PAGING: &str = "LICENSE_USER_PAGING";

pub(super) fn routes() -> Api {
    const READ: &[&str] = &["spark-admin:licenses_read"];
    Api::new("Licenses")
        .get(
            "/licenses",
            list_licenses,
            Op::new("List licenses")
                .scopes(READ)
                .answers::<Items<License>>(200),
        )
        .get(
            "/licenses/{id}",
            get_license,
            Op::new("Get a license")
                .scopes(READ)
                .choice("includeAssignedTo", "Show who holds it.", &["user"])
                .query("limit", "Most holders on a page, up to 300.")
                .query("next", "The page that an earlier answer points to.")
                .answers::<License>(200),
        )
        .patch(
            "/licenses/users",
            assign,
            Op::new("Assign licenses to a user")
                .about("What can be done is done: 206 says that it was not all of it.")
                .scopes(&["spark-admin:people_write"])
                .takes::<Assignment>()
                .answers::<Assigned>(200)
                .answers::<Assigned>(206),
        )
}

async fn list_licenses(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
) -> Result<Json<Items<License>>, ApiError> {
    Ok(Json(Items {
        items: platform.licenses(&caller).await?,
    }))
}

/// The cursor behind a holder.
fn cursor(after: &After) -> String {
    let inner = URL_SAFE_NO_PAD.encode(format!("{}\n{}", after.id, after.order));
    id::encode("us", PAGING, inner)
}

fn behind(query: &Query) -> Result<Option<After>, ApiError> {
    let bad = || ApiError::bad_request("next: not a cursor of this list");
    let Some(text) = query.get("next") else {
        return Ok(None);
    };
    let (kind, inner) = id::decode(text).map_err(|_| bad())?;
    let inner = URL_SAFE_NO_PAD.decode(inner).map_err(|_| bad())?;
    let inner = String::from_utf8(inner).map_err(|_| bad())?;
    let (id, order) = inner.split_once('\n').ok_or_else(bad)?;
    if kind != PAGING {
        return Err(bad());
    }
    Ok(Some(After {
        order: order.to_owned(),
        id: id.to_owned(),
    }))
}

async fn get_license(
    State(platform): State<Arc<Platform>>,
    Ask { caller, query }: Ask,
    PathId(id): PathId<id::License>,
) -> Result<Response, ApiError> {
    caller.may_read_licenses()?;
    match query.get("includeAssignedTo").map(str::trim) {
        None => return Ok(Json(platform.license(&caller, id).await?).into_response()),
        Some(text) if text.eq_ignore_ascii_case("user") => {}
        Some(text) => {
            return Err(ApiError::bad_request(format!(
                "includeAssignedTo: must be user, not {text:?}"
            )));
        }
    }
    let limit = match page::number(&query, "limit")? {
        Some(0) => return Err(ApiError::bad_request("limit: must be 1 or higher")),
        given => given.unwrap_or(HOLDERS).min(HOLDERS),
    };
    let (license, next) = platform
        .license_with_holders(&caller, id, limit, behind(&query)?)
        .await?;
    let url = next.map(|after| {
        format!(
            "{}/v1/licenses/{}?includeAssignedTo=user&limit={limit}&next={}",
            platform.config().public_url,
            license.id,
            cursor(&after)
        )
    });
    Ok(page::with_link(Json(license), url))
}

async fn assign(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    body: Unread,
) -> Result<(StatusCode, Json<Assigned>), ApiError> {
    caller.may_write_people()?;
    let done = platform.assign_licenses(&caller, &body.json().await?).await?;
    let status = if done.whole {
        StatusCode::OK
    } else {
        StatusCode::PARTIAL_CONTENT
    };
    Ok((status, Json(done.now)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_come_back() {
        let after = After {
            order: "ærlig & ødelagt".to_owned(),
            id: "1".to_owned(),
        };
        let query = Query(vec![("next".to_owned(), cursor(&after))]);
        assert_eq!(behind(&query).unwrap(), Some(after));
        for bad in ["x", "Y2lz", &id::encode("us", "PEOPLE", "eA")] {
            assert!(
                behind(&Query(vec![("next".to_owned(), bad.to_owned())])).is_err(),
                "{bad}"
            );
        }
    }
}
