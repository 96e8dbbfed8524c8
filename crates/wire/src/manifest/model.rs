//! The manifest as it travels (workspace-integrations 2.1).

use std::fmt;

use hallway_xapi::Pattern;
use serde::{Deserialize, Deserializer, Serialize};

use crate::id::AppId;

/// Members that we have no name for, in their order: kept as they came, and returned.
pub type Extra = serde_json::Map<String, serde_json::Value>;

/// What an integration is and what it asks for.
///
/// `Deserialize` reads what was accepted before; what an author sends goes through [`parse`](super::parse).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// Chosen by the author, the same for the life of the integration; `appId` everywhere else.
    pub id: AppId,
    /// At least 1; grows with every upload. A numeric string is read too.
    #[serde(deserialize_with = "version")]
    pub manifest_version: u64,
    pub display_name: String,
    pub vendor: String,
    pub email: String,
    pub description: String,
    #[serde(
        default,
        deserialize_with = "not_blank",
        skip_serializing_if = "Option::is_none"
    )]
    pub description_url: Option<String>,
    pub availability: Availability,
    /// Terms and conditions.
    #[serde(
        default,
        deserialize_with = "not_blank",
        skip_serializing_if = "Option::is_none"
    )]
    pub toc_url: Option<String>,
    #[serde(default)]
    pub api_access: Vec<ApiAccess>,
    #[serde(default)]
    pub xapi_access: XapiAccess,
    pub provisioning: Provisioning,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub features: Vec<Feature>,
    #[serde(flatten)]
    pub extra: Extra,
}

impl Manifest {
    /// The entry of a scope. Where a scope is listed twice, a required entry wins.
    pub fn scope(&self, scope: &str) -> Option<&ApiAccess> {
        let mut entries = self.api_access.iter().filter(|entry| entry.scope == scope);
        let first = entries.next()?;
        if first.access == Access::Required {
            return Some(first);
        }
        Some(
            entries
                .find(|entry| entry.access == Access::Required)
                .unwrap_or(first),
        )
    }
}

/// Who may activate the integration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Availability {
    /// The organization that uploaded it.
    OrgPrivate,
    /// Every organization.
    Global,
}

/// Whether the administrator may leave a permission out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Access {
    Optional,
    Required,
}

/// A scope that the integration asks for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiAccess {
    pub scope: String,
    pub access: Access,
    /// The administrative role that the machine account needs for the scope.
    #[serde(
        default,
        deserialize_with = "not_blank",
        skip_serializing_if = "Option::is_none"
    )]
    pub role: Option<String>,
    #[serde(flatten)]
    pub extra: Extra,
}

/// The parts of the xAPI that the integration asks for.
///
/// The first list is `status` here, in the singular; the activation code and the Integration object
/// call it `statuses`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct XapiAccess {
    #[serde(default)]
    pub status: Vec<XapiRule>,
    #[serde(default)]
    pub commands: Vec<XapiRule>,
    #[serde(default)]
    pub events: Vec<XapiRule>,
    #[serde(flatten)]
    pub extra: Extra,
}

impl XapiAccess {
    /// One of the three lists.
    pub fn list(&self, list: XapiList) -> &[XapiRule] {
        match list {
            XapiList::Status => &self.status,
            XapiList::Commands => &self.commands,
            XapiList::Events => &self.events,
        }
    }
}

/// Names one of the lists of [`XapiAccess`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum XapiList {
    Status,
    Commands,
    Events,
}

impl XapiList {
    /// The three of them, in the order of the manifest.
    pub const ALL: [Self; 3] = [Self::Status, Self::Commands, Self::Events];

    /// The key in the manifest.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Commands => "commands",
            Self::Events => "events",
        }
    }

    /// One entry of the list, in words.
    pub const fn noun(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Commands => "command",
            Self::Events => "event",
        }
    }

    /// The scope without which the list is worth nothing. Events need none of their own.
    pub const fn scope(self) -> Option<&'static str> {
        match self {
            Self::Status => Some("spark:xapi_statuses"),
            Self::Commands => Some("spark:xapi_commands"),
            Self::Events => None,
        }
    }
}

impl fmt::Display for XapiList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.key())
    }
}

/// One pattern over statuses, commands or events.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct XapiRule {
    pub path: Pattern,
    pub access: Access,
    #[serde(flatten)]
    pub extra: Extra,
}

/// How the activation code gets to the integration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Provisioning {
    #[serde(rename = "type")]
    pub kind: ProvisioningKind,
    /// Where the code is posted; only informational for `manual`.
    #[serde(
        default,
        deserialize_with = "not_blank",
        skip_serializing_if = "Option::is_none"
    )]
    pub url: Option<String>,
    /// A page that tells the administrator what to do; excludes `url`.
    #[serde(
        default,
        deserialize_with = "not_blank",
        skip_serializing_if = "Option::is_none"
    )]
    pub activation_guide_url: Option<String>,
    #[serde(flatten)]
    pub extra: Extra,
}

/// Who carries the activation code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProvisioningKind {
    /// The administrator copies it.
    Manual,
    /// The platform posts it to `url`.
    Https,
}

/// What an integration may provide for devices (features 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Feature {
    DigitalSignage,
    PersistentWebApp,
}

impl Feature {
    /// Every feature that exists.
    pub const ALL: [Self; 2] = [Self::DigitalSignage, Self::PersistentWebApp];

    /// The name in the manifest.
    pub const fn name(self) -> &'static str {
        match self {
            Self::DigitalSignage => "digital_signage",
            Self::PersistentWebApp => "persistent_web_app",
        }
    }

    /// The end of its address, in URLs of ours (features 2).
    pub const fn segment(self) -> &'static str {
        match self {
            Self::DigitalSignage => "digitalSignage",
            Self::PersistentWebApp => "persistentWebApp",
        }
    }

    /// What people call it.
    pub const fn noun(self) -> &'static str {
        match self {
            Self::DigitalSignage => "digital signage",
            Self::PersistentWebApp => "persistent web app",
        }
    }

    /// The scope that goes with it; neither comes without the other.
    pub const fn scope(self) -> &'static str {
        match self {
            Self::DigitalSignage => "spark-admin:devices_digital_signage",
            Self::PersistentWebApp => "spark-admin:devices_pwa",
        }
    }
}

/// Lets the web app of [`Feature::PersistentWebApp`] talk to the device itself.
pub const PWA_JSXAPI: &str = "spark-admin:devices_pwa_jsxapi";

/// Reads a missing, null or empty text as not set.
fn not_blank<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.filter(|text| !text.is_empty()))
}

/// Reads a number or the same number in a string.
fn version<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Version {
        Number(u64),
        Text(String),
    }
    match Version::deserialize(deserializer)? {
        Version::Number(number) => Ok(number),
        Version::Text(text) => text.trim().parse().map_err(serde::de::Error::custom),
    }
}
