//! Numbers of the organization and of its locations.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use hallway_platform::Platform;
use hallway_platform::calling::{Availability, NumberOrder, NumberQuery, SortBy};
use hallway_wire::calling::{
    AddNumbers, AvailableNumbers, ExtensionList, ManageNumbers, NumberList, NumberState, OwnerType,
    PhoneNumberType, PhoneNumbers, TelephonyType, ValidatedExtensions, ValidatedNumbers,
};
use hallway_wire::id::{self, LocationId, PersonId, WorkspaceId};

use super::super::query::{Ask, PathId, Unread, flag, is_set, parameter, text};
use super::{wanted, word};
use crate::body::Json;
use crate::describe::{Api, Op};
use crate::error::ApiError;
use crate::query::Query;

const READ: &[&str] = &["spark-admin:telephony_config_read"];
const WRITE: &[&str] = &["spark-admin:telephony_config_write"];
const EITHER: &[&str] = &[
    "spark-admin:telephony_config_write",
    "spark-admin:telephony_config_read",
];

pub(super) fn routes() -> Api {
    Api::new("Calling")
        .get("/telephony/config/numbers", list, list_op())
        .get(
            "/telephony/config/locations/{id}/availableNumbers",
            available,
            Op::new("List the numbers of a location")
                .about("Those that belong to somebody are there too, with their owner.")
                .scopes(READ)
                .query("phoneNumber", "A number, or part of one.")
                .query("ownerName", "Part of the owner's name.")
                .query("max", "Most numbers on a page.")
                .query("start", "How many to pass over.")
                .answers::<AvailableNumbers>(200),
        )
        .get(
            "/telephony/config/people/primary/availableNumbers",
            available_as_primary,
            Op::new("List numbers that a person could get as primary number")
                .scopes(READ)
                .query("locationId", "Only of this location.")
                .query("phoneNumber", "A number, or part of one.")
                .query("licenseType", "The license that the person has or will have.")
                .query("max", "Most numbers on a page.")
                .query("start", "How many to pass over.")
                .answers::<AvailableNumbers>(200),
        )
        .post(
            "/telephony/config/locations/{id}/numbers",
            add,
            Op::new("Add phone numbers to a location")
                .about("All of them or none; for local gateways and non-integrated cloud connections only.")
                .scopes(WRITE)
                .takes::<AddNumbers>()
                .empty(201),
        )
        .put(
            "/telephony/config/locations/{id}/numbers",
            manage,
            Op::new("Activate or deactivate phone numbers")
                .scopes(WRITE)
                .takes::<ManageNumbers>()
                .empty(204),
        )
        .delete(
            "/telephony/config/locations/{id}/numbers",
            remove,
            Op::new("Remove phone numbers from a location")
                .scopes(WRITE)
                .takes::<NumberList>()
                .empty(204),
        )
        .post(
            "/telephony/config/actions/validateNumbers/invoke",
            validate,
            Op::new("Validate phone numbers")
                .scopes(EITHER)
                .takes::<NumberList>()
                .answers::<ValidatedNumbers>(200),
        )
        .post(
            "/telephony/config/actions/validateExtensions/invoke",
            validate_extensions,
            Op::new("Validate extensions in the organization")
                .scopes(EITHER)
                .takes::<ExtensionList>()
                .answers::<ValidatedExtensions>(200),
        )
        .post(
            "/telephony/config/locations/{id}/actions/validateExtensions/invoke",
            validate_extensions_here,
            Op::new("Validate extensions in a location")
                .scopes(EITHER)
                .takes::<ExtensionList>()
                .answers::<ValidatedExtensions>(200),
        )
}

