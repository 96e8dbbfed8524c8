//! Something that happened to a resource, as the module that did it says it.

use hallway_wire::Timestamp;
use hallway_wire::id::{OrgId, PersonId};
use hallway_wire::webhook::{Event, Resource};
use serde_json::Value;

use crate::error::Result;
use crate::platform::Platform;
use crate::ports::Write;

/// Something that happened: told to webhooks, and kept in the log of events. It is committed with the change
/// itself, so that neither is there without the other.
#[derive(Clone, Debug)]
pub struct Happening {
    /// The organization in which it happened; for a service app, its developer's.
    pub org: OrgId,
    /// Concrete: never `all`.
    pub resource: Resource,
    /// Concrete: never `all`.
    pub event: Event,
    /// Who did it; for calls the person whose call it is.
    pub actor: Option<PersonId>,
    pub at: Timestamp,
    /// Member `data` of the webhook's envelope: exactly what webhooks 5.3 names for the resource, never a
    /// message's text. Filters look at these members.
    pub data: Value,
    /// The resource as its own API shows it, for `GET /events`; `None` where that API does not tell of it.
    pub full: Option<Value>,
    /// The people who may see it: members of the room, host and invitees, the person whose call it is.
    /// Webhooks owned by the organization see all of its organization.
    pub audience: Vec<PersonId>,
}

impl Platform {
    /// Commits a change together with what is told about it. When it returns, both survive a crash.
    pub(crate) async fn commit_with(&self, writes: Vec<Write>, happenings: Vec<Happening>) -> Result<()> {
        // Nobody can subscribe yet.
        drop(happenings);
        self.commit(writes).await
    }
}
