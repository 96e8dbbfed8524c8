//! The domain: who may do what, what follows from it, and when it is tried again.
//!
//! It knows no SQL, no HTTP status, no socket. What it needs from outside is a trait in [`ports`].

pub mod application;
pub mod archive;
pub mod audit;
mod call;
pub mod caller;
pub mod calling;
pub mod crypto;
pub mod device;
pub mod error;
pub mod event;
pub mod fault;
pub mod feature;
pub mod hot_desk;
pub mod integration;
pub mod mail;
pub mod meeting;
pub mod messaging;
pub mod metrics;
pub mod notify;
pub mod oauth;
pub mod org;
pub mod place;
pub mod platform;
pub mod ports;
pub mod publication;
pub mod records;
mod trigger;
pub mod webhook;

pub use caller::{Caller, Principal};
pub use device::Attachment;
pub use error::{Error, Result};
pub use platform::{Config, Parts, Platform};
