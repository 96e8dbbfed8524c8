//! Our own data: a few text files with one entry on a line.
//!
//! ```text
//! # a comment
//! [status]
//! Audio.Volume  int
//! Call[1..n].Status  private  Idle|Dialling|Ringing
//! [command]
//! Audio.Volume.Set  Level!:0..100
//! Macros.Macro.Save  private body @Admin  Name!:str(0..250) Overwrite:False|True=True
//! [event]
//! UserInterface.WebView.Display  Url:str Headers[]{Value?:str}
//! [configuration]
//! Audio.DefaultVolume  0..100=50
//! SIP.Authentication.Password  hidden  str(0..128)=
//! [supported-status]
//! RoomAnalytics.*
//! ```
//!
//! After the path come words that mark the entry: `private` (privacy impact), `body` (takes one), `hidden`
//! (a secret), `@Admin,User` (who may: run, read a status or an event, set a configuration). A line of roles
//! alone is for the entries that follow it, up to the next such line.
//!
//! A value space is `int`, `0..100`, `str`, `str(0..255)`, or words joined by `|` (a single word starts with
//! `|`); `*20` behind it makes it an array of at most 20; `=50` behind it is the default. A parameter is
//! `Name:space`, with `!` behind the name if it is required. A field of an event is `Name:space`, with `?`
//! behind the name if it may be absent; `Name{…}` is an object, `Name[]{…}` a list of them. Double quotes
//! keep spaces together.

use smol_str::SmolStr;

use super::command::{CommandSpec, Param};
use super::contents::Parts;
use super::roles::{Role, Roles};
use super::spec::{ConfigurationSpec, EventSpec, Field, FieldKind, StatusSpec};
use super::value::ValueSpace;
use crate::key::{Key, PathError};
use crate::pattern::Pattern;

/// The data files.
const FILES: [&str; 5] = [
    include_str!("data/statuses.txt"),
    include_str!("data/commands.txt"),
    include_str!("data/events.txt"),
    include_str!("data/configurations.txt"),
    include_str!("data/supported.txt"),
];

/// A line that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct DataError {
    /// Counted from 1.
    pub line: usize,
    pub problem: String,
}

/// Reads the built-in files.
pub(crate) fn parts() -> Result<Parts, DataError> {
    let mut parts = Parts::default();
    for file in FILES {
        read_into(&mut parts, file)?;
    }
    Ok(parts)
}

/// Reads one file.
pub(crate) fn read(text: &str) -> Result<Parts, DataError> {
    let mut parts = Parts::default();
    read_into(&mut parts, text)?;
    Ok(parts)
}

fn read_into(parts: &mut Parts, text: &str) -> Result<(), DataError> {
    let mut section = None;
    let mut roles = Roles::EVERYDAY;
    for (i, line) in text.lines().enumerate() {
        let at = |problem: String| DataError { line: i + 1, problem };
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            section = Some(Section::read(name).ok_or_else(|| at(format!("`{name}` is no section")))?);
            roles = Roles::EVERYDAY;
            continue;
        }
        if let Some(names) = line.strip_prefix('@') {
            roles = read_roles(names).map_err(at)?;
            continue;
        }
        let section = section.ok_or_else(|| at("an entry before the first section".to_owned()))?;
        read_line(parts, section, roles, line).map_err(at)?;
    }
    Ok(())
}

#[derive(Clone, Copy)]
enum Section {
    Status,
    Command,
    Event,
    Configuration,
    SupportedStatus,
    SupportedEvent,
}

impl Section {
    fn read(name: &str) -> Option<Self> {
        Some(match name {
            "status" => Self::Status,
            "command" => Self::Command,
            "event" => Self::Event,
            "configuration" => Self::Configuration,
            "supported-status" => Self::SupportedStatus,
            "supported-event" => Self::SupportedEvent,
            _ => return None,
        })
    }
}

/// The words between the path and the rest.
struct Marks {
    private: bool,
    body: bool,
    hidden: bool,
    roles: Roles,
}

