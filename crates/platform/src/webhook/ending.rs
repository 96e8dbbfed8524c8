//! The end of webhooks: by their owner, with the person, or with what allowed the application to act.

use hallway_wire::id::{OrgId, PersonId, WebhookId};
use hallway_wire::webhook::Status;

use super::Webhooks;
use super::index::Subscription;
use super::subscription::Webhook;
use crate::error::Result;
use crate::platform::Platform;
use crate::ports::{RecordWrite, Write};
use crate::records::Document as _;

/// Webhooks that a commit ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum End {
    One(WebhookId),
    /// Those of an index value.
    All {
        index: &'static str,
        value: String,
    },
}

impl Webhooks {
    /// The webhooks that these writes end.
    pub(super) fn ends(&self, writes: &[Write]) -> Vec<End> {
        writes
            .iter()
            .filter_map(|write| match write {
                Write::Record(RecordWrite::Delete { kind, id, .. }) if *kind == Webhook::KIND => {
                    id.parse().ok().map(|id| End::One(WebhookId::from_uuid(id)))
                }
                Write::Record(RecordWrite::DeleteAll {
                    kind, index, value, ..
                }) if *kind == Webhook::KIND => Some(End::All {
                    index,
                    value: value.clone(),
                }),
                _ => None,
            })
            .collect()
    }
}

impl Platform {
    /// The writes that end every webhook that a person made: for when the person goes. Commit them with
    /// [`Platform::commit`] or [`Platform::commit_with`]; deliveries then end by themselves.
    pub(crate) async fn end_webhooks_of(&self, org: OrgId, person: PersonId) -> Result<Vec<Write>> {
        self.end_webhooks(org, "person", person.uuid().to_string()).await
    }

    /// As [`Self::end_webhooks_of`], only those that one client made for the person: for when its authorization
    /// is withdrawn. `None` is the client of personal access tokens.
    pub(crate) async fn end_webhooks_of_client(
        &self,
        org: OrgId,
        person: PersonId,
        client: Option<&str>,
    ) -> Result<Vec<Write>> {
        let value = Webhook::application_of(person, client);
        self.end_webhooks(org, "application", value).await
    }

    async fn end_webhooks(&self, org: OrgId, index: &'static str, value: String) -> Result<Vec<Write>> {
        let mut writes = Vec::new();
        for kept in self.list_all::<Webhook>(org, index, &value).await? {
            writes.extend(leftovers(kept.doc.id));
        }
        // Also those that are being made at this moment.
        writes.push(Write::Record(RecordWrite::DeleteAll {
            kind: Webhook::KIND,
            org,
            index,
            value,
        }));
        Ok(writes)
    }

    /// Nobody hears through these any more.
    pub(super) async fn forget_webhooks(&self, end: &End) -> Result<()> {
        let ids = match end {
            End::One(id) => vec![*id],
            End::All { index, value } => self.webhooks.index.ids_where(|webhook| match *index {
                "person" => webhook.creator.uuid().to_string() == *value,
                "application" => {
                    Webhook::application_of(webhook.creator, webhook.client.as_deref()) == *value
                }
                _ => false,
            }),
        };
        for id in ids {
            self.refresh_webhook(id).await?;
        }
        Ok(())
    }

    /// Brings the index to what the store says of a webhook.
    pub(super) async fn refresh_webhook(&self, id: WebhookId) -> Result<()> {
        let key = id.uuid().to_string();
        let mut seen = None;
        loop {
            let Some(kept) = self.get_anywhere::<Webhook>(&key).await? else {
                self.webhooks.index.remove(id);
                self.webhooks.listeners.forget(id);
                self.webhooks.forget_lane(id);
                return Ok(());
            };
            // Somebody may have changed or deleted it between the reading and the putting.
            if seen == Some(kept.revision()) {
                return Ok(());
            }
            seen = Some(kept.revision());
            let active = kept.doc.status == Status::Active;
            let revision = kept.revision();
            self.webhooks
                .index
                .put(Subscription::of(kept.doc, &self.vault)?, revision);
            let lane = self.webhooks.lane(id);
            if active {
                lane.well();
            }
            lane.changed.notify_one();
        }
    }
}

/// The writes that take away what a webhook leaves.
pub(super) fn leftovers(id: WebhookId) -> [Write; 2] {
    [Write::DeleteOutgoing(id, None), Write::DeleteAttempts(id)]
}
