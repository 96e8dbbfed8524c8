//! One person as a SCIM user, and back.

use hallway_wire::id::{PersonId, RoleId};
use hallway_wire::person::{Address, PersonRequest};
use hallway_wire::scim::{ENTERPRISE, USER, WEBEX_USER};
use serde_json::{Map, Value, json};

use super::super::{Person, Role};
use super::{check_schema, object, text};
use crate::error::{Error, Result};

/// What Hallway has a place for at the top of a user.
const KNOWN: [&str; 13] = [
    "schemas",
    "id",
    "meta",
    "userName",
    "active",
    "displayName",
    "title",
    "roles",
    "addresses",
    "groups",
    "password",
    "name",
    "nickName",
];

fn put(object: &mut Map<String, Value>, key: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        object.insert(key.to_owned(), value.into());
    }
}

fn inner(attributes: &Map<String, Value>, key: &str) -> Map<String, Value> {
    attributes
        .get(key)
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default()
}

/// The user of a person.
pub(super) fn view(person: &Person, attributes: &Map<String, Value>, location: &str) -> Value {
    let mut user = attributes.clone();
    let mut name = inner(attributes, "name");
    put(&mut name, "givenName", person.first_name.clone());
    put(&mut name, "familyName", person.last_name.clone());
    let mut enterprise = inner(attributes, ENTERPRISE);
    put(&mut enterprise, "department", person.department.clone());
    if let Some(manager) = person.manager_id {
        enterprise.insert("manager".to_owned(), json!({ "value": manager.uuid() }));
    }
    let mut webex = inner(attributes, WEBEX_USER);
    let status = match (person.login_enabled, person.invite_pending) {
        (false, _) => "disabled",
        (true, true) => "pending",
        (true, false) => "active",
    };
    webex.insert("accountStatus".to_owned(), status.into());
    for list in ["extensionAttribute", "externalAttribute"] {
        webex.entry(list).or_insert_with(|| json!([]));
    }
    let mut schemas = vec![USER, WEBEX_USER];
    if !enterprise.is_empty() {
        schemas.push(ENTERPRISE);
        user.insert(ENTERPRISE.to_owned(), enterprise.into());
    }
    user.insert("schemas".to_owned(), json!(schemas));
    user.insert("id".to_owned(), person.id.uuid().to_string().into());
    user.insert("userName".to_owned(), person.email.clone().into());
    user.insert("active".to_owned(), person.login_enabled.into());
    user.entry("userType").or_insert_with(|| "user".into());
    user.insert("displayName".to_owned(), person.display_name.clone().into());
    if !name.is_empty() {
        user.insert("name".to_owned(), name.into());
    }
    put(&mut user, "nickName", person.nick_name.clone());
    put(&mut user, "title", person.title.clone());
    put(&mut user, "timezone", person.timezone.clone());
    // The address that counts is the user name.
    let mut emails: Vec<Value> = attributes
        .get("emails")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    let own = |item: &Value| {
        item.get("value")
            .and_then(Value::as_str)
            .is_some_and(|value| value.eq_ignore_ascii_case(&person.email))
    };
    if !emails.iter().any(own) {
        emails.retain(|item| item.get("primary") != Some(&Value::Bool(true)));
        emails.insert(
            0,
            json!({ "value": person.email, "type": "work", "primary": true }),
        );
    }
    user.insert("emails".to_owned(), emails.into());
    if !person.roles.is_empty() {
        let roles = person.roles.iter();
        let roles: Vec<Value> = roles
            .map(|role| json!({ "value": role.name(), "type": "cisco", "display": role.display_name() }))
            .collect();
        user.insert("roles".to_owned(), roles.into());
    }
    let mut numbers: Vec<Value> = attributes
        .get("phoneNumbers")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    if let Some(line) = &person.line {
        let mut add = |value: &Option<String>, kind: &str, primary: bool| {
            if let Some(value) = value {
                numbers.push(json!({ "value": value, "type": kind, "primary": primary }));
            }
        };
        add(&line.number, "work", true);
        add(&line.extension, "work_extension", line.number.is_none());
    }
    if !numbers.is_empty() {
        user.insert("phoneNumbers".to_owned(), numbers.into());
    }
    if !person.addresses.is_empty() {
        let addresses: Vec<Value> = person
            .addresses
            .iter()
            .map(|address| {
                let mut object = Map::new();
                put(&mut object, "type", address.kind.clone());
                put(&mut object, "streetAddress", address.street_address.clone());
                put(&mut object, "locality", address.locality.clone());
                put(&mut object, "region", address.region.clone());
                put(&mut object, "postalCode", address.postal_code.clone());
                put(&mut object, "country", address.country.clone());
                object.into()
            })
            .collect();
        user.insert("addresses".to_owned(), addresses.into());
    }
    user.insert(WEBEX_USER.to_owned(), webex.into());
    user.insert(
        "meta".to_owned(),
        json!({
            "resourceType": "User",
            "organizationID": person.org.uuid(),
            "created": person.created,
            "lastModified": person.last_modified,
            "version": format!("W/\"{}\"", person.last_modified.millis()),
            "location": location,
        }),
    );
    user.into()
}

/// What a user says about a person, and what is kept beside it.
pub(super) struct Said {
    pub(super) request: PersonRequest,
    pub(super) attributes: Map<String, Value>,
}

