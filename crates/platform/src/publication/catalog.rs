//! What every administrator finds: the public integrations, and what stands behind one that is active.

use hallway_wire::control::{ActivateRequest, Activated};
use hallway_wire::id::{AppId, OrgId};
use hallway_wire::publication::CatalogEntry;

use super::{Publication, Version};
use crate::caller::Caller;
use crate::error::{Doing as _, Error, Result};
use crate::integration::{Source, requested};
use crate::platform::Platform;
use crate::ports::{After, Find};
use crate::records::{Document as _, Kept};

impl Platform {
    /// What can be activated, by name: a page, and the place of the next one.
    ///
    /// # Errors
    /// The caller is no administrator.
    pub async fn catalog(
        &self,
        caller: &Caller,
        max: usize,
        after: Option<After>,
    ) -> Result<(Vec<CatalogEntry>, Option<After>)> {
        caller.require_reading_admin()?;
        let find = Find::new(
            Publication::KIND,
            Publication::house(),
            Publication::OFFERED,
            "",
            max,
        );
        let page = self.list::<Publication>(find.after(after)).await?;
        let mut items = Vec::new();
        for kept in &page.items {
            if let Some(offered) = kept.offered() {
                items.push(self.catalog_entry(caller.org, kept, offered).await?);
            }
        }
        Ok((items, page.next))
    }

    /// One of them.
    ///
    /// # Errors
    /// The caller is no administrator; nothing with this id can be activated.
    pub async fn catalog_show(&self, caller: &Caller, app: AppId) -> Result<CatalogEntry> {
        caller.require_reading_admin()?;
        let missing = || Error::NotFound {
            what: Publication::NOUN,
        };
        let found = self.publication(app).await?.ok_or_else(missing)?;
        let offered = found.offered().ok_or_else(missing)?;
        self.catalog_entry(caller.org, &found, offered).await
    }

    async fn catalog_entry(
        &self,
        org: OrgId,
        publication: &Publication,
        offered: &Version,
    ) -> Result<CatalogEntry> {
        let manifest = self.stored_manifest(&offered.manifest)?;
        let activation = self.find_activation(org, publication.app).await?;
        Ok(CatalogEntry {
            app_id: publication.app,
            requested: requested(&manifest, None, &self.catalogue),
            features: manifest.features.iter().map(|it| it.name().to_owned()).collect(),
            display_name: manifest.display_name,
            vendor: manifest.vendor,
            description: manifest.description,
            description_url: manifest.description_url,
            toc_url: manifest.toc_url,
            version: offered.version,
            published_at: offered.at,
            activated: activation.is_some_and(|activation| {
                let of_this = activation.vendor.unwrap_or(org) == publication.vendor;
                of_this && activation.ends.is_none()
            }),
        })
    }

    /// Activates a public integration.
    ///
    /// # Errors
    /// As [`Platform::activate`]; it cannot be activated; the organization has an integration of its own with
    /// this id.
    pub async fn activate_public(
        &self,
        caller: &Caller,
        app: AppId,
        request: ActivateRequest,
    ) -> Result<Activated> {
        caller.require_full_admin()?;
        let missing = || Error::NotFound {
            what: Publication::NOUN,
        };
        let found = self.publication(app).await?.ok_or_else(missing)?;
        found.offered().ok_or_else(missing)?;
        let own = self.store.integration(caller.org, app).await;
        if own.doing("looking up an integration")?.is_some() && found.vendor != caller.org {
            return Err(Error::conflict(
                "The organization has uploaded an integration with this id itself: delete that first.",
            ));
        }
        self.activate(caller, app, request).await
    }

    /// What stands behind an integration of another vendor that the organization may know: it is in the catalog,
    /// or active here.
    pub(crate) async fn foreign_source(&self, org: OrgId, app: AppId) -> Result<Option<Source>> {
        let publication = self.publication(app).await?;
        let activation = self.find_activation(org, app).await?;
        let known = publication.filter(|found| {
            let other = activation
                .as_ref()
                .is_some_and(|it| it.vendor != Some(found.vendor));
            found.published.is_some() && !other
        });
        let Some(found) = known else {
            // Its vendor is gone: it can still be looked at, and deactivated.
            return Ok(activation.map(|activation| Source {
                org,
                app,
                client_id: String::new(),
                manifest: activation.manifest,
                manifest_version: activation.manifest_version,
                created: activation.created,
                publication: None,
                offered: false,
            }));
        };
        if found.offered().is_none() && activation.is_none() {
            return Ok(None);
        }
        Ok(Some(Source::published(org, found)))
    }
}

impl Source {
    fn published(org: OrgId, publication: Kept<Publication>) -> Self {
        let version = publication.published.clone();
        let (manifest, manifest_version, created) = version
            .map_or((String::new(), 0, publication.created), |version| {
                (version.manifest, version.version, version.at)
            });
        Self {
            org,
            app: publication.app,
            client_id: publication.client_id.clone(),
            manifest,
            manifest_version,
            created,
            offered: publication.offered().is_some(),
            publication: Some(publication),
        }
    }
}
