//! What can be made to happen for tests (`/hallway/v1/trigger`).

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Body of `POST /hallway/v1/trigger`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TriggerRequest {
    pub resource: String,
    pub event: String,
    #[serde(default)]
    pub set: BTreeMap<String, String>,
}

/// Something that can be made to happen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TriggerAbout {
    pub resource: String,
    pub event: String,
    /// What happens: a sentence.
    pub about: String,
    pub settings: Vec<TriggerSetting>,
}

/// What can be set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TriggerSetting {
    pub name: String,
    pub about: String,
}
