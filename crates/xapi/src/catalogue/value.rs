//! Value spaces: which values a status, an argument or a configuration takes.

use serde_json::{Map, Value, json};
use smol_str::SmolStr;

/// The values that something takes. A bound that is `None` is not known, and not checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ValueSpace {
    /// A whole number.
    Integer { min: Option<i64>, max: Option<i64> },
    /// One of a few words. `True`/`False` and `On`/`Off` are literals too, and stay text on the wire.
    Literal(Vec<SmolStr>),
    /// Text; lengths are in characters.
    String {
        min_length: Option<u32>,
        max_length: Option<u32>,
    },
    /// Whole numbers.
    IntegerArray {
        min: Option<i64>,
        max: Option<i64>,
        max_items: Option<u32>,
    },
    /// Some of a few words.
    LiteralArray {
        values: Vec<SmolStr>,
        max_items: Option<u32>,
    },
    /// Texts.
    StringArray {
        min_length: Option<u32>,
        max_length: Option<u32>,
        max_items: Option<u32>,
    },
}

/// Why a value is not in a value space. The text says what is allowed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    #[error("must be an integer{}, not {found}", range(*min, *max))]
    NotInteger {
        found: String,
        min: Option<i64>,
        max: Option<i64>,
    },
    #[error("must be an integer{}, not {value}", range(*min, *max))]
    OutOfRange {
        value: String,
        min: Option<i64>,
        max: Option<i64>,
    },
    #[error("must be one of {}, not {found}", words(allowed))]
    NotLiteral { found: String, allowed: Vec<SmolStr> },
    #[error("must be text, not {found}")]
    NotText { found: String },
    #[error("must be text of {}, not of {length}", lengths(*min, *max))]
    BadLength {
        length: usize,
        min: Option<u32>,
        max: Option<u32>,
    },
    #[error("must have at most {max} items, not {count}")]
    TooMany { count: usize, max: u32 },
    #[error("item {position}: {problem}")]
    Item {
        position: usize,
        problem: Box<ValueError>,
    },
}

impl ValueSpace {
    /// Text without known lengths.
    pub const TEXT: ValueSpace = ValueSpace::String {
        min_length: None,
        max_length: None,
    };

    /// Brings a value into the form that the space has: `"50"` becomes 50 for an integer, 1 becomes `"1"` for
    /// text, `true` becomes `"True"` for a literal that has it, a literal gets its canonical spelling, and a
    /// single value becomes an array of one where an array is wanted.
    ///
    /// # Errors
    /// What the value should have been instead.
    pub fn coerce(&self, value: &Value) -> Result<Value, ValueError> {
        match self {
            Self::Integer { min, max } => integer(value, *min, *max),
            Self::Literal(values) => literal(value, values),
            Self::String {
                min_length,
                max_length,
            } => text(value, *min_length, *max_length),
            Self::IntegerArray { min, max, max_items } => each(value, *max_items, |v| integer(v, *min, *max)),
            Self::LiteralArray { values, max_items } => each(value, *max_items, |v| literal(v, values)),
            Self::StringArray {
                min_length,
                max_length,
                max_items,
            } => each(value, *max_items, |v| text(v, *min_length, *max_length)),
        }
    }

    /// The space as JSON Schema, as `/xapi/schema` and `valueSpace` of a configuration show it.
    pub fn json_schema(&self) -> Value {
        let mut schema = Map::new();
        match self {
            Self::Integer { min, max } => {
                schema.insert("type".to_owned(), "integer".into());
                put(&mut schema, "minimum", *min);
                put(&mut schema, "maximum", *max);
            }
            Self::Literal(values) => {
                schema.insert("type".to_owned(), "string".into());
                if !values.is_empty() {
                    schema.insert("enum".to_owned(), json!(values));
                }
            }
            Self::String {
                min_length,
                max_length,
            } => {
                schema.insert("type".to_owned(), "string".into());
                put(&mut schema, "minLength", *min_length);
                put(&mut schema, "maxLength", *max_length);
            }
            Self::IntegerArray { max_items, .. }
            | Self::LiteralArray { max_items, .. }
            | Self::StringArray { max_items, .. } => {
                schema.insert("type".to_owned(), "array".into());
                put(&mut schema, "maxItems", *max_items);
                schema.insert("items".to_owned(), self.item().json_schema());
            }
        }
        Value::Object(schema)
    }

