//! Why a command did not do what it was asked, and the exit code that says so.

use std::fmt::{self, Write as _};
use std::io;

/// The exit codes of every command.
pub(crate) mod exit {
    /// Done. A reader that closed its end of the pipe early also got what it wanted.
    pub(crate) const DONE: u8 = 0;
    /// The platform said no, could not be reached, or what was checked is not in order.
    pub(crate) const REFUSED: u8 = 1;
    /// The command was not understood, or lacks something that only the caller can give.
    pub(crate) const USAGE: u8 = 2;
}

/// What commands return.
pub(crate) type Result<T = (), E = Failure> = std::result::Result<T, E>;

/// Why a command failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The caller asked for something that makes no sense.
    Usage { message: String, hint: Option<String> },
    /// The platform said no, or could not be asked.
    Refused(Box<Refusal>),
    /// What was checked is not in order, and that has been shown already.
    Shown,
    /// The output could not be written.
    Output(io::Error),
}

/// An answer that is not the wanted one.
#[derive(Debug, Default)]
pub(crate) struct Refusal {
    /// The HTTP status, if there was an answer.
    pub(crate) status: Option<u16>,
    pub(crate) message: String,
    /// One sentence for each thing that was wrong.
    pub(crate) details: Vec<String>,
    /// By which the platform's log can be searched.
    pub(crate) tracking_id: Option<String>,
    /// The faulty text with its faults marked, where that says more than the details.
    pub(crate) exhibit: Option<String>,
    pub(crate) hint: Option<String>,
}

impl Failure {
    /// Wrong usage.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::Usage {
            message: message.into(),
            hint: None,
        }
    }

    /// A refusal with nothing but a message.
    pub(crate) fn refused(message: impl Into<String>) -> Self {
        Self::Refused(Box::new(Refusal {
            message: message.into(),
            ..Refusal::default()
        }))
    }

    /// The same, with what to try next.
    #[must_use]
    pub(crate) fn hint(mut self, text: impl Into<String>) -> Self {
        match &mut self {
            Self::Usage { hint, .. } => *hint = Some(text.into()),
            Self::Refused(refusal) => refusal.hint = Some(text.into()),
            Self::Shown | Self::Output(_) => {}
        }
        self
    }

    /// The exit code.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Usage { .. } => exit::USAGE,
            Self::Refused(_) | Self::Shown => exit::REFUSED,
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => exit::DONE,
            Self::Output(_) => exit::REFUSED,
        }
    }

    /// What stderr says about it; nothing where everything has been said.
    pub(crate) fn text(&self) -> Option<String> {
        match self {
            Self::Usage { message, hint } => Some(lines(message, &[], None, None, hint.as_deref())),
            Self::Refused(refusal) => Some(lines(
                &refusal.message,
                &refusal.details,
                refusal.tracking_id.as_deref(),
                refusal.exhibit.as_deref(),
                refusal.hint.as_deref(),
            )),
            Self::Shown => None,
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => None,
            Self::Output(error) => Some(format!("error: the output could not be written: {error}")),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage { message, .. } => f.write_str(message),
            Self::Refused(refusal) => f.write_str(&refusal.message),
            Self::Shown => f.write_str("what was checked is not in order"),
            Self::Output(_) => f.write_str("the output could not be written"),
        }
    }
}

impl std::error::Error for Failure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Output(error) => Some(error),
            _ => None,
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

impl From<hallway_sdk::Error> for Failure {
    fn from(error: hallway_sdk::Error) -> Self {
        let hint = match &error {
            hallway_sdk::Error::Permission { missing, .. }
                if !matches!(missing, hallway_sdk::Missing::Unknown) =>
            {
                Some(format!("the token needs {missing}"))
            }
            _ => None,
        };
        let Some(context) = error.context().filter(|context| context.status.is_some()) else {
            return Self::refused(error.to_string());
        };
        Self::Refused(Box::new(Refusal {
            status: context.status,
            message: format!("{} ({} {})", context.message, context.method, context.path),
            details: context
                .details
                .iter()
                .filter(|detail| detail.description != context.message)
                .map(|detail| detail.description.clone())
                .collect(),
            tracking_id: context.tracking_id.clone(),
            exhibit: None,
            hint,
        }))
    }
}

fn lines(
    message: &str,
    details: &[String],
    tracking_id: Option<&str>,
    exhibit: Option<&str>,
    hint: Option<&str>,
) -> String {
    let mut text = format!("error: {message}");
    match exhibit {
        Some(exhibit) => {
            let _ = write!(text, "\n{}", exhibit.trim_end());
        }
        None => {
            // Many refusals repeat their message as their only detail.
            for detail in details.iter().filter(|detail| *detail != message) {
                let _ = write!(text, "\n  - {detail}");
            }
        }
    }
    if let Some(id) = tracking_id {
        let _ = write!(text, "\ntracking id: {id}");
    }
    if let Some(hint) = hint {
        let _ = write!(text, "\nhint: {hint}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_codes_are_the_documented_ones() {
        let broken = Failure::Output(io::ErrorKind::BrokenPipe.into());
        let full = Failure::Output(io::ErrorKind::StorageFull.into());
        let codes = [
            (Failure::usage("no"), 2),
            (Failure::refused("no"), 1),
            (Failure::Shown, 1),
            (broken, 0),
            (full, 1),
        ];
        for (failure, code) in codes {
            assert_eq!(failure.exit_code(), code, "{failure:?}");
        }
    }

    #[test]
    fn a_refusal_says_everything_once() {
        let failure = Failure::Refused(Box::new(Refusal {
            status: Some(400),
            message: "The manifest is not valid.".to_owned(),
            details: vec![
                "The manifest is not valid.".to_owned(),
                "$.email is empty".to_owned(),
            ],
            tracking_id: Some("HALLWAY_1".to_owned()),
            exhibit: None,
            hint: Some("try `hallway manifest check FILE`".to_owned()),
        }));
        insta::assert_snapshot!(failure.text().unwrap(), @r"
        error: The manifest is not valid.
          - $.email is empty
        tracking id: HALLWAY_1
        hint: try `hallway manifest check FILE`
        ");
    }
}
