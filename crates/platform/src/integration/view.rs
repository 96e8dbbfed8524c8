//! Integrations as they are shown: to themselves, and to the administrator.

use hallway_wire::Secret;
use hallway_wire::control::{IntegrationState, IntegrationSummary};
use hallway_wire::id::{AppId, OrgId};
use hallway_wire::integration::{
    Integration as Shown, MASK, MutualTls, ProvisioningState, QueueInfo, QueueState, Webhook,
};
use hallway_wire::manifest;

use super::access::{Granted, features, requested};
use super::{Activation, Listener, Push, Source};
use crate::caller::Caller;
use crate::error::{Doing as _, Result};
use crate::platform::Platform;

impl Platform {
    /// The object at `appUrl`. Secrets are masked.
    pub(crate) fn shown(&self, activation: &Activation) -> Result<Shown> {
        let manifest = self.stored_manifest(&activation.manifest)?;
        let mask = || Some(Secret::new(MASK));
        let webhook = match &activation.listener {
            Listener::Webhook(webhook) => Some(Webhook {
                target_url: Some(webhook.url.clone()),
                kind: webhook.kind,
                secret: webhook.secret.as_ref().and_then(|_| mask()),
                username: webhook.username.clone(),
                password: webhook.password.as_ref().and_then(|_| mask()),
                mutual_tls: webhook.mutual_tls.as_ref().map(|(certificate, _)| MutualTls {
                    certificate: certificate.clone(),
                    private_key: Secret::new(MASK),
                }),
                headers: (!webhook.headers.is_empty()).then(|| webhook.headers.clone()),
                disabled: webhook.disabled,
            }),
            _ => None,
        };
        let queue = match activation.listener {
            Listener::Queue(state) if state != QueueState::Remove => Some(QueueInfo {
                poll_url: format!("{}/queue", self.app_url(activation.org, activation.app)),
                state,
            }),
            _ => None,
        };
        Ok(Shown {
            id: activation.app,
            manifest_version: activation.manifest_version,
            scopes: activation.scopes.clone(),
            roles: activation.roles.clone(),
            xapi_access_keys: activation.access.clone(),
            created_at: activation.created,
            updated_at: activation.updated,
            provisioning_state: activation.provisioning_state,
            expires_at: activation.expires,
            actions_url: activation.actions_url.clone(),
            operational_state: activation.operational_state,
            customer: activation.customer.clone(),
            webhook,
            queue,
            locations: (!activation.locations.is_empty())
                .then(|| activation.locations.iter().map(|id| id.uuid()).collect()),
            public_location_ids: activation.locations.clone(),
            health_check_details: activation.health.clone(),
            features: features(&manifest, &activation.scopes)
                .into_iter()
                .map(|feature| feature.name().to_owned())
                .collect(),
            digital_signage_configuration: activation.provided.signage(),
            persistent_web_app_configuration: activation.provided.web_app(),
            availability: availability(&manifest),
        })
    }

    /// All integrations of the organization.
    ///
    /// # Errors
    /// The caller is no administrator.
    pub async fn integrations(&self, caller: &Caller) -> Result<Vec<IntegrationSummary>> {
        caller.require_reading_admin()?;
        let mut list = Vec::new();
        for integration in self.sources(caller.org).await? {
            list.push(self.summary(&integration).await?);
        }
        Ok(list)
    }

    /// What an organization has: integrations of its own, and public ones that are active.
    pub(crate) async fn sources(&self, org: OrgId) -> Result<Vec<Source>> {
        let own = self.store.integrations(org).await;
        let own = own.doing("listing integrations")?;
        let mut all: Vec<Source> = own.into_iter().map(Source::from).collect();
        let active = self.store.activations_in(org).await;
        for activation in active.doing("listing activations")? {
            if all.iter().any(|source| source.app == activation.app) {
                continue;
            }
            all.extend(self.foreign_source(org, activation.app).await?);
        }
        Ok(all)
    }

    /// One of them.
    ///
    /// # Errors
    /// The caller is no administrator; there is no such integration.
    pub async fn integration(&self, caller: &Caller, app: AppId) -> Result<IntegrationSummary> {
        caller.require_reading_admin()?;
        let integration = self.find_integration(caller, app).await?;
        self.summary(&integration).await
    }

    async fn summary(&self, integration: &Source) -> Result<IntegrationSummary> {
        let newest = self.stored_manifest(&integration.manifest)?;
        let activation = self.find_activation(integration.org, integration.app).await?;
        let granted = activation.as_ref().map(|activation| Granted {
            scopes: activation.scopes.clone(),
            roles: activation.roles.clone(),
            access: activation.access.clone(),
        });
        let pending = activation
            .as_ref()
            .and_then(|activation| activation.pending.as_deref());
        let mut pending_growth = Vec::new();
        let mut pending_version = None;
        if let (Some(pending), Some(activation)) = (pending, &activation) {
            let pending = self.stored_manifest(pending)?;
            let approved = self.stored_manifest(&activation.manifest)?;
            pending_growth.extend(
                manifest::grew(&approved, &pending)
                    .iter()
                    .map(ToString::to_string),
            );
            pending_version = Some(pending.manifest_version);
        }
        let delivery = match &activation {
            Some(activation) => Some(self.delivery_health(activation).await?),
            None => None,
        };
        Ok(IntegrationSummary {
            app_id: integration.app,
            display_name: newest.display_name.clone(),
            vendor: newest.vendor.clone(),
            description: newest.description.clone(),
            availability: availability(&newest),
            manifest_version: integration.manifest_version,
            client_id: integration.client_id.clone(),
            state: self.state(activation.as_ref()),
            features: newest
                .features
                .iter()
                .map(|feature| feature.name().to_owned())
                .collect(),
            created: integration.created,
            requested: requested(&newest, granted.as_ref(), &self.catalogue),
            activation: activation
                .as_ref()
                .map(|activation| self.shown(activation))
                .transpose()?,
            pending_growth,
            pending_version,
            delivery,
            push: activation
                .as_ref()
                .and_then(|activation| activation.push.as_ref())
                .map(Push::shown),
        })
    }

    pub(crate) fn state(&self, activation: Option<&Activation>) -> IntegrationState {
        let Some(activation) = activation else {
            return IntegrationState::Inactive;
        };
        if activation.ends.is_some() {
            IntegrationState::Deactivating
        } else if activation.provisioning_state == ProvisioningState::InProgress {
            match activation.expires {
                Some(expires) if expires <= self.now() => IntegrationState::ActivationExpired,
                _ => IntegrationState::Activating,
            }
        } else if activation.pending.is_some() {
            IntegrationState::UpdatePending
        } else {
            IntegrationState::Active
        }
    }

    /// The newest manifest, as uploaded.
    ///
    /// # Errors
    /// The caller is no administrator; there is no such integration.
    pub async fn integration_manifest(&self, caller: &Caller, app: AppId) -> Result<String> {
        caller.require_reading_admin()?;
        Ok(self.find_integration(caller, app).await?.manifest)
    }
}

fn availability(manifest: &manifest::Manifest) -> String {
    match manifest.availability {
        manifest::Availability::OrgPrivate => "org_private".to_owned(),
        manifest::Availability::Global => "global".to_owned(),
    }
}
