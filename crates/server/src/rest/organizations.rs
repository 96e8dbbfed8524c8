//! `/v1/organizations` and `/v1/roles` (people-calling 4).

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use hallway_platform::Platform;
use hallway_wire::control::Items;
use hallway_wire::{id, organization, person};

use super::query::{Ask, PathId, is_set};
use crate::body::Json;
use crate::describe::{Api, Op};
use crate::error::ApiError;

pub(super) fn routes() -> Api {
    const READ: &[&str] = &["spark-admin:organizations_read"];
    let shown = |op: Op| op.flag("callingData", "Show the addresses of the calling platform too.");
    Api::new("Organizations")
        .get(
            "/organizations",
            list_organizations,
            shown(Op::new("List organizations"))
                .about("The caller's own, and those that it administers from outside.")
                .scopes(READ)
                .answers::<Items<organization::Organization>>(200),
        )
        .get(
            "/organizations/{id}",
            get_organization,
            shown(Op::new("Get an organization"))
                .scopes(READ)
                .answers::<organization::Organization>(200),
        )
        .delete(
            "/organizations/{id}",
            delete_organization,
            Op::new("Delete an organization")
                .about(
                    "Everything in it goes with it. Only an operator may, and only a suspended one; to others \
                     it is a conflict.",
                )
                .scopes(&[
                    "spark-admin:organizations_write",
                    "spark-admin:organizations-write",
                ])
                .empty(204),
        )
        .merge(roles())
}

fn roles() -> Api {
    const READ: &[&str] = &["spark-admin:roles_read"];
    Api::new("Roles")
        .get(
            "/roles",
            list_roles,
            Op::new("List roles")
                .scopes(READ)
                .answers::<Items<person::Role>>(200),
        )
        .get(
            "/roles/{id}",
            get_role,
            Op::new("Get a role").scopes(READ).answers::<person::Role>(200),
        )
}

async fn list_organizations(
    State(platform): State<Arc<Platform>>,
    Ask { caller, query }: Ask,
) -> Result<Json<Items<organization::Organization>>, ApiError> {
    let calling = is_set(&query, "callingData")?;
    let items = platform.organizations_seen(&caller, calling).await?;
    Ok(Json(Items { items }))
}

async fn get_organization(
    State(platform): State<Arc<Platform>>,
    Ask { caller, query }: Ask,
    PathId(id): PathId<id::Organization>,
) -> Result<Json<organization::Organization>, ApiError> {
    let calling = is_set(&query, "callingData")?;
    Ok(Json(platform.organization_details(&caller, id, calling).await?))
}

async fn delete_organization(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    PathId(id): PathId<id::Organization>,
) -> Result<StatusCode, ApiError> {
    platform.delete_organization(&caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn list_roles(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
) -> Result<Json<Items<person::Role>>, ApiError> {
    Ok(Json(Items {
        items: platform.roles(&caller)?,
    }))
}

async fn get_role(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    PathId(id): PathId<id::Role>,
) -> Result<Json<person::Role>, ApiError> {
    Ok(Json(platform.role(&caller, id)?))
}
