//! The register of devices: finding, looking at, tagging, registering and deleting them (xapi 10).

use std::collections::{HashMap, HashSet};

use hallway_wire::device::{CreateDevice, TagOperation};
use hallway_wire::id::{DeviceId, LocationId, OrgId, PersonId, WorkspaceId};
use hallway_wire::{device as wire, id};
use serde_json::{Value, json};

use super::{Device, tags};
use crate::audit;
use crate::caller::Caller;
use crate::error::{Doing as _, Error, Result};
use crate::place::permit::Sight;
use crate::place::rules::{Faults, same};
use crate::place::workspace_rules::filter_word;
use crate::place::{Part, Workspace};
use crate::platform::Platform;
use crate::ports::WorkspaceFilter;
use crate::ports::{DeviceFilter, Page, Write};

/// From this many workspaces on, all of them are read at once.
const MANY: usize = 16;

/// Which devices; every condition must hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeviceQuery {
    pub display_name: Option<String>,
    pub person: Option<PersonId>,
    pub workspace: Option<WorkspaceId>,
    pub location: Option<LocationId>,
    pub connection_status: Option<String>,
    pub product: Option<String>,
    pub kind: Option<String>,
    pub serial: Option<String>,
    /// The device must have all of them.
    pub tags: Vec<String>,
    pub software: Option<String>,
    pub upgrade_channel: Option<String>,
    pub error_codes: Vec<String>,
    pub capabilities: Vec<String>,
    pub permissions: Vec<String>,
    pub mac: Option<String>,
    pub device_platform: Option<String>,
    pub planned_maintenance: Option<String>,
}

impl DeviceQuery {
    /// Checks the words of a query. A product, a status or a channel may be any text.
    ///
    /// # Errors
    /// One of them is not in the contract.
    pub fn checked(mut self) -> Result<Self> {
        let words: [(&str, &mut Option<String>, &[&str]); 3] = [
            (
                "type",
                &mut self.kind,
                &["roomdesk", "phone", "accessory", "webexgo", "unknown"],
            ),
            (
                "devicePlatform",
                &mut self.device_platform,
                &["cisco", "microsoftTeamsRoom"],
            ),
            (
                "plannedMaintenance",
                &mut self.planned_maintenance,
                &["off", "on", "upcoming"],
            ),
        ];
        for (name, slot, known) in words {
            if let Some(word) = slot {
                *word = filter_word(name, word, known)?;
            }
        }
        Ok(self)
    }

    /// Whether the store answers it alone.
    fn is_plain(&self) -> bool {
        let plain = Self {
            person: self.person,
            workspace: self.workspace,
            ..Self::default()
        };
        *self == plain
    }

    /// Everything but the location, which is the workspace's.
    fn matches(&self, device: &Device, status: &str) -> bool {
        let is = |wanted: &Option<String>, value: &str| wanted.as_ref().is_none_or(|w| same(w, value));
        let has = |wanted: &Option<String>, value: &Option<String>| {
            wanted
                .as_ref()
                .is_none_or(|w| value.as_ref().is_some_and(|v| same(w, v)))
        };
        let all =
            |wanted: &[String], values: &[String]| wanted.iter().all(|w| values.iter().any(|v| same(w, v)));
        is(&self.display_name, &device.display_name)
            && self.person.is_none_or(|person| device.person == Some(person))
            && self
                .workspace
                .is_none_or(|workspace| device.workspace == Some(workspace))
            && is(&self.connection_status, status)
            && is(&self.product, &device.product)
            && is(&self.kind, &device.kind)
            && has(&self.serial, &device.serial)
            && all(&self.tags, &device.tags)
            && has(&self.software, &device.software)
            && has(&self.upgrade_channel, &device.upgrade_channel)
            && all(&self.error_codes, &device.error_codes)
            && all(&self.capabilities, &capabilities(device))
            && self.permissions.iter().all(|wanted| permits(device, wanted))
            && self.mac.as_ref().is_none_or(|wanted| {
                let wanted = mac(wanted);
                wanted.is_some() && device.mac.as_deref().and_then(mac) == wanted
            })
            && is(&self.device_platform, &device.device_platform)
            && is(
                &self.planned_maintenance,
                maintenance_mode(device.planned_maintenance.as_ref()),
            )
    }
}

fn capabilities(device: &Device) -> Vec<String> {
    if device.xapi {
        vec!["xapi".to_owned()]
    } else {
        Vec::new()
    }
}

