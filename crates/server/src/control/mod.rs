//! Hallway's own management API, below `/hallway/v1`: what Control Hub does.

use crate::describe::Api;

mod calling;
mod devices;
mod faults;
mod house;
mod integrations;
mod licenses;
mod meetings;
mod outbox;
mod webhooks;

/// All of it.
pub(crate) fn routes() -> Api {
    Api::new("Hallway")
        // One line for each module, in the order of the alphabet.
        .merge(calling::routes())
        .merge(devices::routes())
        .merge(faults::routes())
        .merge(house::routes())
        .merge(integrations::routes())
        .merge(licenses::routes())
        .merge(meetings::routes())
        .merge(outbox::routes())
        .merge(webhooks::routes())
}
