//! Bringing an approved version to the organizations that have activated the integration.
//!
//! Nothing is written down about how far this has come: the publication says which version is published, and
//! each activation which one is in force or waits. Comparing them finds what is left to be done, after a
//! decision and after a start.

use std::sync::Arc;

use hallway_wire::id::ActivationId;
use hallway_wire::manifest::{self, Manifest};
use tokio::sync::Notify;

use super::{Publication, Version};
use crate::audit;
use crate::error::{Doing as _, Error, Result};
use crate::integration::Activation;
use crate::platform::Platform;
use crate::ports::Write;
use crate::records::Document as _;

/// Activations, or publications, that are looked at together.
const BATCH: usize = 100;

/// What wakes the worker.
#[derive(Debug, Default)]
pub(crate) struct Spreading {
    news: Notify,
}

impl Platform {
    /// Says that a version may have been published.
    pub(super) fn spread_soon(&self) {
        self.spreading.news.notify_one();
    }

    /// Sees to it that what the last process left is taken up, if anything was ever published.
    pub(crate) async fn resume_spreading(&self) -> Result<()> {
        let found = self.store.all_records(Publication::KIND, None, 1).await;
        if !found.doing("looking for publications")?.is_empty() {
            self.spread_soon();
        }
        Ok(())
    }

    /// Brings published versions to who has activated them, whenever something was published, until the platform
    /// stops.
    pub(crate) async fn spread_forever(self: Arc<Self>) {
        tokio::select! {
            () = self.stop.cancelled() => return,
            () = self.spreading.news.notified() => {}
        }
        loop {
            let spread = tokio::select! {
                () = self.stop.cancelled() => return,
                spread = self.spread_everything() => spread,
            };
            let failed = spread.is_err();
            if let Err(error) = spread {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "published versions could not be brought to everybody"
                );
            }
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = self.spreading.news.notified() => {}
                () = tokio::time::sleep(self.config.retry_max), if failed => {}
            }
        }
    }

    async fn spread_everything(&self) -> Result<()> {
        let mut after = None;
        let mut failed = None;
        loop {
            let found = self.store.all_records(Publication::KIND, after, BATCH).await;
            let found = found.doing("listing publications")?;
            let Some(last) = found.last() else {
                return failed.map_or(Ok(()), Err);
            };
            after = Some(last.id.clone());
            for stored in &found {
                // One that cannot be brought to everybody holds no other up.
                if let Err(error) = self.spread_stored(&stored.doc).await {
                    tracing::warn!(app = stored.id, %error, "a published version could not be brought to everybody");
                    failed.get_or_insert(error);
                }
            }
        }
    }

    async fn spread_stored(&self, doc: &str) -> Result<()> {
        let publication: Publication = serde_json::from_str(doc)
            .map_err(|error| Error::Internal(format!("a stored publication cannot be read: {error}")))?;
        match publication.offered() {
            Some(offered) => self.spread(&publication, offered).await,
            None => Ok(()),
        }
    }

    /// Brings one version to everybody who has an older one.
    async fn spread(&self, publication: &Publication, offered: &Version) -> Result<()> {
        let manifest = self.stored_manifest(&offered.manifest)?;
        let mut after: Option<ActivationId> = None;
        let mut failed = None;
        loop {
            let page = self.store.activations_of(publication.app, after, BATCH).await;
            let page = page.doing("listing activations")?;
            let Some(last) = page.last() else { break };
            after = Some(last.id);
            let mut in_force = Vec::new();
            for activation in page {
                if !is_behind(&activation, publication, offered.version) {
                    continue;
                }
                let (org, app) = (activation.org, activation.app);
                match self.bring(activation, publication, offered, &manifest).await {
                    Ok(changed) => in_force.extend(changed),
                    // One that cannot be changed holds nobody else up.
                    Err(error) => {
                        tracing::warn!(%org, %app, %error, "a published version could not be brought to an organization");
                        failed.get_or_insert(error);
                    }
                }
            }
            // The audiences are built once for all of a page.
            if !in_force.is_empty() {
                self.follow_updates(&in_force).await?;
            }
        }
        failed.map_or(Ok(()), Err)
    }

    /// Brings a version to one organization: it is in force at once, or waits for the administrator where it
    /// asks for more. The activation where it is in force now.
    async fn bring(
        &self,
        activation: Activation,
        publication: &Publication,
        offered: &Version,
        manifest: &Manifest,
    ) -> Result<Option<Activation>> {
        let now = self.now();
        let (org, app, id) = (activation.org, activation.app, activation.id);
        let changed = self
            .change_activation(org, app, Vec::new(), |stored| {
                // It may have been changed since the page was read.
                if stored.id != id || !is_behind(stored, publication, offered.version) {
                    return Err(Error::NotFound { what: "integration" });
                }
                let (name, version) = (&manifest.display_name, offered.version);
                let approved = self.stored_manifest(&stored.manifest)?;
                if manifest::grew(&approved, manifest).is_empty() {
                    let mut writes = self.enforce(stored, &offered.manifest, manifest, now)?;
                    let what = format!("{name} version {version} is in force: it asks for nothing more");
                    writes.push(entry(stored, "integration.updated", name, what, now));
                    return Ok(writes);
                }
                stored.wait_for(offered.manifest.clone(), version);
                stored.updated = now;
                let what = format!("{name} version {version} waits for approval: it asks for more");
                Ok(vec![entry(stored, "integration.update_waits", name, what, now)])
            })
            .await;
        match changed {
            Ok(changed) => Ok((changed.manifest_version == offered.version).then_some(changed)),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn entry(
    activation: &Activation,
    event: &str,
    name: &str,
    what: String,
    now: hallway_wire::Timestamp,
) -> Write {
    audit::by_system(activation.org, now, event, name, what)
}

/// Whether it is an activation of this publication that neither has the version in force nor waits for it.
fn is_behind(activation: &Activation, publication: &Publication, version: u64) -> bool {
    activation.vendor == Some(publication.vendor)
        && activation.ends.is_none()
        && activation.manifest_version < version
        && activation.pending_version.unwrap_or(0) < version
}
