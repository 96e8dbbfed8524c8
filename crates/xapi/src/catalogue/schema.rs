//! Reads the schema file that Cisco publishes for tools (xapi 9). Nothing of it is part of this project: a
//! house that has a copy names it in its configuration.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::{Map, Value};
use smol_str::SmolStr;

use super::command::{CommandSpec, Param};
use super::contents::Parts;
use super::roles::{Role, Roles};
use super::spec::{ConfigurationSpec, EventSpec, Field, FieldKind, StatusSpec};
use super::value::ValueSpace;
use crate::key::{Key, PathError};
use crate::pattern::{ArraySpec, Pattern, Step};

/// Why a text is no schema file.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    #[error("the schema file is not the JSON that was expected: {0}")]
    Json(#[from] serde_json::Error),
    #[error("object {position} of the schema file has the path `{path}`: {problem}")]
    Path {
        position: usize,
        path: String,
        problem: PathError,
    },
}

#[derive(Deserialize)]
struct File<'a> {
    #[serde(borrow)]
    objects: Vec<Object<'a>>,
}

#[derive(Deserialize)]
struct Object<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    path: Cow<'a, str>,
    #[serde(default)]
    products: Vec<SmolStr>,
    attributes: Attributes,
}

/// Of the descriptions and the rest, nothing is kept.
#[derive(Deserialize)]
struct Attributes {
    #[serde(default)]
    backend: Option<SmolStr>,
    #[serde(default)]
    role: Vec<SmolStr>,
    #[serde(default)]
    read: Vec<SmolStr>,
    #[serde(default)]
    privacyimpact: Option<Flag>,
    #[serde(default)]
    multiline: Option<Flag>,
    #[serde(default)]
    hide_value: Option<Flag>,
    #[serde(default)]
    valuespace: Option<Space>,
    #[serde(default)]
    default: Option<Value>,
    #[serde(default)]
    params: Vec<SchemaParam>,
    #[serde(default)]
    children: Option<Map<String, Value>>,
}

#[derive(Deserialize)]
struct SchemaParam {
    name: SmolStr,
    #[serde(default)]
    required: Option<Flag>,
    #[serde(default)]
    default: Option<Value>,
    #[serde(default)]
    valuespace: Option<Space>,
}

#[derive(Deserialize)]
struct Space {
    #[serde(rename = "type", default)]
    kind: SmolStr,
    #[serde(rename = "Values", default)]
    values: Vec<SmolStr>,
    #[serde(rename = "Min", default)]
    min: Option<Number>,
    #[serde(rename = "Max", default)]
    max: Option<Number>,
    #[serde(rename = "MinLength", default)]
    min_length: Option<Number>,
    #[serde(rename = "MaxLength", default)]
    max_length: Option<Number>,
    #[serde(default)]
    multiple: Option<Number>,
}

/// `true`, `"True"`.
#[derive(Deserialize)]
#[serde(untagged)]
enum Flag {
    Bool(bool),
    Text(SmolStr),
}

/// 5, `"5"`.
#[derive(Deserialize)]
#[serde(untagged)]
enum Number {
    Number(i64),
    Text(SmolStr),
}

/// Reads a schema file. Objects of unknown types are passed over, so that a newer file can be read.
///
/// # Errors
/// The text has another structure, or an object a path that is no schema key.
pub(crate) fn parts(text: &str) -> Result<Parts, SchemaError> {
    let file: File<'_> = serde_json::from_str(text)?;
    let mut parts = Parts::default();
    for (position, object) in file.objects.into_iter().enumerate() {
        if object.attributes.backend.as_deref() == Some("onprem") {
            continue;
        }
        let path = object.path.clone();
        let bad = |problem| SchemaError::Path {
            position,
            path: path.into_owned(),
            problem,
        };
        add(&mut parts, object).map_err(bad)?;
    }
    Ok(parts)
}

fn add(parts: &mut Parts, object: Object<'_>) -> Result<(), PathError> {
    let Object {
        kind,
        path,
        products,
        attributes,
    } = object;
    let space = attributes
        .valuespace
        .as_ref()
        .map_or(ValueSpace::TEXT, Space::read);
    let writers = roles(&attributes.role);
    let readers = roles(&attributes.read);
    match &*kind {
        "Status" => parts.statuses.push(StatusSpec {
            path: schema_key(&path)?,
            space,
            privacy_impact: is_set(attributes.privacyimpact.as_ref()),
            roles: writers,
            products,
        }),
        "Command" => {
            let path: Key = path.parse()?;
            parts.commands.push(CommandSpec {
                pattern: path.clone().into(),
                path,
                params: attributes.params.into_iter().map(SchemaParam::read).collect(),
                multiline: is_set(attributes.multiline.as_ref()),
                privacy_impact: is_set(attributes.privacyimpact.as_ref()),
                roles: writers,
                products,
            });
        }
        "Event" => {
            let path: Key = path.parse()?;
            parts.events.push(EventSpec {
                pattern: path.clone().into(),
                path,
                fields: attributes
                    .children
                    .map_or_else(Vec::new, |children| fields(&children, 0)),
                roles: readers,
                products,
            });
        }
        "Configuration" => {
            let hidden = is_set(attributes.hide_value.as_ref());
            let default = attributes.default.unwrap_or_default();
            for (path, default) in defaults(schema_key(&path)?, &default) {
                parts.configurations.push(ConfigurationSpec {
                    path,
                    default: read_default(&space, &default),
                    space: space.clone(),
                    hidden,
                    roles: writers,
                    readers,
                    products: products.clone(),
                });
            }
        }
        _ => {}
    }
    Ok(())
}

