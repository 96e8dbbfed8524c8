//! HTTP, WebSocket and outgoing requests: the only room that knows a status code, a header or a socket.
//!
//! `rest` is the Webex surface, `control` is Hallway's own management API, `link` is where devices dial in,
//! `courier` carries what goes out, `intercept` stands in for the hosts that clients have compiled in. Nothing here decides who may do what: handlers take a request apart, ask
//! the platform, and wrap the answer.

mod activate;
mod app;
mod auth;
mod body;
mod contract;
mod control;
pub mod courier;
mod describe;
mod error;
mod fault;
pub mod intercept;
mod link;
pub mod listen;
mod metrics;
mod query;
mod rest;
pub mod smtp;
mod tracking;

pub use app::{App, DeviceHost, HostError, ServerConfig, router};
pub use error::ApiError;
