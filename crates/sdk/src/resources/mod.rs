//! The resources of the REST API: people and groups, licenses, places, devices, calling, messaging, meetings, webhooks,
//! applications, and who did what.
//!
//! Answers are read leniently: a member that a service leaves out is `None` or empty, a word that it adds is kept.
//! Requests say only what was set: a [`Member`] is kept, set or cleared.

mod applications;
mod audit;
mod authorizations;
mod calling;
mod cards;
mod desks;
mod devices;
mod files;
mod frame;
mod groups;
mod jobs;
mod licenses;
mod locations;
mod meetings;
mod messaging;
mod numbers;
mod organizations;
mod people;
mod scim;
mod teams;
mod webhooks;
mod workspace_locations;
mod workspaces;

pub use applications::{Application, ApplicationQuery, Applications, ServiceAppTokens};
pub use audit::{
    AdminAudit, AuditData, AuditEvent, AuditQuery, ComplianceEvent, EventQuery, Events, SecurityAudit,
};
pub use authorizations::{Authorization, AuthorizationQuery, Authorizations};
pub use calling::Calling;
pub use cards::{CardAction, Cards};
pub use desks::{HotDeskQuery, HotDeskSession, HotDesks, Personalization, TimeInUse, TimeInUseQuery};
pub use devices::{ActivationCode, ConnectionStatus, DeviceInfo, DeviceQuery, Devices};
pub use files::{MessageFile, RoomMeetingInfo, TeamMembership, TeamMembershipQuery, TeamMemberships};
pub use frame::Member;
pub use groups::{Group, GroupBody, GroupMember, GroupMemberChange, GroupQuery, Groups};
pub use jobs::{EmailCounts, EmailJob, JobError, JobState};
pub use licenses::{Assigned, Holder, License, LicenseChange, Licenses, Line};
pub use locations::{Address, Floor, Floors, Location, LocationBody, LocationQuery, Locations};
pub use meetings::{
    DownloadLinks, Invitee, Meeting, MeetingBody, MeetingQuery, MeetingState, Meetings, Recording,
    RecordingQuery, Recordings,
};
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
pub use scim::{
    Scim, ScimGroup, ScimGroups, ScimMember, ScimName, ScimOperation, ScimOutcome, ScimPatch, ScimQuery,
    ScimUser, ScimUsers, ScimValue,
};
pub use teams::{Team, TeamBody, TeamQuery, Teams};
pub use webhooks::{Webhook, WebhookBody, WebhookQuery, Webhooks};
pub use workspace_locations::{
    WorkspaceFloors, WorkspaceLocation, WorkspaceLocationBody, WorkspaceLocationQuery, WorkspaceLocations,
};
pub use workspaces::{
    Capability, Metric, MetricName, Metrics, MetricsQuery, Workspace, WorkspaceBody, WorkspaceQuery,
    Workspaces,
};
