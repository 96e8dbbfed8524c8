//! Workspaces: finding, looking at, making, changing and deleting them (xapi 11).

use std::collections::HashMap;

use hallway_wire::id::{FloorId, LocationId, WorkspaceId};
use hallway_wire::place as wire;
use serde_json::{Value, json};

use super::locations::Part;
use super::rules::same;
use super::workspace_rules::{self, kind_of};
use super::{Workspace, wellness};
use crate::audit;
use crate::caller::Caller;
use crate::device::{Device, maintenance_mode};
use crate::error::{Doing as _, Error, Result};
use crate::platform::Platform;
use crate::ports::{DeviceFilter, Page, WorkspaceFilter, Write};

/// From this many workspaces on, all devices of the organization are read at once.
const MANY: usize = 16;

/// Which workspaces; every condition must hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WorkspaceQuery {
    pub location: Option<LocationId>,
    pub floor: Option<FloorId>,
    pub display_name: Option<String>,
    /// `Some(None)`: those that have none.
    pub capacity: Option<Option<u32>>,
    /// `notSet` finds those that have none too.
    pub kind: Option<String>,
    pub calling: Option<String>,
    pub supported_devices: Option<String>,
    pub calendar: Option<String>,
    pub device_hosted_meetings_enabled: Option<bool>,
    pub device_platform: Option<String>,
    pub health_level: Option<String>,
    pub planned_maintenance: Option<String>,
    /// The key of a custom attribute that is there.
    pub custom_attribute: Option<String>,
}

impl WorkspaceQuery {
    /// Checks the words of a query.
    ///
    /// # Errors
    /// One of them is not in the contract.
    pub fn checked(mut self) -> Result<Self> {
        use workspace_rules::{CALENDARS, CALLING, KINDS, SUPPORTED_DEVICES, filter_word};
        let words: [(&str, &mut Option<String>, &[&str]); 7] = [
            ("type", &mut self.kind, &KINDS),
            ("calling", &mut self.calling, &CALLING),
            (
                "supportedDevices",
                &mut self.supported_devices,
                &SUPPORTED_DEVICES,
            ),
            ("calendar", &mut self.calendar, &CALENDARS),
            (
                "devicePlatform",
                &mut self.device_platform,
                &["cisco", "microsoftTeamsRoom"],
            ),
            (
                "healthLevel",
                &mut self.health_level,
                &["error", "warning", "info", "ok"],
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
        *self
            == Self {
                location: self.location,
                floor: self.floor,
                ..Self::default()
            }
    }

    /// Everything but the health, which is the devices'.
    fn matches(&self, workspace: &Workspace) -> bool {
        let is = |wanted: &Option<String>, value: &str| wanted.as_ref().is_none_or(|w| same(w, value));
        let hosts = workspace
            .device_hosted_meetings
            .as_ref()
            .is_some_and(|hosted| hosted["enabled"] == json!(true));
        self.location
            .is_none_or(|location| workspace.location == Some(location))
            && self.floor.is_none_or(|floor| workspace.floor == Some(floor))
            && is(&self.display_name, &workspace.display_name)
            && self
                .capacity
                .is_none_or(|capacity| workspace.capacity == capacity)
            && is(&self.kind, workspace.kind.as_deref().unwrap_or("notSet"))
            && is(&self.calling, kind_of(&workspace.calling))
            && is(&self.supported_devices, &workspace.supported_devices)
            && is(&self.calendar, kind_of(&workspace.calendar))
            && self
                .device_hosted_meetings_enabled
                .is_none_or(|wanted| wanted == hosts)
            && is(&self.device_platform, platform_of(workspace))
            && is(
                &self.planned_maintenance,
                maintenance_mode(workspace.planned_maintenance.as_ref()),
            )
            && self.custom_attribute.as_ref().is_none_or(|key| {
                workspace
                    .custom_attributes
                    .as_ref()
                    .is_some_and(|attributes| attributes.contains_key(key))
            })
    }
}

/// What a view holds beside the workspace itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Include {
    pub devices: bool,
    pub capabilities: bool,
}

fn platform_of(workspace: &Workspace) -> &str {
    workspace.device_platform.as_deref().unwrap_or("cisco")
}

/// Calling without the numbers, which only requests carry.
fn calling_view(calling: &Value) -> Value {
    let kind = kind_of(calling);
    match kind {
        "webexCalling" => {
            let licenses = calling["webexCalling"]["licenses"]
                .as_array()
                .cloned()
                .unwrap_or_default();
            json!({ "type": kind, "webexCalling": { "licenses": licenses } })
        }
        "hybridCalling" => match calling["hybridCalling"]["emailAddress"].as_str() {
            Some(email) => json!({ "type": kind, "hybridCalling": { "emailAddress": email } }),
            None => json!({ "type": kind }),
        },
        _ => json!({ "type": kind }),
    }
}

impl Platform {
    /// A workspace of the caller's organization, as it is kept.
    pub(crate) async fn own_workspace(&self, caller: &Caller, id: WorkspaceId) -> Result<Workspace> {
        let workspace = self.store.workspace(id).await.doing("reading a workspace")?;
        workspace
            .filter(|workspace| workspace.org == caller.org)
            .ok_or(Error::NotFound { what: "workspace" })
    }

