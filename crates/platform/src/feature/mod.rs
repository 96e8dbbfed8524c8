//! What integrations provide for devices: digital signage, and web apps on Room Navigators (features).
//!
//! Cast: the *integration* stores a configuration, and is a *provider* from then on; an *administrator* assigns
//! devices to it; the *keeper* works through what changed, one device at a time, and *provisions* each: it
//! decides what the device must be configured to, commits that together with the assignment, and tells the
//! device when it is there.
//!
//! Nothing is done outside a commit that a restart could not do again: what is to be is in the store, and what
//! the device has not taken yet is listed in its assignment.

use hallway_wire::feature::{CrossLaunch, DigitalSignageConfiguration, PersistentWebAppConfiguration};
use hallway_wire::manifest::Feature;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

mod assign;
mod assignment;
mod check;
mod keeper;
mod launch;
mod navigators;
mod provider;
mod provision;
mod template;
mod wanted;

pub(crate) use assignment::forget_device;
pub(crate) use keeper::Provisioning;

/// A configuration that an integration stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// Made when there was none before, and kept by every change: what was assigned to another one is gone.
    pub id: Uuid,
    /// The page, with its replacement values.
    pub url: String,
    #[serde(default)]
    pub cross_launch: Option<CrossLaunch>,
    #[serde(default)]
    pub allow_list: Option<String>,
}

/// What an activation provides.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provided {
    #[serde(default)]
    signage: Option<Offer>,
    #[serde(default)]
    web_app: Option<Offer>,
}

impl Provided {
    /// What is stored for a feature.
    pub fn of(&self, feature: Feature) -> Option<&Offer> {
        match feature {
            Feature::DigitalSignage => self.signage.as_ref(),
            Feature::PersistentWebApp => self.web_app.as_ref(),
        }
    }

    pub(crate) fn set(&mut self, feature: Feature, offer: Option<Offer>) {
        match feature {
            Feature::DigitalSignage => self.signage = offer,
            Feature::PersistentWebApp => self.web_app = offer,
        }
    }

    /// Forgets what is stored for features that do not pass.
    pub(crate) fn keep(&mut self, passes: impl Fn(Feature) -> bool) {
        for feature in Feature::ALL {
            if !passes(feature) {
                self.set(feature, None);
            }
        }
    }

    /// The configuration of signage, as it travels.
    pub fn signage(&self) -> Option<DigitalSignageConfiguration> {
        self.signage.as_ref().map(|offer| DigitalSignageConfiguration {
            signage_url: offer.url.clone(),
            cross_launch: offer.cross_launch.clone(),
        })
    }

    /// The configuration of the web app, as it travels.
    pub fn web_app(&self) -> Option<PersistentWebAppConfiguration> {
        self.web_app.as_ref().map(|offer| PersistentWebAppConfiguration {
            pwa_url: offer.url.clone(),
            cross_launch: offer.cross_launch.clone(),
            direct_xapi_access_allow_list_override: offer.allow_list.clone(),
        })
    }
}
