//! What was wrong, and what to do next.

use std::fmt;

use hallway_sdk::{Error, Missing};
use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};

/// What comes of asking for something.
pub type Result<T, E = Problem> = std::result::Result<T, E>;

/// Which side has to change something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Kind {
    /// What was asked for makes no sense, whatever the service holds. Nothing was sent.
    Input,
    /// What was asked for names something that is not there.
    NotFound,
    /// The state of things does not allow it: the number is somebody else's, no license is left.
    State,
    /// The service refused a call.
    Refused,
    /// The service could not be asked, or answered that it cannot now: the same may succeed later.
    Unavailable,
    /// The run was stopped before it was done.
    Stopped,
}

/// Why something was not done: what was wrong, as a sentence, and the next step for who reads it.
#[derive(Clone, Debug)]
pub struct Problem {
    kind: Kind,
    what: String,
    next: Option<String>,
    source: Option<Box<Error>>,
}

impl Problem {
    /// A problem of this kind.
    pub fn new(kind: Kind, what: impl Into<String>) -> Self {
        Self {
            kind,
            what: what.into(),
            next: None,
            source: None,
        }
    }

    pub(crate) fn input(what: impl Into<String>) -> Self {
        Self::new(Kind::Input, what)
    }

    pub(crate) fn not_found(what: impl Into<String>) -> Self {
        Self::new(Kind::NotFound, what)
    }

    pub(crate) fn state(what: impl Into<String>) -> Self {
        Self::new(Kind::State, what)
    }

    /// The same, with the step that comes next.
    #[must_use]
    pub fn next(mut self, next: impl Into<String>) -> Self {
        self.next = Some(next.into());
        self
    }

    /// The same in other words.
    #[must_use]
    pub(crate) fn say(mut self, what: impl Into<String>) -> Self {
        self.what = what.into();
        self
    }

    /// The same, told after what came before it.
    #[must_use]
    pub(crate) fn after(mut self, first: &Self) -> Self {
        self.what = format!("{}; {}", first.what, self.what);
        self
    }

    /// Which side has to change something.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// What was wrong, as a sentence without its full stop.
    pub fn what(&self) -> &str {
        &self.what
    }

    /// What to do next, where that is known.
    pub fn next_step(&self) -> Option<&str> {
        self.next.as_deref()
    }

    /// Names the refused call in the logs of the service.
    pub fn tracking_id(&self) -> Option<&str> {
        self.source.as_deref().and_then(Error::tracking_id)
    }

    /// What the service said, if it was asked.
    pub fn error(&self) -> Option<&Error> {
        self.source.as_deref()
    }

    /// Whether the same may succeed later, without anybody changing anything.
    pub fn is_temporary(&self) -> bool {
        self.kind == Kind::Unavailable
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let kind = match &error {
            Error::NotFound(_) => Kind::NotFound,
            Error::Configuration(_) => Kind::Input,
            error if error.is_temporary() => Kind::Unavailable,
            _ => Kind::Refused,
        };
        Self {
            kind,
            what: said(&error),
            next: next_after(&error),
            source: Some(Box::new(error)),
        }
    }
}

/// What an error says, without the request and its tracking id: those are shown beside it.
fn said(error: &Error) -> String {
    let Some(context) = error.context() else {
        return error.to_string();
    };
    let mut text = context.message.trim_end_matches('.').to_owned();
    for detail in &context.details {
        let more = detail.description.trim_end_matches('.');
        if !more.is_empty() && !text.contains(more) {
            text.push_str("; ");
            text.push_str(more);
        }
    }
    if text.is_empty() {
        text = error.to_string();
    }
    text
}

fn next_after(error: &Error) -> Option<String> {
    let text = match error {
        Error::Unauthorized(_) => {
            "the token is unknown or ran out: sign in again, or take a new token".to_owned()
        }
        Error::Permission { missing, .. } => match missing {
            Missing::Scope(scopes) => format!("take a token with the scope {}", scopes.join(" or ")),
            _ => "ask as an administrator who may do this".to_owned(),
        },
        Error::RateLimited { retry_after, .. } => format!(
            "run the same again in {} s: what is done already is not done twice",
            retry_after.as_secs().max(1)
        ),
        Error::Unavailable { .. } | Error::Transport { .. } => {
            "run the same again later: what is done already is not done twice".to_owned()
        }
        Error::Protocol(_) => "is the address that of the API, with /v1 at its end?".to_owned(),
        _ => return None,
    };
    Some(text)
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        if let Some(id) = self.tracking_id() {
            write!(f, " (tracking id {id})")?;
        }
        if let Some(next) = &self.next {
            write!(f, "; next: {next}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problem {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|error| error as _)
    }
}

/// `{"kind", "what", "next", "trackingId"}`
impl Serialize for Problem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("Problem", 4)?;
        object.serialize_field("kind", &self.kind)?;
        object.serialize_field("what", &self.what)?;
        match &self.next {
            Some(next) => object.serialize_field("next", next)?,
            None => object.skip_field("next")?,
        }
        match self.tracking_id() {
            Some(id) => object.serialize_field("trackingId", id)?,
            None => object.skip_field("trackingId")?,
        }
        object.end()
    }
}
