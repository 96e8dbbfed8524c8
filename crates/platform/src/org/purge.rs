//! Deleting an organization. The first step is one commit that says so; a task then takes everything away in
//! parts, and a start takes it up again where a crash left it. Each part may be done twice.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use hallway_wire::control::ManagedOrganization;
use hallway_wire::id::{OrgId, WebhookId};

use super::Organization;
use super::standing::Standing;
use crate::caller::Caller;
use crate::error::{Doing as _, Error, Result};
use crate::platform::Platform;
use crate::ports::{ORG_TABLES, Write};

/// Rows that go in one commit.
const AT_ONCE: usize = 500;
/// Pause after a failure.
const PAUSE: std::time::Duration = std::time::Duration::from_secs(5);

/// The organizations that somebody is taking away.
#[derive(Debug, Default)]
pub(crate) struct Purges(Mutex<HashSet<OrgId>>);

impl Purges {
    fn begin(&self, org: OrgId) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(org)
    }

    fn end(&self, org: OrgId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&org);
    }
}

impl Platform {
    /// Deletes a suspended organization, by who repeats its name. What is in it goes in the background.
    ///
    /// # Errors
    /// Not the operator; unknown; the operator's own; not suspended; another name.
    pub async fn delete_managed_organization(
        &self,
        caller: &Caller,
        id: OrgId,
        confirm: Option<&str>,
    ) -> Result<ManagedOrganization> {
        caller.require_operator()?;
        let changed = self
            .retrying(|| async {
                let org = self.other_organization(caller, id).await?;
                match org.standing {
                    Standing::Suspended { .. } => {}
                    Standing::Deleting { .. } => return Ok(org),
                    Standing::Active | Standing::Importing { .. } => {
                        return Err(Error::conflict(format!(
                            "{} cannot be deleted while it is in use: suspend it first.",
                            org.display_name
                        )));
                    }
                }
                if confirm.is_some_and(|name| name.trim() != org.display_name.trim()) {
                    return Err(Error::invalid(
                        "confirm: this is not the name of the organization",
                    ));
                }
                let changed = org.standing_as(Standing::Deleting { since: self.now() });
                let what = format!("deleted the organization {}", org.display_name);
                let mut writes = self.told_twice(caller, &changed, "organization.deleted", &what);
                // Its own trail goes with it.
                writes.truncate(2);
                self.commit(writes).await?;
                Ok(changed)
            })
            .await?;
        self.load_standings().await?;
        self.spawn_purge(id, true);
        Ok(changed.managed())
    }

    /// Takes up what a crash left of deletions and imports.
    pub(crate) fn resume_purges(&self, organizations: &[Organization]) {
        for org in organizations {
            if matches!(
                org.standing,
                Standing::Deleting { .. } | Standing::Importing { .. }
            ) {
                self.spawn_purge(org.id, !matches!(org.standing, Standing::Importing { .. }));
            }
        }
    }

    /// Takes an organization away in the background, unless somebody does already.
    pub(crate) fn spawn_purge(&self, org: OrgId, entered: bool) {
        let Some(platform) = self.me.upgrade() else { return };
        if !self.purges.begin(org) {
            return;
        }
        self.tasks.spawn(async move {
            let stop = platform.stop.clone();
            let work = async {
                while let Err(error) = platform.purge_organization(org, entered).await {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        ?org,
                        "an organization could not be deleted yet"
                    );
                    tokio::time::sleep(PAUSE).await;
                }
            };
            tokio::select! { () = stop.cancelled() => {}, () = work => {} }
            platform.purges.end(org);
        });
    }

    /// Takes everything of an organization away, and then the organization. One that had not `entered` completely
    /// is known nowhere else.
    pub(crate) async fn purge_organization(&self, org: OrgId, entered: bool) -> Result<()> {
        self.still(org, "the organization is deleted").await?;
        // Figures that are only in memory would come back later.
        self.flush_metrics(None).await?;
        if entered {
            self.withdraw_applications_of(org).await?;
            self.withdraw_from_applications(org).await?;
            self.end_managing_by(org).await?;
            let publications = self.end_publications_of(org).await?;
            self.commit(publications).await?;
        }
        loop {
            for activation in self.store.activations().await.doing("reading activations")? {
                if activation.org == org {
                    for queue in [activation.id, activation.actions_queue] {
                        self.deliveries.forget(queue);
                        self.pollers.forget(queue);
                        self.queue.purge(queue).await?;
                    }
                }
            }
            self.purge_records(org).await?;
            let mut gone = true;
            for table in ORG_TABLES.iter().rev() {
                while self.has_rows(org, table.name).await? {
                    gone = false;
                    self.purge_rows(org, table.name, Vec::new(), AT_ONCE).await?;
                    if table.name == "record_key" || table.name == "record_claim" {
                        break;
                    }
                }
            }
            if gone {
                break;
            }
        }
        let done = self.store.commit(vec![Write::DeleteOrganization(org)]).await;
        done.doing("deleting an organization")?;
        self.webhooks.forget_org(org);
        self.rebuild_audiences().await?;
        self.load_standings().await?;
        self.bus.nudge(crate::ports::Topic::Organizations);
        tracing::info!(?org, "an organization was deleted with everything in it");
        Ok(())
    }

    async fn has_rows(&self, org: OrgId, table: &'static str) -> Result<bool> {
        let found = self.store.has_rows(org, table).await;
        found.doing("looking for the rest of an organization")
    }

    async fn purge_rows(
        &self,
        org: OrgId,
        table: &'static str,
        mut writes: Vec<Write>,
        max: usize,
    ) -> Result<()> {
        writes.push(Write::PurgeRows { org, table, max });
        let done = self.store.commit(writes).await;
        done.doing("deleting an organization")
    }

    /// Takes the keyed records away, with what they name: the bytes of files, deliveries of webhooks.
    async fn purge_records(&self, org: OrgId) -> Result<()> {
        loop {
            let page = self.store.org_records(org, AT_ONCE).await;
            let page = page.doing("reading what an organization has")?;
            if page.is_empty() {
                return Ok(());
            }
            let mut writes = Vec::new();
            for record in &page {
                let Ok(id) = record.id.parse() else { continue };
                match record.kind.as_str() {
                    // Bytes first: as long as the record is there, they are found again.
                    "content" | "orphan" => self
                        .blobs
                        .delete(id)
                        .await
                        .map_err(|error| Error::Internal(format!("a file cannot be deleted: {error}")))?,
                    "webhook" => {
                        let webhook = WebhookId::from_uuid(id);
                        self.forget_webhook(webhook);
                        writes.push(Write::DeleteOutgoing(webhook, None));
                        writes.push(Write::DeleteAttempts(webhook));
                    }
                    _ => {}
                }
            }
            self.purge_rows(org, "record", writes, page.len()).await?;
        }
    }
}
