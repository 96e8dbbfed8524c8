//! The entry to reading a manifest, and the tools that the rules report with.

use std::collections::HashMap;
use std::ops::Range;

use hallway_xapi::Pattern;

use super::json::{self, Member, Node, Value};
use super::model::{Extra, Manifest};
use super::problem::{Problem, Severity};
use super::{rules, suggest};

/// Largest manifest that is read, in bytes.
pub const MAX_BYTES: usize = 1 << 20;

/// Most problems of one severity that are reported one by one.
const MAX_PROBLEMS: usize = 100;

/// What the rules need to know of the platform.
#[derive(Clone, Copy, Debug, Default)]
pub struct ParseOptions<'a> {
    /// Accept `http` URLs beside `https` ones.
    pub allow_http: bool,
    /// Statuses that devices send notifications of. Empty: not known, nothing is said about it.
    pub supported_statuses: &'a [Pattern],
    /// Events that devices send notifications of. Empty: not known, nothing is said about it.
    pub supported_events: &'a [Pattern],
}

/// What came of reading a manifest.
#[derive(Clone, Debug)]
pub struct Parsed {
    /// There exactly if no problem is an error.
    pub manifest: Option<Manifest>,
    /// In the order of the text.
    pub problems: Vec<Problem>,
}

impl Parsed {
    /// The problems that stand in the way.
    pub fn errors(&self) -> impl Iterator<Item = &Problem> {
        self.problems.iter().filter(|problem| problem.is_error())
    }

    /// The problems that do not.
    pub fn warnings(&self) -> impl Iterator<Item = &Problem> {
        self.problems.iter().filter(|problem| !problem.is_error())
    }
}

/// Reads a manifest and reports everything that is wrong with it.
///
/// A syntax error is reported alone, since what follows it cannot be trusted; everything else is
/// reported together.
pub fn parse(text: &str, options: &ParseOptions<'_>) -> Parsed {
    let mut checker = Checker::new(text, options);
    let mut manifest = None;
    if text.len() > MAX_BYTES {
        checker.error("$", 0..0, || {
            (
                format!("the manifest has {} bytes, {MAX_BYTES} are allowed", text.len()),
                None,
            )
        });
    } else {
        match json::read(text) {
            Ok(root) => manifest = rules::manifest(&mut checker, &root),
            Err(error) => checker.error("$", error.span, || {
                (error.message, error.help.map(ToOwned::to_owned))
            }),
        }
    }
    let problems = checker.finish();
    let refused = problems.iter().any(Problem::is_error);
    Parsed {
        manifest: manifest.filter(|_| !refused),
        problems,
    }
}

/// Collects problems, and reads members in the ways that the rules have in common.
pub(super) struct Checker<'a> {
    pub(super) options: &'a ParseOptions<'a>,
    text: &'a str,
    line_starts: Vec<usize>,
    errors: Vec<Problem>,
    warnings: Vec<Problem>,
    more_errors: usize,
    more_warnings: usize,
}

/// An object of the document and the place where it is.
pub(super) struct Object<'n> {
    pub(super) path: String,
    /// The opening bracket: where a member that is missing is reported.
    pub(super) open: Range<usize>,
    pub(super) members: &'n [Member],
}

impl<'n> Object<'n> {
    /// The member; of twins the last one, as everywhere.
    pub(super) fn member(&self, name: &str) -> Option<&'n Member> {
        self.members.iter().rev().find(|member| member.key == name)
    }

    /// The path of a member, whether it is there or not.
    pub(super) fn at(&self, name: &str) -> String {
        let plain = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if plain && name.len() <= 80 {
            format!("{}.{name}", self.path)
        } else {
            format!("{}[{:?}]", self.path, clip(name))
        }
    }
}

impl<'a> Checker<'a> {
    fn new(text: &'a str, options: &'a ParseOptions<'a>) -> Self {
        let bom = if text.starts_with('\u{feff}') {
            '\u{feff}'.len_utf8()
        } else {
            0
        };
        let breaks = text
            .bytes()
            .enumerate()
            .filter(|(_, byte)| *byte == b'\n')
            .map(|(at, _)| at + 1);
        Self {
            options,
            text,
            line_starts: std::iter::once(bom).chain(breaks).collect(),
            errors: Vec::new(),
            warnings: Vec::new(),
            more_errors: 0,
            more_warnings: 0,
        }
    }

