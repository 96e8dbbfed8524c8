//! The simulator as others see it: through the link, through a real WebSocket client, and through a Hallway
//! that it dials.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on may stop")]

mod behaviour;
mod dialling;
mod helpers;
mod local;
mod order;
mod play;
mod robust;
mod signage;
mod web_apps;
