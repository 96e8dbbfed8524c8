//! Reading and writing configurations. No xAPI access list limits them, only the scopes of devices.

use std::collections::BTreeMap;

use hallway_xapi::Key;
use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Device, FromValue, dotted};
use crate::error::{Error, Result};
use crate::words::words;

words! {
    /// Where the value of a configuration comes from.
    pub enum Source {
        /// Nobody has set it.
        Default = "default",
        /// Somebody has.
        Configured = "configured",
    }
}

/// A configuration of a device.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Configuration {
    /// The value in force.
    pub value: Value,
    /// Where it comes from.
    pub source: Source,
    /// What it is while nobody sets it.
    pub default: Value,
    /// What somebody has set.
    pub configured: Option<Value>,
    /// Why it cannot be set: `NOT_AUTHORIZED`, `CONFIG_MANAGED_BY_DIFFERENT_AUTHORITY`; `None`: it can.
    pub locked: Option<String>,
    /// Which values it may have, as a JSON schema.
    pub value_space: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw {
    #[serde(default)]
    value: Value,
    source: Source,
    #[serde(default)]
    sources: BTreeMap<String, RawSource>,
    #[serde(default)]
    value_space: Value,
}

#[derive(Deserialize)]
struct RawSource {
    #[serde(default)]
    value: Value,
    #[serde(default)]
    editability: Editability,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Editability {
    #[serde(rename = "isEditable")]
    is_editable: Option<bool>,
    /// The other spelling of the documentation.
    editable: Option<bool>,
    reason: Option<String>,
}

impl From<Raw> for Configuration {
    fn from(raw: Raw) -> Self {
        let mut sources = raw.sources;
        let configured = sources.remove("configured");
        let editability = configured.as_ref().map(|source| &source.editability);
        let locked = editability.and_then(|it| {
            let editable = it.is_editable.or(it.editable).unwrap_or(true);
            (!editable).then(|| it.reason.clone().unwrap_or_else(|| "NOT_AUTHORIZED".to_owned()))
        });
        Self {
            value: raw.value,
            source: raw.source,
            default: sources
                .remove("default")
                .map(|source| source.value)
                .unwrap_or_default(),
            configured: configured
                .map(|source| source.value)
                .filter(|value| !value.is_null()),
            locked,
            value_space: raw.value_space,
        }
    }
}

#[derive(Deserialize)]
struct Found {
    #[serde(default)]
    items: BTreeMap<String, Raw>,
}

impl Found {
    fn read(self) -> BTreeMap<Key, Configuration> {
        let items = self.items.into_iter();
        items
            .filter_map(|(key, raw)| Some((key.parse().ok()?, raw.into())))
            .collect()
    }
}

impl Device {
    /// The configurations that a path means: `Audio.DefaultVolume`, `Audio.*`, `*`.
    ///
    /// # Errors
    /// Any; see [`Error`].
    pub async fn configurations(&self, path: &str) -> Result<BTreeMap<Key, Configuration>> {
        let mut call = self.client.request(Method::GET, "deviceConfigurations");
        call = call.query("deviceId", &self.id);
        if path != "*" {
            call = call.query("key", dotted(path)?);
        }
        Ok(call.read::<Found>().await?.read())
    }

    /// The value of one configuration that is in force.
    ///
    /// # Errors
    /// [`Error::NotFound`]: the device does not have it. [`Error::Protocol`]: it is no `T`.
    pub async fn configuration<T: FromValue>(&self, path: &str) -> Result<T> {
        let key: Key = path
            .parse()
            .map_err(|error| Error::configuration(format!("`{path}` is no configuration: {error}")))?;
        let found = self.configurations(path).await?;
        let found = found.get(&key);
        let found =
            found.ok_or_else(|| Error::not_found(format!("the device has no configuration {path}")))?;
        T::from_value(&found.value).ok_or_else(|| {
            let wanted = std::any::type_name::<T>();
            Error::protocol(format!(
                "the configuration {path} is {}, which is no {wanted}",
                found.value
            ))
        })
    }

    /// Changes configurations: all of them, or none if one is refused.
    ///
    /// ```no_run
    /// # async fn example(device: hallway_sdk::Device) -> hallway_sdk::Result<()> {
    /// device.configure().set("Audio.DefaultVolume", 40).reset("Standby.Delay").apply().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn configure(&self) -> Configure {
        Configure {
            device: self.clone(),
            operations: Vec::new(),
            problem: None,
        }
    }
}

/// Changes of configurations that are being put together.
#[derive(Clone, Debug)]
#[must_use = "nothing is changed until `apply` is called"]
pub struct Configure {
    device: Device,
    operations: Vec<Value>,
    problem: Option<String>,
}

impl Configure {
    /// Sets a configuration.
    pub fn set(mut self, path: impl Into<String>, value: impl Serialize) -> Self {
        let path = path.into();
        match serde_json::to_value(value) {
            Ok(value) => self.push(&path, "replace", Some(value)),
            Err(error) => self.problem = Some(format!("the value of {path} cannot be written: {error}")),
        }
        self
    }

    /// Takes what was set back: the default is in force again.
    pub fn reset(mut self, path: impl Into<String>) -> Self {
        self.push(&path.into(), "remove", None);
        self
    }

    fn push(&mut self, path: &str, op: &str, value: Option<Value>) {
        match path.parse::<Key>() {
            Ok(key) => {
                let mut operation = json!({ "op": op, "path": format!("{key}/sources/configured/value") });
                if let Some(value) = value {
                    operation["value"] = value;
                }
                self.operations.push(operation);
            }
            Err(error) => self.problem = Some(format!("`{path}` is no configuration: {error}")),
        }
    }

    /// Applies the changes. A device that is away gets them when it is back.
    ///
    /// # Errors
    /// [`Error::BadRequest`]: a value is not in the value space. [`Error::NotFound`]: the device, or a
    /// configuration, is not there. [`Error::Permission`], [`Error::Conflict`]: a configuration is locked.
    pub async fn apply(self) -> Result<BTreeMap<Key, Configuration>> {
        if let Some(problem) = self.problem {
            return Err(Error::configuration(problem));
        }
        if self.operations.is_empty() {
            return Ok(BTreeMap::new());
        }
        let call = self.device.client.request(Method::PATCH, "deviceConfigurations");
        let call = call.query("deviceId", &self.device.id).idempotent(true);
        let answer = call
            .json_as("application/json-patch+json", &self.operations)
            .send()
            .await?;
        if answer.body.is_empty() {
            return Ok(BTreeMap::new());
        }
        Ok(answer.json::<Found>()?.read())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_spellings_of_editability() {
        let read = |editability: Value| {
            let raw: Raw = serde_json::from_value(json!({
                "value": 50, "source": "default", "valueSpace": { "type": "integer" },
                "sources": {
                    "default": { "value": 50, "editability": { "isEditable": false, "reason": "FACTORY_DEFAULT" } },
                    "configured": { "value": null, "editability": editability },
                }
            }))
            .unwrap();
            Configuration::from(raw)
        };
        let open = read(json!({ "isEditable": true }));
        assert_eq!(
            (open.locked, open.configured, open.default),
            (None, None, json!(50))
        );
        let closed = read(json!({ "editable": false, "reason": "NOT_AUTHORIZED" }));
        assert_eq!(closed.locked.as_deref(), Some("NOT_AUTHORIZED"));
    }
}
