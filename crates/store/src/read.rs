//! The questions. Each is one statement, so each answer is of one moment.

use std::fmt::Write as _;

use async_trait::async_trait;
use hallway_platform::crypto::SigningKeyRecord;
use hallway_platform::device::{Configured, Device, DeviceCode};
use hallway_platform::integration::{Activation, Integration};
use hallway_platform::oauth::{Grant, Token};
use hallway_platform::org::{Organization, Person};
use hallway_platform::place::{Floor, Location, Workspace};
use hallway_platform::ports::{
    AuditPlace, AuditQuery, DeviceFilter, Find, OrgRecord, OrgRow, Outgoing, Page, Store, StoreError, Stored,
    WorkspaceFilter, Write,
};
use hallway_wire::control::AuditEvent;
use hallway_wire::id::{
    ActivationId, AppId, DeviceId, FloorId, LocationId, OrgId, PersonId, WebhookId, WorkspaceId,
};
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::SqlStore;
use crate::driver::Param;
use crate::write::statements;

type Result<T> = std::result::Result<T, StoreError>;

impl SqlStore {
    /// The record that a question finds; the question selects `doc`.
    async fn one<T: DeserializeOwned + Send>(&self, sql: &str, params: &[Param]) -> Result<Option<T>> {
        let mut found = None;
        self.driver
            .query(sql, params, &mut |row| {
                found = Some(parse(row.text(0)?, sql)?);
                Ok(())
            })
            .await?;
        Ok(found)
    }

    /// All records that a question finds; the question selects `doc`.
    async fn many<T: DeserializeOwned + Send>(&self, sql: &str, params: &[Param]) -> Result<Vec<T>> {
        let mut found = Vec::new();
        self.driver
            .query(sql, params, &mut |row| {
                found.push(parse(row.text(0)?, sql)?);
                Ok(())
            })
            .await?;
        Ok(found)
    }
}

/// The name of a trail.
pub(crate) const fn trail(security: bool) -> &'static str {
    if security { "security" } else { "admin" }
}

/// Reads a document.
fn parse<T: DeserializeOwned>(doc: &str, sql: &str) -> Result<T> {
    serde_json::from_str(doc)
        .map_err(|error| StoreError::Backend(format!("a stored record cannot be read: {error} ({sql})")))
}

/// A list of documents that is put together from what the caller asks for.
struct List {
    sql: String,
    params: Vec<Param>,
}

impl List {
    /// The rows of a table that belong to an organization.
    fn of(table: &'static str, org: OrgId) -> Self {
        Self {
            sql: format!("SELECT doc FROM {table} WHERE org_id = ?1"),
            params: vec![Param::Id(org.uuid())],
        }
    }

    fn param(&mut self, param: Param) -> usize {
        self.params.push(param);
        self.params.len()
    }

    /// Only rows with this value, where there is one.
    fn only(mut self, column: &'static str, id: Option<Uuid>) -> Self {
        if let Some(id) = id {
            let number = self.param(Param::Id(id));
            // Writing to a String cannot fail.
            let _ = write!(self.sql, " AND {column} = ?{number}");
        }
        self
    }

    /// In this order, and only this part.
    fn page(mut self, order: &'static str, page: Page) -> Self {
        let _ = write!(self.sql, " ORDER BY {order}");
        if page.start > 0 || page.max < usize::MAX {
            let max = self.param(Param::Int(i64::try_from(page.max).unwrap_or(i64::MAX)));
            let start = self.param(Param::Int(i64::try_from(page.start).unwrap_or(i64::MAX)));
            let _ = write!(self.sql, " LIMIT ?{max} OFFSET ?{start}");
        }
        self
    }
}

#[async_trait]
impl Store for SqlStore {
    async fn commit(&self, writes: Vec<Write>) -> Result<()> {
        let mut batch = Vec::with_capacity(writes.len());
        for write in &writes {
            statements(write, &mut batch)?;
        }
        if batch.is_empty() {
            return Ok(());
        }
        self.driver.write(batch).await
    }

    async fn organization(&self, id: OrgId) -> Result<Option<Organization>> {
        self.one(
            "SELECT doc FROM organization WHERE id = ?1",
            &[Param::Id(id.uuid())],
        )
        .await
    }

    async fn organizations(&self) -> Result<Vec<Organization>> {
        self.many("SELECT doc FROM organization ORDER BY seq", &[]).await
    }

    async fn person(&self, id: PersonId) -> Result<Option<Person>> {
        let id = Param::Text(id.uuid().to_string());
        self.one("SELECT doc FROM record WHERE kind = 'person' AND id = ?1", &[id])
            .await
    }

    async fn people(&self, org: OrgId, page: Page) -> Result<Vec<Person>> {
        let mut list = List {
            sql: "SELECT r.doc FROM record_key k JOIN record r ON r.kind = k.kind AND r.id = k.id \
                  WHERE k.kind = 'person' AND k.org_id = ?1 AND k.index_name = 'all' AND k.key_value = ''"
                .to_owned(),
            params: vec![Param::Id(org.uuid())],
        };
        list = list.page("k.position, k.id", page);
        self.many(&list.sql, &list.params).await
    }

