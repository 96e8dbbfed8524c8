//! Where state is kept.
//!
//! Reads are single questions. Changes are made with [`Store::commit`]: a list of writes that are done
//! together or not at all, durable when it returns. No transaction leaves the store.

use async_trait::async_trait;
use hallway_wire::Timestamp;
use hallway_wire::control::AuditEvent;
use hallway_wire::id::{
    ActivationId, AppId, DeviceId, FloorId, LocationId, OrgId, PersonId, WebhookId, WorkspaceId,
};
use uuid::Uuid;

use crate::crypto::SigningKeyRecord;
use crate::device::{Configured, Device, DeviceCode};
use crate::integration::{Activation, Integration};
use crate::oauth::{Grant, Token, TokenKind};
use crate::org::{Organization, Person};
use crate::place::{Floor, Location, Workspace};
use crate::ports::outbox::{NewAttempt, NewOutgoing, Outgoing};
use crate::ports::portable::{OrgRecord, OrgRow};
use crate::ports::records::{Find, RecordWrite, Stored};

/// Why the store did not do it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// Something else is there already, or is not as the writer believed. A sentence for people.
    #[error("{what}")]
    Conflict { what: String },
    /// A record is not as the writer read it. Reading again and deciding anew may help.
    #[error("The record was changed or removed by somebody else in the meantime.")]
    Stale,
    #[error("{0}")]
    Backend(String),
}

/// One write of a commit. `Put` inserts or replaces by id; `New` demands that it is not there yet.
#[derive(Clone, Debug)]
pub enum Write {
    /// Demands that the stored revision is the one before this one's.
    PutOrganization(Organization),
    /// Demands that there is no organization with this id.
    NewOrganization(Organization),
    DeleteOrganization(OrgId),
    /// So many rows of an organization in a table go; of records the first ones in the order of
    /// [`Store::org_records`], with their keys and claims.
    PurgeRows {
        org: OrgId,
        table: &'static str,
        max: usize,
    },
    /// A row of an archive. Demands that nothing with its keys is there, and that what it belongs to is this
    /// organization's.
    ImportRow(OrgId, OrgRow),
    PutPerson(Person),
    DeletePerson(PersonId),
    PutLocation(Location),
    /// Its floors go with it.
    DeleteLocation(LocationId),
    PutFloor(Floor),
    DeleteFloor(FloorId),
    PutWorkspace(Workspace),
    /// Its devices and their configurations go with it.
    DeleteWorkspace(WorkspaceId),
    /// Demands that there is no device with this id.
    NewDevice(Device),
    /// Demands that the stored revision is the one before this one's.
    PutDevice(Device),
    /// Its configurations go with it.
    DeleteDevice(DeviceId),
    PutConfigured(Configured),
    DeleteConfigured(DeviceId, String),
    PutDeviceCode(DeviceCode),
    /// Demands that the code is still there: a code is used once.
    TakeDeviceCode([u8; 32]),
    NewIntegration(Integration),
    PutIntegration(Integration),
    DeleteIntegration(OrgId, AppId),
    /// Demands that the organization has no activation of this integration.
    NewActivation(Activation),
    /// Demands that the stored revision is the one before this one's.
    PutActivation(Activation),
    DeleteActivation(ActivationId),
    PutGrant(Grant),
    /// Its tokens go with it.
    DeleteGrant(Uuid),
    /// All grants of a person end, with their tokens.
    DeleteGrantsOf(PersonId),
    /// All grants of a client end in every organization, with their tokens.
    DeleteGrantsOfClient(String),
    /// All grants of a client end in one organization, with their tokens.
    DeleteGrantsOfClientIn(OrgId, String),
    PutToken(Token),
    /// All refresh tokens of a grant end.
    DeleteTokens(Uuid, TokenKind),
    /// Tokens that ended before this moment go, and grants that have no token left unless they are standing.
    DeleteExpiredTokens(Timestamp),
    PutSigningKey(SigningKeyRecord),
    Audit(AuditEvent),
    /// Entries of the audit trail from before this moment go.
    DeleteAuditBefore(Timestamp),
    Record(RecordWrite),
    /// A delivery of a webhook, behind all others.
    PutOutgoing(NewOutgoing),
    /// The deliveries of a webhook up to this number are done; without a number, all of them.
    DeleteOutgoing(WebhookId, Option<u64>),
    /// All deliveries of a webhook go but this many of the newest.
    TrimOutgoing(WebhookId, u64),
    /// What was in the slot goes.
    PutAttempt(NewAttempt),
    DeleteAttempts(WebhookId),
}

