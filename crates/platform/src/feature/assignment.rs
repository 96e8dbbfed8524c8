//! Which integration provides a feature for a device, and how far the device is with it.

use std::collections::{BTreeMap, BTreeSet};

use hallway_wire::Timestamp;
use hallway_wire::feature::{AssignmentState, FeatureAssignment, NavigatorPage};
use hallway_wire::id::{AppId, DeviceId, OrgId};
use hallway_wire::manifest::Feature;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::navigators::Navigator;
use crate::error::Result;
use crate::platform::Platform;
use crate::ports::records::{Key, RecordWrite};
use crate::ports::{Find, Write};
use crate::records::{Document, Kept, Listed};

/// Index by device.
const BY_DEVICE: &str = "device";
/// Index by integration and feature.
pub(super) const BY_APP: &str = "app";
/// Index by the stored configuration.
pub(super) const BY_OFFER: &str = "offer";

/// One device's provider of one feature. There is at most one: it is part of the id.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Assignment {
    pub(super) org: OrgId,
    pub(super) device: DeviceId,
    pub(super) feature: Feature,
    /// `None`: it was taken away, and the device has still to forget.
    pub(super) provider: Option<Provider>,
    pub(super) assigned: Timestamp,
    /// The Room Navigators that were paired when the device was last looked at.
    #[serde(default)]
    pub(super) navigators: Vec<Navigator>,
    /// What the device is to show.
    #[serde(default)]
    pub(super) url: Option<String>,
    /// The page of each Navigator.
    #[serde(default)]
    pub(super) pages: Vec<NavigatorPage>,
    /// Why it cannot be shown.
    #[serde(default)]
    pub(super) problem: Option<String>,
    /// What the device answered to a configuration that it did not take.
    #[serde(default)]
    pub(super) refused: Option<String>,
    /// The configurations that are managed for it, as they are stored.
    #[serde(default)]
    pub(super) written: BTreeMap<String, Value>,
    /// What switches that others use too were set to before.
    #[serde(default)]
    pub(super) before: BTreeMap<String, Value>,
    /// Configurations that the device has not taken as they are now.
    #[serde(default)]
    pub(super) unsent: BTreeSet<String>,
}

/// Who provides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Provider {
    pub(super) app: AppId,
    /// The configuration that it had then: see [`super::Offer::id`].
    pub(super) offer: Uuid,
}

/// The value of [`BY_APP`].
pub(super) fn of_app(app: AppId, feature: Feature) -> String {
    format!("{app}:{}", feature.segment())
}

/// The id of a device's assignment.
pub(super) fn id_of(device: DeviceId, feature: Feature) -> String {
    format!("{}:{}", device.uuid(), feature.segment())
}

impl Document for Assignment {
    const KIND: &'static str = "feature_assignment";
    const NOUN: &'static str = "assignment";

    fn org(&self) -> OrgId {
        self.org
    }

    fn id(&self) -> String {
        id_of(self.device, self.feature)
    }

    fn keys(&self) -> Vec<Key> {
        let key = |index, value| Key {
            index,
            value,
            order: String::new(),
        };
        let mut keys = vec![key(BY_DEVICE, self.device.uuid().to_string())];
        if let Some(provider) = self.provider {
            keys.push(key(BY_APP, of_app(provider.app, self.feature)));
            keys.push(key(BY_OFFER, provider.offer.to_string()));
        }
        keys
    }
}

impl Assignment {
    /// A new one; the keeper does the rest.
    pub(super) fn new(
        org: OrgId,
        device: DeviceId,
        feature: Feature,
        provider: Provider,
        at: Timestamp,
    ) -> Self {
        Self {
            org,
            device,
            feature,
            provider: Some(provider),
            assigned: at,
            navigators: Vec::new(),
            url: None,
            pages: Vec::new(),
            problem: None,
            refused: None,
            written: BTreeMap::new(),
            before: BTreeMap::new(),
            unsent: BTreeSet::new(),
        }
    }

    /// Whether nothing is left to do or to know.
    pub(super) fn is_over(&self) -> bool {
        self.provider.is_none() && self.written.is_empty() && self.unsent.is_empty()
    }

    fn state(&self) -> AssignmentState {
        if self.problem.is_some() || self.refused.is_some() {
            AssignmentState::Failed
        } else if self.url.is_none() || !self.unsent.is_empty() {
            AssignmentState::Pending
        } else {
            AssignmentState::Active
        }
    }

    /// As it is shown.
    pub(super) fn view(&self, display_name: String) -> FeatureAssignment {
        FeatureAssignment {
            device_id: self.device,
            display_name,
            state: self.state(),
            url: self.url.clone(),
            navigators: self.pages.clone(),
            problem: self.problem.clone().or_else(|| self.refused.clone()),
            assigned: self.assigned,
        }
    }
}

/// The write that forgets everything about a device that is deleted.
pub(crate) fn forget_device(org: OrgId, device: DeviceId) -> Write {
    Write::Record(RecordWrite::DeleteAll {
        kind: Assignment::KIND,
        org,
        index: BY_DEVICE,
        value: device.uuid().to_string(),
    })
}

impl Platform {
    /// The assignments of a device, of either feature.
    pub(super) async fn assignments_of(&self, device: DeviceId) -> Result<Vec<Kept<Assignment>>> {
        let mut found = Vec::new();
        for feature in Feature::ALL {
            found.extend(self.get_anywhere::<Assignment>(&id_of(device, feature)).await?);
        }
        Ok(found)
    }

    /// Every configuration of a device that is managed, with who manages it: an integration and a feature.
    /// Costs nothing for a device that was never assigned.
    pub(crate) async fn managed_configurations(
        &self,
        device: DeviceId,
    ) -> Result<BTreeMap<String, (AppId, Feature)>> {
        let mut managed = BTreeMap::new();
        if !self.provisioning.knows(device) {
            return Ok(managed);
        }
        for kept in self.assignments_of(device).await? {
            if let Some(provider) = kept.provider {
                for key in kept.written.keys() {
                    managed.insert(key.clone(), (provider.app, kept.feature));
                }
            }
        }
        Ok(managed)
    }

    /// A page of an index.
    pub(super) async fn assignments(&self, find: Find) -> Result<Listed<Assignment>> {
        self.list::<Assignment>(find).await
    }
}
