//! The caller of a request: its bearer token, checked, and counted against its limit.

use std::sync::Arc;

use axum::extract::{FromRequestParts, MatchedPath, OriginalUri};
use axum::http::HeaderMap;
use axum::http::header::{self, AUTHORIZATION};
use axum::http::request::Parts;
use governor::clock::{Clock as _, DefaultClock};
use hallway_platform::{Caller, Error};
use hallway_wire::id::OrgId;

use crate::app::App;
use crate::error::ApiError;
use crate::query::Query;
use crate::tracking::TrackingId;

/// Whoever calls, with a good token.
#[derive(Clone, Debug)]
pub(crate) struct Authenticated(pub(crate) Caller);

/// The bearer token of a request. The scheme is compared without case.
pub(crate) fn bearer(parts: &Parts) -> Option<&str> {
    bearer_of(&parts.headers)
}

/// The bearer token among headers.
pub(crate) fn bearer_of(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// Longest name of a client that is noted.
const USER_AGENT: usize = 256;

/// What the client calls itself: printable, and not endless.
pub(crate) fn user_agent(parts: &Parts) -> Option<Arc<str>> {
    let text = parts.headers.get(header::USER_AGENT)?.to_str().ok()?;
    Some(Arc::from(text.get(..USER_AGENT).unwrap_or(text)))
}

/// What every token may ask of the management API: it concerns only what is the caller's own.
const OPEN_MANAGEMENT: [&str; 4] = ["about", "listen", "organizations", "webhooks"];

/// Whether a request is one to the management API, which no scope stands for.
fn is_management(parts: &Parts) -> bool {
    let route = parts.extensions.get::<MatchedPath>();
    let below = route.and_then(|route| route.as_str().strip_prefix("/hallway/v1/"));
    below.is_some_and(|below| !OPEN_MANAGEMENT.contains(&below.split('/').next().unwrap_or_default()))
}

/// An organization that a request is about.
enum Named {
    /// By `orgId` in the query.
    Asked(OrgId),
    InPath(OrgId),
}

/// Prefixes of paths in which an organization comes next.
const ORGANIZATION_NEXT: [&str; 3] = [
    "/v1/organizations/",
    "/v1/identity/organizations/",
    "/identity/scim/",
];

/// The organization that the request names. What is none is left to who reads the parameter.
fn named_organization(parts: &Parts) -> Option<Named> {
    let query = Query::parse(parts.uri.query().unwrap_or_default());
    if let Some(text) = query.get("orgId") {
        return text.trim().parse().ok().map(Named::Asked);
    }
    // Routers below others see only their part of the path.
    let whole = parts.extensions.get::<OriginalUri>();
    let path = whole.map_or(parts.uri.path(), |whole| whole.0.path());
    let rest = ORGANIZATION_NEXT
        .iter()
        .find_map(|start| path.strip_prefix(start))?;
    let text = rest.split('/').next()?;
    text.parse().ok().map(Named::InPath)
}

impl FromRequestParts<App> for Authenticated {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let token = bearer(parts).ok_or(Error::Unauthenticated)?;
        let principal = app.0.platform.authenticate(token).await?;
        let of_token = app.0.limiter.as_ref().map(|it| it.check_key(&principal.token));
        let of_org = app
            .0
            .org_limiter
            .as_ref()
            .map(|it| it.check_key(&principal.org.uuid()));
        for checked in [of_token, of_org].into_iter().flatten() {
            if let Err(until) = checked {
                let wait = until.wait_time_from(DefaultClock::default().now());
                return Err(Error::RateLimited {
                    retry_after_s: wait.as_secs().saturating_add(1),
                }
                .into());
            }
        }
        let principal = match named_organization(parts) {
            Some(Named::Asked(org)) => app.0.platform.act_in(principal, org)?,
            // What a path names is looked up by who handles it: it may say more about what is missing.
            Some(Named::InPath(org)) => match app.0.platform.act_in(Arc::clone(&principal), org) {
                Ok(there) => there,
                Err(Error::Missing { .. }) => principal,
                Err(error) => return Err(error.into()),
            },
            None => principal,
        };
        if !principal.may_manage && principal.machine.is_none() && is_management(parts) {
            return Err(Error::forbidden(
                "Managing Hallway needs a personal access token that is not limited to some scopes: what an \
                 integration, bot or service app was allowed says nothing about it.",
            )
            .into());
        }
        let tracking_id = parts
            .extensions
            .get::<TrackingId>()
            .map_or_else(|| Arc::from(""), |id| Arc::clone(&id.0));
        Ok(Self(Caller {
            principal,
            tracking_id,
            user_agent: user_agent(parts),
        }))
    }
}
