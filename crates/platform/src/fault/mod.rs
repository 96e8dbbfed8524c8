//! Faults on demand: an administrator orders that something goes wrong, so that the authors of integrations
//! see how their own code takes it.
//!
//! A fault is a [`Scope`] (whom it strikes), an effect (what goes wrong) and bounds (how often, how likely,
//! how long). [`Faults`] keeps them in memory and decides what is struck; it never does anything itself.
//! Those who ask it: the HTTP layer for each request, the senders ([`Faults::on_delivery`]) and polls for each
//! notification, and whoever wants to reach a device ([`crate::Platform::link_of`]). A fault belongs to one
//! organization and strikes nothing of another one.

mod figures;
mod registry;
mod route;
mod scope;
mod service;
mod walk;

pub use figures::Struck;
pub(crate) use registry::MAX_LATENCY;
pub use registry::{DeliveryEffect, DeliveryFault, Faults, Ids, RequestEffect, RequestFault};
pub use route::Route;
pub use scope::{Asked, Target};
pub(crate) use walk::{HOLD, Walk, What};
