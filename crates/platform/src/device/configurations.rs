//! Device configurations: what is set in the cloud and what the device has by default (xapi 7 and 8).
//! No xAPI rule of an integration applies here, only scopes.

use std::collections::HashMap;

use hallway_wire::id::DeviceId;
use hallway_xapi::{Key, Pattern, rpc};
use serde_json::{Map, Value, json};

use super::{Configured, Device};
use crate::audit;
use crate::caller::Caller;
use crate::error::{Doing as _, Error, Result};
use crate::platform::Platform;
use crate::ports::Write;

/// Most operations in one PATCH.
const MAX_OPERATIONS: usize = 500;

/// One operation of a PATCH, as it came.
#[derive(Clone, Debug)]
pub struct Operation {
    pub op: String,
    pub path: String,
    pub value: Option<Value>,
}

enum Edit {
    Set(Key, Value),
    Remove(Key),
}

impl Platform {
    /// Configurations of a device that the filter means, with where their values come from.
    ///
    /// # Errors
    /// Missing scope, unknown device.
    pub async fn configurations(
        &self,
        caller: &Caller,
        id: DeviceId,
        filter: Option<&Pattern>,
    ) -> Result<Map<String, Value>> {
        caller.require_scope(&["spark-admin:devices_read"])?;
        let device = self.own_device(caller, id).await?;
        let everything = Pattern::everything();
        self.configuration_items(caller, &device, filter.unwrap_or(&everything))
            .await
    }

    async fn configuration_items(
        &self,
        caller: &Caller,
        device: &Device,
        filter: &Pattern,
    ) -> Result<Map<String, Value>> {
        let configured = self
            .store
            .configured(device.id)
            .await
            .doing("reading configurations")?;
        let configured: HashMap<String, Value> = configured.into_iter().map(|c| (c.key, c.value)).collect();
        let editable = caller.has_scope("spark-admin:devices_write");
        let managed = self.managed_configurations(device.id).await?;
        let mut items = Map::new();
        let product = device.product_code.as_deref();
        let patterns = self.catalogue.widen_configuration(filter);
        for pattern in &patterns {
            for (key, spec) in self.catalogue.configurations(pattern, product) {
                let name = key.to_string();
                let set = configured.get(&name);
                let editability = if !editable {
                    json!({ "isEditable": false, "editable": false, "reason": "NOT_AUTHORIZED" })
                } else if managed.contains_key(&name) {
                    json!({ "isEditable": false, "editable": false, "reason": "CONFIG_MANAGED_BY_DIFFERENT_AUTHORITY" })
                } else {
                    json!({ "isEditable": true, "editable": true })
                };
                let shown = |value: &Value| spec.shown(value);
                items.insert(
                    name,
                    json!({
                        "value": shown(set.unwrap_or(&spec.default)),
                        "source": if set.is_some() { "configured" } else { "default" },
                        "sources": {
                            "default": {
                                "value": shown(&spec.default),
                                "editability": { "isEditable": false, "editable": false, "reason": "FACTORY_DEFAULT" },
                            },
                            "configured": {
                                "value": set.map(shown),
                                "editability": editability,
                            },
                        },
                        "valueSpace": spec.space.json_schema(),
                    }),
                );
            }
        }
        Ok(items)
    }

    /// Sets or removes configured values: all of them or none. A device that is away gets them when it
    /// comes back.
    ///
    /// # Errors
    /// Missing scope, unknown device or key, an operation that is not supported, a value outside its space.
    pub async fn configure(
        &self,
        caller: &Caller,
        id: DeviceId,
        operations: &[Operation],
    ) -> Result<Map<String, Value>> {
        caller.require_scope(&["spark-admin:devices_write"])?;
        caller.require_scope(&["spark-admin:devices_read"])?;
        caller.require_device_write()?;
        let device = self.own_device(caller, id).await?;
        if operations.is_empty() || operations.len() > MAX_OPERATIONS {
            return Err(Error::invalid(format!(
                "The body must hold 1 to {MAX_OPERATIONS} operations."
            )));
        }
        let edits = self.read_operations(&device, operations)?;
        self.check_unmanaged(&device, &edits).await?;
        let now = self.now();
        let mut writes = Vec::new();
        let mut items = Vec::new();
        for edit in &edits {
            match edit {
                Edit::Set(key, value) => {
                    items.push(key.clone());
                    let key = key.to_string();
                    writes.push(Write::PutConfigured(Configured {
                        device: id,
                        key,
                        value: value.clone(),
                    }));
                }
                Edit::Remove(key) => {
                    items.push(key.clone());
                    writes.push(Write::DeleteConfigured(id, key.to_string()));
                }
            }
        }
        let names: Vec<String> = items.iter().map(ToString::to_string).collect();
        writes.push(audit::by(
            caller,
            now,
            "device.configured",
            &device.display_name,
            format!("configured {} on {}", names.join(", "), device.display_name),
        ));
        self.store.commit(writes).await.doing("storing configurations")?;
        self.device_touched(id);
        self.send_edits(&device, &edits).await;
        let mut answer = Map::new();
        for key in items {
            answer.append(
                &mut self
                    .configuration_items(caller, &device, &Pattern::from(key))
                    .await?,
            );
        }
        Ok(answer)
    }

