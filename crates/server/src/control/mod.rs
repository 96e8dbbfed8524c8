//! Hallway's own management API, below `/hallway/v1`: what Control Hub does.

use axum::Router;

use crate::app::App;
use crate::describe::Api;

mod devices;
mod house;
mod integrations;

/// All of it.
pub(crate) fn routes() -> Router<App> {
    described().into_parts().0.merge(undescribed())
}

/// Routes with their operations.
pub(crate) fn described() -> Api {
    Api::new("Hallway")
}

/// Routes that do not say yet what they do.
fn undescribed() -> Router<App> {
    Router::new()
        .merge(integrations::routes())
        .merge(devices::routes())
        .merge(house::routes())
}
