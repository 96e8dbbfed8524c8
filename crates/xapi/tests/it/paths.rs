//! Keys and patterns against a matcher that is too simple to be wrong.

use std::sync::OnceLock;

use hallway_xapi::key::Segment;
use hallway_xapi::pattern::Step;
use hallway_xapi::{ArraySpec, Key, Pattern, PatternIndex};
use proptest::prelude::*;

/// Indexes that patterns name. Keys go one further, so that a range with an end and one without differ.
const NAMED_INDEXES: u32 = 2;

fn name() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["a", "A", "bB", "Bb"])
}

fn segment() -> impl Strategy<Value = String> {
    (name(), prop::option::of(0..=NAMED_INDEXES + 1)).prop_map(|(name, index)| match index {
        None => name.to_owned(),
        Some(index) => format!("{name}[{index}]"),
    })
}

fn key() -> impl Strategy<Value = Key> {
    prop::collection::vec(segment(), 1..=4)
        .prop_map(|parts| parts.join(".").parse().expect("made of segments"))
}

fn array() -> impl Strategy<Value = String> {
    let bounds = (0..=NAMED_INDEXES, 0..=NAMED_INDEXES);
    prop_oneof![
        3 => Just(String::new()),
        1 => Just("[*]".to_owned()),
        1 => (0..=NAMED_INDEXES).prop_map(|index| format!("[{index}]")),
        1 => (0..=NAMED_INDEXES).prop_map(|low| format!("[{low}..n]")),
        1 => bounds.prop_map(|(a, b)| format!("[{}..{}]", a.min(b), a.max(b))),
    ]
}

fn step() -> impl Strategy<Value = String> {
    prop_oneof![
        1 => Just("*".to_owned()),
        3 => (name(), array()).prop_map(|(name, array)| format!("{name}{array}")),
    ]
}

fn pattern() -> impl Strategy<Value = Pattern> {
    prop::collection::vec(step(), 1..=3).prop_map(|steps| steps.join(".").parse().expect("made of steps"))
}

/// Every key of up to four segments over the small alphabet.
fn universe() -> &'static [Key] {
    static UNIVERSE: OnceLock<Vec<Key>> = OnceLock::new();
    UNIVERSE.get_or_init(|| {
        let mut segments = Vec::new();
        for name in ["a", "bb"] {
            segments.push(Segment::plain(name));
            segments.extend((0..=NAMED_INDEXES + 1).map(|index| Segment::item(name, index)));
        }
        let mut longest: Vec<Vec<Segment>> = vec![Vec::new()];
        let mut keys = Vec::new();
        for _ in 0..4 {
            longest = longest
                .iter()
                .flat_map(|key| {
                    segments
                        .iter()
                        .map(|next| [key.as_slice(), std::slice::from_ref(next)].concat())
                })
                .collect();
            keys.extend(longest.iter().cloned().filter_map(Key::from_segments));
        }
        keys
    })
}

/// The rules of the dossier, one line each (workspace-integrations 3.2).
fn naive(steps: &[Step], segments: &[Segment]) -> bool {
    match (steps, segments) {
        ([], []) => true,
        ([], _) | (_, []) => false,
        ([Step::Any], _) => true,
        ([Step::Any, steps @ ..], [_, segments @ ..]) => naive(steps, segments),
        ([Step::Named { name, array }, steps @ ..], [segment, segments @ ..]) => {
            let index = match (array, segment.index) {
                (None, None) | (Some(ArraySpec::Any), Some(_)) => true,
                (Some(ArraySpec::Index(wanted)), Some(index)) => *wanted == index,
                (Some(ArraySpec::Closed(low, high)), Some(index)) => (*low..=*high).contains(&index),
                (Some(ArraySpec::Open(low)), Some(index)) => index >= *low,
                _ => false,
            };
            name.to_lowercase() == segment.name.to_lowercase() && index && naive(steps, segments)
        }
    }
}

