//! A JSON reader (RFC 8259) that remembers where everything stood.
//!
//! `serde_json` says where a syntax error is, but not where a value that it accepted came from, and says
//! nothing about a member that is there twice; an author needs both.

use std::ops::Range;

use serde_json::Number;

/// How deep lists and objects may lie in each other. A manifest needs four levels.
pub(super) const MAX_DEPTH: usize = 64;

/// A value and the text that it was read from.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) span: Range<usize>,
    pub(super) value: Value,
}

#[derive(Debug)]
pub(super) enum Value {
    Null,
    Bool(bool),
    Number(Number),
    String(String),
    Array(Vec<Node>),
    Object(Vec<Member>),
}

/// One member of an object; twins are kept.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) key: String,
    pub(super) key_span: Range<usize>,
    pub(super) node: Node,
}

impl Node {
    /// What the value is, in words.
    pub(super) fn noun(&self) -> &'static str {
        match self.value {
            Value::Null => "null",
            Value::Bool(_) => "true or false",
            Value::Number(_) => "a number",
            Value::String(_) => "a string",
            Value::Array(_) => "a list",
            Value::Object(_) => "an object",
        }
    }

    /// The value alone. Of twins, the last one counts.
    pub(super) fn to_json(&self) -> serde_json::Value {
        match &self.value {
            Value::Null => serde_json::Value::Null,
            Value::Bool(value) => serde_json::Value::Bool(*value),
            Value::Number(number) => serde_json::Value::Number(number.clone()),
            Value::String(text) => serde_json::Value::String(text.clone()),
            Value::Array(items) => items.iter().map(Node::to_json).collect(),
            Value::Object(members) => serde_json::Value::Object(
                members
                    .iter()
                    .map(|member| (member.key.clone(), member.node.to_json()))
                    .collect(),
            ),
        }
    }
}

/// Why a text is no JSON.
#[derive(Debug)]
pub(super) struct SyntaxError {
    pub(super) span: Range<usize>,
    pub(super) message: String,
    pub(super) help: Option<&'static str>,
}

