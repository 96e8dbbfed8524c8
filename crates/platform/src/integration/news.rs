//! What an integration is to be told about a decision. It is written with the decision, and cleared once it is
//! in the queues: between the two it is told again after a start, with the same `jti`, so that who was told
//! already can tell.

use hallway_wire::claims::Action;
use hallway_wire::manifest::Feature;
use serde::{Deserialize, Serialize};

use super::Activation;
use super::activation::xapi_access_text;
use crate::crypto::random_jti;
use crate::error::{Doing as _, Error, Result};
use crate::platform::Platform;

/// What was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum News {
    /// Another manifest version is in force.
    UpdateApproved,
    /// It is being deactivated.
    Deprovision,
}

/// A decision that the integration perhaps does not know yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Untold {
    pub news: News,
    pub jti: String,
}

impl Activation {
    /// Notes that the integration is to be told; one that hears nothing is told nothing.
    pub(super) fn note(&mut self, news: News) {
        self.untold = self.hears_actions().then(|| Untold {
            news,
            jti: random_jti(),
        });
    }
}

impl Platform {
    /// Tells an integration what was decided, if it is to be told something.
    pub(super) async fn tell_news(&self, activation: &Activation) -> Result<()> {
        let Some(untold) = &activation.untold else {
            return Ok(());
        };
        let action = match untold.news {
            News::UpdateApproved => {
                let manifest = self.stored_manifest(&activation.manifest)?;
                Action::UpdateApproved {
                    manifest_version: activation.manifest_version,
                    scopes: activation.scopes.join(","),
                    xapi_access: xapi_access_text(&activation.access),
                    signage_url: self.feature_url(activation, &manifest, Feature::DigitalSignage),
                    pwa_url: self.feature_url(activation, &manifest, Feature::PersistentWebApp),
                }
            }
            News::Deprovision => Action::Deprovision {},
        };
        self.queue_action(activation, action, untold.jti.clone()).await?;
        let told = self
            .change_activation(activation.org, activation.app, Vec::new(), |stored| {
                if stored.id != activation.id || stored.untold.as_ref() != Some(untold) {
                    return Err(Error::NotFound { what: "integration" });
                }
                stored.untold = None;
                Ok(Vec::new())
            })
            .await;
        match told {
            // It ended at once, or there is something newer to tell.
            Ok(_) | Err(Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Takes up what the last process left: integrations that were not told, activation codes that were not
    /// taken.
    pub(crate) async fn resume_activations(&self) -> Result<()> {
        for activation in self.store.activations().await.doing("reading activations")? {
            self.resume_push(&activation);
            if let Err(error) = self.tell_news(&activation).await {
                tracing::warn!(app = %activation.app, %error, "an integration could not be told what was decided");
            }
        }
        Ok(())
    }
}
