//! What the vendor does: submit, take back, see where it stands and who has activated it.

use hallway_wire::Timestamp;
use hallway_wire::id::{ActivationId, AppId, OrgId};
use hallway_wire::manifest::{Availability, Manifest};
use hallway_wire::publication::{Installation, Publication as Shown, PublicationState};

use super::{Publication, Version};
use crate::audit;
use crate::caller::Caller;
use crate::error::{Doing as _, Error, Result};
use crate::integration::{Activation, Integration};
use crate::platform::Platform;
use crate::ports::{After, Write};
use crate::records::{Kept, put_new};
use uuid::Uuid;

impl Version {
    pub(super) fn of(text: &str, manifest: &Manifest, caller: &Caller, now: Timestamp) -> Self {
        Self {
            manifest: text.to_owned(),
            version: manifest.manifest_version,
            name: manifest.display_name.to_lowercase(),
            at: now,
            by: caller.person,
        }
    }
}

impl Platform {
    /// The publication of an integration, whoever is its vendor.
    pub(crate) async fn publication(&self, app: AppId) -> Result<Option<Kept<Publication>>> {
        self.get_anywhere::<Publication>(&Publication::key(app)).await
    }

    /// The publication of the caller's own integration.
    async fn own_publication(&self, caller: &Caller, app: AppId) -> Result<Option<Kept<Publication>>> {
        let found = self.publication(app).await?;
        Ok(found.filter(|publication| publication.vendor == caller.org))
    }

    /// Submits the newest version of an integration to the operators.
    ///
    /// # Errors
    /// The caller is no full administrator; the manifest is not `global`; this version waits or is published
    /// already; another organization has an integration with this id.
    pub async fn submit_publication(&self, caller: &Caller, app: AppId) -> Result<Shown> {
        caller.require_full_admin()?;
        self.retrying(|| self.submit_once(caller, app)).await
    }

    async fn submit_once(&self, caller: &Caller, app: AppId) -> Result<Shown> {
        let integration = self.own_integration(caller, app).await?;
        let manifest = self.stored_manifest(&integration.manifest)?;
        let version = manifest.manifest_version;
        if manifest.availability != Availability::Global {
            return Err(Error::conflict(
                "$.availability is org_private: upload a version that says global, then submit it.",
            ));
        }
        let now = self.now();
        let before = self.publication(app).await?;
        let foreign = before.as_ref().filter(|before| before.vendor != caller.org);
        if let Some(other) = foreign
            && (other.published.is_some() || other.submitted.is_some())
        {
            return Err(Error::conflict(
                "Another organization has published or submitted an integration with this id: an id is made once, \
                 and used by one vendor.",
            ));
        }
        let own = before.as_ref().filter(|before| before.vendor == caller.org);
        let newest = |version: &Option<Version>| version.as_ref().map(|version| version.version);
        if own.and_then(|own| newest(&own.submitted)) == Some(version) {
            return Err(Error::conflict(format!(
                "Version {version} waits for an operator already."
            )));
        }
        // What was withdrawn may come back as it was.
        let public = own.filter(|own| own.withdrawn.is_none());
        if public.and_then(|own| newest(&own.published)) >= Some(version) {
            return Err(Error::conflict(format!(
                "Version {version} is published already: upload a higher version first."
            )));
        }
        let mut publication = own.map_or_else(
            || Publication {
                app,
                vendor: caller.org,
                client_id: integration.client_id.clone(),
                submitted: None,
                published: None,
                withdrawn: None,
                refused: None,
                created: now,
                updated: now,
            },
            |own| own.doc.clone(),
        );
        publication.submitted = Some(Version::of(&integration.manifest, &manifest, caller, now));
        publication.refused = None;
        publication.updated = now;
        let write = match &before {
            Some(before) => before.put(&publication)?,
            None => put_new(&publication)?,
        };
        let name = &manifest.display_name;
        let what = format!("submitted {name} version {version} to the operators");
        let entry = audit::by(caller, now, "integration.submitted", name, what);
        match self.commit(vec![write, entry]).await {
            // Somebody else submitted it first, or this is the second of two at once.
            Err(Error::Conflict { .. }) => Err(Error::Stale),
            done => done,
        }?;
        self.shown_publication(&integration, Some(&publication))
    }

    /// Takes back what was submitted; where nothing waits, what is published: installations go on, and nobody
    /// activates it any more.
    ///
    /// # Errors
    /// The caller is no full administrator; nothing is submitted or published.
    pub async fn withdraw_publication(&self, caller: &Caller, app: AppId) -> Result<Shown> {
        caller.require_full_admin()?;
        self.retrying(|| async {
            let integration = self.own_integration(caller, app).await?;
            let nothing = || Error::conflict("The integration is neither submitted nor published.");
            let before = self.own_publication(caller, app).await?.ok_or_else(nothing)?;
            let now = self.now();
            let mut publication = before.doc.clone();
            let what = if let Some(submitted) = publication.submitted.take() {
                format!("took back the submission of version {}", submitted.version)
            } else if publication.offered().is_some() {
                publication.withdrawn = Some(now);
                publication.refused = None;
                "withdrew the integration from the catalog".to_owned()
            } else {
                return Err(nothing());
            };
            publication.updated = now;
            let name = self.stored_manifest(&integration.manifest)?.display_name;
            let entry = audit::by(caller, now, "integration.withdrawn", &name, what);
            self.commit(vec![before.put(&publication)?, entry]).await?;
            self.shown_publication(&integration, Some(&publication))
        })
        .await
    }

