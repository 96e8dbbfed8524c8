//! Plans against a world that fails as it likes, and the service desk against a real Hallway.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod desk;
mod engine;
mod faults;
mod support;
