//! Keyed records: one mechanism for every kind of state that is a JSON document found by a few keys.
//!
//! The laws, which every store passes (`crates/store/tests/it/laws/records.rs`):
//! 1. A record is found by kind and id, and by each of its keys, and by nothing that an earlier version of it
//!    had.
//! 2. A page of an index costs what it holds, however long the index is.
//! 3. A claim has one holder: a commit that would give it a second one fails as a whole, with
//!    [`StoreError::Conflict`](super::StoreError::Conflict).
//! 4. A record is replaced or deleted only by who names its revision; otherwise the commit fails as a whole,
//!    with [`StoreError::Stale`](super::StoreError::Stale).

use hallway_wire::id::OrgId;

/// A record as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// What it is: `room`, `license`.
    pub kind: &'static str,
    /// Unique among its kind, in every organization.
    pub id: String,
    pub org: OrgId,
    /// JSON.
    pub doc: String,
    pub keys: Vec<Key>,
    pub claims: Vec<Claim>,
}

/// A place in an index: records of one `value` are listed by `order`, then id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    pub index: &'static str,
    pub value: String,
    /// Compared as text, byte by byte: times are written with [`by_time`].
    pub order: String,
}

/// Something that only one record of its kind can have in an organization: an address, a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    pub name: &'static str,
    pub value: String,
    /// What to say to who comes second: a whole sentence.
    pub taken: &'static str,
}

/// What a writer believes to be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// Nothing: the id is new.
    Absent,
    /// This revision.
    Revision(u64),
}

/// A change of one record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordWrite {
    Put(Record, Expect),
    Delete {
        kind: &'static str,
        id: String,
        revision: u64,
    },
    /// Changes nothing, but demands that the record is as it was read.
    Demand {
        kind: &'static str,
        id: String,
        revision: u64,
    },
    /// Deletes every record of an index value, whatever its revision: the messages of a room.
    DeleteAll {
        kind: &'static str,
        org: OrgId,
        index: &'static str,
        value: String,
    },
}

/// A record as it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    pub id: String,
    pub org: OrgId,
    pub revision: u64,
    pub doc: String,
    /// Its place in the index that was asked, for the next page.
    pub order: String,
}

/// A place in an index behind which a page begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct After {
    pub order: String,
    pub id: String,
}

/// In which direction an index is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    #[default]
    Ascending,
    Descending,
}

/// A page of an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Find {
    pub kind: &'static str,
    pub org: OrgId,
    pub index: &'static str,
    pub value: String,
    /// Only places from here on, inclusive, in the order of the index.
    pub from: Option<String>,
    /// Only places before this one, exclusive.
    pub until: Option<String>,
    pub after: Option<After>,
    pub direction: Direction,
    pub max: usize,
}

impl Find {
    /// The first records with this value, at most `max`.
    pub fn new(
        kind: &'static str,
        org: OrgId,
        index: &'static str,
        value: impl Into<String>,
        max: usize,
    ) -> Self {
        Self {
            kind,
            org,
            index,
            value: value.into(),
            from: None,
            until: None,
            after: None,
            direction: Direction::Ascending,
            max,
        }
    }

    /// The last ones first.
    #[must_use]
    pub fn newest_first(mut self) -> Self {
        self.direction = Direction::Descending;
        self
    }

    /// Those behind a place, in the direction of reading.
    #[must_use]
    pub fn after(mut self, after: Option<After>) -> Self {
        self.after = after;
        self
    }

    /// Those whose order starts with a text: names in lower case that begin like this.
    #[must_use]
    pub fn starting_with(mut self, start: &str) -> Self {
        self.from = Some(start.to_owned());
        // The highest character sorts behind everything that begins with `start`.
        self.until = Some(format!("{start}\u{10FFFF}"));
        self
    }

    /// Those in a span of an order made by [`by_time`].
    #[must_use]
    pub fn between(
        mut self,
        from: Option<hallway_wire::Timestamp>,
        until: Option<hallway_wire::Timestamp>,
    ) -> Self {
        self.from = from.map(by_time);
        self.until = until.map(by_time);
        self
    }
}

/// A moment as an order of an index: digits of equal length.
pub fn by_time(at: hallway_wire::Timestamp) -> String {
    format!("{:015}", at.millis().max(0))
}
