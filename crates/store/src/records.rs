//! Keyed records in SQL.

use std::collections::HashSet;
use std::fmt::Write as _;

use hallway_platform::org::Person;
use hallway_platform::ports::StoreError;
use hallway_platform::ports::records::{Claim, Direction, Expect, Find, Key, Record, RecordWrite, Stored};
use hallway_platform::records::Document as _;
use hallway_wire::id::{OrgId, PersonId};
use uuid::Uuid;

use crate::SqlStore;
use crate::driver::{Param, Row, Statement};

type Result<T> = std::result::Result<T, StoreError>;

fn text(text: &str) -> Param {
    Param::Text(text.to_owned())
}

fn number(revision: u64) -> Result<Param> {
    i64::try_from(revision)
        .map(Param::Int)
        .map_err(|_| StoreError::Backend(format!("the revision {revision} is out of range")))
}

/// Appends the statements of a write.
///
/// # Errors
/// A revision is out of range.
pub(crate) fn statements(write: &RecordWrite, batch: &mut Vec<Statement>) -> Result<()> {
    match write {
        RecordWrite::Put(record, expect) => put(record, *expect, batch)?,
        RecordWrite::Delete { kind, id, revision } => {
            let key = [text(kind), text(id), number(*revision)?];
            batch.push(
                Statement::new(
                    "DELETE FROM record WHERE kind = ?1 AND id = ?2 AND revision = ?3",
                    key,
                )
                .stale_unchanged(),
            );
            forget_keys(kind, id, batch);
        }
        RecordWrite::Demand { kind, id, revision } => batch.push(
            Statement::new(
                "UPDATE record SET revision = revision WHERE kind = ?1 AND id = ?2 AND revision = ?3",
                [text(kind), text(id), number(*revision)?],
            )
            .stale_unchanged(),
        ),
        RecordWrite::DeleteAll {
            kind,
            org,
            index,
            value,
        } => {
            let of = || [text(kind), Param::Id(org.uuid()), text(index), text(value)];
            for sql in [
                "DELETE FROM record WHERE kind = ?1 AND id IN (SELECT id FROM record_key \
                 WHERE kind = ?1 AND org_id = ?2 AND index_name = ?3 AND key_value = ?4)",
                "DELETE FROM record_claim WHERE kind = ?1 AND id IN (SELECT id FROM record_key \
                 WHERE kind = ?1 AND org_id = ?2 AND index_name = ?3 AND key_value = ?4)",
                // The last one takes away what the others are found by.
                "DELETE FROM record_key WHERE kind = ?1 AND id IN (SELECT id FROM record_key \
                 WHERE kind = ?1 AND org_id = ?2 AND index_name = ?3 AND key_value = ?4)",
            ] {
                batch.push(Statement::new(sql, of()));
            }
        }
    }
    Ok(())
}

fn put(record: &Record, expect: Expect, batch: &mut Vec<Statement>) -> Result<()> {
    let Record {
        kind,
        id,
        org,
        doc,
        keys,
        claims,
    } = record;
    let org = Param::Id(org.uuid());
    match expect {
        Expect::Absent => batch.push(
            Statement::new(
                "INSERT INTO record (kind, id, org_id, revision, doc) VALUES (?1, ?2, ?3, 1, ?4) \
                 ON CONFLICT (kind, id) DO NOTHING",
                [text(kind), text(id), org.clone(), text(doc)],
            )
            .stale_unchanged(),
        ),
        Expect::Revision(revision) => {
            batch.push(
                Statement::new(
                    "UPDATE record SET revision = revision + 1, doc = ?4 \
                     WHERE kind = ?1 AND id = ?2 AND org_id = ?3 AND revision = ?5",
                    [text(kind), text(id), org.clone(), text(doc), number(revision)?],
                )
                .stale_unchanged(),
            );
            forget_keys(kind, id, batch);
        }
    }
    find_by(kind, id, &org, keys, claims, batch);
    Ok(())
}

