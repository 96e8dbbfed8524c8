//! The platform's state in SQL: the implementation of the port [`Store`](hallway_platform::ports::Store).
//!
//! Every statement is written once, in SQL that SQLite and PostgreSQL both read (`read.rs`, `write.rs`), and
//! runs against a driver (`driver.rs`). What a database does its own way (opening, grouping commits, names of column
//! types) is in its driver's file and nowhere else; `sqlite.rs` is the only file that knows rusqlite.
//!
//! A record is one row: the columns by which it is found or which must be unique, `seq` for the order of
//! creation, and `doc`, the record as JSON. A new field of a record therefore needs no migration, as long as
//! it has a default for the rows that are there.
//!
//! The bytes of files are no rows: `blobs.rs` keeps them in a folder.
//!
//! Nothing here decides who may do what. Notifications are not here either: they are in the bus.

mod blobs;
mod driver;
mod migrations;
mod outbox;
mod portable;
mod read;
mod records;
mod sqlite;
mod write;

use std::path::Path;

use hallway_platform::ports::StoreError;

use crate::driver::Driver;
use crate::sqlite::Sqlite;

pub use crate::blobs::FileBlobs;

/// The store over a SQL database.
#[derive(Debug)]
pub struct SqlStore {
    driver: Box<dyn Driver>,
}

impl SqlStore {
    /// Opens the SQLite database in this file, makes it where it is not there yet, and brings it to the
    /// newest version. An upgrade leaves a copy of what was there next to the file.
    ///
    /// # Errors
    /// The file cannot be opened, is no database, or was written by a newer version.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        Ok(Self {
            driver: Box::new(Sqlite::open(path.as_ref())?),
        })
    }

    /// An empty store that ends with this value. It is a SQLite database in a private temporary folder that
    /// never waits for the disk: several connections to one database in memory would lock each other out.
    ///
    /// # Errors
    /// No temporary folder can be made.
    pub fn ephemeral() -> Result<Self, StoreError> {
        Ok(Self {
            driver: Box::new(Sqlite::ephemeral()?),
        })
    }
}
