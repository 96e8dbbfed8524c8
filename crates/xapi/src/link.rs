//! The link between a device and whoever uses it. A simulated device in process, one that dialled in over
//! its own WebSocket, and a real one behind a client are the same thing to the platform.

use async_trait::async_trait;
use serde_json::Value;

use crate::key::Key;
use crate::rpc::RpcError;

/// What can be asked of a device: the methods of its local API (`xGet`, `xQuery`, `xSet`, `xCommand/...`),
/// and, of a simulated one, the methods that start with `xSimulator/`.
#[async_trait]
pub trait Link: Send + Sync {
    /// Sends a request and waits for the device's answer. The caller limits the time.
    ///
    /// # Errors
    /// What the device answered; [`RpcError`] with code -31997 where the link broke before it did.
    async fn call(&self, method: &str, params: Value) -> Result<Value, RpcError>;

    /// Ends the link. The device may dial in again.
    fn close(&self, reason: &str);
}

/// One thing that happened on a device.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// A status leaf has a new value.
    Status(Key, Value),
    /// A status node or list item is gone.
    StatusRemoved(Key),
    /// Something happened; the value is an object, possibly empty.
    Event(Key, Value),
    /// A configuration was set on the device itself; `None`: it is back at its default.
    Configuration(Key, Option<Value>),
}

/// Changes of one device that belong together, in order.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// When the device saw them, in milliseconds since 1970. `None`: now.
    pub at_ms: Option<i64>,
    pub changes: Vec<Change>,
}

/// Why a report was not taken.
#[derive(Clone, Debug, thiserror::Error)]
pub enum UplinkError {
    #[error("the device is not registered any more")]
    Gone,
    #[error("the report could not be stored")]
    Unavailable,
}

/// Where a device tells what happened.
#[async_trait]
pub trait Uplink: Send + Sync {
    /// Hands over a report. When this returns, everything that follows from it is durable.
    ///
    /// # Errors
    /// The report was not taken and may be sent again.
    async fn report(&self, report: Report) -> Result<(), UplinkError>;
}