    /// Reports what refuses the manifest: the message, and what to write instead.
    pub(super) fn error(
        &mut self,
        path: &str,
        span: Range<usize>,
        say: impl FnOnce() -> (String, Option<String>),
    ) {
        self.report(Severity::Error, path, span, say);
    }

    /// Reports what does not.
    pub(super) fn warn(
        &mut self,
        path: &str,
        span: Range<usize>,
        say: impl FnOnce() -> (String, Option<String>),
    ) {
        self.report(Severity::Warning, path, span, say);
    }

    /// What to say is only worked out for problems that are shown: a hostile file may hold a hundred
    /// thousand of them, and looking for the nearest name is not free.
    fn report(
        &mut self,
        severity: Severity,
        path: &str,
        span: Range<usize>,
        say: impl FnOnce() -> (String, Option<String>),
    ) {
        let full = match severity {
            Severity::Error if self.errors.len() >= MAX_PROBLEMS => Some(&mut self.more_errors),
            Severity::Warning if self.warnings.len() >= MAX_PROBLEMS => Some(&mut self.more_warnings),
            _ => None,
        };
        if let Some(more) = full {
            *more += 1;
            return;
        }
        let (message, help) = say();
        let (line, column) = self.position(span.start);
        let problem = Problem {
            severity,
            path: path.to_owned(),
            line,
            column,
            span,
            message,
            help,
        };
        match severity {
            Severity::Error => self.errors.push(problem),
            Severity::Warning => self.warnings.push(problem),
        }
    }

    /// The line of an offset, and its character within the line, both from 1.
    pub(super) fn position(&self, at: usize) -> (usize, usize) {
        let line = self.line_starts.partition_point(|start| *start <= at).max(1);
        let start = self.line_starts.get(line - 1).copied().unwrap_or(0);
        (
            line,
            self.text
                .get(start..at)
                .map_or(0, |before| before.chars().count())
                + 1,
        )
    }

    fn finish(mut self) -> Vec<Problem> {
        for (list, more) in [
            (&mut self.errors, self.more_errors),
            (&mut self.warnings, self.more_warnings),
        ] {
            if let (Some(last), true) = (list.last().cloned(), more > 0) {
                let noun = if last.is_error() { "errors" } else { "warnings" };
                let message = format!("{more} more {noun} are not shown");
                list.push(Problem {
                    message,
                    help: None,
                    path: "$".to_owned(),
                    ..last
                });
            }
        }
        let mut problems = self.errors;
        problems.append(&mut self.warnings);
        problems.sort_by_key(|problem| problem.span.start);
        problems
    }

