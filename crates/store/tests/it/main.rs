//! The store: the laws of the port, run against each way to open it, and what survives a killed process.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod durability;
mod laws;
mod records;
