//! What an integration may do.

use std::collections::BTreeSet;

use hallway_xapi::{Key, Pattern};
use serde::{Deserialize, Serialize};

use crate::error::{Context, Error, Missing, Result};

/// Granted xAPI paths.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct XapiGrants {
    /// Commands that may be run.
    #[serde(deserialize_with = "crate::jwt::readable")]
    pub commands: Vec<Pattern>,
    /// Statuses that may be read, and are told of.
    #[serde(deserialize_with = "crate::jwt::readable", alias = "status")]
    pub statuses: Vec<Pattern>,
    /// Events that are told of.
    #[serde(deserialize_with = "crate::jwt::readable")]
    pub events: Vec<Pattern>,
}

/// What an administrator granted to the integration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Grants {
    /// Scopes of the REST API.
    pub scopes: BTreeSet<String>,
    /// Paths of the xAPI.
    pub xapi: XapiGrants,
}

impl Grants {
    /// Whether the scope was granted.
    pub fn may_use(&self, scope: &str) -> bool {
        self.scopes.contains(scope)
    }

    /// Whether the command may be run.
    pub fn may_command(&self, path: &str) -> bool {
        self.may_use("spark:xapi_commands") && encloses(&self.xapi.commands, path)
    }

    /// Whether some status that the path means may be read.
    pub fn may_read(&self, path: &str) -> bool {
        self.may_use("spark:xapi_statuses")
            && path
                .parse::<Pattern>()
                .is_ok_and(|path| self.xapi.statuses.iter().any(|grant| overlaps(grant, &path)))
    }

    /// Whether the event is told of.
    pub fn may_hear(&self, path: &str) -> bool {
        encloses(&self.xapi.events, path)
    }

    /// Demands a scope.
    ///
    /// # Errors
    /// [`Error::Permission`]: it was not granted.
    pub fn require(&self, scope: &str) -> Result<()> {
        if self.may_use(scope) {
            return Ok(());
        }
        Err(Error::Permission {
            missing: Missing::Scope(vec![scope.to_owned()]),
            context: Context::local(format!("the integration was not granted the scope {scope}")),
        })
    }

    /// Demands a command.
    ///
    /// # Errors
    /// [`Error::Permission`]: it was not granted.
    pub fn require_command(&self, path: &str) -> Result<()> {
        self.require("spark:xapi_commands")?;
        if encloses(&self.xapi.commands, path) {
            return Ok(());
        }
        Err(not_granted("command", path))
    }

    /// Demands that some status that the path means may be read.
    ///
    /// # Errors
    /// [`Error::Permission`]: none was granted.
    pub fn require_status(&self, path: &str) -> Result<()> {
        self.require("spark:xapi_statuses")?;
        if self.may_read(path) {
            return Ok(());
        }
        Err(not_granted("status", path))
    }
}

fn not_granted(kind: &str, path: &str) -> Error {
    Error::Permission {
        missing: Missing::Xapi(path.to_owned()),
        context: Context::local(format!("the integration was not granted the {kind} {path}")),
    }
}

fn encloses(patterns: &[Pattern], path: &str) -> bool {
    path.parse::<Key>()
        .is_ok_and(|key| patterns.iter().any(|pattern| pattern.encloses(&key)))
}

/// Whether a grant reaches something that the path means. A path without `*` may be an inner node, and means
/// what is below it.
fn overlaps(grant: &Pattern, path: &Pattern) -> bool {
    if grant.overlaps(path) {
        return true;
    }
    let below = format!("{path}.*").parse::<Pattern>();
    !path.has_wildcard() && below.is_ok_and(|below| grant.overlaps(&below))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grants() -> Grants {
        serde_json::from_value(serde_json::json!({
            "scopes": ["spark:xapi_statuses", "spark:xapi_commands"],
            "xapi": {
                "commands": ["Audio.Volume.*", "not a path!"],
                "statuses": ["Audio.Volume", "Call[*].Status"],
                "events": ["UserInterface.*"],
            }
        }))
        .unwrap()
    }

    #[test]
    fn asked_before_use() {
        let grants = grants();
        assert_eq!(
            grants.xapi.commands.len(),
            1,
            "what cannot be read is passed over"
        );
        assert!(grants.may_command("audio.volume.set") && !grants.may_command("Audio.Microphones.Mute"));
        assert!(grants.may_command("Audio Volume Set"));
        for (path, expected) in [
            ("Audio.Volume", true),
            ("Audio", true),
            ("Audio.*", true),
            ("*", true),
            ("Call", false),
            ("Call[2].Status", true),
            ("Call[*].*", true),
            ("Standby.State", false),
        ] {
            assert_eq!(grants.may_read(path), expected, "{path}");
        }
        assert!(grants.may_hear("UserInterface.Extensions.Panel.Clicked") && !grants.may_hear("BootEvent"));
        let error = grants.require_command("Dial").unwrap_err();
        assert!(matches!(error, Error::Permission { missing: Missing::Xapi(path), .. } if path == "Dial"));
        let error = grants.require("spark-admin:devices_read").unwrap_err();
        assert!(error.to_string().contains("spark-admin:devices_read"));
    }

    #[test]
    fn a_path_without_its_scope_is_worth_nothing() {
        let mut grants = grants();
        grants.scopes.clear();
        assert!(!grants.may_command("Audio.Volume.Set") && !grants.may_read("Audio.Volume"));
    }
}