    /// Reads an object, and reports members that are there twice.
    pub(super) fn object<'n>(
        &mut self,
        node: &'n Node,
        path: String,
        example: impl FnOnce() -> String,
    ) -> Option<Object<'n>> {
        let Value::Object(members) = &node.value else {
            self.error(&path, node.span.clone(), || {
                (
                    format!("an object is needed here, not {}", node.noun()),
                    Some(format!("write {}", example())),
                )
            });
            return None;
        };
        let object = Object {
            path,
            open: node.span.start..node.span.start + 1,
            members,
        };
        let mut seen = HashMap::new();
        for member in members {
            if let Some(first) = seen.insert(member.key.as_str(), member.key_span.start) {
                let (line, _) = self.position(first);
                self.error(&object.at(&member.key), member.key_span.clone(), || {
                    let message = format!("`{}` is there already, in line {line}", clip(&member.key));
                    (
                        message,
                        Some("keep one of them: readers do not agree on which one counts".to_owned()),
                    )
                });
            }
        }
        Some(object)
    }

    /// Reads a list; a missing one is an error if it is required.
    pub(super) fn list<'n>(
        &mut self,
        object: &Object<'n>,
        name: &'static str,
        required: bool,
    ) -> Option<&'n [Node]> {
        let Some(member) = object.member(name) else {
            if required {
                self.missing(object, name, "[]");
            }
            return None;
        };
        match &member.node.value {
            Value::Array(items) => Some(items),
            _ => {
                self.error(&object.at(name), member.node.span.clone(), || {
                    (
                        format!("`{name}` is a list, not {}", member.node.noun()),
                        Some("write […]".to_owned()),
                    )
                });
                None
            }
        }
    }

    /// Reports a member that is not there.
    pub(super) fn missing(&mut self, object: &Object<'_>, name: &'static str, example: &str) {
        self.error(&object.at(name), object.open.clone(), || {
            (
                format!("`{name}` is missing"),
                Some(format!("add \"{name}\": {example}")),
            )
        });
    }

    /// Reads a text that may be empty, and reports other types.
    fn text<'n>(&mut self, object: &Object<'n>, name: &'static str) -> Option<(&'n str, Range<usize>)> {
        let member = object.member(name)?;
        match &member.node.value {
            Value::String(text) => Some((text, member.node.span.clone())),
            _ => {
                self.error(&object.at(name), member.node.span.clone(), || {
                    let help = format!("write \"{name}\": \"…\"");
                    (
                        format!("`{name}` is a string, not {}", member.node.noun()),
                        Some(help),
                    )
                });
                None
            }
        }
    }

    /// Reads a text that must be there and say something.
    pub(super) fn required_text<'n>(
        &mut self,
        object: &Object<'n>,
        name: &'static str,
        example: &str,
    ) -> Option<(&'n str, Range<usize>)> {
        if object.member(name).is_none() {
            self.missing(object, name, example);
            return None;
        }
        let (text, span) = self.text(object, name)?;
        if text.trim().is_empty() {
            self.error(&object.at(name), span, || {
                (
                    format!("`{name}` is empty"),
                    Some(format!("write \"{name}\": {example}")),
                )
            });
            return None;
        }
        Some((text, span))
    }

    /// Reads a text that may be missing, null or empty.
    pub(super) fn optional_text<'n>(
        &mut self,
        object: &Object<'n>,
        name: &'static str,
    ) -> Option<(&'n str, Range<usize>)> {
        if matches!(object.member(name)?.node.value, Value::Null) {
            return None;
        }
        self.text(object, name).filter(|(text, _)| !text.is_empty())
    }

    /// Reads one of a few words.
    pub(super) fn word<T: Copy>(
        &mut self,
        object: &Object<'_>,
        name: &'static str,
        words: &[(&str, T)],
    ) -> Option<T> {
        let example = words
            .first()
            .map_or(String::new(), |(word, _)| format!("\"{word}\""));
        let (text, span) = self.required_text(object, name, &example)?;
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
            return Some(*value);
        }
        self.error(&object.at(name), span, || {
            let all: Vec<String> = words.iter().map(|(word, _)| format!("`{word}`")).collect();
            let message = format!("`{}` is not one of {}", clip(text), all.join(", "));
            let near = suggest::nearest(text, words.iter().map(|(word, _)| *word));
            (message, near.map(|word| format!("did you mean `{word}`?")))
        });
        None
    }

    /// Keeps the members that are not among `known`, and says so, except for those in `quiet`.
    pub(super) fn extra(&mut self, object: &Object<'_>, known: &[&str], quiet: &[&str]) -> Extra {
        let mut extra = Extra::new();
        for member in object
            .members
            .iter()
            .filter(|member| !known.contains(&member.key.as_str()))
        {
            if !quiet.contains(&member.key.as_str()) {
                self.warn(&object.at(&member.key), member.key_span.clone(), || {
                    let message = format!(
                        "`{}` is unknown: it is kept, and nothing is done with it",
                        clip(&member.key)
                    );
                    let near = suggest::nearest(&member.key, known.iter().copied());
                    (message, near.map(|name| format!("did you mean `{name}`?")))
                });
            }
            extra.insert(member.key.clone(), member.node.to_json());
        }
        extra
    }
}

/// The beginning of a text that an author wrote, short enough for a message.
pub(super) fn clip(text: &str) -> String {
    const LONGEST: usize = 60;
    match text.char_indices().nth(LONGEST) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}
