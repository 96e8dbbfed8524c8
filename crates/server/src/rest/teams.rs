//! `/v1/teams` (messaging-meetings 5).

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use hallway_platform::Platform;
use hallway_wire::control::Items;
use hallway_wire::id;
use hallway_wire::messaging::{Team, TeamFields};

use super::page;
use super::query::{Ask, PathId, Unread};
use crate::body::Json;
use crate::describe::{Api, Op};
use crate::error::ApiError;

const READ: &[&str] = &["spark:teams_read", "spark-compliance:teams_read"];
const WRITE: &[&str] = &["spark:teams_write"];

pub(super) fn routes() -> Api {
    Api::new("Teams")
        .get(
            "/teams",
            list_teams,
            Op::new("List teams")
                .scopes(READ)
                .query("max", "Most teams on a page, up to 1000.")
                .answers::<Items<Team>>(200),
        )
        .post(
            "/teams",
            create_team,
            Op::new("Create a team")
                .scopes(WRITE)
                .takes::<TeamFields>()
                .answers::<Team>(200),
        )
        .get(
            "/teams/{id}",
            get_team,
            Op::new("Get a team").scopes(READ).answers::<Team>(200),
        )
        .put(
            "/teams/{id}",
            update_team,
            Op::new("Update a team")
                .scopes(WRITE)
                .takes::<TeamFields>()
                .answers::<Team>(200),
        )
        .delete(
            "/teams/{id}",
            delete_team,
            Op::new("Delete a team").scopes(WRITE).empty(204),
        )
}

async fn list_teams(
    State(platform): State<Arc<Platform>>,
    Ask { caller, query }: Ask,
) -> Result<Response, ApiError> {
    caller.may_read_teams()?;
    let query = page::under_cursor(query)?;
    let max = page::max(&query, 100, 1000)?;
    let slice = platform.list_teams(&caller, max, page::behind(&query)?).await?;
    let items = Items { items: slice.items };
    Ok(page::answer_behind(
        &platform,
        "/teams",
        &query,
        max,
        items,
        slice.next.as_ref(),
    ))
}

async fn create_team(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    body: Unread,
) -> Result<Json<Team>, ApiError> {
    caller.may_write_teams()?;
    Ok(Json(platform.create_team(&caller, &body.json().await?).await?))
}

async fn get_team(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    PathId(id): PathId<id::Team>,
) -> Result<Json<Team>, ApiError> {
    Ok(Json(platform.team_details(&caller, id).await?))
}

async fn update_team(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    PathId(id): PathId<id::Team>,
    body: Unread,
) -> Result<Json<Team>, ApiError> {
    caller.may_write_teams()?;
    Ok(Json(
        platform.update_team(&caller, id, &body.json().await?).await?,
    ))
}

async fn delete_team(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    PathId(id): PathId<id::Team>,
) -> Result<StatusCode, ApiError> {
    platform.delete_team(&caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
