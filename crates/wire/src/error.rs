//! The body of every error (rest-basics 3).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `{"message", "errors": [{"description"}], "trackingId"}`
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ErrorBody {
    pub message: String,
    pub errors: Vec<ErrorItem>,
    pub tracking_id: String,
    /// Only where a documented code exists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_code: Option<i64>,
}

/// One thing that was wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ErrorItem {
    pub description: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_code: Option<i64>,
}