fn read_line(parts: &mut Parts, section: Section, roles: Roles, line: &str) -> Result<(), String> {
    let mut words = words(line)?.into_iter().peekable();
    let path = words.next().unwrap_or_default();
    let bad_path = |problem: PathError| format!("`{path}`: {problem}");
    let mut marks = Marks {
        private: false,
        body: false,
        hidden: false,
        roles,
    };
    while let Some(word) = words.peek() {
        match word.as_str() {
            "private" => marks.private = true,
            "body" => marks.body = true,
            "hidden" => marks.hidden = true,
            other => match other.strip_prefix('@') {
                Some(names) => marks.roles = read_roles(names)?,
                None => break,
            },
        }
        words.next();
    }
    let rest: Vec<String> = words.collect();
    let single = || match rest.as_slice() {
        [one] => Ok(one.as_str()),
        _ => Err(format!("`{path}` needs one value space")),
    };
    match section {
        Section::Status => parts.statuses.push(StatusSpec {
            path: path.parse().map_err(bad_path)?,
            space: read_space(single()?)?,
            privacy_impact: marks.private,
            roles: marks.roles,
            products: Vec::new(),
        }),
        Section::Command => {
            let key: Key = path.parse().map_err(bad_path)?;
            parts.commands.push(CommandSpec {
                pattern: key.clone().into(),
                path: key,
                params: rest
                    .iter()
                    .map(|word| read_param(word))
                    .collect::<Result<_, _>>()?,
                multiline: marks.body,
                privacy_impact: marks.private,
                roles: marks.roles,
                products: Vec::new(),
            });
        }
        Section::Event => {
            let key: Key = path.parse().map_err(bad_path)?;
            parts.events.push(EventSpec {
                pattern: key.clone().into(),
                path: key,
                fields: rest
                    .iter()
                    .map(|word| read_field(word))
                    .collect::<Result<_, _>>()?,
                roles: marks.roles,
                products: Vec::new(),
            });
        }
        Section::Configuration => {
            let (space, default) = single()?
                .split_once('=')
                .ok_or_else(|| format!("`{path}` needs a default"))?;
            let space = read_space(space)?;
            parts.configurations.push(ConfigurationSpec {
                path: path.parse().map_err(bad_path)?,
                default: space.read_default(default),
                space,
                hidden: marks.hidden,
                roles: marks.roles,
                // Who may set a value may read it, and so may every user of the device.
                readers: marks.roles.with(Role::User),
                products: Vec::new(),
            });
        }
        Section::SupportedStatus => parts.supported_statuses.push(supported(&path, &rest)?),
        Section::SupportedEvent => parts.supported_events.push(supported(&path, &rest)?),
    }
    Ok(())
}

fn supported(path: &str, rest: &[String]) -> Result<Pattern, String> {
    if !rest.is_empty() {
        return Err(format!("`{path}` takes nothing behind it"));
    }
    path.parse()
        .map_err(|problem: PathError| format!("`{path}`: {problem}"))
}

/// Splits a line at spaces outside of double quotes, and takes the quotes off.
fn words(line: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            c if c.is_whitespace() && !quoted => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
            }
            c => word.push(c),
        }
    }
    if quoted {
        return Err("a double quote is not closed".to_owned());
    }
    if !word.is_empty() {
        words.push(word);
    }
    Ok(words)
}

fn read_roles(names: &str) -> Result<Roles, String> {
    names
        .split(',')
        .map(|name| name.parse::<Role>().map_err(|error| error.to_string()))
        .collect()
}

fn read_param(word: &str) -> Result<Param, String> {
    let (name, rest) = word
        .split_once(':')
        .ok_or_else(|| format!("`{word}` is no parameter"))?;
    let (space, default) = match rest.split_once('=') {
        None => (rest, None),
        Some((space, default)) => (space, Some(default)),
    };
    let space = read_space(space)?;
    Ok(Param {
        name: SmolStr::new(name.strip_suffix('!').unwrap_or(name)),
        required: name.ends_with('!'),
        default: default.map(|default| space.read_default(default)),
        space,
    })
}

fn read_space(text: &str) -> Result<ValueSpace, String> {
    let array = text
        .rsplit_once('*')
        .and_then(|(space, items)| Some((space, items.parse::<u32>().ok()?)));
    let Some((single, max_items)) = array else {
        return read_single(text);
    };
    let max_items = Some(max_items);
    Ok(match read_single(single)? {
        ValueSpace::Integer { min, max } => ValueSpace::IntegerArray { min, max, max_items },
        ValueSpace::Literal(values) => ValueSpace::LiteralArray { values, max_items },
        ValueSpace::String {
            min_length,
            max_length,
        } => ValueSpace::StringArray {
            min_length,
            max_length,
            max_items,
        },
        array => array,
    })
}

