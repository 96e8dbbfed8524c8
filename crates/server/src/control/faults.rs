//! Faults on demand: ordering them and taking them back.

use std::sync::Arc;

use axum::extract::{FromRequest as _, Path, Request, State};
use axum::http::StatusCode;
use hallway_platform::Platform;
use hallway_wire::control::Items;
use hallway_wire::fault::{Fault, FaultRequest, FaultsCleared};

use crate::auth::Authenticated;
use crate::body::Json;
use crate::describe::{Api, Op};
use crate::error::ApiError;

pub(super) fn routes() -> Api {
    Api::new("Faults")
        .get(
            "/faults",
            list,
            Op::new("List faults")
                .about("Also those that cannot strike any more; full administrators only.")
                .answers::<Items<Fault>>(200),
        )
        .post(
            "/faults",
            add,
            Op::new("Order a fault")
                .about("Faults live in memory and strike only the caller's organization; full administrators only.")
                .takes::<FaultRequest>()
                .answers::<Fault>(201),
        )
        .delete(
            "/faults",
            clear,
            Op::new("Take all faults back").answers::<FaultsCleared>(200),
        )
        .delete("/faults/{id}", remove, Op::new("Take a fault back").empty(204))
}

async fn list(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
) -> Result<Json<Items<Fault>>, ApiError> {
    Ok(Json(Items {
        items: platform.list_faults(&caller)?,
    }))
}

async fn add(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    body: Request,
) -> Result<(StatusCode, Json<Fault>), ApiError> {
    platform.may_order_faults(&caller)?;
    let Json(request) = Json::<FaultRequest>::from_request(body, &()).await?;
    Ok((
        StatusCode::CREATED,
        Json(platform.add_fault(&caller, &request).await?),
    ))
}

async fn remove(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    platform.remove_fault(&caller, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn clear(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
) -> Result<Json<FaultsCleared>, ApiError> {
    let removed = platform.clear_faults(&caller).await?;
    Ok(Json(FaultsCleared { removed }))
}
