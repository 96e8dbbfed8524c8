//! Activation: the review, the machine account, the code.

use hallway_wire::claims::{Action, Claims};
use hallway_wire::control::{ActivateRequest, Activated};
use hallway_wire::id::{ActivationId, AppId, PersonId};
use hallway_wire::integration::{OperationalState, ProvisioningState};
use hallway_wire::manifest::{Feature, ProvisioningKind};
use hallway_wire::{Secret, Timestamp};
use uuid::Uuid;

use super::access::{Granted, grant};
use super::activation::{machine_account, xapi_access_text};
use super::{Activation, Listener, Push};
use crate::audit;
use crate::caller::Caller;
use crate::crypto::random_jti;
use crate::error::{Doing as _, Error, Result};
use crate::feature::Provided;
use crate::oauth::{Grant, TokenKind, token_row, token_text};
use crate::platform::Platform;
use crate::ports::Write;
use crate::records::Kept;

impl Platform {
    /// Activates an integration, or issues a new code where the last one was not used.
    ///
    /// # Errors
    /// The caller is no full administrator; the review denies what is required; a location is unknown; it is
    /// active already.
    pub async fn activate(&self, caller: &Caller, app: AppId, request: ActivateRequest) -> Result<Activated> {
        caller.require_full_admin()?;
        let begun = self
            .retrying(|| self.begin_activation(caller, app, &request))
            .await;
        let (activation, activation_code, expiry_time) = begun?;
        let activation = match activation.push {
            Some(_) => self.push_first(activation).await?,
            None => activation,
        };
        Ok(Activated {
            app_id: app,
            activation_code,
            expiry_time,
            scopes: activation.scopes,
            xapi_access: activation.access,
            push: activation.push.as_ref().map(Push::shown),
        })
    }

    /// Writes an activation down, with everything that belongs to it. Returns it, its code and when that expires.
    async fn begin_activation(
        &self,
        caller: &Caller,
        app: AppId,
        request: &ActivateRequest,
    ) -> Result<(Activation, Secret, Timestamp)> {
        let integration = self.find_integration(caller, app).await?;
        if !integration.offered {
            return Err(Error::conflict(
                "The vendor has withdrawn the integration: it cannot be activated any more.",
            ));
        }
        let manifest = self.stored_manifest(&integration.manifest)?;
        let Granted {
            scopes,
            roles,
            access,
        } = grant(&manifest, &request.deny)?;
        for location in &request.locations {
            let found = self
                .store
                .location(*location)
                .await
                .doing("looking up a location")?;
            if found.is_none_or(|found| found.org != caller.org) {
                return Err(Error::NotFound { what: "location" });
            }
        }
        let now = self.now();
        let before = self.find_activation(caller.org, app).await?;
        let mut writes = Vec::new();
        if let Some(before) = &before {
            if before.ends.is_some() {
                return Err(Error::conflict(
                    "The integration is being deactivated: try again in a few minutes.",
                ));
            }
            if before.provisioning_state != ProvisioningState::InProgress {
                return Err(Error::conflict(
                    "The integration is active already: deactivate it first.",
                ));
            }
            // Whatever the unused code opened is closed.
            writes.push(Write::DeleteGrant(before.grant));
            writes.push(Write::DeletePerson(before.machine));
            writes.push(Write::DeleteActivation(before.id));
        }
        let machine = PersonId::random();
        let id = ActivationId::random();
        let token_grant = Grant {
            id: Uuid::new_v4(),
            org: caller.org,
            person: machine,
            client_id: Some(integration.client_id.clone()),
            activation: Some(id),
            scopes: scopes.clone(),
            created: now,
            standing: true,
            limited: false,
        };
        let refresh = token_text("hwr", caller.org);
        let expires =
            now.plus_millis(i64::try_from(self.config.activation_code_life.as_millis()).unwrap_or(i64::MAX));
        let mut activation = Activation {
            id,
            actions_queue: ActivationId::random(),
            org: caller.org,
            app,
            revision: 0,
            manifest: integration.manifest.clone(),
            manifest_version: integration.manifest_version,
            pending: None,
            pending_version: None,
            vendor: integration.publication.as_ref().map(|it| it.vendor),
            denied: request.deny.clone(),
            scopes,
            roles,
            access,
            locations: request.locations.clone(),
            machine,
            grant: token_grant.id,
            activated_by: caller.person,
            provisioning_state: ProvisioningState::InProgress,
            operational_state: OperationalState::Unknown,
            deliveries_impaired: false,
            expires: Some(expires),
            actions_url: None,
            customer: None,
            listener: Listener::None,
            announced_url: self.config.public_url.clone(),
            health: None,
            provided: Provided::default(),
            push: None,
            untold: None,
            ends: None,
            created: now,
            updated: now,
        };
        let code = self
            .activation_code(caller, &activation, &refresh, now, expires)
            .await?;
        if let (ProvisioningKind::Https, Some(url)) = (manifest.provisioning.kind, &manifest.provisioning.url)
        {
            activation.push = Some(Push::new(url.clone(), self.vault.seal(code.expose())));
        }
        // What was withdrawn or replaced meanwhile is not activated.
        writes.extend(integration.publication.as_ref().map(Kept::demand));
        writes.push(Write::PutPerson(machine_account(&activation, &manifest, now)));
        writes.push(Write::PutGrant(token_grant.clone()));
        writes.push(Write::PutToken(token_row(
            &refresh,
            TokenKind::Refresh,
            &token_grant,
            now,
            self.config.refresh_token_life,
        )));
        writes.push(Write::NewActivation(activation.clone()));
        writes.push(audit::by(
            caller,
            now,
            "integration.activated",
            &manifest.display_name,
            format!(
                "activated {} and received an activation code",
                manifest.display_name
            ),
        ));
        self.store
            .commit(writes)
            .await
            .doing("activating an integration")?;
        if let Some(before) = before {
            self.sessions.forget(before.grant);
            self.provider_changed(caller.org, app);
        }
        Ok((activation, code, expires))
    }

    /// Signs the activation code.
    async fn activation_code(
        &self,
        caller: &Caller,
        activation: &Activation,
        refresh: &Secret,
        now: Timestamp,
        expires: Timestamp,
    ) -> Result<Secret> {
        let org = self.organization(caller, caller.org).await?;
        let manifest = self.stored_manifest(&activation.manifest)?;
        let claims = self.claims(
            activation,
            random_jti(),
            now,
            Action::Provision {
                oauth_url: self.oauth_url(),
                webexapis_base_url: self.api_url(),
                app_url: self.app_url(activation.org, activation.app),
                manifest_url: self.manifest_url(activation.org, activation.app),
                refresh_token: refresh.clone(),
                org_name: org.display_name,
                scopes: activation.scopes.join(","),
                xapi_access: xapi_access_text(&activation.access),
                expiry_time: expires,
                user_id: caller.person,
                signage_url: self.feature_url(activation, &manifest, Feature::DigitalSignage),
                pwa_url: self.feature_url(activation, &manifest, Feature::PersistentWebApp),
            },
        );
        Ok(Secret::new(self.keys.load().signing.sign(&claims)?))
    }

    /// The claims of a JWT for an activation.
    pub(crate) fn claims(
        &self,
        activation: &Activation,
        jti: String,
        now: Timestamp,
        action: Action,
    ) -> Claims {
        Claims {
            sub: activation.org,
            iat: now.seconds(),
            jti,
            app_id: activation.app,
            region: self.config.region.clone(),
            action,
        }
    }
}
