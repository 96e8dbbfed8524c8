//! Who hears what: the active webhooks in memory, found by person or organization, resource, event and the
//! most telling filter. What an event costs does not grow with webhooks that do not match.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use hallway_wire::id::{OrgId, PersonId, WebhookId};
use hallway_wire::webhook::{Event, OwnedBy, Resource, Status};

use super::envelope::Frame;
use super::filter::{BUCKETS, Filter};
use super::happening::Happening;
use super::rules::{concrete, concrete_events};
use super::subscription::Webhook;
use crate::crypto::{Vault, hmac_key};
use crate::error::Result;

/// An active webhook, ready to be told.
#[derive(Debug)]
pub(super) struct Subscription {
    pub(super) webhook: Webhook,
    pub(super) filter: Filter,
    pub(super) frame: Frame,
    pub(super) keys: Option<SigningKeys>,
}

/// The keys of a webhook's signatures.
pub(super) struct SigningKeys {
    pub(super) sha1: ring::hmac::Key,
    pub(super) sha256: ring::hmac::Key,
}

impl std::fmt::Debug for SigningKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SigningKeys(***)")
    }
}

impl Subscription {
    pub(super) fn of(webhook: Webhook, vault: &Vault) -> Result<Self> {
        let secret = webhook
            .secret
            .as_ref()
            .map(|sealed| vault.open(sealed))
            .transpose()?;
        let org_owned = webhook.owned_by == OwnedBy::Org;
        let text = webhook.filter.as_deref().unwrap_or_default();
        let filter =
            Filter::read(text, webhook.resource, org_owned, webhook.creator).map_err(|problems| {
                crate::Error::Internal(format!("a stored filter: {}", problems.join("; ")))
            })?;
        Ok(Self {
            filter,
            frame: Frame::of(&webhook),
            keys: secret.map(|secret| SigningKeys {
                sha1: hmac_key(&secret),
                sha256: ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret.expose().as_bytes()),
            }),
            webhook,
        })
    }

    /// What the index does not decide.
    fn wants(&self, happening: &Happening) -> bool {
        (!self.webhook.bot || bot_hears(self.webhook.creator, happening)) && self.filter.matches(happening)
    }
}

/// A bot hears messages of group rooms only where they mention it (webhooks 2).
fn bot_hears(bot: PersonId, happening: &Happening) -> bool {
    if happening.resource != Resource::Messages || happening.data["roomType"] == "direct" {
        return true;
    }
    let bot = bot.to_string();
    let mentioned = happening.data["mentionedPeople"].as_array();
    mentioned.is_some_and(|people| people.iter().any(|person| person.as_str() == Some(&bot)))
}