    async fn workspace_view(
        &self,
        workspace: &Workspace,
        devices: &[Device],
        include: Include,
    ) -> Result<wire::Workspace> {
        let location = workspace.location;
        let status = |device| (device, self.connection_status(device));
        Ok(wire::Workspace {
            id: workspace.id,
            org_id: workspace.org,
            location_id: location,
            workspace_location_id: location
                .map(|location| hallway_wire::id::workspace_location(workspace.org, location)),
            floor_id: workspace.floor,
            display_name: workspace.display_name.clone(),
            capacity: workspace.capacity,
            kind: workspace.kind.clone(),
            sip_address: workspace.sip_address.clone(),
            created: workspace.created,
            calling: calling_view(&workspace.calling),
            calendar: workspace.calendar.clone(),
            notes: workspace.notes.clone(),
            hotdesking_status: workspace.hotdesking_status.clone(),
            supported_devices: workspace.supported_devices.clone(),
            device_hosted_meetings: workspace
                .device_hosted_meetings
                .clone()
                .unwrap_or_else(|| json!({ "enabled": false })),
            device_platform: platform_of(workspace).to_owned(),
            indoor_navigation: workspace.indoor_navigation.clone(),
            health: wellness::health(devices.iter().map(status)),
            devices: include.devices.then(|| {
                devices
                    .iter()
                    .map(|device| self.device_view(device, location))
                    .collect()
            }),
            capabilities: match include.capabilities {
                true => Some(self.capabilities_of(devices).await?),
                false => None,
            },
            planned_maintenance: match &workspace.planned_maintenance {
                Some(planned) if planned.is_object() => planned.clone(),
                planned => json!({ "mode": maintenance_mode(planned.as_ref()) }),
            },
            custom_attributes: workspace.custom_attributes.clone(),
        })
    }

    async fn capabilities_of(&self, devices: &[Device]) -> Result<wire::Capabilities> {
        let mut all = wire::Capabilities::default();
        for device in devices.iter().filter(|device| device.xapi) {
            let configured = self
                .store
                .configured(device.id)
                .await
                .doing("reading configurations")?;
            let linked = self.is_reachable(device);
            wellness::add_capabilities(&mut all, &self.catalogue, device, linked, &configured);
        }
        Ok(all)
    }

    /// The devices of each of these workspaces, with few questions to the store.
    async fn devices_by_workspace(
        &self,
        caller: &Caller,
        workspaces: &[Workspace],
    ) -> Result<HashMap<WorkspaceId, Vec<Device>>> {
        let mut found: HashMap<WorkspaceId, Vec<Device>> = HashMap::new();
        if workspaces.len() <= MANY {
            for workspace in workspaces {
                found.insert(workspace.id, self.devices_in(caller.org, workspace.id).await?);
            }
            return Ok(found);
        }
        let all = self
            .store
            .devices(caller.org, DeviceFilter::default(), Page::ALL)
            .await
            .doing("listing devices")?;
        for device in all {
            if let Some(workspace) = device.workspace {
                found.entry(workspace).or_default().push(device);
            }
        }
        Ok(found)
    }

