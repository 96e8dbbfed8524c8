//! Absolute keys: `Audio.Volume`, `Call[3].Status`. They name one thing on one device.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use smol_str::SmolStr;

/// Largest index that a list may have.
pub const MAX_INDEX: u32 = i32::MAX as u32;

/// Longest key text that is accepted, in bytes.
pub const MAX_KEY_BYTES: usize = 512;

/// One step of a [`Key`]: a name, and an index if the name is a list.
#[derive(Clone, Debug)]
pub struct Segment {
    /// The name, in the spelling that it was given in.
    pub name: SmolStr,
    /// The index, for a list item.
    pub index: Option<u32>,
}

impl PartialEq for Segment {
    fn eq(&self, other: &Self) -> bool {
        self.index == other.index && self.name.eq_ignore_ascii_case(&other.name)
    }
}
impl Eq for Segment {}
impl Hash for Segment {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for byte in self.name.bytes() {
            state.write_u8(byte.to_ascii_lowercase());
        }
        state.write_u8(b'.');
        self.index.hash(state);
    }
}
impl PartialOrd for Segment {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Segment {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let names = self.name.bytes().map(|b| b.to_ascii_lowercase());
        names
            .cmp(other.name.bytes().map(|b| b.to_ascii_lowercase()))
            .then(self.index.cmp(&other.index))
    }
}

impl Segment {
    /// A segment without an index.
    pub fn plain(name: impl Into<SmolStr>) -> Self {
        Self {
            name: name.into(),
            index: None,
        }
    }

    /// A list item.
    pub fn item(name: impl Into<SmolStr>, index: u32) -> Self {
        Self {
            name: name.into(),
            index: Some(index),
        }
    }
}

/// An absolute key. Equality, order and hash ignore the case of names; `Display` keeps the spelling.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key(Vec<Segment>);

/// Why a text is not a key or a pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    #[error("the path is empty")]
    Empty,
    #[error("the path is longer than {MAX_KEY_BYTES} characters")]
    TooLong,
    #[error("segment {position} is empty: names are joined by single dots")]
    EmptySegment { position: usize },
    #[error("`{segment}` is not a name: start with a letter or `_`, then letters, digits or `_`")]
    BadName { segment: String },
    #[error("`{segment}` has a bad array part: use [3], [*], [1..4] or [2..n], once")]
    BadArray { segment: String },
    #[error("`{path}` is a pattern: a single thing is needed here, without `*` or a range")]
    NotAbsolute { path: String },
}

impl Key {
    /// Builds a key from segments, of which there must be at least one.
    pub fn from_segments(segments: Vec<Segment>) -> Option<Self> {
        (!segments.is_empty()).then_some(Self(segments))
    }

    /// The segments, from the root.
    pub fn segments(&self) -> &[Segment] {
        &self.0
    }

    /// This key with one more segment.
    #[must_use]
    pub fn child(&self, segment: Segment) -> Self {
        let mut segments = self.0.clone();
        segments.push(segment);
        Self(segments)
    }

    /// Whether `self` is `ancestor` or lies below it.
    pub fn starts_with(&self, ancestor: &Key) -> bool {
        self.0.len() >= ancestor.0.len() && self.0[..ancestor.0.len()] == ancestor.0[..]
    }
}

/// Reads `Audio.Volume`, `Audio Volume` or `Call[3].Status`.
impl FromStr for Key {
    type Err = PathError;
    fn from_str(text: &str) -> Result<Self, PathError> {
        let mut segments = Vec::with_capacity(4);
        for part in split(text)? {
            let (name, array) = split_array(part)?;
            let index = match array {
                None => None,
                Some(digits) if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) => {
                    Some(index(part, digits)?)
                }
                Some(_) => {
                    return Err(PathError::NotAbsolute {
                        path: text.to_owned(),
                    });
                }
            };
            if name == "*" {
                return Err(PathError::NotAbsolute {
                    path: text.to_owned(),
                });
            }
            check_name(part, name)?;
            segments.push(Segment {
                name: name.into(),
                index,
            });
        }
        Ok(Self(segments))
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, segment) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str(".")?;
            }
            f.write_str(&segment.name)?;
            if let Some(index) = segment.index {
                write!(f, "[{index}]")?;
            }
        }
        Ok(())
    }
}

impl Serialize for Key {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Splits a path text into its parts: at dots, or at spaces where it has no dots.
pub(crate) fn split(text: &str) -> Result<impl Iterator<Item = &str>, PathError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(PathError::Empty);
    }
    if text.len() > MAX_KEY_BYTES {
        return Err(PathError::TooLong);
    }
    let spaced = text.contains(' ');
    // `[1..n]` has dots of its own, so dots inside brackets do not split.
    let mut depth = 0usize;
    let parts: Vec<&str> = text
        .split(move |c: char| match c {
            '[' => {
                depth += 1;
                false
            }
            ']' => {
                depth = depth.saturating_sub(1);
                false
            }
            '.' => depth == 0,
            ' ' => spaced && depth == 0,
            _ => false,
        })
        .collect();
    if let Some(position) = parts.iter().position(|part| part.is_empty()) {
        return Err(PathError::EmptySegment {
            position: position + 1,
        });
    }
    Ok(parts.into_iter())
}

/// Splits `Call[3]` into `Call` and `3`.
pub(crate) fn split_array(part: &str) -> Result<(&str, Option<&str>), PathError> {
    match part.find('[') {
        None => Ok((part, None)),
        Some(open) => {
            let bad = || PathError::BadArray {
                segment: part.to_owned(),
            };
            let inner = part[open + 1..].strip_suffix(']').ok_or_else(bad)?;
            if inner.contains(['[', ']']) {
                return Err(bad());
            }
            Ok((&part[..open], Some(inner)))
        }
    }
}

pub(crate) fn check_name(part: &str, name: &str) -> Result<(), PathError> {
    let mut bytes = name.bytes();
    let first = bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_');
    if first && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_') {
        Ok(())
    } else {
        Err(PathError::BadName {
            segment: part.to_owned(),
        })
    }
}

pub(crate) fn index(part: &str, digits: &str) -> Result<u32, PathError> {
    match digits.parse::<u32>() {
        Ok(index) if index <= MAX_INDEX => Ok(index),
        _ => Err(PathError::BadArray {
            segment: part.to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_dots_and_spaces() {
        for text in ["Call[3].Status", "Call[3] Status"] {
            assert_eq!(text.parse::<Key>().unwrap().to_string(), "Call[3].Status");
        }
        assert_eq!(
            "audio.volume".parse::<Key>().unwrap(),
            "Audio.Volume".parse::<Key>().unwrap()
        );
    }

    #[test]
    fn refuses_what_is_no_key() {
        for text in [
            "",
            " ",
            ".",
            "A.",
            "A..B",
            "1A",
            "A-B",
            "A/B",
            "A[]",
            "A[n]",
            "A[1][2]",
            "A[*]",
            "A.*",
            "*",
            "A[1..3]",
            "A[4294967296]",
            "A]",
            "A[1",
            "é",
        ] {
            assert!(text.parse::<Key>().is_err(), "{text}");
        }
    }
}
