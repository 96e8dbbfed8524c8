//! `/v1/memberships` (messaging-meetings 2).

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use hallway_platform::Platform;
use hallway_platform::messaging::MembershipQuery;
use hallway_wire::control::Items;
use hallway_wire::messaging::{InRoom, Membership, MembershipChange, NewMembership};

use super::page;
use super::query::{Ask, PathPair, Unread, parameter, text};
use crate::body::Json;
use crate::describe::{Api, Op};
use crate::error::ApiError;

const READ: &[&str] = &["spark:memberships_read", "spark-compliance:memberships_read"];
const WRITE: &[&str] = &["spark:memberships_write", "spark-compliance:memberships_write"];

pub(super) fn routes() -> Api {
    Api::new("Memberships")
        .get(
            "/memberships",
            list_memberships,
            Op::new("List memberships")
                .about("Those of a room; without one the caller's own.")
                .scopes(READ)
                .query("roomId", "Only those of this room.")
                .query(
                    "personId",
                    "Only those of this person; needs roomId, except for compliance officers.",
                )
                .query("personEmail", "As personId, by address.")
                .query("max", "Most memberships on a page, up to 1000.")
                .answers::<Items<Membership>>(200),
        )
        .post(
            "/memberships",
            create_membership,
            Op::new("Create a membership")
                .scopes(WRITE)
                .takes::<NewMembership>()
                .answers::<Membership>(200),
        )
        .get(
            "/memberships/{id}",
            get_membership,
            Op::new("Get a membership")
                .scopes(READ)
                .answers::<Membership>(200),
        )
        .put(
            "/memberships/{id}",
            update_membership,
            Op::new("Update a membership")
                .scopes(WRITE)
                .takes::<MembershipChange>()
                .answers::<Membership>(200),
        )
        .delete(
            "/memberships/{id}",
            delete_membership,
            Op::new("Delete a membership").scopes(WRITE).empty(204),
        )
}

async fn list_memberships(
    State(platform): State<Arc<Platform>>,
    Ask { caller, query }: Ask,
) -> Result<Response, ApiError> {
    caller.may_read_memberships()?;
    let query = page::under_cursor(query)?;
    let max = page::max(&query, 100, 1000)?;
    let memberships = MembershipQuery {
        room: parameter(&query, "roomId")?,
        person: parameter(&query, "personId")?,
        email: text(&query, "personEmail"),
        max,
        after: page::behind(&query)?,
    };
    let slice = platform.list_memberships(&caller, &memberships).await?;
    let items = Items { items: slice.items };
    let next = slice.next.as_ref();
    Ok(page::answer_behind(
        &platform,
        "/memberships",
        &query,
        max,
        items,
        next,
    ))
}

async fn create_membership(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    body: Unread,
) -> Result<Json<Membership>, ApiError> {
    caller.may_write_memberships()?;
    let created = platform.create_membership(&caller, &body.json().await?).await?;
    Ok(Json(created))
}

async fn get_membership(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    PathPair(id): PathPair<InRoom>,
) -> Result<Json<Membership>, ApiError> {
    Ok(Json(platform.membership_details(&caller, id).await?))
}

async fn update_membership(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    PathPair(id): PathPair<InRoom>,
    body: Unread,
) -> Result<Json<Membership>, ApiError> {
    caller.may_write_memberships()?;
    let change = body.json().await?;
    Ok(Json(platform.update_membership(&caller, id, &change).await?))
}

async fn delete_membership(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    PathPair(id): PathPair<InRoom>,
) -> Result<StatusCode, ApiError> {
    platform.delete_membership(&caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
