//! Hallway's own management API, below `/hallway/v1`: what Control Hub does.

use axum::Router;

use crate::app::App;

mod devices;
mod house;
mod integrations;

/// All of it.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .merge(integrations::routes())
        .merge(devices::routes())
        .merge(house::routes())
}
