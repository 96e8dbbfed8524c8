//! Changing an activation while others do too, and the addresses that it is told.

use hallway_wire::Timestamp;
use hallway_wire::id::{AppId, OrgId};
use hallway_wire::integration::XapiAccessKeys;
use hallway_wire::manifest::{Feature, Manifest};

use super::Activation;
use super::access::features;
use crate::error::{Doing as _, Error, Result};
use crate::org::{Person, PersonKind, Role};
use crate::platform::Platform;
use crate::ports::Write;

/// How often a change of an activation is tried again when somebody else changed it meanwhile.
const ATTEMPTS: usize = 8;

impl Platform {
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
pub(super) fn machine_account(activation: &Activation, manifest: &Manifest, now: Timestamp) -> Person {
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
