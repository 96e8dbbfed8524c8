//! Commands, and the check of what somebody wants to run one with.

use std::fmt;

use serde_json::{Map, Value, json};
use smol_str::SmolStr;

use super::roles::Roles;
use super::table::Entry;
use super::value::{ValueError, ValueSpace};
use crate::key::Key;
use crate::pattern::Pattern;

/// Longest body of a multi-line command.
pub const MAX_BODY_BYTES: usize = 4 * 1024 * 1024;

/// A command: `Audio.Volume.Set`.
#[derive(Clone, Debug)]
pub struct CommandSpec {
    /// Its key.
    pub path: Key,
    /// Its parameters, in the order of the schema.
    pub params: Vec<Param>,
    /// Whether it takes a body: XML, base64, the text of a macro, JSON.
    pub multiline: bool,
    /// Whether it is refused on devices in personal mode.
    pub privacy_impact: bool,
    /// Which local users may run it.
    pub roles: Roles,
    pub(crate) pattern: Pattern,
    /// Code names of the products that have it; empty: every product.
    pub products: Vec<SmolStr>,
}

/// A parameter of a command.
#[derive(Clone, Debug, PartialEq)]
pub struct Param {
    /// The name; it may contain a dot (`Option.1`).
    pub name: SmolStr,
    /// Whether the command cannot run without it.
    pub required: bool,
    /// Its values.
    pub space: ValueSpace,
    /// What the device takes when it is not given.
    pub default: Option<Value>,
}

/// One thing that is wrong with the arguments of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArgumentError {
    /// The argument's name, in its canonical spelling where it has one; `body` for the body.
    pub argument: SmolStr,
    /// What is wrong, and what would be right.
    pub problem: ArgumentProblem,
}

/// What is wrong with an argument.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArgumentProblem {
    #[error("is not known; {}", known_names(known))]
    Unknown { known: Vec<SmolStr> },
    #[error("is given twice, in different spellings")]
    Duplicate,
    #[error("is missing")]
    Missing,
    #[error(transparent)]
    Value(#[from] ValueError),
    #[error("is not taken by this command")]
    BodyNotTaken,
    #[error("must be text or an object")]
    BodyNotText,
    #[error("is longer than {MAX_BODY_BYTES} bytes")]
    BodyTooLong,
}

impl fmt::Display for ArgumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.argument, self.problem)
    }
}

impl std::error::Error for ArgumentError {}

fn known_names(known: &[SmolStr]) -> String {
    if known.is_empty() {
        "the command takes none".to_owned()
    } else {
        format!("known are {}", known.join(", "))
    }
}

impl CommandSpec {
    /// The parameter with this name, ignoring case.
    pub fn param(&self, name: &str) -> Option<&Param> {
        self.params
            .iter()
            .find(|param| param.name.eq_ignore_ascii_case(name))
    }

    /// Checks arguments and body, and brings the arguments into form: canonical names, in the order of the
    /// schema, each value in its value space. An argument that is null counts as not given. Defaults are not
    /// filled in: see [`CommandSpec::with_defaults`].
    ///
    /// # Errors
    /// Every problem, in the order of the given arguments, then what is missing, then the body.
    pub fn check(
        &self,
        arguments: &Map<String, Value>,
        body: Option<&Value>,
    ) -> Result<Map<String, Value>, Vec<ArgumentError>> {
        let mut problems = Vec::new();
        let mut values: Vec<Option<Value>> = vec![None; self.params.len()];
        let mut given = vec![false; self.params.len()];
        for (name, value) in arguments.iter().filter(|(_, value)| !value.is_null()) {
            let Some(at) = self
                .params
                .iter()
                .position(|param| param.name.eq_ignore_ascii_case(name))
            else {
                let known = self.params.iter().map(|param| param.name.clone()).collect();
                let argument = SmolStr::from_iter(name.chars().take(MAX_NAME_SHOWN));
                problems.push(ArgumentError {
                    argument,
                    problem: ArgumentProblem::Unknown { known },
                });
                continue;
            };
            let param = &self.params[at];
            if std::mem::replace(&mut given[at], true) {
                problems.push(param.problem(ArgumentProblem::Duplicate));
                continue;
            }
            match param.space.coerce(value) {
                Ok(value) => values[at] = Some(value),
                Err(error) => problems.push(param.problem(error.into())),
            }
        }
        for (param, given) in self.params.iter().zip(given) {
            if param.required && !given {
                problems.push(param.problem(ArgumentProblem::Missing));
            }
        }
        problems.extend(self.body_problem(body).map(|problem| ArgumentError {
            argument: BODY,
            problem,
        }));
        if !problems.is_empty() {
            return Err(problems);
        }
        let named = self.params.iter().zip(values);
        Ok(named
            .filter_map(|(param, value)| Some((param.name.to_string(), value?)))
            .collect())
    }

    /// Adds the defaults of the parameters that are not given.
    pub fn with_defaults(&self, mut arguments: Map<String, Value>) -> Map<String, Value> {
        for param in &self.params {
            if let Some(default) = &param.default
                && !arguments.contains_key(param.name.as_str())
            {
                arguments.insert(param.name.to_string(), default.clone());
            }
        }
        arguments
    }

    /// The command as `/xapi/schema` shows it.
    pub fn json_schema(&self) -> Value {
        let argument = |param: &Param| {
            let schema = json!({ "required": param.required, "schema": param.space.json_schema() });
            (param.name.to_string(), schema)
        };
        let mut schema = Map::new();
        schema.insert(
            "arguments".to_owned(),
            Value::Object(self.params.iter().map(argument).collect()),
        );
        if self.multiline {
            let body = json!({ "schema": { "type": ["object", "string"], "maxLength": MAX_BODY_BYTES } });
            schema.insert("bodySchema".to_owned(), body);
        }
        // No published schema says what a result holds (xapi 9.3).
        schema.insert("resultSchema".to_owned(), json!({ "type": ["object", "null"] }));
        Value::Object(schema)
    }

    fn body_problem(&self, body: Option<&Value>) -> Option<ArgumentProblem> {
        match (self.multiline, body.filter(|body| !body.is_null())) {
            (false, None) => None,
            (false, Some(_)) => Some(ArgumentProblem::BodyNotTaken),
            (true, None) => Some(ArgumentProblem::Missing),
            (true, Some(Value::String(text))) if text.len() > MAX_BODY_BYTES => {
                Some(ArgumentProblem::BodyTooLong)
            }
            (true, Some(Value::String(_) | Value::Object(_))) => None,
            (true, Some(_)) => Some(ArgumentProblem::BodyNotText),
        }
    }
}

impl Param {
    fn problem(&self, problem: ArgumentProblem) -> ArgumentError {
        ArgumentError {
            argument: self.name.clone(),
            problem,
        }
    }
}

const BODY: SmolStr = SmolStr::new_static("body");

/// Longest part of an unknown name that a message repeats.
const MAX_NAME_SHOWN: usize = 64;

impl Entry for CommandSpec {
    fn pattern(&self) -> &Pattern {
        &self.pattern
    }
    fn products(&self) -> &[SmolStr] {
        &self.products
    }
}
