//! A Service App's refresh token, and the proof that it is good (service-apps 2).

use std::io::{self, IsTerminal as _};
use std::sync::Arc;

use hallway_sdk::client::Https;
use hallway_sdk::tokens::{Account, MemoryStore, OAuth, Renewing};
use hallway_wire::Secret;
use serde_json::Value;

use super::LoginArgs;
use crate::cli::failure::{Failure, Result};
use crate::cli::input;
use crate::cli::profile::book::Profile;

/// What a Service App needs to get access tokens.
pub(super) struct Given {
    pub(super) client_id: String,
    pub(super) client_secret: Secret,
    refresh_token: Secret,
}

/// The three, from the environment, the arguments (only the id) and standard input.
pub(super) fn read(
    args: &LoginArgs,
    profile: &Profile,
    set: impl Fn(&str) -> Option<String>,
) -> Result<Given> {
    let mut client_id = args.client_id.clone().or_else(|| set("HALLWAY_CLIENT_ID"));
    let mut client_secret = set("HALLWAY_CLIENT_SECRET");
    let mut refresh_token = set("HALLWAY_REFRESH_TOKEN");
    if client_secret.is_none() || refresh_token.is_none() {
        if io::stdin().is_terminal() {
            let hidden = |prompt: &str| {
                rpassword::prompt_password(prompt)
                    .map_err(|error| Failure::usage(format!("the terminal cannot be read: {error}")))
            };
            if client_secret.is_none() {
                client_secret = Some(hidden("Client secret: ")?);
            }
            if refresh_token.is_none() {
                refresh_token = Some(hidden("Refresh token: ")?);
            }
        } else {
            let said = parse(&input::stdin("what the Service App needs")?)?;
            client_id = client_id.or(said.0);
            client_secret = client_secret.or(said.1);
            refresh_token = refresh_token.or(said.2);
        }
    }
    let client_id = client_id.or_else(|| profile.sign_in.client_id.clone());
    let need = |value: Option<String>, what: &str, variable: &str| {
        value
            .map(|value| value.trim().to_owned())
            .filter(|value| !value.is_empty())
            .ok_or_else(|| {
                Failure::usage(format!("{what} is missing")).hint(format!(
                    "set {variable}, or give JSON on standard input: \
                     {{\"clientId\": …, \"clientSecret\": …, \"refreshToken\": …}}"
                ))
            })
    };
    Ok(Given {
        client_id: need(client_id, "the client id", "HALLWAY_CLIENT_ID")?,
        client_secret: Secret::new(need(client_secret, "the client secret", "HALLWAY_CLIENT_SECRET")?),
        refresh_token: Secret::new(need(refresh_token, "the refresh token", "HALLWAY_REFRESH_TOKEN")?),
    })
}

type Three = (Option<String>, Option<String>, Option<String>);

/// JSON, with names of OAuth or of this program, or lines `NAME=value` with the names of the variables.
fn parse(text: &str) -> Result<Three> {
    if text.trim_start().starts_with('{') {
        // What the parser says about the text might show it.
        let value: Value = serde_json::from_str(text)
            .map_err(|_| Failure::usage("standard input begins like JSON and is none"))?;
        let member = |names: [&str; 2]| {
            let found = names.iter().find_map(|name| value[*name].as_str());
            found.map(ToOwned::to_owned)
        };
        return Ok((
            member(["clientId", "client_id"]),
            member(["clientSecret", "client_secret"]),
            member(["refreshToken", "refresh_token"]),
        ));
    }
    let mut three: Three = Default::default();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (name, value) = line.split_once('=').unwrap_or_default();
        let value = Some(value.trim().to_owned());
        match name.trim() {
            "HALLWAY_CLIENT_ID" => three.0 = value,
            "HALLWAY_CLIENT_SECRET" => three.1 = value,
            "HALLWAY_REFRESH_TOKEN" => three.2 = value,
            _ => {
                return Err(Failure::usage(format!(
                    "line {} of standard input is none of HALLWAY_CLIENT_ID=…, HALLWAY_CLIENT_SECRET=… and \
                     HALLWAY_REFRESH_TOKEN=…",
                    index + 1
                )));
            }
        }
    }
    Ok(three)
}

/// Exchanges the refresh token once: what comes of it is kept.
pub(super) async fn account(given: &Given, base: &str, https: Https) -> Result<Account> {
    let oauth = OAuth::of(base, &given.client_id, given.client_secret.expose());
    let first = Account::new(given.refresh_token.expose());
    let memory = Arc::new(MemoryStore::default());
    let renewing = Renewing::open(oauth, memory, "login", Some(first), Arc::new(https)).await?;
    renewing.renew().await?;
    Ok(renewing.account())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_and_lines_say_the_same() {
        let expected: Three = (
            Some("C1".to_owned()),
            Some("s=1".to_owned()),
            Some("r".to_owned()),
        );
        for text in [
            r#"{"clientId":"C1","clientSecret":"s=1","refreshToken":"r"}"#,
            r#" {"client_id":"C1","client_secret":"s=1","refresh_token":"r","expires_in":1}"#,
            "# of the portal\nHALLWAY_CLIENT_ID=C1\nHALLWAY_CLIENT_SECRET = s=1\n\nHALLWAY_REFRESH_TOKEN=r\n",
        ] {
            assert_eq!(parse(text).unwrap(), expected, "{text}");
        }
        for bad in ["{\"clientId\": top-secret", "top-secret"] {
            let failure = parse(bad).unwrap_err();
            assert!(!failure.text().unwrap().contains("top-secret"));
        }
    }
}
