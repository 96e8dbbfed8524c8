//! SCIM users and groups, beside `/v1` (rest-basics 1).

use std::sync::Arc;

use axum::extract::{FromRequestParts, Path, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse as _, Response};
use hallway_platform::Platform;
use hallway_platform::org::{ScimFound, ScimQuery};
use hallway_wire::id::{GroupId, OrgId, PersonId};
use hallway_wire::scim::{
    BulkRequest, BulkResponse, GROUP, Group, GroupRequest, LIST, List, Members, PatchRequest, User,
    UserRequest,
};
use serde_json::Value;

use super::page::number;
use super::query::{Ask, Unread, flag, text, texts};
use crate::body::Json;
use crate::describe::{Api, Op};
use crate::error::ApiError;
use crate::query::{Query, id};

const READ: &[&str] = &["identity:people_read", "identity:people_rw"];
const WRITE: &[&str] = &["identity:people_rw"];

/// Resources on a page, where nothing is asked for.
const DEFAULT: usize = 100;
/// Members on a page.
const MAX: usize = 500;

/// Below `/identity/scim`.
pub(crate) fn routes() -> Api {
    users().merge(groups())
}

fn searched(op: Op) -> Op {
    op.query("filter", "A SCIM filter, like userName eq \"ada@example.com\".")
        .query("attributes", "Only these attributes.")
        .query("excludedAttributes", "Not these attributes.")
        .query("sortBy", "An attribute.")
        .query("sortOrder", "ascending or descending.")
        .query("startIndex", "Where the page begins, counted from 1.")
        .query("count", "Most resources on a page.")
        .answers::<List>(200)
}

fn users() -> Api {
    Api::new("SCIM")
        .get(
            "/v2/Users/me",
            me,
            Op::new("Get the caller as a user")
                .scopes(READ)
                .answers::<User>(200),
        )
        .get(
            "/{org}/v2/Users",
            search_users,
            searched(Op::new("Search users"))
                .scopes(READ)
                .query("returnGroups", "true: with the groups that they are in.")
                .query("includeGroupDetails", "As returnGroups.")
                .query("groupUsageTypes", "Ignored: every group has the usage group."),
        )
        .post(
            "/{org}/v2/Users",
            create_user,
            Op::new("Create a user")
                .scopes(WRITE)
                .takes::<UserRequest>()
                .answers::<User>(201),
        )
        .get(
            "/{org}/v2/Users/{user}",
            get_user,
            Op::new("Get a user").scopes(READ).answers::<User>(200),
        )
        .put(
            "/{org}/v2/Users/{user}",
            replace_user,
            Op::new("Replace a user")
                .about("Roles that are not mentioned stay as they are.")
                .scopes(WRITE)
                .takes::<UserRequest>()
                .answers::<User>(200),
        )
        .patch(
            "/{org}/v2/Users/{user}",
            patch_user,
            Op::new("Change a user step by step")
                .scopes(WRITE)
                .takes::<PatchRequest>()
                .answers::<User>(200),
        )
        .delete(
            "/{org}/v2/Users/{user}",
            delete_user,
            Op::new("Delete a user by SCIM").scopes(WRITE).empty(204),
        )
        .post(
            "/{org}/v2/Bulk",
            bulk,
            Op::new("Change many users and groups")
                .about("Each operation is done by itself; what was done before a failure stays.")
                .scopes(WRITE)
                .takes::<BulkRequest>()
                .answers::<BulkResponse>(200),
        )
}

