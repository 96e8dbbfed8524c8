//! Linking devices, and asking them: xAPI status, commands and configurations (xapi 2 to 8).

use std::sync::Arc;

use hallway_wire::id::{DeviceId, WorkspaceId};
use hallway_xapi::{Change, Key, Link, Pattern, Report, RpcError, rpc};
use serde_json::{Map, Value, json};

use super::{Attachment, Configured, Device, LinkedDevice, Place};
use crate::caller::Caller;
use crate::crypto::{same_hash, sha256};
use crate::error::{Doing as _, Error, Result};
use crate::integration::Activation;
use crate::platform::Platform;
use crate::ports::Write;

/// How often a change of a device is tried again when somebody else changed it meanwhile.
const ATTEMPTS: usize = 16;

impl Platform {
    /// All devices that are linked now.
    pub fn links(&self) -> &super::Links {
        &self.links
    }

    /// Where a device stands, from the store.
    pub(crate) async fn place_of(&self, device: &Device) -> Result<Place> {
        let location = match device.workspace {
            None => None,
            Some(id) => {
                let workspace = self.store.workspace(id).await.doing("reading a workspace")?;
                workspace.and_then(|workspace| workspace.location)
            }
        };
        let workspace = device
            .workspace
            .unwrap_or(WorkspaceId::from_uuid(uuid::Uuid::nil()));
        Ok(Place {
            org: device.org,
            workspace: device.workspace,
            location,
            personal: device.person.is_some(),
            product_code: device.product_code.clone(),
            ids_json: format!(
                r#""orgId":"{}","deviceId":"{}","workspaceId":"{workspace}""#,
                device.org, device.id
            ),
        })
    }

    /// Reads anew where a linked device stands, after it or its workspace changed.
    pub(crate) async fn refresh_place(&self, id: DeviceId) -> Result<()> {
        let Some(linked) = self.links.get(id) else {
            return Ok(());
        };
        if let Some(device) = self.store.device(id).await.doing("reading a device")? {
            linked.place.store(Arc::new(self.place_of(&device).await?));
        }
        Ok(())
    }

    /// The device that dials in with this token.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`].
    pub async fn authenticate_device(&self, id: DeviceId, token: &str) -> Result<()> {
        let device = self.store.device(id).await.doing("reading a device")?;
        let (org, expected) = device
            .and_then(|device| Some((device.org, device.link_token?)))
            .ok_or(Error::Unauthenticated)?;
        if same_hash(&expected, &sha256(token.as_bytes())) {
            self.standings.check(org)
        } else {
            Err(Error::Unauthenticated)
        }
    }

    /// Whether a device may link up; `None` for one that is not registered.
    ///
    /// # Errors
    /// The store failed.
    pub async fn device_stands(&self, id: DeviceId) -> Result<Option<bool>> {
        let device = self.store.device(id).await.doing("reading a device")?;
        Ok(device.map(|device| self.standings.is_active(device.org)))
    }

    /// Takes a device's link up. Configurations that were set while it was away are sent to it, and everybody
    /// who hears it gets a full sync.
    ///
    /// # Errors
    /// The device is not registered.
    pub async fn attach(&self, id: DeviceId, link: Arc<dyn Link>) -> Result<Attachment> {
        let device = self.store.device(id).await.doing("reading a device")?;
        let device = device.ok_or(Error::NotFound { what: "device" })?;
        let place = self.place_of(&device).await?;
        let org = place.org;
        self.standings.check(org)?;
        let linked = self.links.attach(id, place, link);
        if let Err(error) = self.standings.check(org) {
            // Suspended at this very moment: the one who did so may have looked before.
            self.links.drop_device(id, "the organization is suspended");
            return Err(error);
        }
        self.end_calls_of(org, id).await?;
        let now = self.now();
        self.change_device(id, |device| {
            device.first_seen.get_or_insert(now);
            device.last_seen = Some(now);
            Ok(Vec::new())
        })
        .await?;
        self.spawn_catch_up(&linked);
        Ok(Attachment { device: linked })
    }

    pub(crate) fn spawn_catch_up(&self, linked: &Arc<LinkedDevice>) {
        let Some(platform) = self.me.upgrade() else { return };
        let linked = Arc::clone(linked);
        self.tasks.spawn(async move {
            if let Err(error) = platform.push_configurations(&linked).await {
                tracing::warn!(%error, device = ?linked.id, "configurations could not be sent to a device");
            }
            platform.device_is_back(linked.id);
            platform.spawn_device_sync(&linked);
        });
    }

