//! What a database must do for the store.
//!
//! Statements come in portable SQL: parameters are `?1`, `?2` … (a driver may rewrite them), times are
//! `BIGINT` milliseconds, documents are `TEXT`, ids and hashes are bytes.

use std::fmt::Debug;

use async_trait::async_trait;
use hallway_platform::ports::{Cell, StoreError};
use uuid::Uuid;

/// A value that goes into a statement.
#[derive(Clone, Debug)]
pub(crate) enum Param {
    Null,
    Int(i64),
    Text(String),
    /// Its 16 bytes.
    Id(Uuid),
    Hash([u8; 32]),
}

/// A row of an answer.
pub(crate) trait Row {
    /// The text in a column, counted from 0.
    fn text(&self, column: usize) -> Result<&str, StoreError>;
    /// The id in a column.
    fn id(&self, column: usize) -> Result<Uuid, StoreError>;
    /// Whatever is in a column.
    fn cell(&self, column: usize) -> Result<Cell, StoreError>;
}

/// Takes the rows of several answers: the number of the question, and a row.
pub(crate) type EachOf = Box<dyn FnMut(usize, &dyn Row) -> Result<(), StoreError> + Send>;

/// Takes the rows of an answer, one by one.
pub(crate) type EachRow<'a> = dyn FnMut(&dyn Row) -> Result<(), StoreError> + Send + 'a;

/// One change, and what it means when the database refuses it. The sentences become
/// [`StoreError::Conflict`], which people read: whole sentences.
#[derive(Clone, Debug)]
pub(crate) struct Statement {
    pub(crate) sql: &'static str,
    pub(crate) params: Vec<Param>,
    /// No row was changed. `None`: that is fine.
    pub(crate) unchanged: Option<Unchanged>,
    /// A unique value is there already.
    pub(crate) taken: &'static str,
    /// What the row belongs to is not there.
    pub(crate) orphan: &'static str,
}

/// What it means that no row was changed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Unchanged {
    Conflict(&'static str),
    /// The record is not as it was read.
    Stale,
}

impl Statement {
    /// A statement that may change nothing.
    pub(crate) fn new(sql: &'static str, params: impl Into<Vec<Param>>) -> Self {
        Self {
            sql,
            params: params.into(),
            unchanged: None,
            taken: "Another record has the same id or key.",
            orphan: "A record that this one belongs to does not exist.",
        }
    }

    /// Demands that a row is changed.
    pub(crate) fn unchanged(mut self, what: &'static str) -> Self {
        self.unchanged = Some(Unchanged::Conflict(what));
        self
    }

    /// Demands that a row is changed: otherwise the record is not as the writer read it.
    pub(crate) fn stale_unchanged(mut self) -> Self {
        self.unchanged = Some(Unchanged::Stale);
        self
    }

    pub(crate) fn taken(mut self, what: &'static str) -> Self {
        self.taken = what;
        self
    }

    pub(crate) fn orphan(mut self, what: &'static str) -> Self {
        self.orphan = what;
        self
    }
}

/// A database.
#[async_trait]
pub(crate) trait Driver: Debug + Send + Sync {
    /// Asks one question. It sees every change whose [`write`](Self::write) has returned.
    async fn query(&self, sql: &str, params: &[Param], each: &mut EachRow<'_>) -> Result<(), StoreError>;

    /// Asks questions one after the other, all of one moment, on a thread that may wait for who takes the rows.
    async fn snapshot(&self, asks: Vec<(&'static str, Vec<Param>)>, each: EachOf) -> Result<(), StoreError>;

    /// Makes these changes in this order, all or none; they are durable when it returns. An empty list asks
    /// whether the database takes changes at all.
    async fn write(&self, batch: Vec<Statement>) -> Result<(), StoreError>;
}

/// How a database spells what SQL has no common word for. Migrations write these in braces.
#[derive(Debug)]
pub(crate) struct Dialect {
    /// `{bytes}`: the type of ids and hashes.
    pub(crate) bytes: &'static str,
    /// `{seq}`: a primary key that the database counts up.
    pub(crate) seq: &'static str,
    /// `{serial}`: as `{seq}`, but a number that was given out is never given out again.
    pub(crate) serial: &'static str,
    /// `{clustered}`: what stands behind a table that is kept in the order of its primary key.
    pub(crate) clustered: &'static str,
    /// `{member}`: the function that takes a member out of a document as text.
    pub(crate) member: &'static str,
}

impl Dialect {
    /// A migration's text for this database.
    pub(crate) fn spell(&self, sql: &str) -> String {
        sql.replace("{bytes}", self.bytes)
            .replace("{seq}", self.seq)
            .replace("{serial}", self.serial)
            .replace("{clustered}", self.clustered)
            .replace("{member}", self.member)
    }
}