fn list_op() -> Op {
    Op::new("List phone numbers")
        .scopes(READ)
        .query("locationId", "Only of this location.")
        .query("phoneNumber", "A number, or part of one.")
        .query("extension", "An extension.")
        .query("available", "true: free numbers; false: owned ones.")
        .query("assigned", "The reverse of available.")
        .query("order", "lastName, dn or extension, each with -asc or -desc.")
        .query("ownerName", "Part of the owner's name.")
        .query("ownerId", "Id of the owner.")
        .query("ownerType", "PEOPLE, PLACE and others.")
        .query("numberType", "NUMBER or EXTENSION.")
        .query("phoneNumberType", "PRIMARY, ALTERNATE, FAX or DNIS.")
        .query("state", "ACTIVE or INACTIVE.")
        .query("details", "true: with counts of all kinds.")
        .query("tollFreeNumbers", "Whether toll-free.")
        .query(
            "restrictedNonGeoNumbers",
            "Whether restricted and not geographic: there are none.",
        )
        .query("includedTelephonyTypes", "PSTN_NUMBER or MOBILE_NUMBER.")
        .query("serviceNumber", "Whether for services.")
        .query("reservedNumber", "Whether reserved: there are none.")
        .query("elinEnabled", "Whether for emergency locations: there are none.")
        .query("max", "Most numbers on a page.")
        .query("start", "How many to pass over.")
        .answers::<PhoneNumbers>(200)
}

fn order(query: &Query) -> Result<NumberOrder, ApiError> {
    let Some(text) = query.get("order").map(str::trim) else {
        return Ok(NumberOrder::default());
    };
    let lower = text.to_ascii_lowercase();
    let (by, descending) = lower
        .strip_suffix("-desc")
        .map(|by| (by, true))
        .or_else(|| lower.strip_suffix("-asc").map(|by| (by, false)))
        .unwrap_or((&lower, false));
    let by = match by {
        "lastname" => SortBy::LastName,
        "dn" => SortBy::Number,
        "extension" => SortBy::Extension,
        _ => {
            return Err(ApiError::bad_request(format!(
                "order: must be lastName, dn or extension, with -asc or -desc, not {text:?}"
            )));
        }
    };
    Ok(NumberOrder { by, descending })
}

/// An owner is a person or a workspace.
fn owner(query: &Query) -> Result<Option<uuid::Uuid>, ApiError> {
    let Some(text) = query.get("ownerId").map(str::trim) else {
        return Ok(None);
    };
    let place = text.parse::<WorkspaceId>().map(id::Id::uuid);
    let id = place.or_else(|_| text.parse::<PersonId>().map(id::Id::uuid));
    id.map(Some)
        .map_err(|error| ApiError::bad_request(format!("ownerId: {error}")))
}

fn filter(query: &Query) -> Result<NumberQuery, ApiError> {
    let assigned = flag(query, "assigned")?;
    let available = flag(query, "available")?;
    if let (Some(assigned), Some(available)) = (assigned, available)
        && assigned == available
    {
        return Err(ApiError::bad_request("available and assigned exclude each other"));
    }
    let availability = available.or(assigned.map(|it| !it)).map(|free| {
        if free {
            Availability::Free
        } else {
            Availability::Owned
        }
    });
    let reserved = flag(query, "reservedNumber")?;
    if reserved.is_some() && availability.is_some() {
        return Err(ApiError::bad_request(
            "reservedNumber: cannot be combined with available or assigned",
        ));
    }
    let never =
        reserved == Some(true) || is_set(query, "elinEnabled")? || is_set(query, "restrictedNonGeoNumbers")?;
    // `Default` is every one of them.
    let default = |name: &str| {
        query
            .get(name)
            .is_some_and(|it| it.eq_ignore_ascii_case("default"))
    };
    Ok(NumberQuery {
        location: parameter::<LocationId>(query, "locationId")?,
        phone_number: text(query, "phoneNumber"),
        extension: text(query, "extension"),
        availability,
        owner_name: text(query, "ownerName"),
        owner_id: owner(query)?,
        owner_type: word(query, "ownerType", OwnerType::WORDS, OwnerType::from_word)?,
        extension_only: word(query, "numberType", &["NUMBER", "EXTENSION"], |text| {
            match text.to_ascii_uppercase().as_str() {
                "EXTENSION" => Some(true),
                "NUMBER" => Some(false),
                _ => None,
            }
        })?,
        line: if default("phoneNumberType") {
            None
        } else {
            word(
                query,
                "phoneNumberType",
                PhoneNumberType::WORDS,
                PhoneNumberType::from_word,
            )?
        },
        state: if default("state") {
            None
        } else {
            word(query, "state", NumberState::WORDS, NumberState::from_word)?
        },
        toll_free: flag(query, "tollFreeNumbers")?,
        telephony: word(
            query,
            "includedTelephonyTypes",
            TelephonyType::WORDS,
            TelephonyType::from_word,
        )?,
        service: flag(query, "serviceNumber")?,
        never,
        order: order(query)?,
        start: 0,
    })
}

