//! Making things happen, for tests of whoever listens.

use std::sync::Arc;

use axum::extract::State;
use hallway_platform::Platform;
use hallway_wire::control::Items;
use hallway_wire::trigger::{TriggerAbout, TriggerRequest};
use serde_json::Value;

use crate::auth::Authenticated;
use crate::body::Json;
use crate::describe::{Api, Op};
use crate::error::ApiError;

pub(super) fn routes() -> Api {
    Api::new("Triggers")
        .get(
            "/trigger",
            list_triggers,
            Op::new("List what can be made to happen").answers::<Items<TriggerAbout>>(200),
        )
        .post(
            "/trigger",
            trigger,
            Op::new("Make something happen")
                .about("It really happens, as the caller, who needs the scopes for it; the answer shows what was made.")
                .takes::<TriggerRequest>()
                .answers::<Value>(200),
        )
}

async fn list_triggers(
    State(platform): State<Arc<Platform>>,
    Authenticated(_): Authenticated,
) -> Json<Items<TriggerAbout>> {
    Json(Items {
        items: platform.list_triggers(),
    })
}

async fn trigger(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    Json(request): Json<TriggerRequest>,
) -> Result<Json<Value>, ApiError> {
    let TriggerRequest { resource, event, set } = request;
    Ok(Json(platform.trigger(&caller, &resource, &event, set).await?))
}
