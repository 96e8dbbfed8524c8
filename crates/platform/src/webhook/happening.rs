//! Something that happened to a resource, as the module that did it says it, and its way into the store.

use std::collections::HashMap;
use std::sync::Arc;

use hallway_wire::Timestamp;
use hallway_wire::id::{OrgId, PersonId, WebhookId};
use hallway_wire::webhook::{Event, Resource};
use serde_json::Value;
use uuid::Uuid;

use super::envelope::stable;
use crate::error::{Doing as _, Result};
use crate::event::LoggedEvent;
use crate::platform::Platform;
use crate::ports::{NewOutgoing, Write};
use crate::records::put_new;

/// Something that happened: told to webhooks, and kept in the log of events. It is committed with the change
/// itself, so that neither is there without the other.
#[derive(Clone, Debug)]
pub struct Happening {
    /// The organization in which it happened; for a service app, its developer's.
    pub org: OrgId,
    /// Concrete: never `all`.
    pub resource: Resource,
    /// Concrete: never `all`.
    pub event: Event,
    /// Who did it; for calls the person whose call it is.
    pub actor: Option<PersonId>,
    pub at: Timestamp,
    /// Member `data` of the webhook's envelope: exactly what webhooks 5.3 names for the resource, never a
    /// message's text. Filters look at these members.
    pub data: Value,
    /// The resource as its own API shows it, for `GET /events`; `None` where that API does not tell of it.
    pub full: Option<Value>,
    /// The people who may see it: members of the room, host and invitees, the person whose call it is.
    /// Webhooks owned by the organization see all of its organization.
    pub audience: Vec<PersonId>,
}

impl Platform {
    /// Commits a change together with what is told about it. When it returns, both survive a crash: for each
    /// webhook that hears of it a delivery is in the store, and they leave in the order of the commits.
    pub(crate) async fn commit_with(&self, mut writes: Vec<Write>, happenings: Vec<Happening>) -> Result<()> {
        let ended = self.webhooks.ends(&writes);
        let mut told: HashMap<WebhookId, u64> = HashMap::new();
        for mut happening in happenings {
            stable(&mut happening.data);
            self.tell(&happening, &mut writes, &mut told);
            if let Some(event) = LoggedEvent::of(happening) {
                writes.push(put_new(&event)?);
            }
        }
        self.store.commit(writes).await.doing("storing a change")?;
        for end in ended {
            self.forget_webhooks(&end).await?;
        }
        for (webhook, count) in told {
            let lane = self.webhooks.lane(webhook);
            lane.added(count);
            self.bound_lane(&lane);
            self.wake_lane(&lane);
        }
        Ok(())
    }

    /// Tells of something that changed nothing in the store.
    ///
    /// # Errors
    /// The store failed.
    pub async fn announce(&self, happenings: Vec<Happening>) -> Result<()> {
        self.commit_with(Vec::new(), happenings).await
    }

    fn tell(&self, happening: &Happening, writes: &mut Vec<Write>, told: &mut HashMap<WebhookId, u64>) {
        if self.webhooks.index.is_empty() {
            return;
        }
        let hearers = self.webhooks.index.hearers(happening);
        if hearers.is_empty() {
            return;
        }
        let data = happening.data.to_string();
        for hearer in hearers {
            let hearer = Arc::as_ref(&hearer);
            *told.entry(hearer.webhook.id).or_default() += 1;
            writes.push(Write::PutOutgoing(NewOutgoing {
                webhook: hearer.webhook.id,
                // Not `new_v4`, which asks the operating system each time.
                delivery: uuid::Builder::from_random_bytes(crate::crypto::random()).into_uuid(),
                at: happening.at,
                body: hearer.frame.around(happening, &data),
            }));
        }
    }
}

/// The id of a delivery in a header.
pub(super) fn delivery_header(delivery: Uuid) -> String {
    delivery.as_hyphenated().to_string()
}
