//! What only simulated devices can: being told what their sensors see. And codes with which devices join.

use hallway_wire::control::{RedeemRequest, Redeemed};
use hallway_wire::id::{DeviceId, PersonId, WorkspaceId};
use hallway_wire::screen::{DeviceScreen, WebAppSession};
use hallway_wire::{Secret, Timestamp};
use hallway_xapi::Key;
use rand::Rng as _;
use serde_json::{Map, Value, json};

use super::service::device_error;
use super::{Device, DeviceCode};
use crate::audit;
use crate::caller::Caller;
use crate::crypto::{random_text, sha256};
use crate::error::{Doing as _, Error, Result};
use crate::platform::Platform;
use crate::ports::Write;

/// How devices without test hooks refuse them.
const NO_HOOK: [&str; 3] = ["xSimulator", "no such method", "no such hook"];
/// Life of a device's activation code: 7 days, as the real service's.
const CODE_LIFE_MS: i64 = 7 * 24 * 3_600_000;

/// A device's answer with a key for a web app.
#[derive(serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
struct IssuedKey {
    key: Secret,
    expires_ms: i64,
    web_app_url: String,
    local_url: Option<String>,
}

impl Platform {
    /// Asks a simulated device to do something that no real one can be asked.
    async fn simulate(&self, caller: &Caller, id: DeviceId, method: &str, params: Value) -> Result<()> {
        caller.require_device_admin()?;
        let device = self.own_device(caller, id).await?;
        self.ask_simulated(&device, method, params).await.map(drop)
    }