/// Adds what a record is found by.
fn find_by(kind: &str, id: &str, org: &Param, keys: &[Key], claims: &[Claim], batch: &mut Vec<Statement>) {
    for key in keys {
        batch.push(Statement::new(
            "INSERT INTO record_key (kind, org_id, index_name, key_value, position, id) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING",
            [
                text(kind),
                org.clone(),
                text(key.index),
                text(&key.value),
                text(&key.order),
                text(id),
            ],
        ));
    }
    for claim in claims {
        batch.push(
            Statement::new(
                "INSERT INTO record_claim (kind, org_id, name, claim_value, id) VALUES (?1, ?2, ?3, ?4, ?5)",
                [
                    text(kind),
                    org.clone(),
                    text(claim.name),
                    text(&claim.value),
                    text(id),
                ],
            )
            .taken(claim.taken),
        );
    }
}

/// Inserts or replaces a person, whatever was there: accounts that the system keeps itself.
pub(crate) fn put_person(person: &Person, batch: &mut Vec<Statement>) -> Result<()> {
    let (kind, id, org) = (Person::KIND, person.id(), Param::Id(person.org.uuid()));
    let doc = serde_json::to_string(person)
        .map_err(|error| StoreError::Backend(format!("a person cannot be written as JSON: {error}")))?;
    batch.push(
        Statement::new(
            "INSERT INTO record (kind, id, org_id, revision, doc) VALUES (?1, ?2, ?3, 1, ?4) \
             ON CONFLICT (kind, id) DO UPDATE SET doc = excluded.doc, revision = record.revision + 1 \
             WHERE record.org_id = excluded.org_id",
            [text(kind), text(&id), org.clone(), Param::Text(doc)],
        )
        .unchanged("A person with this id is in another organization."),
    );
    forget_keys(kind, &id, batch);
    find_by(kind, &id, &org, &person.keys(), &person.claims(), batch);
    Ok(())
}

/// Deletes a person, whatever is there.
pub(crate) fn delete_person(person: PersonId, batch: &mut Vec<Statement>) {
    let (kind, id) = (Person::KIND, person.uuid().to_string());
    batch.push(Statement::new(
        "DELETE FROM record WHERE kind = ?1 AND id = ?2",
        [text(kind), text(&id)],
    ));
    forget_keys(kind, &id, batch);
}

/// A person of a database of before version 6, as it is kept now. Where two accounts of an organization have
/// one address, which was possible then, the older one keeps it and the newer one gets one that says so.
pub(crate) fn moved_person(doc: &str, emails: &mut HashSet<(OrgId, String)>) -> Result<Vec<Statement>> {
    let mut person: Person = serde_json::from_str(doc)
        .map_err(|error| StoreError::Backend(format!("a stored person cannot be read: {error}")))?;
    if !emails.insert((person.org, Person::comparable_email(&person.email))) {
        person.email = format!("{}.{}", person.id.uuid().simple(), person.email.trim());
    }
    let mut batch = Vec::new();
    put_person(&person, &mut batch)?;
    Ok(batch)
}

fn forget_keys(kind: &str, id: &str, batch: &mut Vec<Statement>) {
    for sql in [
        "DELETE FROM record_key WHERE kind = ?1 AND id = ?2",
        "DELETE FROM record_claim WHERE kind = ?1 AND id = ?2",
    ] {
        batch.push(Statement::new(sql, [text(kind), text(id)]));
    }
}

/// The columns that [`read`] takes, with the place in the index.
const COLUMNS: &str = "r.id, CAST(r.revision AS TEXT), r.doc, r.org_id";

fn read(row: &dyn Row, position: Option<usize>) -> Result<Stored> {
    let bad = |what: &str| StoreError::Backend(format!("a stored record has no good {what}"));
    Ok(Stored {
        id: row.text(0)?.to_owned(),
        revision: row.text(1)?.parse().map_err(|_| bad("revision"))?,
        doc: row.text(2)?.to_owned(),
        org: OrgId::from_uuid(row.id(3)?),
        order: position.map_or(Ok(String::new()), |column| {
            row.text(column).map(ToOwned::to_owned)
        })?,
    })
}

