//! JSON-RPC 2.0 as RoomOS speaks it on `/ws`: one object per text frame, no batches.

use serde::{Deserialize, Serialize};
use serde_json::{Value, value::RawValue};

use crate::key::Segment;
use crate::pattern::{ArraySpec, Pattern, Step};

/// The id of a request. An answer carries the same JSON type: jsxapi sends strings, xows integers.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum RpcId {
    Number(i64),
    Text(String),
}

/// An error, as the device says it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[error("{message} ({code})")]
pub struct RpcError {
    pub code: i32,
    pub message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Value>,
}

/// Codes of [`RpcError`].
pub mod code {
    pub const PARSE: i32 = -32700;
    pub const INVALID_REQUEST: i32 = -32600;
    /// Also an unknown command or path.
    pub const NOT_FOUND: i32 = -32601;
    pub const INVALID_PARAMS: i32 = -32602;
    pub const INTERNAL: i32 = -32603;
    pub const PERMISSION: i32 = -31999;
    pub const TOO_MANY_SUBSCRIPTIONS: i32 = -31998;
    pub const NOT_READY: i32 = -31997;
    /// The command itself failed; the text is in the message.
    pub const COMMAND: i32 = 1;
}

/// `data.Cause` of an illegal argument or value.
pub const CAUSE_ILLEGAL_VALUE: i64 = 27;

impl RpcError {
    pub fn new(code: i32, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            data: None,
        }
    }

    /// An unknown command, path or method.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(code::NOT_FOUND, message)
    }

    /// An illegal argument of a command (`code` 1) or value of a configuration (-32602).
    pub fn illegal_value(code: i32, message: impl Into<String>) -> Self {
        Self {
            data: Some(serde_json::json!({ "Cause": CAUSE_ILLEGAL_VALUE })),
            ..Self::new(code, message)
        }
    }

    /// Whether the device refused a value or an argument.
    pub fn is_illegal_value(&self) -> bool {
        self.data
            .as_ref()
            .and_then(|data| data.get("Cause"))
            .and_then(Value::as_i64)
            == Some(CAUSE_ILLEGAL_VALUE)
    }
}

/// One frame, from either side. The parameters are left as text until somebody needs them.
#[derive(Debug, Deserialize)]
pub struct Frame<'a> {
    #[serde(default)]
    pub id: Option<RpcId>,
    #[serde(borrow, default)]
    pub method: Option<std::borrow::Cow<'a, str>>,
    #[serde(borrow, default)]
    pub params: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub result: Option<&'a RawValue>,
    #[serde(default)]
    pub error: Option<RpcError>,
}

impl<'a> Frame<'a> {
    /// Reads a frame.
    ///
    /// # Errors
    /// -32700 where the text is no JSON object of that shape.
    pub fn parse(text: &'a str) -> Result<Self, RpcError> {
        serde_json::from_str(text)
            .map_err(|error| RpcError::new(code::PARSE, format!("parse error: {error}")))
    }
}

/// The text of a request.
pub fn request(id: &RpcId, method: &str, params: &Value) -> String {
    #[derive(Serialize)]
    struct Request<'a> {
        jsonrpc: &'static str,
        id: &'a RpcId,
        method: &'a str,
        #[serde(skip_serializing_if = "Value::is_null")]
        params: &'a Value,
    }
    to_text(&Request {
        jsonrpc: "2.0",
        id,
        method,
        params,
    })
}

/// The text of a notification: it has no member `id`.
pub fn notification(method: &str, params: &Value) -> String {
    #[derive(Serialize)]
    struct Notification<'a> {
        jsonrpc: &'static str,
        method: &'a str,
        params: &'a Value,
    }
    to_text(&Notification {
        jsonrpc: "2.0",
        method,
        params,
    })
}

/// The text of an answer: `result` or `error`, never both, never neither.
pub fn answer(id: &RpcId, outcome: &Result<Value, RpcError>) -> String {
    #[derive(Serialize)]
    struct Answer<'a> {
        jsonrpc: &'static str,
        id: &'a RpcId,
        #[serde(skip_serializing_if = "Option::is_none")]
        result: Option<&'a Value>,
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<&'a RpcError>,
    }
    to_text(&Answer {
        jsonrpc: "2.0",
        id,
        result: outcome.as_ref().ok(),
        error: outcome.as_ref().err(),
    })
}

fn to_text(frame: &impl Serialize) -> String {
    serde_json::to_string(frame).expect("a frame has only string keys")
}

/// The array form of a pattern below a document: `["Status","Call",3,"Status"]`. A last `*` becomes `**`
/// (any depth), `[*]` is a missing index.
pub fn query(document: &str, pattern: &Pattern) -> Value {
    let mut path = vec![Value::from(document)];
    let steps = pattern.steps();
    for (i, step) in steps.iter().enumerate() {
        match step {
            Step::Any if i + 1 == steps.len() => path.push("**".into()),
            Step::Any => path.push("*".into()),
            Step::Named { name, array } => {
                path.push(name.as_str().into());
                if let Some(ArraySpec::Index(index)) = array {
                    path.push((*index).into());
                }
            }
        }
    }
    Value::Array(path)
}

/// The array form of segments below a document.
pub fn path(document: &str, segments: &[Segment]) -> Value {
    let mut path = vec![Value::from(document)];
    for segment in segments {
        path.push(segment.name.as_str().into());
        path.extend(segment.index.map(Value::from));
    }
    Value::Array(path)
}
