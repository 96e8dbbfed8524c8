//! Which requests a fault is about: an optional method and a pattern of the path.

use std::fmt;
use std::str::FromStr;

/// `GET /v1/people/{id}`, `/v1/xapi/*`, `* /v1/devices`.
///
/// `{anything}` stands for one segment of the path, whatever it is; `*` as the last segment for all that
/// follows, at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    method: Option<String>,
    segments: Vec<Segment>,
    /// Whether more may follow.
    open: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    Text(String),
    /// Its name is kept to be shown.
    Any(String),
}

const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// Longest pattern, in bytes.
const MAX_LEN: usize = 500;

impl Route {
    /// Whether a request is of this kind.
    pub fn matches(&self, method: &str, path: &str) -> bool {
        if self.method.as_deref().is_some_and(|wanted| wanted != method) {
            return false;
        }
        let mut path = path.trim_matches('/').split('/');
        for segment in &self.segments {
            match (segment, path.next()) {
                (Segment::Text(wanted), Some(found)) if wanted == found => {}
                (Segment::Any(_), Some(found)) if !found.is_empty() => {}
                _ => return false,
            }
        }
        path.next().is_some() == self.open
    }

    /// Whether it names Hallway's own management API.
    pub fn names_management(&self) -> bool {
        self.segments.first() == Some(&Segment::Text("hallway".to_owned()))
    }
}

impl FromStr for Route {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.len() > MAX_LEN {
            return Err(format!("it is longer than {MAX_LEN} characters"));
        }
        let (method, path) = match text.split_once(char::is_whitespace) {
            None => (None, text),
            Some(("*", path)) => (None, path.trim()),
            Some((method, path)) => {
                let method = method.to_ascii_uppercase();
                if !METHODS.contains(&method.as_str()) {
                    return Err(format!(
                        "{method:?} is no method: one of {} or * is",
                        METHODS.join(", ")
                    ));
                }
                (Some(method), path.trim())
            }
        };
        let path = path.split(['?', '#']).next().unwrap_or_default();
        let Some(inner) = path.strip_prefix('/') else {
            return Err(format!(
                "the path {path:?} must begin with a slash, as in GET /v1/people/{{id}}"
            ));
        };
        let inner = inner.trim_end_matches('/');
        let (inner, open) = match inner.strip_suffix('*') {
            Some("") => ("", true),
            Some(before) if before.ends_with('/') => (before.trim_end_matches('/'), true),
            Some(_) => return Err("* must be a whole segment, the last one".to_owned()),
            None => (inner, false),
        };
        let mut segments = Vec::new();
        for segment in inner.split('/').filter(|_| !inner.is_empty()) {
            let named = segment
                .strip_prefix('{')
                .and_then(|segment| segment.strip_suffix('}'));
            segments.push(match named {
                Some(name) => Segment::Any(name.to_owned()),
                None if segment.is_empty() => return Err("a segment of the path is empty".to_owned()),
                None if segment.contains(['*', '{', '}']) => {
                    return Err(format!(
                        "the segment {segment:?} must be a text, {{name}}, or * at the end"
                    ));
                }
                None => Segment::Text(segment.to_owned()),
            });
        }
        Ok(Self {
            method,
            segments,
            open,
        })
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(method) = &self.method {
            write!(f, "{method} ")?;
        }
        for segment in &self.segments {
            match segment {
                Segment::Text(text) => write!(f, "/{text}")?,
                Segment::Any(name) => write!(f, "/{{{name}}}")?,
            }
        }
        match (self.open, self.segments.is_empty()) {
            (true, _) => f.write_str("/*"),
            (false, true) => f.write_str("/"),
            (false, false) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(text: &str) -> Route {
        text.parse().unwrap()
    }

    #[test]
    fn patterns_match_whole_segments() {
        for (pattern, method, path, expected) in [
            ("GET /v1/people/{id}", "GET", "/v1/people/abc", true),
            ("get /v1/people/{id}", "GET", "/v1/people/abc/", true),
            ("GET /v1/people/{id}", "PUT", "/v1/people/abc", false),
            ("GET /v1/people/{id}", "GET", "/v1/people", false),
            ("GET /v1/people/{id}", "GET", "/v1/people/abc/features", false),
            ("/v1/people", "DELETE", "/v1/people", true),
            ("/v1/people", "GET", "/v1/peoples", false),
            ("/v1/xapi/*", "GET", "/v1/xapi/status", true),
            ("* /v1/xapi/*", "POST", "/v1/xapi/command/Dial", true),
            ("/v1/xapi/*", "GET", "/v1/xapi", false),
            ("/v1/*", "GET", "/hallway/v1/audit", false),
            ("/*", "GET", "/jwks", true),
            ("/", "GET", "/", false),
            (
                "/v1/locations/{a}/floors/{b}",
                "GET",
                "/v1/locations/1/floors/2",
                true,
            ),
            (
                "/v1/locations/{a}/floors/{b}",
                "GET",
                "/v1/locations//floors/2",
                false,
            ),
        ] {
            assert_eq!(route(pattern).matches(method, path), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for bad in [
            "",
            "v1/people",
            "FETCH /v1",
            "GET",
            "GET v1",
            "/v1/*/x",
            "/v1/pe*",
            "/v1//x",
            "/v1/{id",
            "/v1/a{b}",
        ] {
            assert!(bad.parse::<Route>().is_err(), "{bad}");
        }
        assert!(format!("/{}", "x".repeat(MAX_LEN)).parse::<Route>().is_err());
    }

    #[test]
    fn shown_as_it_was_written() {
        for text in ["GET /v1/people/{id}", "/v1/xapi/*", "/*", "/"] {
            assert_eq!(route(text).to_string(), text);
        }
        assert!(route("/hallway/v1/*").names_management());
        assert!(!route("/*").names_management());
    }
}
