//! Assembles a whole Hallway: store, queue, platform, HTTP, simulated devices. The only room that reads the
//! environment, chooses a backend, or prints.

mod demo;
pub mod devices;
pub mod house;
pub mod interception;
mod local_api;
pub mod office;

pub use house::{Data, Demo, House, HouseConfig, Time, Tls};
pub use interception::Intercept;
