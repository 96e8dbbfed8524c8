//! An organization as rows: how it leaves a store, enters another one, and goes.
//!
//! [`ORG_TABLES`] names everything that belongs to one organization; a store's test demands that no table is
//! missing. Deliveries that wait are not among it: they belong to a webhook, and are not moved.

use uuid::Uuid;

/// A value of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    Null,
    Int(i64),
    Text(String),
    Id(Uuid),
    Hash([u8; 32]),
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellKind {
    Int,
    Text,
    /// Text or nothing.
    MaybeText,
    Id,
    MaybeId,
    Hash,
    /// JSON.
    Doc,
}

/// A table, or what of it belongs to one organization.
#[derive(Clone, Copy, Debug)]
pub struct OrgTable {
    pub name: &'static str,
    /// All columns but the organization's id and the place in lists, which follows from the order of the rows.
    pub columns: &'static [(&'static str, CellKind)],
}

impl OrgTable {
    /// The table with this name.
    pub fn named(name: &str) -> Option<&'static OrgTable> {
        ORG_TABLES.iter().find(|table| table.name == name)
    }

    /// The place of a column.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|(column, _)| *column == name)
    }
}

/// A row of one of [`ORG_TABLES`], with a cell for each of its columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrgRow {
    pub table: &'static str,
    pub cells: Vec<Cell>,
}

/// A keyed record, whatever its kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrgRecord {
    pub kind: String,
    pub id: String,
    pub doc: String,
}

use CellKind::{Doc, Hash, Id, Int, MaybeId, MaybeText, Text};

/// Everything of an organization, in an order in which each comes after what it belongs to.
pub const ORG_TABLES: &[OrgTable] = &[
    OrgTable {
        name: "location",
        columns: &[("id", Id), ("doc", Doc)],
    },
    OrgTable {
        name: "floor",
        columns: &[("id", Id), ("location_id", Id), ("doc", Doc)],
    },
    OrgTable {
        name: "workspace",
        columns: &[
            ("id", Id),
            ("location_id", MaybeId),
            ("floor_id", MaybeId),
            ("doc", Doc),
        ],
    },
    OrgTable {
        name: "device",
        columns: &[
            ("id", Id),
            ("workspace_id", MaybeId),
            ("person_id", MaybeId),
            ("revision", Int),
            ("doc", Doc),
        ],
    },
    OrgTable {
        name: "configured",
        columns: &[("device_id", Id), ("config_key", Text), ("doc", Doc)],
    },
    OrgTable {
        name: "device_code",
        columns: &[("hash", Hash), ("doc", Doc)],
    },
    OrgTable {
        name: "integration",
        columns: &[("app_id", Id), ("client_id", Text), ("doc", Doc)],
    },
    OrgTable {
        name: "activation",
        columns: &[("id", Id), ("app_id", Id), ("revision", Int), ("doc", Doc)],
    },
    OrgTable {
        name: "record",
        columns: &[("kind", Text), ("id", Text), ("revision", Int), ("doc", Doc)],
    },
    OrgTable {
        name: "record_key",
        columns: &[
            ("kind", Text),
            ("index_name", Text),
            ("key_value", Text),
            ("position", Text),
            ("id", Text),
        ],
    },
    OrgTable {
        name: "record_claim",
        columns: &[
            ("kind", Text),
            ("name", Text),
            ("claim_value", Text),
            ("id", Text),
        ],
    },
    OrgTable {
        name: "oauth_grant",
        columns: &[
            ("id", Id),
            ("person", Text),
            ("client_id", MaybeText),
            ("standing", Int),
            ("doc", Doc),
        ],
    },
    OrgTable {
        name: "token",
        columns: &[
            ("hash", Hash),
            ("grant_id", Id),
            ("kind", Text),
            ("expires", Int),
            ("doc", Doc),
        ],
    },
    OrgTable {
        name: "audit_event",
        columns: &[
            ("id", Text),
            ("trail", Text),
            ("created", Text),
            ("actor", Text),
            ("category", Text),
            ("doc", Doc),
        ],
    },
];
