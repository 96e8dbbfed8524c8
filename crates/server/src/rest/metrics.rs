//! `/v1/workspaceMetrics` and `/v1/workspaceDurationMetrics` (xapi 12).

use std::sync::Arc;

use axum::extract::State;
use hallway_platform::Platform;
use hallway_platform::metrics::{Aggregation, DurationQuery, Measurement, MetricQuery};
use hallway_wire::Timestamp;
use hallway_wire::id::WorkspaceId;
use hallway_wire::metrics::{MetricName, WorkspaceDurationMetrics, WorkspaceMetrics};

use super::query::{Ask, parameter};
use crate::body::Json;
use crate::describe::{Api, Op};
use crate::error::ApiError;
use crate::query::Query;

pub(super) fn routes() -> Api {
    const SCOPE: &[&str] = &["spark-admin:workspace_metrics_read"];
    Api::new("Workspace metrics")
        .get(
            "/workspaceMetrics",
            metrics,
            Op::new("Get what was measured in a workspace")
                .about("At most 48 hours, and with daily aggregation 30 days.")
                .scopes(SCOPE)
                .required_query("workspaceId", "The workspace.")
                .required_query(
                    "metricName",
                    "`soundLevel`, `ambientNoise`, `temperature`, `humidity`, `tvoc` or `peopleCount`.",
                )
                .query("aggregation", "`hourly`, `daily` or `none`.")
                .query("from", "From this moment on.")
                .query("to", "Before this moment.")
                .query("unit", "Of the temperature: `celsius` or `fahrenheit`.")
                .query("sortBy", "`newestFirst` or `oldestFirst`.")
                .answers::<WorkspaceMetrics>(200),
        )
        .get(
            "/workspaceDurationMetrics",
            durations,
            Op::new("Get how long a workspace was used or booked")
                .about("At most 48 hours, and with daily aggregation 30 days.")
                .scopes(SCOPE)
                .required_query("workspaceId", "The workspace.")
                .query("aggregation", "`hourly` or `daily`.")
                .query("measurement", "`timeUsed` or `timeBooked`.")
                .query("from", "From this moment on.")
                .query("to", "Before this moment.")
                .answers::<WorkspaceDurationMetrics>(200),
        )
}

fn word<T: Copy>(query: &Query, name: &str, words: &[(&str, T)]) -> Result<Option<T>, ApiError> {
    let Some(text) = query.get(name).map(str::trim) else {
        return Ok(None);
    };
    match words.iter().find(|(word, _)| word.eq_ignore_ascii_case(text)) {
        Some((_, value)) => Ok(Some(*value)),
        None => {
            let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            Err(ApiError::bad_request(format!(
                "{name}: must be one of {}, not {text:?}",
                known.join(", ")
            )))
        }
    }
}

fn moment(query: &Query, name: &str) -> Result<Option<Timestamp>, ApiError> {
    // Some clients do not encode the plus of an offset.
    let text = query.get(name).map(|text| text.trim().replace(' ', "+"));
    text.map(|text| text.parse())
        .transpose()
        .map_err(|error| ApiError::bad_request(format!("{name}: {error}")))
}

fn workspace(query: &Query) -> Result<WorkspaceId, ApiError> {
    query.required("workspaceId")?;
    let id = parameter(query, "workspaceId")?;
    id.ok_or_else(|| ApiError::bad_request("workspaceId: it is required"))
}

async fn metrics(
    State(platform): State<Arc<Platform>>,
    Ask { caller, query }: Ask,
) -> Result<Json<WorkspaceMetrics>, ApiError> {
    caller.may_read_workspace_metrics()?;
    query.required("metricName")?;
    let metric = word(&query, "metricName", &MetricName::WORDS)?;
    let asked = MetricQuery {
        workspace: workspace(&query)?,
        metric: metric.unwrap_or(MetricName::PeopleCount),
        aggregation: word(&query, "aggregation", &Aggregation::WORDS)?.unwrap_or(Aggregation::Hourly),
        from: moment(&query, "from")?,
        to: moment(&query, "to")?,
        fahrenheit: word(&query, "unit", &[("celsius", false), ("fahrenheit", true)])?,
        oldest_first: word(&query, "sortBy", &[("newestFirst", false), ("oldestFirst", true)])?
            .unwrap_or_default(),
    };
    Ok(Json(platform.workspace_metrics(&caller, &asked).await?))
}

async fn durations(
    State(platform): State<Arc<Platform>>,
    Ask { caller, query }: Ask,
) -> Result<Json<WorkspaceDurationMetrics>, ApiError> {
    caller.may_read_workspace_metrics()?;
    let asked = DurationQuery {
        workspace: workspace(&query)?,
        measurement: word(&query, "measurement", &Measurement::WORDS)?.unwrap_or(Measurement::Used),
        aggregation: word(&query, "aggregation", &Aggregation::WORDS[..2])?.unwrap_or(Aggregation::Hourly),
        from: moment(&query, "from")?,
        to: moment(&query, "to")?,
    };
    Ok(Json(platform.workspace_durations(&caller, &asked).await?))
}
