//! Every shape that crosses the network: ids, times, manifests, tokens, JWT claims, REST bodies and
//! notifications. Shapes only: nothing here decides, stores or sends.

pub mod application;
pub mod audit;
pub mod authorization;
pub mod call;
pub mod calling;
pub mod claims;
pub mod control;
pub mod device;
pub mod error;
pub mod event;
pub mod fault;
pub mod feature;
pub mod group;
pub mod id;
pub mod integration;
pub mod license;
pub mod mail;
pub mod manifest;
pub mod meeting;
pub mod messaging;
pub mod metrics;
pub mod organization;
pub mod person;
pub mod place;
pub mod publication;
pub mod recording;
pub mod scim;
pub mod screen;
pub mod secret;
pub mod time;
pub mod token;
pub mod trigger;
pub mod webhook;
pub mod zone;

pub use id::Id;
pub use secret::Secret;
pub use time::Timestamp;
