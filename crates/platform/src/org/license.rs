//! Licenses of an organization, and how many units of them are taken.

use hallway_wire::Timestamp;
use hallway_wire::id::{LicenseId, OrgId};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::ports::records::{Claim, Key};
use crate::records::Document;

/// What a license is for. The names are protocol: clients find a license by them (people-calling 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LicenseKind {
    CallingProfessional,
    CallingBasic,
    CallingWorkspaces,
    CustomerExperience,
    Meetings,
    Messaging,
    /// Everybody has it; it cannot be taken away.
    ScreenShare,
    UnifiedCommunicationManager,
    AttendantConsole,
}

impl LicenseKind {
    pub const ALL: [LicenseKind; 9] = [
        Self::CallingProfessional,
        Self::CallingBasic,
        Self::CallingWorkspaces,
        Self::CustomerExperience,
        Self::Meetings,
        Self::Messaging,
        Self::ScreenShare,
        Self::UnifiedCommunicationManager,
        Self::AttendantConsole,
    ];

    /// The name that clients know it by.
    pub fn display_name(self) -> &'static str {
        match self {
            Self::CallingProfessional => "Webex Calling - Professional",
            Self::CallingBasic => "Webex Calling - Basic",
            Self::CallingWorkspaces => "Webex Calling - Workspaces",
            Self::CustomerExperience => "Customer Experience - Essential",
            Self::Meetings => "Meeting - Webex Meetings Suite",
            Self::Messaging => "Advanced Messaging",
            Self::ScreenShare => "Basic Screen Share",
            Self::UnifiedCommunicationManager => "Unified Communication Manager (UCM)",
            Self::AttendantConsole => "Attendant Console",
        }
    }
}

/// A license: so many units of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct License {
    pub id: LicenseId,
    pub org: OrgId,
    pub kind: LicenseKind,
    pub name: String,
    pub total_units: u64,
    #[serde(default)]
    pub consumed_by_users: u64,
    #[serde(default)]
    pub consumed_by_workspaces: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subscription: Option<String>,
    /// The meeting site that it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site_url: Option<String>,
    pub created: Timestamp,
}

impl License {
    /// All of an organization, in the order of their kinds.
    pub const ALL: &'static str = "all";

    /// Unused units of a kind.
    pub fn new(org: OrgId, kind: LicenseKind, total_units: u64, created: Timestamp) -> Self {
        Self {
            id: LicenseId::random(),
            org,
            kind,
            name: kind.display_name().to_owned(),
            total_units,
            consumed_by_users: 0,
            consumed_by_workspaces: 0,
            subscription: None,
            site_url: None,
            created,
        }
    }

    /// Units that are taken.
    pub fn consumed(&self) -> u64 {
        self.consumed_by_users.saturating_add(self.consumed_by_workspaces)
    }

    /// Whether somebody can have one more unit.
    pub fn has_free_unit(&self) -> bool {
        self.consumed() < self.total_units
    }

    /// Whether a person with it is a calling user: it needs a location and a line.
    pub fn is_calling(&self) -> bool {
        matches!(
            self.kind,
            LicenseKind::CallingProfessional | LicenseKind::CallingBasic
        )
    }

    /// The license with one more unit taken by a user.
    ///
    /// # Errors
    /// There is no free unit.
    pub fn taken_by_user(&self) -> Result<Self> {
        if !self.has_free_unit() {
            return Err(Error::invalid(format!(
                "{}: all {} units are assigned.",
                self.name, self.total_units
            )));
        }
        let mut changed = self.clone();
        changed.consumed_by_users += 1;
        Ok(changed)
    }

    /// The license with one unit of a user given back.
    pub fn given_back_by_user(&self) -> Self {
        let mut changed = self.clone();
        changed.consumed_by_users = changed.consumed_by_users.saturating_sub(1);
        changed
    }
}

impl Document for License {
    const KIND: &'static str = "license";
    const NOUN: &'static str = "license";

    fn org(&self) -> OrgId {
        self.org
    }

    fn id(&self) -> String {
        self.id.uuid().to_string()
    }

    fn keys(&self) -> Vec<Key> {
        vec![Key {
            index: Self::ALL,
            value: String::new(),
            order: format!("{:02}{}", self.kind as u8, self.name),
        }]
    }

    fn claims(&self) -> Vec<Claim> {
        vec![Claim {
            name: "name",
            value: self.name.to_lowercase(),
            taken: "The organization has a license with this name already.",
        }]
    }
}
