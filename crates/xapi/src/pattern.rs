//! Patterns over keys: what a manifest asks for, what a query names, what a schema declares.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use smol_str::SmolStr;

use crate::key::{Key, PathError, Segment, check_name, index, split, split_array};

/// Which items of a list a pattern segment means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ArraySpec {
    /// `[3]`
    Index(u32),
    /// `[*]`
    Any,
    /// `[1..4]`, both ends included
    Closed(u32, u32),
    /// `[2..n]`
    Open(u32),
}

impl ArraySpec {
    /// Lowest and highest index that it contains.
    fn bounds(self) -> (u32, u32) {
        match self {
            Self::Index(i) => (i, i),
            Self::Any => (0, u32::MAX),
            Self::Closed(a, b) => (a, b),
            Self::Open(a) => (a, u32::MAX),
        }
    }

    /// Whether the item with this index is meant.
    pub fn contains(self, index: u32) -> bool {
        let (low, high) = self.bounds();
        low <= index && index <= high
    }

    fn encloses(self, other: Self) -> bool {
        let ((low, high), (other_low, other_high)) = (self.bounds(), other.bounds());
        low <= other_low && other_high <= high
    }

    fn overlaps(self, other: Self) -> bool {
        let ((low, high), (other_low, other_high)) = (self.bounds(), other.bounds());
        low <= other_high && other_low <= high
    }
}

impl fmt::Display for ArraySpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Index(i) => write!(f, "[{i}]"),
            Self::Any => f.write_str("[*]"),
            Self::Closed(a, b) => write!(f, "[{a}..{b}]"),
            Self::Open(a) => write!(f, "[{a}..n]"),
        }
    }
}

/// One step of a [`Pattern`].
#[derive(Clone, Debug)]
pub enum Step {
    /// `*`: one segment of any name; everything that remains when it is the last step.
    Any,
    /// A name, and which items if it is a list.
    Named { name: SmolStr, array: Option<ArraySpec> },
}

impl PartialEq for Step {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Any, Self::Any) => true,
            (Self::Named { name, array }, Self::Named { name: n, array: a }) => {
                array == a && name.eq_ignore_ascii_case(n)
            }
            _ => false,
        }
    }
}
impl Eq for Step {}

/// A key expression: `Audio.*`, `Call[*].Status`, `Peripherals.ConnectedDevice[1..n].*`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(Vec<Step>);

impl Pattern {
    /// The pattern `*`, which encloses every key.
    pub fn everything() -> Self {
        Self(vec![Step::Any])
    }

    /// The steps, from the root.
    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    /// Whether the key is one of those that the pattern means. There is no prefix matching:
    /// `Audio` does not enclose `Audio.Volume`.
    pub fn encloses(&self, key: &Key) -> bool {
        let keys = key.segments();
        for (i, step) in self.0.iter().enumerate() {
            let Some(segment) = keys.get(i) else { return false };
            match step {
                Step::Any if i + 1 == self.0.len() => return true,
                Step::Any => {}
                Step::Named { name, array } => {
                    if !name.eq_ignore_ascii_case(&segment.name) {
                        return false;
                    }
                    match (array, segment.index) {
                        (None, None) => {}
                        (Some(spec), Some(index)) if spec.contains(index) => {}
                        _ => return false,
                    }
                }
            }
        }
        self.0.len() == keys.len()
    }

    /// Whether every key that `other` encloses is enclosed by `self` too.
    pub fn encloses_pattern(&self, other: &Pattern) -> bool {
        let mine = &self.0;
        let theirs = &other.0;
        for (i, step) in mine.iter().enumerate() {
            let last = i + 1 == mine.len();
            let Some(their) = theirs.get(i) else { return false };
            match (step, their) {
                (Step::Any, _) if last => return true,
                // A last `*` means one segment or more, an inner one exactly one.
                (_, Step::Any) if i + 1 == theirs.len() => return false,
                (Step::Any, _) => {}
                (Step::Named { .. }, Step::Any) => return false,
                (
                    Step::Named { name, array },
                    Step::Named {
                        name: their_name,
                        array: their_array,
                    },
                ) => {
                    if !name.eq_ignore_ascii_case(their_name) {
                        return false;
                    }
                    match (array, their_array) {
                        (None, None) => {}
                        (Some(a), Some(b)) if a.encloses(*b) => {}
                        _ => return false,
                    }
                }
            }
        }
        mine.len() == theirs.len()
    }

    /// Whether some key is enclosed by both.
    pub fn overlaps(&self, other: &Pattern) -> bool {
        let mut i = 0;
        loop {
            match (self.0.get(i), other.0.get(i)) {
                (None, None) => return true,
                (None, Some(_)) | (Some(_), None) => return false,
                (Some(a), Some(b)) => {
                    let a_rest = matches!(a, Step::Any) && i + 1 == self.0.len();
                    let b_rest = matches!(b, Step::Any) && i + 1 == other.0.len();
                    if a_rest || b_rest {
                        return true;
                    }
                    if let (Step::Named { name, array }, Step::Named { name: n, array: x }) = (a, b) {
                        if !name.eq_ignore_ascii_case(n) {
                            return false;
                        }
                        match (array, x) {
                            (None, None) => {}
                            (Some(a), Some(b)) if a.overlaps(*b) => {}
                            _ => return false,
                        }
                    }
                }
            }
            i += 1;
        }
    }

