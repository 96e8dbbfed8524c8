//! What each write of a commit is in SQL.
//!
//! A write becomes statements before it reaches the database, on the caller's thread: the thread that writes
//! has only the statements to run. A record that is put again keeps its `seq`, its place in lists. A record
//! cannot be put over one of another organization.

use hallway_platform::device::Device;
use hallway_platform::integration::{Activation, Integration};
use hallway_platform::oauth::TokenKind;
use hallway_platform::ports::{StoreError, Write};
use hallway_wire::id::{Id, Kind};
use serde::Serialize;

use crate::driver::{Param, Statement};

type Result<T> = std::result::Result<T, StoreError>;

/// Appends the statements of a write.
///
/// # Errors
/// The record cannot be written as JSON.
#[expect(
    clippy::too_many_lines,
    reason = "one arm for each write, in the order of the port"
)]
pub(crate) fn statements(write: &Write, batch: &mut Vec<Statement>) -> Result<()> {
    match write {
        Write::PutOrganization(it) => batch.push(
            Statement::new(
                "INSERT INTO organization (id, revision, doc) VALUES (?1, ?2, ?3) \
                 ON CONFLICT (id) DO UPDATE SET revision = excluded.revision, doc = excluded.doc \
                 WHERE organization.revision = excluded.revision - 1",
                [id(it.id), revision(it.revision)?, doc(it)?],
            )
            .stale_unchanged(),
        ),
        Write::NewOrganization(it) => batch.push(
            Statement::new(
                "INSERT INTO organization (id, revision, doc) VALUES (?1, ?2, ?3)",
                [id(it.id), revision(it.revision)?, doc(it)?],
            )
            .taken("There is an organization with this id already."),
        ),
        Write::DeleteOrganization(it) => {
            batch.push(Statement::new(
                "DELETE FROM organization WHERE id = ?1",
                [id(*it)],
            ));
        }
        Write::PurgeRows { org, table, max } => crate::portable::purge(*org, table, *max, batch)?,
        Write::ImportRow(org, row) => batch.push(crate::portable::import(*org, row)?),
        Write::PutPerson(it) => crate::records::put_person(it, batch)?,
        Write::DeletePerson(it) => crate::records::delete_person(*it, batch),
        Write::PutLocation(it) => batch.push(
            Statement::new(
                "INSERT INTO location (id, org_id, doc) VALUES (?1, ?2, ?3) \
                 ON CONFLICT (id) DO UPDATE SET doc = excluded.doc WHERE location.org_id = excluded.org_id",
                [id(it.id), id(it.org), doc(it)?],
            )
            .unchanged("A location with this id is in another organization."),
        ),
        Write::DeleteLocation(it) => {
            batch.push(Statement::new(
                "DELETE FROM floor WHERE location_id = ?1",
                [id(*it)],
            ));
            batch.push(Statement::new("DELETE FROM location WHERE id = ?1", [id(*it)]));
        }
        Write::PutFloor(it) => batch.push(
            Statement::new(
                "INSERT INTO floor (id, org_id, location_id, doc) VALUES (?1, ?2, ?3, ?4) \
                 ON CONFLICT (id) DO UPDATE SET location_id = excluded.location_id, doc = excluded.doc \
                 WHERE floor.org_id = excluded.org_id",
                [id(it.id), id(it.org), id(it.location), doc(it)?],
            )
            .unchanged("A floor with this id is in another organization.")
            .orphan("The location of the floor does not exist."),
        ),
        Write::DeleteFloor(it) => {
            batch.push(Statement::new("DELETE FROM floor WHERE id = ?1", [id(*it)]));
        }
        Write::PutWorkspace(it) => batch.push(
            Statement::new(
                "INSERT INTO workspace (id, org_id, location_id, floor_id, doc) VALUES (?1, ?2, ?3, ?4, ?5) \
                 ON CONFLICT (id) DO UPDATE SET location_id = excluded.location_id, \
                 floor_id = excluded.floor_id, doc = excluded.doc \
                 WHERE workspace.org_id = excluded.org_id",
                [
                    id(it.id),
                    id(it.org),
                    maybe(it.location),
                    maybe(it.floor),
                    doc(it)?,
                ],
            )
            .unchanged("A workspace with this id is in another organization."),
        ),
        Write::DeleteWorkspace(it) => {
            batch.push(Statement::new(
                "DELETE FROM configured WHERE device_id IN (SELECT id FROM device WHERE workspace_id = ?1)",
                [id(*it)],
            ));
            batch.push(Statement::new(
                "DELETE FROM device WHERE workspace_id = ?1",
                [id(*it)],
            ));
            batch.push(Statement::new("DELETE FROM workspace WHERE id = ?1", [id(*it)]));
        }
        Write::NewDevice(it) => batch.push(
            Statement::new(
                "INSERT INTO device (id, org_id, workspace_id, person_id, revision, doc) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (id) DO NOTHING",
                device(it)?,
            )
            .unchanged("There is a device with this id already.")
            .orphan("The workspace of the device does not exist."),
        ),
        Write::PutDevice(it) => batch.push(
            Statement::new(
                "UPDATE device SET workspace_id = ?3, person_id = ?4, revision = ?5, doc = ?6 \
                 WHERE id = ?1 AND org_id = ?2 AND revision = ?5 - 1",
                device(it)?,
            )
            .unchanged("The device was changed or removed by somebody else in the meantime.")
            .orphan("The workspace of the device does not exist."),
        ),
        Write::DeleteDevice(it) => {
            batch.push(Statement::new(
                "DELETE FROM configured WHERE device_id = ?1",
                [id(*it)],
            ));
            batch.push(Statement::new("DELETE FROM device WHERE id = ?1", [id(*it)]));
        }
        Write::PutConfigured(it) => batch.push(
            Statement::new(
                "INSERT INTO configured (device_id, config_key, doc) VALUES (?1, ?2, ?3) \
                 ON CONFLICT (device_id, config_key) DO UPDATE SET doc = excluded.doc",
                [id(it.device), Param::Text(it.key.clone()), doc(it)?],
            )
            .orphan("The configured device does not exist."),
        ),
        Write::DeleteConfigured(device, key) => batch.push(Statement::new(
            "DELETE FROM configured WHERE device_id = ?1 AND config_key = ?2",
            [id(*device), Param::Text(key.clone())],
        )),
        Write::PutDeviceCode(it) => batch.push(Statement::new(
            "INSERT INTO device_code (hash, org, doc) VALUES (?1, ?2, ?3) \
             ON CONFLICT (hash) DO UPDATE SET org = excluded.org, doc = excluded.doc",
            [Param::Hash(it.hash), Param::Text(it.org.to_string()), doc(it)?],
        )),
        Write::TakeDeviceCode(hash) => batch.push(
            Statement::new("DELETE FROM device_code WHERE hash = ?1", [Param::Hash(*hash)])
                .unchanged("The activation code does not exist or was used already."),
        ),
        Write::NewIntegration(it) => batch.push(
            Statement::new(
                "INSERT INTO integration (org_id, app_id, client_id, doc) VALUES (?1, ?2, ?3, ?4) \
                 ON CONFLICT (org_id, app_id) DO NOTHING",
                integration(it)?,
            )
            .unchanged("The organization has an integration with this id already.")
            .taken(CLIENT_TAKEN),
        ),
        Write::PutIntegration(it) => batch.push(
            Statement::new(
                "INSERT INTO integration (org_id, app_id, client_id, doc) VALUES (?1, ?2, ?3, ?4) \
                 ON CONFLICT (org_id, app_id) DO UPDATE SET client_id = excluded.client_id, \
                 doc = excluded.doc",
                integration(it)?,
            )
            .taken(CLIENT_TAKEN),
        ),
        Write::DeleteIntegration(org, app) => batch.push(Statement::new(
            "DELETE FROM integration WHERE org_id = ?1 AND app_id = ?2",
            [id(*org), Param::Id(app.0)],
        )),
        Write::NewActivation(it) => batch.push(
            Statement::new(
                "INSERT INTO activation (id, org_id, app_id, revision, doc) VALUES (?1, ?2, ?3, ?4, ?5) \
                 ON CONFLICT (org_id, app_id) DO NOTHING",
                activation(it)?,
            )
            .unchanged("The organization has an activation of this integration already.")
            .taken("Another activation has this id."),
        ),
        Write::PutActivation(it) => batch.push(
            Statement::new(
                "UPDATE activation SET revision = ?4, doc = ?5 \
                 WHERE id = ?1 AND org_id = ?2 AND app_id = ?3 AND revision = ?4 - 1",
                activation(it)?,
            )
            .unchanged("The activation was changed or removed by somebody else in the meantime."),
        ),
        Write::DeleteActivation(it) => {
            batch.push(Statement::new("DELETE FROM activation WHERE id = ?1", [id(*it)]));
        }
        Write::PutGrant(it) => batch.push(
            Statement::new(
                "INSERT INTO oauth_grant (id, org_id, person, client_id, standing, doc) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
                 ON CONFLICT (id) DO UPDATE SET person = excluded.person, \
                 client_id = excluded.client_id, standing = excluded.standing, doc = excluded.doc \
                 WHERE oauth_grant.org_id = excluded.org_id",
                [
                    Param::Id(it.id),
                    id(it.org),
                    Param::Text(it.person.to_string()),
                    it.client_id.clone().map_or(Param::Null, Param::Text),
                    Param::Int((it.standing || it.activation.is_some()).into()),
                    doc(it)?,
                ],
            )
            .unchanged("A grant with this id is in another organization."),
        ),
        Write::DeleteGrant(it) => {
            batch.push(Statement::new(
                "DELETE FROM token WHERE grant_id = ?1",
                [Param::Id(*it)],
            ));
            batch.push(Statement::new(
                "DELETE FROM oauth_grant WHERE id = ?1",
                [Param::Id(*it)],
            ));
        }
        Write::DeleteGrantsOf(person) => {
            for sql in [
                "DELETE FROM token WHERE grant_id IN (SELECT id FROM oauth_grant WHERE person = ?1)",
                "DELETE FROM oauth_grant WHERE person = ?1",
            ] {
                batch.push(Statement::new(sql, [Param::Text(person.to_string())]));
            }
        }
        Write::DeleteGrantsOfClient(client) => {
            for sql in [
                "DELETE FROM token WHERE grant_id IN (SELECT id FROM oauth_grant WHERE client_id = ?1)",
                "DELETE FROM oauth_grant WHERE client_id = ?1",
            ] {
                batch.push(Statement::new(sql, [Param::Text(client.clone())]));
            }
        }
        Write::DeleteGrantsOfClientIn(org, client) => {
            for sql in [
                "DELETE FROM token WHERE grant_id IN \
                 (SELECT id FROM oauth_grant WHERE client_id = ?1 AND org_id = ?2)",
                "DELETE FROM oauth_grant WHERE client_id = ?1 AND org_id = ?2",
            ] {
                batch.push(Statement::new(sql, [Param::Text(client.clone()), id(*org)]));
            }
        }
        Write::PutToken(it) => batch.push(
            Statement::new(
                "INSERT INTO token (hash, grant_id, kind, expires, doc) VALUES (?1, ?2, ?3, ?4, ?5) \
                 ON CONFLICT (hash) DO UPDATE SET grant_id = excluded.grant_id, kind = excluded.kind, \
                 expires = excluded.expires, doc = excluded.doc",
                [
                    Param::Hash(it.hash),
                    Param::Id(it.grant),
                    kind(it.kind),
                    Param::Int(it.expires.millis()),
                    doc(it)?,
                ],
            )
            .orphan("The grant of the token does not exist: it was withdrawn."),
        ),
        Write::DeleteTokens(grant, of) => batch.push(Statement::new(
            "DELETE FROM token WHERE grant_id = ?1 AND kind = ?2",
            [Param::Id(*grant), kind(*of)],
        )),
        Write::DeleteExpiredTokens(before) => {
            batch.push(Statement::new(
                "DELETE FROM token WHERE expires < ?1",
                [Param::Int(before.millis())],
            ));
            batch.push(Statement::new(
                "DELETE FROM oauth_grant WHERE standing = 0 \
                 AND NOT EXISTS (SELECT 1 FROM token WHERE token.grant_id = oauth_grant.id)",
                [],
            ));
        }
        Write::PutSigningKey(it) => batch.push(Statement::new(
            "INSERT INTO signing_key (kid, doc) VALUES (?1, ?2) \
             ON CONFLICT (kid) DO UPDATE SET doc = excluded.doc",
            [Param::Text(it.kid.clone()), doc(it)?],
        )),
        Write::Audit(it) => batch.push(
            Statement::new(
                "INSERT INTO audit_event (id, org_id, doc, trail, created, actor, category) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                [
                    Param::Text(it.id.clone()),
                    id(it.org_id),
                    doc(it)?,
                    Param::Text(crate::read::trail(it.security).to_owned()),
                    Param::Text(it.created.to_string()),
                    Param::Text(it.actor_id.map(|actor| actor.to_string()).unwrap_or_default()),
                    Param::Text(it.category.clone()),
                ],
            )
            .taken("Another audit event has this id."),
        ),
        Write::DeleteAuditBefore(before) => batch.push(Statement::new(
            "DELETE FROM audit_event WHERE created < ?1",
            [Param::Text(before.to_string())],
        )),
        Write::Record(it) => crate::records::statements(it, batch)?,
        Write::PutOutgoing(it) => batch.push(crate::outbox::put_outgoing(it)),
        Write::DeleteOutgoing(webhook, up_to) => {
            batch.push(crate::outbox::delete_outgoing(*webhook, *up_to));
        }
        Write::TrimOutgoing(webhook, keep) => batch.push(crate::outbox::trim_outgoing(*webhook, *keep)),
        Write::PutAttempt(it) => batch.push(crate::outbox::put_attempt(it)),
        Write::DeleteAttempts(webhook) => batch.push(crate::outbox::delete_attempts(*webhook)),
    }
    Ok(())
}

