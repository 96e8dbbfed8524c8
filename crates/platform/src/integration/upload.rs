//! What an administrator uploads: manifests, and the integrations that they make.

use hallway_wire::Secret;
use hallway_wire::control::Uploaded;
use hallway_wire::id::{AppId, OrgId};
use hallway_wire::manifest::{self, Manifest, ParseOptions};

use super::{Activation, Integration, Source};
use crate::audit;
use crate::caller::Caller;
use crate::crypto::{random, sha256};
use crate::error::{Doing as _, Error, Result};
use crate::platform::Platform;
use crate::ports::Write;

impl Platform {
    /// Reads a manifest: the parsed form, and warnings as sentences.
    pub(super) fn read_manifest(&self, text: &str) -> Result<(Manifest, Vec<String>)> {
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
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
