//! `/v1/adminAudit` and `/v1/admin/securityAudit`.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use hallway_platform::Platform;
use hallway_platform::audit::AuditFilter;
use hallway_platform::ports::{After, AuditPlace};
use hallway_wire::Timestamp;
use hallway_wire::audit::{AdminEvent, EventCategories, SecurityEvent};
use hallway_wire::control::Items;
use hallway_wire::id::OrgId;

use super::page;
use super::query::{Ask, parameter, texts};
use crate::body::Json;
use crate::describe::{Api, Op};
use crate::error::ApiError;
use crate::query::Query;

/// Default number of entries on a page, and the highest of the two trails.
const DEFAULT: usize = 100;
const MAX_ADMIN: usize = 200;
const MAX_SECURITY: usize = 1000;

pub(super) fn routes() -> Api {
    const SCOPE: &[&str] = &["audit:events_read"];
    Api::new("Audit")
        .get(
            "/adminAudit/events",
            list_admin,
            Op::new("List admin audit events")
                .about("What administrators did, the newest first.")
                .scopes(SCOPE)
                .required_query("orgId", "The organization.")
                .required_query("from", "From this moment on.")
                .required_query("to", "Before this moment.")
                .query("actorId", "Only what this person did.")
                .query("eventCategories", "Only these categories.")
                .query("offset", "How many to pass over.")
                .query("max", "Most entries on a page, up to 200.")
                .query("cursor", "Where the page begins; from the link to the next page.")
                .answers::<Items<AdminEvent>>(200),
        )
        .get(
            "/adminAudit/eventCategories",
            categories,
            Op::new("List admin audit event categories")
                .scopes(SCOPE)
                .answers::<EventCategories>(200),
        )
        .get(
            "/admin/securityAudit/events",
            list_security,
            Op::new("List security audit events")
                .about("Who signed in and which tokens were issued, the newest first.")
                .scopes(SCOPE)
                .required_query("orgId", "The organization.")
                .required_query("startTime", "From this moment on.")
                .required_query("endTime", "Before this moment.")
                .query("actorId", "Only what this person did.")
                .query("eventCategories", "Only these categories.")
                .query("max", "Most entries on a page, up to 1000.")
                .query("cursor", "Where the page begins; from the link to the next page.")
                .answers::<Items<SecurityEvent>>(200),
        )
}

/// A moment that must be there.
fn moment(query: &Query, name: &str) -> Result<Timestamp, ApiError> {
    // Some clients do not encode the plus of an offset.
    let text = query.required(name)?.trim().replace(' ', "+");
    text.parse()
        .map_err(|error| ApiError::bad_request(format!("{name}: {error}")))
}

fn filter(query: &Query, (from, to): (&str, &str), limit: usize) -> Result<AuditFilter, ApiError> {
    // Other organizations are refused where the request is read.
    query.required("orgId")?;
    parameter::<OrgId>(query, "orgId")?;
    let (from_at, until) = (moment(query, from)?, moment(query, to)?);
    if from_at > until {
        return Err(ApiError::bad_request(format!("{from}: must not be after {to}")));
    }
    let bad = || ApiError::bad_request("cursor: not a cursor of this list");
    let after = match page::behind(query)? {
        None => None,
        Some(After { order, id }) => Some(AuditPlace {
            created: order.parse().map_err(|_| bad())?,
            number: id.parse().map_err(|_| bad())?,
        }),
    };
    Ok(AuditFilter {
        from: Some(from_at),
        until: Some(until),
        actor: parameter(query, "actorId")?,
        categories: texts(query, "eventCategories"),
        // The cursor is behind what the first page passed over.
        offset: match after {
            Some(_) => 0,
            None => page::number(query, "offset")?.unwrap_or(0),
        },
        after,
        max: page::max(query, DEFAULT, limit)?,
    })
}

fn place(next: Option<AuditPlace>) -> Option<After> {
    next.map(|place| After {
        order: place.created.to_string(),
        id: place.number.to_string(),
    })
}

async fn list_admin(
    State(platform): State<Arc<Platform>>,
    Ask { caller, query }: Ask,
) -> Result<Response, ApiError> {
    caller.may_read_audit()?;
    let query = page::under_cursor(query)?;
    caller.check_org(parameter(&query, "orgId")?)?;
    let filter = filter(&query, ("from", "to"), MAX_ADMIN)?;
    let (items, next) = platform.admin_audit(&caller, &filter).await?;
    let body = Items { items };
    Ok(page::answer_behind(
        &platform,
        "/adminAudit/events",
        &query,
        filter.max,
        body,
        place(next).as_ref(),
    ))
}

async fn categories(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
) -> Result<Json<EventCategories>, ApiError> {
    let event_categories = platform.audit_categories(&caller)?;
    Ok(Json(EventCategories { event_categories }))
}

async fn list_security(
    State(platform): State<Arc<Platform>>,
    Ask { caller, query }: Ask,
) -> Result<Response, ApiError> {
    caller.may_read_audit()?;
    let query = page::under_cursor(query)?;
    caller.check_org(parameter(&query, "orgId")?)?;
    let filter = filter(&query, ("startTime", "endTime"), MAX_SECURITY)?;
    let (items, next) = platform.security_audit(&caller, &filter).await?;
    let body = Items { items };
    Ok(page::answer_behind(
        &platform,
        "/admin/securityAudit/events",
        &query,
        filter.max,
        body,
        place(next).as_ref(),
    ))
}
