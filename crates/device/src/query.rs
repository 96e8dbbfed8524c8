//! Paths of the local API: `["Status", "Call", 3, "Status"]` (local-device-xapi 4).

use hallway_xapi::key::{Key, MAX_INDEX, Segment};
use hallway_xapi::pattern::{ArraySpec, Pattern, Step as PatternStep};
use hallway_xapi::rpc::{RpcError, code};
use serde_json::Value;
use smol_str::SmolStr;

/// What a path starts with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Document {
    Status,
    Configuration,
    Event,
    Command,
    /// `["**"]`
    Everything,
}

impl Document {
    fn read(name: &str) -> Option<Self> {
        // xows and the shell spell some of them `xStatus`.
        let name = name.strip_prefix('x').unwrap_or(name);
        let all = [Self::Status, Self::Configuration, Self::Event, Self::Command];
        all.into_iter()
            .find(|document| document.name().eq_ignore_ascii_case(name))
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Status => "Status",
            Self::Configuration => "Configuration",
            Self::Event => "Event",
            Self::Command => "Command",
            Self::Everything => "**",
        }
    }

    pub(crate) fn includes(self, other: Document) -> bool {
        self == other || self == Self::Everything
    }
}

/// One step of a query.
#[derive(Clone, Debug, PartialEq)]
enum Step {
    /// A name; without an index it means every item of a list.
    Name(SmolStr, Option<u32>),
    /// `*`: one segment.
    Any(Option<u32>),
    /// `**`: any number of segments.
    Deep,
}

/// A path with possible wildcards. It means everything at and below it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Query {
    pub(crate) document: Document,
    steps: Vec<Step>,
}

/// Most elements of a path. The set of steps fits into a word of this many bits and one more.
const MAX_STEPS: usize = 48;

impl Query {
    /// Reads the array form.
    pub(crate) fn read(path: Option<&Value>) -> Result<Self, RpcError> {
        let bad = |text: &str| RpcError::new(code::INVALID_PARAMS, text.to_owned());
        let Some(Value::Array(elements)) = path else {
            return Err(bad(
                "the path is missing: an array like [\"Status\", \"Audio\", \"Volume\"]",
            ));
        };
        let (first, rest) = elements.split_first().ok_or_else(|| bad("the path is empty"))?;
        let first = first
            .as_str()
            .ok_or_else(|| bad("the path must start with the name of a document"))?;
        if rest.len() > MAX_STEPS {
            return Err(bad("the path is too long"));
        }
        let document = match first {
            "*" | "**" => Document::Everything,
            name => Document::read(name).ok_or_else(|| {
                RpcError::not_found("paths start with Status, Configuration, Event or Command")
            })?,
        };
        let mut steps: Vec<Step> = Vec::with_capacity(rest.len());
        for element in rest {
            let index = match element {
                Value::Number(number) => number.as_u64(),
                // Clients turn digits into numbers; those that do not are understood too.
                Value::String(text) if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) => {
                    text.parse().ok()
                }
                Value::String(text) => {
                    steps.push(match text.as_str() {
                        "**" if steps.last() == Some(&Step::Deep) => continue,
                        "**" => Step::Deep,
                        "*" => Step::Any(None),
                        name => Step::Name(name_of(name)?, None),
                    });
                    continue;
                }
                _ => return Err(bad("a path has only strings and integers")),
            };
            let index = index
                .and_then(|index| u32::try_from(index).ok())
                .filter(|index| *index <= MAX_INDEX);
            let index = index.ok_or_else(|| bad("an index in the path is too large or negative"))?;
            match steps.last_mut() {
                Some(Step::Name(_, slot @ None) | Step::Any(slot @ None)) => *slot = Some(index),
                _ => return Err(bad("an index follows the name of a list, once")),
            }
        }
        Ok(Self { document, steps })
    }

    /// The names before the first wildcard, or before a name that may be a list without an index.
    pub(crate) fn fixed_start(&self) -> Vec<Segment> {
        let mut start = Vec::new();
        for step in &self.steps {
            let Step::Name(name, index) = step else { break };
            start.push(Segment {
                name: name.clone(),
                index: *index,
            });
            if index.is_none() && start.len() < self.steps.len() && !start.is_empty() {
                // It may be a list; what follows is found by `matches`.
                break;
            }
        }
        start
    }

    /// The key, where the query has no wildcard.
    pub(crate) fn as_key(&self) -> Option<Key> {
        let segments = self.steps.iter().map(|step| match step {
            Step::Name(name, index) => Some(Segment {
                name: name.clone(),
                index: *index,
            }),
            _ => None,
        });
        Key::from_segments(segments.collect::<Option<Vec<_>>>()?)
    }

    /// Whether the query means this leaf.
    pub(crate) fn matches(&self, key: &Key) -> bool {
        let segments = key.segments().iter();
        self.run(segments.map(|s| (s.name.as_str(), Index::Exact(s.index))))
            .0
    }

    /// Whether the query means something that was at or below this node.
    pub(crate) fn touches(&self, node: &Key) -> bool {
        let segments = node.segments().iter();
        let (accepted, alive) = self.run(segments.map(|s| (s.name.as_str(), Index::Exact(s.index))));
        accepted || alive
    }

    /// Whether the query means something that has this schema key.
    pub(crate) fn means(&self, schema: &Pattern) -> bool {
        let steps = schema.steps().iter().map(|step| match step {
            PatternStep::Named { name, array: None } => (name.as_str(), Index::Exact(None)),
            PatternStep::Named {
                name,
                array: Some(array),
            } => (name.as_str(), Index::In(*array)),
            PatternStep::Any => ("*", Index::Exact(None)),
        });
        self.run(steps).0
    }

    /// Follows the names with the set of steps that may come next, as a set of bits. Returns whether all
    /// steps were used up on the way, and whether some are left that could still be.
    fn run<'a>(&self, names: impl Iterator<Item = (&'a str, Index)>) -> (bool, bool) {
        let done = 1u64 << self.steps.len();
        let mut alive = self.skip_deep(1);
        for (name, index) in names {
            if alive & done != 0 {
                return (true, true);
            }
            let mut next = 0u64;
            for (i, step) in self
                .steps
                .iter()
                .enumerate()
                .filter(|(i, _)| alive & (1 << i) != 0)
            {
                match step {
                    Step::Deep => next |= 1 << i,
                    Step::Any(want) if index.fits(*want) => next |= 1 << (i + 1),
                    Step::Name(want_name, want)
                        if want_name.eq_ignore_ascii_case(name) && index.fits(*want) =>
                    {
                        next |= 1 << (i + 1);
                    }
                    _ => {}
                }
            }
            alive = self.skip_deep(next);
            if alive == 0 {
                return (false, false);
            }
        }
        (alive & done != 0, alive != 0)
    }

    /// `**` may stand for nothing.
    fn skip_deep(&self, mut alive: u64) -> u64 {
        for (i, step) in self.steps.iter().enumerate() {
            if *step == Step::Deep && alive & (1 << i) != 0 {
                alive |= 1 << (i + 1);
            }
        }
        alive
    }
}