fn groups() -> Api {
    Api::new("SCIM")
        .get(
            "/{org}/v2/Groups",
            search_groups,
            searched(Op::new("Search groups"))
                .scopes(READ)
                .query("includeMembers", "true: with their members.")
                .query("memberType", "user; there are no others."),
        )
        .post(
            "/{org}/v2/Groups",
            create_group,
            Op::new("Create a SCIM group")
                .scopes(WRITE)
                .takes::<GroupRequest>()
                .answers::<Group>(201),
        )
        .get(
            "/{org}/v2/Groups/{group}",
            get_group,
            Op::new("Get a SCIM group")
                .scopes(READ)
                .query("excludedAttributes", "Not these attributes, like members.")
                .answers::<Group>(200),
        )
        .put(
            "/{org}/v2/Groups/{group}",
            replace_group,
            Op::new("Replace a SCIM group")
                .scopes(WRITE)
                .takes::<GroupRequest>()
                .answers::<Group>(200),
        )
        .patch(
            "/{org}/v2/Groups/{group}",
            patch_group,
            Op::new("Change a SCIM group step by step")
                .scopes(WRITE)
                .takes::<PatchRequest>()
                .answers::<Group>(200),
        )
        .delete(
            "/{org}/v2/Groups/{group}",
            delete_group,
            Op::new("Delete a SCIM group").scopes(WRITE).empty(204),
        )
        .get(
            "/{org}/v2/Groups/{group}/Members",
            members,
            Op::new("List the members of a SCIM group")
                .scopes(READ)
                .query("startIndex", "Where the page begins, counted from 1.")
                .query("count", "Most members on a page.")
                .query("memberType", "user; there are no others.")
                .answers::<Members>(200),
        )
}

/// The organization of a path.
struct OfOrg(OrgId);

impl<S: Send + Sync> FromRequestParts<S> for OfOrg {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Path(names) = Path::<std::collections::HashMap<String, String>>::from_request_parts(parts, state)
            .await
            .map_err(|_| ApiError::bad_request("The path cannot be read."))?;
        let org = names.get("org").map(String::as_str).unwrap_or_default();
        Ok(Self(id(org)?))
    }
}

/// The organization of a path, and the user or group behind it.
struct OfOne<T>(OrgId, T);

impl<S: Send + Sync, T: std::str::FromStr> FromRequestParts<S> for OfOne<T>
where
    T::Err: std::fmt::Display,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let path = Path::<(String, String)>::from_request_parts(parts, state).await;
        let Path((org, one)) = path.map_err(|_| ApiError::bad_request("The path cannot be read."))?;
        Ok(Self(id(&org)?, id(&one)?))
    }
}

fn query(query: &Query) -> Result<ScimQuery, ApiError> {
    let descending = match query.get("sortOrder") {
        None => false,
        Some(word) if word.eq_ignore_ascii_case("ascending") => false,
        Some(word) if word.eq_ignore_ascii_case("descending") => true,
        Some(word) => {
            return Err(ApiError::bad_request(format!(
                "sortOrder: must be ascending or descending, not {word:?}"
            )));
        }
    };
    let groups = flag(query, "returnGroups")?.unwrap_or_default();
    let details = flag(query, "includeGroupDetails")?.unwrap_or_default();
    Ok(ScimQuery {
        filter: text(query, "filter"),
        attributes: texts(query, "attributes"),
        excluded: texts(query, "excludedAttributes"),
        sort_by: text(query, "sortBy"),
        descending,
        start_index: number(query, "startIndex")?.unwrap_or(1).max(1),
        count: number(query, "count")?.unwrap_or(DEFAULT).min(MAX),
        include_members: flag(query, "includeMembers")?.unwrap_or_default(),
        return_groups: groups || details,
    })
}

fn page(query: &ScimQuery, found: ScimFound) -> Json<List> {
    Json(List {
        schemas: vec![LIST.to_owned()],
        total_results: found.total,
        items_per_page: found.resources.len(),
        start_index: query.start_index,
        resources: found.resources,
    })
}

fn created(resource: Value) -> Response {
    (StatusCode::CREATED, Json(resource)).into_response()
}

async fn me(State(platform): State<Arc<Platform>>, Ask { caller, .. }: Ask) -> Result<Json<Value>, ApiError> {
    Ok(Json(platform.scim_me(&caller).await?))
}

async fn search_users(
    State(platform): State<Arc<Platform>>,
    Ask { caller, query: given }: Ask,
    OfOrg(org): OfOrg,
) -> Result<Json<List>, ApiError> {
    caller.may_read_scim()?;
    let query = query(&given)?;
    let found = platform.scim_users(&caller, org, &query).await?;
    Ok(page(&query, found))
}

async fn create_user(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    OfOrg(org): OfOrg,
    body: Unread,
) -> Result<Response, ApiError> {
    caller.may_write_scim()?;
    caller.check_org(Some(org))?;
    let body = body.json().await?;
    Ok(created(platform.scim_create_user(&caller, org, &body).await?))
}