    /// The key, if the pattern means exactly one.
    pub fn as_key(&self) -> Option<Key> {
        let segments = self.0.iter().map(|step| match step {
            Step::Named { name, array: None } => Some(Segment {
                name: name.clone(),
                index: None,
            }),
            Step::Named {
                name,
                array: Some(ArraySpec::Index(i)),
            } => Some(Segment {
                name: name.clone(),
                index: Some(*i),
            }),
            _ => None,
        });
        Key::from_segments(segments.collect::<Option<Vec<_>>>()?)
    }

    /// Whether it contains a `*` segment.
    pub fn has_wildcard(&self) -> bool {
        self.0.iter().any(|step| matches!(step, Step::Any))
    }
}

impl From<Key> for Pattern {
    fn from(key: Key) -> Self {
        let named = |s: &Segment| Step::Named {
            name: s.name.clone(),
            array: s.index.map(ArraySpec::Index),
        };
        Self(key.segments().iter().map(named).collect())
    }
}

impl FromStr for Pattern {
    type Err = PathError;
    fn from_str(text: &str) -> Result<Self, PathError> {
        let mut steps = Vec::with_capacity(4);
        for part in split(text)? {
            if part == "*" {
                steps.push(Step::Any);
                continue;
            }
            let (name, array) = split_array(part)?;
            check_name(part, name)?;
            let array = array.map(|inner| array_spec(part, inner)).transpose()?;
            steps.push(Step::Named {
                name: name.into(),
                array,
            });
        }
        Ok(Self(steps))
    }
}

fn array_spec(part: &str, inner: &str) -> Result<ArraySpec, PathError> {
    let bad = || PathError::BadArray {
        segment: part.to_owned(),
    };
    let number = |digits: &str| {
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(bad());
        }
        index(part, digits)
    };
    if inner == "*" {
        return Ok(ArraySpec::Any);
    }
    match inner.split_once("..") {
        None => Ok(ArraySpec::Index(number(inner)?)),
        Some((low, "n")) => Ok(ArraySpec::Open(number(low)?)),
        Some((low, high)) => {
            let (low, high) = (number(low)?, number(high)?);
            if high < low {
                Err(bad())
            } else {
                Ok(ArraySpec::Closed(low, high))
            }
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, step) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str(".")?;
            }
            match step {
                Step::Any => f.write_str("*")?,
                Step::Named { name, array } => {
                    f.write_str(name)?;
                    if let Some(array) = array {
                        write!(f, "{array}")?;
                    }
                }
            }
        }
        Ok(())
    }
}

impl Serialize for Pattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> Pattern {
        text.parse().unwrap()
    }

    /// The table of the dossier, section 3.2.
    #[test]
    fn encloses_as_documented() {
        for (p, key, expected) in [
            ("Audio", "Audio", true),
            ("Audio", "Audio.Volume", false),
            ("Audio.*", "Audio.Volume", true),
            ("Audio.*", "Audio.Input.Gain", true),
            ("Audio.*", "Audio", false),
            ("*", "Call[3].Status", true),
            ("*.*", "Audio.Volume", true),
            ("*.*", "BootEvent", false),
            ("Call[*].*", "Call[3].Status", true),
            ("Call[*].*", "Call[3].Device.Type", true),
            ("Call[*].*", "Call[2]", false),
            ("Call[*].*", "Call.Status", false),
            ("Call.*", "Call[3].Status", false),
            ("Call[*]", "Call[4]", true),
            ("Call[*]", "Call[3].Status", false),
            ("Call[1..n].Status", "Call[20].Status", true),
            ("Call[1..n].Status", "Call[0].Status", false),
            ("*.Status", "Call[2].Status", true),
            ("*.Status", "A.B.Status", false),
            ("userinterface.*", "UserInterface.Message.Alert.Display", true),
        ] {
            assert_eq!(
                pattern(p).encloses(&key.parse().unwrap()),
                expected,
                "{p} / {key}"
            );
        }
    }

    #[test]
    fn overlaps_as_documented() {
        assert!(pattern("Call[2].Status").overlaps(&pattern("Call[1..n].Status")));
        assert!(!pattern("Call[0].Status").overlaps(&pattern("Call[1..n].Status")));
        assert!(pattern("Call[*].*").overlaps(&pattern("Call[1..n].Status")));
        assert!(!pattern("Audio").overlaps(&pattern("Audio.Volume")));
    }

    #[test]
    fn one_pattern_encloses_another() {
        assert!(pattern("Audio.*").encloses_pattern(&pattern("Audio.Volume")));
        assert!(pattern("Call[*].*").encloses_pattern(&pattern("Call[1..n].Status")));
        assert!(pattern("*").encloses_pattern(&pattern("*.*")));
        assert!(!pattern("*.*").encloses_pattern(&pattern("*")));
        assert!(!pattern("Audio.Volume").encloses_pattern(&pattern("Audio.*")));
        assert!(!pattern("A.*.C").encloses_pattern(&pattern("A.*")));
    }

    #[test]
    fn refuses_what_is_no_pattern() {
        for text in [
            "Foo*", "*[1]", "A[]", "A[n]", "A[1..]", "A[..3]", "A[3..1]", "A[1..N]", "A.", "A b-c",
        ] {
            assert!(text.parse::<Pattern>().is_err(), "{text}");
        }
    }
}
