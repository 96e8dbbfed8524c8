//! What was granted to clients, listed and taken back (oauth 4).

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use hallway_platform::Platform;
use hallway_platform::oauth::Owner;
use hallway_wire::authorization::{Authorization, TokenExpiry};
use hallway_wire::control::Items;
use hallway_wire::id;

use super::query::{Ask, PathId, parameter, text};
use crate::body::Json;
use crate::describe::{Api, Op};
use crate::error::ApiError;

pub(super) fn routes() -> Api {
    Api::new("Authorizations")
        .get(
            "/authorizations",
            list,
            Op::new("List authorizations of a person")
                .about("Exactly one of personId and personEmail is needed. Everybody may list its own.")
                .scopes(&["identity:tokens_read"])
                .query("personId", "Whose.")
                .query("personEmail", "Whose, by address.")
                .answers::<Items<Authorization>>(200),
        )
        .delete(
            "/authorizations",
            delete_of_client,
            Op::new("Delete the authorizations of a client")
                .about(
                    "Everything that was granted to it in the organization; a service app is deauthorized.",
                )
                .scopes(&["identity:tokens_write"])
                .required_query("clientId", "The OAuth client.")
                .empty(204),
        )
        .get(
            "/authorizations/tokenExpiry",
            token_expiry,
            Op::new("Get when the calling token ends")
                .scopes(&["identity:tokens_read"])
                .answers::<TokenExpiry>(200),
        )
        .delete(
            "/authorizations/{id}",
            delete,
            Op::new("Delete an authorization")
                .about("Its tokens are dead when this answers. Everybody may delete its own.")
                .scopes(&["identity:tokens_write"])
                .empty(204),
        )
}

async fn list(
    State(platform): State<Arc<Platform>>,
    Ask { caller, query }: Ask,
) -> Result<Json<Items<Authorization>>, ApiError> {
    let owner = match (parameter(&query, "personId")?, text(&query, "personEmail")) {
        (Some(id), None) => Owner::Id(id),
        // Some clients send the plus of an address as it is.
        (None, Some(email)) => Owner::Email(email.trim().replace(' ', "+")),
        _ => {
            caller.may_read_authorizations()?;
            return Err(ApiError::bad_request(
                "Exactly one of personId and personEmail must be given.",
            ));
        }
    };
    Ok(Json(Items {
        items: platform.authorizations(&caller, &owner).await?,
    }))
}

async fn delete_of_client(
    State(platform): State<Arc<Platform>>,
    Ask { caller, query }: Ask,
) -> Result<StatusCode, ApiError> {
    caller.may_write_authorizations()?;
    let client = query.required("clientId")?;
    let org = parameter(&query, "orgId")?.unwrap_or(caller.org);
    platform
        .delete_authorizations_of_client(&caller, client, org)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn token_expiry(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
) -> Result<Json<TokenExpiry>, ApiError> {
    Ok(Json(platform.token_expiry(&caller)?))
}

async fn delete(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    PathId(id): PathId<id::Authorization>,
) -> Result<StatusCode, ApiError> {
    platform.delete_authorization(&caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