fn read_single(text: &str) -> Result<ValueSpace, String> {
    let bad = || format!("`{text}` is no value space");
    if text == "int" {
        return Ok(ValueSpace::Integer { min: None, max: None });
    }
    if text == "str" {
        return Ok(ValueSpace::TEXT);
    }
    if let Some(lengths) = text.strip_prefix("str(").and_then(|rest| rest.strip_suffix(')')) {
        let (min, max) = lengths.split_once("..").ok_or_else(bad)?;
        let length = |digits: &str| digits.parse::<u32>().map(Some).map_err(|_| bad());
        return Ok(ValueSpace::String {
            min_length: length(min)?,
            max_length: length(max)?,
        });
    }
    if let Some((min, max)) = text.split_once("..")
        && let (Ok(min), Ok(max)) = (min.parse::<i64>(), max.parse::<i64>())
    {
        return Ok(ValueSpace::Integer {
            min: Some(min),
            max: Some(max),
        });
    }
    if !text.contains('|') {
        return Err(bad());
    }
    Ok(ValueSpace::Literal(
        text.trim_start_matches('|')
            .split('|')
            .map(SmolStr::new)
            .collect(),
    ))
}

fn read_field(text: &str) -> Result<Field, String> {
    let bad = || format!("`{text}` is no field of an event");
    let end = text.find([':', '{']).ok_or_else(bad)?;
    let (mut name, rest) = text.split_at(end);
    let multiple = name.ends_with("[]");
    name = name.strip_suffix("[]").unwrap_or(name);
    let required = !name.ends_with('?');
    name = name.strip_suffix('?').unwrap_or(name);
    let kind = if let Some(inner) = rest.strip_prefix('{') {
        let inner = inner.strip_suffix('}').ok_or_else(bad)?;
        let fields = at_commas(inner)
            .into_iter()
            .map(read_field)
            .collect::<Result<_, _>>()?;
        FieldKind::Node { multiple, fields }
    } else {
        match read_single(&rest[1..])? {
            ValueSpace::Integer { .. } => FieldKind::Integer,
            ValueSpace::Literal(values) => FieldKind::Literal(values),
            _ => FieldKind::String,
        }
    };
    Ok(Field {
        name: SmolStr::new(name),
        required,
        kind,
    })
}

/// Splits at commas outside of braces.
fn at_commas(text: &str) -> Vec<&str> {
    let mut depth = 0usize;
    let split = text.split(move |c: char| match c {
        '{' => {
            depth += 1;
            false
        }
        '}' => {
            depth = depth.saturating_sub(1);
            false
        }
        ',' => depth == 0,
        _ => false,
    });
    split.filter(|part| !part.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_files_are_read() {
        let parts = parts().unwrap();
        let total =
            parts.statuses.len() + parts.commands.len() + parts.events.len() + parts.configurations.len();
        assert!(total > 50, "{total}");
    }

    #[test]
    fn faults_are_named_with_their_line() {
        for (text, expected) in [
            ("A int", "line 1: an entry before the first section"),
            (
                "[status]\nA..B int",
                "line 2: `A..B`: segment 2 is empty: names are joined by single dots",
            ),
            ("[status]\n\nA", "line 3: `A` needs one value space"),
            ("[status]\nA word", "line 2: `word` is no value space"),
            ("[command]\nA B", "line 2: `B` is no parameter"),
            ("[event]\nA B", "line 2: `B` is no field of an event"),
            ("[configuration]\nA 1..2", "line 2: `A` needs a default"),
            ("[colour]", "line 1: `colour` is no section"),
            ("[command]\nA @Nobody", "line 2: `Nobody` is not a role"),
            ("[status]\nA \"x|y", "line 2: a double quote is not closed"),
        ] {
            assert_eq!(read(text).unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn fields_nest() {
        let field = read_field("A[]{B:int,C?{D:x|y}}").unwrap();
        let FieldKind::Node {
            multiple: true,
            fields,
        } = &field.kind
        else {
            panic!("{field:?}")
        };
        assert_eq!((fields[0].name.as_str(), fields[1].name.as_str()), ("B", "C"));
        assert!(fields[0].required && !fields[1].required);
    }
}
