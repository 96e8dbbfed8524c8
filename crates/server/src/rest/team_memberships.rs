//! `/v1/team/memberships` (messaging-meetings 5).

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use hallway_platform::Platform;
use hallway_wire::control::Items;
use hallway_wire::messaging::{InTeam, MembershipChange, NewTeamMembership, TeamMembership};

use super::page;
use super::query::{Ask, PathPair, Unread};
use crate::body::Json;
use crate::describe::{Api, Op};
use crate::error::ApiError;

const READ: &[&str] = &[
    "spark:team_memberships_read",
    "spark-compliance:team_memberships_read",
];
const WRITE: &[&str] = &[
    "spark:team_memberships_write",
    "spark-compliance:team_memberships_write",
];

pub(super) fn routes() -> Api {
    Api::new("Team memberships")
        .get(
            "/team/memberships",
            list_team_memberships,
            Op::new("List team memberships")
                .scopes(READ)
                .required_query("teamId", "The team.")
                .query("max", "Most memberships on a page, up to 1000.")
                .answers::<Items<TeamMembership>>(200),
        )
        .post(
            "/team/memberships",
            create_team_membership,
            Op::new("Create a team membership")
                .scopes(WRITE)
                .takes::<NewTeamMembership>()
                .answers::<TeamMembership>(200),
        )
        .get(
            "/team/memberships/{id}",
            get_team_membership,
            Op::new("Get a team membership")
                .scopes(READ)
                .answers::<TeamMembership>(200),
        )
        .put(
            "/team/memberships/{id}",
            update_team_membership,
            Op::new("Update a team membership")
                .scopes(WRITE)
                .takes::<MembershipChange>()
                .answers::<TeamMembership>(200),
        )
        .delete(
            "/team/memberships/{id}",
            delete_team_membership,
            Op::new("Delete a team membership").scopes(WRITE).empty(204),
        )
}

async fn list_team_memberships(
    State(platform): State<Arc<Platform>>,
    Ask { caller, query }: Ask,
) -> Result<Response, ApiError> {
    caller.may_read_team_memberships()?;
    let query = page::under_cursor(query)?;
    let max = page::max(&query, 100, 1000)?;
    let team = crate::query::id(query.required("teamId")?.trim())?;
    let after = page::behind(&query)?;
    let slice = platform.list_team_memberships(&caller, team, max, after).await?;
    let items = Items { items: slice.items };
    let next = slice.next.as_ref();
    Ok(page::answer_behind(
        &platform,
        "/team/memberships",
        &query,
        max,
        items,
        next,
    ))
}

async fn create_team_membership(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    body: Unread,
) -> Result<Json<TeamMembership>, ApiError> {
    caller.may_write_team_memberships()?;
    let new = body.json().await?;
    Ok(Json(platform.create_team_membership(&caller, &new).await?))
}

async fn get_team_membership(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    PathPair(id): PathPair<InTeam>,
) -> Result<Json<TeamMembership>, ApiError> {
    Ok(Json(platform.team_membership_details(&caller, id).await?))
}

async fn update_team_membership(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    PathPair(id): PathPair<InTeam>,
    body: Unread,
) -> Result<Json<TeamMembership>, ApiError> {
    caller.may_write_team_memberships()?;
    let change: MembershipChange = body.json().await?;
    Ok(Json(platform.update_team_membership(&caller, id, &change).await?))
}

async fn delete_team_membership(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    PathPair(id): PathPair<InTeam>,
) -> Result<StatusCode, ApiError> {
    platform.delete_team_membership(&caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
