//! Web apps on Room Navigators: a page that fills the Navigator's screen and cannot be dismissed, and the keys
//! with which it reaches its device's xAPI (features 4).
//!
//! Which Navigators show it: those that were set to that mode by `Peripherals.TouchPanel.Configure`, and those
//! that were never given a mode. The setting is one for the whole device. All Navigators of a simulated device
//! count as paired over the network; others could not show it.
//!
//! A Navigator whose page may reach the xAPI has a *permission*. It ends when the page, the list of hosts, a
//! switch or the Navigator changes, and with it its keys and connections. A real device's web engine puts a key
//! into the page; here whoever looks after the device asks for one.

use std::collections::BTreeMap;

use hallway_wire::Secret;
use hallway_wire::screen::NavigatorScreen;
use hallway_xapi::rpc::RpcError;
use http::Uri;
use rand::Rng as _;
use subtle::ConstantTimeEq as _;

use super::{failed, is_web_address, peripherals};
use crate::access::Access;
use crate::state::State;

/// How a web app's key starts, so that hosts tell it from an access token.
pub const KEY_PREFIX: &str = "hwk";
/// For how long a key opens connections; those that are open last as long as the permission.
const KEY_LIFE_MS: i64 = 15 * 60_000;
/// Keys of one Navigator that are good at the same time; the oldest makes room.
const MOST_KEYS: usize = 8;
/// Web views of Navigators have numbers above this, as touch panels do.
const FIRST_VIEW: u32 = 1000;
/// The number of the diagnostics message.
const MESSAGE: &str = "Diagnostics.Message[41]";

/// The modes of Navigators, and the permissions of their pages.
#[derive(Debug, Default)]
pub(crate) struct WebApps {
    /// Modes that were given by command, by number of the peripheral: they survive a restart.
    pub(crate) modes: BTreeMap<u32, String>,
    permissions: BTreeMap<u32, Permission>,
    last: u64,
    ended: Vec<u64>,
}

/// A page on a Navigator that may reach the xAPI.
#[derive(Debug)]
struct Permission {
    number: u64,
    basis: Basis,
    keys: Vec<Key>,
}

/// What a permission rests on; when any of it changes, it is another one.
#[derive(Debug, PartialEq, Eq)]
struct Basis {
    serial: String,
    url: String,
    hosts: String,
}

#[derive(Debug)]
struct Key {
    secret: Secret,
    expires_ms: i64,
}

/// A key for the page of one Navigator.
pub(crate) struct Issued {
    pub(crate) key: Secret,
    pub(crate) url: String,
    pub(crate) expires_ms: i64,
}

impl WebApps {
    /// Forgets permissions when the machine goes down.
    pub(crate) fn end_all(&mut self) {
        let ended = std::mem::take(&mut self.permissions).into_values();
        self.ended.extend(ended.map(|permission| permission.number));
    }

    /// Permissions that have ended since the last time: their connections must be closed.
    pub(crate) fn take_ended(&mut self) -> Vec<u64> {
        std::mem::take(&mut self.ended)
    }

    /// Whether a permission is still good.
    pub(crate) fn holds(&self, number: u64) -> bool {
        self.permissions
            .values()
            .any(|permission| permission.number == number)
    }

    /// What somebody with this key may do.
    pub(crate) fn admit(&self, key: &str, now_ms: i64) -> Option<Access> {
        let mut found = None;
        for permission in self.permissions.values() {
            for known in &permission.keys {
                let same = known.secret.expose().as_bytes().ct_eq(key.as_bytes());
                if bool::from(same) && known.expires_ms > now_ms {
                    found = Some(Access::web_app(permission.number));
                }
            }
        }
        found
    }
}

/// A Navigator that is there, as the peripherals list it.
struct Navigator {
    index: u32,
    serial: String,
    name: String,
    /// Why it shows no web app, whatever is set.
    unfit: Option<&'static str>,
}

fn navigators(state: &State) -> Vec<Navigator> {
    let mut found = Vec::new();
    for index in state.indexes("Peripherals.ConnectedDevice") {
        let text = |leaf: &str| state.text(&format!("Peripherals.ConnectedDevice[{index}].{leaf}"));
        let hardware = text("HardwareInfo");
        let other_panel = !hardware.is_empty() && !hardware.to_ascii_lowercase().contains("navigator");
        let connected = matches!(text("Status"), "Connected" | "");
        if !peripherals::is_panel(text("Type"))
            || other_panel
            || !connected
            || text("SerialNumber").is_empty()
        {
            continue;
        }
        let unfit = match (text("Type"), state.web_apps.modes.get(&index).map(String::as_str)) {
            ("PersistentWebApp", _) => None,
            ("RoomScheduler", _) => Some("The Navigator is in room scheduler mode."),
            (_, Some("Controller")) => Some("The Navigator is in controller mode."),
            _ => None,
        };
        found.push(Navigator {
            index,
            serial: text("SerialNumber").to_owned(),
            name: text("Name").to_owned(),
            unfit,
        });
    }
    found
}

