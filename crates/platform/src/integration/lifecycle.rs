//! What an administrator does: upload, review, activate, update, approve, deactivate, delete.

use hallway_wire::claims::{Action, Claims};
use hallway_wire::control::{ActivateRequest, Activated, Updated, Uploaded};
use hallway_wire::id::{ActivationId, AppId, OrgId, PersonId};
use hallway_wire::integration::{OperationalState, ProvisioningState, XapiAccessKeys};
use hallway_wire::manifest::{self, Feature, Manifest, ParseOptions, ProvisioningKind};
use hallway_wire::{Secret, Timestamp};
use uuid::Uuid;

use super::access::{Granted, features, grant};
use super::{Activation, Integration, Listener, News, Push, Source};
use crate::audit;
use crate::caller::Caller;
use crate::crypto::{random, random_jti, sha256};
use crate::error::{Doing as _, Error, Result};
use crate::feature::Provided;
use crate::oauth::{Grant, TokenKind, token_row, token_text};
use crate::org::{Person, PersonKind, Role};
use crate::platform::Platform;
use crate::ports::Write;
use crate::records::Kept;

/// How often a change of an activation is tried again when somebody else changed it meanwhile.
const ATTEMPTS: usize = 8;

impl Platform {
    /// Reads a manifest: the parsed form, and warnings as sentences.
    fn read_manifest(&self, text: &str) -> Result<(Manifest, Vec<String>)> {
        let options = ParseOptions {
            allow_http: self.config.allow_http,
            supported_statuses: self.catalogue.supported_statuses(),
            supported_events: self.catalogue.supported_events(),
        };
        let parsed = manifest::parse(text, &options);
        let sentence = |problem: &manifest::Problem| {
            let help = problem
                .help
                .as_deref()
                .map(|help| format!(" ({help})"))
                .unwrap_or_default();
            format!(
                "{} at line {}, column {}: {}{help}",
                problem.path, problem.line, problem.column, problem.message
            )
        };
        let errors: Vec<String> = parsed
            .problems
            .iter()
            .filter(|p| p.is_error())
            .map(sentence)
            .collect();
        match parsed.manifest {
            Some(manifest) if errors.is_empty() => {
                Ok((manifest, parsed.problems.iter().map(sentence).collect()))
            }
            _ => Err(Error::invalid_all("The manifest is not valid.", errors)),
        }
    }

    /// A manifest that was accepted before.
    pub(crate) fn stored_manifest(&self, text: &str) -> Result<Manifest> {
        // Rules may have become stricter since; what was accepted stays readable.
        let options = ParseOptions {
            allow_http: true,
            supported_statuses: &[],
            supported_events: &[],
        };
        manifest::parse(text, &options)
            .manifest
            .ok_or_else(|| Error::Internal("a stored manifest cannot be read any more".to_owned()))
    }

    /// Uploads the first version of a manifest.
    ///
    /// # Errors
    /// The caller is no full administrator; the manifest is not valid; its id is taken.
    pub async fn upload_integration(&self, caller: &Caller, text: &str) -> Result<Uploaded> {
        caller.require_full_admin()?;
        let (manifest, warnings) = self.read_manifest(text)?;
        let now = self.now();
        let client_id = format!("C{}", hex(&random::<32>()));
        let client_secret = Secret::new(hex(&random::<32>()));
        let integration = Integration {
            org: caller.org,
            app: manifest.id,
            client_id: client_id.clone(),
            client_secret_hash: sha256(client_secret.expose().as_bytes()),
            manifest: text.to_owned(),
            manifest_version: manifest.manifest_version,
            created: now,
            updated: now,
        };
        if self
            .store
            .integration(caller.org, manifest.id)
            .await
            .doing("looking up an integration")?
            .is_some()
        {
            return Err(Error::conflict(format!(
                "An integration with the id {} exists already: upload a higher manifestVersion as an update.",
                manifest.id
            )));
        }
        if self.find_activation(caller.org, manifest.id).await?.is_some() {
            return Err(Error::conflict(format!(
                "The public integration with the id {} is active in this organization: deactivate it first.",
                manifest.id
            )));
        }
        let entry = audit::by(
            caller,
            now,
            "integration.uploaded",
            &manifest.display_name,
            format!(
                "uploaded {} version {}",
                manifest.display_name, manifest.manifest_version
            ),
        );
        self.store
            .commit(vec![Write::NewIntegration(integration), entry])
            .await
            .doing("storing an integration")?;
        Ok(Uploaded {
            app_id: manifest.id,
            client_id,
            client_secret,
            manifest_version: manifest.manifest_version,
            warnings,
        })
    }

