//! A table of schema keys: found by name through a hash, and by filter through an ordered range.

use std::cmp::Reverse;
use std::ops::Range;

use hashbrown::{HashMap, HashSet};
use smol_str::SmolStr;

use crate::key::{Key, Segment};
use crate::pattern::{Pattern, Step};

/// Something that the catalogue has under a schema key, on some products.
pub(crate) trait Entry {
    fn pattern(&self) -> &Pattern;
    /// Code names of the products that have it; empty: every product.
    fn products(&self) -> &[SmolStr];

    fn is_on(&self, product: Option<&str>) -> bool {
        let products = self.products();
        product.is_none_or(|product| products.is_empty() || products.iter().any(|p| p == product))
    }
}

/// Entries, ordered by their names. One schema key may occur several times, with disjoint sets of products.
#[derive(Clone, Debug)]
pub(crate) struct Table<T> {
    /// The folded name of each entry, and the entry.
    rows: Vec<(SmolStr, T)>,
    by_name: HashMap<SmolStr, Range<usize>>,
}

impl<T: Entry> Table<T> {
    pub(crate) fn new(entries: Vec<T>) -> Self {
        let mut rows: Vec<(SmolStr, T)> = entries
            .into_iter()
            .map(|entry| (fold_steps(entry.pattern().steps()), entry))
            .collect();
        // Where nobody says which product, the variant that most products have comes first.
        rows.sort_by_cached_key(|(name, entry)| {
            let common = if entry.products().is_empty() {
                usize::MAX
            } else {
                entry.products().len()
            };
            (name.clone(), Reverse(common), entry.pattern().to_string())
        });
        let mut by_name: HashMap<SmolStr, Range<usize>> = HashMap::with_capacity(rows.len());
        for (i, (name, _)) in rows.iter().enumerate() {
            by_name.entry(name.clone()).or_insert(i..i).end = i + 1;
        }
        Self { rows, by_name }
    }

    /// Takes the table apart again.
    pub(crate) fn into_entries(self) -> impl Iterator<Item = T> {
        self.rows.into_iter().map(|(_, entry)| entry)
    }

    pub(crate) fn entries(&self) -> impl Iterator<Item = &T> {
        self.rows.iter().map(|(_, entry)| entry)
    }

    /// Whether some entry has the same names, and lists in the same places.
    pub(crate) fn has_name_of(&self, pattern: &Pattern) -> bool {
        self.by_name.contains_key(&fold_steps(pattern.steps()))
    }

    /// The entry whose schema key encloses the key.
    pub(crate) fn get(&self, key: &Key, product: Option<&str>) -> Option<&T> {
        let range = self.by_name.get(&fold_segments(key.segments()))?;
        self.rows[range.clone()]
            .iter()
            .map(|(_, entry)| entry)
            .find(|entry| entry.is_on(product) && entry.pattern().encloses(key))
    }