async fn get_user(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    OfOne(org, user): OfOne<PersonId>,
) -> Result<Json<Value>, ApiError> {
    Ok(Json(platform.scim_user(&caller, org, user).await?))
}

async fn replace_user(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    OfOne(org, user): OfOne<PersonId>,
    body: Unread,
) -> Result<Json<Value>, ApiError> {
    caller.may_write_scim()?;
    caller.check_org(Some(org))?;
    let body = body.json().await?;
    Ok(Json(platform.scim_replace_user(&caller, org, user, &body).await?))
}

async fn patch_user(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    OfOne(org, user): OfOne<PersonId>,
    body: Unread,
) -> Result<Json<Value>, ApiError> {
    caller.may_write_scim()?;
    caller.check_org(Some(org))?;
    let PatchRequest { operations, .. } = body.json().await?;
    Ok(Json(
        platform.scim_patch_user(&caller, org, user, &operations).await?,
    ))
}

async fn delete_user(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    OfOne(org, user): OfOne<PersonId>,
) -> Result<StatusCode, ApiError> {
    platform.scim_delete_user(&caller, org, user).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn bulk(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    OfOrg(org): OfOrg,
    body: Unread,
) -> Result<Json<BulkResponse>, ApiError> {
    caller.may_write_scim()?;
    caller.check_org(Some(org))?;
    let request: BulkRequest = body.json().await?;
    Ok(Json(platform.scim_bulk(&caller, org, &request).await?))
}

async fn search_groups(
    State(platform): State<Arc<Platform>>,
    Ask { caller, query: given }: Ask,
    OfOrg(org): OfOrg,
) -> Result<Json<List>, ApiError> {
    caller.may_read_scim()?;
    let query = query(&given)?;
    let found = platform.scim_groups(&caller, org, &query).await?;
    Ok(page(&query, found))
}

async fn create_group(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    OfOrg(org): OfOrg,
    body: Unread,
) -> Result<Response, ApiError> {
    caller.may_write_scim_groups()?;
    caller.check_org(Some(org))?;
    let body = body.json().await?;
    Ok(created(platform.scim_create_group(&caller, org, &body).await?))
}

async fn get_group(
    State(platform): State<Arc<Platform>>,
    Ask { caller, query }: Ask,
    OfOne(org, group): OfOne<GroupId>,
) -> Result<Json<Value>, ApiError> {
    let excluded = texts(&query, "excludedAttributes");
    Ok(Json(platform.scim_group(&caller, org, group, &excluded).await?))
}

async fn replace_group(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    OfOne(org, group): OfOne<GroupId>,
    body: Unread,
) -> Result<Json<Value>, ApiError> {
    caller.may_write_scim_groups()?;
    caller.check_org(Some(org))?;
    let body = body.json().await?;
    Ok(Json(
        platform.scim_replace_group(&caller, org, group, &body).await?,
    ))
}

async fn patch_group(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    OfOne(org, group): OfOne<GroupId>,
    body: Unread,
) -> Result<Json<Value>, ApiError> {
    caller.may_write_scim_groups()?;
    caller.check_org(Some(org))?;
    let PatchRequest { operations, .. } = body.json().await?;
    Ok(Json(
        platform
            .scim_patch_group(&caller, org, group, &operations)
            .await?,
    ))
}

async fn delete_group(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    OfOne(org, group): OfOne<GroupId>,
) -> Result<StatusCode, ApiError> {
    platform.scim_delete_group(&caller, org, group).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn members(
    State(platform): State<Arc<Platform>>,
    Ask { caller, query: given }: Ask,
    OfOne(org, group): OfOne<GroupId>,
) -> Result<Json<Members>, ApiError> {
    caller.may_read_scim()?;
    let query = query(&given)?;
    let (display_name, total, members) = platform.scim_members(&caller, org, group, &query).await?;
    Ok(Json(Members {
        schemas: vec![GROUP.to_owned()],
        id: group.uuid().to_string(),
        display_name,
        total_results: total,
        items_per_page: members.len(),
        start_index: query.start_index,
        members,
    }))
}
