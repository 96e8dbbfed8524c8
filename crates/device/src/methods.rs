//! The methods of a device: `xGet`, `xQuery`, `xSet`, `xCommand/...`, `xDoc`, and the test hooks
//! `xSimulator/...` (local-device-xapi 5).

use async_trait::async_trait;
use hallway_xapi::catalogue::{Role, Roles};
use hallway_xapi::key::Key;
use hallway_xapi::link::Link;
use hallway_xapi::pattern::Pattern;
use hallway_xapi::rpc::{RpcError, code};
use hallway_xapi::tree;
use serde_json::{Map, Value, json};

use crate::behaviour;
use crate::device::SimulatedDevice;
use crate::query::{Document, Query};
use crate::state::{State, to_tree};
use crate::{doc, simulator};

/// The platform speaks as an admin.
#[async_trait]
impl Link for SimulatedDevice {
    async fn call(&self, method: &str, params: Value) -> Result<Value, RpcError> {
        self.perform(method, params, Roles::NONE.with(Role::Admin)).await
    }

    fn close(&self, reason: &str) {
        tracing::debug!(device = %self.spec().name, reason, "the link was closed");
        self.detach();
    }
}

impl SimulatedDevice {
    /// Answers a request of somebody with these roles. `xFeedback/...` needs a session, so it is not known
    /// here.
    ///
    /// # Errors
    /// What a device answers: the codes of local-device-xapi 6.
    pub async fn perform(&self, method: &str, params: Value, roles: Roles) -> Result<Value, RpcError> {
        self.ready()?;
        let params = match params {
            Value::Null => Map::new(),
            Value::Object(params) => params,
            _ => return Err(RpcError::new(code::INVALID_PARAMS, "params must be an object")),
        };
        if let Some(command) = method.strip_prefix("xCommand/") {
            return self.command(command, params, roles).await;
        }
        if let Some(hook) = method.strip_prefix("xSimulator/") {
            if !roles.contains(Role::Admin) {
                return Err(permission());
            }
            return simulator::call(self, hook, params).await;
        }
        match method {
            "xGet" => {
                let query = Query::read(params.get("Path"))?;
                self.look(|state| get(state, &query, roles))
            }
            "xQuery" => {
                let query = Query::read(params.get("Query").or_else(|| params.get("Path")))?;
                self.look(|state| Ok(Value::Object(query_all(state, &query, roles))))
            }
            "xSet" => {
                let query = Query::read(params.get("Path"))?;
                let value = params.get("Value").filter(|value| !value.is_null());
                let value = value
                    .ok_or_else(|| RpcError::new(code::INVALID_PARAMS, "the member Value is missing"))?
                    .clone();
                self.transact(|state| set(state, &query, &value, roles)).await
            }
            // Back to the default; the cloud's way to take a configured value away.
            "xReset" => {
                let query = Query::read(params.get("Path"))?;
                self.transact(|state| {
                    let key = configuration_key(state, &query, roles)?;
                    state.configure(key.clone(), None);
                    behaviour::configured(state, &key);
                    Ok(Value::Bool(true))
                })
                .await
            }
            "xDoc" => {
                let query = Query::read(params.get("Path"))?;
                self.look(|state| doc::describe(&state.schema, &query))
            }
            _ => Err(RpcError::not_found("there is no such method")),
        }
    }

    async fn command(
        &self,
        path: &str,
        mut params: Map<String, Value>,
        roles: Roles,
    ) -> Result<Value, RpcError> {
        let unknown = || RpcError::not_found("there is no such command");
        let dotted = path.replace('/', ".");
        let key: Key = dotted.parse().map_err(|_| unknown())?;
        // jsxapi puts the text of multi-line commands into the member `body`.
        let body = params.remove("body");
        let sent = (params.clone(), body.clone());
        let answer = self.transact(|state| {
            let schema = state.schema.clone();
            let Some(spec) = schema.command(&key) else {
                return Err(with_hint(unknown(), schema.near_commands(&key)));
            };
            if !roles.contains(Role::Admin) && !spec.roles.overlaps(roles) {
                return Err(permission());
            }
            let arguments = spec.check(&params, body.as_ref()).map_err(|problems| {
                let texts: Vec<String> = problems.iter().map(ToString::to_string).collect();
                RpcError::illegal_value(code::COMMAND, texts.join("; "))
            })?;
            let args = behaviour::Args {
                values: spec.with_defaults(arguments),
                body,
            };
            let mut result = behaviour::run(state, &spec.path.to_string(), &args)?;
            let mut answer = Map::new();
            answer.insert("status".to_owned(), "OK".into());
            answer.append(&mut result);
            Ok((spec.path.to_string(), Value::Object(answer)))
        });
        let (command, answer) = answer.await?;
        self.record(command, sent);
        Ok(answer)
    }
}