    /// What an organization can activate, or has: an integration of its own, or else a public one.
    pub(crate) async fn find_integration(&self, caller: &Caller, app: AppId) -> Result<Source> {
        let own = self.store.integration(caller.org, app).await;
        if let Some(own) = own.doing("looking up an integration")? {
            return Ok(own.into());
        }
        let foreign = self.foreign_source(caller.org, app).await?;
        foreign.ok_or(Error::NotFound { what: "integration" })
    }

    /// The integration that the caller's organization uploaded.
    pub(crate) async fn own_integration(&self, caller: &Caller, app: AppId) -> Result<Integration> {
        let own = self.store.integration(caller.org, app).await;
        if let Some(own) = own.doing("looking up an integration")? {
            return Ok(own);
        }
        match self.foreign_source(caller.org, app).await? {
            Some(_) => Err(Error::forbidden(
                "This integration is of another vendor: only its vendor may do this.",
            )),
            None => Err(Error::NotFound { what: "integration" }),
        }
    }

    /// Its activation.
    pub(crate) async fn find_activation(&self, org: OrgId, app: AppId) -> Result<Option<Activation>> {
        self.store
            .activation(org, app)
            .await
            .doing("looking up an activation")
    }

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

    /// Changes an activation, together with other writes. Where somebody else changed it meanwhile, it is
    /// read and changed again.
    pub(crate) async fn change_activation(
        &self,
        org: OrgId,
        app: AppId,
        first: Vec<Write>,
        mut change: impl FnMut(&mut Activation) -> Result<Vec<Write>>,
    ) -> Result<Activation> {
        let mut last = None;
        for _ in 0..ATTEMPTS {
            let found = self.find_activation(org, app).await?;
            let mut activation = found.ok_or(Error::NotFound { what: "integration" })?;
            let before = activation.clone();
            let mut more = change(&mut activation)?;
            // The OAuth client of a grant does not change; the closure does not know it.
            for write in &mut more {
                if let Write::PutGrant(grant) = write
                    && grant.client_id.is_none()
                    && let Some(stored) = self.store.grant(grant.id).await.doing("looking up a grant")?
                {
                    grant.client_id = stored.client_id;
                }
            }
            activation.revision = before.revision + 1;
            let mut writes = first.clone();
            writes.push(Write::PutActivation(activation.clone()));
            writes.append(&mut more);
            match self.store.commit(writes).await {
                Ok(()) => return Ok(activation),
                Err(error @ crate::ports::StoreError::Conflict { .. }) => last = Some(error),
                Err(error) => return Err(error).doing("changing an activation"),
            }
        }
        Err(last.map_or_else(
            || Error::Internal("an activation was not changed".to_owned()),
            |error| Error::conflict(format!("The integration is changed by too many at once: {error}")),
        ))
    }

    pub(super) fn api_url(&self) -> String {
        format!("{}/v1", self.config.public_url)
    }

    pub(super) fn oauth_url(&self) -> String {
        format!("{}/access_token", self.api_url())
    }

    /// Where a feature is configured, if the activation holds it (features 2).
    pub(super) fn feature_url(
        &self,
        activation: &Activation,
        manifest: &Manifest,
        feature: Feature,
    ) -> Option<String> {
        let held = features(manifest, &activation.scopes).contains(&feature);
        let app_url = self.app_url(activation.org, activation.app);
        held.then(|| format!("{app_url}/features/{}", feature.segment()))
    }

    /// Where the integration manages itself.
    pub fn app_url(&self, org: OrgId, app: AppId) -> String {
        format!(
            "{}/xapi/api/organizations/{}/apps/{app}",
            self.config.public_url,
            org.uuid()
        )
    }

    pub(super) fn manifest_url(&self, org: OrgId, app: AppId) -> String {
        format!(
            "{}/xapi/api/organizations/{}/appManifests/{app}",
            self.config.public_url,
            org.uuid()
        )
    }
}

/// The machine account of an activation.
fn machine_account(activation: &Activation, manifest: &Manifest, now: Timestamp) -> Person {
    let email = format!("{}@integration.hallway.internal", activation.machine.uuid());
    let roles = activation.roles.iter();
    Person {
        roles: roles.filter_map(|role| Role::from_name(role)).collect(),
        last_modified: now,
        ..Person::new(
            activation.machine,
            activation.org,
            PersonKind::Machine,
            email,
            manifest.display_name.clone(),
            activation.created,
        )
    }
}

/// Granted paths as the JWT holds them: a text that holds JSON.
pub(super) fn xapi_access_text(access: &XapiAccessKeys) -> String {
    serde_json::to_string(access).expect("lists of texts are JSON")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
