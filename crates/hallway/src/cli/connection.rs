//! Which Hallway a command talks to, and as whom.

use std::path::PathBuf;
use std::time::Duration;

use hallway_wire::Secret;
use hallway_wire::control::Ready;

use super::args::GlobalArgs;
use super::failure::{Failure, Result};
use super::input;
use super::profile::book::{self, Book, Service};
use super::profile::chosen;
use super::profile::session::Session;

/// Where Hallway listens if nobody says otherwise.
pub(crate) const DEFAULT_URL: &str = "http://127.0.0.1:8080";

/// Longest wait for an answer. A command on a device may take half of it.
const TIMEOUT: Duration = Duration::from_secs(30);

/// As whom.
#[derive(Debug)]
pub(crate) enum Who {
    Nobody,
    Token(Secret),
    /// Whoever signed in with a profile.
    Profile(Box<Session>),
}

/// Where, as whom, and how patiently.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) url: String,
    pub(crate) who: Who,
    pub(crate) ca: Option<PathBuf>,
    pub(crate) timeout: Duration,
    /// The organization to act in, by id or name.
    pub(crate) org: Option<String>,
}

impl Connection {
    /// Takes each part from the first of these that has it: flags, ready file, environment, profile, default.
    /// The token of a profile goes to the service of that profile only.
    ///
    /// # Errors
    /// The ready file or the profiles cannot be read; the profile that is named does not exist, or stands for
    /// another service than HALLWAY_URL.
    pub(crate) fn resolve(global: &GlobalArgs, env: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let ready = match &global.ready_file {
            Some(path) => Some(read_ready(path)?),
            None => None,
        };
        let set = |name: &str| env(name).filter(|value| !value.is_empty());
        let (ready_url, ready_token) = match ready {
            Some(ready) => (Some(ready.url), ready.admin_token),
            None => (None, None),
        };
        let flag = global.url.clone().or(ready_url);
        let url = flag.clone().or_else(|| set("HALLWAY_URL"));
        let token = global.token.clone().map(Secret::new).or(ready_token);
        let any_token = token.is_some() || set("HALLWAY_TOKEN").is_some();
        let session = match (&url, any_token, &global.profile) {
            // Everything is said: what the profiles say does not matter, nor whether they can be read.
            (Some(_), true, None) => None,
            _ => session(global, &env)?,
        };
        if let (Some(session), Some(url), true) = (&session, &url, global.profile.is_some())
            && flag.is_none()
            && session.profile.service.url() != url.trim_end_matches('/')
        {
            return Err(Failure::usage(format!(
                "HALLWAY_URL is {url}, and --profile {} is {}",
                session.name, session.profile.service
            ))
            .hint("unset HALLWAY_URL, which comes before profiles, or leave --profile out"));
        }
        let named = token.is_none().then(|| set("HALLWAY_TOKEN")).flatten().is_some();
        if let (Some(session), true, None) = (&session, named, &url) {
            // The variable may be of any service: it is not sent to one that it was not set for.
            return Err(Failure::usage(format!(
                "HALLWAY_TOKEN is set without HALLWAY_URL, and the profile {} is {}",
                session.name, session.profile.service
            ))
            .hint("unset HALLWAY_TOKEN to act by the profile, or set HALLWAY_URL too"));
        }
        let token = token.or_else(|| set("HALLWAY_TOKEN").map(Secret::new));
        // What a profile says counts for its own service.
        let session = session.filter(|session| {
            let own = session.profile.service.url();
            url.as_ref().is_none_or(|url| url.trim_end_matches('/') == own)
        });
        let (mut profile_url, mut profile_ca, mut profile_org) = (None, None, None);
        if let Some(session) = &session {
            profile_url = Some(session.profile.service.url().to_owned());
            profile_ca = session.profile.ca.clone();
            profile_org = session.profile.organization.clone();
        }
        let who = match (token, session) {
            (Some(token), _) => Who::Token(token),
            (None, Some(session)) => Who::Profile(Box::new(session)),
            (None, None) => Who::Nobody,
        };
        Ok(Self {
            url: url.or(profile_url).unwrap_or_else(|| DEFAULT_URL.to_owned()),
            who,
            ca: global.ca.clone().or(profile_ca),
            timeout: global.timeout.map_or(TIMEOUT, Duration::from_secs),
            org: global.org.clone().or_else(|| set("HALLWAY_ORG")).or(profile_org),
        })
    }
}

