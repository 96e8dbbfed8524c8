//! Notifications: what happens on devices, as one stream whatever way it comes.
//!
//! [`Integration::poll`] fetches them from the queue; [`Integration::receiver`] takes what is posted. Both give an
//! [`Inbox`]: a stream of [`Delivery`]s, each of which is acknowledged when it is [`done`](Delivery::done). What is
//! not done is delivered again. [`Handlers`] reads an inbox and calls handlers by path.
//!
//! A notification has no id. What was handled is remembered by the hash of its text, in a [`Memory`], so that one
//! that the service sends twice is handled once: in this process with [`Recent`], across restarts with
//! [`RecentFile`].

mod extract;
mod handlers;
mod inbox;
mod memory;
mod message;
mod poll;
#[cfg(feature = "tower")]
mod service;
mod webhook;

pub use extract::{
    At, Extract, FullSync, Handler, Index, IntoOutcome, Mismatch, Notice, Shared, Value, Workspace,
};
pub use handlers::Handlers;
pub use inbox::{Delivery, Inbox, Persistence};
pub(crate) use inbox::{Outcome, Source, Worker};
pub use memory::{Fingerprint, Memory, Recent, RecentFile};
pub use message::{Event, EventsNotification, Notification, StatusNotification};
pub use poll::PollOptions;
#[cfg(feature = "tower")]
pub use service::{ActionService, WebhookService};
#[cfg(feature = "tower")]
pub(crate) use service::{answer, read};
pub use webhook::{Receiver, ReceiverOptions, Reply};
