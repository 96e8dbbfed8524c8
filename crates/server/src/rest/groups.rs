//! Groups of people (people-calling 4).

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use hallway_platform::Platform;
use hallway_platform::org::GroupQuery;
use hallway_wire::group::{Group, GroupRequest, Groups, Members};
use hallway_wire::id;

use super::page;
use super::query::{Ask, PathId, Unread, is_set};
use crate::body::Json;
use crate::describe::{Api, Op};
use crate::error::ApiError;
use crate::query::Query;

/// Groups on a page, and most of them.
const GROUPS: usize = 100;
const MOST_GROUPS: usize = 500;
/// Members on a page, and most of them.
const MEMBERS: usize = 500;

pub(super) fn routes() -> Api {
    const READ: &[&str] = &["identity:groups_read", "identity:groups_rw"];
    const WRITE: &[&str] = &["identity:groups_rw"];
    let paged = |op: Op| {
        op.query("startIndex", "Where the page begins, counted from 1.")
            .query("count", "Most of them on a page, up to 500.")
    };
    let members = |summary: &'static str| paged(Op::new(summary)).scopes(READ).answers::<Members>(200);
    Api::new("Groups")
        .get(
            "/groups",
            list_groups,
            paged(Op::new("List groups"))
                .scopes(READ)
                .query(
                    "filter",
                    "`displayName eq \"Sales\"` or `displayName sw \"Sal\"`.",
                )
                .query("attributes", "Taken and passed over: every attribute is shown.")
                .query("sortBy", "`displayName`, which is the order anyway.")
                .choice(
                    "sortOrder",
                    "Which end comes first.",
                    &["ascending", "descending"],
                )
                .flag("includeMembers", "Show up to 500 members of each group too.")
                .answers::<Groups>(200),
        )
        .post(
            "/groups",
            create_group,
            Op::new("Create a group")
                .scopes(WRITE)
                .takes::<GroupRequest>()
                .answers::<Group>(201),
        )
        .get(
            "/groups/{id}",
            get_group,
            Op::new("Get a group")
                .scopes(READ)
                .flag("includeMembers", "Show up to 500 members too.")
                .answers::<Group>(200),
        )
        .patch(
            "/groups/{id}",
            update_group,
            Op::new("Update a group")
                .about("Members are added or, with the operation `delete`, removed.")
                .scopes(WRITE)
                .takes::<GroupRequest>()
                .answers::<Group>(200),
        )
        .delete(
            "/groups/{id}",
            delete_group,
            Op::new("Delete a group")
                .about("Its members stay in the organization.")
                .scopes(WRITE)
                .empty(204),
        )
        .get(
            "/groups/{id}/members",
            list_members,
            members("List the members of a group"),
        )
        // One SDK writes it like this.
        .get(
            "/groups/{id}/Members",
            list_members,
            members("List the members of a group, spelled with a capital"),
        )
}

/// Reads `displayName eq "x"` and `displayName sw "x"`.
fn filter(query: &Query) -> Result<GroupQuery, ApiError> {
    let mut groups = GroupQuery::default();
    let Some(text) = query.get("filter").map(str::trim) else {
        return Ok(groups);
    };
    let bad = || {
        ApiError::bad_request(format!(
            "filter: must be displayName eq \"…\" or displayName sw \"…\", not {text}"
        ))
    };
    let mut words = text.splitn(3, char::is_whitespace);
    let (name, operator, value) = (words.next(), words.next(), words.next());
    if !name.is_some_and(|name| name.eq_ignore_ascii_case("displayName")) {
        return Err(bad());
    }
    let value = value.map(str::trim).ok_or_else(bad)?;
    let quoted = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
    let value = quoted.ok_or_else(bad)?.replace("\\\"", "\"");
    match operator.map(str::to_ascii_lowercase).as_deref() {
        Some("eq") => groups.name = Some(value),
        Some("sw") => groups.name_start = Some(value),
        _ => return Err(bad()),
    }
    Ok(groups)
}

fn descending(query: &Query) -> Result<bool, ApiError> {
    match query.get("sortOrder").map(str::trim) {
        None => Ok(false),
        Some(text) if text.eq_ignore_ascii_case("ascending") => Ok(false),
        Some(text) if text.eq_ignore_ascii_case("descending") => Ok(true),
        Some(text) => Err(ApiError::bad_request(format!(
            "sortOrder: must be ascending or descending, not {text:?}"
        ))),
    }
}

fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

async fn list_groups(
    State(platform): State<Arc<Platform>>,
    Ask { caller, query }: Ask,
) -> Result<Response, ApiError> {
    caller.may_read_groups()?;
    let (start, max) = page::indexes(&query, GROUPS, MOST_GROUPS)?;
    let asked = GroupQuery {
        descending: descending(&query)?,
        members: is_set(&query, "includeMembers")?,
        start,
        max,
        ..filter(&query)?
    };
    let found = platform.groups(&caller, &asked).await?;
    let next = found
        .more
        .then(|| page::next_index(&platform, "/groups", &query, start, max));
    let body = Groups {
        total_results: found.total,
        start_index: number(start + 1),
        items_per_page: number(found.groups.len()),
        groups: found.groups,
    };
    Ok(page::with_link(Json(body), next))
}

async fn create_group(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    body: Unread,
) -> Result<(StatusCode, Json<Group>), ApiError> {
    caller.may_write_groups()?;
    let created = platform.create_group(&caller, &body.json().await?).await?;
    Ok((StatusCode::CREATED, Json(created)))
}

async fn get_group(
    State(platform): State<Arc<Platform>>,
    Ask { caller, query }: Ask,
    PathId(id): PathId<id::Group>,
) -> Result<Json<Group>, ApiError> {
    caller.may_read_groups()?;
    let members = is_set(&query, "includeMembers")?;
    Ok(Json(platform.group(&caller, id, members).await?))
}

async fn update_group(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    PathId(id): PathId<id::Group>,
    body: Unread,
) -> Result<Json<Group>, ApiError> {
    caller.may_write_groups()?;
    Ok(Json(
        platform.update_group(&caller, id, &body.json().await?).await?,
    ))
}

async fn delete_group(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    PathId(id): PathId<id::Group>,
) -> Result<StatusCode, ApiError> {
    platform.delete_group(&caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn list_members(
    State(platform): State<Arc<Platform>>,
    Ask { caller, query }: Ask,
    PathId(id): PathId<id::Group>,
) -> Result<Response, ApiError> {
    caller.may_read_groups()?;
    let (start, max) = page::indexes(&query, MEMBERS, MEMBERS)?;
    let found = platform.group_members(&caller, id, start, max).await?;
    let path = format!("/groups/{}/members", found.group.id);
    let next = found
        .more
        .then(|| page::next_index(&platform, &path, &query, start, max));
    let shown = found.group.members.as_ref().map_or(0, Vec::len);
    let body = Members {
        start_index: number(start + 1),
        items_per_page: number(shown),
        group: found.group,
    };
    Ok(page::with_link(Json(body), next))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_filters() {
        let read = |text: &str| filter(&Query(vec![("filter".to_owned(), text.to_owned())]));
        assert_eq!(
            read("displayName eq \"Sales and more\"").unwrap().name.unwrap(),
            "Sales and more"
        );
        assert_eq!(read("displayname SW  \"S\"").unwrap().name_start.unwrap(), "S");
        for bad in [
            "x",
            "displayName eq",
            "displayName eq Sales",
            "id eq \"1\"",
            "displayName co \"S\"",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
