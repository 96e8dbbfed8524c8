//! What the handlers of places, devices and people take out of a request.

use std::str::FromStr;

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use hallway_platform::Caller;
use hallway_wire::id::{self, IdError, Kind, LocationId, OrgId};
use hallway_wire::messaging::{PairId, PairKind};
use hallway_wire::time::TimestampError;
use hallway_wire::{Id, Timestamp};

use crate::app::App;
use crate::auth::Authenticated;
pub(super) use crate::body::Unread;
use crate::error::ApiError;
use crate::query::Query;

/// Who asks, with which parameters. An `orgId` among them has been checked: clients add it to everything.
#[derive(Clone, Debug)]
pub(super) struct Ask {
    pub(super) caller: Caller,
    pub(super) query: Query,
}

impl FromRequestParts<App> for Ask {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let Authenticated(caller) = Authenticated::from_request_parts(parts, app).await?;
        let query = Query::parse(parts.uri.query().unwrap_or_default());
        caller.check_org(parameter::<OrgId>(&query, "orgId")?)?;
        Ok(Self { caller, query })
    }
}

/// The id that a path ends in.
#[derive(Clone, Copy)]
pub(super) struct PathId<K>(pub(super) Id<K>);

impl<S: Send + Sync, K: Kind> FromRequestParts<S> for PathId<K> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Path(text) = Path::<String>::from_request_parts(parts, state)
            .await
            .map_err(|_| bad_id())?;
        crate::query::id(&text).map(PathId)
    }
}

/// The id of a membership that a path ends in.
#[derive(Clone, Copy)]
pub(super) struct PathPair<P>(pub(super) PairId<P>);

impl<S: Send + Sync, P: PairKind> FromRequestParts<S> for PathPair<P> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        let Path(text) = path.map_err(|_| bad_id())?;
        crate::query::id(&text).map(PathPair)
    }
}

/// The two ids of a path, as in `/locations/{id}/floors/{id}`.
#[derive(Clone, Copy)]
pub(super) struct PathIds<K, L>(pub(super) Id<K>, pub(super) Id<L>);

impl<S: Send + Sync, K: Kind, L: Kind> FromRequestParts<S> for PathIds<K, L> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let path = Path::<(String, String)>::from_request_parts(parts, state).await;
        let Path((one, other)) = path.map_err(|_| bad_id())?;
        Ok(Self(crate::query::id(&one)?, crate::query::id(&other)?))
    }
}

fn bad_id() -> ApiError {
    ApiError::bad_request(IdError::Shape.to_string())
}

/// An id that may be there. A bad one has the documented text, without the parameter's name.
pub(super) fn parameter<T: FromStr>(query: &Query, name: &str) -> Result<Option<T>, ApiError>
where
    T::Err: std::fmt::Display,
{
    query
        .get(name)
        .map(|text| crate::query::id(text.trim()))
        .transpose()
}

/// A moment that may be there, with its offset. A blank in it is read as the `+` that some clients do not
/// encode.
pub(super) fn time(query: &Query, name: &str) -> Result<Option<Timestamp>, ApiError> {
    let Some(text) = query.get(name).map(str::trim) else {
        return Ok(None);
    };
    let at = text.parse().or_else(|_| text.replace(' ', "+").parse());
    at.map(Some)
        .map_err(|error: TimestampError| ApiError::bad_request(format!("{name}: {error}")))
}

/// A text that may be there.
pub(super) fn text(query: &Query, name: &str) -> Option<String> {
    query.get(name).map(ToOwned::to_owned)
}

/// Texts, joined by commas, repeated, or both.
pub(super) fn texts(query: &Query, name: &str) -> Vec<String> {
    query.list(name).map(ToOwned::to_owned).collect()
}

/// A yes or no, in any case: Python writes `True`.
pub(super) fn flag(query: &Query, name: &str) -> Result<Option<bool>, ApiError> {
    match query.get(name).map(str::trim) {
        None => Ok(None),
        Some(text) if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
        Some(text) if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
        Some(text) => Err(ApiError::bad_request(format!(
            "{name}: must be true or false, not {text:?}"
        ))),
    }
}

/// Whether a flag is there and true.
pub(super) fn is_set(query: &Query, name: &str) -> Result<bool, ApiError> {
    flag(query, name).map(Option::unwrap_or_default)
}

/// The location of a filter. `locationId` takes the ids of `/locations` only, `workspaceLocationId` those of
/// both resources; both at once must agree.
pub(super) fn location(query: &Query) -> Result<Option<LocationId>, ApiError> {
    let newer: Option<LocationId> = parameter(query, "locationId")?;
    if let Some(text) = query.get("locationId")
        && id::decode(text.trim()).is_ok_and(|(kind, _)| kind != <id::Location as Kind>::TYPE)
    {
        return Err(ApiError::bad_request(
            "locationId: an id of /locations is needed; ids of /workspaceLocations go into workspaceLocationId",
        ));
    }
    let older: Option<LocationId> = parameter(query, "workspaceLocationId")?;
    match (newer, older) {
        (Some(newer), Some(older)) if newer != older => Err(ApiError::bad_request(
            "locationId and workspaceLocationId name different locations",
        )),
        (newer, older) => Ok(newer.or(older)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hallway_wire::id::DeviceId;

    #[test]
    fn flags_in_any_case() {
        let query = Query::parse("a=True&b=FALSE&c=1&d=");
        assert_eq!(flag(&query, "a").unwrap(), Some(true));
        assert_eq!(flag(&query, "b").unwrap(), Some(false));
        assert!(flag(&query, "c").is_err());
        assert_eq!(flag(&query, "d").unwrap(), None);
        assert!(!is_set(&query, "e").unwrap());
    }

    #[test]
    fn lists_by_comma_and_repetition() {
        let query = Query::parse("tag=a,b&tag=c%2Cd&tag=&tag=First Tag&");
        assert_eq!(texts(&query, "tag"), ["a", "b", "c", "d", "First Tag"]);
    }

    #[test]
    fn bad_ids_have_the_documented_text() {
        let query = Query::parse("deviceId=x");
        let error = parameter::<DeviceId>(&query, "deviceId").unwrap_err();
        assert_eq!(error.render("t").status(), axum::http::StatusCode::BAD_REQUEST);
    }

    #[test]
    fn locations_in_both_forms() {
        let (org, here) = (OrgId::random(), LocationId::random());
        let older = id::workspace_location(org, here);
        let read = |text: String| location(&Query::parse(&text));
        assert_eq!(read(format!("locationId={here}")).unwrap(), Some(here));
        assert_eq!(read(format!("locationId={}", here.uuid())).unwrap(), Some(here));
        assert_eq!(read(format!("workspaceLocationId={here}")).unwrap(), Some(here));
        assert_eq!(
            read(format!("workspaceLocationId={older}&locationId={here}")).unwrap(),
            Some(here)
        );
        assert!(read(format!("locationId={older}")).is_err());
        assert!(
            read(format!(
                "locationId={here}&workspaceLocationId={}",
                LocationId::random()
            ))
            .is_err()
        );
        assert_eq!(read(String::new()).unwrap(), None);
    }
}
