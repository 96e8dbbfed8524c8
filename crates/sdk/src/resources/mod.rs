//! The resources of the REST API: people, licenses, places, devices, calling, messaging, webhooks, applications.
//!
//! Answers are read leniently: a member that a service leaves out is `None` or empty, a word that it adds is kept.
//! Requests say only what was set: a [`Member`] is kept, set or cleared.

mod applications;
mod calling;
mod cards;
mod devices;
mod frame;
mod licenses;
mod locations;
mod messaging;
mod numbers;
mod organizations;
mod people;
mod teams;
mod webhooks;
mod workspaces;

pub use applications::{Application, ApplicationQuery, Applications, ServiceAppTokens};
pub use calling::Calling;
pub use cards::{CardAction, Cards};
pub use devices::{ActivationCode, ConnectionStatus, DeviceInfo, DeviceQuery, Devices};
pub use frame::Member;
pub use licenses::{Assigned, Holder, License, LicenseChange, Licenses, Line};
pub use locations::{Address, Floor, Floors, Location, LocationBody, LocationQuery, Locations};
pub use messaging::{
    Membership, MembershipQuery, Memberships, Message, MessageBody, MessageQuery, Messages, Room, RoomBody,
    RoomQuery, Rooms,
};
pub use numbers::{
    AddNumbers, CallingLocation, CallingLocationQuery, NumberChange, NumberLocation, NumberOwner,
    NumberQuery, NumberState, PersonNumber, PersonNumbers, PhoneNumber, ValidatedNumber, Validation,
};
pub use organizations::{Organization, Organizations, Role, Roles};
pub use people::{People, Person, PersonBody, PersonQuery, PostalAddress, WorkNumber};
pub use teams::{Team, TeamBody, TeamQuery, Teams};
pub use webhooks::{Webhook, WebhookBody, WebhookQuery, Webhooks};
pub use workspaces::{
    Capability, Metric, MetricName, Metrics, MetricsQuery, Workspace, WorkspaceBody, WorkspaceQuery,
    Workspaces,
};
