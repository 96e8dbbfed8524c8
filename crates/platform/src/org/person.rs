//! A person or a machine account, as it is kept.

use hallway_wire::Timestamp;
use hallway_wire::id::{LicenseId, LocationId, OrgId, PersonId};
use serde::{Deserialize, Serialize};

use super::{PersonKind, Role};
use crate::ports::records::{Claim, Key, by_time};
use crate::records::Document;

/// A person or a machine account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    pub id: PersonId,
    pub org: OrgId,
    pub kind: PersonKind,
    pub email: String,
    pub display_name: String,
    #[serde(default)]
    pub first_name: Option<String>,
    #[serde(default)]
    pub last_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nick_name: Option<String>,
    /// URL of a picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub avatar: Option<String>,
    #[serde(default)]
    pub title: Option<String>,
    #[serde(default)]
    pub department: Option<String>,
    /// Name or address of the manager, as it was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manager: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manager_id: Option<PersonId>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<PersonAddress>,
    /// `mysite.example.com#attendee`
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub site_urls: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
    #[serde(default)]
    pub roles: Vec<Role>,
    /// Whether the person runs this Hallway, and not only an organization in it: no role of Webex, so that no
    /// administrator of an organization can give it. Nothing that comes from outside may set it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub operator: bool,
    /// In the order of assignment.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub licenses: Vec<LicenseId>,
    #[serde(default = "yes")]
    pub login_enabled: bool,
    /// The person has not followed the link of the activation e-mail yet.
    #[serde(default)]
    pub invite_pending: bool,
    /// Where the person's calls come from: set if and only if it is a calling user (people-calling R4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<LocationId>,
    /// The primary line of a calling user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<Line>,
    /// Numbers that nobody calls through here: mobile, fax.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub phone_numbers: Vec<PersonNumber>,
    pub created: Timestamp,
    pub last_modified: Timestamp,
}

fn yes() -> bool {
    true
}

/// A line: a number, an extension, or both.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// E.164 with `+`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// Without the location's routing prefix.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extension: Option<String>,
}

/// A number beside the line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonNumber {
    /// `mobile` or `fax`
    pub kind: String,
    pub value: String,
}

/// A postal address of a person.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonAddress {
    /// `work`
    #[serde(default, skip_serializing_if = "Option::is_none")]
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

/// Indexes of people. All but the first two hold humans only.
impl Person {
    /// Everybody, in the order of creation.
    pub const ALL: &'static str = "all";
    /// By kind of account, in the order of creation.
    pub const BY_KIND: &'static str = "kind";
    /// By how the name starts.
    pub const BY_NAME: &'static str = "name";
    /// Value: the role's identity name. By name.
    pub const BY_ROLE: &'static str = "role";
    /// Value: the license's UUID. By name.
    pub const BY_LICENSE: &'static str = "license";
    /// Value: the location's UUID. By name.
    pub const BY_LOCATION: &'static str = "location";
    /// Who has not activated the account yet, in the order of creation.
    pub const PENDING: &'static str = "pending";
    /// Who runs this Hallway, in the order of creation.
    pub const OPERATORS: &'static str = "operator";
    /// The claim on an address, in lower case.
    pub const EMAIL: &'static str = "email";

    /// An active account without anything further.
    pub fn new(
        id: PersonId,
        org: OrgId,
        kind: PersonKind,
        email: impl Into<String>,
        display_name: impl Into<String>,
        now: Timestamp,
    ) -> Self {
        Self {
            id,
            org,
            kind,
            email: email.into(),
            display_name: display_name.into(),
            first_name: None,
            last_name: None,
            nick_name: None,
            avatar: None,
            title: None,
            department: None,
            manager: None,
            manager_id: None,
            addresses: Vec::new(),
            site_urls: Vec::new(),
            timezone: None,
            roles: Vec::new(),
            operator: false,
            licenses: Vec::new(),
            login_enabled: true,
            invite_pending: false,
            location: None,
            line: None,
            phone_numbers: Vec::new(),
            created: now,
            last_modified: now,
        }
    }

    /// An address as it is compared: without blanks around it, in lower case.
    pub fn comparable_email(email: &str) -> String {
        email.trim().to_lowercase()
    }
}

impl PersonKind {
    /// The value in the index by kind.
    pub fn name(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Machine => "machine",
            Self::Bot => "bot",
            Self::ServiceApp => "service_app",
        }
    }
}

impl Document for Person {
    const KIND: &'static str = "person";
    const NOUN: &'static str = "person";

    fn org(&self) -> OrgId {
        self.org
    }

    fn id(&self) -> String {
        self.id.uuid().to_string()
    }

    fn keys(&self) -> Vec<Key> {
        let key = |index: &'static str, value: String, order: &str| Key {
            index,
            value,
            order: order.to_owned(),
        };
        let created = by_time(self.created);
        let mut keys = vec![
            key(Self::ALL, String::new(), &created),
            key(Self::BY_KIND, self.kind.name().to_owned(), &created),
        ];
        if self.kind != PersonKind::Person {
            return keys;
        }
        let name = self.display_name.to_lowercase();
        keys.push(key(Self::BY_NAME, String::new(), &name));
        if self.invite_pending {
            keys.push(key(Self::PENDING, String::new(), &created));
        }
        if self.operator {
            keys.push(key(Self::OPERATORS, String::new(), &created));
        }
        for role in &self.roles {
            keys.push(key(Self::BY_ROLE, role.name().to_owned(), &name));
        }
        for license in &self.licenses {
            keys.push(key(Self::BY_LICENSE, license.uuid().to_string(), &name));
        }
        if let Some(location) = self.location {
            keys.push(key(Self::BY_LOCATION, location.uuid().to_string(), &name));
        }
        keys
    }

    fn claims(&self) -> Vec<Claim> {
        vec![Claim {
            name: Self::EMAIL,
            value: Self::comparable_email(&self.email),
            taken: "There is an account with this e-mail address already.",
        }]
    }
}
