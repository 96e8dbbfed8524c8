//! Giving devices to a provider, and taking them away: what the dialogs of Control Hub do (features 5).

use std::collections::{BTreeMap, HashMap};

use futures_util::StreamExt as _;
use hallway_wire::feature::{
    Assigned, ChosenDevice, FeatureAssignment, Selection, SkippedDevice, Unassigned,
};
use hallway_wire::id::{AppId, DeviceId, WorkspaceId};
use hallway_wire::manifest::Feature;

use super::assignment::{Assignment, BY_OFFER, Provider, id_of};
use super::navigators::is_navigator;
use super::wanted::lacks;
use crate::audit;
use crate::caller::Caller;
use crate::device::Device;
use crate::error::{Doing as _, Error, Result};
use crate::integration::Activation;
use crate::place::Workspace;
use crate::place::rules::same;
use crate::platform::Platform;
use crate::ports::records::After;
use crate::ports::{DeviceFilter, Find, Page, WorkspaceFilter};
use crate::records::{Document as _, Kept, put_new};

/// Most devices that one request names.
pub(super) const MAX_NAMED: usize = 1000;
/// How many devices are asked at the same time what is paired with them.
const ASKED_AT_ONCE: usize = 32;
/// How many devices the audit trail names.
const NAMED_IN_AUDIT: usize = 10;
/// From this many devices on, all workspaces are read at once.
const MANY: usize = 16;

impl Platform {
    /// The devices that a selection means. Those that it names must exist.
    async fn selected(&self, caller: &Caller, selection: &Selection) -> Result<Vec<Device>> {
        let all = selection.all == Some(true);
        let given = [
            selection.devices.is_some(),
            selection.workspace_id.is_some(),
            selection.location_id.is_some(),
            selection.tag.is_some(),
            all,
        ];
        if given.into_iter().filter(|&given| given).count() != 1 {
            return Err(Error::invalid(
                "Exactly one of devices, workspaceId, locationId, tag and all must be given.",
            ));
        }
        if let Some(named) = &selection.devices {
            if named.is_empty() || named.len() > MAX_NAMED {
                return Err(Error::invalid(format!(
                    "devices must name 1 to {MAX_NAMED} devices."
                )));
            }
            let mut devices: Vec<Device> = Vec::new();
            for &id in named {
                let device = self.own_device(caller, id).await?;
                if devices.iter().all(|other| other.id != id) {
                    devices.push(device);
                }
            }
            return Ok(devices);
        }
        if let Some(workspace) = selection.workspace_id {
            self.own_workspace(caller, workspace).await?;
            return self.devices_in(caller.org, workspace).await;
        }
        if let Some(location) = selection.location_id {
            self.own_location(caller, location).await?;
        }
        let tag = selection.tag.as_deref().map(str::trim);
        if tag.is_some_and(str::is_empty) {
            return Err(Error::invalid("tag must not be empty."));
        }
        let here = match selection.location_id {
            None => None,
            Some(location) => {
                let filter = WorkspaceFilter {
                    location: Some(location),
                    floor: None,
                };
                let found = self.store.workspaces(caller.org, filter, Page::ALL).await;
                let found = found.doing("listing workspaces")?;
                Some(
                    found
                        .into_iter()
                        .map(|workspace| workspace.id)
                        .collect::<Vec<_>>(),
                )
            }
        };
        let devices = self
            .store
            .devices(caller.org, DeviceFilter::default(), Page::ALL)
            .await;
        let mut devices = devices.doing("listing devices")?;
        devices.retain(|device| {
            let stands = here
                .as_ref()
                .is_none_or(|here| device.workspace.is_some_and(|id| here.contains(&id)));
            stands && tag.is_none_or(|tag| device.tags.iter().any(|own| same(own, tag)))
        });
        Ok(devices)
    }

    /// The workspaces of devices, with few questions to the store.
    async fn workspaces_of(
        &self,
        caller: &Caller,
        devices: &[Device],
    ) -> Result<HashMap<WorkspaceId, Workspace>> {
        let mut found = HashMap::new();
        if devices.len() > MANY {
            let all = self
                .store
                .workspaces(caller.org, WorkspaceFilter::default(), Page::ALL);
            let all = all.await.doing("listing workspaces")?;
            found.extend(all.into_iter().map(|workspace| (workspace.id, workspace)));
            return Ok(found);
        }
        for id in devices.iter().filter_map(|device| device.workspace) {
            if let Some(workspace) = self.store.workspace(id).await.doing("reading a workspace")? {
                found.insert(id, workspace);
            }
        }
        Ok(found)
    }

