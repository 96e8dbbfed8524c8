//! One HTTP call, as data: what is shown is what is sent.

use std::collections::BTreeMap;
use std::fmt;

use hallway_sdk::client::{Answer, path};
use hallway_sdk::{Client, Error};
use http::Method;
use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};
use serde_json::Value;

/// What earlier steps of a plan gave, by name: the id of a person that did not exist before.
pub type Bindings = BTreeMap<String, String>;

/// A call that a plan makes: method, path below the base URL, query and body. It carries no token and no other
/// secret, so it may be shown and logged.
///
/// A segment of the path that is exactly `{name}` stands for what an earlier step gives.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    method: Method,
    segments: Vec<String>,
    query: Vec<(&'static str, String)>,
    body: Option<Value>,
    repeatable: Option<bool>,
}

impl Request {
    /// A call of this path: `["people", "{personId}"]`.
    pub fn new<S: Into<String>>(method: Method, segments: impl IntoIterator<Item = S>) -> Self {
        Self {
            method,
            segments: segments.into_iter().map(Into::into).collect(),
            query: Vec::new(),
            body: None,
            repeatable: None,
        }
    }

    /// With this parameter in the query.
    #[must_use]
    pub fn query(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.query.push((name, value.to_string()));
        self
    }

    /// With this body.
    #[must_use]
    pub fn json(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }

    /// Says whether doing it twice is as good as once, where the method does not say so.
    #[must_use]
    pub fn repeatable(mut self, repeatable: bool) -> Self {
        self.repeatable = Some(repeatable);
        self
    }

    /// Whether doing it twice is as good as once.
    pub fn is_repeatable(&self) -> bool {
        let by_method = matches!(self.method, Method::GET | Method::PUT | Method::DELETE);
        self.repeatable.unwrap_or(by_method)
    }

    /// `GET`, `POST` and so on.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The body, if there is one.
    pub fn body(&self) -> Option<&Value> {
        self.body.as_ref()
    }

    /// Whether it changes nothing.
    pub fn is_read(&self) -> bool {
        self.method == Method::GET
    }

    /// Path and query below the base URL: `/people?callingData=true`.
    pub fn target(&self) -> String {
        let mut text = String::new();
        for segment in &self.segments {
            text.push('/');
            match placeholder(segment) {
                Some(_) => text.push_str(segment),
                None => text.push_str(&path(&[segment])),
            }
        }
        if !self.query.is_empty() {
            let mut query = form_urlencoded::Serializer::new(String::new());
            query.extend_pairs(&self.query);
            text.push('?');
            text.push_str(&query.finish());
        }
        text
    }

    /// The call with what earlier steps gave.
    ///
    /// # Errors
    /// A name that no step gave.
    pub(crate) fn resolve(&self, bindings: &Bindings) -> Result<Self, Error> {
        let value = |text: &str| match placeholder(text) {
            None => Ok(None),
            Some(name) => match bindings.get(name) {
                Some(value) => Ok(Some(value.clone())),
                None => Err(Error::Configuration(format!(
                    "{self}: no step before it gave `{name}`"
                ))),
            },
        };
        let mut resolved = self.clone();
        for segment in &mut resolved.segments {
            if let Some(value) = value(segment)? {
                *segment = value;
            }
        }
        Ok(resolved)
    }

    /// Sends it.
    pub(crate) async fn send(&self, client: &Client) -> Result<Answer, Error> {
        let segments: Vec<&str> = self.segments.iter().map(String::as_str).collect();
        let mut call = client.request(self.method.clone(), path(&segments));
        for (name, value) in &self.query {
            call = call.query(*name, value);
        }
        if let Some(body) = &self.body {
            call = call.json(body);
        }
        call.idempotent(self.is_repeatable()).send().await
    }
}

/// `{personId}` → `personId`
fn placeholder(text: &str) -> Option<&str> {
    let name = text.strip_prefix('{')?.strip_suffix('}')?;
    let plain = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric());
    plain.then_some(name)
}

/// `PUT /people/Y2lz…?callingData=true`
impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.target())
    }
}

/// `{"method", "path", "body"}`
impl Serialize for Request {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("Request", 3)?;
        object.serialize_field("method", self.method.as_str())?;
        object.serialize_field("path", &self.target())?;
        match &self.body {
            Some(body) => object.serialize_field("body", body)?,
            None => object.skip_field("body")?,
        }
        object.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_shown_is_what_is_sent() {
        let request = Request::new(Method::PUT, ["people", "{personId}"])
            .query("callingData", true)
            .json(json!({"title": "{personId}"}));
        assert_eq!(request.to_string(), "PUT /people/{personId}?callingData=true");
        assert!(request.resolve(&Bindings::new()).is_err());
        let bindings = Bindings::from([("personId".to_owned(), "a/b".to_owned())]);
        let resolved = request.resolve(&bindings).unwrap();
        assert_eq!(resolved.to_string(), "PUT /people/a%2Fb?callingData=true");
        // What people write into a body is theirs.
        assert_eq!(resolved.body(), Some(&json!({"title": "{personId}"})));
    }
}
