//! SCIM filters (RFC 7644, 3.4.2.2): `userName eq "a@b.c" and (active eq true or title pr)`.
//!
//! They are evaluated on the JSON of a resource. Names of attributes are compared without case, as are texts.

use serde_json::Value;

use crate::error::{Error, Result};

/// Longest filter that is read, and how deep its brackets may be.
const MAX_LENGTH: usize = 2048;
const MAX_DEPTH: usize = 20;

/// A filter that was read.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Filter {
    And(Box<Filter>, Box<Filter>),
    Or(Box<Filter>, Box<Filter>),
    Not(Box<Filter>),
    /// Something is there.
    Present(Path),
    Compare(Path, Comparison, Value),
    /// A member of a list fits: `emails[type eq "work"]`.
    Within(Path, Box<Filter>),
}

/// Names from the outside to the inside: `name.familyName`.
pub(super) type Path = Vec<String>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Contains,
    StartsWith,
    EndsWith,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

impl Comparison {
    fn from_word(word: &str) -> Option<Self> {
        Some(match word.to_ascii_lowercase().as_str() {
            "eq" => Self::Equal,
            "ne" => Self::NotEqual,
            "co" => Self::Contains,
            "sw" => Self::StartsWith,
            "ew" => Self::EndsWith,
            "gt" => Self::Greater,
            "ge" => Self::GreaterOrEqual,
            "lt" => Self::Less,
            "le" => Self::LessOrEqual,
            _ => return None,
        })
    }

    fn holds(self, found: &Value, wanted: &Value) -> bool {
        match (found, wanted) {
            (Value::String(found), Value::String(wanted)) => {
                let (found, wanted) = (found.to_lowercase(), wanted.to_lowercase());
                match self {
                    Self::Equal => found == wanted,
                    Self::NotEqual => found != wanted,
                    Self::Contains => found.contains(&wanted),
                    Self::StartsWith => found.starts_with(&wanted),
                    Self::EndsWith => found.ends_with(&wanted),
                    Self::Greater => found > wanted,
                    Self::GreaterOrEqual => found >= wanted,
                    Self::Less => found < wanted,
                    Self::LessOrEqual => found <= wanted,
                }
            }
            // `active eq "true"` is what some clients write.
            (Value::Bool(found), Value::String(wanted)) => {
                self.holds(&Value::String(found.to_string()), &Value::String(wanted.clone()))
            }
            (found, wanted) => match self {
                Self::Equal => found == wanted,
                Self::NotEqual => found != wanted,
                _ => match (found.as_f64(), wanted.as_f64()) {
                    (Some(found), Some(wanted)) => match self {
                        Self::Greater => found > wanted,
                        Self::GreaterOrEqual => found >= wanted,
                        Self::Less => found < wanted,
                        Self::LessOrEqual => found <= wanted,
                        _ => false,
                    },
                    _ => false,
                },
            },
        }
    }
}

/// The member of an object, without case.
pub(super) fn member<'v>(object: &'v Value, name: &str) -> Option<&'v Value> {
    let object = object.as_object()?;
    object.get(name).or_else(|| {
        object
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, it)| it)
    })
}

/// Everything that a path leads to: through lists it leads to a member of each element, and at their end to
/// their `value`.
fn found<'v>(value: &'v Value, path: &[String], into: &mut Vec<&'v Value>) {
    match (value, path) {
        (Value::Array(items), _) => items.iter().for_each(|item| found(item, path, into)),
        (Value::Object(object), []) => into.extend(object.get("value")),
        (Value::Null, []) => {}
        (value, []) => into.push(value),
        (value, [name, rest @ ..]) => {
            if let Some(inner) = member(value, name) {
                found(inner, rest, into);
            }
        }
    }
}

impl Filter {
    /// Reads a filter.
    ///
    /// # Errors
    /// [`Error::Invalid`], saying where it cannot be understood.
    pub(super) fn parse(text: &str) -> Result<Self> {
        if text.len() > MAX_LENGTH {
            return Err(Error::invalid(format!("filter: at most {MAX_LENGTH} bytes")));
        }
        let mut parser = Parser {
            text,
            at: 0,
            depth: 0,
        };
        let filter = parser.either()?;
        parser.blanks();
        if parser.at < text.len() {
            return Err(parser.bad("the end"));
        }
        Ok(filter)
    }

