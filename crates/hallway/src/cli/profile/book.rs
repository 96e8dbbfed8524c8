//! The profiles as they stand in a file: no secret is in it.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::ValueEnum;
use hallway_sdk::state::Kept;
use hallway_wire::Timestamp;
use serde::{Deserialize, Serialize};

use crate::cli::failure::{Failure, Result};

/// What `webex` stands for.
const WEBEX: &str = "https://webexapis.com";

/// Where the integration sends the browser back to, if nobody says otherwise.
pub(crate) const REDIRECT_URI: &str = "http://localhost:6001/redirect";

/// What the file holds.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Profiles {
    /// The profile of commands that name none.
    pub(crate) used: Option<String>,
    pub(crate) profiles: BTreeMap<String, Profile>,
}

/// A service, an organization in it, and how to sign in there.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Profile {
    pub(crate) service: Service,
    /// The organization to act in, where it is not that of the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) organization: Option<String>,
    /// Certificates to trust beside the public ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ca: Option<PathBuf>,
    pub(crate) sign_in: SignIn,
    /// Who signed in, and where its secrets are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) account: Option<SignedIn>,
}

/// How to sign in.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SignIn {
    pub(crate) how: How,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) client_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) redirect_uri: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) scopes: Vec<String>,
}

/// The ways to sign in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum How {
    /// A person signs in with the browser of this machine
    #[default]
    Browser,
    /// A person signs in with a browser elsewhere, and types a code
    Device,
    /// A Service App, with its refresh token
    ServiceApp,
    /// A token that is not renewed
    Token,
}

impl fmt::Display for How {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Browser => "browser",
            Self::Device => "device",
            Self::ServiceApp => "service-app",
            Self::Token => "token",
        })
    }
}

/// Who signed in.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SignedIn {
    pub(crate) id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) email: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) org_id: Option<String>,
    pub(crate) since: Timestamp,
    /// Which kind of place keeps its secrets.
    pub(crate) secrets: Place,
}

/// Kinds of places for secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Place {
    /// The keyring of the operating system.
    Keyring,
    /// Files that only their owner can read.
    File,
}

/// A service: Webex, or a Hallway at an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    Webex,
    Hallway(String),
}

impl Service {
    /// Its address, without `/v1`.
    pub(crate) fn url(&self) -> &str {
        match self {
            Self::Webex => WEBEX,
            Self::Hallway(url) => url,
        }
    }

    /// Whether an address is that of Webex.
    pub(crate) fn is_webex(url: &str) -> bool {
        let url = url.trim().trim_end_matches('/').to_ascii_lowercase();
        url.strip_suffix("/v1").unwrap_or(&url) == WEBEX
    }
}

impl FromStr for Service {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim().trim_end_matches('/');
        if text.contains('@') {
            return Err("an address has no user and no password in it".to_owned());
        }
        if Self::is_webex(&text.replacen("http://", "https://", 1)) && text.starts_with("http://") {
            return Err("Webex is reached by https only: say `webex`".to_owned());
        }
        if text.eq_ignore_ascii_case("webex") || Self::is_webex(text) {
            return Ok(Self::Webex);
        }
        let lower = text.to_ascii_lowercase();
        if lower.starts_with("http://") || lower.starts_with("https://") {
            let url = text.strip_suffix("/v1").unwrap_or(text);
            return Ok(Self::Hallway(url.to_owned()));
        }
        Err("it is `webex`, or an address like https://hallway.example.com".to_owned())
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Webex => "webex",
            Self::Hallway(url) => url,
        })
    }
}