    async fn location(&self, id: LocationId) -> Result<Option<Location>> {
        self.one("SELECT doc FROM location WHERE id = ?1", &[Param::Id(id.uuid())])
            .await
    }

    async fn locations(&self, org: OrgId) -> Result<Vec<Location>> {
        self.many(
            "SELECT doc FROM location WHERE org_id = ?1 ORDER BY seq",
            &[Param::Id(org.uuid())],
        )
        .await
    }

    async fn floor(&self, id: FloorId) -> Result<Option<Floor>> {
        self.one("SELECT doc FROM floor WHERE id = ?1", &[Param::Id(id.uuid())])
            .await
    }

    async fn floors(&self, location: LocationId) -> Result<Vec<Floor>> {
        let sql = "SELECT doc FROM floor WHERE location_id = ?1 ORDER BY seq";
        self.many(sql, &[Param::Id(location.uuid())]).await
    }

    async fn workspace(&self, id: WorkspaceId) -> Result<Option<Workspace>> {
        self.one("SELECT doc FROM workspace WHERE id = ?1", &[Param::Id(id.uuid())])
            .await
    }

    async fn workspaces(&self, org: OrgId, filter: WorkspaceFilter, page: Page) -> Result<Vec<Workspace>> {
        let list = List::of("workspace", org)
            .only("location_id", filter.location.map(|id| id.uuid()))
            .only("floor_id", filter.floor.map(|id| id.uuid()))
            .page("seq", page);
        self.many(&list.sql, &list.params).await
    }

    async fn device(&self, id: DeviceId) -> Result<Option<Device>> {
        self.one("SELECT doc FROM device WHERE id = ?1", &[Param::Id(id.uuid())])
            .await
    }

    async fn devices(&self, org: OrgId, filter: DeviceFilter, page: Page) -> Result<Vec<Device>> {
        let list = List::of("device", org)
            .only("workspace_id", filter.workspace.map(|id| id.uuid()))
            .only("person_id", filter.person.map(|id| id.uuid()))
            .page("seq", page);
        self.many(&list.sql, &list.params).await
    }

    async fn configured(&self, device: DeviceId) -> Result<Vec<Configured>> {
        let sql = "SELECT doc FROM configured WHERE device_id = ?1 ORDER BY seq";
        self.many(sql, &[Param::Id(device.uuid())]).await
    }

    async fn device_code(&self, hash: [u8; 32]) -> Result<Option<DeviceCode>> {
        self.one(
            "SELECT doc FROM device_code WHERE hash = ?1",
            &[Param::Hash(hash)],
        )
        .await
    }

    async fn integration(&self, org: OrgId, app: AppId) -> Result<Option<Integration>> {
        let sql = "SELECT doc FROM integration WHERE org_id = ?1 AND app_id = ?2";
        self.one(sql, &[Param::Id(org.uuid()), Param::Id(app.0)]).await
    }

    async fn integration_of_client(&self, client_id: &str) -> Result<Option<Integration>> {
        let sql = "SELECT doc FROM integration WHERE client_id = ?1";
        self.one(sql, &[Param::Text(client_id.to_owned())]).await
    }

    async fn integrations(&self, org: OrgId) -> Result<Vec<Integration>> {
        self.many(
            "SELECT doc FROM integration WHERE org_id = ?1 ORDER BY seq",
            &[Param::Id(org.uuid())],
        )
        .await
    }

    async fn activation(&self, org: OrgId, app: AppId) -> Result<Option<Activation>> {
        let sql = "SELECT doc FROM activation WHERE org_id = ?1 AND app_id = ?2";
        self.one(sql, &[Param::Id(org.uuid()), Param::Id(app.0)]).await
    }

    async fn activation_by_id(&self, id: ActivationId) -> Result<Option<Activation>> {
        self.one(
            "SELECT doc FROM activation WHERE id = ?1",
            &[Param::Id(id.uuid())],
        )
        .await
    }

    async fn activations_in(&self, org: OrgId) -> Result<Vec<Activation>> {
        self.many(
            "SELECT doc FROM activation WHERE org_id = ?1 ORDER BY seq",
            &[Param::Id(org.uuid())],
        )
        .await
    }

    async fn activations_of(
        &self,
        app: AppId,
        after: Option<ActivationId>,
        max: usize,
    ) -> Result<Vec<Activation>> {
        let max = Param::Int(i64::try_from(max).unwrap_or(i64::MAX));
        let app = Param::Id(app.0);
        let Some(after) = after else {
            let sql = "SELECT doc FROM activation WHERE app_id = ?1 ORDER BY id LIMIT ?2";
            return self.many(sql, &[app, max]).await;
        };
        let sql = "SELECT doc FROM activation WHERE app_id = ?1 AND id > ?2 ORDER BY id LIMIT ?3";
        self.many(sql, &[app, Param::Id(after.uuid()), max]).await
    }

    async fn activations(&self) -> Result<Vec<Activation>> {
        self.many("SELECT doc FROM activation ORDER BY seq", &[]).await
    }