/// Its place among the web views: the number of the peripheral, above those of the other views.
fn view_number(index: u32) -> u32 {
    if index > FIRST_VIEW {
        index
    } else {
        10 * FIRST_VIEW + index
    }
}

fn view(index: u32) -> String {
    format!("UserInterface.WebView[{}]", view_number(index))
}

/// The page that is set for the Navigators; `Err` says why there is none.
fn page(state: &State) -> Result<String, &'static str> {
    let url = state.configuration_text("UserInterface.HomeScreen.Peripherals.WebApp.URL");
    if url.is_empty() {
        return Err("No web app is set.");
    }
    if state.configuration_text("WebEngine.Mode") != "On" {
        return Err("The web engine is off (WebEngine.Mode).");
    }
    if !is_web_address(&url) {
        return Err("The URL of the web app is not an address of the web.");
    }
    Ok(url)
}

/// Why a page may not reach the xAPI; `None`: it may.
fn refusal(state: &State, url: &str) -> Option<&'static str> {
    if state.configuration_text("Security.Xapi.WebSocket.ApiKey.Allowed") != "True" {
        return Some("Keys for web apps are not allowed (Security.Xapi.WebSocket.ApiKey.Allowed).");
    }
    if state.configuration_text("NetworkServices.Websocket") == "Off"
        || state.configuration_text("NetworkServices.HTTP.Mode") == "Off"
    {
        return Some("The device's WebSocket is off (NetworkServices.Websocket, NetworkServices.HTTP.Mode).");
    }
    let hosts = state.configuration_text("WebEngine.Features.Xapi.Peripherals.AllowedHosts.Hosts");
    (!host_is_listed(url, &hosts)).then_some(
        "The web app's host is not allowed (WebEngine.Features.Xapi.Peripherals.AllowedHosts.Hosts).",
    )
}

/// Whether a list of hosts has the host of a page: names, `*.example.com` for those below a name, `*` for all,
/// and with `:port` only that port. The list is separated by commas, semicolons or spaces.
fn host_is_listed(url: &str, hosts: &str) -> bool {
    let Ok(uri) = url.parse::<Uri>() else { return false };
    let Some(host) = uri.host() else { return false };
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let port = uri
        .port_u16()
        .unwrap_or(if uri.scheme_str() == Some("http") { 80 } else { 443 });
    let mut entries = hosts
        .split([',', ';', ' '])
        .map(str::trim)
        .filter(|entry| !entry.is_empty());
    entries.any(|entry| {
        let entry = entry.to_ascii_lowercase();
        let (name, wanted) = match entry.rsplit_once(':') {
            Some((name, digits)) if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) => {
                (name, Some(digits))
            }
            _ => (entry.as_str(), None),
        };
        let same_port = wanted.is_none_or(|digits| digits.parse() == Ok(port));
        let same_host = match name.strip_prefix('*') {
            Some("") => true,
            Some(below) => below.starts_with('.') && host.len() > below.len() && host.ends_with(below),
            None => name.trim_end_matches('.') == host,
        };
        same_port && same_host
    })
}

/// Brings the Navigators, their statuses and permissions in line with the settings and with who is there.
pub(crate) fn follow(state: &mut State) {
    let page = page(state);
    let unusable = matches!(&page, Err(why) if why.contains("not an address"));
    state.diagnose(
        MESSAGE,
        unusable.then_some("The URL of the persistent web app is not an address of the web."),
    );
    let shows: Vec<Navigator> = match &page {
        Ok(_) => navigators(state)
            .into_iter()
            .filter(|navigator| navigator.unfit.is_none())
            .collect(),
        Err(_) => Vec::new(),
    };
    for number in state.indexes("UserInterface.WebView") {
        let stays = |navigator: &Navigator| view_number(navigator.index) == number;
        if number > FIRST_VIEW && !shows.iter().any(stays) {
            state.remove(&format!("UserInterface.WebView[{number}]"));
        }
    }
    let mut bases = BTreeMap::new();
    if let Ok(url) = page {
        let hosts = state.configuration_text("WebEngine.Features.Xapi.Peripherals.AllowedHosts.Hosts");
        let permitted = refusal(state, &url).is_none();
        for navigator in shows {
            let view = view(navigator.index);
            state.set(&format!("{view}.Status"), "Visible");
            state.set(&format!("{view}.Type"), "WebApp");
            state.set(&format!("{view}.URL"), url.as_str());
            if permitted {
                let basis = Basis {
                    serial: navigator.serial,
                    url: url.clone(),
                    hosts: hosts.clone(),
                };
                bases.insert(navigator.index, basis);
            }
        }
    }
    renew(&mut state.web_apps, bases);
}

