//! A webhook as it is kept, and as it is shown.

use hallway_wire::id::{self, OrgId, PersonId, WebhookId};
use hallway_wire::webhook::{Event, OwnedBy, Resource, Status, Webhook as Shown};
use hallway_wire::{Secret, Timestamp};
use serde::{Deserialize, Serialize};

use crate::crypto::{Sealed, Vault};
use crate::error::Result;
use crate::ports::{Key, by_time};
use crate::records::Document;

/// The application that personal access tokens belong to, as `appId` shows it.
const PERSONAL: &str = "C00000000000000000000000000000000000000000000000000000000000000000";

/// A webhook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Webhook {
    pub(crate) id: WebhookId,
    pub(crate) org: OrgId,
    /// Who made it: it hears what this person can see.
    pub(crate) creator: PersonId,
    /// The client whose token made it; `None` for a personal access token.
    #[serde(default)]
    pub(crate) client: Option<String>,
    /// The creator is a bot, which hears of group rooms only what mentions it.
    #[serde(default)]
    pub(crate) bot: bool,
    pub(crate) name: String,
    pub(crate) target_url: String,
    pub(crate) resource: Resource,
    pub(crate) event: Event,
    #[serde(default)]
    pub(crate) filter: Option<String>,
    #[serde(default)]
    pub(crate) secret: Option<Sealed>,
    pub(crate) owned_by: OwnedBy,
    pub(crate) status: Status,
    pub(crate) created: Timestamp,
    /// It has no receiver: somebody listens to it, and it goes with the listener.
    #[serde(default)]
    pub(crate) listened: bool,
}

impl Webhook {
    /// Webhooks of one person by one application.
    pub(crate) fn application_of(person: PersonId, client: Option<&str>) -> String {
        format!("{}/{}", person.uuid(), client.unwrap_or("-"))
    }

    /// As `/v1/webhooks` shows it.
    pub(crate) fn shown(&self, vault: &Vault) -> Result<Shown> {
        let secret: Option<Secret> = self
            .secret
            .as_ref()
            .map(|sealed| vault.open(sealed))
            .transpose()?;
        Ok(Shown {
            id: self.id,
            name: self.name.clone(),
            target_url: self.target_url.clone(),
            resource: self.resource,
            event: self.event,
            filter: self.filter.clone(),
            secret,
            owned_by: self.owned_by,
            status: self.status,
            created: self.created,
            org_id: self.org,
            created_by: self.creator,
            app_id: self.app_id(),
        })
    }

    /// The public id of the application.
    pub(crate) fn app_id(&self) -> String {
        id::encode("us", "APPLICATION", self.client.as_deref().unwrap_or(PERSONAL))
    }
}

impl Document for Webhook {
    const KIND: &'static str = "webhook";
    const NOUN: &'static str = "webhook";

    fn org(&self) -> OrgId {
        self.org
    }

    fn id(&self) -> String {
        self.id.uuid().to_string()
    }

    fn keys(&self) -> Vec<Key> {
        let key = |index, value| Key {
            index,
            value,
            order: by_time(self.created),
        };
        let mut keys = vec![
            key("person", self.creator.uuid().to_string()),
            key(
                "application",
                Self::application_of(self.creator, self.client.as_deref()),
            ),
        ];
        // What somebody listens to is no webhook of the lists: a bot that tidies up at its start would end it.
        if self.listened {
            keys.push(key("listened", String::new()));
        } else {
            keys.push(key("creator", self.creator.uuid().to_string()));
            if self.owned_by == OwnedBy::Org {
                keys.push(key("org", String::new()));
            }
        }
        keys
    }
}
