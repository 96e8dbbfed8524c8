//! Which Hallway a command talks to, and as whom.

use std::path::PathBuf;
use std::time::Duration;

use hallway_wire::Secret;
use hallway_wire::control::Ready;

use super::args::GlobalArgs;
use super::failure::{Failure, Result};
use super::input;

/// Where Hallway listens if nobody says otherwise.
pub(crate) const DEFAULT_URL: &str = "http://127.0.0.1:8080";

/// Longest wait for an answer. A command on a device may take half of it.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Where, as whom, and how patiently.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) url: String,
    pub(crate) token: Option<Secret>,
    pub(crate) ca: Option<PathBuf>,
    pub(crate) timeout: Duration,
    /// The organization to act in, by id or name.
    pub(crate) org: Option<String>,
}

impl Connection {
    /// Takes each part from the first of these that has it: flags, ready file, environment, default.
    ///
    /// # Errors
    /// The ready file cannot be read.
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
        let url = global.url.clone().or(ready_url).or_else(|| set("HALLWAY_URL"));
        let token = global.token.clone().map(Secret::new).or(ready_token);
        Ok(Self {
            url: url.unwrap_or_else(|| DEFAULT_URL.to_owned()),
            token: token.or_else(|| set("HALLWAY_TOKEN").map(Secret::new)),
            ca: global.ca.clone(),
            timeout: global.timeout.map_or(TIMEOUT, Duration::from_secs),
            org: global.org.clone().or_else(|| set("HALLWAY_ORG")),
        })
    }
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
            let found = env.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        let connection = Connection::resolve(global, env).unwrap();
        (
            connection.url,
            connection.token.map(|token| token.expose().to_owned()),
        )
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
        let connection = Connection::resolve(&global, |_| None).unwrap();
        let shown = format!("{global:?} {connection:?}");
        assert!(!shown.contains("very-secret"), "{shown}");
    }
}