    /// Whether a resource fits.
    pub(super) fn fits(&self, resource: &Value) -> bool {
        match self {
            Self::And(one, other) => one.fits(resource) && other.fits(resource),
            Self::Or(one, other) => one.fits(resource) || other.fits(resource),
            Self::Not(inner) => !inner.fits(resource),
            Self::Present(path) => {
                let mut values = Vec::new();
                found(resource, path, &mut values);
                values.iter().any(|value| **value != Value::String(String::new()))
            }
            Self::Compare(path, comparison, wanted) => {
                let mut values = Vec::new();
                found(resource, path, &mut values);
                if *comparison == Comparison::NotEqual {
                    values.iter().all(|value| comparison.holds(value, wanted))
                } else {
                    values.iter().any(|value| comparison.holds(value, wanted))
                }
            }
            Self::Within(path, inner) => {
                let mut value = resource;
                for name in path {
                    match member(value, name) {
                        Some(found) => value = found,
                        None => return false,
                    }
                }
                match value {
                    Value::Array(items) => items.iter().any(|item| inner.fits(item)),
                    value => inner.fits(value),
                }
            }
        }
    }

    /// The text that an attribute must equal, if that is all the filter says.
    pub(super) fn exactly(&self, name: &str) -> Option<&str> {
        match self {
            Self::Compare(path, Comparison::Equal, Value::String(text))
                if path.len() == 1 && path[0].eq_ignore_ascii_case(name) =>
            {
                Some(text)
            }
            _ => None,
        }
    }
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
}

impl Parser<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn bad(&self, expected: &str) -> Error {
        Error::invalid(format!(
            "filter: expected {expected} at character {}",
            self.text[..self.at].chars().count() + 1
        ))
    }

    fn blanks(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    fn take(&mut self, sign: char) -> bool {
        self.blanks();
        let there = self.rest().starts_with(sign);
        if there {
            self.at += sign.len_utf8();
        }
        there
    }

    /// The next word, without taking it.
    fn word(&mut self) -> &str {
        self.blanks();
        let rest = self.rest();
        let end = rest
            .find(|c: char| c.is_whitespace() || "()[]\"".contains(c))
            .unwrap_or(rest.len());
        &rest[..end]
    }

    fn keyword(&mut self, word: &str) -> bool {
        let there = self.word().eq_ignore_ascii_case(word);
        if there {
            self.at += word.len();
        }
        there
    }

    fn either(&mut self) -> Result<Filter> {
        let mut filter = self.both()?;
        while self.keyword("or") {
            filter = Filter::Or(Box::new(filter), Box::new(self.both()?));
        }
        Ok(filter)
    }

    fn both(&mut self) -> Result<Filter> {
        let mut filter = self.one()?;
        while self.keyword("and") {
            filter = Filter::And(Box::new(filter), Box::new(self.one()?));
        }
        Ok(filter)
    }

    fn one(&mut self) -> Result<Filter> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Error::invalid(format!(
                "filter: at most {MAX_DEPTH} conditions inside each other"
            )));
        }
        let filter = if self.keyword("not") {
            Filter::Not(Box::new(self.one()?))
        } else if self.take('(') {
            let inner = self.either()?;
            if !self.take(')') {
                return Err(self.bad("a closing bracket"));
            }
            inner
        } else {
            self.condition()?
        };
        self.depth -= 1;
        Ok(filter)
    }

    fn condition(&mut self) -> Result<Filter> {
        let name = self.word().to_owned();
        if name.is_empty() {
            return Err(self.bad("the name of an attribute"));
        }
        self.at += name.len();
        let path = path(&name);
        if self.rest().starts_with('[') {
            self.at += 1;
            let inner = self.either()?;
            if !self.take(']') {
                return Err(self.bad("a closing square bracket"));
            }
            return Ok(Filter::Within(path, Box::new(inner)));
        }
        if self.keyword("pr") {
            return Ok(Filter::Present(path));
        }
        let word = self.word().to_owned();
        let Some(comparison) = Comparison::from_word(&word) else {
            return Err(self.bad("one of eq, ne, co, sw, ew, gt, ge, lt, le and pr"));
        };
        self.at += word.len();
        let value = self.value()?;
        Ok(Filter::Compare(path, comparison, value))
    }

    /// A JSON text, number, true, false or null.
    fn value(&mut self) -> Result<Value> {
        self.blanks();
        let mut stream = serde_json::Deserializer::from_str(self.rest()).into_iter::<Value>();
        let value = match stream.next() {
            Some(Ok(value)) if !value.is_object() && !value.is_array() => value,
            _ => return Err(self.bad("a text in double quotes, a number, true or false")),
        };
        self.at += stream.byte_offset();
        Ok(value)
    }
}

