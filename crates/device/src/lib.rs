//! Simulated RoomOS devices, their local WebSocket API, the link over which a device dials a Hallway, and a
//! demo office whose day they play.
//!
//! This room is a guest: it knows the language of devices (`hallway-xapi`) and the shapes of the network
//! (`hallway-wire`), never the platform. A test that uses it proves the protocol.
//!
//! - [`SimulatedDevice`]: one device; implements [`hallway_xapi::Link`] and tells an
//!   [`hallway_xapi::Uplink`].
//! - [`local`]: `/ws` as on a real device, for clients like jsxapi, and the dialling client.
//! - [`office`]: the plan of an invented office, and what happens there on a day.

mod access;
mod agenda;
mod behaviour;
mod device;
mod doc;
pub mod local;
mod methods;
mod model;
pub mod office;
mod query;
mod ran;
mod schema;
mod screen;
mod simulator;
mod state;
mod subscriptions;
mod timer;

pub use access::Access;
pub use behaviour::web_app::KEY_PREFIX;
pub use device::{Counters, SimulatedDevice};
pub use model::{DeviceSpec, PanelSpec, ProductModel, Sensors};
pub use ran::{Ran, RunLog};
pub use state::{Pace, Power};
pub use timer::{ManualTimer, RealTimer, Sleep, Timer};