    async fn push_configurations(&self, linked: &LinkedDevice) -> Result<()> {
        for configured in self
            .store
            .configured(linked.id)
            .await
            .doing("reading configurations")?
        {
            let Ok(key) = configured.key.parse::<Key>() else {
                continue;
            };
            let params =
                json!({ "Path": rpc::path("Configuration", key.segments()), "Value": configured.value });
            match tokio::time::timeout(self.config.device_timeout, linked.link.call("xSet", params)).await {
                Ok(Ok(_)) => {}
                Ok(Err(error)) => {
                    tracing::warn!(device = ?linked.id, key = configured.key, %error, "xSet refused")
                }
                Err(_) => return Ok(()),
            }
        }
        Ok(())
    }

    /// Lets a link go.
    ///
    /// # Errors
    /// The store failed.
    pub async fn detach(&self, attachment: &Attachment) -> Result<()> {
        if !self.links.detach(&attachment.device) {
            return Ok(());
        }
        let place = attachment.device.place.load_full();
        self.end_calls_of(place.org, attachment.device.id).await?;
        let now = self.now();
        if let Some(workspace) = place.workspace {
            self.metrics.forget(workspace, attachment.device.id, now);
        }
        let noted = self
            .change_device(attachment.device.id, |device| {
                device.last_seen = Some(now);
                Ok(Vec::new())
            })
            .await;
        match noted {
            // A link also ends because its device was deleted.
            Ok(_) | Err(Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Changes a device, together with other writes. Where somebody else changed it meanwhile, it is read and
    /// changed again.
    pub(crate) async fn change_device(
        &self,
        id: DeviceId,
        mut change: impl FnMut(&mut Device) -> Result<Vec<Write>>,
    ) -> Result<Device> {
        let mut last = None;
        for _ in 0..ATTEMPTS {
            let found = self.store.device(id).await.doing("reading a device")?;
            let mut device = found.ok_or(Error::NotFound { what: "device" })?;
            let mut writes = change(&mut device)?;
            device.revision += 1;
            writes.insert(0, Write::PutDevice(device.clone()));
            match self.store.commit(writes).await {
                Ok(()) => {
                    self.device_touched(id);
                    return Ok(device);
                }
                Err(error @ crate::ports::StoreError::Conflict { .. }) => last = Some(error),
                Err(error) => return Err(error).doing("changing a device"),
            }
        }
        Err(Error::conflict(match last {
            Some(error) => format!("The device is changed by too many at once: {error}"),
            None => "The device was not changed.".to_owned(),
        }))
    }

    /// Keeps configurations that were set on the device itself.
    pub(crate) async fn keep_configurations(&self, device: &LinkedDevice, reports: &[Report]) -> Result<()> {
        let managed = self.follow_features(device.id, reports).await?;
        let mut writes = Vec::new();
        for change in reports.iter().flat_map(|report| &report.changes) {
            if let Change::Configuration(key, value) = change {
                let Some(key) = self.catalogue.canonical_configuration(key) else {
                    continue;
                };
                if managed.contains(&key.to_string()) {
                    continue;
                }
                writes.push(match value {
                    Some(value) => Write::PutConfigured(Configured {
                        device: device.id,
                        key: key.to_string(),
                        value: value.clone(),
                    }),
                    None => Write::DeleteConfigured(device.id, key.to_string()),
                });
            }
        }
        if writes.is_empty() {
            return Ok(());
        }
        self.store.commit(writes).await.doing("keeping configurations")
    }

    /// A device of the caller's organization.
    ///
    /// # Errors
    /// [`Error::NotFound`] for one of another organization too.
    pub(crate) async fn own_device(&self, caller: &Caller, id: DeviceId) -> Result<Device> {
        let device = self.store.device(id).await.doing("reading a device")?;
        device
            .filter(|device| device.org == caller.org)
            .ok_or(Error::NotFound { what: "device" })
    }

    /// Whether a device is one of the caller's organization.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn sees_device(&self, caller: &Caller, id: DeviceId) -> Result<()> {
        self.own_device(caller, id).await.map(|_| ())
    }

    /// Checks 4 to 8 of the xAPI's order of checks; scope and shape are checked before.
    async fn permitted(&self, caller: &Caller, id: DeviceId, command: Option<&Key>) -> Result<Device> {
        let device = self.own_device(caller, id).await?;
        if let Some(activation) = self.machine_activation(caller).await? {
            self.check_location(&activation, &device).await?;
            if let Some(command) = command {
                if !crate::integration::allows(&activation.access.commands, command) {
                    return Err(Error::forbidden(format!(
                        "The integration was not granted the command {command}: its manifest must ask for it and \
                         the administrator must allow it."
                    )));
                }
                let private = self
                    .catalogue
                    .command(command, None)
                    .is_some_and(|spec| spec.privacy_impact);
                if private && device.person.is_some() {
                    return Err(Error::forbidden(format!(
                        "{command} is privacy-impacting and the device is in personal mode."
                    )));
                }
            }
        }
        if !device.xapi {
            return Err(Error::conflict(format!(
                "{} does not support the xAPI.",
                device.display_name
            )));
        }
        Ok(device)
    }

    /// The activation whose machine account is calling.
    async fn machine_activation(&self, caller: &Caller) -> Result<Option<Activation>> {
        let Some((id, _)) = caller.machine else {
            return Ok(None);
        };
        let activation = self
            .store
            .activation_by_id(id)
            .await
            .doing("reading an activation")?;
        activation.map(Some).ok_or(Error::Unauthenticated)
    }

    pub(crate) async fn check_location(&self, activation: &Activation, device: &Device) -> Result<()> {
        if activation.locations.is_empty() {
            return Ok(());
        }
        let place = self.place_of(device).await?;
        if place
            .location
            .is_some_and(|location| activation.locations.contains(&location))
        {
            return Ok(());
        }
        Err(Error::forbidden(
            "The device is outside the locations for which the integration was activated.",
        ))
    }

    fn linked(&self, device: &Device) -> Result<Arc<LinkedDevice>> {
        let away = || Error::DeviceUnreachable {
            message: format!("{} is not connected.", device.display_name),
        };
        if self.faults.any() && self.faults.turn_away(device.org, device.id).is_some() {
            return Err(away());
        }
        self.links.get(device.id).ok_or_else(away)
    }

    async fn ask(&self, linked: &LinkedDevice, method: &str, params: Value) -> Result<Value> {
        match tokio::time::timeout(self.config.device_timeout, linked.link.call(method, params)).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(device_error(&error)),
            Err(_) => Err(Error::DeviceUnreachable {
                message: "The device did not answer in time.".to_owned(),
            }),
        }
    }

    /// Queries statuses. The answer is a tree with only what the caller may read.
    ///
    /// # Errors
    /// Missing scope, bad names, unknown device, device outside, away or without xAPI.
    pub async fn xapi_status(
        &self,
        caller: &Caller,
        id: DeviceId,
        names: &[Pattern],
    ) -> Result<Map<String, Value>> {
        caller.require_scope(&["spark:xapi_statuses"])?;
        let device = self.permitted(caller, id, None).await?;
        let linked = self.linked(&device)?;
        let granted = self
            .machine_activation(caller)
            .await?
            .map(|activation| activation.access.statuses);
        let may_read = |key: &Key| {
            granted
                .as_ref()
                .is_none_or(|granted| crate::integration::allows(granted, key))
        };
        let product = device.product_code.as_deref();
        let mut found: std::collections::BTreeMap<Key, Value> = std::collections::BTreeMap::new();
        for name in names {
            // The name of an inner node without a wildcard means all below it.
            let below = name.as_key().filter(|key| self.catalogue.is_inner_status(key));
            let patterns = self.catalogue.widen_status(name);
            let overlaps = below.is_some()
                || patterns
                    .iter()
                    .any(|p| self.catalogue.statuses(p, product).next().is_some());
            if !overlaps {
                continue;
            }
            for pattern in &patterns {
                // Only what nobody may read is not asked for.
                if let Some(granted) = &granted
                    && !granted.iter().any(|grant| grant.overlaps(pattern))
                {
                    continue;
                }
                let answer = self
                    .ask(
                        &linked,
                        "xQuery",
                        json!({ "Query": rpc::query("Status", pattern) }),
                    )
                    .await?;
                let Some(root) = answer.get("Status").and_then(Value::as_object) else {
                    continue;
                };
                for leaf in hallway_xapi::tree::leaves(root) {
                    if let hallway_xapi::tree::Leaf::Value(key, value) = leaf
                        && may_read(&key)
                        && pattern.encloses(&key)
                    {
                        found.insert(key, value);
                    }
                }
            }
        }
        Ok(hallway_xapi::tree::from_leaves(
            found.iter().map(|(key, value)| (key, value.clone())),
        ))
    }

    /// Runs a command. Returns the arguments as they were executed, and the result if there is one.
    ///
    /// # Errors
    /// See the order of checks in the protocol: scope, device, location, grant, personal mode, xAPI,
    /// unknown command, arguments, connection, the device's own refusal.
    pub async fn xapi_command(
        &self,
        caller: &Caller,
        id: DeviceId,
        name: &Key,
        arguments: &Map<String, Value>,
        body: Option<&Value>,
    ) -> Result<(Map<String, Value>, Option<Value>)> {
        caller.require_scope(&["spark:xapi_commands"])?;
        let name = self
            .catalogue
            .canonical_command(name)
            .unwrap_or_else(|| name.clone());
        let device = self.permitted(caller, id, Some(&name)).await?;
        let spec = self.catalogue.command(&name, device.product_code.as_deref());
        let spec = spec.ok_or_else(|| Error::Missing {
            message: format!("There is no command {name} on this device."),
        })?;
        let checked = spec.check(arguments, body).map_err(|problems| {
            Error::invalid_all(
                format!("The arguments of {name} are not valid."),
                problems.iter().map(ToString::to_string),
            )
        })?;
        let linked = self.linked(&device)?;
        let mut params = checked.clone();
        if let Some(body) = body {
            // A body that is JSON travels as text: that is all that the device's API has.
            let text = match body {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            params.insert("body".to_owned(), text.into());
        }
        let method = format!("xCommand/{}", name.to_string().replace('.', "/"));
        let answer = self.ask(&linked, &method, Value::Object(params)).await?;
        let result = match answer {
            Value::Object(mut result) => {
                result.shift_remove("status");
                (!result.is_empty()).then_some(Value::Object(result))
            }
            Value::Null => None,
            other => Some(other),
        };
        Ok((checked, result))
    }

    /// Schemas of devices: statuses, commands or both, as the scopes allow.
    ///
    /// # Errors
    /// A scope is missing for what was asked; a device is unknown.
    pub async fn xapi_schema(
        &self,
        caller: &Caller,
        ids: &[DeviceId],
        statuses: Option<&[Pattern]>,
        commands: Option<&[Pattern]>,
    ) -> Result<Vec<Value>> {
        caller.require_scope(&["spark:xapi_statuses", "spark:xapi_commands"])?;
        if statuses.is_some() {
            caller.require_scope(&["spark:xapi_statuses"])?;
        }
        if commands.is_some() {
            caller.require_scope(&["spark:xapi_commands"])?;
        }
        let all = statuses.is_none() && commands.is_none();
        let everything = [Pattern::everything()];
        let pick = |given: Option<&[Pattern]>, scope: &str| -> Option<Vec<Pattern>> {
            match given {
                Some(patterns) => Some(patterns.to_vec()),
                None if all && caller.has_scope(scope) => Some(everything.to_vec()),
                None => None,
            }
        };
        let statuses = pick(statuses, "spark:xapi_statuses");
        let commands = pick(commands, "spark:xapi_commands");
        let activation = self.machine_activation(caller).await?;
        let mut answer = Vec::new();
        for id in ids {
            let device = self.own_device(caller, *id).await?;
            if let Some(activation) = &activation {
                self.check_location(activation, &device).await?;
            }
            let product = device.product_code.as_deref();
            let mut item = Map::new();
            item.insert("deviceId".to_owned(), id.to_string().into());
            if let Some(patterns) = &statuses {
                item.insert(
                    "status".to_owned(),
                    self.catalogue.status_schema(patterns, product).into(),
                );
            }
            if let Some(patterns) = &commands {
                item.insert(
                    "commands".to_owned(),
                    self.catalogue.command_schema(patterns, product).into(),
                );
            }
            answer.push(Value::Object(item));
        }
        Ok(answer)
    }
}

/// What a device's refusal means to the caller of the platform.
pub(crate) fn device_error(error: &RpcError) -> Error {
    match error.code {
        rpc::code::NOT_READY => Error::DeviceUnreachable {
            message: error.message.clone(),
        },
        rpc::code::NOT_FOUND => Error::Missing {
            message: error.message.clone(),
        },
        rpc::code::INVALID_PARAMS => Error::invalid(error.message.clone()),
        _ if error.is_illegal_value() => Error::invalid(error.message.clone()),
        _ => Error::conflict(format!("The device refused: {}", error.message)),
    }
}