    /// Whether it takes several values.
    pub fn is_array(&self) -> bool {
        matches!(
            self,
            Self::IntegerArray { .. } | Self::LiteralArray { .. } | Self::StringArray { .. }
        )
    }

    /// The space of one item of an array; the space itself where it is none.
    pub fn item(&self) -> ValueSpace {
        match self {
            Self::IntegerArray { min, max, .. } => Self::Integer { min: *min, max: *max },
            Self::LiteralArray { values, .. } => Self::Literal(values.clone()),
            Self::StringArray {
                min_length,
                max_length,
                ..
            } => Self::String {
                min_length: *min_length,
                max_length: *max_length,
            },
            single => single.clone(),
        }
    }

    /// Reads the text of a default, which is a text for integers too. Text that is outside of the space is
    /// kept as it is: published defaults are sometimes empty where the space has a lowest length.
    pub(crate) fn read_default(&self, text: &str) -> Value {
        self.coerce(&Value::from(text))
            .unwrap_or_else(|_| Value::from(text))
    }
}

fn put(schema: &mut Map<String, Value>, name: &str, bound: Option<impl Into<Value>>) {
    if let Some(bound) = bound {
        schema.insert(name.to_owned(), bound.into());
    }
}

fn integer(value: &Value, min: Option<i64>, max: Option<i64>) -> Result<Value, ValueError> {
    let number = match value {
        Value::Number(number) => number.as_i64().or_else(|| whole(number.as_f64()?)),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    let Some(number) = number else {
        return Err(ValueError::NotInteger {
            found: show(value),
            min,
            max,
        });
    };
    if min.is_some_and(|min| number < min) || max.is_some_and(|max| number > max) {
        return Err(ValueError::OutOfRange {
            value: number.to_string(),
            min,
            max,
        });
    }
    Ok(number.into())
}

/// 5.0 is the integer 5; 5.5 is none.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the range was checked, and integers below 2^53 are exact"
)]
fn whole(number: f64) -> Option<i64> {
    (number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0).then_some(number as i64)
}

fn literal(value: &Value, allowed: &[SmolStr]) -> Result<Value, ValueError> {
    let word = match value {
        Value::String(text) => Some(SmolStr::new(text)),
        Value::Bool(true) => Some(SmolStr::new_static("True")),
        Value::Bool(false) => Some(SmolStr::new_static("False")),
        Value::Number(number) => Some(SmolStr::new(number.to_string())),
        _ => None,
    };
    let found = word.and_then(|word| {
        if allowed.is_empty() {
            return Some(word);
        }
        let exact = allowed.iter().find(|value| **value == word);
        exact
            .or_else(|| allowed.iter().find(|value| value.eq_ignore_ascii_case(&word)))
            .cloned()
    });
    match found {
        Some(word) => Ok(Value::from(word.as_str())),
        None => Err(ValueError::NotLiteral {
            found: show(value),
            allowed: allowed.to_vec(),
        }),
    }
}

fn text(value: &Value, min: Option<u32>, max: Option<u32>) -> Result<Value, ValueError> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        _ => return Err(ValueError::NotText { found: show(value) }),
    };
    let length = text.chars().count();
    if min.is_some_and(|min| length < min as usize) || max.is_some_and(|max| length > max as usize) {
        return Err(ValueError::BadLength { length, min, max });
    }
    Ok(text.into())
}

fn each(
    value: &Value,
    max: Option<u32>,
    coerce: impl Fn(&Value) -> Result<Value, ValueError>,
) -> Result<Value, ValueError> {
    let items = match value {
        Value::Array(items) => items.as_slice(),
        single => std::slice::from_ref(single),
    };
    if let Some(max) = max.filter(|max| items.len() > *max as usize) {
        return Err(ValueError::TooMany {
            count: items.len(),
            max,
        });
    }
    let item = |(i, item)| {
        coerce(item).map_err(|problem| ValueError::Item {
            position: i + 1,
            problem: Box::new(problem),
        })
    };
    items
        .iter()
        .enumerate()
        .map(item)
        .collect::<Result<Vec<_>, _>>()
        .map(Value::Array)
}

