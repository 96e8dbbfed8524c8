//! Products, and what a simulated device is made from.

use std::fmt;

use hallway_wire::id::DeviceId;
use serde::{Deserialize, Serialize};

/// A product of the collaboration device family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProductModel {
    BoardPro55,
    BoardPro75,
    RoomBar,
    RoomBarPro,
    RoomKit,
    RoomKitMini,
    RoomKitEq,
    RoomKitPro,
    DeskPro,
    Desk,
    DeskMini,
    RoomNavigator,
}

/// What a product measures, and how many of something it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sensors {
    pub people_count: bool,
    /// Whether somebody stands right in front of it.
    pub close_proximity: bool,
    pub ambient_noise: bool,
    pub sound_level: bool,
    pub temperature: bool,
    pub humidity: bool,
    /// Total volatile compounds; only touch panels have this one.
    pub air_quality: bool,
}

impl ProductModel {
    /// Every model.
    pub const ALL: [ProductModel; 12] = [
        Self::BoardPro55,
        Self::BoardPro75,
        Self::RoomBar,
        Self::RoomBarPro,
        Self::RoomKit,
        Self::RoomKitMini,
        Self::RoomKitEq,
        Self::RoomKitPro,
        Self::DeskPro,
        Self::Desk,
        Self::DeskMini,
        Self::RoomNavigator,
    ];

    /// The name that people and `/devices` use.
    pub fn display_name(self) -> &'static str {
        match self {
            Self::BoardPro55 => "Cisco Board Pro 55",
            Self::BoardPro75 => "Cisco Board Pro 75",
            Self::RoomBar => "Cisco Room Bar",
            Self::RoomBarPro => "Cisco Room Bar Pro",
            Self::RoomKit => "Cisco Room Kit",
            Self::RoomKitMini => "Cisco Room Kit Mini",
            Self::RoomKitEq => "Cisco Room Kit EQ",
            Self::RoomKitPro => "Cisco Room Kit Pro",
            Self::DeskPro => "Cisco Desk Pro",
            Self::Desk => "Cisco Desk",
            Self::DeskMini => "Cisco Desk Mini",
            Self::RoomNavigator => "Cisco Room Navigator",
        }
    }

    /// The code name under which the published schema lists it. `None`: the schema that we studied is older
    /// than the product, or the product has no xAPI of its own.
    pub fn code_name(self) -> Option<&'static str> {
        Some(match self {
            Self::BoardPro55 => "helix_55",
            Self::BoardPro75 => "helix_75",
            Self::RoomBar => "davinci",
            Self::RoomKit => "hopen",
            Self::RoomKitMini => "havella",
            Self::RoomKitPro => "barents",
            Self::DeskPro => "polaris",
            Self::Desk => "octavio",
            Self::DeskMini => "bandai",
            Self::RoomBarPro | Self::RoomKitEq | Self::RoomNavigator => return None,
        })
    }

    /// Whether it has an xAPI of its own; an accessory speaks through the device that it belongs to.
    pub fn has_xapi(self) -> bool {
        self != Self::RoomNavigator
    }

    /// The `type` of `/devices`: `roomdesk` or `accessory`.
    pub fn device_type(self) -> &'static str {
        if self.has_xapi() { "roomdesk" } else { "accessory" }
    }

    /// What it measures itself. A panel that is connected to it adds its own (workspace-integrations 3.4).
    pub fn sensors(self) -> Sensors {
        let desk = matches!(self, Self::DeskPro | Self::Desk | Self::DeskMini);
        let board = matches!(self, Self::BoardPro55 | Self::BoardPro75);
        match self {
            Self::RoomNavigator => Sensors {
                people_count: false,
                close_proximity: false,
                ambient_noise: false,
                sound_level: false,
                temperature: true,
                humidity: true,
                air_quality: true,
            },
            _ => Sensors {
                people_count: true,
                close_proximity: desk || board,
                ambient_noise: !desk,
                sound_level: !desk,
                temperature: desk || board,
                humidity: desk || board,
                air_quality: false,
            },
        }
    }

    /// How many people it thinks the room holds, and how many calls it can have.
    pub(crate) fn limits(self) -> (i64, i64) {
        match self {
            Self::DeskPro | Self::Desk | Self::DeskMini => (1, 3),
            Self::RoomKitMini | Self::RoomBar => (6, 4),
            _ => (14, 4),
        }
    }
}

impl fmt::Display for ProductModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.display_name())
    }
}

/// What a simulated device is made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceSpec {
    pub id: DeviceId,
    /// Its name, as people see it.
    pub name: String,
    pub product: ProductModel,
    pub serial: String,
    /// `11:22:33:44:AA:FF`
    pub mac: String,
    pub ip: String,
    /// Release of its software: `RoomOS 11.20.1.7`.
    pub software: String,
    /// The address that others dial.
    pub sip_uri: String,
    /// Whether it belongs to a person. It works the same; the platform shows less of it.
    pub personal: bool,
    /// Touch panels that are connected to it.
    pub panels: Vec<PanelSpec>,
}

/// A touch panel that is connected to a device, as the device shows it below `Peripherals`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PanelSpec {
    /// Number of the peripheral: above 1000 for panels.
    pub index: u32,
    pub name: String,
    pub serial: String,
    pub mac: String,
}

impl DeviceSpec {
    /// A device with made-up serial number and addresses, which follow from its id.
    pub fn new(id: DeviceId, name: impl Into<String>, product: ProductModel) -> Self {
        let bytes = id.uuid().into_bytes();
        let name = name.into();
        let slug: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
        Self {
            id,
            sip_uri: format!("{}@rooms.example.com", slug.to_ascii_lowercase()),
            name,
            product,
            serial: format!(
                "FOC{:02}{:02}{:02X}{:02X}{:02X}",
                20 + bytes[0] % 6,
                1 + bytes[1] % 52,
                bytes[2],
                bytes[3],
                bytes[4]
            ),
            mac: mac(&bytes),
            ip: format!("10.{}.{}.{}", 20 + bytes[5] % 10, bytes[6], 1 + bytes[7] % 250),
            software: "RoomOS 11.20.1.7 c1a9d2f4be3".to_owned(),
            personal: false,
            panels: Vec::new(),
        }
    }

    /// The same device with one more touch panel.
    #[must_use]
    pub fn with_panel(mut self, panel: PanelSpec) -> Self {
        self.panels.push(panel);
        self
    }
}

/// A unicast address that nobody was assigned: the bit for "locally administered" is set.
fn mac(bytes: &[u8; 16]) -> String {
    format!(
        "{:02X}:{:02X}:{:02X}:{:02X}:{:02X}:{:02X}",
        0x02, bytes[8], bytes[9], bytes[10], bytes[11], bytes[12]
    )
}