    /// Where the publication of an integration stands.
    ///
    /// # Errors
    /// The caller is no administrator; the organization has no such integration.
    pub async fn publication_status(&self, caller: &Caller, app: AppId) -> Result<Shown> {
        caller.require_reading_admin()?;
        let integration = self.own_integration(caller, app).await?;
        let publication = self.own_publication(caller, app).await?;
        self.shown_publication(&integration, publication.as_deref())
    }

    /// The same of all integrations that can be published.
    ///
    /// # Errors
    /// The caller is no administrator.
    pub async fn publication_statuses(&self, caller: &Caller) -> Result<Vec<Shown>> {
        caller.require_reading_admin()?;
        let integrations = self.store.integrations(caller.org).await;
        let mut all = Vec::new();
        for integration in integrations.doing("listing integrations")? {
            let publication = self.own_publication(caller, integration.app).await?;
            let manifest = self.stored_manifest(&integration.manifest)?;
            if publication.is_some() || manifest.availability == Availability::Global {
                all.push(self.shown_publication(&integration, publication.as_deref())?);
            }
        }
        Ok(all)
    }

    fn shown_publication(
        &self,
        integration: &Integration,
        publication: Option<&Publication>,
    ) -> Result<Shown> {
        let manifest = self.stored_manifest(&integration.manifest)?;
        let submitted = publication.and_then(|publication| publication.submitted.as_ref());
        let published = publication.and_then(|publication| publication.published.as_ref());
        let refused = publication.and_then(|publication| publication.refused.as_ref());
        Ok(Shown {
            app_id: integration.app,
            warnings: doubts(&manifest),
            display_name: manifest.display_name,
            state: publication.map_or(PublicationState::Draft, Publication::state),
            manifest_version: integration.manifest_version,
            submitted_version: submitted.map(|version| version.version),
            submitted_at: submitted.map(|version| version.at),
            published_version: published.map(|version| version.version),
            published_at: published.map(|version| version.at),
            withdrawn_at: publication.and_then(|publication| publication.withdrawn),
            rejected_version: refused.map(|refusal| refusal.version),
            rejected_at: refused.map(|refusal| refusal.at),
            reason: refused.map(|refusal| refusal.reason.clone()),
        })
    }

    /// Who has activated the vendor's integration: a page, behind `after`, and the place of the next one.
    ///
    /// # Errors
    /// The caller is no administrator; the organization has no such integration.
    pub async fn installations(
        &self,
        caller: &Caller,
        app: AppId,
        max: usize,
        after: Option<&After>,
    ) -> Result<(Vec<Installation>, Option<After>)> {
        caller.require_reading_admin()?;
        self.own_integration(caller, app).await?;
        let after = match after.map(|after| Uuid::try_parse(&after.id)) {
            None => None,
            Some(Ok(id)) => Some(ActivationId::from_uuid(id)),
            Some(Err(_)) => return Err(Error::invalid("cursor: not a cursor of this list")),
        };
        let (found, next) = self.customers(caller.org, app, max, after).await?;
        let next = next.map(|id| After {
            order: String::new(),
            id: id.uuid().to_string(),
        });
        let mut items = Vec::new();
        for activation in found {
            let org = self.store.organization(activation.org).await;
            let org = org.doing("reading an organization")?;
            items.push(Installation {
                org_id: activation.org,
                org_name: org.map(|org| org.display_name).unwrap_or_default(),
                state: self.state(Some(&activation)),
                version: activation.manifest_version,
                operational_state: activation.operational_state,
                healthy: activation
                    .health
                    .as_ref()
                    .map(|health| health.health_check_result.success),
                activated_at: activation.created,
            });
        }
        Ok((items, next))
    }

    /// Activations of a vendor's integration in other organizations: a page, and behind which one the next begins.
    pub(crate) async fn customers(
        &self,
        vendor: OrgId,
        app: AppId,
        max: usize,
        mut after: Option<ActivationId>,
    ) -> Result<(Vec<Activation>, Option<ActivationId>)> {
        const BATCH: usize = 100;
        let mut found: Vec<Activation> = Vec::new();
        loop {
            let page = self.store.activations_of(app, after, BATCH).await;
            let page = page.doing("listing activations")?;
            let Some(last) = page.last() else {
                return Ok((found, None));
            };
            after = Some(last.id);
            for activation in page {
                // Another organization may have an integration of its own with the same id.
                if activation.vendor != Some(vendor) {
                    continue;
                }
                if found.len() == max {
                    let last = found.last().map(|last| last.id);
                    return Ok((found, last));
                }
                found.push(activation);
            }
        }
    }

    /// The writes that end the publications of a vendor that goes: nobody activates them any more, and no
    /// version comes. Customers can look at what they have, and deactivate it.
    ///
    /// # Errors
    /// The store failed.
    pub(crate) async fn end_publications_of(&self, vendor: OrgId) -> Result<Vec<Write>> {
        let value = vendor.uuid().to_string();
        let all = self
            .list_all::<Publication>(Publication::house(), Publication::BY_VENDOR, &value)
            .await?;
        Ok(all.iter().map(Kept::delete).collect())
    }
}

/// What an operator may take offence at.
fn doubts(manifest: &Manifest) -> Vec<String> {
    let mut doubts = Vec::new();
    if manifest.toc_url.is_none() {
        doubts.push(
            "$.tocUrl is missing: customers of a public integration expect to read its terms and conditions"
                .to_owned(),
        );
    }
    doubts
}
