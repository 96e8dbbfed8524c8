//! Making, showing, changing and deleting webhooks (webhooks 1).

use std::sync::PoisonError;

use hallway_wire::Secret;
use hallway_wire::id::WebhookId;
use hallway_wire::webhook::{Event, NewWebhook, OwnedBy, Resource, Status, Webhook as Shown, WebhookUpdate};

use super::ending::leftovers;
use super::filter::Filter;
use super::rules::{concrete_events, may_have_webhooks, subject, unreadable};
use super::subscription::Webhook;
use crate::caller::Caller;
use crate::error::{Doing as _, Error, Result};
use crate::platform::Platform;
use crate::ports::{After, Find};
use crate::records::{Document as _, Listed, put_new};

/// Longest name, URL and secret, in bytes.
const MAX_NAME: usize = 1024;
const MAX_URL: usize = 4096;
const MAX_SECRET: usize = 1024;

/// Webhooks read at once when Hallway starts.
const LOAD: usize = 1000;

/// What a webhook is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Receiver,
    Listener,
}

/// What was asked for, understood.
struct Wanted {
    name: String,
    target_url: String,
    resource: Resource,
    event: Event,
    filter: Option<String>,
    secret: Option<Secret>,
    owned_by: OwnedBy,
}

/// Counts a webhook that is being made against the limit of its application, until it is dropped.
struct Making<'a> {
    platform: &'a Platform,
    application: String,
}

impl Drop for Making<'_> {
    fn drop(&mut self) {
        let mut making = self
            .platform
            .webhooks
            .making
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = making.get_mut(&self.application) {
            *count -= 1;
            if *count == 0 {
                making.remove(&self.application);
            }
        }
    }
}

impl Caller {
    /// Demands a token that could be used for some webhook.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub fn may_have_webhooks(&self) -> Result<()> {
        if may_have_webhooks(self) {
            return Ok(());
        }
        Err(Error::forbidden(
            "The access token lacks a scope: a webhook needs the scope that reads its resource.",
        ))
    }

    /// Demands somebody who may hear all of the organization.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub fn may_own_for_organization(&self) -> Result<()> {
        if self.is_reading_admin() || self.is_compliance_officer() {
            return Ok(());
        }
        Err(Error::forbidden(
            "Only an administrator or a compliance officer may use webhooks with ownedBy=org.",
        ))
    }
}

fn given(text: Option<&String>) -> Option<&str> {
    text.map(|text| text.trim()).filter(|text| !text.is_empty())
}

fn too_long(problems: &mut Vec<String>, what: &str, text: &str, most: usize) {
    if text.len() > most {
        problems.push(format!("{what} must not be longer than {most} bytes"));
    }
}

impl Platform {
    fn check_target(&self, url: &str, purpose: Purpose, problems: &mut Vec<String>) {
        too_long(problems, "targetUrl", url, MAX_URL);
        if purpose == Purpose::Receiver
            && let Err(error) = self.courier.check(&self.target_at(url))
        {
            problems.push(format!("targetUrl: {error}"));
        }
    }

