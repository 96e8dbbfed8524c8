//! Which hosts get the token.
//!
//! Answers hold URLs: of the next page, of a queue. A token goes only to hosts that the author or a verified
//! activation code named, whatever an answer says.

use std::collections::HashSet;
use std::sync::Mutex;

use http::Uri;

use crate::error::{Error, Result};
use crate::sync::lock;

/// Domains of Webex, which trust each other.
const WEBEX: [&str; 4] = [".wbx2.com", ".ciscospark.com", ".webex.com", ".webexapis.com"];

#[derive(Debug)]
pub(crate) struct Trust {
    origins: Mutex<HashSet<String>>,
}

impl Trust {
    pub(crate) fn new(base: &str) -> Result<Self> {
        let origin = origin(base).ok_or_else(|| {
            Error::configuration(format!(
                "the base URL must begin with http:// or https://, this one is {base}"
            ))
        })?;
        Ok(Self {
            origins: Mutex::new(HashSet::from([origin])),
        })
    }

    pub(crate) fn add(&self, url: &str) {
        if let Some(origin) = origin(url) {
            lock(&self.origins).insert(origin);
        }
    }

    pub(crate) fn covers(&self, url: &str) -> bool {
        let Some(origin) = origin(url) else { return false };
        let origins = lock(&self.origins);
        origins.contains(&origin) || (is_webex(&origin) && origins.iter().any(|origin| is_webex(origin)))
    }
}

fn is_webex(origin: &str) -> bool {
    let Some(host) = origin
        .strip_prefix("https://")
        .and_then(|rest| rest.strip_suffix(":443"))
    else {
        return false;
    };
    WEBEX
        .iter()
        .any(|domain| host.ends_with(domain) || host == &domain[1..])
}

/// `https://webexapis.com:443`
fn origin(url: &str) -> Option<String> {
    let uri: Uri = url.parse().ok()?;
    let scheme = uri.scheme_str()?;
    let port = match (uri.port_u16(), scheme) {
        (Some(port), "http" | "https") => port,
        (None, "https") => 443,
        (None, "http") => 80,
        _ => return None,
    };
    Some(format!("{scheme}://{}:{port}", uri.host()?.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_stay_where_they_belong() {
        let trust = Trust::new("https://webexapis.com/v1").unwrap();
        for good in [
            "https://webexapis.com/v1/people?x",
            "https://xapi-a.wbx2.com:443/q",
            "https://WEBEXAPIS.com/",
        ] {
            assert!(trust.covers(good), "{good}");
        }
        for bad in [
            "http://webexapis.com/v1",
            "https://webexapis.com.evil.example/",
            "https://evilwbx2.com/",
            "https://webexapis.com@evil.example/",
            "//webexapis.com",
            "https://webexapis.com:8443/",
        ] {
            assert!(!trust.covers(bad), "{bad}");
        }
        let here = Trust::new("http://localhost:8080/v1").unwrap();
        assert!(here.covers("http://localhost:8080/other") && !here.covers("https://webexapis.com/"));
        here.add("http://127.0.0.1:8080/v1");
        assert!(here.covers("http://127.0.0.1:8080/x"));
    }
}