/// Longest part of a refused value that a message repeats.
const SHOWN_CHARACTERS: usize = 40;
/// Most words of a literal that a message names.
const SHOWN_WORDS: usize = 16;

/// A refused value, as a message shows it.
fn show(value: &Value) -> String {
    let text = match value {
        Value::Null => return "null".to_owned(),
        Value::Array(_) => return "an array".to_owned(),
        Value::Object(_) => return "an object".to_owned(),
        Value::String(text) if text.chars().count() > SHOWN_CHARACTERS => {
            format!("{}…", text.chars().take(SHOWN_CHARACTERS).collect::<String>())
        }
        Value::String(text) => text.clone(),
        other => return other.to_string(),
    };
    format!("\"{text}\"")
}

fn range(min: Option<i64>, max: Option<i64>) -> String {
    match (min, max) {
        (Some(min), Some(max)) => format!(" from {min} to {max}"),
        (Some(min), None) => format!(" of {min} or more"),
        (None, Some(max)) => format!(" of {max} or less"),
        (None, None) => String::new(),
    }
}

fn lengths(min: Option<u32>, max: Option<u32>) -> String {
    match (min.unwrap_or(0), max) {
        (min, Some(max)) => format!("{min} to {max} characters"),
        (min, None) => format!("{min} characters or more"),
    }
}

fn words(allowed: &[SmolStr]) -> String {
    let shown: Vec<&str> = allowed.iter().take(SHOWN_WORDS).map(SmolStr::as_str).collect();
    match allowed.len().saturating_sub(shown.len()) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words_of(text: &str) -> Vec<SmolStr> {
        text.split('|').map(SmolStr::new).collect()
    }

    #[test]
    fn values_are_brought_into_form() {
        let integer = ValueSpace::Integer {
            min: Some(0),
            max: Some(100),
        };
        let text = ValueSpace::String {
            min_length: Some(0),
            max_length: Some(5),
        };
        let flag = ValueSpace::Literal(words_of("False|True"));
        let several = ValueSpace::StringArray {
            min_length: None,
            max_length: None,
            max_items: Some(2),
        };
        for (space, given, expected) in [
            (&integer, json!("50"), json!(50)),
            (&integer, json!(50.0), json!(50)),
            (&integer, json!(100), json!(100)),
            (&text, json!(1), json!("1")),
            (&text, json!("äöüß€"), json!("äöüß€")),
            (&flag, json!(true), json!("True")),
            (&flag, json!("fALSE"), json!("False")),
            (&several, json!("a"), json!(["a"])),
            (&several, json!(["a", 2]), json!(["a", "2"])),
        ] {
            assert_eq!(space.coerce(&given), Ok(expected), "{given}");
        }
    }

    #[test]
    fn refusals_say_what_is_allowed() {
        let integer = ValueSpace::Integer {
            min: Some(0),
            max: Some(100),
        };
        let several = ValueSpace::IntegerArray {
            min: Some(1),
            max: None,
            max_items: Some(2),
        };
        for (space, given, expected) in [
            (&integer, json!(101), "must be an integer from 0 to 100, not 101"),
            (
                &integer,
                json!("loud"),
                "must be an integer from 0 to 100, not \"loud\"",
            ),
            (&integer, json!(1.5), "must be an integer from 0 to 100, not 1.5"),
            (
                &integer,
                json!({}),
                "must be an integer from 0 to 100, not an object",
            ),
            (
                &ValueSpace::Literal(words_of("On|Off")),
                json!(true),
                "must be one of On, Off, not true",
            ),
            (&ValueSpace::TEXT, json!(["a"]), "must be text, not an array"),
            (&several, json!([1, 2, 3]), "must have at most 2 items, not 3"),
            (
                &several,
                json!([1, 0]),
                "item 2: must be an integer of 1 or more, not 0",
            ),
        ] {
            assert_eq!(space.coerce(&given).unwrap_err().to_string(), expected);
        }
    }
}