    /// Reads what was asked for, and says everything that is wrong with it.
    fn wanted(&self, caller: &Caller, asked: &NewWebhook, purpose: Purpose) -> Result<Wanted> {
        let mut problems = Vec::new();
        let name = given(asked.name.as_ref()).unwrap_or_default();
        if name.is_empty() {
            problems.push("name cannot be empty".to_owned());
        }
        too_long(&mut problems, "name", name, MAX_NAME);
        let target_url = given(asked.target_url.as_ref()).unwrap_or_default();
        if target_url.is_empty() {
            problems.push("targetUrl cannot be null".to_owned());
        } else {
            self.check_target(target_url, purpose, &mut problems);
        }
        let resource = match given(asked.resource.as_ref()) {
            None => {
                problems.push("resource cannot be null".to_owned());
                None
            }
            Some(word) => {
                let known = Resource::from_word(word);
                if known.is_none() {
                    let words: Vec<&str> = Resource::EVERY.iter().map(|it| it.word()).collect();
                    problems.push(format!("resource: {word:?} is none of {}", words.join(", ")));
                }
                known
            }
        };
        let event = match given(asked.event.as_ref()) {
            None => {
                problems.push("event cannot be null".to_owned());
                None
            }
            Some(word) => {
                let known = Event::from_word(word);
                if known.is_none() {
                    let words: Vec<&str> = Event::EVERY.iter().map(|it| it.word()).collect();
                    problems.push(format!("event: {word:?} is none of {}", words.join(", ")));
                }
                known
            }
        };
        let owned_by = match given(asked.owned_by.as_ref()) {
            None | Some("creator") => OwnedBy::Creator,
            Some("org") => OwnedBy::Org,
            Some(other) => {
                problems.push(format!("ownedBy: must be creator or org, not {other:?}"));
                OwnedBy::Creator
            }
        };
        if let (Some(resource), Some(event)) = (resource, event) {
            let fits = match (resource, event) {
                (Resource::All, event) => event == Event::All,
                (_, Event::All) => true,
                (resource, event) => subject(resource).events.contains(&event),
            };
            if !fits {
                let events = concrete_events(resource, Event::All);
                let mut words: Vec<&str> = events.iter().map(|event| event.word()).collect();
                words.push(Event::All.word());
                problems.push(format!(
                    "event: {} has no event {}, only {}",
                    resource.word(),
                    event.word(),
                    words.join(", ")
                ));
            }
        }
        let filter = given(asked.filter.as_ref());
        if let (Some(filter), Some(resource)) = (filter, resource) {
            let org_owned = owned_by == OwnedBy::Org;
            if let Err(wrong) = Filter::read(filter, resource, org_owned, caller.person) {
                problems.extend(wrong);
            }
        }
        let secret = asked.secret.clone().filter(|secret| !secret.expose().is_empty());
        if let Some(secret) = &secret {
            too_long(&mut problems, "secret", secret.expose(), MAX_SECRET);
        }
        match (problems.first(), resource, event) {
            (None, Some(resource), Some(event)) => Ok(Wanted {
                name: name.to_owned(),
                target_url: target_url.to_owned(),
                resource,
                event,
                filter: filter.map(ToOwned::to_owned),
                secret,
                owned_by,
            }),
            (first, ..) => {
                let first = first.cloned().unwrap_or_default();
                Err(Error::invalid_all(first, problems))
            }
        }
    }

    /// Makes a webhook.
    ///
    /// # Errors
    /// [`Error::Invalid`] says everything that is wrong; [`Error::Forbidden`] where the caller may not read the
    /// resource; [`Error::Conflict`] where the application has too many webhooks of this person.
    pub async fn create_webhook(&self, caller: &Caller, asked: &NewWebhook) -> Result<Shown> {
        self.make_webhook(caller, asked, Purpose::Receiver).await
    }

    pub(super) async fn make_webhook(
        &self,
        caller: &Caller,
        asked: &NewWebhook,
        purpose: Purpose,
    ) -> Result<Shown> {
        caller.may_have_webhooks()?;
        caller.require_own()?;
        let wanted = self.wanted(caller, asked, purpose)?;
        if wanted.owned_by == OwnedBy::Org {
            caller.may_own_for_organization()?;
        }
        if let Some((resource, subject)) = unreadable(caller, wanted.resource) {
            return Err(Error::forbidden(match subject.scopes {
                [] => format!("Only people may hear of {}.", resource.word()),
                scopes => format!(
                    "The access token lacks a scope: webhooks for {} need one of {}.",
                    resource.word(),
                    scopes.join(", ")
                ),
            }));
        }
        let _making = self.begin_making(caller).await?;
        let webhook = Webhook {
            id: WebhookId::random(),
            org: caller.org,
            creator: caller.person,
            client: caller.client_id.clone(),
            bot: caller.is_bot(),
            name: wanted.name,
            target_url: wanted.target_url,
            resource: wanted.resource,
            event: wanted.event,
            filter: wanted.filter,
            secret: wanted.secret.map(|secret| self.vault.seal(secret.expose())),
            owned_by: wanted.owned_by,
            status: Status::Active,
            created: self.now(),
            listened: purpose == Purpose::Listener,
        };
        self.commit(vec![put_new(&webhook)?]).await?;
        self.refresh_webhook(webhook.id).await?;
        webhook.shown(&self.vault)
    }

