//! Finds the patterns that enclose a key without looking at those that do not.

use hashbrown::HashMap;
use smol_str::SmolStr;

use crate::key::{Key, Segment};
use crate::pattern::{ArraySpec, Pattern, Step};

/// A set of patterns, each with a value. [`PatternIndex::find`] costs what the key's segments and the
/// matching patterns cost, however many other patterns there are.
#[derive(Clone, Debug)]
pub struct PatternIndex<T> {
    root: Node<T>,
}

#[derive(Clone, Debug)]
struct Node<T> {
    plain: HashMap<SmolStr, Node<T>>,
    lists: HashMap<SmolStr, Vec<(ArraySpec, Node<T>)>>,
    any: Option<Box<Node<T>>>,
    /// Values of patterns that end here.
    here: Vec<T>,
    /// Values of patterns that end here with a `*`, which takes one segment or more.
    rest: Vec<T>,
}

impl<T> Default for Node<T> {
    fn default() -> Self {
        Self {
            plain: HashMap::new(),
            lists: HashMap::new(),
            any: None,
            here: Vec::new(),
            rest: Vec::new(),
        }
    }
}

impl<T> Default for PatternIndex<T> {
    fn default() -> Self {
        Self {
            root: Node::default(),
        }
    }
}

impl<T> PatternIndex<T> {
    /// Adds a pattern.
    pub fn insert(&mut self, pattern: &Pattern, value: T) {
        let mut node = &mut self.root;
        let steps = pattern.steps();
        for (i, step) in steps.iter().enumerate() {
            node = match step {
                Step::Any if i + 1 == steps.len() => {
                    node.rest.push(value);
                    return;
                }
                Step::Any => node.any.get_or_insert_default(),
                Step::Named { name, array: None } => node.plain.entry(lower(name)).or_default(),
                Step::Named {
                    name,
                    array: Some(spec),
                } => {
                    let specs = node.lists.entry(lower(name)).or_default();
                    let at = specs.iter().position(|(s, _)| s == spec).unwrap_or_else(|| {
                        specs.push((*spec, Node::default()));
                        specs.len() - 1
                    });
                    &mut specs[at].1
                }
            };
        }
        node.here.push(value);
    }

    /// Calls `found` with the value of every pattern that encloses the key. A value that was inserted under
    /// several enclosing patterns is found once for each.
    pub fn find<'a>(&'a self, key: &Key, mut found: impl FnMut(&'a T)) {
        walk(&self.root, key.segments(), &mut found);
    }

    /// Calls `found` with the value of every pattern that encloses a key below this one: `Call[3]` finds
    /// `Call[*].Status` and `Call[*].*`, but not `Call[*]`.
    pub fn find_below<'a>(&'a self, key: &Key, mut found: impl FnMut(&'a T)) {
        walk_below(&self.root, key.segments(), &mut found);
    }

    /// Whether nothing was inserted.
    pub fn is_empty(&self) -> bool {
        let Node {
            plain,
            lists,
            any,
            here,
            rest,
        } = &self.root;
        plain.is_empty() && lists.is_empty() && any.is_none() && here.is_empty() && rest.is_empty()
    }
}

impl<T> Node<T> {
    /// Calls `found` with the nodes to which a segment leads.
    fn next<'a>(&'a self, segment: &Segment, mut found: impl FnMut(&'a Self)) {
        if let Some(any) = &self.any {
            found(any);
        }
        let name = lower(&segment.name);
        match segment.index {
            None => self.plain.get(&name).into_iter().for_each(found),
            Some(index) => {
                let lists = self.lists.get(&name).into_iter().flatten();
                lists
                    .filter(|(spec, _)| spec.contains(index))
                    .for_each(|(_, next)| found(next));
            }
        }
    }

    /// The nodes one step further.
    fn children(&self) -> impl Iterator<Item = &Self> {
        let lists = self.lists.values().flatten().map(|(_, next)| next);
        self.plain.values().chain(lists).chain(self.any.as_deref())
    }
}

fn walk<'a, T>(node: &'a Node<T>, segments: &[Segment], found: &mut impl FnMut(&'a T)) {
    let Some((first, rest)) = segments.split_first() else {
        node.here.iter().for_each(found);
        return;
    };
    node.rest.iter().for_each(&mut *found);
    node.next(first, |next| walk(next, rest, found));
}

fn walk_below<'a, T>(node: &'a Node<T>, segments: &[Segment], found: &mut impl FnMut(&'a T)) {
    node.rest.iter().for_each(&mut *found);
    match segments.split_first() {
        Some((first, rest)) => node.next(first, |next| walk_below(next, rest, found)),
        None => node.children().for_each(|child| all(child, found)),
    }
}

fn all<'a, T>(node: &'a Node<T>, found: &mut impl FnMut(&'a T)) {
    node.here.iter().chain(&node.rest).for_each(&mut *found);
    node.children().for_each(|child| all(child, found));
}

fn lower(name: &str) -> SmolStr {
    if name.bytes().any(|b| b.is_ascii_uppercase()) {
        SmolStr::from_iter(name.chars().map(|c| c.to_ascii_lowercase()))
    } else {
        SmolStr::new(name)
    }
}
