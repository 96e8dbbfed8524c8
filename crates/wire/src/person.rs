//! People and roles as the REST API shows them (`/people`, `/roles`).

use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::id::{LicenseId, LocationId, OrgId, PersonId, RoleId};
use crate::time::Timestamp;

/// A person or a machine account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Person {
    pub id: PersonId,
    pub emails: Vec<String>,
    #[serde(default)]
    pub phone_numbers: Vec<PhoneNumber>,
    /// Without the location's routing prefix; only where `callingData` asks for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extension: Option<String>,
    /// Only where `callingData` asks for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location_id: Option<LocationId>,
    pub display_name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nick_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub avatar: Option<String>,
    pub org_id: OrgId,
    /// Only administrators and the person itself see it, and what follows up to `sip_addresses`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roles: Option<Vec<RoleId>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licenses: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub department: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manager: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manager_id: Option<PersonId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<Address>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub site_urls: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invite_pending: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login_enabled: Option<bool>,
    #[serde(default)]
    pub sip_addresses: Vec<SipAddress>,
    pub created: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<Timestamp>,
    /// `pending` until the account is activated. Presence is not observed: `active` from then on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// `person` or `bot`
    #[serde(rename = "type")]
    pub kind: String,
}

/// A phone number of a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PhoneNumber {
    /// `work`, `work_extension`, `mobile` or `fax`
    #[serde(rename = "type")]
    pub kind: String,
    pub value: String,
    /// Set for the numbers of the primary line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub primary: Option<bool>,
}

/// A SIP address of a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SipAddress {
    /// `personal-room`, `enterprise` or `cloud-calling`
    #[serde(rename = "type")]
    pub kind: String,
    pub value: String,
    pub primary: bool,
}

/// A postal address of a person.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Address {
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locality: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub street_address: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<String>,
}

/// Answer of `GET /people`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct People {
    pub items: Vec<Person>,
    /// Ids that were asked for and name nobody here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_found_ids: Vec<String>,
}

/// A role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Role {
    pub id: RoleId,
    pub name: String,
}

/// What a request says about a person. A member that is missing means "as it is", one that is null or empty
/// "none" (people-calling 2.3). Unknown members are passed over: clients send back what they read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct PersonRequest {
    /// Exactly one address; the first counts if there are several.
    pub emails: Option<Vec<String>>,
    /// Only those of type `work` are read. One object stands for a list of one.
    #[serde(deserialize_with = "numbers")]
    #[schemars(with = "Vec<GivenNumber>")]
    pub phone_numbers: Given<Vec<GivenNumber>>,
    #[serde(deserialize_with = "digits")]
    #[schemars(with = "Option<String>")]
    pub extension: Given<String>,
    pub location_id: Option<String>,
    pub display_name: Option<String>,
    #[serde(deserialize_with = "given")]
    #[schemars(with = "Option<String>")]
    pub first_name: Given<String>,
    #[serde(deserialize_with = "given")]
    #[schemars(with = "Option<String>")]
    pub last_name: Given<String>,
    #[serde(deserialize_with = "given")]
    #[schemars(with = "Option<String>")]
    pub avatar: Given<String>,
    /// Checked: it must be the caller's.
    pub org_id: Option<OrgId>,
    #[serde(deserialize_with = "given")]
    #[schemars(with = "Option<Vec<RoleId>>")]
    pub roles: Given<Vec<RoleId>>,
    pub licenses: Option<Vec<LicenseId>>,
    #[serde(deserialize_with = "given")]
    #[schemars(with = "Option<String>")]
    pub department: Given<String>,
    #[serde(deserialize_with = "given")]
    #[schemars(with = "Option<String>")]
    pub manager: Given<String>,
    #[serde(deserialize_with = "given")]
    #[schemars(with = "Option<String>")]
    pub manager_id: Given<String>,
    #[serde(deserialize_with = "given")]
    #[schemars(with = "Option<String>")]
    pub title: Given<String>,
    #[serde(deserialize_with = "given")]
    #[schemars(with = "Option<Vec<Address>>")]
    pub addresses: Given<Vec<Address>>,
    #[serde(deserialize_with = "given")]
    #[schemars(with = "Option<Vec<String>>")]
    pub site_urls: Given<Vec<String>>,
    #[serde(deserialize_with = "yes_or_no")]
    #[schemars(with = "Option<bool>")]
    pub login_enabled: Option<bool>,
}

/// A member of a request: `None` is missing, `Some(None)` is null.
pub type Given<T> = Option<Option<T>>;

/// A phone number in a request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default)]
pub struct GivenNumber {
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub value: Option<String>,
}

/// Answer to a change with `minResponse`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MinimalPerson {
    pub id: PersonId,
}

fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Given<T>, D::Error> {
    Option::<T>::deserialize(from).map(Some)
}

fn numbers<'de, D: Deserializer<'de>>(from: D) -> Result<Given<Vec<GivenNumber>>, D::Error> {
    let value = serde_json::Value::deserialize(from)?;
    let list = match value {
        serde_json::Value::Null => return Ok(Some(None)),
        one @ serde_json::Value::Object(_) => serde_json::Value::Array(vec![one]),
        other => other,
    };
    serde_json::from_value(list)
        .map(|numbers| Some(Some(numbers)))
        .map_err(|error| D::Error::custom(format!("phoneNumbers: {error}")))
}

/// Digits, as text or as a number.
fn digits<'de, D: Deserializer<'de>>(from: D) -> Result<Given<String>, D::Error> {
    match serde_json::Value::deserialize(from)? {
        serde_json::Value::Null => Ok(Some(None)),
        serde_json::Value::String(text) => Ok(Some(Some(text))),
        serde_json::Value::Number(number) => Ok(Some(Some(number.to_string()))),
        other => Err(D::Error::custom(format!(
            "extension: must be digits, not {other}"
        ))),
    }
}

/// `true`, `"true"`, or nothing.
fn yes_or_no<'de, D: Deserializer<'de>>(from: D) -> Result<Option<bool>, D::Error> {
    match serde_json::Value::deserialize(from)? {
        serde_json::Value::Null => Ok(None),
        serde_json::Value::Bool(yes) => Ok(Some(yes)),
        serde_json::Value::String(text) if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
        serde_json::Value::String(text) if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
        other => Err(D::Error::custom(format!("must be true or false, not {other}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> PersonRequest {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn missing_and_null_differ() {
        let nothing = read(r#"{"id":"x","unknown":[1]}"#);
        assert_eq!(nothing, PersonRequest::default());
        let cleared = read(r#"{"title":null,"extension":null,"phoneNumbers":null,"displayName":null}"#);
        assert_eq!((cleared.title, cleared.extension), (Some(None), Some(None)));
        assert_eq!((cleared.phone_numbers, cleared.display_name), (Some(None), None));
    }

    #[test]
    fn clients_have_their_ways() {
        let one =
            read(r#"{"phoneNumbers":{"type":"work","value":"1"},"extension":133,"loginEnabled":"True"}"#);
        let many = read(
            r#"{"phoneNumbers":[{"type":"work","value":"1","primary":true}],"extension":"133","loginEnabled":true}"#,
        );
        assert_eq!(one, many);
        for bad in [
            r#"{"phoneNumbers":3}"#,
            r#"{"extension":[]}"#,
            r#"{"loginEnabled":"maybe"}"#,
            r#"{"licenses":["x"]}"#,
        ] {
            assert!(serde_json::from_str::<PersonRequest>(bad).is_err(), "{bad}");
        }
    }
}