/// The cloud's form of a schema path: `Network[n] Wifi Noise` is `Network[1..n].Wifi.Noise`.
fn schema_key(path: &str) -> Result<Pattern, PathError> {
    if path.contains("[n]") {
        path.replace("[n]", "[1..n]").parse()
    } else {
        path.parse()
    }
}

/// The default of each schema key that one object stands for. A ranged one may have a default per item,
/// `[1]: On; [2]: Off;`, counted from 1 wherever its range starts; then it is taken apart. Where such a list
/// stands at a single index, its first value counts.
fn defaults(path: Pattern, default: &Value) -> Vec<(Pattern, Value)> {
    let each = default.as_str().map(item_defaults).unwrap_or_default();
    let Some(first) = each.first() else {
        return vec![(path, default.clone())];
    };
    let range = path.steps().iter().find_map(|step| match step {
        Step::Named {
            array: Some(ArraySpec::Closed(low, high)),
            ..
        } => Some((*low, *high)),
        _ => None,
    });
    let Some((low, high)) = range else {
        return vec![(path, Value::from(*first))];
    };
    let text = path.to_string();
    let item = |(offset, index): (usize, u32)| {
        let path = text
            .replacen(&format!("[{low}..{high}]"), &format!("[{index}]"), 1)
            .parse()
            .ok()?;
        Some((path, Value::from(*each.get(offset).or(each.last())?)))
    };
    (low..=high)
        .take(MAX_ITEM_DEFAULTS)
        .enumerate()
        .filter_map(item)
        .collect()
}

/// Items of a ranged configuration that can have a default of their own.
const MAX_ITEM_DEFAULTS: usize = 64;

/// The values of `[1]: On; [2]: Off;`; none for any other text.
fn item_defaults(text: &str) -> Vec<&str> {
    let item = |item: &'_ str| -> Option<usize> {
        let end = item.strip_prefix('[')?.find("]: ")?;
        item[1..=end]
            .bytes()
            .all(|b| b.is_ascii_digit())
            .then_some(end + "[]: ".len())
    };
    let parts = text.split(';').map(str::trim).filter(|part| !part.is_empty());
    parts
        .map(|part| item(part).map(|start| &part[start..]))
        .collect::<Option<Vec<_>>>()
        .unwrap_or_default()
}

fn read_default(space: &ValueSpace, default: &Value) -> Value {
    match default {
        Value::String(text) => space.read_default(text),
        Value::Null => Value::from(""),
        other => space.coerce(other).unwrap_or_else(|_| other.clone()),
    }
}

fn is_set(flag: Option<&Flag>) -> bool {
    match flag {
        None => false,
        Some(Flag::Bool(flag)) => *flag,
        Some(Flag::Text(text)) => text.eq_ignore_ascii_case("true"),
    }
}

/// Roles that we do not know are left out: nobody can have them here.
fn roles(names: &[SmolStr]) -> Roles {
    names
        .iter()
        .filter_map(|name| name.parse::<Role>().ok())
        .collect()
}

impl SchemaParam {
    fn read(self) -> Param {
        let space = self.valuespace.as_ref().map_or(ValueSpace::TEXT, Space::read);
        Param {
            default: self.default.as_ref().map(|default| read_default(&space, default)),
            required: is_set(self.required.as_ref()),
            name: self.name,
            space,
        }
    }
}

impl Space {
    /// The step of integers is of no use: for configurations it is often the whole range (xapi 9.4). A type
    /// that we do not know is taken for text.
    fn read(&self) -> ValueSpace {
        let (min, max) = (
            self.min.as_ref().and_then(Number::read),
            self.max.as_ref().and_then(Number::read),
        );
        let length = |number: &Option<Number>| number.as_ref().and_then(Number::read)?.try_into().ok();
        let (min_length, max_length) = (length(&self.min_length), length(&self.max_length));
        let max_items = length(&self.multiple);
        match self.kind.as_str() {
            "Integer" => ValueSpace::Integer { min, max },
            "Literal" => ValueSpace::Literal(self.values.clone()),
            "IntegerArray" => ValueSpace::IntegerArray { min, max, max_items },
            "LiteralArray" => ValueSpace::LiteralArray {
                values: self.values.clone(),
                max_items,
            },
            "StringArray" => ValueSpace::StringArray {
                min_length,
                max_length,
                max_items,
            },
            _ => ValueSpace::String {
                min_length,
                max_length,
            },
        }
    }
}

impl Number {
    fn read(&self) -> Option<i64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Text(text) => text.trim().parse().ok(),
        }
    }
}

/// Levels of an event's payload that are read; published ones have six.
const MAX_FIELD_DEPTH: usize = 16;

/// Here a value space is a plain word, unlike elsewhere in the file (xapi 9.6).
fn fields(children: &Map<String, Value>, depth: usize) -> Vec<Field> {
    if depth >= MAX_FIELD_DEPTH {
        return Vec::new();
    }
    let flag = |child: &Value, name: &str| child.get(name).and_then(Value::as_bool).unwrap_or(false);
    let field = |(name, child): (&String, &Value)| Field {
        name: SmolStr::new(name),
        required: flag(child, "required"),
        kind: match child.get("children").and_then(Value::as_object) {
            Some(inner) => FieldKind::Node {
                multiple: flag(child, "multiple"),
                fields: fields(inner, depth + 1),
            },
            None => match child.get("valuespace").and_then(Value::as_str) {
                Some("int") => FieldKind::Integer,
                Some("literal") => {
                    let values = child.get("values").and_then(Value::as_array);
                    let words = values.into_iter().flatten().filter_map(Value::as_str);
                    FieldKind::Literal(words.map(SmolStr::new).collect())
                }
                _ => FieldKind::String,
            },
        },
    };
    children.iter().map(field).collect()
}
