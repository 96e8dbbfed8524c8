//! The Webex surface, below `/v1`.

use crate::describe::Api;

mod app_features;
pub(crate) mod app_url;
mod applications;
mod attachment_actions;
mod audit;
mod authorizations;
mod authorize;
mod calling;
mod calls;
mod configurations;
mod contents;
mod devices;
mod events;
mod floors;
mod groups;
mod hot_desks;
mod jobs;
mod licenses;
mod locations;
mod meetings;
mod memberships;
mod messages;
mod metrics;
mod oauth;
mod organizations;
pub(crate) mod page;
mod pages;
mod people;
mod query;
mod recordings;
mod rooms;
pub(crate) mod scim;
mod team_memberships;
mod teams;
mod upload;
mod webhooks;
mod workspace_locations;
mod workspaces;
mod xapi;

/// All of it.
pub(crate) fn routes() -> Api {
    Api::new("Webex")
        // One line for each module, in the order of the alphabet.
        .merge(applications::routes())
        .merge(attachment_actions::routes())
        .merge(audit::routes())
        .merge(authorizations::routes())
        .merge(authorize::routes())
        .merge(calling::routes())
        .merge(calls::routes())
        .merge(configurations::routes())
        .merge(contents::routes())
        .merge(devices::routes())
        .merge(events::routes())
        .merge(floors::routes())
        .merge(groups::routes())
        .merge(hot_desks::routes())
        .merge(jobs::routes())
        .merge(licenses::routes())
        .merge(locations::routes())
        .merge(meetings::routes())
        .merge(memberships::routes())
        .merge(messages::routes())
        .merge(metrics::routes())
        .merge(oauth::routes())
        .merge(organizations::routes())
        .merge(people::routes())
        .merge(recordings::routes())
        .merge(rooms::routes())
        .merge(team_memberships::routes())
        .merge(teams::routes())
        .merge(webhooks::routes())
        .merge(workspace_locations::routes())
        .merge(workspaces::routes())
        .merge(xapi::routes())
}
