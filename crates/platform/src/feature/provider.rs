//! What the integration itself does: storing, reading and removing a configuration (features 3).

use hallway_wire::feature::{FeatureProvider, FeatureView};
use hallway_wire::id::AppId;
use hallway_wire::manifest::{Feature, PWA_JSXAPI};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::assignment::{Assignment, BY_OFFER};
use super::{Offer, Provided, check};
use crate::audit;
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::integration::{Activation, Source, features};
use crate::platform::Platform;

/// As it travels.
fn shown(provided: &Provided, feature: Feature) -> Option<Value> {
    match feature {
        Feature::DigitalSignage => provided.signage().map(|it| json!(it)),
        Feature::PersistentWebApp => provided.web_app().map(|it| json!(it)),
    }
}

fn none_stored(feature: Feature) -> Error {
    Error::Missing {
        message: format!("No configuration of the {} is stored.", feature.noun()),
    }
}

impl Platform {
    /// The caller's own activation, if it holds the feature.
    ///
    /// # Errors
    /// The token is of another integration or of a person; the integration was deactivated; the feature was not
    /// granted.
    async fn own_provider(
        &self,
        caller: &Caller,
        org: Uuid,
        app: Uuid,
        feature: Feature,
    ) -> Result<Activation> {
        let activation = self.own_activation(caller, org, app).await?;
        if activation.ends.is_some() {
            return Err(Error::Missing {
                message: "The integration was deactivated.".to_owned(),
            });
        }
        let manifest = self.stored_manifest(&activation.manifest)?;
        // What the activation was granted decides: a token that was issued before the approval of an update may
        // be used until it is refreshed.
        if !features(&manifest, &activation.scopes).contains(&feature) {
            return Err(Error::forbidden(format!(
                "The integration was not granted the {}: its manifest must name the feature {} and its scope {}, and \
                 an administrator must have approved both.",
                feature.noun(),
                feature.name(),
                feature.scope()
            )));
        }
        Ok(activation)
    }

    /// Checks that the caller may configure a feature, before its request is read.
    ///
    /// # Errors
    /// See [`Platform::put_feature`].
    pub async fn may_configure_feature(
        &self,
        caller: &Caller,
        org: Uuid,
        app: Uuid,
        feature: Feature,
    ) -> Result<()> {
        self.own_provider(caller, org, app, feature).await.map(drop)
    }

    /// `GET signageUrl`, `GET pwaUrl`
    ///
    /// # Errors
    /// As [`Platform::put_feature`]; nothing is stored.
    pub async fn feature(&self, caller: &Caller, org: Uuid, app: Uuid, feature: Feature) -> Result<Value> {
        let activation = self.own_provider(caller, org, app, feature).await?;
        shown(&activation.provided, feature).ok_or_else(|| none_stored(feature))
    }

    /// `PUT signageUrl`, `PUT pwaUrl`: from now on the integration can be chosen, and devices that have it
    /// already get the new page.
    ///
    /// # Errors
    /// The token is of another integration or of a person; the integration was deactivated; the feature was not
    /// granted; the configuration is not valid.
    pub async fn put_feature(
        &self,
        caller: &Caller,
        org: Uuid,
        app: Uuid,
        feature: Feature,
        body: &Map<String, Value>,
    ) -> Result<Value> {
        let activation = self.own_provider(caller, org, app, feature).await?;
        let wish = check::read(feature, body, self.config.allow_http)
            .map_err(|problems| Error::invalid_all("The configuration is not valid.", problems))?;
        let offer = |before: Option<&Offer>| Offer {
            id: before.map_or_else(Uuid::new_v4, |before| before.id),
            url: wish.url.clone(),
            cross_launch: wish.cross_launch.clone(),
            allow_list: wish.allow_list.clone(),
        };
        let before = activation.provided.of(feature);
        if before.is_some_and(|before| offer(Some(before)) == *before) {
            return shown(&activation.provided, feature).ok_or_else(|| none_stored(feature));
        }
        let now = self.now();
        let name = self.stored_manifest(&activation.manifest)?.display_name;
        let description = format!("stored the configuration of its {}", feature.noun());
        let entry = audit::by(caller, now, "integration.feature_configured", &name, description);
        let changed = self
            .change_provided(&activation, feature, vec![entry], |before| Some(offer(before)))
            .await?;
        shown(&changed.provided, feature).ok_or_else(|| none_stored(feature))
    }

    /// `DELETE signageUrl`, `DELETE pwaUrl`: devices lose what was assigned to them.
    ///
    /// # Errors
    /// As [`Platform::put_feature`]; nothing is stored.
    pub async fn delete_feature(
        &self,
        caller: &Caller,
        org: Uuid,
        app: Uuid,
        feature: Feature,
    ) -> Result<()> {
        let activation = self.own_provider(caller, org, app, feature).await?;
        if activation.provided.of(feature).is_none() {
            return Err(none_stored(feature));
        }
        let name = self.stored_manifest(&activation.manifest)?.display_name;
        let description = format!("removed the configuration of its {}", feature.noun());
        let entry = audit::by(
            caller,
            self.now(),
            "integration.feature_removed",
            &name,
            description,
        );
        self.change_provided(&activation, feature, vec![entry], |_| None)
            .await?;
        Ok(())
    }