    /// Workspaces that match.
    ///
    /// # Errors
    /// Missing scope or role.
    pub async fn list_workspaces(
        &self,
        caller: &Caller,
        query: &WorkspaceQuery,
        include: Include,
        page: Page,
    ) -> Result<Part<wire::Workspace>> {
        caller.may_read_workspaces()?;
        let filter = WorkspaceFilter {
            location: query.location,
            floor: query.floor,
        };
        let found = if query.is_plain() {
            let one_more = Page {
                start: page.start,
                max: page.max.saturating_add(1),
            };
            let read = self
                .store
                .workspaces(caller.org, filter, one_more)
                .await
                .doing("listing workspaces")?;
            Part::trim(read, page.max)
        } else {
            let mut all = self
                .store
                .workspaces(caller.org, filter, Page::ALL)
                .await
                .doing("listing workspaces")?;
            all.retain(|workspace| query.matches(workspace));
            if let Some(level) = &query.health_level {
                let devices = self.devices_by_workspace(caller, &all).await?;
                all.retain(|workspace| {
                    let here = devices.get(&workspace.id).map_or(&[][..], Vec::as_slice);
                    let status = |device| (device, self.connection_status(device));
                    wellness::health(here.iter().map(status)).level == *level
                });
            }
            Part::cut(all.into_iter(), page)
        };
        let devices = self.devices_by_workspace(caller, &found.items).await?;
        let mut items = Vec::with_capacity(found.items.len());
        for workspace in &found.items {
            let here = devices.get(&workspace.id).map_or(&[][..], Vec::as_slice);
            items.push(self.workspace_view(workspace, here, include).await?);
        }
        Ok(Part {
            items,
            more: found.more,
        })
    }

    /// One workspace.
    ///
    /// # Errors
    /// Missing scope or role; unknown.
    pub async fn workspace_details(
        &self,
        caller: &Caller,
        id: WorkspaceId,
        include: Include,
    ) -> Result<wire::Workspace> {
        caller.may_read_workspaces()?;
        let workspace = self.own_workspace(caller, id).await?;
        let devices = self.devices_in(caller.org, id).await?;
        self.workspace_view(&workspace, &devices, include).await
    }

    /// What the devices of a workspace measure.
    ///
    /// # Errors
    /// Missing scope or role; unknown.
    pub async fn workspace_capabilities(
        &self,
        caller: &Caller,
        id: WorkspaceId,
    ) -> Result<wire::Capabilities> {
        caller.may_read_workspaces()?;
        self.own_workspace(caller, id).await?;
        let devices = self.devices_in(caller.org, id).await?;
        self.capabilities_of(&devices).await
    }

    /// Checks that location and floor of a workspace exist, and belong together.
    async fn check_place(&self, caller: &Caller, workspace: &Workspace) -> Result<()> {
        if let Some(location) = workspace.location {
            self.own_location(caller, location).await?;
        }
        if let Some(floor) = workspace.floor {
            let found = self.store.floor(floor).await.doing("reading a floor")?;
            let found = found
                .filter(|floor| floor.org == caller.org)
                .ok_or(Error::NotFound { what: "floor" })?;
            if Some(found.location) != workspace.location {
                return Err(Error::invalid("floorId: the floor is in another location"));
            }
        }
        Ok(())
    }

    /// Makes a workspace.
    ///
    /// # Errors
    /// Missing scope or role; a bad member; unknown location or floor.
    pub async fn create_workspace(
        &self,
        caller: &Caller,
        request: &wire::WorkspaceRequest,
    ) -> Result<wire::Workspace> {
        caller.may_write_workspaces()?;
        caller.check_org(request.org_id)?;
        check_calling_scope(caller, request)?;
        let workspace = workspace_rules::new_workspace(caller.org, self.now(), request)?;
        self.check_place(caller, &workspace).await?;
        let entry = audit::by(
            caller,
            self.now(),
            "workspace.created",
            &workspace.display_name,
            format!("created the workspace {}", workspace.display_name),
        );
        self.store
            .commit(vec![Write::PutWorkspace(workspace.clone()), entry])
            .await
            .doing("creating a workspace")?;
        self.workspace_view(&workspace, &[], Include::default()).await
    }

    /// Changes a workspace. What its devices report from then on carries its new place.
    ///
    /// # Errors
    /// Missing scope or role; unknown; a bad member; a change that is not allowed.
    pub async fn update_workspace(
        &self,
        caller: &Caller,
        id: WorkspaceId,
        request: &wire::WorkspaceRequest,
    ) -> Result<wire::Workspace> {
        caller.may_write_workspaces()?;
        caller.check_org(request.org_id)?;
        check_calling_scope(caller, request)?;
        let mut workspace = self.own_workspace(caller, id).await?;
        let devices = self.devices_in(caller.org, id).await?;
        workspace_rules::change_workspace(&mut workspace, request, !devices.is_empty())?;
        self.check_place(caller, &workspace).await?;
        let entry = audit::by(
            caller,
            self.now(),
            "workspace.updated",
            &workspace.display_name,
            format!("updated the workspace {}", workspace.display_name),
        );
        self.store
            .commit(vec![Write::PutWorkspace(workspace.clone()), entry])
            .await
            .doing("updating a workspace")?;
        for device in &devices {
            self.refresh_place(device.id).await?;
            self.device_touched(device.id);
        }
        self.workspace_view(&workspace, &devices, Include::default())
            .await
    }

