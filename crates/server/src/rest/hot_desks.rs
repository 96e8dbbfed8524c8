//! Hot desks and personal mode (xapi 12).

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use hallway_platform::Platform;
use hallway_platform::hot_desk::Task;
use hallway_wire::control::Items;
use hallway_wire::id;
use hallway_wire::metrics::{HotDeskSession, PersonalizationTask, Personalize};

use super::query::{Ask, PathId, Unread, parameter};
use crate::body::Json;
use crate::describe::{Api, Op};
use crate::error::ApiError;
use crate::query::PathText;

pub(super) fn routes() -> Api {
    const PERSONALIZE: &[&str] = &["spark-admin:devices_write"];
    Api::new("Hot desks")
        .get(
            "/hotdesk/sessions",
            list,
            Op::new("List hot desk sessions")
                .scopes(&["spark-admin:workspaces_read"])
                .query("workspaceId", "Only sessions of this workspace.")
                .query("personId", "Only sessions of this person.")
                .answers::<Items<HotDeskSession>>(200),
        )
        .delete(
            "/hotdesk/sessions/{id}",
            delete,
            Op::new("Delete a hot desk session")
                .scopes(&["spark-admin:workspaces_write"])
                .empty(204),
        )
        .post(
            "/workspaces/{id}/personalize",
            personalize,
            Op::new("Personalize a workspace")
                .about("Gives the workspace's one device to a person. The header Location says where to ask how it went. The scopes identity:one_time_password, spark:xapi_commands and spark:xapi_statuses are needed too.")
                .scopes(PERSONALIZE)
                .takes::<Personalize>()
                .empty(202),
        )
        .get(
            "/workspaces/{id}/personalizationTask",
            task,
            Op::new("Get a personalization task")
                .about("Answers 202 with Retry-After while it goes on.")
                .scopes(PERSONALIZE)
                .answers::<PersonalizationTask>(200)
                .empty(202),
        )
}

async fn list(
    State(platform): State<Arc<Platform>>,
    Ask { caller, query }: Ask,
) -> Result<Json<Items<HotDeskSession>>, ApiError> {
    caller.may_read_workspaces()?;
    let (workspace, person) = (parameter(&query, "workspaceId")?, parameter(&query, "personId")?);
    let items = platform
        .list_hot_desk_sessions(&caller, workspace, person)
        .await?;
    Ok(Json(Items { items }))
}

async fn delete(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    PathText(id): PathText,
) -> Result<StatusCode, ApiError> {
    platform.delete_hot_desk_session(&caller, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn personalize(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    PathId(id): PathId<id::Workspace>,
    body: Unread,
) -> Result<Response, ApiError> {
    Platform::may_personalize(&caller)?;
    let body: Personalize = body.json().await?;
    platform.personalize(&caller, id, body.email.as_deref()).await?;
    let url = &platform.config().public_url;
    let location = format!("{url}/v1/workspaces/{id}/personalizationTask");
    let mut headers = HeaderMap::new();
    if let Ok(value) = HeaderValue::from_str(&location) {
        headers.insert(header::LOCATION, value);
    }
    Ok((StatusCode::ACCEPTED, headers).into_response())
}

async fn task(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    PathId(id): PathId<id::Workspace>,
) -> Result<Response, ApiError> {
    Ok(match platform.personalization_task(&caller, id).await? {
        Task::Done(task) => Json(task).into_response(),
        Task::Running(seconds) => {
            let mut response = StatusCode::ACCEPTED.into_response();
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
            response
        }
    })
}
