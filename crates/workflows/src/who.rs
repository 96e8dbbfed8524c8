//! Whom something is about.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use hallway_sdk::PersonId;

/// A user, by what the asker knows of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// The address.
    Email(String),
    /// The id, also as a bare UUID.
    Id(PersonId),
    /// The display name, whole. It must be one person's.
    Name(String),
}

impl Who {
    /// What has an `@` is an address, what looks like an id is one, all else is a name.
    pub fn parse(text: &str) -> Self {
        let text = text.trim();
        let id = PersonId::from(text);
        if text.contains('@') {
            Self::Email(text.to_owned())
        } else if id.uuid().is_some() {
            Self::Id(id)
        } else {
            Self::Name(text.to_owned())
        }
    }
}

impl From<&str> for Who {
    fn from(text: &str) -> Self {
        Self::parse(text)
    }
}

impl From<&PersonId> for Who {
    fn from(id: &PersonId) -> Self {
        Self::Id(id.clone())
    }
}

impl FromStr for Who {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self::parse(text))
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Email(email) => f.write_str(email),
            Self::Id(id) => write!(f, "{id}"),
            Self::Name(name) => write!(f, "`{name}`"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_ids_and_names() {
        assert_eq!(Who::parse(" a@x.org "), Who::Email("a@x.org".to_owned()));
        let id = "Y2lzY29zcGFyazovL3VzL1BFT1BMRS8wMDAwMDAwMC0wMDAwLTAwMDAtMDAwMC0wMDAwMDAwMDAwMDE";
        assert!(matches!(Who::parse(id), Who::Id(_)));
        assert!(matches!(
            Who::parse("00000000-0000-0000-0000-000000000001"),
            Who::Id(_)
        ));
        assert!(matches!(Who::parse("Ada Berg"), Who::Name(_)));
    }
}
