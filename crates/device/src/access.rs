//! What somebody on the local API may do: a user by its roles, a web app on a Room Navigator by the list here.
//!
//! A web app holds a key of the device itself (features 4: `WebEngine.Features.Xapi.Peripherals.AllowedHosts`).
//! It may look at the device and use the room, for what such pages are made for: showing bookings, lighting the
//! LEDs, waking the device up. It may not change how the device is set up, who may use it or what runs on it.

use hallway_xapi::catalogue::{Role, Roles};
use hallway_xapi::key::Key;
use hallway_xapi::rpc::{RpcError, code};

use crate::device::SimulatedDevice;

/// What one connection may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    pub(crate) roles: Roles,
    /// The permission of a web app on a Navigator; the connection ends with it.
    pub(crate) web_app: Option<u64>,
}

impl From<Roles> for Access {
    fn from(roles: Roles) -> Self {
        Self { roles, web_app: None }
    }
}

/// Commands that a web app may run: these, and all below them.
const COMMANDS: [&str; 17] = [
    "Audio.Microphones",
    "Audio.Volume",
    "Bookings.Book",
    "Bookings.Extend",
    "Bookings.Get",
    "Bookings.List",
    "Bookings.Respond",
    "Presentation",
    "Standby",
    "UserInterface.Extensions.List",
    "UserInterface.Extensions.Panel.Clicked",
    "UserInterface.Extensions.Panel.Close",
    "UserInterface.Extensions.Panel.Open",
    "UserInterface.Extensions.Widget",
    "UserInterface.LedControl",
    "UserInterface.Message",
    "UserInterface.WebView",
];

impl Access {
    /// A web app with this permission: what a user of the room and who integrates with it may read, never what
    /// is for administrators.
    pub(crate) fn web_app(number: u64) -> Self {
        let roles = [Role::Integrator, Role::RoomControl, Role::User];
        Self {
            roles: roles.into_iter().collect(),
            web_app: Some(number),
        }
    }

    /// Checks a request before it is looked at more closely.
    ///
    /// # Errors
    /// Permission denied: a web app may not do this.
    pub(crate) fn check(self, device: &SimulatedDevice, method: &str) -> Result<(), RpcError> {
        if self.web_app.is_none() {
            return Ok(());
        }
        let permitted = match method.split_once('/') {
            Some(("xCommand", command)) => device.look(|state| {
                let key: Option<Key> = command.replace('/', ".").parse().ok();
                // A command that does not exist is answered as it is to everybody.
                key.and_then(|key| state.schema.command(&key))
                    .is_none_or(|spec| may_run(&spec.path.to_string()))
            }),
            Some(("xSimulator", _)) => false,
            _ => !matches!(method, "xSet" | "xReset"),
        };
        if permitted {
            Ok(())
        } else {
            Err(RpcError::new(
                code::PERMISSION,
                format!("a web app may not use {method}"),
            ))
        }
    }
}

/// Whether a web app may run the command with this canonical path.
fn may_run(command: &str) -> bool {
    COMMANDS.iter().any(|allowed| {
        command
            .strip_prefix(allowed)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    })
}

#[cfg(test)]
mod tests {
    use hallway_xapi::Catalogue;

    use super::*;

    #[test]
    fn the_list_names_commands_that_exist() {
        let catalogue = Catalogue::builtin();
        let all = hallway_xapi::Pattern::everything();
        for allowed in COMMANDS {
            let below = |path: &str| {
                path.strip_prefix(allowed)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            };
            let found = catalogue
                .commands(&all, None)
                .any(|spec| below(&spec.path.to_string()));
            assert!(found, "{allowed}");
        }
    }

    #[test]
    fn what_sets_a_device_up_is_not_for_web_apps() {
        for (command, expected) in [
            ("UserInterface.LedControl.Color.Set", true),
            ("Standby.Halfwake", true),
            ("Audio.Volume.Set", true),
            ("Audio.VolumeX.Set", false),
            ("Bookings.Put", false),
            ("UserInterface.Extensions.Panel.Save", false),
            ("UserInterface.Branding.Upload", false),
            ("Macros.Macro.Save", false),
            ("UserManagement.User.Add", false),
            ("SystemUnit.Boot", false),
            ("Dial", false),
        ] {
            assert_eq!(may_run(command), expected, "{command}");
        }
    }
}