    async fn grant(&self, id: Uuid) -> Result<Option<Grant>> {
        self.one("SELECT doc FROM oauth_grant WHERE id = ?1", &[Param::Id(id)])
            .await
    }

    async fn grants_of(&self, org: OrgId, person: PersonId) -> Result<Vec<Grant>> {
        let sql = "SELECT doc FROM oauth_grant WHERE person = ?1 AND org_id = ?2";
        self.many(sql, &[Param::Text(person.to_string()), Param::Id(org.uuid())])
            .await
    }

    async fn grants_of_client(&self, client_id: &str) -> Result<Vec<Grant>> {
        let sql = "SELECT doc FROM oauth_grant WHERE client_id = ?1";
        self.many(sql, &[Param::Text(client_id.to_owned())]).await
    }

    async fn tokens_of(&self, grant: Uuid) -> Result<Vec<Token>> {
        self.many("SELECT doc FROM token WHERE grant_id = ?1", &[Param::Id(grant)])
            .await
    }

    async fn token(&self, hash: [u8; 32]) -> Result<Option<Token>> {
        self.one("SELECT doc FROM token WHERE hash = ?1", &[Param::Hash(hash)])
            .await
    }

    async fn signing_keys(&self) -> Result<Vec<SigningKeyRecord>> {
        self.many("SELECT doc FROM signing_key ORDER BY seq", &[]).await
    }

    async fn audit_entries(&self, query: AuditQuery) -> Result<Vec<(AuditPlace, AuditEvent)>> {
        let mut list = List {
            sql: "SELECT doc, CAST(seq AS TEXT) FROM audit_event WHERE org_id = ?1 AND trail = ?2".to_owned(),
            params: vec![
                Param::Id(query.org.uuid()),
                Param::Text(trail(query.security).to_owned()),
            ],
        };
        let equal = [
            ("actor =", query.actor.map(|actor| actor.to_string())),
            ("category =", query.category),
            ("created >=", query.from.map(|at| at.to_string())),
            ("created <", query.until.map(|at| at.to_string())),
        ];
        for (condition, value) in equal {
            if let Some(value) = value {
                let number = list.param(Param::Text(value));
                // Writing to a String cannot fail.
                let _ = write!(list.sql, " AND {condition} ?{number}");
            }
        }
        if let Some(after) = &query.after {
            let created = list.param(Param::Text(after.created.to_string()));
            let number = list.param(Param::Int(after.number));
            let _ = write!(list.sql, " AND (created, seq) < (?{created}, ?{number})");
        }
        let list = list.page("created DESC, seq DESC", query.page);
        let mut found = Vec::new();
        self.driver
            .query(&list.sql, &list.params, &mut |row| {
                let event: AuditEvent = parse(row.text(0)?, &list.sql)?;
                let number = row.text(1)?.parse().unwrap_or_default();
                let place = AuditPlace {
                    created: event.created,
                    number,
                };
                found.push((place, event));
                Ok(())
            })
            .await?;
        Ok(found)
    }

    async fn record(&self, kind: &'static str, id: &str) -> Result<Option<Stored>> {
        self.ask_record(kind, id).await
    }

    async fn records(&self, find: Find) -> Result<Vec<Stored>> {
        self.ask_records(&find).await
    }

    async fn count_records(
        &self,
        kind: &'static str,
        org: OrgId,
        index: &'static str,
        value: &str,
    ) -> Result<u64> {
        self.ask_count(kind, org.uuid(), index, value).await
    }

    async fn claimant(
        &self,
        kind: &'static str,
        org: OrgId,
        name: &'static str,
        value: &str,
    ) -> Result<Option<Stored>> {
        self.ask_claimant(kind, org.uuid(), name, value).await
    }

    async fn all_records(
        &self,
        kind: &'static str,
        after: Option<String>,
        max: usize,
    ) -> Result<Vec<Stored>> {
        self.ask_all(kind, after, max).await
    }

    async fn outgoing(&self, webhook: WebhookId, after: u64, max: usize) -> Result<Vec<Outgoing>> {
        self.ask_outgoing(webhook, after, max).await
    }

    async fn outgoing_waiting(&self) -> Result<Vec<(WebhookId, u64)>> {
        self.ask_waiting().await
    }

    async fn attempts(&self, webhook: WebhookId, max: usize) -> Result<Vec<(u64, String)>> {
        self.ask_attempts(webhook, max).await
    }

    async fn org_records(&self, org: OrgId, max: usize) -> Result<Vec<OrgRecord>> {
        self.ask_org_records(org, max).await
    }

    async fn dump(&self, org: OrgId, rows: tokio::sync::mpsc::Sender<OrgRow>) -> Result<()> {
        self.ask_everything(org, rows).await
    }

    async fn has_rows(&self, org: OrgId, table: &'static str) -> Result<bool> {
        self.ask_any(org, table).await
    }

    fn schema_version(&self) -> i64 {
        crate::migrations::newest()
    }

    /// Asks both ways: a database that only answers questions is not well.
    async fn ping(&self) -> Result<()> {
        self.driver.query("SELECT 1", &[], &mut |_| Ok(())).await?;
        self.driver.write(Vec::new()).await
    }
}
