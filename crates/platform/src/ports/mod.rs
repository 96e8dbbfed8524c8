//! What the domain needs from outside, and the laws that each implementation keeps.

pub mod bus;
pub mod clock;
pub mod courier;
pub mod queue;
pub mod store;

pub use bus::{Bus, Nudges, Topic};
pub use clock::Clock;
pub use courier::{Answer, Courier, CourierError, Errand, Target};
pub use queue::{
    NewNotification, Notification, NotificationKind, Queue, QueueError, QueueLimits, QueueStats, Take,
};
pub use store::{DeviceFilter, Page, Store, StoreError, WorkspaceFilter, Write};