/// The profile that is named or used, if there is one.
fn session(global: &GlobalArgs, env: impl Fn(&str) -> Option<String>) -> Result<Option<Session>> {
    let asked = global.profile.is_some() || env("HALLWAY_PROFILE").is_some_and(|name| !name.is_empty());
    let folder = match book::folder(&env) {
        Ok(folder) => folder,
        // Without a home there are no profiles, which is fine where none is named.
        Err(_) if !asked => return Ok(None),
        Err(failure) => return Err(failure),
    };
    let book = Book::open(folder)?;
    let Some(name) = chosen(&book.all(), global, &env) else {
        return Ok(None);
    };
    let profile = book.get(&name)?;
    let ca = global.ca.clone().or_else(|| profile.ca.clone());
    Ok(Some(Session::new(name, profile, book.folder().to_owned(), ca)))
}

/// Whether an address is that of Webex, which has no management API of Hallway.
pub(crate) fn is_webex(url: &str) -> bool {
    Service::is_webex(url)
}

fn read_ready(path: &std::path::Path) -> Result<Ready> {
    let text = input::file(path, "the ready file").map_err(|failure| {
        failure.hint("Hallway writes it once it answers: is it up, and started with this --ready-file?")
    })?;
    serde_json::from_str(&text).map_err(|error| {
        Failure::usage(format!(
            "the ready file {} is not what Hallway writes: {error}",
            path.display()
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(global: &GlobalArgs, env: &[(&str, &str)]) -> (String, Option<String>) {
        let env = |name: &str| {
            if name == "HALLWAY_CONFIG_DIR" && !env.iter().any(|(key, _)| *key == name) {
                return Some("/nonexistent/hallway".to_owned());
            }
            let found = env.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        let connection = Connection::resolve(global, env).unwrap();
        let token = match connection.who {
            Who::Token(token) => Some(token.expose().to_owned()),
            Who::Profile(session) => Some(format!("of {}", session.name)),
            Who::Nobody => None,
        };
        (connection.url, token)
    }

    #[test]
    fn flags_win_over_the_ready_file_and_that_over_the_environment() {
        let some = |text: &str| Some(text.to_owned());
        let env = [("HALLWAY_URL", "http://env"), ("HALLWAY_TOKEN", "env")];
        let mut global = GlobalArgs::default();
        assert_eq!(check(&global, &[]), (DEFAULT_URL.to_owned(), None));
        assert_eq!(
            check(&global, &[("HALLWAY_URL", ""), ("HALLWAY_TOKEN", "")]).0,
            DEFAULT_URL
        );
        assert_eq!(check(&global, &env), ("http://env".to_owned(), some("env")));

        let file = tempfile::NamedTempFile::new().unwrap();
        let ready = r#"{"url":"http://ready","webexapisBaseUrl":"","oauthUrl":"","jwksUrl":"",
                        "adminToken":"ready","pid":1,"later":true}"#;
        std::fs::write(file.path(), ready).unwrap();
        global.ready_file = Some(file.path().to_owned());
        assert_eq!(check(&global, &env), ("http://ready".to_owned(), some("ready")));

        global.token = some("flag");
        assert_eq!(check(&global, &env), ("http://ready".to_owned(), some("flag")));
        global.url = some("http://flag");
        assert_eq!(check(&global, &env), ("http://flag".to_owned(), some("flag")));
    }

    #[tokio::test]
    async fn a_profile_comes_after_flags_and_the_environment() {
        let some = |text: &str| Some(text.to_owned());
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().to_str().unwrap();
        let book = Book::open(folder.path().to_owned()).unwrap();
        let profile = |service: &str| book::Profile {
            service: service.parse().unwrap(),
            organization: None,
            ca: None,
            sign_in: book::SignIn::default(),
            account: None,
        };
        let (lab, acme) = (profile("http://lab"), profile("webex"));
        book.change(|all| {
            all.profiles.insert("lab".to_owned(), lab);
            all.profiles.insert("acme".to_owned(), acme);
            all.used = Some("lab".to_owned());
        })
        .await
        .unwrap();
        let dir = ("HALLWAY_CONFIG_DIR", place);
        let mut global = GlobalArgs::default();
        let of_lab = ("http://lab".to_owned(), some("of lab"));
        let of_acme = ("https://webexapis.com".to_owned(), some("of acme"));
        assert_eq!(check(&global, &[dir]), of_lab);
        assert_eq!(check(&global, &[dir, ("HALLWAY_PROFILE", "acme")]), of_acme);
        // The token of a profile goes to its own service only.
        assert_eq!(
            check(&global, &[dir, ("HALLWAY_URL", "http://env")]),
            ("http://env".to_owned(), None)
        );
        assert_eq!(
            check(&global, &[dir, ("HALLWAY_URL", "http://lab/")]).1,
            some("of lab")
        );
        let lost = Connection::resolve(&global, |name| match name {
            "HALLWAY_CONFIG_DIR" => some(place),
            "HALLWAY_TOKEN" => some("of another service"),
            _ => None,
        });
        let lost = lost.unwrap_err().text().unwrap();
        assert!(
            lost.contains("HALLWAY_TOKEN is set without HALLWAY_URL"),
            "{lost}"
        );

        global.profile = some("acme");
        assert_eq!(check(&global, &[dir, ("HALLWAY_PROFILE", "lab")]), of_acme);
        let env = |name: &str| match name {
            "HALLWAY_CONFIG_DIR" => some(place),
            "HALLWAY_URL" => some("http://lab"),
            _ => None,
        };
        let failure = Connection::resolve(&global, env).unwrap_err();
        assert_eq!(failure.exit_code(), 2);
        assert!(
            failure
                .text()
                .unwrap()
                .contains("HALLWAY_URL is http://lab, and --profile acme is webex")
        );
        global.url = some("http://flag");
        assert_eq!(check(&global, &[dir]), ("http://flag".to_owned(), None));

        global = GlobalArgs {
            profile: some("nobody"),
            ..GlobalArgs::default()
        };
        let failure =
            Connection::resolve(&global, |name| (name == dir.0).then(|| place.to_owned())).unwrap_err();
        assert!(
            failure.text().unwrap().contains("there is acme, lab"),
            "{failure}"
        );
    }

    #[test]
    fn a_ready_file_that_is_not_there_is_wrong_usage() {
        let global = GlobalArgs {
            ready_file: Some("/nonexistent/ready.json".into()),
            ..GlobalArgs::default()
        };
        let failure = Connection::resolve(&global, |_| None).unwrap_err();
        assert_eq!(failure.exit_code(), 2);
        assert!(failure.text().unwrap().contains("\nhint: Hallway writes it"));
    }

    #[test]
    fn nothing_shows_the_token() {
        let global = GlobalArgs {
            token: Some("very-secret".to_owned()),
            ..GlobalArgs::default()
        };
        let nowhere = |name: &str| (name == "HALLWAY_CONFIG_DIR").then(|| "/nonexistent/hallway".to_owned());
        let connection = Connection::resolve(&global, nowhere).unwrap();
        let shown = format!("{global:?} {connection:?}");
        assert!(!shown.contains("very-secret"), "{shown}");
    }
}
