//! What the caller hands over: files, standard input, values.

use std::io::{self, Read};
use std::path::Path;

use serde_json::Value;

use super::failure::{Failure, Result};

/// Largest file that is read, in bytes. The largest thing that the platform takes is far below it.
const MAX_BYTES: u64 = 64 << 20;

/// Reads a text file.
///
/// # Errors
/// Wrong usage that names the file and what it was wanted for.
pub(crate) fn file(path: &Path, what: &str) -> Result<String> {
    let shown = path.display();
    let read = std::fs::File::open(path).and_then(|file| text(file, MAX_BYTES));
    read.map_err(|error| Failure::usage(format!("{what} {shown} cannot be read: {error}")))
}

/// Reads a text file, or standard input where the path is `-`.
///
/// # Errors
/// As [`file`].
pub(crate) fn file_or_stdin(path: &Path, what: &str) -> Result<String> {
    if path.as_os_str() == "-" {
        stdin(what)
    } else {
        file(path, what)
    }
}

/// Reads standard input.
///
/// # Errors
/// It is no text, or too long.
pub(crate) fn stdin(what: &str) -> Result<String> {
    text(io::stdin().lock(), MAX_BYTES)
        .map_err(|error| Failure::usage(format!("{what} cannot be read from standard input: {error}")))
}

fn text(from: impl Read, limit: u64) -> io::Result<String> {
    let mut text = String::new();
    from.take(limit + 1).read_to_string(&mut text)?;
    if u64::try_from(text.len()).unwrap_or(u64::MAX) > limit {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("it is longer than {limit} bytes"),
        ));
    }
    Ok(text)
}

/// A value as people type it: JSON if it is JSON, else a string. A number that JSON would change, like a
/// long telephone number, stays a string.
pub(crate) fn value(text: &str) -> Value {
    match serde_json::from_str::<Value>(text) {
        Ok(Value::Number(number)) if number.to_string() != text.trim() => Value::String(text.to_owned()),
        Ok(value) => value,
        Err(_) => Value::String(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_json_or_strings() {
        for (text, expected) in [
            ("4", json!(4)),
            ("-4", json!(-4)),
            ("21.5", json!(21.5)),
            ("true", json!(true)),
            ("null", json!(null)),
            ("\"4\"", json!("4")),
            ("[1,2]", json!([1, 2])),
            ("On", json!("On")),
            ("", json!("")),
            ("007", json!("007")),
            ("1.50", json!("1.50")),
            ("4670000000000000000000001", json!("4670000000000000000000001")),
        ] {
            assert_eq!(value(text), expected, "{text}");
        }
    }

    #[test]
    fn input_is_bounded_and_text() {
        assert_eq!(text(&b"abc"[..], 3).unwrap(), "abc");
        assert!(text(&b"abcd"[..], 3).is_err());
        assert!(text(&b"\xff"[..], 3).is_err());
    }
}