/// Reads a user.
///
/// # Errors
/// [`Error::Invalid`], naming the attribute.
pub(super) fn read(body: &Value) -> Result<Said> {
    let user = object(body)?;
    check_schema(user, USER)?;
    let email = text(user, "userName")?.ok_or_else(|| Error::invalid("userName: is missing"))?;
    let kind = text(user, "userType")?.ok_or_else(|| Error::invalid("userType: is missing"))?;
    if !matches!(
        kind.as_str(),
        "user" | "room" | "external_calling" | "calling_service"
    ) {
        return Err(Error::invalid(format!(
            "userType: must be user, room, external_calling or calling_service, not {kind:?}"
        )));
    }
    let empty = Map::new();
    let part = |key: &str| match user.get(key) {
        None | Some(Value::Null) => Ok(&empty),
        Some(Value::Object(object)) => Ok(object),
        Some(_) => Err(Error::invalid(format!("{key}: must be an object"))),
    };
    let (name, enterprise, webex) = (part("name")?, part(ENTERPRISE)?, part(WEBEX_USER)?);
    let active = match user.get("active") {
        None | Some(Value::Null) => None,
        Some(Value::Bool(active)) => Some(*active),
        Some(Value::String(word)) if word.eq_ignore_ascii_case("true") => Some(true),
        Some(Value::String(word)) if word.eq_ignore_ascii_case("false") => Some(false),
        Some(_) => return Err(Error::invalid("active: must be true or false")),
    };
    let disabled = text(webex, "accountStatus")?.is_some_and(|status| status == "disabled");
    let (first, last) = (text(name, "givenName")?, text(name, "familyName")?);
    let display = text(user, "displayName")?.unwrap_or_else(|| {
        let names = [first.as_deref(), last.as_deref()];
        let names: Vec<&str> = names.into_iter().flatten().collect();
        if names.is_empty() {
            email.clone()
        } else {
            names.join(" ")
        }
    });
    let request = PersonRequest {
        emails: Some(vec![email.clone()]),
        display_name: Some(display),
        first_name: Some(first),
        last_name: Some(last),
        title: Some(text(user, "title")?),
        department: Some(text(enterprise, "department")?),
        manager_id: Some(manager(enterprise)?),
        addresses: Some(addresses(user)?),
        roles: roles(user)?.map(Some),
        login_enabled: active.or(disabled.then_some(false)),
        ..PersonRequest::default()
    };
    Ok(Said {
        request,
        attributes: kept(user, &email),
    })
}

fn manager(enterprise: &Map<String, Value>) -> Result<Option<String>> {
    let Some(manager) = enterprise.get("manager").filter(|it| !it.is_null()) else {
        return Ok(None);
    };
    let id = manager.get("value").and_then(Value::as_str).unwrap_or_default();
    id.parse::<PersonId>()
        .map(|id| Some(id.to_string()))
        .map_err(|error| Error::invalid(format!("{ENTERPRISE}.manager.value: {error}")))
}

fn addresses(user: &Map<String, Value>) -> Result<Option<Vec<Address>>> {
    match user.get("addresses").filter(|it| !it.is_null()) {
        None => Ok(None),
        Some(addresses) => serde_json::from_value(addresses.clone())
            .map(Some)
            .map_err(|error| Error::invalid(format!("addresses: {error}"))),
    }
}

/// The roles of a user; absence leaves them as they are.
fn roles(user: &Map<String, Value>) -> Result<Option<Vec<RoleId>>> {
    let Some(roles) = user.get("roles").filter(|it| !it.is_null()) else {
        return Ok(None);
    };
    let roles = roles
        .as_array()
        .ok_or_else(|| Error::invalid("roles: must be a list"))?;
    let read = roles.iter().map(|role| {
        let name = role.get("value").and_then(Value::as_str).unwrap_or_default();
        Role::from_name(name)
            .map(Role::id)
            .ok_or_else(|| Error::invalid(format!("roles: {name:?} is not a role")))
    });
    read.collect::<Result<Vec<_>>>().map(Some)
}

/// What is kept as it is: everything that has no place in a person.
fn kept(user: &Map<String, Value>, email: &str) -> Map<String, Value> {
    let mut kept = Map::new();
    for (key, value) in user {
        if value.is_null() {
            continue;
        }
        match key.as_str() {
            "name" => {
                let mut name = value.as_object().cloned().unwrap_or_default();
                name.retain(|key, _| !matches!(key.as_str(), "givenName" | "familyName"));
                if !name.is_empty() {
                    kept.insert(key.clone(), name.into());
                }
            }
            "nickName" => {}
            "emails" => {
                // The one that is made of the user name is not kept.
                let items = value.as_array().cloned().unwrap_or_default();
                let plain = json!({ "value": email, "type": "work", "primary": true });
                let items: Vec<Value> = items.into_iter().filter(|item| *item != plain).collect();
                if !items.is_empty() {
                    kept.insert(key.clone(), items.into());
                }
            }
            "phoneNumbers" => {
                let items = value.as_array().cloned().unwrap_or_default();
                let of_line = |item: &Value| {
                    matches!(
                        item.get("type").and_then(Value::as_str),
                        Some("work" | "work_extension")
                    )
                };
                let items: Vec<Value> = items.into_iter().filter(|item| !of_line(item)).collect();
                if !items.is_empty() {
                    kept.insert(key.clone(), items.into());
                }
            }
            ENTERPRISE => {
                let mut enterprise = value.as_object().cloned().unwrap_or_default();
                enterprise.retain(|key, _| !matches!(key.as_str(), "department" | "manager"));
                if !enterprise.is_empty() {
                    kept.insert(key.clone(), enterprise.into());
                }
            }
            WEBEX_USER => {
                let mut webex = value.as_object().cloned().unwrap_or_default();
                webex.retain(|key, value| key != "accountStatus" && *value != json!([]));
                if !webex.is_empty() {
                    kept.insert(key.clone(), webex.into());
                }
            }
            key if KNOWN.contains(&key) => {}
            "userType" if value == "user" => {}
            key => {
                kept.insert(key.to_owned(), value.clone());
            }
        }
    }
    kept
}
