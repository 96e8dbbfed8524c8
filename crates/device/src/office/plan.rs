//! The plan of an invented office.

use hallway_wire::id::{DeviceId, FloorId, Id, LocationId, OrgId, PersonId, WorkspaceId};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use serde::{Deserialize, Serialize};

use crate::model::{DeviceSpec, PanelSpec, ProductModel};

/// An organization with everything in it.
#[derive(Clone, Debug, PartialEq)]
pub struct OfficePlan {
    pub organization: OrganizationPlan,
    pub people: Vec<PersonPlan>,
    pub locations: Vec<LocationPlan>,
    pub workspaces: Vec<WorkspacePlan>,
    pub devices: Vec<DevicePlan>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrganizationPlan {
    pub id: OrgId,
    pub name: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonPlan {
    pub id: PersonId,
    pub first_name: String,
    pub last_name: String,
    pub email: String,
    pub title: String,
    pub department: String,
    /// Whether the person administers the organization.
    pub admin: bool,
    pub location: LocationId,
}

impl PersonPlan {
    /// First and last name.
    pub fn display_name(&self) -> String {
        format!("{} {}", self.first_name, self.last_name)
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct LocationPlan {
    pub id: LocationId,
    pub name: String,
    pub address: String,
    pub city: String,
    pub postal_code: String,
    /// ISO 3166, two letters.
    pub country: String,
    /// IANA name.
    pub time_zone: String,
    /// BCP 47, as `en_us`.
    pub language: String,
    pub latitude: f64,
    pub longitude: f64,
    pub floors: Vec<FloorPlan>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FloorPlan {
    pub id: FloorId,
    pub number: i32,
    pub name: String,
}

/// What a workspace is for, as `/workspaces` knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum WorkspaceType {
    NotSet,
    Focus,
    Huddle,
    MeetingRoom,
    Open,
    Desk,
    Other,
}

/// How the devices of a workspace call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Calling {
    FreeCalling,
    None,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkspacePlan {
    pub id: WorkspaceId,
    pub name: String,
    pub kind: WorkspaceType,
    pub capacity: Option<u32>,
    pub location: LocationId,
    pub floor: Option<FloorId>,
    /// The address under which it is booked.
    pub calendar: Option<String>,
    pub calling: Calling,
    pub hot_desk: bool,
    pub notes: Option<String>,
}

/// A device, and to whom it belongs: a workspace or a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DevicePlan {
    pub spec: DeviceSpec,
    pub workspace: Option<WorkspaceId>,
    pub person: Option<PersonId>,
    pub tags: Vec<String>,
    /// For an accessory: the device through which it speaks.
    pub accessory_of: Option<DeviceId>,
}

/// Row of the table of rooms: name, type, capacity, location, floor, booked by calendar, devices.
type Room = (
    &'static str,
    WorkspaceType,
    Option<u32>,
    usize,
    Option<usize>,
    bool,
    &'static [(&'static str, ProductModel)],
);

const ROOMS: &[Room] = {
    use ProductModel as P;
    use WorkspaceType as T;
    &[
        (
            "Board Room",
            T::MeetingRoom,
            Some(16),
            0,
            Some(1),
            true,
            &[("Board Room", P::BoardPro75), ("Board Room Kit", P::RoomKitEq)],
        ),
        (
            "Kittiwake",
            T::MeetingRoom,
            Some(8),
            0,
            Some(1),
            true,
            &[("Kittiwake Bar", P::RoomBarPro)],
        ),
        (
            "Gannet",
            T::MeetingRoom,
            Some(10),
            0,
            Some(2),
            true,
            &[("Gannet Room Kit", P::RoomKit)],
        ),
        (
            "Skerry",
            T::Huddle,
            Some(4),
            0,
            Some(0),
            true,
            &[("Skerry Bar", P::RoomBar)],
        ),
        (
            "Cove",
            T::Huddle,
            Some(4),
            1,
            Some(0),
            true,
            &[("Cove Board", P::BoardPro55)],
        ),
        (
            "Tern",
            T::Focus,
            Some(1),
            0,
            Some(2),
            true,
            &[("Tern Desk Pro", P::DeskPro)],
        ),
        (
            "Wren",
            T::Focus,
            Some(1),
            1,
            Some(0),
            false,
            &[("Wren Desk", P::Desk)],
        ),
        (
            "Quay",
            T::Open,
            Some(30),
            0,
            Some(0),
            false,
            &[("Quay Board", P::BoardPro55)],
        ),
        (
            "Desk 4.12",
            T::Desk,
            Some(1),
            0,
            Some(2),
            false,
            &[("Desk 4.12", P::DeskMini)],
        ),
        (
            "Desk 4.13",
            T::Desk,
            Some(1),
            0,
            Some(2),
            false,
            &[("Desk 4.13", P::DeskPro)],
        ),
        (
            "Studio",
            T::Other,
            Some(6),
            1,
            Some(1),
            true,
            &[("Studio Codec", P::RoomKitPro)],
        ),
        (
            "Lobby",
            T::NotSet,
            None,
            0,
            None,
            false,
            &[("Lobby Mini", P::RoomKitMini)],
        ),
        ("Store room", T::Other, None, 1, None, false, &[]),
    ]
};

/// Rooms with a touch panel: an accessory of the room's first device.
const PANEL_ROOMS: &[&str] = &["Gannet", "Kittiwake"];
/// Devices that examples of integrations look for.
const TAGGED: &[&str] = &[
    "Board Room",
    "Kittiwake Bar",
    "Skerry Bar",
    "Tern Desk Pro",
    "Cove Board",
];

const PEOPLE: &[(&str, &str, &str, &str, usize)] = &[
    ("Ingrid", "Falk", "Founder", "Management", 0),
    ("Mateus", "Fjord", "Founder", "Management", 1),
    ("Sunniva", "Berg", "Workplace administrator", "Operations", 0),
    ("Tomás", "Carvalho", "Workplace engineer", "Operations", 1),
    ("Amara", "Okafor", "Head of design", "Design", 0),
    ("Jonas", "Lind", "Interaction designer", "Design", 0),
    ("Beatriz", "Nogueira", "Service designer", "Design", 1),
    ("Elif", "Aydin", "Engineer", "Engineering", 0),
    ("Rasmus", "Holt", "Engineer", "Engineering", 0),
    ("Priya", "Raman", "Engineer", "Engineering", 0),
    ("Duarte", "Pinto", "Engineer", "Engineering", 1),
    ("Hedda", "Moen", "Office manager", "Operations", 0),
    ("Noor", "Haddad", "Finance", "Management", 0),
];

impl OfficePlan {
    /// Fjord & Falk: two offices, thirteen workspaces, as many people. The same seed gives the same ids.
    pub fn demo(seed: u64) -> Self {
        let mut ids = Ids(StdRng::seed_from_u64(seed));
        let organization = OrganizationPlan {
            id: ids.next(),
            name: "Fjord & Falk".to_owned(),
        };
        let locations = locations(&mut ids);
        let people: Vec<PersonPlan> = PEOPLE
            .iter()
            .map(|(first, last, title, department, location)| PersonPlan {
                id: ids.next(),
                first_name: (*first).to_owned(),
                last_name: (*last).to_owned(),
                email: format!("{}.{}@fjordfalk.example", ascii(first), ascii(last)),
                title: (*title).to_owned(),
                department: (*department).to_owned(),
                admin: *department == "Operations" && title.starts_with("Workplace"),
                location: locations[*location].id,
            })
            .collect();
        let mut workspaces = Vec::new();
        let mut devices = Vec::new();
        for (name, kind, capacity, location, floor, booked, equipment) in ROOMS {
            let place = &locations[*location];
            let workspace: WorkspaceId = ids.next();
            workspaces.push(WorkspacePlan {
                id: workspace,
                name: (*name).to_owned(),
                kind: *kind,
                capacity: *capacity,
                location: place.id,
                floor: floor.map(|floor| place.floors[floor].id),
                calendar: booked.then(|| format!("{}@rooms.fjordfalk.example", ascii(name))),
                calling: if equipment.is_empty() {
                    Calling::None
                } else {
                    Calling::FreeCalling
                },
                hot_desk: *kind == WorkspaceType::Desk,
                notes: (*name == "Studio").then(|| "Recording light is switched by hand".to_owned()),
            });
            for (i, (device_name, product)) in equipment.iter().enumerate() {
                let mut spec = DeviceSpec::new(ids.next(), *device_name, *product);
                spec.sip_uri = format!("{}@fjordfalk.rooms.example", ascii(device_name));
                let mut accessory = None;
                if i == 0 && PANEL_ROOMS.contains(name) {
                    let mut panel = DeviceSpec::new(
                        ids.next(),
                        format!("{name} Navigator"),
                        ProductModel::RoomNavigator,
                    );
                    panel.sip_uri.clear();
                    spec = spec.with_panel(PanelSpec {
                        index: 1001 + u32::try_from(workspaces.len()).unwrap_or(0),
                        name: panel.name.clone(),
                        serial: panel.serial.clone(),
                        mac: panel.mac.clone(),
                    });
                    accessory = Some(panel);
                }
                let id = spec.id;
                let mut tags = vec![place.city.to_ascii_lowercase()];
                if TAGGED.contains(device_name) {
                    tags.push("wi-demo".to_owned());
                }
                devices.push(DevicePlan {
                    spec,
                    workspace: Some(workspace),
                    person: None,
                    tags,
                    accessory_of: None,
                });
                devices.extend(accessory.map(|spec| DevicePlan {
                    spec,
                    workspace: Some(workspace),
                    person: None,
                    tags: Vec::new(),
                    accessory_of: Some(id),
                }));
            }
        }
        let owner = &people[4];
        let mut spec = DeviceSpec::new(
            ids.next(),
            format!("{}'s Desk Pro", owner.first_name),
            ProductModel::DeskPro,
        );
        spec.personal = true;
        devices.push(DevicePlan {
            spec,
            workspace: None,
            person: Some(owner.id),
            tags: vec!["home office".to_owned()],
            accessory_of: None,
        });
        Self {
            organization,
            people,
            locations,
            workspaces,
            devices,
        }
    }

