//! Booking hot desks, which people do at the desk.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use hallway_platform::Platform;
use hallway_wire::metrics::{BookHotDesk, HotDeskSession};

use crate::auth::Authenticated;
use crate::body::{Json, Unread};
use crate::describe::{Api, Op};
use crate::error::ApiError;

pub(super) fn routes() -> Api {
    Api::new("Hallway: hot desks").post(
        "/hotdesk/sessions",
        book,
        Op::new("Book a hot desk")
            .about("From now on; the desk's simulated device shows it.")
            .takes::<BookHotDesk>()
            .answers::<HotDeskSession>(201),
    )
}

async fn book(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    body: Unread,
) -> Result<(StatusCode, Json<HotDeskSession>), ApiError> {
    caller.require_device_admin()?;
    let book: BookHotDesk = body.json().await?;
    let made = platform.book_hot_desk(&caller, &book).await?;
    Ok((StatusCode::CREATED, Json(made)))
}
