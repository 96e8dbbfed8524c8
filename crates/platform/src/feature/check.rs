//! What an integration may store as its configuration (features 3.3).

use hallway_wire::feature::{CrossLaunch, CrossLaunchTarget};
use hallway_wire::manifest::Feature;
use serde_json::{Map, Value};

use super::template::Template;

/// Longest URL, in characters.
pub(super) const MAX_URL: usize = 2048;
/// Longest list of hosts: as much as the device takes (features, open question 6).
const MAX_ALLOW_LIST: usize = 1024;

/// What was asked for, without the id that it gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wish {
    pub(super) url: String,
    pub(super) cross_launch: Option<CrossLaunch>,
    pub(super) allow_list: Option<String>,
}

/// Reads a configuration. Members that are not known are passed over; null is as good as absent.
///
/// # Errors
/// Everything that is wrong with it, each as a sentence that names the member.
pub(super) fn read(
    feature: Feature,
    body: &Map<String, Value>,
    allow_http: bool,
) -> Result<Wish, Vec<String>> {
    let mut problems = Vec::new();
    let member = |name: &str| body.get(name).filter(|value| !value.is_null());
    let (name, given) = match feature {
        Feature::DigitalSignage => ("signageUrl", member("signageUrl")),
        // Some write the member of the other feature: the page is meant all the same (features 3.2).
        Feature::PersistentWebApp => match (member("pwaUrl"), member("signageUrl")) {
            (None, Some(alias)) => ("signageUrl", Some(alias)),
            (given, _) => ("pwaUrl", given),
        },
    };
    let url = match given {
        None => {
            problems.push(format!("{name} is missing: it is the page that devices show"));
            String::new()
        }
        Some(Value::String(url)) => {
            problems.extend(check_page(name, url, feature, allow_http).err());
            url.clone()
        }
        Some(other) => {
            problems.push(format!("{name} must be text, not {}", kind(other)));
            String::new()
        }
    };
    let cross_launch = match member("crossLaunch") {
        None => None,
        Some(Value::Object(targets)) => Some(CrossLaunch {
            manage_content: target(targets, "manageContent", allow_http, &mut problems),
            assign_content: target(targets, "assignContent", allow_http, &mut problems),
        }),
        Some(other) => {
            problems.push(format!("crossLaunch must be an object, not {}", kind(other)));
            None
        }
    };
    let mut allow_list = None;
    if feature == Feature::PersistentWebApp {
        const NAME: &str = "directXapiAccessAllowListOverride";
        match member(NAME) {
            None => {}
            Some(Value::String(text)) => {
                let length = text.chars().count();
                if length > MAX_ALLOW_LIST {
                    problems.push(format!(
                        "{NAME} has {length} characters, but may have at most {MAX_ALLOW_LIST}"
                    ));
                } else if text.chars().any(char::is_control) {
                    problems.push(format!("{NAME} holds control characters"));
                }
                allow_list = Some(text.clone()).filter(|text| !text.trim().is_empty());
            }
            Some(other) => problems.push(format!("{NAME} must be text, not {}", kind(other))),
        }
    }
    if problems.is_empty() {
        Ok(Wish {
            url,
            cross_launch,
            allow_list,
        })
    } else {
        Err(problems)
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

fn target(
    targets: &Map<String, Value>,
    name: &str,
    allow_http: bool,
    problems: &mut Vec<String>,
) -> Option<CrossLaunchTarget> {
    let what = format!("crossLaunch.{name}");
    match targets.get(name).filter(|value| !value.is_null())? {
        Value::Object(inside) => match inside.get("url").filter(|url| !url.is_null()) {
            None => problems.push(format!("{what}.url is missing")),
            Some(Value::String(url)) => match check_url(&format!("{what}.url"), url, allow_http) {
                Ok(()) => return Some(CrossLaunchTarget { url: url.clone() }),
                Err(problem) => problems.push(problem),
            },
            Some(other) => problems.push(format!("{what}.url must be text, not {}", kind(other))),
        },
        other => problems.push(format!("{what} must be an object, not {}", kind(other))),
    }
    None
}

/// Checks a page with replacement values.
fn check_page(what: &str, url: &str, feature: Feature, allow_http: bool) -> Result<(), String> {
    let template = Template::parse(url, feature).map_err(|why| format!("{what} {why}"))?;
    check_url(what, &template.bare(), allow_http)?;
    if url.chars().count() > MAX_URL {
        return Err(format!("{what} is longer than {MAX_URL} characters"));
    }
    if !template.has_fixed_host() {
        return Err(format!(
            "{what} has a replacement value before its path: the host must be the same for every device"
        ));
    }
    Ok(())
}

/// Checks a URL: absolute, https, without user name and password, and spelled as RFC 3986 has it.
///
/// # Errors
/// A sentence that begins with `what`. It shows nothing of the URL but single characters.
pub(super) fn check_url(what: &str, url: &str, allow_http: bool) -> Result<(), String> {
    if url.chars().count() > MAX_URL {
        return Err(format!("{what} is longer than {MAX_URL} characters"));
    }
    strict_url(url).map_err(|why| format!("{what} {why}"))?;
    let parsed: http::Uri = url
        .parse()
        .map_err(|_| format!("{what} is not an absolute https URL"))?;
    let has_host = parsed.host().is_some_and(|host| !host.is_empty());
    match parsed.scheme_str() {
        Some("https") if has_host => {}
        Some("http") if has_host && allow_http => {}
        Some("http") if has_host => {
            return Err(format!(
                "{what} must be an https URL (start Hallway with --allow-http for development)"
            ));
        }
        _ => return Err(format!("{what} is not an absolute https URL")),
    }
    let authority = parsed.authority().map_or("", |authority| authority.as_str());
    if authority.contains('@') {
        return Err(format!("{what} must not carry user name and password"));
    }
    Ok(())
}

/// Whether a text has only characters that a URL may have, the way strict readers (Java) take them.
pub(super) fn strict_url(url: &str) -> Result<(), String> {
    const LEGAL: &str = "-._~:/?#[]@!$&'()*+,;=%";
    let illegal = url
        .chars()
        .find(|&c| !(c.is_ascii_alphanumeric() || LEGAL.contains(c)));
    if let Some(illegal) = illegal {
        return Err(format!(
            "holds {illegal:?}, which a URL must have percent-encoded"
        ));
    }
    let bytes = url.as_bytes();
    let hex = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_hexdigit);
    let broken = bytes
        .iter()
        .enumerate()
        .any(|(at, &byte)| byte == b'%' && !(hex(at + 1) && hex(at + 2)));
    if broken {
        return Err("has a % that no two hexadecimal digits follow".to_owned());
    }
    if url.matches('#').count() > 1 {
        return Err("has more than one #".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn problems(feature: Feature, body: Value) -> Vec<String> {
        read(feature, body.as_object().unwrap(), false)
            .err()
            .unwrap_or_default()
    }

    #[test]
    fn what_is_wrong_is_named() {
        use Feature::{DigitalSignage as S, PersistentWebApp as W};
        let page = "https://x.example/";
        for (feature, body, expected) in [
            (S, json!({}), "signageUrl is missing"),
            (S, json!({ "signageUrl": null }), "signageUrl is missing"),
            (S, json!({ "pwaUrl": page }), "signageUrl is missing"),
            (W, json!({}), "pwaUrl is missing"),
            (
                S,
                json!({ "signageUrl": 7 }),
                "signageUrl must be text, not a number",
            ),
            (
                S,
                json!({ "signageUrl": "http://x.example/" }),
                "signageUrl must be an https URL",
            ),
            (
                S,
                json!({ "signageUrl": "/signage" }),
                "signageUrl is not an absolute",
            ),
            (
                S,
                json!({ "signageUrl": "https:///x" }),
                "signageUrl is not an absolute",
            ),
            (
                S,
                json!({ "signageUrl": "https://u:p@x.example/" }),
                "user name and password",
            ),
            (S, json!({ "signageUrl": "https://x.example/a b" }), "holds ' '"),
            (S, json!({ "signageUrl": "https://x.example/ø" }), "holds 'ø'"),
            (S, json!({ "signageUrl": "https://x.example/%4" }), "hexadecimal"),
            (S, json!({ "signageUrl": "https://x.example/$(room)" }), "$(room)"),
            (
                S,
                json!({ "signageUrl": "https://x.example/$(peripheralSerial)" }),
                "peripheralSerial",
            ),
            (
                S,
                json!({ "signageUrl": "https://$(deviceId).x.example/" }),
                "the host must be the same",
            ),
            (
                S,
                json!({ "signageUrl": page, "crossLaunch": [] }),
                "crossLaunch must be an object",
            ),
            (
                S,
                json!({ "signageUrl": page, "crossLaunch": { "manageContent": {} } }),
                "crossLaunch.manageContent.url is missing",
            ),
            (
                S,
                json!({ "signageUrl": page, "crossLaunch": { "assignContent": { "url": "ftp://x/" } } }),
                "crossLaunch.assignContent.url is not an absolute",
            ),
            (
                W,
                json!({ "pwaUrl": page, "directXapiAccessAllowListOverride": "x".repeat(1025) }),
                "directXapiAccessAllowListOverride has 1025 characters",
            ),
        ] {
            let said = problems(feature, body.clone());
            assert!(said.len() == 1 && said[0].contains(expected), "{body}: {said:?}");
        }
        let several = problems(
            S,
            json!({ "signageUrl": "x", "crossLaunch": { "manageContent": 1 } }),
        );
        assert_eq!(several.len(), 2, "{several:?}");
    }

    #[test]
    fn what_is_right_is_kept_and_nothing_else() {
        let body = json!({
            "signageUrl": "https://x.example/$(peripheralSerial)?n=$(ownerName)",
            "crossLaunch": {},
            "directXapiAccessAllowListOverride": "x.example",
            "colour": "red",
        });
        let wish = read(Feature::PersistentWebApp, body.as_object().unwrap(), false).unwrap();
        assert_eq!(wish.url, "https://x.example/$(peripheralSerial)?n=$(ownerName)");
        assert_eq!(wish.cross_launch, Some(CrossLaunch::default()));
        assert_eq!(wish.allow_list.as_deref(), Some("x.example"));
        let body = json!({ "signageUrl": "http://x.example/" });
        assert!(read(Feature::DigitalSignage, body.as_object().unwrap(), true).is_ok());
    }
}
