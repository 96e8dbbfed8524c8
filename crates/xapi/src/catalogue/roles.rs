//! Roles of the users of a device, and sets of them.

use std::fmt;
use std::str::FromStr;

/// A role of a user who is logged in on the device itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    Admin,
    Integrator,
    User,
    RoomControl,
    TouchUser,
    PairedUser,
    Audit,
}

impl Role {
    /// Every role.
    pub const ALL: [Role; 7] = [
        Role::Admin,
        Role::Integrator,
        Role::User,
        Role::RoomControl,
        Role::TouchUser,
        Role::PairedUser,
        Role::Audit,
    ];

    /// The name, as devices spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Admin => "Admin",
            Self::Integrator => "Integrator",
            Self::User => "User",
            Self::RoomControl => "RoomControl",
            Self::TouchUser => "TouchUser",
            Self::PairedUser => "PairedUser",
            Self::Audit => "Audit",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A text that is no role.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a role")]
pub struct UnknownRole(pub String);

impl FromStr for Role {
    type Err = UnknownRole;
    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        let found = Self::ALL
            .into_iter()
            .find(|role| role.name().eq_ignore_ascii_case(text));
        found.ok_or_else(|| UnknownRole(text.to_owned()))
    }
}

/// A set of roles.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Roles(u8);

impl Roles {
    /// Nobody.
    pub const NONE: Roles = Roles(0);
    /// The three roles that an ordinary local user can have.
    pub const EVERYDAY: Roles = Roles(0b111);

    /// Adds a role.
    #[must_use]
    pub fn with(self, role: Role) -> Self {
        Self(self.0 | 1 << role as u8)
    }

    /// Whether the role is in the set.
    pub fn contains(self, role: Role) -> bool {
        self.0 & (1 << role as u8) != 0
    }

    /// Whether one of the roles is in both sets.
    pub fn overlaps(self, other: Roles) -> bool {
        self.0 & other.0 != 0
    }

    /// The roles in the set.
    pub fn iter(self) -> impl Iterator<Item = Role> {
        Role::ALL.into_iter().filter(move |role| self.contains(*role))
    }
}

impl FromIterator<Role> for Roles {
    fn from_iter<I: IntoIterator<Item = Role>>(roles: I) -> Self {
        roles.into_iter().fold(Self::NONE, Self::with)
    }
}

impl fmt::Debug for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}