/// Whether the pattern encloses a key below this one: the one that is made with the rest of the pattern.
fn reaches_below(pattern: &Pattern, key: &Key) -> bool {
    let rest = pattern
        .steps()
        .iter()
        .skip(key.segments().len())
        .map(|step| match step {
            Step::Any => Segment::plain("any"),
            Step::Named { name, array } => Segment {
                name: name.clone(),
                index: array.map(|spec| match spec {
                    ArraySpec::Index(low) | ArraySpec::Closed(low, _) | ArraySpec::Open(low) => low,
                    ArraySpec::Any => 0,
                }),
            },
        });
    let mut below = rest.fold(key.clone(), |key, segment| key.child(segment));
    if below == *key {
        below = key.child(Segment::plain("any"));
    }
    pattern.encloses(&below)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn encloses_agrees_with_the_naive_matcher(pattern in pattern(), key in key()) {
        prop_assert_eq!(pattern.encloses(&key), naive(pattern.steps(), key.segments()), "{} / {}", pattern, key);
    }

    #[test]
    fn patterns_overlap_when_they_share_a_key(a in pattern(), b in pattern()) {
        let shared = universe().iter().find(|key| a.encloses(key) && b.encloses(key));
        prop_assert_eq!(a.overlaps(&b), shared.is_some(), "{} / {}: {:?}", a, b, shared);
        prop_assert_eq!(a.overlaps(&b), b.overlaps(&a));
    }

    #[test]
    fn a_pattern_encloses_another_when_it_encloses_all_its_keys(a in pattern(), b in pattern()) {
        let missed = universe().iter().find(|key| b.encloses(key) && !a.encloses(key));
        prop_assert_eq!(a.encloses_pattern(&b), missed.is_none(), "{} / {}: {:?}", a, b, missed);
        prop_assert!(a.encloses_pattern(&a));
    }

    #[test]
    fn the_index_finds_what_encloses(patterns in prop::collection::vec(pattern(), 0..24), key in key()) {
        let mut index = PatternIndex::default();
        for (i, pattern) in patterns.iter().enumerate() {
            index.insert(pattern, i);
        }
        prop_assert_eq!(index.is_empty(), patterns.is_empty());
        let mut found = Vec::new();
        index.find(&key, |i| found.push(*i));
        found.sort_unstable();
        let expected: Vec<usize> = (0..patterns.len()).filter(|i| patterns[*i].encloses(&key)).collect();
        prop_assert_eq!(found, expected, "{}", key);

        let mut found = Vec::new();
        index.find_below(&key, |i| found.push(*i));
        found.sort_unstable();
        let expected: Vec<usize> = (0..patterns.len()).filter(|i| reaches_below(&patterns[*i], &key)).collect();
        prop_assert_eq!(found, expected, "below {}", key);
    }

    #[test]
    fn text_survives(key in key(), pattern in pattern()) {
        let text = key.to_string();
        prop_assert_eq!(text.parse::<Key>().map(|key| key.to_string()), Ok(text.clone()));
        prop_assert_eq!(text.replace('.', " ").parse::<Key>(), Ok(key.clone()));
        prop_assert_eq!(text.to_lowercase().parse::<Key>(), Ok(key.clone()));
        prop_assert_eq!(Pattern::from(key.clone()).as_key(), Some(key));
        let text = pattern.to_string();
        prop_assert_eq!(text.parse::<Pattern>().map(|pattern| pattern.to_string()), Ok(text));
    }

    #[test]
    fn no_text_is_too_odd_to_be_read_or_refused(text in "\\PC{0,40}", path in "[A-Ba-b0-3.*n\\[\\] ]{0,24}") {
        for text in [&text, &path] {
            if let Ok(key) = text.parse::<Key>() {
                prop_assert_eq!(key.to_string().parse::<Key>(), Ok(key));
            }
            if let Ok(pattern) = text.parse::<Pattern>() {
                prop_assert_eq!(pattern.to_string().parse::<Pattern>(), Ok(pattern));
            }
        }
    }
}
