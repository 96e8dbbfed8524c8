//! Hot desks and personal mode (xapi 12): who sits where for today, and who gets a room's device for good.

mod personalize;
mod session;

pub use personalize::Task;
