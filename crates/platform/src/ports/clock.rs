//! What time it is.

use hallway_wire::Timestamp;

/// A clock. Tests move it by hand.
pub trait Clock: Send + Sync {
    fn now(&self) -> Timestamp;
}
