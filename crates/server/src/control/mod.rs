//! Hallway's own management API, below `/hallway/v1`: what Control Hub does.

use crate::describe::Api;

mod applications;
mod archives;
mod calling;
mod calls;
mod devices;
mod faults;
mod features;
mod hot_desks;
mod house;
mod integrations;
mod licenses;
mod meetings;
mod operator_organizations;
mod organization;
mod outbox;
mod publications;
mod trigger;
mod webhooks;

/// All of it.
pub(crate) fn routes() -> Api {
    Api::new("Hallway")
        // One line for each module, in the order of the alphabet.
        .merge(applications::routes())
        .merge(archives::routes())
        .merge(calling::routes())
        .merge(calls::routes())
        .merge(devices::routes())
        .merge(faults::routes())
        .merge(features::routes())
        .merge(hot_desks::routes())
        .merge(house::routes())
        .merge(integrations::routes())
        .merge(licenses::routes())
        .merge(meetings::routes())
        .merge(operator_organizations::routes())
        .merge(organization::routes())
        .merge(outbox::routes())
        .merge(publications::routes())
        .merge(trigger::routes())
        .merge(webhooks::routes())
}
