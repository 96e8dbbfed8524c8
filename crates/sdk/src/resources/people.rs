//! `/people` (people-calling 2).

use hallway_wire::Timestamp;
use http::Method;
use serde::{Deserialize, Serialize};

use super::frame::{Member, body, crud, query, resource};
use crate::error::Result;
use crate::id::{LocationId, OrgId, PersonId, RoleId};

resource! {
    /// People and machine accounts.
    ///
    /// ```no_run
    /// # async fn example(client: hallway_sdk::Client) -> hallway_sdk::Result<()> {
    /// use hallway_sdk::resources::PersonBody;
    ///
    /// if client.people().by_email("ada@example.com").await?.is_none() {
    ///     let ada = PersonBody::new()
    ///         .emails(vec!["ada@example.com".to_owned()])
    ///         .first_name("Ada")
    ///         .last_name("Lovelace")
    ///         .display_name("Ada Lovelace");
    ///     client.people().create(&ada).await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    People, people
}

/// A person or a machine account. Who is no administrator sees less of others.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Person {
    /// The id.
    pub id: PersonId,
    /// One address: the login.
    #[serde(default)]
    pub emails: Vec<String>,
    /// Numbers.
    #[serde(default)]
    pub phone_numbers: Vec<WorkNumber>,
    /// Without the location's routing prefix; only where calling data was asked for.
    pub extension: Option<String>,
    /// Only where calling data was asked for.
    pub location_id: Option<LocationId>,
    /// The name that is shown.
    pub display_name: Option<String>,
    /// The first name.
    pub first_name: Option<String>,
    /// The last name.
    pub last_name: Option<String>,
    /// What friends say.
    pub nick_name: Option<String>,
    /// URL of a picture.
    pub avatar: Option<String>,
    /// The organization.
    pub org_id: Option<OrgId>,
    /// Administrative roles.
    #[serde(default)]
    pub roles: Vec<RoleId>,
    /// Licenses.
    #[serde(default)]
    pub licenses: Vec<String>,
    /// The department.
    pub department: Option<String>,
    /// The manager, as text.
    pub manager: Option<String>,
    /// The manager.
    pub manager_id: Option<PersonId>,
    /// The title.
    pub title: Option<String>,
    /// Postal addresses.
    #[serde(default)]
    pub addresses: Vec<PostalAddress>,
    /// Meeting sites: `mysite.webex.com#attendee`.
    #[serde(default)]
    pub site_urls: Vec<String>,
    /// Whether the invitation waits to be accepted.
    #[serde(default, deserialize_with = "lenient_bool")]
    pub invite_pending: Option<bool>,
    /// Whether the person may log in.
    #[serde(default, deserialize_with = "lenient_bool")]
    pub login_enabled: Option<bool>,
    /// When the account was made.
    pub created: Option<Timestamp>,
    /// When it last changed.
    pub last_modified: Option<Timestamp>,
    /// `active`, `inactive`, `pending` and others.
    pub status: Option<String>,
    /// `person`, `bot` or `appuser`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
}

/// Services send these as texts, too.
fn lenient_bool<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<bool>, D::Error> {
    let value = serde_json::Value::deserialize(from)?;
    Ok(<bool as crate::xapi::FromValue>::from_value(&value))
}

/// A postal address of a person.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PostalAddress {
    /// `work` and others.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The country.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// The city.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locality: Option<String>,
    /// The state or county.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Street and number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub street_address: Option<String>,
    /// The postal code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<String>,
}

/// A number of a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkNumber {
    /// `work`, `work_extension`, `mobile` or `fax`; only `work` can be written.
    #[serde(rename = "type")]
    pub kind: String,
    /// `+14085550100`
    pub value: String,
    /// Whether it belongs to the primary line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub primary: Option<bool>,
}

impl WorkNumber {
    /// A number at work, as a request names it.
    pub fn work(number: impl Into<String>) -> Self {
        Self {
            kind: "work".to_owned(),
            value: number.into(),
            primary: None,
        }
    }
}

