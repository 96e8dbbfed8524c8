//! Whole-house tests: a Hallway in this process, or the built binary, spoken to as its clients do: over HTTP,
//! WebSockets, and with a receiver of webhooks of their own.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod contract;
mod contract_talk;
mod crash;
mod faults;
mod intercept;
mod lifecycle;
mod limits;
mod links;
mod map;
mod notifications;
mod organizations;
mod profiles;
mod screens;
mod service_desk;
mod signage;
mod support;
mod test_command;
mod unauthorized;
mod webhooks;