const CLIENT_TAKEN: &str = "Another integration has this client id.";

fn id<K: Kind>(id: Id<K>) -> Param {
    Param::Id(id.uuid())
}

fn maybe<K: Kind>(id: Option<Id<K>>) -> Param {
    id.map_or(Param::Null, |id| Param::Id(id.uuid()))
}

fn kind(kind: TokenKind) -> Param {
    Param::Text(match kind {
        TokenKind::Access => "access".to_owned(),
        TokenKind::Refresh => "refresh".to_owned(),
    })
}

fn doc(record: &impl Serialize) -> Result<Param> {
    serde_json::to_string(record)
        .map(Param::Text)
        .map_err(|error| StoreError::Backend(format!("a record cannot be written as JSON: {error}")))
}

fn integration(it: &Integration) -> Result<[Param; 4]> {
    Ok([
        id(it.org),
        Param::Id(it.app.0),
        Param::Text(it.client_id.clone()),
        doc(it)?,
    ])
}

/// The columns of a device.
fn device(it: &Device) -> Result<[Param; 6]> {
    let revision = revision(it.revision)?;
    Ok([
        id(it.id),
        id(it.org),
        maybe(it.workspace),
        maybe(it.person),
        revision,
        doc(it)?,
    ])
}

fn activation(it: &Activation) -> Result<[Param; 5]> {
    let revision = revision(it.revision)?;
    Ok([id(it.id), id(it.org), Param::Id(it.app.0), revision, doc(it)?])
}

fn revision(number: u64) -> Result<Param> {
    i64::try_from(number)
        .map(Param::Int)
        .map_err(|_| StoreError::Backend(format!("the revision {number} is out of range")))
}
