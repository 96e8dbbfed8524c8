//! Running commands.

use http::Method;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Device, dotted};
use crate::error::{Error, Result};
use crate::id::DeviceId;

/// A command that is being put together.
#[derive(Clone, Debug)]
#[must_use = "a command does nothing until it is run"]
pub struct Command {
    device: Device,
    path: String,
    request: Request,
    repeatable: bool,
    problem: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    device_id: DeviceId,
    #[serde(skip_serializing_if = "Map::is_empty")]
    arguments: Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<Value>,
}

/// What a command answered.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct CommandResult {
    /// What was executed, as the device understood it.
    pub arguments: Map<String, Value>,
    /// What the command has to say; most say nothing.
    pub result: Option<Value>,
}

impl Device {
    /// A command by its path: `UserInterface.Message.Alert.Display`.
    pub fn command(&self, path: impl Into<String>) -> Command {
        Command {
            request: Request {
                device_id: self.id.clone(),
                arguments: Map::new(),
                body: None,
            },
            device: self.clone(),
            path: path.into(),
            repeatable: false,
            problem: None,
        }
    }
}

impl Command {
    /// Adds an argument.
    pub fn arg(mut self, name: impl Into<String>, value: impl Serialize) -> Self {
        let name = name.into();
        match serde_json::to_value(value) {
            Ok(Value::Null) => {}
            Ok(value) => drop(self.request.arguments.insert(name, value)),
            Err(error) => self.problem = Some(format!("the argument {name} cannot be written: {error}")),
        }
        self
    }

    /// Adds the members of a value as arguments.
    pub fn args(mut self, arguments: impl Serialize) -> Self {
        match serde_json::to_value(arguments) {
            Ok(Value::Object(members)) => {
                let given = members.into_iter().filter(|(_, value)| !value.is_null());
                self.request.arguments.extend(given);
            }
            Ok(_) => self.problem = Some("the arguments of a command are an object".to_owned()),
            Err(error) => self.problem = Some(format!("the arguments cannot be written: {error}")),
        }
        self
    }

    /// Sets the body of a command that takes one: XML, the text of a macro, or an object.
    pub fn body(mut self, body: impl Into<Value>) -> Self {
        self.request.body = Some(body.into());
        self
    }

    /// Says that running it twice is as good as once, so that it may be repeated after an answer got lost:
    /// setting a volume is, dialling is not.
    pub fn repeatable(mut self) -> Self {
        self.repeatable = true;
        self
    }

    /// Runs it.
    ///
    /// # Errors
    /// [`Error::Permission`]: the command was not granted. [`Error::NotFound`]: no such device or command.
    /// [`Error::BadRequest`]: an argument is wrong. [`Error::Conflict`]: the device refused.
    /// [`Error::Unavailable`]: the device is not connected.
    pub async fn run(self) -> Result<CommandResult> {
        if let Some(problem) = self.problem {
            return Err(Error::configuration(problem));
        }
        self.device.check(|grants| grants.require_command(&self.path))?;
        let path = dotted(&self.path)?;
        let call = self.device.client.at(Method::POST, &["xapi", "command", &path]);
        call.idempotent(self.repeatable).json(&self.request).read().await
    }

    /// Runs it and reads what it has to say.
    ///
    /// # Errors
    /// As [`run`](Self::run), and [`Error::Protocol`]: it says something else.
    pub async fn read<T: DeserializeOwned>(self) -> Result<T> {
        let path = self.path.clone();
        let result = self.run().await?.result.unwrap_or(Value::Null);
        serde_json::from_value(result)
            .map_err(|error| Error::protocol(format!("the result of {path} has another shape: {error}")))
    }
}