#[derive(Clone, Copy)]
enum Index {
    Exact(Option<u32>),
    In(ArraySpec),
}

impl Index {
    fn fits(self, want: Option<u32>) -> bool {
        match (self, want) {
            (_, None) => true,
            (Self::Exact(have), Some(_)) => have == want,
            (Self::In(array), Some(want)) => array.contains(want),
        }
    }
}

fn name_of(text: &str) -> Result<SmolStr, RpcError> {
    let key: Key = text
        .parse()
        .map_err(|error| RpcError::new(code::INVALID_PARAMS, format!("path: {error}")))?;
    match key.segments() {
        [Segment { name, index: None }] => Ok(name.clone()),
        _ => Err(RpcError::new(
            code::INVALID_PARAMS,
            "a path has one name in each element",
        )),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn matches_as_documented() {
        for (path, key, expected) in [
            (json!(["Status", "Audio", "Volume"]), "Audio.Volume", true),
            (json!(["status", "audio"]), "Audio.Volume", true),
            (json!(["Status", "Audio", "Volume", "X"]), "Audio.Volume", false),
            (json!(["Status", "Call", "Status"]), "Call[3].Status", true),
            (json!(["Status", "Call", 3, "Status"]), "Call[3].Status", true),
            (json!(["Status", "Call", "3", "Status"]), "Call[3].Status", true),
            (json!(["Status", "Call", 4]), "Call[3].Status", false),
            (json!(["Status", "*", "Volume"]), "Audio.Volume", true),
            (json!(["Status", "**", "Status"]), "Call[3].Status", true),
            (json!(["Status", "**", "**", "**"]), "Call[3].Status", true),
            (json!(["**"]), "Call[3].Status", true),
            (json!(["Status"]), "Call[3].Status", true),
        ] {
            let query = Query::read(Some(&path)).unwrap();
            assert_eq!(query.matches(&key.parse().unwrap()), expected, "{path} / {key}");
        }
        let call = Query::read(Some(&json!(["Status", "Call", "Status"]))).unwrap();
        assert!(call.touches(&"Call[3]".parse().unwrap()));
        assert!(!call.touches(&"Conference".parse().unwrap()));
        assert!(call.means(&"Call[1..n].Status".parse().unwrap()));
    }

    #[test]
    fn refuses_what_is_no_path() {
        for path in [
            json!(null),
            json!("Status"),
            json!([]),
            json!([1]),
            json!(["Foo"]),
            json!(["Status", 1]),
            json!(["Status", "Call", 1, 2]),
            json!(["Status", "Call", -1]),
            json!(["Status", "Call", 1.5]),
            json!(["Status", "A b"]),
            json!(["Status", "Call", 4_294_967_296_u64]),
            json!(["Status", {}]),
            json!(vec!["Status"; 60]),
        ] {
            assert!(Query::read(Some(&path)).is_err(), "{path}");
        }
    }

    proptest! {
        /// However the wildcards stand, an answer comes quickly and without a panic.
        #[test]
        fn never_panics(steps in prop::collection::vec(prop_oneof!["[*]{1,2}", "[A-C]", "[0-9]{1,11}"], 0..60)) {
            let mut path = vec![Value::from("Status")];
            path.extend(steps.into_iter().map(Value::from));
            if let Ok(query) = Query::read(Some(&Value::Array(path))) {
                query.matches(&"A.B[1].C.A.B.C.A[2].B.C".parse().unwrap());
            }
        }
    }
}
