//! Integrations: the manifest that was uploaded, and its activation in an organization.
//!
//! Cast: the *author* writes the manifest; an *administrator* uploads, reviews, activates, updates and
//! deactivates; the *integration* itself reads and changes its activation at `appUrl`; the *vendor's* actions
//! URL or queue hears what was decided.

use hallway_wire::Timestamp;
use hallway_wire::id::{ActivationId, AppId, LocationId, OrgId, PersonId};
use hallway_wire::integration::{
    Customer, HealthCheckDetails, OperationalState, ProvisioningState, QueueState, WebhookType,
    XapiAccessKeys,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::crypto::Sealed;
use crate::feature::Provided;
use crate::publication::Publication;
use crate::records::Kept;

mod access;
mod actions;
mod activate;
mod activation;
mod ending;
mod news;
mod push;
mod self_service;
mod update;
mod upload;
mod view;

pub(crate) use access::{allows, features, requested};
pub(crate) use actions::json_headers;
pub use news::{News, Untold};
pub use push::Push;
pub(crate) use push::Pushes;

/// An uploaded manifest and its OAuth client.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Integration {
    pub org: OrgId,
    pub app: AppId,
    pub client_id: String,
    /// SHA-256 of the client secret.
    pub client_secret_hash: [u8; 32],
    /// The newest manifest, exactly as uploaded.
    pub manifest: String,
    pub manifest_version: u64,
    pub created: Timestamp,
    pub updated: Timestamp,
}

/// What an organization activates: an integration of its own, or a public one of another vendor.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// Whose it is to activate.
    pub(crate) org: OrgId,
    pub(crate) app: AppId,
    pub(crate) client_id: String,
    /// The newest manifest that this organization may have.
    pub(crate) manifest: String,
    pub(crate) manifest_version: u64,
    pub(crate) created: Timestamp,
    /// Where it is of another vendor.
    pub(crate) publication: Option<Kept<Publication>>,
    /// Whether it can be activated, and not only looked at where it is active.
    pub(crate) offered: bool,
}

impl From<Integration> for Source {
    fn from(own: Integration) -> Self {
        Self {
            org: own.org,
            app: own.app,
            client_id: own.client_id,
            manifest: own.manifest,
            manifest_version: own.manifest_version,
            created: own.created,
            publication: None,
            offered: true,
        }
    }
}

/// Where notifications go. A webhook and a queue exclude each other.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Listener {
    #[default]
    None,
    Webhook(Box<WebhookTarget>),
    Queue(QueueState),
}

/// A webhook with its secrets sealed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WebhookTarget {
    pub url: String,
    pub kind: WebhookType,
    #[serde(default)]
    pub secret: Option<Sealed>,
    #[serde(default)]
    pub username: Option<String>,
    #[serde(default)]
    pub password: Option<Sealed>,
    /// Certificate chain (PEM) and sealed private key.
    #[serde(default)]
    pub mutual_tls: Option<(String, Sealed)>,
    #[serde(default)]
    pub headers: Map<String, Value>,
    pub disabled: bool,
}

/// An integration that an administrator activated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Activation {
    pub id: ActivationId,
    /// The lane of actions that go to `actions_url`: a queue of its own, so that a slow one does not hold up
    /// notifications.
    pub actions_queue: ActivationId,
    pub org: OrgId,
    pub app: AppId,
    /// Counts writes: two writers at once are noticed.
    pub revision: u64,
    /// The approved manifest, exactly as uploaded.
    pub manifest: String,
    pub manifest_version: u64,
    /// A newer manifest that waits for approval.
    #[serde(default)]
    pub pending: Option<String>,
    /// Its version.
    #[serde(default)]
    pub pending_version: Option<u64>,
    /// The vendor's organization, where it is a public integration of another one.
    #[serde(default)]
    pub vendor: Option<OrgId>,
    /// What the administrator refused: scopes and paths, as the manifest spells them.
    #[serde(default)]
    pub denied: Vec<String>,
    pub scopes: Vec<String>,
    pub roles: Vec<String>,
    pub access: XapiAccessKeys,
    /// Empty: everywhere.
    pub locations: Vec<LocationId>,
    pub machine: PersonId,
    pub grant: Uuid,
    pub activated_by: PersonId,
    pub provisioning_state: ProvisioningState,
    pub operational_state: OperationalState,
    /// Whether it counts as impaired because deliveries fail, and not by its own word: a success ends that.
    #[serde(default)]
    pub deliveries_impaired: bool,
    #[serde(default)]
    pub expires: Option<Timestamp>,
    #[serde(default)]
    pub actions_url: Option<String>,
    #[serde(default)]
    pub customer: Option<Customer>,
    #[serde(default)]
    pub listener: Listener,
    /// The public URL that the integration was told last: when it moves, the integration is told the new one.
    #[serde(default)]
    pub announced_url: String,
    #[serde(default)]
    pub health: Option<HealthCheckDetails>,
    /// What it provides for devices.
    #[serde(default)]
    pub provided: Provided,
    /// How its activation code is posted, where the manifest says that it is.
    #[serde(default)]
    pub push: Option<Push>,
    /// What it is to be told and perhaps was not told yet.
    #[serde(default)]
    pub untold: Option<Untold>,
    /// Set while it is being deactivated: when its tokens and queue end at the latest.
    #[serde(default)]
    pub ends: Option<Timestamp>,
    pub created: Timestamp,
    pub updated: Timestamp,
}

impl Activation {
    /// A newer manifest waits for the administrator.
    pub(crate) fn wait_for(&mut self, manifest: String, version: u64) {
        self.pending = Some(manifest);
        self.pending_version = Some(version);
    }

    /// Whether there is a way to tell it of actions.
    pub fn hears_actions(&self) -> bool {
        self.actions_url.is_some() || matches!(self.listener, Listener::Queue(QueueState::Enabled))
    }

    /// Whether notifications are collected for it.
    pub fn hears(&self) -> bool {
        self.ends.is_none()
            && match &self.listener {
                Listener::None => false,
                Listener::Webhook(webhook) => !webhook.disabled,
                Listener::Queue(state) => *state == QueueState::Enabled,
            }
    }
}