    /// Deletes a workspace and its devices.
    ///
    /// # Errors
    /// Missing scope or role; unknown.
    pub async fn delete_workspace(&self, caller: &Caller, id: WorkspaceId) -> Result<()> {
        caller.may_write_workspaces()?;
        let workspace = self.own_workspace(caller, id).await?;
        let devices = self.devices_in(caller.org, id).await?;
        let name = &workspace.display_name;
        let description = match devices.len() {
            0 => format!("deleted the workspace {name}"),
            count => format!("deleted the workspace {name} and its devices, {count} in number"),
        };
        let entry = audit::by(caller, self.now(), "workspace.deleted", name, description);
        let mut writes = vec![Write::DeleteWorkspace(id), entry];
        let devices_go = devices.iter().map(|device| device.id);
        writes.extend(devices_go.map(|device| crate::feature::forget_device(caller.org, device)));
        self.store.commit(writes).await.doing("deleting a workspace")?;
        for device in devices {
            self.links.drop_device(device.id, "the workspace was deleted");
        }
        Ok(())
    }
}

/// Webex Calling is assigned with a scope of its own.
fn check_calling_scope(caller: &Caller, request: &wire::WorkspaceRequest) -> Result<()> {
    if workspace_rules::assigns_webex_calling(request) {
        caller.require_scope(&["spark-admin:telephony_config_write"])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::place::workspace_rules::tests::room;

    #[test]
    fn every_condition_must_hold() {
        let mut room = room();
        room.location = Some(LocationId::random());
        room.custom_attributes = Some(serde_json::Map::from_iter([("wing".to_owned(), json!("north"))]));
        let check = |room: &Workspace, change: &dyn Fn(&mut WorkspaceQuery)| {
            let mut query = WorkspaceQuery::default();
            change(&mut query);
            query.matches(room)
        };
        let text = |text: &str| Some(text.to_owned());
        assert!(check(&room, &|_| {}));
        assert!(
            check(&room, &|q| q.capacity = Some(None)),
            "-1 finds what has none"
        );
        assert!(!check(&room, &|q| q.capacity = Some(Some(5))));
        assert!(check(&room, &|q| q.kind = text("notSet")));
        assert!(!check(&room, &|q| q.kind = text("desk")));
        assert!(check(&room, &|q| q.calling = text("freeCalling")));
        assert!(check(&room, &|q| q.calendar = text("none")));
        assert!(check(&room, &|q| q.device_hosted_meetings_enabled = Some(false)));
        assert!(!check(&room, &|q| q.device_hosted_meetings_enabled = Some(true)));
        assert!(check(&room, &|q| q.device_platform = text("cisco")));
        assert!(check(&room, &|q| q.custom_attribute = text("wing")));
        assert!(!check(&room, &|q| q.custom_attribute = text("north")));
        assert!(check(&room, &|q| q.location = room.location));
        assert!(!check(&room, &|q| q.location = Some(LocationId::random())));
        assert!(check(&room, &|q| q.display_name = text("fjord")));
        room.capacity = Some(5);
        room.kind = text("desk");
        assert!(check(&room, &|q| {
            q.capacity = Some(Some(5));
            q.kind = text("desk");
        }));
        assert!(!check(&room, &|q| q.capacity = Some(None)));
    }

    #[test]
    fn words_of_a_query() {
        let query = WorkspaceQuery {
            kind: Some("MEETINGROOM".to_owned()),
            ..WorkspaceQuery::default()
        };
        assert_eq!(query.checked().unwrap().kind.as_deref(), Some("meetingRoom"));
        let query = WorkspaceQuery {
            calendar: Some("papyrus".to_owned()),
            ..WorkspaceQuery::default()
        };
        assert!(query.checked().is_err());
        assert!(
            WorkspaceQuery {
                location: Some(LocationId::random()),
                ..WorkspaceQuery::default()
            }
            .is_plain()
        );
        assert!(
            !WorkspaceQuery {
                capacity: Some(None),
                ..WorkspaceQuery::default()
            }
            .is_plain()
        );
    }

    #[test]
    fn numbers_are_not_shown() {
        let kept =
            json!({ "type": "webexCalling", "webexCalling": { "extension": "123", "licenses": ["a"] } });
        assert_eq!(
            calling_view(&kept),
            json!({ "type": "webexCalling", "webexCalling": { "licenses": ["a"] } })
        );
        assert_eq!(
            calling_view(&json!({ "type": "none" })),
            json!({ "type": "none" })
        );
    }
}