impl SqlStore {
    pub(crate) async fn ask_record(&self, kind: &str, id: &str) -> Result<Option<Stored>> {
        let sql = "SELECT r.id, CAST(r.revision AS TEXT), r.doc, r.org_id FROM record r \
                   WHERE r.kind = ?1 AND r.id = ?2";
        Ok(self.ask_rows(sql, &[text(kind), text(id)], false).await?.pop())
    }

    async fn ask_rows(&self, sql: &str, params: &[Param], placed: bool) -> Result<Vec<Stored>> {
        let mut found = Vec::new();
        let position = placed.then_some(4);
        self.driver
            .query(sql, params, &mut |row| {
                found.push(read(row, position)?);
                Ok(())
            })
            .await?;
        Ok(found)
    }

    pub(crate) async fn ask_records(&self, find: &Find) -> Result<Vec<Stored>> {
        let mut params = vec![
            text(find.kind),
            Param::Id(find.org.uuid()),
            text(find.index),
            text(&find.value),
        ];
        let mut sql = format!(
            "SELECT {COLUMNS}, k.position FROM record_key k JOIN record r ON r.kind = k.kind AND r.id = k.id \
             WHERE k.kind = ?1 AND k.org_id = ?2 AND k.index_name = ?3 AND k.key_value = ?4"
        );
        let mut add = |param: Param| {
            params.push(param);
            params.len()
        };
        // Writing to a String cannot fail.
        if let Some(from) = &find.from {
            let _ = write!(sql, " AND k.position >= ?{}", add(text(from)));
        }
        if let Some(until) = &find.until {
            let _ = write!(sql, " AND k.position < ?{}", add(text(until)));
        }
        let (than, order) = match find.direction {
            Direction::Ascending => (">", "ASC"),
            Direction::Descending => ("<", "DESC"),
        };
        if let Some(after) = &find.after {
            let (position, id) = (add(text(&after.order)), add(text(&after.id)));
            let _ = write!(sql, " AND (k.position, k.id) {than} (?{position}, ?{id})");
        }
        let max = add(Param::Int(i64::try_from(find.max).unwrap_or(i64::MAX)));
        let _ = write!(sql, " ORDER BY k.position {order}, k.id {order} LIMIT ?{max}");
        self.ask_rows(&sql, &params, true).await
    }

    pub(crate) async fn ask_count(&self, kind: &str, org: Uuid, index: &str, value: &str) -> Result<u64> {
        let sql = "SELECT CAST(COUNT(*) AS TEXT) FROM record_key \
                   WHERE kind = ?1 AND org_id = ?2 AND index_name = ?3 AND key_value = ?4";
        let mut count = 0;
        self.driver
            .query(
                sql,
                &[text(kind), Param::Id(org), text(index), text(value)],
                &mut |row| {
                    count = row.text(0)?.parse().unwrap_or(0);
                    Ok(())
                },
            )
            .await?;
        Ok(count)
    }

    pub(crate) async fn ask_claimant(
        &self,
        kind: &str,
        org: Uuid,
        name: &str,
        value: &str,
    ) -> Result<Option<Stored>> {
        let sql = "SELECT r.id, CAST(r.revision AS TEXT), r.doc, r.org_id FROM record_claim c \
                   JOIN record r ON r.kind = c.kind AND r.id = c.id \
                   WHERE c.kind = ?1 AND c.org_id = ?2 AND c.name = ?3 AND c.claim_value = ?4";
        let params = [text(kind), Param::Id(org), text(name), text(value)];
        Ok(self.ask_rows(sql, &params, false).await?.pop())
    }

    pub(crate) async fn ask_all(&self, kind: &str, after: Option<String>, max: usize) -> Result<Vec<Stored>> {
        let sql = "SELECT r.id, CAST(r.revision AS TEXT), r.doc, r.org_id FROM record r \
                   WHERE r.kind = ?1 AND r.id > ?2 ORDER BY r.id LIMIT ?3";
        let max = Param::Int(i64::try_from(max).unwrap_or(i64::MAX));
        self.ask_rows(sql, &[text(kind), text(&after.unwrap_or_default()), max], false)
            .await
    }
}