/// Reads one value and nothing after it. A byte order mark before it is skipped.
pub(super) fn read(text: &str) -> Result<Node, SyntaxError> {
    let mut reader = Reader {
        text,
        at: if text.starts_with('\u{feff}') {
            '\u{feff}'.len_utf8()
        } else {
            0
        },
    };
    reader.skip_space()?;
    if reader.peek().is_none() {
        return Err(reader.fail("the file is empty", Some("start with `{` and end with `}`")));
    }
    let node = reader.value(0)?;
    reader.skip_space()?;
    match reader.peek() {
        None => Ok(node),
        Some('}' | ']') => Err(reader.fail("one closing bracket too many", Some("remove it"))),
        Some(_) => Err(reader.fail(
            "something follows the end of the document",
            Some("a manifest is one JSON object"),
        )),
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn bump(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        Some(next)
    }

    /// An error about the next character.
    fn fail(&self, message: impl Into<String>, help: Option<&'static str>) -> SyntaxError {
        let width = self.peek().map_or(0, char::len_utf8);
        SyntaxError {
            span: self.at..self.at + width,
            message: message.into(),
            help,
        }
    }

    fn skip_space(&mut self) -> Result<(), SyntaxError> {
        while let Some(next) = self.peek() {
            match next {
                ' ' | '\t' | '\r' | '\n' => self.at += 1,
                '/' | '#' => {
                    return Err(self.fail(
                        "a comment has no place here",
                        Some("JSON knows no comments: remove it"),
                    ));
                }
                '\u{a0}' | '\u{2028}' | '\u{2029}' | '\u{200b}' | '\u{feff}' => {
                    return Err(self.fail(
                        format!(
                            "an invisible character (U+{:04X}) has no place here",
                            u32::from(next)
                        ),
                        Some("remove it, or type a plain space instead"),
                    ));
                }
                _ => break,
            }
        }
        Ok(())
    }

    fn value(&mut self, depth: usize) -> Result<Node, SyntaxError> {
        if depth >= MAX_DEPTH {
            return Err(self.fail(format!("more than {MAX_DEPTH} brackets lie in each other"), None));
        }
        let start = self.at;
        let value = match self.peek() {
            Some('{') => self.object(depth)?,
            Some('[') => self.array(depth)?,
            Some('"') => Value::String(self.string()?),
            Some('-' | '0'..='9') => Value::Number(self.number()?),
            Some('\'' | '“' | '”' | '„' | '‘' | '’' | '`') => return Err(self.wrong_quote()),
            Some('a'..='z' | 'A'..='Z' | '_' | '$') => self.word()?,
            Some(',') => return Err(self.fail("a value is missing before this comma", None)),
            Some('}' | ']') => return Err(self.fail("a value is missing before this bracket", None)),
            Some('+' | '.') => return Err(self.fail("a number starts with a digit or `-`", None)),
            Some(_) => return Err(self.fail("no value starts with this character", None)),
            None => return Err(self.fail("the file ends where a value should stand", None)),
        };
        Ok(Node {
            span: start..self.at,
            value,
        })
    }

    fn wrong_quote(&self) -> SyntaxError {
        self.fail(
            "this is the wrong kind of quotation mark",
            Some("JSON takes the straight double one: \""),
        )
    }

    fn word(&mut self) -> Result<Value, SyntaxError> {
        let rest = &self.text[self.at..];
        let end = rest
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '$')
            .unwrap_or(rest.len());
        let word = &rest[..end];
        let value = match word {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            "null" => Value::Null,
            _ => {
                let help = match word.to_ascii_lowercase().as_str() {
                    "true" => "write true",
                    "false" => "write false",
                    "null" | "none" | "nil" | "undefined" => "write null, or leave the member out",
                    _ => "text stands in double quotes",
                };
                let shown: String = word.chars().take(40).collect();
                return Err(SyntaxError {
                    span: self.at..self.at + end,
                    message: format!("`{shown}` is no JSON value"),
                    help: Some(help),
                });
            }
        };
        self.at += end;
        Ok(value)
    }

    fn number(&mut self) -> Result<Number, SyntaxError> {
        let start = self.at;
        let rest = &self.text[start..];
        let end = rest
            .find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '+' | '-' | '.' | '_'))
            .unwrap_or(rest.len());
        let digits = &rest[..end];
        let bad = |message: &str, help| SyntaxError {
            span: start..start + end,
            message: message.to_owned(),
            help,
        };
        if !is_number(digits.as_bytes()) {
            let help = if digits.trim_start_matches('-').starts_with('0') {
                "a number has no leading zeros, and no 0x"
            } else {
                "write it like 3, -1 or 2.5; anything else stands in double quotes"
            };
            return Err(bad("this is no JSON number", Some(help)));
        }
        self.at += end;
        if let Ok(number) = digits.parse::<u64>() {
            return Ok(number.into());
        }
        // `-0` must stay what it is, and an integer would lose its sign.
        if let (Ok(number), true) = (digits.parse::<i64>(), digits != "-0") {
            return Ok(number.into());
        }
        let number = digits.parse().ok().and_then(Number::from_f64);
        number.ok_or_else(|| bad("the number is too large", None))
    }

    fn string(&mut self) -> Result<String, SyntaxError> {
        let open = self.at;
        self.at += 1;
        let mut out = String::new();
        loop {
            let rest = &self.text[self.at..];
            let plain = rest
                .find(|c: char| c == '"' || c == '\\' || c < ' ')
                .unwrap_or(rest.len());
            out.push_str(&rest[..plain]);
            self.at += plain;
            match self.peek() {
                Some('"') => {
                    self.at += 1;
                    return Ok(out);
                }
                Some('\\') => out.push(self.escape()?),
                Some('\n' | '\r') | None => {
                    return Err(SyntaxError {
                        span: open..self.at,
                        message: "the string is not closed on its line".to_owned(),
                        help: Some("end it with \"; a line break inside text is written \\n"),
                    });
                }
                Some(_) => {
                    return Err(self.fail(
                        "a control character stands in a string",
                        Some("write a tab as \\t, and others as \\u00XX"),
                    ));
                }
            }
        }
    }

    fn escape(&mut self) -> Result<char, SyntaxError> {
        let start = self.at;
        self.at += 1;
        let letter = self.bump();
        let bad = |reader: &Self, help| SyntaxError {
            span: start..reader.at,
            message: "this is no JSON escape".to_owned(),
            help: Some(help),
        };
        Ok(match letter {
            Some('"') => '"',
            Some('\\') => '\\',
            Some('/') => '/',
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('u') => {
                const HELP: &str = "write \\u and four hexadecimal digits; beyond U+FFFF as two such halves";
                let first = self.hex4().ok_or_else(|| bad(self, HELP))?;
                let code = match first {
                    0xD800..=0xDBFF => {
                        let second = if self.text[self.at..].starts_with("\\u") {
                            self.at += 2;
                            self.hex4().filter(|low| (0xDC00..=0xDFFF).contains(low))
                        } else {
                            None
                        };
                        let low = second.ok_or_else(|| bad(self, HELP))?;
                        0x10000 + ((first - 0xD800) << 10) + (low - 0xDC00)
                    }
                    code => code,
                };
                char::from_u32(code).ok_or_else(|| bad(self, HELP))?
            }
            _ => return Err(bad(self, "a backslash itself is written \\\\")),
        })
    }

    fn hex4(&mut self) -> Option<u32> {
        let digits = self.text.get(self.at..self.at + 4)?;
        if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        self.at += 4;
        u32::from_str_radix(digits, 16).ok()
    }

    fn array(&mut self, depth: usize) -> Result<Value, SyntaxError> {
        let open = self.at;
        self.at += 1;
        let mut items = Vec::new();
        let mut comma = None;
        loop {
            self.skip_space()?;
            match self.peek() {
                Some(']') => {
                    self.at += 1;
                    return comma.map_or(Ok(Value::Array(items)), |at| Err(extra_comma(at)));
                }
                None => return Err(unclosed(open, "[", "]")),
                Some(_) => {}
            }
            items.push(self.value(depth + 1)?);
            comma = self.separator(open, ']')?;
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value, SyntaxError> {
        let open = self.at;
        self.at += 1;
        let mut members = Vec::new();
        let mut comma = None;
        loop {
            self.skip_space()?;
            match self.peek() {
                Some('}') => {
                    self.at += 1;
                    return comma.map_or(Ok(Value::Object(members)), |at| Err(extra_comma(at)));
                }
                None => return Err(unclosed(open, "{", "}")),
                Some('"') => {}
                Some('\'' | '“' | '”' | '„' | '‘' | '’' | '`') => return Err(self.wrong_quote()),
                Some(',') => {
                    return Err(self.fail("a member is missing before this comma", Some("remove the comma")));
                }
                Some('a'..='z' | 'A'..='Z' | '_' | '$') => {
                    return Err(self.fail(
                        "the name of a member stands in double quotes",
                        Some("write it like \"id\": …"),
                    ));
                }
                Some(_) => {
                    return Err(self.fail("the name of a member should stand here, in double quotes", None));
                }
            }
            let key_start = self.at;
            let key = self.string()?;
            let key_span = key_start..self.at;
            self.skip_space()?;
            match self.peek() {
                Some(':') => self.at += 1,
                Some('=') => {
                    return Err(self.fail("a colon should stand here", Some("JSON writes \"name\": value")));
                }
                _ => {
                    return Err(SyntaxError {
                        span: key_span,
                        message: "a colon and a value are missing after this name".to_owned(),
                        help: Some("JSON writes \"name\": value"),
                    });
                }
            }
            self.skip_space()?;
            let node = self.value(depth + 1)?;
            members.push(Member { key, key_span, node });
            comma = self.separator(open, '}')?;
        }
    }

    /// Reads the comma between two items and returns where it was, or stops before the closing bracket.
    fn separator(&mut self, open: usize, close: char) -> Result<Option<usize>, SyntaxError> {
        let end = self.at;
        self.skip_space()?;
        match self.peek() {
            Some(',') => {
                self.at += 1;
                Ok(Some(self.at - 1))
            }
            Some(next) if next == close => Ok(None),
            Some('}' | ']') => Err(SyntaxError {
                span: self.at..self.at + 1,
                message: format!("`{close}` should stand here: this bracket closes nothing that is open"),
                help: None,
            }),
            Some(':' | '=') => Err(self.fail("a comma should stand here", None)),
            Some(_) => Err(SyntaxError {
                span: end.saturating_sub(1)..end,
                message: "a comma is missing after this".to_owned(),
                help: Some("put a comma between this and what follows"),
            }),
            None if close == ']' => Err(unclosed(open, "[", "]")),
            None => Err(unclosed(open, "{", "}")),
        }
    }
}

fn extra_comma(at: usize) -> SyntaxError {
    SyntaxError {
        span: at..at + 1,
        message: "nothing follows this comma".to_owned(),
        help: Some("remove the comma after the last item"),
    }
}

fn unclosed(open: usize, bracket: &str, close: &str) -> SyntaxError {
    SyntaxError {
        span: open..open + 1,
        message: format!("this `{bracket}` is never closed"),
        help: Some(if close == "]" {
            "the file ends before its `]`"
        } else {
            "the file ends before its `}`"
        }),
    }
}

/// `-? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?`
fn is_number(text: &[u8]) -> bool {
    let digits = |text: &[u8]| text.iter().take_while(|b| b.is_ascii_digit()).count();
    let text = text.strip_prefix(b"-").unwrap_or(text);
    let whole = digits(text);
    if whole == 0 || (whole > 1 && text[0] == b'0') {
        return false;
    }
    let mut text = &text[whole..];
    if let Some(rest) = text.strip_prefix(b".") {
        let count = digits(rest);
        if count == 0 {
            return false;
        }
        text = &rest[count..];
    }
    if let Some(rest) = text.strip_prefix(b"e").or_else(|| text.strip_prefix(b"E")) {
        let rest = rest
            .strip_prefix(b"+")
            .or_else(|| rest.strip_prefix(b"-"))
            .unwrap_or(rest);
        let count = digits(rest);
        return count > 0 && count == rest.len();
    }
    text.is_empty()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn number() -> impl Strategy<Value = String> {
        "-?(0|[1-9][0-9]{0,21})(\\.[0-9]{1,6})?([eE][+-]?[0-9]{1,2})?|-?[0-9.eE+]{1,6}"
    }

    proptest! {
        /// What serde_json accepts, and only that, is accepted here, and reads the same.
        #[test]
        fn agrees_with_serde_json(text in "[ \\[\\]{}:,\"a\\\\nu0-9.eE+tf-]{0,16}") {
            check(&text)?;
        }

        #[test]
        fn numbers_agree_with_serde_json(text in number()) {
            let ours = read(&text).map(|node| node.to_json());
            let theirs = serde_json::from_str::<serde_json::Value>(&text);
            prop_assert_eq!(ours.is_ok(), theirs.is_ok(), "{}", text);
            if let (Ok(ours), Ok(theirs)) = (ours, theirs) {
                // serde_json may be off in the last bit; Rust's own reading is exact.
                prop_assert_eq!(ours.as_u64(), theirs.as_u64());
                prop_assert_eq!(ours.as_i64(), theirs.as_i64());
                prop_assert_eq!(ours.as_f64(), text.parse::<f64>().ok());
            }
        }

        #[test]
        fn strings_agree_with_serde_json(text in "\"([a-z\\PC\n]|\\\\u[dD][89abcC][0-9a-f]{2}|\\\\u00[0-9]{2}|\\\\[bfnrtx/\"]){0,5}\"") {
            check(&text)?;
        }
    }

    fn check(text: &str) -> Result<(), TestCaseError> {
        let ours = read(text).map(|node| node.to_json());
        let theirs = serde_json::from_str::<serde_json::Value>(text);
        prop_assert_eq!(ours.is_ok(), theirs.is_ok(), "{}: {:?}", text, ours.err());
        if let (Ok(ours), Ok(theirs)) = (ours, theirs) {
            prop_assert_eq!(ours, theirs);
        }
        Ok(())
    }

    #[test]
    fn spans_are_those_of_the_text() {
        let text = "\u{feff}{ \"ä\": [1, \"b\"] }";
        let Value::Object(members) = read(text).unwrap().value else {
            panic!()
        };
        assert_eq!(&text[members[0].key_span.clone()], "\"ä\"");
        let Value::Array(items) = &members[0].node.value else {
            panic!()
        };
        assert_eq!(&text[items[1].span.clone()], "\"b\"");
    }
}
