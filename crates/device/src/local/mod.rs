//! The local API of a device: JSON-RPC over a WebSocket.
//!
//! - [`users`]: who may connect.
//! - [`session`]: one connection, as clients of real devices know it.
//! - [`standalone`]: a device on a port of its own.
//! - [`dial`]: a device that connects to a Hallway.

mod conversation;
pub mod dial;
pub mod session;
pub mod standalone;
pub mod users;

pub use dial::{DialCounters, DialOptions, Dialler};
pub use session::run_session;
pub use standalone::{serve, serve_with_tls};
pub use users::{Admission, Denied, LocalUser, LocalUsers};
