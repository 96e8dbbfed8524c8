//! An organization as rows: dumped at one moment, imported into another store, purged in parts.

use hallway_platform::ports::{Cell, ORG_TABLES, OrgRecord, OrgRow, OrgTable, StoreError};
use hallway_wire::id::OrgId;
use tokio::sync::mpsc;

use crate::SqlStore;
use crate::driver::{Param, Statement};

type Result<T> = std::result::Result<T, StoreError>;

/// What is asked and done about one of [`ORG_TABLES`]. `?1` is the organization.
struct Sql {
    table: &'static str,
    /// Selects the columns of the table in their order.
    dump: &'static str,
    /// Selects something if there is anything.
    any: &'static str,
    /// Deletes at most `?2` rows. Nothing: it goes with another table.
    purge: &'static [&'static str],
    /// Inserts a row; `?2` and so on are its cells.
    import: &'static str,
    /// What it means that an import is refused.
    taken: &'static str,
    orphan: &'static str,
}

/// In the order of [`ORG_TABLES`]. In `device_code` the organization is written as in its document.
const SQL: &[Sql] = &[
    Sql {
        table: "location",
        dump: "SELECT id, doc FROM location WHERE org_id = ?1 ORDER BY seq",
        any: "SELECT '' FROM location WHERE org_id = ?1 LIMIT 1",
        purge: &["DELETE FROM location WHERE seq IN (SELECT seq FROM location WHERE org_id = ?1 LIMIT ?2)"],
        import: "INSERT INTO location (org_id, id, doc) VALUES (?1, ?2, ?3)",
        taken: "A location of the archive is here already.",
        orphan: "",
    },
    Sql {
        table: "floor",
        dump: "SELECT id, location_id, doc FROM floor WHERE org_id = ?1 ORDER BY seq",
        any: "SELECT '' FROM floor WHERE org_id = ?1 LIMIT 1",
        purge: &["DELETE FROM floor WHERE seq IN (SELECT seq FROM floor WHERE org_id = ?1 LIMIT ?2)"],
        import: "INSERT INTO floor (org_id, id, location_id, doc) SELECT ?1, ?2, ?3, ?4 \
                 WHERE EXISTS (SELECT 1 FROM location WHERE id = ?3 AND org_id = ?1)",
        taken: "A floor of the archive is here already.",
        orphan: "The archive has a floor of a location that is not in it.",
    },
    Sql {
        table: "workspace",
        dump: "SELECT id, location_id, floor_id, doc FROM workspace WHERE org_id = ?1 ORDER BY seq",
        any: "SELECT '' FROM workspace WHERE org_id = ?1 LIMIT 1",
        purge: &["DELETE FROM workspace WHERE seq IN (SELECT seq FROM workspace WHERE org_id = ?1 LIMIT ?2)"],
        import: "INSERT INTO workspace (org_id, id, location_id, floor_id, doc) SELECT ?1, ?2, ?3, ?4, ?5 \
                 WHERE (?3 IS NULL OR EXISTS (SELECT 1 FROM location WHERE id = ?3 AND org_id = ?1)) \
                 AND (?4 IS NULL OR EXISTS (SELECT 1 FROM floor WHERE id = ?4 AND org_id = ?1))",
        taken: "A workspace of the archive is here already.",
        orphan: "The archive has a workspace at a location or floor that is not in it.",
    },
    Sql {
        table: "device",
        dump: "SELECT id, workspace_id, person_id, revision, doc FROM device WHERE org_id = ?1 ORDER BY seq",
        any: "SELECT '' FROM device WHERE org_id = ?1 LIMIT 1",
        purge: &["DELETE FROM device WHERE seq IN (SELECT seq FROM device WHERE org_id = ?1 LIMIT ?2)"],
        import: "INSERT INTO device (org_id, id, workspace_id, person_id, revision, doc) \
                 SELECT ?1, ?2, ?3, ?4, ?5, ?6 \
                 WHERE ?3 IS NULL OR EXISTS (SELECT 1 FROM workspace WHERE id = ?3 AND org_id = ?1)",
        taken: "A device of the archive is here already.",
        orphan: "The archive has a device in a workspace that is not in it.",
    },
    Sql {
        table: "configured",
        dump: "SELECT c.device_id, c.config_key, c.doc FROM device d \
               JOIN configured c ON c.device_id = d.id WHERE d.org_id = ?1 ORDER BY d.seq, c.seq",
        any: "SELECT '' FROM device d JOIN configured c ON c.device_id = d.id WHERE d.org_id = ?1 LIMIT 1",
        purge: &["DELETE FROM configured WHERE seq IN (SELECT c.seq FROM device d \
                  JOIN configured c ON c.device_id = d.id WHERE d.org_id = ?1 LIMIT ?2)"],
        import: "INSERT INTO configured (device_id, config_key, doc) SELECT ?2, ?3, ?4 \
                 WHERE EXISTS (SELECT 1 FROM device WHERE id = ?2 AND org_id = ?1)",
        taken: "The archive has a configuration twice.",
        orphan: "The archive has a configuration of a device that is not in it.",
    },
    Sql {
        table: "device_code",
        dump: "SELECT hash, doc FROM device_code WHERE org = ?1 ORDER BY hash",
        any: "SELECT '' FROM device_code WHERE org = ?1 LIMIT 1",
        purge: &[
            "DELETE FROM device_code WHERE hash IN (SELECT hash FROM device_code WHERE org = ?1 LIMIT ?2)",
        ],
        import: "INSERT INTO device_code (org, hash, doc) VALUES (?1, ?2, ?3)",
        taken: "An activation code of the archive is here already.",
        orphan: "",
    },
    Sql {
        table: "integration",
        dump: "SELECT app_id, client_id, doc FROM integration WHERE org_id = ?1 ORDER BY seq",
        any: "SELECT '' FROM integration WHERE org_id = ?1 LIMIT 1",
        purge: &[
            "DELETE FROM integration WHERE seq IN (SELECT seq FROM integration WHERE org_id = ?1 LIMIT ?2)",
        ],
        import: "INSERT INTO integration (org_id, app_id, client_id, doc) VALUES (?1, ?2, ?3, ?4)",
        taken: "An integration of the archive, or its client id, is here already.",
        orphan: "",
    },
    Sql {
        table: "activation",
        dump: "SELECT id, app_id, revision, doc FROM activation WHERE org_id = ?1 ORDER BY seq",
        any: "SELECT '' FROM activation WHERE org_id = ?1 LIMIT 1",
        purge: &[
            "DELETE FROM activation WHERE seq IN (SELECT seq FROM activation WHERE org_id = ?1 LIMIT ?2)",
        ],
        import: "INSERT INTO activation (org_id, id, app_id, revision, doc) VALUES (?1, ?2, ?3, ?4, ?5)",
        taken: "An activation of the archive is here already.",
        orphan: "",
    },
    Sql {
        table: "record",
        dump: "SELECT kind, id, revision, doc FROM record WHERE org_id = ?1 ORDER BY kind, id",
        any: "SELECT '' FROM record WHERE org_id = ?1 LIMIT 1",
        purge: &[
            "DELETE FROM record_claim WHERE (kind, id) IN \
             (SELECT kind, id FROM record WHERE org_id = ?1 ORDER BY kind, id LIMIT ?2)",
            "DELETE FROM record_key WHERE (kind, id) IN \
             (SELECT kind, id FROM record WHERE org_id = ?1 ORDER BY kind, id LIMIT ?2)",
            "DELETE FROM record WHERE (kind, id) IN \
             (SELECT kind, id FROM record WHERE org_id = ?1 ORDER BY kind, id LIMIT ?2)",
        ],
        import: "INSERT INTO record (org_id, kind, id, revision, doc) VALUES (?1, ?2, ?3, ?4, ?5)",
        taken: "A record of the archive (a person, a room, an application …) is here already.",
        orphan: "",
    },
    Sql {
        table: "record_key",
        dump: "SELECT k.kind, k.index_name, k.key_value, k.position, k.id FROM record r \
               JOIN record_key k ON k.kind = r.kind AND k.id = r.id \
               WHERE r.org_id = ?1 ORDER BY r.kind, r.id, k.index_name, k.key_value, k.position",
        any: "SELECT '' FROM record r JOIN record_key k ON k.kind = r.kind AND k.id = r.id \
              WHERE r.org_id = ?1 LIMIT 1",
        purge: &[],
        import: "INSERT INTO record_key (org_id, kind, index_name, key_value, position, id) \
                 SELECT ?1, ?2, ?3, ?4, ?5, ?6 \
                 WHERE EXISTS (SELECT 1 FROM record WHERE kind = ?2 AND id = ?6 AND org_id = ?1)",
        taken: "The archive lists a record twice.",
        orphan: "The archive lists a record that is not in it.",
    },
    Sql {
        table: "record_claim",
        dump: "SELECT c.kind, c.name, c.claim_value, c.id FROM record r \
               JOIN record_claim c ON c.kind = r.kind AND c.id = r.id \
               WHERE r.org_id = ?1 ORDER BY r.kind, r.id, c.name, c.claim_value",
        any: "SELECT '' FROM record r JOIN record_claim c ON c.kind = r.kind AND c.id = r.id \
              WHERE r.org_id = ?1 LIMIT 1",
        purge: &[],
        import: "INSERT INTO record_claim (org_id, kind, name, claim_value, id) SELECT ?1, ?2, ?3, ?4, ?5 \
                 WHERE EXISTS (SELECT 1 FROM record WHERE kind = ?2 AND id = ?5 AND org_id = ?1)",
        taken: "In the archive two records claim the same.",
        orphan: "The archive has a claim of a record that is not in it.",
    },
    Sql {
        table: "oauth_grant",
        dump: "SELECT id, person, client_id, standing, doc FROM oauth_grant WHERE org_id = ?1 ORDER BY id",
        any: "SELECT '' FROM oauth_grant WHERE org_id = ?1 LIMIT 1",
        purge: &[
            "DELETE FROM oauth_grant WHERE id IN (SELECT id FROM oauth_grant WHERE org_id = ?1 LIMIT ?2)",
        ],
        import: "INSERT INTO oauth_grant (org_id, id, person, client_id, standing, doc) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        taken: "A grant of the archive is here already.",
        orphan: "",
    },
    Sql {
        table: "token",
        dump: "SELECT t.hash, t.grant_id, t.kind, t.expires, t.doc FROM oauth_grant g \
               JOIN token t ON t.grant_id = g.id WHERE g.org_id = ?1 ORDER BY g.id, t.hash",
        any: "SELECT '' FROM oauth_grant g JOIN token t ON t.grant_id = g.id WHERE g.org_id = ?1 LIMIT 1",
        purge: &[
            "DELETE FROM token WHERE hash IN (SELECT t.hash FROM oauth_grant g \
                  JOIN token t ON t.grant_id = g.id WHERE g.org_id = ?1 LIMIT ?2)",
        ],
        import: "INSERT INTO token (hash, grant_id, kind, expires, doc) SELECT ?2, ?3, ?4, ?5, ?6 \
                 WHERE EXISTS (SELECT 1 FROM oauth_grant WHERE id = ?3 AND org_id = ?1)",
        taken: "A token of the archive is here already.",
        orphan: "The archive has a token of a grant that is not in it.",
    },
    Sql {
        table: "audit_event",
        dump: "SELECT id, trail, created, actor, category, doc FROM audit_event WHERE org_id = ?1 ORDER BY seq",
        any: "SELECT '' FROM audit_event WHERE org_id = ?1 LIMIT 1",
        purge: &[
            "DELETE FROM audit_event WHERE seq IN (SELECT seq FROM audit_event WHERE org_id = ?1 LIMIT ?2)",
        ],
        import: "INSERT INTO audit_event (org_id, id, trail, created, actor, category, doc) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        taken: "An entry of the archive's audit trail is here already.",
        orphan: "",
    },
];

