//! What the domain needs from outside, and the laws that each implementation keeps.

pub mod blobs;
pub mod bus;
pub mod clock;
pub mod courier;
pub mod outbox;
pub mod portable;
pub mod queue;
pub mod records;
pub mod store;

pub use blobs::{BlobError, BlobReader, BlobWriter, Blobs};
pub use bus::{Bus, Nudges, Topic};
pub use clock::Clock;
pub use courier::{Answer, Courier, CourierError, Download, Errand, Fetched, MAX_ANSWER, Target};
pub use outbox::{NewAttempt, NewOutgoing, Outgoing};
pub use portable::{Cell, CellKind, ORG_TABLES, OrgRecord, OrgRow, OrgTable};
pub use queue::{
    NewNotification, Notification, NotificationKind, Queue, QueueError, QueueLimits, QueueStats, Take,
};
pub use records::{After, Claim, Expect, Find, Key, Record, RecordWrite, Stored, by_time};
pub use store::{AuditPlace, AuditQuery, DeviceFilter, Page, Store, StoreError, WorkspaceFilter, Write};
