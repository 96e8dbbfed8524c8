//! Keyed records with types: what a module writes to keep a new kind of state.
//!
//! ```text
//! let room = self.get::<Room>(caller.org, &id).await?.ok_or(Error::NotFound { what: "room" })?;
//! let changed = Room { title, ..room.doc.clone() };
//! self.commit_with(vec![room.put(&changed)?], happenings).await?;
//! ```

use std::future::Future;

use hallway_wire::id::OrgId;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Doing as _, Error, Result};
use crate::platform::Platform;
use crate::ports::Write;
use crate::ports::records::{After, Claim, Expect, Find, Key, Record, RecordWrite, Stored};

/// A kind of state that is kept as a keyed record.
pub trait Document: Clone + Serialize + DeserializeOwned + Send + Sync {
    /// What it is, in the store: `room`. Never changed once published.
    const KIND: &'static str;
    /// What people call it, in errors: `room`.
    const NOUN: &'static str;
    fn org(&self) -> OrgId;
    /// Unique among its kind.
    fn id(&self) -> String;
    /// The lists that it is in.
    fn keys(&self) -> Vec<Key>;
    /// What only it can have in its organization.
    fn claims(&self) -> Vec<Claim> {
        Vec::new()
    }
}

/// A document as it was read. It remembers its revision: what is written replaces this and nothing newer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept<D> {
    pub doc: D,
    revision: u64,
    /// Its place in the index it was found by.
    place: After,
}

impl<D> std::ops::Deref for Kept<D> {
    type Target = D;
    fn deref(&self) -> &D {
        &self.doc
    }
}

fn record<D: Document>(doc: &D) -> Result<Record> {
    Ok(Record {
        kind: D::KIND,
        id: doc.id(),
        org: doc.org(),
        doc: serde_json::to_string(doc)
            .map_err(|error| Error::Internal(format!("a {} cannot be written as JSON: {error}", D::KIND)))?,
        keys: doc.keys(),
        claims: doc.claims(),
    })
}

/// The write that adds a document.
///
/// # Errors
/// It cannot be written as JSON.
pub fn put_new<D: Document>(doc: &D) -> Result<Write> {
    Ok(Write::Record(RecordWrite::Put(record(doc)?, Expect::Absent)))
}

impl<D: Document> Kept<D> {
    /// The write that puts `changed` in the place of this one.
    ///
    /// # Errors
    /// It cannot be written as JSON.
    pub fn put(&self, changed: &D) -> Result<Write> {
        let expect = Expect::Revision(self.revision);
        Ok(Write::Record(RecordWrite::Put(record(changed)?, expect)))
    }

    /// The write that deletes it.
    pub fn delete(&self) -> Write {
        Write::Record(RecordWrite::Delete {
            kind: D::KIND,
            id: self.doc.id(),
            revision: self.revision,
        })
    }

    /// The write that changes nothing and fails if this one has changed.
    pub fn demand(&self) -> Write {
        Write::Record(RecordWrite::Demand {
            kind: D::KIND,
            id: self.doc.id(),
            revision: self.revision,
        })
    }

    /// How often it was written.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Its place in the index that it was found by: the next page begins behind it.
    pub fn place(&self) -> &After {
        &self.place
    }

    fn read(stored: Stored) -> Result<Self> {
        let doc = serde_json::from_str(&stored.doc)
            .map_err(|error| Error::Internal(format!("a stored {} cannot be read: {error}", D::KIND)))?;
        Ok(Self {
            doc,
            revision: stored.revision,
            place: After {
                order: stored.order,
                id: stored.id,
            },
        })
    }
}

/// A page of a list, and where the next one begins if there is one.
#[derive(Clone, Debug)]
pub struct Listed<D> {
    pub items: Vec<Kept<D>>,
    pub next: Option<After>,
}

/// How often a decision is made anew because somebody else was faster.
const MOST_TRIES: usize = 200;

impl Platform {
    /// The document with this id, if it is of this organization.
    pub(crate) async fn get<D: Document>(&self, org: OrgId, id: &str) -> Result<Option<Kept<D>>> {
        let found = self.get_anywhere::<D>(id).await?;
        Ok(found.filter(|kept| kept.doc.org() == org))
    }