/// Which entries of the audit trail.
#[derive(Clone, Debug)]
pub struct AuditQuery {
    pub org: OrgId,
    /// The trail about signing in and tokens instead of the administrative one.
    pub security: bool,
    /// From this moment on.
    pub from: Option<Timestamp>,
    /// Before this moment.
    pub until: Option<Timestamp>,
    pub actor: Option<PersonId>,
    pub category: Option<String>,
    /// Only what comes behind this, in the order of the list.
    pub after: Option<AuditPlace>,
    pub page: Page,
}

/// The place of an entry in the trail.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AuditPlace {
    pub created: Timestamp,
    /// Grows with every entry.
    pub number: i64,
}

/// A part of a list in its stable order.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// How many to pass over.
    pub start: usize,
    pub max: usize,
}

impl Page {
    /// Everything.
    pub const ALL: Page = Page {
        start: 0,
        max: usize::MAX,
    };
}

/// Which workspaces.
#[derive(Clone, Debug, Default)]
pub struct WorkspaceFilter {
    pub location: Option<LocationId>,
    pub floor: Option<FloorId>,
}

/// Which devices.
#[derive(Clone, Debug, Default)]
pub struct DeviceFilter {
    pub workspace: Option<WorkspaceId>,
    pub person: Option<PersonId>,
}

/// See the module documentation. Lists are in the order of creation.
#[async_trait]
pub trait Store: Send + Sync {
    async fn commit(&self, writes: Vec<Write>) -> Result<(), StoreError>;

    async fn organization(&self, id: OrgId) -> Result<Option<Organization>, StoreError>;
    async fn organizations(&self) -> Result<Vec<Organization>, StoreError>;
    async fn person(&self, id: PersonId) -> Result<Option<Person>, StoreError>;
    async fn people(&self, org: OrgId, page: Page) -> Result<Vec<Person>, StoreError>;

    async fn location(&self, id: LocationId) -> Result<Option<Location>, StoreError>;
    async fn locations(&self, org: OrgId) -> Result<Vec<Location>, StoreError>;
    async fn floor(&self, id: FloorId) -> Result<Option<Floor>, StoreError>;
    async fn floors(&self, location: LocationId) -> Result<Vec<Floor>, StoreError>;
    async fn workspace(&self, id: WorkspaceId) -> Result<Option<Workspace>, StoreError>;
    async fn workspaces(
        &self,
        org: OrgId,
        filter: WorkspaceFilter,
        page: Page,
    ) -> Result<Vec<Workspace>, StoreError>;

    async fn device(&self, id: DeviceId) -> Result<Option<Device>, StoreError>;
    async fn devices(&self, org: OrgId, filter: DeviceFilter, page: Page) -> Result<Vec<Device>, StoreError>;
    async fn configured(&self, device: DeviceId) -> Result<Vec<Configured>, StoreError>;
    async fn device_code(&self, hash: [u8; 32]) -> Result<Option<DeviceCode>, StoreError>;

    async fn integration(&self, org: OrgId, app: AppId) -> Result<Option<Integration>, StoreError>;
    async fn integration_of_client(&self, client_id: &str) -> Result<Option<Integration>, StoreError>;
    async fn integrations(&self, org: OrgId) -> Result<Vec<Integration>, StoreError>;
    async fn activation(&self, org: OrgId, app: AppId) -> Result<Option<Activation>, StoreError>;
    async fn activation_by_id(&self, id: ActivationId) -> Result<Option<Activation>, StoreError>;
    /// Those of an organization.
    async fn activations_in(&self, org: OrgId) -> Result<Vec<Activation>, StoreError>;
    /// Those of integrations with this id in every organization, in the order of their ids, behind `after`.
    async fn activations_of(
        &self,
        app: AppId,
        after: Option<ActivationId>,
        max: usize,
    ) -> Result<Vec<Activation>, StoreError>;
    /// Of every organization: what a start takes up again.
    async fn activations(&self) -> Result<Vec<Activation>, StoreError>;