/// The names of a path. A URN in front of the last colon is one name.
pub(super) fn path(text: &str) -> Path {
    if let Some(end) = text
        .to_ascii_lowercase()
        .starts_with("urn:")
        .then(|| text.rfind(':'))
        .flatten()
    {
        // Behind the version `2.0:User` an attribute may follow.
        let (urn, rest) = text.split_at(end);
        let rest = &rest[1..];
        let known = [
            hallway_wire::scim::USER,
            hallway_wire::scim::ENTERPRISE,
            hallway_wire::scim::WEBEX_USER,
            hallway_wire::scim::GROUP,
            hallway_wire::scim::WEBEX_GROUP,
        ];
        if known.iter().any(|it| it.eq_ignore_ascii_case(text)) {
            return vec![text.to_owned()];
        }
        let core = [hallway_wire::scim::USER, hallway_wire::scim::GROUP];
        let mut names = Vec::new();
        if !core.iter().any(|it| it.eq_ignore_ascii_case(urn)) {
            names.push(urn.to_owned());
        }
        names.extend(rest.split('.').map(ToOwned::to_owned));
        return names;
    }
    text.split('.').map(ToOwned::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn ada() -> Value {
        json!({
            "userName": "ada@example.com", "active": true, "title": "",
            "name": { "familyName": "Lovelace" },
            "emails": [{ "value": "ada@example.com", "type": "work" }, { "value": "a@b.c", "type": "home" }],
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": { "department": "Engines" },
            "meta": { "lastModified": "2026-03-04T05:06:07.089Z" },
        })
    }

    #[test]
    fn filters_choose() {
        for (filter, fits) in [
            ("userName eq \"ADA@example.com\"", true),
            ("username sw \"ada\" and active eq true", true),
            ("active eq \"True\"", true),
            ("active eq false or name.familyName co \"lace\"", true),
            ("not (name.familyName eq \"lovelace\")", false),
            ("title pr", false),
            ("name pr and nickName pr", false),
            ("emails eq \"a@b.c\"", true),
            ("emails.type eq \"other\"", false),
            ("emails[type eq \"home\" and value ew \"b.c\"]", true),
            ("emails[type eq \"home\" and value sw \"ada\"]", false),
            ("nickName ne \"x\"", true),
            ("meta.lastModified gt \"2026-01-01T00:00:00.000Z\"", true),
            (
                "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq \"engines\"",
                true,
            ),
            ("urn:ietf:params:scim:schemas:core:2.0:User:userName pr", true),
        ] {
            assert_eq!(Filter::parse(filter).unwrap().fits(&ada()), fits, "{filter}");
        }
    }

    #[test]
    fn what_cannot_be_understood_says_where() {
        for (filter, place) in [
            ("userName", "character 9"),
            ("userName is \"x\"", "character 10"),
            ("userName eq x", "character 13"),
            ("(userName pr", "character 13"),
            ("userName pr)", "character 12"),
            ("é[type pr", "character 10"),
            ("", "character 1"),
        ] {
            let error = Filter::parse(filter).unwrap_err().to_string();
            assert!(error.contains(place), "{filter}: {error}");
        }
        assert!(Filter::parse(&"(".repeat(100)).is_err());
        assert!(Filter::parse(&"not ".repeat(100)).is_err());
    }
}