/// The full permission holds the reading one, and both are xAPI permissions.
fn permits(device: &Device, wanted: &str) -> bool {
    device.xapi
        && ["xapi", "xapi:readonly", "xapi:all"]
            .iter()
            .any(|name| same(name, wanted))
}

/// `off`, `on` or `upcoming`: the contract has it as an object with a mode, and as the mode alone.
pub(crate) fn maintenance_mode(planned: Option<&Value>) -> &str {
    let mode = planned.and_then(|planned| planned.get("mode").unwrap_or(planned).as_str());
    mode.unwrap_or("off")
}

/// An Ethernet address as answers carry it: `11:22:33:44:AA:FF`.
pub(crate) fn mac(text: &str) -> Option<String> {
    let digits: Vec<u8> = text
        .bytes()
        .filter(|b| !matches!(b, b':' | b'-' | b'.' | b' '))
        .collect();
    if digits.len() != 12 || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let pairs: Vec<String> = digits
        .chunks(2)
        .map(|pair| pair.iter().map(|&b| char::from(b.to_ascii_uppercase())).collect())
        .collect();
    Some(pairs.join(":"))
}

impl Platform {
    /// How a device is now: as its link, or, for one that has none of its own, as it was said to be.
    pub(crate) fn connection_status(&self, device: &Device) -> &'static str {
        const OTHERS: [&str; 7] = [
            "connected",
            "disconnected",
            "connected_with_issues",
            "offline_expired",
            "activating",
            "offline_deep_sleep",
            "unknown",
        ];
        if device.xapi {
            return match (self.is_reachable(device), device.error_codes.is_empty()) {
                (false, _) => "disconnected",
                (true, true) => "connected",
                (true, false) => "connected_with_issues",
            };
        }
        let stored = device.connection_status.as_deref().unwrap_or("unknown");
        OTHERS
            .into_iter()
            .find(|&status| status == stored)
            .unwrap_or("unknown")
    }

    /// The device as answers show it, with the location of its workspace.
    pub(crate) fn device_view(&self, device: &Device, location: Option<LocationId>) -> wire::Device {
        wire::Device {
            id: device.id,
            webex_device_id: device.id,
            display_name: device.display_name.clone(),
            place_id: device.workspace,
            workspace_id: device.workspace,
            person_id: device.person,
            org_id: device.org,
            capabilities: capabilities(device),
            permissions: if device.xapi {
                vec!["xapi:all".to_owned()]
            } else {
                Vec::new()
            },
            connection_status: self.connection_status(device).to_owned(),
            product: device.product.clone(),
            kind: device.kind.clone(),
            tags: device.tags.clone(),
            ip: device.ip.clone(),
            active_interface: device.ip.as_ref().map(|_| "wired".to_owned()),
            mac: device
                .mac
                .as_ref()
                .map(|text| mac(text).unwrap_or_else(|| text.clone())),
            primary_sip_url: device.primary_sip_url.clone(),
            sip_urls: device.sip_urls.clone(),
            serial: device.serial.clone(),
            software: device.software.clone(),
            upgrade_channel: device.upgrade_channel.clone(),
            created: device.created,
            location_id: location,
            workspace_location_id: location.map(|location| id::workspace_location(device.org, location)),
            error_codes: device.error_codes.clone(),
            first_seen: device.first_seen,
            last_seen: device.last_seen,
            managed_by: device.managed_by.clone(),
            device_platform: device.device_platform.clone(),
            planned_maintenance: match maintenance_mode(device.planned_maintenance.as_ref()) {
                "off" => None,
                mode => Some(json!({ "mode": mode })),
            },
        }
    }

    /// Where a device stands: a linked one carries it along.
    async fn location_of(&self, device: &Device) -> Result<Option<LocationId>> {
        if let Some(linked) = self.links.get(device.id) {
            let place = linked.place.load();
            if place.workspace == device.workspace {
                return Ok(place.location);
            }
        }
        let Some(workspace) = device.workspace else {
            return Ok(None);
        };
        let workspace = self
            .store
            .workspace(workspace)
            .await
            .doing("reading a workspace")?;
        Ok(workspace.and_then(|workspace| workspace.location))
    }

    /// Views of devices, with few questions to the store.
    async fn device_views(&self, org: OrgId, devices: &[Device]) -> Result<Vec<wire::Device>> {
        let wanted: HashSet<WorkspaceId> = devices
            .iter()
            .filter(|device| !self.links.is_linked(device.id))
            .filter_map(|device| device.workspace)
            .collect();
        let mut locations: HashMap<WorkspaceId, Option<LocationId>> = HashMap::new();
        if wanted.len() > MANY {
            let all = self
                .store
                .workspaces(org, WorkspaceFilter::default(), Page::ALL)
                .await
                .doing("listing workspaces")?;
            locations.extend(
                all.into_iter()
                    .map(|workspace| (workspace.id, workspace.location)),
            );
        }
        let mut views = Vec::with_capacity(devices.len());
        for device in devices {
            let location = match device.workspace.and_then(|id| locations.get(&id)) {
                Some(&known) => known,
                None => {
                    let location = self.location_of(device).await?;
                    if let Some(id) = device.workspace {
                        locations.insert(id, location);
                    }
                    location
                }
            };
            views.push(self.device_view(device, location));
        }
        Ok(views)
    }

    /// Devices of a workspace, as they are kept.
    pub(crate) async fn devices_in(&self, org: OrgId, workspace: WorkspaceId) -> Result<Vec<Device>> {
        let filter = DeviceFilter {
            workspace: Some(workspace),
            person: None,
        };
        self.store
            .devices(org, filter, Page::ALL)
            .await
            .doing("listing devices")
    }

    /// Devices that match: of the organization for an administrative reader, of the caller itself for a user.
    ///
    /// # Errors
    /// Missing scope or role.
    pub async fn list_devices(
        &self,
        caller: &Caller,
        query: &DeviceQuery,
        page: Page,
    ) -> Result<Part<wire::Device>> {
        let sight = caller.may_read_devices()?;
        let mut query = query.clone();
        if sight == Sight::Own {
            if query.person.is_some_and(|person| person != caller.person) {
                return Ok(Part {
                    items: Vec::new(),
                    more: false,
                });
            }
            query.person = Some(caller.person);
        }
        let filter = DeviceFilter {
            workspace: query.workspace,
            person: query.person,
        };
        let found = if query.is_plain() {
            let one_more = Page {
                start: page.start,
                max: page.max.saturating_add(1),
            };
            let read = self
                .store
                .devices(caller.org, filter, one_more)
                .await
                .doing("listing devices")?;
            Part::trim(read, page.max)
        } else {
            let here = match query.location {
                None => None,
                Some(location) => Some(self.workspaces_at(caller.org, location).await?),
            };
            let all = self
                .store
                .devices(caller.org, filter, Page::ALL)
                .await
                .doing("listing devices")?;
            let matching = all.into_iter().filter(|device| {
                let stands = here
                    .as_ref()
                    .is_none_or(|here| device.workspace.is_some_and(|id| here.contains(&id)));
                stands && query.matches(device, self.connection_status(device))
            });
            Part::cut(matching, page)
        };
        Ok(Part {
            items: self.device_views(caller.org, &found.items).await?,
            more: found.more,
        })
    }

    async fn workspaces_at(&self, org: OrgId, location: LocationId) -> Result<HashSet<WorkspaceId>> {
        let filter = WorkspaceFilter {
            location: Some(location),
            floor: None,
        };
        let found = self
            .store
            .workspaces(org, filter, Page::ALL)
            .await
            .doing("listing workspaces")?;
        Ok(found.into_iter().map(|workspace| workspace.id).collect())
    }

    /// A device that the caller may see or change.
    async fn device_in_sight(&self, caller: &Caller, sight: Sight, id: DeviceId) -> Result<Device> {
        let device = self.own_device(caller, id).await?;
        if sight == Sight::Own && device.person != Some(caller.person) {
            return Err(Error::NotFound { what: "device" });
        }
        Ok(device)
    }

    /// One device.
    ///
    /// # Errors
    /// Missing scope or role; unknown.
    pub async fn device_details(&self, caller: &Caller, id: DeviceId) -> Result<wire::Device> {
        let sight = caller.may_read_devices()?;
        let device = self.device_in_sight(caller, sight, id).await?;
        let location = self.location_of(&device).await?;
        Ok(self.device_view(&device, location))
    }

    /// Changes the tags of a device.
    ///
    /// # Errors
    /// Missing scope or role; unknown device; a bad patch.
    pub async fn change_device_tags(
        &self,
        caller: &Caller,
        id: DeviceId,
        operations: &[TagOperation],
    ) -> Result<wire::Device> {
        let sight = caller.may_write_devices()?;
        self.device_in_sight(caller, sight, id).await?;
        let now = self.now();
        let device = self
            .change_device(id, |device| {
                device.tags = tags::patch(&device.tags, operations)?;
                let description = match device.tags.as_slice() {
                    [] => format!("removed all tags of {}", device.display_name),
                    tags => format!("set the tags of {} to {}", device.display_name, tags.join(", ")),
                };
                Ok(vec![audit::by(
                    caller,
                    now,
                    "device.tags_changed",
                    &device.display_name,
                    description,
                )])
            })
            .await?;
        let location = self.location_of(&device).await?;
        Ok(self.device_view(&device, location))
    }

    /// Registers a phone by its address. It has no xAPI, and no link.
    ///
    /// # Errors
    /// Missing scope or role; a bad address or model; both or neither owner; an unknown owner; the address is
    /// taken.
    pub async fn create_device_by_mac(
        &self,
        caller: &Caller,
        request: &CreateDevice,
    ) -> Result<wire::Device> {
        caller.may_register_devices()?;
        let (address, model) = check_phone(request)?;
        let (display_name, location) = match (request.workspace_id, request.person_id) {
            (Some(id), None) => {
                let workspace: Workspace = self.own_workspace(caller, id).await?;
                (workspace.display_name, workspace.location)
            }
            (None, Some(id)) => (self.person(caller, id).await?.display_name, None),
            _ => {
                return Err(Error::invalid(
                    "Exactly one of workspaceId and personId must be given.",
                ));
            }
        };
        let all = self
            .store
            .devices(caller.org, DeviceFilter::default(), Page::ALL)
            .await
            .doing("listing devices")?;
        if all
            .iter()
            .any(|device| device.mac.as_deref().and_then(mac).as_deref() == Some(&address))
        {
            return Err(Error::conflict(format!(
                "There is a device with the MAC address {address}."
            )));
        }
        let now = self.now();
        let device = Device {
            id: DeviceId::random(),
            org: caller.org,
            display_name,
            workspace: request.workspace_id,
            person: request.person_id,
            product: model,
            product_code: None,
            kind: "phone".to_owned(),
            xapi: false,
            tags: Vec::new(),
            ip: None,
            mac: Some(address),
            serial: None,
            software: None,
            upgrade_channel: None,
            primary_sip_url: None,
            sip_urls: Vec::new(),
            error_codes: Vec::new(),
            connection_status: Some("unknown".to_owned()),
            managed_by: "CUSTOMER".to_owned(),
            device_platform: "cisco".to_owned(),
            planned_maintenance: None,
            link_token: None,
            revision: 0,
            created: now,
            first_seen: None,
            last_seen: None,
        };
        let description = format!("registered a {} by its MAC address", device.product);
        let entry = audit::by(
            caller,
            now,
            "device.registered",
            &device.display_name,
            description,
        );
        self.store
            .commit(vec![Write::NewDevice(device.clone()), entry])
            .await
            .doing("registering a device")?;
        Ok(self.device_view(&device, location))
    }

    /// Deletes a device and closes its link.
    ///
    /// # Errors
    /// Missing scope or role; unknown.
    pub async fn delete_device(&self, caller: &Caller, id: DeviceId) -> Result<()> {
        let sight = caller.may_write_devices()?;
        let device = self.device_in_sight(caller, sight, id).await?;
        let description = format!("deleted the device {}", device.display_name);
        let entry = audit::by(
            caller,
            self.now(),
            "device.deleted",
            &device.display_name,
            description,
        );
        self.store
            .commit(vec![
                Write::DeleteDevice(id),
                crate::feature::forget_device(caller.org, id),
                entry,
            ])
            .await
            .doing("deleting a device")?;
        self.links.drop_device(id, "the device was deleted");
        Ok(())
    }
}

