//! The domain: who may do what, what follows from it, and when it is tried again.
//!
//! It knows no SQL, no HTTP status, no socket. What it needs from outside is a trait in [`ports`].

pub mod ports;
