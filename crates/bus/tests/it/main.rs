//! The queue and the bus as others see them.

#![allow(
    clippy::unwrap_used,
    reason = "everything here is a test, also what the lint does not recognise as one"
)]

mod crash;
mod disk;
mod laws;
mod model;
mod nudges;
mod support;
