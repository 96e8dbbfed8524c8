//! Notifications: from what a device reports to what an integration receives.
//!
//! The path of one notification: a link session hands a report to [`Platform::report`] → the organization's
//! audience says which activations hear each key → one message per activation is built and appended to the
//! durable queue → the report is acknowledged → a nudge wakes the activation's webhook senders
//! ([`deliver`]) or its waiting poll ([`poll`]).
//!
//! [`Platform::report`]: crate::Platform::report

mod audience;
mod deliver;
mod message;
mod poll;
mod report;
mod sweep;
mod sync;

pub(crate) use audience::Audiences;
pub(crate) use deliver::{Deliveries, webhook_headers};
pub use poll::PollAnswer;
pub(crate) use poll::Pollers;
