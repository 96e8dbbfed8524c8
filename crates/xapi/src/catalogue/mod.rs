//! The catalogue: which statuses, commands, events and configurations a RoomOS device has, and which values
//! they take.
//!
//! [`Catalogue::builtin`] is our own selection, enough for a simulated device; [`Catalogue::from_schema`]
//! lays the published schema file over it, for those who have it. A catalogue does not change once built.

mod builtin;
mod command;
mod contents;
mod roles;
mod schema;
mod spec;
mod table;
mod value;

pub use builtin::DataError;
pub use command::{ArgumentError, ArgumentProblem, CommandSpec, MAX_BODY_BYTES, Param};
pub use contents::Catalogue;
pub use roles::{Role, Roles};
pub use schema::SchemaError;
pub use spec::{ConfigurationSpec, EventSpec, Field, FieldKind, StatusSpec};
pub use value::{ValueError, ValueSpace};
