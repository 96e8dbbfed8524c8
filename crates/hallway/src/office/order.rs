//! What room a test wants.

use hallway_device::office::{Calling, DevicePlan, WorkspacePlan, WorkspaceType};
use hallway_device::{DeviceSpec, PanelSpec, ProductModel};
use hallway_wire::id::{DeviceId, LocationId, WorkspaceId};

/// A room to make, and what stands in it.
#[derive(Clone, Debug)]
pub struct RoomOrder {
    pub name: String,
    pub product: ProductModel,
    pub capacity: Option<u32>,
    pub kind: WorkspaceType,
    /// Whether it can be booked.
    pub calendar: bool,
    /// Whether a Room Navigator is on the table.
    pub navigator: bool,
    /// Tags of the device.
    pub tags: Vec<String>,
}

/// The product of this name, with or without `Cisco`, as `Room Bar`: one that has an xAPI.
///
/// # Errors
/// There is none; a sentence that names those that there are.
pub fn product(name: &str) -> Result<ProductModel, String> {
    let plain = |text: &str| {
        let text = text.to_ascii_lowercase();
        text.trim_start_matches("cisco ").replace(['-', '_', ' '], "")
    };
    let all = ProductModel::ALL.into_iter().filter(|product| product.has_xapi());
    all.clone()
        .find(|product| plain(product.display_name()) == plain(name))
        .ok_or_else(|| {
            let names: Vec<_> = all.clone().map(|it| it.display_name()).collect();
            format!("there is no product `{name}`; there are {}", names.join(", "))
        })
}

impl RoomOrder {
    /// A bookable meeting room for eight with a Room Bar.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            product: ProductModel::RoomBar,
            capacity: Some(8),
            kind: WorkspaceType::MeetingRoom,
            calendar: true,
            navigator: false,
            tags: Vec::new(),
        }
    }

    /// The room and its devices, the one that speaks first.
    pub(super) fn plan(self, location: LocationId) -> (WorkspacePlan, Vec<DevicePlan>) {
        let workspace = WorkspaceId::random();
        let mut spec = DeviceSpec::new(DeviceId::random(), self.name.clone(), self.product);
        let panel = self.navigator.then(|| {
            let name = format!("{} Navigator", self.name);
            DeviceSpec::new(DeviceId::random(), name, ProductModel::RoomNavigator)
        });
        if let Some(panel) = &panel {
            spec = spec.with_panel(PanelSpec {
                index: 1001,
                name: panel.name.clone(),
                serial: panel.serial.clone(),
                mac: panel.mac.clone(),
            });
        }
        let speaker = spec.id;
        let mut devices = vec![DevicePlan {
            spec,
            workspace: Some(workspace),
            person: None,
            tags: self.tags,
            accessory_of: None,
        }];
        devices.extend(panel.map(|spec| DevicePlan {
            spec,
            workspace: Some(workspace),
            person: None,
            tags: Vec::new(),
            accessory_of: Some(speaker),
        }));
        let slug: String = self.name.chars().filter(char::is_ascii_alphanumeric).collect();
        let address = || format!("{}@rooms.example.com", slug.to_lowercase());
        let plan = WorkspacePlan {
            id: workspace,
            calendar: self.calendar.then(address),
            name: self.name,
            kind: self.kind,
            capacity: self.capacity,
            location,
            floor: None,
            calling: Calling::FreeCalling,
            hot_desk: false,
            notes: None,
        };
        (plan, devices)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_found_however_they_are_written() {
        let bar = ProductModel::RoomBar;
        for name in ["Room Bar", "room-bar", bar.display_name()] {
            assert_eq!(product(name).unwrap(), bar, "{name}");
        }
        assert!(product("Rom Bar").unwrap_err().contains("Room Bar"));
    }
}
