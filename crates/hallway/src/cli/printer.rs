//! The one place that prints.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Write};

use serde::Serialize;

use super::failure::{Failure, Result};

/// Shows data on stdout, as text for people or as JSON for machines, and everything else on stderr.
pub(crate) struct Printer {
    json: bool,
    out: Box<dyn Write>,
    err: Box<dyn Write>,
    width: usize,
    colour: bool,
}

/// Width of a page where there is no terminal to ask.
const WIDTH: usize = 100;

impl Printer {
    /// A printer on the streams of this process.
    pub(crate) fn stdio(json: bool) -> Self {
        let columns = std::env::var("COLUMNS")
            .ok()
            .and_then(|columns| columns.parse().ok());
        Self {
            json,
            out: Box::new(io::stdout()),
            err: Box::new(io::stderr()),
            width: columns.unwrap_or(WIDTH),
            colour: colour_allowed() && io::stdout().is_terminal(),
        }
    }

    /// A printer on other streams, without colour.
    #[cfg(test)]
    pub(crate) fn on(json: bool, out: impl Write + 'static, err: impl Write + 'static) -> Self {
        Self {
            json,
            out: Box::new(out),
            err: Box::new(err),
            width: WIDTH,
            colour: false,
        }
    }

    /// Whether data is for machines.
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// Whether colour may be used, and how many columns there are.
    pub(crate) fn page(&self) -> (bool, usize) {
        (self.colour, self.width)
    }

    /// Shows data: the document for machines, or the text for people.
    pub(crate) fn show<T: Serialize + ?Sized>(
        &mut self,
        document: &T,
        text: impl FnOnce() -> String,
    ) -> Result {
        if self.json {
            self.document(document)
        } else {
            self.text(&text())
        }
    }

    /// Writes one JSON document to stdout.
    pub(crate) fn document<T: Serialize + ?Sized>(&mut self, document: &T) -> Result {
        serde_json::to_writer_pretty(&mut self.out, document)
            .map_err(|error| Failure::Output(error.into()))?;
        self.out.write_all(b"\n")?;
        Ok(self.out.flush()?)
    }

    /// Writes text and the end of its last line to stdout.
    pub(crate) fn text(&mut self, text: &str) -> Result {
        let text = text.trim_end_matches('\n');
        if !text.is_empty() {
            writeln!(self.out, "{}", harmless(text))?;
        }
        Ok(self.out.flush()?)
    }

    /// Writes text that is already styled for this printer's page to stdout.
    pub(crate) fn styled(&mut self, text: &str) -> Result {
        writeln!(self.out, "{}", text.trim_end_matches('\n'))?;
        Ok(self.out.flush()?)
    }

    /// Writes text to stdout exactly as it is.
    pub(crate) fn verbatim(&mut self, text: &str) -> Result {
        self.out.write_all(text.as_bytes())?;
        if !text.ends_with('\n') {
            self.out.write_all(b"\n")?;
        }
        Ok(self.out.flush()?)
    }

    /// Says something beside the data, on stderr.
    pub(crate) fn note(&mut self, text: &str) {
        // Who cannot be told is not told; the data still counts.
        let _ = writeln!(self.err, "{}", harmless(text));
    }

    /// Says why a command failed, on stderr, and returns the exit code.
    pub(crate) fn fail(&mut self, failure: &Failure) -> u8 {
        if let Some(text) = failure.text() {
            self.note(&text);
        }
        failure.exit_code()
    }
}

/// Whether logs on stderr may be coloured.
pub(crate) fn colour_on_stderr() -> bool {
    colour_allowed() && io::stderr().is_terminal()
}

/// NO_COLOR counts when it is set and not empty (no-color.org).
fn colour_allowed() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// The text with control characters made visible. Names come from other people: they must not be able to
/// steer the terminal of an administrator.
fn harmless(text: &str) -> Cow<'_, str> {
    let harmful = |c: char| c.is_control() && c != '\n' && c != '\t';
    if !text.contains(harmful) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if harmful(c) {
            let _ = write!(out, "{}", c.escape_default());
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::testing::Shared;

    #[test]
    fn people_get_text_and_machines_get_one_document() {
        for (json, expected) in [(false, "two\n"), (true, "{\n  \"n\": 2\n}\n")] {
            let out = Shared::default();
            Printer::on(json, out.clone(), io::sink())
                .show(&serde_json::json!({"n": 2}), || "two\n".to_owned())
                .unwrap();
            assert_eq!(out.text(), expected);
        }
    }

    #[test]
    fn a_name_cannot_steer_the_terminal() {
        assert_eq!(harmless("Room\u{1b}[2J\u{7}"), "Room\\u{1b}[2J\\u{7}");
        assert_eq!(harmless("Größe\tx\n"), "Größe\tx\n");
    }

    #[test]
    fn a_broken_pipe_is_a_success() {
        struct Closed;
        impl Write for Closed {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        for json in [false, true] {
            let err = Shared::default();
            let mut printer = Printer::on(json, Closed, err.clone());
            let failure = printer.show(&1, || "1".to_owned()).unwrap_err();
            assert_eq!(printer.fail(&failure), 0);
            assert_eq!(err.text(), "");
        }
    }
}