    /// The entries whose schema key overlaps the filter, each schema key once, in the order of names.
    pub(crate) fn matching<'a>(
        &'a self,
        filter: &'a Pattern,
        product: Option<&'a str>,
    ) -> impl Iterator<Item = &'a T> {
        let mut seen: HashSet<&'a SmolStr> = HashSet::new();
        let mut seen_again: Vec<&'a Pattern> = Vec::new();
        self.rows[self.range_of(filter)]
            .iter()
            .filter_map(move |(name, entry)| {
                if !entry.is_on(product) || !entry.pattern().overlaps(filter) {
                    return None;
                }
                // Rows of one name stand together, and there are few of them.
                if seen.insert(name) {
                    seen_again.clear();
                } else if seen_again.contains(&entry.pattern()) {
                    return None;
                }
                seen_again.push(entry.pattern());
                Some(entry)
            })
    }

    /// Whether the key is a node above some entry.
    pub(crate) fn is_inner(&self, key: &Key) -> bool {
        self.below(key).next().is_some()
    }

    /// The key in the spelling of the schema, with its own indexes; a leaf or a node.
    pub(crate) fn canonical(&self, key: &Key) -> Option<Key> {
        let entry = self.get(key, None).or_else(|| self.below(key).next())?;
        let spelled = key
            .segments()
            .iter()
            .zip(entry.pattern().steps())
            .map(|(segment, step)| match step {
                Step::Named { name, .. } => Segment {
                    name: name.clone(),
                    index: segment.index,
                },
                Step::Any => segment.clone(),
            });
        Key::from_segments(spelled.collect())
    }

    /// What a local path means in patterns: see [`super::Catalogue::widen_status`].
    pub(crate) fn widen(&self, path: &Pattern) -> Vec<Pattern> {
        let first = match path.steps().first() {
            Some(Step::Named { name, .. }) => fold(std::iter::once((name.as_str(), false))),
            _ => SmolStr::default(),
        };
        let mut texts: Vec<String> = Vec::new();
        for (_, entry) in &self.rows[self.prefix_range(&first)] {
            if let Some(text) = fill_in(path, entry.pattern())
                && !texts.contains(&text)
            {
                texts.push(text);
            }
        }
        texts.iter().filter_map(|text| text.parse().ok()).collect()
    }

    /// Entries that lie below the key.
    fn below<'a>(&'a self, key: &'a Key) -> impl Iterator<Item = &'a T> {
        let mut prefix = String::from(fold_segments(key.segments()));
        prefix.push('.');
        self.rows[self.prefix_range(&prefix)]
            .iter()
            .map(|(_, entry)| entry)
            .filter(move |entry| is_above(key, entry.pattern()))
    }

    /// The rows that a filter can mean: those of its name, or those below the part before its first `*`.
    fn range_of(&self, filter: &Pattern) -> Range<usize> {
        let steps = filter.steps();
        match steps.iter().position(|step| matches!(step, Step::Any)) {
            None => self.by_name.get(&fold_steps(steps)).cloned().unwrap_or(0..0),
            Some(0) => 0..self.rows.len(),
            Some(any) => {
                let mut prefix = String::from(fold_steps(&steps[..any]));
                prefix.push('.');
                self.prefix_range(&prefix)
            }
        }
    }

    fn prefix_range(&self, prefix: &str) -> Range<usize> {
        let start = self.rows.partition_point(|(name, _)| name.as_str() < prefix);
        let length = self.rows[start..].partition_point(|(name, _)| name.starts_with(prefix));
        start..start + length
    }
}

fn is_above(key: &Key, pattern: &Pattern) -> bool {
    key.segments()
        .iter()
        .zip(pattern.steps())
        .all(|(segment, step)| match (step, segment.index) {
            (
                Step::Named {
                    array: Some(spec), ..
                },
                Some(index),
            ) => spec.contains(index),
            _ => true,
        })
}

/// The path with the lists that the schema key has, and with `*` where the schema key goes on below it;
/// `None` where the two cannot mean the same thing.
fn fill_in(path: &Pattern, schema: &Pattern) -> Option<String> {
    let (mine, theirs) = (path.steps(), schema.steps());
    let mut parts: Vec<String> = Vec::with_capacity(mine.len() + 1);
    for (i, step) in mine.iter().enumerate() {
        let Step::Named {
            name: their_name,
            array: their_array,
        } = theirs.get(i)?
        else {
            return None;
        };
        match step {
            Step::Any if i + 1 == mine.len() => {
                parts.push("*".to_owned());
                return Some(parts.join("."));
            }
            Step::Any => parts.push("*".to_owned()),
            Step::Named { name, array } => {
                if !name.eq_ignore_ascii_case(their_name) {
                    return None;
                }
                parts.push(match (array, their_array) {
                    (None, Some(_)) => format!("{their_name}[*]"),
                    (Some(spec), Some(_)) => format!("{their_name}{spec}"),
                    (None, None) => their_name.to_string(),
                    (Some(_), None) => return None,
                });
            }
        }
    }
    if mine.len() < theirs.len() {
        parts.push("*".to_owned());
    }
    Some(parts.join("."))
}

fn fold_segments(segments: &[Segment]) -> SmolStr {
    fold(
        segments
            .iter()
            .map(|segment| (segment.name.as_str(), segment.index.is_some())),
    )
}

fn fold_steps(steps: &[Step]) -> SmolStr {
    fold(steps.iter().map(|step| match step {
        Step::Any => ("*", false),
        Step::Named { name, array } => (name.as_str(), array.is_some()),
    }))
}

/// Names in lower case, with a mark on those that are lists: `call[].status`.
fn fold<'a>(parts: impl Iterator<Item = (&'a str, bool)>) -> SmolStr {
    let mut folded = String::with_capacity(48);
    for (i, (name, is_list)) in parts.enumerate() {
        if i > 0 {
            folded.push('.');
        }
        folded.extend(name.chars().map(|c| c.to_ascii_lowercase()));
        if is_list {
            folded.push_str("[]");
        }
    }
    SmolStr::new(folded)
}