pub(crate) fn permission() -> RpcError {
    RpcError::new(code::PERMISSION, "the user may not do this")
}

pub(crate) fn with_hint(mut error: RpcError, names: Vec<String>) -> RpcError {
    if !names.is_empty() {
        error.message = format!("{}; did you mean {}?", error.message, names.join(" or "));
        error.data = Some(json!({ "Hints": names }));
    }
    error
}

/// The tree of what a query means in one document, without the document's name.
pub(crate) fn matched(state: &State, document: Document, query: &Query, roles: Roles) -> Map<String, Value> {
    match document {
        Document::Status => {
            let found = state.statuses(query);
            to_tree(found.filter(|(key, _)| state.schema.may_read(Document::Status, key, roles)))
        }
        Document::Configuration => {
            let all = Pattern::everything();
            let mut found = Map::new();
            for (key, spec) in state.schema.configurations(&all, query) {
                if state.schema.may_read(Document::Configuration, &key, roles) {
                    let value = state.configured(&key).unwrap_or(&spec.default);
                    tree::insert(&mut found, &key, spec.shown(value));
                }
            }
            found
        }
        _ => Map::new(),
    }
}

fn query_all(state: &State, query: &Query, roles: Roles) -> Map<String, Value> {
    let mut answer = Map::new();
    for document in [Document::Status, Document::Configuration] {
        if query.document.includes(document) {
            let found = matched(state, document, query, roles);
            if !found.is_empty() {
                answer.insert(document.name().to_owned(), Value::Object(found));
            }
        }
    }
    answer
}

fn get(state: &State, query: &Query, roles: Roles) -> Result<Value, RpcError> {
    if !matches!(query.document, Document::Status | Document::Configuration) {
        return Err(RpcError::not_found(
            "only statuses and configurations have values",
        ));
    }
    let found = matched(state, query.document, query, roles);
    if found.is_empty() {
        if query.as_key().is_none_or(|_| state.schema.knows(query)) {
            return Ok(Value::Null);
        }
        let hints = query
            .as_key()
            .map(|key| state.schema.near_statuses(&key))
            .unwrap_or_default();
        return Err(with_hint(RpcError::not_found("there is no such path"), hints));
    }
    let Some(key) = query.as_key() else {
        return Ok(Value::Object(found));
    };
    // Down to where the path ends, or to a list of which it names no item.
    let mut here = Value::Object(found);
    for segment in key.segments() {
        let Value::Object(mut members) = here else {
            return Ok(Value::Null);
        };
        let name = members
            .keys()
            .find(|name| name.eq_ignore_ascii_case(&segment.name))
            .cloned();
        here = name.and_then(|name| members.remove(&name)).unwrap_or(Value::Null);
        if let Value::Array(items) = &mut here {
            match segment.index {
                None => return Ok(here),
                Some(index) => {
                    let at = items.iter().position(|item| tree::item_id(item) == Some(index));
                    here = at.map(|at| items.swap_remove(at)).unwrap_or(Value::Null);
                    // An item that is itself a leaf.
                    if let Value::Object(item) = &here
                        && item.len() == 2
                        && let Some(value) = item.get("value")
                    {
                        here = value.clone();
                    }
                }
            }
        }
    }
    Ok(here)
}

fn configuration_key(state: &State, query: &Query, roles: Roles) -> Result<Key, RpcError> {
    let unknown = || RpcError::not_found("there is no such configuration");
    if query.document != Document::Configuration {
        return Err(unknown());
    }
    let key = query.as_key().ok_or_else(unknown)?;
    let spec = state.schema.configuration(&key).ok_or_else(unknown)?;
    if !roles.contains(Role::Admin) && !spec.roles.overlaps(roles) {
        return Err(permission());
    }
    Ok(state
        .schema
        .catalogue()
        .canonical_configuration(&key)
        .unwrap_or(key))
}

fn set(state: &mut State, query: &Query, value: &Value, roles: Roles) -> Result<Value, RpcError> {
    let key = configuration_key(state, query, roles)?;
    let schema = state.schema.clone();
    let spec = schema
        .configuration(&key)
        .ok_or_else(|| RpcError::not_found("there is no such configuration"))?;
    let value = spec
        .space
        .coerce(value)
        .map_err(|error| RpcError::illegal_value(code::INVALID_PARAMS, format!("{key}: {error}")))?;
    state.configure(key.clone(), Some(value));
    behaviour::configured(state, &key);
    Ok(Value::Bool(true))
}