    /// The document with this id, of any organization: for what a token or a public id names.
    pub(crate) async fn get_anywhere<D: Document>(&self, id: &str) -> Result<Option<Kept<D>>> {
        let found = self.store.record(D::KIND, id).await.doing("reading a record")?;
        found.map(Kept::read).transpose()
    }

    /// The document, or [`Error::NotFound`].
    pub(crate) async fn demand<D: Document>(&self, org: OrgId, id: &str) -> Result<Kept<D>> {
        self.get(org, id).await?.ok_or(Error::NotFound { what: D::NOUN })
    }

    /// The document that holds a claim.
    pub(crate) async fn claimant<D: Document>(
        &self,
        org: OrgId,
        name: &'static str,
        value: &str,
    ) -> Result<Option<Kept<D>>> {
        let found = self.store.claimant(D::KIND, org, name, value).await;
        found.doing("looking up a record")?.map(Kept::read).transpose()
    }

    /// A page of an index. It is exactly full unless it is the last one.
    pub(crate) async fn list<D: Document>(&self, find: Find) -> Result<Listed<D>> {
        let max = find.max;
        let more = Find {
            max: max.saturating_add(1),
            ..find
        };
        let found = self.store.records(more).await.doing("listing records")?;
        let mut items = found
            .into_iter()
            .map(Kept::read)
            .collect::<Result<Vec<Kept<D>>>>()?;
        let next = if items.len() > max {
            items.truncate(max);
            items.last().map(|last| last.place.clone())
        } else {
            None
        };
        Ok(Listed { items, next })
    }

    /// Walks an index until `max` documents are found that `fits` holds of. For conditions that have no index
    /// of their own.
    pub(crate) async fn list_where<D: Document>(
        &self,
        find: Find,
        fits: impl Fn(&D) -> bool + Send + Sync,
    ) -> Result<Listed<D>> {
        const BATCH: usize = 500;
        let max = find.max;
        let mut items: Vec<Kept<D>> = Vec::new();
        let mut from = find.after.clone();
        loop {
            let page = Find {
                max: BATCH,
                after: from,
                ..find.clone()
            };
            let listed = self.list::<D>(page).await?;
            for kept in listed.items {
                if fits(&kept.doc) {
                    if items.len() == max {
                        let next = items.last().map(|last| last.place.clone());
                        return Ok(Listed { items, next });
                    }
                    items.push(kept);
                }
            }
            match listed.next {
                Some(next) => from = Some(next),
                None => return Ok(Listed { items, next: None }),
            }
        }
    }

    /// How many documents an index holds for a value.
    pub(crate) async fn count<D: Document>(
        &self,
        org: OrgId,
        index: &'static str,
        value: &str,
    ) -> Result<u64> {
        let count = self.store.count_records(D::KIND, org, index, value).await;
        count.doing("counting records")
    }

    /// Everything in an index, in pages: for what is known to be short, and for what must see everything.
    pub(crate) async fn list_all<D: Document>(
        &self,
        org: OrgId,
        index: &'static str,
        value: &str,
    ) -> Result<Vec<Kept<D>>> {
        let find = Find::new(D::KIND, org, index, value, usize::MAX - 1);
        Ok(self.list(find).await?.items)
    }

    /// Makes a decision again when somebody else changed what it was based on: read, decide and commit inside.
    pub(crate) async fn retrying<T, F>(&self, decide: impl Fn() -> F + Send) -> Result<T>
    where
        F: Future<Output = Result<T>> + Send,
    {
        let mut tries = 0;
        loop {
            match decide().await {
                Err(Error::Stale) if tries < MOST_TRIES => {
                    tries += 1;
                    tokio::task::yield_now().await;
                }
                done => return done,
            }
        }
    }

    /// Commits, without anything that webhooks would tell.
    pub(crate) async fn commit(&self, writes: Vec<Write>) -> Result<()> {
        self.commit_with(writes, Vec::new()).await
    }
}
