//! Which hosts Hallway answers for, and which others may pass.

use std::str::FromStr;

/// The hosts that clients have compiled in, and that Hallway answers for: the API (rest-basics 1, clients),
/// and the hosts of the xAPI service, whose `/jwks` both SDKs pick by region (workspace-integrations 6.1).
///
/// The local authority is made for these and no others: a longer list needs a new authority.
pub const HOSTS: &[&str] = &[
    "webexapis.com",
    "api.ciscospark.com",
    "api-usgov.webex.com",
    "webexapis-usgov.webex.com",
    "xapi-a.wbx2.com",
    "xapi-k.wbx2.com",
    "xapi-r.wbx2.com",
    "xapi-intb.wbx2.com",
    "xapi-intb.ciscospark.com",
    "xapi.gov.ciscospark.com",
];

/// The one port that is answered on.
pub(super) const PORT: u16 = 443;

/// The host of the list that is meant, in its own spelling: case and a final dot do not matter.
pub fn known(name: &str) -> Option<&'static str> {
    let name = name.strip_suffix('.').unwrap_or(name);
    HOSTS.iter().find(|host| host.eq_ignore_ascii_case(name)).copied()
}

/// A host that the interceptor passes on untouched: `HOST`, or `HOST:PORT` for another port than 443.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passing {
    host: String,
    port: u16,
}

impl Passing {
    pub(super) fn covers(&self, host: &str, port: u16) -> bool {
        let host = host.strip_suffix('.').unwrap_or(host);
        self.port == port && self.host.eq_ignore_ascii_case(host)
    }
}

impl FromStr for Passing {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (host, port) = match text.rsplit_once(':') {
            // An address of version 6 has colons of its own and stands in brackets.
            Some((host, port)) if !host.contains(':') || host.ends_with(']') => {
                let port = port.parse().ok().filter(|port| *port != 0);
                (host, port.ok_or_else(|| format!("{text:?}: the port is none"))?)
            }
            _ => (text, PORT),
        };
        let host = host.trim_matches(['[', ']']);
        let host = host.strip_suffix('.').unwrap_or(host);
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b':');
        if host.is_empty() || !host.bytes().all(plain) {
            return Err(format!("{text:?} is no host: write it like api.example.com"));
        }
        if known(host).is_some() {
            return Err(format!("{host} cannot pass: Hallway answers for it"));
        }
        Ok(Self {
            host: host.to_ascii_lowercase(),
            port,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_known_by_their_whole_name() {
        assert_eq!(known("WebexAPIs.com."), Some("webexapis.com"));
        for other in [
            "",
            ".",
            "xwebexapis.com",
            "a.webexapis.com",
            "webexapis.com.evil.example",
            "wbx2.com",
        ] {
            assert_eq!(known(other), None, "{other}");
        }
    }

    #[test]
    fn what_passes_is_read() {
        let covers = |text: &str, host: &str, port| text.parse::<Passing>().unwrap().covers(host, port);
        assert!(covers("API.example.com", "api.example.com", 443));
        assert!(covers("api.example.com:8443", "api.example.com.", 8443));
        assert!(covers("[2001:db8::1]:443", "2001:db8::1", 443));
        assert!(covers("2001:db8::1", "2001:db8::1", 443));
        assert!(!covers("api.example.com", "api.example.com", 80));
        assert!(!covers("api.example.com", "x.api.example.com", 443));
        for bad in [
            "",
            ":443",
            "a b",
            "*",
            "https://x",
            "x:0",
            "x:99999",
            "x:y",
            "webexapis.com",
        ] {
            assert!(bad.parse::<Passing>().is_err(), "{bad}");
        }
    }
}
