//! What only Control Hub does about Webex Calling: integrated connections, and taking it away.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use hallway_platform::Platform;
use hallway_wire::calling::PstnChoice;

use crate::auth::Authenticated;
use crate::body::Json;
use crate::describe::{Api, Op};
use crate::error::ApiError;
use crate::query::id;

pub(super) fn routes() -> Api {
    Api::new("Calling")
        .put(
            "/calling/locations/{id}/connection",
            connect,
            Op::new("Choose any PSTN connection for a location")
                .about("Integrated ones too, which the Webex API cannot set up.")
                .takes::<PstnChoice>()
                .empty(204),
        )
        .delete(
            "/calling/locations/{id}",
            disable,
            Op::new("Take Webex Calling away from a location")
                .about("Its numbers and lines must be gone.")
                .empty(204),
        )
}

async fn connect(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    Path(location): Path<String>,
    Json(choice): Json<PstnChoice>,
) -> Result<StatusCode, ApiError> {
    platform
        .choose_any_pstn(&caller, id(&location)?, choice.pstn_connection_type)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn disable(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    Path(location): Path<String>,
) -> Result<StatusCode, ApiError> {
    platform.disable_calling(&caller, id(&location)?).await?;
    Ok(StatusCode::NO_CONTENT)
}
