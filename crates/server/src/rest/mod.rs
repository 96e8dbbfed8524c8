//! The Webex surface, below `/v1`.

use axum::Router;

use crate::app::App;

pub(crate) mod app_url;
mod configurations;
mod devices;
mod floors;
mod locations;
mod oauth;
mod organizations;
mod page;
mod people;
mod query;
mod workspace_locations;
mod workspaces;
mod xapi;

/// All of it.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .merge(oauth::routes())
        .merge(xapi::routes())
        .merge(configurations::routes())
        .merge(organizations::routes())
        .merge(people::routes())
        .merge(locations::routes())
        .merge(workspace_locations::routes())
        .merge(floors::routes())
        .merge(workspaces::routes())
        .merge(devices::routes())
}
