//! Deliveries of webhooks that are still to be made, and what became of the last ones.
//!
//! They are written in the commit of the change that they tell of ([`Write::PutOutgoing`](super::Write)), so
//! that a crash leaves both or neither. The laws (`crates/store/tests/it/laws/outbox.rs`):
//! 1. Deliveries of a webhook are read in the order of their commits; a number is never given out twice.
//! 2. What was read with a number is followed only by higher numbers, also by those of later commits.
//! 3. The attempts of a webhook are a ring: the newest of each slot, newest first.

use hallway_wire::Timestamp;
use hallway_wire::id::WebhookId;
use uuid::Uuid;

/// A delivery as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewOutgoing {
    pub webhook: WebhookId,
    /// The same for every attempt: receivers know a repetition by it.
    pub delivery: Uuid,
    pub at: Timestamp,
    /// Exactly the bytes that are sent, and signed.
    pub body: String,
}

/// A delivery as it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    pub seq: u64,
    pub delivery: Uuid,
    pub at: Timestamp,
    pub body: String,
}

/// One attempt of a delivery, as JSON, in its slot of the ring.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAttempt {
    pub webhook: WebhookId,
    pub slot: u64,
    /// Grows with each attempt of the webhook.
    pub number: u64,
    pub doc: String,
}
