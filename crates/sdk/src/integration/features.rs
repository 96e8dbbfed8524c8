//! What an integration provides for devices: digital signage and persistent web apps (features 3 and 6).

use std::marker::PhantomData;

use hallway_wire::feature::{DigitalSignageConfiguration, PersistentWebAppConfiguration};
use http::Method;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{Integration, Via};
use crate::client::Client;
use crate::error::{Error, Result};
use crate::id::DeviceId;
use crate::jwt::{CodeError, Said};
use crate::words::words;

/// The configuration of a feature. While none is stored, administrators cannot choose the integration for it.
///
/// ```no_run
/// # async fn example(integration: hallway_sdk::Integration) -> hallway_sdk::Result<()> {
/// use hallway_sdk::wire::feature::DigitalSignageConfiguration;
///
/// if let Some(signage) = integration.signage() {
///     let page = DigitalSignageConfiguration {
///         signage_url: "https://signs.example.com/?device=$(deviceId)".to_owned(),
///         cross_launch: None,
///     };
///     if signage.get().await?.as_ref() != Some(&page) {
///         signage.put(&page).await?;
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Feature<T> {
    client: Client,
    url: String,
    shape: PhantomData<fn() -> T>,
}

impl<T: Serialize + DeserializeOwned> Feature<T> {
    fn new(client: &Client, url: Option<String>) -> Option<Self> {
        Some(Self {
            client: client.clone(),
            url: url?,
            shape: PhantomData,
        })
    }

    /// What is stored; `None`: nothing yet.
    ///
    /// # Errors
    /// Any; see [`Error`].
    pub async fn get(&self) -> Result<Option<T>> {
        match self.client.request(Method::GET, self.url.clone()).read().await {
            Ok(stored) => Ok(Some(stored)),
            Err(Error::NotFound(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Stores a configuration in the place of the one before. Devices that use the integration get it by
    /// themselves.
    ///
    /// # Errors
    /// Any; see [`Error`].
    pub async fn put(&self, configuration: &T) -> Result<()> {
        let call = self.client.request(Method::PUT, self.url.clone());
        call.json(configuration).done().await
    }

    /// Removes the configuration, and with it what devices show of it.
    ///
    /// # Errors
    /// Any; see [`Error`].
    pub async fn delete(&self) -> Result<()> {
        self.client.request(Method::DELETE, self.url.clone()).done().await
    }
}

words! {
    /// What an administrator wants to do at the vendor's.
    pub enum CrossLaunchTask {
        /// Choose what the devices show.
        AssignContent = "assign_content",
        /// Look after the content.
        ManageContent = "manage_content",
    }
}

/// A device of a cross launch.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CrossLaunchDevice {
    /// Which.
    pub device_id: DeviceId,
    /// What it is called.
    #[serde(default)]
    pub display_name: Option<String>,
}

/// An administrator goes to a page of the vendor. It is answered with `{"redirectUrl": "https://…"}`.
///
/// Only organization and integration are signed; task and devices are what the sender says.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CrossLaunchRequest {
    /// What for; some services do not say it.
    pub task: Option<CrossLaunchTask>,
    /// For which devices; none where content is managed.
    pub devices: Vec<CrossLaunchDevice>,
}

#[derive(Deserialize)]
struct Posted {
    jwt: String,
    #[serde(default)]
    task: Option<CrossLaunchTask>,
    #[serde(default)]
    devices: Vec<CrossLaunchDevice>,
}

impl Integration {
    /// Digital signage; `None`: the feature was not granted.
    pub fn signage(&self) -> Option<Feature<DigitalSignageConfiguration>> {
        Feature::new(self.client(), self.provisioning().signage_url)
    }

    /// Persistent web apps; `None`: the feature was not granted.
    pub fn web_app(&self) -> Option<Feature<PersistentWebAppConfiguration>> {
        Feature::new(self.client(), self.provisioning().pwa_url)
    }

    /// Verifies the body of a cross launch that was posted: the JWT is looked at before the rest is believed.
    ///
    /// ```no_run
    /// # async fn example(integration: hallway_sdk::Integration, body: &[u8]) -> hallway_sdk::Result<String> {
    /// let launch = integration.cross_launch(body).await?;
    /// let devices: Vec<_> = launch.devices.iter().map(|device| device.device_id.as_str()).collect();
    /// Ok(serde_json::json!({ "redirectUrl": format!("https://signs.example.com/assign?{}", devices.join(",")) })
    ///     .to_string())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Code`]: it does not come from the service, is meant for somebody else, is too old, or was used
    /// before. [`Error::BadRequest`]: the body is no cross launch.
    pub async fn cross_launch(&self, body: &[u8]) -> Result<CrossLaunchRequest> {
        let posted: Posted = serde_json::from_slice(body).map_err(|error| {
            let message = format!("the body is no cross launch: {error}");
            Error::BadRequest(crate::error::Context::local(message))
        })?;
        let claims = self.verified(&posted.jwt, Via::Post).await?;
        if !matches!(claims.said, Said::CrossLaunch {}) {
            let found = claims.said.action().to_owned();
            let expected = "crossLaunch";
            return Err(CodeError::Action { expected, found }.into());
        }
        if !self.once(&claims.jti) {
            return Err(CodeError::Replayed.into());
        }
        Ok(CrossLaunchRequest {
            task: posted.task,
            devices: posted.devices,
        })
    }
}
