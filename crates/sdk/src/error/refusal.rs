//! Which error an answer tells.

use std::time::Duration;

use http::{HeaderMap, StatusCode, header};
use serde::Deserialize;

use super::{Context, Detail, Error, Missing};

/// The body of errors, as leniently as it can be read (rest-basics 3).
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Body {
    message: Option<String>,
    errors: Vec<Item>,
    tracking_id: Option<String>,
    error_code: Option<i64>,
    error: Option<serde_json::Value>,
    #[serde(rename = "error_description")]
    error_description: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Item {
    description: Option<String>,
    error_code: Option<i64>,
    error_message: Option<String>,
}

/// `Retry-After`, in whole seconds. Dates are not used by the service.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?;
    text.trim().parse().ok().map(Duration::from_secs)
}

/// The error that an answer tells.
pub(crate) fn refusal(mut context: Context, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Error {
    let read: Body = serde_json::from_slice(body).unwrap_or_default();
    context.status = Some(status.as_u16());
    let told = headers.get("trackingid").and_then(|value| value.to_str().ok());
    if let Some(id) = told.map(ToOwned::to_owned).or(read.tracking_id) {
        context.tracking_id = Some(id);
    }
    let word = read.error.as_ref().and_then(|error| error.as_str());
    context.message = read
        .error_description
        .or(read.message)
        .or(word.map(ToOwned::to_owned))
        .unwrap_or_else(|| {
            status
                .canonical_reason()
                .unwrap_or("an error without a text")
                .to_owned()
        });
    context.details = read
        .errors
        .into_iter()
        .filter_map(|item| {
            Some(Detail {
                code: item.error_code,
                description: item.description.or(item.error_message)?,
            })
        })
        .collect();
    if let Some(code) = read.error_code
        && context.details.iter().all(|detail| detail.code != Some(code))
    {
        let description = context.message.clone();
        let code = Some(code);
        context.details.insert(0, Detail { description, code });
    }
    let context = Box::new(context);
    match status.as_u16() {
        401 => Error::Unauthorized(context),
        403 => Error::Permission {
            missing: missing(&context.message),
            context,
        },
        404 | 410 => Error::NotFound(context),
        409 | 412 | 428 => Error::Conflict(context),
        429 => Error::RateLimited {
            retry_after: retry_after(headers).unwrap_or(Duration::from_secs(5)),
            context,
        },
        408 | 423 | 500.. => Error::Unavailable {
            retry_after: retry_after(headers),
            context,
        },
        400..=499 => Error::BadRequest(context),
        _ => Error::Protocol(context),
    }
}

/// Finds in a sentence which scope or path it names.
fn missing(message: &str) -> Missing {
    let words = || {
        message
            .split_whitespace()
            .map(|word| word.trim_matches(|c: char| !c.is_ascii_alphanumeric() && c != ']' && c != '*'))
    };
    let scopes: Vec<String> = words()
        .filter(|word| is_scope(word))
        .map(ToOwned::to_owned)
        .collect();
    if !scopes.is_empty() {
        return Missing::Scope(scopes);
    }
    let path = words().find(|word| {
        word.contains('.')
            && word.starts_with(|c: char| c.is_ascii_uppercase())
            && word.parse::<hallway_xapi::Pattern>().is_ok()
    });
    path.map_or(Missing::Unknown, |path| Missing::Xapi(path.to_owned()))
}

/// `spark-admin:devices_read`
fn is_scope(word: &str) -> bool {
    const FAMILIES: [&str; 9] = [
        "spark",
        "spark-admin",
        "spark-compliance",
        "meeting",
        "identity",
        "Identity",
        "audit",
        "application",
        "analytics",
    ];
    word.split_once(':').is_some_and(|(family, name)| {
        FAMILIES.contains(&family)
            && !name.is_empty()
            && name
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Method;

    fn told(status: u16, body: &str) -> Error {
        let mut headers = HeaderMap::new();
        headers.insert("trackingid", "HALLWAY_1".parse().unwrap());
        headers.insert("retry-after", "7".parse().unwrap());
        let context = Context::new(&Method::GET, "/people", Some("mine".to_owned()));
        refusal(
            context,
            StatusCode::from_u16(status).unwrap(),
            &headers,
            body.as_bytes(),
        )
    }

    #[test]
    fn every_status_has_its_variant() {
        let body = r#"{"message":"No.","errors":[{"description":"No."}],"trackingId":"x"}"#;
        assert!(matches!(told(400, body), Error::BadRequest(_)));
        assert!(matches!(told(401, body), Error::Unauthorized(_)));
        assert!(matches!(told(404, body), Error::NotFound(_)));
        assert!(matches!(told(410, body), Error::NotFound(_)));
        assert!(matches!(told(409, body), Error::Conflict(_)));
        assert!(matches!(told(415, body), Error::BadRequest(_)));
        assert_eq!(told(429, body).retry_after(), Some(Duration::from_secs(7)));
        assert!(matches!(told(504, body), Error::Unavailable { .. }));
        assert!(matches!(told(302, body), Error::Protocol(_)));
        let error = told(400, body);
        assert_eq!(error.tracking_id(), Some("HALLWAY_1"));
        assert_eq!(
            error.to_string(),
            "bad request: No. (GET /people, status 400, tracking id HALLWAY_1)"
        );
    }

    #[test]
    fn names_what_is_missing() {
        for (message, expected) in [
            (
                "The access token lacks the scope spark-admin:people_read.",
                Missing::Scope(vec!["spark-admin:people_read".to_owned()]),
            ),
            (
                "The access token lacks a scope: one of spark:devices_read or spark-admin:devices_read is needed.",
                Missing::Scope(vec![
                    "spark:devices_read".to_owned(),
                    "spark-admin:devices_read".to_owned(),
                ]),
            ),
            (
                "The integration was not granted the command Audio.Volume.Set: its manifest must ask for it.",
                Missing::Xapi("Audio.Volume.Set".to_owned()),
            ),
            ("Access denied.", Missing::Unknown),
        ] {
            let body = serde_json::json!({ "message": message }).to_string();
            let Error::Permission { missing, .. } = told(403, &body) else {
                panic!("{message}");
            };
            assert_eq!(missing, expected, "{message}");
        }
    }

    #[test]
    fn reads_what_is_not_as_documented() {
        for body in ["", "<html>", "[]", "null", r#"[{"errors":[]}]"#] {
            assert_eq!(
                told(400, body).context().unwrap().message,
                "Bad Request",
                "{body}"
            );
        }
        let error = told(
            400,
            r#"{"error":"invalid_grant","error_description":"It ran out."}"#,
        );
        assert_eq!(error.context().unwrap().message, "It ran out.");
        let error = told(
            409,
            r#"{"message":"In use.","errorCode":25223,"errors":[{"description":"DN","errorCode":8363}]}"#,
        );
        let codes: Vec<_> = error.context().unwrap().details.iter().map(|d| d.code).collect();
        assert_eq!(codes, [Some(25223), Some(8363)]);
    }
}
