//! `/v1/people` (people-calling 2).

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use hallway_platform::Platform;
use hallway_platform::org::PeopleQuery;
use hallway_wire::id;
use hallway_wire::person::{MinimalPerson, People, Person, PersonRequest};

use super::page;
use super::query::{Ask, PathId, Unread, is_set, location, parameter, text};
use crate::body::Json;
use crate::describe::{Api, Op};
use crate::error::ApiError;
use crate::query::{Query, id as read_id};

/// People on a page, where nothing is asked for.
const DEFAULT: usize = 100;
/// Most people on a page: with calling data, in one location, otherwise.
const WITH_CALLING: usize = 100;
const IN_LOCATION: usize = 50;
const MAX: usize = 1000;

pub(super) fn routes() -> Api {
    const READ: &[&str] = &["spark-admin:people_read", "spark:people_read"];
    const WRITE: &[&str] = &["spark-admin:people_write"];
    let changing = |op: Op| {
        op.scopes(WRITE)
            .flag("callingData", "Show what belongs to calling too.")
            .flag("minResponse", "Answer with the id only.")
            .takes::<PersonRequest>()
            .answers::<Person>(200)
    };
    Api::new("People")
        .get(
            "/people",
            list_people,
            Op::new("List people")
                .about("Without an administrator's token, `email`, `displayName` or `id` is needed.")
                .scopes(READ)
                .query("email", "Only the person with this address.")
                .query("displayName", "Only those whose name begins with this.")
                .many("id", "Only these.")
                .many("roles", "Only those with one of these roles, by id.")
                .query("locationId", "Only those in this location.")
                .flag("callingData", "Show what belongs to calling too.")
                .flag("excludeStatus", "Leave the presence out.")
                .query("cursor", "The page that an earlier answer points to.")
                .query("max", "Most people on a page, up to 1000.")
                .answers::<People>(200),
        )
        .post(
            "/people",
            create_person,
            changing(Op::new("Create a person")).about(
                "An e-mail with a link to activate the account is written. All of it is done or nothing; only of \
                 several licenses those are given that can be.",
            ),
        )
        .get(
            "/people/me",
            get_me,
            Op::new("Get my own details")
                .scopes(READ)
                .flag("callingData", "Show what belongs to calling too.")
                .answers::<Person>(200),
        )
        .get(
            "/people/{id}",
            get_person,
            Op::new("Get a person")
                .scopes(READ)
                .flag("callingData", "Show what belongs to calling too.")
                .answers::<Person>(200),
        )
        .put(
            "/people/{id}",
            update_person,
            changing(Op::new("Update a person"))
                .about("What is left out stays as it is; what is null goes.")
                .flag("showAllTypes", "Taken and passed over: sites are always shown with their types."),
        )
        .delete(
            "/people/{id}",
            delete_person,
            Op::new("Delete a person")
                .about("Its numbers and licenses are free at once, and its tokens end.")
                .scopes(WRITE)
                .empty(204),
        )
}

fn filter(query: &Query) -> Result<PeopleQuery, ApiError> {
    let ids = query.list("id").map(read_id).collect::<Result<Vec<_>, _>>()?;
    Ok(PeopleQuery {
        email: text(query, "email"),
        display_name: text(query, "displayName"),
        ids: (!ids.is_empty()).then_some(ids),
        roles: query.list("roles").map(read_id).collect::<Result<_, _>>()?,
        location: location(query)?,
        exclude_status: is_set(query, "excludeStatus")?,
        calling_data: is_set(query, "callingData")?,
    })
}

async fn list_people(
    State(platform): State<Arc<Platform>>,
    Ask { caller, query }: Ask,
) -> Result<Response, ApiError> {
    caller.may_read_people()?;
    let query = page::under_cursor(query)?;
    caller.check_org(parameter(&query, "orgId")?)?;
    let filter = filter(&query)?;
    let limit = match (filter.location.is_some(), filter.calling_data) {
        (true, _) => IN_LOCATION,
        (false, true) => WITH_CALLING,
        (false, false) => MAX,
    };
    let max = page::max(&query, DEFAULT.min(limit), limit)?;
    let after = page::behind(&query)?;
    let found = platform.list_people(&caller, &filter, max, after).await?;
    let body = People {
        items: found.items,
        not_found_ids: found.not_found.iter().map(ToString::to_string).collect(),
    };
    Ok(page::answer_behind(
        &platform,
        "/people",
        &query,
        max,
        body,
        found.next.as_ref(),
    ))
}

async fn get_me(
    State(platform): State<Arc<Platform>>,
    Ask { caller, query }: Ask,
) -> Result<Json<Person>, ApiError> {
    let calling = is_set(&query, "callingData")?;
    Ok(Json(platform.my_details(&caller, calling).await?))
}

async fn get_person(
    State(platform): State<Arc<Platform>>,
    Ask { caller, query }: Ask,
    PathId(id): PathId<id::Person>,
) -> Result<Json<Person>, ApiError> {
    let calling = is_set(&query, "callingData")?;
    Ok(Json(platform.person_details(&caller, id, calling).await?))
}

/// The person, or what `minResponse` leaves of it.
fn answer(person: Person, query: &Query) -> Result<Response, ApiError> {
    Ok(if is_set(query, "minResponse")? {
        Json(MinimalPerson { id: person.id }).into_response()
    } else {
        Json(person).into_response()
    })
}

async fn create_person(
    State(platform): State<Arc<Platform>>,
    Ask { caller, query }: Ask,
    body: Unread,
) -> Result<Response, ApiError> {
    caller.may_edit_people()?;
    let (calling, _) = (is_set(&query, "callingData")?, is_set(&query, "minResponse")?);
    let request = body.json().await?;
    answer(platform.create_person(&caller, &request, calling).await?, &query)
}

async fn update_person(
    State(platform): State<Arc<Platform>>,
    Ask { caller, query }: Ask,
    PathId(id): PathId<id::Person>,
    body: Unread,
) -> Result<Response, ApiError> {
    caller.may_edit_people()?;
    let (calling, _) = (is_set(&query, "callingData")?, is_set(&query, "minResponse")?);
    let request = body.json().await?;
    let person = platform.update_person(&caller, id, &request, calling).await?;
    answer(person, &query)
}

async fn delete_person(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    PathId(id): PathId<id::Person>,
) -> Result<StatusCode, ApiError> {
    platform.delete_person(&caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hallway_wire::id::PersonId;

    #[test]
    fn reads_filters() {
        let (one, other) = (PersonId::random(), PersonId::random());
        let read = filter(&Query::parse(&format!(
            "id={one},{}&excludeStatus=True",
            other.uuid()
        )))
        .unwrap();
        assert_eq!(read.ids, Some(vec![one, other]));
        assert!(read.exclude_status);
        assert_eq!(filter(&Query::parse("email=a@b&max=5")).unwrap().ids, None);
        for bad in ["id=x", "roles=x", "locationId=x", "excludeStatus=maybe"] {
            assert!(filter(&Query::parse(bad)).is_err(), "{bad}");
        }
    }
}
