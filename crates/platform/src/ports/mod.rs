//! What the domain needs from outside, and the laws that each implementation keeps.

pub mod bus;
pub mod clock;
pub mod queue;

pub use bus::{Bus, Nudges, Topic};
pub use clock::Clock;
pub use queue::{NewNotification, Notification, NotificationKind, Queue, QueueError, QueueLimits, QueueStats, Take};
