//! The versions of the schema.
//!
//! A migration that was published is never changed: a change is a new one at the end of the list. Each runs
//! in one transaction together with its entry in `schema_version`.

use std::collections::HashSet;

use hallway_platform::ports::StoreError;
use hallway_wire::id::OrgId;

use crate::driver::Statement;

/// One step from a version to the next.
#[derive(Debug)]
pub(crate) struct Migration {
    /// The version that the database has afterwards.
    pub(crate) version: i64,
    pub(crate) what: &'static str,
    /// Statements in portable SQL, with the words of a [`Dialect`](crate::driver::Dialect) in braces.
    pub(crate) sql: &'static str,
    /// Documents that move.
    pub(crate) moves: Option<Move>,
}

/// What an old row becomes, given the addresses that were met before.
type Convert = fn(&str, &mut HashSet<(OrgId, String)>) -> Result<Vec<Statement>, StoreError>;

/// Documents of a table of their own that become keyed records: SQL cannot make their keys.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Move {
    /// Selects the documents, oldest first.
    pub(crate) ask: &'static str,
    /// What each one becomes.
    pub(crate) into: Convert,
    /// What is done afterwards.
    pub(crate) then: &'static str,
}

/// All of them, oldest first.
pub(crate) const MIGRATIONS: &[Migration] = &[
    Migration {
        version: 1,
        what: "records",
        sql: include_str!("migrations/0001_records.sql"),
        moves: None,
    },
    Migration {
        version: 2,
        what: "sweeps and lookups",
        sql: include_str!("migrations/0002_lookups.sql"),
        moves: None,
    },
    Migration {
        version: 3,
        what: "revisions of devices",
        sql: include_str!("migrations/0003_device_revision.sql"),
        moves: None,
    },
    Migration {
        version: 4,
        what: "keyed records",
        sql: include_str!("migrations/0004_keyed_records.sql"),
        moves: None,
    },
    Migration {
        version: 5,
        what: "grants by person and client",
        sql: include_str!("migrations/0005_grants.sql"),
        moves: None,
    },
    Migration {
        version: 6,
        what: "people as keyed records",
        sql: "",
        moves: Some(Move {
            ask: "SELECT doc FROM person ORDER BY seq",
            into: crate::records::moved_person,
            then: "DROP TABLE person",
        }),
    },
    Migration {
        version: 7,
        what: "the outbox of webhooks",
        sql: include_str!("migrations/0007_webhook_outbox.sql"),
        moves: None,
    },
    Migration {
        version: 8,
        what: "the audit trail by time, actor and category",
        sql: include_str!("migrations/0008_audit.sql"),
        moves: None,
    },
    Migration {
        version: 9,
        what: "organizations in parts",
        sql: include_str!("migrations/0009_organizations.sql"),
        moves: None,
    },
    Migration {
        version: 10,
        what: "the activations of an integration in every organization",
        sql: include_str!("migrations/0010_activations_of.sql"),
        moves: None,
    },
];

/// The version that this program writes.
pub(crate) fn newest() -> i64 {
    MIGRATIONS.last().map_or(0, |migration| migration.version)
}

/// Where the version is kept.
pub(crate) const VERSION_TABLE: &str =
    "CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL PRIMARY KEY, what TEXT NOT NULL)";

/// The migrations that a database of this version still needs.
///
/// # Errors
/// The database is newer than this program.
pub(crate) fn pending(found: i64) -> Result<impl Iterator<Item = &'static Migration>, StoreError> {
    let newest = newest();
    if found > newest {
        return Err(StoreError::Backend(format!(
            "the database has schema version {found}, but this Hallway knows versions up to {newest}: start \
             the newer Hallway that wrote it, or restore the copy it made before its upgrade"
        )));
    }
    Ok(MIGRATIONS
        .iter()
        .filter(move |migration| migration.version > found))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_count_up_from_one() {
        for (at, migration) in MIGRATIONS.iter().enumerate() {
            assert_eq!(
                migration.version,
                i64::try_from(at).unwrap() + 1,
                "{}",
                migration.what
            );
        }
    }

    #[test]
    fn only_what_is_missing_is_pending() {
        assert_eq!(pending(0).unwrap().count(), MIGRATIONS.len());
        assert_eq!(pending(1).unwrap().next().unwrap().version, 2);
        let newest = i64::try_from(MIGRATIONS.len()).unwrap();
        assert_eq!(pending(newest).unwrap().count(), 0);
        let Err(StoreError::Backend(what)) = pending(newest + 1).map(drop) else {
            panic!("it must refuse")
        };
        assert!(what.contains(&format!("schema version {}", newest + 1)), "{what}");
    }
}