/// Resource, event, and the filter that chooses the bucket.
type Bucket = (Resource, Event, Option<(&'static str, Box<str>)>);
type Buckets = HashMap<Bucket, Vec<Arc<Subscription>>>;

#[derive(Debug, Default)]
struct Maps {
    by_id: HashMap<WebhookId, Arc<Subscription>>,
    /// Revisions that were put, also of webhooks that are not active.
    revisions: HashMap<WebhookId, u64>,
    by_person: HashMap<PersonId, Buckets>,
    by_org: HashMap<OrgId, Buckets>,
}

/// All active webhooks.
#[derive(Debug, Default)]
pub(super) struct Index(RwLock<Maps>);

fn buckets(subscription: &Subscription) -> Vec<Bucket> {
    let webhook = &subscription.webhook;
    let chosen = subscription
        .filter
        .bucket()
        .filter(|_| webhook.resource != Resource::TelephonyCalls)
        .map(|(key, value)| (key, Box::from(value)));
    let mut all = Vec::new();
    for resource in concrete(webhook.resource) {
        for event in concrete_events(resource, webhook.event) {
            all.push((resource, event, chosen.clone()));
        }
    }
    all
}

impl Maps {
    fn remove(&mut self, id: WebhookId) {
        let Some(subscription) = self.by_id.remove(&id) else {
            return;
        };
        let webhook = &subscription.webhook;
        let forget = |buckets_of: &mut Buckets| {
            for bucket in buckets(&subscription) {
                if let Some(all) = buckets_of.get_mut(&bucket) {
                    all.retain(|one| one.webhook.id != id);
                    if all.is_empty() {
                        buckets_of.remove(&bucket);
                    }
                }
            }
            buckets_of.is_empty()
        };
        match webhook.owned_by {
            OwnedBy::Creator => {
                if self.by_person.get_mut(&webhook.creator).is_some_and(forget) {
                    self.by_person.remove(&webhook.creator);
                }
            }
            OwnedBy::Org => {
                if self.by_org.get_mut(&webhook.org).is_some_and(forget) {
                    self.by_org.remove(&webhook.org);
                }
            }
        }
    }
}

impl Index {
    fn read(&self) -> RwLockReadGuard<'_, Maps> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Maps> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a webhook in, in the place of what was known of it; one that is not active is taken out. What is
    /// older than what is known is passed over.
    pub(super) fn put(&self, subscription: Subscription, revision: u64) {
        let subscription = Arc::new(subscription);
        let webhook = &subscription.webhook;
        let mut maps = self.write();
        let newest = maps.revisions.entry(webhook.id).or_default();
        if revision < *newest {
            return;
        }
        *newest = revision;
        maps.remove(webhook.id);
        if webhook.status != Status::Active {
            return;
        }
        let of = match webhook.owned_by {
            OwnedBy::Creator => maps.by_person.entry(webhook.creator).or_default(),
            OwnedBy::Org => maps.by_org.entry(webhook.org).or_default(),
        };
        for bucket in buckets(&subscription) {
            of.entry(bucket).or_default().push(Arc::clone(&subscription));
        }
        maps.by_id.insert(subscription.webhook.id, subscription);
    }

    pub(super) fn remove(&self, id: WebhookId) {
        let mut maps = self.write();
        maps.revisions.remove(&id);
        maps.remove(id);
    }

    /// The active webhooks that something holds of.
    pub(super) fn ids_where(&self, holds: impl Fn(&Webhook) -> bool) -> Vec<WebhookId> {
        let maps = self.read();
        let found = maps.by_id.values().filter(|one| holds(&one.webhook));
        found.map(|one| one.webhook.id).collect()
    }

    /// An active webhook.
    pub(super) fn get(&self, id: WebhookId) -> Option<Arc<Subscription>> {
        self.read().by_id.get(&id).cloned()
    }

    /// Whether there is no webhook at all.
    pub(super) fn is_empty(&self) -> bool {
        self.read().by_id.is_empty()
    }

    /// Everybody who is told.
    pub(super) fn hearers(&self, happening: &Happening) -> Vec<Arc<Subscription>> {
        let maps = self.read();
        let mut found = Vec::new();
        let keys: Vec<Bucket> = std::iter::once(None)
            .chain(BUCKETS.into_iter().map(|key| {
                let value = happening.data[key].as_str()?;
                Some((key, Box::from(value)))
            }))
            .enumerate()
            // Only the first stands for "no filter"; the others are there if the data has the member.
            .filter(|(at, key)| *at == 0 || key.is_some())
            .map(|(_, key)| (happening.resource, happening.event, key))
            .collect();
        let mut look = |buckets: &Buckets| {
            for key in &keys {
                let all = buckets.get(key).into_iter().flatten();
                found.extend(all.filter(|one| one.wants(happening)).cloned());
            }
        };
        if let Some(buckets) = maps.by_org.get(&happening.org) {
            look(buckets);
        }
        let mut people: Vec<PersonId> = Vec::new();
        if !maps.by_person.is_empty() {
            people.extend(
                happening
                    .audience
                    .iter()
                    .filter(|person| maps.by_person.contains_key(person)),
            );
            people.sort_unstable();
            people.dedup();
        }
        for person in people {
            if let Some(buckets) = maps.by_person.get(&person) {
                look(buckets);
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use hallway_wire::Timestamp;
    use hallway_wire::id::RoomId;
    use serde_json::{Value, json};

    use super::*;

    fn webhook(resource: Resource, event: Event, filter: Option<String>) -> Webhook {
        Webhook {
            id: WebhookId::random(),
            org: OrgId::from_uuid(uuid::Uuid::from_u128(1)),
            creator: PersonId::from_uuid(uuid::Uuid::from_u128(2)),
            client: None,
            bot: false,
            name: "x".to_owned(),
            target_url: "http://x".to_owned(),
            resource,
            event,
            filter,
            secret: None,
            owned_by: OwnedBy::Creator,
            status: Status::Active,
            created: Timestamp(0),
            listened: false,
        }
    }

    fn message(data: Value) -> Happening {
        Happening {
            org: OrgId::from_uuid(uuid::Uuid::from_u128(1)),
            resource: Resource::Messages,
            event: Event::Created,
            actor: None,
            at: Timestamp(0),
            data,
            full: None,
            audience: vec![
                PersonId::from_uuid(uuid::Uuid::from_u128(2)),
                PersonId::from_uuid(uuid::Uuid::from_u128(2)),
            ],
        }
    }

    fn put(index: &Index, webhook: Webhook) -> WebhookId {
        let id = webhook.id;
        index.put(Subscription::of(webhook, &Vault::new(&[1; 32])).unwrap(), 1);
        id
    }

    fn heard(index: &Index, happening: &Happening) -> Vec<WebhookId> {
        let mut ids: Vec<WebhookId> = index.hearers(happening).iter().map(|it| it.webhook.id).collect();
        ids.sort_unstable();
        ids
    }

    #[test]
    fn those_who_match_are_found_once() {
        let index = Index::default();
        let room = RoomId::random();
        let mut wanted = vec![
            put(&index, webhook(Resource::All, Event::All, None)),
            put(&index, webhook(Resource::Messages, Event::All, None)),
            put(
                &index,
                webhook(Resource::Messages, Event::Created, Some(format!("roomId={room}"))),
            ),
            put(
                &index,
                webhook(
                    Resource::Messages,
                    Event::Created,
                    Some("roomType=group".to_owned()),
                ),
            ),
        ];
        wanted.sort_unstable();
        for other in [
            webhook(Resource::Messages, Event::Deleted, None),
            webhook(Resource::AttachmentActions, Event::All, None),
            webhook(
                Resource::Messages,
                Event::Created,
                Some(format!("roomId={}", RoomId::random())),
            ),
            Webhook {
                status: Status::Inactive,
                ..webhook(Resource::All, Event::All, None)
            },
            Webhook {
                creator: PersonId::random(),
                ..webhook(Resource::All, Event::All, None)
            },
            Webhook {
                owned_by: OwnedBy::Org,
                org: OrgId::random(),
                ..webhook(Resource::Messages, Event::Created, None)
            },
        ] {
            put(&index, other);
        }
        let happening = message(json!({ "roomId": room, "roomType": "group" }));
        assert_eq!(heard(&index, &happening), wanted);
        for id in wanted {
            index.remove(id);
        }
        assert!(heard(&index, &happening).is_empty());
        let all = put(
            &index,
            Webhook {
                owned_by: OwnedBy::Org,
                ..webhook(Resource::All, Event::All, None)
            },
        );
        let unseen = Happening {
            audience: Vec::new(),
            ..happening
        };
        assert_eq!(
            heard(&index, &unseen),
            [all],
            "the organization hears what nobody of the audience hears"
        );
    }

    #[test]
    fn bots_hear_mentions() {
        let index = Index::default();
        let bot = webhook(Resource::Messages, Event::Created, None);
        let me = bot.creator;
        put(&index, Webhook { bot: true, ..bot });
        let count = |data: Value| heard(&index, &message(data)).len();
        assert_eq!(count(json!({ "roomType": "group" })), 0);
        assert_eq!(
            count(json!({ "roomType": "group", "mentionedGroups": ["all"] })),
            0
        );
        assert_eq!(count(json!({ "roomType": "group", "mentionedPeople": [me] })), 1);
        assert_eq!(count(json!({ "roomType": "direct" })), 1);
    }
}
