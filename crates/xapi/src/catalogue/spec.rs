//! What the catalogue says about one status, event or configuration.

use serde_json::{Map, Value, json};
use smol_str::SmolStr;

use super::roles::Roles;
use super::table::Entry;
use super::value::ValueSpace;
use crate::key::Key;
use crate::pattern::Pattern;

/// A status leaf: `Audio.Volume`, `Call[1..n].Status`.
#[derive(Clone, Debug)]
pub struct StatusSpec {
    /// The schema key: no wildcard, ranges for lists.
    pub path: Pattern,
    /// Its values.
    pub space: ValueSpace,
    /// Whether it tells about people; admins see this, nothing is refused because of it.
    pub privacy_impact: bool,
    /// Which local users may read it.
    pub roles: Roles,
    /// Code names of the products that have it; empty: every product.
    pub products: Vec<SmolStr>,
}

/// An event: `UserInterface.Extensions.Panel.Clicked`.
#[derive(Clone, Debug)]
pub struct EventSpec {
    /// Its key.
    pub path: Key,
    /// What its payload carries; empty for an event that only happens.
    pub fields: Vec<Field>,
    /// Which local users may subscribe to it.
    pub roles: Roles,
    pub(crate) pattern: Pattern,
    /// Code names of the products that have it; empty: every product.
    pub products: Vec<SmolStr>,
}

/// A member of an event's payload.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// The name; it may contain a dot (`Option.1`).
    pub name: SmolStr,
    /// Whether the payload always has it.
    pub required: bool,
    /// What it holds.
    pub kind: FieldKind,
}

/// What a member of an event's payload holds.
#[derive(Clone, Debug, PartialEq)]
pub enum FieldKind {
    Integer,
    String,
    Literal(Vec<SmolStr>),
    /// An object, or, with `multiple`, a list of them.
    Node {
        multiple: bool,
        fields: Vec<Field>,
    },
}

/// A configuration leaf: `Audio.DefaultVolume`, `NetworkServices.NTP.Server[1..3].Key`.
#[derive(Clone, Debug)]
pub struct ConfigurationSpec {
    /// The schema key: no wildcard, indexes or ranges for lists.
    pub path: Pattern,
    /// Its values.
    pub space: ValueSpace,
    /// The value while nothing is configured.
    pub default: Value,
    /// Whether the value is a secret: it can be set, and is shown as empty text.
    pub hidden: bool,
    /// Which local users may set it.
    pub roles: Roles,
    /// Which local users may read it.
    pub readers: Roles,
    /// Code names of the products that have it; empty: every product.
    pub products: Vec<SmolStr>,
}

impl StatusSpec {
    /// The value space as `/xapi/schema` shows it.
    pub fn json_schema(&self) -> Value {
        json!({ "schema": self.space.json_schema() })
    }
}

impl EventSpec {
    /// The member of the payload with this name, ignoring case.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields
            .iter()
            .find(|field| field.name.eq_ignore_ascii_case(name))
    }

    /// Brings a payload into form: canonical names, integers as numbers, literals in their spelling. What the
    /// schema does not know is kept as it is, because real devices send members that it lacks
    /// (workspace-integrations 3.4: `Target` of a clicked panel).
    pub fn normalize(&self, payload: &Map<String, Value>) -> Map<String, Value> {
        normalize(&self.fields, payload)
    }
}

fn normalize(fields: &[Field], payload: &Map<String, Value>) -> Map<String, Value> {
    let member = |(name, value): (&String, &Value)| match fields
        .iter()
        .find(|field| field.name.eq_ignore_ascii_case(name))
    {
        Some(field) => (field.name.to_string(), field.normalize(value)),
        None => (name.clone(), value.clone()),
    };
    payload.iter().map(member).collect()
}

impl Field {
    fn normalize(&self, value: &Value) -> Value {
        let space = match &self.kind {
            FieldKind::Integer => ValueSpace::Integer { min: None, max: None },
            FieldKind::String => ValueSpace::TEXT,
            FieldKind::Literal(values) => ValueSpace::Literal(values.clone()),
            FieldKind::Node { fields, .. } => {
                return match value {
                    Value::Object(inner) => Value::Object(normalize(fields, inner)),
                    Value::Array(items) => {
                        Value::Array(items.iter().map(|item| self.normalize(item)).collect())
                    }
                    other => other.clone(),
                };
            }
        };
        space.coerce(value).unwrap_or_else(|_| value.clone())
    }
}

impl ConfigurationSpec {
    /// The value as it may be shown: empty text for a secret.
    pub fn shown(&self, value: &Value) -> Value {
        if self.hidden {
            Value::from("")
        } else {
            value.clone()
        }
    }
}

impl Entry for StatusSpec {
    fn pattern(&self) -> &Pattern {
        &self.path
    }
    fn products(&self) -> &[SmolStr] {
        &self.products
    }
}

impl Entry for EventSpec {
    fn pattern(&self) -> &Pattern {
        &self.pattern
    }
    fn products(&self) -> &[SmolStr] {
        &self.products
    }
}

impl Entry for ConfigurationSpec {
    fn pattern(&self) -> &Pattern {
        &self.path
    }
    fn products(&self) -> &[SmolStr] {
        &self.products
    }
}
