//! Organizations, their people and machine accounts, and administrative roles.

use hallway_wire::Timestamp;
use hallway_wire::id::{OrgId, RoleId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

mod admins;
mod assign;
mod body;
mod directory;
mod group;
mod license;
mod licenses;
mod manage;
mod person;
mod purge;
mod scim;
mod service;
mod sites;
mod standing;

pub(crate) use admins::Managers;
pub use directory::{FoundPeople, PeopleQuery};
pub use group::{Group, GroupQuery, GroupsFound, MembersFound};
pub use license::{License, LicenseKind};
pub use licenses::AssignmentDone;
pub use person::{Line, Person, PersonAddress, PersonNumber};
pub(crate) use purge::Purges;
pub use scim::{ScimFound, ScimQuery};
pub use service::Founding;
pub use standing::Standing;
pub(crate) use standing::Standings;

/// What is committed together with a record: asked once the record is as it will be.
pub(crate) type Also<'a, D> = &'a (dyn Fn(&D) -> crate::error::Result<Vec<crate::ports::Write>> + Sync);

/// The owner of everything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Organization {
    pub id: OrgId,
    pub display_name: String,
    pub created: Timestamp,
    /// Host names of its sites, which service-app webhooks tell.
    #[serde(default)]
    pub sites: Vec<String>,
    /// Two letters (ISO 3166).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    #[serde(default)]
    pub standing: Standing,
    /// Counts changes: two writers at once are noticed.
    #[serde(default)]
    pub revision: u64,
}

/// An administrative role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Role {
    #[serde(rename = "id_full_admin")]
    FullAdmin,
    #[serde(rename = "id_readonly_admin")]
    ReadOnlyAdmin,
    #[serde(rename = "id_user_admin")]
    UserAdmin,
    #[serde(rename = "id_device_admin")]
    DeviceAdmin,
    #[serde(rename = "id_group_admin")]
    GroupAdmin,
    #[serde(rename = "location_full_admin")]
    LocationAdmin,
    #[serde(rename = "id_support_admin")]
    SupportAdmin,
    #[serde(rename = "id_compliance_officer")]
    ComplianceOfficer,
}

impl Role {
    pub const ALL: [Role; 8] = [
        Role::FullAdmin,
        Role::ReadOnlyAdmin,
        Role::UserAdmin,
        Role::DeviceAdmin,
        Role::GroupAdmin,
        Role::LocationAdmin,
        Role::SupportAdmin,
        Role::ComplianceOfficer,
    ];

    /// The identity name, as manifests spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::FullAdmin => "id_full_admin",
            Self::ReadOnlyAdmin => "id_readonly_admin",
            Self::UserAdmin => "id_user_admin",
            Self::DeviceAdmin => "id_device_admin",
            Self::GroupAdmin => "id_group_admin",
            Self::LocationAdmin => "location_full_admin",
            Self::SupportAdmin => "id_support_admin",
            Self::ComplianceOfficer => "id_compliance_officer",
        }
    }

    /// The role of an identity name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    /// The name in `GET /roles`.
    pub fn display_name(self) -> &'static str {
        match self {
            Self::FullAdmin => "Full Administrator",
            Self::ReadOnlyAdmin => "Read-only Administrator",
            Self::UserAdmin => "User Administrator",
            Self::DeviceAdmin => "Device Administrator",
            Self::GroupAdmin => "Group Administrator",
            Self::LocationAdmin => "Location Administrator",
            Self::SupportAdmin => "Support Administrator",
            Self::ComplianceOfficer => "Compliance Officer",
        }
    }

    /// The public id, the same in every organization.
    pub fn id(self) -> RoleId {
        RoleId::from_uuid(Uuid::from_u128(
            0x6c3a_5fd4_0b1e_4a57_9d00_0000_0000_0000 + self as u128,
        ))
    }
}

/// What kind of account it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PersonKind {
    Person,
    /// The account of an activated integration.
    Machine,
    /// The account of a bot, which a developer made.
    Bot,
    /// The account of a service app in an organization that authorized it.
    ServiceApp,
}