/// Ends permissions whose basis is gone, and gives new ones.
fn renew(apps: &mut WebApps, mut bases: BTreeMap<u32, Basis>) {
    let ended = &mut apps.ended;
    apps.permissions.retain(|index, permission| {
        let stays = bases.get(index) == Some(&permission.basis);
        if stays {
            bases.remove(index);
        } else {
            ended.push(permission.number);
        }
        stays
    });
    for (index, basis) in bases {
        apps.last += 1;
        let permission = Permission {
            number: apps.last,
            basis,
            keys: Vec::new(),
        };
        apps.permissions.insert(index, permission);
    }
}

/// What every Navigator shows.
pub(crate) fn screens(state: &State) -> Vec<NavigatorScreen> {
    let page = page(state);
    let screen = |navigator: Navigator| {
        let url = state.text(&format!("{}.URL", view(navigator.index)));
        let url = Some(url.to_owned()).filter(|url| !url.is_empty());
        let allowed = state.web_apps.permissions.contains_key(&navigator.index);
        let problem = match (&url, &page) {
            (Some(url), _) => refusal(state, url).filter(|_| !allowed),
            (None, Ok(_)) => navigator.unfit,
            (None, Err(why)) => Some(*why),
        };
        NavigatorScreen {
            serial: navigator.serial,
            name: navigator.name,
            url,
            xapi_allowed: allowed,
            problem: problem.map(str::to_owned),
        }
    };
    navigators(state).into_iter().map(screen).collect()
}

/// Makes a key for the page of a Navigator.
///
/// # Errors
/// There is no such Navigator, it shows no web app, or the page may not reach the xAPI.
pub(crate) fn issue_key(state: &mut State, serial: &str) -> Result<Issued, RpcError> {
    let found = screens(state).into_iter().find(|screen| screen.serial == serial);
    let screen = found.ok_or_else(|| {
        RpcError::not_found(format!(
            "no Room Navigator with the serial number {serial:?} is connected"
        ))
    })?;
    let now_ms = state.now_ms;
    let permission = state
        .web_apps
        .permissions
        .values_mut()
        .find(|permission| permission.basis.serial == serial);
    let Some(permission) = permission else {
        return Err(failed(screen.problem.unwrap_or_default()));
    };
    permission.keys.retain(|key| key.expires_ms > now_ms);
    if permission.keys.len() >= MOST_KEYS {
        permission.keys.remove(0);
    }
    let key = Secret::new(random_key());
    let expires_ms = now_ms.saturating_add(KEY_LIFE_MS);
    permission.keys.push(Key {
        secret: key.clone(),
        expires_ms,
    });
    Ok(Issued {
        key,
        url: permission.basis.url.clone(),
        expires_ms,
    })
}

fn random_key() -> String {
    let bytes: [u8; 32] = rand::rng().random();
    let digits = bytes.iter().map(|byte| format!("{byte:02x}"));
    format!("{KEY_PREFIX}{}", digits.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_matched_as_listed() {
        for (url, hosts, expected) in [
            ("https://navi.example.com/panel", "navi.example.com", true),
            ("https://NAVI.example.com./panel", "Navi.Example.com", true),
            (
                "https://navi.example.com/panel",
                "a.example, navi.example.com",
                true,
            ),
            (
                "https://navi.example.com/panel",
                "a.example;navi.example.com",
                true,
            ),
            ("https://navi.example.com/panel", "", false),
            ("https://navi.example.com/panel", "example.com", false),
            ("https://navi.example.com/panel", "*.example.com", true),
            ("https://example.com/panel", "*.example.com", false),
            ("https://evilexample.com/panel", "*example.com", false),
            ("https://any.where/panel", "*", true),
            ("https://navi.example.com:8443/", "navi.example.com", true),
            ("https://navi.example.com:8443/", "navi.example.com:8443", true),
            ("https://navi.example.com/", "navi.example.com:8443", false),
            ("http://navi.example.com/", "navi.example.com:80", true),
            (
                "https://navi.example.com@evil.example/",
                "navi.example.com",
                false,
            ),
            (
                "https://evil.example/?navi.example.com",
                "navi.example.com",
                false,
            ),
            ("https://[::1]/", "[::1]", true),
            ("not a url", "*", false),
        ] {
            assert_eq!(host_is_listed(url, hosts), expected, "{url} in {hosts:?}");
        }
    }

    #[test]
    fn a_permission_lives_as_long_as_its_basis() {
        let basis = |url: &str| Basis {
            serial: "S".to_owned(),
            url: url.to_owned(),
            hosts: "h".to_owned(),
        };
        let mut apps = WebApps::default();
        renew(&mut apps, BTreeMap::from([(1001, basis("a"))]));
        assert!(apps.holds(1));
        renew(&mut apps, BTreeMap::from([(1001, basis("a"))]));
        assert!(apps.take_ended().is_empty());
        renew(&mut apps, BTreeMap::from([(1001, basis("b"))]));
        assert_eq!(apps.take_ended(), [1]);
        assert!(apps.holds(2) && !apps.holds(1));
        renew(&mut apps, BTreeMap::new());
        assert_eq!(apps.take_ended(), [2]);
    }
}
