//! The end of an activation, and of an integration.

use hallway_wire::id::AppId;
use hallway_wire::integration::ProvisioningState;

use super::{Activation, News};
use crate::audit;
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::feature::Provided;
use crate::platform::Platform;
use crate::ports::Write;
use crate::records::Kept;

impl Platform {
    /// Deactivates an integration: it is told, and keeps its token and queue until it has heard the news or
    /// its time is up.
    ///
    /// # Errors
    /// The caller is no full administrator; it is not active.
    pub async fn deactivate(&self, caller: &Caller, app: AppId) -> Result<()> {
        caller.require_full_admin()?;
        let integration = self.find_integration(caller, app).await?;
        let name = self.stored_manifest(&integration.manifest)?.display_name;
        let now = self.now();
        let active = self.find_activation(caller.org, app).await?;
        let active = active.ok_or_else(|| Error::conflict("The integration is not active."))?;
        if active.ends.is_some() {
            return Err(Error::conflict("The integration is being deactivated already."));
        }
        let entry = audit::by(
            caller,
            now,
            "integration.deactivated",
            &name,
            format!("deactivated {name}"),
        );
        let grace = i64::try_from(self.config.deactivation_grace.as_millis()).unwrap_or(i64::MAX);
        let changed = self
            .change_activation(caller.org, app, vec![entry], |activation| {
                activation.note(News::Deprovision);
                let told = activation.untold.is_some();
                activation.ends = Some(if told { now.plus_millis(grace) } else { now });
                activation.provided = Provided::default();
                // The code is no good any more.
                if let Some(push) = &mut activation.push {
                    push.code = None;
                }
                activation.updated = now;
                Ok(Vec::new())
            })
            .await?;
        self.rebuild_audiences().await?;
        if changed.untold.is_none() {
            return self.finish_deactivation(&changed).await;
        }
        let told = self.tell_news(&changed).await;
        self.provider_changed(caller.org, app);
        told
    }

    /// Takes an activation away for good: tokens, machine account, queues.
    pub(crate) async fn finish_deactivation(&self, activation: &Activation) -> Result<()> {
        let name = self.stored_manifest(&activation.manifest)?.display_name;
        let mut writes = vec![
            Write::DeleteGrant(activation.grant),
            Write::DeletePerson(activation.machine),
            Write::DeleteActivation(activation.id),
            audit::by_system(
                activation.org,
                self.now(),
                "integration.ended",
                &name,
                "revoked the integration's tokens and removed its machine account".to_owned(),
            ),
        ];
        writes.extend(self.end_webhooks_of(activation.org, activation.machine).await?);
        self.commit(writes).await?;
        self.sessions.forget(activation.grant);
        self.provider_changed(activation.org, activation.app);
        self.rebuild_audiences().await?;
        self.deliveries.forget(activation.id);
        self.deliveries.forget(activation.actions_queue);
        self.pollers.forget(activation.id);
        self.queue.purge(activation.id).await?;
        self.queue.purge(activation.actions_queue).await?;
        // A poll that is still held ends.
        self.wake(activation.id);
        Ok(())
    }

    /// Deletes an integration that is not active anywhere, its client and its publication.
    ///
    /// # Errors
    /// The caller is no full administrator; it is active, submitted or in the catalog, or active in another
    /// organization.
    pub async fn delete_integration(&self, caller: &Caller, app: AppId) -> Result<()> {
        caller.require_full_admin()?;
        let integration = self.own_integration(caller, app).await?;
        let publication = self.publication(app).await?;
        let publication = publication.filter(|publication| publication.vendor == caller.org);
        if let Some(publication) = &publication {
            if publication.submitted.is_some() || publication.offered().is_some() {
                return Err(Error::conflict(
                    "The integration is submitted or in the catalog: withdraw it first.",
                ));
            }
            let (customers, _) = self.customers(caller.org, app, 1, None).await?;
            if !customers.is_empty() {
                return Err(Error::conflict(
                    "Other organizations have activated the integration: without its client it would end there.",
                ));
            }
        }
        if let Some(active) = self.find_activation(caller.org, app).await? {
            if active.provisioning_state != ProvisioningState::InProgress && active.ends.is_none() {
                return Err(Error::conflict("The integration is active: deactivate it first."));
            }
            self.finish_deactivation(&active).await?;
        }
        let name = self.stored_manifest(&integration.manifest)?.display_name;
        let entry = audit::by(
            caller,
            self.now(),
            "integration.deleted",
            &name,
            format!("deleted {name}"),
        );
        let mut writes = vec![Write::DeleteIntegration(caller.org, app), entry];
        writes.extend(publication.as_ref().map(Kept::delete));
        self.commit(writes).await
    }
}
