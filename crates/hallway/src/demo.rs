//! The demo office: Fjord & Falk, as records of the platform and as devices that live.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use hallway_device::office::{
    Calling, DevicePlan, LocationPlan, OfficeDay, OfficePlan, PersonPlan, WorkspacePlan, WorkspaceType,
};
use hallway_device::{Pace, ProductModel, SimulatedDevice};
use hallway_platform::Platform;
use hallway_platform::device::Device;
use hallway_platform::org::{Founding, Person, PersonKind, Role};
use hallway_platform::place::{Address, Floor, Location, Seed, Workspace};
use hallway_wire::id::OrgId;
use hallway_wire::{Secret, Timestamp};
use hallway_xapi::Catalogue;
use serde_json::json;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::devices::LocalDevices;
use crate::house::{Demo, Time};

/// Founds the organization of the demo office, with everything in it. Returns the administrator's token.
pub(crate) async fn found(platform: &Arc<Platform>, demo: Demo) -> Result<Secret> {
    let plan = OfficePlan::demo(demo.seed);
    let now = platform.now();
    let org = plan.organization.id;
    let admin = plan
        .people
        .iter()
        .find(|person| person.admin)
        .context("the plan has no administrator")?;
    let token = platform
        .found_organization(Founding {
            org,
            display_name: plan.organization.name.clone(),
            admin: admin.id,
            admin_email: admin.email.clone(),
            admin_name: admin.display_name(),
            country: None,
        })
        .await?;
    let floors = plan.locations.iter().flat_map(|location| {
        location.floors.iter().map(move |floor| Floor {
            id: floor.id,
            org,
            location: location.id,
            floor_number: f64::from(floor.number),
            display_name: Some(floor.name.clone()),
        })
    });
    let seed = Seed {
        locations: plan
            .locations
            .iter()
            .map(|plan| location(org, now, plan))
            .collect(),
        floors: floors.collect(),
        workspaces: plan
            .workspaces
            .iter()
            .map(|plan| workspace(org, now, plan))
            .collect(),
        devices: plan.devices.iter().map(|plan| device(org, now, plan)).collect(),
        people: plan
            .people
            .iter()
            .map(|plan| Person {
                // Who was founded with the organization runs the demo.
                operator: plan.id == admin.id,
                ..person(org, now, plan)
            })
            .collect(),
    };
    platform.seed(seed).await?;
    Ok(token)
}

/// Brings the devices of the office to life, and lets its day pass.
pub(crate) async fn open_office(
    devices: &Arc<LocalDevices>,
    catalogue: &Arc<Catalogue>,
    demo: Demo,
    time: &Time,
    stop: &CancellationToken,
) -> Result<Option<JoinHandle<()>>> {
    let plan = Arc::new(OfficePlan::demo(demo.seed));
    let mut living = HashMap::new();
    for planned in plan
        .devices
        .iter()
        .filter(|planned| planned.accessory_of.is_none())
    {
        let device = SimulatedDevice::with_timer(
            planned.spec.clone(),
            Arc::clone(catalogue),
            time.timer(),
            Pace::default(),
        );
        devices.add(device.clone()).await.with_context(|| {
            format!(
                "linking {} up (was this data made with another --seed?)",
                planned.spec.name
            )
        })?;
        living.insert(planned.spec.id, device);
    }
    if demo.speed <= 0.0 {
        return Ok(None);
    }
    let day = OfficeDay::new(plan, demo.seed, demo.speed);
    let (timer, stop) = (time.timer(), stop.clone());
    Ok(Some(tokio::spawn(
        async move { day.run(&living, timer, stop).await },
    )))
}

pub(crate) fn location(org: OrgId, now: Timestamp, plan: &LocationPlan) -> Location {
    Location {
        id: plan.id,
        org,
        name: plan.name.clone(),
        address: Address {
            address1: plan.address.clone(),
            address2: None,
            city: plan.city.clone(),
            state: None,
            postal_code: plan.postal_code.clone(),
            country: plan.country.clone(),
        },
        time_zone: plan.time_zone.clone(),
        preferred_language: Some(plan.language.clone()),
        announcement_language: Some(plan.language.clone()),
        latitude: Some(plan.latitude.to_string()),
        longitude: Some(plan.longitude.to_string()),
        notes: None,
        created: now,
    }
}

pub(crate) fn workspace(org: OrgId, now: Timestamp, plan: &WorkspacePlan) -> Workspace {
    let kind = serde_json::to_value(plan.kind)
        .ok()
        .and_then(|kind| kind.as_str().map(str::to_owned));
    Workspace {
        id: plan.id,
        org,
        display_name: plan.name.clone(),
        location: Some(plan.location),
        floor: plan.floor,
        capacity: plan.capacity,
        kind: kind.filter(|_| plan.kind != WorkspaceType::NotSet),
        sip_address: None,
        calling: match plan.calling {
            Calling::FreeCalling => json!({ "type": "freeCalling" }),
            Calling::None => json!({ "type": "none" }),
        },
        calendar: match &plan.calendar {
            Some(address) => json!({ "type": "microsoft", "emailAddress": address }),
            None => json!({ "type": "none" }),
        },
        notes: plan.notes.clone(),
        hotdesking_status: if plan.hot_desk { "on" } else { "off" }.to_owned(),
        supported_devices: "collaborationDevices".to_owned(),
        device_hosted_meetings: None,
        device_platform: Some("cisco".to_owned()),
        indoor_navigation: None,
        planned_maintenance: None,
        custom_attributes: None,
        created: now,
    }
}

pub(crate) fn device(org: OrgId, now: Timestamp, plan: &DevicePlan) -> Device {
    let spec = &plan.spec;
    let accessory = spec.product == ProductModel::RoomNavigator;
    Device {
        id: spec.id,
        org,
        display_name: spec.name.clone(),
        workspace: plan.workspace,
        person: plan.person,
        product: spec.product.display_name().to_owned(),
        product_code: spec.product.code_name().map(str::to_owned),
        kind: if accessory { "accessory" } else { "roomdesk" }.to_owned(),
        xapi: !accessory,
        tags: plan.tags.clone(),
        ip: Some(spec.ip.clone()),
        mac: Some(spec.mac.clone()),
        serial: Some(spec.serial.clone()),
        software: Some(spec.software.clone()),
        upgrade_channel: Some("Stable".to_owned()),
        primary_sip_url: None,
        sip_urls: Vec::new(),
        error_codes: Vec::new(),
        connection_status: accessory.then(|| "connected".to_owned()),
        managed_by: "CUSTOMER".to_owned(),
        device_platform: "cisco".to_owned(),
        planned_maintenance: None,
        link_token: None,
        revision: 0,
        created: now,
        first_seen: Some(now),
        last_seen: Some(now),
    }
}

fn person(org: OrgId, now: Timestamp, plan: &PersonPlan) -> Person {
    let (email, name) = (plan.email.clone(), plan.display_name());
    Person {
        first_name: Some(plan.first_name.clone()),
        last_name: Some(plan.last_name.clone()),
        title: Some(plan.title.clone()),
        department: Some(plan.department.clone()),
        roles: if plan.admin {
            vec![Role::FullAdmin]
        } else {
            Vec::new()
        },
        ..Person::new(plan.id, org, PersonKind::Person, email, name, now)
    }
}
