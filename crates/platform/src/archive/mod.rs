//! An organization as a file: exported from one Hallway, imported into another (docs/organizations.md).
//!
//! The file is a header, one line of JSON that everybody can read, and then gzip of lines of JSON: a line for each
//! row of the store and for each part of a file, and one at the end that counts and hashes what came before. With
//! secrets, everything behind the header is encrypted. What is sealed with the key of a Hallway leaves it opened,
//! and only then.

use hallway_wire::Timestamp;
use serde::{Deserialize, Serialize};

mod cipher;
mod container;
mod export;
mod import;
mod line;
mod rules;

pub use export::Export;
pub use import::ArchiveUpload;

/// The version of the format.
const FORMAT: u32 = 1;
/// What every archive begins with.
const MAGIC: &str = r#"{"hallway":"organization","#;
/// Longest header.
const MAX_HEADER: usize = 8 * 1024;
/// Longest line of a body.
const MAX_LINE: usize = 48 << 20;
/// Shortest passphrase, in characters.
const MIN_PASSPHRASE: usize = 12;
/// Most things that are named as to be made anew.
const MOST_NAMED: usize = 200;

/// The first line of an archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Header {
    /// `organization`; first in the file.
    hallway: String,
    format: u32,
    /// The version of the Hallway that wrote it.
    product: String,
    /// The version of the rows.
    schema: i64,
    org: uuid::Uuid,
    name: String,
    created: Timestamp,
    #[serde(default)]
    cipher: Option<cipher::Parameters>,
}