body! {
    /// What a request says about a person.
    PersonBody {
        /// Exactly one address.
        emails: Vec<String>,
        /// The number at work.
        phone_numbers: Vec<WorkNumber>,
        /// Without the location's routing prefix.
        extension: String,
        /// Only together with a license for calling.
        location_id: LocationId,
        /// The name that is shown; needed in updates.
        display_name: String,
        /// The first name.
        first_name: String,
        /// The last name.
        last_name: String,
        /// URL of a picture.
        avatar: String,
        /// Administrative roles.
        roles: Vec<RoleId>,
        /// Licenses: exactly these from now on.
        licenses: Vec<String>,
        /// The department.
        department: String,
        /// The manager, as text.
        manager: String,
        /// The manager.
        manager_id: PersonId,
        /// The title.
        title: String,
        /// Postal addresses.
        addresses: Vec<PostalAddress>,
        /// Meeting sites: `mysite.webex.com#attendee`.
        site_urls: Vec<String>,
        /// Whether the person may log in.
        login_enabled: bool,
    }
}

impl PersonBody {
    /// The complete person, as it was read by id: what an update of Webex wants sent back with what is to change.
    ///
    /// The location is left out: it can be set only together with a license for calling. What the person does not
    /// have, or the reader may not see, is left out too, and so kept.
    pub fn of(person: &Person) -> Self {
        fn text<T: Clone>(value: &Option<T>) -> Member<T> {
            value.clone().map_or(Member::Keep, Member::Set)
        }
        fn list<T: Clone>(values: &[T]) -> Member<Vec<T>> {
            if values.is_empty() {
                Member::Keep
            } else {
                Member::Set(values.to_vec())
            }
        }
        Self {
            emails: list(&person.emails),
            phone_numbers: list(&person.phone_numbers),
            extension: text(&person.extension),
            location_id: Member::Keep,
            display_name: text(&person.display_name),
            first_name: text(&person.first_name),
            last_name: text(&person.last_name),
            avatar: text(&person.avatar),
            roles: list(&person.roles),
            licenses: list(&person.licenses),
            department: text(&person.department),
            manager: text(&person.manager),
            manager_id: text(&person.manager_id),
            title: text(&person.title),
            addresses: list(&person.addresses),
            site_urls: list(&person.site_urls),
            login_enabled: text(&person.login_enabled),
        }
    }
}

query! {
    /// People that match.
    PersonQuery -> Person {
        /// With this address.
        email(&str) => "email",
        /// Whose name begins so.
        display_name(&str) => "displayName",
        /// Of this location.
        location(&LocationId) => "locationId",
        /// With this role.
        role(&RoleId) => "roles",
        /// Whether extension and location are wanted.
        calling_data(bool) => "callingData",
        /// Of another organization that the caller manages.
        organization(&OrgId) => "orgId",
    }
}

crud!(People at ["people"], PersonId, delete delete);

impl People {
    /// The account that the token belongs to.
    ///
    /// # Errors
    /// Any; see [`Error`](crate::Error).
    pub async fn me(&self) -> Result<Person> {
        self.0.at(Method::GET, &["people", "me"]).read().await
    }

    /// The people of the organization.
    pub fn list(&self) -> PersonQuery {
        PersonQuery(self.0.list(&["people"], "items"))
    }

    /// The person with this address, if there is one.
    ///
    /// # Errors
    /// Any; see [`Error`](crate::Error).
    pub async fn by_email(&self, email: &str) -> Result<Option<Person>> {
        self.list().email(email).calling_data(true).first().await
    }

    /// Reads one, with location and extension.
    ///
    /// # Errors
    /// [`Error::NotFound`](crate::Error::NotFound): there is none with this id. Others; see
    /// [`Error`](crate::Error).
    pub async fn get(&self, id: &PersonId) -> Result<Person> {
        let call = self.0.at(Method::GET, &["people", id.as_str()]);
        call.query("callingData", true).read().await
    }

    /// Makes an account; the person is invited by mail.
    ///
    /// # Errors
    /// [`Error::Conflict`](crate::Error::Conflict): the address is taken. Others; see [`Error`](crate::Error).
    pub async fn create(&self, body: &PersonBody) -> Result<Person> {
        let call = self.0.at(Method::POST, &["people"]);
        call.query("callingData", true).json(body).read().await
    }

    /// Changes what the body names. Webex wants the display name each time, and takes what is missing of a person
    /// who can call as cleared: send those members back as they were read.
    ///
    /// # Errors
    /// Any; see [`Error`](crate::Error).
    pub async fn update(&self, id: &PersonId, body: &PersonBody) -> Result<Person> {
        let call = self.0.at(Method::PUT, &["people", id.as_str()]);
        call.query("callingData", true).json(body).read().await
    }
}