    async fn change_provided(
        &self,
        activation: &Activation,
        feature: Feature,
        first: Vec<crate::ports::Write>,
        offer: impl Fn(Option<&Offer>) -> Option<Offer>,
    ) -> Result<Activation> {
        let (id, now) = (activation.id, self.now());
        let changed = self
            .change_activation(activation.org, activation.app, first, |stored| {
                // It may have been deactivated, or have lost the feature, since it was looked at.
                let manifest = self.stored_manifest(&stored.manifest)?;
                let held = features(&manifest, &stored.scopes).contains(&feature);
                if stored.id != id || stored.ends.is_some() || !held {
                    return Err(Error::conflict(
                        "The integration was changed in the meantime: try again.",
                    ));
                }
                let next = offer(stored.provided.of(feature));
                stored.provided.set(feature, next);
                stored.updated = now;
                Ok(Vec::new())
            })
            .await?;
        self.provider_changed(activation.org, activation.app);
        Ok(changed)
    }

    /// Where a feature of an integration stands.
    ///
    /// # Errors
    /// The caller is no administrator; there is no such integration.
    pub async fn feature_view(&self, caller: &Caller, app: AppId, feature: Feature) -> Result<FeatureView> {
        caller.require_reading_admin()?;
        let integration = self.find_integration(caller, app).await?;
        let manifest = self.stored_manifest(&integration.manifest)?;
        let (activation, next_step) = self.provider(&integration, feature).await?;
        let provided = activation
            .as_ref()
            .map(|it| it.provided.clone())
            .unwrap_or_default();
        let assigned_devices = match provided.of(feature) {
            None => 0,
            Some(offer) => {
                self.count::<Assignment>(caller.org, BY_OFFER, &offer.id.to_string())
                    .await?
            }
        };
        let is = |wanted| feature == wanted;
        let scopes = activation
            .as_ref()
            .map_or(&[][..], |activation| &activation.scopes);
        Ok(FeatureView {
            app_id: app,
            display_name: manifest.display_name,
            feature: feature.name().to_owned(),
            offered: next_step.is_none(),
            next_step,
            digital_signage_configuration: provided.signage().filter(|_| is(Feature::DigitalSignage)),
            persistent_web_app_configuration: provided.web_app().filter(|_| is(Feature::PersistentWebApp)),
            direct_xapi_access: is(Feature::PersistentWebApp)
                && scopes.iter().any(|scope| scope == PWA_JSXAPI),
            assigned_devices,
        })
    }

    /// The activation of an integration, and what to do until it provides the feature.
    pub(super) async fn provider(
        &self,
        integration: &Source,
        feature: Feature,
    ) -> Result<(Option<Activation>, Option<String>)> {
        let newest = self.stored_manifest(&integration.manifest)?;
        let (name, noun) = (&newest.display_name, feature.noun());
        let activation = self.find_activation(integration.org, integration.app).await?;
        let activation = activation.filter(|activation| activation.ends.is_none());
        let declares = newest.features.contains(&feature);
        let Some(activation) = activation else {
            let step = match declares {
                true => format!("{name} is not active: activate it first (hallway integration activate)."),
                false => format!("{name} provides no {noun}: its manifest does not name the feature."),
            };
            return Ok((None, Some(step)));
        };
        if activation.provided.of(feature).is_some() {
            return Ok((Some(activation), None));
        }
        let approved = self.stored_manifest(&activation.manifest)?;
        let step = if features(&approved, &activation.scopes).contains(&feature) {
            format!(
                "{name} has not stored a configuration yet: it has to PUT one at {}/features/{}.",
                self.app_url(activation.org, activation.app),
                feature.segment()
            )
        } else if approved.features.contains(&feature) {
            format!(
                "{name} was not granted the scope {}: deactivate it, and activate it again without denying the scope.",
                feature.scope()
            )
        } else if declares {
            format!(
                "The version of {name} that names the feature waits for approval (hallway integration approve)."
            )
        } else {
            format!("{name} provides no {noun}: its manifest does not name the feature.")
        };
        Ok((Some(activation), Some(step)))
    }

    /// The integrations that can be chosen for a feature.
    ///
    /// # Errors
    /// The caller is no administrator.
    pub async fn feature_providers(&self, caller: &Caller, feature: Feature) -> Result<Vec<FeatureProvider>> {
        caller.require_reading_admin()?;
        let mut providers = Vec::new();
        for integration in self.sources(caller.org).await? {
            let (activation, None) = self.provider(&integration, feature).await? else {
                continue;
            };
            let offer = activation.as_ref().and_then(|it| it.provided.of(feature));
            let launch = offer
                .and_then(|offer| offer.cross_launch.clone())
                .unwrap_or_default();
            let manifest = self.stored_manifest(&integration.manifest)?;
            providers.push(FeatureProvider {
                app_id: integration.app,
                display_name: manifest.display_name,
                vendor: manifest.vendor,
                manage_content: launch.manage_content.is_some(),
                assign_content: launch.assign_content.is_some(),
            });
        }
        Ok(providers)
    }
}