    /// Why a device cannot be assigned, if it cannot.
    async fn unfit(
        &self,
        activation: &Activation,
        feature: Feature,
        device: &Device,
        workspaces: &HashMap<WorkspaceId, Workspace>,
    ) -> Result<Option<String>> {
        if is_navigator(device) {
            return Ok(Some(match feature {
                Feature::DigitalSignage => "A Room Navigator shows no digital signage.".to_owned(),
                Feature::PersistentWebApp => {
                    "Assign the device that the Room Navigator is paired with.".to_owned()
                }
            }));
        }
        if let Some(reason) = lacks(&self.catalogue, device, feature) {
            return Ok(Some(reason));
        }
        let Some(workspace) = device.workspace.and_then(|id| workspaces.get(&id)) else {
            return Ok(Some(
                "The device is in personal mode: it belongs to no workspace.".to_owned(),
            ));
        };
        let limits = &activation.locations;
        if !limits.is_empty() && !workspace.location.is_some_and(|here| limits.contains(&here)) {
            return Ok(Some(
                "The device is outside the locations for which the integration was activated.".to_owned(),
            ));
        }
        if feature == Feature::PersistentWebApp {
            let navigators = self.navigators_of(device, None).await?;
            return Ok(match navigators {
                Some(navigators) if !navigators.is_empty() => None,
                None if !self.can_say(device.id) => Some(
                    "The device is not connected, and no Room Navigator is registered in its workspace."
                        .to_owned(),
                ),
                _ => Some("No Room Navigator is paired with the device.".to_owned()),
            });
        }
        Ok(None)
    }

    /// Makes an integration the provider of a feature for devices. Devices that had another one change.
    ///
    /// # Errors
    /// The caller is no device administrator; there is no such integration, device, workspace or location; the
    /// integration does not provide the feature (the text says what is to be done).
    pub async fn assign_feature(
        &self,
        caller: &Caller,
        app: AppId,
        feature: Feature,
        selection: &Selection,
    ) -> Result<Assigned> {
        caller.require_device_admin()?;
        let integration = self.find_integration(caller, app).await?;
        let name = self.stored_manifest(&integration.manifest)?.display_name;
        let devices = self.selected(caller, selection).await?;
        let (activation, next_step) = self.provider(&integration, feature).await?;
        let (Some(activation), None) = (activation, next_step.clone()) else {
            return Err(Error::conflict(next_step.unwrap_or_default()));
        };
        let workspaces = self.workspaces_of(caller, &devices).await?;
        let mut asked = Vec::with_capacity(devices.len());
        for device in &devices {
            asked.push(self.unfit(&activation, feature, device, &workspaces));
        }
        // The order is that of the devices.
        let mut answers = futures_util::stream::iter(asked).buffered(ASKED_AT_ONCE);
        let mut reasons: HashMap<DeviceId, Option<String>> = HashMap::new();
        for device in &devices {
            let Some(reason) = answers.next().await else { break };
            reasons.insert(device.id, reason?);
        }
        drop(answers);
        let reasons = &reasons;
        let assigned = self
            .retrying(|| self.assign_once(caller, (app, &name), feature, &devices, reasons))
            .await?;
        for chosen in &assigned.assigned {
            self.provisioning.note(chosen.device_id, true);
            self.provisioning.mark(chosen.device_id, false);
        }
        Ok(assigned)
    }

    /// One attempt: the assignments as they are now, the provider as it is now, one commit.
    async fn assign_once(
        &self,
        caller: &Caller,
        (app, name): (AppId, &str),
        feature: Feature,
        devices: &[Device],
        reasons: &HashMap<DeviceId, Option<String>>,
    ) -> Result<Assigned> {
        let activation = self.find_activation(caller.org, app).await?;
        let offer = activation.as_ref().filter(|activation| activation.ends.is_none());
        let offer = offer.and_then(|activation| activation.provided.of(feature));
        let Some(offer) = offer else {
            return Err(Error::conflict(format!(
                "{name} stopped providing the {}.",
                feature.noun()
            )));
        };
        let provider = Provider { app, offer: offer.id };
        let mut existing = self.existing(caller, feature, devices).await?;
        let now = self.now();
        let mut answer = Assigned::default();
        let mut writes = Vec::new();
        for device in devices {
            let display_name = device.display_name.clone();
            if let Some(Some(reason)) = reasons.get(&device.id) {
                answer.skipped.push(SkippedDevice {
                    device_id: device.id,
                    display_name,
                    reason: reason.clone(),
                });
                continue;
            }
            let mut replaces = None;
            match existing.remove(&device.id) {
                None => {
                    let new = Assignment::new(caller.org, device.id, feature, provider, now);
                    writes.push(put_new(&new)?);
                }
                Some(kept) if kept.provider == Some(provider) => {}
                Some(kept) => {
                    replaces = kept
                        .provider
                        .map(|before| before.app)
                        .filter(|before| *before != app);
                    writes.push(kept.put(&Assignment {
                        provider: Some(provider),
                        assigned: now,
                        url: None,
                        pages: Vec::new(),
                        problem: None,
                        refused: None,
                        ..kept.doc.clone()
                    })?);
                }
            }
            answer.assigned.push(ChosenDevice {
                device_id: device.id,
                display_name,
                replaces,
            });
        }
        if !writes.is_empty() {
            let description = format!(
                "assigned the {} of {name} to {}",
                feature.noun(),
                some_names(answer.assigned.iter().map(|chosen| chosen.display_name.as_str()))
            );
            writes.push(audit::by(
                caller,
                now,
                "integration.feature_assigned",
                name,
                description,
            ));
            self.commit(writes).await?;
        }
        Ok(answer)
    }

