//! Webex Calling: which locations have it, which numbers are there, and whose they are (people-calling 1, 4
//! and 5).
//!
//! A number is in exactly one location of one organization, owned or free. A person who calls has one primary
//! line (a number, an extension, or both) in one location, and perhaps alternate numbers there.

use hallway_wire::Timestamp;
use hallway_wire::calling::{
    NumberState, NumberType, NumberUsage, OwnerType, PhoneNumberType, PstnConnectionType, RingPattern,
    RouteType,
};
use hallway_wire::id::{LocationId, OrgId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

mod alternate;
mod e164;
mod inventory;
mod line;
mod list;
mod permit;
mod seed;
mod site;
mod validate;

pub use e164::{normalize, toll_free};
pub use line::LineWish;
pub use list::{Availability, NumberOrder, NumberQuery, SortBy};
pub use seed::CallingSeed;

use crate::ports::{Key, by_time};
use crate::records::Document;

/// What a location has beyond its address once it has Webex Calling.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallingSite {
    pub org: OrgId,
    pub location: LocationId,
    pub enabled: Timestamp,
    #[serde(default)]
    pub announcement_language: Option<String>,
    /// The name that calls from here show.
    #[serde(default)]
    pub caller_name: Option<String>,
    /// In E.164; a number of this location that nobody owns.
    #[serde(default)]
    pub main_number: Option<String>,
    #[serde(default)]
    pub external_caller_id_name: Option<String>,
    #[serde(default)]
    pub p_access_network_info: Option<String>,
    #[serde(default)]
    pub outside_dial_digit: Option<String>,
    #[serde(default)]
    pub enforce_outside_dial_digit: bool,
    /// Digits in front of the extensions of this location, seen from others.
    #[serde(default)]
    pub routing_prefix: Option<String>,
    #[serde(default)]
    pub charge_number: Option<String>,
    /// `None`: no calls in or out yet.
    #[serde(default)]
    pub pstn: Option<PstnConnectionType>,
    /// The way to the local gateway.
    #[serde(default)]
    pub route: Option<(RouteType, String)>,
}

impl CallingSite {
    /// The extension as other locations dial it.
    pub fn esn(&self, extension: &str) -> String {
        format!(
            "{}{extension}",
            self.routing_prefix.as_deref().unwrap_or_default()
        )
    }
}

impl Document for CallingSite {
    const KIND: &'static str = "calling_site";
    const NOUN: &'static str = "location with Webex Calling";

    fn org(&self) -> OrgId {
        self.org
    }

    fn id(&self) -> String {
        self.location.uuid().to_string()
    }

    fn keys(&self) -> Vec<Key> {
        vec![Key {
            index: "all",
            value: String::new(),
            order: by_time(self.enabled),
        }]
    }
}

/// Whose a number is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    pub kind: OwnerType,
    pub id: Uuid,
    #[serde(default)]
    pub first_name: Option<String>,
    #[serde(default)]
    pub last_name: Option<String>,
}

/// A number of a location, or the extension of a line that has no number.
///
/// Its id is the number in E.164, so that no other organization of this Hallway can have it too; or location
/// and extension.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Number {
    pub org: OrgId,
    pub location: LocationId,
    /// In E.164.
    #[serde(default)]
    pub phone_number: Option<String>,
    /// Without the routing prefix.
    #[serde(default)]
    pub extension: Option<String>,
    pub state: NumberState,
    pub kind: NumberType,
    pub usage: NumberUsage,
    /// The location's main number.
    #[serde(default)]
    pub main: bool,
    #[serde(default)]
    pub owner: Option<Owner>,
    /// Which of its owner's lines it is.
    #[serde(default)]
    pub line: Option<PhoneNumberType>,
    /// Alternates only.
    #[serde(default)]
    pub ring: Option<RingPattern>,
    /// On the primary line: whether the alternates ring their own way.
    #[serde(default)]
    pub distinctive_ring: bool,
    pub added: Timestamp,
    #[serde(default)]
    pub assigned: Option<Timestamp>,
}