    /// The workspace with this id.
    pub fn workspace(&self, id: WorkspaceId) -> Option<&WorkspacePlan> {
        self.workspaces.iter().find(|workspace| workspace.id == id)
    }

    /// The devices of a workspace that have an xAPI of their own.
    pub fn devices_of(&self, workspace: WorkspaceId) -> impl Iterator<Item = &DevicePlan> {
        self.devices
            .iter()
            .filter(move |device| device.workspace == Some(workspace) && device.spec.product.has_xapi())
    }
}

fn locations(ids: &mut Ids) -> Vec<LocationPlan> {
    let floors = |ids: &mut Ids, floors: &[(i32, &str)]| {
        floors
            .iter()
            .map(|(number, name)| FloorPlan {
                id: ids.next(),
                number: *number,
                name: (*name).to_owned(),
            })
            .collect()
    };
    vec![
        LocationPlan {
            id: ids.next(),
            name: "Oslo".to_owned(),
            address: "Skipperbrygga 7".to_owned(),
            city: "Oslo".to_owned(),
            postal_code: "0250".to_owned(),
            country: "NO".to_owned(),
            time_zone: "Europe/Oslo".to_owned(),
            language: "nb_NO".to_owned(),
            latitude: 59.9097,
            longitude: 10.7265,
            floors: floors(
                ids,
                &[(1, "Ground floor"), (3, "Third floor"), (4, "Fourth floor")],
            ),
        },
        LocationPlan {
            id: ids.next(),
            name: "Porto".to_owned(),
            address: "Rua das Gaivotas 112".to_owned(),
            city: "Porto".to_owned(),
            postal_code: "4050-290".to_owned(),
            country: "PT".to_owned(),
            time_zone: "Europe/Lisbon".to_owned(),
            language: "pt_PT".to_owned(),
            latitude: 41.1409,
            longitude: -8.6132,
            floors: floors(ids, &[(0, "Rés-do-chão"), (1, "First floor")]),
        },
    ]
}

/// Ids that follow from a seed.
struct Ids(StdRng);

impl Ids {
    fn next<K>(&mut self) -> Id<K> {
        Id::from_uuid(uuid::Builder::from_random_bytes(self.0.random()).into_uuid())
    }
}

/// A name as addresses have it.
fn ascii(name: &str) -> String {
    name.chars()
        .filter_map(|c| match c {
            'á' | 'ã' => Some('a'),
            ' ' | '.' => Some('-'),
            c if c.is_ascii_alphanumeric() => Some(c.to_ascii_lowercase()),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_office() {
        assert_eq!(OfficePlan::demo(7), OfficePlan::demo(7));
        assert_ne!(
            OfficePlan::demo(7).organization.id,
            OfficePlan::demo(8).organization.id
        );
    }

    #[test]
    fn the_office_has_what_demos_need() {
        let plan = OfficePlan::demo(1);
        assert!(plan.people.len() >= 12 && plan.workspaces.len() >= 12 && plan.devices.len() > 10);
        let types: HashSet<WorkspaceType> = plan.workspaces.iter().map(|workspace| workspace.kind).collect();
        assert_eq!(types.len(), 7);
        let count = |id| plan.devices_of(id).count();
        assert!(plan.workspaces.iter().any(|workspace| count(workspace.id) == 2));
        assert!(plan.workspaces.iter().any(|workspace| count(workspace.id) == 0));
        assert!(
            plan.devices
                .iter()
                .all(|device| device.workspace.is_some() != device.person.is_some())
        );
        assert!(plan.devices.iter().any(|device| device.spec.personal));
        assert!(plan.devices.iter().any(|device| device.accessory_of.is_some()));
        assert!(
            plan.devices
                .iter()
                .filter(|device| device.tags.iter().any(|tag| tag == "wi-demo"))
                .count()
                >= 3
        );
        let ids: HashSet<_> = plan.devices.iter().map(|device| device.spec.id).collect();
        assert_eq!(ids.len(), plan.devices.len());
        let macs: HashSet<_> = plan
            .devices
            .iter()
            .map(|device| device.spec.mac.clone())
            .collect();
        assert_eq!(macs.len(), plan.devices.len());
    }
}
