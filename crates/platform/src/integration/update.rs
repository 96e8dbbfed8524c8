//! New versions of a manifest: uploaded, waiting for approval, in force.

use hallway_wire::Timestamp;
use hallway_wire::control::Updated;
use hallway_wire::id::{AppId, OrgId};
use hallway_wire::manifest::{self, Manifest};

use super::access::{Granted, features, grant};
use super::activation::machine_account;
use super::{Activation, News};
use crate::audit;
use crate::caller::Caller;
use crate::error::{Doing as _, Error, Result};
use crate::oauth::Grant;
use crate::platform::Platform;
use crate::ports::Write;

impl Platform {
    /// Uploads a newer version of a manifest. Where it asks for nothing more it is in force at once;
    /// otherwise it waits for approval.
    ///
    /// # Errors
    /// The caller is no full administrator; the manifest is not valid, has another id, or no higher version.
    pub async fn update_integration(&self, caller: &Caller, app: AppId, text: &str) -> Result<Updated> {
        caller.require_full_admin()?;
        let mut integration = self.own_integration(caller, app).await?;
        let (manifest, warnings) = self.read_manifest(text)?;
        if manifest.id != app {
            return Err(Error::invalid(format!(
                "$.id is {}, but the integration to update is {app}",
                manifest.id
            )));
        }
        if manifest.manifest_version <= integration.manifest_version {
            return Err(Error::invalid(format!(
                "$.manifestVersion is {}, but must be greater than the stored version {}",
                manifest.manifest_version, integration.manifest_version
            )));
        }
        let now = self.now();
        integration.manifest = text.to_owned();
        integration.manifest_version = manifest.manifest_version;
        integration.updated = now;
        let uploaded = audit::by(
            caller,
            now,
            "integration.updated",
            &manifest.display_name,
            format!(
                "uploaded {} version {}",
                manifest.display_name, manifest.manifest_version
            ),
        );
        let mut growth = Vec::new();
        let active = self
            .find_activation(caller.org, app)
            .await?
            .filter(|a| a.ends.is_none());
        let Some(active) = active else {
            self.store
                .commit(vec![Write::PutIntegration(integration), uploaded])
                .await
                .doing("storing a manifest")?;
            return Ok(Updated {
                app_id: app,
                manifest_version: manifest.manifest_version,
                pending: false,
                growth,
                warnings,
            });
        };
        let approved = self.stored_manifest(&active.manifest)?;
        growth.extend(
            manifest::grew(&approved, &manifest)
                .iter()
                .map(ToString::to_string),
        );
        let pending = !growth.is_empty();
        let first = vec![Write::PutIntegration(integration), uploaded];
        if pending {
            let (text, version) = (text.to_owned(), manifest.manifest_version);
            self.change_activation(caller.org, app, first, move |activation| {
                activation.wait_for(text.clone(), version);
                activation.updated = now;
                Ok(Vec::new())
            })
            .await?;
        } else {
            self.put_in_force(caller.org, app, text, &manifest, first, now)
                .await?;
        }
        Ok(Updated {
            app_id: app,
            manifest_version: manifest.manifest_version,
            pending,
            growth,
            warnings,
        })
    }

    /// Approves the version that waits.
    ///
    /// # Errors
    /// The caller is no full administrator; nothing waits.
    pub async fn approve_update(&self, caller: &Caller, app: AppId) -> Result<()> {
        caller.require_full_admin()?;
        self.find_integration(caller, app).await?;
        let active = self.find_activation(caller.org, app).await?;
        let waiting = active.and_then(|activation| activation.pending);
        let text = waiting.ok_or_else(|| Error::conflict("No manifest version waits for approval."))?;
        let manifest = self.stored_manifest(&text)?;
        let now = self.now();
        let entry = audit::by(
            caller,
            now,
            "integration.update_approved",
            &manifest.display_name,
            format!(
                "approved {} version {}",
                manifest.display_name, manifest.manifest_version
            ),
        );
        self.put_in_force(caller.org, app, &text, &manifest, vec![entry], now)
            .await
    }

    /// Puts a manifest in force, and lets everything that follows from it follow.
    async fn put_in_force(
        &self,
        org: OrgId,
        app: AppId,
        text: &str,
        manifest: &Manifest,
        first: Vec<Write>,
        now: Timestamp,
    ) -> Result<()> {
        let changed = self
            .change_activation(org, app, first, |activation| {
                self.enforce(activation, text, manifest, now)
            })
            .await?;
        self.follow_updates(&[changed]).await
    }

    /// Changes an activation so that a manifest is in force: grants are computed anew, and the integration is to
    /// be told. The writes belong to the same commit.
    pub(crate) fn enforce(
        &self,
        activation: &mut Activation,
        text: &str,
        manifest: &Manifest,
        now: Timestamp,
    ) -> Result<Vec<Write>> {
        // What the new version does not ask for, or requires now, cannot stay denied.
        activation
            .denied
            .retain(|name| grant(manifest, std::slice::from_ref(name)).is_ok());
        let Granted {
            scopes,
            roles,
            access,
        } = grant(manifest, &activation.denied)?;
        text.clone_into(&mut activation.manifest);
        activation.manifest_version = manifest.manifest_version;
        // An even newer one may have come meanwhile: that waits still.
        if activation.pending_version.unwrap_or(0) <= manifest.manifest_version {
            activation.pending = None;
            activation.pending_version = None;
        }
        activation.scopes.clone_from(&scopes);
        activation.roles = roles;
        activation.access = access;
        // What a lost feature was configured to is gone, and devices are told to forget it.
        let kept = features(manifest, &scopes);
        activation.provided.keep(|feature| kept.contains(&feature));
        activation.updated = now;
        activation.note(News::UpdateApproved);
        Ok(vec![
            Write::PutPerson(machine_account(activation, manifest, now)),
            Write::PutGrant(Grant {
                id: activation.grant,
                org: activation.org,
                person: activation.machine,
                client_id: None,
                activation: Some(activation.id),
                scopes,
                created: activation.created,
                standing: true,
                limited: false,
            }),
        ])
    }

    /// What follows once other manifests are in force: tokens are looked up anew, integrations are told, devices
    /// are asked for what is newly heard.
    pub(crate) async fn follow_updates(&self, changed: &[Activation]) -> Result<()> {
        for activation in changed {
            self.sessions.forget(activation.grant);
        }
        self.rebuild_audiences().await?;
        let mut told = Ok(());
        for activation in changed {
            told = told.and(self.tell_news(activation).await);
            self.provider_changed(activation.org, activation.app);
            self.spawn_full_sync(activation);
        }
        told
    }
}
