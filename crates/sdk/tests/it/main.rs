//! The SDK against a service that plays exchanges in the shapes of the real protocol, with faults.
#![allow(clippy::unwrap_used, clippy::missing_panics_doc, unreachable_pub)]

mod client;
mod fleet;
mod integration;
mod listen;
mod notify;
mod play;
mod proxy;
mod resources;
mod tenants;
mod tokens;
mod webhook;