    async fn begin_making(&self, caller: &Caller) -> Result<Making<'_>> {
        let application = Webhook::application_of(caller.person, caller.client_id.as_deref());
        {
            let mut making = self
                .webhooks
                .making
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            *making.entry(application.clone()).or_default() += 1;
        }
        let making = Making {
            platform: self,
            application,
        };
        let there = self
            .store
            .count_records(Webhook::KIND, caller.org, "application", &making.application)
            .await
            .doing("counting webhooks")?;
        let others = {
            let counts = self
                .webhooks
                .making
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            counts.get(&making.application).copied().unwrap_or(1) - 1
        };
        let most = self.config.webhooks_max;
        if there.saturating_add(others as u64) >= most {
            return Err(Error::conflict(format!(
                "There are {most} webhooks of this application already, which is the most: delete some first."
            )));
        }
        Ok(making)
    }

    /// The caller's webhooks, or those of the organization, newest first.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub async fn webhooks(
        &self,
        caller: &Caller,
        of_organization: bool,
        after: Option<After>,
        max: usize,
    ) -> Result<(Vec<Shown>, Option<After>)> {
        caller.may_have_webhooks()?;
        let find = if of_organization {
            caller.may_own_for_organization()?;
            Find::new(Webhook::KIND, caller.org, "org", "", max)
        } else {
            let person = caller.person.uuid().to_string();
            Find::new(Webhook::KIND, caller.org, "creator", person, max)
        };
        let Listed { items, next } = self.list::<Webhook>(find.newest_first().after(after)).await?;
        let shown = items.iter().map(|kept| kept.shown(&self.vault));
        Ok((shown.collect::<Result<Vec<_>>>()?, next))
    }

    /// Whether the caller may see and change a webhook.
    fn is_theirs(caller: &Caller, webhook: &Webhook) -> bool {
        webhook.creator == caller.person
            || (webhook.owned_by == OwnedBy::Org && caller.may_own_for_organization().is_ok())
    }

    /// One webhook.
    ///
    /// # Errors
    /// [`Error::NotFound`] also for those of others.
    pub async fn webhook(&self, caller: &Caller, id: WebhookId) -> Result<Shown> {
        caller.may_have_webhooks()?;
        let kept = self.demand::<Webhook>(caller.org, &id.uuid().to_string()).await?;
        if kept.listened || !Self::is_theirs(caller, &kept) {
            return Err(Error::NotFound { what: Webhook::NOUN });
        }
        kept.shown(&self.vault)
    }

    /// A webhook, or what is listened to, for who looks after it: whoever may change it, or a full
    /// administrator.
    pub(super) async fn webhook_to_look_after(&self, caller: &Caller, id: WebhookId) -> Result<Webhook> {
        caller.may_have_webhooks()?;
        let kept = self.demand::<Webhook>(caller.org, &id.uuid().to_string()).await?;
        if !Self::is_theirs(caller, &kept) && caller.require_full_admin().is_err() {
            return Err(Error::NotFound { what: Webhook::NOUN });
        }
        Ok(kept.doc)
    }

    /// Changes name, URL and secret, and revives. Everything else stays as it is.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Invalid`].
    pub async fn update_webhook(
        &self,
        caller: &Caller,
        id: WebhookId,
        update: &WebhookUpdate,
    ) -> Result<Shown> {
        caller.may_have_webhooks()?;
        let changed = self
            .retrying(|| async {
                let kept = self.demand::<Webhook>(caller.org, &id.uuid().to_string()).await?;
                if kept.listened || !Self::is_theirs(caller, &kept) {
                    return Err(Error::NotFound { what: Webhook::NOUN });
                }
                let changed = self.updated(&kept.doc, update)?;
                self.commit(vec![kept.put(&changed)?]).await?;
                Ok(changed)
            })
            .await?;
        self.refresh_webhook(id).await?;
        changed.shown(&self.vault)
    }

    fn updated(&self, webhook: &Webhook, update: &WebhookUpdate) -> Result<Webhook> {
        let mut problems = Vec::new();
        let name = given(update.name.as_ref());
        let target_url = given(update.target_url.as_ref());
        match name {
            None => problems.push("name cannot be empty".to_owned()),
            Some(name) => too_long(&mut problems, "name", name, MAX_NAME),
        }
        match target_url {
            None => problems.push("targetUrl cannot be null".to_owned()),
            Some(url) => self.check_target(url, Purpose::Receiver, &mut problems),
        }
        if let Some(secret) = &update.secret {
            too_long(&mut problems, "secret", secret.expose(), MAX_SECRET);
        }
        // It cannot be deactivated: one client tries all the same, and is not told off (webhooks 1.1).
        let status = match update.status.as_deref().map(str::trim) {
            None | Some("" | "inactive") => webhook.status,
            Some("active") => Status::Active,
            Some(other) => {
                problems.push(format!("status: must be active, not {other:?}"));
                webhook.status
            }
        };
        if let Some(first) = problems.first() {
            return Err(Error::invalid_all(first.clone(), problems.clone()));
        }
        let mut changed = webhook.clone();
        changed.name = name.unwrap_or_default().to_owned();
        changed.target_url = target_url.unwrap_or_default().to_owned();
        changed.status = status;
        match update.secret.as_ref().map(Secret::expose) {
            None => {}
            Some("") => changed.secret = None,
            Some(secret) => changed.secret = Some(self.vault.seal(secret)),
        }
        Ok(changed)
    }

    /// Deletes a webhook. What was waiting for it is not delivered any more.
    ///
    /// # Errors
    /// [`Error::NotFound`] also for those of others.
    pub async fn delete_webhook(&self, caller: &Caller, id: WebhookId) -> Result<()> {
        caller.may_have_webhooks()?;
        self.retrying(|| async {
            let kept = self.demand::<Webhook>(caller.org, &id.uuid().to_string()).await?;
            if kept.listened || !Self::is_theirs(caller, &kept) {
                return Err(Error::NotFound { what: Webhook::NOUN });
            }
            let mut writes = vec![kept.delete()];
            writes.extend(leftovers(id));
            self.commit(writes).await
        })
        .await
    }

    /// Makes a webhook inactive that failed too often, without any notice but in the audit trail.
    pub(super) async fn deactivate_webhook(&self, id: WebhookId, failures: u64) -> Result<()> {
        self.retrying(|| async {
            let Some(kept) = self.get_anywhere::<Webhook>(&id.uuid().to_string()).await? else {
                return Ok(());
            };
            let changed = Webhook {
                status: Status::Inactive,
                ..kept.doc.clone()
            };
            let audit = crate::audit::by_system(
                kept.org,
                self.now(),
                "webhook.deactivated",
                &kept.name,
                format!("made the webhook inactive after {failures} failures in a row"),
            );
            self.commit(vec![kept.put(&changed)?, audit]).await
        })
        .await?;
        tracing::warn!(webhook = ?id, failures, "a webhook is inactive now");
        self.refresh_webhook(id).await
    }

    /// Reads all webhooks into memory.
    pub(crate) async fn load_webhooks(&self) -> Result<()> {
        let mut after = None;
        loop {
            let page = self.store.all_records(Webhook::KIND, after, LOAD).await;
            let page = page.doing("reading webhooks")?;
            let full = page.len() == LOAD;
            after = page.last().map(|stored| stored.id.clone());
            for stored in page {
                let Ok(id) = stored.id.parse() else { continue };
                let id = WebhookId::from_uuid(id);
                if let Err(error) = self.refresh_webhook(id).await {
                    tracing::error!(%error, webhook = ?id, "a webhook cannot be read and hears nothing");
                }
                let listened = self.webhooks.index.get(id).is_some_and(|it| it.webhook.listened);
                if listened {
                    self.webhooks.listeners.seen(id, self.now());
                }
            }
            if !full {
                return Ok(());
            }
        }
    }
}