fn of(table: &str) -> Result<&'static Sql> {
    let found = SQL.iter().find(|sql| sql.table == table);
    found.ok_or_else(|| StoreError::Backend(format!("organizations have nothing in a table {table}")))
}

fn org_param(table: &str, org: OrgId) -> Param {
    match table {
        "device_code" => Param::Text(org.to_string()),
        _ => Param::Id(org.uuid()),
    }
}

/// Appends what deletes some rows.
pub(crate) fn purge(org: OrgId, table: &str, max: usize, batch: &mut Vec<Statement>) -> Result<()> {
    let max = Param::Int(i64::try_from(max).unwrap_or(i64::MAX));
    for sql in of(table)?.purge {
        batch.push(Statement::new(sql, [org_param(table, org), max.clone()]));
    }
    Ok(())
}

/// The statement that adds a row.
pub(crate) fn import(org: OrgId, row: &OrgRow) -> Result<Statement> {
    let sql = of(row.table)?;
    let mut params = vec![org_param(row.table, org)];
    params.extend(row.cells.iter().map(|cell| match cell {
        Cell::Null => Param::Null,
        Cell::Int(number) => Param::Int(*number),
        Cell::Text(text) => Param::Text(text.clone()),
        Cell::Id(id) => Param::Id(*id),
        Cell::Hash(hash) => Param::Hash(*hash),
    }));
    Ok(Statement::new(sql.import, params)
        .taken(sql.taken)
        .unchanged(sql.orphan))
}