impl Serialize for Service {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Service {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// A name of a profile: what is easy to type, and safe in a file name.
pub(crate) fn name(text: &str) -> Result<String, String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if text.is_empty() || text.len() > 64 || !text.chars().all(fits) {
        return Err("a name has 1 to 64 letters, digits, `-`, `_` and `.`".to_owned());
    }
    Ok(text.to_owned())
}

/// The folder with the profiles: HALLWAY_CONFIG_DIR, or what this system has for the settings of a person.
pub(crate) fn folder(env: impl Fn(&str) -> Option<String>) -> Result<PathBuf> {
    if let Some(folder) = env("HALLWAY_CONFIG_DIR").filter(|folder| !folder.is_empty()) {
        return Ok(folder.into());
    }
    directories::ProjectDirs::from("", "", "hallway")
        .map(|folders| folders.config_dir().to_owned())
        .ok_or_else(|| {
            Failure::usage("there is no home directory to keep profiles in")
                .hint("set HALLWAY_CONFIG_DIR to a folder")
        })
}

/// The file, open.
pub(crate) struct Book {
    folder: PathBuf,
    kept: Kept<Profiles>,
}

impl Book {
    /// Opens the profiles in a folder; without a file there is none.
    pub(crate) fn open(folder: PathBuf) -> Result<Self> {
        let kept = Kept::open(&folder, "profiles").map_err(|error| Failure::usage(error.to_string()))?;
        Ok(Self { folder, kept })
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn all(&self) -> Profiles {
        self.kept.look(Clone::clone)
    }

    /// Changes the profiles; the file is written whole, or stays as it was.
    pub(crate) async fn change<R>(&self, change: impl FnOnce(&mut Profiles) -> R) -> Result<R> {
        Ok(self.kept.change(change).await?)
    }

    /// The profile of this name.
    pub(crate) fn get(&self, name: &str) -> Result<Profile> {
        self.kept
            .look(|all| all.profiles.get(name).cloned())
            .ok_or_else(|| self.unknown(name))
    }

    pub(crate) fn unknown(&self, name: &str) -> Failure {
        let names = self
            .kept
            .look(|all| all.profiles.keys().cloned().collect::<Vec<_>>());
        let hint = if names.is_empty() {
            "there is none yet: `hallway profile add NAME webex`, or the address of a Hallway instead of `webex`"
                .to_owned()
        } else {
            format!("there is {}", names.join(", "))
        };
        Failure::usage(format!("there is no profile `{name}`")).hint(hint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_are_webex_or_an_address() {
        for (text, shown, url) in [
            ("webex", "webex", WEBEX),
            ("Webex", "webex", WEBEX),
            ("https://webexapis.com/v1/", "webex", WEBEX),
            (
                "http://127.0.0.1:8080/",
                "http://127.0.0.1:8080",
                "http://127.0.0.1:8080",
            ),
            ("https://h.example/v1", "https://h.example", "https://h.example"),
        ] {
            let service: Service = text.parse().unwrap();
            assert_eq!(
                (service.to_string().as_str(), service.url()),
                (shown, url),
                "{text}"
            );
        }
        assert!("cisco".parse::<Service>().is_err());
    }

    #[test]
    fn names_fit_into_a_file_name() {
        assert!(name("acme-eu.2").is_ok());
        for bad in ["", "a b", "../a", "ö"] {
            assert!(name(bad).is_err(), "{bad}");
        }
    }

    #[tokio::test]
    async fn the_file_is_kept_and_is_nobody_elses() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("hallway");
        let book = Book::open(place.clone()).unwrap();
        let profile = Profile {
            service: Service::Webex,
            organization: None,
            ca: None,
            sign_in: SignIn::default(),
            account: None,
        };
        book.change(|all| all.profiles.insert("acme".to_owned(), profile))
            .await
            .unwrap();
        let again = Book::open(place.clone()).unwrap();
        assert_eq!(again.get("acme").unwrap().service, Service::Webex);
        let failure = again.get("acne").unwrap_err();
        assert_eq!(failure.exit_code(), 2);
        assert!(failure.text().unwrap().contains("there is acme"));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(place.join("profiles.json"))
                .unwrap()
                .permissions()
                .mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        std::fs::write(place.join("profiles.json"), "[").unwrap();
        let failure = Book::open(place).err().unwrap();
        assert!(failure.text().unwrap().contains("profiles.json"));
    }
}