/// Sorts behind every name and number.
const LAST: &str = "\u{10FFFE}";

impl Number {
    fn extension_only(org: OrgId, location: LocationId, extension: &str, now: Timestamp) -> Self {
        Self {
            org,
            location,
            phone_number: None,
            extension: Some(extension.to_owned()),
            state: NumberState::Active,
            kind: NumberType::Did,
            usage: NumberUsage::None,
            main: false,
            owner: None,
            line: None,
            ring: None,
            distinctive_ring: false,
            added: now,
            assigned: None,
        }
    }

    /// Whether it may be given to somebody.
    pub fn is_free(&self) -> bool {
        self.owner.is_none() && !self.main && self.phone_number.is_some()
    }

    /// As it is while nobody owns it.
    fn freed(&self) -> Self {
        Self {
            extension: None,
            owner: None,
            line: None,
            ring: None,
            distinctive_ring: false,
            assigned: None,
            ..self.clone()
        }
    }

    fn name_order(&self) -> String {
        let owner = self.owner.as_ref();
        let last = owner.map_or(LAST.to_owned(), |owner| {
            let name = |name: &Option<String>| name.as_deref().unwrap_or_default().to_lowercase();
            format!("{} {}", name(&owner.last_name), name(&owner.first_name))
        });
        format!("{last}\u{1}{}", self.number_order())
    }

    fn number_order(&self) -> String {
        match (&self.phone_number, &self.extension) {
            (Some(number), _) => number.clone(),
            (None, Some(extension)) => format!("{LAST}{extension}"),
            (None, None) => LAST.to_owned(),
        }
    }
}

impl Document for Number {
    const KIND: &'static str = "number";
    const NOUN: &'static str = "phone number";

    fn org(&self) -> OrgId {
        self.org
    }

    fn id(&self) -> String {
        match (&self.phone_number, &self.extension) {
            (Some(number), _) => number.clone(),
            (None, extension) => extension_id(self.location, extension.as_deref().unwrap_or_default()),
        }
    }

    fn keys(&self) -> Vec<Key> {
        let here = self.location.uuid().to_string();
        let extension = self.extension.clone().unwrap_or_else(|| LAST.to_owned());
        let mut keys = Vec::new();
        for place in [String::new(), here] {
            let mut add = |index, order| {
                keys.push(Key {
                    index,
                    value: place.clone(),
                    order,
                });
            };
            add("name", self.name_order());
            add("number", self.number_order());
            add("extension", format!("{extension}\u{1}{}", self.number_order()));
            if self.is_free() {
                add("free", self.number_order());
            }
        }
        if let Some(owner) = &self.owner {
            let primary = self.line == Some(PhoneNumberType::Primary);
            let assigned = by_time(self.assigned.unwrap_or(self.added));
            keys.push(Key {
                index: "owner",
                value: owner.id.to_string(),
                order: if primary { String::new() } else { assigned },
            });
        }
        keys
    }
}

/// That an extension of a location is taken. Its id is location and extension, so that there is one at most.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extension {
    pub org: OrgId,
    pub location: LocationId,
    pub extension: String,
    /// The number (or extension without one) that it belongs to.
    pub number: String,
    /// Whose it is, for people.
    pub owner: String,
}

fn extension_id(location: LocationId, extension: &str) -> String {
    format!("{}:{extension}", location.uuid())
}

impl Document for Extension {
    const KIND: &'static str = "extension";
    const NOUN: &'static str = "extension";

    fn org(&self) -> OrgId {
        self.org
    }

    fn id(&self) -> String {
        extension_id(self.location, &self.extension)
    }

    fn keys(&self) -> Vec<Key> {
        vec![Key {
            index: "location",
            value: self.location.uuid().to_string(),
            order: self.extension.clone(),
        }]
    }
}