    async fn grant(&self, id: Uuid) -> Result<Option<Grant>, StoreError>;
    /// The grants of a person or machine account.
    async fn grants_of(&self, org: OrgId, person: PersonId) -> Result<Vec<Grant>, StoreError>;
    /// The grants of a client, in every organization.
    async fn grants_of_client(&self, client_id: &str) -> Result<Vec<Grant>, StoreError>;
    /// The tokens of a grant, ended ones too.
    async fn tokens_of(&self, grant: Uuid) -> Result<Vec<Token>, StoreError>;
    async fn token(&self, hash: [u8; 32]) -> Result<Option<Token>, StoreError>;
    async fn signing_keys(&self) -> Result<Vec<SigningKeyRecord>, StoreError>;
    /// Newest first, with the place of each. A page costs what it holds.
    async fn audit_entries(&self, query: AuditQuery) -> Result<Vec<(AuditPlace, AuditEvent)>, StoreError>;
    /// The administrative trail, newest first.
    async fn audit(&self, org: OrgId, page: Page) -> Result<Vec<AuditEvent>, StoreError> {
        let query = AuditQuery {
            org,
            security: false,
            from: None,
            until: None,
            actor: None,
            category: None,
            after: None,
            page,
        };
        let found = self.audit_entries(query).await?;
        Ok(found.into_iter().map(|(_, event)| event).collect())
    }

    /// The record of a kind with this id, of any organization.
    async fn record(&self, kind: &'static str, id: &str) -> Result<Option<Stored>, StoreError>;
    /// A page of an index.
    async fn records(&self, find: Find) -> Result<Vec<Stored>, StoreError>;
    /// How many records an index holds for a value. Costs as much as there are.
    async fn count_records(
        &self,
        kind: &'static str,
        org: OrgId,
        index: &'static str,
        value: &str,
    ) -> Result<u64, StoreError>;
    /// The record that holds a claim.
    async fn claimant(
        &self,
        kind: &'static str,
        org: OrgId,
        name: &'static str,
        value: &str,
    ) -> Result<Option<Stored>, StoreError>;
    /// Records of a kind of every organization, in the order of their ids, behind `after`: what a start
    /// takes up again.
    async fn all_records(
        &self,
        kind: &'static str,
        after: Option<String>,
        max: usize,
    ) -> Result<Vec<Stored>, StoreError>;

    /// Deliveries of a webhook with numbers above `after`, in their order.
    async fn outgoing(&self, webhook: WebhookId, after: u64, max: usize)
    -> Result<Vec<Outgoing>, StoreError>;
    /// The webhooks with deliveries to be made, and how many: what a start takes up again.
    async fn outgoing_waiting(&self) -> Result<Vec<(WebhookId, u64)>, StoreError>;
    /// The last attempts of a webhook with their numbers, newest first.
    async fn attempts(&self, webhook: WebhookId, max: usize) -> Result<Vec<(u64, String)>, StoreError>;

    /// The first records of an organization, in the order of their kinds and ids.
    async fn org_records(&self, org: OrgId, max: usize) -> Result<Vec<OrgRecord>, StoreError>;
    /// Everything of an organization, as it is at one moment, in the order of
    /// [`ORG_TABLES`](crate::ports::ORG_TABLES). It waits for who takes the rows, and ends when nobody does.
    async fn dump(&self, org: OrgId, rows: tokio::sync::mpsc::Sender<OrgRow>) -> Result<(), StoreError>;
    /// Whether an organization has anything in a table.
    async fn has_rows(&self, org: OrgId, table: &'static str) -> Result<bool, StoreError>;
    /// The version of the rows: those of one version fit no other.
    fn schema_version(&self) -> i64;

    /// Whether it answers.
    async fn ping(&self) -> Result<(), StoreError>;
}
