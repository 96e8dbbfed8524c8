//! Joiners, movers and leavers of a whole file: read, checked, planned, run, kept in a journal, reported.
//!
//! A [`Sheet`] is the file, with everything that is wrong with it alone. [`check`] looks at the organization too:
//! only a file without a [`Fault`] is run. [`Run`] does a row after the other, several at a time, leavers first, then
//! movers, then joiners, so that what the ones give back the others can have. What was done stands in a
//! [`Journal`] before it counts, so that a run which ended early goes on where it was.

mod check;
mod journal;
mod part;
mod run;
mod sheet;

pub use check::{Needs, check};
pub use journal::{Header, Journal, JournalError, Kept};
pub use part::{Shown, dry_run};
pub use run::{RowReport, Run, Settings, Summary};
pub use sheet::{Action, COLUMNS, Column, Farewell, Fault, Row, Sheet};