    /// Calls a test hook of a simulated device.
    async fn ask_simulated(&self, device: &Device, method: &str, params: Value) -> Result<Value> {
        let linked = self
            .links
            .get(device.id)
            .ok_or_else(|| Error::DeviceUnreachable {
                message: format!("{} is not connected.", device.display_name),
            })?;
        let call = linked.link.call(method, params);
        match tokio::time::timeout(self.config.device_timeout, call).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error))
                if error.code == hallway_xapi::rpc::code::NOT_FOUND
                    && NO_HOOK.iter().any(|text| error.message.contains(text)) =>
            {
                Err(Error::conflict(format!(
                    "{} is not a simulated device.",
                    device.display_name
                )))
            }
            Ok(Err(error)) => Err(device_error(&error)),
            Err(_) => Err(Error::DeviceUnreachable {
                message: "The device did not answer in time.".to_owned(),
            }),
        }
    }

    /// Sets a status of a simulated device. When this returns, everything that follows is durable.
    ///
    /// # Errors
    /// Bad path or value; unknown, absent or real device.
    pub async fn simulate_status(
        &self,
        caller: &Caller,
        id: DeviceId,
        path: &str,
        value: &Value,
    ) -> Result<()> {
        let key: Key = path
            .parse()
            .map_err(|error| Error::invalid(format!("path: {error}")))?;
        self.simulate(
            caller,
            id,
            "xSimulator/SetStatus",
            json!({ "Key": key, "Value": value }),
        )
        .await
    }

    /// Removes a status node of a simulated device.
    ///
    /// # Errors
    /// As [`Platform::simulate_status`].
    pub async fn simulate_removal(&self, caller: &Caller, id: DeviceId, path: &str) -> Result<()> {
        let key: Key = path
            .parse()
            .map_err(|error| Error::invalid(format!("path: {error}")))?;
        self.simulate(caller, id, "xSimulator/RemoveStatus", json!({ "Key": key }))
            .await
    }

    /// Raises an event on a simulated device.
    ///
    /// # Errors
    /// As [`Platform::simulate_status`].
    pub async fn simulate_event(
        &self,
        caller: &Caller,
        id: DeviceId,
        event: &str,
        value: &Map<String, Value>,
    ) -> Result<()> {
        let key: Key = event
            .parse()
            .map_err(|error| Error::invalid(format!("event: {error}")))?;
        self.simulate(
            caller,
            id,
            "xSimulator/Emit",
            json!({ "Event": key, "Value": value }),
        )
        .await
    }

    /// Restarts a simulated device.
    ///
    /// # Errors
    /// As [`Platform::simulate_status`].
    pub async fn simulate_reboot(&self, caller: &Caller, id: DeviceId) -> Result<()> {
        self.simulate(caller, id, "xSimulator/Reboot", json!({})).await
    }

    /// What a simulated device and its Room Navigators show.
    ///
    /// # Errors
    /// No administrator; unknown, absent or real device.
    pub async fn device_screen(&self, caller: &Caller, id: DeviceId) -> Result<DeviceScreen> {
        caller.require_reading_admin()?;
        let device = self.own_device(caller, id).await?;
        self.screen_of(&device).await
    }

    async fn screen_of(&self, device: &Device) -> Result<DeviceScreen> {
        let answer = self
            .ask_simulated(device, "xSimulator/Screen", Value::Null)
            .await?;
        serde_json::from_value(answer).map_err(|error| {
            Error::conflict(format!(
                "{} does not tell what it shows: {error}.",
                device.display_name
            ))
        })
    }

    /// Gives what the web engine of a Room Navigator gives its page: a key to the permitted part of the device's
    /// xAPI. `base` is where devices without a port of their own answer.
    ///
    /// # Errors
    /// No administrator; unknown, absent or real device; no such Navigator; its page may not reach the xAPI.
    pub async fn web_app_session(
        &self,
        caller: &Caller,
        id: DeviceId,
        serial: &str,
        base: &str,
    ) -> Result<WebAppSession> {
        caller.require_device_admin()?;
        let device = self.own_device(caller, id).await?;
        let screen = self.screen_of(&device).await?;
        let found = screen
            .navigators
            .into_iter()
            .find(|navigator| navigator.serial == serial);
        let navigator = found.ok_or_else(|| Error::Missing {
            message: format!(
                "No Room Navigator with the serial number {serial:?} is connected to {}.",
                device.display_name
            ),
        })?;
        if !navigator.xapi_allowed {
            return Err(Error::conflict(navigator.problem.unwrap_or_else(|| {
                "The Navigator's web app may not reach the xAPI.".to_owned()
            })));
        }
        let params = json!({ "Serial": serial });
        let answer = self
            .ask_simulated(&device, "xSimulator/WebAppKey", params)
            .await?;
        let answer: IssuedKey = serde_json::from_value(answer)
            .map_err(|error| Error::conflict(format!("{} gives no key: {error}.", device.display_name)))?;
        let entry = audit::by(
            caller,
            self.now(),
            "device.web_app_session",
            &device.display_name,
            format!(
                "made a key with which the web app on {} reaches the xAPI of {}",
                navigator.name, device.display_name
            ),
        );
        self.store
            .commit(vec![entry])
            .await
            .doing("storing an audit entry")?;
        Ok(WebAppSession {
            url: answer
                .local_url
                .unwrap_or_else(|| format!("{base}/devices/{}/ws", device.id.uuid())),
            username: device.id.uuid().to_string(),
            password: answer.key,
            expires: Timestamp(answer.expires_ms),
            serial: serial.to_owned(),
            web_app_url: answer.web_app_url,
        })
    }

    /// Checks that the caller may take a simulated device off line or back.
    ///
    /// # Errors
    /// Unknown device, or no right.
    pub async fn may_simulate(&self, caller: &Caller, id: DeviceId) -> Result<Device> {
        caller.require_device_admin()?;
        self.own_device(caller, id).await
    }

    /// Makes an activation code for a workspace or a person.
    ///
    /// # Errors
    /// Missing scopes or role; both or neither owner; unknown owner.
    pub async fn device_activation_code(
        &self,
        caller: &Caller,
        workspace: Option<WorkspaceId>,
        person: Option<PersonId>,
        model: Option<String>,
    ) -> Result<(String, Timestamp)> {
        caller.require_scope(&["spark-admin:devices_write"])?;
        caller.require_scope(&[
            "identity:placeonetimepassword_create",
            "identity:one_time_password",
        ])?;
        caller.require_device_write()?;
        match (workspace, person) {
            (Some(id), None) => {
                let found = self.store.workspace(id).await.doing("reading a workspace")?;
                found
                    .filter(|w| w.org == caller.org)
                    .ok_or(Error::NotFound { what: "workspace" })?;
            }
            (None, Some(id)) => {
                let found = self.store.person(id).await.doing("reading a person")?;
                found
                    .filter(|p| p.org == caller.org)
                    .ok_or(Error::NotFound { what: "person" })?;
            }
            _ => {
                return Err(Error::invalid(
                    "Exactly one of workspaceId and personId must be given.",
                ));
            }
        }
        let code: String = {
            let mut random = rand::rng();
            (0..16)
                .map(|_| char::from(b'0' + random.random_range(0..10u8)))
                .collect()
        };
        let now = self.now();
        let expires = now.plus_millis(CODE_LIFE_MS);
        let row = DeviceCode {
            hash: sha256(code.as_bytes()),
            org: caller.org,
            workspace,
            person,
            model,
            expires,
        };
        let entry = audit::by(
            caller,
            now,
            "device.code_created",
            "device",
            "created a device activation code".to_owned(),
        );
        self.store
            .commit(vec![Write::PutDeviceCode(row), entry])
            .await
            .doing("storing an activation code")?;
        Ok((code, expires))
    }

    /// Registers a device that redeems its code. The code is used up.
    ///
    /// # Errors
    /// The code is unknown, used or expired; a member is missing.
    pub async fn redeem_device_code(&self, request: RedeemRequest, link_base: &str) -> Result<Redeemed> {
        let code: String = request.code.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
        let refused = || Error::invalid("code: the activation code is unknown, used or expired");
        if code.len() != 16 || !code.bytes().all(|b| b.is_ascii_digit()) {
            return Err(Error::invalid("code: an activation code has 16 digits"));
        }
        for (name, value) in [
            ("product", &request.product),
            ("serial", &request.serial),
            ("mac", &request.mac),
        ] {
            if value.trim().is_empty() || value.len() > 128 {
                return Err(Error::invalid(format!("{name}: 1 to 128 characters are needed")));
            }
        }
        let hash = sha256(code.as_bytes());
        let now = self.now();
        let row = self
            .store
            .device_code(hash)
            .await
            .doing("looking up an activation code")?
            .ok_or_else(refused)?;
        if row.expires <= now {
            return Err(refused());
        }
        self.standings.check(row.org)?;
        let display_name = match row.workspace {
            Some(id) => self
                .store
                .workspace(id)
                .await
                .doing("reading a workspace")?
                .map(|w| w.display_name),
            None => None,
        };
        let token = Secret::new(format!("hwd{}", random_text()));
        let device = Device {
            id: DeviceId::random(),
            org: row.org,
            display_name: display_name.unwrap_or_else(|| request.product.clone()),
            workspace: row.workspace,
            person: row.person,
            product: request.product,
            product_code: None,
            kind: "roomdesk".to_owned(),
            xapi: true,
            tags: Vec::new(),
            ip: request.ip,
            mac: Some(request.mac),
            serial: Some(request.serial),
            software: request.software,
            upgrade_channel: Some("Stable".to_owned()),
            primary_sip_url: None,
            sip_urls: Vec::new(),
            error_codes: Vec::new(),
            connection_status: None,
            managed_by: "CUSTOMER".to_owned(),
            device_platform: "cisco".to_owned(),
            planned_maintenance: None,
            link_token: Some(sha256(token.expose().as_bytes())),
            revision: 0,
            created: now,
            first_seen: None,
            last_seen: None,
        };
        let writes = vec![
            Write::TakeDeviceCode(hash),
            Write::NewDevice(device.clone()),
            audit::by_system(
                row.org,
                now,
                "device.registered",
                &device.display_name,
                format!("a {} registered with an activation code", device.product),
            ),
        ];
        match self.store.commit(writes).await {
            Err(crate::ports::StoreError::Conflict { .. }) => return Err(refused()),
            outcome => outcome.doing("registering a device")?,
        }
        Ok(Redeemed {
            device_id: device.id,
            display_name: device.display_name,
            link_url: format!("{link_base}/hallway/v1/devices/{}/link", device.id.uuid()),
            device_token: token,
        })
    }
}