/// Address and model of a phone.
fn check_phone(request: &CreateDevice) -> Result<(String, String)> {
    let mut faults = Faults::default();
    let given = faults.text("mac", request.mac.as_ref());
    let address = mac(&given).unwrap_or_default();
    if address.is_empty() && !given.is_empty() {
        faults.add(format!("mac must be 12 hexadecimal digits, not {given:?}"));
    }
    let model = faults.text("model", request.model.as_ref());
    faults.end("device")?;
    Ok((address, model))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use hallway_wire::Timestamp;

    pub(crate) fn board() -> Device {
        Device {
            id: DeviceId::from_uuid(uuid::Uuid::from_u128(1)),
            org: OrgId::from_uuid(uuid::Uuid::nil()),
            display_name: "Board Room".to_owned(),
            workspace: Some(WorkspaceId::from_uuid(uuid::Uuid::from_u128(2))),
            person: None,
            product: "Cisco Board Pro 55".to_owned(),
            product_code: None,
            kind: "roomdesk".to_owned(),
            xapi: true,
            tags: vec!["First Tag".to_owned(), "Second Tag".to_owned()],
            ip: Some("10.0.0.1".to_owned()),
            mac: Some("1122.3344.aaff".to_owned()),
            serial: Some("FOC1923NVVN".to_owned()),
            software: Some("RoomOS 11.1".to_owned()),
            upgrade_channel: Some("Stable".to_owned()),
            primary_sip_url: None,
            sip_urls: Vec::new(),
            error_codes: vec!["sipprofileregistration".to_owned()],
            connection_status: None,
            managed_by: "CISCO".to_owned(),
            device_platform: "cisco".to_owned(),
            planned_maintenance: None,
            link_token: None,
            revision: 0,
            created: Timestamp(0),
            first_seen: None,
            last_seen: None,
        }
    }

    #[test]
    fn every_condition_must_hold() {
        let board = board();
        let check = |change: &dyn Fn(&mut DeviceQuery)| {
            let mut query = DeviceQuery::default();
            change(&mut query);
            query.matches(&board, "connected_with_issues")
        };
        let text = |text: &str| Some(text.to_owned());
        let list = |list: &[&str]| list.iter().map(|&one| one.to_owned()).collect::<Vec<_>>();
        assert!(check(&|_| {}));
        assert!(check(&|q| q.display_name = text("board room")));
        assert!(!check(&|q| q.display_name = text("board")));
        assert!(check(&|q| q.tags = list(&["second tag", "First Tag"])));
        assert!(!check(&|q| q.tags = list(&["First Tag", "Third Tag"])));
        assert!(check(&|q| q.mac = text("11-22-33-44-aa-ff")));
        assert!(!check(&|q| q.mac = text("nonsense")));
        assert!(check(&|q| q.capabilities = list(&["xapi"])));
        assert!(!check(&|q| q.capabilities = list(&["xapi", "other"])));
        assert!(check(&|q| q.permissions = list(&["xapi:readonly"])));
        assert!(check(&|q| q.error_codes = list(&["sipprofileregistration"])));
        assert!(check(&|q| q.planned_maintenance = text("off")));
        assert!(!check(&|q| q.planned_maintenance = text("on")));
        assert!(!check(&|q| q.kind = text("phone")));
        assert!(check(&|q| q.connection_status = text("connected_with_issues")));
        assert!(!check(&|q| q.person = Some(PersonId::random())));
        assert!(check(&|q| q.workspace = board.workspace));
        assert!(!check(&|q| {
            q.serial = text("FOC1923NVVN");
            q.software = text("RoomOS 10");
        }));
    }

    #[test]
    fn the_store_answers_plain_questions() {
        let mut query = DeviceQuery {
            workspace: Some(WorkspaceId::random()),
            ..DeviceQuery::default()
        };
        assert!(query.is_plain());
        query.tags.push("x".to_owned());
        assert!(!query.is_plain());
    }

    #[test]
    fn phones_need_address_and_model() {
        let request = |mac: &str, model: &str| CreateDevice {
            mac: Some(mac.to_owned()),
            model: Some(model.to_owned()),
            ..CreateDevice::default()
        };
        let (address, model) = check_phone(&request("D82E3EEF4E5C", "DMS Cisco 8865")).unwrap();
        assert_eq!(
            (address.as_str(), model.as_str()),
            ("D8:2E:3E:EF:4E:5C", "DMS Cisco 8865")
        );
        for (mac, model) in [
            ("D82E3EEF4E5", "m"),
            ("D82E3EEF4E5G", "m"),
            ("", "m"),
            ("D82E3EEF4E5C", " "),
        ] {
            assert!(check_phone(&request(mac, model)).is_err(), "{mac:?} {model:?}");
        }
    }

    #[test]
    fn maintenance_in_both_forms() {
        assert_eq!(maintenance_mode(None), "off");
        assert_eq!(maintenance_mode(Some(&json!({ "mode": "upcoming" }))), "upcoming");
        assert_eq!(maintenance_mode(Some(&json!("on"))), "on");
        assert_eq!(maintenance_mode(Some(&json!({}))), "off");
    }
}