    /// Refuses to change what an integration provides for the device (xapi 8).
    async fn check_unmanaged(&self, device: &Device, edits: &[Edit]) -> Result<()> {
        let managed = self.managed_configurations(device.id).await?;
        for edit in edits {
            let (Edit::Set(key, _) | Edit::Remove(key)) = edit;
            if let Some((app, feature)) = managed.get(&key.to_string()) {
                return Err(Error::conflict(format!(
                    "{key} is managed by a different authority: it belongs to the {} that the integration {app} \
                     provides for {}. Take the device away from the integration first.",
                    feature.noun(),
                    device.display_name
                )));
            }
        }
        Ok(())
    }

    fn read_operations(&self, device: &Device, operations: &[Operation]) -> Result<Vec<Edit>> {
        let product = device.product_code.as_deref();
        let mut edits = Vec::new();
        let mut problems = Vec::new();
        for (i, operation) in operations.iter().enumerate() {
            let path = operation.path.strip_prefix('/').unwrap_or(&operation.path);
            let Some(key) = path.strip_suffix("/sources/configured/value") else {
                problems.push(format!(
                    "[{i}].path: only <key>/sources/configured/value can be patched, not {path}"
                ));
                continue;
            };
            let key: Key = match key.parse() {
                Ok(key) => key,
                Err(error) => {
                    problems.push(format!("[{i}].path: {error}"));
                    continue;
                }
            };
            if !matches!(operation.op.as_str(), "replace" | "remove") {
                problems.push(format!(
                    "[{i}].op: {} is not supported, only replace and remove are",
                    operation.op
                ));
                continue;
            }
            let Some(spec) = self.catalogue.configuration(&key, product) else {
                return Err(Error::Missing {
                    message: format!("There is no configuration {key} on this device."),
                });
            };
            let key = self.catalogue.canonical_configuration(&key).unwrap_or(key);
            match (operation.op.as_str(), &operation.value) {
                ("remove", _) => edits.push(Edit::Remove(key)),
                (_, None) => problems.push(format!("[{i}].value is missing for {key}")),
                (_, Some(value)) => match spec.space.coerce(value) {
                    Ok(value) => edits.push(Edit::Set(key, value)),
                    Err(error) => problems.push(format!("[{i}].value: {key} {error}")),
                },
            }
        }
        if problems.is_empty() {
            Ok(edits)
        } else {
            Err(Error::invalid_all("The patch is not valid.", problems))
        }
    }

    /// Tells a linked device. What it does not take stays stored, and is sent again when it links up.
    async fn send_edits(&self, device: &Device, edits: &[Edit]) {
        let Some(linked) = self.link_of(device) else {
            return;
        };
        for edit in edits {
            let (key, value) = match edit {
                Edit::Set(key, value) => (key, value.clone()),
                Edit::Remove(key) => {
                    let spec = self.catalogue.configuration(key, device.product_code.as_deref());
                    (key, spec.map_or(Value::Null, |spec| spec.default.clone()))
                }
            };
            let params = json!({ "Path": rpc::path("Configuration", key.segments()), "Value": value });
            match tokio::time::timeout(self.config.device_timeout, linked.link.call("xSet", params)).await {
                Ok(Ok(_)) => {}
                Ok(Err(error)) => {
                    tracing::warn!(device = ?device.id, %key, %error, "the device refused a configuration")
                }
                Err(_) => {
                    tracing::warn!(device = ?device.id, %key, "the device did not take a configuration in time")
                }
            }
        }
    }
}