impl SqlStore {
    pub(crate) async fn ask_everything(&self, org: OrgId, rows: mpsc::Sender<OrgRow>) -> Result<()> {
        let asks = SQL
            .iter()
            .map(|sql| (sql.dump, vec![org_param(sql.table, org)]))
            .collect();
        let each = move |number: usize, row: &dyn crate::driver::Row| {
            let table: &'static OrgTable = &ORG_TABLES[number];
            let cells = (0..table.columns.len()).map(|column| row.cell(column));
            let cells = cells.collect::<Result<Vec<Cell>>>()?;
            let row = OrgRow {
                table: table.name,
                cells,
            };
            rows.blocking_send(row)
                .map_err(|_| StoreError::Backend("nobody takes the rows any more".to_owned()))
        };
        self.driver.snapshot(asks, Box::new(each)).await
    }

    pub(crate) async fn ask_any(&self, org: OrgId, table: &str) -> Result<bool> {
        let mut found = false;
        let sql = of(table)?;
        self.driver
            .query(sql.any, &[org_param(table, org)], &mut |_| {
                found = true;
                Ok(())
            })
            .await?;
        Ok(found)
    }

    pub(crate) async fn ask_org_records(&self, org: OrgId, max: usize) -> Result<Vec<OrgRecord>> {
        let sql = "SELECT kind, id, doc FROM record WHERE org_id = ?1 ORDER BY kind, id LIMIT ?2";
        let max = Param::Int(i64::try_from(max).unwrap_or(i64::MAX));
        let mut found = Vec::new();
        self.driver
            .query(sql, &[Param::Id(org.uuid()), max], &mut |row| {
                found.push(OrgRecord {
                    kind: row.text(0)?.to_owned(),
                    id: row.text(1)?.to_owned(),
                    doc: row.text(2)?.to_owned(),
                });
                Ok(())
            })
            .await?;
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_statements_are_in_the_order_of_the_tables() {
        let here: Vec<&str> = SQL.iter().map(|sql| sql.table).collect();
        let there: Vec<&str> = ORG_TABLES.iter().map(|table| table.name).collect();
        assert_eq!(here, there);
    }

    /// A new table belongs to organizations, or is named here with the reason.
    #[tokio::test]
    async fn no_table_is_forgotten() {
        const OTHERS: [&str; 5] = [
            // The row of the organization itself is written and deleted last.
            "organization",
            // Of this Hallway.
            "schema_version",
            "signing_key",
            // They go with their webhooks, and are not moved.
            "webhook_attempt",
            "webhook_outbox",
        ];
        let store = SqlStore::ephemeral().unwrap();
        let mut found = BTreeSet::new();
        store
            .driver
            .query(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
                &[],
                &mut |row| {
                    found.insert(row.text(0)?.to_owned());
                    Ok(())
                },
            )
            .await
            .unwrap();
        let known = ORG_TABLES.iter().map(|table| table.name).chain(OTHERS);
        assert_eq!(found, known.map(ToOwned::to_owned).collect::<BTreeSet<_>>());
    }
}