    /// The assignments that these devices have.
    async fn existing(
        &self,
        caller: &Caller,
        feature: Feature,
        devices: &[Device],
    ) -> Result<BTreeMap<DeviceId, Kept<Assignment>>> {
        let mut existing = BTreeMap::new();
        for device in devices.iter().filter(|device| self.provisioning.knows(device.id)) {
            let found = self
                .get::<Assignment>(caller.org, &id_of(device.id, feature))
                .await?;
            existing.extend(found.map(|kept| (device.id, kept)));
        }
        Ok(existing)
    }

    /// Takes devices away from an integration; they forget what it provided.
    ///
    /// # Errors
    /// The caller is no device administrator; there is no such integration, device, workspace or location.
    pub async fn unassign_feature(
        &self,
        caller: &Caller,
        app: AppId,
        feature: Feature,
        selection: &Selection,
    ) -> Result<Unassigned> {
        caller.require_device_admin()?;
        let integration = self.find_integration(caller, app).await?;
        let name = self.stored_manifest(&integration.manifest)?.display_name;
        let devices = self.selected(caller, selection).await?;
        let named = selection.devices.is_some();
        let unassigned = self
            .retrying(|| self.unassign_once(caller, (app, &name), feature, &devices, named))
            .await?;
        for chosen in &unassigned.unassigned {
            self.provisioning.mark(chosen.device_id, false);
        }
        Ok(unassigned)
    }

    async fn unassign_once(
        &self,
        caller: &Caller,
        (app, name): (AppId, &str),
        feature: Feature,
        devices: &[Device],
        named: bool,
    ) -> Result<Unassigned> {
        let mut existing = self.existing(caller, feature, devices).await?;
        let mut answer = Unassigned::default();
        let mut writes = Vec::new();
        for device in devices {
            let display_name = device.display_name.clone();
            let kept = existing.remove(&device.id);
            match kept.filter(|kept| kept.provider.is_some_and(|provider| provider.app == app)) {
                Some(kept) => {
                    writes.push(kept.put(&Assignment {
                        provider: None,
                        ..kept.doc.clone()
                    })?);
                    answer.unassigned.push(ChosenDevice {
                        device_id: device.id,
                        display_name,
                        replaces: None,
                    });
                }
                // Of a whole workspace or location, only what was assigned is worth a word.
                None if named => answer.skipped.push(SkippedDevice {
                    device_id: device.id,
                    display_name,
                    reason: format!("The device has no {} of {name}.", feature.noun()),
                }),
                None => {}
            }
        }
        if !writes.is_empty() {
            let description = format!(
                "took the {} of {name} from {}",
                feature.noun(),
                some_names(
                    answer
                        .unassigned
                        .iter()
                        .map(|chosen| chosen.display_name.as_str())
                )
            );
            let now = self.now();
            writes.push(audit::by(
                caller,
                now,
                "integration.feature_unassigned",
                name,
                description,
            ));
            self.commit(writes).await?;
        }
        Ok(answer)
    }

    /// A page of the devices that are assigned to an integration, with where each stands.
    ///
    /// # Errors
    /// The caller is no administrator; there is no such integration.
    pub async fn feature_assignments(
        &self,
        caller: &Caller,
        app: AppId,
        feature: Feature,
        after: Option<After>,
        max: usize,
    ) -> Result<(Vec<FeatureAssignment>, Option<After>)> {
        caller.require_reading_admin()?;
        self.find_integration(caller, app).await?;
        let activation = self.find_activation(caller.org, app).await?;
        let offer = activation.filter(|activation| activation.ends.is_none());
        let Some(offer) = offer.and_then(|activation| activation.provided.of(feature).cloned()) else {
            return Ok((Vec::new(), None));
        };
        let find = Find::new(Assignment::KIND, caller.org, BY_OFFER, offer.id.to_string(), max).after(after);
        let listed = self.assignments(find).await?;
        let mut items = Vec::with_capacity(listed.items.len());
        for kept in &listed.items {
            items.push(self.assignment_view(kept).await?);
        }
        Ok((items, listed.next))
    }

    async fn assignment_view(&self, kept: &Kept<Assignment>) -> Result<FeatureAssignment> {
        let device = self.store.device(kept.device).await.doing("reading a device")?;
        let name = device.map(|device| device.display_name).unwrap_or_default();
        Ok(kept.view(name))
    }
}

/// The first names, and how many more there are.
fn some_names<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.collect();
    let shown = names
        .iter()
        .take(NAMED_IN_AUDIT)
        .copied()
        .collect::<Vec<_>>()
        .join(", ");
    match names.len().saturating_sub(NAMED_IN_AUDIT) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
