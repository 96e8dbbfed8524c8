//! What an operator does: look at what was submitted, approve it or refuse it.

use hallway_wire::id::AppId;
use hallway_wire::manifest;
use hallway_wire::publication::Submission;

use super::{Publication, Refusal, Version};
use crate::audit;
use crate::caller::Caller;
use crate::error::{Doing as _, Error, Result};
use crate::integration::requested;
use crate::platform::Platform;
use crate::ports::{After, Find};
use crate::records::{Document as _, Kept};

/// Longest reason, in characters.
const MAX_REASON: usize = 2000;

impl Platform {
    /// What waits for an operator, the oldest first: a page, and the place of the next one.
    ///
    /// # Errors
    /// The caller is no operator.
    pub async fn submissions(
        &self,
        caller: &Caller,
        max: usize,
        after: Option<After>,
    ) -> Result<(Vec<Submission>, Option<After>)> {
        caller.require_operator()?;
        let find = Find::new(
            Publication::KIND,
            Publication::house(),
            Publication::WAITING,
            "",
            max,
        );
        let page = self.list::<Publication>(find.after(after)).await?;
        let mut items = Vec::new();
        for kept in &page.items {
            items.extend(self.shown_submission(kept).await?);
        }
        Ok((items, page.next))
    }

    /// One of them.
    ///
    /// # Errors
    /// The caller is no operator; it does not wait.
    pub async fn submission(&self, caller: &Caller, app: AppId) -> Result<Submission> {
        caller.require_operator()?;
        let (kept, _) = self.waiting(app).await?;
        self.shown_submission(&kept)
            .await?
            .ok_or(Error::NotFound { what: "submission" })
    }

    async fn waiting(&self, app: AppId) -> Result<(Kept<Publication>, Version)> {
        let found = self.publication(app).await?;
        let found = found.ok_or(Error::NotFound { what: "submission" })?;
        match found.submitted.clone() {
            Some(submitted) => Ok((found, submitted)),
            None => Err(Error::NotFound { what: "submission" }),
        }
    }

    async fn shown_submission(&self, publication: &Publication) -> Result<Option<Submission>> {
        let Some(submitted) = &publication.submitted else {
            return Ok(None);
        };
        let manifest = self.stored_manifest(&submitted.manifest)?;
        let vendor = self.store.organization(publication.vendor).await;
        let vendor = vendor.doing("reading an organization")?;
        let growth = match &publication.published {
            None => Vec::new(),
            Some(published) => {
                let published = self.stored_manifest(&published.manifest)?;
                let grew = manifest::grew(&published, &manifest);
                grew.iter().map(ToString::to_string).collect()
            }
        };
        Ok(Some(Submission {
            app_id: publication.app,
            requested: requested(&manifest, None, &self.catalogue),
            features: manifest.features.iter().map(|it| it.name().to_owned()).collect(),
            display_name: manifest.display_name,
            vendor: manifest.vendor,
            email: manifest.email,
            description: manifest.description,
            description_url: manifest.description_url,
            toc_url: manifest.toc_url,
            vendor_org_id: publication.vendor,
            vendor_org_name: vendor.map(|org| org.display_name).unwrap_or_default(),
            version: submitted.version,
            submitted_at: submitted.at,
            published_version: publication.published.as_ref().map(|version| version.version),
            growth,
            provisioning_url: manifest.provisioning.url,
            manifest: submitted.manifest.clone(),
        }))
    }

    /// Approves what waits: every organization can activate it from now on, and those that have it get the new
    /// version, once their administrators approve where it asks for more.
    ///
    /// # Errors
    /// The caller is no operator; nothing waits, or another version than `version`.
    pub async fn approve_submission(
        &self,
        caller: &Caller,
        app: AppId,
        version: Option<u64>,
    ) -> Result<Submission> {
        caller.require_operator()?;
        let approved = self
            .retrying(|| async {
                let (before, submitted) = self.waiting(app).await?;
                check_version(&submitted, version)?;
                let shown = self.shown_submission(&before).await?;
                let now = self.now();
                let mut publication = before.doc.clone();
                publication.submitted = None;
                publication.refused = None;
                publication.withdrawn = None;
                publication.updated = now;
                publication.published = Some(Version {
                    at: now,
                    by: caller.person,
                    ..submitted
                });
                self.decided(caller, &before, &publication, "integration.published", "approved")
                    .await?;
                Ok(shown)
            })
            .await?;
        self.spread_soon();
        approved.ok_or(Error::NotFound { what: "submission" })
    }

    /// Refuses what waits. What was published before stays so.
    ///
    /// # Errors
    /// The caller is no operator; nothing waits, or another version than `version`; there is no reason.
    pub async fn reject_submission(
        &self,
        caller: &Caller,
        app: AppId,
        version: Option<u64>,
        reason: &str,
    ) -> Result<()> {
        caller.require_operator()?;
        let reason = reason.trim();
        if reason.is_empty() || reason.chars().count() > MAX_REASON {
            return Err(Error::invalid(format!(
                "reason: must be a text of up to {MAX_REASON} characters that tells the vendor why"
            )));
        }
        self.retrying(|| async {
            let (before, submitted) = self.waiting(app).await?;
            check_version(&submitted, version)?;
            let now = self.now();
            let mut publication = before.doc.clone();
            publication.submitted = None;
            publication.updated = now;
            publication.refused = Some(Refusal {
                version: submitted.version,
                reason: reason.to_owned(),
                at: now,
            });
            self.decided(caller, &before, &publication, "integration.rejected", "rejected")
                .await
        })
        .await
    }

    /// Keeps a decision, and tells the trails of the operator and of the vendor.
    async fn decided(
        &self,
        caller: &Caller,
        before: &Kept<Publication>,
        publication: &Publication,
        event: &str,
        verb: &str,
    ) -> Result<()> {
        let now = self.now();
        let Some(submitted) = &before.submitted else {
            return Err(Error::Stale);
        };
        let name = self.stored_manifest(&submitted.manifest)?.display_name;
        let version = submitted.version;
        let mut writes = vec![
            before.put(publication)?,
            audit::by(
                caller,
                now,
                event,
                &name,
                format!("{verb} {name} version {version} for every organization"),
            ),
        ];
        if before.vendor != caller.org {
            let what = format!("an operator {verb} {name} version {version} for every organization");
            writes.push(audit::by_system(before.vendor, now, event, &name, what));
        }
        self.commit(writes).await
    }
}

/// Whether what waits is what was looked at.
fn check_version(submitted: &Version, wanted: Option<u64>) -> Result<()> {
    match wanted {
        Some(wanted) if wanted != submitted.version => Err(Error::conflict(format!(
            "Version {} waits, not version {wanted}: look at it first.",
            submitted.version
        ))),
        _ => Ok(()),
    }
}
