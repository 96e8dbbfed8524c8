//! A demo office: who works there, which rooms and devices it has, and what happens on a day.
//!
//! - [`plan`]: plain data; the same seed gives the same ids.
//! - [`calendar`]: who meets where on a day.
//! - [`day`]: what every device sees of that, as a list of happenings. Pure.
//! - [`play`]: plays the list on devices.

pub mod calendar;
pub mod day;
pub mod plan;
pub mod play;

pub use calendar::{Meeting, MeetingKind};
pub use day::{Day, Happening, What};
pub use plan::{
    Calling, DevicePlan, FloorPlan, LocationPlan, OfficePlan, OrganizationPlan, PersonPlan, WorkspacePlan,
    WorkspaceType,
};
pub use play::OfficeDay;
