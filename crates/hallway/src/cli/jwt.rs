//! `hallway jwt`: what is inside the tokens that integrations receive.

use std::time::{SystemTime, UNIX_EPOCH};

use hallway_platform::crypto::verify_jws;
use hallway_wire::Timestamp;
use hallway_wire::claims::{Jwks, JwtEnvelope};
use hallway_wire::control::Activated;
use hallway_wire::integration::MASK;
use serde_json::{Map, Value};

use super::args::JwtCommand;
use super::failure::{Failure, Result};
use super::http::{Client, shape};
use super::input;
use super::integration::moment;
use super::printer::Printer;
use super::table::Labelled;

/// Claims that open something.
const SECRETS: [&str; 1] = ["refreshToken"];

pub(crate) async fn run(command: &JwtCommand, client: &Client, printer: &mut Printer) -> Result {
    let JwtCommand::Decode { code, show_secrets } = command;
    let jws = if code == "-" {
        unwrapped(&input::stdin("the JWT")?)
    } else {
        unwrapped(code)
    };
    let keys: Jwks = shape(&client.get_public("/jwks").await?)?;
    let claims = verify_jws(&jws, &keys.keys).map_err(|why| {
        Failure::refused(format!("this JWT is not valid here: {why}")).hint(format!(
            "it was checked against the keys of {}; a JWT of another Hallway needs its --url",
            client.url()
        ))
    })?;
    let claims: Map<String, Value> = serde_json::from_slice(&claims)
        .map_err(|error| Failure::refused(format!("the claims are no JSON object: {error}")))?;
    printer.show(&claims, || describe(&claims, *show_secrets, now()))
}

/// The JWT alone: callers may hand over the JSON in which it came.
fn unwrapped(text: &str) -> String {
    let text = text.trim();
    if let Ok(activated) = serde_json::from_str::<Activated>(text) {
        return activated.activation_code.expose().to_owned();
    }
    if let Ok(envelope) = serde_json::from_str::<JwtEnvelope>(text) {
        return envelope.jwt;
    }
    text.to_owned()
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

fn describe(claims: &Map<String, Value>, show_secrets: bool, now: Timestamp) -> String {
    let mut lines = Labelled::default();
    lines.add("signature", "valid");
    let expiry = claims.get("expiryTime").and_then(Value::as_str);
    if let Some(expiry) = expiry.and_then(|text| text.parse::<Timestamp>().ok()) {
        let state = if expiry <= now { "expired" } else { "valid until" };
        lines.add("code", format!("{state} {}", moment(expiry)));
    }
    let mut masked = false;
    for (name, value) in claims {
        let text = match value {
            Value::String(_) if SECRETS.contains(&name.as_str()) && !show_secrets => {
                masked = true;
                MASK.to_owned()
            }
            // The grants come as a text that holds JSON.
            Value::String(text) if name == "xapiAccess" => match serde_json::from_str::<Value>(text) {
                Ok(nested) => format!("{nested:#}"),
                Err(_) => text.clone(),
            },
            Value::String(text) if name == "scopes" => text.replace(',', "\n"),
            Value::Number(number) if name == "iat" => {
                let at = number.as_i64().and_then(|seconds| seconds.checked_mul(1000));
                at.map_or_else(
                    || number.to_string(),
                    |millis| format!("{number} ({})", moment(Timestamp(millis))),
                )
            }
            Value::String(text) => text.clone(),
            other => format!("{other:#}"),
        };
        lines.add(name, text);
    }
    let mut text = lines.render();
    if masked {
        text.push_str("\nThe refresh token is hidden; --show-secrets shows it.\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn claims() -> Map<String, Value> {
        let claims = json!({
            "action": "provision", "iat": 1_772_600_767, "expiryTime": "2026-03-11T05:06:07.089Z",
            "refreshToken": "the-refresh-token", "scopes": "spark:xapi_statuses,spark:xapi_commands",
            "xapiAccess": r#"{"commands":[],"statuses":["Audio.*"],"events":[]}"#,
        });
        claims.as_object().unwrap().clone()
    }

    #[test]
    fn claims_are_laid_open_but_for_secrets() {
        insta::assert_snapshot!(describe(&claims(), false, Timestamp(0)), @r#"
        signature:     valid
        code:          valid until 2026-03-11 05:06:07Z
        action:        provision
        iat:           1772600767 (2026-03-04 05:06:07Z)
        expiryTime:    2026-03-11T05:06:07.089Z
        refreshToken:  ********************
        scopes:        spark:xapi_statuses
                       spark:xapi_commands
        xapiAccess:    {
                         "commands": [],
                         "statuses": [
                           "Audio.*"
                         ],
                         "events": []
                       }

        The refresh token is hidden; --show-secrets shows it.
        "#);
    }

    #[test]
    fn secrets_are_shown_on_demand_and_expiry_is_said() {
        let text = describe(&claims(), true, Timestamp(i64::MAX));
        assert!(text.contains("the-refresh-token"));
        assert!(text.contains("expired 2026-03-11"));
    }

    #[test]
    fn a_jwt_may_come_in_json() {
        assert_eq!(unwrapped(" a.b.c\n"), "a.b.c");
        assert_eq!(unwrapped(r#"{"jwt":"a.b.c"}"#), "a.b.c");
        let activated = json!({"appId": uuid::Uuid::nil(), "activationCode": "d.e.f", "scopes": [],
            "expiryTime": "2026-03-11T05:06:07.089Z", "xapiAccess": {}});
        assert_eq!(unwrapped(&activated.to_string()), "d.e.f");
    }
}
