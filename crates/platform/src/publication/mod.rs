//! Publications: integrations that every organization can activate (workspace-integrations 12).
//!
//! Cast: the *vendor* is the organization that uploaded a `global` manifest, and its full administrators; it
//! submits, and takes back. An *operator* of this Hallway looks and decides. A *customer* is an organization that
//! finds the integration in the catalog and activates it: with its own denials, locations and machine account, and
//! with the vendor's one client id and secret, which it never sees.
//!
//! A publication holds copies of the manifests that were submitted and approved: what the vendor uploads later
//! changes nothing for customers until an operator has approved that too.

use hallway_wire::Timestamp;
use hallway_wire::id::{AppId, OrgId, PersonId};
use hallway_wire::publication::PublicationState;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::ports::records::{Key, by_time};
use crate::records::Document;

mod catalog;
mod decide;
mod spread;
mod vendor;

pub(crate) use spread::Spreading;

/// A manifest as it was when somebody decided about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Version {
    pub manifest: String,
    pub version: u64,
    /// What it is called, in lower case: the order of the catalog.
    pub name: String,
    pub at: Timestamp,
    /// Who submitted or approved it.
    pub by: PersonId,
}

/// An operator's refusal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Refusal {
    pub version: u64,
    pub reason: String,
    pub at: Timestamp,
}

/// Where the publication of an integration stands. It exists from the first submission on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Publication {
    pub app: AppId,
    /// The vendor's organization.
    pub vendor: OrgId,
    /// The OAuth client of all its activations.
    pub client_id: String,
    #[serde(default)]
    pub submitted: Option<Version>,
    #[serde(default)]
    pub published: Option<Version>,
    /// Set while nobody may activate it any more.
    #[serde(default)]
    pub withdrawn: Option<Timestamp>,
    /// The last refusal; a submission clears it.
    #[serde(default)]
    pub refused: Option<Refusal>,
    pub created: Timestamp,
    pub updated: Timestamp,
}

impl Publication {
    /// What every organization can activate, by name.
    pub(crate) const OFFERED: &'static str = "offered";
    /// What waits for an operator, in the order of submission.
    pub(crate) const WAITING: &'static str = "waiting";
    /// Value: the vendor's UUID. In the order of the first submission.
    pub(crate) const BY_VENDOR: &'static str = "vendor";

    /// The organization of all publications: none. They are of the whole Hallway, and listed as one.
    pub(crate) fn house() -> OrgId {
        OrgId::from_uuid(Uuid::nil())
    }

    pub(crate) fn key(app: AppId) -> String {
        app.to_string()
    }

    /// What can be activated, if anything.
    pub(crate) fn offered(&self) -> Option<&Version> {
        self.published.as_ref().filter(|_| self.withdrawn.is_none())
    }

    pub(crate) fn state(&self) -> PublicationState {
        if self.submitted.is_some() {
            PublicationState::Submitted
        } else if self.refused.is_some() {
            PublicationState::Rejected
        } else if self.withdrawn.is_some() {
            PublicationState::Withdrawn
        } else if self.published.is_some() {
            PublicationState::Published
        } else {
            PublicationState::Draft
        }
    }
}

impl Document for Publication {
    const KIND: &'static str = "publication";
    const NOUN: &'static str = "public integration";

    fn org(&self) -> OrgId {
        Self::house()
    }

    fn id(&self) -> String {
        Self::key(self.app)
    }

    fn keys(&self) -> Vec<Key> {
        let key = |index: &'static str, value: String, order: String| Key { index, value, order };
        let vendor = self.vendor.uuid().to_string();
        let mut keys = vec![key(Self::BY_VENDOR, vendor, by_time(self.created))];
        if let Some(offered) = self.offered() {
            keys.push(key(Self::OFFERED, String::new(), offered.name.clone()));
        }
        if let Some(submitted) = &self.submitted {
            keys.push(key(Self::WAITING, String::new(), by_time(submitted.at)));
        }
        keys
    }
}
