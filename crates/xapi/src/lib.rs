//! The language of a RoomOS device: keys and patterns, value trees, the catalogue of what exists,
//! JSON-RPC frames, and the link over which a device is reached.
//!
//! Nothing here does I/O, and nothing here knows an organisation, a token or HTTP: a simulated device,
//! a client of a real one and the platform all speak through these types.

pub mod catalogue;
pub mod index;
pub mod key;
pub mod link;
pub mod pattern;
pub mod report;
pub mod rpc;
pub mod tree;

pub use catalogue::Catalogue;
pub use index::PatternIndex;
pub use key::{Key, Segment};
pub use link::{Change, Link, Report, Uplink, UplinkError};
pub use pattern::{ArraySpec, Pattern};
pub use rpc::{RpcError, RpcId};
