//! `/v1/attachment/actions` (messaging-meetings 4).

use std::sync::Arc;

use axum::extract::State;
use hallway_platform::Platform;
use hallway_wire::id;
use hallway_wire::messaging::{AttachmentAction, NewAttachmentAction};

use super::query::{Ask, PathId, Unread};
use crate::body::Json;
use crate::describe::{Api, Op};
use crate::error::ApiError;

pub(super) fn routes() -> Api {
    Api::new("Attachment actions")
        .post(
            "/attachment/actions",
            submit_card,
            Op::new("Submit a card")
                .about("Answers 200: one of the official clients takes nothing else, although the contract says 202.")
                .scopes(&["spark:messages_write"])
                .takes::<NewAttachmentAction>()
                .answers::<AttachmentAction>(200),
        )
        .get(
            "/attachment/actions/{id}",
            get_action,
            Op::new("Get what was entered into a card")
                .scopes(&["spark:messages_read", "spark-compliance:messages_read"])
                .answers::<AttachmentAction>(200),
        )
}

async fn submit_card(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    body: Unread,
) -> Result<Json<AttachmentAction>, ApiError> {
    caller.may_write_messages()?;
    Ok(Json(platform.submit_card(&caller, &body.json().await?).await?))
}

async fn get_action(
    State(platform): State<Arc<Platform>>,
    Ask { caller, .. }: Ask,
    PathId(id): PathId<id::AttachmentAction>,
) -> Result<Json<AttachmentAction>, ApiError> {
    Ok(Json(platform.action_details(&caller, id).await?))
}