async fn list(
    State(platform): State<Arc<Platform>>,
    Ask { caller, query }: Ask,
) -> Result<Response, ApiError> {
    caller.may_read_calling()?;
    let wanted = wanted(query)?;
    let filter = NumberQuery {
        start: wanted.start,
        ..filter(&wanted.query)?
    };
    let details = is_set(&wanted.query, "details")?;
    let (body, next) = platform
        .list_numbers(&caller, &filter, details, wanted.after.clone(), wanted.max)
        .await?;
    Ok(wanted.answer(&platform, "/telephony/config/numbers", body, next.as_ref()))
}

async fn available(
    State(platform): State<Arc<Platform>>,
    Ask { caller, query }: Ask,
    PathId(id): PathId<id::Location>,
) -> Result<Response, ApiError> {
    caller.may_read_calling()?;
    let wanted = wanted(query)?;
    let filter = NumberQuery {
        location: Some(id),
        phone_number: text(&wanted.query, "phoneNumber"),
        owner_name: text(&wanted.query, "ownerName"),
        start: wanted.start,
        ..NumberQuery::default()
    };
    let (phone_numbers, next) = platform
        .available_numbers(&caller, &filter, true, wanted.after.clone(), wanted.max)
        .await?;
    let path = format!("/telephony/config/locations/{id}/availableNumbers");
    Ok(wanted.answer(
        &platform,
        &path,
        AvailableNumbers { phone_numbers },
        next.as_ref(),
    ))
}

async fn available_as_primary(
    State(platform): State<Arc<Platform>>,
    Ask { caller, query }: Ask,
) -> Result<Response, ApiError> {
    caller.may_read_calling()?;
    let wanted = wanted(query)?;
    let filter = NumberQuery {
        location: parameter::<LocationId>(&wanted.query, "locationId")?,
        phone_number: text(&wanted.query, "phoneNumber"),
        start: wanted.start,
        ..NumberQuery::default()
    };
    let (phone_numbers, next) = platform
        .available_numbers(&caller, &filter, false, wanted.after.clone(), wanted.max)
        .await?;
    let path = "/telephony/config/people/primary/availableNumbers";
    Ok(wanted.answer(&platform, path, AvailableNumbers { phone_numbers }, next.as_ref()))
}

async fn add(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    PathId(id): PathId<id::Location>,
    body: Unread,
) -> Result<StatusCode, ApiError> {
    caller.may_write_calling()?;
    platform
        .add_numbers(&caller, id, &body.json::<AddNumbers>().await?)
        .await?;
    Ok(StatusCode::CREATED)
}

async fn manage(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    PathId(id): PathId<id::Location>,
    body: Unread,
) -> Result<StatusCode, ApiError> {
    caller.may_write_calling()?;
    platform
        .manage_numbers(&caller, id, &body.json::<ManageNumbers>().await?)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn remove(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    PathId(id): PathId<id::Location>,
    body: Unread,
) -> Result<StatusCode, ApiError> {
    caller.may_write_calling()?;
    let NumberList { phone_numbers } = body.json().await?;
    platform.remove_numbers(&caller, id, &phone_numbers).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn validate(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    body: Unread,
) -> Result<Json<ValidatedNumbers>, ApiError> {
    caller.may_validate_calling()?;
    let NumberList { phone_numbers } = body.json().await?;
    Ok(Json(platform.validate_numbers(&caller, &phone_numbers).await?))
}

async fn validate_extensions(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    body: Unread,
) -> Result<Json<ValidatedExtensions>, ApiError> {
    caller.may_validate_calling()?;
    let ExtensionList { extensions } = body.json().await?;
    Ok(Json(
        platform.validate_extensions(&caller, None, &extensions).await?,
    ))
}

async fn validate_extensions_here(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    PathId(id): PathId<id::Location>,
    body: Unread,
) -> Result<Json<ValidatedExtensions>, ApiError> {
    caller.may_validate_calling()?;
    let ExtensionList { extensions } = body.json().await?;
    Ok(Json(
        platform
            .validate_extensions(&caller, Some(id), &extensions)
            .await?,
    ))
}
