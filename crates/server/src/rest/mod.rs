//! The Webex surface, below `/v1`.

use axum::Router;

use crate::app::App;

pub(crate) mod app_url;
mod configurations;
mod oauth;
mod xapi;

/// All of it.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .merge(oauth::routes())
        .merge(xapi::routes())
        .merge(configurations::routes())
}
