//! The HTTP surface over a real store, without a socket.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod audit;
mod authorizations;
mod browser;
mod calling;
mod calls;
mod contracts;
mod devices;
mod every_operation;
mod features;
mod groups;
mod hot_desks;
mod licenses;
mod locations;
mod meetings;
mod messaging;
mod metrics;
mod oauth;
mod operator;
mod organizations;
mod organizations_managed;
mod organizations_moved;
mod outbox;
mod people;
mod people_calling;
mod people_write;
mod publication;
mod receiver;
mod recordings;
mod rig;
mod scim;
mod screens;
mod service_apps;
mod smtp;
mod stop;
mod webhooks;
mod workspaces;
